//! The plain definitions: im2col and one matrix product. They serve f64, and the fast kernels are held against them.

use std::ops::Range;

use ndarray::{Array2, ArrayView2, ArrayViewMut2, ShapeBuilder};

use super::Plan;
use crate::affine::Layout;
use crate::conv_pool::{self, AT_REST};
use crate::geometry::Geometry;
use crate::im2col::{col2im, im2col};
use crate::pooling::mean_factor;
use crate::real::Real;
use crate::update::Update;

fn matrix<F>(slice: &[F], rows: usize, columns: usize) -> ArrayView2<'_, F> {
    ArrayView2::from_shape((rows, columns), slice).expect("lengths were checked")
}

fn matrix_mut<F>(slice: &mut [F], rows: usize, columns: usize) -> ArrayViewMut2<'_, F> {
    ArrayViewMut2::from_shape((rows, columns), slice).expect("lengths were checked")
}

pub(crate) fn conv_forward<F: Real>(geometry: &Geometry, x: &[F], w: &[F], b: &[F], y: &mut [F]) {
    let (patch, positions, filters) = (geometry.patch_len(), geometry.positions(), b.len());
    let w = matrix(w, filters, patch);
    let mut col = vec![F::ZERO; positions * patch];
    let images = x.chunks_exact(geometry.input_len()).zip(y.chunks_exact_mut(filters * positions));
    for (x, y) in images {
        im2col(geometry, x, &mut col);
        for (y, &b) in y.chunks_exact_mut(positions).zip(b) {
            y.fill(b);
        }
        // Yᵀ = W · colᵀ + b: the transposed product puts the filters first, as (FN, OH, OW) wants them.
        F::gemm(F::ONE, w, matrix(&col, positions, patch).t(), F::ONE, matrix_mut(y, filters, positions));
    }
}

pub(crate) fn conv_backward_weights<F: Real>(geometry: &Geometry, x: &[F], dy: &[F], dw: &mut [F], db: &mut [F]) {
    let (patch, positions, filters) = (geometry.patch_len(), geometry.positions(), db.len());
    dw.fill(F::ZERO);
    db.fill(F::ZERO);
    let mut col = vec![F::ZERO; positions * patch];
    let images = x.chunks_exact(geometry.input_len()).zip(dy.chunks_exact(filters * positions));
    for (x, dy) in images {
        im2col(geometry, x, &mut col);
        for (db, dy) in db.iter_mut().zip(dy.chunks_exact(positions)) {
            *db += dy.iter().copied().sum::<F>();
        }
        let dy = matrix(dy, filters, positions);
        F::gemm(F::ONE, dy, matrix(&col, positions, patch), F::ONE, matrix_mut(dw, filters, patch));
    }
}

pub(crate) fn conv_backward_input<F: Real>(geometry: &Geometry, w: &[F], dy: &[F], dx: &mut [F]) {
    let (patch, positions) = (geometry.patch_len(), geometry.positions());
    let filters = w.len() / patch;
    let w = matrix(w, filters, patch);
    let mut dcol = Array2::zeros((positions, patch));
    let images = dx.chunks_exact_mut(geometry.input_len()).zip(dy.chunks_exact(filters * positions));
    for (dx, dy) in images {
        F::gemm(F::ONE, matrix(dy, filters, positions).t(), w, F::ZERO, dcol.view_mut());
        col2im(geometry, dcol.as_slice().expect("row-major"), dx);
    }
}

