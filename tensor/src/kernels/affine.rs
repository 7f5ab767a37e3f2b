//! The affine map in single precision. With `w` column-major nothing needs a copy in another order: inputs and weights lie
//! along the same axis, in the forward pass as factors (products of rows), in the backward passes as lanes (weighted sums
//! of rows).

use std::ops::Range;

use super::dot::{Pieces, products};
use super::matrix::{Matrix, Out};
use super::rows::{Ahead, Rows, Start, weighted_sums, weighted_sums_and_fetch};
use super::scratch;
use crate::affine::Layout;
use crate::threads::{for_each_block, for_each_part_of};
use crate::update::{Update, add_decay};

/// The most outputs of one task.
const OUTPUTS_A_TASK: usize = 10;

/// Samples of one task: 25; of many up to 100, so that the weights of an output are read once, where the outputs alone make some tasks.
fn samples_a_task(n: usize, outputs: usize) -> usize {
    if n < 100 || outputs < 4 * OUTPUTS_A_TASK { 25 } else { n.div_ceil(n.div_ceil(100)) }
}

/// Inputs that one task takes in the backward passes: one tile, or as many as make it worth handing over.
fn inputs_a_task(n: usize, outputs: usize) -> usize {
    const TILE: usize = 64;
    const LEAST_MULTIPLY_ADDS: usize = 1 << 18;
    TILE * LEAST_MULTIPLY_ADDS.div_ceil((TILE * n * outputs).max(1))
}

/// The columns of `x` (N, I) that belong to one part of the inputs.
fn part_of_x(layout: Layout, x: &[f32], part: usize, [n, inputs]: [usize; 2]) -> Matrix<'_> {
    let (first, stride) = layout.rows_of_x(part, [n, inputs]);
    Matrix::row_major(x.get(first..).unwrap_or_default(), stride, [n, inputs / layout.parts()])
}

/// The weights of one part of the inputs, transposed: (O, inputs of the part).
fn part_of_w(layout: Layout, w: &[f32], part: usize, [inputs, outputs]: [usize; 2]) -> Matrix<'_> {
    let len = inputs / layout.parts();
    Matrix::row_major(&w[part * outputs * len..][..outputs * len], len, [outputs, len])
}

pub(super) fn forward(layout: Layout, x: &[f32], w: &[f32], b: &[f32], y: &mut [f32]) {
    let outputs = b.len();
    let (inputs, n) = (w.len() / outputs, y.len() / outputs);
    let size = [samples_a_task(n, outputs), OUTPUTS_A_TASK];
    if layout.parts() > 1 {
        let (parts, first_half) = (layout.parts(), layout.parts().div_ceil(2));
        let halves = [0..first_half, first_half..parts];
        let halves = halves.map(|half| some_parts(layout, [x, w], half, [n, inputs, outputs]));
        return forward_in_halves(halves, b, y, size);
    }
    let (x, w) = some_parts(layout, [x, w], 0..1, [n, inputs, outputs]);
    for_each_block(y, outputs, size, |[sample, output], mut block| {
        let (x, w) = (x.some_rows(sample, block.rows()), w.some_rows(output, block.columns()));
        products(x, w, &b[output..][..block.columns()], Out::block(&mut block));
    });
}

/// The rows of `x` and of the transposed weights, as far as they lie in some neighbouring parts.
fn some_parts<'a>(
    layout: Layout,
    [x, w]: [&'a [f32]; 2],
    parts: Range<usize>,
    [n, inputs, outputs]: [usize; 3],
) -> (Pieces<'a>, Pieces<'a>) {
    let len = inputs / layout.parts();
    let (begin, stride) = layout.rows_of_x(parts.start, [n, inputs]);
    let next = layout.rows_of_x(parts.start + 1, [n, inputs]).0 - begin;
    let x = Pieces::new(x.get(begin..).unwrap_or_default(), stride, [n, len], parts.len(), next);
    let w = Pieces::new(&w[parts.start * outputs * len..], len, [outputs, len], parts.len(), outputs * len);
    (x, w)
}

/// The tasks of the first half come first, so that they go to the same thread as those of the other passes.
fn forward_in_halves(halves: [(Pieces<'_>, Pieces<'_>); 2], b: &[f32], y: &mut [f32], size: [usize; 2]) {
    let (outputs, n) = (b.len(), y.len() / b.len());
    // Rows of sums for each half, so many that no task has rows of both.
    let rows = n.next_multiple_of(size[0]);
    scratch::with(2 * rows * outputs, |sums| {
        for_each_block(sums, outputs, size, |[row, output], mut block| {
            let (half, sample) = (row / rows, row % rows);
            let (samples, columns) = (size[0].min(n - sample), block.columns());
            let (x, w) = (halves[half].0.some_rows(sample, samples), halves[half].1.some_rows(output, columns));
            let start = if half == 0 { &b[output..][..columns] } else { &[0.0; OUTPUTS_A_TASK][..columns] };
            products(x, w, start, Out::block(&mut block).first_rows(samples));
        });
        let (first, second) = sums.split_at(rows * outputs);
        for (y, (first, second)) in y.iter_mut().zip(first.iter().zip(second)) {
            *y = first + second;
        }
    });
}

pub(super) fn backward_weights(layout: Layout, x: &[f32], dy: &[f32], dw: &mut [f32], db: &mut [f32]) {
    let outputs = db.len();
    let (inputs, n) = (dw.len() / outputs, dy.len() / outputs);
    add_rows(dy, db);
    if inputs == 0 {
        return;
    }
    with_live_outputs(dy, outputs, |live, dy| {
        for_each_block(dw, inputs / layout.parts(), [outputs, inputs_a_task(n, outputs)], |[row, input], mut block| {
            for output in at_rest(live, outputs) {
                block.row(output).fill(0.0);
            }
            // dWᵀ = dYᵀ · X
            let x = part_of_x(layout, x, row / outputs, [n, inputs]).some_columns(input, block.columns());
            let out = Out::block(&mut block).picked(live);
            weighted_sums(Start::Zero, dy.transposed(), Rows::matrix(x), out);
        });
    });
}

