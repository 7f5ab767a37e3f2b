//! Tables of numbers in coloured cells.

use super::color::Rgb;
use super::colormap::ColorMap;
use super::paint::Paint;
use super::surface::{Picture, Rectangle, Surface};
use super::text::{Anchor, Style, fit, width};

/// A table of numbers in coloured cells, with names for rows and columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// What the rows are, along the left side.
    pub row_title: String,
    /// What the columns are, above them.
    pub column_title: String,
    /// The names of the rows.
    pub rows: Vec<String>,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The cells, row after row.
    pub cells: Vec<Cell>,
    /// Width and height of a cell in pixels.
    pub cell: [usize; 2],
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// What stands in it.
    pub text: String,
    /// Its colour; that of the background if none.
    pub color: Option<Rgb>,
}

/// Between two cells.
const GAP: f64 = 2.0;
/// Room beside names and titles.
const MARGIN: f64 = 8.0;

impl Matrix {
    /// How often images of a class (rows) were taken for another (columns): what is right in blue, by its part of the
    /// row; what is wrong in orange, by its part of the largest mistake. Cells without images are empty.
    pub fn confusion(counts: &[Vec<usize>], names: &[String], cell: [usize; 2]) -> Matrix {
        let entries =
            || counts.iter().enumerate().flat_map(|(t, row)| row.iter().enumerate().map(move |(g, n)| (t, g, *n)));
        let largest = entries().filter(|(truth, guess, _)| truth != guess).map(|(.., n)| n).max().unwrap_or(0).max(1);
        let color = |truth: usize, guess: usize, count: usize| match count {
            0 => None,
            _ if truth == guess => {
                let share = count as f64 / counts[truth].iter().sum::<usize>() as f64;
                Some(ColorMap::Diverging.color(0.5 - 0.22 * share))
            }
            // The root lifts single mistakes out of the background.
            _ => Some(ColorMap::Diverging.color(0.5 + 0.42 * (count as f64 / largest as f64).sqrt())),
        };
        let text = |count: usize| if count == 0 { String::new() } else { count.to_string() };
        let cells = entries().map(|(t, g, n)| Cell { text: text(n), color: color(t, g, n) }).collect();
        Matrix {
            row_title: "truth".into(),
            column_title: "guess".into(),
            rows: names.to_vec(),
            columns: names.to_vec(),
            cells,
            cell,
        }
    }

    /// The height of letters, so that a number of five digits fits into a cell.
    fn letters(&self) -> f64 {
        let [width, height] = self.cell.map(|size| size as f64);
        (height * 0.28).min(width / 4.4).clamp(4.0, 14.0)
    }

    /// Where the cells begin: room for names and titles to their left and above them.
    fn origin(&self) -> [f64; 2] {
        let size = self.letters();
        let widest = |names: &[String]| names.iter().map(|name| width(name, size)).fold(0.0, f64::max);
        let names_above = if self.columns_stand() { widest(&self.columns) } else { size };
        let title = |text: &str| if text.is_empty() { 0.0 } else { size * 1.1 + 1.5 * MARGIN };
        [title(&self.row_title) + widest(&self.rows) + MARGIN, title(&self.column_title) + names_above + MARGIN]
            .map(|v| v.ceil() + 2.0)
    }

    /// Whether the names of the columns are too wide to lie above them.
    fn columns_stand(&self) -> bool {
        self.columns.iter().any(|name| width(name, self.letters()) > self.cell[0] as f64)
    }
}

impl Picture for Matrix {
    fn size(&self) -> [usize; 2] {
        let [left, top] = self.origin();
        [
            (left + 1.0) as usize + self.columns.len() * self.cell[0],
            (top + 1.0) as usize + self.rows.len() * self.cell[1],
        ]
    }

    fn draw_on(&self, surface: &mut dyn Surface) {
        let ([left, top], [width, height], size) = (self.origin(), self.cell.map(|v| v as f64), self.letters());
        let (wide, high) = (self.columns.len() as f64 * width, self.rows.len() as f64 * height);
        let (style, title) = (Style::new(size), Style::new(size * 1.1).paint(Paint::FaintInk));
        let text = fit(&self.column_title, title.size, wide);
        surface.text([left + wide / 2.0, title.size + 1.0], Anchor::Middle, title, &text);
        let text = fit(&self.row_title, title.size, high);
        surface.text([title.size + 1.0, top + high / 2.0], Anchor::Middle, title.upwards(), &text);
        for (i, name) in self.rows.iter().enumerate() {
            let baseline = top + (i as f64 + 0.5) * height + size / 2.0;
            surface.text([left - MARGIN, baseline], Anchor::End, style, name);
        }
        for (i, name) in self.columns.iter().enumerate() {
            let middle = left + (i as f64 + 0.5) * width;
            if self.columns_stand() {
                surface.text([middle + size / 2.0, top - MARGIN], Anchor::Start, style.upwards(), name);
            } else {
                surface.text([middle, top - MARGIN], Anchor::Middle, style, name);
            }
        }
        self.draw_cells(surface, [left, top], style);
    }
}

impl Matrix {
    fn draw_cells(&self, surface: &mut dyn Surface, [left, top]: [f64; 2], style: Style) {
        let [width, height] = self.cell.map(|v| v as f64);
        for (i, cell) in self.cells.iter().enumerate() {
            let (row, column) = (i / self.columns.len(), i % self.columns.len());
            let corner = [left + column as f64 * width, top + row as f64 * height];
            let inner = Rectangle { corner: corner.map(|v| v + GAP / 2.0), size: [width - GAP, height - GAP] };
            surface.rectangle(inner, cell.color.map_or(Paint::Grid, Paint::Exact));
            if cell.color.is_none() {
                let hole = Rectangle { corner: inner.corner.map(|v| v + 1.0), size: inner.size.map(|v| v - 2.0) };
                surface.rectangle(hole, Paint::Paper);
            }
            let ink = cell.color.map_or(Paint::Ink, Paint::ink_on);
            let position = [corner[0] + width / 2.0, corner[1] + height / 2.0 + style.size / 2.0];
            surface.text(position, Anchor::Middle, style.paint(ink), &cell.text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::svg_file;

    #[test]
    fn numbers_stand_in_their_cells_and_mistakes_are_seen() {
        let counts = [vec![98, 0, 2], vec![0, 0, 0], vec![8, 0, 1135]];
        let names = ["zero", "one", "a rather long name"].map(str::to_owned);
        let matrix = Matrix::confusion(&counts, &names, [40, 30]);
        let texts: Vec<_> = matrix.cells.iter().map(|cell| cell.text.as_str()).collect();
        assert_eq!(texts, ["98", "", "2", "", "", "", "8", "", "1135"]);
        let color = |i: usize| matrix.cells[i].color.unwrap().0;
        let (right, few, most) = (color(0), color(2), color(6));
        assert!(right[2] > right[0], "blue: {right:?}");
        assert!(most[0] > most[2] && most[2] < few[2], "orange, the more the darker: {few:?} {most:?}");
        assert_eq!(matrix.cells[1].color, None);

        let drawn = svg_file(&matrix, "");
        for text in ["zero", "a rather long name", "98", "1135", "truth", "guess"] {
            assert!(drawn.contains(&format!(">{text}<")), "{text}");
        }
        let canvas = matrix.draw();
        let [left, top] = matrix.origin();
        assert_eq!(canvas.pixel(left as usize + 3, top as usize + 3).0, right);
    }

    #[test]
    fn an_empty_one_can_be_drawn() {
        let matrix = Matrix::confusion(&[], &[], [10, 10]);
        matrix.draw();
        svg_file(&matrix, "");
    }
}
