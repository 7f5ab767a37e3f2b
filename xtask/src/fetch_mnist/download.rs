//! One file over HTTP: resumed where it can be, verified in any case.

use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use datasets::mnist::MnistFile;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

use super::progress::Progress;

/// How often a cut transfer is taken up again at once.
const RESUMPTIONS: usize = 5;

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
    pub(super) fn disk(path: &Path, problem: std::io::Error) -> Self {
        Failure::Local(anyhow::Error::new(problem).context(format!("cannot write {}", path.display())))
    }

    /// The source has not got the file, and will not have it in a moment.
    pub(super) fn refused(answer: String) -> Self {
        Failure::Remote { answer, may_pass: false }
    }

    fn passing(answer: String) -> Self {
        Failure::Remote { answer, may_pass: true }
    }
}

/// How one request ended that did not fail for good.
enum Outcome {
    /// All bytes are there; nobody has looked at them yet.
    Complete,
    /// The transfer was cut, after some bytes came.
    Cut(String),
    /// The server cannot go on from where the partial file ends.
    CannotResume,
}

/// Speaks HTTP.
pub(super) struct Client {
    agent: Agent,
}

impl Client {
    pub(super) fn new() -> Result<Self> {
        let seconds = match env::var("FETCH_TIMEOUT") {
            Ok(text) => text
                .parse()
                .ok()
                .filter(|seconds| (1..=3600).contains(seconds))
                .with_context(|| format!("FETCH_TIMEOUT is a number of seconds from 1 to 3600, got {text:?}"))?,
            Err(_) => 30,
        };
        let patience = Some(Duration::from_secs(seconds));
        let agent = Agent::config_builder()
            .user_agent(concat!("fetch-mnist/", env!("CARGO_PKG_VERSION"), " (cargo xtask)"))
            // The file itself, not a compressed form of it: ranges would count the wrong bytes.
            .accept_encoding("identity")
            .http_status_as_error(false)
            .timeout_resolve(patience)
            .timeout_connect(patience)
            .timeout_recv_response(patience)
            .timeout_per_read(patience)
            .build()
            .new_agent();
        Ok(Self { agent })
    }

    /// Downloads a file to `part`, going on from what is there, and returns once it is known to be the published one.
    pub(super) fn download(
        &self,
        url: &str,
        file: &MnistFile,
        part: &Path,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let mut cuts = 0;
        loop {
            let resumed_from = begin(part, file.bytes)?;
            if resumed_from < file.bytes {
                match self.request(url, file, part, resumed_from, progress)? {
                    Outcome::Complete => {}
                    Outcome::Cut(_) if cuts < RESUMPTIONS => {
                        cuts += 1;
                        continue;
                    }
                    Outcome::Cut(answer) => return Err(Failure::passing(answer)),
                    Outcome::CannotResume => {
                        discard(part)?;
                        continue;
                    }
                }
            }
            match file.verify(part).and_then(|()| file.read(part).map(drop)) {
                Ok(()) => return Ok(()),
                // The old piece may be of another file; the whole one deserves a try.
                Err(_) if resumed_from > 0 => discard(part)?,
                Err(problem) => {
                    discard(part)?;
                    return Err(Failure::refused(format!("wrong content: {problem}")));
                }
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
            request = request.header("Range", format!("bytes={offset}-"));
        }
        let response = request.call().map_err(|problem| Failure::passing(in_words(problem)))?;
        let offset = match response.status() {
            StatusCode::PARTIAL_CONTENT if range_start(&response) == Some(offset) => offset,
            StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if offset > 0 => {
                return Ok(Outcome::CannotResume);
            }
            // The whole file, asked for or not.
            StatusCode::OK => 0,
            status => {
                let may_pass = status.is_server_error()
                    || [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT].contains(&status);
                return Err(Failure::Remote { answer: status.to_string(), may_pass });
            }
        };
        if let Some(length) = response.body().content_length()
            && offset.saturating_add(length) != file.bytes
        {
            let announced = offset.saturating_add(length);
            return Err(Failure::refused(format!("offers {announced} bytes, the file has {}", file.bytes)));
        }
        store(response, part, offset, file.bytes, progress)
    }
}

fn in_words(problem: ureq::Error) -> String {
    match problem {
        ureq::Error::Io(problem) => problem.to_string(),
        ureq::Error::Timeout(waiting_for) => format!("no answer in time ({waiting_for})"),
        other => other.to_string(),
    }
}

/// How many bytes of an earlier download can be used.
fn begin(part: &Path, expected: u64) -> Result<u64, Failure> {
    match fs::symlink_metadata(part) {
        Ok(metadata) if metadata.is_file() && metadata.len() <= expected => Ok(metadata.len()),
        Ok(_) => discard(part).map(|()| 0),
        Err(_) => Ok(0),
    }
}

fn discard(part: &Path) -> Result<(), Failure> {
    match fs::remove_file(part) {
        Err(problem) if problem.kind() != std::io::ErrorKind::NotFound => Err(Failure::disk(part, problem)),
        _ => Ok(()),
    }
}

/// The first byte that a partial answer holds, from `Content-Range: bytes 100-199/200`.
fn range_start(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get("Content-Range")?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

/// Writes the body of an answer to `part` from `offset` on.
fn store(
    response: Response<Body>,
    part: &Path,
    offset: u64,
    expected: u64,
    progress: &Progress,
) -> Result<Outcome, Failure> {
    let disk = |problem| Failure::disk(part, problem);
    let mut target = open_at(part, offset).map_err(disk)?;
    let mut body = response.into_body().into_reader();
    let mut buffer = vec![0; 1 << 16];
    let mut have = offset;
    progress.at(have);
    let cut = loop {
        match body.read(&mut buffer) {
            Ok(0) if have == expected => break None,
            Ok(0) => break Some("the transfer ended".to_string()),
            Ok(count) if have + count as u64 > expected => {
                drop(target);
                discard(part)?;
                return Err(Failure::refused(format!("sends more than the {expected} bytes of the file")));
            }
            Ok(count) => {
                target.write_all(&buffer[..count]).map_err(disk)?;
                have += count as u64;
                progress.at(have);
            }
            Err(problem) => break Some(problem.to_string()),
        }
    };
    target.sync_all().map_err(disk)?;
    match cut {
        None => Ok(Outcome::Complete),
        Some(reason) => {
            let answer = format!("cut after {have} of {expected} bytes: {reason}");
            if have > offset { Ok(Outcome::Cut(answer)) } else { Err(Failure::passing(answer)) }
        }
    }
}

fn open_at(part: &Path, offset: u64) -> std::io::Result<File> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(part)?;
    file.set_len(offset)?;
    file.seek(SeekFrom::Start(offset))?;
    Ok(file)
}
