//! Where a training went astray.

use std::fmt::{self, Display};

use layers::ndarray::{ArrayD, ArrayViewD, Axis};

use crate::network::Network;

/// The first array with a number that is NaN or infinite, in the order in which a forward pass computes them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum NotFinite {
    /// The images that went in.
    Images,
    /// A parameter (or a statistic): the step before made it so, or it came with the network.
    Parameter {
        /// Its name: "W2".
        name: String,
        /// The name of its layer: "Affine1".
        layer: String,
        /// The first number of it that is not finite.
        value: f32,
    },
    /// What a layer computed, although what went in and its parameters are finite.
    Output {
        /// The name of the layer: "Affine1".
        layer: String,
        /// The first number of it that is not finite.
        value: f32,
    },
    /// The loss itself: all scores are finite.
    Loss,
}

impl Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotFinite::Images => f.write_str("the images"),
            NotFinite::Parameter { name, layer, value } => write!(f, "{name} of {layer} ({value})"),
            NotFinite::Output { layer, value } => write!(f, "the output of {layer} ({value})"),
            NotFinite::Loss => f.write_str("the loss itself (all scores are finite)"),
        }
    }
}

/// Images that are looked at together: what every layer computes of them has to fit into memory.
const IMAGES: usize = 100;

impl NotFinite {
    /// Computes the forward pass of a batch again, layer by layer; what is random begins with `seed`. The statistics of
    /// batch normalisation go on as in training. (Of a batch of more than 100 images that is a little different for batch
    /// normalisation and dropout, which see a hundred at a time.)
    pub(crate) fn find(network: &mut Network, seed: u64, x: ArrayViewD<'_, f32>) -> NotFinite {
        if not_finite(x.iter()).is_some() {
            return NotFinite::Images;
        }
        let outputs = x.axis_chunks_iter(Axis(0), IMAGES).filter_map(|x| first_output(network, seed, x));
        let output = outputs.min_by_key(|&(layer, _)| layer);
        NotFinite::first(network, output)
    }

    /// The same for images that the network is shown without learning from them.
    pub(crate) fn find_in_inference(network: &Network, x: ArrayViewD<'_, f32>) -> NotFinite {
        if not_finite(x.iter()).is_some() {
            return NotFinite::Images;
        }
        let trace = network.trace(x);
        let mut outputs = trace.iter().map(|layer| not_finite(layer.output.iter())).enumerate();
        NotFinite::first(network, outputs.find_map(|(layer, value)| Some((layer, value?))))
    }

    /// A parameter, or what a layer makes of its finite parameters: `output` is the index of the first layer whose output is
    /// not finite.
    fn first(network: &Network, output: Option<(usize, f32)>) -> NotFinite {
        let name = |layer: usize| network.layers().names()[layer].clone();
        match (first_parameter(network), output) {
            (Some((layer, parameter)), output) if output.is_none_or(|(other, _)| layer <= other) => parameter,
            (_, Some((layer, value))) => NotFinite::Output { layer: name(layer), value },
            _ => NotFinite::Loss,
        }
    }

    /// The first parameter or statistic of a network that is not finite.
    pub(crate) fn parameter(network: &Network) -> Option<NotFinite> {
        first_parameter(network).map(|(_, parameter)| parameter)
    }
}

/// The first parameter that is not finite, with the index of its layer.
fn first_parameter(network: &Network) -> Option<(usize, NotFinite)> {
    let mut layers = Vec::new();
    for (index, layer) in network.layers().layers().iter().enumerate() {
        layer.visit_params(&mut |_| layers.push(index));
    }
    let mut layers = layers.into_iter();
    let mut first = None;
    network.visit_params(&mut |name, param| {
        let index = layers.next().expect("a layer for every parameter");
        if first.is_none()
            && let Some(value) = not_finite(param.values())
        {
            let layer = network.layers().names()[index].clone();
            first = Some((index, NotFinite::Parameter { name: name.to_string(), layer, value }));
        }
    });
    first
}

/// The index of the first layer whose output is not finite.
fn first_output(network: &mut Network, seed: u64, x: ArrayViewD<'_, f32>) -> Option<(usize, f32)> {
    network.reseed(seed);
    let mut x: ArrayD<f32> = x.to_owned();
    for (index, layer) in network.layers_mut().layers_mut().enumerate() {
        x = layers::forward(layer, &x);
        if let Some(value) = not_finite(x.iter()) {
            return Some((index, value));
        }
    }
    None
}

fn not_finite<'a>(values: impl IntoIterator<Item = &'a f32>) -> Option<f32> {
    values.into_iter().copied().find(|value| !value.is_finite())
}
