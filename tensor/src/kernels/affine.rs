//! The affine map in single precision. With `w` column-major nothing needs a copy in another order: inputs and weights lie
//! along the same axis, in the forward pass as factors (products of rows), in the backward passes as lanes (weighted sums
//! of rows).

use super::dot::{self, Lines};
use super::rows::{Coefficients, Out, Rows, Start, weighted_sums};
use crate::threads::{for_each_block, for_each_part};

/// Rows of `x` that one task takes: few enough to stay in its cache while all of `w` passes by.
const SAMPLES_A_TASK: usize = 25;
/// Outputs that one task computes where there are few samples.
const OUTPUTS_A_TASK: usize = 10;
/// Inputs that one task takes in the backward passes: one tile.
const INPUTS_A_TASK: usize = 64;

pub(super) fn forward(x: &[f32], w: &[f32], b: &[f32], y: &mut [f32]) {
    let outputs = b.len();
    let (inputs, n) = (w.len() / outputs, y.len() / outputs);
    if n >= SAMPLES_A_TASK {
        for_each_part(y, SAMPLES_A_TASK * outputs, |task, y| {
            let rows = y.len() / outputs;
            let x = Lines { values: &x[task * SAMPLES_A_TASK * inputs..], stride: inputs, rows };
            let w = Lines { values: w, stride: inputs, rows: outputs };
            dot::products(x, w, inputs, b, y, outputs);
        });
    } else {
        for_each_block(y, outputs, OUTPUTS_A_TASK, |task, mut block| {
            let (first, columns) = (task * OUTPUTS_A_TASK, block.columns());
            let (w, b) = (&w[first * inputs..][..columns * inputs], &b[first..][..columns]);
            let w = Lines { values: w, stride: inputs, rows: columns };
            for sample in 0..block.rows() {
                let x = Lines { values: &x[sample * inputs..][..inputs], stride: inputs, rows: 1 };
                dot::products(x, w, inputs, b, block.row(sample), columns);
            }
        });
    }
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
    for_each_block(dw, inputs, INPUTS_A_TASK, |task, mut block| {
        let coefficients = Coefficients { values: dy, strides: [1, outputs] };
        let rows = Rows::matrix(x.get(task * INPUTS_A_TASK..).unwrap_or(&[]), inputs, n, block.columns());
        weighted_sums(Start::Zero, coefficients, rows, Out::block(&mut block));
    });
}

pub(super) fn backward_input(w: &[f32], outputs: usize, dy: &[f32], dx: &mut [f32]) {
    let inputs = w.len() / outputs;
    if inputs == 0 {
        return;
    }
    for_each_block(dx, inputs, INPUTS_A_TASK, |task, mut block| {
        let coefficients = Coefficients { values: dy, strides: [outputs, 1] };
        let rows = Rows::matrix(&w[task * INPUTS_A_TASK..], inputs, outputs, block.columns());
        weighted_sums(Start::Zero, coefficients, rows, Out::block(&mut block));
    });
}
