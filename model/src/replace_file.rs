//! Files that are whole or not there.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::Error;
use crate::file::sync_folder;

/// Writes a file, or replaces it, in such a way that never half of it is seen under its name, whenever the program is
/// killed or the power fails: the bytes go to a temporary file beside it, reach the disk, and then it is renamed.
///
/// # Errors
/// Where it cannot be written, or something that is not a file has its name. What was there before is then still there.
pub fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    replace(path, bytes).map_err(|problem| Error::Write { path: path.to_path_buf(), problem })
}

/// Finds out by trying whether files can be written into a folder, and removed.
///
/// # Errors
/// Where they cannot: what the system says.
pub fn try_to_write(folder: &Path) -> io::Result<()> {
    let mut probe = temporary_file(folder)?;
    probe.as_file_mut().write_all(b"probe")?;
    // By hand, for `close` would add the name.
    let path = probe.into_temp_path().keep().map_err(|error| error.error)?;
    fs::remove_file(path)
}

/// A new file that is removed unless it gets another name. What goes wrong is told without its own name, of which nobody has
/// heard: so it is opened, and must be written to, past `tempfile`, which would add that name.
fn temporary_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let made = tempfile::Builder::new().prefix(".unfinished-").make_in(folder, |path| options.open(path));
    made.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound if !folder.exists() => {
            io::Error::new(error.kind(), format!("there is no folder {}", folder.display()))
        }
        _ => error,
    })
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = target(path)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut file = temporary_file(folder)?;
    file.as_file_mut().write_all(bytes)?;
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
