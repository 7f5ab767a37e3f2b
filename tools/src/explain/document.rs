//! What there is to say, apart from how it is shown.

use layers::ndarray::Array2;

use super::numbers::number;
use crate::picture::{ColorMap, Scaling};
use crate::terminal::ascii;

/// Headings with what stands below them.
#[derive(Debug, Clone)]
pub struct Document {
    /// What it is about.
    pub title: String,
    /// Sentences before the first section.
    pub lead: Vec<String>,
    /// In the order of reading.
    pub sections: Vec<Section>,
}

/// A heading and what stands below it: one layer, on the way forward or back.
#[derive(Debug, Clone)]
pub struct Section {
    /// "Conv1".
    pub heading: String,
    /// What it does to the shapes: "1×28×28 → 30×24×24".
    pub shapes: String,
    /// In the order of reading.
    pub parts: Vec<Part>,
}

/// Something below a heading.
#[derive(Debug, Clone)]
pub enum Part {
    /// A paragraph.
    Text(String),
    /// Lines of a sum: what it is, and its number.
    Sum(Vec<(String, String)>),
    /// Matrices with signs between them.
    Equation(Vec<Operand>),
    /// Small pictures in rows.
    Figures(Figures),
    /// Rows of words and numbers.
    Table(Table),
}

/// A matrix of an equation.
#[derive(Debug, Clone)]
pub struct Operand {
    /// What stands before it: "·", "=", or nothing.
    pub sign: &'static str,
    /// What it is.
    pub caption: String,
    /// Its numbers.
    pub values: Array2<f32>,
    /// An element that matters most: row and column.
    pub mark: Option<[usize; 2]>,
}

/// Rows and columns of a matrix that are shown: what fits into a line of a terminal.
const MOST_SHOWN: usize = 9;

/// Small pictures, the most important first: where there is little room, the others are left out.
#[derive(Debug, Clone)]
pub struct Figures {
    /// What they are.
    pub title: String,
    /// What the frame on the first picture is around, where frames can be drawn.
    pub framed: &'static str,
    /// The pictures.
    pub figures: Vec<Figure>,
    /// How values become colours.
    pub map: ColorMap,
    /// Which values are the ends of the colours.
    pub scaling: Scaling,
}

/// A small picture.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Its values.
    pub values: Array2<f32>,
    /// A few words below it.
    pub caption: String,
    /// For those who cannot see it.
    pub alt: String,
    /// A window on it that matters: top, left, height, width.
    pub frame: Option<[usize; 4]>,
}

/// Rows of words and numbers.
#[derive(Debug, Clone, Default)]
pub struct Table {
    /// The names of the columns.
    pub head: Vec<String>,
    /// The rows; columns after the first are numbers.
    pub rows: Vec<Vec<String>>,
    /// The row that matters most.
    pub mark: Option<usize>,
    /// A part of a whole for each row, to be drawn as a bar behind it.
    pub bars: Vec<f64>,
}

impl Document {
    /// The same for a terminal whose character set is not UTF-8: what stands for other characters there may be longer, so it
    /// has to be there before lines are broken.
    pub fn ascii(mut self) -> Document {
        let change = &mut |text: &mut String| *text = ascii(text).into_owned();
        change(&mut self.title);
        self.lead.iter_mut().for_each(&mut *change);
        for section in &mut self.sections {
            change(&mut section.heading);
            change(&mut section.shapes);
            section.parts.iter_mut().for_each(|part| part.texts(change));
        }
        self
    }
}

impl Part {
    /// Changes every text of it that a terminal shows.
    fn texts(&mut self, change: &mut impl FnMut(&mut String)) {
        match self {
            Part::Text(text) => change(text),
            Part::Sum(lines) => lines.iter_mut().for_each(|(what, number)| {
                change(what);
                change(number);
            }),
            Part::Equation(operands) => operands.iter_mut().for_each(|operand| change(&mut operand.caption)),
            Part::Figures(figures) => {
                change(&mut figures.title);
                figures.figures.iter_mut().for_each(|figure| change(&mut figure.caption));
            }
            Part::Table(table) => table.rows.iter_mut().chain([&mut table.head]).flatten().for_each(change),
        }
    }
}

impl Section {
    /// A section that is empty yet.
    pub fn new(heading: impl Into<String>, shapes: impl Into<String>) -> Self {
        Section { heading: heading.into(), shapes: shapes.into(), parts: Vec::new() }
    }

    /// Adds a paragraph.
    pub fn text(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Text(text.into()));
    }

    /// Adds lines of a sum.
    pub fn sum(&mut self, lines: impl IntoIterator<Item = (String, f64)>) {
        self.parts.push(Part::Sum(lines.into_iter().map(|(what, value)| (what, number(value))).collect()));
    }
}

impl Operand {
    /// A matrix with what stands before it and what it is. Of a large one, the first rows and columns are shown, and the
    /// caption says so.
    pub fn new(sign: &'static str, caption: impl Into<String>, values: Array2<f32>) -> Self {
        let (rows, columns) = (values.nrows().min(MOST_SHOWN), values.ncols().min(MOST_SHOWN));
        let mut caption = caption.into();
        if (rows, columns) == values.dim() {
            return Operand { sign, caption, values, mark: None };
        }
        caption.push_str(&format!(", the first {rows}×{columns}"));
        Operand { sign, caption, values: Array2::from_shape_fn((rows, columns), |at| values[at]), mark: None }
    }

    /// The same, with an element that matters most.
    pub fn mark(self, row: usize, column: usize) -> Self {
        Operand { mark: Some([row, column]), ..self }
    }
}
