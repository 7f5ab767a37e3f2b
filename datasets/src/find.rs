//! Where the files of a data set are.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::error::{Error, NamedBy};
use crate::mnist::MnistKind;

/// Finds the folder that holds a data set.
///
/// The first of these that applies decides:
/// 1. the folder that the caller names,
/// 2. the one that the environment names (`MNIST_DIR`, `FASHION_MNIST_DIR`),
/// 3. `data/<name>` in the current folder or the nearest above it, where one of the files is there,
/// 4. `datasets/<name>` in the user's cache folder ([`cache_dir`]), likewise.
///
/// # Errors
/// [`Error::NotFound`] if no folder was named and none of the usual ones holds any of the files: the only error after
/// which it is right to go on without the data set. [`Error::NothingThere`] if the folder that was named holds none,
/// [`Error::Incomplete`] if some files are there and others are not.
pub fn find(kind: MnistKind, named: Option<&Path>) -> Result<PathBuf, Error> {
    let start = env::current_dir().unwrap_or_default();
    find_with(kind, named, |variable| env::var_os(variable).filter(|value| !value.is_empty()), &start)
}

/// The user's folder for files that can be fetched again: `XDG_CACHE_HOME` or `~/.cache`, on macOS `~/Library/Caches`,
/// on Windows `%LOCALAPPDATA%`. None where the environment does not tell.
pub fn cache_dir() -> Option<PathBuf> {
    cache_dir_with(|variable| env::var_os(variable).filter(|value| !value.is_empty()))
}

fn find_with(
    kind: MnistKind,
    named: Option<&Path>,
    environment: impl Fn(&str) -> Option<OsString>,
    start: &Path,
) -> Result<PathBuf, Error> {
    let from_environment = environment(kind.environment_variable()).map(PathBuf::from);
    if let Some(dir) = named {
        return complete(kind, dir, NamedBy::Caller).map(|_| dir.to_path_buf());
    }
    if let Some(dir) = from_environment {
        return complete(kind, &dir, NamedBy::Environment(kind.environment_variable())).map(|_| dir);
    }
    let data = Path::new("data").join(kind.name());
    let mut looked: Vec<PathBuf> = start.ancestors().map(|folder| folder.join(&data)).collect();
    looked.extend(cache_dir_with(environment).map(|cache| cache.join("datasets").join(kind.name())));
    match looked.iter().find(|dir| holds_any(kind, dir)) {
        Some(dir) => complete(kind, dir, NamedBy::Caller).map(|_| dir.clone()),
        None => Err(Error::NotFound { kind, looked }),
    }
}

/// The paths of the four files, in the order of [`MnistKind::files`], if all are there.
pub(crate) fn complete(kind: MnistKind, dir: &Path, named_by: NamedBy) -> Result<Vec<PathBuf>, Error> {
    let files = kind.files();
    let missing: Vec<&'static str> =
        files.iter().filter(|file| file.path_in(dir).is_none()).map(|file| file.name).collect();
    if missing.len() == files.len() {
        return Err(Error::NothingThere { kind, dir: dir.to_path_buf(), named_by });
    }
    if !missing.is_empty() {
        return Err(Error::Incomplete { kind, dir: dir.to_path_buf(), missing });
    }
    Ok(files.iter().filter_map(|file| file.path_in(dir)).collect())
}

fn holds_any(kind: MnistKind, dir: &Path) -> bool {
    kind.files().iter().any(|file| file.path_in(dir).is_some())
}

fn cache_dir_with(environment: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = |variable: &str| environment(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    if cfg!(windows) {
        path("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        path("XDG_CACHE_HOME").or_else(|| path("HOME").map(|home| home.join("Library").join("Caches")))
    } else {
        path("XDG_CACHE_HOME").or_else(|| path("HOME").map(|home| home.join(".cache")))
    }
}
