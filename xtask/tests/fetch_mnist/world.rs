//! A data set small enough for a test, a folder to fetch it into, and what must be true of that folder.

use std::env;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use datasets::{checksum, idx};
use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

use crate::server::{Reply, Request, Server};

pub(crate) const NAMES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// Two small data sets: 60 training and 10 test images of 6×6 pixels each.
pub(crate) struct World {
    /// The files in the order of [`NAMES`].
    pub(crate) files: Vec<Vec<u8>>,
    /// Those of Fashion-MNIST: other bytes, but just as many.
    pub(crate) other: Vec<Vec<u8>>,
    /// Where the files shall go.
    pub(crate) dir: PathBuf,
    /// Holds everything.
    pub(crate) folder: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let dir = folder.path().join("data").join("mnist");
        let world = Self { files: four_files(37), other: four_files(41), dir, folder };
        world.publish();
        world
    }

    /// Writes the list of what the program shall expect.
    pub(crate) fn publish(&self) {
        let lines = self.files.iter().chain(&self.other).map(|file| {
            let sum = checksum::sha256(file.as_slice()).expect("memory");
            format!("{} {sum}\n", file.len())
        });
        fs::write(self.list(), lines.collect::<String>()).expect("a list");
    }

    fn list(&self) -> PathBuf {
        self.folder.path().join("list")
    }

    /// The content of a file by its name.
    pub(crate) fn content(&self, name: &str) -> &[u8] {
        &self.files[NAMES.iter().position(|other| *other == name).expect("one of the four")]
    }

    /// A server that has the files.
    pub(crate) fn good_server(&self) -> Server {
        self.server(Reply::file)
    }

    /// A server that is asked for one of the files and answers as told.
    pub(crate) fn server(&self, answer: impl Fn(&Request, &[u8]) -> Reply + Send + Sync + 'static) -> Server {
        let files = self.files.clone();
        Server::start(move |request| match NAMES.iter().position(|name| *name == request.name) {
            Some(file) => answer(request, &files[file]),
            None => Reply::status("404 Not Found", b"there is no such file"),
        })
    }

    /// The program, ready to start.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.wrapped(Command::new(env!("CARGO_BIN_EXE_xtask")), arguments)
    }

    /// The program with a command in front of it that changes how it runs.
    pub(crate) fn wrapped(&self, mut command: Command, arguments: &[&str]) -> Command {
        for variable in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"] {
            command.env_remove(variable).env_remove(variable.to_lowercase());
        }
        command.env_remove("SSL_CERT_FILE").env("FETCH_MNIST_TEST_FILES", self.list()).env("FETCH_TIMEOUT", "3");
        command.arg("fetch-mnist").arg("--dir").arg(&self.dir).args(arguments);
        command
    }

    pub(crate) fn fetch(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program runs")
    }

    /// The names in the target folder, the lock left out.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| name != ".fetch-mnist.lock");
        names.sort();
        names
    }

    /// Begins a file, as a download that was interrupted does.
    pub(crate) fn begin(&self, name: &str, piece: &[u8]) {
        fs::create_dir_all(&self.dir).expect("a folder");
        fs::write(self.part(name), piece).expect("a piece");
    }

    /// Where a file grows.
    pub(crate) fn part(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.part"))
    }

    /// What must be true at any moment: what has the name of a file is that file.
    pub(crate) fn assert_names_deserved(&self, after: &str) {
        for name in self.names().iter().filter(|name| !name.ends_with(".part")) {
            assert_eq!(
                fs::read(self.dir.join(name)).expect("it is there"),
                self.content(name),
                "{name} after: {after}"
            );
        }
    }

    /// The same; and where no mirror lied, a piece is a piece of its file.
    pub(crate) fn assert_sound(&self, after: &str) {
        self.assert_names_deserved(after);
        let names = self.names();
        for whole in names.iter().filter_map(|name| name.strip_suffix(".part")) {
            let piece = fs::read(self.part(whole)).expect("it is there");
            assert!(self.content(whole).starts_with(&piece), "the piece of {whole} after: {after}");
        }
    }

    /// All four files are there and right, and nothing else.
    pub(crate) fn assert_complete(&self, after: &str) {
        let mut expected = NAMES.to_vec();
        expected.sort();
        assert_eq!(self.names(), expected, "after: {after}");
        self.assert_sound(after);
    }
}

/// Files that differ with the seed, but not in their lengths: they are not compressed, only wrapped.
fn four_files(seed: usize) -> Vec<Vec<u8>> {
    let images = |count: usize| -> Vec<u8> { (0..count * 36).map(|pixel| (pixel * seed % 251) as u8).collect() };
    let labels = |count: usize| -> Vec<u8> { (0..count).map(|image| (image * seed % 10) as u8).collect() };
    vec![
        wrapped(&[60, 6, 6], &images(60)),
        wrapped(&[60], &labels(60)),
        wrapped(&[10, 6, 6], &images(10)),
        wrapped(&[10], &labels(10)),
    ]
}

pub(crate) fn wrapped(shape: &[usize], bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(&idx::encode_bytes(shape, bytes)).expect("memory");
    encoder.finish().expect("memory")
}

#[track_caller]
pub(crate) fn assert_done(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", errors(output));
}

#[track_caller]
pub(crate) fn assert_failed(output: &Output, code: i32, words: &[&str]) {
    let errors = errors(output);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    for word in words {
        assert!(errors.contains(word), "{word:?} is not in:\n{errors}");
    }
}

pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The table of answers at the end of the messages: place and answer.
pub(crate) fn table(output: &Output) -> Vec<(String, String)> {
    let errors = errors(output);
    let rows = errors.split("what was answered:\n").nth(1).unwrap_or("").lines();
    let rows = rows.map_while(|row| row.strip_prefix("  ")?.split_once("  "));
    rows.map(|(place, answer)| (place.to_string(), answer.trim().to_string())).collect()
}

pub(crate) fn path(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// How often the long tests repeat what they draw at random.
pub(crate) fn times() -> usize {
    env::var("FAULTS_TIMES").ok().and_then(|times| times.parse().ok()).unwrap_or(20)
}
