//! Event files for TensorBoard.

use std::path::Path;

use model::{Event, Network, Training};

use super::Listener;
use crate::files::OutputFolder;
use crate::filters::{COLUMNS, Filters};
use crate::picture::{ColorMap, Picture, Scaling, Tile, Tiles, png_bytes};
use crate::program::complain;
use crate::tensorboard::{EventFile, Histogram, Value};

/// Tells TensorBoard: loss and learning rate of each step; mean loss, accuracies and seconds of each epoch; before the
/// first step and after each epoch, the filters as a picture and the histogram of every parameter.
///
/// Everything stands at the number of steps done, from 0 over all epochs. A training that goes on begins a file of its own,
/// and takes back what the older files have beyond the checkpoint that it goes on from.
///
/// A training does not stop for want of its curves: where they cannot be written, that is said once.
#[derive(Debug)]
pub struct TensorBoard {
    folder: std::path::PathBuf,
    file: Option<EventFile>,
    steps_per_epoch: usize,
}

/// Filters in the picture, at most.
const MOST_FILTERS: usize = 64;
/// Pixels for a filter in the picture.
const FILTER_SIDE: usize = 40;

impl TensorBoard {
    /// Event files in this folder, which is made when the training begins; found out by trying whether files can be written
    /// there.
    ///
    /// # Errors
    /// Where they cannot.
    pub fn new(folder: &Path) -> anyhow::Result<Self> {
        OutputFolder::check_for(("--tensorboard", "the folder of event files"), folder, &[])?;
        Ok(TensorBoard { folder: folder.to_owned(), file: None, steps_per_epoch: 0 })
    }

    /// Begins a file before the step that comes next.
    fn begin(&mut self, training: &Training<'_>) -> std::io::Result<()> {
        let trainer = training.trainer();
        let position = trainer.position();
        let done = position.epoch as usize * self.steps_per_epoch + position.step;
        let evaluated = trainer.history().epoch_loss_list.len() as u64;
        // The evaluation after an epoch stands at its last step; where it is outstanding, that step is told again.
        let again = evaluated < position.epoch;
        let first = if done == 0 || again { done } else { done + 1 };
        self.file = Some(EventFile::create(&self.folder, first as u64)?);
        if done == 0 {
            return self.add(0, network_values(training.network()));
        }
        match training.past().last() {
            Some(Event::Step { loss, lr, .. }) if again => self.add(done, step_values(loss, lr)),
            _ => Ok(()),
        }
    }

    fn add(&mut self, step: usize, values: Vec<(String, Value)>) -> std::io::Result<()> {
        match &mut self.file {
            Some(file) => file.add(step as u64, &values),
            None => Ok(()),
        }
    }

    fn tell(&mut self, event: &Event, training: &Training<'_>) -> std::io::Result<()> {
        match *event {
            Event::Started { steps_per_epoch, .. } => {
                self.steps_per_epoch = steps_per_epoch;
                self.begin(training)
            }
            Event::Step { epoch, step, steps_per_epoch, loss, lr } => {
                self.add((epoch - 1) * steps_per_epoch + step, step_values(loss, lr))
            }
            Event::Epoch { epoch, mean_loss, train_accuracy, test_accuracy, seconds, .. } => {
                let scalars = [
                    ("loss/epoch", mean_loss),
                    ("accuracy/train", train_accuracy),
                    ("accuracy/test", test_accuracy),
                    ("seconds/epoch", seconds),
                ];
                let mut values: Vec<_> = scalars.map(|(tag, value)| (tag.to_owned(), scalar(value))).into();
                values.extend(network_values(training.network()));
                self.add(epoch * self.steps_per_epoch, values)
            }
            _ => Ok(()),
        }
    }
}

impl Listener for TensorBoard {
    fn event(&mut self, event: &Event, training: &Training<'_>) -> anyhow::Result<()> {
        if let Err(error) = self.tell(event, training) {
            let file = self.file.take();
            let path = file.as_ref().map_or(&*self.folder, EventFile::path);
            complain(&format!(
                "cannot write {}: {error}; the training goes on without it, and after --resume it is written on",
                path.display()
            ));
        }
        Ok(())
    }
}

fn scalar(value: f64) -> Value {
    Value::Scalar(value as f32)
}

fn step_values(loss: f64, lr: f64) -> Vec<(String, Value)> {
    vec![("loss/step".to_owned(), scalar(loss)), ("learning_rate".to_owned(), scalar(lr))]
}

/// What is told about a network, each with its tag: the filters as a picture where there are some, and the histogram of every
/// parameter.
pub fn network_values(network: &Network) -> Vec<(String, Value)> {
    let mut values = Vec::new();
    if let Ok(filters) = Filters::of(network) {
        values.push((format!("filters/{}", filters.layer), filter_picture(&filters)));
    }
    network.visit_params(&mut |name, param| {
        values.push((format!("parameters/{name}"), Value::Histogram(Histogram::of(param.values().iter()))));
    });
    values
}

/// The filters in rows, on one scale that is symmetric around zero.
fn filter_picture(filters: &Filters) -> Value {
    let tiles = Tiles {
        tiles: filters.pictures().into_iter().take(MOST_FILTERS).map(|w| Tile::new(w, String::new())).collect(),
        columns: COLUMNS,
        side: FILTER_SIDE,
        map: ColorMap::Diverging,
        scaling: Scaling::Symmetric,
    };
    let canvas = tiles.draw();
    Value::Picture { png: png_bytes(&canvas), height: canvas.height(), width: canvas.width() }
}

#[cfg(test)]
mod tests {
    use datasets::digits;
    use model::{SimpleConvNet, Trainer, TrainerConfig};
    use optim::Schedule;

    use super::*;

    /// The number that stands behind this tag and the byte that says which kind of value it is.
    fn scalar_of(tag: &str, file: &[u8]) -> Option<f32> {
        let at = file.windows(tag.len()).position(|bytes| bytes == tag.as_bytes())? + tag.len() + 1;
        Some(f32::from_le_bytes(file[at..][..4].try_into().unwrap()))
    }

    #[test]
    fn a_step_that_its_evaluation_takes_back_is_told_again() {
        let digits = digits::splits(6, 2, 0);
        let schedule = Schedule { warm_up: 2.0, ..Schedule::default() };
        let config = TrainerConfig { epochs: 2, batch_size: 2, schedule, ..TrainerConfig::default() };
        // In an epoch, before and after its evaluation.
        for (events, again) in [(3, false), (4, true), (5, false)] {
            let mut network = SimpleConvNet { hidden_size: 3, ..SimpleConvNet::default() }.build(0).unwrap();
            let mut trainer = Trainer::new(config.clone()).unwrap();
            let mut training = trainer.start(&mut network, &digits.train, &digits.test).unwrap();
            let last = (0..events).map(|_| training.next_event().unwrap()).last().flatten();
            let mut training = trainer.start(&mut network, &digits.train, &digits.test).unwrap();
            let started = training.next_event().unwrap().unwrap();
            let folder = tempfile::tempdir().unwrap();
            let mut board = TensorBoard::new(folder.path()).unwrap();
            board.event(&started, &training).unwrap();
            let file = std::fs::read(board.file.as_ref().unwrap().path()).unwrap();
            let told = scalar_of("loss/step", &file).zip(scalar_of("learning_rate", &file));
            let expected = match last {
                Some(Event::Step { loss, lr, .. }) if again => Some((loss as f32, lr as f32)),
                _ => None,
            };
            assert_eq!(told, expected, "after {events} events");
            assert_eq!(told.is_some(), again, "after {events} events");
        }
    }
}
