//! Many small pictures in rows.

use tensor::ndarray::ArrayView2;

use super::canvas::Canvas;
use super::color::Rgb;
use super::colormap::ColorMap;
use super::paint::Paint;
use super::scaling::{Range, Scaling};
use super::shrink::{shrink_to, shrunk_size};
use super::surface::{Picture, Rectangle, Surface};
use super::text::{Anchor, Style, fit};

/// A small picture.
#[derive(Debug, Clone)]
pub struct Tile<'a> {
    /// Its values: (height, width).
    pub values: ArrayView2<'a, f32>,
    /// A few words below it, in one line or more; none if empty.
    pub caption: String,
    /// A tiny picture beside the caption: the filter that made the tile, say.
    pub icon: Option<Canvas>,
}

impl<'a> Tile<'a> {
    /// A picture with its caption.
    pub fn new(values: ArrayView2<'a, f32>, caption: impl Into<String>) -> Self {
        Tile { values, caption: caption.into(), icon: None }
    }
}

/// Small pictures in rows, from left to right and from top to bottom.
#[derive(Debug, Clone)]
pub struct Tiles<'a> {
    /// The pictures.
    pub tiles: Vec<Tile<'a>>,
    /// How many stand in a row.
    pub columns: usize,
    /// Pixels for the longer side of a picture. A smaller picture is enlarged by a whole number, so that its pixels stay
    /// sharp squares; a larger one is shrunk by taking means. Its proportions stay.
    pub side: usize,
    /// How values become colours.
    pub map: ColorMap,
    /// Which values are the ends of the colours.
    pub scaling: Scaling,
}

const CAPTION: f64 = 10.0;
/// How far a p or a g goes below its line.
const DESCENT: usize = 4;
/// From one line of a caption to the next.
const CAPTION_LINE: usize = 17;
const CAPTION_GAP: usize = 9;
const GAP: usize = 18;

impl Tiles<'_> {
    /// The range of values of each tile.
    pub fn ranges(&self) -> Vec<Range> {
        let values: Vec<_> = self.tiles.iter().map(|tile| tile.values).collect();
        self.scaling.ranges(&values)
    }

    /// Width and height of the place of a tile, without its caption.
    fn cell(&self) -> [usize; 2] {
        let sizes = || self.tiles.iter().map(|tile| shown_size(tile.values.dim(), self.side));
        [sizes().map(|size| size[0]).max().unwrap_or(0), sizes().map(|size| size[1]).max().unwrap_or(0)]
    }

    /// Height of the captions.
    fn below(&self) -> usize {
        self.tiles.iter().map(room_for_caption).max().unwrap_or(0)
    }

    fn columns(&self) -> usize {
        self.columns.clamp(1, self.tiles.len().max(1))
    }
}

impl Picture for Tiles<'_> {
    fn size(&self) -> [usize; 2] {
        let ([width, height], columns) = (self.cell(), self.columns());
        // The frames need a pixel on each side.
        let along = |count: usize, size: usize| (count * (size + GAP)).saturating_sub(GAP) + 2;
        [along(columns, width), along(self.tiles.len().div_ceil(columns), height + self.below())]
    }

    fn draw_on(&self, surface: &mut dyn Surface) {
        let ([cell_width, cell_height], below, columns) = (self.cell(), self.below(), self.columns());
        for (i, (tile, range)) in self.tiles.iter().zip(self.ranges()).enumerate() {
            let (pixels, zoom) = colored(tile.values, self.side, self.map, range);
            let [width, height] = [pixels.width() * zoom, pixels.height() * zoom];
            let x = 1 + i % columns * (cell_width + GAP) + (cell_width - width) / 2;
            let y = 1 + i / columns * (cell_height + below + GAP) + cell_height - height;
            framed(surface, [x, y], &pixels, zoom);
            draw_caption(surface, tile, [x, y + height], width);
        }
    }
}

fn framed(surface: &mut dyn Surface, corner: [usize; 2], pixels: &Canvas, zoom: usize) {
    let (corner, size) = (corner.map(|v| v as f64), [pixels.width(), pixels.height()].map(|v| (v * zoom) as f64));
    surface.image(corner, pixels, zoom);
    surface.frame(Rectangle { corner, size }, Paint::Frame);
}

/// Values as coloured pixels: enlarged or shrunk as [`Tiles::side`] says.
pub fn draw_values(values: ArrayView2<'_, f32>, side: usize, map: ColorMap, range: Range) -> Canvas {
    let (pixels, zoom) = colored(values, side, map, range);
    let mut canvas = Canvas::new(pixels.width() * zoom, pixels.height() * zoom);
    canvas.image([0.0, 0.0], &pixels, zoom);
    canvas
}

