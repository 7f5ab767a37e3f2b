//! A classifier: layers, and the softmax with its loss at the end.

use layers::ndarray::{Array2, ArrayD, ArrayView, ArrayView2, ArrayViewD, ArrayViewMut2, Axis, Dimension, Ix2};
use layers::{
    GradientCheck, GradientReport, Labels, Param, Purpose, Random, Sequential, SoftmaxWithLoss, Tape, Updates,
    Workspace,
};
use tensor::Real;

use crate::construct::{Source, construct};
use crate::error::Error;
use crate::metrics::argmax;
use crate::spec::{NetworkSpec, SpecError};

/// A network that tells classes apart: [`Sequential`] layers that give one score a class, and [`SoftmaxWithLoss`].
///
/// It has what the book's `SimpleConvNet` has, for any layers: `predict`, `loss`, `accuracy`, `gradient`,
/// `numerical_gradient`, `save_params`, `load_params`.
///
/// Batches have the shape (N, input…), in row-major order wherever they are used in training. Everything that takes a
/// batch panics where its shape is another one.
#[derive(Debug)]
pub struct Network<F: Real = f32> {
    spec: NetworkSpec,
    layers: Sequential<F>,
    last_layer: SoftmaxWithLoss<F>,
    tape: Tape<F>,
    /// The gradient of the loss with respect to the scores; (N, classes).
    dscores: Vec<F>,
}

impl<F: Real> Network<F> {
    /// A network with weights drawn from `seed`; a network of `f64` starts with the same as one of `f32`, but for
    /// rounding.
    ///
    /// # Errors
    /// Where the layers do not fit together: the error names the layer and the arithmetic.
    pub fn build(spec: NetworkSpec, seed: u64) -> Result<Self, Error> {
        let mut random = Random::new(seed, Purpose::Weights);
        let layers = construct::<F, SpecError>(&spec, Source::Drawn(&mut random))?;
        Ok(Network::from_parts(spec, layers))
    }

    pub(crate) fn from_parts(spec: NetworkSpec, layers: Sequential<F>) -> Self {
        Network { spec, layers, last_layer: SoftmaxWithLoss::new(), tape: Tape::new(), dscores: Vec::new() }
    }

    /// The same network in the other number type (or a copy in the same).
    ///
    /// ```
    /// # let network = model::SimpleConvNet::default().build::<f32>(0)?;
    /// let mut network = network.cast::<f64>(); // what a gradient check needs
    /// # Ok::<(), model::Error>(())
    /// ```
    pub fn cast<G: Real>(&self) -> Network<G> {
        let mut values = Vec::new();
        self.visit_params(&mut |_, param| values.push(param.value().map(|v| G::from_f64(v.to_f64()))));
        let mut values = values.into_iter();
        let mut next = |_: &str, _: &[usize]| Ok::<_, SpecError>(values.next().expect("as many parameters"));
        let layers = construct(&self.spec, Source::Given(&mut next)).expect("the description of a network");
        Network::from_parts(self.spec.clone(), layers)
    }

    /// What the network is made of.
    pub fn spec(&self) -> &NetworkSpec {
        &self.spec
    }

    /// The layers.
    pub fn layers(&self) -> &Sequential<F> {
        &self.layers
    }

    /// The layers, to change what they hold.
    pub fn layers_mut(&mut self) -> &mut Sequential<F> {
        &mut self.layers
    }

    /// The shape of one input, without the batch axis.
    pub fn input_shape(&self) -> &[usize] {
        self.layers.input_shape()
    }

    /// The number of classes.
    pub fn classes(&self) -> usize {
        self.layers.output_shape()[0]
    }

    /// The number of learned numbers.
    pub fn learned_len(&self) -> usize {
        let mut len = 0;
        self.visit_params(&mut |_, param| len += if param.learned { param.len() } else { 0 });
        len
    }

    /// The scores (N, classes) of a batch, as in inference: the larger, the likelier. (Not probabilities:
    /// [`layers::softmax`] makes them.)
    pub fn predict<D: Dimension>(&self, x: ArrayView<'_, F, D>) -> Array2<F> {
        two_axes(self.layers.predict(x.into_dyn()).view()).to_owned()
    }

