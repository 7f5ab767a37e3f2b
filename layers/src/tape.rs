//! What a network remembers between its forward and its backward pass.

use tensor::{Buffer, Real};

/// The outputs of all layers, and the gradients on their way back. Its memory is reused from step to step: it grows
/// with the largest batch that it has seen.
///
/// [`Sequential::forward`](crate::Sequential::forward) records it, [`Sequential::backward`](crate::Sequential::backward)
/// plays it backwards. One tape serves any network, one after the other.
#[derive(Debug, Clone, Default)]
pub struct Tape<F: Real = f32> {
    /// Samples of the last forward pass.
    pub(crate) n: usize,
    /// One output a layer. Of layers that are computed in one go with the next one: what their stage keeps there, or nothing.
    pub(crate) outputs: Vec<Buffer<F>>,
    /// The gradient of a layer's output lies in one of the two, that of its input goes to the other.
    pub(crate) gradients: [Buffer<F>; 2],
    /// A gradient between layers that are computed in one go.
    pub(crate) between: Buffer<F>,
}

impl<F: Real> Tape<F> {
    /// An empty tape.
    pub fn new() -> Self {
        Tape { n: 0, outputs: Vec::new(), gradients: [Buffer::new(), Buffer::new()], between: Buffer::new() }
    }
}
