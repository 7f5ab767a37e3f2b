//! Every kernel, on every instruction set of this machine, against the plain definition in f64; and all instruction sets
//! against each other, bit for bit.
//!
//! Outputs are poisoned with NaN beforehand and guarded behind their end. The check itself is tested with wrong results.

use ndarray::{Array2, ArrayView2, Axis, ShapeBuilder, s};

use super::isa::{Isa, Kernel, Vectors, run, with_isa};
use super::lanes::{Lanes, Lanes16};
use super::reference;
use crate::affine::{self, Layout};
use crate::geometry::{Geometry, Rounding, Window};
use crate::{Plan, Update, conv_pool, convolution, pooling};

/// Numbers in −1 … 1 from a small generator; about one in eight is zero.
fn numbers(len: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f32 / (1_u64 << 30) as f32 - 1.0
    };
    (0..len).map(|_| if next() > 0.75 { 0.0 } else { next() }).collect()
}

fn wide(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v)).collect()
}

fn magnitudes(values: &[f32]) -> Vec<f64> {
    values.iter().map(|&v| f64::from(v.abs())).collect()
}

const GUARD: usize = 40;

/// What `compute` writes into an output of `len` numbers; panics where it writes behind it.
fn output(len: usize, compute: impl FnOnce(&mut [f32])) -> Vec<f32> {
    let mut buffer = vec![f32::NAN; len + GUARD];
    buffer[len..].fill(1234.5);
    compute(&mut buffer[..len]);
    assert!(buffer[len..].iter().all(|&v| v == 1234.5), "written behind the end");
    buffer.truncate(len);
    buffer
}

/// Whether each of `got` is within the error bound of a sum of `terms` products: `(terms + 2) · ε` of the sum of their
/// magnitudes.
fn first_wrong(got: &[f32], exact: &[f64], magnitudes: &[f64], terms: usize) -> Option<String> {
    assert!(got.len() == exact.len() && exact.len() == magnitudes.len());
    let bound = (terms + 2) as f64 * f64::from(f32::EPSILON);
    (0..got.len()).find_map(|i| {
        let (error, allowed) = ((f64::from(got[i]) - exact[i]).abs(), bound * magnitudes[i]);
        (error.is_nan() || error > allowed)
            .then(|| format!("element {i}: {} for {}, allowed {allowed:e}", got[i], exact[i]))
    })
}

/// Runs `compute` on every instruction set and compares the outputs with each other, and with the exact values.
fn check(
    what: &str,
    len: usize,
    terms: usize,
    exact: &[f64],
    magnitudes: &[f64],
    mut compute: impl FnMut(&mut [f32]),
) -> Vec<f32> {
    let mut first: Option<(Isa, Vec<f32>)> = None;
    for isa in Isa::available() {
        let got = with_isa(isa, || output(len, &mut compute));
        if let Some(wrong) = first_wrong(&got, exact, magnitudes, terms) {
            panic!("{what}, {}: {wrong}", isa.name());
        }
        match &first {
            None => first = Some((isa, got)),
            Some((other, same)) => {
                let differs = (0..len).find(|&i| got[i].to_bits() != same[i].to_bits());
                assert_eq!(differs, None, "{what}: {} and {} differ", isa.name(), other.name());
            }
        }
    }
    first.expect("the portable set").1
}

#[test]
fn the_check_notices_wrong_results() {
    let (exact, size) = (vec![1.0, -2.0, 3.0, 0.5], vec![3.0; 4]);
    let right: Vec<f32> = vec![1.0, -2.0, 3.0, 0.5];
    assert_eq!(first_wrong(&right, &exact, &size, 10), None);
    let mut dropped = right.clone();
    dropped[3] = 0.0;
    let wrongs = [vec![0.0; 4], dropped, vec![1.0, 3.0, -2.0, 0.5], vec![1.0, -2.0, f32::NAN, 0.5]];
    for wrong in wrongs {
        assert!(first_wrong(&wrong, &exact, &size, 10).is_some(), "{wrong:?} passes");
    }
    let guard = std::panic::catch_unwind(|| {
        output(4, |out| {
            // SAFETY: inside the guarded buffer.
            unsafe { *out.as_mut_ptr().add(4) = 0.0 }
        })
    });
    assert!(guard.is_err(), "a write behind the end passes");
}

/// What each operation of a vector does, by the plain arrays; and that every instruction set does the same.
struct Operations<'a> {
    a: &'a [f32],
    b: &'a [f32],
}

impl Kernel for Operations<'_> {
    type Output = Vec<u32>;

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) -> Vec<u32> {
        let mut results = Vec::new();
        // SAFETY: the machine has the instructions; both slices have sixteen times sixteen numbers.
        unsafe {
            let rows: [V::V16; 16] = std::array::from_fn(|i| V::V16::load(self.a.as_ptr().add(16 * i)));
            let b = V::V16::load(self.b.as_ptr());
            for row in rows {
                let mut add = |v: V::V16| results.extend(v.to_array().map(f32::to_bits));
                add(row.add(b));
                add(row.add_whole(b));
                add(row.larger(b));
                add(V::V16::select(row.exceeds(b), row, b));
                add(row.relu());
                add(V::V16::select(row.same_bits(b), row, b));
                add(V::V16::select(row.bit(31), row, b));
                add(V::V16::select(row.bit(12), row, b));
                for n in [0, 1, 7, 8, 9, 15, 16] {
                    let mut bytes = [77; 17];
                    row.store_bytes(bytes.as_mut_ptr(), n);
                    assert!(bytes[n..].iter().all(|&byte| byte == 77), "{n} bytes, and one more");
                    results.extend(bytes[..16].iter().map(|&byte| u32::from(byte)));
                    let mut add = |v: V::V16| results.extend(v.to_array().map(f32::to_bits));
                    add(V::V16::load_bytes(bytes.as_ptr(), n));
                }
                for bit in [31, 12] {
                    let mut side_by_side = [0.0; 16];
                    let count = row.store_without(row.bit(bit), side_by_side.as_mut_ptr());
                    // (What comes behind them may be anything.)
                    side_by_side[count..].fill(count as f32);
                    results.extend(side_by_side.map(f32::to_bits));
                }
                let mut add = |v: V::V16| results.extend(v.to_array().map(f32::to_bits));
                let (mut best, mut at) = (row, b);
                best.keep_larger(&mut at, b, row);
                add(best);
                add(at);
                let [even, odd] = V::V16::even_odd(row, b);
                add(even);
                add(odd);
                for (first, end) in [(0, 0), (0, 16), (3, 9), (8, 16), (9, 12), (0, 8)] {
                    add(row.load_between(self.b.as_ptr(), first, end));
                    add(V::V16::load_first(self.b.as_ptr(), end));
                }
                add(row.of_four(b));
                add(V::V16::load_halves(self.a.as_ptr().add(3), self.b.as_ptr()));
                for n in [0, 5, 16] {
                    add(row.pick_first([b, rows[2]], n));
                }
            }
            results.extend(V::V16::transpose(rows).iter().flat_map(|v| v.to_array()).map(f32::to_bits));
            results.extend(V::V16::tree_sums(rows).map(f32::to_bits));
        }
        results
    }
}

