//! Files on the disk.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::error::Error;

/// A new name is on the disk when its folder is.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// How much of the beginning of a file [`read_file`] shows.
const START: u64 = 64;

/// The content of a plain file. First `check` is shown its beginning and its length, so that something else, however
/// large it is, is refused at once.
pub(crate) fn read_file(path: &Path, check: impl FnOnce(&[u8], u64) -> Result<(), Error>) -> Result<Vec<u8>, Error> {
    let problem = |problem| Error::Read { path: path.to_path_buf(), problem };
    let (file, len) = open_plain(path).map_err(problem)?;
    let mut bytes = Vec::new();
    (&file).take(START.min(len)).read_to_end(&mut bytes).map_err(problem)?;
    check(&bytes, len)?;
    let rest = len - bytes.len() as u64;
    let reserved = usize::try_from(rest).ok().and_then(|rest| bytes.try_reserve_exact(rest).ok());
    reserved.ok_or_else(|| problem(io::ErrorKind::OutOfMemory.into()))?;
    // A file that grows meanwhile is read as long as it was.
    file.take(rest).read_to_end(&mut bytes).map_err(problem)?;
    Ok(bytes)
}

/// A plain file and its length. (A pipe would block on opening, a device may have no end.)
fn open_plain(path: &Path) -> io::Result<(File, u64)> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a plain file"));
    }
    Ok((File::open(path)?, metadata.len()))
}
