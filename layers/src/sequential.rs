//! Layers one after the other.

use std::collections::BTreeMap;

use tensor::ndarray::{ArrayD, ArrayViewD};
use tensor::{Buffer, Real};

use crate::error::NetworkError;
use crate::layer::Layer;
use crate::param::Param;
use crate::shape::{at_least, batch, elements, expect, slice, view, view_mut};
use crate::stage::{Stage, layer_by_layer, stages};
use crate::tape::Tape;
use crate::updates::{Step, Updates};
use crate::workspace::Workspace;

const KIND: &str = "Sequential";

/// A network: layers one after the other, whose shapes were found to fit when it was built.
///
/// ```
/// use layers::{Affine, Convolution, Init, Layer, Pooling, Purpose, Random, Relu, Sequential, Window};
///
/// let mut random = Random::new(0, Purpose::Weights);
/// let convolution = Convolution::random(1, 30, Window::square(5), Init::default(), &mut random)?;
/// let affine = Affine::random(30 * 12 * 12, 10, Init::default(), &mut random)?;
/// let network: Sequential = Sequential::new(&[1, 28, 28], vec![
///     Box::new(convolution),
///     Box::new(Relu),
///     Box::new(Pooling::new(Window::square(2).stride(2))),
///     Box::new(affine),
/// ])?;
/// assert_eq!(network.names(), ["Conv1", "Relu1", "Pool1", "Affine1"]);
/// assert_eq!(network.shapes(), [&[30, 24, 24][..], &[30, 24, 24], &[30, 12, 12], &[10]]);
///
/// // What does not fit is refused, in the terms of whoever built it.
/// let layers: Vec<Box<dyn Layer>> = vec![Box::new(Pooling::new(Window::square(2).stride(2)))];
/// let error = Sequential::new(&[1, 27, 28], layers).unwrap_err();
/// assert!(error.to_string().starts_with(
///     "Pool1 (layer 1): the height does not come out even: (27 + 2·0 − 2) / 2 + 1 is not a whole number"
/// ));
/// # Ok::<(), layers::NetworkError>(())
/// ```
#[derive(Debug)]
pub struct Sequential<F: Real = f32> {
    layers: Vec<Box<dyn Layer<F>>>,
    /// The shape of the input, then of each layer's output; all without the batch axis.
    shapes: Vec<Vec<usize>>,
    /// The elements of one output of each layer.
    sizes: Vec<usize>,
    names: Vec<String>,
    param_names: Vec<String>,
    /// The number of learned parameters before each layer.
    slots: Vec<usize>,
    stages: Vec<Stage>,
}

impl<F: Real> Sequential<F> {
    /// Puts layers together for inputs of the shape `input` (without the batch axis), and restarts their random numbers
    /// as [`reseed(0)`](Self::reseed) does.
    ///
    /// # Errors
    /// Where a layer cannot take what the layer before it gives; the error names the layer and the sizes. Also where
    /// there are no layers, or the input is empty.
    pub fn new(input: &[usize], mut layers: Vec<Box<dyn Layer<F>>>) -> Result<Self, NetworkError> {
        if layers.is_empty() {
            return Err(NetworkError::NoLayers);
        }
        elements(input).map_err(NetworkError::Input)?;
        let names = names(&layers);
        let shapes = shapes(input, &layers, &names)?;
        let sizes = shapes[1..].iter().map(|shape| shape.iter().product()).collect();
        let param_names = param_names(&layers);
        let slots = slots(&layers);
        let stages = stages(&layers, &shapes);
        stages.iter().for_each(|stage| stage.lay_out(&mut layers));
        reseed(&mut layers, 0);
        Ok(Sequential { layers, shapes, sizes, names, param_names, slots, stages })
    }

    /// The same network, which computes every layer by itself, so that every [`output`](Self::output) can be looked at.
    /// Slower; the outputs are the same to the bit.
    pub fn layer_by_layer(mut self) -> Self {
        self.stages = layer_by_layer(self.layers.len());
        self
    }

