//! The order in which a network sees its training images.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;
use crate::random::Random;

const PURPOSE: &[u8; 24] = b"order of samples        ";

/// How batches are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// Each epoch goes through all images once, in a new random order. The last batch of an epoch may be smaller.
    #[default]
    Epoch,
    /// Each batch is drawn from all images with replacement, as the book does it; an epoch is as many batches as fit
    /// into the number of images, one at least. Some images come twice in an epoch, about 37 % not at all.
    Book,
}

impl fmt::Display for Sampling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sampling::Epoch => "epoch",
            Sampling::Book => "book",
        })
    }
}

impl FromStr for Sampling {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        match name {
            "epoch" => Ok(Sampling::Epoch),
            "book" => Ok(Sampling::Book),
            _ => Err(Error::Setting {
                what: "the sampling",
                expected: "epoch or book".to_string(),
                got: format!("{name:?}"),
            }),
        }
    }
}

/// A place between two batches: all that has to be kept to go on later, beside what [`Batches::new`] was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Position {
    /// Epochs that are complete.
    pub epoch: u64,
    /// Batches of the current epoch that are done; below [`Batches::steps_per_epoch`].
    pub step: usize,
}

/// An endless sequence of batches of indices, determined by its settings and seed.
///
/// The order within epoch e comes from the e-th stream of the generator. So a [`Position`] is the whole state: whoever
/// seeks it goes on with the same batches as one who never stopped.
///
/// # Example
/// ```
/// use datasets::{Batches, Sampling};
///
/// let mut batches = Batches::new(10, 4, Sampling::Epoch, 7)?;
/// assert_eq!(batches.steps_per_epoch(), 3);
/// let mut seen: Vec<usize> = (0..3).flat_map(|_| batches.next_batch().to_vec()).collect();
/// seen.sort();
/// assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
/// # Ok::<(), datasets::Error>(())
/// ```
pub struct Batches {
    count: usize,
    batch_size: usize,
    sampling: Sampling,
    seed: u64,
    position: Position,
    /// The generator of the current epoch.
    random: Random,
    /// With [`Sampling::Epoch`] the order of the current epoch, with [`Sampling::Book`] the current batch.
    indices: Vec<usize>,
}

impl Batches {
    /// Batches of `batch_size` out of `count` images.
    ///
    /// # Errors
    /// If `count` is not 1 to 4,294,967,295, or `batch_size` is 0.
    pub fn new(count: usize, batch_size: usize, sampling: Sampling, seed: u64) -> Result<Self, Error> {
        check("the number of images", count)?;
        check("the batch size", batch_size)?;
        let indices = match sampling {
            Sampling::Epoch => (0..count).collect(),
            Sampling::Book => vec![0; batch_size],
        };
        let position = Position::default();
        let random = Random::new(seed, PURPOSE, 0);
        let mut batches = Self { count, batch_size, sampling, seed, position, random, indices };
        batches.begin_epoch(0);
        Ok(batches)
    }

    /// Batches in an epoch.
    pub fn steps_per_epoch(&self) -> usize {
        match self.sampling {
            Sampling::Epoch => self.count.div_ceil(self.batch_size),
            Sampling::Book => (self.count / self.batch_size).max(1),
        }
    }

    /// The largest batch that will come: the buffers that it needs.
    pub fn largest_batch(&self) -> usize {
        match self.sampling {
            Sampling::Epoch => self.batch_size.min(self.count),
            Sampling::Book => self.batch_size,
        }
    }

    /// Where the sequence is: the place before the next batch.
    pub fn position(&self) -> Position {
        let Position { epoch, step } = self.position;
        if step == self.steps_per_epoch() { Position { epoch: epoch + 1, step: 0 } } else { self.position }
    }

    /// Goes to a place that [`position`](Self::position) named: the next batch is the one that came next there.
    ///
    /// # Errors
    /// If there are no so many batches in an epoch.
    pub fn seek(&mut self, position: Position) -> Result<(), Error> {
        let steps = self.steps_per_epoch();
        if position.step >= steps {
            return Err(Error::Setting {
                what: "the position in the epoch",
                expected: format!("below {steps}, the batches of an epoch"),
                got: position.step.to_string(),
            });
        }
        if position == self.position {
            return Ok(()); // it is there already, as a new sequence is at its beginning
        }
        self.begin_epoch(position.epoch);
        if self.sampling == Sampling::Book {
            (0..position.step).for_each(|_| self.draw());
        }
        self.position = position;
        Ok(())
    }

    /// The indices of the next batch, without allocating.
    pub fn next_batch(&mut self) -> &[usize] {
        if self.position.step == self.steps_per_epoch() {
            self.begin_epoch(self.position.epoch + 1);
        }
        let first = self.position.step * self.batch_size;
        self.position.step += 1;
        match self.sampling {
            Sampling::Epoch => &self.indices[first..self.count.min(first + self.batch_size)],
            Sampling::Book => {
                self.draw();
                &self.indices
            }
        }
    }

