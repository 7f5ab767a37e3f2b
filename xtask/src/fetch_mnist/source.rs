//! Where files come from: a folder or a web address.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Error, ensure};
use datasets::mnist::MnistFile;

use super::catalogue::Catalogue;
use super::download::{Client, Failure};
use super::folder::{self, Folder};
use super::progress::Progress;

/// A folder, or a web address that a file's name is appended to.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Folder(PathBuf),
    Web(String),
}

impl FromStr for Source {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let Some((scheme, _)) = text.split_once("://") else { return Ok(Source::Folder(text.into())) };
        ensure!(["http", "https"].contains(&scheme), "a web address begins with https:// or http://");
        Ok(Source::Web(format!("{}/", text.trim_end_matches('/'))))
    }
}

impl Source {
    /// Whether it is a web address.
    pub(super) fn is_web(&self) -> bool {
        matches!(self, Source::Web(_))
    }

    /// Where a file of this source is.
    pub(super) fn location(&self, file: &MnistFile) -> String {
        match self {
            Source::Folder(dir) => dir.join(file.name).display().to_string(),
            Source::Web(base) => format!("{base}{}", file.name),
        }
    }

    /// Brings a file into the folder, under its name only once it is known to be the published one.
    pub(super) fn get(
        &self,
        file: &MnistFile,
        folder: &Folder,
        client: &Client<'_>,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let part = folder.part(file);
        match self {
            Source::Folder(from) => copy(file, from, &part, client.catalogue())?,
            Source::Web(_) => client.download(&self.location(file), file, &part, progress)?,
        }
        folder.publish(file).map_err(Failure::Local)
    }
}

/// Copies a file out of a folder, where it may stand under either spelling of its compressed name.
fn copy(file: &MnistFile, from: &Path, part: &Path, catalogue: &Catalogue) -> Result<(), Failure> {
    let spellings = file.spellings().into_iter().map(|name| from.join(name));
    let Some(found) =
        spellings.filter(|path| MnistFile::is_compressed(path)).find(|path| path.is_symlink() || path.exists())
    else {
        if !from.is_dir() {
            return Err(Failure::refused(super::no_folder(from)));
        }
        let unpacked = file.path_in(from).is_some();
        let hint = if unpacked { "; it is there unpacked: use that folder as it is, with --data-dir" } else { "" };
        return Err(Failure::refused(format!("no such file{hint}")));
    };
    catalogue.check(file, &found).map_err(Failure::refused)?;
    // The content alone: a file copied from a read-only folder is not read-only here.
    let content = fs::read(&found).map_err(|problem| Failure::refused(problem.to_string()))?;
    let write = folder::discard(part).and_then(|()| File::create_new(part)?.write_all(&content));
    write.map_err(|problem| Failure::disk(part, problem))?;
    // What was verified may have changed before it was copied.
    catalogue.check(file, part).map_err(|problem| {
        let _ = folder::discard(part);
        Failure::refused(problem)
    })
}