    /// The shape of one input, without the batch axis.
    pub fn input_shape(&self) -> &[usize] {
        &self.shapes[0]
    }

    /// The shape of one output, without the batch axis.
    pub fn output_shape(&self) -> &[usize] {
        &self.shapes[self.layers.len()]
    }

    /// The shape of each layer's output, without the batch axis.
    pub fn shapes(&self) -> &[Vec<usize>] {
        &self.shapes[1..]
    }

    /// The layers, first to last.
    pub fn layers(&self) -> &[Box<dyn Layer<F>>] {
        &self.layers
    }

    /// The layers, first to last, to change what they hold.
    pub fn layers_mut(&mut self) -> impl Iterator<Item = &mut dyn Layer<F>> {
        self.layers.iter_mut().map(|layer| &mut **layer)
    }

    /// The book's names of the layers: `"Conv1"`, `"Relu1"`, `"Pool1"`, `"Affine1"`, …
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The output for a batch `x`, as in inference; the result lies in `workspace`.
    ///
    /// # Panics
    /// Where `x` is not row-major, not of the shape (N, input…), or empty.
    pub fn infer<'w>(&self, x: ArrayViewD<'_, F>, workspace: &'w mut Workspace<F>) -> ArrayViewD<'w, F> {
        let n = self.check(&x);
        let Workspace { buffers, inside } = workspace;
        let [mut from, mut to] = buffers.each_mut();
        for stage in &self.stages {
            let (first, last) = (stage.first(), stage.last());
            at_least(to, n * self.sizes[last]);
            let input = if first == 0 { x.view() } else { view(n, &self.shapes[first], from) };
            stage.infer(&self.layers, input, view_mut(n, &self.shapes[last + 1], to), inside);
            std::mem::swap(&mut from, &mut to);
        }
        view(n, self.output_shape(), from)
    }

    /// As [`infer`](Self::infer) for a batch in any memory order, in new memory.
    ///
    /// # Panics
    /// Where `x` is not of the shape (N, input…), or empty.
    pub fn predict(&self, x: ArrayViewD<'_, F>) -> ArrayD<F> {
        self.infer(x.as_standard_layout().view(), &mut Workspace::new()).to_owned()
    }

    /// The output for a batch `x`, as in training; `tape` remembers what [`backward`](Self::backward) needs.
    ///
    /// # Panics
    /// Where `x` is not row-major, not of the shape (N, input…), or empty.
    pub fn forward<'t>(&mut self, x: ArrayViewD<'_, F>, tape: &'t mut Tape<F>) -> ArrayViewD<'t, F> {
        let n = self.check(&x);
        tape.n = n;
        tape.outputs.resize_with(self.layers.len(), Buffer::new);
        for stage in &self.stages {
            let (first, last) = (stage.first(), stage.last());
            let (before, outputs) = tape.outputs.split_at_mut(first);
            let (inside, output) = outputs.split_at_mut(last - first);
            let input = if first == 0 { x.view() } else { view(n, &self.shapes[first], &before[first - 1]) };
            at_least(&mut output[0], n * self.sizes[last]);
            stage.forward(&mut self.layers, input, view_mut(n, &self.shapes[last + 1], &mut output[0]), inside);
        }
        self.last_output(tape)
    }

    /// Overwrites the gradients of all parameters, given `dout`, the gradient of the loss with respect to the output of
    /// the last [`forward`](Self::forward), which was for the same `x` and `tape`. The gradient of `x` itself is not
    /// computed: nobody reads it.
    ///
    /// # Panics
    /// Where `x` or `dout` is not row-major, or not of the shape of the last `forward`.
    pub fn backward(&mut self, x: ArrayViewD<'_, F>, tape: &mut Tape<F>, dout: ArrayViewD<'_, F>) {
        self.play_backwards(x, tape, dout, None);
    }

