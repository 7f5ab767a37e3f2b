//! A sheet of pixels to draw on.

use super::color::Rgb;
use super::paint::Paint;
use super::surface::{Marker, Rectangle, Surface};
use super::text::{self, Anchor, Style};

/// A picture in memory: red, green, blue, a byte each, row after row from the top left corner.
///
/// Positions are in pixels and may lie between them: pixel (3, 5) covers x from 3 to 4 and y from 5 to 6. Whatever lies
/// outside is cut off. Edges are smooth: a pixel that is covered in part is coloured in part.
#[derive(Clone, PartialEq, Eq)]
pub struct Canvas {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

/// A line through points `[x, y]`, in pixels.
pub type Polyline = Vec<[f64; 2]>;

impl Canvas {
    /// A white sheet.
    pub fn new(width: usize, height: usize) -> Self {
        Canvas { width, height, pixels: vec![255; 3 * width * height] }
    }

    /// Pixels from left to right.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Pixels from top to bottom.
    pub fn height(&self) -> usize {
        self.height
    }

    /// All pixels, three bytes each, row after row.
    pub fn bytes(&self) -> &[u8] {
        &self.pixels
    }

    /// The colour of a pixel.
    ///
    /// # Panics
    /// Outside the sheet.
    #[track_caller]
    pub fn pixel(&self, x: usize, y: usize) -> Rgb {
        assert!(x < self.width && y < self.height, "pixel ({x}, {y}) of {}×{}", self.width, self.height);
        let start = 3 * (y * self.width + x);
        Rgb([self.pixels[start], self.pixels[start + 1], self.pixels[start + 2]])
    }

    /// Colours a pixel; `coverage` (0 to 1) says how much of it.
    pub fn blend(&mut self, x: usize, y: usize, color: Rgb, coverage: f32) {
        if x < self.width && y < self.height && coverage > 0.0 {
            let mixed = self.pixel(x, y).mix(color, coverage);
            let start = 3 * (y * self.width + x);
            self.pixels[start..start + 3].copy_from_slice(&mixed.0);
        }
    }

    /// Fills whole pixels.
    pub fn fill(&mut self, x: usize, y: usize, width: usize, height: usize, color: Rgb) {
        let (right, bottom) = (x.saturating_add(width).min(self.width), y.saturating_add(height).min(self.height));
        for y in y.min(bottom)..bottom {
            for pixel in
                self.pixels[3 * (y * self.width + x.min(right))..3 * (y * self.width + right)].chunks_exact_mut(3)
            {
                pixel.copy_from_slice(&color.0);
            }
        }
    }

    /// Draws a frame one pixel wide around these pixels (just outside them).
    pub fn frame(&mut self, x: usize, y: usize, width: usize, height: usize, color: Rgb) {
        // Left and top edge lie off the sheet where the pixels begin at its border.
        let (left, top) = (x.checked_sub(1), y.checked_sub(1));
        let (right, bottom) = (x + width, y + height);
        for y in [top, Some(bottom)].into_iter().flatten() {
            self.fill(left.unwrap_or(0), y, right + 1 - left.unwrap_or(0), 1, color);
        }
        for x in [left, Some(right)].into_iter().flatten() {
            self.fill(x, y, 1, height, color);
        }
    }

    /// Copies another sheet onto this one, its top left corner at (x, y).
    pub fn paste(&mut self, other: &Canvas, x: usize, y: usize) {
        let width = other.width.min(self.width.saturating_sub(x));
        for row in 0..other.height.min(self.height.saturating_sub(y)) {
            let (to, from) = (3 * ((y + row) * self.width + x), 3 * row * other.width);
            self.pixels[to..to + 3 * width].copy_from_slice(&other.pixels[from..from + 3 * width]);
        }
    }

