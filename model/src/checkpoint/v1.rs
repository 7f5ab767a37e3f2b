//! Version 1 of the content, frozen: change nothing here. Another format is another version, in a file of its own.
//!
//! What depends on the clock stands last, so that the rest can be compared byte by byte.

use datasets::{Position, Sampling, Scaling};
use optim::schedule::{Decay, Schedule};
use optim::{AdaGradConfig, AdamConfig, MomentumConfig, NesterovConfig, OptimizerConfig, RmsPropConfig, SgdConfig};
use serde::{Deserialize, Serialize};

use super::CheckpointError;
use super::origin::{Images, Origin};
use crate::history::History;
use crate::params::ParamsError;
use crate::params::v1::{ArrayV1, ParamsV1, size};
use crate::progress::{EpochSoFar, Progress};
use crate::trainer_config::TrainerConfig;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CheckpointV1 {
    pub(super) origin: OriginV1,
    pub(super) settings: SettingsV1,
    /// The network as in version 1 of the parameter file.
    pub(super) params: ParamsV1,
    pub(super) optimizer: OptimizerStateV1,
    pub(super) progress: ProgressV1,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OriginV1 {
    first_params: [u8; 32],
    data: String,
    train: ImagesV1,
    test: ImagesV1,
}

#[derive(Debug, Serialize, Deserialize)]
struct ImagesV1 {
    count: u64,
    sha256: [u8; 32],
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SettingsV1 {
    epochs: u64,
    batch_size: u64,
    optimizer: OptimizerV1,
    schedule: ScheduleV1,
    weight_decay: f64,
    sampling: SamplingV1,
    seed: u64,
    eval_samples: Option<u64>,
    scaling: ScalingV1,
}

#[derive(Debug, Serialize, Deserialize)]
enum OptimizerV1 {
    Sgd { lr: f64 },
    Momentum { lr: f64, momentum: f64 },
    Nesterov { lr: f64, momentum: f64 },
    AdaGrad { lr: f64, epsilon: f64 },
    RmsProp { lr: f64, decay_rate: f64, epsilon: f64 },
    Adam { lr: f64, beta1: f64, beta2: f64, epsilon: f64 },
}

#[derive(Debug, Serialize, Deserialize)]
struct ScheduleV1 {
    warm_up: f64,
    decay: DecayV1,
}

#[derive(Debug, Serialize, Deserialize)]
enum DecayV1 {
    Constant,
    Step { every: f64, factor: f64 },
    Exponential { factor: f64 },
    Cosine { until: f64, floor: f64 },
}

#[derive(Debug, Serialize, Deserialize)]
enum SamplingV1 {
    Epoch,
    Book,
}

#[derive(Debug, Serialize, Deserialize)]
enum ScalingV1 {
    Bytes,
    Unit,
    Standard { mean: f32, deviation: f32 },
}

/// For each learned parameter in turn, the arrays that the optimizer keeps beside it: `"W1.m"`, `"W1.v"`, `"b1.m"`, … in the
/// shape of the parameter, row-major; none at all before the first step.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OptimizerStateV1 {
    pub(super) steps: u64,
    pub(super) arrays: Vec<ArrayV1>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ProgressV1 {
    epoch: u64,
    step: u64,
    /// Of the epoch that is not over.
    epoch_loss: f64,
    epoch_images: u64,
    train_loss_list: Vec<f64>,
    epoch_loss_list: Vec<f64>,
    train_acc_list: Vec<f64>,
    test_acc_list: Vec<f64>,
    epoch_seconds_list: Vec<f64>,
    epoch_seconds: f64,
}

impl CheckpointV1 {
    /// The largest number of axes that an array has.
    pub(super) fn most_axes(&self) -> usize {
        let axes = self.optimizer.arrays.iter().map(|array| array.shape.len());
        axes.max().unwrap_or(0).max(self.params.most_axes())
    }
}

impl OriginV1 {
    pub(super) fn new(origin: &Origin) -> Self {
        let images = |images: &Images| ImagesV1 { count: images.count as u64, sha256: images.sha256 };
        OriginV1 {
            first_params: origin.first_params,
            data: origin.data.clone(),
            train: images(&origin.train),
            test: images(&origin.test),
        }
    }

    pub(super) fn origin(&self) -> Result<Origin, ParamsError> {
        let images =
            |images: &ImagesV1| Ok::<_, ParamsError>(Images { count: size(images.count)?, sha256: images.sha256 });
        Ok(Origin {
            first_params: self.first_params,
            data: self.data.clone(),
            train: images(&self.train)?,
            test: images(&self.test)?,
        })
    }
}

impl SettingsV1 {
    pub(super) fn new(config: &TrainerConfig) -> Self {
        SettingsV1 {
            epochs: config.epochs as u64,
            batch_size: config.batch_size as u64,
            optimizer: OptimizerV1::new(&config.optimizer),
            schedule: ScheduleV1::new(&config.schedule),
            weight_decay: config.weight_decay,
            sampling: match config.sampling {
                Sampling::Epoch => SamplingV1::Epoch,
                Sampling::Book => SamplingV1::Book,
            },
            seed: config.seed,
            eval_samples: config.eval_samples.map(|count| count as u64),
            scaling: match config.scaling {
                Scaling::Bytes => ScalingV1::Bytes,
                Scaling::Unit => ScalingV1::Unit,
                Scaling::Standard { mean, deviation } => ScalingV1::Standard { mean, deviation },
            },
        }
    }

    pub(super) fn config(&self) -> Result<TrainerConfig, ParamsError> {
        Ok(TrainerConfig {
            epochs: size(self.epochs)?,
            batch_size: size(self.batch_size)?,
            optimizer: self.optimizer.config(),
            schedule: self.schedule.schedule(),
            weight_decay: self.weight_decay,
            sampling: match self.sampling {
                SamplingV1::Epoch => Sampling::Epoch,
                SamplingV1::Book => Sampling::Book,
            },
            seed: self.seed,
            eval_samples: self.eval_samples.map(size).transpose()?,
            scaling: match self.scaling {
                ScalingV1::Bytes => Scaling::Bytes,
                ScalingV1::Unit => Scaling::Unit,
                ScalingV1::Standard { mean, deviation } => Scaling::Standard { mean, deviation },
            },
        })
    }
}

impl OptimizerV1 {
    fn new(config: &OptimizerConfig) -> Self {
        match *config {
            OptimizerConfig::Sgd(SgdConfig { lr }) => OptimizerV1::Sgd { lr },
            OptimizerConfig::Momentum(MomentumConfig { lr, momentum }) => OptimizerV1::Momentum { lr, momentum },
            OptimizerConfig::Nesterov(NesterovConfig { lr, momentum }) => OptimizerV1::Nesterov { lr, momentum },
            OptimizerConfig::AdaGrad(AdaGradConfig { lr, epsilon }) => OptimizerV1::AdaGrad { lr, epsilon },
            OptimizerConfig::RmsProp(RmsPropConfig { lr, decay_rate, epsilon }) => {
                OptimizerV1::RmsProp { lr, decay_rate, epsilon }
            }
            OptimizerConfig::Adam(AdamConfig { lr, beta1, beta2, epsilon }) => {
                OptimizerV1::Adam { lr, beta1, beta2, epsilon }
            }
        }
    }

    fn config(&self) -> OptimizerConfig {
        match *self {
            OptimizerV1::Sgd { lr } => OptimizerConfig::Sgd(SgdConfig { lr }),
            OptimizerV1::Momentum { lr, momentum } => OptimizerConfig::Momentum(MomentumConfig { lr, momentum }),
            OptimizerV1::Nesterov { lr, momentum } => OptimizerConfig::Nesterov(NesterovConfig { lr, momentum }),
            OptimizerV1::AdaGrad { lr, epsilon } => OptimizerConfig::AdaGrad(AdaGradConfig { lr, epsilon }),
            OptimizerV1::RmsProp { lr, decay_rate, epsilon } => {
                OptimizerConfig::RmsProp(RmsPropConfig { lr, decay_rate, epsilon })
            }
            OptimizerV1::Adam { lr, beta1, beta2, epsilon } => {
                OptimizerConfig::Adam(AdamConfig { lr, beta1, beta2, epsilon })
            }
        }
    }
}

impl ScheduleV1 {
    fn new(schedule: &Schedule) -> Self {
        let decay = match schedule.decay {
            Decay::Constant => DecayV1::Constant,
            Decay::Step { every, factor } => DecayV1::Step { every, factor },
            Decay::Exponential { factor } => DecayV1::Exponential { factor },
            Decay::Cosine { until, floor } => DecayV1::Cosine { until, floor },
        };
        ScheduleV1 { warm_up: schedule.warm_up, decay }
    }

    fn schedule(&self) -> Schedule {
        let decay = match self.decay {
            DecayV1::Constant => Decay::Constant,
            DecayV1::Step { every, factor } => Decay::Step { every, factor },
            DecayV1::Exponential { factor } => Decay::Exponential { factor },
            DecayV1::Cosine { until, floor } => Decay::Cosine { until, floor },
        };
        Schedule { warm_up: self.warm_up, decay }
    }
}

impl ProgressV1 {
    pub(super) fn new(progress: &Progress) -> Self {
        let Progress { position, history, epoch, .. } = progress;
        ProgressV1 {
            epoch: position.epoch,
            step: position.step as u64,
            epoch_loss: epoch.loss,
            epoch_images: epoch.images as u64,
            train_loss_list: history.train_loss_list.clone(),
            epoch_loss_list: history.epoch_loss_list.clone(),
            train_acc_list: history.train_acc_list.clone(),
            test_acc_list: history.test_acc_list.clone(),
            epoch_seconds_list: history.epoch_seconds_list.clone(),
            epoch_seconds: epoch.seconds,
        }
    }

    /// The progress of a training on so many images.
    pub(super) fn progress(self, images: usize) -> Result<Progress, CheckpointError> {
        let done = self.epoch_loss_list.len();
        let lists = [&self.train_acc_list, &self.test_acc_list, &self.epoch_seconds_list];
        let waits = self.step == 0 && self.epoch == done as u64 + 1;
        if lists.iter().any(|list| list.len() != done) || !(self.epoch == done as u64 || waits) {
            return Err(CheckpointError::History { epoch: self.epoch, step: self.step, evaluated: done });
        }
        Ok(Progress {
            position: Position { epoch: self.epoch, step: size(self.step)? },
            images: Some(images),
            history: History {
                train_loss_list: self.train_loss_list,
                train_acc_list: self.train_acc_list,
                test_acc_list: self.test_acc_list,
                epoch_loss_list: self.epoch_loss_list,
                epoch_seconds_list: self.epoch_seconds_list,
            },
            epoch: EpochSoFar { loss: self.epoch_loss, images: size(self.epoch_images)?, seconds: self.epoch_seconds },
        })
    }
}
