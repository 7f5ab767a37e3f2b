//! Runs the real programs, each in a folder of its own and with nothing of the user's environment.
#![allow(dead_code, missing_docs, unreachable_pub)] // Each test file uses what it needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A folder that is gone when the test is over.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Folder(TempDir::new().expect("a temporary folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        fs::create_dir_all(path.parent().expect("inside the folder")).expect("a folder");
        fs::write(&path, bytes).expect("a file");
        path
    }

    /// The names of everything below, sorted, folders with a slash.
    pub fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        collect(self.path(), self.path(), &mut found);
        found.sort();
        found
    }

    /// A program with this folder as its current one. Its arguments are the words of `line`.
    pub fn program(&self, name: &str, line: &str) -> Command {
        let path = match name {
            "train" => env!("CARGO_BIN_EXE_train"),
            "bench" => env!("CARGO_BIN_EXE_bench"),
            "gradcheck" => env!("CARGO_BIN_EXE_gradcheck"),
            "filterviz" => env!("CARGO_BIN_EXE_filterviz"),
            "applyfilter" => env!("CARGO_BIN_EXE_applyfilter"),
            "convert" => env!("CARGO_BIN_EXE_convert"),
            "evaluate" => env!("CARGO_BIN_EXE_evaluate"),
            "interop" => env!("CARGO_BIN_EXE_interop"),
            "explain" => env!("CARGO_BIN_EXE_explain"),
            "look" => env!("CARGO_BIN_EXE_look"),
            _ => panic!("no program {name}"),
        };
        let mut command = Command::new(path);
        command.args(line.split_whitespace()).current_dir(self.path()).stdin(Stdio::null());
        for variable in ["MNIST_DIR", "FASHION_MNIST_DIR", "NO_COLOR", "COLORTERM", "TENSOR_ISA", "COLUMNS"] {
            command.env_remove(variable);
        }
        command.env("RUST_BACKTRACE", "0");
        let home = self.join("home");
        command.env("HOME", &home).env("XDG_CACHE_HOME", home.join("cache")).env("LOCALAPPDATA", home.join("cache"));
        command
    }

    pub fn run(&self, name: &str, line: &str) -> Ran {
        Ran::of(self.program(name, line), &format!("{name} {line}"))
    }

    /// A training of a second's fraction: few small built-in digits, a small network.
    pub fn train(&self, line: &str) -> Ran {
        self.run("train", &format!("{SMALL} {line}"))
    }
}

/// Flags for a training of a second's fraction.
pub const SMALL: &str =
    "--dataset digits --train-limit 200 --test-limit 50 --epochs 2 --filters 4 --hidden 16 --lr 0.01";

fn collect(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
        if path.is_dir() {
            found.push(format!("{name}/"));
            collect(root, &path, found);
        } else {
            found.push(name);
        }
    }
}

/// What a program left behind.
#[derive(Debug)]
pub struct Ran {
    pub line: String,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(mut command: Command, line: &str) -> Ran {
        Ran::from(command.output().expect("the program starts"), line)
    }

    pub fn from(output: Output, line: &str) -> Ran {
        Ran {
            line: line.to_owned(),
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// The program refuses with exit code 2, in one or two lines that contain all of these words; or in three, of which the
    /// second is the line of a file that it is about: "  4 | kernel = 0".
    #[track_caller]
    pub fn refuses(self, words: &[&str]) -> Self {
        assert_eq!(self.code, Some(2), "{self:#?}");
        let lines: Vec<_> = self.stderr.lines().collect();
        let most = if lines.get(1).is_some_and(|line| line.contains(" | ")) { 3 } else { 2 };
        assert!((1..=most).contains(&lines.len()), "{self:#?}");
        assert!(self.stderr.starts_with("error: ") && !self.stderr.contains("panicked"), "{self:#?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is missing: {self:#?}");
        }
        self
    }
}

/// The bytes of an IDX file of unsigned bytes.
pub fn idx(shape: &[u32], values: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend(values);
    bytes
}

/// Height and width of the images of [`tiny_mnist`].
pub const TINY: usize = 10;

/// Four files in the format of MNIST: 30 training and 20 test images of 10×10 pixels, a bright row for each class.
pub fn tiny_mnist(folder: &Folder, name: &str) -> PathBuf {
    for (part, count) in [("train", 30), ("t10k", 20)] {
        let labels: Vec<u8> = (0..count).map(|i| (i * 7 % 10) as u8).collect();
        let pixels: Vec<u8> = labels
            .iter()
            .flat_map(|&label| (0..TINY * TINY).map(move |i| if i / TINY == usize::from(label) { 255 } else { 10 }))
            .collect();
        let side = TINY as u32;
        folder.write(&format!("{name}/{part}-images-idx3-ubyte"), idx(&[count, side, side], &pixels));
        folder.write(&format!("{name}/{part}-labels-idx1-ubyte"), idx(&[count], &labels));
    }
    folder.join(name)
}

/// Flags for a training on [`tiny_mnist`].
pub const TINY_FLAGS: &str = "--epochs 1 --batch-size 10 --filters 3 --filter-size 3 --hidden 8";

/// How often a long test injects what is drawn at random, or a multiple of it: `cargo xtask faults --times`.
pub fn times() -> usize {
    std::env::var("FAULTS_TIMES").ok().and_then(|times| times.parse().ok()).unwrap_or(20)
}
