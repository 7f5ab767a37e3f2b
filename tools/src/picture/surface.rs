//! One description, many drawings: what pictures are drawn on.

use super::canvas::{Canvas, Polyline};
use super::paint::Paint;
use super::text::{Anchor, Style};

/// What can be drawn on: a sheet of pixels ([`Canvas`]) or an SVG drawing ([`svg_file`](super::svg_file)).
///
/// Positions are `[x, y]` in pixels from the upper left corner. Whatever lies outside is cut off.
pub trait Surface {
    /// Fills a rectangle.
    fn rectangle(&mut self, area: Rectangle, paint: Paint);
    /// Draws a frame one pixel wide just outside of a rectangle.
    fn frame(&mut self, area: Rectangle, paint: Paint);
    /// Draws lines of this width with round ends and corners, all as one shape.
    fn lines(&mut self, lines: &[Polyline], width: f64, paint: Paint);
    /// Draws a filled disc or square of this diameter or side.
    fn mark(&mut self, center: [f64; 2], marker: Marker, size: f64, paint: Paint);
    /// Writes a line of text; `position` is on the baseline.
    fn text(&mut self, position: [f64; 2], anchor: Anchor, style: Style, text: &str);
    /// Puts a picture here, each of its pixels a sharp square of `zoom` pixels.
    fn image(&mut self, corner: [f64; 2], image: &Canvas, zoom: usize);
}

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rectangle {
    /// Its upper left corner.
    pub corner: [f64; 2],
    /// Width and height.
    pub size: [f64; 2],
}

/// What stands at the points of a curve, so that curves differ in more than colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// A disc.
    Circle,
    /// A square.
    Square,
    /// Nothing.
    None,
}

/// Something to be seen, which any surface can show: one description, from which PNG and SVG are made.
pub trait Picture {
    /// Width and height, in pixels.
    fn size(&self) -> [usize; 2];

    /// Draws it from the upper left corner of the surface on.
    fn draw_on(&self, surface: &mut dyn Surface);

    /// Draws it in pixels, on white: for [`png_bytes`](super::png_bytes()).
    fn draw(&self) -> Canvas {
        let [width, height] = self.size();
        let mut canvas = Canvas::new(width, height);
        self.draw_on(&mut canvas);
        canvas
    }
}

impl Picture for Canvas {
    fn size(&self) -> [usize; 2] {
        [self.width(), self.height()]
    }

    fn draw_on(&self, surface: &mut dyn Surface) {
        surface.image([0.0, 0.0], self, 1);
    }
}

impl<P: Picture + ?Sized> Picture for &P {
    fn size(&self) -> [usize; 2] {
        (**self).size()
    }

    fn draw_on(&self, surface: &mut dyn Surface) {
        (**self).draw_on(surface);
    }
}

/// A surface whose upper left corner lies elsewhere on another one.
pub(super) struct Shifted<'a> {
    surface: &'a mut dyn Surface,
    by: [f64; 2],
}

impl<'a> Shifted<'a> {
    pub(super) fn new(surface: &'a mut dyn Surface, by: [usize; 2]) -> Self {
        Shifted { surface, by: by.map(|v| v as f64) }
    }

    fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [x + self.by[0], y + self.by[1]]
    }

    fn area(&self, area: Rectangle) -> Rectangle {
        Rectangle { corner: self.at(area.corner), ..area }
    }
}

impl Surface for Shifted<'_> {
    fn rectangle(&mut self, area: Rectangle, paint: Paint) {
        self.surface.rectangle(self.area(area), paint);
    }

    fn frame(&mut self, area: Rectangle, paint: Paint) {
        self.surface.frame(self.area(area), paint);
    }

    fn lines(&mut self, lines: &[Polyline], width: f64, paint: Paint) {
        let moved: Vec<_> = lines.iter().map(|line| line.iter().map(|&point| self.at(point)).collect()).collect();
        self.surface.lines(&moved, width, paint);
    }

    fn mark(&mut self, center: [f64; 2], marker: Marker, size: f64, paint: Paint) {
        self.surface.mark(self.at(center), marker, size, paint);
    }

    fn text(&mut self, position: [f64; 2], anchor: Anchor, style: Style, text: &str) {
        self.surface.text(self.at(position), anchor, style, text);
    }

    fn image(&mut self, corner: [f64; 2], image: &Canvas, zoom: usize) {
        self.surface.image(self.at(corner), image, zoom);
    }
}
