//! How fast this machine computes at most: what the kernels are measured by.
//!
//! ```
//! use std::time::Instant;
//! use tensor::machine;
//!
//! let start = Instant::now();
//! machine::multiply_adds(1000);
//! let seconds = start.elapsed().as_secs_f64();
//! println!("{:.1} GFLOP/s", 1e-9 * (1000 * machine::flop_per_round()) as f64 / seconds);
//! ```

use crate::kernels::multiply_adds as kernel;
use crate::threads::for_each_task;

/// Runs so many rounds of fused multiply-adds on this thread, with the widest vectors of the instruction set in use
/// ([`isa`](crate::isa())) and at least twelve independent sums, which stay in registers. Reads and writes no memory.
pub fn multiply_adds(rounds: usize) {
    kernel::multiply_adds(rounds);
}

/// As [`multiply_adds`], `tasks` times, on the threads of the current pool. (Many small tasks keep all threads busy to
/// the end, where a thread is put aside for a while.)
pub fn multiply_adds_in_tasks(tasks: usize, rounds: usize) {
    for_each_task(tasks, &|_| kernel::multiply_adds(rounds));
}

/// The multiplications and additions of a round: two for every lane of every sum.
pub fn flop_per_round() -> usize {
    kernel::flop_per_round()
}
