//! Buffers that a kernel needs for the length of a call, kept by each thread for the next one.

use std::cell::RefCell;

thread_local! {
    /// Those not in use, the last returned on top: nested calls find the same ones again each time.
    static BUFFERS: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// Numbers in a line of the cache.
const LINE: usize = 16;

/// Calls `f` with `len` numbers of any content. They begin with a line of the cache: a vector that lies across two lines takes
/// twice as long to load.
pub(super) fn with<R>(len: usize, f: impl FnOnce(&mut [f32]) -> R) -> R {
    let mut buffer = BUFFERS.with_borrow_mut(Vec::pop).unwrap_or_default();
    if buffer.len() < len + LINE {
        buffer.resize(len + LINE, 0.0);
    }
    let first = buffer.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
    let result = f(&mut buffer[first..][..len]);
    BUFFERS.with_borrow_mut(|buffers| buffers.push(buffer));
    result
}
