//! Where files come from: a folder or a web address.

use std::convert::Infallible;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use datasets::mnist::MnistFile;

use super::download::{Client, Failure};
use super::folder;
use super::progress::Progress;

/// A folder, or a web address that a file's name is appended to.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Folder(PathBuf),
    Web(String),
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let web = text.starts_with("http://") || text.starts_with("https://");
        Ok(if web { Source::Web(format!("{}/", text.trim_end_matches('/'))) } else { Source::Folder(text.into()) })
    }
}

impl Source {
    /// Where a file of this source is.
    pub(super) fn location(&self, file: &MnistFile) -> String {
        match self {
            Source::Folder(dir) => dir.join(file.name).display().to_string(),
            Source::Web(base) => format!("{base}{}", file.name),
        }
    }

    /// Brings a file into the folder `dir`, under its name only once it is known to be the published one.
    pub(super) fn get(
        &self,
        file: &MnistFile,
        dir: &Path,
        client: &Client,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let part = folder::part_path(file, dir);
        match self {
            Source::Folder(from) => copy(file, from, &part)?,
            Source::Web(_) => client.download(&self.location(file), file, &part, progress)?,
        }
        folder::publish(file, dir).map_err(Failure::Local)
    }
}

/// Copies a file out of a folder, where it may stand under either spelling of its compressed name.
fn copy(file: &MnistFile, from: &Path, part: &Path) -> Result<(), Failure> {
    let spellings = file.spellings().into_iter().map(|name| from.join(name));
    let Some(found) = spellings.filter(|path| MnistFile::is_compressed(path)).find(|path| path.exists()) else {
        let unpacked = file.path_in(from).is_some();
        let hint = if unpacked { "; it is there unpacked: use that folder as it is, with --data-dir" } else { "" };
        return Err(Failure::refused(format!("no such file{hint}")));
    };
    file.verify(&found).map_err(|problem| Failure::refused(problem.to_string()))?;
    // The content alone: a file copied from a read-only folder is not read-only here.
    let content = fs::read(&found).map_err(|problem| Failure::refused(problem.to_string()))?;
    let write = |mut target: File| target.write_all(&content).and_then(|()| target.sync_all());
    File::create(part).and_then(write).map_err(|problem| Failure::disk(part, problem))?;
    // What was verified may have changed before it was copied.
    file.verify(part).map_err(|problem| {
        let _ = fs::remove_file(part);
        Failure::refused(problem.to_string())
    })
}