    fn begin_epoch(&mut self, epoch: u64) {
        self.position = Position { epoch, step: 0 };
        self.random = Random::new(self.seed, PURPOSE, epoch);
        if self.sampling == Sampling::Epoch {
            self.indices.iter_mut().enumerate().for_each(|(position, index)| *index = position);
            self.random.shuffle(&mut self.indices);
        }
    }

    /// Draws a batch with replacement.
    fn draw(&mut self) {
        for index in &mut self.indices {
            *index = self.random.below(self.count as u32) as usize;
        }
    }
}

fn check(what: &'static str, size: usize) -> Result<(), Error> {
    match u32::try_from(size) {
        Ok(1..) => Ok(()),
        _ => Err(Error::Setting { what, expected: format!("1 to {}", u32::MAX), got: size.to_string() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(batches: &mut Batches) -> Vec<Vec<usize>> {
        (0..batches.steps_per_epoch()).map(|_| batches.next_batch().to_vec()).collect()
    }

    #[test]
    fn the_first_order_never_changes() {
        let mut batches = Batches::new(10, 4, Sampling::Epoch, 0).unwrap();
        assert_eq!(epoch(&mut batches), [vec![7, 2, 4, 9], vec![5, 3, 1, 6], vec![8, 0]]);
        let mut batches = Batches::new(10, 4, Sampling::Book, 0).unwrap();
        assert_eq!(epoch(&mut batches), [[0, 9, 8, 2], [6, 6, 1, 1]]);
    }

    #[test]
    fn an_epoch_has_every_image_once() {
        for count in [1, 2, 7, 99, 100, 101] {
            for batch_size in [1, 3, 100, 250] {
                let mut batches = Batches::new(count, batch_size, Sampling::Epoch, 11).unwrap();
                for _ in 0..3 {
                    let epoch = epoch(&mut batches);
                    assert!(epoch.iter().rev().skip(1).all(|batch| batch.len() == batch_size));
                    assert!(epoch.iter().all(|batch| batch.len() <= batches.largest_batch()));
                    let mut seen = epoch.concat();
                    seen.sort();
                    assert_eq!(seen, (0..count).collect::<Vec<_>>(), "{count} images in batches of {batch_size}");
                }
            }
        }
    }

    #[test]
    fn epochs_and_seeds_have_orders_of_their_own() {
        let mut one = Batches::new(100, 100, Sampling::Epoch, 1).unwrap();
        let mut two = Batches::new(100, 100, Sampling::Epoch, 2).unwrap();
        let (first, second, other) = (epoch(&mut one), epoch(&mut one), epoch(&mut two));
        assert_ne!(first, second);
        assert_ne!(first, other);
    }

    #[test]
    fn the_book_draws_with_replacement() {
        let mut batches = Batches::new(1000, 100, Sampling::Book, 3).unwrap();
        let mut seen = epoch(&mut batches).concat();
        assert_eq!(seen.len(), 1000);
        seen.sort();
        seen.dedup();
        // 1000 · (1 − 1/e) = 632 on average.
        assert!((580..690).contains(&seen.len()), "{}", seen.len());
        // 250 images make two whole batches of 100, and 50 make one all the same.
        assert_eq!(Batches::new(250, 100, Sampling::Book, 3).unwrap().steps_per_epoch(), 2);
        let mut few = Batches::new(50, 100, Sampling::Book, 3).unwrap();
        assert_eq!((few.steps_per_epoch(), few.largest_batch(), few.next_batch().len()), (1, 100, 100));
    }

    #[test]
    fn whoever_seeks_a_position_goes_on_as_if_never_stopped() {
        for sampling in [Sampling::Epoch, Sampling::Book] {
            let new = || Batches::new(25, 4, sampling, 5).unwrap();
            let mut batches = new();
            let mut run = Vec::new();
            for _ in 0..20 {
                run.push((batches.position(), batches.next_batch().to_vec()));
            }
            for first in 0..19 {
                let mut other = new();
                other.seek(run[first].0).unwrap();
                for (position, batch) in &run[first..] {
                    assert!(position.step < other.steps_per_epoch());
                    assert_eq!((other.position(), other.next_batch()), (*position, batch.as_slice()));
                }
                // And back, in the same object.
                batches.seek(run[first].0).unwrap();
                assert_eq!(batches.next_batch(), run[first].1);
            }
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let message =
            |count, batch_size| Batches::new(count, batch_size, Sampling::Epoch, 0).err().unwrap().to_string();
        assert_eq!(message(0, 10), "the number of images must be 1 to 4294967295, got 0");
        assert_eq!(message(10, 0), "the batch size must be 1 to 4294967295, got 0");
        let mut batches = Batches::new(10, 4, Sampling::Epoch, 0).unwrap();
        let problem = batches.seek(Position { epoch: 0, step: 3 }).unwrap_err().to_string();
        assert_eq!(problem, "the position in the epoch must be below 3, the batches of an epoch, got 3");
        assert!("sorted".parse::<Sampling>().unwrap_err().to_string().contains("epoch or book, got \"sorted\""));
        for sampling in [Sampling::Epoch, Sampling::Book] {
            assert_eq!(sampling.to_string().parse::<Sampling>().unwrap(), sampling);
        }
    }
}
