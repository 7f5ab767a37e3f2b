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
//! needs a copy in another order. Many inputs may be cut into parts: see [`Layout`].

use crate::real::Real;
use crate::update::Update;

/// How inputs and weights lie in memory.
///
/// What a core works on at a time is best one piece of memory, which the processor fetches ahead. So many inputs are cut into
/// parts of equal length, each of which is such a piece; one part follows the other. A core may keep to one half of the parts (of an odd
/// number, the first half has one more) in all passes and in the optimizer, and has that half of the weights in its own cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `x` row-major, `w` column-major.
    Whole,
    /// `w` in so many parts: the weights (I/parts, O) of the first inputs, column-major, then those of the next ones, and so on.
    WeightsInParts(usize),
    /// `w` in so many parts, and `x` as well: the first columns (N, I/parts) of all rows, row-major, then the next ones.
    InParts(usize),
}

impl Layout {
    /// The layout of the weights of so many inputs by themselves: in halves where they are many and two halves of whole cache lines.
    pub fn of_weights(inputs: usize) -> Self {
        if inputs >= 2048 && inputs.is_multiple_of(32) { Layout::WeightsInParts(2) } else { Layout::Whole }
    }

    /// The parts that the inputs are cut into.
    pub fn parts(self) -> usize {
        match self {
            Layout::Whole => 1,
            Layout::WeightsInParts(parts) | Layout::InParts(parts) => parts,
        }
    }

    /// Where the first row of a part of `x` (N, I) begins, and the distance to the next row.
    pub(crate) fn rows_of_x(self, part: usize, [n, inputs]: [usize; 2]) -> (usize, usize) {
        let len = inputs / self.parts();
        match self {
            Layout::Whole | Layout::WeightsInParts(_) => (part * len, inputs),
            Layout::InParts(_) => (part * n * len, len),
        }
    }
}

/// `y ← x · w + b`.
///
/// `x` (N, I) and `w` (I, O) as `layout` says, `b` (O), `y` (N, O) row-major. In `f32`, of parts, the sum over the first half of them and
/// the bias is one number, that over the second half another, and the two are added; how many parts a half is cut into changes nothing, if
/// their length is a multiple of 16.
///
/// # Panics
/// Where a length does not match, or the inputs cannot lie in so many parts, of equal length, two at least.
pub fn forward<F: Real>(layout: Layout, x: &[F], w: &[F], b: &[F], y: &mut [F]) {
    check(layout, x.len(), w.len(), b.len(), y.len());
    F::affine_forward(layout, x, w, b, y);
}

/// `dw ← xᵀ · dy` and `db ←` the sum of the rows of `dy`; overwrites. Shapes and orders as in [`forward`]. In `f32`, an output whose `dy` is
/// 0 for all samples has a gradient of 0, also where an input is not finite.
///
/// # Panics
/// As [`forward`].
pub fn backward_weights<F: Real>(layout: Layout, x: &[F], dy: &[F], dw: &mut [F], db: &mut [F]) {
    check(layout, x.len(), dw.len(), db.len(), dy.len());
    F::affine_backward_weights(layout, x, dy, dw, db);
}

/// `dx ← dy · wᵀ`; overwrites. `dy` (N, O), `w` (I, O) and `dx` (N, I) in the orders of [`forward`]. In `f32`, an output whose `dy` is 0 for
/// all samples adds nothing, also where a weight is not finite.
///
/// # Panics
/// As [`forward`].
pub fn backward_input<F: Real>(layout: Layout, w: &[F], outputs: usize, dy: &[F], dx: &mut [F]) {
    check(layout, dx.len(), w.len(), outputs, dy.len());
    F::affine_backward_input(layout, w, outputs, dy, dx);
}

/// [`backward_weights`], [`backward_input`] and `update` in one go; of many parts, part by part, while one is in the cache:
/// `db ←` the gradient, `w ←` the weights after the step, `x ← dx`. The same bits as one after the other; but the gradient of the
/// weights is kept nowhere. All in the orders of [`Layout::InParts`], also what the update remembers.
///
/// # Panics
/// As [`forward`]; where something that is remembered has another length than `w`.
pub fn backward_and_update<F: Real>(
    parts: usize,
    x: &mut [F],
    w: &mut [F],
    dy: &[F],
    db: &mut [F],
    update: Update<'_, F>,
) {
    check(Layout::InParts(parts), x.len(), w.len(), db.len(), dy.len());
    update.check(w.len());
    F::affine_backward_and_update(parts, x, w, dy, db, update);
}

/// Compares the lengths: x (N, I), w (I, O), b (O), y (N, O).
fn check(layout: Layout, x: usize, w: usize, outputs: usize, y: usize) {
    assert!(outputs > 0, "affine: no outputs");
    let (inputs, n) = (w / outputs, y / outputs);
    assert!(
        w == inputs * outputs && y == n * outputs && Some(x) == n.checked_mul(inputs),
        "affine: x has {x} elements, w {w}, b {outputs}, y {y}: they must be N·I, I·O, O and N·O"
    );
    let parts = layout.parts();
    assert!(
        layout == Layout::Whole || parts >= 2 && inputs.is_multiple_of(parts),
        "affine: {inputs} inputs in {parts} parts: expected two parts or more, of equal length"
    );
}