    /// As [`predict`](Self::predict), without allocating: the scores lie in `workspace`. `x` is row-major.
    pub fn predict_into<'w, D: Dimension>(
        &self,
        x: ArrayView<'_, F, D>,
        workspace: &'w mut Workspace<F>,
    ) -> ArrayView2<'w, F> {
        two_axes(self.layers.infer(x.into_dyn(), workspace))
    }

    /// The part of a batch whose class is predicted rightly; `batch_size` images at a time, and the rest too.
    ///
    /// # Panics
    /// Where there are no images, not as many labels, a label of a class that does not exist, or `batch_size` is 0.
    pub fn accuracy<D: Dimension>(&self, x: ArrayView<'_, F, D>, t: Labels<'_, F>, batch_size: usize) -> f64 {
        let x = x.into_dyn();
        let n = x.shape()[0];
        assert!(n == t.len() && n > 0, "accuracy: {n} images, but {} labels", t.len());
        let classes = self.classes();
        for sample in 0..n {
            let label = t.class(sample);
            assert!(
                label < classes,
                "accuracy: sample {sample} has the label {label}, the network tells {classes} classes apart"
            );
        }
        let mut workspace = Workspace::new();
        let mut correct = 0;
        let x = x.as_standard_layout();
        for (batch, images) in x.axis_chunks_iter(Axis(0), batch_size).enumerate() {
            let scores = self.predict_into(images, &mut workspace);
            for (i, scores) in scores.outer_iter().enumerate() {
                correct += usize::from(argmax(scores) == t.class(batch * batch_size + i));
            }
        }
        correct as f64 / n as f64
    }

    /// The mean loss of a batch, as in training. `x` is row-major.
    ///
    /// This is the exact cross-entropy. The book's adds 1e-7 inside the logarithm, so its values are smaller by about
    /// 1e-7 divided by the probability; gradients are the same, for its backward pass leaves the 1e-7 out.
    pub fn loss<D: Dimension>(&mut self, x: ArrayView<'_, F, D>, t: Labels<'_, F>) -> F {
        let scores = self.layers.forward(x.into_dyn(), &mut self.tape);
        self.last_layer.forward(two_axes(scores), t)
    }

    /// The probabilities (N, classes) of the last [`loss`](Self::loss) or [`gradient`](Self::gradient).
    pub fn probabilities(&self) -> ArrayView2<'_, F> {
        self.last_layer.probabilities()
    }

    /// The mean loss of a batch, and its gradient by the backward pass, which is left in the parameters: see
    /// [`visit_params`](Self::visit_params). `x` is row-major. In `f32` it does not allocate once it has seen a batch as large.
    pub fn gradient<D: Dimension>(&mut self, x: ArrayView<'_, F, D>, t: Labels<'_, F>) -> F {
        let x = x.into_dyn();
        let loss = self.loss(x.view(), t);
        let dscores = dscores(&self.last_layer, t, self.classes(), &mut self.dscores);
        self.layers.backward(x, &mut self.tape, dscores);
        loss
    }

    /// The second half of a training step: the backward pass for the batch of the last [`loss`](Self::loss), and the step of
    /// every parameter, as [`Sequential::backward_and_update`] takes them. The same bits as [`gradient`](Self::gradient) and then
    /// the updates; but what is left of the gradients means nothing. `x` and `t` are those of that call. In `f32` it does not
    /// allocate once it has seen a batch as large.
    ///
    /// # Panics
    /// Where there was no such call.
    pub fn backward_and_update<D: Dimension>(
        &mut self,
        x: ArrayView<'_, F, D>,
        t: Labels<'_, F>,
        updates: &mut dyn Updates<F>,
    ) {
        let dscores = dscores(&self.last_layer, t, self.classes(), &mut self.dscores);
        self.layers.backward_and_update(x.into_dyn(), &mut self.tape, dscores, updates);
    }

    /// Visits all parameters and statistics with the book's names: `"W1"`, `"b1"`, `"W2"`, …
    pub fn visit_params(&self, visit: &mut dyn FnMut(&str, &Param<F>)) {
        self.layers.visit_params(visit);
    }

    /// As [`visit_params`](Self::visit_params), to change them.
    pub fn visit_params_mut(&mut self, visit: &mut dyn FnMut(&str, &mut Param<F>)) {
        self.layers.visit_params_mut(visit);
    }

    /// A copy of the values of the parameter of this name; `None` where there is none. The copy is row-major.
    pub fn param(&self, name: &str) -> Option<ArrayD<F>> {
        let mut found = None;
        self.visit_params(&mut |n, param| {
            if n == name {
                found = Some(param.value());
            }
        });
        found
    }

    /// Sets the values of the parameter of this name.
    ///
    /// # Errors
    /// Where there is none, or it has another shape.
    pub fn set_param<D: Dimension>(&mut self, name: &str, value: ArrayView<'_, F, D>) -> Result<(), Error> {
        let mut result = Err(Error::NoSuchParameter { name: name.to_string() });
        self.visit_params_mut(&mut |n, param| {
            if n == name && param.shape() == value.shape() {
                param.assign(&value.view().into_dyn());
                result = Ok(());
            } else if n == name {
                let (expected, got) = (param.shape().to_vec(), value.shape().to_vec());
                result = Err(Error::ParameterShape { name: name.to_string(), expected, got });
            }
        });
        result
    }

    /// Restarts the random numbers of training (dropout's masks).
    pub fn reseed(&mut self, seed: u64) {
        self.layers.reseed(seed);
    }
}

