//! An image with a vector for every pixel, so that what one window sees of it is a few whole vectors.
//!
//! The lanes are the channels of the pixel where there are many of them: a window of 3×3 then sees nine vectors for every sixteen
//! channels. Where there are few, they are the first taps of a window that begins at the pixel: two rows of up to eight, or one of up to
//! sixteen. A window of 5×5 finds its other rows two and four pixels further down, and sees three vectors of each channel.

use super::isa::{Kernel, Vectors, run};
use super::lanes::{Lanes, Lanes16};
use super::matrix::Matrix;
use super::sorted_image::{SLACK, SortedImage};
use super::transpose;
use crate::geometry::{Geometry, Window};

/// The layout of a band of such an image: what the windows of some rows of positions see. Plane by plane, row by row, pixel by pixel.
#[derive(Debug, Clone, Copy)]
pub(super) struct PixelVectors {
    geometry: Geometry,
    content: Content,
    /// Vectors of a plane.
    height: usize,
    width: usize,
}

/// What the lanes of a vector are.
#[derive(Debug, Clone, Copy)]
enum Content {
    /// Sixteen channels; a plane for every sixteen.
    Channels,
    /// So many rows of taps of one channel, in as many parts of the lanes; a plane for every channel.
    Taps {
        rows: usize,
        /// The padded image that they are taken from, its columns in order.
        padded: SortedImage,
    },
}

impl PixelVectors {
    /// The layout with the fewest vectors a window, of bands of so many rows of positions.
    pub(super) fn new(geometry: Geometry, positions: usize) -> Self {
        let channels = Self::of_channels(geometry, positions);
        let f_w = geometry.window().kernel[1];
        if f_w > 16 {
            return channels;
        }
        let rows = if f_w > 8 { 1 } else { 2 };
        let ([h, w], window) = (geometry.input(), Window { stride: [1, 1], ..*geometry.window() });
        let in_order = Geometry::new([geometry.channels(), h, w], window).expect("the window fits");
        let content = Content::Taps { rows, padded: SortedImage::new(in_order) };
        let width = (geometry.output()[1] - 1) * geometry.window().stride[1] + 1;
        let taps = PixelVectors { geometry, content, height: 0, width }.with_rows(positions);
        if taps.vectors() < channels.vectors() { taps } else { channels }
    }

    /// The layout whose lanes are channels.
    pub(super) fn of_channels(geometry: Geometry, positions: usize) -> Self {
        let width = geometry.input()[1] + 2 * geometry.window().pad[1];
        PixelVectors { geometry, content: Content::Channels, height: 0, width }.with_rows(positions)
    }

    fn with_rows(self, positions: usize) -> Self {
        let height = (positions - 1) * self.geometry.window().stride[0] + 1 + (self.grid()[0] - 1) * self.rows();
        PixelVectors { height, ..self }
    }

    /// Rows of pixels from one row of the grid to the next.
    fn rows(&self) -> usize {
        match self.content {
            Content::Channels => 1,
            Content::Taps { rows, .. } => rows,
        }
    }

    pub(super) fn planes(&self) -> usize {
        match self.content {
            Content::Channels => self.geometry.channels().div_ceil(16),
            Content::Taps { .. } => self.geometry.channels(),
        }
    }

    /// Rows and columns of the vectors that a window sees of each plane; columns are neighbours.
    pub(super) fn grid(&self) -> [usize; 2] {
        let [f_h, f_w] = self.geometry.window().kernel;
        match self.content {
            Content::Channels => [f_h, f_w],
            Content::Taps { rows, .. } => [f_h.div_ceil(rows), 1],
        }
    }

    /// Vectors that a window sees.
    pub(super) fn vectors(&self) -> usize {
        let [rows, columns] = self.grid();
        self.planes() * rows * columns
    }

    /// Numbers of a band.
    pub(super) fn len(&self) -> usize {
        self.planes() * self.plane_len()
    }

    /// Numbers of a plane.
    pub(super) fn plane_len(&self) -> usize {
        16 * self.height * self.width
    }

