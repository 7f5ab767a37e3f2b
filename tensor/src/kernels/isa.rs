//! Which vector instructions this machine has, and how a kernel gets compiled for each of them.

use std::sync::OnceLock;

use super::lanes::{Lanes, Lanes16};
use super::portable;
#[cfg(target_arch = "x86_64")]
use super::x86_64;

/// The sets of instructions that a kernel is compiled for. All give the same bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isa {
    /// What the compiler makes of arrays for the build's target (NEON on ARM).
    Portable,
    /// AVX2 with FMA.
    Avx2,
    /// AVX-512 (F, BW, DQ, VL) with AVX2 and FMA.
    Avx512,
}

impl Isa {
    /// The name as `TENSOR_ISA` spells it.
    pub fn name(self) -> &'static str {
        match self {
            Isa::Portable => "portable",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
        }
    }

    /// Whether this machine has it.
    pub fn is_available(self) -> bool {
        match self {
            Isa::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                Isa::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(not(target_arch = "x86_64"))]
            _ => false,
        }
    }

    /// All that this machine has, the widest first.
    pub fn available() -> impl Iterator<Item = Isa> {
        [Isa::Avx512, Isa::Avx2, Isa::Portable].into_iter().filter(|isa| isa.is_available())
    }
}

/// What `TENSOR_ISA` asked for in vain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("TENSOR_ISA={asked}: this machine has no such instruction set; it has: {}", available.join(", "))]
pub struct IsaError {
    /// The value of the variable.
    pub asked: String,
    /// What can be asked for.
    pub available: Vec<&'static str>,
}

/// The instruction set in use: the widest that the machine has, or what the environment variable `TENSOR_ISA`
/// (`portable`, `avx2`, `avx512`) names. Decided once.
///
/// # Errors
/// Where `TENSOR_ISA` names a set that this machine lacks, or none at all. Programs check this at their start; the kernels
/// themselves would panic with the same message.
pub fn isa() -> Result<Isa, IsaError> {
    static ISA: OnceLock<Result<Isa, IsaError>> = OnceLock::new();
    ISA.get_or_init(|| match std::env::var_os("TENSOR_ISA") {
        None => Ok(Isa::available().next().unwrap_or(Isa::Portable)),
        Some(asked) => Isa::available().find(|isa| asked == isa.name()).ok_or_else(|| IsaError {
            asked: asked.to_string_lossy().into_owned(),
            available: Isa::available().map(Isa::name).collect(),
        }),
    })
    .clone()
}

/// The vectors of one instruction set.
pub(super) trait Vectors: Copy {
    /// Sixteen lanes.
    type V16: Lanes16;
    /// Eight lanes.
    type V8: Lanes<8>;
    /// How many vectors of sixteen lanes fit into the registers: a kernel chooses the size of its tiles by it.
    const REGISTERS_OF_16: usize;

    /// Asks for a line of memory, which will be read before long, to be brought into the second-level cache: any address, for nothing is read
    /// that the program would notice. Where tiles are a single vector wide it is not worth asking.
    #[inline(always)]
    fn fetch_ahead(_line: *const f32) {}
}

/// A piece of arithmetic that is compiled once for every instruction set.
pub(super) trait Kernel {
    type Output;

    /// Implementations are `#[inline(always)]`, as is all that they call: only so does the code become part of a function
    /// that may use the instructions.
    ///
    /// # Safety
    /// The machine has the instructions of `V`.
    unsafe fn run<V: Vectors>(self) -> Self::Output;
}

/// Runs the kernel with the instruction set in use.
///
/// # Panics
/// Where `TENSOR_ISA` is wrong (see [`isa`]).
#[inline]
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(test)]
    if let Some(isa) = FORCED.get() {
        return run_with(isa, kernel);
    }
    match isa() {
        Ok(isa) => run_with(isa, kernel),
        Err(error) => panic!("{error}"),
    }
}

/// A loop over slices in plain Rust that [`vectorize`] compiles for every instruction set.
pub trait Vectorize {
    /// What the loop results in.
    type Output;

    /// The loop. Must be `#[inline(always)]`, and so must be (or be small) all that it calls: what is not inlined is
    /// compiled for the build's target.
    fn run(self) -> Self::Output;
}

/// Runs a loop compiled for the instruction set in use. The results are those of plain Rust: no multiplication and addition
/// are fused that the loop does not fuse.
///
/// # Panics
/// Where `TENSOR_ISA` is wrong (see [`isa`]).
#[inline]
pub fn vectorize<L: Vectorize>(body: L) -> L::Output {
    struct Plain<L>(L);
    impl<L: Vectorize> Kernel for Plain<L> {
        type Output = L::Output;

        #[inline(always)]
        unsafe fn run<V: Vectors>(self) -> L::Output {
            self.0.run()
        }
    }
    run(Plain(body))
}

#[cfg(test)]
thread_local! {
    static FORCED: std::cell::Cell<Option<Isa>> = const { std::cell::Cell::new(None) };
}

/// Runs `f` on one thread with this instruction set.
#[cfg(test)]
pub(super) fn with_isa<R>(isa: Isa, f: impl FnOnce() -> R) -> R {
    FORCED.set(Some(isa));
    let result = crate::threads::Pool::new(1).install(f);
    FORCED.set(None);
    result
}

/// Runs the kernel with this instruction set, which the machine must have.
pub(super) fn run_with<K: Kernel>(isa: Isa, kernel: K) -> K::Output {
    debug_assert!(isa.is_available());
    match isa {
        // SAFETY: plain Rust.
        Isa::Portable => unsafe { kernel.run::<portable::Portable>() },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `isa` is only ever an available set.
        Isa::Avx2 => unsafe { x86_64::with_avx2(kernel) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Isa::Avx512 => unsafe { x86_64::with_avx512(kernel) },
        #[cfg(not(target_arch = "x86_64"))]
        _ => unreachable!("not available on this architecture"),
    }
}