    /// Draws lines of this width with round ends and corners. Where they cross, nothing gets darker.
    pub fn stroke(&mut self, lines: &[Polyline], width: f64, color: Rgb) {
        let reach = width / 2.0 + 1.0;
        let Some(area) = Area::around(lines, reach, self) else { return };
        // What all lines together cover of each pixel, as one shape.
        let mut coverage = vec![0.0_f32; area.width * area.height];
        for line in lines {
            for i in 0..line.len().saturating_sub(1).max(1).min(line.len()) {
                let (a, b) = (line[i], *line.get(i + 1).unwrap_or(&line[i]));
                let Some(part) = Area::around(&[vec![a, b]], reach, self) else { continue };
                for y in part.top..part.top + part.height {
                    for x in part.left..part.left + part.width {
                        let center = [x as f64 + 0.5, y as f64 + 0.5];
                        let covered = (width / 2.0 + 0.5 - distance(center, a, b)).clamp(0.0, width.min(1.0));
                        let here = &mut coverage[(y - area.top) * area.width + x - area.left];
                        *here = here.max(covered as f32);
                    }
                }
            }
        }
        self.blend_all(&area, &coverage, color);
    }

    /// Draws a filled disc.
    pub fn disc(&mut self, center: [f64; 2], radius: f64, color: Rgb) {
        self.stroke(&[vec![center]], 2.0 * radius, color);
    }

    /// Draws a filled square, `side` wide, around `center`.
    pub fn square(&mut self, center: [f64; 2], side: f64, color: Rgb) {
        let Some(area) = Area::around(&[vec![center]], side / 2.0 + 1.0, self) else { return };
        let overlap = |pixel: usize, center: f64| {
            let (low, high) = (center - side / 2.0, center + side / 2.0);
            (high.min(pixel as f64 + 1.0) - low.max(pixel as f64)).clamp(0.0, 1.0) as f32
        };
        let mut coverage = Vec::with_capacity(area.width * area.height);
        for y in area.top..area.top + area.height {
            let row = overlap(y, center[1]);
            coverage.extend((area.left..area.left + area.width).map(|x| row * overlap(x, center[0])));
        }
        self.blend_all(&area, &coverage, color);
    }

    fn blend_all(&mut self, area: &Area, coverage: &[f32], color: Rgb) {
        for (i, &covered) in coverage.iter().enumerate() {
            self.blend(area.left + i % area.width, area.top + i / area.width, color, covered);
        }
    }
}

impl Surface for Canvas {
    fn rectangle(&mut self, area: Rectangle, paint: Paint) {
        let [x, y, width, height] = whole(area);
        self.fill(x, y, width, height, paint.on_light());
    }

    fn frame(&mut self, area: Rectangle, paint: Paint) {
        let [x, y, width, height] = whole(area);
        Canvas::frame(self, x, y, width, height, paint.on_light());
    }

    fn lines(&mut self, lines: &[Polyline], width: f64, paint: Paint) {
        self.stroke(lines, width, paint.on_light());
    }

    fn mark(&mut self, center: [f64; 2], marker: Marker, size: f64, paint: Paint) {
        match marker {
            Marker::Circle => self.disc(center, size / 2.0, paint.on_light()),
            Marker::Square => self.square(center, size, paint.on_light()),
            Marker::None => {}
        }
    }

    fn text(&mut self, position: [f64; 2], anchor: Anchor, style: Style, text: &str) {
        text::write(self, position, anchor, style, text);
    }

    fn image(&mut self, [x, y]: [f64; 2], image: &Canvas, zoom: usize) {
        let (left, top) = (x.round().max(0.0) as usize, y.round().max(0.0) as usize);
        if zoom == 1 {
            return self.paste(image, left, top);
        }
        for row in 0..image.height {
            for column in 0..image.width {
                self.fill(left + column * zoom, top + row * zoom, zoom, zoom, image.pixel(column, row));
            }
        }
    }
}

/// Left, top, width and height in whole pixels.
fn whole(Rectangle { corner, size }: Rectangle) -> [usize; 4] {
    let ends = [corner[0] + size[0], corner[1] + size[1]].map(|v| v.round().max(0.0) as usize);
    let [left, top] = corner.map(|v| v.round().max(0.0) as usize);
    [left, top, ends[0].saturating_sub(left), ends[1].saturating_sub(top)]
}

impl std::fmt::Debug for Canvas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Canvas({}×{} pixels)", self.width, self.height)
    }
}

/// The pixels of a sheet that a drawing may touch.
struct Area {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
}

