//! Training.

use std::ops::ControlFlow;
use std::time::Instant;

use datasets::{Batches, Dataset, Position, Sampling};
use layers::{Purpose, Random};
use optim::{Optimizer, weight_decay};

use crate::batch::Batch;
use crate::checkpoint::{self, Origin};
use crate::error::{Error, Part};
use crate::event::Event;
use crate::history::History;
use crate::metrics::{Evaluation, Evaluator};
use crate::network::Network;
use crate::not_finite::NotFinite;
use crate::optimizer_step::OptimizerStep;
use crate::progress::{EpochSoFar, Progress};
use crate::shape::fits;
use crate::statistics::Statistics;
use crate::trainer_config::TrainerConfig;
use crate::warning::Warning;
use crate::watch::{Watch, warnings};

/// Trains a network, and tells what happens through [`Event`]s.
///
/// A trainer holds all that a training needs beside the network and the images: the optimizer, the place in the sequence
/// of batches, the history. What is random at a step (the order of the images, the masks of dropout) follows from the
/// seed and the place alone. So a training that was stopped goes on to the same bits, in this process or, from a
/// [`Checkpoint`](crate::Checkpoint), in another.
///
/// The book's quirks (its `Trainer` in `common/trainer.py`) are not copied, but for [`Sampling::Book`]: it evaluates once
/// before the first epoch is over, and once too few at the end; it leaves out the last images of an evaluation that do
/// not fill a batch, yet counts them as wrong; and it computes the loss a second time to print it.
#[derive(Debug)]
pub struct Trainer {
    pub(crate) config: TrainerConfig,
    pub(crate) optimizer: Box<dyn Optimizer>,
    pub(crate) progress: Progress,
    batch: Batch,
    evaluator: Evaluator,
    /// Before the current step.
    statistics: Statistics,
    watch: Watch,
}

impl Trainer {
    /// A trainer that has not begun.
    ///
    /// # Errors
    /// As [`TrainerConfig::validate`].
    pub fn new(config: TrainerConfig) -> Result<Self, Error> {
        config.validate()?;
        Ok(Trainer {
            optimizer: config.optimizer.build()?,
            config,
            progress: Progress::default(),
            batch: Batch::default(),
            evaluator: Evaluator::default(),
            statistics: Statistics::default(),
            watch: Watch::default(),
        })
    }

    /// The settings.
    pub fn config(&self) -> &TrainerConfig {
        &self.config
    }

    /// The place in the training: before the step that comes next.
    pub fn position(&self) -> Position {
        self.progress.position
    }

    /// The optimizer, with what it remembers.
    pub fn optimizer(&self) -> &dyn Optimizer {
        &*self.optimizer
    }

    /// What happened so far.
    pub fn history(&self) -> &History {
        &self.progress.history
    }

    /// Whether all epochs are done and evaluated.
    pub fn is_finished(&self) -> bool {
        self.progress.epochs_done() >= self.config.epochs
    }

    /// Sets another number of epochs, in the middle of a training too.
    ///
    /// # Errors
    /// Where the training has gone further already.
    pub fn set_epochs(&mut self, epochs: usize) -> Result<(), Error> {
        let begun = self.progress.epochs_begun();
        if epochs < begun.max(1) {
            let expected = format!("at least {}, where the training is already", begun.max(1));
            return Err(Error::Setting { what: "the number of epochs", expected, got: epochs });
        }
        self.config.epochs = epochs;
        Ok(())
    }

