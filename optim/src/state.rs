//! What an optimizer remembers between steps.

use tensor::{Buffer, Real};

use crate::error::OptimError;

/// Steps done, and for each slot the arrays that the optimizer keeps beside the parameter (Adam's `m` and `v`, say),
/// each as long as the parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct State<F: Real = f32> {
    names: &'static [&'static str],
    steps: u64,
    /// For each slot one array a name; no arrays at all where the slot was not seen yet.
    slots: Vec<Vec<Buffer<F>>>,
}

impl<F: Real> State<F> {
    pub(crate) fn new(names: &'static [&'static str]) -> Self {
        State { names, steps: 0, slots: Vec::new() }
    }

    /// The names of the arrays in each slot, as in the book; empty for an optimizer without memory.
    pub fn names(&self) -> &'static [&'static str] {
        self.names
    }

    /// Steps begun so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Sets the number of steps begun so far.
    pub fn set_steps(&mut self, steps: u64) {
        self.steps = steps;
    }

    /// The number of slots that were seen, counted up to the last.
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// The arrays of one slot, with their names.
    ///
    /// # Panics
    /// If the slot is not below [`slots`](Self::slots).
    pub fn arrays(&self, slot: usize) -> impl Iterator<Item = (&'static str, &[F])> {
        self.names.iter().copied().zip(self.slots[slot].iter().map(|values| &**values))
    }

    /// Sets the arrays of one slot. Slots are restored in turn, from 0.
    ///
    /// # Errors
    /// If the names are not [`names`](Self::names) in their order, the lengths differ, or a slot before this one is
    /// missing.
    pub fn restore(&mut self, slot: usize, arrays: &[(&str, &[F])]) -> Result<(), OptimError> {
        if slot > self.slots.len() {
            return Err(OptimError::SlotOrder { expected: self.slots.len(), got: slot });
        }
        if !arrays.iter().map(|(name, _)| *name).eq(self.names.iter().copied()) {
            let got = arrays.iter().map(|(name, _)| (*name).to_string()).collect();
            return Err(OptimError::StateNames { slot, expected: self.names, got });
        }
        let expected = arrays.first().map_or(0, |(_, values)| values.len());
        if let Some((name, values)) = arrays.iter().find(|(_, values)| values.len() != expected) {
            return Err(OptimError::StateLength { slot, name: (*name).to_string(), expected, got: values.len() });
        }
        self.slots.resize_with(self.slots.len().max(slot + 1), Vec::new);
        self.slots[slot] = arrays.iter().map(|&(_, values)| Buffer::from(values)).collect();
        Ok(())
    }

    pub(crate) fn begin_step(&mut self) {
        self.steps += 1;
    }

    /// The arrays of a slot of `len` numbers, of zeros where it is seen for the first time; empty ones behind them, where there are
    /// fewer names.
    #[track_caller]
    pub(crate) fn slot(&mut self, optimizer: &str, slot: usize, len: usize) -> [&mut [F]; 2] {
        assert!(self.steps > 0, "{optimizer}: update before the first begin_step");
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, Vec::new);
        }
        let arrays = &mut self.slots[slot];
        if arrays.is_empty() {
            arrays.resize_with(self.names.len(), || Buffer::zeros(len));
        }
        if let Some(before) = arrays.first().map(|values| values.len()) {
            assert!(before == len, "{optimizer}: slot {slot} had {before} values before, now it has {len}");
        }
        assert!(arrays.len() == self.names.len() && arrays.len() <= 2, "{optimizer}: {} arrays", arrays.len());
        let mut arrays = arrays.iter_mut().map(|array| &mut array[..]);
        std::array::from_fn(|_| arrays.next().unwrap_or_default())
    }
}

/// Zero in place of a number too small to matter: below 1e-30 in magnitude.
///
/// State that decays (a first moment whose gradient is always zero, say) would shrink step by step into the denormal
/// numbers (below 1.2e-38 in `f32`), where a processor computes many times slower. The weights do not notice: 1e-30 is
/// nothing beside a weight, and a root of 1e-30 is nothing beside an ε of 1e-7.
#[inline(always)]
pub(crate) fn snap<F: Real>(state: F) -> F {
    if state.abs() < F::from_f64(1e-30) { F::ZERO } else { state }
}
