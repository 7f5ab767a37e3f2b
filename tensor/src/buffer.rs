//! Memory for numbers.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// Bytes in a line of the cache.
const LINE: usize = 64;

/// A slice of numbers that begins with a line of the cache, wherever the system put its memory.
///
/// A vector of sixteen `f32` is as long as a line. Where numbers begin in the middle of one (as large arrays from the
/// system's allocator do), each vector lies across two lines and is loaded twice: with all arrays in such a place an affine map
/// takes a quarter longer.
///
/// ```
/// let mut x = tensor::Buffer::from(&[1.0, 2.0][..]);
/// assert_eq!(x.as_ptr() as usize % 64, 0);
/// x.resize(3);
/// assert_eq!(x[..], [1.0, 2.0, 0.0]);
/// ```
pub struct Buffer<T> {
    /// More than `len` elements, so that there is a line that begins among the first.
    memory: Vec<T>,
    first: usize,
    len: usize,
}

impl<T> Buffer<T> {
    /// No numbers; allocates nothing.
    pub const fn new() -> Self {
        Buffer { memory: Vec::new(), first: 0, len: 0 }
    }
}

impl<T: Copy + Default> Buffer<T> {
    /// So many zeros.
    ///
    /// # Panics
    /// Where they do not fit into memory.
    pub fn zeros(len: usize) -> Self {
        if len == 0 {
            return Buffer::new();
        }
        let most = LINE / size_of::<T>().max(1);
        let memory = vec![T::default(); len.checked_add(most).expect("numbers that fit into memory")];
        // (Where no element begins with a line, the first will do.)
        let first = memory.as_ptr().align_offset(LINE);
        Buffer { first: if first <= most { first } else { 0 }, memory, len }
    }

    /// Makes it longer, with zeros, or shorter. What is longer than ever before moves to new memory.
    pub fn resize(&mut self, len: usize) {
        if len > self.memory.len() - self.first {
            let mut longer = Buffer::zeros(len);
            longer[..self.len].copy_from_slice(self);
            *self = longer;
        } else {
            let new = self.first + self.len.min(len)..self.first + len;
            self.memory[new].fill(T::default());
            self.len = len;
        }
    }
}

impl<T: Copy + Default> From<&[T]> for Buffer<T> {
    fn from(numbers: &[T]) -> Self {
        let mut buffer = Buffer::zeros(numbers.len());
        buffer.copy_from_slice(numbers);
        buffer
    }
}

impl<T> Deref for Buffer<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.memory[self.first..][..self.len]
    }
}

impl<T> DerefMut for Buffer<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.memory[self.first..][..self.len]
    }
}

impl<T> Default for Buffer<T> {
    fn default() -> Self {
        Buffer::new()
    }
}

impl<T: Copy + Default> Clone for Buffer<T> {
    fn clone(&self) -> Self {
        Buffer::from(&**self)
    }
}

impl<T: fmt::Debug> fmt::Debug for Buffer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Buffer<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begins_with_a_line<T>(buffer: &Buffer<T>) -> bool {
        (buffer.as_ptr() as usize).is_multiple_of(LINE)
    }

    #[test]
    fn every_length_begins_with_a_line_also_as_a_copy() {
        for len in (1..200).chain([4096, 100_000]) {
            let (singles, doubles, bytes) =
                (Buffer::<f32>::zeros(len), Buffer::<f64>::zeros(len), Buffer::<u8>::zeros(len));
            assert!(
                begins_with_a_line(&singles) && begins_with_a_line(&doubles) && begins_with_a_line(&bytes),
                "{len}"
            );
            assert!(begins_with_a_line(&singles.clone()) && singles.len() == len && singles.clone() == singles);
        }
    }

    #[test]
    fn a_new_length_keeps_the_numbers_and_adds_zeros() {
        let mut x = Buffer::from(&[1, 2, 3][..]);
        for len in [5, 2, 4, 300] {
            let kept = x.len().min(len);
            x.resize(len);
            let expected: Vec<i32> = (0..len).map(|i| if i < kept { i as i32 + 1 } else { 0 }).collect();
            assert_eq!(x[..], expected[..]);
            assert!(begins_with_a_line(&x));
            let numbers: Vec<i32> = (1..=len as i32).collect();
            x.copy_from_slice(&numbers);
        }
        x.resize(0);
        assert_eq!((x.len(), Buffer::<f32>::new().len()), (0, 0));
    }
}
