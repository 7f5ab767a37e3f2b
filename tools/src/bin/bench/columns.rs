//! Tables for people.

/// Lines of a table under its head line: the first column to the left, the others to the right, each as wide as it must
/// be. A row of one cell is a heading: it may be longer.
pub fn columns(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let head: Vec<String> = head.iter().map(|&name| name.to_owned()).collect();
    let all = || std::iter::once(&head).chain(rows);
    let cells = |column: usize| all().filter(|row| row.len() > 1).filter_map(move |row| row.get(column));
    let width = |column: usize| cells(column).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..head.len()).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (i, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            line += &if i == 0 { format!("  {cell:<width$}") } else { format!("  {cell:>width$}") };
        }
        line.trim_end().to_owned()
    };
    all().map(line).collect()
}

/// Microseconds: "0.83", "14.2", "1,234".
pub fn micros(seconds: f64) -> String {
    let micros = 1e6 * seconds;
    match micros {
        _ if micros < 9.995 => format!("{micros:.2}"),
        _ if micros < 99.95 => format!("{micros:.1}"),
        _ => tools::text::grouped(micros.round() as usize),
    }
}

/// A share of a limit: "71 %".
pub fn share(fraction: f64) -> String {
    format!("{:.0} %", 100.0 * fraction)
}

/// A speed: "3.21", "83.4", "231".
pub fn speed(value: f64) -> String {
    match value {
        _ if value < 9.995 => format!("{value:.2}"),
        _ if value < 99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let row = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let rows = [row("a→b 1 22"), row("c 333"), row("longer-than-all-others")];
        let expected = ["  name   µs   x", "  a→b     1  22", "  c     333", "  longer-than-all-others"];
        assert_eq!(columns(&["name", "µs", "x"], &rows), expected);
    }

    #[test]
    fn numbers_have_three_digits_that_count() {
        assert_eq!([8.3e-7, 1.42e-5, 9.996e-6, 1.2e-3, 0.0].map(micros), ["0.83", "14.2", "10.0", "1,200", "0.00"]);
        assert_eq!([3.214, 83.42, 230.7].map(speed), ["3.21", "83.4", "231"]);
        assert_eq!(share(0.714), "71 %");
    }
}
