//! Convolution in single precision, image by image. Where the filters fill vectors, the lanes run over them (see `over_filters`);
//! where they are few, over the positions, in weighted sums of the rows of transposed patches.

use super::isa::{Kernel, Vectors, run};
use super::lanes::{Lanes, tree_sum};
use super::matrix::{Matrix, Out};
use super::over_filters;
use super::patches::Patches;
use super::rows::{Rows, Start, weighted_sums};
use super::scratch;
use crate::geometry::{Geometry, Window};
use crate::threads::{for_each_block, for_each_part};

/// Images whose weight gradients are added up by one task; the sums of the tasks are then added in order.
pub(super) fn images_a_task(n: usize) -> usize {
    n.div_ceil(32).max(1)
}

/// Weights whose sums one task adds up.
const WEIGHTS_A_TASK: usize = 4096;

/// So many images are tasks enough for some threads.
pub(super) const MANY_IMAGES: usize = 8;

/// Filters that one task computes. A few images are cut by filters too, so that there is work for every thread.
pub(super) fn filters_a_task(n: usize, filters: usize) -> usize {
    let even = |&size: &usize| filters.is_multiple_of(size);
    if n >= MANY_IMAGES { filters } else { [6, 8, 7, 5, 4].into_iter().find(even).unwrap_or(filters) }
}

/// The image, the weights and the biases of one task, where each computes `group` filters of an image.
fn task_input<'a>(geometry: &Geometry, [x, w, b]: [&'a [f32]; 3], group: usize, task: usize) -> [&'a [f32]; 3] {
    let tasks_an_image = b.len() / group;
    let (image, first) = (task / tasks_an_image, task % tasks_an_image * group);
    let patch = geometry.patch_len();
    [
        &x[image * geometry.input_len()..][..geometry.input_len()],
        &w[first * patch..][..group * patch],
        &b[first..][..group],
    ]
}

/// `Y = W · patches + b`, each image for itself.
pub(super) fn forward(geometry: &Geometry, x: &[f32], w: &[f32], b: &[f32], y: &mut [f32]) {
    let (patch, positions, filters) = (geometry.patch_len(), geometry.positions(), b.len());
    if over_filters::pays(geometry, filters) {
        return over_filters::forward(geometry, x, w, b, y);
    }
    let layout = Patches::new(*geometry);
    let group = filters_a_task(x.len() / geometry.input_len(), filters);
    for_each_part(y, (group * positions).max(1), |task, y| {
        let [x, w, b] = task_input(geometry, [x, w, b], group, task);
        scratch::with(layout.len(), |patches| {
            layout.write(x, 0.0, patches);
            let w = Matrix::row_major(w, patch, [b.len(), patch]);
            let rows = Rows::panels(patches, patch, positions);
            weighted_sums(Start::Bias(b), w, rows, Out::new(y, positions));
        });
    });
}

/// `db` = sums of the rows of `dY`; `dW`, `db` added up image by image within a task, then task by task.
pub(super) fn backward_weights(geometry: &Geometry, x: &[f32], dy: &[f32], dw: &mut [f32], db: &mut [f32]) {
    let (patch, positions, filters) = (geometry.patch_len(), geometry.positions(), db.len());
    let stride = filters.next_multiple_of(16);
    scratch::with(patch * stride, |dw_t| {
        sum_over_images([1, x.len() / geometry.input_len()], dw_t, db, |[_, image], dw_t, db| {
            let x = &x[image * geometry.input_len()..][..geometry.input_len()];
            let dy = &dy[image * filters * positions..][..filters * positions];
            run(AddRows { rows: dy, len: positions, sums: db });
            over_filters::add_weight_gradient(geometry, x, dy, dw_t);
        });
        for (filter, dw) in dw.chunks_exact_mut(patch).enumerate() {
            for (dw, dw_t) in dw.iter_mut().zip(dw_t[filter..].iter().step_by(stride)) {
                *dw = *dw_t;
            }
        }
    });
}

/// Adds to every sum a row of numbers: sixteen sums side by side, then halves first.
struct AddRows<'a> {
    rows: &'a [f32],
    len: usize,
    sums: &'a mut [f32],
}

impl Kernel for AddRows<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) {
        for (sum, row) in self.sums.iter_mut().zip(self.rows.chunks_exact(self.len)) {
            // SAFETY: the machine has the instructions; no more than the row is read.
            unsafe {
                let mut lanes = V::V16::splat(0.0);
                for part in row.chunks(16) {
                    lanes = lanes.add(V::V16::load_first(part.as_ptr(), part.len()));
                }
                *sum += tree_sum(lanes.to_array());
            }
        }
    }
}

