//! The folder that results are written into.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};

use crate::advice::Advice;

/// The folder that a program writes its results into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFolder(PathBuf);

impl OutputFolder {
    /// Finds out by trying whether `files` could be written into this folder, so that a program that cannot keep its results
    /// says so before it computes them; then makes the folder where it is missing.
    ///
    /// # Errors
    /// Where the folder cannot be made or written to, or one of the names belongs to a folder. Nothing is made then.
    pub fn prepare(path: &Path, files: &[&str]) -> anyhow::Result<OutputFolder> {
        OutputFolder::prepare_for(("--out", "the output folder"), path, files)
    }

    /// As [`prepare`](Self::prepare), for a folder that another flag names: the flag, and what messages call the folder.
    ///
    /// # Errors
    /// See there.
    pub fn prepare_for((flag, folder): (&str, &str), path: &Path, files: &[&str]) -> anyhow::Result<OutputFolder> {
        let prepared = OutputFolder::check_for((flag, folder), path, files)?;
        let context = || format!("cannot write into {folder} {}", path.display());
        fs::create_dir_all(path).with_context(context).advice(|| format!("name another folder with {flag}"))?;
        Ok(prepared)
    }

    /// As [`prepare_for`](Self::prepare_for), but the folder is not made before something is written into it: for a program that may
    /// refuse something else yet.
    ///
    /// # Errors
    /// See there.
    pub fn check_for((flag, folder): (&str, &str), path: &Path, files: &[&str]) -> anyhow::Result<OutputFolder> {
        let advice = || format!("name another folder with {flag}");
        let context = || format!("cannot write into {folder} {}", path.display());
        // Where it is missing, it would be made in the first folder above it that is there.
        let there = path.ancestors().find(|above| fs::symlink_metadata(above).is_ok()).unwrap_or(Path::new("."));
        if there.metadata().is_ok_and(|found| !found.is_dir()) {
            let what = if there == path { "it".to_owned() } else { there.display().to_string() };
            return Err(anyhow!("{what} is there already and no folder")).with_context(context).advice(advice);
        }
        let written = model::try_to_write(there);
        if written.is_err() && fs::symlink_metadata(there).is_err() {
            // A training that left nothing has removed it meanwhile.
            return OutputFolder::check_for((flag, folder), path, files);
        }
        written.with_context(context).advice(advice)?;
        for file in files {
            let target = path.join(file);
            let problem = match fs::metadata(&target) {
                Ok(found) if found.is_file() => continue,
                Ok(_) => anyhow!("it is there already and not a plain file"),
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                // A link that leads to itself, say.
                Err(error) => error.into(),
            };
            return Err(problem.context(format!("cannot write {}", target.display()))).advice(advice);
        }
        Ok(OutputFolder(path.to_owned()))
    }

    /// A file in the folder.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file into the folder, all or nothing, and returns its path. Where the folder was removed meanwhile, it is
    /// made again.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, model::Error> {
        let path = self.file(name);
        fs::create_dir_all(&self.0).map_err(|problem| model::Error::Write { path: path.clone(), problem })?;
        model::replace_file(&path, bytes)?;
        Ok(path)
    }
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
        assert!(error.contains("not a plain file"), "{error}");
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("loop.png", folder.path().join("loop.png")).unwrap();
            let error = OutputFolder::prepare(folder.path(), &["loop.png"]).unwrap_err().to_string();
            assert!(error.contains("cannot write") && error.contains("loop.png: "), "{error}");
        }
    }
}
