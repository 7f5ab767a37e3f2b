//! A report for readers.

use super::Report;
use crate::class_table;
use crate::picture::ClassScore;
use crate::text::{columns, grouped, percent};

/// The report as lines, of at most `width` characters where the classes allow it: the numbers, the classes, what was taken for what, and the calibration.
pub fn text(report: &Report, width: usize) -> Vec<String> {
    let mut lines = numbers(report);
    for table in [classes(report, width), confusion(report, width), calibration(report, width)] {
        lines.push(String::new());
        lines.extend(table);
    }
    lines
}

fn numbers(report: &Report) -> Vec<String> {
    let (correct, images) = (grouped(report.correct), grouped(report.images));
    vec![
        format!("accuracy  {} ({correct} of {images} images)", percent(report.accuracy)),
        format!("top 2     {} have their class among the two likeliest", percent(report.top_2)),
        format!("sure      {} on average (mean confidence)", percent(report.mean_confidence)),
        format!(
            "          {} off on average (expected calibration error, {} bins)",
            percent(report.calibration_error),
            report.calibration.len()
        ),
        format!("speed     {} images/s, from pixels to guesses", grouped(report.images_per_second as usize)),
    ]
}

fn classes(report: &Report, width: usize) -> Vec<String> {
    let names = report.classes.iter().map(|class| class.name.clone()).collect();
    class_table(&ClassScore::of_each(names, &report.confusion), &report.confusion, report.classes.len(), width)
}

/// What was taken for what. The columns have the numbers of the classes.
fn confusion(report: &Report, width: usize) -> Vec<String> {
    let mut head = vec!["truth/guess".to_owned()];
    head.extend((0..report.classes.len()).map(|class| class.to_string()));
    let mut rows = vec![head];
    for (number, (class, row)) in report.classes.iter().zip(&report.confusion).enumerate() {
        let number = number.to_string();
        let name = if class.name == number { number } else { format!("{number} {}", class.name) };
        let count = |&count: &usize| if count == 0 { ".".to_owned() } else { count.to_string() };
        rows.push(std::iter::once(name).chain(row.iter().map(count)).collect());
    }
    let mut right = vec![true; rows[0].len()];
    right[0] = false;
    columns(&rows, &right, width)
}

/// How often the network is right where it is so sure. Bins without images are left out.
fn calibration(report: &Report, width: usize) -> Vec<String> {
    let mut rows = vec![["confidence", "images", "on average", "right"].map(str::to_owned)];
    for bin in report.calibration.iter().filter(|bin| bin.images > 0) {
        let edges = format!("{:>2.0} to {:>3.0} %", 100.0 * bin.above, 100.0 * bin.up_to);
        rows.push([edges, grouped(bin.images), percent(bin.confidence), percent(bin.accuracy)]);
    }
    columns(&rows, &[false, true, true, true], width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Report;

    #[test]
    fn what_was_taken_for_what() {
        let digits = datasets::digits::draw(datasets::Part::Test, 20, 0);
        let network = model::SimpleConvNet { hidden_size: 5, ..Default::default() }.build(0).unwrap();
        let guesses = model::guess(&network, &digits).unwrap();
        let report = Report::new(&guesses, 1234.5, &["zero".to_owned()]);
        let lines = text(&report, 80);
        assert!(lines[0].starts_with("accuracy  ") && lines[0].ends_with(" of 20 images)"), "{lines:#?}");
        assert_eq!(lines[4], "speed     1,234 images/s, from pixels to guesses");
        assert!(lines.iter().any(|line| line.trim_start().starts_with("0 zero")), "{lines:#?}");
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{lines:#?}");
        let counts: usize = report.confusion.iter().flatten().sum();
        assert_eq!(counts, 20);
    }
}
