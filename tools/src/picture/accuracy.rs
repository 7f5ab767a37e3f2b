//! The book's plot: accuracy over epochs.

use super::chart::{Axis, Chart, Curve, Scale, Sheet};
use super::paint::Paint;
use super::surface::Marker;
use super::ticks::Ticks;
use crate::text::percent;

/// Accuracy (0 to 1) after each epoch, training samples with circles and test samples with squares.
///
/// The upper end of the axis is always 100 %. The lower end is the round number below the worst value, or 0 where that
/// is below 50 %; where it is not 0, the axis says so.
pub fn accuracy_chart(title: String, subtitle: String, train: &[f64], test: &[f64]) -> Chart {
    let epochs = train.len().max(test.len()).max(1) as f64;
    let x_ticks = Ticks::whole_between(0.5, epochs + 0.5, 21);
    let curve = |label: &str, values: &[f64], marker, paint| Curve {
        label: label.into(),
        points: values.iter().enumerate().map(|(i, &value)| [i as f64 + 1.0, value]).collect(),
        weight: 1.0,
        marker,
        paint,
    };
    Chart {
        alternative: format!("Accuracy after each epoch. {}; {}.", course("train", train), course("test", test)),
        title,
        subtitle,
        x: Axis {
            label: "epochs".into(),
            low: 1.0 - (0.035 * epochs).max(0.25),
            high: epochs + (0.035 * epochs).max(0.25),
            scale: Scale::Linear,
            ticks: x_ticks.marks.iter().map(|&mark| (mark, format!("{mark:.0}"))).collect(),
            grid: false,
        },
        y: accuracy_axis(train.iter().chain(test).copied()),
        curves: vec![
            curve("train", train, Marker::Circle, Paint::Curve(0)),
            curve("test", test, Marker::Square, Paint::Curve(1)),
        ],
        sheet: Sheet::FILE,
    }
}

/// A curve in words.
fn course(name: &str, values: &[f64]) -> String {
    match values {
        [] => format!("{name}: no values"),
        [only] => format!("{name}: {}", percent(*only)),
        [first, .., last] => format!("{name}: from {} to {}", percent(*first), percent(*last)),
    }
}

/// An axis of accuracies (0 to 1) that holds all of these.
pub(super) fn accuracy_axis(values: impl Iterator<Item = f64>) -> Axis {
    let worst = values.filter(|value| value.is_finite()).fold(1.0, f64::min);
    let ticks = accuracy_ticks(worst.max(0.0));
    let low = ticks.marks[0];
    let decimals = ticks.decimals.saturating_sub(2);
    Axis {
        label: match low {
            0.0 => "accuracy".into(),
            low => format!("accuracy (axis starts at {:.decimals$} %)", 100.0 * low),
        },
        low,
        high: 1.0,
        scale: Scale::Linear,
        ticks: ticks.marks.iter().map(|&mark| (mark, format!("{:.decimals$} %", 100.0 * mark))).collect(),
        grid: true,
    }
}

/// Round marks up to 1; the first is not above `worst`.
fn accuracy_ticks(worst: f64) -> Ticks {
    if worst < 0.5 {
        return Ticks::between(0.0, 1.0, 6);
    }
    let step = Ticks::between(worst.min(0.995), 1.0, 6).step;
    // Counted downwards from 1, so that 100 % is a mark of its own.
    let steps = ((1.0 - worst) / step - 1e-9).ceil().max(1.0);
    Ticks::between(1.0 - steps * step, 1.0, steps as usize + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_holds_every_value_and_says_where_it_starts() {
        for worst in [0.0, 0.1, 0.49, 0.5, 0.66, 0.7, 0.875, 0.9, 0.951, 0.96, 0.987, 0.9901, 0.999, 1.0] {
            let chart = accuracy_chart(String::new(), String::new(), &[worst, 1.0], &[1.0, worst]);
            let (low, ticks) = (chart.y.low, &chart.y.ticks);
            assert!(low <= worst && low >= 0.0 && chart.y.high == 1.0, "{worst}: {low}");
            assert!((2..=8).contains(&ticks.len()), "{worst}: {ticks:?}");
            assert_eq!(ticks.last().unwrap().1.trim_end_matches(" %").parse::<f64>().unwrap(), 100.0);
            assert_eq!(chart.y.label.contains("starts at"), low > 0.0, "{worst}: {}", chart.y.label);
            if low > 0.0 {
                assert!(chart.y.label.contains(&ticks[0].1), "{} {ticks:?}", chart.y.label);
            }
        }
    }

    #[test]
    fn epochs_are_whole_numbers_from_one() {
        let chart = accuracy_chart(String::new(), String::new(), &[0.5], &[0.6]);
        assert_eq!(chart.x.ticks, [(1.0, "1".to_owned())]);
        let chart = accuracy_chart(String::new(), String::new(), &[0.9; 20], &[0.6; 20]);
        assert_eq!(chart.x.ticks.len(), 20);
        assert_eq!(chart.curves[0].points[19], [20.0, 0.9]);
        let empty = accuracy_chart(String::new(), String::new(), &[], &[f64::NAN]);
        assert_eq!((empty.x.ticks.len(), empty.y.high), (1, 1.0));
    }
}
