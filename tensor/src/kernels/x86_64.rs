//! Vectors of AVX2 and AVX-512.
//!
//! Intrinsics, because the compiler does not reliably turn loops over arrays into them (figures in `KERNELS.md`).

use std::arch::x86_64::*;

use super::isa::{Kernel, Vectors};
use super::lanes::Lanes;

/// Compiles the kernel with AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn with_avx2<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the caller checked that the machine has these instructions.
    unsafe { kernel.run::<Avx2>() }
}

/// Compiles the kernel with AVX-512.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
pub(super) unsafe fn with_avx512<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the caller checked that the machine has these instructions.
    unsafe { kernel.run::<Avx512>() }
}

/// 32-byte registers; sixteen lanes are two of them.
pub(super) struct Avx2;

impl Vectors for Avx2 {
    type V16 = Pair;
    type V8 = Ymm;
    const REGISTERS_OF_16: usize = 8;
}

/// 64-byte registers.
pub(super) struct Avx512;

impl Vectors for Avx512 {
    type V16 = Zmm;
    type V8 = Ymm;
    const REGISTERS_OF_16: usize = 32;
}

/// All ones in the first `n` of eight lanes.
#[inline(always)]
unsafe fn first_lanes(n: usize) -> __m256i {
    // SAFETY: the machine has AVX2.
    unsafe { _mm256_cmpgt_epi32(_mm256_set1_epi32(n as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7)) }
}

#[derive(Clone, Copy)]
pub(super) struct Ymm(__m256);

