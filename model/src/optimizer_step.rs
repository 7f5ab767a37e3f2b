//! A step of an optimizer, for all parameters of a network.

use layers::{Param, Updates};
use optim::Optimizer;
use tensor::{Real, Update};

/// A step that an optimizer has begun: what [`Network::backward_and_update`](crate::Network::backward_and_update) takes.
///
/// The slots of the optimizer are the learned parameters, first layer to last. Of these the weights (`"W"`) decay, nothing else does.
///
/// ```
/// use layers::Labels;
/// use model::{OptimizerStep, SimpleConvNet};
/// use optim::{Optimizer, OptimizerKind};
/// # let (x, t) = (layers::ndarray::Array4::<f32>::ones((2, 1, 28, 28)), [3, 5]);
///
/// let mut network = SimpleConvNet::default().build(0)?;
/// let mut adam: Box<dyn Optimizer> = OptimizerKind::Adam.config().build()?;
/// let first = network.loss(x.view(), Labels::Classes(&t));
/// network.backward_and_update(x.view(), Labels::Classes(&t), &mut OptimizerStep::begin(&mut *adam, 0.0));
/// assert!(network.loss(x.view(), Labels::Classes(&t)) < first);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct OptimizerStep<'a, F: Real = f32> {
    optimizer: &'a mut dyn Optimizer<F>,
    weight_decay: F,
}

impl<'a, F: Real> OptimizerStep<'a, F> {
    /// Begins a step; `weight_decay` is 0 for none.
    pub fn begin(optimizer: &'a mut dyn Optimizer<F>, weight_decay: f64) -> Self {
        optimizer.begin_step();
        OptimizerStep { optimizer, weight_decay: F::from_f64(weight_decay) }
    }
}

impl<F: Real> Updates<F> for OptimizerStep<'_, F> {
    fn update_of(&mut self, slot: usize, param: &Param<F>) -> Update<'_, F> {
        let decay = if param.name == "W" { self.weight_decay } else { F::ZERO };
        Update { decay, ..self.optimizer.update_of(slot, param.len()) }
    }
}
