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

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    /// A place with folders in it, and an environment.
    struct World {
        root: TempDir,
        environment: Vec<(&'static str, PathBuf)>,
    }

    impl World {
        fn new() -> Self {
            Self { root: TempDir::new().unwrap(), environment: Vec::new() }
        }

        fn path(&self, path: &str) -> PathBuf {
            self.root.path().join(path)
        }

        /// A folder with the first so many of the four files.
        fn folder(&self, path: &str, files: usize) -> PathBuf {
            let dir = self.path(path);
            fs::create_dir_all(&dir).unwrap();
            for file in &MnistKind::Mnist.files()[..files] {
                fs::write(dir.join(file.name), b"").unwrap();
            }
            dir
        }

        fn set(&mut self, variable: &'static str, path: &str) {
            self.environment.push((variable, self.path(path)));
        }

        fn find(&self, named: Option<&Path>, start: &str) -> Result<PathBuf, Error> {
            let environment = |variable: &str| {
                let found = self.environment.iter().find(|(name, _)| *name == variable);
                found.map(|(_, path)| path.clone().into_os_string())
            };
            find_with(MnistKind::Mnist, named, environment, &self.path(start))
        }
    }

    #[test]
    fn the_nearer_name_wins() {
        let mut world = World::new();
        let cache = world.folder("cache/datasets/mnist", 4);
        world.set(if cfg!(windows) { "LOCALAPPDATA" } else { "XDG_CACHE_HOME" }, "cache");
        fs::create_dir_all(world.path("project/src")).unwrap();
        assert_eq!(world.find(None, "project/src").unwrap(), cache);
        let above = world.folder("project/data/mnist", 4);
        assert_eq!(world.find(None, "project/src").unwrap(), above);
        let here = world.folder("project/src/data/mnist", 4);
        assert_eq!(world.find(None, "project/src").unwrap(), here);
        let from_environment = world.folder("elsewhere", 4);
        world.set("MNIST_DIR", "elsewhere");
        assert_eq!(world.find(None, "project/src").unwrap(), from_environment);
        let named = world.folder("named", 4);
        assert_eq!(world.find(Some(&named), "project/src").unwrap(), named);
    }

    #[test]
    fn an_empty_folder_on_the_way_is_passed_over() {
        let world = World::new();
        world.folder("project/src/data/mnist", 0);
        let above = world.folder("project/data/mnist", 4);
        assert_eq!(world.find(None, "project/src").unwrap(), above);
    }

    #[test]
    fn nothing_anywhere_is_told_apart_from_nothing_in_a_named_folder() {
        let mut world = World::new();
        let Err(Error::NotFound { looked, .. }) = world.find(None, "project") else { panic!("nothing is there") };
        assert_eq!(looked[0], world.path("project/data/mnist"));
        assert_eq!(looked[1], world.path("data/mnist"));
        let message = Error::NotFound { kind: MnistKind::Mnist, looked }.to_string();
        assert!(message.starts_with("MNIST not found; looked in "), "{message}");
        assert!(message.ends_with("get it with `cargo xtask fetch-mnist`"), "{message}");

        let empty = world.folder("empty", 0);
        let message = world.find(Some(&empty), "project").unwrap_err().to_string();
        assert!(message.contains("no file of MNIST in") && message.contains("--dir"), "{message}");
        world.set("MNIST_DIR", "nowhere");
        let message = world.find(None, "project").unwrap_err().to_string();
        assert!(message.contains("nowhere") && message.contains("MNIST_DIR names"), "{message}");
        assert!(message.contains("there is no such folder"), "{message}");
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn the_cache_folder_follows_the_environment() {
        let cache = |pairs: &'static [(&str, &str)]| {
            cache_dir_with(|variable| pairs.iter().find(|(name, _)| *name == variable).map(|(_, path)| path.into()))
        };
        assert_eq!(cache(&[("HOME", "/home/me")]), Some(PathBuf::from("/home/me/.cache")));
        assert_eq!(cache(&[("HOME", "/home/me"), ("XDG_CACHE_HOME", "/fast")]), Some(PathBuf::from("/fast")));
        // A relative path is to be ignored, says the specification.
        assert_eq!(cache(&[("HOME", "/home/me"), ("XDG_CACHE_HOME", "x")]), Some(PathBuf::from("/home/me/.cache")));
        assert_eq!(cache(&[]), None);
    }

    #[test]
    fn a_part_of_the_files_is_an_error_that_names_the_others() {
        let world = World::new();
        world.folder("data/mnist", 2);
        let message = world.find(None, "").unwrap_err().to_string();
        assert!(
            message.contains("t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz of MNIST are missing"),
            "{message}"
        );
        assert!(message.contains("complete it with `cargo xtask fetch-mnist --dir"), "{message}");
    }
}