impl Lanes<8> for Ymm {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the machine has AVX2.
        Ymm(unsafe { _mm256_set1_ps(x) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the machine has AVX2; the pointer is valid for 8 elements.
        Ymm(unsafe { _mm256_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as in `load`.
        unsafe { _mm256_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        // SAFETY: the machine has AVX2; lanes from `n` on are not touched.
        Ymm(unsafe { _mm256_maskload_ps(from, first_lanes(n)) })
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, n: usize) {
        // SAFETY: as in `load_first`.
        unsafe { _mm256_maskstore_ps(to, first_lanes(n), self.0) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, a: Self, b: Self) -> Self {
        // SAFETY: the machine has FMA.
        Ymm(unsafe { _mm256_fmadd_ps(self.0, a.0, b.0) })
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        // SAFETY: the machine has AVX2. (MAXPS would leave −0 or swallow NaN.)
        Ymm(unsafe { _mm256_and_ps(self.0, _mm256_cmp_ps::<_CMP_NLE_UQ>(self.0, _mm256_setzero_ps())) })
    }

    #[inline(always)]
    unsafe fn keep_larger(&mut self, at: &mut Self, new: Self, new_at: Self) {
        // SAFETY: the machine has AVX2.
        unsafe {
            let not_less_equal = _mm256_cmp_ps::<_CMP_NLE_UQ>(new.0, self.0);
            let take = _mm256_and_ps(not_less_equal, _mm256_cmp_ps::<_CMP_ORD_Q>(self.0, self.0));
            self.0 = _mm256_blendv_ps(self.0, new.0, take);
            at.0 = _mm256_blendv_ps(at.0, new_at.0, take);
        }
    }

    #[inline(always)]
    unsafe fn to_array(self) -> [f32; 8] {
        let mut lanes = [0.0; 8];
        // SAFETY: the array has 8 elements.
        unsafe { self.store(lanes.as_mut_ptr()) };
        lanes
    }
}

/// Sixteen lanes of AVX2.
#[derive(Clone, Copy)]
pub(super) struct Pair(Ymm, Ymm);

impl Lanes<16> for Pair {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: as for each half.
        let half = unsafe { Ymm::splat(x) };
        Pair(half, half)
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the pointer is valid for 16 elements.
        unsafe { Pair(Ymm::load(from), Ymm::load(from.add(8))) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the pointer is valid for 16 elements.
        unsafe {
            self.0.store(to);
            self.1.store(to.add(8));
        }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        // SAFETY: the pointer is valid for the first `n` elements; the second half is only moved to where it has some.
        unsafe {
            let second = if n > 8 { Ymm::load_first(from.add(8), n - 8) } else { Ymm::splat(0.0) };
            Pair(Ymm::load_first(from, n), second)
        }
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, n: usize) {
        // SAFETY: as in `load_first`.
        unsafe {
            self.0.store_first(to, n);
            if n > 8 {
                self.1.store_first(to.add(8), n - 8);
            }
        }
    }

    #[inline(always)]
    unsafe fn mul_add(self, a: Self, b: Self) -> Self {
        // SAFETY: as for each half.
        unsafe { Pair(self.0.mul_add(a.0, b.0), self.1.mul_add(a.1, b.1)) }
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        // SAFETY: as for each half.
        unsafe { Pair(self.0.relu(), self.1.relu()) }
    }

    #[inline(always)]
    unsafe fn keep_larger(&mut self, at: &mut Self, new: Self, new_at: Self) {
        // SAFETY: as for each half.
        unsafe {
            self.0.keep_larger(&mut at.0, new.0, new_at.0);
            self.1.keep_larger(&mut at.1, new.1, new_at.1);
        }
    }

    #[inline(always)]
    unsafe fn to_array(self) -> [f32; 16] {
        let mut lanes = [0.0; 16];
        // SAFETY: the array has 16 elements.
        unsafe { self.store(lanes.as_mut_ptr()) };
        lanes
    }
}

#[derive(Clone, Copy)]
pub(super) struct Zmm(__m512);

impl Lanes<16> for Zmm {
    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        // SAFETY: the machine has AVX-512.
        Zmm(unsafe { _mm512_set1_ps(x) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the machine has AVX-512; the pointer is valid for 16 elements.
        Zmm(unsafe { _mm512_loadu_ps(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as in `load`.
        unsafe { _mm512_storeu_ps(to, self.0) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, n: usize) -> Self {
        // SAFETY: the machine has AVX-512; masked lanes are not touched.
        Zmm(unsafe { _mm512_maskz_loadu_ps(((1_u32 << n) - 1) as __mmask16, from) })
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, n: usize) {
        // SAFETY: as in `load_first`.
        unsafe { _mm512_mask_storeu_ps(to, ((1_u32 << n) - 1) as __mmask16, self.0) }
    }

    #[inline(always)]
    unsafe fn mul_add(self, a: Self, b: Self) -> Self {
        // SAFETY: the machine has AVX-512.
        Zmm(unsafe { _mm512_fmadd_ps(self.0, a.0, b.0) })
    }

    #[inline(always)]
    unsafe fn relu(self) -> Self {
        // SAFETY: the machine has AVX-512. (VMAXPS would leave −0 or swallow NaN.)
        unsafe {
            let positive = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(self.0, _mm512_setzero_ps());
            Zmm(_mm512_maskz_mov_ps(positive, self.0))
        }
    }

    #[inline(always)]
    unsafe fn keep_larger(&mut self, at: &mut Self, new: Self, new_at: Self) {
        // SAFETY: the machine has AVX-512.
        unsafe {
            let not_less_equal = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(new.0, self.0);
            let take = _mm512_mask_cmp_ps_mask::<_CMP_ORD_Q>(not_less_equal, self.0, self.0);
            self.0 = _mm512_mask_mov_ps(self.0, take, new.0);
            at.0 = _mm512_mask_mov_ps(at.0, take, new_at.0);
        }
    }

    #[inline(always)]
    unsafe fn store_where_not_rest(self, a: Self, b: Self, to_a: *mut f32, to_b: *mut f32) -> usize {
        // SAFETY: the machine has AVX-512; the pointers are valid for 16 elements.
        unsafe {
            let keep = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(self.0, _mm512_setzero_ps());
            // Closed up in a register first: compressing to memory is slow on some processors.
            _mm512_storeu_ps(to_a, _mm512_maskz_compress_ps(keep, a.0));
            _mm512_storeu_ps(to_b, _mm512_maskz_compress_ps(keep, b.0));
            keep.count_ones() as usize
        }
    }

    #[inline(always)]
    unsafe fn to_array(self) -> [f32; 16] {
        let mut lanes = [0.0; 16];
        // SAFETY: the array has 16 elements.
        unsafe { self.store(lanes.as_mut_ptr()) };
        lanes
    }
}
