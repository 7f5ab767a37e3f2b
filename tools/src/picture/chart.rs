//! Line charts.

use super::paint::Paint;
use super::plot::Plot;
use super::surface::{Marker, Picture, Surface};

/// Curves over two axes, with a title and a legend.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// First line; none if empty.
    pub title: String,
    /// The lines below it, smaller: what the reader should know.
    pub subtitle: String,
    /// What is to be seen, in words.
    pub alternative: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// The curves; later ones lie above earlier ones.
    pub curves: Vec<Curve>,
    /// How large it is drawn.
    pub sheet: Sheet,
}

/// The size of a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sheet {
    /// Pixels from left to right.
    pub width: usize,
    /// Pixels from top to bottom.
    pub height: usize,
    /// How large letters and lines are, 1 for a file.
    pub scale: f64,
    /// Pixels around it.
    pub edge: usize,
}

impl Sheet {
    /// A file of its own.
    pub const FILE: Sheet = Sheet { width: 1200, height: 800, scale: 1.0, edge: 34 };
    /// Part of a page on a desk.
    pub const WIDE: Sheet = Sheet { width: 760, height: 420, scale: 0.68, edge: 6 };
    /// Part of a page on a phone.
    pub const NARROW: Sheet = Sheet { width: 320, height: 280, scale: 0.62, edge: 2 };
}

/// An axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What it counts; nothing if empty.
    pub label: String,
    /// Value at the left or lower end.
    pub low: f64,
    /// Value at the right or upper end; above `low`.
    pub high: f64,
    /// How values are spread between the ends.
    pub scale: Scale,
    /// Marks with their text, between the ends.
    pub ticks: Vec<(f64, String)>,
    /// Whether lines go from the marks through the chart.
    pub grid: bool,
}

/// How values are spread along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences are equally long.
    Linear,
    /// Equal ratios are equally long. Both ends are above zero; what is below the low end lies on it.
    Logarithmic,
}

impl Axis {
    /// Where a value lies: 0 at the low end, 1 at the high end.
    pub(super) fn position(&self, value: f64) -> f64 {
        let Axis { low, high, scale, .. } = *self;
        match scale {
            Scale::Linear => (value - low) / (high - low),
            Scale::Logarithmic if value.is_nan() => value,
            Scale::Logarithmic => (value.max(low) / low).ln() / (high / low).ln(),
        }
    }
}

/// A curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Its name in the legend; it is not there if empty.
    pub label: String,
    /// Its points; where a value is not finite, the line is interrupted.
    pub points: Vec<[f64; 2]>,
    /// The width of its line as a part of the usual one; 0 is no line.
    pub weight: f64,
    /// What stands at the points.
    pub marker: Marker,
    /// Its colour.
    pub paint: Paint,
}

impl Chart {
    /// The same, of another size.
    pub fn on(&self, sheet: Sheet) -> Chart {
        Chart { sheet, ..self.clone() }
    }

    /// The same without title and subtitle: where those stand beside it.
    pub fn untitled(&self) -> Chart {
        Chart { title: String::new(), subtitle: String::new(), ..self.clone() }
    }
}

impl Picture for Chart {
    fn size(&self) -> [usize; 2] {
        [self.sheet.width, self.sheet.height]
    }

    fn draw_on(&self, surface: &mut dyn Surface) {
        Plot::of(self).draw_on(surface);
    }
}
