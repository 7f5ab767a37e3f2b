//! Memory for inference.

use tensor::{Buffer, Real};

/// Buffers that the layers of a network write to in turn. Its memory is reused: it grows with the largest batch
/// that it has seen.
///
/// Inference only reads a network; so many threads may share it, each with a workspace of its own.
#[derive(Debug, Clone, Default)]
pub struct Workspace<F: Real = f32> {
    pub(crate) buffers: [Buffer<F>; 2],
    /// What passes between layers that are computed in one go.
    pub(crate) inside: Buffer<F>,
}

impl<F: Real> Workspace<F> {
    /// An empty workspace.
    pub fn new() -> Self {
        Workspace { buffers: [Buffer::new(), Buffer::new()], inside: Buffer::new() }
    }
}
