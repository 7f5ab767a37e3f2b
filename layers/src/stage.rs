//! What a network computes in one go: a layer, or a convolution with the ReLU and the max-pooling behind it, and the affine
//! layer behind these.
//!
//! Convolution, ReLU and pooling of the book's network together are one pass over the image ([`tensor::conv_pool`]), without
//! the two large arrays between them, nor (for most shapes, in single precision) their gradients. The output is the same to the bit. Of the convolution's gradients only
//! the order of the sums differs, so that in single precision they differ by rounding: [`tensor::conv_pool::backward_weights`]
//! names the bound.
//!
//! A large affine layer that follows takes the pooled array in halves, by filters ([`Layout::Halves`]): what a core has convolved it
//! also multiplies with its half of the weights, forward and backward.

use std::any::Any;

use tensor::affine::{self, Layout};
use tensor::conv_pool::{self, AT_REST};
use tensor::ndarray::{ArrayViewD, ArrayViewMutD, Axis};
use tensor::{Buffer, Geometry, Plan, Real};

use crate::affine::Affine;
use crate::convolution::Convolution;
use crate::layer::Layer;
use crate::pooling::Pooling;
use crate::relu::Relu;
use crate::shape::{at_least, slice, slice_mut};

const KIND: &str = "Convolution, Relu, Pooling";

/// The layers of a network, or some of them.
type Layers<F> = [Box<dyn Layer<F>>];

/// One to four neighbouring layers.
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
        /// Whether the affine layer behind them belongs to it; then the pooled array lies in halves.
        affine: bool,
    },
}

/// Every layer by itself.
pub(crate) fn layer_by_layer(layers: usize) -> Vec<Stage> {
    (0..layers).map(Stage::Single).collect()
}

