//! A curve in characters.

use super::Screen;

/// The curve of positive numbers on a logarithmic scale, `height` lines high and at most `width` characters wide, with
/// three labels and a caption below. Where there are more numbers than room, each point is the mean of those beside it.
///
/// In Braille dots, eight a character; in stars where there is no Unicode.
pub fn curve(values: &[f64], caption: &str, width: usize, height: usize, screen: &Screen) -> Vec<String> {
    let (dots_x, dots_y) = if screen.unicode { (2, 4) } else { (1, 1) };
    let columns = width.saturating_sub(LABEL + 2).max(1);
    let heights = points(values, columns * dots_x);
    let (low, high) = heights.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &y| (l.min(y), h.max(y)));
    let grid = Grid::of(&heights, low, high, [columns * dots_x, height * dots_y]);
    let (tick, corner) = if screen.unicode { ("┤", "└") } else { ("|", "+") };
    let mut lines = Vec::new();
    for row in 0..height {
        let label = match row {
            0 => label(high),
            _ if row + 1 == height => label(low),
            // The middle of the scale lies in the middle of a line where their number is odd.
            _ if height % 2 == 1 && row == height / 2 => label((low + high) / 2.0),
            _ => String::new(),
        };
        let characters: String = (0..columns).map(|column| grid.character(row, column, screen.unicode)).collect();
        lines.push(format!("{label:>LABEL$} {}{}", screen.faint(tick), screen.accent(characters.trim_end())));
    }
    let caption: String = caption.chars().take(columns.saturating_sub(1)).collect();
    lines.push(screen.faint(&format!("{:>LABEL$} {corner} {caption}", "")));
    lines
}

/// Characters of a label.
const LABEL: usize = 6;

/// The logarithms of the numbers, one for each column of dots.
fn points(values: &[f64], columns: usize) -> Vec<f64> {
    let logarithm = |value: f64| value.max(f64::MIN_POSITIVE).ln();
    let n = values.len();
    if n > columns {
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        return (0..columns).map(|i| logarithm(mean(&values[i * n / columns..(i + 1) * n / columns]))).collect();
    }
    let between = |i: usize| {
        let place = i as f64 * (n - 1) as f64 / (columns - 1).max(1) as f64;
        let (before, way) = (place as usize, place.fract());
        let (left, right) = (logarithm(values[before]), logarithm(values[(before + 1).min(n - 1)]));
        left + (right - left) * way
    };
    if n == 0 { Vec::new() } else { (0..columns).map(between).collect() }
}

/// Two figures that count.
fn label(logarithm: f64) -> String {
    let value = logarithm.exp();
    match value {
        _ if !logarithm.is_finite() => String::new(),
        1e5.. => format!("{value:.0e}"),
        10.0.. => format!("{value:.0}"),
        1.0.. => format!("{value:.1}"),
        0.1.. => format!("{value:.2}"),
        0.01.. => format!("{value:.3}"),
        0.001.. => format!("{value:.4}"),
        _ => format!("{value:.0e}"),
    }
}

/// Dots that are set, row by row from the top.
struct Grid {
    size: [usize; 2],
    dots: Vec<bool>,
}

impl Grid {
    /// The dots of a line through these heights.
    fn of(heights: &[f64], low: f64, high: f64, size: [usize; 2]) -> Grid {
        let [width, height] = size;
        let mut grid = Grid { size, dots: vec![false; width * height] };
        let row = |y: f64| match high > low {
            true => ((high - y) / (high - low) * (height - 1) as f64).round() as usize,
            false => (height - 1) / 2,
        };
        let mut before = None;
        for (column, &y) in heights.iter().enumerate() {
            let row = row(y);
            // From where the line was, not once more at that height, to where it is.
            let (first, last) = match before {
                Some(before) if before < row => (before + 1, row),
                Some(before) if before > row => (row, before - 1),
                _ => (row, row),
            };
            (first..=last).for_each(|row| grid.dots[row * width + column] = true);
            before = Some(row);
        }
        grid
    }

    fn is_set(&self, row: usize, column: usize) -> bool {
        self.dots[row * self.size[0] + column]
    }

    fn character(&self, row: usize, column: usize, braille: bool) -> char {
        if !braille {
            return if self.is_set(row, column) { '*' } else { ' ' };
        }
        /// The bits of the dots: four lines of two.
        const BITS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];
        let mut bits = 0;
        for (y, line) in BITS.iter().enumerate() {
            for (x, bit) in line.iter().enumerate() {
                bits |= if self.is_set(4 * row + y, 2 * column + x) { *bit } else { 0 };
            }
        }
        // Where no dot is set a space takes its place: it can be trimmed.
        if bits == 0 { ' ' } else { char::from_u32(0x2800 + bits).unwrap_or(' ') }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Look;

    fn screen(unicode: bool) -> Screen {
        Screen { columns: 80, rows: 24, look: Look::Plain, unicode }
    }

    #[test]
    fn a_fall_of_even_ratios_is_a_straight_line() {
        let values: Vec<f64> = (0..5).map(|i| 10_f64.powi(1 - i)).collect();
        let lines = curve(&values, "loss", 6 + 2 + 5, 5, &screen(false));
        let expected = ["    10 |*", "       | *", "  0.10 |  *", "       |   *", "0.0010 |    *", "       + loss"];
        assert_eq!(lines, expected);
        let lines = curve(&values, "loss", 6 + 2 + 2, 1, &screen(true));
        assert_eq!(lines, ["    10 ┤⠑⢄", "       └ l"]);
    }

    #[test]
    fn any_numbers_and_any_room_are_drawn() {
        let many: Vec<f64> = (0..12_345).map(|i| (f64::from(i) * 0.1).sin() + 1.0).collect();
        for values in [&[][..], &[1.0], &[0.0, 0.0], &[2.0, 1e-300], &[f64::MAX, 0.0, 1.0], &many] {
            for (width, height) in [(0, 1), (10, 3), (72, 4), (300, 9)] {
                for unicode in [false, true] {
                    let lines = curve(values, "a caption that is long", width, height, &screen(unicode));
                    assert_eq!(lines.len(), height + 1);
                    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap();
                    assert!(longest <= width.max(6 + 2 + 1), "{longest} of {width}");
                }
            }
        }
    }

    #[test]
    fn labels_have_two_figures() {
        let labels = [231.0, 2.314, 0.123, 0.0456, 0.00123, 0.000_46].map(|value: f64| label(value.ln()));
        assert_eq!(labels, ["231", "2.3", "0.12", "0.046", "0.0012", "5e-4"]);
    }
}
