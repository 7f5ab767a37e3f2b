//! One step of an optimizer for one parameter.

use crate::real::Real;
use crate::threads::for_each_part_of;

/// Numbers that one task changes.
const PART: usize = 16_384;

/// How an optimizer changes a parameter: every element by itself, given its gradient and what is remembered of it.
pub trait Rule<F>: Sync {
    /// Changes some neighbouring elements; all slices have the same length, but for those of what is not remembered, which are
    /// empty.
    fn step(&self, value: &mut [F], grad: &[F], remembered: [&mut [F]; 2]);
}

/// One step of an optimizer for one parameter.
///
/// It works element by element. So a part of the parameter may be changed as soon as the gradient of that part is known, by any
/// thread, to the same bits as all of it in one go.
pub struct Update<'a, F> {
    /// How the elements change.
    pub rule: &'a dyn Rule<F>,
    /// Weight decay: so much of each value is added to its gradient first. 0 for none.
    pub decay: F,
    /// What is remembered of the elements from step to step: arrays as long as the parameter, or empty.
    pub remembered: [&'a mut [F]; 2],
}

impl<F: Real> Update<'_, F> {
    /// Changes all of a parameter, on the current pool. Its gradient will hold the weight decay as well, if there is any.
    ///
    /// # Panics
    /// Where a length does not match.
    pub fn apply(self, value: &mut [F], grad: &mut [F]) {
        add_decay(value, grad, self.decay);
        Update { decay: F::ZERO, ..self }.without_decay(value, grad);
    }

    /// As [`apply`](Self::apply), of an update without weight decay: so the gradient is left as it is.
    ///
    /// # Panics
    /// Where a length does not match.
    pub fn without_decay(self, value: &mut [F], grad: &[F]) {
        assert!(self.decay == F::ZERO, "update: a weight decay of {}, where there can be none", self.decay);
        assert_eq!(value.len(), grad.len(), "update: value and grad");
        self.check(value.len());
        let [first, second] = self.remembered.map(|array| (array.len().min(PART), array));
        let arrays = [(value, PART), (first.1, first.0), (second.1, second.0)];
        for_each_part_of(arrays, |i, [value, first, second]| {
            self.rule.step(value, &grad[i * PART..][..value.len()], [first, second]);
        });
    }

    /// # Panics
    /// Where something that is remembered has another length.
    pub(crate) fn check(&self, len: usize) {
        for array in &self.remembered {
            assert!([0, len].contains(&array.len()), "update: {} numbers are remembered of {len}", array.len());
        }
    }
}

/// `grad ← grad + decay · value`, unless `decay` is 0.
pub(crate) fn add_decay<F: Real>(value: &[F], grad: &mut [F], decay: F) {
    if decay != F::ZERO {
        assert_eq!(grad.len(), value.len(), "weight decay: grad and value");
        for (grad, &value) in grad.iter_mut().zip(value) {
            *grad += decay * value;
        }
    }
}