impl Network<f64> {
    /// The gradient of the loss by central differences (steps of 1e-4, as the book's): right, and slow. One array for
    /// each learned parameter, with its name.
    pub fn numerical_gradient<D: Dimension>(
        &mut self,
        x: ArrayView<'_, f64, D>,
        t: Labels<'_, f64>,
    ) -> Vec<(String, ArrayD<f64>)> {
        let mut before = Vec::new();
        self.visit_params(&mut |name, param| before.push((name.to_string(), param.value(), param.learned)));
        let learned: Vec<_> = before.iter().filter(|(.., learned)| *learned).cloned().collect();
        let mut gradients = Vec::new();
        for (name, mut value, _) in learned {
            let loss = |moved: &ArrayD<f64>| {
                self.set_param(&name, moved.view()).expect("a parameter of this network");
                self.reseed(0);
                self.loss(x.view(), t)
            };
            let gradient = layers::numerical_gradient(loss, &mut value, 1e-4);
            gradients.push((name, gradient));
            // As before: the parameter, and the statistics that went on with every evaluation.
            for (name, value, _) in &before {
                self.set_param(name, value.view()).expect("a parameter of this network");
            }
        }
        gradients
    }

    /// Compares the gradients of the backward pass with differences of the loss: see [`layers::gradient_check`].
    pub fn gradient_check<D: Dimension>(
        &mut self,
        x: ArrayView<'_, f64, D>,
        t: Labels<'_, f64>,
        config: &GradientCheck,
    ) -> GradientReport {
        layers::gradient_check(&mut self.layers, x.into_dyn(), t, config)
    }
}

/// The gradient of the last loss with respect to the scores, in this memory.
fn dscores<'a, F: Real>(
    last_layer: &SoftmaxWithLoss<F>,
    t: Labels<'_, F>,
    classes: usize,
    memory: &'a mut Vec<F>,
) -> ArrayViewD<'a, F> {
    let dim = (t.len(), classes);
    let len = dim.0 * dim.1;
    if memory.len() < len {
        memory.resize(len, F::ZERO);
    }
    let mut dscores = ArrayViewMut2::from_shape(dim, &mut memory[..len]).expect("as long as its shape");
    last_layer.backward(t, dscores.view_mut());
    ArrayView2::from_shape(dim, &memory[..len]).expect("as long as its shape").into_dyn()
}

/// Scores as a matrix.
fn two_axes<F>(scores: ArrayViewD<'_, F>) -> ArrayView2<'_, F> {
    scores.into_dimensionality::<Ix2>().expect("one score a class, as was found when the network was built")
}
