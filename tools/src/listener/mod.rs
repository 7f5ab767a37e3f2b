//! Those who listen to a training: each makes one thing of its events.

mod bar;
mod json;
mod log;
mod pace;
mod table;

use std::ops::ControlFlow;

use model::Event;

pub use bar::Bar;
pub use json::{Finished, JsonLines, Settings};
pub use log::PlainLog;
pub use table::Table;

use crate::program::complain;

/// Hears what happens in a training.
pub trait Listener {
    /// Something happened.
    ///
    /// # Errors
    /// Where the listener cannot do its part; the training stops then.
    fn event(&mut self, event: &Event) -> anyhow::Result<()>;

    /// Somebody else writes a line to standard error now: what moves there has to make room.
    fn make_room(&mut self) {}
}

/// Listeners that hear everything in this order, until one of them fails.
#[derive(Default)]
pub struct Listeners {
    listeners: Vec<Box<dyn Listener>>,
    failure: Option<anyhow::Error>,
}

impl Listeners {
    /// Adds one, after the others.
    pub fn add(&mut self, listener: impl Listener + 'static) {
        self.listeners.push(Box::new(listener));
    }

    /// Tells all of them; says whether to go on.
    pub fn tell(&mut self, event: &Event) -> ControlFlow<()> {
        for listener in &mut self.listeners {
            if let Err(error) = listener.event(event) {
                self.failure.get_or_insert(error);
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// Writes a line to standard error, where none of them is in its way.
    pub fn complain(&mut self, line: &str) {
        self.listeners.iter_mut().for_each(|listener| listener.make_room());
        complain(line);
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
    use super::*;

    struct Fails;

    impl Listener for Fails {
        fn event(&mut self, _: &Event) -> anyhow::Result<()> {
            anyhow::bail!("the disk is full")
        }
    }

    #[test]
    fn a_listener_that_fails_stops_the_training() {
        let mut listeners = Listeners::default();
        let event = Event::Finished { epochs: 1, seconds: 1.0 };
        assert!(listeners.tell(&event).is_continue());
        listeners.add(Fails);
        assert!(listeners.tell(&event).is_break());
        assert_eq!(listeners.result().unwrap_err().to_string(), "the disk is full");
    }
}
