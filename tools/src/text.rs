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

/// A part of a whole in per cent, with two decimals.
pub fn percent(fraction: f64) -> String {
    format!("{:.2} %", 100.0 * fraction)
}

/// A probability in per cent, with two decimals; what is not quite certain is never told as 100 %.
pub fn probability(value: f64) -> String {
    match percent(value) {
        rounded if rounded == "100.00 %" && value < 1.0 => "over 99.99 %".to_owned(),
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

/// A label and text beside it, in lines of at most `width` characters where the words allow it. Labels take ten.
pub fn labelled(label: &str, text: &str, width: usize) -> Vec<String> {
    let room = width.saturating_sub(LABEL).max(1);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("at least one");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            lines.push(word.to_owned());
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    labels.zip(lines).map(|(label, line)| format!("{label:<LABEL$}{line}")).collect()
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
    fn numbers_read_well() {
        assert_eq!([0, 999, 1000, 433_890, 1_234_567].map(grouped), ["0", "999", "1,000", "433,890", "1,234,567"]);
        assert_eq!(percent(0.98914), "98.91 %");
        assert_eq!([0.25, 0.99994, 0.99996, 1.0].map(probability), ["25.00 %", "99.99 %", "over 99.99 %", "100.00 %"]);
        assert_eq!(
            [0.04, 9.94, 9.96, 59.7, 61.0, 3599.8, 7325.0].map(duration),
            ["0.0 s", "9.9 s", "10 s", "1 min 00 s", "1 min 01 s", "1 h 00 min", "2 h 02 min"]
        );
        assert_eq!(shape(&[30, 24, 24]), "30×24×24");
    }
}
