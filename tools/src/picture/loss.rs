//! The loss over the steps of a training.

use model::smooth_curve;

use super::chart::{Axis, Chart, Curve, Scale, Sheet};
use super::page::short;
use super::paint::Paint;
use super::surface::Marker;
use super::ticks::Ticks;
use crate::text::grouped;

/// The loss of each step, the same smoothed as in the book, and the mean of each epoch in its middle.
///
/// The axis of the loss is logarithmic, for a loss falls by a factor, and by a factor again; what is below a millionth
/// lies on the lower edge.
pub fn loss_chart(title: String, subtitle: String, losses: &[f64], epoch_means: &[f64]) -> Chart {
    let steps = losses.len().max(1) as f64;
    let per_epoch = steps / epoch_means.len().max(1) as f64;
    let ticks = Ticks::whole_between(0.0, steps, 7);
    let by_step = |values: &[f64]| values.iter().enumerate().map(|(i, &loss)| [i as f64 + 1.0, loss]).collect();
    let in_the_middle = |(i, &mean): (usize, &f64)| [(i as f64 + 0.5) * per_epoch + 0.5, mean];
    let curve =
        |label: &str, points, weight, marker, paint| Curve { label: label.into(), points, weight, marker, paint };
    Chart {
        title,
        subtitle,
        alternative: alternative(losses, epoch_means),
        x: Axis {
            label: match epoch_means.len() {
                0 | 1 => "steps".to_owned(),
                _ => format!("steps, {} an epoch", grouped(per_epoch.round() as usize)),
            },
            low: 0.0,
            high: steps.max(2.0),
            scale: Scale::Linear,
            ticks: ticks.marks.iter().map(|&mark| (mark, grouped(mark as usize))).collect(),
            grid: false,
        },
        y: loss_axis(losses.iter().chain(epoch_means).copied()),
        curves: vec![
            curve("of a step", by_step(losses), 0.4, Marker::None, Paint::PaleCurve(0)),
            curve("smoothed over 11 steps", by_step(&smooth_curve(losses)), 0.4, Marker::None, Paint::Curve(0)),
            curve(
                "mean of an epoch",
                epoch_means.iter().enumerate().map(in_the_middle).collect(),
                0.8,
                Marker::Square,
                Paint::Curve(1),
            ),
        ],
        sheet: Sheet::FILE,
    }
}

/// Below this a loss is as good as nothing.
const LEAST: f64 = 1e-6;

fn loss_axis(values: impl Iterator<Item = f64> + Clone) -> Axis {
    let finite = || values.clone().filter(|value| value.is_finite());
    let high = finite().fold(0.0, f64::max).max(2.0 * LEAST);
    let low = finite().filter(|value| *value > 0.0).fold(high, f64::min).clamp(LEAST, high / 2.0);
    let (low, high) = (low / 1.15, high * 1.15);
    Axis {
        label: "loss (logarithmic axis)".into(),
        low,
        high,
        scale: Scale::Logarithmic,
        ticks: logarithmic_ticks(low, high),
        grid: true,
    }
}

/// Powers of ten between the ends; where there are few, their doubles and fives too.
fn logarithmic_ticks(low: f64, high: f64) -> Vec<(f64, String)> {
    let digits: &[f64] = if high / low > 300.0 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let powers = low.log10().floor() as i32..=high.log10().floor() as i32;
    let marks = powers.flat_map(|power| digits.iter().map(move |digit| (digit * 10.0_f64.powi(power), power)));
    let inside = marks.filter(|(mark, _)| (low..=high).contains(mark));
    inside.map(|(mark, power)| (mark, format!("{mark:.*}", (-power).max(0) as usize))).collect()
}

fn alternative(losses: &[f64], epoch_means: &[f64]) -> String {
    let show = |value: f64| short(value as f32);
    match (losses, epoch_means) {
        ([], _) => "Loss of each step: there were no steps.".to_owned(),
        ([first, ..], [.., last]) => format!(
            "Loss of each of {} steps: {} at the first step, a mean of {} over the last epoch.",
            grouped(losses.len()),
            show(*first),
            show(*last)
        ),
        ([first, .., last], []) => {
            format!("Loss of each of {} steps: from {} to {}.", grouped(losses.len()), show(*first), show(*last))
        }
        ([only], []) => format!("Loss of one step: {}.", show(*only)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Picture;

    #[test]
    fn every_loss_has_its_place() {
        let losses: Vec<f64> = (1..=60).map(|i| 2.3 / f64::from(i)).collect();
        let chart = loss_chart(String::new(), String::new(), &losses, &[1.0, 0.1]);
        assert_eq!(chart.curves[0].points.len(), 60);
        assert_eq!(chart.curves[0].points[0], [1.0, 2.3]);
        assert_eq!(chart.curves[2].points, [[15.5, 1.0], [45.5, 0.1]], "in the middle of steps 1 to 30 and 31 to 60");
        assert_eq!(chart.x.label, "steps, 30 an epoch");
        assert!(chart.y.low < losses[59] && chart.y.high > 2.3);
        assert!(
            chart.alternative.contains("60 steps: 2.30 at the first step, a mean of 0.100"),
            "{}",
            chart.alternative
        );
    }

    #[test]
    fn odd_losses_can_be_drawn() {
        for losses in [&[][..], &[1.0], &[0.0], &[0.0, 0.0], &[f64::NAN, 3.0], &[1e300, 1e-300]] {
            let chart = loss_chart("t".into(), "s".into(), losses, &[]);
            assert!(chart.y.low > 0.0 && chart.y.low < chart.y.high, "{losses:?}");
            assert!(!chart.y.ticks.is_empty() && chart.y.ticks.len() < 400, "{losses:?}: {:?}", chart.y.ticks.len());
            chart.draw();
        }
    }

    #[test]
    fn marks_are_powers_of_ten_or_a_few_more() {
        let texts = |low, high| logarithmic_ticks(low, high).into_iter().map(|(_, text)| text).collect::<Vec<_>>();
        assert_eq!(texts(0.0008, 3.0), ["0.001", "0.01", "0.1", "1"]);
        assert_eq!(texts(0.15, 3.0), ["0.2", "0.5", "1", "2"]);
        assert_eq!(texts(30.0, 120.0), ["50", "100"]);
    }
}
