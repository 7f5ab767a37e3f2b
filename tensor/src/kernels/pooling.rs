//! Pooling in single precision: transposed patches of one plane at a time, then the largest or the mean of their rows. The
//! lanes run over neighbouring windows.

use super::isa::{Kernel, Vectors, run};
use super::lanes::Lanes;
use super::matrix::{Matrix, Out};
use super::patches::Patches;
use super::rows::{Rows, Start, weighted_sums};
use super::scratch;
use crate::geometry::Geometry;
use crate::pooling::{PLANES_A_TASK, mean_factor};
use crate::threads::{for_each_part, for_each_part2};

/// `y ←` the largest element under each window of each plane; `argmax ←` where in its plane it lies.
pub(super) fn max_forward(geometry: &Geometry, x: &[f32], y: &mut [f32], argmax: Option<&mut [u32]>) {
    let plane = geometry.one_channel();
    let layout = Patches::new(plane);
    let part = PLANES_A_TASK * plane.positions();
    scratch::with((plane.patch_len() + 1) * 16 * layout.panels(), |table| {
        write_table(&plane, &layout, table);
        let table = &*table;
        let task = |task: usize, y: &mut [f32], mut argmax: Option<&mut [u32]>| {
            let planes = x[task * PLANES_A_TASK * plane.input_len()..].chunks_exact(plane.input_len());
            scratch::with(layout.len(), |patches| {
                for (i, (x, y)) in planes.zip(y.chunks_exact_mut(plane.positions())).enumerate() {
                    layout.write(x, f32::NEG_INFINITY, patches);
                    let argmax = argmax.as_mut().map(|all| &mut all[i * plane.positions()..][..plane.positions()]);
                    run(Largest { layout: &layout, patches, table, y, argmax });
                }
            });
        };
        match argmax {
            Some(argmax) => for_each_part2((y, part), (argmax, part), |i, y, argmax| task(i, y, Some(argmax))),
            None => for_each_part(y, part, |i, y| task(i, y, None)),
        }
    });
}

/// `y ←` the mean of the elements under each window of each plane.
pub(super) fn average_forward(geometry: &Geometry, x: &[f32], y: &mut [f32]) {
    let plane = geometry.one_channel();
    let (layout, taps, positions) = (Patches::new(plane), plane.patch_len(), plane.positions());
    let factor = [mean_factor::<f32>(geometry)];
    for_each_part(y, PLANES_A_TASK * positions, |task, y| {
        let planes = x[task * PLANES_A_TASK * plane.input_len()..].chunks_exact(plane.input_len());
        scratch::with(layout.len(), |patches| {
            for (x, y) in planes.zip(y.chunks_exact_mut(positions)) {
                layout.write(x, 0.0, patches);
                // The same factor for every tap.
                let factors = Matrix::new(&factor, [0, 0], [1, taps]);
                weighted_sums(Start::Zero, factors, Rows::panels(patches, taps, positions), Out::new(y, positions));
            }
        });
    });
}

/// For each panel of windows the place in the plane of the first tap that is no padding (what wins where nothing is larger
/// than −∞), then of every tap; whole numbers as bit patterns. Padding never wins: its place is any.
fn write_table(plane: &Geometry, layout: &Patches, table: &mut [f32]) {
    let ([_, w], [f_h, f_w]) = (plane.input(), plane.window().kernel);
    table.fill(0.0);
    for (panel, table) in table.chunks_exact_mut(layout.panel_len() + 16).enumerate() {
        for lane in 0..(plane.positions() - 16 * panel).min(16) {
            let (oy, ox) = ((16 * panel + lane) / plane.output()[1], (16 * panel + lane) % plane.output()[1]);
            let place = |tap: usize| {
                let [y, x] = [plane.source(0, oy, tap / f_w), plane.source(1, ox, tap % f_w)];
                y.zip(x).map(|(y, x)| f32::from_bits((y * w + x) as u32))
            };
            table[lane] = (0..f_h * f_w).find_map(place).unwrap_or_default();
            for tap in 0..f_h * f_w {
                table[16 * (tap + 1) + lane] = place(tap).unwrap_or_default();
            }
        }
    }
}

struct Largest<'a> {
    layout: &'a Patches,
    patches: &'a [f32],
    table: &'a [f32],
    y: &'a mut [f32],
    argmax: Option<&'a mut [u32]>,
}

impl Kernel for Largest<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) {
        let panel_len = self.layout.panel_len();
        assert!(self.patches.len() >= self.layout.len() && self.y.len().div_ceil(16) == self.layout.panels());
        assert!(self.table.len() == self.layout.panels() * (panel_len + 16));
        assert!(self.argmax.as_ref().is_none_or(|argmax| argmax.len() == self.y.len()));
        let argmax = self.argmax.map(|argmax| argmax.as_mut_ptr().cast::<f32>());
        for first in (0..self.y.len()).step_by(16) {
            let lanes = (self.y.len() - first).min(16);
            // SAFETY: the machine has the instructions; patches and table have a vector for each panel and tap; no lane is
            // written that is not there.
            unsafe {
                let patches = self.patches.as_ptr().add(first / 16 * panel_len);
                let table = self.table.as_ptr().add(first / 16 * (panel_len + 16));
                let (mut best, mut at) = (V::V16::splat(f32::NEG_INFINITY), V::V16::load(table));
                for tap in (0..panel_len).step_by(16) {
                    best.keep_larger(&mut at, V::V16::load(patches.add(tap)), V::V16::load(table.add(tap + 16)));
                }
                best.store_first(self.y.as_mut_ptr().add(first), lanes);
                if let Some(argmax) = argmax {
                    at.store_first(argmax.add(first), lanes);
                }
            }
        }
    }
}
