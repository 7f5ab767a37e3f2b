//! The built-in digits: handwriting drawn by the code, for machines without MNIST.
//!
//! Each digit has several families of shapes (`glyphs.rs`): lists of points that a pen passes through. One image mixes two
//! shapes of a family, moves each point a little, slants, stretches, turns and bends the whole (`hand.rs`), draws it with a
//! pen of some width into a box of 20×20 pixels, and puts that box into 28×28 pixels so that the centre of mass of the
//! ink is in the middle, as the makers of MNIST did (`pen.rs`).
//!
//! Image i of a seed is always the same, whatever the number of images or threads, on every machine: all arithmetic is
//! single-precision `+ − × ÷ √` in a fixed order, and the exponential function of `libm`.
//!
//! How good they are has a number. The book's network, trained for three epochs on 60,000 of them and on nothing else,
//! names 95.0 to 96.5 % of MNIST's test digits (four seeds), and 98.5 % of those of the drawn test digits. Shapes and
//! habits were chosen by eye, and by such numbers on MNIST's training images.

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::sha256;

    #[test]
    fn the_same_bits_on_every_machine() {
        let digits = draw(Part::Train, 1000, 0);
        assert_eq!(digits.labels()[..12], [4, 7, 2, 0, 5, 3, 4, 6, 6, 5, 8, 1]);
        let sum = sha256(digits.pixels()).unwrap();
        assert_eq!(sum, "dc06e2d06695bbfc3c9ae6233cf7d981cbd50a42982becf68a7c5b4d427d0bbc");
        assert_eq!(
            sha256(draw(Part::Test, 100, 7).pixels()).unwrap(),
            "7bb1a36dcc777ca01c0506e54e8efcfb2d05bf8a5726d7e475214acf99720231"
        );
    }

    #[test]
    fn an_image_does_not_depend_on_the_others_or_on_the_thread() {
        let digits = draw(Part::Train, 350, 5);
        assert_eq!(draw(Part::Train, 1, 5), digits.clone().limit(1));
        let mut image = [0; SIDE * SIDE];
        for index in [0, 1, 100, 349] {
            let label = draw_one(Part::Train, 5, index, &mut image);
            assert_eq!((image.as_slice(), label), (digits.image(index), digits.labels()[index]));
        }
    }

    #[test]
    fn parts_and_seeds_have_images_of_their_own() {
        let Splits { train, test } = splits(200, 200, 1);
        assert_ne!(train.pixels(), test.pixels());
        assert_ne!(train.pixels(), draw(Part::Train, 200, 2).pixels());
        let mut images: Vec<&[u8]> = (0..200).flat_map(|index| [train.image(index), test.image(index)]).collect();
        images.sort();
        images.dedup();
        assert_eq!(images.len(), 400);
    }

    #[test]
    fn there_may_be_none() {
        assert!(draw(Part::Train, 0, 0).is_empty());
    }

    /// Ink, and its centre: the sum of the bytes, and their means of column and row.
    fn ink_and_centre(image: &[u8]) -> (f64, f64, f64) {
        let (mut ink, mut x, mut y) = (0.0, 0.0, 0.0);
        for (pixel, &byte) in image.iter().enumerate() {
            ink += f64::from(byte);
            x += f64::from(byte) * (pixel % SIDE) as f64;
            y += f64::from(byte) * (pixel / SIDE) as f64;
        }
        (ink, x / ink, y / ink)
    }

    #[test]
    fn digits_are_inked_and_centred_as_in_mnist() {
        let digits = draw(Part::Train, 2000, 0);
        let mut total = 0.0;
        for index in 0..digits.len() {
            let (ink, x, y) = ink_and_centre(digits.image(index));
            total += ink / (255.0 * 784.0);
            assert!(ink > 255.0 * 15.0, "image {index} has hardly any ink");
            // Moved by whole pixels, the centre of mass is at most half a pixel off.
            assert!((x - 13.5).abs() <= 0.51 && (y - 13.5).abs() <= 0.51, "image {index} is centred at {x}, {y}");
        }
        // MNIST's training images: 0.1307.
        let mean = total / 2000.0;
        assert!((0.120..0.140).contains(&mean), "mean ink {mean}");
        // Labels of a class: a deviation of √(2000 · 0.1 · 0.9) = 13.
        for class in 0..10 {
            let count = digits.labels().iter().filter(|&&label| label == class).count();
            assert!((140..260).contains(&count), "{count} images of {class}");
        }
    }

    #[test]
    fn shapes_of_a_family_can_be_mixed() {
        for (digit, families) in glyphs::DIGITS.iter().enumerate() {
            for family in *families {
                let outline = |shape: &glyphs::Shape| shape.iter().map(|stroke| stroke.len()).collect::<Vec<_>>();
                let first = outline(&family.shapes[0]);
                assert!(family.weight > 0 && !first.is_empty() && first.iter().all(|points| *points >= 2), "{digit}");
                assert!(family.shapes.iter().all(|shape| outline(shape) == first), "a family of {digit}");
            }
        }
    }
}
