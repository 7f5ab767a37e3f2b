//! A small HTTP server whose every answer is scripted: the mirror, well or ill behaved.

use std::io::{BufRead, BufReader, Write};
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
    chunked: bool,
    /// The connection ends after so many bytes of the body.
    cut: Option<usize>,
    /// The server falls silent after the body's bytes for so long.
    stall: Option<Duration>,
}

impl Reply {
    pub(crate) fn ok(body: &[u8]) -> Self {
        Self::status("200 OK", body)
    }

    pub(crate) fn status(status: &'static str, body: &[u8]) -> Self {
        Self { status, headers: Vec::new(), body: body.to_vec(), chunked: false, cut: None, stall: None }
    }

    /// Answers as a good server does: the whole file, or what the range asks for.
    pub(crate) fn file(request: &Request, content: &[u8]) -> Self {
        match request.range {
            Some(first) if first < content.len() => {
                let mut reply = Self::status("206 Partial Content", &content[first..]);
                reply.headers.push(format!("Content-Range: bytes {first}-{}/{}", content.len() - 1, content.len()));
                reply
            }
            Some(_) => Self::status("416 Range Not Satisfiable", b""),
            None => Self::ok(content),
        }
    }

    /// A body that is already chunked, so that no length is announced.
    pub(crate) fn chunked(chunks: &[u8]) -> Self {
        Self { chunked: true, ..Self::ok(chunks) }
    }

    pub(crate) fn header(mut self, line: impl Into<String>) -> Self {
        self.headers.push(line.into());
        self
    }

    pub(crate) fn cut_after(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self
    }

    pub(crate) fn stall_after(mut self, bytes: usize, pause: Duration) -> Self {
        self.cut = Some(bytes);
        self.stall = Some(pause);
        self
    }
}

/// A server on a free port of this machine. It ends with the test's process.
pub(crate) struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("it is bound"));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (requests.clone(), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (log.clone(), answer.clone());
                thread::spawn(move || {
                    // A client that goes away is its own business.
                    let _ = serve(stream, &log, answer.as_ref());
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

fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Request>>,
    answer: &(impl Fn(&Request) -> Reply + ?Sized),
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or(Ok(String::new()))?;
    let headers: Vec<String> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let path = first.split(' ').nth(1).unwrap_or("");
    let range = headers.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let value = name.eq_ignore_ascii_case("range").then(|| value.trim())?;
        value.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok()
    });
    let request = Request { name: path.rsplit('/').next().unwrap_or("").to_string(), range, headers };
    log.lock().expect("no thread panics while it holds the log").push(request.clone());

    let reply = answer(&request);
    write!(stream, "HTTP/1.1 {}\r\nConnection: close\r\n", reply.status)?;
    match reply.chunked {
        true => write!(stream, "Transfer-Encoding: chunked\r\n")?,
        false => write!(stream, "Content-Length: {}\r\n", reply.body.len())?,
    }
    for line in &reply.headers {
        write!(stream, "{line}\r\n")?;
    }
    write!(stream, "\r\n")?;
    let end = reply.cut.unwrap_or(reply.body.len()).min(reply.body.len());
    stream.write_all(&reply.body[..end])?;
    stream.flush()?;
    if let Some(pause) = reply.stall {
        thread::sleep(pause);
    }
    Ok(())
}
