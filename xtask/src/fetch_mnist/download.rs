//! One file over HTTP: resumed where it can be, verified in any case.
//!
//! A piece that is there is continued from any mirror, whatever it came from, and no `ETag` is kept to ask whether the
//! file is still the same (`If-Range`): the published checksum tells of the whole, and where it does not agree, the
//! whole is fetched anew.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use datasets::mnist::MnistFile;
use ureq::http::header::{CONTENT_RANGE, CONTENT_TYPE, RANGE};
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use super::catalogue::Catalogue;
use super::folder;
use super::progress::Progress;
use super::settings;

/// How often a cut transfer is taken up again at once.
const RESUMPTIONS: usize = 5;

/// A server that sends fewer bytes a second than this is given up as if it were silent.
const SLOWEST: f64 = 1000.0;

/// Why a file did not come.
pub(super) enum Failure {
    /// This machine's disk: no other source helps.
    Local(anyhow::Error),
    /// What the source answered.
    Remote {
        answer: String,
        /// Whether the same request may succeed a little later.
        may_pass: bool,
    },
}

impl Failure {
    pub(super) fn disk(path: &Path, problem: io::Error) -> Self {
        let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded].contains(&problem.kind());
        let hint = if full { "; make room, or choose another folder with --dir" } else { "" };
        Failure::Local(anyhow!("cannot write {}: {problem}{hint}", path.display()))
    }

    /// The source has not got the file, and will not have it in a moment.
    pub(super) fn refused(answer: String) -> Self {
        Failure::Remote { answer, may_pass: false }
    }

    /// Tells of the transfers that were cut before, too.
    fn after(self, cuts: &[String]) -> Self {
        match (self, cuts) {
            (Failure::Remote { answer, may_pass }, [.., last]) => {
                Failure::Remote { answer: format!("{last}; then {answer}"), may_pass }
            }
            (failure, _) => failure,
        }
    }

    fn passing(answer: String) -> Self {
        Failure::Remote { answer, may_pass: true }
    }
}

/// How one request ended that did not fail for good.
enum Outcome {
    /// All bytes are there; nobody has looked at them yet. Those before `came_from` are of an earlier request.
    Complete { came_from: u64 },
    /// The transfer was cut, after some bytes came.
    Cut(String),
    /// The server cannot go on from where the partial file ends.
    CannotResume,
}

/// Speaks HTTP.
pub(super) struct Client<'a> {
    agent: Agent,
    patience: Duration,
    catalogue: &'a Catalogue,
}

impl<'a> Client<'a> {
    pub(super) fn new(catalogue: &'a Catalogue, patience: Duration) -> Result<Self> {
        let agent = Agent::config_builder()
            .user_agent(concat!("fetch-mnist/", env!("CARGO_PKG_VERSION"), " (cargo xtask)"))
            // The file itself, not a compressed form of it: ranges would count the wrong bytes.
            .accept_encoding("identity")
            .http_status_as_error(false)
            .tls_config(settings::tls()?)
            .timeout_resolve(Some(patience))
            .timeout_connect(Some(patience))
            .timeout_recv_response(Some(patience))
            .timeout_per_read(Some(patience))
            .timeout_per_write(Some(patience))
            .build()
            .new_agent();
        Ok(Self { agent, patience, catalogue })
    }

    /// What the files should be.
    pub(super) fn catalogue(&self) -> &Catalogue {
        self.catalogue
    }

    /// How long a server may be silent.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Downloads a file to `part`, going on from what is there, and returns once it is known to be the published one.
    pub(super) fn download(
        &self,
        url: &str,
        file: &MnistFile,
        part: &Path,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let mut cuts = Vec::new();
        let mut offset = usable(part, file.bytes)?;
        loop {
            let outcome = match offset < file.bytes {
                true => {
                    let outcome = self.request(url, file, part, offset, progress);
                    outcome.map_err(|failure| failure.after(&cuts))?
                }
                false => Outcome::Complete { came_from: offset },
            };
            match outcome {
                Outcome::Complete { came_from } => match self.catalogue.check(file, part) {
                    Ok(()) => return Ok(()),
                    Err(problem) => {
                        folder::discard(part).map_err(|problem| Failure::disk(part, problem))?;
                        if came_from == 0 {
                            return Err(Failure::refused(format!("wrong content: {problem}")));
                        }
                        // The old piece may be of another file; the whole one deserves a try.
                        offset = 0;
                    }
                },
                Outcome::Cut(answer) if cuts.len() == RESUMPTIONS => {
                    return Err(Failure::passing(answer).after(&cuts));
                }
                Outcome::Cut(answer) => {
                    cuts.push(answer);
                    offset = usable(part, file.bytes)?;
                }
                Outcome::CannotResume => offset = 0,
            }
        }
    }

    fn request(
        &self,
        url: &str,
        file: &MnistFile,
        part: &Path,
        offset: u64,
        progress: &Progress,
    ) -> Result<Outcome, Failure> {
        let mut request = self.agent.get(url);
        if offset > 0 {
            request = request.header(RANGE, format!("bytes={offset}-"));
        }
        let response = request.call().map_err(|problem| self.no_answer(url, problem))?;
        let offset = match response.status() {
            StatusCode::PARTIAL_CONTENT if range_start(&response) == Some(offset) => offset,
            // The whole file, asked for or not.
            StatusCode::OK => 0,
            // It may be the range that it does not like.
            status if offset > 0 && (status == StatusCode::PARTIAL_CONTENT || status.is_client_error()) => {
                return Ok(Outcome::CannotResume);
            }
            status => {
                let may_pass = status.is_server_error()
                    || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
                return Err(Failure::Remote { answer: status.to_string(), may_pass });
            }
        };
        match self.objection(&response, file, offset) {
            None => self.store(response, part, offset, file.bytes, progress),
            Some(_) if offset > 0 => Ok(Outcome::CannotResume),
            Some(answer) => Err(Failure::refused(answer)),
        }
    }

