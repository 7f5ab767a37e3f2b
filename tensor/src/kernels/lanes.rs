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
    /// Writes the first `n` ≤ `N` lanes to `to`, which need be valid for no more.
    unsafe fn store_first(self, to: *mut f32, n: usize);
    /// `self · a + b` with one rounding.
    unsafe fn mul_add(self, a: Self, b: Self) -> Self;
    /// 0 in every lane that is ≤ 0, the lane itself elsewhere; NaN stays NaN.
    unsafe fn relu(self) -> Self;
    /// Where `new` is the first NaN, or greater than `self`: `new`, and `new_at` in `at`; elsewhere unchanged. (`at` holds
    /// whole numbers as bit patterns.)
    unsafe fn keep_larger(&mut self, at: &mut Self, new: Self, new_at: Self);
    /// Writes `a` and `b` of the lanes in which `self` is not ≤ 0, closed up, to `to_a` and `to_b`, and returns how many
    /// these are. The pointers must be valid for `N` elements: what lies behind the lanes written may change.
    #[inline(always)]
    unsafe fn store_where_not_rest(self, a: Self, b: Self, to_a: *mut f32, to_b: *mut f32) -> usize {
        // SAFETY: the caller's promise.
        unsafe {
            let [y, a, b] = [self, a, b].map(|v| v.to_array());
            let mut count = 0;
            for i in 0..N {
                to_a.add(count).write(a[i]);
                to_b.add(count).write(b[i]);
                count += usize::from(y[i] > 0.0 || y[i].is_nan());
            }
            count
        }
    }
    /// The lanes.
    unsafe fn to_array(self) -> [f32; N];
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
