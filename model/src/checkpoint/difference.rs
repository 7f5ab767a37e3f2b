//! What two trainings differ in.

use std::fmt::{self, Display};

use super::{Checkpoint, Origin};
use crate::fingerprint::hex;
use crate::network::Network;
use crate::spec::NetworkSpec;
use crate::trainer_config::TrainerConfig;

/// Something in which a training that wants to go on differs from the one in the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the checkpoint is of a training with another {setting}: it has {checkpoint}, this one has {yours}")]
pub struct Difference {
    /// What differs.
    pub setting: Setting,
    /// What it is in the checkpoint.
    pub checkpoint: String,
    /// What was asked for.
    pub yours: String,
}

/// What decides which bits come out of a training. (The number of epochs may change, and that of threads makes no
/// difference.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Setting {
    /// The images.
    Data,
    /// The layers, or how their first weights were drawn.
    Network,
    /// The seed.
    Seed,
    /// The first weights.
    FirstWeights,
    /// Images in a step.
    BatchSize,
    /// How batches are drawn.
    Sampling,
    /// Which optimizer.
    Optimizer,
    /// The learning rate.
    LearningRate,
    /// The other settings of the optimizer.
    OptimizerSettings,
    /// How the learning rate changes.
    Schedule,
    /// How the weights decay.
    WeightDecay,
    /// How many images an epoch is judged by.
    EvalSamples,
    /// How pixels become numbers.
    Scaling,
}

impl Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Setting::Data => "data set",
            Setting::Network => "network",
            Setting::Seed => "seed",
            Setting::FirstWeights => "network to begin with",
            Setting::BatchSize => "batch size",
            Setting::Sampling => "sampling",
            Setting::Optimizer => "optimizer",
            Setting::LearningRate => "learning rate",
            Setting::OptimizerSettings => "setting of the optimizer",
            Setting::Schedule => "schedule",
            Setting::WeightDecay => "weight decay",
            Setting::EvalSamples => "number of images to evaluate",
            Setting::Scaling => "scaling of pixels",
        })
    }
}

impl Checkpoint {
    /// Compares the checkpoint with a training that would begin with these: `network` is that before the first step.
    ///
    /// # Errors
    /// The first difference.
    pub fn compare(&self, config: &TrainerConfig, network: &Network, origin: &Origin) -> Result<(), Difference> {
        let was = described(self.trainer.config(), self.network.spec(), &self.origin);
        let is = described(config, network.spec(), origin);
        let differs = was.into_iter().zip(is).find(|((_, was), (_, is))| was != is);
        differs.map_or(Ok(()), |((setting, checkpoint), (_, yours))| Err(Difference { setting, checkpoint, yours }))
    }
}

/// Every setting in words that are equal where the settings are equal (an `f64` is written with all its digits).
fn described(config: &TrainerConfig, network: &NetworkSpec, origin: &Origin) -> Vec<(Setting, String)> {
    // Taken apart, so that a new setting is not forgotten here.
    let TrainerConfig {
        epochs: _,
        batch_size,
        optimizer,
        schedule,
        weight_decay,
        sampling,
        seed,
        eval_samples,
        scaling,
    } = config;
    let Origin { first_params, data, train, test } = origin;
    let images = format!("{data}, {} training and {} test images", train.count, test.count);
    let checksums = format!("{images} with the checksums {} and {}", short(&train.sha256), short(&test.sha256));
    let evaluated = eval_samples.map_or("all".to_string(), |samples| samples.to_string());
    let mut described = vec![
        (Setting::Data, images),
        (Setting::Data, checksums),
        (Setting::Network, format!("{} layers for inputs of shape {:?}", network.layers.len(), network.input)),
        (Setting::Seed, seed.to_string()),
        (Setting::BatchSize, batch_size.to_string()),
        (Setting::Sampling, sampling.to_string()),
        (Setting::Optimizer, optimizer.kind().to_string()),
        (Setting::LearningRate, format!("{:?}", optimizer.lr())),
        (Setting::OptimizerSettings, optimizer.to_string()),
        (Setting::Schedule, schedule.to_string()),
        (Setting::WeightDecay, format!("{weight_decay:?}")),
        (Setting::EvalSamples, evaluated),
        (Setting::Scaling, scaling.to_string()),
    ];
    let layers = network.layers.iter().enumerate();
    described.extend(layers.map(|(i, layer)| (Setting::Network, format!("{} ({layer})", network.layer_name(i)))));
    described.push((Setting::FirstWeights, format!("weights with the checksum {}", short(first_params))));
    described
}

/// The beginning of a checksum: more than a reader compares, and more than chance makes equal.
fn short(sha256: &[u8; 32]) -> String {
    hex(&sha256[..8])
}
