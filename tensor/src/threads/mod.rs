//! Threads: one pool, tasks split by a rule that depends on the problem alone.
//!
//! A kernel cuts its work into tasks (never by the number of threads), each task writes its own part of the output, and
//! [`for_each_task`] runs them all. So 1, 2, 3 or 64 threads give the same bits.
//!
//! Waking a sleeping thread takes about as long as one of our kernels; so workers keep looking for work for a short while
//! before they go to sleep. Every thread begins with a share of its own, the same one each time (its data are still in
//! its cache), and then helps the others: a thread that the system has put aside holds nobody up but for the task that it
//! is in.
//!
//! A kernel that is called while the pool is busy (by another thread, or from inside a task) runs its tasks itself, in
//! order: nothing can deadlock.

mod parts;
mod pool;

use std::cell::RefCell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use parts::{Block, for_each_block, for_each_block2, for_each_part, for_each_part_of, for_each_part2};
pub use pool::Pool;
pub(crate) use pool::Task;

static DEFAULT_THREADS: AtomicUsize = AtomicUsize::new(0);
static DEFAULT_POOL: OnceLock<Pool> = OnceLock::new();

thread_local! {
    static INSTALLED: RefCell<Option<Pool>> = const { RefCell::new(None) };
}

/// Sets how many threads the default pool has; 0 stands for the available cores. Returns whether the pool has, or will have,
/// so many: it is built once, at its first use, and keeps its size.
pub fn set_default_threads(threads: usize) -> bool {
    DEFAULT_THREADS.store(threads, Ordering::Relaxed);
    let wanted = if threads == 0 { available_cores() } else { threads };
    DEFAULT_POOL.get().is_none_or(|pool| wanted == pool.threads())
}

/// Cores that this process may use.
pub fn available_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The pool that kernels called from this thread use: the installed one, else the default pool.
pub fn current() -> Pool {
    INSTALLED.with_borrow(Option::clone).unwrap_or_else(|| default_pool().clone())
}

fn default_pool() -> &'static Pool {
    DEFAULT_POOL.get_or_init(|| match DEFAULT_THREADS.load(Ordering::Relaxed) {
        0 => Pool::new(available_cores()),
        threads => Pool::new(threads),
    })
}

/// Runs `f` with `pool` as the pool of every kernel that `f` calls on this thread.
pub(crate) fn with_pool<R>(pool: &Pool, f: impl FnOnce() -> R) -> R {
    struct Restore(Option<Pool>);
    impl Drop for Restore {
        fn drop(&mut self) {
            INSTALLED.set(self.0.take());
        }
    }
    let _restore = Restore(INSTALLED.replace(Some(pool.clone())));
    f()
}

/// The task that this thread is running, if any. (A kernel that is called from inside a task does its work alone.)
pub(crate) fn this_task() -> Option<Task> {
    pool::this_task()
}

/// Runs `task(0)` … `task(tasks − 1)`, each exactly once, on the current pool; returns when all are done.
///
/// # Panics
/// Where a task panics, after all others have ended.
pub fn for_each_task(tasks: usize, task: &(dyn Fn(usize) + Sync)) {
    if this_task().is_some() {
        (0..tasks).for_each(task);
    } else {
        current().for_each_task(tasks, task);
    }
}
