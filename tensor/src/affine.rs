//! The fully connected (affine) map of a batch of vectors, forward and backward.
//!
//! ```text
//! forward   Y  = X · W + b
//! backward  db = sum of the rows of dY
//!           dW = Xᵀ · dY
//!           dX = dY · Wᵀ
//! ```
//!
//! (The book, section 5.6, class `Affine`.) `x` is (N, I) row-major. `w` has the book's shape (I, O) and is stored
//! column-major: the weights of one output lie side by side, as the inputs that they meet do, so that no product here
//! needs a copy in another order. Many inputs may be cut into two halves: see [`Layout`].

use crate::real::Real;

/// How inputs and weights lie in memory.
///
/// A core that works on one half of the inputs, in all passes and in the optimizer, keeps its half of the weights in its own
/// cache. But where the halves of all rows alternate in memory, it fetches ahead past the end of its piece, into what the
/// other core is about to change. So each half is one piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `x` row-major, `w` column-major.
    Whole,
    /// `w` in halves: the weights (I/2, O) of the first half of the inputs, column-major, then those of the second half.
    HalvedWeights,
    /// `w` in halves, and `x` as well: the left half (N, I/2) of all rows, row-major, then the right half.
    Halves,
}

impl Layout {
    /// The layout of the weights of so many inputs: in halves where they are many and two halves of whole cache lines.
    /// The order of the sums follows from it, so it depends on nothing else.
    pub fn of_weights(inputs: usize) -> Self {
        if inputs >= 2048 && inputs.is_multiple_of(32) { Layout::HalvedWeights } else { Layout::Whole }
    }

    /// The parts that the inputs are cut into.
    pub(crate) fn parts(self) -> usize {
        if self == Layout::Whole { 1 } else { 2 }
    }

    /// Where the first row of a part of `x` (N, I) begins, and the distance to the next row.
    pub(crate) fn rows_of_x(self, part: usize, [n, inputs]: [usize; 2]) -> (usize, usize) {
        let len = inputs / self.parts();
        match self {
            Layout::Whole | Layout::HalvedWeights => (part * len, inputs),
            Layout::Halves => (part * n * len, len),
        }
    }
}

/// `y ← x · w + b`.
///
/// `x` (N, I) and `w` (I, O) as `layout` says, `b` (O), `y` (N, O) row-major. Of halves, the sum over the first half and the
/// bias is one number, that over the second half another, and the two are added.
///
/// # Panics
/// Where a length does not match, or an odd number of inputs is to lie in halves.
pub fn forward<F: Real>(layout: Layout, x: &[F], w: &[F], b: &[F], y: &mut [F]) {
    check(layout, x.len(), w.len(), b.len(), y.len());
    F::affine_forward(layout, x, w, b, y);
}

/// `dw ← xᵀ · dy` and `db ←` the sum of the rows of `dy`; overwrites. Shapes and orders as in [`forward`]. In `f32`, an output whose `dy` is
/// 0 for all samples has a gradient of 0, also where an input is not finite.
///
/// # Panics
/// Where a length does not match, or an odd number of inputs is to lie in halves.
pub fn backward_weights<F: Real>(layout: Layout, x: &[F], dy: &[F], dw: &mut [F], db: &mut [F]) {
    check(layout, x.len(), dw.len(), db.len(), dy.len());
    F::affine_backward_weights(layout, x, dy, dw, db);
}

/// `dx ← dy · wᵀ`; overwrites. `dy` (N, O), `w` (I, O) and `dx` (N, I) in the orders of [`forward`]. In `f32`, an output whose `dy` is 0 for
/// all samples adds nothing, also where a weight is not finite.
///
/// # Panics
/// Where a length does not match, or an odd number of inputs is to lie in halves.
pub fn backward_input<F: Real>(layout: Layout, w: &[F], outputs: usize, dy: &[F], dx: &mut [F]) {
    check(layout, dx.len(), w.len(), outputs, dy.len());
    F::affine_backward_input(layout, w, outputs, dy, dx);
}

/// Compares the lengths: x (N, I), w (I, O), b (O), y (N, O).
fn check(layout: Layout, x: usize, w: usize, outputs: usize, y: usize) {
    assert!(outputs > 0, "affine: no outputs");
    let (inputs, n) = (w / outputs, y / outputs);
    assert!(
        w == inputs * outputs && y == n * outputs && Some(x) == n.checked_mul(inputs),
        "affine: x has {x} elements, w {w}, b {outputs}, y {y}: they must be N·I, I·O, O and N·O"
    );
    assert!(inputs.is_multiple_of(layout.parts()), "affine: {inputs} inputs are no two halves");
}
