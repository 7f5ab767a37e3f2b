//! Files that are whole or not there.

use std::error::Error as _;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::file::sync_folder;

/// Writes a file, or replaces it, in such a way that never half of it is seen under its name, whenever the program is
/// killed or the power fails: the bytes go to a temporary file beside it, reach the disk, and then it is renamed.
///
/// # Errors
/// Where it cannot be written, or something that is not a file has its name. What was there before is then still there.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let write = |problem| Error::Write { path: path.to_path_buf(), problem: without_path(problem) };
    replace(path, bytes).map_err(write)
}

/// Finds out by trying whether files can be written into a folder.
///
/// # Errors
/// Where they cannot: what the system says.
pub fn try_to_write(folder: &Path) -> io::Result<()> {
    let probe = || {
        let mut probe = tempfile::NamedTempFile::new_in(folder)?;
        probe.write_all(b"probe")?;
        probe.close()
    };
    probe().map_err(without_path)
}

/// What the system says, without the name of the temporary file, of which nobody has heard.
fn without_path(error: io::Error) -> io::Error {
    let inner = error.source().and_then(|inner| inner.downcast_ref::<io::Error>());
    inner.and_then(io::Error::raw_os_error).map_or(error, io::Error::from_raw_os_error)
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = target(path)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".unfinished-");
    // A temporary file is the owner's alone; this one is to be as any other file is.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(&path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// The file to replace: where a link leads to, and nothing but a plain file.
fn target(path: &Path) -> io::Result<PathBuf> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => fs::canonicalize(path),
        Ok(_) => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is there already and not a plain file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path.to_path_buf()),
        Err(error) => Err(error),
    }
}
