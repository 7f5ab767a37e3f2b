//! Files that are there as a whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Writes a file under a temporary name beside its target, syncs it, and renames it: nobody ever sees half of it.
///
/// # Errors
/// What the file system says.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = temporary_in(folder_of(path))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// The folder that a program writes its results into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFolder(PathBuf);

impl OutputFolder {
    /// Makes the folder where it is missing, and finds out by trying whether `files` could be written there; so a program
    /// that cannot keep its results says so before it computes them.
    ///
    /// # Errors
    /// Where the folder cannot be made or written to, or one of the names belongs to a folder.
    pub fn prepare(path: &Path, files: &[&str]) -> anyhow::Result<OutputFolder> {
        let hint = || format!("cannot write into the output folder {}; name another one with --out", path.display());
        fs::create_dir_all(path).with_context(hint)?;
        let mut probe = temporary_in(path).with_context(hint)?;
        probe.write_all(b"probe").and_then(|()| probe.close()).with_context(hint)?;
        for file in files {
            let target = path.join(file);
            anyhow::ensure!(
                !target.is_dir(),
                "cannot write {}: a folder has this name; move it away, or name another output folder with --out",
                target.display()
            );
        }
        Ok(OutputFolder(path.to_owned()))
    }

    /// A file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file into the folder, all or nothing, and returns its path.
    ///
    /// # Errors
    /// What the file system says, with the path.
    pub fn write(&self, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
        let path = self.file(name);
        write_atomically(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

fn temporary_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".unfinished-");
    #[cfg(unix)]
    {
        // As readable as any new file; temporary files are for their owner alone otherwise.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_stays_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_atomically(&path, b"first").unwrap();
        write_atomically(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        fs::create_dir(folder.path().join("taken")).unwrap();
        write_atomically(&folder.path().join("taken"), b"x").unwrap_err();
        assert_eq!(names(folder.path()), ["a.txt", "taken"]);
    }

    #[test]
    fn an_output_folder_is_made_and_left_empty() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("a/b");
        OutputFolder::prepare(&out, &["x.png"]).unwrap();
        assert_eq!(names(&out), [""; 0]);
    }

    #[test]
    fn what_cannot_be_written_is_found_out_beforehand() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for out in [&file, &file.join("below")] {
            let error = format!("{:#}", OutputFolder::prepare(out, &[]).unwrap_err());
            assert!(error.contains("--out") && error.contains("file"), "{error}");
        }
        fs::create_dir(folder.path().join("x.png")).unwrap();
        let error = OutputFolder::prepare(folder.path(), &["x.png"]).unwrap_err().to_string();
        assert!(error.contains("a folder has this name"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn others_may_read_what_we_write() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
        write_atomically(&ours, b"").unwrap();
        fs::write(&plain, b"").unwrap();
        let mode = |path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&ours), mode(&plain));
    }
}