    /// [`backward`](Self::backward), and a step of every learned parameter, each as soon as nobody needs its old values any more.
    /// The same bits as one after the other, and faster: a large weight need not leave the cache in between. But afterwards the
    /// gradients of the parameters mean nothing (one was never written, others have the weight decay in them), and the tape is used up.
    ///
    /// # Panics
    /// As [`backward`](Self::backward), and where an update is not for a parameter of that length.
    pub fn backward_and_update(
        &mut self,
        x: ArrayViewD<'_, F>,
        tape: &mut Tape<F>,
        dout: ArrayViewD<'_, F>,
        updates: &mut dyn Updates<F>,
    ) {
        self.play_backwards(x, tape, dout, Some(updates));
    }

    fn play_backwards(
        &mut self,
        x: ArrayViewD<'_, F>,
        tape: &mut Tape<F>,
        dout: ArrayViewD<'_, F>,
        mut updates: Option<&mut dyn Updates<F>>,
    ) {
        let n = self.check(&x);
        let last = self.layers.len() - 1;
        assert!(tape.n == n && tape.outputs.len() == last + 1, "{KIND}: backward without a forward of this batch");
        expect(KIND, "dout", dout.shape(), self.last_output(tape).shape());
        if updates.is_some() {
            // Used up from here on.
            tape.n = 0;
        }
        let Tape { outputs, gradients: [above, below], between, .. } = tape;
        let (mut above, mut below) = (above, below);
        for stage in self.stages.iter().rev() {
            let (first, end) = (stage.first(), stage.last() + 1);
            let (before, outputs) = outputs.split_at_mut(first);
            let (inside, y) = outputs.split_at_mut(end - 1 - first);
            let y = view(n, &self.shapes[end], &y[0]);
            let step = updates.as_deref_mut().map(|updates| Step { updates, slots: &self.slots });
            let dout = if end > last { dout.view() } else { view(n, &self.shapes[end], above) };
            if first == 0 {
                stage.backward(&mut self.layers, [x.view(), y, dout], None, inside, between, step);
            } else {
                at_least(below, n * self.sizes[first - 1]);
                let input = view(n, &self.shapes[first], &before[first - 1]);
                let dx = view_mut(n, &self.shapes[first], below);
                stage.backward(&mut self.layers, [input, y, dout], Some(dx), inside, between, step);
            }
            std::mem::swap(&mut above, &mut below);
        }
    }

