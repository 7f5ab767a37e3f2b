//! A training that watches itself.

use std::collections::{BTreeMap, VecDeque};

use datasets::{Dataset, Position};

use crate::dead::{Dead, Extent};
use crate::network::Network;
use crate::progress::Progress;
use crate::trainer_config::TrainerConfig;
use crate::warning::Warning;

/// Looks after a training, and warns once of what it finds.
///
/// What is to be said about the losses follows from the losses alone: it is said at one step, and not after another one,
/// whether the training was resumed in between or not. What is dead is looked for now and then, and told of a layer once,
/// and once more where all of it is; that is remembered for as long as this lives, so a training that was resumed tells it again.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// The place where it looked last.
    looked: Option<Position>,
    /// What was found there and is not told yet.
    found: VecDeque<Warning>,
    /// Whether the losses were no better than guessing at some step.
    guessed: bool,
    /// What was told of each layer.
    told: BTreeMap<String, Extent>,
}

impl Watch {
    /// What is to be told before the training goes on: one by one, then none.
    pub(crate) fn next(
        &mut self,
        config: &TrainerConfig,
        progress: &Progress,
        network: &Network,
        train: &Dataset,
    ) -> Option<Warning> {
        if self.looked.replace(progress.position) != Some(progress.position) {
            if let Some(guessing) = guessing(config, network) {
                self.look_at_losses(&progress.history.train_loss_list, guessing);
            }
            if progress.waits_for_evaluation() && may_be_dead(progress) && is_due(progress, train) {
                self.take(Dead::find(network, train, config.scaling));
            }
        }
        self.found.pop_front()
    }

    /// Tells what is new of what is dead.
    fn take(&mut self, dead: Vec<Dead>) {
        for dead in dead {
            let told = self.told.entry(dead.layer.clone()).or_insert(Extent::Little);
            if dead.extent() > *told {
                *told = dead.extent();
                self.found.push_back(Warning::Dead(dead));
            }
        }
    }

    fn look_at_losses(&mut self, losses: &[f64], guessing: f64) {
        if losses.len() == 1 {
            self.found.extend(first_loss(losses, guessing));
        }
        let now = if self.guessed { None } else { no_better_than_guessing(losses, guessing) };
        if now.is_some() {
            self.guessed = true;
            // A training that was resumed may have been no better before.
            self.found.extend(now.filter(|now| first_no_better(losses, guessing).as_ref() == Some(now)));
        }
    }
}

/// All that is to be said about a training as it is now, whatever was told before.
pub(crate) fn warnings(
    config: &TrainerConfig,
    progress: &Progress,
    network: &Network,
    train: &Dataset,
) -> Vec<Warning> {
    let losses = &progress.history.train_loss_list;
    let guessing = guessing(config, network);
    let of_losses = guessing.map(|guessing| [first_loss(losses, guessing), first_no_better(losses, guessing)]);
    let dead = if may_be_dead(progress) { Dead::find(network, train, config.scaling) } else { Vec::new() };
    let dead = dead.into_iter().filter(|dead| dead.extent() > Extent::Little).map(Warning::Dead);
    of_losses.into_iter().flatten().flatten().chain(dead).collect()
}

/// So many steps have to be done before what is silent may be called dead: many units are silent with their first weights, and
/// some wake up while those of the layers before them change.
const SETTLED: usize = 500;

fn may_be_dead(progress: &Progress) -> bool {
    progress.history.train_loss_list.len() >= SETTLED
}

/// For an image that is looked at, so many are learned from: then looking takes no time that anybody would notice.
const LEARNED_PER_LOOK: usize = 100;

/// Whether this is one of the epochs after which the dead are looked for: every one of MNIST's, every tenth of 5,000 images.
fn is_due(progress: &Progress, train: &Dataset) -> bool {
    let every = (LEARNED_PER_LOOK * Dead::images(train)).div_ceil(train.len());
    progress.position.epoch.is_multiple_of(every as u64)
}

/// The loss of a network that takes every class for equally likely. With weight decay the losses of a training are more
/// than those of its guesses, and there is nothing to compare them with.
fn guessing(config: &TrainerConfig, network: &Network) -> Option<f64> {
    (config.weight_decay == 0.0).then(|| (network.classes() as f64).ln())
}

/// A first loss above this multiple of a guess's is worth a word.
const HIGH: f64 = 2.0;

fn first_loss(losses: &[f64], guessing: f64) -> Option<Warning> {
    losses.first().filter(|&&loss| loss > HIGH * guessing).map(|&loss| Warning::FirstLoss { loss, guessing })
}

/// So many steps have to be done before a network may be called no better than a guess. (The book's network with plain
/// gradient descent at the book's rate spends 900 steps on MNIST before it sees anything.)
const PATIENCE: usize = 1500;
/// The mean of so many steps is compared with the loss of a guess.
const LATEST: usize = 100;
/// A loss above this part of it is no better: a network that sees nothing still learns which classes are frequent.
const HARDLY_LESS: f64 = 0.99;

