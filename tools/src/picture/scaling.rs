//! Which value becomes the darkest, which the lightest.

use tensor::ndarray::ArrayView2;

/// How the values of several pictures are spread over the colours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scaling {
    /// Each picture from its own smallest value to its own largest: shows most, compares nothing.
    Each,
    /// Each picture from zero, or its own smallest value where that is below, to its own largest: zero is dark where
    /// nothing is negative.
    EachFromZero,
    /// All pictures from the smallest value of all to the largest of all.
    Together,
    /// Each picture from −m to m, where m is its own largest magnitude: zero has the same colour everywhere.
    EachSymmetric,
    /// All pictures from −m to m, where m is the largest magnitude of all: colours can be compared.
    Symmetric,
    /// All pictures on this range: for pictures that stand elsewhere too.
    Fixed(Range),
}

impl Scaling {
    /// The range of each picture. Values that are not finite do not count.
    pub fn ranges(self, pictures: &[ArrayView2<'_, f32>]) -> Vec<Range> {
        let each: Vec<_> = pictures.iter().map(|picture| Range::of(picture.iter().copied())).collect();
        let all = each.iter().copied().reduce(Range::union).unwrap_or_default();
        each.into_iter()
            .map(|own| match self {
                Scaling::Each => own,
                // Of a picture of nothing but zeros, zero is the low end as well.
                Scaling::EachFromZero => Range { low: own.low.min(0.0), high: own.high.max(f32::MIN_POSITIVE) },
                Scaling::Together => all,
                Scaling::EachSymmetric => own.symmetric(),
                Scaling::Symmetric => all.symmetric(),
                Scaling::Fixed(range) => range,
            })
            .collect()
    }

    /// Whether all pictures have one range, so that one colour bar explains them all.
    pub fn is_shared(self) -> bool {
        matches!(self, Scaling::Together | Scaling::Symmetric | Scaling::Fixed(_))
    }

    /// In words, for a caption.
    pub fn describe(self) -> &'static str {
        match self {
            Scaling::Each => "each on its own scale, from its smallest value to its largest",
            Scaling::EachFromZero => "each on its own scale, from zero to its largest value",
            Scaling::Together | Scaling::Fixed(_) => "one scale for all",
            Scaling::EachSymmetric => "each on its own scale, symmetric around zero",
            Scaling::Symmetric => "one scale for all, symmetric around zero",
        }
    }
}

/// From the value that gets the first colour to the value that gets the last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The first.
    pub low: f32,
    /// The last; not below `low`.
    pub high: f32,
}

/// What holds no value at all.
impl Default for Range {
    fn default() -> Self {
        Range { low: 0.0, high: 0.0 }
    }
}

impl Range {
    /// From the smallest to the largest of these values, those apart that are not finite.
    pub fn of(values: impl Iterator<Item = f32>) -> Range {
        values
            .filter(|value| value.is_finite())
            .map(|value| Range { low: value, high: value })
            .reduce(Range::union)
            .unwrap_or_default()
    }

    /// The smallest range that holds both.
    pub fn union(self, other: Range) -> Range {
        Range { low: self.low.min(other.low), high: self.high.max(other.high) }
    }

    /// From −m to m, where m is the largest magnitude.
    pub fn symmetric(self) -> Range {
        let magnitude = self.high.abs().max(self.low.abs());
        Range { low: -magnitude, high: magnitude }
    }

    /// Where a value lies: 0 at the low end, 1 at the high end, 0.5 where the range is a single value. Nothing for what is
    /// not a number.
    pub fn position(self, value: f32) -> Option<f64> {
        if value.is_nan() {
            return None;
        }
        let (low, high, value) = (f64::from(self.low), f64::from(self.high), f64::from(value));
        if low == high { Some(0.5) } else { Some(((value - low) / (high - low)).clamp(0.0, 1.0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::ndarray::{Array2, array};

    fn ranges(scaling: Scaling, pictures: &[Array2<f32>]) -> Vec<(f32, f32)> {
        let views: Vec<_> = pictures.iter().map(|picture| picture.view()).collect();
        scaling.ranges(&views).iter().map(|range| (range.low, range.high)).collect()
    }

    #[test]
    fn each_scaling_does_what_its_name_says() {
        let pictures = [array![[-1.0, 2.0]], array![[0.5, f32::NAN], [-4.0, 3.0]]];
        assert_eq!(ranges(Scaling::Each, &pictures), [(-1.0, 2.0), (-4.0, 3.0)]);
        assert_eq!(ranges(Scaling::EachFromZero, &pictures), [(-1.0, 2.0), (-4.0, 3.0)]);
        assert_eq!(ranges(Scaling::EachFromZero, &[array![[0.5, 2.0]]]), [(0.0, 2.0)]);
        assert_eq!(ranges(Scaling::Together, &pictures), [(-4.0, 3.0), (-4.0, 3.0)]);
        assert_eq!(ranges(Scaling::EachSymmetric, &pictures), [(-2.0, 2.0), (-4.0, 4.0)]);
        assert_eq!(ranges(Scaling::Symmetric, &pictures), [(-4.0, 4.0), (-4.0, 4.0)]);
    }

    #[test]
    fn zeros_alone_lie_at_the_low_end_of_a_scale_from_zero() {
        let zeros = array![[0.0_f32, 0.0]];
        let position = |scaling: Scaling| scaling.ranges(&[zeros.view()])[0].position(0.0);
        assert_eq!([Scaling::Each, Scaling::EachFromZero].map(position), [Some(0.5), Some(0.0)]);
    }

    #[test]
    fn positions_stay_inside_and_survive_what_is_not_finite() {
        let range = Range { low: -1.0, high: 1.0 };
        assert_eq!(range.position(-1.0), Some(0.0));
        assert_eq!(range.position(0.5), Some(0.75));
        assert_eq!(range.position(f32::INFINITY), Some(1.0));
        assert_eq!(range.position(f32::NAN), None);
        assert_eq!(Range { low: 3.0, high: 3.0 }.position(3.0), Some(0.5));
        // The width of this range does not fit into f32.
        assert_eq!(Range { low: f32::MIN, high: f32::MAX }.position(0.0), Some(0.5));
        assert_eq!(ranges(Scaling::Symmetric, &[]), []);
        assert_eq!(ranges(Scaling::Each, &[array![[f32::NAN]]]), [(0.0, 0.0)]);
    }
}
