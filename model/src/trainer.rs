//! Training.

use std::ops::ControlFlow;
use std::time::Instant;

use datasets::{Batches, Dataset, Position, Sampling, Scaling};
use layers::{Purpose, Random};
use optim::{Optimizer, OptimizerConfig, Schedule, Steps, weight_decay};

use crate::batch::Batch;
use crate::error::{Error, Part};
use crate::event::Event;
use crate::history::History;
use crate::metrics::{Evaluation, Evaluator};
use crate::network::Network;
use crate::shape::fits;

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

/// Trains a network, and tells what happens through [`Event`]s.
///
/// A trainer holds all that a training needs beside the network and the images: the optimizer, the place in the sequence
/// of batches, the history. What is random at a step (the order of the images, the masks of dropout) follows from the
/// seed and the place alone. So a training that was stopped goes on to the same bits.
///
/// The book's quirks (its `Trainer` in `common/trainer.py`) are not copied, but for [`Sampling::Book`]: it evaluates once
/// before the first epoch is over, and once too few at the end; it leaves out the last images of an evaluation that do
/// not fill a batch, yet counts them as wrong; and it computes the loss a second time to print it.
#[derive(Debug)]
pub struct Trainer {
    config: TrainerConfig,
    optimizer: Box<dyn Optimizer>,
    position: Position,
    /// The number of training images, from the first step on.
    images: Option<usize>,
    history: History,
    epoch: EpochSoFar,
    batch: Batch,
    evaluator: Evaluator,
}