pub(crate) fn conv_pool_forward<F: Real>(
    plan: &Plan,
    x: &[F],
    w: &[F],
    b: &[F],
    y: &mut [F],
    winners: Option<&mut [u8]>,
) {
    let n = x.len() / plan.conv().input_len();
    let mut conv = vec![F::ZERO; n * b.len() * plan.conv().positions()];
    F::conv_forward(plan.conv(), x, w, b, &mut conv);
    for y in &mut conv {
        if *y <= F::ZERO {
            *y = F::ZERO;
        }
    }
    // Every filter is a channel of the pooling.
    let positions = plan.pool().positions();
    let (mut pooled, mut argmax) = (vec![F::ZERO; y.len()], vec![0; y.len()]);
    F::max_pool(plan.pool(), &conv, &mut pooled, Some(&mut argmax));
    let mut winners = winners;
    for (i, (&value, &at)) in pooled.iter().zip(&argmax).enumerate() {
        let plane = i / positions;
        let to = plan.place(n, plane / b.len(), plane % b.len()) * positions + i % positions;
        y[to] = value;
        if let Some(winners) = &mut winners {
            let is_it = |&phase: &u8| plan.position(i % positions, phase) == at as usize;
            winners[to] = if value == F::ZERO { AT_REST } else { (0..).find(is_it).expect("in its window") };
        }
    }
}

pub(crate) fn max_pool<F: Real>(geometry: &Geometry, x: &[F], y: &mut [F], mut argmax: Option<&mut [u32]>) {
    let (plane_len, positions) = (geometry.input()[0] * geometry.input()[1], geometry.positions());
    for (i, (plane, y)) in x.chunks_exact(plane_len).zip(y.chunks_exact_mut(positions)).enumerate() {
        for (position, y) in y.iter_mut().enumerate() {
            let (at, value) = largest(geometry, plane, position);
            *y = value;
            if let Some(argmax) = &mut argmax {
                argmax[i * positions + position] = at as u32;
            }
        }
    }
}

/// Index and value of the first largest element (or the first NaN) under the window at `position`.
fn largest<F: Real>(geometry: &Geometry, plane: &[F], position: usize) -> (usize, F) {
    let [f_h, f_w] = geometry.window().kernel;
    let (oy, ox) = (position / geometry.output()[1], position % geometry.output()[1]);
    let (mut best_at, mut best) = (0, F::NEG_INFINITY);
    let mut found = false;
    for y in (0..f_h).filter_map(|fy| geometry.source(0, oy, fy)) {
        for x in (0..f_w).filter_map(|fx| geometry.source(1, ox, fx)) {
            let at = y * geometry.input()[1] + x;
            let value = plane[at];
            if !found || value > best || (value.is_nan() && !best.is_nan()) {
                (best_at, best, found) = (at, value, true);
            }
        }
    }
    (best_at, best)
}

pub(crate) fn average_pool<F: Real>(geometry: &Geometry, x: &[F], y: &mut [F]) {
    let ([h, w], [f_h, f_w]) = (geometry.input(), geometry.window().kernel);
    let factor = mean_factor::<F>(geometry);
    for (plane, y) in x.chunks_exact(h * w).zip(y.chunks_exact_mut(geometry.positions())) {
        for (position, y) in y.iter_mut().enumerate() {
            let (oy, ox) = (position / geometry.output()[1], position % geometry.output()[1]);
            *y = F::ZERO;
            for row in (0..f_h).filter_map(|fy| geometry.source(0, oy, fy)) {
                for column in (0..f_w).filter_map(|fx| geometry.source(1, ox, fx)) {
                    *y = factor.mul_add(plane[row * w + column], *y);
                }
            }
        }
    }
}

pub(crate) fn conv_pool_backward_weights<F: Real>(
    plan: &Plan,
    x: &[F],
    winners: &[u8],
    dy: &[F],
    dw: &mut [F],
    db: &mut [F],
) {
    F::conv_backward_weights(plan.conv(), x, &dconv(plan, winners, dy), dw, db);
}

pub(crate) fn conv_pool_backward_input<F: Real>(plan: &Plan, winners: &[u8], w: &[F], dy: &[F], dx: &mut [F]) {
    F::conv_backward_input(plan.conv(), w, &dconv(plan, winners, dy), dx);
}

