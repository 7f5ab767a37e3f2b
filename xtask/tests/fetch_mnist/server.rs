//! A small HTTP server whose every answer is scripted: the mirror, well or ill behaved.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a client asked.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// The last part of the path: a file's name.
    pub(crate) name: String,
    /// The first byte of the range, where one was asked for.
    pub(crate) range: Option<usize>,
    /// All header lines, as they came.
    pub(crate) headers: Vec<String>,
}

/// What the server answers.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: &'static str,
    headers: Vec<String>,
    body: Vec<u8>,
    length: Length,
    /// The connection ends after so many bytes of the whole answer.
    cut: Option<usize>,
    /// The server falls silent for so long before it closes the connection.
    silence: Duration,
    /// The answer is sent in pieces of so many bytes, with a pause after each.
    pace: Option<(usize, Duration)>,
    /// The last of the body is sent again and again.
    endless: bool,
}

/// How the client learns where the body ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Length {
    Announced(usize),
    Chunked,
    UntilClose,
}

impl Reply {
    pub(crate) fn ok(body: &[u8]) -> Self {
        Self::status("200 OK", body)
    }

    pub(crate) fn status(status: &'static str, body: &[u8]) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_vec(),
            length: Length::Announced(body.len()),
            cut: None,
            silence: Duration::ZERO,
            pace: None,
            endless: false,
        }
    }

    /// Answers as a good server does: the whole file, or what the range asks for.
    pub(crate) fn file(request: &Request, content: &[u8]) -> Self {
        match request.range {
            Some(first) if first < content.len() => Self::part(&content[first..], first, content.len()),
            Some(_) => Self::status("416 Range Not Satisfiable", b""),
            None => Self::ok(content),
        }
    }

    /// A partial answer.
    pub(crate) fn part(body: &[u8], first: usize, total: usize) -> Self {
        let range = format!("Content-Range: bytes {first}-{}/{total}", (first + body.len()).saturating_sub(1));
        Self::status("206 Partial Content", body).header(range)
    }

    pub(crate) fn header(mut self, line: impl Into<String>) -> Self {
        self.headers.push(line.into());
        self
    }

    /// Tells a length, whatever the body's is.
    pub(crate) fn announce(self, bytes: usize) -> Self {
        Self { length: Length::Announced(bytes), ..self }
    }

    pub(crate) fn chunked(self) -> Self {
        Self { length: Length::Chunked, ..self }
    }

    /// The body ends with the connection.
    pub(crate) fn until_close(self) -> Self {
        Self { length: Length::UntilClose, ..self }
    }

    /// The body never ends.
    pub(crate) fn endless(self) -> Self {
        Self { endless: true, ..self }
    }

    /// Ends after so many bytes of the whole answer.
    pub(crate) fn cut_at(self, bytes: usize) -> Self {
        Self { cut: Some(bytes), ..self }
    }

    /// Ends after so many bytes of the body.
    pub(crate) fn cut_after(self, bytes: usize) -> Self {
        let head = self.head().len();
        self.cut_at(head + bytes)
    }

    /// Is silent where it would have closed the connection.
    pub(crate) fn silent_for(self, silence: Duration) -> Self {
        Self { silence, ..self }
    }

    /// Sends pieces of so many bytes, with a pause after each.
    pub(crate) fn pace(self, bytes: usize, pause: Duration) -> Self {
        Self { pace: Some((bytes, pause)), ..self }
    }

    /// The length of the answer up to the body.
    pub(crate) fn head_len(&self) -> usize {
        self.head().len()
    }

    fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {}\r\nConnection: close\r\n", self.status);
        match self.length {
            Length::Announced(bytes) => head += &format!("Content-Length: {bytes}\r\n"),
            Length::Chunked => head += "Transfer-Encoding: chunked\r\n",
            Length::UntilClose => {}
        }
        self.headers.iter().for_each(|line| head += &format!("{line}\r\n"));
        head + "\r\n"
    }

    fn send(&self, stream: &mut impl Write) -> io::Result<()> {
        let piece = match self.length {
            Length::Chunked => [format!("{:x}\r\n", self.body.len()).as_bytes(), &self.body, b"\r\n"].concat(),
            _ => self.body.clone(),
        };
        let mut answer = [self.head().as_bytes(), &piece].concat();
        if self.length == Length::Chunked && !self.endless {
            answer.extend_from_slice(b"0\r\n\r\n");
        }
        answer.truncate(self.cut.unwrap_or(usize::MAX));
        let (step, pause) = self.pace.unwrap_or((usize::MAX, Duration::ZERO));
        for bytes in answer.chunks(step) {
            stream.write_all(bytes)?;
            thread::sleep(pause);
        }
        if self.endless {
            loop {
                stream.write_all(&piece)?;
            }
        }
        thread::sleep(self.silence);
        Ok(())
    }
}

/// A server on a free port of this machine. It ends with the test's process.
pub(crate) struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_raw(move |request, stream| answer(request).send(stream))
    }

    /// A server that writes what it likes.
    pub(crate) fn start_raw(
        answer: impl Fn(&Request, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("it is bound"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (requests.clone(), Arc::new(answer));
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (log, answer) = (log.clone(), answer.clone());
                thread::spawn(move || {
                    // A client that goes away is its own business.
                    let Ok(request) = read_request(&stream) else { return };
                    log.lock().expect("no thread panics while it holds the log").push(request.clone());
                    let _ = answer(&request, &mut stream);
                });
            }
        });
        Self { address, requests }
    }

    /// What to pass to `--from`.
    pub(crate) fn url(&self) -> &str {
        &self.address
    }

    /// Everything that was asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no thread panics while it holds the log").clone()
    }
}

/// An address at which nobody listens.
pub(crate) fn dead_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    format!("http://{}", listener.local_addr().expect("it is bound"))
}

fn read_request(stream: &TcpStream) -> io::Result<Request> {
    let mut lines = BufReader::new(stream).lines();
    // A client that was killed may have connected and said nothing.
    let first = lines.next().unwrap_or(Err(io::ErrorKind::UnexpectedEof.into()))?;
    let headers: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let path = first.split(' ').nth(1).unwrap_or("");
    let range = headers.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let value = name.eq_ignore_ascii_case("range").then(|| value.trim())?;
        value.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    });
    Ok(Request { name: path.rsplit('/').next().unwrap_or("").to_string(), range, headers })
}