/// Sums over the steps of the current epoch.
#[derive(Debug, Clone, Copy, Default)]
struct EpochSoFar {
    /// Of the losses of the images.
    loss: f64,
    images: usize,
    seconds: f64,
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
            position: Position::default(),
            images: None,
            history: History::default(),
            epoch: EpochSoFar::default(),
            batch: Batch::default(),
            evaluator: Evaluator::default(),
        })
    }

    /// The settings.
    pub fn config(&self) -> &TrainerConfig {
        &self.config
    }

    /// The place in the training: before the step that comes next.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The optimizer, with what it remembers.
    pub fn optimizer(&self) -> &dyn Optimizer {
        &*self.optimizer
    }

    /// What happened so far.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Trains `network` on `train`, and evaluates it on both sets after each epoch, until all epochs are done or
    /// `on_event` says [`ControlFlow::Break`]. In that case the step is complete (and the evaluation, where it was the
    /// last of an epoch); another call goes on from there.
    ///
    /// # Errors
    /// Where the images are not what the network takes, or their number is not that of the call before. Where the loss
    /// becomes infinite or no number: what the network learned is as it was before that step, but the running statistics
    /// of batch normalisation have taken in the batch of that step.
    pub fn train(
        &mut self,
        network: &mut Network,
        train: &Dataset,
        test: &Dataset,
        on_event: &mut dyn FnMut(&Event) -> ControlFlow<()>,
    ) -> Result<History, Error> {
        let mut batches = self.batches(network, train, test)?;
        self.images = Some(train.len());
        let epochs = self.config.epochs;
        let steps_per_epoch = batches.steps_per_epoch();
        let mut flow = on_event(&Event::Started {
            epochs,
            epochs_done: self.epochs_done(),
            steps_per_epoch,
            train_images: train.len(),
            test_images: test.len(),
            parameters: network.learned_len(),
        });
        while self.epochs_done() < epochs && flow.is_continue() {
            let (epoch, step) = (self.epochs_done() + 1, self.position.step + 1);
            let loss = self.step(network, train, &mut batches)?;
            flow = on_event(&Event::Step { epoch, step, steps_per_epoch, loss });
            if step == steps_per_epoch {
                let event = self.end_epoch(network, train, test);
                flow = both(flow, on_event(&event));
            }
        }
        if self.epochs_done() == epochs {
            let seconds = self.history.epoch_seconds_list.iter().sum();
            // There is nothing left to stop.
            let _ = on_event(&Event::Finished { epochs, seconds });
        }
        Ok(self.history.clone())
    }

    /// Finds out whether [`train`](Self::train) would begin with these: for programs that want to know before they do
    /// anything else.
    ///
    /// # Errors
    /// Those of [`train`](Self::train) that are known before the first step.
    pub fn check(&self, network: &Network, train: &Dataset, test: &Dataset) -> Result<(), Error> {
        self.batches(network, train, test).map(|_| ())
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
        let expected = self.images.unwrap_or(train.len());
        if expected != train.len() {
            return Err(Error::OtherImages { expected, got: train.len() });
        }
        let mut batches = Batches::new(train.len(), batch_size, sampling, seed)?;
        batches.seek(self.position)?;
        Ok(batches)
    }

    /// One step: the next batch, its gradient, the optimizer. Gives the loss.
    fn step(&mut self, network: &mut Network, train: &Dataset, batches: &mut Batches) -> Result<f64, Error> {
        let start = Instant::now();
        if self.position.step == 0 {
            self.history.train_loss_list.reserve(batches.steps_per_epoch());
        }
        let lr = self.learning_rate(batches.steps_per_epoch());
        network.reseed(self.step_seed(batches.steps_per_epoch()));
        self.batch.fill(train, batches.next_batch(), self.config.scaling);
        let (x, t) = self.batch.view(network.input_shape());
        let loss = f64::from(network.gradient(x, t)) + weight_loss(network, self.config.weight_decay);
        if !loss.is_finite() {
            return Err(Error::Diverged { epoch: self.epochs_done() + 1, step: self.position.step + 1, loss, lr });
        }
        self.optimizer.set_lr(lr);
        update(network, &mut *self.optimizer, self.config.weight_decay);
        self.position = batches.position();
        self.history.train_loss_list.push(loss);
        self.epoch.loss += loss * t.len() as f64;
        self.epoch.images += t.len();
        self.epoch.seconds += start.elapsed().as_secs_f64();
        Ok(loss)
    }

    /// The learning rate of the step that comes next.
    fn learning_rate(&self, steps_per_epoch: usize) -> f64 {
        let Position { epoch, step } = self.position;
        let time = epoch as f64 + step as f64 / steps_per_epoch as f64;
        self.config.optimizer.lr() * self.config.schedule.factor(time)
    }

    /// The seed of the random numbers of the step that comes next (dropout's masks).
    fn step_seed(&self, steps_per_epoch: usize) -> u64 {
        let Position { epoch, step } = self.position;
        let number = epoch * steps_per_epoch as u64 + step as u64;
        Random::new(self.config.seed, Purpose::Step(number)).bits()
    }

    fn end_epoch(&mut self, network: &Network, train: &Dataset, test: &Dataset) -> Event {
        let EpochSoFar { loss, images, seconds } = std::mem::take(&mut self.epoch);
        let mean_loss = loss / images as f64;
        let train_accuracy = self.evaluate(network, train).accuracy();
        let test_accuracy = self.evaluate(network, test).accuracy();
        self.history.epoch_loss_list.push(mean_loss);
        self.history.epoch_seconds_list.push(seconds);
        self.history.train_acc_list.push(train_accuracy);
        self.history.test_acc_list.push(test_accuracy);
        let (epoch, epochs) = (self.epochs_done(), self.config.epochs);
        Event::Epoch { epoch, epochs, mean_loss, train_accuracy, test_accuracy, seconds }
    }

    fn evaluate(&mut self, network: &Network, data: &Dataset) -> Evaluation {
        let count = self.config.eval_samples.unwrap_or(data.len());
        self.evaluator.evaluate(network, data, count, self.config.scaling)
    }

    fn epochs_done(&self) -> usize {
        self.position.epoch as usize
    }
}

/// Stop where either says so.
fn both(a: ControlFlow<()>, b: ControlFlow<()>) -> ControlFlow<()> {
    if a.is_break() { a } else { b }
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

/// Hands every learned parameter to the optimizer, with its gradient.
fn update(network: &mut Network, optimizer: &mut dyn Optimizer, lambda: f64) {
    let mut slot = 0;
    optimizer.begin_step();
    network.visit_params_mut(&mut |_, param| {
        if !param.learned {
            return;
        }
        let decays = lambda != 0.0 && param.name == "W";
        let (value, grad) = param.value_and_grad_mut();
        if decays {
            f32::add_weight_decay(grad, value, lambda as f32);
        }
        optimizer.update(slot, value, grad);
        slot += 1;
    });
}
