//! Where in its plane each phase of a pooling window lies.

use super::Plan;
use crate::kernels::lanes::Lanes;
use crate::kernels::scratch;

/// For every phase and pooling window: the position in the convolution's plane, a whole number as a bit pattern (as lanes
/// carry it).
pub(super) struct Winners<'a> {
    positions: &'a [f32],
    /// From one phase to the next: whole vectors.
    stride: usize,
}

impl Winners<'_> {
    /// Calls `f` with the table of this plan.
    pub(super) fn with<R>(plan: &Plan, f: impl FnOnce(&Winners<'_>) -> R) -> R {
        let stride = plan.pool.positions().next_multiple_of(16);
        scratch::with(plan.phases() * stride, |positions| {
            let p = plan.pool.window();
            let ([_, o_w], [_, conv_w]) = (plan.pool.output(), plan.conv.output());
            for (phase, positions) in positions.chunks_exact_mut(stride).enumerate() {
                let (dy, dx) = (phase / p.kernel[1], phase % p.kernel[1]);
                positions.fill(0.0);
                for (window, position) in positions[..plan.pool.positions()].iter_mut().enumerate() {
                    let (y, x) = (window / o_w * p.stride[0] + dy, window % o_w * p.stride[1] + dx);
                    *position = f32::from_bits((y * conv_w + x) as u32);
                }
            }
            f(&Winners { positions, stride })
        })
    }

    /// Whether the table holds a vector for every phase and window of this plan.
    pub(super) fn fit(&self, plan: &Plan) -> bool {
        let stride = plan.pool.positions().next_multiple_of(16);
        self.stride == stride && self.positions.len() == plan.phases() * stride
    }

    /// The positions of `N` windows from `window` on.
    ///
    /// # Safety
    /// The machine has the instructions; the phase exists, and `window` is a multiple of `N` ≤ 16, and the index of a window.
    #[inline(always)]
    pub(super) unsafe fn load<L: Lanes<N>, const N: usize>(&self, phase: usize, window: usize) -> L {
        // SAFETY: every phase has whole vectors of sixteen for all of its windows.
        unsafe { L::load(self.positions.as_ptr().add(phase * self.stride + window)) }
    }
}