/// Whether the latest of these losses are no better than those of a guess.
fn no_better_than_guessing(losses: &[f64], guessing: f64) -> Option<Warning> {
    let steps = losses.len();
    if steps < PATIENCE {
        return None;
    }
    let mean = losses[steps - LATEST..].iter().sum::<f64>() / LATEST as f64;
    (mean > HARDLY_LESS * guessing).then_some(Warning::NoBetterThanGuessing { steps, mean, latest: LATEST, guessing })
}

/// The same at the first step at which they are.
fn first_no_better(losses: &[f64], guessing: f64) -> Option<Warning> {
    (PATIENCE..=losses.len()).find_map(|steps| no_better_than_guessing(&losses[..steps], guessing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dead::Units;

    const GUESSING: f64 = std::f64::consts::LN_10;

    /// What is told at each step of such losses, by a watch that begins at step `from`.
    fn told(losses: &[f64], from: usize) -> Vec<(usize, Warning)> {
        let mut watch = Watch::default();
        (from.max(1)..=losses.len())
            .flat_map(|steps| {
                watch.look_at_losses(&losses[..steps], GUESSING);
                watch.found.drain(..).map(move |warning| (steps, warning)).collect::<Vec<_>>()
            })
            .collect()
    }

    fn kinds(told: &[(usize, Warning)]) -> Vec<(usize, &'static str)> {
        let kind = |warning: &Warning| match warning {
            Warning::FirstLoss { .. } => "first",
            Warning::NoBetterThanGuessing { .. } => "guessing",
            Warning::Dead(_) => "dead",
        };
        told.iter().map(|(step, warning)| (*step, kind(warning))).collect()
    }

    #[test]
    fn a_first_loss_is_high_above_twice_that_of_a_guess() {
        for (loss, high) in [(0.0, false), (2.3, false), (2.0 * GUESSING, false), (4.7, true), (1e30, true)] {
            let expected: &[_] = if high { &[(1, "first")] } else { &[] };
            assert_eq!(kinds(&told(&[loss, 9.0, 9.0], 1)), expected, "{loss}");
        }
    }

    #[test]
    fn losses_that_stay_are_told_once_when_there_are_enough() {
        let stays = vec![2.301; 2000];
        assert_eq!(kinds(&told(&stays, 1)), [(1500, "guessing")]);
        assert_eq!(kinds(&told(&stays[..1499], 1)), []);
        // It fell from very high, yet not below a guess.
        let falls: Vec<_> = (0..2000).map(|step| 2.35 + 20.0 * (-f64::from(step) / 100.0).exp()).collect();
        assert_eq!(kinds(&told(&falls, 1)), [(1, "first"), (1500, "guessing")]);
        // It learned late, or it is a little better: no alarm.
        let late: Vec<_> = (0..2000).map(|step| if step < 1300 { 2.302 } else { 1.5 }).collect();
        assert_eq!(told(&late, 1), []);
        assert_eq!(told(&vec![2.27; 2000], 1), []);
        // What was learned may be lost later.
        let lost: Vec<_> = (0..3000).map(|step| if step < 2500 { 0.1 } else { 2.4 }).collect();
        assert_eq!(kinds(&told(&lost, 1)), [(2595, "guessing")]);
    }

    #[test]
    fn what_is_dead_is_told_once_and_once_more_where_nothing_is_left() {
        let dead = |layer: &str, units, numbers| Dead {
            layer: layer.to_owned(),
            units,
            numbers: (0..numbers).collect(),
            of: 4,
            images: 10,
        };
        let mut watch = Watch::default();
        for (filters, neurons, expected) in [
            (0, 1, ""),
            (1, 1, "dead filters in Conv1: 0 (1 of 4)"),
            (2, 1, ""),
            (2, 2, ""),
            (1, 3, "dead neurons in Affine1: 0, 1, 2 (3 of 4)"),
            (0, 3, ""),
            (4, 0, "all 4 filters"),
            (4, 4, "all 4 neurons"),
            (4, 4, ""),
        ] {
            let both = [dead("Conv1", Units::Filters, filters), dead("Affine1", Units::Neurons, neurons)];
            watch.take(both.into_iter().filter(|dead| !dead.numbers.is_empty()).collect());
            let found: Vec<_> = watch.found.drain(..).map(|warning| warning.to_string()).collect();
            assert_eq!(found.len(), usize::from(!expected.is_empty()), "{found:?}");
            assert!(found.iter().all(|found| found.starts_with(expected)), "{found:?}");
        }
    }

    #[test]
    fn after_a_resume_nothing_is_told_again_and_nothing_is_left_out() {
        let stays = vec![9.0; 3000];
        let whole = told(&stays, 1);
        assert_eq!(kinds(&whole), [(1, "first"), (1500, "guessing")]);
        for from in [1, 2, 700, 1499, 1500, 1501, 2999] {
            let expected: Vec<_> = whole.iter().filter(|(step, _)| *step >= from).cloned().collect();
            assert_eq!(told(&stays, from), expected, "{from}");
        }
    }
}
