//! What a layer holds.

use tensor::ndarray::{ArrayD, ArrayViewD, ArrayViewMutD, Axis, IndexLonger, IxDyn, ShapeBuilder, StrideShape};
use tensor::{Buffer, Real};

/// An array that a layer holds: a learned parameter with its gradient, or a statistic (batch normalisation's running
/// mean, say), which is saved with the network but not learned.
///
/// Its [`shape`](Self::shape) is the book's, and so are the arrays that [`value`](Self::value) and [`grad`](Self::grad) give. How
/// they lie in memory is the layer's choice, because it computes on the memory as it is: [`Affine`](crate::Affine) keeps its `W`
/// column-major, or in parts; all else is row-major. Values and gradient always have one order, which is all that
/// an optimizer needs to know ([`value_and_grad_mut`](Self::value_and_grad_mut)).
#[derive(Debug, Clone)]
pub struct Param<F: Real> {
    /// The book's name without the number of the layer: `"W"`, `"b"`, `"gamma"`, …
    pub name: &'static str,
    /// Whether an optimizer changes it; false for statistics.
    pub learned: bool,
    shape: Vec<usize>,
    order: Order,
    value: Buffer<F>,
    /// Empty before the first backward pass, and for statistics.
    grad: Buffer<F>,
}

/// How values and gradient lie in memory, without gaps.
#[derive(Debug, Clone)]
struct Order {
    /// The shape; or, of a matrix (I, O) in parts, (parts, I/parts, O). In logical order the two hold the same numbers.
    dim: IxDyn,
    strides: IxDyn,
}

impl Order {
    fn shape(&self) -> StrideShape<IxDyn> {
        self.dim.clone().strides(self.strides.clone())
    }

    fn view<'a, F>(&self, numbers: &'a [F]) -> ArrayViewD<'a, F> {
        ArrayViewD::from_shape(self.shape(), numbers).expect("as many numbers as the order has")
    }

    fn view_mut<'a, F>(&self, numbers: &'a mut [F]) -> ArrayViewMutD<'a, F> {
        ArrayViewMutD::from_shape(self.shape(), numbers).expect("as many numbers as the order has")
    }
}

impl<F: Real> Param<F> {
    /// A learned parameter; its gradient is allocated by the first backward pass.
    ///
    /// # Panics
    /// Where the array has gaps in memory, or an axis that runs backward.
    pub fn learned(name: &'static str, value: ArrayD<F>) -> Self {
        let numbers = value.as_slice_memory_order();
        let numbers = numbers.unwrap_or_else(|| panic!("{name}: the array has gaps in memory"));
        // (Of axes that run backward the strides are negative.)
        let strides = value.strides().iter().map(|&stride| usize::try_from(stride).expect("axes that run forward"));
        let order = Order { dim: value.raw_dim(), strides: IxDyn(&strides.collect::<Vec<_>>()) };
        Param { name, learned: true, shape: value.shape().to_vec(), order, value: numbers.into(), grad: Buffer::new() }
    }

    /// A statistic.
    ///
    /// # Panics
    /// As [`learned`](Self::learned).
    pub fn statistic(name: &'static str, value: ArrayD<F>) -> Self {
        Param { learned: false, ..Param::learned(name, value) }
    }

    /// A learned matrix (I, O), kept in so many parts: that of the first I/parts rows, column-major, then that of the next ones, and so on.
    ///
    /// # Panics
    /// Where it is no matrix, or its rows are not as many parts.
    pub(crate) fn learned_in_parts(name: &'static str, value: &ArrayD<F>, parts: usize) -> Self {
        let &[rows, columns] = value.shape() else { panic!("{name}: shape {:?} is no matrix", value.shape()) };
        assert!(rows.is_multiple_of(parts), "{name}: {rows} rows in {parts} parts");
        let a_part = rows / parts;
        let order = Order { dim: IxDyn(&[parts, a_part, columns]), strides: IxDyn(&[a_part * columns, 1, a_part]) };
        let (shape, zeros) = (vec![rows, columns], Buffer::zeros(value.len()));
        let mut param = Param { name, learned: true, shape, order, value: zeros, grad: Buffer::new() };
        param.assign(&value.view());
        param
    }