#[test]
fn every_operation_is_the_same_on_all_instruction_sets() {
    let (mut a, b) = (numbers(256, 1), numbers(256, 2));
    a[..8].copy_from_slice(&[0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, b[5], -1e-45, 1e-45]);
    a[16..32].copy_from_slice(&b[..16]);
    let portable = with_isa(Isa::Portable, || run(Operations { a: &a, b: &b }));
    // By hand: the second row equals b; element (3, 2) of the transpose is element (2, 3) of the rows.
    assert_eq!(portable[16 * 45..][..3], [b[0] + b[0], b[1] + b[1], b[2] + b[2]].map(f32::to_bits));
    // The lanes of the first row name these of the four numbers at the beginning, these of the third row and b.
    let named = |bits: usize| std::array::from_fn::<_, 16, _>(|lane| a[lane].to_bits() as usize & bits);
    let of_four = std::array::from_fn::<_, 16, _>(|lane| b[lane / 4 * 4 + named(3)[lane]].to_bits());
    assert_eq!(portable[16 * 40..][..16], of_four);
    assert_eq!(
        portable[16 * 41..][..16],
        [&a[3..11], &b[..8]].concat().iter().map(|x| x.to_bits()).collect::<Vec<_>>()
    );
    let both = [&b[..16], &a[32..48]].concat();
    assert_eq!(portable[16 * 44..][..16], named(31).map(|at| both[at].to_bits()));
    let transposed = &portable[16 * 45 * 16..];
    assert_eq!(transposed[16 * 3 + 2], a[16 * 2 + 3].to_bits());
    for isa in Isa::available() {
        let got = with_isa(isa, || run(Operations { a: &a, b: &b }));
        let differs = (0..portable.len()).find(|&i| portable[i] != got[i]);
        assert_eq!(differs, None, "{}", isa.name());
    }
}

/// Products that underflow to −0 behind the last whole vector: no instruction set adds a 0 that the others do not.
#[test]
fn zeros_have_the_same_sign_on_all_instruction_sets() {
    for inputs in [8, 16, 24, 40] {
        let (x, w) = (vec![1e-30_f32; inputs], vec![-1e-30; inputs]);
        let scores = Isa::available().map(|isa| {
            with_isa(isa, || {
                let mut y = [1.0];
                affine::forward(Layout::Whole, &x, &w, &[-0.0], &mut y);
                y[0].to_bits()
            })
        });
        let scores: Vec<_> = scores.collect();
        assert!(scores.iter().all(|&bits| bits == scores[0]), "{inputs} inputs: {scores:x?}");
    }
}

#[test]
fn affine_of_every_size() {
    // Below, at and above the tiles; the network's own; and sizes that split into several tasks.
    let sizes = [(1, 1, 1), (2, 15, 3), (3, 16, 4), (4, 17, 5), (5, 31, 6), (6, 33, 11), (7, 64, 2), (26, 65, 10)];
    let larger = [(25, 200, 13), (51, 321, 7), (100, 257, 100), (9, 700, 12), (0, 5, 3)];
    // No inputs; inputs that are taken in one go and in several, with a rest, in tiles of all sizes; more samples than a task has.
    let in_parts =
        [(3, 0, 4), (12, 768, 6), (11, 800, 7), (14, 800, 9), (13, 1700, 8), (103, 1537, 11), (205, 784, 41)];
    let larger = larger.into_iter().chain(in_parts);
    for (n, inputs, outputs) in sizes.into_iter().chain(larger) {
        affine_of_size(Layout::Whole, n, inputs, outputs, |_| false);
    }
    // Halves below, at and above the tiles; tasks with columns of both; samples that fill no task.
    let sizes = [(1, 2, 1), (2, 30, 3), (3, 32, 4), (4, 34, 5), (7, 128, 2), (26, 130, 10), (25, 192, 13)];
    let larger = [(51, 642, 7), (100, 4320, 100), (1, 4320, 100), (9, 700, 12), (0, 6, 3), (103, 1600, 11)];
    for (n, inputs, outputs) in sizes.into_iter().chain(larger) {
        affine_of_size(Layout::WeightsInParts(2), n, inputs, outputs, |_| false);
        affine_of_size(Layout::InParts(2), n, inputs, outputs, |_| false);
    }
    // More parts, as wide as the narrowest vectors and the tiles; of the network's own shape. An odd number of parts, and parts that end
    // within a vector: narrower than one, in one go, in several.
    for (n, inputs, outputs, parts) in [
        (7, 15, 4, 3),
        (4, 85, 6, 5),
        (26, 363, 12, 3),
        (9, 847, 11, 7),
        (6, 3495, 8, 3),
        (100, 4464, 100, 31),
        (26, 3630, 12, 10),
        (1, 64, 3, 4),
        (7, 192, 11, 4),
        (26, 288, 10, 6),
        (7, 4704, 6, 6),
        (7, 2016, 6, 14),
        (100, 4320, 100, 30),
        (0, 64, 3, 4),
    ] {
        affine_of_size(Layout::WeightsInParts(parts), n, inputs, outputs, |_| false);
        affine_of_size(Layout::InParts(parts), n, inputs, outputs, |_| false);
    }
    // Outputs at rest: some, all but one, all; more than the rows that are added at once.
    affine_of_size(Layout::InParts(4), 26, 192, 40, |output| output % 3 == 1 || output > 36);
    for layout in [Layout::Whole, Layout::WeightsInParts(2), Layout::InParts(2)] {
        affine_of_size(layout, 26, 130, 40, |output| output % 3 == 1 || output > 36);
        affine_of_size(layout, 7, 96, 20, |output| output != 13);
        affine_of_size(layout, 3, 34, 5, |_| true);
        affine_of_size(layout, 4, 82, 700, |output| output % 2 == 0);
    }
}

