//! What this machine can do at most: arithmetic without memory, and memory without arithmetic.

use std::time::Instant;

use serde::Serialize;
use tensor::machine;
use tensor::threads::{self, Pool};

/// So long is a window, in seconds.
const WINDOW: f64 = 0.03;
/// The same where only a moment is left.
const SHORT_WINDOW: f64 = 0.001;
/// The best of so many windows counts.
const WINDOWS: usize = 10;
/// A window of all threads is cut into so many tasks a thread, so that none waits long for another at the end.
const TASKS_PER_THREAD: usize = 16;
/// Bytes that are copied: well beyond the caches.
const COPIED: usize = 128 << 20;
/// The same where only a moment is left.
const COPIED_SHORT: usize = 1 << 20;
/// Numbers in a task of the copy.
const COPIED_PART: usize = 1 << 18;

/// One thread, and all that are used.
#[derive(Debug)]
pub struct Pools {
    /// A pool of one thread.
    pub one: Pool,
    /// The default pool.
    pub all: Pool,
}

impl Pools {
    /// With the default pool as it was set up.
    pub fn new() -> Self {
        Pools { one: Pool::new(1), all: threads::current() }
    }
}

impl Default for Pools {
    fn default() -> Self {
        Pools::new()
    }
}

/// The best of all windows so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Limit {
    /// Multiplications and additions a second on one thread, in 10⁹.
    #[serde(rename = "peak_gflops_one")]
    pub gflops_one: f64,
    /// The same on all threads.
    #[serde(rename = "peak_gflops_all")]
    pub gflops_all: f64,
    /// Bytes a second that one thread copies, read and written, in 10⁹.
    #[serde(rename = "copy_gbytes_per_second_one")]
    pub copy_one: f64,
    /// The same on all threads.
    #[serde(rename = "copy_gbytes_per_second_all")]
    pub copy_all: f64,
}

/// Measures the limit in windows between everything else, so that both see the same machine.
#[derive(Debug)]
pub struct Meter {
    best: Limit,
    windows: usize,
    /// What one thread does in a window.
    rounds: usize,
    from: Vec<f32>,
    to: Vec<f32>,
}

impl Meter {
    /// Windows that are long enough, and a buffer that no cache holds; or, if `tiny`, neither.
    pub fn new(tiny: bool) -> Self {
        let (window, copied) = if tiny { (SHORT_WINDOW, COPIED_SHORT) } else { (WINDOW, COPIED) };
        let mut rounds = 1;
        let mut seconds = 0.0;
        while seconds < window / 10.0 {
            rounds *= 2;
            // The best of some: one that was put aside for a while would leave next to nothing to do in a window.
            seconds = (0..5).map(|_| time(|| machine::multiply_adds(rounds))).fold(f64::INFINITY, f64::min);
        }
        let rounds = ((rounds as f64 * window / seconds) as usize).max(TASKS_PER_THREAD);
        // Written once, so that the memory is there.
        let (from, to) = (vec![1.0; copied / 4], vec![2.0; copied / 4]);
        Meter { best: Limit::default(), windows: 0, rounds, from, to }
    }

    /// One window of everything.
    pub fn window(&mut self, pools: &Pools) {
        self.windows += 1;
        let [one, all] = [&pools.one, &pools.all].map(|pool| multiply_adds(pool, self.rounds));
        let [copy_one, copy_all] = [&pools.one, &pools.all].map(|pool| self.copy(pool));
        let Limit { gflops_one, gflops_all, copy_one: best_one, copy_all: best_all } = self.best;
        self.best = Limit {
            gflops_one: gflops_one.max(one),
            gflops_all: gflops_all.max(all),
            copy_one: best_one.max(copy_one),
            copy_all: best_all.max(copy_all),
        };
    }

    /// The windows that are left, and what came out.
    pub fn finish(mut self, pools: &Pools) -> Limit {
        while self.windows < WINDOWS {
            self.window(pools);
        }
        self.best
    }

    /// What so many threads reach, the best of three windows.
    pub fn gflops_of(&self, pool: &Pool) -> f64 {
        (0..3).map(|_| multiply_adds(pool, self.rounds)).fold(0.0, f64::max)
    }

    fn copy(&mut self, pool: &Pool) -> f64 {
        let (from, to) = (&self.from, &mut self.to);
        let seconds = time(|| match pool.threads() {
            1 => to.copy_from_slice(from),
            _ => pool.install(|| {
                threads::for_each_part(to, COPIED_PART, |i, part| {
                    part.copy_from_slice(&from[i * COPIED_PART..][..part.len()]);
                });
            }),
        });
        1e-9 * (2 * 4 * from.len()) as f64 / seconds
    }
}

/// 10⁹ multiplications and additions a second, when each thread of the pool does so many rounds.
fn multiply_adds(pool: &Pool, rounds: usize) -> f64 {
    let threads = pool.threads();
    let (tasks, rounds) =
        if threads == 1 { (1, rounds) } else { (threads * TASKS_PER_THREAD, rounds / TASKS_PER_THREAD) };
    let seconds = time(|| pool.install(|| machine::multiply_adds_in_tasks(tasks, rounds)));
    1e-9 * (tasks * rounds * machine::flop_per_round()) as f64 / seconds
}

fn time(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64().max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_limit() {
        let pools = Pools::new();
        let mut meter = Meter::new(true);
        meter.window(&pools);
        let Limit { gflops_one, gflops_all, copy_one, copy_all } = meter.finish(&pools);
        for speed in [gflops_one, gflops_all, copy_one, copy_all] {
            assert!(speed.is_finite() && speed > 0.0);
        }
    }
}
