//! Vectors as arrays: runs everywhere, and is what the others are compared with.
//!
//! Without FMA hardware (or a target that is compiled for it) `f32::mul_add` is a function call, some 30 times slower:
//! the bits are the same, the speed is not.

use super::isa::Vectors;
use super::lanes::{Lanes, Lanes16};

/// Plain arrays.
#[derive(Clone, Copy)]
pub(super) struct Portable;

impl Vectors for Portable {
    type V16 = Array<16>;
    type V8 = Array<8>;
    const REGISTERS_OF_16: usize = 8;
}

#[derive(Clone, Copy)]
pub(super) struct Array<const N: usize>([f32; N]);

impl<const N: usize> Lanes<N> for Array<N> {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        Array([x; N])
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller's pointer is valid for N elements.
        Array(unsafe { from.cast::<[f32; N]>().read_unaligned() })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller's pointer is valid for N elements.
        unsafe { to.cast::<[f32; N]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        let mut lanes = [0.0; N];
        // SAFETY: the caller's pointer is valid for `n` elements, and `n` is at most N.
        unsafe { std::ptr::copy_nonoverlapping(from, lanes.as_mut_ptr(), n) };
        Array(lanes)
    }

    #[inline(always)]
    unsafe fn load_between(mut self, from: *const f32, first: usize, end: usize) -> Self {
        for lane in first..end {
            // SAFETY: the caller's pointer is valid for these lanes.
            self.0[lane] = unsafe { *from.wrapping_add(lane) };
        }
        self
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, n: usize) {
        // SAFETY: as in `load_first`.
        unsafe { std::ptr::copy_nonoverlapping(self.0.as_ptr(), to, n) };
    }

    #[inline(always)]
    unsafe fn mul_add(self, a: Self, b: Self) -> Self {
        Array(std::array::from_fn(|i| self.0[i].mul_add(a.0[i], b.0[i])))
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Array(std::array::from_fn(|i| self.0[i] + other.0[i]))
    }

    #[inline(always)]
    unsafe fn add_whole(self, other: Self) -> Self {
        Array(std::array::from_fn(|i| f32::from_bits(self.0[i].to_bits().wrapping_add(other.0[i].to_bits()))))
    }

    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        Array(std::array::from_fn(|i| if self.0[i] > other.0[i] { self.0[i] } else { other.0[i] }))
    }

    #[inline(always)]
    unsafe fn keep_larger(&mut self, at: &mut Self, new: Self, new_at: Self) {
        for i in 0..N {
            let (old, new) = (self.0[i], new.0[i]);
            if new > old || (new.is_nan() && !old.is_nan()) {
                (self.0[i], at.0[i]) = (new, new_at.0[i]);
            }
        }
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        Array(std::array::from_fn(|i| if self.0[i] <= 0.0 { 0.0 } else { self.0[i] }))
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8, n: usize) -> Self {
        let mut lanes = [f32::from_bits(255); N];
        for (i, lane) in lanes[..n].iter_mut().enumerate() {
            // SAFETY: the caller's pointer is valid for `n` bytes.
            *lane = f32::from_bits(u32::from(unsafe { *from.add(i) }));
        }
        Array(lanes)
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8, n: usize) {
        for (i, lane) in self.0[..n].iter().enumerate() {
            // SAFETY: the caller's pointer is valid for `n` bytes.
            unsafe { *to.add(i) = lane.to_bits() as u8 };
        }
    }

    type Mask = [bool; N];

    #[inline(always)]
    unsafe fn exceeds(self, other: Self) -> [bool; N] {
        std::array::from_fn(|i| self.0[i] > other.0[i])
    }

    #[inline(always)]
    unsafe fn same_bits(self, other: Self) -> [bool; N] {
        std::array::from_fn(|i| self.0[i].to_bits() == other.0[i].to_bits())
    }

    #[inline(always)]
    unsafe fn bit(self, bit: u32) -> [bool; N] {
        std::array::from_fn(|i| self.0[i].to_bits() >> bit & 1 == 1)
    }

    #[inline(always)]
    unsafe fn select(mask: [bool; N], yes: Self, no: Self) -> Self {
        Array(std::array::from_fn(|i| if mask[i] { yes.0[i] } else { no.0[i] }))
    }

    #[inline(always)]
    unsafe fn of_four(self, four: Self) -> Self {
        Array(std::array::from_fn(|i| four.0[i & !3 | (self.0[i].to_bits() & 3) as usize]))
    }

    #[inline(always)]
    unsafe fn store_without(self, mask: [bool; N], to: *mut f32) -> usize {
        let mut count = 0;
        for (lane, is_left_out) in self.0.into_iter().zip(mask) {
            // SAFETY: the caller's pointer is valid for N elements. (Without a branch: the next lane takes the place.)
            unsafe { *to.add(count) = lane };
            count += usize::from(!is_left_out);
        }
        count
    }

    #[inline(always)]
    unsafe fn to_array(self) -> [f32; N] {
        self.0
    }
}

impl Lanes16 for Array<16> {
    #[inline(always)]
    unsafe fn load_halves(first: *const f32, second: *const f32) -> Self {
        // SAFETY: both pointers are valid for 8 elements.
        Array(std::array::from_fn(|i| unsafe { if i < 8 { *first.add(i) } else { *second.add(i - 8) } }))
    }

    #[inline(always)]
    unsafe fn even_odd(a: Self, b: Self) -> [Self; 2] {
        let lane = |i: usize| if i < 16 { a.0[i] } else { b.0[i - 16] };
        [0, 1].map(|odd| Array(std::array::from_fn(|i| lane(2 * i + odd))))
    }

    #[inline(always)]
    unsafe fn transpose(rows: [Self; 16]) -> [Self; 16] {
        std::array::from_fn(|column| Array(std::array::from_fn(|row| rows[row].0[column])))
    }
}
