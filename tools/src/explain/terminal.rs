//! A document as lines of text.

use std::borrow::Cow;
use std::fmt::Write;

use super::document::{Document, Figures, Operand, Part, Table};
use super::numbers::MatrixFormat;
use crate::picture::{Blocks, Look};
use crate::terminal::{Screen, ascii};
use crate::text;

const INDENT: &str = "  ";
/// Text is not set wider than that, and not narrower.
const WIDEST: usize = 100;
const NARROWEST: usize = 30;
/// Characters of a bar that stands for a whole.
const BAR: usize = 20;

/// The document for a terminal. Matrices that do not fit side by side stand below each other; of many pictures, as many are
/// shown as fit into a row. (Lines and signs that are as short in ASCII are left to who writes the text.)
pub fn terminal(document: &Document, screen: &Screen) -> String {
    let &Screen { columns, look, unicode, .. } = screen;
    let width = columns.clamp(NARROWEST, WIDEST);
    let document = if unicode { Cow::Borrowed(document) } else { Cow::Owned(document.clone().ascii()) };
    let mut text = wrapped(&document.title, width, "");
    if !document.lead.is_empty() {
        text.push('\n');
    }
    for sentence in &document.lead {
        text.push_str(&wrapped(sentence, width, ""));
    }
    text.push_str(&wrapped(legend(look), width, ""));
    for section in &document.sections {
        text.push('\n');
        let heading = format!("── {}  {} ", section.heading, section.shapes);
        let rest = width.saturating_sub(heading.chars().count());
        writeln!(text, "{heading}{}", "─".repeat(rest)).expect("into memory");
        for part in &section.parts {
            text.push('\n');
            match part {
                Part::Text(sentence) => text.push_str(&wrapped(sentence, width, INDENT)),
                Part::Sum(lines) => text.push_str(&sum(lines, width)),
                Part::Equation(operands) => text.push_str(&equation(operands, width, unicode)),
                Part::Figures(figures) => text.push_str(&drawn(figures, look, width)),
                Part::Table(rows) => text.push_str(&table(rows, look, width)),
            }
        }
    }
    text
}

/// How numbers are drawn.
fn legend(look: Look) -> &'static str {
    match look {
        Look::Plain => {
            "Numbers are drawn as characters: the denser the larger where none is negative, else + and # above zero, - and = \
             below."
        }
        _ => {
            "Numbers are drawn as colours: dark for much where none is negative, else orange above zero and blue below."
        }
    }
}

/// Text broken between words, each line after the indent.
fn wrapped(text: &str, width: usize, indent: &str) -> String {
    let lines = text::wrapped(text, width.saturating_sub(indent.len()));
    // What may not be broken was held together by another kind of space.
    lines.iter().map(|line| format!("{indent}{line}\n").replace('\u{a0}', " ")).collect()
}

/// Numbers below each other; each below its name where there is no room beside it.
fn sum(lines: &[(String, String)], width: usize) -> String {
    let longest = |of: fn(&(String, String)) -> &String| lines.iter().map(|line| of(line).chars().count()).max();
    let (what, value) = (longest(|line| &line.0).unwrap_or(0), longest(|line| &line.1).unwrap_or(0));
    let room = width.saturating_sub(INDENT.len());
    let line = |(name, number): &(String, String)| match what + 2 + value <= room {
        true => format!("{INDENT}{name:<what$}  {number:>value$}\n"),
        false => format!("{}{INDENT}{number:>room$}\n", wrapped(name, width, INDENT)),
    };
    lines.iter().map(line).collect()
}

/// A sign before a matrix, and the room around it.
const SIGN: usize = 3;

/// A matrix as lines of one width, its caption above it.
struct Block {
    lines: Vec<String>,
    /// How many of the lines are the caption.
    captions: usize,
    width: usize,
}

fn block(operand: &Operand, width: usize, unicode: bool) -> Block {
    let format = MatrixFormat::of(operand.values.view());
    let cells = operand.values.map(|&value| format.write(value));
    let cell = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
    let factor = format.factor();
    let factor = if unicode { factor.into() } else { ascii(&factor) };
    let caption = format!("{} {factor}", operand.caption).trim_end().to_owned();
    let mut lines: Vec<_> = text::wrapped(&caption, width).iter().map(|line| format!(" {line}")).collect();
    let captions = lines.len();
    for (row, cells) in cells.outer_iter().enumerate() {
        let marked = |column| operand.mark == Some([row, column]);
        let mut line = String::new();
        for (column, text) in cells.iter().enumerate() {
            let before = match (marked(column), column > 0 && marked(column - 1)) {
                (true, _) => '[',
                (_, true) => ']',
                _ => ' ',
            };
            // A bracket stands right before its number.
            let blank = cell - text.chars().count();
            let opened = if before == '[' {
                format!("{}[", " ".repeat(blank))
            } else {
                format!("{before}{}", " ".repeat(blank))
            };
            write!(line, "{opened}{text}").expect("into memory");
        }
        line.push(if marked(cells.len() - 1) { ']' } else { ' ' });
        lines.push(line);
    }
    let width = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    Block { lines, captions, width }
}

