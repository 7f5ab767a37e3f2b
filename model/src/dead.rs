//! Filters and neurons that have died.

use std::fmt::{self, Display};

use datasets::{Dataset, Scaling};
use layers::ndarray::ArrayD;

use crate::batch::Batch;
use crate::network::Network;
use crate::spec::LayerSpec;

/// Filters or neurons of one layer whose ReLU gave zero for every image that was looked at. Where the output is zero, so is
/// the gradient: what is silent for all training images learns nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// The name of the layer that they belong to: "Conv1".
    pub layer: String,
    /// What they are.
    pub units: Units,
    /// Their numbers, from 0, in order.
    pub numbers: Vec<usize>,
    /// How many units the layer has.
    pub of: usize,
    /// How many images were looked at: the first ones of the training set.
    pub images: usize,
}

/// What a layer consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Units {
    /// A convolution.
    Filters,
    /// An affine layer.
    Neurons,
}

impl Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Units::Filters => "filters",
            Units::Neurons => "neurons",
        })
    }
}

/// No more images are looked at.
const MOST_IMAGES: usize = 500;
/// Images that are looked at together. Nearly every unit answers to one of the first ten, and then the search is over.
const IMAGES: usize = 10;

/// How bad it is that units of a layer are dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Extent {
    /// Not worth a word: fewer than three quarters of the neurons. (About half of those behind positive numbers are silent with
    /// their first weights; in the book's network 30 of 100 stay so with Adam, and it learns very well.)
    Little,
    /// A filter, or three quarters of the neurons.
    Much,
    /// All units of the layer: nothing gets through.
    All,
}

impl Dead {
    /// Whether no unit of the layer is alive.
    pub fn is_all(&self) -> bool {
        self.numbers.len() == self.of
    }

    pub(crate) fn extent(&self) -> Extent {
        match self.units {
            _ if self.is_all() => Extent::All,
            Units::Neurons if 4 * self.numbers.len() < 3 * self.of => Extent::Little,
            _ => Extent::Much,
        }
    }

    /// How many images are looked at: the first ones.
    pub(crate) fn images(data: &Dataset) -> usize {
        data.len().min(MOST_IMAGES)
    }

    /// The dead units of a network, layer by layer. What is not a number is not dead.
    pub(crate) fn find(network: &Network, data: &Dataset, scaling: Scaling) -> Vec<Dead> {
        let mut gates = gates(network);
        let images = Dead::images(data);
        let (indices, mut batch) = ((0..images).collect::<Vec<_>>(), Batch::default());
        for indices in indices.chunks(IMAGES) {
            let Some(last) = gates.iter().rfind(|gate| gate.is_open()).map(|gate| gate.relu) else { break };
            batch.fill(data, indices, scaling);
            let (x, _) = batch.view(network.input_shape());
            let mut x: ArrayD<f32> = x.to_owned();
            for (index, layer) in network.layers().layers()[..=last].iter().enumerate() {
                x = layers::infer(&**layer, &x);
                gates.iter_mut().filter(|gate| gate.relu == index).for_each(|gate| gate.see(&x));
            }
        }
        gates.into_iter().filter_map(|gate| gate.dead(images)).collect()
    }
}

/// A ReLU, and the units whose answers it lets through.
struct Gate {
    /// The index of the ReLU among the layers.
    relu: usize,
    /// The name of the layer of the units.
    layer: String,
    units: Units,
    /// For each unit whether it was silent so far.
    silent: Vec<bool>,
}

/// The first ReLU behind each convolution and each affine layer.
fn gates(network: &Network) -> Vec<Gate> {
    let (names, shapes) = (network.layers().names(), network.layers().shapes());
    let mut gates = Vec::new();
    let mut source = None;
    for (index, layer) in network.spec().layers.iter().enumerate() {
        match layer {
            LayerSpec::Convolution { .. } => source = Some((index, Units::Filters)),
            LayerSpec::Affine { .. } => source = Some((index, Units::Neurons)),
            LayerSpec::Relu => {
                if let Some((of, units)) = source.take() {
                    let layer = names[of].clone();
                    let silent = vec![true; shapes[of][0]];
                    gates.push(Gate { relu: index, layer, units, silent });
                }
            }
            _ => {}
        }
    }
    gates
}

impl Gate {
    /// Whether something is still to be found out.
    fn is_open(&self) -> bool {
        self.silent.contains(&true)
    }

    /// Takes what the ReLU gives for some images: (N, units, …).
    fn see(&mut self, y: &ArrayD<f32>) {
        let (n, units) = (y.shape()[0], self.silent.len());
        let y = y.as_slice().expect("row-major");
        for y in y.chunks_exact(y.len() / n) {
            for (silent, y) in self.silent.iter_mut().zip(y.chunks_exact(y.len() / units)) {
                *silent = *silent && y.iter().all(|&y| y == 0.0);
            }
        }
    }