/// Calls `add([part, image], dw, db)` for every part of the filters and every image; each task has sums of its own, which are
/// added in the order of the images.
pub(super) fn sum_over_images(
    [parts, n]: [usize; 2],
    dw: &mut [f32],
    db: &mut [f32],
    add: impl Fn([usize; 2], &mut [f32], &mut [f32]) + Sync,
) {
    let (w_len, b_len) = (dw.len() / parts, db.len() / parts);
    dw.fill(0.0);
    db.fill(0.0);
    if n == 0 || w_len + b_len == 0 {
        return;
    }
    let images = images_a_task(n);
    let tasks = n.div_ceil(images);
    scratch::with(parts * tasks * (w_len + b_len), |sums| {
        for_each_part(sums, w_len + b_len, |task, sums| {
            sums.fill(0.0);
            let (dw, db) = sums.split_at_mut(w_len);
            let (part, first) = (task / tasks, task % tasks * images);
            for image in first..(first + images).min(n) {
                add([part, image], dw, db);
            }
        });
        let of_part = |part: usize| sums[part * tasks * (w_len + b_len)..].chunks_exact(w_len + b_len).take(tasks);
        for_each_block(dw, w_len.max(1), [1, WEIGHTS_A_TASK], |[part, first], mut block| {
            let dw = block.row(0);
            of_part(part).for_each(|sums| add_to(dw, &sums[first..][..dw.len()]));
        });
        for (part, db) in db.chunks_exact_mut(b_len.max(1)).enumerate() {
            of_part(part).for_each(|sums| add_to(db, &sums[w_len..]));
        }
    });
}

fn add_to(totals: &mut [f32], sums: &[f32]) {
    for (total, sum) in totals.iter_mut().zip(sums) {
        *total += sum;
    }
}

/// Channels from which the input gradient is computed as a convolution: as many as fill a tile of its kernel.
const CHANNELS_OF_A_TILE: usize = 6;

pub(super) fn backward_input(geometry: &Geometry, w: &[f32], dy: &[f32], dx: &mut [f32]) {
    let filters = w.len() / geometry.patch_len();
    match way_back(geometry, filters) {
        Some(back) if geometry.channels() >= CHANNELS_OF_A_TILE => backward_by_convolution(geometry, &back, w, dy, dx),
        _ => backward_by_patches(geometry, w, dy, dx),
    }
}

/// The convolution that takes `dy` to `dx`: every pixel was seen by the positions around it, the last tap by the first of them. `None`
/// where the windows leave pixels out (a stride) or see more padding than a window holds.
fn way_back(geometry: &Geometry, filters: usize) -> Option<Geometry> {
    let (window, [o_h, o_w]) = (geometry.window(), geometry.output());
    if window.stride != [1, 1] {
        return None;
    }
    let [along, across] = [0, 1].map(|axis| (window.kernel[axis] - 1).checked_sub(window.pad[axis]));
    let back = Geometry::new([filters, o_h, o_w], Window { pad: [along?, across?], ..*window }).ok()?;
    (back.output() == geometry.input()).then_some(back)
}

/// The convolution of `dY` with the filters turned by half a circle, one for each channel of the input.
fn backward_by_convolution(geometry: &Geometry, back: &Geometry, w: &[f32], dy: &[f32], dx: &mut [f32]) {
    let (channels, filters) = (geometry.channels(), back.channels());
    let taps = geometry.patch_len() / channels;
    scratch::with(w.len() + channels, |buffer| {
        let (turned, no_bias) = buffer.split_at_mut(w.len());
        no_bias.fill(0.0);
        for (i, turned) in turned.chunks_exact_mut(taps).enumerate() {
            let (channel, filter) = (i / filters, i % filters);
            let plane = &w[(filter * channels + channel) * taps..][..taps];
            turned.iter_mut().zip(plane.iter().rev()).for_each(|(turned, &w)| *turned = w);
        }
        forward(back, dy, turned, no_bias, dx);
    });
}

/// `dpatches = Wᵀ · dY`, then every element is added to the pixel that it came from.
fn backward_by_patches(geometry: &Geometry, w: &[f32], dy: &[f32], dx: &mut [f32]) {
    let (patch, positions) = (geometry.patch_len(), geometry.positions());
    let filters = w.len() / patch;
    let layout = Patches::new(*geometry);
    for_each_part(dx, geometry.input_len(), |image, dx| {
        let dy = &dy[image * filters * positions..][..filters * positions];
        scratch::with(patch * positions, |dpatches| {
            let w_t = Matrix::new(w, [1, patch], [patch, filters]);
            let rows = Rows::matrix(Matrix::row_major(dy, positions, [filters, positions]));
            weighted_sums(Start::Zero, w_t, rows, Out::new(dpatches, positions));
            layout.add_back(dpatches, dx);
        });
    });
}
