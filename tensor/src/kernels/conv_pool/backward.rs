//! The weight gradient: the patches of the image under the winners that count.

use super::Plan;
use crate::geometry::Geometry;
use crate::kernels::convolution::sum_over_images;
use crate::kernels::isa::{Kernel, Vectors, run};
use crate::kernels::lanes::Lanes;
use crate::kernels::patches::SLACK;
use crate::kernels::scratch;

/// `dw`, `db` ← the gradients, given `y` and `argmax` of [`forward`](super::forward) and `dy`, the gradient of `y`.
pub(in crate::kernels) fn backward_weights(
    plan: &Plan,
    x: &[f32],
    (y, argmax): (&[f32], &[u32]),
    dy: &[f32],
    dw: &mut [f32],
    db: &mut [f32],
) {
    let (n, outputs) = (x.len() / plan.conv.input_len(), db.len() * plan.pool.positions());
    let padded = Padded::new(&plan.conv);
    scratch::with(plan.conv.positions(), |origins| {
        padded.write_origins(&plan.conv, origins);
        let origins = &*origins;
        sum_over_images(n, dw, db, |image, dw, db| {
            let x = &x[image * plan.conv.input_len()..][..plan.conv.input_len()];
            let [y, dy] = [y, dy].map(|all| &all[image * outputs..][..outputs]);
            let argmax = &argmax[image * outputs..][..outputs];
            let windows = plan.pool.positions();
            let list_len = windows + SLACK;
            scratch::with(padded.len + 4 * list_len, |buffer| {
                let (pixels, lists) = buffer.split_at_mut(padded.len);
                let (first, second) = lists.split_at_mut(2 * list_len);
                let lists = [first, second].map(|list| {
                    let (d, at) = list.split_at_mut(list_len);
                    List { d, at, count: 0 }
                });
                padded.write(&plan.conv, x, pixels);
                run(Backward {
                    conv: &plan.conv,
                    padded: &padded,
                    windows,
                    pixels,
                    lists,
                    origins,
                    y,
                    argmax,
                    dy,
                    dw,
                    db,
                });
            });
        });
    });
}

/// A copy of an image with its padding, and slack for whole vectors at its end.
struct Padded {
    height: usize,
    width: usize,
    len: usize,
}

impl Padded {
    fn new(conv: &Geometry) -> Self {
        let [height, width] = [0, 1].map(|i| conv.input()[i] + 2 * conv.window().pad[i]);
        Padded { height, width, len: conv.channels() * height * width + 16 }
    }

    fn write(&self, conv: &Geometry, image: &[f32], padded: &mut [f32]) {
        let [h, w] = conv.input();
        let [pad_y, pad_x] = conv.window().pad;
        if pad_y > 0 || pad_x > 0 {
            padded.fill(0.0);
        }
        for (row, pixels) in image.chunks_exact(w).enumerate() {
            let (c, y) = (row / h, row % h);
            padded[(c * self.height + y + pad_y) * self.width + pad_x..][..w].copy_from_slice(pixels);
        }
    }

    /// For every position of the convolution: where its window begins, a whole number as a bit pattern.
    fn write_origins(&self, conv: &Geometry, origins: &mut [f32]) {
        let ([_, o_w], [s_y, s_x]) = (conv.output(), conv.window().stride);
        for (position, origin) in origins.iter_mut().enumerate() {
            let (y, x) = (position / o_w * s_y, position % o_w * s_x);
            *origin = f32::from_bits((y * self.width + x) as u32);
        }
    }
}

/// The gradients of one filter that count, and the positions of their winners (whole numbers as bit patterns). Both have
/// room for a whole vector behind the last window.
struct List<'a> {
    d: &'a mut [f32],
    at: &'a mut [f32],
    count: usize,
}

struct Backward<'a> {
    conv: &'a Geometry,
    padded: &'a Padded,
    windows: usize,
    pixels: &'a [f32],
    /// Of two neighbouring filters.
    lists: [List<'a>; 2],
    origins: &'a [f32],
    y: &'a [f32],
    argmax: &'a [u32],
    dy: &'a [f32],
    dw: &'a mut [f32],
    db: &'a mut [f32],
}

/// Rows of the window whose sums are in registers at the same time, for each of two filters.
const TAP_ROWS: usize = 5;

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(mut self) {
        let filters = self.db.len();
        assert!(self.dw.len() == filters * self.conv.patch_len() && self.pixels.len() >= self.padded.len);
        assert!([self.y.len(), self.argmax.len(), self.dy.len()].iter().all(|&len| len == filters * self.windows));
        assert!(self.origins.len() == self.conv.positions());
        // The largest of all, not one comparison after the other: that becomes vector code.
        let last = self.argmax.iter().fold(0, |last, &at| last.max(at));
        assert!(self.argmax.is_empty() || (last as usize) < self.origins.len(), "argmax outside the plane");
        let room = self.windows + SLACK;
        assert!(self.lists.iter().all(|list| list.d.len() >= room && list.at.len() >= room));
        // SAFETY: the machine has the instructions, the lengths are right, and every position lies in the plane.
        unsafe {
            for filter in (0..filters).step_by(2) {
                for slot in 0..2 {
                    self.list::<V>(filter + slot, slot);
                }
                self.add_patches::<V>(filter);
            }
        }
    }
}

