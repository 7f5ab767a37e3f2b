//! The built-in digits: handwriting drawn by the code, for machines without MNIST.
//!
//! Each digit has several [families of shapes](glyphs): lists of points that a pen passes through. One image mixes two
//! shapes of a family, moves each point a little, slants, stretches, turns and bends the whole ([`hand`]), draws it with a
//! pen of some width into a box of 20×20 pixels, and puts that box into 28×28 pixels so that the centre of mass of the
//! ink is in the middle, as the makers of MNIST did ([`pen`]).
//!
//! Image i of a seed is always the same, whatever the number of images or threads, on every machine: all arithmetic is
//! single-precision `+ − × ÷ √` in a fixed order.

#[rustfmt::skip] // Points would come one to a line.
mod glyphs;
mod hand;
mod pen;

use std::num::NonZero;
use std::thread;

use crate::dataset::{Dataset, Part, Splits};
use crate::random::Random;

/// Fewer images than this are drawn sooner than a thread is started.
const WORTH_A_THREAD: usize = 100;
const SIDE: usize = 28;
const CLASSES: usize = 10;

/// Draws `count` digits of 1×28×28 pixels.
///
/// # Example
/// ```
/// use datasets::{Part, digits};
///
/// let digits = digits::draw(Part::Train, 100, 0);
/// assert_eq!((digits.len(), digits.image_shape(), digits.classes()), (100, [1, 28, 28], 10));
/// // The first images are the same however many are drawn.
/// assert_eq!(digits::draw(Part::Train, 3, 0), digits.limit(3));
/// ```
pub fn draw(part: Part, count: usize, seed: u64) -> Dataset {
    let mut pixels = vec![0; count * SIDE * SIDE];
    let mut labels = vec![0; count];
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(count.div_ceil(WORTH_A_THREAD)).max(1);
    let share = count.div_ceil(threads).max(1);
    thread::scope(|scope| {
        let shares = pixels.chunks_mut(share * SIDE * SIDE).zip(labels.chunks_mut(share));
        for (number, (pixels, labels)) in shares.enumerate() {
            scope.spawn(move || {
                for (offset, (image, label)) in pixels.chunks_exact_mut(SIDE * SIDE).zip(labels).enumerate() {
                    *label = draw_one(part, seed, number * share + offset, image);
                }
            });
        }
    });
    Dataset::new(pixels, labels, [1, SIDE, SIDE], CLASSES).expect("ten classes of 28×28 pixels")
}

/// Draws training and test digits, which have no image in common.
pub fn splits(train: usize, test: usize, seed: u64) -> Splits {
    Splits { train: draw(Part::Train, train, seed), test: draw(Part::Test, test, seed) }
}

/// Draws image `index` and returns its label. Each image has a stream of the generator to itself.
fn draw_one(part: Part, seed: u64, index: usize, image: &mut [u8]) -> u8 {
    let purpose = match part {
        Part::Train => b"digits, training        ",
        Part::Test => b"digits, test            ",
    };
    let mut random = Random::new(seed, purpose, index as u64);
    let label = random.below(CLASSES as u32) as usize;
    let writing = hand::write(label, &mut random);
    pen::draw(&writing, image);
    label as u8
}
