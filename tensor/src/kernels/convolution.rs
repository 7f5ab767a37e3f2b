//! Convolution in single precision: transposed patches of one image at a time, then weighted sums of their rows.

use super::dot::{self, Finish, Lines};
use super::patches::Patches;
use super::rows::{Coefficients, Out, Rows, Start, weighted_sums};
use super::scratch;
use crate::geometry::Geometry;
use crate::threads::for_each_part;

/// Images whose weight gradients are added up by one task; the sums of the tasks are then added in order.
pub(super) fn images_a_task(n: usize) -> usize {
    n.div_ceil(32).max(1)
}

/// Filters that one task computes. A few images are cut by filters too, so that there is work for every thread.
pub(super) fn filters_a_task(n: usize, filters: usize) -> usize {
    let even = |&size: &usize| filters.is_multiple_of(size);
    if n >= 8 { filters } else { [6, 8, 7, 5, 4].into_iter().find(even).unwrap_or(filters) }
}

/// The image, the weights and the biases of one task, where each computes `group` filters of an image.
pub(super) fn task_input<'a>(
    geometry: &Geometry,
    [x, w, b]: [&'a [f32]; 3],
    group: usize,
    task: usize,
) -> [&'a [f32]; 3] {
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
    let layout = Patches::new(*geometry);
    let group = filters_a_task(x.len() / geometry.input_len(), filters);
    for_each_part(y, (group * positions).max(1), |task, y| {
        let [x, w, b] = task_input(geometry, [x, w, b], group, task);
        scratch::with(layout.len(), |patches| {
            layout.write(x, patches);
            let coefficients = Coefficients { values: w, strides: [patch, 1] };
            let rows = Rows { values: patches, stride: layout.stride(), count: patch };
            weighted_sums(Start::Bias(b), coefficients, rows, Out::new(y, positions, positions));
        });
    });
}

/// `dW = dY · patchesᵀ`, `db` = sums of the rows of `dY`, added up image by image within a task, then task by task.
pub(super) fn backward_weights(geometry: &Geometry, x: &[f32], dy: &[f32], dw: &mut [f32], db: &mut [f32]) {
    let (patch, positions, filters) = (geometry.patch_len(), geometry.positions(), db.len());
    let layout = Patches::new(*geometry);
    sum_over_images(x.len() / geometry.input_len(), dw, db, |image, dw, db| {
        let x = &x[image * geometry.input_len()..][..geometry.input_len()];
        let dy = &dy[image * filters * positions..][..filters * positions];
        for (db, dy) in db.iter_mut().zip(dy.chunks_exact(positions)) {
            *db += dy.iter().sum::<f32>();
        }
        scratch::with(layout.len(), |patches| {
            layout.write(x, patches);
            let dy = Lines { values: dy, stride: positions, rows: filters };
            let taps = Lines { values: patches, stride: layout.stride(), rows: patch };
            dot::products(dy, taps, positions, Finish::Add, dw, patch);
        });
    });
}

/// Calls `add(image, dw, db)` for every image; each task has sums of its own, which are added in the order of the images.
pub(super) fn sum_over_images(
    n: usize,
    dw: &mut [f32],
    db: &mut [f32],
    add: impl Fn(usize, &mut [f32], &mut [f32]) + Sync,
) {
    let (w_len, sums_len) = (dw.len(), dw.len() + db.len());
    dw.fill(0.0);
    db.fill(0.0);
    if n == 0 || sums_len == 0 {
        return;
    }
    let images = images_a_task(n);
    scratch::with(n.div_ceil(images) * sums_len, |sums| {
        for_each_part(sums, sums_len, |task, sums| {
            sums.fill(0.0);
            let (dw, db) = sums.split_at_mut(w_len);
            for image in task * images..((task + 1) * images).min(n) {
                add(image, dw, db);
            }
        });
        for sums in sums.chunks_exact(sums_len) {
            for (total, sum) in dw.iter_mut().chain(db.iter_mut()).zip(sums) {
                *total += sum;
            }
        }
    });
}

/// `dpatches = Wᵀ · dY`, then every element is added to the pixel that it came from.
pub(super) fn backward_input(geometry: &Geometry, w: &[f32], dy: &[f32], dx: &mut [f32]) {
    let (patch, positions) = (geometry.patch_len(), geometry.positions());
    let filters = w.len() / patch;
    for_each_part(dx, geometry.input_len(), |image, dx| {
        let dy = &dy[image * filters * positions..][..filters * positions];
        scratch::with(patch * positions, |dpatches| {
            let coefficients = Coefficients { values: w, strides: [1, patch] };
            let rows = Rows { values: dy, stride: positions, count: filters };
            weighted_sums(Start::Zero, coefficients, rows, Out::new(dpatches, positions, positions));
            add_back(geometry, dpatches, dx);
        });
    });
}

/// The adjoint of the transposed patches: tap by tap, each row of positions is added to a row of the image.
fn add_back(geometry: &Geometry, dpatches: &[f32], dx: &mut [f32]) {
    let ([h, w], [o_h, o_w]) = (geometry.input(), geometry.output());
    let ([f_h, f_w], [_, s_x]) = (geometry.window().kernel, geometry.window().stride);
    dx.fill(0.0);
    let taps = dpatches.chunks_exact(o_h * o_w);
    for (tap, positions) in taps.enumerate() {
        let (c, fy, fx) = (tap / (f_h * f_w), tap / f_w % f_h, tap % f_w);
        // The positions whose tap lies inside the image.
        let inside = (0..o_w).position(|ox| geometry.source(1, ox, fx).is_some());
        let Some(first) = inside else { continue };
        let at = geometry.source(1, first, fx).expect("inside");
        for (oy, row) in positions.chunks_exact(o_w).enumerate() {
            let Some(y) = geometry.source(0, oy, fy) else { continue };
            let pixels = dx[(c * h + y) * w..][at..w].iter_mut().step_by(s_x);
            for (pixel, d) in pixels.zip(&row[first..]) {
                *pixel += d;
            }
        }
    }
}
