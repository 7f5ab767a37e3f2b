//! The pen: lines become pixels.

use super::SIDE;
use super::hand::{Point, Writing};

/// Draws a writing into an image of 28×28 bytes.
///
/// The writing is scaled so that its longer side fits the box of 20×20 pixels, and placed, by whole pixels, so that its
/// centre of mass is in the middle of the image.
pub(super) fn draw(writing: &Writing, image: &mut [u8]) {
    let mut canvas = Canvas::new(writing);
    for stroke in &writing.strokes {
        match stroke.as_slice() {
            [point] => canvas.line(*point, *point),
            points => points.windows(2).for_each(|pair| canvas.line(pair[0], pair[1])),
        }
    }
    canvas.place(image);
}

/// For each pixel how far inside the ink its centre is.
struct Canvas {
    depth: [f32; SIDE * SIDE],
    /// Pixels for a unit of the writing, and where its origin comes to lie.
    scale: f32,
    left: f32,
    top: f32,
    radius: f32,
    fade: f32,
}

/// No ink anywhere near.
const DRY: f32 = -1000.0;

impl Canvas {
    fn new(writing: &Writing) -> Self {
        let points = || writing.strokes.iter().flatten();
        let low = points().fold([f32::MAX; 2], |low, point| [low[0].min(point.x), low[1].min(point.y)]);
        let high = points().fold([f32::MIN; 2], |high, point| [high[0].max(point.x), high[1].max(point.y)]);
        let longer = (high[0] - low[0]).max(high[1] - low[1]).max(0.01);
        // The ink reaches half a pen beyond the line on both sides.
        let scale = (writing.size - 2.0 * writing.radius).max(1.0) / longer;
        let middle = 0.5 * SIDE as f32;
        Self {
            depth: [DRY; SIDE * SIDE],
            scale,
            left: middle - 0.5 * scale * (low[0] + high[0]),
            top: middle - 0.5 * scale * (low[1] + high[1]),
            radius: writing.radius,
            fade: writing.fade,
        }
    }

    /// Draws a straight piece: all pixels near it learn how far inside they are.
    fn line(&mut self, from: Point, to: Point) {
        let [x0, y0, r0] = self.on_paper(from);
        let [x1, y1, r1] = self.on_paper(to);
        let reach = r0.max(r1) + self.fade;
        let (columns, rows) = (pixels_between(x0, x1, reach), pixels_between(y0, y1, reach));
        let (dx, dy) = (x1 - x0, y1 - y0);
        let per_length = 1.0 / (dx * dx + dy * dy).max(1e-6);
        for row in rows {
            let py = row as f32 + 0.5 - y0;
            for column in columns.clone() {
                let px = column as f32 + 0.5 - x0;
                let t = ((px * dx + py * dy) * per_length).clamp(0.0, 1.0);
                let (ex, ey) = (px - t * dx, py - t * dy);
                let depth = r0 + t * (r1 - r0) - (ex * ex + ey * ey).sqrt();
                let pixel = &mut self.depth[row * SIDE + column];
                *pixel = pixel.max(depth);
            }
        }
    }

    fn on_paper(&self, point: Point) -> [f32; 3] {
        [self.left + self.scale * point.x, self.top + self.scale * point.y, self.radius * point.pressure]
    }

    fn place(&self, image: &mut [u8]) {
        let ink: [u8; SIDE * SIDE] = std::array::from_fn(|pixel| {
            let coverage = (self.depth[pixel] / self.fade + 0.5).clamp(0.0, 1.0);
            (coverage * 255.0 + 0.5) as u8
        });
        let [right, down] = shift_to_centre(&ink);
        image.fill(0);
        for row in 0..SIDE {
            for column in 0..SIDE {
                let (to_row, to_column) = (row as i32 + down, column as i32 + right);
                let inside = 0..SIDE as i32;
                if inside.contains(&to_row) && inside.contains(&to_column) {
                    image[to_row as usize * SIDE + to_column as usize] = ink[row * SIDE + column];
                }
            }
        }
    }
}

/// The pixels whose centres may be within `reach` of something between two coordinates.
fn pixels_between(a: f32, b: f32, reach: f32) -> std::ops::Range<usize> {
    let first = (a.min(b) - reach).max(0.0) as usize;
    let last = (a.max(b) + reach).max(0.0) as usize;
    first.min(SIDE)..(last + 1).min(SIDE)
}

/// By how many pixels to the right and down the ink has to move for its centre of mass to be in the middle.
fn shift_to_centre(ink: &[u8; SIDE * SIDE]) -> [i32; 2] {
    let (mut mass, mut moment_x, mut moment_y) = (0, 0, 0);
    for (row, pixels) in ink.chunks_exact(SIDE).enumerate() {
        for (column, &byte) in pixels.iter().enumerate() {
            mass += i32::from(byte);
            // Twice the coordinate of a pixel's centre, so that all stays whole.
            moment_x += i32::from(byte) * (2 * column as i32 + 1);
            moment_y += i32::from(byte) * (2 * row as i32 + 1);
        }
    }
    let shift = |moment: i32| {
        let centre = moment as f32 / (2 * mass.max(1)) as f32;
        (0.5 * SIDE as f32 - centre + 0.5).floor() as i32
    };
    [shift(moment_x), shift(moment_y)]
}
