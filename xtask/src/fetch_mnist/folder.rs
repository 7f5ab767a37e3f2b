//! The folder that the files go into: one download at a time, and names only for whole files.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use datasets::mnist::MnistFile;

use crate::console::tell;

/// A folder that nobody else downloads into as long as this value lives.
pub(super) struct Folder {
    path: PathBuf,
    /// The lock ends with the process, however that ends.
    _lock: File,
}

impl Folder {
    /// Makes the folder where there is none, and waits for another download into it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).with_context(|| match path.ancestors().find(|part| part.is_file()) {
            Some(file) => format!("{} is a file, but a folder is needed there", file.display()),
            None => format!("cannot create the folder {}", path.display()),
        })?;
        let lock = path.join(".fetch-mnist.lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&lock);
        let file = file.with_context(|| format!("cannot write into the folder {}", path.display()))?;
        let locked = match file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                tell(format_args!("another download into {} is under way; waiting for it", path.display()));
                file.lock()
            }
            Err(TryLockError::Error(problem)) => Err(problem),
        };
        // Without a lock, another download could change a file between its verification and its renaming.
        locked.with_context(|| {
            format!("cannot lock {}; fetch into a folder on another file system with --dir", lock.display())
        })?;
        Ok(Self { path: path.to_path_buf(), _lock: file })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where a file grows before it is whole.
    pub(super) fn part(&self, file: &MnistFile) -> PathBuf {
        self.path.join(format!("{}.part", file.name))
    }

    /// Gives a verified file its name, once its bytes are on the disk; the folder's entry follows.
    pub(super) fn publish(&self, file: &MnistFile) -> Result<()> {
        let (part, target) = (self.part(file), self.path.join(file.name));
        let on_disk = OpenOptions::new().write(true).open(&part).and_then(|part| part.sync_all());
        on_disk.with_context(|| format!("cannot write {}", part.display()))?;
        fs::rename(&part, &target).with_context(|| format!("cannot put {} in its place", target.display()))?;
        #[cfg(unix)]
        let _ = File::open(&self.path).and_then(|folder| folder.sync_all());
        Ok(())
    }
}

/// Removes what stands at a path, if anything does.
pub(super) fn discard(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(problem) if problem.kind() != std::io::ErrorKind::NotFound => Err(problem),
        _ => Ok(()),
    }
}
