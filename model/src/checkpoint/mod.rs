//! The checkpoint file: a training as it was between two steps, to go on from there to the same bits.
//!
//! It has the envelope of the parameter file (see [`params`]), but begins with `89 43 4e 4e 43 0d 0a 1a`. The
//! content is all that decides what comes next: what the training began from, its settings, the network, what the
//! optimizer remembers, the place in the sequence of batches, and the history. There are no generators in it, because
//! what is random at a step follows from the seed and the place.

mod difference;
mod error;
mod files;
mod origin;
mod v1;

use std::path::Path;

use layers::ndarray::ArrayD;

pub use self::difference::{Difference, Setting};
pub use self::error::CheckpointError;
pub use self::files::{CheckpointFiles, Found};
pub use self::origin::{Images, Origin};
use self::v1::{CheckpointV1, OptimizerStateV1, OriginV1, ProgressV1, SettingsV1};
use crate::error::Error;
use crate::file::read_file;
use crate::network::Network;
use crate::params::{self, array_v1, container};
use crate::trainer::Trainer;

const VERSION: u32 = 1;

/// A training as it was between two steps. Where it goes on, its last weights, its history and its checkpoints are what they
/// would have been without the pause, to the bit (but for the seconds that it took).
///
/// ```
/// use model::{Checkpoint, Event, Images, Origin, SimpleConvNet, Trainer, TrainerConfig};
/// # let digits = datasets::digits::splits(60, 20, 0);
/// # let mut network = SimpleConvNet { hidden_size: 4, ..SimpleConvNet::default() }.build(0)?;
/// let origin = Origin {
///     first_params: Origin::weights_sha256(&network),
///     data: "drawn digits".to_string(),
///     train: Images::of(&digits.train),
///     test: Images::of(&digits.test),
/// };
/// let mut trainer = Trainer::new(TrainerConfig { epochs: 1, batch_size: 20, ..TrainerConfig::default() })?;
/// let mut training = trainer.start(&mut network, &digits.train, &digits.test)?;
/// while !matches!(training.next_event()?, Some(Event::Step { step: 2, .. })) {}
/// let bytes = training.checkpoint(&origin);
///
/// // In another process:
/// let Checkpoint { mut network, mut trainer, .. } = Checkpoint::from_bytes(&bytes)?;
/// let mut training = trainer.start(&mut network, &digits.train, &digits.test)?;
/// assert!(matches!(training.next_event()?, Some(Event::Started { steps_done: 2, .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Checkpoint {
    /// The network as it was.
    pub network: Network,
    /// The trainer as it was: with its settings, its optimizer, its place and history.
    pub trainer: Trainer,
    /// What the training began from.
    pub origin: Origin,
}

impl Checkpoint {
    /// The checkpoint in a file.
    ///
    /// # Errors
    /// Where the file cannot be read, or is damaged.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let named = |problem| Error::Checkpoint { path: path.to_path_buf(), problem: Box::new(problem) };
        let bytes = read_file(path, |start, len| match container::header(container::CHECKPOINT, start, len) {
            Ok(_) => Ok(()),
            Err(problem) => Err(named(problem.into())),
        })?;
        Checkpoint::from_bytes(&bytes).map_err(named)
    }

    /// The checkpoint whose file has this content.
    ///
    /// # Errors
    /// Where it is damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let content: CheckpointV1 = container::open(container::CHECKPOINT, VERSION, bytes)?;
        params::check_axes(content.most_axes())?;
        let origin = content.origin.origin()?;
        let network = params::thaw(&content.params)?;
        let settings = |error| CheckpointError::Settings(Box::new(error));
        let mut trainer = Trainer::new(content.settings.config()?).map_err(settings)?;
        restore(&mut trainer, &network, &content.optimizer)?;
        trainer.progress = content.progress.progress(origin.train.count)?;
        Ok(Checkpoint { network, trainer, origin })
    }
}

/// The content of a checkpoint file.
pub(crate) fn to_bytes(trainer: &Trainer, network: &Network, origin: &Origin) -> Vec<u8> {
    let content = CheckpointV1 {
        origin: OriginV1::new(origin),
        settings: SettingsV1::new(&trainer.config),
        params: params::freeze(network),
        optimizer: remember(trainer, network),
        progress: ProgressV1::new(&trainer.progress),
    };
    container::seal(container::CHECKPOINT, VERSION, &content)
}

/// What the optimizer remembers. It keeps its numbers in the memory order of the parameters, which is a layer's own affair; in
/// the file they are row-major, as the parameters are.
fn remember(trainer: &Trainer, network: &Network) -> OptimizerStateV1 {
    let state = trainer.optimizer.state();
    let mut arrays = Vec::new();
    let mut slot = 0;
    network.visit_params(&mut |name, param| {
        if !param.learned || slot >= state.slots() {
            return;
        }
        for (kept, values) in state.arrays(slot) {
            arrays.push(array_v1(format!("{name}.{kept}"), &param.in_shape(values)));
        }
        slot += 1;
    });
    OptimizerStateV1 { steps: state.steps(), arrays }
}

/// Gives the optimizer of `trainer` what it remembered of the parameters of `network`.
fn restore(trainer: &mut Trainer, network: &Network, remembered: &OptimizerStateV1) -> Result<(), CheckpointError> {
    let state = trainer.optimizer.state_mut();
    let names = state.names();
    let mut arrays = remembered.arrays.iter();
    let mut slots: Vec<Vec<Vec<f32>>> = Vec::new();
    let mut result = Ok(());
    network.visit_params(&mut |name, param| {
        if !param.learned || remembered.steps == 0 || result.is_err() {
            return;
        }
        let kept = names.iter().map(|kept| {
            let found = params::compare_one(&format!("{name}.{kept}"), param.shape(), arrays.next())?;
            let values: ArrayD<f32> = params::values(found)?;
            Ok(param.in_memory_order(&values.view()))
        });
        match kept.collect() {
            Ok(kept) => slots.push(kept),
            Err(problem) => result = Err(CheckpointError::Params(problem)),
        }
    });
    result?;
    if let Some(array) = arrays.next() {
        return Err(params::unexpected(array).into());
    }
    state.set_steps(remembered.steps);
    for (slot, kept) in slots.iter().enumerate() {
        let kept: Vec<_> = names.iter().copied().zip(kept.iter().map(Vec::as_slice)).collect();
        state.restore(slot, &kept)?;
    }
    Ok(())
}