/// The gradient of the convolution's output.
fn dconv<F: Real>(plan: &Plan, winners: &[u8], dy: &[F]) -> Vec<F> {
    let mut dconv = vec![F::ZERO; dy.len() / plan.pool().positions() * plan.conv().positions()];
    conv_pool::backward_pool(plan, winners, dy, &mut dconv);
    dconv
}

/// The columns of `x` (N, I) that belong to one part of the inputs; there are samples.
fn part_of_x<F>(layout: Layout, x: &[F], part: usize, [n, inputs]: [usize; 2]) -> ArrayView2<'_, F> {
    let (first, stride) = layout.rows_of_x(part, [n, inputs]);
    let shape = (n, inputs / layout.parts()).strides((stride, 1));
    ArrayView2::from_shape(shape, &x[first..]).expect("lengths were checked")
}

/// Where the weights of one part of the inputs lie, (inputs of the part, O), column-major.
fn part_of_w(layout: Layout, w: usize, part: usize) -> Range<usize> {
    let len = w / layout.parts();
    part * len..(part + 1) * len
}

pub(crate) fn affine_forward<F: Real>(layout: Layout, x: &[F], w: &[F], b: &[F], y: &mut [F]) {
    let outputs = b.len();
    let (inputs, n) = (w.len() / outputs, y.len() / outputs);
    for y in y.chunks_exact_mut(outputs) {
        y.copy_from_slice(b);
    }
    let parts = if n == 0 { 0 } else { layout.parts() };
    for part in 0..parts {
        let w = matrix(&w[part_of_w(layout, w.len(), part)], outputs, inputs / layout.parts()).reversed_axes();
        F::gemm(F::ONE, part_of_x(layout, x, part, [n, inputs]), w, F::ONE, matrix_mut(y, n, outputs));
    }
}

pub(crate) fn affine_backward_weights<F: Real>(layout: Layout, x: &[F], dy: &[F], dw: &mut [F], db: &mut [F]) {
    let outputs = db.len();
    let (inputs, n) = (dw.len() / outputs, dy.len() / outputs);
    db.fill(F::ZERO);
    for dy in dy.chunks_exact(outputs) {
        for (db, &dy) in db.iter_mut().zip(dy) {
            *db += dy;
        }
    }
    if n == 0 {
        return dw.fill(F::ZERO);
    }
    let dy = matrix(dy, n, outputs);
    for part in 0..layout.parts() {
        // dWᵀ = dYᵀ · X: column-major dW is row-major dWᵀ.
        let all = dw.len();
        let dw = matrix_mut(&mut dw[part_of_w(layout, all, part)], outputs, inputs / layout.parts());
        F::gemm(F::ONE, dy.t(), part_of_x(layout, x, part, [n, inputs]), F::ZERO, dw);
    }
}

pub(crate) fn affine_backward_and_update<F: Real>(
    parts: usize,
    x: &mut [F],
    w: &mut [F],
    dy: &[F],
    db: &mut [F],
    update: Update<'_, F>,
) {
    let (layout, outputs) = (Layout::InParts(parts), db.len());
    let mut dw = vec![F::ZERO; w.len()];
    affine_backward_weights(layout, x, dy, &mut dw, db);
    affine_backward_input(layout, w, outputs, dy, x);
    update.apply(w, &mut dw);
}

pub(crate) fn affine_backward_input<F: Real>(layout: Layout, w: &[F], outputs: usize, dy: &[F], dx: &mut [F]) {
    let (inputs, n) = (w.len() / outputs, dy.len() / outputs);
    let len = inputs / layout.parts();
    let parts = if n == 0 { 0 } else { layout.parts() };
    for part in 0..parts {
        let w = matrix(&w[part_of_w(layout, w.len(), part)], outputs, len);
        let (first, stride) = layout.rows_of_x(part, [n, inputs]);
        let dx = &mut dx[first..];
        let dx = ArrayViewMut2::from_shape((n, len).strides((stride, 1)), dx).expect("lengths were checked");
        F::gemm(F::ONE, matrix(dy, n, outputs), w, F::ZERO, dx);
    }
}
