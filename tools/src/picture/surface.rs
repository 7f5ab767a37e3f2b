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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{ClassScore, Matrix, Page, Rgb, Sheet, accuracy_chart, class_chart, loss_chart, svg_file};

    /// Writes down what is drawn on it.
    #[derive(Default)]
    struct Notes {
        texts: Vec<String>,
        marks: Vec<([f64; 2], Paint)>,
        rectangles: Vec<(Rectangle, Paint)>,
        images: usize,
    }

    impl Surface for Notes {
        fn rectangle(&mut self, area: Rectangle, paint: Paint) {
            self.rectangles.push((area, paint));
        }
        fn frame(&mut self, _: Rectangle, _: Paint) {}
        fn lines(&mut self, _: &[Polyline], _: f64, _: Paint) {}
        fn mark(&mut self, center: [f64; 2], _: Marker, _: f64, paint: Paint) {
            self.marks.push((center, paint));
        }
        fn text(&mut self, _: [f64; 2], _: Anchor, _: Style, text: &str) {
            self.texts.push(text.to_owned());
        }
        fn image(&mut self, _: [f64; 2], _: &Canvas, _: usize) {
            self.images += 1;
        }
    }

    fn pictures() -> Vec<Box<dyn Picture>> {
        let losses: Vec<f64> = (1..=60).map(|i| 2.0 / f64::from(i)).collect();
        let score = |i: usize| ClassScore { name: format!("class {i}"), correct: 90 + i, total: 100 };
        let counts = [vec![5, 1], vec![2, 7]];
        let names = ["one".to_owned(), "two".to_owned()];
        let mut body = Canvas::new(30, 20);
        body.fill(0, 0, 30, 20, Rgb::CURVES[3]);
        let charts = [
            loss_chart("Loss".into(), "a subtitle".into(), &losses, &[1.0, 0.1]),
            accuracy_chart("Accuracy".into(), String::new(), &[0.9, 0.95], &[0.8, 0.85]),
            class_chart("Classes".into(), String::new(), &[score(1), score(2)]),
        ];
        let narrow = charts.iter().map(|chart| chart.untitled().on(Sheet::NARROW));
        let mut all: Vec<Box<dyn Picture>> = Vec::new();
        all.extend(charts.iter().cloned().chain(narrow).map(|chart| Box::new(chart) as Box<dyn Picture>));
        all.push(Box::new(Matrix::confusion(&counts, &names, [50, 40])));
        all.push(Box::new(Page { title: "Page".into(), notes: vec!["note".into()], body, bar: None }));
        all
    }

    #[test]
    fn svg_and_pixels_hold_the_same() {
        for picture in pictures() {
            let (mut notes, canvas, svg) = (Notes::default(), picture.draw(), svg_file(&*picture, "words"));
            picture.draw_on(&mut notes);
            let [width, height] = picture.size();
            assert_eq!([canvas.width(), canvas.height()], [width, height]);
            assert!(svg.contains(&format!("viewBox=\"0 0 {width} {height}\"")));
            let texts: Vec<_> = svg.split("<text").skip(1).filter_map(|tag| tag.split(['>', '<']).nth(1)).collect();
            let drawn: Vec<_> = notes.texts.iter().filter(|text| !text.is_empty()).collect();
            assert_eq!(texts, drawn);
            assert_eq!(svg.matches("<image").count(), notes.images);
            // Of marks over each other the last is seen.
            for (i, &(center, paint)) in notes.marks.iter().enumerate() {
                if notes.marks[i + 1..].iter().all(|(other, _)| (0..2).any(|k| (other[k] - center[k]).abs() > 12.0)) {
                    let [x, y] = center.map(|v| v as usize);
                    assert_eq!(canvas.pixel(x, y), paint.on_light(), "mark at {center:?}");
                }
            }
            for (Rectangle { corner: [x, y], .. }, paint) in &notes.rectangles {
                let color = canvas.pixel(*x as usize + 1, *y as usize + 1);
                assert!(color == paint.on_light() || color == Rgb::WHITE, "{paint:?} at {x}, {y}: {color:?}");
            }
            let fills = svg.matches("<rect").count() + svg.matches("<circle").count();
            assert!(fills > notes.rectangles.len(), "the background, and what was drawn");
        }
    }
}