    /// Numbers from one row of the grid to the next.
    pub(super) fn next_row(&self) -> usize {
        16 * self.width * self.rows()
    }

    /// Where in a plane the window of a position finds its first vector; the rows of positions are counted from that of the band.
    pub(super) fn window(&self, oy: usize, ox: usize) -> usize {
        let [s_y, s_x] = self.geometry.window().stride;
        16 * (oy * s_y * self.width + ox * s_x)
    }

    /// Which element of a patch a lane of a vector is, if it is any. The vectors of a window are counted plane by plane, row by row of
    /// the grid.
    pub(super) fn element(&self, vector: usize, lane: usize) -> Option<usize> {
        let ([rows, columns], [f_h, f_w]) = (self.grid(), self.geometry.window().kernel);
        let [plane, row, column] = [vector / columns / rows, vector / columns % rows, vector % columns];
        let [c, fy, fx] = match self.content {
            Content::Channels => [16 * plane + lane, row, column],
            Content::Taps { rows, .. } => [plane, rows * row + lane * rows / 16, lane % (16 / rows)],
        };
        (c < self.geometry.channels() && fy < f_h && fx < f_w).then_some((c * f_h + fy) * f_w + fx)
    }

    /// Numbers of memory that [`write`](Self::write) needs.
    pub(super) fn padded_len(&self) -> usize {
        match self.content {
            Content::Channels => 0,
            Content::Taps { padded, .. } => padded.len(),
        }
    }

    /// Prepares to write bands of this image: with 0 in the padding, and in what is read behind its end.
    pub(super) fn prepare(&self, image: &[f32], padded: &mut [f32]) {
        if let Content::Taps { padded: layout, .. } = self.content {
            layout.write(image, 0.0, padded);
            padded[layout.len() - SLACK..].fill(0.0);
        }
    }

    /// `image ←` the pixels, without the padding, where the lanes are channels and the band is all of the image.
    pub(super) fn read_channels(&self, vectors: &[f32], image: &mut [f32]) {
        assert!(matches!(self.content, Content::Channels));
        assert!(image.len() == self.geometry.input_len() && vectors.len() >= self.len());
        run(ReadChannels { layout: self, vectors, image });
    }

    /// Writes the band that begins with this row of positions.
    pub(super) fn write(&self, image: &[f32], padded: &[f32], first: usize, vectors: &mut [f32]) {
        assert!(image.len() == self.geometry.input_len() && vectors.len() >= self.len());
        let y = first * self.geometry.window().stride[0];
        match self.content {
            Content::Channels => run(WriteChannels { layout: self, image, y, vectors }),
            Content::Taps { rows, padded: layout } => {
                run(WriteTaps { layout: self, rows, padded: layout, pixels: padded, y, vectors })
            }
        }
    }
}

struct ReadChannels<'a> {
    layout: &'a PixelVectors,
    vectors: &'a [f32],
    image: &'a mut [f32],
}

impl Kernel for ReadChannels<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) {
        let PixelVectors { geometry, height, width, .. } = *self.layout;
        let ([h, w], [pad_y, pad_x]) = (geometry.input(), geometry.window().pad);
        for (plane, image) in self.image.chunks_mut(16 * h * w).enumerate() {
            for y in 0..h {
                let to = &mut image[y * w..];
                if y + pad_y >= height {
                    // No window reaches so far down.
                    to.chunks_mut(h * w).for_each(|row| row[..w].fill(0.0));
                    continue;
                }
                let from = &self.vectors[16 * ((plane * height + y + pad_y) * width + pad_x)..][..16 * w];
                // SAFETY: the machine has the instructions; the channels exist, so do all pixels of their rows.
                unsafe { turn_back::<V>(from, to, h * w) };
            }
        }
    }
}

