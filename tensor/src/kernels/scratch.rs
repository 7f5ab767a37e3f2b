//! Buffers that a kernel needs for the length of a call, kept by each thread for the next one.
//!
//! A worker that did not help with the first call may help with a later one, and will then need what the others had. So
//! whoever needs a larger buffer than ever in a task allocates as many as there are threads; the others find theirs ready,
//! and after the first step of a training nothing is allocated.

use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::buffer::Buffer;
use crate::threads::{self, Task};

thread_local! {
    /// This thread's buffers outside of the pool's tasks, and in them.
    static OWN: [RefCell<Own>; 2] = const { [const { RefCell::new(Own::NONE) }; 2] };
}

/// One buffer for a call, the next for a call inside of it, and so on.
struct Own {
    /// The pool in whose tasks they were used: another one begins anew, with all of its threads alike.
    pool: u64,
    buffers: [Buffer<f32>; DEEPEST],
    in_use: usize,
}

/// So many calls inside of each other are enough for every kernel.
const DEEPEST: usize = 8;

impl Own {
    const NONE: Self = Own { pool: 0, buffers: [const { Buffer::new() }; DEEPEST], in_use: 0 };
}

/// Buffers for threads that have none as large yet.
static READY: Mutex<Vec<Ready>> = Mutex::new(Vec::new());

/// A buffer for any thread of a pool, and the depth of the call that it is for.
struct Ready {
    pool: u64,
    depth: usize,
    buffer: Buffer<f32>,
}

/// Calls `f` with `len` numbers of any content.
pub(super) fn with<R>(len: usize, f: impl FnOnce(&mut [f32]) -> R) -> R {
    let task = threads::this_task();
    OWN.with(|own| {
        let own = &own[usize::from(task.is_some())];
        let mut taken = Taken::from(own, task);
        if taken.buffer.len() < len {
            taken.buffer = larger(taken.depth, len, task);
        }
        // Whoever relies on what a buffer held before is found out by the tests.
        #[cfg(test)]
        taken.buffer.fill(f32::NAN);
        f(&mut taken.buffer[..len])
    })
}

/// The same, with whole numbers of 32 bits.
pub(super) fn with_whole<R>(len: usize, f: impl FnOnce(&mut [u32]) -> R) -> R {
    with(len, |numbers| {
        // SAFETY: both have the same size and alignment, and every pattern of bits is a number of either.
        f(unsafe { std::slice::from_raw_parts_mut(numbers.as_mut_ptr().cast(), numbers.len()) })
    })
}

/// A buffer in use; it goes back where it came from, also where the call panics.
struct Taken<'a> {
    own: &'a RefCell<Own>,
    depth: usize,
    buffer: Buffer<f32>,
}

impl<'a> Taken<'a> {
    fn from(own: &'a RefCell<Own>, task: Option<Task>) -> Self {
        let Own { pool, buffers, in_use: depth } = &mut *own.borrow_mut();
        if let Some(task) = task
            && task.pool != *pool
        {
            *pool = task.pool;
            buffers.iter_mut().for_each(|buffer| *buffer = Buffer::new());
        }
        let buffer = std::mem::take(&mut buffers[*depth]);
        *depth += 1;
        Taken { own, depth: *depth - 1, buffer }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut own = self.own.borrow_mut();
        own.in_use = self.depth;
        own.buffers[self.depth] = std::mem::take(&mut self.buffer);
    }
}

/// A buffer that is ready, or a new one, and then also one for each other thread that may run the same task.
fn larger(depth: usize, len: usize, task: Option<Task>) -> Buffer<f32> {
    if let Some(Task { pool, threads }) = task {
        let mut ready = lock();
        if let Some(at) = ready.iter().position(|r| (r.pool, r.depth) == (pool, depth) && r.buffer.len() >= len) {
            return ready.swap_remove(at).buffer;
        }
        // Nobody will ask for smaller ones again.
        ready.retain(|r| (r.pool, r.depth) != (pool, depth));
        ready.extend((1..threads).map(|_| Ready { pool, depth, buffer: Buffer::zeros(len) }));
    }
    Buffer::zeros(len)
}

/// Gives back what is ready for the threads of a pool that ends.
pub(crate) fn forget(pool: u64) {
    lock().retain(|ready| ready.pool != pool);
}

fn lock() -> MutexGuard<'static, Vec<Ready>> {
    READY.lock().unwrap_or_else(PoisonError::into_inner)
}
