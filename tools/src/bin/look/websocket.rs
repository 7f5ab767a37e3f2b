//! As much of a WebSocket (RFC 6455) as it takes to speak with a browser on this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, bail, ensure};

/// A connection that sends and receives text.
#[derive(Debug)]
pub(crate) struct WebSocket {
    stream: BufReader<TcpStream>,
}

/// The browser answers sooner than this.
const PATIENCE: Duration = Duration::from_secs(60);
/// A message (a screenshot, say) is smaller than this.
const MOST_BYTES: u64 = 1 << 30;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

impl WebSocket {
    pub(crate) fn connect(port: u16, path: &str) -> anyhow::Result<WebSocket> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).context("the browser does not listen")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        // The key proves to caches on the way that both ends mean it; there are none.
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )?;
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line)?;
        ensure!(line.split(' ').nth(1) == Some("101"), "the browser answers {line:?}");
        while line != "\r\n" {
            line.clear();
            ensure!(stream.read_line(&mut line)? > 0, "the browser hangs up");
        }
        Ok(WebSocket { stream })
    }

    pub(crate) fn send(&mut self, text: &str) -> anyhow::Result<()> {
        self.frame(TEXT, text.as_bytes())
    }

    /// A client's frames are masked; with a mask of zeros the bytes stay as they are.
    fn frame(&mut self, kind: u8, bytes: &[u8]) -> anyhow::Result<()> {
        let mut frame = vec![0x80 | kind];
        match bytes.len() {
            length @ 0..126 => frame.push(0x80 | length as u8),
            length @ 126..0x1_0000 => {
                frame.push(0x80 | 126);
                frame.extend((length as u16).to_be_bytes());
            }
            length => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(bytes);
        self.stream.get_mut().write_all(&frame).context("the browser does not listen any more")
    }

    /// The next message.
    pub(crate) fn receive(&mut self) -> anyhow::Result<String> {
        let mut message = Vec::new();
        loop {
            let [first, second] = self.bytes()?;
            let length = match second & 0x7f {
                126 => u64::from(u16::from_be_bytes(self.bytes()?)),
                127 => u64::from_be_bytes(self.bytes()?),
                length => u64::from(length),
            };
            ensure!(length + message.len() as u64 <= MOST_BYTES, "a message of {length} bytes");
            let mut payload = Vec::new();
            self.stream.by_ref().take(length).read_to_end(&mut payload).context("the browser falls silent")?;
            ensure!(payload.len() as u64 == length, "the browser hangs up");
            match first & 0x0f {
                PING => self.frame(PONG, &payload)?,
                PONG => {}
                CLOSE => bail!("the browser says goodbye"),
                TEXT | CONTINUATION => {
                    message.extend(payload);
                    if first & 0x80 != 0 {
                        return String::from_utf8(message).context("text from the browser");
                    }
                }
                kind => bail!("a message of the unknown kind {kind}"),
            }
        }
    }

    fn bytes<const N: usize>(&mut self) -> anyhow::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes).context("the browser falls silent")?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    /// A browser that answers each frame with two halves of it and a ping between them.
    fn echo(listener: &TcpListener) {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = BufReader::new(stream.try_clone().unwrap());
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            request.read_line(&mut line).unwrap();
        }
        stream.write_all(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n").unwrap();
        let mut head = [0; 2];
        request.read_exact(&mut head).unwrap();
        let length = match head[1] & 0x7f {
            126 => {
                let mut long = [0; 2];
                request.read_exact(&mut long).unwrap();
                usize::from(u16::from_be_bytes(long))
            }
            short => usize::from(short),
        };
        let mut rest = vec![0; 4 + length];
        request.read_exact(&mut rest).unwrap();
        let (left, right) = rest[4..].split_at(length / 2);
        let frame = |kind: u8, bytes: &[u8]| {
            let mut frame = vec![kind, 126];
            frame.extend((bytes.len() as u16).to_be_bytes());
            frame.extend(bytes);
            frame
        };
        stream.write_all(&[frame(1, left), vec![0x89, 1, b'x'], frame(0x80, right)].concat()).unwrap();
        let mut pong = [0; 7];
        request.read_exact(&mut pong).unwrap();
        assert_eq!(pong, [0x8a, 0x81, 0, 0, 0, 0, b'x']);
    }

    #[test]
    fn messages_of_any_length_come_back() {
        for length in [3, 125, 126, 5000] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            let browser = thread::spawn(move || echo(&listener));
            let mut socket = WebSocket::connect(port, "/path").unwrap();
            let text = "é".repeat(length / 2) + &"x".repeat(length % 2);
            socket.send(&text).unwrap();
            assert_eq!(socket.receive().unwrap(), text);
            browser.join().unwrap();
            assert!(socket.receive().is_err());
        }
    }
}