/// Vectors become rows of numbers that begin `next` after each other: as many lanes as there are rows.
///
/// # Safety
/// The machine has the instructions; in each of the rows (at most sixteen) there is a number for every vector.
#[inline(always)]
unsafe fn turn_back<V: Vectors>(vectors: &[f32], rows: &mut [f32], next: usize) {
    let count = rows.len().div_ceil(next);
    let mut to = rows.as_mut_ptr();
    for vectors in vectors.chunks(16 * 16) {
        let lanes = vectors.len() / 16;
        // SAFETY: the caller's promise.
        unsafe {
            let mut block = [V::V16::splat(0.0); 16];
            for (x, vector) in block.iter_mut().enumerate() {
                if x < lanes {
                    *vector = V::V16::load(vectors.as_ptr().add(16 * x));
                }
            }
            for (c, row) in V::V16::transpose(block).into_iter().enumerate() {
                if c < count {
                    row.store_first(to.add(c * next), lanes);
                }
            }
        }
        to = to.wrapping_add(16);
    }
}

struct WriteChannels<'a> {
    layout: &'a PixelVectors,
    image: &'a [f32],
    /// The first row of the padded image.
    y: usize,
    vectors: &'a mut [f32],
}

impl Kernel for WriteChannels<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) {
        let PixelVectors { geometry, height, width, .. } = *self.layout;
        let ([h, w], [pad_y, pad_x]) = (geometry.input(), geometry.window().pad);
        let mut to = self.vectors;
        for first in (0..geometry.channels()).step_by(16) {
            let channels = (geometry.channels() - first).min(16);
            for y in self.y..self.y + height {
                let (row, next) = to.split_at_mut(16 * width);
                to = next;
                if y < pad_y || y >= pad_y + h {
                    row.fill(0.0);
                    continue;
                }
                row[..16 * pad_x].fill(0.0);
                row[16 * (pad_x + w)..].fill(0.0);
                let from = &self.image[(first * h + y - pad_y) * w..];
                let pixels = Matrix::row_major(from, h * w, [channels, w]);
                // SAFETY: the machine has the instructions; there are at most sixteen channels.
                unsafe { transpose::panel::<V>(pixels, &mut row[16 * pad_x..][..16 * w]) };
            }
        }
    }
}

struct WriteTaps<'a> {
    layout: &'a PixelVectors,
    rows: usize,
    padded: SortedImage,
    pixels: &'a [f32],
    /// The first row of the padded image.
    y: usize,
    vectors: &'a mut [f32],
}

impl Kernel for WriteTaps<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(mut self) {
        // SAFETY: the machine has the instructions.
        unsafe {
            match self.rows {
                1 => self.planes::<V, 1>(),
                _ => self.planes::<V, 2>(),
            }
        }
    }
}

impl WriteTaps<'_> {
    /// Vectors of `R` rows of pixels: one, or two.
    ///
    /// # Safety
    /// The machine has the instructions.
    #[inline(always)]
    unsafe fn planes<V: Vectors, const R: usize>(&mut self) {
        let PixelVectors { geometry, height, width, .. } = *self.layout;
        let last = geometry.input()[0] + 2 * geometry.window().pad[0] - 1;
        assert!(self.pixels.len() >= self.padded.len() && self.vectors.len() >= self.layout.len());
        let mut to = self.vectors.as_mut_ptr();
        for c in 0..geometry.channels() {
            for y in self.y..self.y + height {
                // SAFETY: the machine has the instructions, the lengths are checked; the rows exist (below the last no window
                // looks for any), and reading goes less than sixteen numbers beyond the image; there is a vector for every pixel.
                unsafe {
                    let [mut upper, mut lower] =
                        [y, y + 1].map(|y| self.pixels.as_ptr().add(self.padded.row(c, y.min(last))));
                    for _ in 0..width {
                        let vector =
                            if const { R == 1 } { V::V16::load(upper) } else { V::V16::load_halves(upper, lower) };
                        vector.store(to);
                        (upper, lower) = (upper.wrapping_add(1), lower.wrapping_add(1));
                        to = to.wrapping_add(16);
                    }
                }
            }
        }
    }
}
