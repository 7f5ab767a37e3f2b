//! An epoch, as the trainer does it.

use std::ops::ControlFlow;
use std::time::Instant;

use model::{Event, Network, Trainer, TrainerConfig};

use super::timing::Timing;
use tools::data::Data;

/// What epochs took, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Epochs {
    /// Of each epoch that counts: shuffle, gather, forward, loss, backward, update.
    pub seconds: Vec<f64>,
    /// A step, from one to the next.
    pub step: Timing,
}

/// Trains `network` for one epoch that does not count, and `epochs` that do; calls `between` after each.
///
/// # Errors
/// As [`Trainer::train`].
pub fn epochs(network: &mut Network, data: &Data, epochs: usize, between: &mut dyn FnMut()) -> anyhow::Result<Epochs> {
    let config = TrainerConfig { epochs: epochs + 1, eval_samples: Some(1), ..TrainerConfig::default() };
    let mut trainer = Trainer::new(config)?;
    let mut steps = Vec::new();
    for _ in 0..=epochs {
        let mut last: Option<Instant> = None;
        trainer.train(network, &data.splits.train, &data.splits.test, &mut |event| match event {
            Event::Step { .. } => {
                let now = Instant::now();
                // The first step of an epoch shuffles, too.
                steps.extend(last.map(|last| (now - last).as_secs_f64()));
                last = Some(now);
                ControlFlow::Continue(())
            }
            Event::Epoch { .. } => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })?;
        between();
    }
    let mut seconds = trainer.history().epoch_seconds_list.clone();
    seconds.remove(0);
    if steps.is_empty() {
        // Epochs of a single step.
        steps.clone_from(&seconds);
    }
    Ok(Epochs { seconds, step: Timing::of(steps) })
}
