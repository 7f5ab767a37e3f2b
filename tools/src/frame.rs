//! Pictures of digits in MNIST's frame.
//!
//! MNIST's authors brought every digit into a box of 20×20 pixels, its proportions kept and its edges smooth, and put it into
//! 28×28 pixels so that its centre of mass is in the middle. A network that has learned from MNIST wants the same of others.

use std::fmt;

use tensor::ndarray::{Array2, ArrayView2};

use crate::picture::resized;

/// Height and width of an image of MNIST.
pub const SIDE: usize = 28;
/// Height and width of the box around the digit.
const BOX: usize = 20;
/// Where the centre of mass comes to lie, counted from the middle of the first pixel: in all of MNIST's images it is no
/// further away than half a pixel.
const MIDDLE: f32 = 14.0;
/// What differs less from the paper, compared to the darkest ink, does not make the box larger.
const FAINT: f32 = 0.1;
/// A picture whose ink differs less from the paper than this, of black from white, shows nothing.
const LEAST_CONTRAST: f32 = 0.05;

/// What a digit is drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// Dark on light, as on paper.
    Dark,
    /// Light on dark, as in MNIST.
    Light,
}

impl Ink {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Ink::Dark => "dark on light",
            Ink::Light => "light on dark",
        }
    }
}

impl fmt::Display for Ink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A digit in MNIST's frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framed {
    /// (28, 28), from 0, where there is no ink, to 255.
    pub pixels: Array2<u8>,
    /// What the picture was.
    pub ink: Ink,
}

/// Brings a grey picture of a digit (height, width), from 0 (black) to 1 (white), into MNIST's frame. `None` where nothing is
/// drawn on it.
///
/// The paper is what most of the outermost pixels show; the ink is what differs from it, darker or lighter, whichever there
/// is more of.
pub fn framed(picture: ArrayView2<'_, f32>) -> Option<Framed> {
    let (amount, ink) = amount_of_ink(picture)?;
    let digit = crop(&amount);
    let (height, width) = digit.dim();
    let longer = height.max(width);
    let size = |n: usize| ((n * BOX + longer / 2) / longer).max(1);
    let mut digit = resized(digit.view(), size(height), size(width));
    // Thin strokes have become faint; the strongest ink is white, as before.
    let strongest = digit.iter().copied().fold(0.0, f32::max);
    digit /= strongest;
    let pixels = centred(digit.view()).map(|value| (value * 255.0).round() as u8);
    Some(Framed { pixels, ink })
}

/// How much ink is in each pixel, from 0 to 1, and of what kind.
fn amount_of_ink(picture: ArrayView2<'_, f32>) -> Option<(Array2<f32>, Ink)> {
    let paper = paper(picture)?;
    let (mut darker, mut lighter) = (0.0, 0.0);
    for &value in picture {
        darker += f64::from((paper - value).max(0.0));
        lighter += f64::from((value - paper).max(0.0));
    }
    let (ink, sign) = if darker > lighter { (Ink::Dark, -1.0) } else { (Ink::Light, 1.0) };
    let mut amount = picture.map(|value| (sign * (value - paper)).max(0.0));
    let strongest = amount.iter().copied().fold(0.0, f32::max);
    amount /= strongest;
    (strongest >= LEAST_CONTRAST).then_some((amount, ink))
}

/// The median of the outermost pixels.
fn paper(picture: ArrayView2<'_, f32>) -> Option<f32> {
    let (height, width) = picture.dim();
    let is_outermost = |y: usize, x: usize| y == 0 || x == 0 || y + 1 == height || x + 1 == width;
    let outermost = picture.indexed_iter().filter(|&((y, x), _)| is_outermost(y, x));
    let mut values: Vec<f32> = outermost.map(|(_, &value)| value).collect();
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied()
}

/// What lies within the smallest box around the ink.
fn crop(amount: &Array2<f32>) -> Array2<f32> {
    let inked = amount.indexed_iter().filter(|&(_, &amount)| amount > FAINT);
    let ([mut top, mut left], [mut bottom, mut right]) = ([usize::MAX; 2], [0; 2]);
    for ((y, x), _) in inked {
        (top, bottom) = (top.min(y), bottom.max(y + 1));
        (left, right) = (left.min(x), right.max(x + 1));
    }
    Array2::from_shape_fn((bottom - top, right - left), |(y, x)| amount[[top + y, left + x]])
}