/// As few stages as possible. `shapes` are those of the input and of each layer's output.
pub(crate) fn stages<F: Real>(layers: &Layers<F>, shapes: &[Vec<usize>]) -> Vec<Stage> {
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
fn conv_relu_pool<F: Real>(layers: &Layers<F>, shapes: &[Vec<usize>], first: usize) -> Option<Stage> {
    let [conv, relu, pool, ..] = layers else { return None };
    let conv = as_any(&**conv).downcast_ref::<Convolution<F>>()?;
    as_any(&**relu).downcast_ref::<Relu>()?;
    let pool = as_any(&**pool).downcast_ref::<Pooling>()?;
    let geometry = |shape: &[usize], window| Geometry::new(shape.try_into().ok()?, window).ok();
    let plan = Plan::new(geometry(&shapes[0], conv.window)?, geometry(&shapes[2], pool.window)?)?;
    let halves = layers.get(3).and_then(|layer| {
        let affine = as_any(&**layer).downcast_ref::<Affine<F>>()?;
        plan.in_halves().filter(|_| affine.layout() == Layout::HalvedWeights)
    });
    Some(Stage::ConvReluPool { first, plan: Box::new(halves.unwrap_or(plan)), affine: halves.is_some() })
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
            Stage::ConvReluPool { first, affine, .. } => first + 2 + usize::from(affine),
        }
    }

    /// [`Layer::infer`] of the stage; `inside` is memory for what passes between its layers.
    pub(crate) fn infer<F: Real>(
        &self,
        layers: &Layers<F>,
        x: ArrayViewD<'_, F>,
        y: ArrayViewMutD<'_, F>,
        inside: &mut Buffer<F>,
    ) {
        match self {
            Stage::Single(i) => layers[*i].infer(x, y),
            Stage::ConvReluPool { first, plan, affine } => {
                let Convolution { w, b, .. } = layer(layers, *first);
                let n = x.len_of(Axis(0));
                let (x, y) = (slice(KIND, "x", x), slice_mut(KIND, "y", y));
                if !*affine {
                    return conv_pool::forward(plan, x, w.values(), b.values(), y, None);
                }
                let pooled = at_least(inside, n * pooled_len(plan));
                conv_pool::forward(plan, x, w.values(), b.values(), pooled, None);
                let Affine { w, b } = layer(layers, first + 3);
                affine::forward(Layout::Halves, pooled, w.values(), b.values(), y);
            }
        }
    }

    /// [`Layer::forward`] of the stage; `inside` has an array for each of its layers but the last: memory for what
    /// [`backward`](Self::backward) will need.
    pub(crate) fn forward<F: Real>(
        &self,
        layers: &mut Layers<F>,
        x: ArrayViewD<'_, F>,
        y: ArrayViewMutD<'_, F>,
        inside: &mut [Buffer<F>],
    ) {
        match self {
            Stage::Single(i) => layers[*i].forward(x, y),
            Stage::ConvReluPool { first, plan, affine } => {
                let n = x.len_of(Axis(0));
                let (x, y) = (slice(KIND, "x", x), slice_mut(KIND, "y", y));
                let (Convolution { w, b, .. }, pool, rest) = conv_and_pool(layers, *first);
                pool.winners.resize(n * pooled_len(plan), AT_REST);
                let winners = Some(&mut pool.winners[..]);
                if !*affine {
                    return conv_pool::forward(plan, x, w.values(), b.values(), y, winners);
                }
                let pooled = at_least(&mut inside[2], n * pooled_len(plan));
                conv_pool::forward(plan, x, w.values(), b.values(), pooled, winners);
                let Affine { w, b } = layer_mut(rest);
                affine::forward(Layout::Halves, pooled, w.values(), b.values(), y);
            }
        }
    }

    /// [`Layer::backward`] of the stage; `inside` is what [`forward`](Self::forward) left there, `between` is memory for a gradient on
    /// its way through it.
    pub(crate) fn backward<F: Real>(
        &self,
        layers: &mut Layers<F>,
        [x, y, dout]: [ArrayViewD<'_, F>; 3],
        dx: Option<ArrayViewMutD<'_, F>>,
        inside: &[Buffer<F>],
        between: &mut Buffer<F>,
    ) {
        match self {
            Stage::Single(i) => layers[*i].backward(x, y, dout, dx),
            Stage::ConvReluPool { first, plan, affine } => {
                let n = x.len_of(Axis(0));
                let (x, dout) = (slice(KIND, "x", x), slice(KIND, "dout", dout));
                let dx = dx.map(|dx| slice_mut(KIND, "dx", dx));
                let (Convolution { w, b, .. }, pool, rest) = conv_and_pool(layers, *first);
                let dout = if *affine {
                    let (pooled, dpooled) =
                        (&inside[2][..n * pooled_len(plan)], at_least(between, n * pooled_len(plan)));
                    backward_affine(layer_mut(rest), pooled, dout, dpooled);
                    dpooled
                } else {
                    dout
                };
                conv_pool::backward_weights(plan, x, &pool.winners, dout, w.grad_mut(), b.grad_mut());
                if let Some(dx) = dx {
                    conv_pool::backward_input(plan, &pool.winners, w.values(), dout, dx);
                }
            }
        }
    }

    /// [`Layer::visit_kinks`] of the stage.
    pub(crate) fn visit_kinks<F: Real>(&self, layers: &Layers<F>, y: ArrayViewD<'_, F>, visit: &mut dyn FnMut(u32)) {
        match self {
            Stage::Single(i) => layers[*i].visit_kinks(y, visit),
            Stage::ConvReluPool { first, .. } => {
                let pool: &Pooling = layer(layers, first + 2);
                // Which position won, or that ReLU is at rest in the whole window.
                pool.winners.iter().for_each(|&winner| visit(u32::from(winner)));
            }
        }
    }
}

fn as_any<F: Real>(layer: &dyn Layer<F>) -> &dyn Any {
    layer
}

/// The layer with this index, which is known to be a `T`.
fn layer<F: Real, T: 'static>(layers: &Layers<F>, index: usize) -> &T {
    as_any(&*layers[index]).downcast_ref().expect("found when the network was built")
}

/// The first of these layers, which is known to be a `T`.
fn layer_mut<F: Real, T: 'static>(layers: &mut Layers<F>) -> &mut T {
    let layer: &mut dyn Any = &mut *layers[0];
    layer.downcast_mut().expect("found when the network was built")
}

/// The convolution and the pooling that begin at `first`, and all layers behind them.
fn conv_and_pool<F: Real>(layers: &mut Layers<F>, first: usize) -> (&mut Convolution<F>, &mut Pooling, &mut Layers<F>) {
    let (three, rest) = layers[first..].split_at_mut(3);
    let (conv, pool) = three.split_at_mut(2);
    (layer_mut(conv), layer_mut(pool), rest)
}

/// Elements of the pooled array of one image.
fn pooled_len(plan: &Plan) -> usize {
    plan.pool().channels() * plan.pool().positions()
}

fn backward_affine<F: Real>(affine: &mut Affine<F>, pooled: &[F], dout: &[F], dpooled: &mut [F]) {
    let Affine { w, b } = affine;
    affine::backward_weights(Layout::Halves, pooled, dout, w.grad_mut(), b.grad_mut());
    // Last, so that the convolution finds it in the cache.
    affine::backward_input(Layout::Halves, w.values(), b.len(), dout, dpooled);
}
