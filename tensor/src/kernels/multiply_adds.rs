//! Nothing but fused multiply-adds, on sums that stay in registers: how fast this machine computes at most.

use std::hint::black_box;

use super::isa::{Kernel, Vectors, run};
use super::lanes::Lanes;

/// Vectors of sixteen lanes that are summed side by side where all 32 registers hold sixteen lanes. Two multiply-adds
/// a cycle, each done after four, need eight.
const WIDE_SUMS: usize = 24;
/// The same where a vector takes more than one register.
const NARROW_SUMS: usize = 6;

/// Runs so many rounds on this thread.
pub(crate) fn multiply_adds(rounds: usize) {
    run(MultiplyAdds { rounds });
}

/// Multiplications and additions of a round.
pub(crate) fn flop_per_round() -> usize {
    run(FlopPerRound)
}

const fn sums<V: Vectors>() -> usize {
    if V::REGISTERS_OF_16 >= 32 { WIDE_SUMS } else { NARROW_SUMS }
}

struct FlopPerRound;

impl Kernel for FlopPerRound {
    type Output = usize;

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) -> usize {
        sums::<V>() * 16 * 2
    }
}

struct MultiplyAdds {
    rounds: usize,
}

impl Kernel for MultiplyAdds {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Vectors>(self) {
        // SAFETY: the caller's promise.
        unsafe {
            match sums::<V>() {
                WIDE_SUMS => add_up::<V, WIDE_SUMS>(self.rounds),
                _ => add_up::<V, NARROW_SUMS>(self.rounds),
            }
        }
    }
}

/// # Safety
/// The machine has the instructions of `V`.
#[inline(always)]
unsafe fn add_up<V: Vectors, const SUMS: usize>(rounds: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        // 1 + 2⁻¹⁵ · 2⁻¹⁵ is rounded to 1: the sums never grow, and nothing comes near the denormal numbers. The
        // compiler does not know, and has to compute every one of them.
        let factor = V::V16::splat(black_box(1.0 / 32_768.0));
        let mut sums: [V::V16; SUMS] = std::array::from_fn(|_| V::V16::splat(black_box(1.0)));
        for _ in 0..rounds {
            for sum in &mut sums {
                *sum = factor.mul_add(factor, *sum);
            }
        }
        black_box(sums.map(|sum| sum.to_array()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::isa::{Isa, with_isa};
    use super::*;

    #[test]
    fn there_are_sums_enough_on_every_instruction_set() {
        for isa in Isa::available() {
            let flop = with_isa(isa, || {
                multiply_adds(3);
                flop_per_round()
            });
            // At least twelve registers of at most 64 bytes.
            let register = if isa == Isa::Avx512 { 16 } else { 8 };
            assert!(flop / 2 / register >= 12, "{}: {flop}", isa.name());
        }
    }
}
