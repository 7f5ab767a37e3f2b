//! Checkpoints on the disk: the newest, and the one before.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use super::Checkpoint;
use crate::error::Error;
use crate::file::sync_folder;

/// The checkpoints of a training in a folder. The one that is replaced is never the only copy: it stays under another name
/// until the next one is complete, and where the newest is damaged, that one is found.
///
/// Nobody else may write there at the same time: that is for the caller to see to.
#[derive(Debug, Clone)]
pub struct CheckpointFiles {
    folder: PathBuf,
}

/// What was found in a folder.
#[derive(Debug)]
pub struct Found {
    /// The newest checkpoint that is whole.
    pub checkpoint: Checkpoint,
    /// Its file.
    pub path: PathBuf,
    /// What is wrong with the newest file, where it is not that one.
    pub damaged: Option<Error>,
}

type Operation = fn(&CheckpointFiles, &[u8]) -> io::Result<()>;

impl CheckpointFiles {
    /// The newest checkpoint.
    pub const NEWEST: &str = "checkpoint.postcard";
    /// The one before.
    pub const PREVIOUS: &str = "checkpoint.previous.postcard";
    /// One that is being written; where the program was killed meanwhile, the next takes its place.
    pub const UNFINISHED: &str = "checkpoint.unfinished.postcard";
    /// One that was found to be damaged, kept for whoever wants to look into it.
    pub const DAMAGED: &str = "checkpoint.damaged.postcard";

    /// What happens to the files, one after the other, when a checkpoint is written. The program may be killed within and
    /// between them.
    const OPERATIONS: [Operation; 3] =
        [CheckpointFiles::write_beside, CheckpointFiles::keep, CheckpointFiles::put_in_place];

    /// The checkpoints in this folder.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        CheckpointFiles { folder: folder.into() }
    }

    /// The newest checkpoint's file.
    pub fn newest(&self) -> PathBuf {
        self.path(Self::NEWEST)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes the content of a checkpoint file.
    ///
    /// # Errors
    /// Where it cannot be written. What was there before is then still there.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        let written = Self::OPERATIONS.iter().try_for_each(|operation| operation(self, bytes));
        written.map_err(|problem| {
            // Half a file only takes room, where there may be too little.
            let _ = fs::remove_file(self.path(Self::UNFINISHED));
            Error::Write { path: self.newest(), problem }
        })
    }

    fn write_beside(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::create(self.path(Self::UNFINISHED))?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn keep(&self, _: &[u8]) -> io::Result<()> {
        if_there(fs::rename(self.newest(), self.path(Self::PREVIOUS)))
    }

    fn put_in_place(&self, _: &[u8]) -> io::Result<()> {
        fs::rename(self.path(Self::UNFINISHED), self.newest())?;
        sync_folder(&self.folder)
    }

    /// The newest checkpoint that is whole; `None` where there is none.
    ///
    /// # Errors
    /// Where there are checkpoints, but all are damaged; where one cannot be read, or was written by a newer program.
    pub fn find(&self) -> Result<Option<Found>, Error> {
        let damaged = match load(self.newest())? {
            Loaded::Whole(found) => return Ok(Some(*found)),
            Loaded::Damaged(problem) => Some(problem),
            Loaded::Missing => None,
        };
        match (load(self.path(Self::PREVIOUS))?, damaged) {
            (Loaded::Whole(found), damaged) => Ok(Some(Found { damaged, ..*found })),
            (_, Some(problem)) | (Loaded::Damaged(problem), None) => Err(problem),
            (Loaded::Missing, None) => Ok(None),
        }
    }

    /// Gives a damaged newest checkpoint another name, so that the next one does not take the place of the only whole one.
    ///
    /// # Errors
    /// Where it cannot be renamed.
    pub fn set_damaged_aside(&self) -> Result<PathBuf, Error> {
        let path = self.path(Self::DAMAGED);
        match fs::rename(self.newest(), &path) {
            Ok(()) => Ok(path),
            Err(problem) => Err(Error::Write { path, problem }),
        }
    }

    /// Removes all checkpoints: a new training begins.
    ///
    /// # Errors
    /// Where one cannot be removed.
    pub fn remove(&self) -> Result<(), Error> {
        // The newest last: what is left, should this be cut short, is a training that is known to be the latest.
        for name in [Self::UNFINISHED, Self::PREVIOUS, Self::NEWEST] {
            let path = self.path(name);
            if_there(fs::remove_file(&path)).map_err(|problem| Error::Write { path, problem })?;
        }
        Ok(())
    }
}

/// A file that was looked for.
enum Loaded {
    Whole(Box<Found>),
    Damaged(Error),
    Missing,
}

fn load(path: PathBuf) -> Result<Loaded, Error> {
    match Checkpoint::load(&path) {
        Ok(checkpoint) => Ok(Loaded::Whole(Box::new(Found { checkpoint, path, damaged: None }))),
        Err(Error::Read { problem, .. }) if problem.kind() == ErrorKind::NotFound => Ok(Loaded::Missing),
        Err(Error::Checkpoint { problem, path }) if !problem.is_newer_version() => {
            Ok(Loaded::Damaged(Error::Checkpoint { problem, path }))
        }
        Err(error) => Err(error),
    }
}

/// A file that is not there needs not be moved away.
fn if_there(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Network, NetworkSpec, Trainer, TrainerConfig};
    use crate::{checkpoint, spec::LayerSpec};

    /// A checkpoint of a training that is to have so many epochs.
    fn checkpoint(epochs: usize) -> Vec<u8> {
        let layers = vec![LayerSpec::Affine { outputs: 2, init: layers::Init::default() }];
        let network = Network::build(NetworkSpec { input: vec![1], layers }, 0).unwrap();
        let trainer = Trainer::new(TrainerConfig { epochs, ..TrainerConfig::default() }).unwrap();
        let images = super::super::Images { count: 1, sha256: [0; 32] };
        let origin =
            super::super::Origin { first_params: [0; 32], data: "one".to_string(), train: images, test: images };
        checkpoint::to_bytes(&trainer, &network, &origin)
    }

    fn epochs_of(files: &CheckpointFiles) -> usize {
        files.find().unwrap().unwrap().checkpoint.trainer.config().epochs
    }

    /// Killed after any of the operations, and at any byte of the file that is being written: the newest checkpoint that
    /// is complete is found, and the next is written as if nothing had been.
    #[test]
    fn killed_at_any_moment_the_last_whole_checkpoint_is_found() {
        let third = checkpoint(3);
        for done in 0..=CheckpointFiles::OPERATIONS.len() {
            let cuts = if done == 1 { 0..=third.len() } else { 0..=0 };
            for cut in cuts {
                let folder = tempfile::tempdir().unwrap();
                let files = CheckpointFiles::in_folder(folder.path());
                files.write(&checkpoint(1)).unwrap();
                files.write(&checkpoint(2)).unwrap();
                for operation in &CheckpointFiles::OPERATIONS[..done] {
                    operation(&files, &third).unwrap();
                }
                if done == 1 {
                    fs::write(files.path(CheckpointFiles::UNFINISHED), &third[..cut]).unwrap();
                }
                let expected = if done == CheckpointFiles::OPERATIONS.len() { 3 } else { 2 };
                assert_eq!(epochs_of(&files), expected, "{done} operations, {cut} bytes");
                files.write(&checkpoint(4)).unwrap();
                assert_eq!(epochs_of(&files), 4);
            }
        }
    }
}
