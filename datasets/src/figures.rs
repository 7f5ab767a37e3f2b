//! Coloured pictures of ten figures, drawn by the code: something to learn for networks that want large images.
//!
//! Each picture has one figure of any colour, size, place and turn, on a ground of another colour that runs into a third, with a
//! little noise. A figure is a function of a point: below zero inside, above outside, and about as much as the point is away
//! from its edge; so its edge can be drawn smooth.
//!
//! Image i of a seed is always the same, whatever the number of images or threads, on every machine.

use crate::dataset::{Dataset, Part, Splits};
use crate::random::Random;

/// Height and width of an image: what AlexNet takes.
pub const SIDE: usize = 227;

/// The figures, by their class.
pub const NAMES: [&str; 10] =
    ["disc", "ring", "square", "frame", "triangle", "bar", "cross", "star", "crescent", "half disc"];

/// Draws `count` pictures of 3×227×227 pixels: red, green and blue.
///
/// # Example
/// ```
/// use datasets::{Part, figures};
///
/// let pictures = figures::draw(Part::Train, 3, 0);
/// assert_eq!((pictures.len(), pictures.image_shape(), pictures.classes()), (3, [3, 227, 227], 10));
/// assert_eq!(figures::NAMES[usize::from(pictures.labels()[0])], "star");
/// ```
pub fn draw(part: Part, count: usize, seed: u64) -> Dataset {
    let mut pixels = vec![0; count * 3 * SIDE * SIDE];
    let images = pixels.chunks_exact_mut(3 * SIDE * SIDE).enumerate();
    let labels = images.map(|(index, image)| draw_one(part, seed, index, image)).collect();
    Dataset::new(pixels, labels, [3, SIDE, SIDE], NAMES.len()).expect("ten classes of 3×227×227 pixels")
}

/// Draws training and test pictures, which have none in common.
pub fn splits(train: usize, test: usize, seed: u64) -> Splits {
    Splits { train: draw(Part::Train, train, seed), test: draw(Part::Test, test, seed) }
}

/// Draws image `index` and returns its label. Each image has a stream of the generator to itself.
fn draw_one(part: Part, seed: u64, index: usize, image: &mut [u8]) -> u8 {
    let purpose = match part {
        Part::Train => b"figures, training       ",
        Part::Test => b"figures, test           ",
    };
    let mut random = Random::new(seed, purpose, index as u64);
    let label = random.below(NAMES.len() as u32) as u8;
    let scene = Scene::random(&mut random);
    for (at, pixel) in (0..SIDE * SIDE).map(|at| (at, [(at % SIDE) as f32, (at / SIDE) as f32])) {
        let inside = scene.coverage(label, pixel);
        let noise = random.between(-NOISE, NOISE);
        for (channel, value) in scene.ground_at(pixel).into_iter().enumerate() {
            let value = value + inside * (scene.figure[channel] - value) + noise;
            image[channel * SIDE * SIDE + at] = value.clamp(0.0, 255.0) as u8;
        }
    }
    label
}

/// How much the brightness of a pixel varies.
const NOISE: f32 = 12.0;
/// Colours of figure and ground differ by this much, all channels together.
const CONTRAST: f32 = 180.0;

/// Where a figure lies, and its colours (red, green, blue; 0 to 255).
struct Scene {
    centre: [f32; 2],
    /// Pixels of a unit of the figure.
    size: f32,
    /// Cosine and sine of its turn.
    turn: [f32; 2],
    figure: [f32; 3],
    /// At the upper edge, and at the lower one.
    ground: [[f32; 3]; 2],
}

impl Scene {
    fn random(random: &mut Random) -> Scene {
        let size = random.between(30.0, 75.0);
        let centre = [0; 2].map(|_| random.between(size, SIDE as f32 - size));
        let angle = random.between(0.0, std::f32::consts::TAU);
        let mut colour = || [0; 3].map(|_| random.between(0.0, 255.0));
        let ground = [colour(), colour()];
        let differs = |a: &[f32; 3], b: &[f32; 3]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() > CONTRAST;
        let figure = loop {
            let figure = colour();
            if ground.iter().all(|ground| differs(ground, &figure)) {
                break figure;
            }
        };
        Scene { centre, size, turn: [libm::cosf(angle), libm::sinf(angle)], figure, ground }
    }