    /// What was found, if anything.
    fn dead(self, images: usize) -> Option<Dead> {
        let Gate { layer, units, silent, .. } = self;
        let numbers: Vec<_> = (0..silent.len()).filter(|&unit| silent[unit]).collect();
        (!numbers.is_empty()).then_some(Dead { layer, units, numbers, of: silent.len(), images })
    }
}

#[cfg(test)]
mod tests {
    use datasets::digits;
    use layers::Window;
    use layers::ndarray::Axis;

    use super::*;
    use crate::NetworkSpec;

    /// Two convolutions (batch normalisation between the first and its ReLU, a pooling and a second ReLU behind the
    /// second), two affine layers, the last without a ReLU.
    fn network() -> Network {
        let (init, window) = (layers::Init::HeNormal, Window::square(5));
        let convolution = |filters| LayerSpec::Convolution { filters, window, init };
        let affine = |outputs| LayerSpec::Affine { outputs, init };
        let pooling = LayerSpec::MaxPool { window: Window::square(2).stride(2) };
        let layers = vec![
            convolution(4),
            LayerSpec::BatchNormalization { momentum: 0.9 },
            LayerSpec::Relu,
            convolution(3),
            LayerSpec::Relu,
            pooling,
            LayerSpec::Relu,
            affine(12),
            LayerSpec::Relu,
            affine(10),
        ];
        Network::build(NetworkSpec { input: vec![1, 28, 28], layers }, 0).unwrap()
    }

    /// Gives some numbers of a parameter the value.
    fn set(network: &mut Network, name: &str, numbers: &[usize], value: f32) {
        let mut values = network.param(name).unwrap();
        numbers.iter().for_each(|&number| values[number] = value);
        network.set_param(name, values.view()).unwrap();
    }

    #[test]
    fn what_is_silent_for_every_image_is_found_and_named() {
        let data = digits::splits(130, 1, 0).train;
        let mut network = network();
        let find = |network: &Network| Dead::find(network, &data, Scaling::Unit);
        assert_eq!(find(&network), []);

        // Biases far below zero; the first convolution's are those of its batch normalisation.
        let biases: Vec<_> = {
            let mut names = Vec::new();
            network.visit_params(&mut |name, param| names.extend((param.shape().len() == 1).then(|| name.to_owned())));
            names
        };
        assert_eq!(biases, ["b1", "gamma1", "beta1", "running_mean1", "running_var1", "b2", "b3", "b4"]);
        set(&mut network, "beta1", &[2], -1e6);
        set(&mut network, "b2", &[0, 1], -1e6);
        set(&mut network, "b3", &[11], -1e6);
        set(&mut network, "b4", &[5], -1e6); // behind it is no ReLU
        let dead = |layer: &str, units, numbers: &[usize], of| Dead {
            layer: layer.to_owned(),
            units,
            numbers: numbers.to_vec(),
            of,
            images: 130,
        };
        let filters = |layer, numbers, of| dead(layer, Units::Filters, numbers, of);
        let expected =
            [filters("Conv1", &[2], 4), filters("Conv2", &[0, 1], 3), dead("Affine1", Units::Neurons, &[11], 12)];
        assert_eq!(find(&network), expected);

        assert_eq!(expected.each_ref().map(Dead::extent), [Extent::Much, Extent::Much, Extent::Little]);
        set(&mut network, "b2", &[2], -1e6);
        let all = find(&network);
        assert_eq!((all[1].is_all(), all[1].extent()), (true, Extent::All));
        assert!(all[2].numbers.len() > 1, "nothing gets through");
        set(&mut network, "b2", &[2], 0.0);

        // What is not a number passes a ReLU: it is another trouble.
        set(&mut network, "b3", &[11], f32::NAN);
        assert_eq!(find(&network), expected[..2]);
    }

    #[test]
    fn one_image_that_is_answered_to_is_enough() {
        // Black images and a white one at the end.
        let mut pixels = vec![0; 57 * 784];
        pixels[56 * 784..].fill(255);
        let data = Dataset::new(pixels, vec![0; 57], [1, 28, 28], 10).unwrap();
        let layers = vec![LayerSpec::Affine { outputs: 10, init: layers::Init::default() }, LayerSpec::Relu];
        let mut network = Network::build(NetworkSpec { input: vec![784], layers }, 0).unwrap();
        let mut w = network.param("W1").unwrap();
        w.fill(-0.01);
        w.index_axis_mut(Axis(1), 3).fill(0.01);
        network.set_param("W1", w.view()).unwrap();
        let find = |data: &Dataset| Dead::find(&network, data, Scaling::Unit).remove(0).numbers;
        assert_eq!(find(&data), [0, 1, 2, 4, 5, 6, 7, 8, 9]);
        assert_eq!(find(&data.limit(56)), (0..10).collect::<Vec<_>>());
    }
}
