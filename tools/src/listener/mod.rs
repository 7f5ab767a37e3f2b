//! Those who listen to a training: each makes one thing of its events.

mod bar;
mod json;
mod log;
mod pace;
mod record;
mod table;
mod tensorboard;
mod warnings;

use std::ops::ControlFlow;

use model::{Event, Training};

pub use bar::Bar;
pub use json::{Finished, JsonLines, Settings, Stopped};
pub use log::PlainLog;
pub use record::Record;
pub use table::Table;
pub use tensorboard::{TensorBoard, network_values};
pub use warnings::Warnings;

/// Hears what happens in a training.
pub trait Listener {
    /// Something happened, after which the training is as `training` shows: its network, its history.
    ///
    /// # Errors
    /// Where the listener cannot do its part; the training stops then.
    fn event(&mut self, event: &Event, training: &Training<'_>) -> anyhow::Result<()>;
}

impl<L: Listener> Listener for &mut L {
    fn event(&mut self, event: &Event, training: &Training<'_>) -> anyhow::Result<()> {
        (**self).event(event, training)
    }
}

/// Listeners that hear everything in this order, until one of them fails.
#[derive(Default)]
pub struct Listeners<'a> {
    listeners: Vec<Box<dyn Listener + 'a>>,
    failure: Option<anyhow::Error>,
}

impl<'a> Listeners<'a> {
    /// Adds one, after the others.
    pub fn add(&mut self, listener: impl Listener + 'a) {
        self.listeners.push(Box::new(listener));
    }

    /// Tells all of them; says whether to go on.
    pub fn tell(&mut self, event: &Event, training: &Training<'_>) -> ControlFlow<()> {
        for listener in &mut self.listeners {
            if let Err(error) = listener.event(event, training) {
                self.failure.get_or_insert(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// Why a listener failed, if one did.
    ///
    /// # Errors
    /// That.
    pub fn result(self) -> anyhow::Result<()> {
        self.failure.map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    use datasets::digits;
    use model::{SimpleConvNet, Trainer, TrainerConfig};

    use super::*;

    /// A training of a small network, as it is before the first step.
    pub(super) fn with_training(test: impl FnOnce(&Training<'_>)) {
        let digits = digits::splits(6, 2, 0);
        let mut network = SimpleConvNet { hidden_size: 3, ..SimpleConvNet::default() }.build(0).unwrap();
        let config = TrainerConfig { epochs: 2, batch_size: 2, ..TrainerConfig::default() };
        let mut trainer = Trainer::new(config).unwrap();
        test(&trainer.start(&mut network, &digits.train, &digits.test).unwrap());
    }

    struct Fails;

    impl Listener for Fails {
        fn event(&mut self, _: &Event, _: &Training<'_>) -> anyhow::Result<()> {
            anyhow::bail!("the disk is full")
        }
    }

    #[test]
    fn a_listener_that_fails_stops_the_training() {
        let event = Event::Finished { epochs: 1, seconds: 1.0 };
        with_training(|training| {
            let mut listeners = Listeners::default();
            assert!(listeners.tell(&event, training).is_continue());
            listeners.add(Fails);
            assert!(listeners.tell(&event, training).is_break());
            assert_eq!(listeners.result().unwrap_err().to_string(), "the disk is full");
        });
    }
}
