//! What a user should know about a training, although it goes on.

use std::fmt::{self, Display};

use crate::dead::Dead;

/// What a user should know about a training, although it goes on.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The first loss is more than twice what guessing would give. A network that knows nothing yet takes every class for
    /// equally likely; this one is sure of itself, and wrong.
    FirstLoss {
        /// The loss of the first step.
        loss: f64,
        /// The loss of a guess: the logarithm of the number of classes.
        guessing: f64,
    },
    /// After many steps the loss is as high as that of a guess, or higher.
    NoBetterThanGuessing {
        /// How many steps were done.
        steps: usize,
        /// The mean loss of the latest of them.
        mean: f64,
        /// How many those are.
        latest: usize,
        /// The loss of a guess: the logarithm of the number of classes.
        guessing: f64,
    },
    /// Filters have died, or at least three quarters of the neurons of a layer.
    Dead(Dead),
}

impl Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Warning::FirstLoss { loss, guessing } => {
                write!(f, "the first loss is {}, where guessing would give {guessing:.3}", short(*loss))
            }
            Warning::NoBetterThanGuessing { steps, mean, latest, guessing } => write!(
                f,
                "after {steps} steps the loss is no better than guessing: {} in the mean of the latest {latest}, and \
                 guessing gives {guessing:.3}",
                short(*mean)
            ),
            Warning::Dead(dead) => {
                let Dead { layer, units, numbers, of, images } = dead;
                let zero = format_args!("zero behind the ReLU for each of {images} images");
                match dead.is_all() {
                    true => write!(f, "all {of} {units} of {layer} are dead: {zero}"),
                    false => {
                        let (list, count) = (listed(numbers), numbers.len());
                        write!(f, "dead {units} in {layer}: {list} ({count} of {of}), {zero}")
                    }
                }
            }
        }
    }
}

/// More numbers are not listed.
const MOST_LISTED: usize = 20;

fn listed(numbers: &[usize]) -> String {
    let first: Vec<_> = numbers.iter().take(MOST_LISTED).map(usize::to_string).collect();
    first.join(", ") + if numbers.len() > MOST_LISTED { ", …" } else { "" }
}

/// Three decimals, or the power of ten.
fn short(loss: f64) -> String {
    if loss < 1e4 { format!("{loss:.3}") } else { format!("{loss:.2e}") }
}
