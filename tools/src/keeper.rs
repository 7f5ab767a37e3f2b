//! Keeps the checkpoints of a training.

use std::cell::OnceCell;
use std::path::PathBuf;

use anyhow::Context;
use model::{CheckpointFiles, Event, Images, Network, Origin, Training};

use crate::data::Data;
use crate::lock::FolderLock;

/// What a training began from; the checksums of the images, which take a moment, are computed when they are wanted.
#[derive(Debug)]
pub struct LazyOrigin<'a> {
    first_params: [u8; 32],
    data: &'a Data,
    origin: OnceCell<Origin>,
}

impl<'a> LazyOrigin<'a> {
    /// Of a training of `network`, which has not learned anything yet.
    pub fn new(network: &Network, data: &'a Data) -> Self {
        LazyOrigin { first_params: Origin::weights_sha256(network), data, origin: OnceCell::new() }
    }

    /// The origin.
    pub fn get(&self) -> &Origin {
        self.origin.get_or_init(|| Origin {
            first_params: self.first_params,
            data: self.data.title.clone(),
            train: Images::of(&self.data.splits.train),
            test: Images::of(&self.data.splits.test),
        })
    }
}

/// Writes checkpoints as a training goes on. A checkpoint that cannot be written does not stop the training: the disk may
/// have room again at the next.
#[derive(Debug)]
pub struct Keeper<'a> {
    files: CheckpointFiles,
    lock: FolderLock,
    origin: LazyOrigin<'a>,
    /// Steps between two checkpoints; an epoch where it is none.
    every: Option<usize>,
    /// Whether something happened since the last checkpoint.
    news: bool,
    /// Whether a checkpoint is to follow as soon as the network is evaluated.
    postponed: bool,
    /// Whether the last checkpoint could not be written.
    failing: bool,
}

impl<'a> Keeper<'a> {
    /// Keeps checkpoints in the folder of `lock`.
    pub fn new(files: CheckpointFiles, lock: FolderLock, origin: LazyOrigin<'a>, every: Option<usize>) -> Self {
        Keeper { files, lock, origin, every, news: false, postponed: false, failing: false }
    }

    /// The file of the newest checkpoint.
    pub fn path(&self) -> PathBuf {
        self.files.newest()
    }

    /// What the training began from.
    pub fn origin(&self) -> &Origin {
        self.origin.get()
    }

    /// Makes sure, before something is written, that the folder is still this training's own: it may have been removed.
    ///
    /// # Errors
    /// Where another training has taken its place.
    pub fn hold_folder(&mut self) -> anyhow::Result<()> {
        self.lock.renew().with_context(|| format!("cannot write {}", self.path().display()))
    }

    /// Writes a checkpoint where it is time for one; says what the user should know about it.
    pub fn event(&mut self, event: &Event, training: &Training<'_>) -> Option<String> {
        let due = match (event, self.every) {
            (&Event::Step { epoch, step, steps_per_epoch, .. }, Some(every)) => {
                ((epoch - 1) * steps_per_epoch + step).is_multiple_of(every)
            }
            (Event::Epoch { .. }, None) | (Event::Finished { .. }, _) => true,
            (Event::Epoch { .. }, Some(_)) => self.postponed,
            _ => false,
        };
        self.news |= matches!(event, Event::Step { .. } | Event::Epoch { .. });
        if !due {
            return None;
        }
        self.postponed = training.waits_for_evaluation();
        if self.postponed {
            return None;
        }
        let written = self.write(training);
        let failed = std::mem::replace(&mut self.failing, written.is_err());
        match written {
            Ok(()) => failed.then(|| format!("{} can be written again", self.path().display())),
            Err(error) => (!failed).then(|| {
                // What to do about it is said at the end, if it is still so.
                let what = format!("{error:#}");
                let what = what.lines().next().unwrap_or_default();
                format!("{what}; the training goes on without a new checkpoint")
            }),
        }
    }

    /// Writes a checkpoint, unless nothing happened since the last one, or the network has gone astray, or may have, as the
    /// evaluation that would tell is yet to come: then the last good one stays.
    ///
    /// # Errors
    /// Where it cannot be written, or another training has taken the folder.
    pub fn write(&mut self, training: &Training<'_>) -> anyhow::Result<()> {
        if self.news && !training.waits_for_evaluation() && training.is_finite() {
            self.hold_folder()?;
            self.files.write(&training.checkpoint(self.origin.get()))?;
            self.news = false;
        }
        Ok(())
    }
}