fn affine_of_size(layout: Layout, n: usize, inputs: usize, outputs: usize, at_rest: impl Fn(usize) -> bool) {
    let (x, w) = (numbers(n * inputs, 1), numbers(inputs * outputs, 2));
    let (b, mut dy) = (numbers(outputs, 3), numbers(n * outputs, 4));
    dy.iter_mut().enumerate().filter(|(i, _)| at_rest(i % outputs)).for_each(|(_, dy)| *dy = 0.0);
    let name = |what| format!("affine {what} {n}×{inputs}×{outputs}, {layout:?}");

    let exact = |x: &[f64], w: &[f64], b: &[f64]| {
        let mut y = vec![0.0; n * outputs];
        reference::affine_forward(layout, x, w, b, &mut y);
        y
    };
    let (y, size) = (exact(&wide(&x), &wide(&w), &wide(&b)), exact(&magnitudes(&x), &magnitudes(&w), &magnitudes(&b)));
    check(&name("forward"), y.len(), inputs, &y, &size, |y| affine::forward(layout, &x, &w, &b, y));

    let exact = |x: &[f64], dy: &[f64]| {
        let (mut dw, mut db) = (vec![0.0; w.len()], vec![0.0; outputs]);
        reference::affine_backward_weights(layout, x, dy, &mut dw, &mut db);
        [dw, db].concat()
    };
    let (d, size) = (exact(&wide(&x), &wide(&dy)), exact(&magnitudes(&x), &magnitudes(&dy)));
    check(&name("backward_weights"), d.len(), n, &d, &size, |out| {
        let (dw, db) = out.split_at_mut(w.len());
        affine::backward_weights(layout, &x, &dy, dw, db);
    });

    let exact = |w: &[f64], dy: &[f64]| {
        let mut dx = vec![0.0; x.len()];
        reference::affine_backward_input(layout, w, outputs, dy, &mut dx);
        dx
    };
    let (dx, size) = (exact(&wide(&w), &wide(&dy)), exact(&magnitudes(&w), &magnitudes(&dy)));
    check(&name("backward_input"), dx.len(), outputs, &dx, &size, |dx| {
        affine::backward_input(layout, &w, outputs, &dy, dx)
    });
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// The numbers of a matrix (row-major) in parts: the first columns of all rows, then the next ones.
fn in_parts<T: Copy>(matrix: &[T], columns: usize, parts: usize) -> Vec<T> {
    let len = columns / parts;
    let part = |part: usize| matrix.chunks_exact(columns).flat_map(move |row| &row[part * len..][..len]);
    (0..parts).flat_map(part).copied().collect()
}

/// A rule that remembers two numbers, and goes by what they were.
struct Rolling;

impl crate::Rule<f32> for Rolling {
    fn step(&self, value: &mut [f32], grad: &[f32], [first, second]: [&mut [f32]; 2]) {
        for (((value, &grad), first), second) in value.iter_mut().zip(grad).zip(first).zip(second) {
            *first = 0.5 * *first + grad;
            *second += *value;
            *value -= 0.25 * *first / (1.0 + second.abs());
        }
    }
}

/// A rule that remembers nothing.
struct Downhill;

impl crate::Rule<f32> for Downhill {
    fn step(&self, value: &mut [f32], grad: &[f32], remembered: [&mut [f32]; 2]) {
        assert!(remembered.iter().all(|array| array.is_empty()));
        value.iter_mut().zip(grad).for_each(|(value, grad)| *value -= 0.5 * grad);
    }
}

/// The backward passes and an update in one go are the backward passes, then the update; to the bit, on every instruction set, on any
/// number of threads.
#[test]
fn backward_and_update_are_both() {
    // Parts of one and of several tiles of all widths; more samples than are added up at once.
    let tiles = [(30, 512, 40, 8), (13, 256, 20, 8), (300, 640, 30, 8)];
    let shapes = [(7, 60, 11, 2), (26, 384, 40, 8), (100, 1440, 100, 10), (1, 128, 3, 8), (0, 128, 3, 8)];
    let uneven = [(26, 9 * 121, 40, 9), (5, 11 * 17, 7, 11), (3, 3 * 7, 4, 3)];
    for ((n, inputs, outputs, parts), decay) in
        shapes.into_iter().chain(tiles).chain(uneven).flat_map(|shape| [(shape, 0.0), (shape, 0.125)])
    {
        let [x, w, first, second] =
            [n * inputs, inputs * outputs, inputs * outputs, inputs * outputs].map(|len| numbers(len, len as u64));
        let mut dy = numbers(n * outputs, 5);
        dy.iter_mut().enumerate().filter(|(i, _)| i % outputs % 3 == 1).for_each(|(_, dy)| *dy = 0.0);
        for (rule, remembers) in [(&Rolling as &dyn crate::Rule<f32>, true), (&Downhill, false)] {
            let remembered = || [&first, &second].map(|array| if remembers { array.clone() } else { Vec::new() });
            let apart = || {
                let (layout, mut w, [mut first, mut second]) = (Layout::InParts(parts), w.clone(), remembered());
                let (mut dw, mut db, mut dx) = (w.clone(), vec![0.0; outputs], x.clone());
                affine::backward_weights(layout, &x, &dy, &mut dw, &mut db);
                affine::backward_input(layout, &w, outputs, &dy, &mut dx);
                let remembered = [&mut first[..], &mut second[..]];
                Update { rule, decay, remembered }.apply(&mut w, &mut dw);
                [dx, w, db, first, second].map(|numbers| bits(&numbers))
            };
            let at_once = || {
                let (mut x, mut w, [mut first, mut second]) = (x.clone(), w.clone(), remembered());
                let mut db = vec![0.0; outputs];
                let remembered = [&mut first[..], &mut second[..]];
                affine::backward_and_update(parts, &mut x, &mut w, &dy, &mut db, Update { rule, decay, remembered });
                [x, w, db, first, second].map(|numbers| bits(&numbers))
            };
            let expected = apart();
            for isa in Isa::available() {
                for threads in [1, 2, 3] {
                    let got = with_isa(isa, || crate::threads::Pool::new(threads).install(at_once));
                    let differs = (0..5).find(|&i| got[i] != expected[i]);
                    let name =
                        format!("{n}×{inputs}×{outputs} in {parts}, decay {decay}, {}, {threads} threads", isa.name());
                    assert_eq!(differs, None, "{name}: which result differs");
                }
            }
        }
    }
}

/// What comes out does not depend on the number of parts, if there are any, of whole vectors, and their halves are the same.
#[test]
fn the_number_of_parts_does_not_change_the_bits() {
    let (n, inputs, outputs) = (28, 192, 30);
    let [x, w, b] = [(n * inputs, 1), (inputs * outputs, 2), (outputs, 3)].map(|(len, seed)| numbers(len, seed));
    let forward = |layout, parts| {
        let (mut y, w) = (vec![0.0; n * outputs], in_parts(&w, inputs, parts));
        let x = if layout == Layout::InParts(parts) { in_parts(&x, inputs, parts) } else { x.clone() };
        affine::forward(layout, &x, &w, &b, &mut y);
        bits(&y)
    };
    let expected = forward(Layout::WeightsInParts(2), 2);
    for parts in [2, 4, 12] {
        assert!(forward(Layout::InParts(parts), parts) == expected, "{parts} parts");
        assert!(forward(Layout::WeightsInParts(parts), parts) == expected, "weights in {parts} parts");
    }
}

/// Parts are another order in memory, and nothing else: of the definition, and of the layers before.
#[test]
fn parts_hold_the_same_numbers() {
    let (n, inputs, outputs) = (7, 192, 11);
    let [x, w, b] = [(n * inputs, 1), (inputs * outputs, 2), (outputs, 3)].map(|(len, seed)| wide(&numbers(len, seed)));
    let dy = wide(&numbers(n * outputs, 4));
    let run = |layout, x: &[f64], w: &[f64]| {
        let (mut y, mut dw, mut db, mut dx) = (dy.clone(), w.to_vec(), b.clone(), x.to_vec());
        affine::forward(layout, x, w, &b, &mut y);
        affine::backward_weights(layout, x, &dy, &mut dw, &mut db);
        affine::backward_input(layout, w, outputs, &dy, &mut dx);
        [y, dw, dx]
    };
    let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12 * (1.0 + a.abs()));
    let [y, dw, dx] = run(Layout::Whole, &x, &w);
    for parts in [2, 3, 4, 12, 64] {
        let in_parts = |matrix: &[f64]| in_parts(matrix, inputs, parts);
        let (weights, all) = (Layout::WeightsInParts(parts), Layout::InParts(parts));
        for (layout, x, dx) in [(weights, x.clone(), dx.clone()), (all, in_parts(&x), in_parts(&dx))] {
            let got = run(layout, &x, &in_parts(&w));
            assert!(near(&got[0], &y) && near(&got[1], &in_parts(&dw)) && near(&got[2], &dx), "{layout:?}");
        }
    }
}