impl Backward<'_> {
    /// Lists the gradients of this filter that count, with their positions; none where there is no such filter.
    ///
    /// # Safety
    /// As `run`; `slot` is 0 or 1.
    #[inline(always)]
    unsafe fn list<V: Vectors>(&mut self, filter: usize, slot: usize) {
        let list = &mut self.lists[slot];
        list.count = 0;
        if filter >= self.db.len() {
            return;
        }
        let first = filter * self.windows;
        let mut count = 0;
        for window in (0..self.windows).step_by(16) {
            let lanes = (self.windows - window).min(16);
            // SAFETY: the windows exist; at most `window` entries are listed so far, so a whole vector has room.
            unsafe {
                let y = V::V16::load_first(self.y.as_ptr().add(first + window), lanes);
                let d = V::V16::load_first(self.dy.as_ptr().add(first + window), lanes);
                let at = V::V16::load_first(self.argmax.as_ptr().add(first + window).cast(), lanes);
                let (to_d, to_at) = (list.d.as_mut_ptr().add(count), list.at.as_mut_ptr().add(count));
                count += y.store_where_not_rest(d, at, to_d, to_at);
            }
        }
        list.count = count;
    }

    /// Adds the listed patches to the gradients of one or two filters.
    ///
    /// # Safety
    /// As `run`; the lists are those of `filter` and its neighbour.
    #[inline(always)]
    unsafe fn add_patches<V: Vectors>(&mut self, filter: usize) {
        let [f_h, f_w] = self.conv.window().kernel;
        for (db, list) in self.db[filter..].iter_mut().zip(&self.lists) {
            for d in &list.d[..list.count] {
                *db += d;
            }
        }
        // SAFETY: the rows of taps exist.
        unsafe {
            for c in 0..self.conv.channels() {
                for fx in (0..f_w).step_by(8) {
                    let mut fy = 0;
                    while fy < f_h {
                        let rows = (f_h - fy).min(TAP_ROWS);
                        match rows {
                            5 => self.add_rows::<V, 5>(filter, [c, fy, fx]),
                            4 => self.add_rows::<V, 4>(filter, [c, fy, fx]),
                            3 => self.add_rows::<V, 3>(filter, [c, fy, fx]),
                            2 => self.add_rows::<V, 2>(filter, [c, fy, fx]),
                            _ => self.add_rows::<V, 1>(filter, [c, fy, fx]),
                        }
                        fy += rows;
                    }
                }
            }
        }
    }

    /// The gradients of `G` rows of taps from (c, fy, fx) on, eight taps of each.
    ///
    /// # Safety
    /// As `add_patches`; the rows exist.
    #[inline(always)]
    unsafe fn add_rows<V: Vectors, const G: usize>(&mut self, filter: usize, [c, fy, fx]: [usize; 3]) {
        let [f_h, f_w] = self.conv.window().kernel;
        let width = self.padded.width;
        // SAFETY: every listed position is the origin of a window inside the padded image; a vector may reach beyond the
        // window, into the next row or the slack, with lanes that are not written.
        unsafe {
            let pixels = self.pixels.as_ptr().add((c * self.padded.height + fy) * width + fx);
            let origins = self.origins.as_ptr();
            let mut sums = [[V::V8::splat(0.0); G]; 2];
            // Copies of the slices: through `self` they would be looked up again for every entry.
            let lists = self.lists.each_ref().map(|list| (&list.d[..list.count], &list.at[..list.count]));
            let add = |sums: &mut [V::V8; G], (d, at): (&[f32], &[f32]), i: usize| {
                let d = V::V8::splat(*d.get_unchecked(i));
                let at = at.get_unchecked(i).to_bits() as usize;
                let window = pixels.add((*origins.add(at)).to_bits() as usize);
                for (g, sum) in sums.iter_mut().enumerate() {
                    *sum = d.mul_add(V::V8::load(window.add(g * width)), *sum);
                }
            };
            // Two filters at a time: one alone would wait for its own sums.
            let together = self.lists[0].count.min(self.lists[1].count);
            for i in 0..together {
                add(&mut sums[0], lists[0], i);
                add(&mut sums[1], lists[1], i);
            }
            for i in together..lists[0].0.len() {
                add(&mut sums[0], lists[0], i);
            }
            for i in together..lists[1].0.len() {
                add(&mut sums[1], lists[1], i);
            }
            let taps = (f_w - fx).min(8);
            for (slot, sums) in sums.iter().enumerate() {
                if filter + slot < self.db.len() {
                    for (g, sum) in sums.iter().enumerate() {
                        let first = (((filter + slot) * self.conv.channels() + c) * f_h + fy + g) * f_w + fx;
                        let sum = sum.to_array();
                        for (dw, sum) in self.dw.get_unchecked_mut(first..first + taps).iter_mut().zip(sum) {
                            *dw += sum;
                        }
                    }
                }
            }
        }
    }
}
