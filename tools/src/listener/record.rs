//! All of a training, for what is made of it when it is over.

use model::{Event, History, Training};

use super::Listener;

/// Keeps what it hears; `history.csv` and the report are made of that. Of a training that goes on it hears first what was told
/// before.
#[derive(Debug, Default)]
pub struct Record(History);

impl Record {
    /// What it heard so far.
    pub fn history(&self) -> &History {
        &self.0
    }

    fn hear(&mut self, event: &Event) {
        match *event {
            Event::Step { loss, .. } => self.0.train_loss_list.push(loss),
            Event::Epoch { mean_loss, train_accuracy, test_accuracy, seconds, .. } => {
                self.0.epoch_loss_list.push(mean_loss);
                self.0.train_acc_list.push(train_accuracy);
                self.0.test_acc_list.push(test_accuracy);
                self.0.epoch_seconds_list.push(seconds);
            }
            _ => {}
        }
    }
}

impl Listener for Record {
    fn event(&mut self, event: &Event, training: &Training<'_>) -> anyhow::Result<()> {
        match event {
            Event::Started { .. } => training.past().for_each(|event| self.hear(&event)),
            event => self.hear(event),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use datasets::digits;
    use model::{SimpleConvNet, Trainer, TrainerConfig};

    use super::*;

    #[test]
    fn of_a_training_that_goes_on_all_is_kept() {
        let digits = digits::splits(6, 2, 0);
        let config = TrainerConfig { epochs: 3, batch_size: 2, ..TrainerConfig::default() };
        // Before the first step, in an epoch, before and after an evaluation, when all is over.
        for events in [0, 3, 4, 5, 100] {
            let mut network = SimpleConvNet { hidden_size: 3, ..SimpleConvNet::default() }.build(0).unwrap();
            let mut trainer = Trainer::new(config.clone()).unwrap();
            let mut training = trainer.start(&mut network, &digits.train, &digits.test).unwrap();
            for _ in 0..events {
                training.next_event().unwrap();
            }
            let mut record = Record::default();
            let mut training = trainer.start(&mut network, &digits.train, &digits.test).unwrap();
            while let Some(event) = training.next_event().unwrap() {
                record.event(&event, &training).unwrap();
            }
            assert_eq!(record.history().train_loss_list.len(), 9);
            assert_eq!(record.history(), trainer.history(), "after {events} events");
        }
    }
}