    /// Begins to train `network` on `train`, or goes on where the trainer stopped; after each epoch the network is
    /// evaluated on both sets. The caller takes step by step: see [`Training`].
    ///
    /// # Errors
    /// Where the images are not what the network takes, or their number is not that of the call before.
    pub fn start<'a>(
        &'a mut self,
        network: &'a mut Network,
        train: &'a Dataset,
        test: &'a Dataset,
    ) -> Result<Training<'a>, Error> {
        let batches = self.batches(network, train, test)?;
        self.progress.images = Some(train.len());
        let left = batches.steps_per_epoch() - self.progress.position.step;
        self.progress.history.train_loss_list.reserve(left);
        Ok(Training { trainer: self, network, train, test, batches, told: Told::Nothing })
    }

    /// Trains as [`start`](Self::start) says, until all epochs are done or `on_event` says [`ControlFlow::Break`];
    /// another call goes on from there.
    ///
    /// # Errors
    /// As [`start`](Self::start) and [`Training::next_event`].
    pub fn train(
        &mut self,
        network: &mut Network,
        train: &Dataset,
        test: &Dataset,
        on_event: &mut dyn FnMut(&Event) -> ControlFlow<()>,
    ) -> Result<History, Error> {
        let mut training = self.start(network, train, test)?;
        while let Some(event) = training.next_event()? {
            if on_event(&event).is_break() {
                break;
            }
        }
        Ok(self.progress.history.clone())
    }

    /// Finds out whether [`train`](Self::train) would begin with these: for programs that want to know before they do
    /// anything else.
    ///
    /// # Errors
    /// Those of [`train`](Self::train) that are known before the first step.
    pub fn check(&self, network: &Network, train: &Dataset, test: &Dataset) -> Result<(), Error> {
        self.batches(network, train, test).map(|_| ())
    }

    /// All that a user should know about the training as it is now, whether it was told before or not: for a report. `train`
    /// is what the network was trained on.
    ///
    /// # Errors
    /// Where the images are not what the network takes.
    pub fn warnings(&self, network: &Network, train: &Dataset) -> Result<Vec<Warning>, Error> {
        fits(network, train, Part::Training)?;
        Ok(warnings(&self.config, &self.progress, network, train))
    }

    /// Checks that all fits together, and gives the batches from the current place on.
    fn batches(&self, network: &Network, train: &Dataset, test: &Dataset) -> Result<Batches, Error> {
        fits(network, train, Part::Training)?;
        fits(network, test, Part::Test)?;
        let TrainerConfig { batch_size, sampling, seed, .. } = self.config;
        if sampling == Sampling::Book && batch_size > train.len() {
            let expected = format!("at most {}, the number of training images, with sampling book", train.len());
            return Err(Error::Setting { what: "the batch size", expected, got: batch_size });
        }
        let expected = self.progress.images.unwrap_or(train.len());
        if expected != train.len() {
            return Err(Error::OtherImages { expected, got: train.len() });
        }
        let mut batches = Batches::new(train.len(), batch_size, sampling, seed)?;
        batches.seek(self.progress.position)?;
        Ok(batches)
    }

    /// One step: the next batch, its gradient, the optimizer. Gives the loss.
    fn step(&mut self, network: &mut Network, train: &Dataset, batches: &mut Batches) -> Result<f64, Error> {
        let start = Instant::now();
        if self.progress.position.step == 0 {
            self.progress.history.train_loss_list.reserve(batches.steps_per_epoch());
        }
        let lr = self.learning_rate(batches.steps_per_epoch());
        network.reseed(self.step_seed(batches.steps_per_epoch()));
        self.batch.fill(train, batches.next_batch(), self.config.scaling);
        let (x, t) = self.batch.view(network.input_shape());
        self.statistics.remember(network);
        let loss = f64::from(network.loss(x.view(), t)) + weight_loss(network, self.config.weight_decay);
        if !loss.is_finite() {
            let error = self.diverged(network, loss, batches.steps_per_epoch());
            batches.seek(self.progress.position)?;
            return Err(error);
        }
        self.optimizer.set_lr(lr);
        let mut step = OptimizerStep::begin(&mut *self.optimizer, self.config.weight_decay);
        network.backward_and_update(x, t, &mut step);
        self.progress.position = batches.position();
        self.progress.history.train_loss_list.push(loss);
        self.progress.epoch.loss += loss * t.len() as f64;
        self.progress.epoch.images += t.len();
        self.progress.epoch.seconds += start.elapsed().as_secs_f64();
        Ok(loss)
    }

    /// Why the step that should have come next has no finite loss; the network is left as it was before.
    fn diverged(&self, network: &mut Network, loss: f64, steps_per_epoch: usize) -> Error {
        let Position { epoch, step } = self.progress.position;
        let (x, _) = self.batch.view(network.input_shape());
        let began = NotFinite::find(network, self.step_seed(steps_per_epoch), x);
        self.statistics.restore(network);
        let lr = self.learning_rate(steps_per_epoch);
        Error::Diverged { epoch: epoch as usize + 1, step: step + 1, loss, lr, began }
    }

    /// The learning rate of the step that comes next.
    fn learning_rate(&self, steps_per_epoch: usize) -> f64 {
        self.learning_rate_at(self.progress.position, steps_per_epoch)
    }

    fn learning_rate_at(&self, Position { epoch, step }: Position, steps_per_epoch: usize) -> f64 {
        let time = epoch as f64 + step as f64 / steps_per_epoch as f64;
        self.config.optimizer.lr() * self.config.schedule.factor(time)
    }

    /// The seed of the random numbers of the step that comes next (dropout's masks).
    fn step_seed(&self, steps_per_epoch: usize) -> u64 {
        let Position { epoch, step } = self.progress.position;
        let number = epoch * steps_per_epoch as u64 + step as u64;
        Random::new(self.config.seed, Purpose::Step(number)).bits()
    }

    /// What is to be told before the training goes on.
    fn warning(&mut self, network: &Network, train: &Dataset) -> Option<Warning> {
        self.watch.next(&self.config, &self.progress, network, train)
    }

    /// Judges the network after an epoch, and closes the epoch's sums.
    fn end_epoch(&mut self, network: &Network, train: &Dataset, test: &Dataset) -> Result<Event, Error> {
        if let Some(began) = NotFinite::parameter(network) {
            return Err(self.diverged_network(began));
        }
        let train_accuracy = self.evaluate(network, train)?.accuracy();
        let test_accuracy = self.evaluate(network, test)?.accuracy();
        let EpochSoFar { loss, images, seconds } = std::mem::take(&mut self.progress.epoch);
        let history = &mut self.progress.history;
        history.epoch_loss_list.push(loss / images as f64);
        history.epoch_seconds_list.push(seconds);
        history.train_acc_list.push(train_accuracy);
        history.test_acc_list.push(test_accuracy);
        Ok(history.epoch_event(history.epoch_loss_list.len(), self.config.epochs))
    }

    fn evaluate(&mut self, network: &Network, data: &Dataset) -> Result<Evaluation, Error> {
        let count = self.config.eval_samples.unwrap_or(data.len());
        let evaluation = self.evaluator.evaluate(network, data, count, self.config.scaling);
        evaluation.map_err(|error| match error {
            Error::Scores { began, .. } => self.diverged_network(began),
            other => other,
        })
    }

    /// Why the last step of an epoch was none to go on from.
    fn diverged_network(&self, began: NotFinite) -> Error {
        let epoch = self.progress.position.epoch as usize;
        Error::DivergedNetwork { epoch, lr: self.optimizer.lr(), began }
    }
}