/// The digit in the frame, moved by whole pixels so that its centre of mass is in the middle, as far as there is room.
fn centred(digit: ArrayView2<'_, f32>) -> Array2<f32> {
    let (height, width) = digit.dim();
    let mass: f32 = digit.sum();
    let centre = |place: fn((usize, usize)) -> usize| {
        digit.indexed_iter().map(|(at, amount)| place(at) as f32 * amount).sum::<f32>() / mass
    };
    let first = |centre: f32, size: usize| (MIDDLE - centre).round().clamp(0.0, (SIDE - size) as f32) as usize;
    let (top, left) = (first(centre(|(y, _)| y), height), first(centre(|(_, x)| x), width));
    let mut frame = Array2::zeros((SIDE, SIDE));
    for ((y, x), &amount) in digit.indexed_iter() {
        frame[[top + y, left + x]] = amount;
    }
    frame
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use datasets::{Part, digits};

    use super::*;

    /// Paints a rectangle.
    fn fill(picture: &mut Array2<f32>, value: f32, rows: Range<usize>, columns: Range<usize>) {
        rows.for_each(|y| columns.clone().for_each(|x| picture[[y, x]] = value));
    }

    /// A rectangle of ink on paper.
    fn rectangle(paper: f32, ink: f32, rows: Range<usize>, columns: Range<usize>) -> Array2<f32> {
        let mut picture = Array2::from_elem((60, 90), paper);
        fill(&mut picture, ink, rows, columns);
        picture
    }

    #[test]
    fn proportions_are_kept_and_the_centre_of_mass_is_in_the_middle() {
        // 40 high and 10 wide becomes 20 by 5, wherever it is and however it is drawn.
        for (paper, ink, kind) in [(1.0, 0.0, Ink::Dark), (0.0, 1.0, Ink::Light), (0.6, 0.4, Ink::Dark)] {
            for (row, column) in [(1, 1), (15, 70)] {
                let picture = rectangle(paper, ink, row..row + 40, column..column + 10);
                let Framed { pixels, ink } = framed(picture.view()).unwrap();
                assert_eq!(ink, kind);
                for ((y, x), &pixel) in pixels.indexed_iter() {
                    // (The middle lies between two pixels; the lower one counts.)
                    let inside = (5..25).contains(&y) && (12..17).contains(&x);
                    assert_eq!(pixel, if inside { 255 } else { 0 }, "{y} {x}");
                }
            }
        }
        let wide = framed(rectangle(0.0, 1.0, 20..30, 20..60).view()).unwrap().pixels;
        let inside = |y: usize, x: usize| (12..17).contains(&y) && (5..25).contains(&x);
        assert!(wide.indexed_iter().all(|((y, x), &pixel)| pixel == if inside(y, x) { 255 } else { 0 }));
    }

    #[test]
    fn a_heavy_side_moves_towards_the_middle() {
        // A bar on top of a stem: its centre of mass is at 7.4 of 20 rows.
        let mut picture = rectangle(1.0, 0.0, 5..11, 10..50);
        fill(&mut picture, 0.0, 11..45, 25..35);
        let pixels = framed(picture.view()).unwrap().pixels;
        let weights = pixels.map(|&pixel| f64::from(pixel));
        let mean = |place: fn((usize, usize)) -> usize| {
            weights.indexed_iter().map(|(at, weight)| place(at) as f64 * weight).sum::<f64>() / weights.sum()
        };
        for mean in [mean(|(y, _)| y), mean(|(_, x)| x)] {
            assert!((mean - 14.0).abs() <= 0.5, "{mean}");
        }
        let rows: Vec<_> = (0..SIDE).filter(|&y| pixels.row(y).iter().any(|&pixel| pixel > 0)).collect();
        assert_eq!((rows[0], rows.len()), (7, 20));
    }

    #[test]
    fn what_is_in_the_frame_already_stays_as_it_is() {
        let digits = digits::draw(Part::Test, 50, 0);
        for i in 0..digits.len() {
            let image = ArrayView2::from_shape((SIDE, SIDE), digits.image(i)).unwrap();
            let once = framed(image.map(|&pixel| f32::from(pixel) / 255.0).view()).unwrap();
            assert_eq!(once.ink, Ink::Light);
            let twice = framed(once.pixels.map(|&pixel| f32::from(pixel) / 255.0).view()).unwrap();
            assert_eq!(twice, once);
            // The same drawing twice as large, dark on light: within what averaging does.
            let large = Array2::from_shape_fn((56, 56), |(y, x)| 1.0 - f32::from(once.pixels[[y / 2, x / 2]]) / 255.0);
            let Framed { pixels, ink } = framed(large.view()).unwrap();
            assert_eq!(ink, Ink::Dark);
            let differences = pixels.iter().zip(&once.pixels).map(|(a, b)| f64::from(a.abs_diff(*b)));
            let mean = differences.sum::<f64>() / 784.0;
            assert!(mean < 12.0, "{mean}");
        }
    }

    #[test]
    fn thin_strokes_in_a_large_picture_do_not_fade() {
        let mut picture = Array2::from_elem((1000, 1000), 1.0);
        fill(&mut picture, 0.2, 200..800, 500..502);
        let pixels = framed(picture.view()).unwrap().pixels;
        assert_eq!(pixels.iter().max(), Some(&255));
        assert_eq!(pixels.iter().filter(|&&pixel| pixel > 0).count(), 20);
    }

    #[test]
    fn where_nothing_is_drawn_there_is_nothing() {
        for picture in [Array2::zeros((0, 0)), Array2::zeros((1, 1)), Array2::from_elem((30, 40), 0.7)] {
            assert_eq!(framed(picture.view()), None);
        }
        // A single speck is something.
        assert!(framed(rectangle(0.0, 1.0, 5..6, 5..6).view()).is_some());
        assert!(framed(tensor::ndarray::array![[0.0, 1.0]].view()).is_some());
    }
}
