//! Round numbers along an axis.

/// Marks at round numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticks {
    /// From one mark to the next: 1, 2 or 5 times a power of ten.
    pub step: f64,
    /// The marks, in rising order.
    pub marks: Vec<f64>,
    /// Decimal places that tell the marks apart.
    pub decimals: usize,
}

impl Ticks {
    /// All multiples of a round step from `low` to `high`, at most `most` of them (but never fewer than the step allows:
    /// there may be a single one).
    ///
    /// # Panics
    /// Unless `low` and `high` are finite, `low` is below `high`, and `most` is at least 2.
    #[track_caller]
    pub fn between(low: f64, high: f64, most: usize) -> Ticks {
        assert!(low.is_finite() && high.is_finite() && low < high && most >= 2, "ticks from {low} to {high}");
        Ticks::multiples(round_step((high - low) / (most - 1) as f64), low, high)
    }

    /// As [`between`](Self::between), of whole numbers alone.
    ///
    /// # Panics
    /// As [`between`](Self::between).
    #[track_caller]
    pub fn whole_between(low: f64, high: f64, most: usize) -> Ticks {
        Ticks::multiples(Ticks::between(low, high, most).step.max(1.0), low, high)
    }

    fn multiples(step: f64, low: f64, high: f64) -> Ticks {
        // A hair of room, so that rounding loses no mark at the very end.
        let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
        let decimals = (-step.log10().floor()).clamp(0.0, 12.0) as usize;
        // A division where the step is a fraction: 7 / 10 is the number nearest to 0.7, and 7 · 0.1 is not.
        let mark = |i: i64| if step < 1.0 { i as f64 / (1.0 / step).round() } else { i as f64 * step };
        Ticks { step, marks: (first..=last).map(mark).collect(), decimals }
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10.0_f64.powf(least.log10().floor());
    let step = [1.0, 2.0, 5.0].map(|digit| digit * power).into_iter().find(|step| *step >= least * (1.0 - 1e-9));
    step.unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_few() {
        assert_eq!(Ticks::between(0.0, 1.0, 6).marks, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]);
        assert_eq!(Ticks::between(0.94, 1.0, 7).marks.len(), 7);
        assert_eq!(Ticks::between(-3.0, 47.0, 6).marks, [0.0, 10.0, 20.0, 30.0, 40.0]);
        assert_eq!(Ticks::whole_between(0.5, 3.5, 11).marks, [1.0, 2.0, 3.0]);
        assert_eq!(Ticks::whole_between(0.5, 20.5, 11).step, 2.0);
    }

    #[test]
    fn decimals_tell_marks_apart() {
        for (low, high) in [(0.0, 1.0), (0.975, 1.0), (0.9991, 0.9999), (0.0, 2e6), (-1e-7, 3e-7)] {
            let ticks = Ticks::between(low, high, 6);
            assert!((2..=6).contains(&ticks.marks.len()), "{ticks:?}");
            let mut labels: Vec<_> = ticks.marks.iter().map(|mark| format!("{mark:.*}", ticks.decimals)).collect();
            let count = labels.len();
            labels.dedup();
            assert_eq!(labels.len(), count, "{labels:?}");
        }
    }
}
