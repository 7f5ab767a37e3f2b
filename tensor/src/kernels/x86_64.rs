//! Vectors of AVX2 and AVX-512.
//!
//! Intrinsics, because the compiler does not reliably turn loops over arrays into them (figures in `KERNELS.md`).

use std::arch::x86_64::*;

use super::isa::{Kernel, Vectors};
use super::lanes::{Lanes, Lanes16};

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
#[derive(Clone, Copy)]
pub(super) struct Avx2;

impl Vectors for Avx2 {
    type V16 = Pair;
    type V8 = Ymm;
    const REGISTERS_OF_16: usize = 8;
}

/// 64-byte registers.
#[derive(Clone, Copy)]
pub(super) struct Avx512;

impl Vectors for Avx512 {
    type V16 = Zmm;
    type V8 = Ymm;
    const REGISTERS_OF_16: usize = 32;

    #[inline(always)]
    fn fetch_ahead(line: *const f32) {
        // SAFETY: every processor of this kind has the instruction, and it faults nowhere.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.cast()) }
    }
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
    unsafe fn load_between(self, from: *const f32, first: usize, end: usize) -> Self {
        // SAFETY: the machine has AVX2; other lanes are not touched.
        unsafe {
            let lanes = _mm256_andnot_si256(first_lanes(first), first_lanes(end));
            Ymm(_mm256_blendv_ps(self.0, _mm256_maskload_ps(from, lanes), _mm256_castsi256_ps(lanes)))
        }
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
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the machine has AVX2.
        Ymm(unsafe { _mm256_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn add_whole(self, other: Self) -> Self {
        // SAFETY: the machine has AVX2.
        unsafe {
            let (a, b) = (_mm256_castps_si256(self.0), _mm256_castps_si256(other.0));
            Ymm(_mm256_castsi256_ps(_mm256_add_epi32(a, b)))
        }
    }

    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: the machine has AVX2.
        Ymm(unsafe { _mm256_max_ps(self.0, other.0) })
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
    unsafe fn relu(self) -> Self {
        // SAFETY: the machine has AVX2. (MAXPS would leave −0 or swallow NaN.)
        Ymm(unsafe { _mm256_and_ps(self.0, _mm256_cmp_ps::<_CMP_NLE_UQ>(self.0, _mm256_setzero_ps())) })
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8, n: usize) -> Self {
        let mut bytes = [255; 8];
        // SAFETY: the machine has AVX2; the pointer is valid for `n` ≤ 8 bytes.
        unsafe {
            let all = if n == 8 {
                _mm_loadl_epi64(from.cast())
            } else {
                std::ptr::copy_nonoverlapping(from, bytes.as_mut_ptr(), n);
                _mm_loadl_epi64(bytes.as_ptr().cast())
            };
            Ymm(_mm256_castsi256_ps(_mm256_cvtepu8_epi32(all)))
        }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8, n: usize) {
        // SAFETY: the machine has AVX2; the pointer is valid for `n` ≤ 8 bytes.
        unsafe {
            // The lowest bytes of four lanes side by side, in either half; then the halves.
            let lowest = _mm256_set1_epi32(0x0c08_0400);
            let fours = _mm256_shuffle_epi8(_mm256_castps_si256(self.0), lowest);
            let bytes = _mm_unpacklo_epi32(_mm256_castsi256_si128(fours), _mm256_extracti128_si256::<1>(fours));
            if n == 8 {
                _mm_storel_epi64(to.cast(), bytes);
            } else {
                let bytes = _mm_cvtsi128_si64(bytes).to_le_bytes();
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), to, n);
            }
        }
    }

    type Mask = __m256;

    #[inline(always)]
    unsafe fn exceeds(self, other: Self) -> __m256 {
        // SAFETY: the machine has AVX2.
        unsafe { _mm256_cmp_ps::<_CMP_GT_OQ>(self.0, other.0) }
    }

    #[inline(always)]
    unsafe fn same_bits(self, other: Self) -> __m256 {
        // SAFETY: the machine has AVX2.
        unsafe {
            let (a, b) = (_mm256_castps_si256(self.0), _mm256_castps_si256(other.0));
            _mm256_castsi256_ps(_mm256_cmpeq_epi32(a, b))
        }
    }

    #[inline(always)]
    unsafe fn bit(self, bit: u32) -> __m256 {
        // SAFETY: the machine has AVX2.
        unsafe {
            let bit = _mm256_set1_epi32(1 << bit);
            let alone = _mm256_and_si256(_mm256_castps_si256(self.0), bit);
            _mm256_castsi256_ps(_mm256_cmpeq_epi32(alone, bit))
        }
    }

    #[inline(always)]
    unsafe fn select(mask: __m256, yes: Self, no: Self) -> Self {
        // SAFETY: the machine has AVX2.
        Ymm(unsafe { _mm256_blendv_ps(no.0, yes.0, mask) })
    }

    #[inline(always)]
    unsafe fn of_four(self, four: Self) -> Self {
        // SAFETY: the machine has AVX2.
        Ymm(unsafe { _mm256_permutevar_ps(four.0, _mm256_castps_si256(self.0)) })
    }

    #[inline(always)]
    unsafe fn store_without(self, mask: __m256, to: *mut f32) -> usize {
        // SAFETY: the machine has AVX2; the pointer is valid for 8 elements. (Without a branch: the next lane takes the place.)
        unsafe {
            let (lanes, mask) = (self.to_array(), _mm256_movemask_ps(mask));
            let mut count = 0;
            for (i, lane) in lanes.into_iter().enumerate() {
                *to.add(count) = lane;
                count += usize::from(mask >> i & 1 == 0);
            }
            count
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
    unsafe fn load_between(self, from: *const f32, first: usize, end: usize) -> Self {
        // SAFETY: as for each half, of which the lanes that are not meant are not touched.
        unsafe {
            Pair(
                self.0.load_between(from, first, end),
                self.1.load_between(from.wrapping_add(8), first.saturating_sub(8), end.saturating_sub(8)),
            )
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
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: as for each half.
        unsafe { Pair(self.0.add(other.0), self.1.add(other.1)) }
    }

    #[inline(always)]
    unsafe fn add_whole(self, other: Self) -> Self {
        // SAFETY: as for each half.
        unsafe { Pair(self.0.add_whole(other.0), self.1.add_whole(other.1)) }
    }

    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: as for each half.
        unsafe { Pair(self.0.larger(other.0), self.1.larger(other.1)) }
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
    unsafe fn relu(self) -> Self {
        // SAFETY: as for each half.
        unsafe { Pair(self.0.relu(), self.1.relu()) }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8, n: usize) -> Self {
        // SAFETY: as in `load_first`.
        unsafe { Pair(Ymm::load_bytes(from, n.min(8)), Ymm::load_bytes(from.wrapping_add(8), n.saturating_sub(8))) }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8, n: usize) {
        // SAFETY: as in `load_first`.
        unsafe {
            self.0.store_bytes(to, n.min(8));
            if n > 8 {
                self.1.store_bytes(to.add(8), n - 8);
            }
        }
    }

    type Mask = [__m256; 2];

    #[inline(always)]
    unsafe fn exceeds(self, other: Self) -> [__m256; 2] {
        // SAFETY: as for each half.
        unsafe { [self.0.exceeds(other.0), self.1.exceeds(other.1)] }
    }

    #[inline(always)]
    unsafe fn same_bits(self, other: Self) -> [__m256; 2] {
        // SAFETY: as for each half.
        unsafe { [self.0.same_bits(other.0), self.1.same_bits(other.1)] }
    }

    #[inline(always)]
    unsafe fn bit(self, bit: u32) -> [__m256; 2] {
        // SAFETY: as for each half.
        unsafe { [self.0.bit(bit), self.1.bit(bit)] }
    }

    #[inline(always)]
    unsafe fn select([mask0, mask1]: [__m256; 2], yes: Self, no: Self) -> Self {
        // SAFETY: as for each half.
        unsafe { Pair(Ymm::select(mask0, yes.0, no.0), Ymm::select(mask1, yes.1, no.1)) }
    }

    #[inline(always)]
    unsafe fn of_four(self, four: Self) -> Self {
        // SAFETY: as for each half.
        unsafe { Pair(self.0.of_four(four.0), self.1.of_four(four.1)) }
    }

    #[inline(always)]
    unsafe fn store_without(self, [mask0, mask1]: [__m256; 2], to: *mut f32) -> usize {
        // SAFETY: as for each half; the second begins within the first eight elements.
        unsafe {
            let count = self.0.store_without(mask0, to);
            count + self.1.store_without(mask1, to.add(count))
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

impl Lanes16 for Pair {
    #[inline(always)]
    unsafe fn tree_sums(vectors: [Self; 16]) -> [f32; 16] {
        // SAFETY: the machine has AVX2.
        unsafe {
            let mut by_8 = [_mm256_setzero_ps(); 16];
            for (to, vector) in by_8.iter_mut().zip(vectors) {
                *to = _mm256_add_ps(vector.0.0, vector.1.0);
            }
            // [a, b]: the four sums of one vector, then those of the other.
            let mut by_4 = [_mm256_setzero_ps(); 8];
            for (i, to) in by_4.iter_mut().enumerate() {
                let (a, b) = (by_8[i], by_8[i + 8]);
                *to = _mm256_add_ps(_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b));
            }
            let mut by_2 = [_mm256_setzero_ps(); 4];
            for (i, to) in by_2.iter_mut().enumerate() {
                let (a, b) = (by_4[i], by_4[i + 4]);
                *to = _mm256_add_ps(_mm256_shuffle_ps::<0x44>(a, b), _mm256_shuffle_ps::<0xee>(a, b));
            }
            let mut by_1 = [Ymm(_mm256_setzero_ps()); 2];
            for (i, to) in by_1.iter_mut().enumerate() {
                let (a, b) = (by_2[i], by_2[i + 2]);
                *to = Ymm(_mm256_add_ps(_mm256_shuffle_ps::<0x88>(a, b), _mm256_shuffle_ps::<0xdd>(a, b)));
            }
            let (a, b) = (by_1[0].to_array(), by_1[1].to_array());
            // Lane by lane a holds the vectors 0, 4, 2, 6 and 8, 12, 10, 14; b those after them.
            [a[0], b[0], a[2], b[2], a[1], b[1], a[3], b[3], a[4], b[4], a[6], b[6], a[5], b[5], a[7], b[7]]
        }
    }

    #[inline(always)]
    unsafe fn load_halves(first: *const f32, second: *const f32) -> Self {
        // SAFETY: both pointers are valid for 8 elements.
        unsafe { Pair(Ymm::load(first), Ymm::load(second)) }
    }

    #[inline(always)]
    unsafe fn even_odd(a: Self, b: Self) -> [Self; 2] {
        // SAFETY: the machine has AVX2.
        unsafe {
            let ([even_a, odd_a], [even_b, odd_b]) = (even_odd_8(a.0, a.1), even_odd_8(b.0, b.1));
            [Pair(even_a, even_b), Pair(odd_a, odd_b)]
        }
    }

    #[inline(always)]
    unsafe fn transpose(rows: [Self; 16]) -> [Self; 16] {
        // SAFETY: the machine has AVX2.
        unsafe {
            let mut columns = [Pair(Ymm(_mm256_setzero_ps()), Ymm(_mm256_setzero_ps())); 16];
            for quarter in 0..4 {
                let (low, right) = (quarter / 2 * 8, quarter % 2 == 1);
                let mut block = [_mm256_setzero_ps(); 8];
                for (i, row) in block.iter_mut().enumerate() {
                    *row = if right { rows[low + i].1.0 } else { rows[low + i].0.0 };
                }
                for (i, column) in transpose_8(block).into_iter().enumerate() {
                    let to = &mut columns[if right { 8 + i } else { i }];
                    if low == 0 { to.0 = Ymm(column) } else { to.1 = Ymm(column) }
                }
            }
            columns
        }
    }
}

/// The even lanes and the odd lanes of `a` followed by `b`.
///
/// # Safety
/// The machine has AVX2.
#[inline(always)]
unsafe fn even_odd_8(a: Ymm, b: Ymm) -> [Ymm; 2] {
    // SAFETY: the caller's promise.
    unsafe {
        let even = _mm256_permute4x64_pd::<0xd8>(_mm256_castps_pd(_mm256_shuffle_ps::<0x88>(a.0, b.0)));
        let odd = _mm256_permute4x64_pd::<0xd8>(_mm256_castps_pd(_mm256_shuffle_ps::<0xdd>(a.0, b.0)));
        [Ymm(_mm256_castpd_ps(even)), Ymm(_mm256_castpd_ps(odd))]
    }
}

/// Eight rows become columns.
///
/// # Safety
/// The machine has AVX2.
#[inline(always)]
unsafe fn transpose_8(rows: [__m256; 8]) -> [__m256; 8] {
    // SAFETY: the caller's promise.
    unsafe {
        // Pairs of rows, then fours, then all eight.
        let mut pairs = [_mm256_setzero_ps(); 8];
        for (i, to) in pairs.iter_mut().enumerate() {
            let (a, b) = (rows[i & !1], rows[i | 1]);
            *to = if i % 2 == 0 { _mm256_unpacklo_ps(a, b) } else { _mm256_unpackhi_ps(a, b) };
        }
        let mut fours = [_mm256_setzero_ps(); 8];
        for (i, to) in fours.iter_mut().enumerate() {
            let (a, b) = (pairs[i / 4 * 4 + i % 4 / 2], pairs[i / 4 * 4 + i % 4 / 2 + 2]);
            *to = if i % 2 == 0 { _mm256_shuffle_ps::<0x44>(a, b) } else { _mm256_shuffle_ps::<0xee>(a, b) };
        }
        let mut columns = [_mm256_setzero_ps(); 8];
        for (i, to) in columns.iter_mut().enumerate() {
            let (a, b) = (fours[i % 4], fours[i % 4 + 4]);
            *to = if i < 4 { _mm256_permute2f128_ps::<0x20>(a, b) } else { _mm256_permute2f128_ps::<0x31>(a, b) };
        }
        columns
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
    unsafe fn load_between(self, from: *const f32, first: usize, end: usize) -> Self {
        // SAFETY: the machine has AVX-512; masked lanes are not touched.
        Zmm(unsafe { _mm512_mask_loadu_ps(self.0, ((1_u32 << end) - (1 << first)) as __mmask16, from) })
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
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: the machine has AVX-512.
        Zmm(unsafe { _mm512_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    unsafe fn add_whole(self, other: Self) -> Self {
        // SAFETY: the machine has AVX-512.
        unsafe {
            let (a, b) = (_mm512_castps_si512(self.0), _mm512_castps_si512(other.0));
            Zmm(_mm512_castsi512_ps(_mm512_add_epi32(a, b)))
        }
    }

    #[inline(always)]
    unsafe fn larger(self, other: Self) -> Self {
        // SAFETY: the machine has AVX-512.
        Zmm(unsafe { _mm512_max_ps(self.0, other.0) })
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
    unsafe fn relu(self) -> Self {
        // SAFETY: the machine has AVX-512. (VMAXPS would leave −0 or swallow NaN.)
        unsafe {
            let counts = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(self.0, _mm512_setzero_ps());
            Zmm(_mm512_maskz_mov_ps(counts, self.0))
        }
    }

    #[inline(always)]
    unsafe fn load_bytes(from: *const u8, n: usize) -> Self {
        // SAFETY: the machine has AVX-512; masked bytes are not touched.
        unsafe {
            let bytes = _mm_mask_loadu_epi8(_mm_set1_epi8(-1), ((1_u32 << n) - 1) as __mmask16, from.cast());
            Zmm(_mm512_castsi512_ps(_mm512_cvtepu8_epi32(bytes)))
        }
    }

    #[inline(always)]
    unsafe fn store_bytes(self, to: *mut u8, n: usize) {
        // SAFETY: the machine has AVX-512; masked bytes are not touched. (Some processors are slow to mask bytes.)
        unsafe {
            let bytes = _mm512_cvtepi32_epi8(_mm512_castps_si512(self.0));
            if n == 16 {
                _mm_storeu_si128(to.cast(), bytes);
            } else {
                _mm_mask_storeu_epi8(to.cast(), ((1_u32 << n) - 1) as __mmask16, bytes);
            }
        }
    }

    type Mask = __mmask16;

    #[inline(always)]
    unsafe fn exceeds(self, other: Self) -> __mmask16 {
        // SAFETY: the machine has AVX-512.
        unsafe { _mm512_cmp_ps_mask::<_CMP_GT_OQ>(self.0, other.0) }
    }

    #[inline(always)]
    unsafe fn same_bits(self, other: Self) -> __mmask16 {
        // SAFETY: the machine has AVX-512.
        unsafe { _mm512_cmpeq_epi32_mask(_mm512_castps_si512(self.0), _mm512_castps_si512(other.0)) }
    }

    #[inline(always)]
    unsafe fn bit(self, bit: u32) -> __mmask16 {
        // SAFETY: the machine has AVX-512.
        unsafe { _mm512_test_epi32_mask(_mm512_castps_si512(self.0), _mm512_set1_epi32(1 << bit)) }
    }

    #[inline(always)]
    unsafe fn select(mask: __mmask16, yes: Self, no: Self) -> Self {
        // SAFETY: the machine has AVX-512.
        Zmm(unsafe { _mm512_mask_mov_ps(no.0, mask, yes.0) })
    }

    #[inline(always)]
    unsafe fn of_four(self, four: Self) -> Self {
        // SAFETY: the machine has AVX-512.
        Zmm(unsafe { _mm512_permutevar_ps(four.0, _mm512_castps_si512(self.0)) })
    }

    #[inline(always)]
    unsafe fn store_without(self, mask: __mmask16, to: *mut f32) -> usize {
        // SAFETY: the machine has AVX-512; the pointer is valid for 16 elements.
        unsafe { _mm512_storeu_ps(to, _mm512_maskz_compress_ps(!mask, self.0)) };
        mask.count_zeros() as usize
    }

    #[inline(always)]
    unsafe fn to_array(self) -> [f32; 16] {
        let mut lanes = [0.0; 16];
        // SAFETY: the array has 16 elements.
        unsafe { self.store(lanes.as_mut_ptr()) };
        lanes
    }
}

impl Lanes16 for Zmm {
    #[inline(always)]
    unsafe fn tree_sums(vectors: [Self; 16]) -> [f32; 16] {
        // SAFETY: the machine has AVX-512.
        unsafe {
            // Each step adds the halves of two vectors, and puts the sums side by side.
            let mut by_8 = [_mm512_setzero_ps(); 8];
            for (i, to) in by_8.iter_mut().enumerate() {
                let (a, b) = (vectors[i].0, vectors[i + 8].0);
                *to = _mm512_add_ps(_mm512_shuffle_f32x4::<0x44>(a, b), _mm512_shuffle_f32x4::<0xee>(a, b));
            }
            let mut by_4 = [_mm512_setzero_ps(); 4];
            for (i, to) in by_4.iter_mut().enumerate() {
                let (a, b) = (by_8[i], by_8[i + 4]);
                *to = _mm512_add_ps(_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xdd>(a, b));
            }
            let mut by_2 = [_mm512_setzero_ps(); 2];
            for (i, to) in by_2.iter_mut().enumerate() {
                let (a, b) = (by_4[i], by_4[i + 2]);
                *to = _mm512_add_ps(_mm512_shuffle_ps::<0x44>(a, b), _mm512_shuffle_ps::<0xee>(a, b));
            }
            let [a, b] = by_2;
            let sums = _mm512_add_ps(_mm512_shuffle_ps::<0x88>(a, b), _mm512_shuffle_ps::<0xdd>(a, b));
            // Lane by lane these are the vectors 0, 2, 1, 3; 8, 10, 9, 11; 4, 6, 5, 7; 12, 14, 13, 15.
            let order = _mm512_setr_epi32(0, 2, 1, 3, 8, 10, 9, 11, 4, 6, 5, 7, 12, 14, 13, 15);
            Zmm(_mm512_permutexvar_ps(order, sums)).to_array()
        }
    }

    #[inline(always)]
    unsafe fn load_halves(first: *const f32, second: *const f32) -> Self {
        // SAFETY: the machine has AVX-512; both pointers are valid for 8 elements.
        unsafe {
            let first = _mm512_castps256_ps512(_mm256_loadu_ps(first));
            Zmm(_mm512_insertf32x8::<1>(first, _mm256_loadu_ps(second)))
        }
    }

    #[inline(always)]
    unsafe fn pick_first(self, [first, second]: [Self; 2], n: usize) -> Self {
        // SAFETY: the machine has AVX-512.
        unsafe {
            let at = _mm512_castps_si512(self.0);
            Zmm(_mm512_maskz_permutex2var_ps(((1_u32 << n) - 1) as __mmask16, first.0, at, second.0))
        }
    }

    #[inline(always)]
    unsafe fn even_odd(a: Self, b: Self) -> [Self; 2] {
        // SAFETY: the machine has AVX-512.
        unsafe {
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            let odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
            [Zmm(_mm512_permutex2var_ps(a.0, even, b.0)), Zmm(_mm512_permutex2var_ps(a.0, odd, b.0))]
        }
    }

    #[inline(always)]
    unsafe fn transpose(rows: [Self; 16]) -> [Self; 16] {
        // SAFETY: the machine has AVX-512.
        unsafe {
            // Pairs of rows, then fours: a quarter of a register then holds four neighbours of one column.
            let mut pairs = [_mm512_setzero_ps(); 16];
            for (i, to) in pairs.iter_mut().enumerate() {
                let (a, b) = (rows[i & !1].0, rows[i | 1].0);
                *to = if i % 2 == 0 { _mm512_unpacklo_ps(a, b) } else { _mm512_unpackhi_ps(a, b) };
            }
            let mut fours = [_mm512_setzero_ps(); 16];
            for (i, to) in fours.iter_mut().enumerate() {
                let (a, b) = (pairs[i / 4 * 4 + i % 4 / 2], pairs[i / 4 * 4 + i % 4 / 2 + 2]);
                *to = if i % 2 == 0 { _mm512_shuffle_ps::<0x44>(a, b) } else { _mm512_shuffle_ps::<0xee>(a, b) };
            }
            // fours[4 r + c] holds columns c, c + 4, c + 8, c + 12 of the rows 4 r …; now quarters change places.
            let mut halves = [_mm512_setzero_ps(); 16];
            for (i, to) in halves.iter_mut().enumerate() {
                let (a, b) = (fours[i / 8 * 8 + i % 4], fours[i / 8 * 8 + i % 4 + 4]);
                *to = if i % 8 < 4 { _mm512_shuffle_f32x4::<0x88>(a, b) } else { _mm512_shuffle_f32x4::<0xdd>(a, b) };
            }
            // halves[8 h + 4 o + c]: columns c + 4 o and c + 4 o + 8 of the rows 8 h ….
            let mut columns = rows;
            for (i, to) in columns.iter_mut().enumerate() {
                let (a, b) = (halves[i % 8], halves[i % 8 + 8]);
                to.0 = if i < 8 { _mm512_shuffle_f32x4::<0x88>(a, b) } else { _mm512_shuffle_f32x4::<0xdd>(a, b) };
            }
            columns
        }
    }
}