/// A matrix in some memory order: row-major, column-major, with gaps, upside down.
fn laid_out(values: &[f32], rows: usize, columns: usize, order: usize) -> Array2<f32> {
    let matrix = ArrayView2::from_shape((rows, columns), values).expect("fits");
    match order {
        0 => matrix.to_owned(),
        1 => {
            let mut other = Array2::zeros((rows, columns).f());
            other.assign(&matrix);
            other
        }
        2 => {
            let mut gaps = Array2::from_elem((rows * 2, columns * 3), f32::NAN);
            gaps.slice_mut(s![..;2, ..;3]).assign(&matrix);
            gaps.slice_move(s![..;2, ..;3])
        }
        _ => {
            let mut upside_down = matrix.to_owned();
            upside_down.invert_axis(Axis(0));
            upside_down.assign(&matrix);
            upside_down
        }
    }
}

#[test]
fn gemm_of_every_size_and_memory_order() {
    let sizes = [(1, 1, 1), (1, 70, 5), (3, 0, 4), (5, 16, 1), (6, 17, 64), (7, 3, 65), (25, 31, 16), (50, 300, 3)];
    let larger = [(31, 257, 33), (1, 40, 200), (200, 40, 1), (64, 64, 64), (100, 2, 9), (130, 20, 70), (20, 9, 256)];
    for (i, (m, k, n)) in sizes.into_iter().chain(larger).enumerate() {
        for (order, (alpha, beta)) in [(1.0, 0.0), (1.0, 1.0), (-0.5, 2.0), (1.0, 0.25)].into_iter().enumerate() {
            let (a, b, before) = (numbers(m * k, 1), numbers(k * n, 2), numbers(m * n, 3));
            let exact = |a: &[f64], b: &[f64], c: &[f64], alpha, beta| {
                let [a, b] = [(a, m, k), (b, k, n)].map(|(v, r, c)| ArrayView2::from_shape((r, c), v).expect("fits"));
                let mut c = ArrayView2::from_shape((m, n), c).expect("fits").to_owned();
                crate::gemm(alpha, a, b, beta, c.view_mut());
                c.into_raw_vec_and_offset().0
            };
            let right = exact(&wide(&a), &wide(&b), &wide(&before), f64::from(alpha), f64::from(beta));
            let [big_a, big_b, big_c] = [&a, &b, &before].map(|v| magnitudes(v));
            let size = exact(&big_a, &big_b, &big_c, f64::from(alpha).abs(), f64::from(beta).abs());
            let [a, b] = [laid_out(&a, m, k, (order + i) % 4), laid_out(&b, k, n, (order + i / 4) % 4)];
            for c_order in 0..4 {
                let name = format!("gemm {m}×{k}×{n}, alpha {alpha}, beta {beta}, c in order {c_order}");
                check(&name, m * n, k + 1, &right, &size, |out| {
                    let mut c = laid_out(&before, m, n, c_order);
                    if beta == 0.0 {
                        c.fill(f32::NAN);
                    }
                    crate::gemm(alpha, a.view(), b.view(), beta, c.view_mut());
                    out.iter_mut().zip(&c).for_each(|(out, c)| *out = *c);
                });
            }
        }
    }
}