    /// How much of a pixel the figure covers, from 0 to 1.
    fn coverage(&self, label: u8, [x, y]: [f32; 2]) -> f32 {
        let ([x, y], [cos, sin]) = ([(x - self.centre[0]) / self.size, (y - self.centre[1]) / self.size], self.turn);
        let distance = figure(label, [cos * x + sin * y, cos * y - sin * x]);
        (0.5 - distance * self.size).clamp(0.0, 1.0)
    }

    fn ground_at(&self, [_, y]: [f32; 2]) -> [f32; 3] {
        let [upper, lower] = self.ground;
        std::array::from_fn(|channel| upper[channel] + (lower[channel] - upper[channel]) * (y / SIDE as f32))
    }
}

/// Cosines and sines of the directions in which the sides of a regular triangle and pentagon lie.
const TRIANGLE: [[f32; 2]; 3] = [[0.0, 1.0], [0.866_025_4, -0.5], [-0.866_025_4, -0.5]];
const PENTAGON: [[f32; 2]; 5] = [
    [0.0, 1.0],
    [0.951_056_5, 0.309_017],
    [0.587_785_25, -0.809_017],
    [-0.587_785_25, -0.809_017],
    [-0.951_056_5, 0.309_017],
];

/// Below zero inside the figure, which has a radius of about 1.
fn figure(label: u8, [x, y]: [f32; 2]) -> f32 {
    let radius = (x * x + y * y).sqrt();
    let square = x.abs().max(y.abs());
    let bar = |long: f32, across: f32| (long.abs() - 0.95).max(across.abs() - 0.28);
    let side = |[cos, sin]: [f32; 2]| cos * x + sin * y;
    match label {
        0 => radius - 0.9,
        1 => (radius - 0.75).abs() - 0.2,
        2 => square - 0.75,
        3 => (square - 0.62).abs() - 0.15,
        4 => TRIANGLE.map(side).into_iter().fold(f32::NEG_INFINITY, f32::max) - 0.5,
        5 => bar(x, y),
        6 => bar(x, y).min(bar(y, x)),
        7 => {
            // The points inside of four of the five lines that a star is drawn with.
            let mut sides = PENTAGON.map(side);
            sides.sort_unstable_by(f32::total_cmp);
            sides[3] - 0.32
        }
        8 => (radius - 0.95).max(0.75 - ((x - 0.5) * (x - 0.5) + y * y).sqrt()),
        _ => (radius - 0.95).max(y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::sha256;

    #[test]
    fn the_same_bits_on_every_machine() {
        let pictures = draw(Part::Train, 4, 0);
        let sum = sha256(pictures.pixels()).unwrap();
        assert_eq!(sum, "52b7fbad27b385ea3569758b5969c2c6770739a35a562cf30b47a14731bba9f8");
        assert_eq!(pictures.labels(), [7, 2, 0, 2]);
        assert_eq!(draw(Part::Train, 1, 0), pictures.limit(1));
        assert_ne!(draw(Part::Test, 1, 0).pixels(), draw(Part::Train, 1, 0).pixels());
    }

    #[test]
    fn every_figure_has_an_inside_and_an_outside_of_its_own() {
        let cells = |label: u8| -> Vec<bool> {
            let at = |i: i32| i as f32 / 20.0;
            (-25..25).flat_map(|y| (-25..25).map(move |x| figure(label, [at(x), at(y)]) < 0.0)).collect()
        };
        for label in 0..10 {
            let inside = cells(label).iter().filter(|inside| **inside).count();
            assert!((200..1300).contains(&inside), "{}: {inside} of 2500", NAMES[usize::from(label)]);
            for other in 0..label {
                let differ = cells(label).iter().zip(cells(other)).filter(|(a, b)| **a != *b).count();
                assert!(differ > 150, "{label} and {other}: {differ}");
            }
        }
    }
}
