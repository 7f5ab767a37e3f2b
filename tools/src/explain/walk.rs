//! Everything that is computed for one image.

use layers::ndarray::{Array2, ArrayD, ArrayView, Axis, Dimension};
use layers::{Activation, Labels};
use model::{Network, StepTrace};
use optim::{Optimizer, Sgd, SgdConfig};

use super::document::{Document, Figure};
use super::thread::Thread;
use super::{backward, forward, softmax, step};
use crate::picture::{Range, short};

/// An image with its label.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What it is, for a heading: "image 42 of the 10,000 test images of MNIST".
    pub title: String,
    /// The image as the network takes it: (1, input…).
    pub x: ArrayD<f32>,
    /// Channels, height and width, where the network takes it flat.
    pub image_shape: [usize; 3],
    /// Its class.
    pub label: usize,
}

/// An image's way through a network and back.
#[derive(Debug)]
pub struct Walk<'a> {
    /// The network.
    pub network: &'a Network,
    /// The image.
    pub sample: &'a Sample,
    /// What every layer makes of it.
    pub forward: Vec<Activation>,
    /// What a step of training computes for it.
    pub step: StepTrace,
    /// The numbers that are followed on the way forward.
    pub thread: Thread,
    /// The numbers that are followed on the way back: others where training computes something else than inference.
    pub step_thread: Thread,
    /// The learning rate of the step.
    pub lr: f64,
    /// The loss of this image before and after the step, in double precision, lest a small change is rounded away.
    pub losses: [f64; 2],
}

impl<'a> Walk<'a> {
    /// Sends the image through the network and back, and tries what a step of SGD with this learning rate does to its loss.
    ///
    /// # Panics
    /// Where the image is not of the network's shape, or its class is none of the network's.
    pub fn new(network: &'a Network, sample: &'a Sample, lr: f64) -> Walk<'a> {
        let forward = network.trace(sample.x.view());
        let step = network.trace_step(sample.x.view(), Labels::Classes(&[sample.label]));
        let layers = network.layers().layers();
        let seen: Vec<_> = forward.iter().map(|activation| &activation.output).collect();
        let trained: Vec<_> = step.layers.iter().map(|layer| &layer.output).collect();
        Walk {
            network,
            sample,
            thread: Thread::find(layers, &sample.x, &seen),
            step_thread: Thread::find(layers, &sample.x, &trained),
            losses: losses(network, sample, lr),
            forward,
            step,
            lr,
        }
    }

    /// All of it, to be read.
    pub fn document(&self) -> Document {
        let mut sections = forward::sections(self);
        sections.extend(backward::sections(self));
        sections.push(step::section(self));
        Document {
            title: format!("{}: one step explained", capitalised(&self.sample.title)),
            lead: self.lead(),
            sections,
        }
    }

    fn lead(&self) -> Vec<String> {
        let scores = &self.forward[self.forward.len() - 1].output;
        vec![
            softmax::verdict(scores, self.sample.label),
            "One chain of numbers is followed through the layers: from the score of the likeliest class back, always to \
             the term that adds most. Rows, columns, filters and neurons are counted from 0, as in arrays."
                .to_owned(),
        ]
    }

    /// The layers that compute something else in training than in inference, for this image.
    pub(super) fn different_in_training(&self) -> Vec<&str> {
        let own = |i: usize| matches!(self.forward[i].kind, "Dropout" | "BatchNormalization");
        let differ = |i: &usize| own(*i) && self.forward[*i].output != self.step.layers[*i].output;
        (0..self.forward.len()).filter(differ).map(|i| self.forward[i].layer.as_str()).collect()
    }

    /// The input of a layer on the way forward.
    pub(super) fn input(&self, layer: usize) -> &ArrayD<f32> {
        if layer == 0 { &self.sample.x } else { &self.forward[layer - 1].output }
    }

    /// The input of a layer in the step.
    pub(super) fn step_input(&self, layer: usize) -> &ArrayD<f32> {
        if layer == 0 { &self.sample.x } else { &self.step.layers[layer - 1].output }
    }
}

fn losses(network: &Network, sample: &Sample, lr: f64) -> [f64; 2] {
    let labels = [sample.label];
    let x = sample.x.mapv(f64::from);
    let loss = |network: &Network| network.cast::<f64>().loss(x.view(), Labels::Classes(&labels));
    let before = loss(network);
    let mut network = network.cast::<f32>();
    network.gradient(sample.x.view(), Labels::Classes(&labels));
    let mut sgd = Sgd::new(SgdConfig { lr }).expect("a learning rate that was checked");
    sgd.begin_step();
    let mut slot = 0;
    network.visit_params_mut(&mut |_, param| {
        if param.learned {
            let (value, grad) = param.value_and_grad_mut();
            sgd.update(slot, value, grad);
            slot += 1;
        }
    });
    [before, loss(&network)]
}

/// The matrix at these places of the first axes.
pub(super) fn matrix<D: Dimension>(array: ArrayView<'_, f32, D>, at: &[usize]) -> Array2<f32> {
    let inner = at.iter().fold(array.into_dyn(), |array, &i| array.index_axis_move(Axis(0), i));
    inner.into_dimensionality().expect("two axes are left").to_owned()
}

/// The planes of an array (1, C, H, W) as pictures, or all of another array as one picture of a few rows.
pub(super) fn planes(array: &ArrayD<f32>) -> Vec<Array2<f32>> {
    let one = array.index_axis(Axis(0), 0);
    match *one.shape() {
        [_, _, _] => one.outer_iter().map(|plane| matrix(plane, &[])).collect(),
        _ => vec![in_rows(one.iter().copied().collect())],
    }
}

/// Numbers in rows of five to twenty, of more where there are more than 400, where that comes out even; else in one row.
fn in_rows(values: Vec<f32>) -> Array2<f32> {
    let most = values.len().isqrt().max(20);
    let even = (5..=most).rev().find(|&columns| values.len().is_multiple_of(columns));
    let columns = even.unwrap_or(values.len());
    let rows = values.len() / columns;
    Array2::from_shape_vec((rows, columns), values).expect("as many as the shape has")
}

/// A figure with its caption and, for those who cannot see it, its range of values.
pub(super) fn figure(name: String, values: Array2<f32>) -> Figure {
    let Range { low, high } = Range::of(values.iter().copied());
    let alt = format!("{name}, {}×{} numbers from {} to {}", values.nrows(), values.ncols(), short(low), short(high));
    Figure { values, caption: name, alt, frame: None }
}

/// "row 3, column 4" for a place in an array of this shape (without the batch axis).
pub(super) fn place(shape: &[usize], at: usize) -> String {
    match *shape {
        [1, _, width] => format!("row {}, column {}", at / width, at % width),
        [_, height, width] => {
            format!("map {}, row {}, column {}", at / (height * width), at / width % height, at % width)
        }
        _ => format!("neuron {at}"),
    }
}

pub(super) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}
