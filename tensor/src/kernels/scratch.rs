//! Buffers that a kernel needs for the length of a call, kept by each thread for the next one.
//!
//! A worker that did not help with the first call may help with a later one, and will then need what the others had. So
//! whoever needs a larger buffer than ever in a task allocates as many as there are threads; the others find theirs ready,
//! and after the first step of a training nothing is allocated.

use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

use crate::threads;

/// Numbers in a line of the cache.
const LINE: usize = 16;

thread_local! {
    /// This thread's buffers outside of the pool's tasks, and in them.
    static OWN: [RefCell<Own>; 2] = const { [const { RefCell::new(Own::NONE) }; 2] };
}

/// One buffer for a call, the next for a call inside of it, and so on.
struct Own {
    buffers: [Vec<f32>; DEEPEST],
    in_use: usize,
}

/// So many calls inside of each other are enough for every kernel.
const DEEPEST: usize = 8;

impl Own {
    const NONE: Self = Own { buffers: [const { Vec::new() }; DEEPEST], in_use: 0 };
}

/// Buffers for threads that have none as large yet, with the depth of the call that they are for.
static READY: Mutex<Vec<(usize, Vec<f32>)>> = Mutex::new(Vec::new());

/// Calls `f` with `len` numbers of any content. They begin with a line of the cache: a vector that lies across two lines takes
/// twice as long to load.
pub(super) fn with<R>(len: usize, f: impl FnOnce(&mut [f32]) -> R) -> R {
    // How many threads may run the task that this is in; none of them outside of tasks.
    let threads = threads::of_this_task();
    OWN.with(|own| {
        let own = &own[usize::from(threads > 0)];
        let mut taken = Taken::from(own);
        if taken.buffer.len() < len + LINE {
            taken.buffer = larger(taken.depth, len + LINE, threads);
        }
        let first = taken.buffer.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        f(&mut taken.buffer[first..][..len])
    })
}

/// A buffer in use; it goes back where it came from, also where the call panics.
struct Taken<'a> {
    own: &'a RefCell<Own>,
    depth: usize,
    buffer: Vec<f32>,
}

impl<'a> Taken<'a> {
    fn from(own: &'a RefCell<Own>) -> Self {
        let Own { buffers, in_use: depth } = &mut *own.borrow_mut();
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
fn larger(depth: usize, len: usize, threads: usize) -> Vec<f32> {
    let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
    let fits = |(for_depth, buffer): &(usize, Vec<f32>)| *for_depth == depth && buffer.len() >= len;
    if let Some(at) = ready.iter().position(fits).filter(|_| threads > 0) {
        return ready.swap_remove(at).1;
    }
    if threads > 0 {
        // Nobody will ask for smaller ones again.
        ready.retain(|(for_depth, _)| *for_depth != depth);
        ready.extend((1..threads).map(|_| (depth, vec![0.0; len])));
    }
    vec![0.0; len]
}