/// `sums ←` the sums of the rows.
fn add_rows(rows: &[f32], sums: &mut [f32]) {
    sums.fill(0.0);
    for row in rows.chunks_exact(sums.len()) {
        for (sum, number) in sums.iter_mut().zip(row) {
            *sum += number;
        }
    }
}

/// The outputs that are not live.
fn at_rest(live: &[u32], outputs: usize) -> impl Iterator<Item = usize> {
    let mut live = live.iter().peekable();
    (0..outputs).filter(move |&output| live.next_if(|&&live| live as usize == output).is_none())
}

/// So many parts are tasks enough for some threads, and each is small beside the caches.
pub(super) const MANY_PARTS: usize = 8;

/// A task takes all that there is of one part of the inputs: its gradient takes the place of `x`, that of the weights lies in scratch
/// memory. Of a few large parts, one pass after the other.
pub(super) fn backward_and_update(
    parts: usize,
    x: &mut [f32],
    w: &mut [f32],
    dy: &[f32],
    db: &mut [f32],
    update: Update<'_, f32>,
) {
    let outputs = db.len();
    let (len, n) = (w.len() / outputs / parts, dy.len() / outputs);
    if parts < MANY_PARTS {
        return scratch::with(w.len(), |dw| {
            let layout = Layout::InParts(parts);
            backward_weights(layout, x, dy, dw, db);
            backward_input(layout, w, outputs, dy, x);
            update.apply(w, dw);
        });
    }
    add_rows(dy, db);
    if len == 0 {
        return;
    }
    let Update { rule, decay, remembered } = update;
    let [first, second] = remembered.map(|array| (array.len() / parts, array));
    let arrays = [(w, outputs * len), (x, n * len), (first.1, first.0), (second.1, second.0)];
    with_live_outputs(dy, outputs, |live, dy| {
        for_each_part_of(arrays, |_, [w, x, first, second]| {
            scratch::with(outputs * len, |dw| {
                for output in at_rest(live, outputs) {
                    dw[output * len..][..len].fill(0.0);
                }
                // One part lies behind the other, and the next is what this core will read next, unless it is at the end of its share.
                let (next_x, next_w) = (Ahead::behind(x), Ahead::behind(w));
                // dWᵀ = dYᵀ · X, dX = dY · Wᵀ
                let rows = Rows::matrix(Matrix::row_major(x, len, [n, len]));
                weighted_sums_and_fetch(next_x, Start::Zero, dy.transposed(), rows, Out::new(dw, len).picked(live));
                let rows = Rows::matrix(Matrix::row_major(w, len, [outputs, len])).picked(live);
                weighted_sums_and_fetch(next_w, Start::Zero, dy, rows, Out::new(x, len));
                add_decay(w, dw, decay);
                rule.step(w, dw, [first, second]);
            });
        });
    });
}

/// Calls `f` with the outputs of which any sample has a gradient, and with the gradients of these (N, live ones): of an output where ReLU
/// is at rest in the whole batch there is nothing to compute.
fn with_live_outputs<R>(dy: &[f32], outputs: usize, f: impl FnOnce(&[u32], Matrix<'_>) -> R) -> R {
    let n = dy.len() / outputs;
    scratch::with_whole(2 * outputs, |buffer| {
        let (any, live) = buffer.split_at_mut(outputs);
        any.fill(0);
        for dy in dy.chunks_exact(outputs) {
            any.iter_mut().zip(dy).for_each(|(any, dy)| *any |= u32::from(*dy != 0.0));
        }
        let mut count = 0;
        for (output, &is_live) in (0..).zip(&*any) {
            live[count] = output;
            count += is_live as usize;
        }
        let live = &live[..count];
        // (As large as it can get from the first step on, so that no later one allocates.)
        scratch::with(dy.len(), |of_live| {
            if count == outputs || count == 0 {
                return f(live, Matrix::row_major(dy, outputs, [n, count]));
            }
            for (to, dy) in of_live.chunks_exact_mut(count).zip(dy.chunks_exact(outputs)) {
                to.iter_mut().zip(live).for_each(|(to, &output)| *to = dy[output as usize]);
            }
            f(live, Matrix::row_major(of_live, count, [n, count]))
        })
    })
}

pub(super) fn backward_input(layout: Layout, w: &[f32], outputs: usize, dy: &[f32], dx: &mut [f32]) {
    let inputs = w.len() / outputs;
    if inputs == 0 || dx.is_empty() {
        return;
    }
    let n = dx.len() / inputs;
    let len = inputs / layout.parts();
    let columns = if matches!(layout, Layout::InParts(_)) { len } else { inputs };
    with_live_outputs(dy, outputs, |live, dy| {
        for_each_block(dx, columns, [n, inputs_a_task(n, outputs)], |[row, column], mut block| {
            // (Of whole rows a task may have columns of several parts.)
            let first = row / n * len + column;
            let mut done = 0;
            while done < block.columns() {
                let (part, input) = ((first + done) / len, (first + done) % len);
                let columns = (block.columns() - done).min(len - input);
                let w = part_of_w(layout, w, part, [inputs, outputs]).some_columns(input, columns);
                let out = Out::block(&mut block).some_columns(done, columns);
                weighted_sums(Start::Zero, dy, Rows::matrix(w).picked(live), out);
                done += columns;
            }
        });
    });
}
