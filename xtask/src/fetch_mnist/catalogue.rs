//! Which files are published, and how to tell whether one is the right one.

use std::env;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use datasets::MnistKind;
use datasets::mnist::MnistFile;

use crate::console::tell;

/// The files of both data sets.
pub(super) struct Catalogue {
    files: Vec<(MnistKind, MnistFile)>,
}

impl Catalogue {
    /// The published files. The tests, which have no MNIST, name a list of other lengths and checksums.
    pub(super) fn load() -> Result<Self> {
        let all = |kind: MnistKind| kind.files().iter().map(move |file| (kind, *file));
        let mut files: Vec<_> = MnistKind::ALL.into_iter().flat_map(all).collect();
        if let Some(list) = env::var_os("FETCH_MNIST_TEST_FILES") {
            tell("note: FETCH_MNIST_TEST_FILES is set: the files of a test are expected, not those of MNIST");
            let list = Path::new(&list);
            let text = fs::read_to_string(list).with_context(|| format!("cannot read {}", list.display()))?;
            replace(&mut files, &text).with_context(|| format!("{} is no list of files", list.display()))?;
        }
        Ok(Self { files })
    }

    /// The four files of a data set.
    pub(super) fn files(&self, kind: MnistKind) -> Vec<MnistFile> {
        self.files.iter().filter(|(of, _)| *of == kind).map(|(_, file)| *file).collect()
    }

    /// Checks that a compressed file is the published one; where it is another of the published ones, says which.
    pub(super) fn check(&self, file: &MnistFile, path: &Path) -> Result<(), String> {
        let Err(problem) = file.verify(path) else { return Ok(()) };
        let other = self.files.iter().find(|(_, other)| other.verify(path).is_ok());
        let hint = other.map(|(kind, other)| format!(": this is {} of {kind}", other.name)).unwrap_or_default();
        Err(format!("{problem}{hint}"))
    }

    /// What has this length, where something does: a hint in a message.
    pub(super) fn hint(&self, length: u64) -> String {
        let other = self.files.iter().find(|(_, file)| file.bytes == length);
        other.map(|(kind, file)| format!(", as {} of {kind} has", file.name)).unwrap_or_default()
    }
}

/// Puts the lengths and checksums of a list in place of the published ones: a line a file, MNIST first.
fn replace(files: &mut [(MnistKind, MnistFile)], list: &str) -> Result<()> {
    let lines: Vec<_> = list.lines().filter_map(|line| line.split_once(' ')).collect();
    ensure!(lines.len() == files.len(), "expected {} lines of a length and a checksum", files.len());
    for ((_, file), (bytes, sha256)) in files.iter_mut().zip(lines) {
        file.bytes = bytes.parse().with_context(|| format!("{bytes:?} is no length"))?;
        file.sha256 = sha256.to_string().leak();
    }
    Ok(())
}
