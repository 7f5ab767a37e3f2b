//! The folder that the files go into: one download at a time, and names only for whole files.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use datasets::mnist::MnistFile;

/// Makes sure that no other download writes into the folder, and waits for one that does. The lock ends with the
/// process, however that ends.
pub(super) fn lock(dir: &Path) -> Result<File> {
    let path = dir.join(".fetch-mnist.lock");
    let file = File::create(&path).with_context(|| format!("cannot write into the folder {}", dir.display()))?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            eprintln!("another download into {} is under way; waiting for it", dir.display());
            file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        }
        // Some network file systems have no locks. Two downloads at once would end in a wrong checksum at worst.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    Ok(file)
}

/// Where a file grows before it is whole.
pub(super) fn part_path(file: &MnistFile, dir: &Path) -> PathBuf {
    dir.join(format!("{}.part", file.name))
}

/// Gives a whole file its name. Its bytes are on the disk already; the folder's entry follows.
pub(super) fn publish(file: &MnistFile, dir: &Path) -> Result<()> {
    let (part, target) = (part_path(file, dir), dir.join(file.name));
    fs::rename(&part, &target).with_context(|| format!("cannot rename {} to {}", part.display(), file.name))?;
    #[cfg(unix)]
    let _ = File::open(dir).and_then(|dir| dir.sync_all());
    Ok(())
}
