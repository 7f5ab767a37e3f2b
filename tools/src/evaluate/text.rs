//! A report for readers.

use std::ops::Range;

use super::Report;
use crate::class_table;
use crate::picture::ClassScore;
use crate::text::{columns, grouped, labelled, percent, probability};

/// The report as lines, of at most `width` characters where the classes allow it: the numbers, the classes, what was taken for what, and the calibration.
pub fn text(report: &Report, width: usize) -> Vec<String> {
    let mut lines = numbers(report, width);
    for table in [classes(report, width), confusion(report, width), calibration(report, width)] {
        lines.push(String::new());
        lines.extend(table);
    }
    lines
}

fn numbers(report: &Report, width: usize) -> Vec<String> {
    let (correct, images, bins) = (grouped(report.correct), grouped(report.images), report.calibration.len());
    let off = percent(report.calibration_error);
    let speed = grouped(report.images_per_second as usize);
    let lines = [
        ("accuracy", format!("{} ({correct} of {images} images)", percent(report.accuracy))),
        ("top 2", format!("{} have their class among the two likeliest", percent(report.top_2))),
        ("sure", format!("{} on average (mean confidence)", probability(report.mean_confidence))),
        ("", format!("{off} off on average (expected calibration error, {bins} bins)")),
        ("speed", format!("{speed} images/s, from pixels to guesses")),
    ];
    lines.iter().flat_map(|(label, words)| labelled(label, words, width)).collect()
}

fn classes(report: &Report, width: usize) -> Vec<String> {
    let names = report.classes.iter().map(|class| class.name.clone()).collect();
    class_table(&ClassScore::of_each(names, &report.confusion), &report.confusion, report.classes.len(), width)
}

/// What was taken for what. The columns have the numbers of the classes; where they are too many for the width, the others
/// stand below the first ones.
fn confusion(report: &Report, width: usize) -> Vec<String> {
    let classes = report.classes.len();
    let table = |guesses: Range<usize>| {
        let mut head = vec!["truth/guess".to_owned()];
        head.extend(guesses.clone().map(|class| class.to_string()));
        let mut rows = vec![head];
        for (number, (class, row)) in report.classes.iter().zip(&report.confusion).enumerate() {
            let number = number.to_string();
            let name = if class.name == number { number } else { format!("{number} {}", class.name) };
            let count = |&count: &usize| if count == 0 { ".".to_owned() } else { count.to_string() };
            rows.push(std::iter::once(name).chain(row[guesses.clone()].iter().map(count)).collect());
        }
        let mut right = vec![true; rows[0].len()];
        right[0] = false;
        columns(&rows, &right, width)
    };
    let (mut lines, mut first) = (Vec::new(), 0);
    while first < classes {
        let fits = |lines: &Vec<String>| lines.iter().all(|line| line.chars().count() <= width);
        let end = (first + 1..=classes).rev().find(|&end| fits(&table(first..end))).unwrap_or(first + 1);
        if first > 0 {
            lines.push(String::new());
        }
        lines.extend(table(first..end));
        first = end;
    }
    lines
}

/// How often the network is right where it is so sure. Bins without images are left out.
fn calibration(report: &Report, width: usize) -> Vec<String> {
    let mut rows = vec![["confidence", "images", "on average", "right"].map(str::to_owned)];
    for bin in report.calibration.iter().filter(|bin| bin.images > 0) {
        let edges = format!("{:>2.0} to {:>3.0} %", 100.0 * bin.above, 100.0 * bin.up_to);
        rows.push([edges, grouped(bin.images), probability(bin.confidence), percent(bin.accuracy)]);
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
        let narrow = text(&report, 40);
        assert!(narrow.iter().all(|line| line.chars().count() <= 40), "{narrow:#?}");
        let parts = confusion(&report, 26);
        assert!(parts.iter().all(|line| line.chars().count() <= 26), "{parts:#?}");
        assert_eq!(parts.iter().filter(|line| line.trim_start().starts_with("truth/guess")).count(), 2, "{parts:#?}");
        let counts: usize = report.confusion.iter().flatten().sum();
        assert_eq!(counts, 20);
    }
}