    /// Why an answer cannot be the file, where that can be told before any of it is taken.
    fn objection(&self, response: &Response<Body>, file: &MnistFile, offset: u64) -> Option<String> {
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        if kind.starts_with("text/html") {
            return Some(format!("a web page ({kind}) instead of the file"));
        }
        let offered = offset.saturating_add(response.body().content_length()?);
        let hint = self.catalogue.hint(offered);
        (offered != file.bytes).then(|| format!("offers {offered} bytes{hint}; the file has {}", file.bytes))
    }

    /// Writes the body of an answer to `part` from `offset` on, and nothing behind the end that the file should have.
    fn store(
        &self,
        response: Response<Body>,
        part: &Path,
        offset: u64,
        expected: u64,
        progress: &Progress,
    ) -> Result<Outcome, Failure> {
        let disk = |problem| Failure::disk(part, problem);
        let cut = |have: u64, reason: &str| format!("cut after {have} of {expected} bytes: {reason}");
        let mut target = open_at(part, offset).map_err(disk)?;
        let mut body = response.into_body().into_reader();
        let mut buffer = vec![0; 1 << 16];
        let mut have = offset;
        let mut watch = (Instant::now(), have);
        loop {
            progress.at(have);
            match body.read(&mut buffer) {
                Ok(0) if have == expected => return Ok(Outcome::Complete { came_from: offset }),
                Ok(0) => return Ok(Outcome::Cut(cut(have, "the transfer ended"))),
                Ok(count) if have + count as u64 > expected => {
                    folder::discard(part).map_err(disk)?;
                    return Err(Failure::refused(format!("sends more than the {expected} bytes of the file")));
                }
                Ok(count) => {
                    target.write_all(&buffer[..count]).map_err(disk)?;
                    have += count as u64;
                }
                Err(problem) => {
                    let answer = cut(have, &self.in_words(&problem));
                    let resumable = have > offset && !is_timeout(&problem);
                    return if resumable { Ok(Outcome::Cut(answer)) } else { Err(Failure::passing(answer)) };
                }
            }
            let (since, before) = watch;
            if since.elapsed() >= self.patience {
                if ((have - before) as f64) < SLOWEST * since.elapsed().as_secs_f64() {
                    return Err(Failure::passing(cut(have, &format!("slower than {SLOWEST} bytes a second"))));
                }
                watch = (Instant::now(), have);
            }
        }
    }

    /// No answer came at all. Who was silent for so long is not asked again.
    fn no_answer(&self, url: &str, problem: ureq::Error) -> Failure {
        use ureq::Error::{ConnectProxyFailed, ConnectionFailed, HostNotFound, Io};
        let may_pass = match &problem {
            // A certificate that does not hold is "invalid data".
            Io(problem) => problem.kind() != io::ErrorKind::InvalidData && !is_timeout(problem),
            other => matches!(other, ConnectProxyFailed(_) | ConnectionFailed | HostNotFound),
        };
        let proxy = self.agent.config().proxy().filter(|proxy| url.parse().is_ok_and(|url| !proxy.is_no_proxy(&url)));
        let way = proxy.map(|proxy| format!(" (through the proxy {}:{})", proxy.host(), proxy.port()));
        Failure::Remote { answer: self.in_words(&problem.into_io()) + &way.unwrap_or_default(), may_pass }
    }

    fn in_words(&self, problem: &io::Error) -> String {
        let words = problem.to_string();
        if is_timeout(problem) {
            return format!("silent for {} s ({})", self.patience.as_secs_f64(), words.trim_start_matches("timeout: "));
        }
        let hint = match &words {
            tls if tls.contains("UnknownIssuer") => {
                " (does a proxy open TLS? name its certificates with SSL_CERT_FILE)"
            }
            tls if tls.contains("corrupt message") => " (what answers there does not speak TLS)",
            http if http.starts_with("protocol: ") => " (what answers there does not speak HTTP)",
            _ => "",
        };
        words + hint
    }
}

fn is_timeout(problem: &io::Error) -> bool {
    let inner = problem.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(inner, Some(ureq::Error::Timeout(_))) || problem.kind() == io::ErrorKind::TimedOut
}

/// How many bytes of an earlier download can be used.
fn usable(part: &Path, expected: u64) -> Result<u64, Failure> {
    match fs::symlink_metadata(part) {
        Ok(metadata) if metadata.is_file() && metadata.len() <= expected => Ok(metadata.len()),
        _ => folder::discard(part).map(|()| 0).map_err(|problem| Failure::disk(part, problem)),
    }
}

/// The first byte that a partial answer holds, from `Content-Range: bytes 100-199/200`.
fn range_start(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get(CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

fn open_at(part: &Path, offset: u64) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(part)?;
    file.set_len(offset)?;
    file.seek(SeekFrom::Start(offset))?;
    Ok(file)
}
