//! How well each class is told from the others.

use super::accuracy::accuracy_axis;
use super::chart::{Axis, Chart, Curve, Scale, Sheet};
use super::paint::Paint;
use super::surface::Marker;
use crate::text::{grouped, percent};

/// How many images of a class were told rightly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassScore {
    /// The name of the class.
    pub name: String,
    /// How many were told rightly.
    pub correct: usize,
    /// How many there are.
    pub total: usize,
}

impl ClassScore {
    /// One for each class, from counts of images by truth and guess.
    pub fn of_each(names: Vec<String>, confusion: &[Vec<usize>]) -> Vec<ClassScore> {
        let score = |(class, (name, row)): (usize, (String, &Vec<usize>))| ClassScore {
            name,
            correct: row[class],
            total: row.iter().sum(),
        };
        names.into_iter().zip(confusion).enumerate().map(score).collect()
    }

    /// The part that was told rightly; nothing where there are no images.
    pub fn accuracy(&self) -> Option<f64> {
        (self.total > 0).then(|| self.correct as f64 / self.total as f64)
    }

    /// Where the accuracy over all images of this kind in the world lies, with a probability of 95 %: the interval of
    /// Wilson (1927), which stays between 0 and 1 and is right for few images as well. From 0 to 1 where there are none.
    pub fn interval(&self) -> [f64; 2] {
        let Some(share) = self.accuracy() else { return [0.0, 1.0] };
        // Of a normal distribution, 95 % lies within so many standard deviations.
        const Z: f64 = 1.959_963_984_540_054;
        let n = self.total as f64;
        let center = share + Z * Z / (2.0 * n);
        let reach = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        let whole = 1.0 + Z * Z / n;
        // Exactly so where all or none are right; rounding would miss it.
        let low = if self.correct == 0 { 0.0 } else { (center - reach) / whole };
        let high = if self.correct == self.total { 1.0 } else { (center + reach) / whole };
        [low, high]
    }
}

/// The accuracy of each class, from top to bottom, with the interval that it is known to.
pub fn class_chart(title: String, subtitle: String, scores: &[ClassScore]) -> Chart {
    let row = |i: usize| -(i as f64);
    let rows = || scores.iter().enumerate();
    let points = rows().map(|(i, score)| [score.accuracy().unwrap_or(f64::NAN), row(i)]).collect();
    let seen = || rows().filter(|(_, score)| score.total > 0);
    let intervals = seen().flat_map(|(i, score)| {
        let [low, high] = score.interval();
        [[low, row(i)], [high, row(i)], [f64::NAN, f64::NAN]]
    });
    let all = ClassScore {
        name: "all".into(),
        correct: scores.iter().map(|score| score.correct).sum(),
        total: scores.iter().map(|score| score.total).sum(),
    };
    let mean = all.accuracy().unwrap_or(f64::NAN);
    let (top, bottom) = (0.6, row(scores.len().max(1) - 1) - 0.6);
    let curve = |label: String, points, weight, marker, paint| Curve { label, points, weight, marker, paint };
    Chart {
        alternative: alternative(scores, &all),
        title,
        subtitle,
        x: accuracy_axis(seen().map(|(_, score)| score.interval()[0])),
        y: Axis {
            label: String::new(),
            low: bottom,
            high: top,
            scale: Scale::Linear,
            ticks: rows().map(|(i, score)| (row(i), score.name.clone())).collect(),
            grid: true,
        },
        curves: vec![
            curve(
                format!("all: {}", percent(mean)),
                vec![[mean, top], [mean, bottom]],
                0.7,
                Marker::None,
                Paint::Curve(1),
            ),
            curve("95 % interval".into(), intervals.collect(), 0.8, Marker::None, Paint::Curve(0)),
            curve("of a class".into(), points, 0.0, Marker::Circle, Paint::Curve(0)),
        ],
        sheet: Sheet { height: 760, ..Sheet::FILE },
    }
}

fn alternative(scores: &[ClassScore], all: &ClassScore) -> String {
    let accuracy = |score: &&ClassScore| score.accuracy();
    let seen = || scores.iter().filter(|score| score.total > 0);
    let by = |a: &&ClassScore, b: &&ClassScore| accuracy(a).partial_cmp(&accuracy(b)).expect("no NaN among them");
    let told = |score: &ClassScore| {
        let share = percent(score.accuracy().unwrap_or(0.0));
        format!("{} with {share} of {}", score.name, grouped(score.total))
    };
    match (seen().min_by(by), seen().max_by(by)) {
        (Some(worst), Some(best)) => format!(
            "Accuracy of each class. Worst: {}. Best: {}. All together: {}.",
            told(worst),
            told(best),
            percent(all.accuracy().unwrap_or(0.0))
        ),
        _ => "Accuracy of each class: there are no images.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Picture;

    fn score(name: &str, correct: usize, total: usize) -> ClassScore {
        ClassScore { name: name.into(), correct, total }
    }

    #[test]
    fn intervals_are_wilsons() {
        // By hand: 9 of 10 is 0.5958 to 0.9821.
        let [low, high] = score("", 9, 10).interval();
        assert!((low - 0.5958).abs() < 1e-4 && (high - 0.9821).abs() < 1e-4, "{low} {high}");
        assert_eq!(score("", 0, 0).interval(), [0.0, 1.0]);
        assert_eq!((score("", 7, 7).interval()[1], score("", 0, 7).interval()[0]), (1.0, 0.0));
    }

    #[test]
    fn every_class_has_its_row_and_a_class_without_images_no_point() {
        let chart = class_chart(String::new(), String::new(), &[score("a", 9, 10), score("b", 0, 0), score("c", 5, 5)]);
        assert_eq!(chart.y.ticks.len(), 3);
        let points = &chart.curves[2].points;
        assert_eq!(points[0], [0.9, 0.0]);
        assert!(points[1][0].is_nan());
        assert_eq!(points[2], [1.0, -2.0]);
        assert!(chart.x.low <= 0.5, "the axis holds the lower end of an interval: {}", chart.x.low);
        assert!(chart.alternative.contains("Worst: a with 90.00 % of 10. Best: c"), "{}", chart.alternative);
        chart.draw();
        class_chart(String::new(), String::new(), &[]).draw();
    }
}