/// A training that runs: each call of [`next_event`](Self::next_event) takes it one step further, and between two calls it
/// may be looked at, kept ([`checkpoint`](Self::checkpoint)), or left.
///
/// ```
/// use model::{Event, SimpleConvNet, Trainer, TrainerConfig};
/// # let digits = datasets::digits::splits(60, 20, 0);
/// # let mut network = SimpleConvNet { hidden_size: 4, ..SimpleConvNet::default() }.build(0)?;
/// let mut trainer = Trainer::new(TrainerConfig { epochs: 1, batch_size: 20, ..TrainerConfig::default() })?;
/// let mut training = trainer.start(&mut network, &digits.train, &digits.test)?;
/// while let Some(event) = training.next_event()? {
///     if let Event::Step { step, loss, .. } = event {
///         println!("step {step}: {loss}");
///     }
/// }
/// # Ok::<(), model::Error>(())
/// ```
pub struct Training<'a> {
    trainer: &'a mut Trainer,
    network: &'a mut Network,
    train: &'a Dataset,
    test: &'a Dataset,
    batches: Batches,
    told: Told,
}

/// What was told already, of the two events that come once.
#[derive(Debug, PartialEq)]
enum Told {
    Nothing,
    Started,
    Finished,
}

impl Training<'_> {
    /// Does what comes next (a step, a warning, or the evaluation after an epoch), and tells what happened; `None` when all
    /// epochs are done. What comes next follows from the trainer's state alone, so the training may be left after any event.
    ///
    /// # Errors
    /// Where the loss becomes infinite or no number ([`Error::Diverged`]): all is as it was before that step, which may be
    /// kept unless a parameter is not finite already ([`is_finite`](Self::is_finite)). Where the last step of an epoch
    /// left such a parameter, or a network that gives images scores that are not finite ([`Error::DivergedNetwork`]).
    pub fn next_event(&mut self) -> Result<Option<Event>, Error> {
        let epochs = self.trainer.config.epochs;
        let position = self.trainer.progress.position;
        let epochs_done = self.trainer.progress.epochs_done();
        let steps_per_epoch = self.batches.steps_per_epoch();
        if self.told == Told::Nothing {
            self.told = Told::Started;
            return Ok(Some(Event::Started {
                epochs,
                epochs_done,
                steps_done: position.step,
                steps_per_epoch,
                train_images: self.train.len(),
                test_images: self.test.len(),
                parameters: self.network.learned_len(),
            }));
        }
        if let Some(warning) = self.trainer.warning(self.network, self.train) {
            return Ok(Some(Event::Warning(warning)));
        }
        if self.trainer.progress.waits_for_evaluation() {
            return self.trainer.end_epoch(self.network, self.train, self.test).map(Some);
        }
        if epochs_done < epochs {
            let (epoch, step) = (epochs_done + 1, position.step + 1);
            let lr = self.trainer.learning_rate(steps_per_epoch);
            let loss = self.trainer.step(self.network, self.train, &mut self.batches)?;
            return Ok(Some(Event::Step { epoch, step, steps_per_epoch, loss, lr }));
        }
        if self.told == Told::Started {
            self.told = Told::Finished;
            let seconds = self.trainer.history().epoch_seconds_list.iter().sum();
            return Ok(Some(Event::Finished { epochs, seconds }));
        }
        Ok(None)
    }

    /// The steps and the epochs that there were before now: for those who want all of a training, and come to one that goes
    /// on. They are as they were told then, but for the number of epochs in all ([`Event::Epoch`]), which is that of now:
    /// [`Trainer::set_epochs`] may have changed it.
    pub fn past(&self) -> impl Iterator<Item = Event> {
        let (steps_per_epoch, epochs) = (self.batches.steps_per_epoch(), self.trainer.config.epochs);
        let lr = move |at| self.trainer.learning_rate_at(at, steps_per_epoch);
        self.trainer.history().events(steps_per_epoch, epochs, lr)
    }

    /// Whether the network as it is now is worth keeping: no parameter is infinite or no number. A step may leave such a
    /// one although its own loss was finite; the next step then tells.
    pub fn is_finite(&self) -> bool {
        NotFinite::parameter(self.network).is_none()
    }

    /// Whether the last step of an epoch is done and the evaluation of the network that it left comes next: until then nobody
    /// knows whether the scores of that network are finite.
    pub fn waits_for_evaluation(&self) -> bool {
        self.trainer.progress.waits_for_evaluation()
    }

    /// The trainer, as it is now.
    pub fn trainer(&self) -> &Trainer {
        self.trainer
    }

    /// The network, as it is now.
    pub fn network(&self) -> &Network {
        self.network
    }

    /// The content of a checkpoint file: all that has to be kept to go on from here, see [`Checkpoint`](crate::Checkpoint).
    pub fn checkpoint(&self, origin: &Origin) -> Vec<u8> {
        checkpoint::to_bytes(self.trainer, self.network, origin)
    }
}

/// What the weights add to the loss. Only weights decay, biases do not.
fn weight_loss(network: &Network, lambda: f64) -> f64 {
    if lambda == 0.0 {
        return 0.0;
    }
    let mut loss = 0.0;
    network.visit_params(&mut |_, param| {
        if param.name == "W" {
            loss += weight_decay::loss(param.values(), lambda);
        }
    });
    loss
}
