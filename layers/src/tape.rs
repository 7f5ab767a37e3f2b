//! What a network remembers between its forward and its backward pass.

use tensor::Real;

use crate::shape::at_least;

/// The outputs of all layers, and the gradients on their way back. Its memory is reused from step to step: it grows
/// with the largest batch that it has seen.
///
/// [`Sequential::forward`](crate::Sequential::forward) records it, [`Sequential::backward`](crate::Sequential::backward)
/// plays it backwards. One tape serves any network, one after the other.
#[derive(Debug, Clone, Default)]
pub struct Tape<F: Real = f32> {
    /// Samples of the last forward pass.
    pub(crate) n: usize,
    /// One output a layer.
    pub(crate) outputs: Vec<Vec<F>>,
    /// The gradient of a layer's output lies in one of the two, that of its input goes to the other.
    pub(crate) gradients: [Vec<F>; 2],
}

impl<F: Real> Tape<F> {
    /// An empty tape.
    pub fn new() -> Self {
        Tape { n: 0, outputs: Vec::new(), gradients: [Vec::new(), Vec::new()] }
    }

    /// Makes room for `n` samples; `sizes` are the elements of one output of each layer.
    pub(crate) fn reserve(&mut self, n: usize, sizes: &[usize]) {
        self.n = n;
        self.outputs.resize_with(sizes.len(), Vec::new);
        for (output, size) in self.outputs.iter_mut().zip(sizes) {
            at_least(output, n * size);
        }
    }
}