    /// The shape.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of elements.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.value.len()
    }

    /// A copy of the values, row-major.
    pub fn value(&self) -> ArrayD<F> {
        self.of_shape(self.order.view(&self.value))
    }

    /// A copy of the gradient of the loss, row-major; empty before the first backward pass, and for statistics. (After
    /// [`Sequential::backward_and_update`](crate::Sequential::backward_and_update) it means nothing.)
    pub fn grad(&self) -> ArrayD<F> {
        match &self.grad[..] {
            [] => ArrayD::zeros(IxDyn(&[0])),
            grad => self.of_shape(self.order.view(grad)),
        }
    }

    fn of_shape(&self, array: ArrayViewD<'_, F>) -> ArrayD<F> {
        ArrayD::from_shape_vec(&self.shape[..], rows(array)).expect("as many elements")
    }

    /// Sets the values.
    ///
    /// # Panics
    /// Where the shape is another one.
    #[track_caller]
    pub fn assign(&mut self, value: &ArrayViewD<'_, F>) {
        assert!(value.shape() == self.shape, "{}: shape {:?}, expected {:?}", self.name, value.shape(), self.shape);
        let mut values = self.order.view_mut(&mut self.value);
        if values.shape() == self.shape {
            return values.assign(value);
        }
        let a_part = values.shape()[1];
        for (mut to, from) in values.axis_iter_mut(Axis(0)).zip(value.axis_chunks_iter(Axis(0), a_part)) {
            to.assign(&from);
        }
    }

    /// The element at an index of this shape.
    ///
    /// # Panics
    /// Where there is none.
    #[track_caller]
    pub fn element_mut(&mut self, index: &[usize]) -> &mut F {
        let values = self.order.view_mut(&mut self.value);
        if values.shape() == self.shape {
            return values.index(IxDyn(index));
        }
        let a_part = values.shape()[1];
        values.index(IxDyn(&[index[0] / a_part, index[0] % a_part, index[1]]))
    }

    /// The gradient as a slice in memory order; allocated at the first call.
    pub fn grad_mut(&mut self) -> &mut [F] {
        self.grad.resize(self.value.len());
        &mut self.grad
    }

    /// The values as a slice in memory order.
    pub fn values(&self) -> &[F] {
        &self.value
    }

    /// As [`values`](Self::values), to change them.
    pub fn values_mut(&mut self) -> &mut [F] {
        &mut self.value
    }

    /// The gradient as a slice in memory order; empty before the first backward pass.
    pub fn grads(&self) -> &[F] {
        &self.grad
    }

    /// Values and gradient at once, in the same memory order: what an optimizer works on.
    ///
    /// # Panics
    /// Before the first backward pass.
    #[track_caller]
    pub fn value_and_grad_mut(&mut self) -> (&mut [F], &mut [F]) {
        assert!(self.grad.len() == self.value.len(), "{}: no gradient before a backward pass", self.name);
        (&mut self.value, &mut self.grad)
    }

    /// Numbers that lie in memory as the values do (what an optimizer remembers of them, say), as an array of this
    /// shape, row-major.
    ///
    /// # Panics
    /// Where there are more or fewer.
    #[track_caller]
    pub fn in_shape(&self, numbers: &[F]) -> ArrayD<F> {
        assert!(numbers.len() == self.len(), "{}: {} numbers, expected {}", self.name, numbers.len(), self.len());
        self.of_shape(self.order.view(numbers))
    }

    /// An array of this shape as numbers that lie in memory as the values do.
    ///
    /// # Panics
    /// Where the shape is another one.
    #[track_caller]
    pub fn in_memory_order(&self, array: &ArrayViewD<'_, F>) -> Vec<F> {
        let mut copy = self.clone();
        copy.assign(array);
        copy.values().to_vec()
    }
}

/// The elements in logical order. (Lane by lane, because an iterator over any number of axes takes ten times as long.)
fn rows<F: Copy>(array: ArrayViewD<'_, F>) -> Vec<F> {
    match array.as_slice() {
        Some(values) => values.to_vec(),
        None => {
            let mut values = Vec::with_capacity(array.len());
            array.lanes(Axis(array.ndim() - 1)).into_iter().for_each(|lane| values.extend(lane));
            values
        }
    }
}
