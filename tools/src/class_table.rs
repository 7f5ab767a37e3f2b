//! How well each class is told from the others, as a table.

use crate::picture::ClassScore;
use crate::text::{columns, grouped, percent};

/// The classes: how many of their images are told rightly, of how many, and what the others are mostly taken for. One line
/// each, under a head line, and in the order of their numbers; of more than `most`, those that are known least. It fits into
/// `width` characters where the names allow it.
///
/// `confusion[truth][guess]` counts images, as [`Guesses::confusion`](model::Guesses::confusion) does.
pub fn class_table(scores: &[ClassScore], confusion: &[Vec<usize>], most: usize, width: usize) -> Vec<String> {
    let mut classes: Vec<_> = (0..scores.len()).collect();
    classes.sort_by(|&a, &b| accuracy(&scores[a]).total_cmp(&accuracy(&scores[b])));
    classes.truncate(most);
    classes.sort_unstable();
    let table = |with_counts: bool| {
        let row = |&class: &usize| {
            let score = &scores[class];
            let taken_for = mostly_taken_for(class, &confusion[class]).map_or(String::new(), |other| {
                let name = &scores[other].name;
                if with_counts { format!("{name} ({})", grouped(confusion[class][other])) } else { name.clone() }
            });
            let right = score.accuracy().map_or("-".to_owned(), percent);
            [score.name.clone(), right, grouped(score.total), taken_for]
        };
        let head = ["class", "right", "images", "taken for"].map(str::to_owned);
        let rows: Vec<_> = std::iter::once(head).chain(classes.iter().map(row)).collect();
        columns(&rows, &[false, true, true, false], width)
    };
    let wide = table(true);
    if wide.iter().all(|line| line.chars().count() <= width) { wide } else { table(false) }
}

/// The part that is told rightly; without images, there is nothing to be wrong.
fn accuracy(score: &ClassScore) -> f64 {
    score.accuracy().unwrap_or(1.0)
}

/// The class that most images of this one are wrongly taken for; the first of several, none where all are right.
fn mostly_taken_for(class: usize, guesses: &[usize]) -> Option<usize> {
    let wrong = (0..guesses.len()).filter(|&other| other != class && guesses[other] > 0);
    wrong.rev().max_by_key(|&other| guesses[other])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(names: &[&str], confusion: &[Vec<usize>]) -> Vec<ClassScore> {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        ClassScore::of_each(names, confusion)
    }

    #[test]
    fn each_class_has_its_line_and_the_first_of_equals_is_named() {
        let confusion = [vec![3, 1, 1], vec![0, 0, 0], vec![0, 0, 1200]];
        let table = class_table(&scores(&["ankle boot", "bag", "coat"], &confusion), &confusion, 3, 80);
        let expected = [
            "  class          right  images  taken for",
            "  ankle boot   60.00 %       5  bag (1)",
            "  bag                -       0",
            "  coat        100.00 %   1,200",
        ];
        assert_eq!(table, expected);
        let narrow = class_table(&scores(&["ankle boot", "bag", "coat"], &confusion), &confusion, 3, 36);
        assert_eq!(narrow[1], "ankle boot  60.00 %      5 bag (1)");
        let narrower = class_table(&scores(&["ankle boot", "bag", "coat"], &confusion), &confusion, 3, 35);
        assert_eq!(narrower[1], "ankle boot  60.00 %      5 bag");
    }

    #[test]
    fn of_many_classes_the_least_known_are_shown() {
        let confusion: Vec<Vec<usize>> =
            (0..12).map(|truth| (0..12).map(|guess| if truth == guess { 10 + truth } else { 1 }).collect()).collect();
        let names: Vec<_> = (0..12).map(|class| class.to_string()).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let table = class_table(&scores(&names, &confusion), &confusion, 10, 80);
        assert_eq!(table.len(), 11);
        assert!(table[1].starts_with("  0 ") && table[10].starts_with("  9 "), "{table:#?}");
    }
}