impl Area {
    /// Everything within `reach` of the lines; nothing where that is off the sheet, or where a position is not finite.
    fn around(lines: &[Polyline], reach: f64, canvas: &Canvas) -> Option<Area> {
        let points = || lines.iter().flatten();
        if points().any(|point| !point.iter().all(|v| v.is_finite())) {
            return None;
        }
        let along = |axis: usize, size: usize| {
            let low = points().map(|point| point[axis]).fold(f64::INFINITY, f64::min) - reach;
            let high = points().map(|point| point[axis]).fold(f64::NEG_INFINITY, f64::max) + reach;
            let (low, high) = (low.floor().clamp(0.0, size as f64), high.ceil().clamp(0.0, size as f64));
            (low < high).then_some((low as usize, (high - low) as usize))
        };
        let (left, width) = along(0, canvas.width)?;
        let (top, height) = along(1, canvas.height)?;
        Some(Area { left, top, width, height })
    }
}

/// From a point to the nearest point of the line from `a` to `b`.
fn distance(point: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (along, to) = ([b[0] - a[0], b[1] - a[1]], [point[0] - a[0], point[1] - a[1]]);
    let length = along[0] * along[0] + along[1] * along[1];
    let share = if length > 0.0 { ((to[0] * along[0] + to[1] * along[1]) / length).clamp(0.0, 1.0) } else { 0.0 };
    let (dx, dy) = (to[0] - share * along[0], to[1] - share * along[1]);
    (dx * dx + dy * dy).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: Rgb = Rgb([0, 0, 0]);

    /// How much ink is on the sheet, in whole pixels.
    fn ink(canvas: &Canvas) -> f64 {
        canvas.bytes().iter().map(|&byte| f64::from(255 - byte) / 255.0 / 3.0).sum()
    }

    #[test]
    fn shapes_cover_their_area() {
        let mut canvas = Canvas::new(40, 40);
        canvas.disc([20.3, 19.6], 10.0, BLACK);
        assert!((ink(&canvas) - std::f64::consts::PI * 100.0).abs() < 1.0, "{}", ink(&canvas));

        let mut canvas = Canvas::new(40, 40);
        canvas.square([20.3, 19.6], 9.5, BLACK);
        assert!((ink(&canvas) - 9.5 * 9.5).abs() < 0.5, "{}", ink(&canvas));

        let mut canvas = Canvas::new(40, 40);
        canvas.stroke(&[vec![[5.0, 20.0], [35.0, 20.0]]], 2.0, BLACK);
        let (line, ends) = (30.0 * 2.0, std::f64::consts::PI);
        assert!((ink(&canvas) - line - ends).abs() < 0.7, "{}", ink(&canvas));
    }

    #[test]
    fn crossing_lines_are_one_shape() {
        let line = vec![[3.0, 3.0], [30.0, 30.0]];
        let (mut once, mut twice) = (Canvas::new(40, 40), Canvas::new(40, 40));
        once.stroke(std::slice::from_ref(&line), 1.5, BLACK);
        twice.stroke(&[line.clone(), line], 1.5, BLACK);
        assert!(once == twice);
    }

    #[test]
    fn what_lies_outside_is_cut_off() {
        let mut canvas = Canvas::new(8, 6);
        canvas.fill(6, 4, 100, usize::MAX, BLACK);
        assert!((ink(&canvas) - 4.0).abs() < 1e-9);
        canvas.fill(50, 50, 3, 3, BLACK);
        canvas.frame(0, 0, 8, 6, Rgb::FRAME);
        canvas.disc([-100.0, 3.0], 5.0, BLACK);
        canvas.disc([f64::NAN, 3.0], 5.0, BLACK);
        canvas.stroke(&[vec![[f64::INFINITY, 0.0], [1.0, 1.0]], vec![]], 1.0, BLACK);
        canvas.paste(&Canvas::new(20, 20), 7, 5);
        canvas.paste(&Canvas::new(20, 20), 70, 50);
        assert!((ink(&canvas) - 3.0).abs() < 1e-9, "the pasted corner is white");
        Canvas::new(0, 0).disc([0.0, 0.0], 3.0, BLACK);
    }

    #[test]
    fn a_frame_lies_around_its_pixels() {
        let mut canvas = Canvas::new(10, 10);
        canvas.frame(3, 4, 4, 2, BLACK);
        assert!((ink(&canvas) - f64::from(2 * 6 + 2 * 2)).abs() < 1e-9);
        assert_eq!(canvas.pixel(2, 3), BLACK);
        assert_eq!(canvas.pixel(3, 4), Rgb::WHITE);
    }
}