/// (N, C, H, W), kernel, stride, padding, filters.
type Case = ([usize; 4], [usize; 2], [usize; 2], [usize; 2], usize);

const CASES: [Case; 26] = [
    ([1, 1, 9, 70], [2, 3], [2, 2], [1, 1], 3),
    ([2, 3, 9, 8], [1, 1], [2, 3], [0, 0], 5),
    ([1, 2, 12, 11], [3, 7], [1, 1], [2, 3], 4),
    ([1, 1, 1, 1], [1, 1], [1, 1], [0, 0], 1),
    ([2, 1, 5, 4], [2, 3], [1, 1], [0, 0], 2),
    ([2, 1, 28, 28], [5, 5], [1, 1], [0, 0], 30),
    ([9, 2, 7, 9], [3, 3], [2, 2], [1, 1], 7),
    ([3, 3, 8, 6], [3, 2], [1, 2], [2, 0], 5),
    ([1, 4, 6, 20], [3, 9], [1, 1], [1, 4], 6),
    ([2, 1, 12, 30], [4, 17], [2, 1], [0, 3], 3),
    ([2, 16, 14, 14], [3, 3], [1, 1], [1, 1], 16),
    ([1, 1, 10, 10], [3, 3], [3, 3], [0, 2], 31),
    ([33, 1, 6, 6], [3, 3], [1, 1], [0, 0], 4),
    ([1, 3, 23, 23], [11, 11], [4, 4], [0, 0], 8),
    ([2, 2, 16, 16], [1, 1], [1, 1], [0, 0], 12),
    ([2, 4, 13, 31], [3, 3], [2, 2], [1, 1], 48),
    ([9, 3, 11, 9], [5, 4], [1, 1], [2, 1], 27),
    ([9, 1, 12, 12], [5, 5], [1, 1], [0, 0], 12),
    ([1, 16, 8, 8], [3, 3], [1, 1], [1, 1], 64),
    ([1, 2, 40, 7], [7, 3], [3, 1], [1, 1], 16),
    ([8, 4, 15, 17], [3, 4], [1, 3], [0, 2], 47),
    ([1, 20, 9, 18], [3, 3], [1, 1], [1, 1], 3),
    ([1, 33, 6, 6], [3, 3], [1, 1], [1, 1], 2),
    ([1, 16, 36, 36], [3, 3], [1, 1], [1, 1], 2),
    ([1, 2, 6, 300], [3, 3], [1, 1], [1, 1], 2),
    ([1, 1, 12, 40], [2, 17], [1, 1], [0, 0], 2),
];

fn geometry(([_, c, h, w], kernel, stride, pad, _): Case) -> Geometry {
    Geometry::new([c, h, w], Window { kernel, stride, pad, rounding: Rounding::Down }).expect("a valid case")
}

#[test]
fn convolution_of_every_geometry() {
    for case in CASES {
        let (g, n, filters) = (geometry(case), case.0[0], case.4);
        let (x, w) = (numbers(n * g.input_len(), 1), numbers(filters * g.patch_len(), 2));
        let (b, dy) = (numbers(filters, 3), numbers(n * filters * g.positions(), 4));

        let exact = |x: &[f64], w: &[f64], b: &[f64]| {
            let mut y = vec![0.0; dy.len()];
            reference::conv_forward(&g, x, w, b, &mut y);
            y
        };
        let (y, size) =
            (exact(&wide(&x), &wide(&w), &wide(&b)), exact(&magnitudes(&x), &magnitudes(&w), &magnitudes(&b)));
        check(&format!("forward {case:?}"), y.len(), g.patch_len(), &y, &size, |y| {
            convolution::forward(&g, &x, &w, &b, y)
        });

        let exact = |x: &[f64], dy: &[f64]| {
            let (mut dw, mut db) = (vec![0.0; w.len()], vec![0.0; filters]);
            reference::conv_backward_weights(&g, x, dy, &mut dw, &mut db);
            [dw, db].concat()
        };
        let (d, size) = (exact(&wide(&x), &wide(&dy)), exact(&magnitudes(&x), &magnitudes(&dy)));
        let terms = n * g.positions();
        check(&format!("backward_weights {case:?}"), d.len(), terms, &d, &size, |out| {
            let (dw, db) = out.split_at_mut(w.len());
            convolution::backward_weights(&g, &x, &dy, dw, db);
        });

        let exact = |w: &[f64], dy: &[f64]| {
            let mut dx = vec![0.0; x.len()];
            reference::conv_backward_input(&g, w, dy, &mut dx);
            dx
        };
        let (dx, size) = (exact(&wide(&w), &wide(&dy)), exact(&magnitudes(&w), &magnitudes(&dy)));
        let terms = filters * g.patch_len();
        check(&format!("backward_input {case:?}"), dx.len(), terms, &dx, &size, |dx| {
            convolution::backward_input(&g, &w, &dy, dx);
        });
    }
}