fn equation(operands: &[Operand], width: usize, unicode: bool) -> String {
    let (mut text, mut row): (String, Vec<(&str, Block)>) = (String::new(), Vec::new());
    let total = |row: &[(&str, Block)]| row.iter().map(|(_, block)| block.width + SIGN).sum::<usize>();
    for operand in operands {
        let block = block(operand, width.saturating_sub(INDENT.len() + SIGN + 2), unicode);
        if !row.is_empty() && INDENT.len() + total(&row) + block.width + SIGN > width {
            text.push_str(&side_by_side(&row));
            text.push('\n');
            row.clear();
        }
        row.push((operand.sign, block));
    }
    text.push_str(&side_by_side(&row));
    text
}

fn side_by_side(row: &[(&str, Block)]) -> String {
    let captions = row.iter().map(|(_, block)| block.captions).max().unwrap_or(0);
    let height = row.iter().map(|(_, block)| captions - block.captions + block.lines.len()).max().unwrap_or(0);
    let mut text = String::new();
    for i in 0..height {
        let mut line = INDENT.to_owned();
        for (sign, block) in row {
            // The sign stands beside the middle of the matrix. Short captions stand right above theirs.
            let own = (i + block.captions).checked_sub(captions);
            let middle = block.captions + (block.lines.len() - block.captions - 1) / 2;
            let sign = if own == Some(middle) { sign } else { "" };
            let cells = own.and_then(|own| block.lines.get(own)).map_or("", String::as_str);
            write!(line, " {sign:1} {cells:<width$}", width = block.width).expect("into memory");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn drawn(figures: &Figures, look: Look, width: usize) -> String {
    let per_pixel = if look == Look::Plain { 2 } else { 1 };
    let Some(first) = figures.figures.first() else { return String::new() };
    let widest = (first.values.ncols() + 1) * per_pixel;
    let room = width - INDENT.len() + per_pixel;
    let fit = (room / widest).min(figures.figures.len());
    if fit == 0 {
        return wrapped(&format!("({} is too wide to be drawn here)", first.caption), width, INDENT);
    }
    let shown = &figures.figures[..fit];
    // A name and its number stay in one line.
    let captions: Vec<_> = shown.iter().map(|figure| figure.caption.replace("map ", "map\u{a0}")).collect();
    let left_out = figures.figures.len() - fit;
    let others = if left_out == 0 { String::new() } else { format!(" (and {left_out} more)") };
    let title = if figures.title.is_empty() { String::new() } else { format!("{}: ", figures.title) };
    let blocks = Blocks {
        groups: vec![(String::new(), shown.iter().map(|figure| figure.values.view()).collect())],
        map: figures.map,
        scaling: figures.scaling,
        columns: fit,
    };
    let drawing = blocks.draw(look, width - INDENT.len());
    let mut text = wrapped(&format!("{title}{}{others}", captions.join(", ")), width, INDENT);
    // The first line is for the titles of groups.
    for line in drawing.lines().skip(1) {
        text.push_str(format!("{INDENT}{line}").trim_end());
        text.push('\n');
    }
    text
}

fn table(table: &Table, look: Look, width: usize) -> String {
    let columns = table.head.len();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = table.rows.iter().chain([&table.head]).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let line = |row: &[String], mark: bool| {
        let mut text = if mark { "> ".to_owned() } else { INDENT.to_owned() };
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let padded = if column == 0 { format!("{cell:<width$}") } else { format!("  {cell:>width$}") };
            text.push_str(&padded);
        }
        text
    };
    let used = widths.iter().sum::<usize>() + 2 * columns + 2;
    if used - 2 > width {
        return narrow_table(table, width);
    }
    let room = BAR.min(width.saturating_sub(used));
    let mut text = format!("{}\n", line(&table.head, false).trim_end());
    for (i, row) in table.rows.iter().enumerate() {
        let full = if look == Look::Plain { "#" } else { "█" };
        let bar = table.bars.get(i).map_or(0, |share| (share * room as f64).round() as usize);
        let cells = line(row, table.mark == Some(i));
        text.push_str(format!("{cells}  {}", full.repeat(bar)).trim_end());
        text.push('\n');
    }
    text
}

/// Each row as its first cell, and below it what the others are.
fn narrow_table(table: &Table, width: usize) -> String {
    let mut text = String::new();
    for (i, row) in table.rows.iter().enumerate() {
        let mark = if table.mark == Some(i) { "> " } else { INDENT };
        let cells = row.iter().zip(&table.head).skip(1).filter(|(cell, _)| !cell.is_empty());
        // A name and its number stay in one line.
        let cells: Vec<_> = cells.map(|(cell, name)| format!("{name} {cell}").replace(' ', "\u{a0}")).collect();
        text.push_str(&wrapped(&row[0], width, mark));
        text.push_str(&wrapped(&cells.join(", "), width, "    "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::document::Section;
    use layers::ndarray::array;

    #[test]
    fn matrices_stand_side_by_side_where_there_is_room() {
        let operands = [
            Operand::new("", "patch", array![[0.5, 1.0], [0.0, 0.25]]).mark(0, 1),
            Operand::new("·", "filter", array![[-2.0, 4.0], [1.0, 0.0]]),
        ];
        let wide = equation(&operands, 80, true);
        let expected = "      patch         filter
      0.50[1.00] ·  −2.00  4.00
         0 0.25      1.00     0
";
        assert_eq!(wide, expected);
        assert_eq!(equation(&operands, 20, true).lines().count(), 7);
        let long =
            [Operand::new("", "input from row 6, column 21, channel 3", array![[0.5, 1.0]]), operands[1].clone()];
        let expected = "      input from row 6,
      column 21, channel 3
      0.50 1.00

      filter
   ·  −2.00  4.00
       1.00     0
";
        assert_eq!(equation(&long, 28, true), expected);
    }

    #[test]
    fn where_there_is_no_room_numbers_stand_below_their_names() {
        let lines = [("a long name".to_owned(), "1.5".to_owned())];
        assert_eq!(sum(&lines, 80), "  a long name  1.5\n");
        assert_eq!(sum(&lines, 14), "  a long name\n           1.5\n");
        let words = |words: [&str; 3]| words.map(str::to_owned).to_vec();
        let table =
            Table { head: words(["input", "x", "W"]), rows: vec![words(["first", "0.25", "4"])], ..Table::default() };
        assert_eq!(super::table(&table, Look::Plain, 80), "  input     x  W\n  first  0.25  4\n");
        assert_eq!(super::table(&table, Look::Plain, 13), "  first\n    x 0.25,\n    W 4\n");
    }

    #[test]
    fn what_is_longer_in_ascii_fits_too() {
        let signs = "Σ dout·10⁻³ … x² → y ± 2 ".repeat(9).trim_end().to_owned();
        let small = array![[1e-5, -3e-6]];
        let operands = [("", signs.as_str()), ("·", "small ones here"), ("=", "others")];
        let parts = vec![
            Part::Text(signs.clone()),
            Part::Sum(vec![("Σ … ± → Σ … ± →".to_owned(), "1.25×10⁻⁵ ± 2×10⁻⁷".to_owned())]),
            Part::Equation(operands.map(|(sign, caption)| Operand::new(sign, caption, small.clone())).into()),
            Part::Table(Table {
                head: vec!["Σ".to_owned(); 9],
                rows: vec![vec!["1×10⁻³".to_owned(); 9]],
                ..Table::default()
            }),
        ];
        let section = Section { parts, ..Section::new("Conv1", "1×28×28 → 30×24×24") };
        let document = Document { title: signs.clone(), lead: vec![signs.clone()], sections: vec![section] };
        for unicode in [true, false] {
            let screen = Screen { columns: 40, rows: 24, look: Look::Plain, unicode };
            let text = terminal(&document, &screen);
            let text = if unicode { text } else { ascii(&text).into_owned() };
            let wide: Vec<_> = text.lines().filter(|line| line.chars().count() > 40).collect();
            assert!(wide.is_empty(), "{unicode}: {wide:#?}");
        }
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let text = wrapped("one two three four five six seven eight nine ten", 30, INDENT);
        assert_eq!(text, "  one two three four five six\n  seven eight nine ten\n");
    }
}
