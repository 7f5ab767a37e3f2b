//! Settings of a training.

use datasets::{Sampling, Scaling};
use optim::{OptimizerConfig, Schedule, weight_decay};

use crate::error::Error;
#[cfg(doc)]
use crate::{network::Network, trainer::Trainer};

/// Settings of a [`Trainer`].
#[derive(Debug, Clone, PartialEq)]
pub struct TrainerConfig {
    /// How often the network sees the training images; 1 or more.
    pub epochs: usize,
    /// Images in a step (the book's `mini_batch_size`); 1 or more.
    pub batch_size: usize,
    /// The optimizer, with its learning rate.
    pub optimizer: OptimizerConfig,
    /// How the learning rate changes; time is counted in epochs.
    pub schedule: Schedule,
    /// The book's `weight_decay_lambda`: see [`optim::weight_decay`].
    pub weight_decay: f64,
    /// How batches are drawn.
    pub sampling: Sampling,
    /// The seed of the order of the images and of dropout. (The first weights have their own: see
    /// [`Network::build`].)
    pub seed: u64,
    /// How many images of each set are looked at after an epoch, the first ones; `None` is all of them (the book's
    /// `evaluate_sample_num_per_epoch`).
    pub eval_samples: Option<usize>,
    /// How pixels become numbers.
    pub scaling: Scaling,
}

impl Default for TrainerConfig {
    /// The book's: 20 epochs, batches of 100, Adam of learning rate 0.001, evaluation on 1,000 images; but each epoch
    /// goes through all images once, where the book draws with replacement ([`Sampling::Book`]).
    fn default() -> Self {
        TrainerConfig {
            epochs: 20,
            batch_size: 100,
            optimizer: OptimizerConfig::default(),
            schedule: Schedule::default(),
            weight_decay: 0.0,
            sampling: Sampling::Epoch,
            seed: 0,
            eval_samples: Some(1000),
            scaling: Scaling::Unit,
        }
    }
}

impl TrainerConfig {
    /// Refuses settings that cannot work.
    ///
    /// # Errors
    /// Names the setting, and what it may be.
    pub fn validate(&self) -> Result<(), Error> {
        at_least_1("the number of epochs", self.epochs)?;
        at_least_1("the batch size", self.batch_size)?;
        at_least_1("the number of images to evaluate", self.eval_samples.unwrap_or(1))?;
        self.optimizer.validate()?;
        self.schedule.validate()?;
        weight_decay::validate(self.weight_decay)?;
        Ok(())
    }
}

fn at_least_1(what: &'static str, got: usize) -> Result<(), Error> {
    match got {
        0 => Err(Error::Setting { what, expected: "at least 1".to_string(), got }),
        _ => Ok(()),
    }
}
