//! Numbers as readers like them.

/// A count with commas between groups of three digits.
pub fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count of things: "1 thread", "2 threads".
pub fn counted(count: usize, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A part of a whole in per cent, with two decimals.
pub fn percent(fraction: f64) -> String {
    format!("{:.2} %", 100.0 * fraction)
}

/// A probability in per cent, with two decimals. It is never told as 100 %: even a softmax that gives exactly 1 has rounded.
pub fn probability(value: f64) -> String {
    match percent(value) {
        rounded if rounded == "100.00 %" => "> 99.99 %".to_owned(),
        rounded => rounded,
    }
}

/// A time, as exact as one wants to know it.
pub fn duration(seconds: f64) -> String {
    let whole = seconds.round();
    match seconds {
        _ if seconds < 9.95 => format!("{seconds:.1} s"),
        _ if whole < 60.0 => format!("{whole:.0} s"),
        _ if whole < 3600.0 => format!("{:.0} min {:02.0} s", (whole / 60.0).floor(), whole % 60.0),
        _ => format!("{:.0} h {:02.0} min", (whole / 3600.0).floor(), (whole % 3600.0 / 60.0).floor()),
    }
}

/// Sizes of axes: "30×24×24".
pub fn shape(sizes: &[usize]) -> String {
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("×")
}

/// Text in lines of at most `width` characters, broken between words. A word that is longer has a line of its own, longer too;
/// a command in backquotes is one word, lest it could not be copied.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    broken(text, width, width)
}

/// The same, with another width for the first line.
fn broken(text: &str, first: usize, width: usize) -> Vec<String> {
    let mut in_command = false;
    let words = text.split(|character| {
        in_command ^= character == '`';
        character == ' ' && !in_command
    });
    let mut lines = vec![String::new()];
    for word in words {
        let room = if lines.len() == 1 { first } else { width };
        let line = lines.last_mut().expect("at least one");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= room {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// A label and text beside it, in lines of at most `width` characters where the words allow it. Labels take ten.
pub fn labelled(label: &str, text: &str, width: usize) -> Vec<String> {
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    let lines = wrapped(text, width.saturating_sub(LABEL));
    labels.zip(lines).map(|(label, line)| format!("{label:<LABEL$}{line}")).collect()
}

/// Lines of text for a terminal of this width: each is broken between words where it is longer, and goes on a little to the
/// right of where it began.
pub fn hanging(text: &str, width: usize) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let words = line.trim_start();
        let indent = line.len() - words.len();
        let next = indent + 2;
        let parts = broken(words, width.saturating_sub(indent), width.saturating_sub(next));
        for (i, part) in parts.iter().enumerate() {
            let indent = if i == 0 { indent } else { next };
            lines.push(format!("{:indent$}{part}", ""));
        }
    }
    lines.join("\n")
}

/// Rows of cells as lines of columns under each other, on the right where `right` says so, two spaces before each column. Where
/// that is wider than `width`, one between them has to do.
pub fn columns<R: AsRef<[String]>>(rows: &[R], right: &[bool], width: usize) -> Vec<String> {
    let wide = aligned(rows, right, "  ", "  ");
    if wide.iter().all(|line| line.chars().count() <= width) { wide } else { aligned(rows, right, "", " ") }
}

/// Rows with columns of equal width, on the right where `right` says so, two spaces between them.
pub fn table<R: AsRef<[String]>>(rows: &[R], right: &[bool]) -> Vec<String> {
    aligned(rows, right, "", "  ")
}

fn aligned<R: AsRef<[String]>>(rows: &[R], right: &[bool], indent: &str, gap: &str) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row.as_ref()[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..right.len()).map(width).collect();
    let line = |row: &R| {
        let cells = row.as_ref().iter().zip(&widths).zip(right);
        let cells = cells.map(|((cell, &width), &right)| match right {
            true => format!("{cell:>width$}"),
            false => format!("{cell:<width$}"),
        });
        format!("{indent}{}", cells.collect::<Vec<_>>().join(gap)).trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// Characters of a label, with the gap behind it.
const LABEL: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_beside_a_label_is_broken_between_words() {
        let text = "the built-in digits: 60,000 images of 1×28×28";
        assert_eq!(labelled("data", text, 80), [format!("data      {text}")]);
        assert_eq!(
            labelled("data", text, 40),
            ["data      the built-in digits: 60,000", "          images of 1×28×28"]
        );
        assert_eq!(labelled("", "a b", 0), ["          a", "          b"]);
    }

    #[test]
    fn a_command_stays_whole_and_lines_go_on_to_the_right() {
        let text = "error: there is no page\n  make one with `cargo run` or so";
        assert_eq!(hanging(text, 80), text);
        let narrow = "error: there is\n  no page\n  make one with\n    `cargo run`\n    or so";
        assert_eq!(hanging(text, 16), narrow);
    }

    #[test]
    fn columns_come_closer_where_there_is_little_room() {
        let rows = [["name", "size"], ["a", "12"]].map(|row| row.map(str::to_owned));
        assert_eq!(columns(&rows, &[false, true], 12), ["  name  size", "  a       12"]);
        assert_eq!(columns(&rows, &[false, true], 11), ["name size", "a      12"]);
    }

    #[test]
    fn a_table_has_columns() {
        let rows = [["a", "1"], ["bcd", "100"], ["", "22"]].map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows, &[false, true]), ["a      1", "bcd  100", "      22"]);
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, 433_890, 1_234_567].map(grouped), ["0", "999", "1,000", "433,890", "1,234,567"]);
        assert_eq!(percent(0.98914), "98.91 %");
        assert_eq!([0.25, 0.99994, 0.99996, 1.0].map(probability), ["25.00 %", "99.99 %", "> 99.99 %", "> 99.99 %"]);
        assert_eq!(
            [0.04, 9.94, 9.96, 59.7, 61.0, 3599.8, 7325.0].map(duration),
            ["0.0 s", "9.9 s", "10 s", "1 min 00 s", "1 min 01 s", "1 h 00 min", "2 h 02 min"]
        );
        assert_eq!(shape(&[30, 24, 24]), "30×24×24");
    }
}
