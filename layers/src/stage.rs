//! What a network computes in one go: a layer, or a convolution with the ReLU and the max-pooling behind it, and the affine
//! layer behind these.
//!
//! Convolution, ReLU and pooling of the book's network together are one pass over the image ([`tensor::conv_pool`]), without
//! the two large arrays between them, nor (for most shapes, in single precision) their gradients. The output is the same to the bit. Of the convolution's gradients only
//! the order of the sums differs, so that in single precision they differ by rounding: [`tensor::conv_pool::backward_weights`]
//! names the bound.
//!
//! A large affine layer that follows takes the pooled array in parts, by filters ([`Layout::InParts`]): what a core has convolved it
//! also multiplies with its half of the weights, forward and backward. In a training step the affine layer's backward pass and the
//! update of its weights are one pass over these parts ([`affine::backward_and_update`]), to the same bits.

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
use crate::updates::Step;

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
        /// Whether the affine layer behind them belongs to it; then the pooled array, and its weights, lie in parts.
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
    let in_parts = layers.get(3).and_then(|layer| {
        as_any(&**layer).downcast_ref::<Affine<F>>()?;
        plan.in_parts()
    });
    Some(Stage::ConvReluPool { first, plan: Box::new(in_parts.unwrap_or(plan)), affine: in_parts.is_some() })
}

impl Stage {
    /// Lays the parameters of its layers out in the order in which it computes with them.
    pub(crate) fn lay_out<F: Real>(&self, layers: &mut Layers<F>) {
        if let Stage::ConvReluPool { first, plan, affine: true } = self {
            layer_mut::<F, Affine<F>>(&mut layers[first + 3..]).lay_out_in(plan.parts());
        }
    }

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
                let Affine { w, b, .. } = layer(layers, first + 3);
                affine::forward(Layout::InParts(plan.parts()), pooled, w.values(), b.values(), y);
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
                let Affine { w, b, .. } = layer_mut(rest);
                affine::forward(Layout::InParts(plan.parts()), pooled, w.values(), b.values(), y);
            }
        }
    }

    /// [`Layer::backward`] of the stage, and the step of its parameters, if one is to be taken. `inside` is what
    /// [`forward`](Self::forward) left there, and in a step lost; `between` is memory for a gradient on its way through it.
    pub(crate) fn backward<F: Real>(
        &self,
        layers: &mut Layers<F>,
        [x, y, dout]: [ArrayViewD<'_, F>; 3],
        dx: Option<ArrayViewMutD<'_, F>>,
        inside: &mut [Buffer<F>],
        between: &mut Buffer<F>,
        mut step: Option<Step<'_, F>>,
    ) {
        match self {
            Stage::Single(i) => layers[*i].backward(x, y, dout, dx),
            Stage::ConvReluPool { first, plan, affine } => {
                let n = x.len_of(Axis(0));
                let (x, dout) = (slice(KIND, "x", x), slice(KIND, "dout", dout));
                let dx = dx.map(|dx| slice_mut(KIND, "dx", dx));
                let (Convolution { w, b, .. }, pool, rest) = conv_and_pool(layers, *first);
                let len = n * pooled_len(plan);
                let dout = match &mut step {
                    Some(step) if *affine => {
                        let (pooled, slot) = (&mut inside[2][..len], step.slots[first + 3]);
                        backward_and_update_affine(layer_mut(rest), plan.parts(), pooled, dout, slot, step);
                        pooled
                    }
                    None if *affine => {
                        let dpooled = at_least(between, len);
                        backward_affine(layer_mut(rest), plan.parts(), &inside[2][..len], dout, dpooled);
                        dpooled
                    }
                    _ => dout,
                };
                conv_pool::backward_weights(plan, x, &pool.winners, dout, w.grad_mut(), b.grad_mut());
                if let Some(dx) = dx {
                    conv_pool::backward_input(plan, &pool.winners, w.values(), dout, dx);
                }
            }
        }
        if let Some(mut step) = step {
            self.update(layers, &mut step);
        }
    }

    /// Changes the learned parameters of its layers, but for the weights that the backward pass has changed.
    fn update<F: Real>(&self, layers: &mut Layers<F>, step: &mut Step<'_, F>) {
        let (range, slots) = (self.first()..=self.last(), step.slots);
        let updated = match self {
            Stage::ConvReluPool { first, affine: true, .. } => Some(slots[first + 3]),
            _ => None,
        };
        for (layer, &first_slot) in layers[range.clone()].iter_mut().zip(&slots[range]) {
            let mut slot = first_slot;
            layer.visit_params_mut(&mut |param| {
                if param.learned {
                    if updated != Some(slot) {
                        step.update(slot, param);
                    }
                    slot += 1;
                }
            });
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

fn backward_affine<F: Real>(affine: &mut Affine<F>, parts: usize, pooled: &[F], dout: &[F], dpooled: &mut [F]) {
    let Affine { w, b, .. } = affine;
    affine::backward_weights(Layout::InParts(parts), pooled, dout, w.grad_mut(), b.grad_mut());
    // Last, so that the convolution finds it in the cache.
    affine::backward_input(Layout::InParts(parts), w.values(), b.len(), dout, dpooled);
}

/// `pooled` becomes its gradient.
fn backward_and_update_affine<F: Real>(
    affine: &mut Affine<F>,
    parts: usize,
    pooled: &mut [F],
    dout: &[F],
    slot: usize,
    step: &mut Step<'_, F>,
) {
    let Affine { w, b, .. } = affine;
    let update = step.updates.update_of(slot, w);
    affine::backward_and_update(parts, pooled, w.values_mut(), dout, b.grad_mut(), update);
}