/// Values as coloured pixels, one each or fewer, and how often they are enlarged.
fn colored(values: ArrayView2<'_, f32>, side: usize, map: ColorMap, range: Range) -> (Canvas, usize) {
    let longer = values.nrows().max(values.ncols()).max(1);
    if longer > side {
        (value_pixels(shrink_to(values, side).view(), map, range), 1)
    } else {
        (value_pixels(values, map, range), side / longer)
    }
}

/// Width and height of a picture of this height and width in a tile.
fn shown_size((height, width): (usize, usize), side: usize) -> [usize; 2] {
    let longer = height.max(width).max(1);
    let zoom = (side / longer).max(1);
    let (height, width) = shrunk_size((height, width), side);
    [width * zoom, height * zoom]
}

/// Values as coloured pixels, one each.
pub fn value_pixels(values: ArrayView2<'_, f32>, map: ColorMap, range: Range) -> Canvas {
    let mut canvas = Canvas::new(values.ncols(), values.nrows());
    for ((y, x), &value) in values.indexed_iter() {
        let color = range.position(value).map_or(Rgb::NOT_A_NUMBER, |position| map.color(position));
        canvas.fill(x, y, 1, 1, color);
    }
    canvas
}

fn room_for_caption(tile: &Tile<'_>) -> usize {
    let text = match tile.caption.lines().count() {
        0 => 0,
        lines => CAPTION as usize + (lines - 1) * CAPTION_LINE + DESCENT,
    };
    let icon = tile.icon.as_ref().map_or(0, Canvas::height);
    if text.max(icon) == 0 { 0 } else { CAPTION_GAP + text.max(icon) }
}

fn draw_caption(surface: &mut dyn Surface, tile: &Tile<'_>, [left, top]: [usize; 2], width: usize) {
    let top = top + CAPTION_GAP;
    let (mut x, mut middle) = (left, top as f64 + CAPTION / 2.0);
    if let Some(icon) = &tile.icon {
        framed(surface, [left, top], icon, 1);
        x += icon.width() + CAPTION_GAP;
        middle = top as f64 + icon.height() as f64 / 2.0;
    }
    let style = Style::new(CAPTION).paint(Paint::FaintInk);
    for (i, line) in tile.caption.lines().enumerate() {
        let text = fit(line, CAPTION, (left + width).saturating_sub(x) as f64);
        let baseline = middle + CAPTION / 2.0 + (i * CAPTION_LINE) as f64;
        surface.text([x as f64, baseline], Anchor::Start, style, &text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::ndarray::{Array2, array};

    fn tiles<'a>(pictures: &'a [Array2<f32>], columns: usize, side: usize) -> Tiles<'a> {
        Tiles {
            tiles: pictures.iter().map(|picture| Tile::new(picture.view(), "")).collect(),
            columns,
            side,
            map: ColorMap::Light,
            scaling: Scaling::Together,
        }
    }

    #[test]
    fn small_pictures_become_sharp_squares() {
        let canvas = tiles(&[array![[0.0, 1.0], [1.0, 0.0]]], 8, 7).draw();
        // 2 pixels into 7: enlarged 3 times; a frame around them.
        assert_eq!((canvas.width(), canvas.height()), (8, 8));
        for y in 0..6 {
            for x in 0..6 {
                let white = (x / 3 + y / 3) % 2 == 1;
                assert_eq!(canvas.pixel(1 + x, 1 + y), if white { Rgb::WHITE } else { Rgb([0, 0, 0]) });
            }
        }
    }

    #[test]
    fn tiles_stand_in_rows_and_keep_their_proportions() {
        let pictures = [Array2::zeros((1, 40)), Array2::zeros((40, 10)), Array2::zeros((20, 20))];
        let canvas = tiles(&pictures, 2, 20).draw();
        assert_eq!((canvas.width(), canvas.height()), (20 + GAP + 20 + 2, 20 + GAP + 20 + 2));
        let black = Rgb([0, 0, 0]);
        // All values are one: the middle of the map.
        let grey = ColorMap::Light.color(0.5);
        assert_ne!(grey, black);
        assert_eq!(canvas.pixel(1, 20), grey, "the wide one stands on the bottom of its cell");
        assert_eq!(canvas.pixel(1, 18), Rgb::WHITE);
        assert_eq!(canvas.pixel(1 + 20 + GAP + 8, 1), grey);
        assert_eq!(canvas.pixel(1, 1 + 20 + GAP), grey);
    }

    #[test]
    fn what_is_not_a_number_is_seen() {
        let canvas = tiles(&[array![[f32::NAN, 1.0]]], 1, 2).draw();
        assert_eq!(canvas.pixel(1, 1), Rgb::NOT_A_NUMBER);
        assert_eq!(tiles(&[], 3, 5).draw().width(), 2);
    }
}