/// Poolings that fit most cases: kernel and stride.
const POOLS: [([usize; 2], [usize; 2]); 13] = [
    ([5, 5], [5, 5]),
    ([1, 4], [1, 4]),
    ([4, 1], [4, 1]),
    ([2, 2], [2, 2]),
    ([1, 1], [1, 1]),
    ([3, 3], [2, 2]),
    ([2, 3], [1, 2]),
    ([3, 2], [3, 3]),
    ([2, 2], [1, 3]),
    ([1, 2], [2, 2]),
    ([3, 1], [1, 1]),
    ([1, 5], [1, 4]),
    ([2, 4], [2, 2]),
];

#[test]
fn pooling_of_every_geometry() {
    let pools: [Case; 6] = [
        ([2, 3, 24, 24], [2, 2], [2, 2], [0, 0], 0),
        ([1, 1, 1, 1], [1, 1], [1, 1], [0, 0], 0),
        ([3, 5, 7, 5], [3, 2], [2, 1], [1, 1], 0),
        ([1, 9, 9, 40], [3, 3], [1, 3], [2, 2], 0),
        ([2, 1, 5, 17], [2, 2], [3, 2], [0, 1], 0),
        ([1, 2, 4, 66], [4, 5], [4, 1], [3, 4], 0),
    ];
    for case in pools {
        let (g, [n, c, ..]) = (geometry(case), case.0);
        let mut x = numbers(n * g.input_len(), 1);
        if x.len() > 9 {
            // Ties are there already (zeros); the first NaN wins, and −∞ is an element like any other.
            (x[2], x[5]) = (f32::NAN, -f32::NAN);
            let last = x.len() - 9;
            x[last..].fill(f32::NEG_INFINITY);
        }
        let len = n * c * g.positions();
        let (mut exact, mut places) = (vec![0.0; len], vec![0; len]);
        reference::max_pool(&g, &x, &mut exact, Some(&mut places));
        let bits = |y: &[f32]| y.iter().map(|y| if y.is_nan() { 0 } else { y.to_bits() }).collect::<Vec<_>>();
        for isa in Isa::available() {
            let mut argmax = vec![u32::MAX; len];
            let y = with_isa(isa, || output(len, |y| pooling::max_forward(&g, &x, y, &mut argmax)));
            assert!(bits(&y) == bits(&exact), "{case:?}, {}", isa.name());
            assert!(argmax == places, "{case:?}, {}: places", isa.name());
            let inferred = with_isa(isa, || output(len, |y| pooling::max_infer(&g, &x, y)));
            assert!(bits(&inferred) == bits(&exact), "{case:?}, {}: inference", isa.name());
        }
        // The mean: of numbers alone, and with all bits as the definition has them.
        x.iter_mut().filter(|x| !x.is_finite()).for_each(|x| *x = 0.0);
        reference::average_pool(&g, &x, &mut exact);
        for isa in Isa::available() {
            let y = with_isa(isa, || output(len, |y| pooling::average_forward(&g, &x, y)));
            assert!(y.iter().zip(&exact).all(|(y, exact)| y == exact), "{case:?}, {}: mean", isa.name());
        }
    }
}

