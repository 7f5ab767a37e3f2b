//! What a network computes in one go: a layer, or a convolution with the ReLU and the max-pooling behind it.
//!
//! The three of the book's network together are one pass over the image ([`tensor::conv_pool`]), without the two large
//! arrays between them. (Later in a network, the gradient of the convolution's output is such an array again.) The result
//! is the same to the bit. Of the convolution's weight gradient only the order of the sum differs, so that in single
//! precision the two differ by rounding: [`tensor::conv_pool::backward_weights`] names the bound.

use std::any::Any;

use tensor::conv_pool::{self, AT_REST};
use tensor::ndarray::{ArrayViewD, ArrayViewMutD};
use tensor::{Geometry, Plan, Real, convolution};

use crate::convolution::{Convolution, row_major};
use crate::layer::Layer;
use crate::pooling::Pooling;
use crate::relu::Relu;
use crate::shape::{at_least, slice, slice_mut};

const KIND: &str = "Convolution, Relu, Pooling";

/// One or three neighbouring layers.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// The layer with this index.
    Single(usize),
    /// A convolution, the ReLU and the pooling behind it.
    ConvReluPool {
        /// The index of the convolution.
        first: usize,
        /// How the three work together.
        plan: Box<Plan>,
    },
}

/// Every layer by itself.
pub(crate) fn layer_by_layer(layers: usize) -> Vec<Stage> {
    (0..layers).map(Stage::Single).collect()
}

/// As few stages as possible. `shapes` are those of the input and of each layer's output.
pub(crate) fn stages<F: Real>(layers: &[Box<dyn Layer<F>>], shapes: &[Vec<usize>]) -> Vec<Stage> {
    let mut stages = Vec::new();
    let mut i = 0;
    while i < layers.len() {
        let stage = conv_relu_pool(&layers[i..], &shapes[i..], i).unwrap_or(Stage::Single(i));
        i = stage.last() + 1;
        stages.push(stage);
    }
    stages
}

/// The stage of the first three layers, if they are what it takes.
fn conv_relu_pool<F: Real>(layers: &[Box<dyn Layer<F>>], shapes: &[Vec<usize>], first: usize) -> Option<Stage> {
    let [conv, relu, pool, ..] = layers else { return None };
    let conv = as_any(&**conv).downcast_ref::<Convolution<F>>()?;
    as_any(&**relu).downcast_ref::<Relu>()?;
    let pool = as_any(&**pool).downcast_ref::<Pooling>()?;
    let geometry = |shape: &[usize], window| Geometry::new(shape.try_into().ok()?, window).ok();
    let plan = Plan::new(geometry(&shapes[0], conv.window)?, geometry(&shapes[2], pool.window)?)?;
    Some(Stage::ConvReluPool { first, plan: Box::new(plan) })
}

impl Stage {
    /// The index of the first layer.
    pub(crate) fn first(&self) -> usize {
        match *self {
            Stage::Single(i) | Stage::ConvReluPool { first: i, .. } => i,
        }
    }

    /// The index of the last layer.
    pub(crate) fn last(&self) -> usize {
        match *self {
            Stage::Single(i) => i,
            Stage::ConvReluPool { first, .. } => first + 2,
        }
    }

    /// [`Layer::infer`] of the stage.
    pub(crate) fn infer<F: Real>(&self, layers: &[Box<dyn Layer<F>>], x: ArrayViewD<'_, F>, y: ArrayViewMutD<'_, F>) {
        match self {
            Stage::Single(i) => layers[*i].infer(x, y),
            Stage::ConvReluPool { first, plan } => {
                let conv = as_any(&*layers[*first]).downcast_ref().expect("found when the network was built");
                let Convolution { w, b, .. } = conv;
                let (x, y) = (slice(KIND, "x", x), slice_mut(KIND, "y", y));
                conv_pool::forward(plan, x, row_major(&w.value), row_major(&b.value), y, None);
            }
        }
    }

    /// [`Layer::forward`] of the stage.
    pub(crate) fn forward<F: Real>(
        &self,
        layers: &mut [Box<dyn Layer<F>>],
        x: ArrayViewD<'_, F>,
        y: ArrayViewMutD<'_, F>,
    ) {
        match self {
            Stage::Single(i) => layers[*i].forward(x, y),
            Stage::ConvReluPool { first, plan } => {
                let (Convolution { w, b, .. }, pool) = conv_and_pool(layers, *first);
                pool.winners.resize(y.len(), AT_REST);
                let (x, y) = (slice(KIND, "x", x), slice_mut(KIND, "y", y));
                conv_pool::forward(plan, x, row_major(&w.value), row_major(&b.value), y, Some(&mut pool.winners));
            }
        }
    }

    /// [`Layer::backward`] of the stage; `between` is memory for the gradient of the convolution's output.
    pub(crate) fn backward<F: Real>(
        &self,
        layers: &mut [Box<dyn Layer<F>>],
        [x, y, dout]: [ArrayViewD<'_, F>; 3],
        dx: Option<ArrayViewMutD<'_, F>>,
        between: &mut Vec<F>,
    ) {
        match self {
            Stage::Single(i) => layers[*i].backward(x, y, dout, dx),
            Stage::ConvReluPool { first, plan } => {
                let (Convolution { w, b, .. }, pool) = conv_and_pool(layers, *first);
                let (x, dout) = (slice(KIND, "x", x), slice(KIND, "dout", dout));
                // The gradient of the convolution's output, where somebody needs it as a whole.
                let dconv = (dx.is_some() || !plan.picks_winners()).then(|| {
                    let len = dout.len() / plan.pool().positions() * plan.conv().positions();
                    at_least(between, len);
                    conv_pool::backward_pool(plan, &pool.winners, dout, &mut between[..len]);
                    &between[..len]
                });
                match dconv {
                    Some(dconv) if !plan.picks_winners() => {
                        convolution::backward_weights(plan.conv(), x, dconv, w.grad_mut(), b.grad_mut());
                    }
                    _ => conv_pool::backward_weights(plan, x, &pool.winners, dout, w.grad_mut(), b.grad_mut()),
                }
                if let Some((dx, dconv)) = dx.zip(dconv) {
                    let dx = slice_mut(KIND, "dx", dx);
                    convolution::backward_input(plan.conv(), row_major(&w.value), dconv, dx);
                }
            }
        }
    }

    /// [`Layer::visit_kinks`] of the stage.
    pub(crate) fn visit_kinks<F: Real>(
        &self,
        layers: &[Box<dyn Layer<F>>],
        y: ArrayViewD<'_, F>,
        visit: &mut dyn FnMut(u32),
    ) {
        match self {
            Stage::Single(i) => layers[*i].visit_kinks(y, visit),
            Stage::ConvReluPool { first, .. } => {
                let pool: &Pooling =
                    as_any(&*layers[first + 2]).downcast_ref().expect("found when the network was built");
                // Which position won, or that ReLU is at rest in the whole window.
                pool.winners.iter().for_each(|&winner| visit(u32::from(winner)));
            }
        }
    }
}

fn as_any<F: Real>(layer: &dyn Layer<F>) -> &dyn Any {
    layer
}

fn conv_and_pool<F: Real>(layers: &mut [Box<dyn Layer<F>>], first: usize) -> (&mut Convolution<F>, &mut Pooling) {
    let [conv, _, pool] = &mut layers[first..first + 3] else { unreachable!("three layers") };
    let (conv, pool): (&mut dyn Any, &mut dyn Any) = (&mut **conv, &mut **pool);
    let (conv, pool) = (conv.downcast_mut(), pool.downcast_mut());
    conv.zip(pool).expect("found when the network was built")
}
