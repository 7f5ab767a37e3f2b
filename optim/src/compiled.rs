//! The loops, compiled here.

use tensor::{Real, Vectorize, vectorize};

use crate::adam::AdamCoefficients;

/// The step functions of this crate for one number type; `f32` and `f64` have them.
///
/// They do what the free functions of the same names do. But a generic function is compiled in the crate that calls it,
/// with the optimisation of that crate (often none); these are compiled in this one. The optimizers call them. Adam's,
/// which most runs use and which does most, is compiled for every instruction set.
pub trait Steps: Real {
    /// [`sgd_step`](crate::sgd_step).
    fn sgd_step(value: &mut [Self], grad: &[Self], lr: Self);
    /// [`momentum_step`](crate::momentum_step).
    fn momentum_step(value: &mut [Self], grad: &[Self], v: &mut [Self], lr: Self, momentum: Self);
    /// [`nesterov_step`](crate::nesterov_step).
    fn nesterov_step(value: &mut [Self], grad: &[Self], v: &mut [Self], lr: Self, momentum: Self);
    /// [`ada_grad_step`](crate::ada_grad_step).
    fn ada_grad_step(value: &mut [Self], grad: &[Self], h: &mut [Self], lr: Self, epsilon: Self);
    /// [`rms_prop_step`](crate::rms_prop_step).
    fn rms_prop_step(
        value: &mut [Self],
        grad: &[Self],
        h: &mut [Self],
        lr: Self,
        decay_rate: Self,
        rest: Self,
        epsilon: Self,
    );
    /// [`adam_step`](crate::adam_step).
    fn adam_step(value: &mut [Self], grad: &[Self], m: &mut [Self], v: &mut [Self], c: &AdamCoefficients<Self>);
}

/// [`adam_step`](crate::adam_step), for [`vectorize`].
struct AdamStep<'a, F: Real> {
    value: &'a mut [F],
    grad: &'a [F],
    m: &'a mut [F],
    v: &'a mut [F],
    c: &'a AdamCoefficients<F>,
}

impl<F: Real> Vectorize for AdamStep<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        crate::adam_step(self.value, self.grad, self.m, self.v, self.c);
    }
}

macro_rules! compile_for {
    ($F:ty) => {
        impl Steps for $F {
            #[inline(never)]
            fn sgd_step(value: &mut [$F], grad: &[$F], lr: $F) {
                crate::sgd_step(value, grad, lr);
            }
            #[inline(never)]
            fn momentum_step(value: &mut [$F], grad: &[$F], v: &mut [$F], lr: $F, momentum: $F) {
                crate::momentum_step(value, grad, v, lr, momentum);
            }
            #[inline(never)]
            fn nesterov_step(value: &mut [$F], grad: &[$F], v: &mut [$F], lr: $F, momentum: $F) {
                crate::nesterov_step(value, grad, v, lr, momentum);
            }
            #[inline(never)]
            fn ada_grad_step(value: &mut [$F], grad: &[$F], h: &mut [$F], lr: $F, epsilon: $F) {
                crate::ada_grad_step(value, grad, h, lr, epsilon);
            }
            #[inline(never)]
            fn rms_prop_step(
                value: &mut [$F],
                grad: &[$F],
                h: &mut [$F],
                lr: $F,
                decay_rate: $F,
                rest: $F,
                epsilon: $F,
            ) {
                crate::rms_prop_step(value, grad, h, lr, decay_rate, rest, epsilon);
            }
            #[inline(never)]
            fn adam_step(value: &mut [$F], grad: &[$F], m: &mut [$F], v: &mut [$F], c: &AdamCoefficients<$F>) {
                vectorize(AdamStep { value, grad, m, v, c });
            }
        }
    };
}

compile_for!(f32);
compile_for!(f64);