#[test]
fn convolution_and_pooling_in_one_pass_equal_the_layers_one_by_one() {
    let mut pairs = 0;
    for (case, (kernel, stride)) in CASES.into_iter().flat_map(|case| POOLS.map(|pool| (case, pool))) {
        let (conv, n, filters) = (geometry(case), case.0[0], case.4);
        let [o_h, o_w] = conv.output();
        let window = Window { kernel, stride, pad: [0, 0], rounding: Rounding::Down };
        let Ok(pool) = Geometry::new([filters, o_h, o_w], window) else { continue };
        let Some(plan) = Plan::new(conv, pool) else { continue };
        pairs += 1;
        let (mut x, mut w) = (numbers(n * conv.input_len(), 1), numbers(filters * conv.patch_len(), 2));
        let mut b = numbers(filters, 3);
        // What is not finite, and what becomes so, passes through all of it.
        match pairs % 6 {
            0 => x[0] = f32::NAN,
            1 => w[0] = f32::NAN,
            2 => b[filters - 1] = f32::NAN,
            3 => x[0] = f32::INFINITY,
            4 => x.iter_mut().chain(&mut w).for_each(|number| *number *= 1e20),
            _ => {}
        }

        let mut between = vec![0.0; n * filters * conv.positions()];
        convolution::forward(&conv, &x, &w, &b, &mut between);
        let mut y = vec![0.0; n * filters * pool.positions()];
        let mut argmax = vec![0; y.len()];
        pooling::max_forward(&pool, &between, &mut y, &mut argmax);
        y.iter_mut().filter(|v| **v <= 0.0).for_each(|v| *v = 0.0);

        for isa in Isa::available() {
            let mut at = vec![7; y.len()];
            let got = with_isa(isa, || output(y.len(), |y| conv_pool::forward(&plan, &x, &w, &b, y, Some(&mut at))));
            let name = format!("{case:?}, pool {kernel:?}, {}", isa.name());
            for i in 0..y.len() {
                assert!(
                    got[i].to_bits() == y[i].to_bits() || (got[i].is_nan() && y[i].is_nan()),
                    "{name}: element {i}"
                );
                match at[i] {
                    conv_pool::AT_REST => assert!(y[i] == 0.0, "{name}: {i} is not at rest, but {}", y[i]),
                    winner => {
                        let at = plan.position(i % pool.positions(), winner);
                        assert!(y[i] != 0.0 && at == argmax[i] as usize, "{name}: winner {i} is at {at}");
                    }
                }
            }
            let inferred = with_isa(isa, || output(y.len(), |y| conv_pool::forward(&plan, &x, &w, &b, y, None)));
            assert!(inferred.iter().zip(&got).all(|(a, b)| a.to_bits() == b.to_bits()), "{name}: inference");
            for plan in plans_in_parts(plan) {
                let mut at_in_parts = vec![7; y.len()];
                let got_in_parts = with_isa(isa, || {
                    output(y.len(), |y| conv_pool::forward(&plan, &x, &w, &b, y, Some(&mut at_in_parts)))
                });
                let (columns, parts) = (filters * pool.positions(), plan.parts());
                assert!(bits(&got_in_parts) == bits(&in_parts(&got, columns, parts)), "{name}: in {parts} parts");
                assert!(at_in_parts == in_parts(&at, columns, parts), "{name}: winners in {parts} parts");
                let inferred = with_isa(isa, || output(y.len(), |y| conv_pool::forward(&plan, &x, &w, &b, y, None)));
                assert!(bits(&inferred) == bits(&got_in_parts), "{name}: inference in {parts} parts");
            }
        }

        let (x, w, b) = (numbers(n * conv.input_len(), 5), numbers(filters * conv.patch_len(), 2), numbers(filters, 3));
        let mut y = vec![0.0; y.len()];
        let mut winners = vec![0; y.len()];
        conv_pool::forward(&plan, &x, &w, &b, &mut y, Some(&mut winners));
        let dy = numbers(y.len(), 6);
        let exact = |x: &[f64], dy: &[f64]| {
            let (mut dw, mut db) = (vec![0.0; w.len()], vec![0.0; filters]);
            reference::conv_pool_backward_weights(&plan, x, &winners, dy, &mut dw, &mut db);
            [dw, db].concat()
        };
        let (d, size) = (exact(&wide(&x), &wide(&dy)), exact(&magnitudes(&x), &magnitudes(&dy)));
        check(&format!("backward {case:?}, pool {kernel:?}"), d.len(), n * pool.positions(), &d, &size, |out| {
            let (dw, db) = out.split_at_mut(w.len());
            conv_pool::backward_weights(&plan, &x, &winners, &dy, dw, db);
        });
        let exact = |w: &[f64], dy: &[f64]| {
            let mut dx = vec![0.0; x.len()];
            reference::conv_pool_backward_input(&plan, &winners, w, dy, &mut dx);
            dx
        };
        let (d, size) = (exact(&wide(&w), &wide(&dy)), exact(&magnitudes(&w), &magnitudes(&dy)));
        // A pixel is seen by every tap of every filter at most once for each element of a pooling window.
        let terms = filters * conv.patch_len() * kernel[0] * kernel[1];
        check(&format!("input of {case:?}, pool {kernel:?}"), d.len(), terms, &d, &size, |dx| {
            conv_pool::backward_input(&plan, &winners, &w, &dy, dx);
        });
        let columns = filters * pool.positions();
        let backward = |plan: Plan| {
            let winners = in_parts(&winners, columns, plan.parts());
            let dy = in_parts(&dy, columns, plan.parts());
            let (mut dw, mut db) = (vec![0.0; w.len()], vec![0.0; filters]);
            conv_pool::backward_weights(&plan, &x, &winners, &dy, &mut dw, &mut db);
            let mut dconv = vec![0.0; n * filters * conv.positions()];
            conv_pool::backward_pool(&plan, &winners, &dy, &mut dconv);
            let mut dx = vec![0.0; x.len()];
            conv_pool::backward_input(&plan, &winners, &w, &dy, &mut dx);
            [bits(&dw), bits(&db), bits(&dconv), bits(&dx)]
        };
        let whole = backward(plan);
        for plan in plans_in_parts(plan) {
            let parts = plan.parts();
            assert!(whole == backward(plan), "backward {case:?}, pool {kernel:?}: in {parts} parts");
        }
    }
    assert!(pairs > 100, "only {pairs} pairs of windows");
}

/// The same plan, in every number of parts that there can be.
fn plans_in_parts(plan: Plan) -> impl Iterator<Item = Plan> {
    (1..=plan.pool().channels()).filter_map(move |filters| plan.in_parts_of(filters))
}

/// As many tasks as can be, of hardly more lanes than the best choice takes: a filter a part; else more, or none.
#[test]
fn parts_are_many_and_full() {
    let parts = |filters, side| {
        let conv = Geometry::new([1, side, side], Window::square(5)).expect("fits");
        let [height, width] = conv.output();
        let pool = Geometry::new([filters, height, width], Window::square(2).stride(2)).expect("fits");
        Plan::new(conv, pool).expect("they fit").in_parts().map(|plan| plan.parts())
    };
    // 144 windows: the book's network, an odd number of filters, as few as are worth it, and fewer.
    assert_eq!([30, 31, 9, 8].map(|filters| parts(filters, 28)), [Some(30), Some(31), Some(9), None]);
    // 169: lanes unused in every part, but few.
    assert_eq!([30, 19].map(|filters| parts(filters, 30)), [Some(30), Some(19)]);
    // 64 are just enough for a part, 36 are not: of two filters a part would leave a tenth of the lanes unused.
    assert_eq!([30, 31].map(|filters| parts(filters, 20)), [Some(30), Some(31)]);
    assert_eq!([40, 42, 37].map(|filters| parts(filters, 16)), [Some(10), Some(14), None]);
    // As many outputs as can be wished, but no eight parts.
    assert_eq!([7, 4].map(|filters| parts(filters, 84)), [None, None]);
    // One window: a part of 64 filters; and more filters than could ever be tried one by one.
    assert_eq!([1280, 1 << 50].map(|filters| parts(filters, 6)), [Some(1280 / 64), Some(1 << 44)]);
}

