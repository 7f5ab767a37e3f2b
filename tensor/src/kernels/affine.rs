//! The affine map in single precision. With `w` column-major nothing needs a copy in another order: inputs and weights lie
//! along the same axis, in the forward pass as factors (products of rows), in the backward passes as lanes (weighted sums
//! of rows).

use super::dot::products;
use super::matrix::{Matrix, Out};
use super::rows::{Rows, Start, weighted_sums};
use crate::threads::for_each_block;

/// Samples and outputs of one task: few enough that their inputs and weights stay in its cache.
const SAMPLES_A_TASK: usize = 25;
const OUTPUTS_A_TASK: usize = 25;
/// Outputs of one task where there are fewer samples.
const OUTPUTS_OF_FEW: usize = 10;
/// Inputs that one task takes in the backward passes: one tile.
const INPUTS_A_TASK: usize = 64;

pub(super) fn forward(x: &[f32], w: &[f32], b: &[f32], y: &mut [f32]) {
    let outputs = b.len();
    let (inputs, n) = (w.len() / outputs, y.len() / outputs);
    let x = Matrix::row_major(x, inputs, [n, inputs]);
    let w = Matrix::row_major(w, inputs, [outputs, inputs]);
    let size = [SAMPLES_A_TASK, if n < SAMPLES_A_TASK { OUTPUTS_OF_FEW } else { OUTPUTS_A_TASK }];
    for_each_block(y, outputs, size, |[sample, output], mut block| {
        let (x, w) = (x.some_rows(sample, block.rows()), w.some_rows(output, block.columns()));
        products(x, w, &b[output..][..block.columns()], Out::block(&mut block));
    });
}

pub(super) fn backward_weights(x: &[f32], dy: &[f32], dw: &mut [f32], db: &mut [f32]) {
    let outputs = db.len();
    let (inputs, n) = (dw.len() / outputs, dy.len() / outputs);
    db.fill(0.0);
    for dy in dy.chunks_exact(outputs) {
        for (db, dy) in db.iter_mut().zip(dy) {
            *db += dy;
        }
    }
    if inputs == 0 {
        return;
    }
    // dWᵀ = dYᵀ · X
    let (x, dy_t) = (Matrix::row_major(x, inputs, [n, inputs]), Matrix::new(dy, [1, outputs], [outputs, n]));
    for_each_block(dw, inputs, [outputs, INPUTS_A_TASK], |[_, input], mut block| {
        let x = x.some_columns(input, block.columns());
        weighted_sums(Start::Zero, dy_t, Rows::matrix(x), Out::block(&mut block));
    });
}

pub(super) fn backward_input(w: &[f32], outputs: usize, dy: &[f32], dx: &mut [f32]) {
    let inputs = w.len() / outputs;
    if inputs == 0 {
        return;
    }
    let n = dx.len() / inputs;
    let (w, dy) = (Matrix::row_major(w, inputs, [outputs, inputs]), Matrix::row_major(dy, outputs, [n, outputs]));
    for_each_block(dx, inputs, [n.max(1), INPUTS_A_TASK], |[_, input], mut block| {
        let w = w.some_columns(input, block.columns());
        weighted_sums(Start::Zero, dy, Rows::matrix(w), Out::block(&mut block));
    });
}