    /// The output of one layer (from 0) in the last [`forward`](Self::forward) with this tape: (N, shape…). `None` for a
    /// layer that is computed in one go with the next one (a convolution and the ReLU before a pooling, and these before a
    /// large affine layer): a network that computes [`layer_by_layer`](Self::layer_by_layer) has them all.
    ///
    /// # Panics
    /// Where there is no such layer, no forward pass before, or a [`backward_and_update`](Self::backward_and_update) since.
    pub fn output<'t>(&self, layer: usize, tape: &'t Tape<F>) -> Option<ArrayViewD<'t, F>> {
        assert!(tape.n > 0, "{KIND}: output without a forward, or after a step");
        let kept = self.stages.iter().any(|stage| stage.last() == layer);
        assert!(layer < self.layers.len(), "{KIND}: layer {layer} of {}", self.layers.len());
        kept.then(|| view(tape.n, &self.shapes[layer + 1], &tape.outputs[layer]))
    }

    fn last_output<'t>(&self, tape: &'t Tape<F>) -> ArrayViewD<'t, F> {
        view(tape.n, self.output_shape(), &tape.outputs[self.layers.len() - 1])
    }

    /// Visits all parameters and statistics with their names, first layer to last. They are numbered by name, as in the
    /// book: the second `W` is `"W2"`, whatever lies between.
    pub fn visit_params(&self, visit: &mut dyn FnMut(&str, &Param<F>)) {
        let mut names = self.param_names.iter();
        for layer in &self.layers {
            layer.visit_params(&mut |param| visit(names.next().expect("a name for every parameter"), param));
        }
    }

    /// As [`visit_params`](Self::visit_params), to change them.
    pub fn visit_params_mut(&mut self, visit: &mut dyn FnMut(&str, &mut Param<F>)) {
        let mut names = self.param_names.iter();
        for layer in &mut self.layers {
            layer.visit_params_mut(&mut |param| visit(names.next().expect("a name for every parameter"), param));
        }
    }

    /// Visits what [`Layer::visit_kinks`] tells of each layer after a [`forward`](Self::forward) with this tape.
    pub fn visit_kinks(&self, tape: &Tape<F>, visit: &mut dyn FnMut(u32)) {
        for stage in &self.stages {
            let end = stage.last() + 1;
            stage.visit_kinks(&self.layers, view(tape.n, &self.shapes[end], &tape.outputs[end - 1]), visit);
        }
    }

    /// Restarts the random numbers of training (dropout's masks); each layer has a stream of its own.
    pub fn reseed(&mut self, seed: u64) {
        reseed(&mut self.layers, seed);
    }

    /// The number of samples, after the shape was compared.
    #[track_caller]
    pub(crate) fn check(&self, x: &ArrayViewD<'_, F>) -> usize {
        let n = batch(KIND, x.shape());
        let input = self.input_shape();
        assert!(x.shape()[1..] == *input, "{KIND}: x has shape {:?}, expected [N] and then {input:?}", x.shape());
        slice(KIND, "x", x.view());
        n
    }
}

fn reseed<F: Real>(layers: &mut [Box<dyn Layer<F>>], seed: u64) {
    for (i, layer) in layers.iter_mut().enumerate() {
        layer.reseed(seed, i);
    }
}

/// The shape of the input, then of each layer's output.
fn shapes<F: Real>(
    input: &[usize],
    layers: &[Box<dyn Layer<F>>],
    names: &[String],
) -> Result<Vec<Vec<usize>>, NetworkError> {
    let mut shapes = vec![input.to_vec()];
    for (index, layer) in layers.iter().enumerate() {
        let output = layer.output_shape(&shapes[index]).and_then(|output| elements(&output).map(|_| output));
        let name = || names[index].clone();
        shapes.push(output.map_err(|source| NetworkError::Layer { index, layer: name(), source })?);
    }
    Ok(shapes)
}

/// The book's short names, numbered: the second convolution is "Conv2".
fn names<F: Real>(layers: &[Box<dyn Layer<F>>]) -> Vec<String> {
    let short = |layer: &dyn Layer<F>| match layer.kind() {
        "Convolution" => "Conv",
        "Pooling" => "Pool",
        "AveragePooling" => "AvgPool",
        "BatchNormalization" => "BatchNorm",
        kind => kind,
    };
    numbered(layers.iter().map(|layer| short(&**layer)))
}

/// For each layer, how many learned parameters there are before it.
fn slots<F: Real>(layers: &[Box<dyn Layer<F>>]) -> Vec<usize> {
    let mut learned = 0;
    let before = layers.iter().map(|layer| {
        let before = learned;
        layer.visit_params(&mut |param| learned += usize::from(param.learned));
        before
    });
    before.collect()
}

/// "W1", "b1", "W2", …
fn param_names<F: Real>(layers: &[Box<dyn Layer<F>>]) -> Vec<String> {
    let mut names = Vec::new();
    for layer in layers {
        layer.visit_params(&mut |param| names.push(param.name));
    }
    numbered(names.into_iter())
}

/// Appends to each name how often it has come so far.
fn numbered(names: impl Iterator<Item = &'static str>) -> Vec<String> {
    let mut seen = BTreeMap::new();
    let numbered = names.map(|name| {
        let number = seen.entry(name).or_insert(0);
        *number += 1;
        format!("{name}{number}")
    });
    numbered.collect()
}
