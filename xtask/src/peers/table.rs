//! The table of ratios, in Markdown that reads in a terminal too.

use super::measurement::{Better, FIGURES, Measurement};

/// One row for each, the first of them ours; below it the versions.
pub(super) fn render(medians: &[Measurement]) -> String {
    let mut rows = vec![header()];
    rows.extend(medians.iter().map(|measurement| row(measurement, &medians[0])));
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        text += &line(row, &widths);
        if number == 0 {
            text += &rule(&widths);
        }
    }
    text += "\nIn brackets: how many times better ours is; below 1, how much worse.\n\n";
    for measurement in &medians[1..] {
        text += &format!("{} {}\n", measurement.name, measurement.version);
    }
    text
}

fn header() -> Vec<String> {
    [String::new()].into_iter().chain(FIGURES.iter().map(|figure| figure.heading.to_string())).collect()
}

fn row(measurement: &Measurement, ours: &Measurement) -> Vec<String> {
    let mut cells = vec![measurement.name.clone()];
    for (number, figure) in FIGURES.iter().enumerate() {
        let value = measurement.figures[number];
        let ratio = measurement.ratio(ours, number).filter(|_| measurement.name != ours.name);
        cells.push(match (figure.better, ratio) {
            (Better::Neither, _) => format!("{:.2} %", 100.0 * value),
            (_, None) => three_figures(value),
            (_, Some(ratio)) => format!("{} ({}×)", three_figures(value), three_figures(ratio)),
        });
    }
    cells
}

/// The name on the left, figures on the right.
fn line(cells: &[String], widths: &[usize]) -> String {
    let mut text = format!("| {:<1$} |", cells[0], widths[0]);
    for (cell, &width) in cells.iter().zip(widths).skip(1) {
        text += &format!(" {cell:>width$} |");
    }
    text + "\n"
}

fn rule(widths: &[usize]) -> String {
    let mut text = format!("|-{}-|", "-".repeat(widths[0]));
    for &width in &widths[1..] {
        text += &format!("-{}:|", "-".repeat(width));
    }
    text + "\n"
}

/// Three significant figures, and commas between thousands: 0.52, 2.75, 27.5, 275, 53,200.
fn three_figures(value: f64) -> String {
    let digits = value.abs().log10().floor() as i32 + 1;
    if digits < 3 {
        return format!("{value:.*}", (3 - digits).clamp(0, 2) as usize);
    }
    let step = 10f64.powi(digits - 3);
    let whole = format!("{}", ((value / step).round() * step) as u64);
    let mut text = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::measurement::tests::line;
    use super::*;

    #[test]
    fn numbers_have_three_figures() {
        let shown = [0.034, 0.52, 2.7499, 27.499, 274.99, 999.9, 53193.2, 1234567.0].map(three_figures);
        assert_eq!(shown, ["0.03", "0.52", "2.75", "27.5", "275", "1,000", "53,200", "1,230,000"]);
    }

    #[test]
    fn the_table_has_figures_ratios_and_versions() {
        let ours = line(&[
            ("name", "ours".into()),
            ("version", "0.1.0".into()),
            ("epoch_seconds", 1.5.into()),
            ("infer_images_per_second", 125_000.into()),
            ("latency_us", 275.into()),
        ]);
        let medians = [(ours, "ours"), (line(&[]), "jax")];
        let medians = medians.map(|(line, name)| Measurement::parse(&line, name).expect("a good line"));
        let expected = "\
|      | an epoch, s | start to first step, s | inference, images/s | one image, µs | peak memory, MB | accuracy |
|------|------------:|-----------------------:|--------------------:|--------------:|----------------:|---------:|
| ours |        1.50 |                   3.00 |             125,000 |           275 |             800 |  98.00 % |
| jax  | 12.0 (8.00×) |          3.00 (1.00×) |      50,000 (2.50×) |   138 (0.50×) |     800 (1.00×) |  98.00 % |

In brackets: how many times better ours is; below 1, how much worse.

jax 0.10.2
";
        let squeeze = |text: &str| text.replace([' ', '-'], "");
        let table = render(&medians);
        assert_eq!(squeeze(&table), squeeze(expected));
        let widths: Vec<_> = table.lines().take(4).map(|line| line.chars().count()).collect();
        assert_eq!(widths, [widths[0]; 4], "{table}");
    }
}
