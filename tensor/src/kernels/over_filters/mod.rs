//! Convolution with the lanes over filters: the weights as vectors, the pixels one by one.
//!
//! A tile is some neighbouring positions of a row by one or two vectors of filters. Under a tap it loads the weights of these
//! filters, which lie side by side in panels, and multiplies them by each of the pixels, which lie side by side in the sorted image:
//! so the image is read where it is, without patches. What comes out has the filters innermost, and is turned around at the end;
//! a pooling takes its largest before that, while they are fewer.
//!
//! Every sum begins with the bias and adds its products tap by tap, as in the plain definition: the same bits as with the lanes over
//! positions.
//!
//! The weight gradient goes the same way: the gradients of all filters at a position as vectors, the pixels one by one.

mod backward;
mod forward;

use super::isa::{Kernel, Vectors};
use super::lanes::{Lanes, Lanes16};
use super::sorted_image::SLACK;
use crate::geometry::Geometry;

pub(super) use backward::add_weight_gradient;
pub(super) use forward::{forward, forward_pooled};

/// Taps from which turning the output around costs less than patches do.
const TAPS: usize = 32;

/// Whether this is the faster way for so many filters: they fill at least three quarters of their vectors.
pub(super) fn pays(geometry: &Geometry, filters: usize) -> bool {
    geometry.patch_len() >= TAPS && 4 * filters >= 3 * filters.next_multiple_of(16)
}

/// Filters that one task computes: whole vectors of them where there are few images.
fn group(n: usize, filters: usize) -> usize {
    if n >= 8 || !filters.is_multiple_of(16) { filters } else { 16 }
}

/// Vectors of a panel of sums: one for each position, and what a tile may compute behind the last.
fn vectors(geometry: &Geometry) -> usize {
    geometry.positions() + SLACK
}

/// Numbers of the panels of sums of so many filters.
fn sums_len(geometry: &Geometry, filters: usize) -> usize {
    filters.next_multiple_of(16) * vectors(geometry)
}

/// Where panels of vectors go, filter by filter.
enum To<'a> {
    Numbers(&'a mut [f32]),
    /// The lowest byte of the bit pattern of each.
    Bytes(&'a mut [u8]),
}

/// Of panels with so many vectors (and slack): what was a lane for every filter becomes a row of numbers for every filter.
struct TurnAround<'a> {
    sums: &'a [f32],
    vectors: usize,
    to: To<'a>,
}

impl Kernel for TurnAround<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(mut self) {
        let len = match &self.to {
            To::Numbers(to) => to.len(),
            To::Bytes(to) => to.len(),
        };
        let filters = len / self.vectors;
        let a_panel = 16 * (self.vectors + SLACK);
        assert!(len == filters * self.vectors && self.sums.len() >= filters.div_ceil(16) * a_panel);
        for filter in (0..filters).step_by(16) {
            for first in (0..self.vectors).step_by(16) {
                let lanes = (self.vectors - first).min(16);
                // SAFETY: the machine has the instructions; in their slack panels go on to whole blocks of vectors; only lanes and
                // filters that exist are written.
                unsafe {
                    let from = self.sums.as_ptr().add(filter / 16 * a_panel + 16 * first);
                    let mut block = [V::V16::splat(0.0); 16];
                    for (i, row) in block.iter_mut().enumerate() {
                        *row = V::V16::load(from.add(16 * i));
                    }
                    for (i, row) in V::V16::transpose(block).into_iter().enumerate().take(filters - filter) {
                        let at = (filter + i) * self.vectors + first;
                        match &mut self.to {
                            To::Numbers(to) => row.store_first(to.as_mut_ptr().add(at), lanes),
                            To::Bytes(to) => row.store_bytes(to.as_mut_ptr().add(at), lanes),
                        }
                    }
                }
            }
        }
    }
}
