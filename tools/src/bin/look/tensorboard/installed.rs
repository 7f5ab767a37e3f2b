//! TensorBoard in a Python environment of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use tools::python::{PythonEnvironment, succeed};

/// The release that is installed.
pub(crate) const PACKAGE: &str = "tensorboard==2.21.0";
const READER: &str = include_str!("read_events.py");

/// A Python environment that has TensorBoard.
#[derive(Debug)]
pub(crate) struct Installed(PythonEnvironment);

impl Installed {
    /// The one below `target`, where it is there.
    pub(crate) fn find() -> anyhow::Result<Option<Installed>> {
        Ok(PythonEnvironment::find(&place()?, PACKAGE).map(Installed))
    }

    /// A new one below `target`, from the Python Package Index.
    ///
    /// # Errors
    /// Where there is no Python 3 with its module `venv`, or the package cannot be had.
    pub(crate) fn install() -> anyhow::Result<Installed> {
        PythonEnvironment::install(&place()?, PACKAGE).map(Installed)
    }

    /// What TensorBoard's own reader finds in a folder of event files, as JSON.
    pub(crate) fn read(&self, folder: &Path) -> anyhow::Result<String> {
        succeed(self.python().args(["-c", READER]).arg(folder))
    }

    /// Its Python.
    pub(crate) fn python(&self) -> Command {
        self.0.python()
    }
}

/// Where the environment is: beside the folder of this program, which is `target/debug`, say.
fn place() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("where is this program?")?;
    let target = program.ancestors().nth(2).context("the folder of this program lies in another")?;
    Ok(target.join("tensorboard"))
}
