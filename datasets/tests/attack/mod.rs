//! What may happen to a file: for the tests of everything that reads one.
#![allow(dead_code, missing_docs, unreachable_pub)] // each test program uses its own part

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Calls `check` with every beginning of a file.
pub fn every_cut(file: &[u8], mut check: impl FnMut(&[u8])) {
    (0..file.len()).for_each(|length| check(&file[..length]));
}

/// Calls `check` with the file in which one byte is another, and that byte's position: each byte, and each of the 255
/// other values.
pub fn every_changed_byte(file: &[u8], mut check: impl FnMut(&[u8], usize)) {
    let mut damaged = file.to_vec();
    for position in 0..file.len() {
        for change in 1..=255 {
            damaged[position] = file[position] ^ change;
            check(&damaged, position);
        }
        damaged[position] = file[position];
    }
}

/// How often the long tests repeat what is drawn at random, times some factor: see `cargo xtask faults`.
pub fn times() -> usize {
    std::env::var("FAULTS_TIMES").ok().and_then(|times| times.parse().ok()).unwrap_or(20)
}

/// Random numbers from a small generator.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }
}

/// A file with up to eight kinds of damage: bytes that are others, runs of zeros and of 0xff, parts that are missing, that
/// come twice, or at another place.
pub fn damaged(file: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = file.to_vec();
    for _ in 0..=numbers.below(8) {
        if bytes.is_empty() {
            break;
        }
        let at = numbers.below(bytes.len());
        let run = (1 + numbers.below(8)).min(bytes.len() - at);
        match numbers.below(6) {
            0 | 1 => bytes[at] = numbers.below(256) as u8,
            2 => bytes[at..at + run].fill([0, 0xff][numbers.below(2)]),
            3 => drop(bytes.drain(at..at + run)),
            4 => bytes.extend_from_within(at..at + run),
            _ => {
                let to = numbers.below(bytes.len() - run + 1);
                bytes.copy_within(at..at + run, to);
            }
        }
    }
    bytes
}

/// Makes things in a folder that are no files that could be read, and says what they are.
#[cfg(unix)]
pub fn no_files(folder: &Path) -> Vec<(&'static str, PathBuf)> {
    use std::os::unix::fs::symlink;
    let at = |name: &str| folder.join(name);
    fs::create_dir(at("folder")).unwrap();
    let links = [
        ("a link to nowhere", "dangling", at("nowhere")),
        ("a link to itself", "loop", at("loop")),
        ("a link to a folder", "to-folder", at("folder")),
        ("a device without an end", "endless", PathBuf::from("/dev/zero")),
        ("a device with nothing in it", "nothing", PathBuf::from("/dev/null")),
    ];
    for (_, name, target) in &links {
        symlink(target, at(name)).unwrap();
    }
    let mut all: Vec<_> = links.iter().map(|&(what, name, _)| (what, at(name))).collect();
    all.push(("a folder", at("folder")));
    all.push(("below a file", {
        fs::write(at("file"), "x").unwrap();
        at("file").join("below")
    }));
    // A pipe that nobody writes into: opening it for reading would wait for ever.
    let made = std::process::Command::new("mkfifo").arg(at("pipe")).status();
    if made.is_ok_and(|status| status.success()) {
        all.push(("a pipe", at("pipe")));
    }
    all.extend(unreadable(&at("unreadable")).map(|path| ("a file that may not be read", path)));
    all
}

/// A file without any permission, where that keeps this user from reading it (root may read everything).
#[cfg(unix)]
pub fn unreadable(path: &Path) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, "x").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
    fs::read(path).is_err().then(|| path.to_path_buf())
}

/// What `f` gives; panics where that takes longer than `seconds`, which a test that waits for ever would not.
pub fn within<T: Send + 'static>(seconds: u64, what: &str, f: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    let worker = thread::spawn(move || _ = sender.send(f()));
    match receiver.recv_timeout(Duration::from_secs(seconds)) {
        Ok(value) => value,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("{what}: no answer within {seconds} s"),
        Err(mpsc::RecvTimeoutError::Disconnected) => match worker.join() {
            Err(panic) => std::panic::resume_unwind(panic),
            Ok(()) => unreachable!("it sends or panics"),
        },
    }
}

/// A file that is said to be `len` bytes long, begins with `start`, and takes no room on the disk.
pub fn hollow(path: &Path, start: &[u8], len: u64) {
    fs::write(path, start).unwrap();
    fs::File::options().write(true).open(path).unwrap().set_len(len).unwrap();
}
