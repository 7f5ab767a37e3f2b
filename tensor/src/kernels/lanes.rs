//! A vector of `N` numbers: the few operations that the kernels are written in.
//!
//! Each lane computes exactly what the scalar operation would, so a kernel gives the same bits whatever the vectors are
//! made of.

/// `N` single-precision numbers side by side.
///
/// # Safety of all functions
/// The machine has the instructions of the implementation; pointers are valid for `N` elements (any alignment).
pub(super) trait Lanes<const N: usize>: Copy {
    /// All lanes `x`.
    unsafe fn splat(x: f32) -> Self;
    /// The `N` numbers at `from`.
    unsafe fn load(from: *const f32) -> Self;
    /// Writes the lanes to `to`.
    unsafe fn store(self, to: *mut f32);
    /// The first `n` ≤ `N` numbers at `from`, which need be valid for no more; the other lanes are 0.
    unsafe fn load_first(from: *const f32, n: usize) -> Self;
    /// `self` with the lanes `first .. end` from `from`, where lane 0 would be: the pointer need be valid for these lanes only.
    unsafe fn load_between(self, from: *const f32, first: usize, end: usize) -> Self;
    /// Writes the first `n` ≤ `N` lanes to `to`, which need be valid for no more.
    unsafe fn store_first(self, to: *mut f32, n: usize);
    /// `self · a + b` with one rounding.
    unsafe fn mul_add(self, a: Self, b: Self) -> Self;
    /// `self + other`.
    unsafe fn add(self, other: Self) -> Self;
    /// The sum of the bit patterns, as whole numbers.
    unsafe fn add_whole(self, other: Self) -> Self;
    /// 0 in every lane that is ≤ 0, the lane itself elsewhere; NaN stays NaN.
    unsafe fn relu(self) -> Self;
    /// `self` in every lane that is greater than `other`, `other` elsewhere.
    unsafe fn larger(self, other: Self) -> Self;
    /// Where `new` is the first NaN, or greater than `self`: `new`, and `new_at` in `at`; elsewhere unchanged. (`at` holds
    /// whole numbers as bit patterns.)
    unsafe fn keep_larger(&mut self, at: &mut Self, new: Self, new_at: Self);
    /// The first `n` ≤ `N` bytes at `from`, which need be valid for no more, as whole numbers in bit patterns; 255 in the other
    /// lanes.
    unsafe fn load_bytes(from: *const u8, n: usize) -> Self;
    /// Writes the lowest byte of the bit pattern of the first `n` ≤ `N` lanes.
    unsafe fn store_bytes(self, to: *mut u8, n: usize);

    /// A yes or no for every lane.
    type Mask: Copy;
    /// Whether `self` is greater than `other`.
    unsafe fn exceeds(self, other: Self) -> Self::Mask;
    /// Whether the bit patterns are the same.
    unsafe fn same_bits(self, other: Self) -> Self::Mask;
    /// Whether this bit of the bit pattern is set.
    unsafe fn bit(self, bit: u32) -> Self::Mask;
    /// `yes` where the mask says so, `no` elsewhere.
    unsafe fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    /// In each lane the one of four numbers that its two lowest bits name; every four lanes of `four` hold them in turn.
    unsafe fn of_four(self, four: Self) -> Self;

    /// Writes the lanes for which the mask says no side by side to `to`, which is valid for `N` elements (anything may come behind them).
    /// Says how many there are.
    unsafe fn store_without(self, mask: Self::Mask, to: *mut f32) -> usize;

    /// The lanes.
    unsafe fn to_array(self) -> [f32; N];
}

/// Sixteen lanes, what the kernels that add up along the lanes are made of.
pub(super) trait Lanes16: Lanes<16> {
    /// The [`tree_sum`] of each of sixteen vectors: all at once takes far fewer instructions than one by one.
    ///
    /// # Safety
    /// As [`Lanes`].
    unsafe fn tree_sums(vectors: [Self; 16]) -> [f32; 16] {
        // SAFETY: the caller's promise.
        vectors.map(|vector| tree_sum(unsafe { vector.to_array() }))
    }

    /// The eight numbers at `first`, then the eight at `second`.
    ///
    /// # Safety
    /// As [`Lanes`]; both pointers are valid for eight elements.
    unsafe fn load_halves(first: *const f32, second: *const f32) -> Self;

    /// In each of the first `n` ≤ 16 lanes the one of thirty-two numbers that its five lowest bits name, 0 in the others. (Fast where a
    /// register has sixteen lanes.)
    ///
    /// # Safety
    /// As [`Lanes`].
    unsafe fn pick_first(self, from: [Self; 2], n: usize) -> Self {
        let mut picked = [0.0; 16];
        // SAFETY: the caller's promise.
        unsafe {
            let (at, from) = (self.to_array(), from.map(|from| from.to_array()));
            for (to, at) in picked.iter_mut().zip(at).take(n) {
                *to = from.as_flattened()[(at.to_bits() & 31) as usize];
            }
            Self::load(picked.as_ptr())
        }
    }

    /// The even lanes and the odd lanes of `a` followed by `b`.
    ///
    /// # Safety
    /// As [`Lanes`].
    unsafe fn even_odd(a: Self, b: Self) -> [Self; 2];

    /// Rows become columns.
    ///
    /// # Safety
    /// As [`Lanes`].
    unsafe fn transpose(rows: [Self; 16]) -> [Self; 16];
}

/// The sum of the lanes, halves first: `i + (i + 8)`, then `i + (i + 4)`, `i + (i + 2)`, `i + (i + 1)`.
#[inline(always)]
pub(super) fn tree_sum(mut lanes: [f32; 16]) -> f32 {
    let mut half = 8;
    while half > 0 {
        for i in 0..half {
            lanes[i] += lanes[i + half];
        }
        half /= 2;
    }
    lanes[0]
}
