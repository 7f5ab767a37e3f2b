//! How long something takes.

use std::time::Instant;

use serde::Serialize;

/// A sample is at least this long, in seconds: the clock itself takes some 0.00000003 s.
const SHORTEST_SAMPLE: f64 = 2e-5;
const MOST_SAMPLES: usize = 2_000;
const LEAST_SAMPLES: usize = 3;

/// What came out of several measurements, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Timing {
    /// Half of them took longer.
    pub median: f64,
    /// The shortest.
    pub min: f64,
    /// The longest.
    pub max: f64,
}

impl Timing {
    /// Of these measurements.
    ///
    /// # Panics
    /// Where there are none.
    pub fn of(mut seconds: Vec<f64>) -> Timing {
        assert!(!seconds.is_empty(), "no measurements");
        seconds.sort_by(f64::total_cmp);
        Timing { median: middle(&seconds), min: seconds[0], max: seconds[seconds.len() - 1] }
    }
}

/// The median of numbers in ascending order.
fn middle(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { (sorted[half - 1] + sorted[half]) / 2.0 }
}

/// Does `work` again and again for about `budget` seconds, and three times at least, after a first time that does not
/// count.
pub fn measure(budget: f64, work: &mut dyn FnMut()) -> Timing {
    work();
    let once = seconds(1, work);
    let at_once = (SHORTEST_SAMPLE / once.max(1e-9)).ceil().clamp(1.0, 1e4) as usize;
    let samples = budget / (at_once as f64 * once.max(1e-9));
    let samples = (samples as usize).clamp(LEAST_SAMPLES, MOST_SAMPLES);
    Timing::of((0..samples).map(|_| seconds(at_once, work) / at_once as f64).collect())
}

fn seconds(times: usize, work: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    (0..times).for_each(|_| work());
    start.elapsed().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(Timing::of(vec![3.0, 1.0, 8.0]), Timing { median: 3.0, min: 1.0, max: 8.0 });
        assert_eq!(Timing::of(vec![4.0, 1.0, 2.0, 8.0]).median, 3.0);
        assert_eq!(Timing::of(vec![5.0]), Timing { median: 5.0, min: 5.0, max: 5.0 });
    }

    #[test]
    fn work_is_done_at_least_so_often() {
        let mut times = 0;
        let timing = measure(0.0, &mut || times += 1);
        assert!(times >= 2 + LEAST_SAMPLES && timing.min <= timing.median && timing.median <= timing.max);
    }
}
