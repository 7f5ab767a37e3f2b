//! One training a folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};

use crate::advice::Advice;
use crate::program::{command_line, complain};

/// The name of the file that is locked.
const NAME: &str = ".train.lock";
/// Attempts to lock a file that others remove at the same time.
const ATTEMPTS: usize = 100;

/// Keeps other trainings out of a folder until it is dropped or the process ends, however it ends: the system itself drops
/// the locks of a dead process.
#[derive(Debug)]
pub struct FolderLock {
    path: PathBuf,
    /// None where the file system knows no locks.
    file: Option<File>,
    /// Whether the folder (not those above it) was made for this training.
    made: bool,
}

impl FolderLock {
    /// Locks a folder, which is made where it is missing.
    ///
    /// # Errors
    /// Where another training holds the lock, or the folder cannot be written to.
    pub fn take(folder: &Path) -> anyhow::Result<FolderLock> {
        FolderLock::lock(folder, || "name another folder with --out".to_owned())
    }

    /// Locks a folder; where it cannot be written to, `hint` says what to do.
    fn lock(folder: &Path, hint: impl Fn() -> String) -> anyhow::Result<FolderLock> {
        let path = folder.join(NAME);
        let refused = |problem| Err(problem).with_context(|| format!("cannot write {}", path.display())).advice(&hint);
        let (mut made, mut removed) = (false, None);
        for _ in 0..ATTEMPTS {
            let file = match open(&path, &mut made) {
                // Whoever made the folder, and wrote nothing, removes it.
                Err(problem) if matches!(problem.kind(), ErrorKind::NotFound | ErrorKind::AlreadyExists) => {
                    removed = Some(problem);
                    continue;
                }
                Err(problem) => return refused(problem),
                Ok(file) => file,
            };
            removed = None;
            match file.try_lock() {
                // Whoever ends removes the file: this may be one that has no name any more.
                Ok(()) if !is_file_of(&path, &file) => continue,
                Ok(()) => return Ok(FolderLock { path, file: Some(file), made }),
                Err(TryLockError::WouldBlock) => {
                    let problem = anyhow!("another training is writing into the folder {}", folder.display());
                    return Err(problem).advice(|| "wait for its end, or name another folder with --out".to_owned());
                }
                Err(TryLockError::Error(problem)) => {
                    complain(&format!(
                        "cannot lock {}: {problem}; see to it that no other training writes there",
                        path.display()
                    ));
                    return Ok(FolderLock { path, file: None, made });
                }
            }
        }
        if let Some(problem) = removed {
            return refused(problem);
        }
        bail!("cannot lock {}: others make and remove it all the time", path.display())
    }

    /// Locks the folder again where it was removed meanwhile.
    ///
    /// # Errors
    /// Where another training came first, or the folder cannot be written to any more.
    pub fn renew(&mut self) -> anyhow::Result<()> {
        let lost = self.file.as_ref().is_some_and(|file| !is_file_of(&self.path, file));
        if lost {
            let folder = self.path.parent().expect("a file in a folder").to_owned();
            let made = self.made;
            *self = FolderLock::lock(&folder, || {
                format!("when that is mended, get it with `{}`", command_line("--resume", "--restart"))
            })?;
            self.made |= made;
        }
        Ok(())
    }
}

impl Drop for FolderLock {
    /// Removes the file, where that is safe; it is still locked then. And the folder, where it was made for a training that left nothing.
    fn drop(&mut self) {
        if let Some(file) = &self.file
            && cfg!(unix)
            && is_file_of(&self.path, file)
        {
            let _ = fs::remove_file(&self.path);
            if self.made {
                // (A folder that is not empty is not removed.)
                let _ = fs::remove_dir(self.path.parent().expect("a file in a folder"));
            }
        }
    }
}

/// The file to lock, in a folder that is made where it is missing; then `made` becomes true.
fn open(path: &Path, made: &mut bool) -> io::Result<File> {
    let folder = path.parent().expect("a file in a folder");
    if let Some(above) = folder.parent() {
        fs::create_dir_all(above)?;
        match fs::create_dir(folder) {
            Ok(()) => *made = true,
            Err(_) if folder.is_dir() => {}
            Err(problem) => return Err(problem),
        }
    }
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Whether the open file is the one that has this name now.
#[cfg(unix)]
fn is_file_of(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |metadata: io::Result<fs::Metadata>| metadata.map(|metadata| (metadata.dev(), metadata.ino())).ok();
    identity(fs::metadata(path)).is_some_and(|named| identity(file.metadata()) == Some(named))
}

/// Whether the open file is the one that has this name now: an open file keeps its name here.
#[cfg(not(unix))]
fn is_file_of(path: &Path, _: &File) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let lock = FolderLock::take(&out).unwrap();
        let message = FolderLock::take(&out).unwrap_err().to_string();
        assert!(message.contains("another training") && message.contains("--out"), "{message}");
        drop(lock);
        drop(FolderLock::take(&out).unwrap());
        assert!(!out.exists(), "a folder that was made for nothing");
        // A file that a dead process left behind.
        fs::create_dir(&out).unwrap();
        fs::write(out.join(NAME), "").unwrap();
        drop(FolderLock::take(&out).unwrap());
        assert!(out.exists(), "a folder that was there before");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_was_removed_is_locked_again_unless_another_came_first() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let mut lock = FolderLock::take(&out).unwrap();
        lock.renew().unwrap();
        fs::remove_dir_all(&out).unwrap();
        lock.renew().unwrap();
        assert!(FolderLock::take(&out).is_err());
        fs::remove_dir_all(&out).unwrap();
        let other = FolderLock::take(&out).unwrap();
        assert!(lock.renew().is_err());
        drop(lock);
        assert!(FolderLock::take(&out).is_err(), "the lock of the other is still there");
        drop(other);
        assert!(!out.join(NAME).exists());
    }
}
