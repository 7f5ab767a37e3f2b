//! What the micro-benchmarks share: numbers to compute with, and one way to measure.
#![forbid(unsafe_code)]

use std::time::Duration;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, Divan};
use tensor::threads::Pool;

/// Images in a batch, as in the book.
pub const BATCH: usize = 100;

/// Runs the benchmarks that the arguments of the program ask for. A short kernel runs for a tenth of a second too: a hundred
/// calls of some microseconds would be over before the core has reached its speed.
pub fn main() {
    Divan::default().min_time(Duration::from_millis(100)).config_with_args().main();
}

/// Measures a kernel that does so many multiplications and additions. These are the items of the report: Gitem/s are GFLOP/s.
pub fn measure_flop(bencher: Bencher<'_, '_>, flop: usize, kernel: impl FnMut()) {
    let bencher = bencher.counter(ItemsCount::new(flop));
    on_one_thread(|| bencher.bench_local(kernel));
}

/// Measures a kernel that moves numbers: it reads and writes so many, of four bytes each.
pub fn measure_moved(bencher: Bencher<'_, '_>, numbers: usize, kernel: impl FnMut()) {
    let bencher = bencher.counter(BytesCount::new(4 * numbers));
    on_one_thread(|| bencher.bench_local(kernel));
}

/// One thread is what a kernel is tuned on: nothing waits for another core.
fn on_one_thread(run: impl FnOnce()) {
    Pool::new(1).install(run);
}

/// Numbers from −1 to 1, the same in every run.
pub fn signed(len: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = || {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / 2_f32.powi(31) - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// Numbers from 0 to 1, the same in every run.
pub fn positive(len: usize) -> Vec<f32> {
    signed(len).into_iter().map(f32::abs).collect()
}