/// The gradients go from winner to winner by numbers that the forward pass has written: any others lead nowhere else.
#[test]
fn winners_of_any_number_stay_inside() {
    // (Of shapes for which all positions are faster, such winners are refused.)
    for (kernel, channels) in [([2, 2], 1), ([2, 2], 20), ([3, 3], 2), ([1, 4], 16)] {
        let size = if channels == 1 { 5 } else { 3 };
        let conv = geometry(([1, channels, 13, 14], [size; 2], [1, 1], [size / 2; 2], 11));
        let window = Window { kernel, stride: kernel, pad: [0, 0], rounding: Rounding::Down };
        let pool = Geometry::new([11, 13, 14], window).expect("fits");
        let plan = Plan::new(conv, pool).expect("they fit");
        let in_parts = plan.in_parts_of(1).expect("eleven parts");
        let (x, w) = (numbers(conv.input_len(), 1), numbers(11 * conv.patch_len(), 2));
        let dy = numbers(11 * pool.positions(), 3);
        let winners: Vec<u8> = (0..dy.len()).map(|i| (i * 7 % 256) as u8).collect();
        for (isa, plan) in Isa::available().flat_map(|isa| [(isa, plan), (isa, in_parts)]) {
            with_isa(isa, || {
                output(w.len(), |dw| conv_pool::backward_weights(&plan, &x, &winners, &dy, dw, &mut [0.0; 11]));
                if channels >= 16 {
                    output(x.len(), |dx| conv_pool::backward_input(&plan, &winners, &w, &dy, dx));
                }
            });
        }
    }
}

/// What every kernel gives for some images, a few or many.
fn everything(n: usize) -> Vec<Vec<f32>> {
    let conv = geometry(([n, 2, 12, 13], [3, 3], [1, 1], [1, 1], 30));
    let pool = Geometry::new([30, 12, 13], Window { rounding: Rounding::Down, ..Window::square(2).stride(2) });
    let pool = pool.expect("fits");
    // Two parts are the first half, one is the second; none ends with a vector.
    let plan = Plan::new(conv, pool).and_then(|plan| plan.in_parts_of(10)).expect("they fit, and ten divides thirty");
    let parts = Layout::InParts(3);
    let (x, w, b) = (numbers(n * conv.input_len(), 1), numbers(30 * conv.patch_len(), 2), numbers(30, 3));
    let (mut y, mut winners) = (vec![0.0; n * 30 * pool.positions()], vec![0; n * 30 * pool.positions()]);
    conv_pool::forward(&plan, &x, &w, &b, &mut y, Some(&mut winners));
    let (mut dw, mut db, dy) = (vec![0.0; w.len()], vec![0.0; 30], numbers(y.len(), 4));
    conv_pool::backward_weights(&plan, &x, &winners, &dy, &mut dw, &mut db);
    let mut dconv = vec![0.0; n * 30 * conv.positions()];
    conv_pool::backward_pool(&plan, &winners, &dy, &mut dconv);
    let (mut dw_plain, mut dx) = (w.clone(), x.clone());
    convolution::backward_weights(&conv, &x, &dconv, &mut dw_plain, &mut db.clone());
    convolution::backward_input(&conv, &w, &dconv, &mut dx);
    let mut dx_of_winners = x.clone();
    conv_pool::backward_input(&plan, &winners, &w, &dy, &mut dx_of_winners);
    let mut plain = dconv.clone();
    convolution::forward(&conv, &x, &w, &b, &mut plain);
    let mut pooled = vec![0.0; y.len()];
    pooling::max_infer(&pool, &plain, &mut pooled);
    let (mut mean, mut dmean) = (pooled.clone(), plain.clone());
    pooling::average_forward(&pool, &plain, &mut mean);
    pooling::average_backward(&pool, &mean, &mut dmean);

    let (inputs, outputs) = (30 * pool.positions(), 55);
    let (w, b) = (numbers(inputs * outputs, 5), numbers(outputs, 6));
    let (mut scores, dscores) = (vec![0.0; n * outputs], numbers(n * outputs, 7));
    crate::affine::forward(parts, &y, &w, &b, &mut scores);
    let (mut dw_affine, mut dy) = (w.clone(), y.clone());
    crate::affine::backward_weights(parts, &y, &dscores, &mut dw_affine, &mut b.clone());
    crate::affine::backward_input(parts, &w, outputs, &dscores, &mut dy);
    let mut product = Array2::zeros((n, inputs));
    let [a, b] = [(&dscores, n, outputs), (&w, outputs, inputs)]
        .map(|(v, rows, columns)| ArrayView2::from_shape((rows, columns), v).expect("fits"));
    crate::gemm(1.0, a, b, 0.0, product.view_mut());
    let winners = winners.iter().map(|&winner| f32::from(winner)).collect();
    let product = product.into_raw_vec_and_offset().0;
    vec![y, winners, dw, db, dw_plain, dx, dx_of_winners, plain, pooled, mean, dmean, scores, dw_affine, dy, product]
}

#[test]
fn threads_do_not_change_the_bits() {
    for n in [1, 3, 9, 130] {
        let run = |threads| crate::threads::Pool::new(threads).install(|| everything(n));
        let one = run(1);
        for threads in [2, 3, 8] {
            let got = run(threads);
            let differs = (0..one.len()).find(|&i| got[i] != one[i]);
            assert_eq!(differs, None, "{n} images, {threads} threads: which result differs");
        }
    }
}
