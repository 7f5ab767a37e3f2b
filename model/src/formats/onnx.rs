//! ONNX: the network with its weights as a graph that other runtimes compute (written, not read).
//!
//! | | |
//! |---|---|
//! | operators | opset 17, format (IR) version 8 |
//! | input | `image`, f32, (batch, C, H, W): any number of images |
//! | output | `scores`, f32, (batch, classes): the larger, the likelier, not probabilities |
//! | weights | in the file, as f32, or as f16 or bf16 with a `Cast` before they are used |
//!
//! Layers become `Conv`, `Relu`, `Sigmoid`, `Tanh`, `MaxPool`, `BatchNormalization`, `Flatten` and `Gemm`; dropout, which
//! multiplies by a constant in inference, becomes `Mul`. Nodes have the names of our layers, arrays those of our
//! parameters.

use layers::{BatchNormalization, Window};
use tensor::Real;

use super::array::NamedArray;
use super::element::{Element, Values};
use super::naming::Naming;
use super::protobuf::Message;
use crate::network::Network;
use crate::spec::LayerSpec;

const IR_VERSION: u64 = 8;
const OPSET: u64 = 17;

/// Numbers of types.
const FLOAT: u64 = 1;
const FLOAT16: u64 = 10;
const BFLOAT16: u64 = 16;

/// The file of a network, whose weights are stored as `element`.
///
/// # Panics
/// Where `element` is [`Element::F64`]: the graph computes in single precision.
pub fn write<F: Real>(network: &Network<F>, element: Element) -> Vec<u8> {
    let arrays = network.to_arrays(Naming::Book).expect("the book's names are always possible");
    let graph = Graph { element, nodes: Vec::new(), weights: Vec::new(), value: "image".to_string() };
    let graph = graph.build(network, arrays);
    let model = Message::new()
        .int(1, IR_VERSION)
        .bytes(2, env!("CARGO_PKG_NAME"))
        .bytes(3, env!("CARGO_PKG_VERSION"))
        .message(7, graph)
        // The operators of ONNX itself have no domain.
        .message(8, Message::new().bytes(1, "").int(2, OPSET));
    model.into_bytes()
}

/// A graph that is being written, layer by layer.
struct Graph {
    element: Element,
    nodes: Vec<Message>,
    weights: Vec<Message>,
    /// What the last layer gave.
    value: String,
}

impl Graph {
    fn build<F: Real>(mut self, network: &Network<F>, arrays: Vec<NamedArray>) -> Message {
        let mut arrays = arrays.into_iter();
        let layers = network.layers();
        let shapes = std::iter::once(network.input_shape()).chain(layers.shapes().iter().map(Vec::as_slice));
        for ((layer, name), input) in network.spec().layers.iter().zip(layers.names()).zip(shapes) {
            self.layer(layer, name, input, &mut arrays);
        }
        // The last value under the name that is promised.
        self.node("Identity", "scores", &[self.value.clone()], "scores", vec![]);
        let input = value_info("image", network.input_shape());
        let output = value_info("scores", &[network.classes()]);
        Message::new()
            .all(self.nodes, |graph, node| graph.message(1, node))
            .bytes(2, "network")
            .all(self.weights, |graph, weight| graph.message(5, weight))
            .message(11, input)
            .message(12, output)
    }

    fn layer(&mut self, layer: &LayerSpec, name: &str, input: &[usize], arrays: &mut impl Iterator<Item = NamedArray>) {
        match layer {
            LayerSpec::Convolution { window, .. } => {
                let inputs = self.with_weights(2, arrays);
                self.node("Conv", name, &inputs, name, window_attributes(window));
            }
            LayerSpec::Relu => self.unary("Relu", name, vec![]),
            LayerSpec::Sigmoid => self.unary("Sigmoid", name, vec![]),
            LayerSpec::Tanh => self.unary("Tanh", name, vec![]),
            LayerSpec::MaxPool { window } => self.unary("MaxPool", name, window_attributes(window)),
            LayerSpec::AveragePool { window } => {
                let mut attributes = window_attributes(window);
                attributes.push(attribute("count_include_pad", 2).int(3, 1));
                self.unary("AveragePool", name, attributes);
            }
            LayerSpec::Affine { .. } => {
                if input.len() != 1 {
                    self.unary("Flatten", &format!("{name}_input"), vec![]);
                }
                let inputs = self.with_weights(2, arrays);
                self.node("Gemm", name, &inputs, name, vec![]);
            }
            LayerSpec::Dropout { ratio } => {
                let keep = format!("{name}_keep");
                let values = Values::F32(vec![(1.0 - ratio) as f32]);
                self.weights.push(tensor(&keep, &[], Element::F32, &values));
                let inputs = [self.value.clone(), keep];
                self.node("Mul", name, &inputs, name, vec![]);
            }
            LayerSpec::BatchNormalization { .. } => {
                let inputs = self.with_weights(4, arrays);
                let epsilon = float_attribute("epsilon", BatchNormalization::<f32>::EPSILON as f32);
                self.node("BatchNormalization", name, &inputs, name, vec![epsilon]);
            }
        }
    }

    /// The last value, and the names of the next arrays, which are put into the file.
    fn with_weights(&mut self, count: usize, arrays: &mut impl Iterator<Item = NamedArray>) -> Vec<String> {
        let mut inputs = vec![self.value.clone()];
        for array in arrays.by_ref().take(count) {
            if self.element == Element::F32 {
                self.weights.push(tensor(&array.name, &array.shape, self.element, &array.values));
            } else {
                let stored = format!("{}_{}", array.name, self.element.name());
                self.weights.push(tensor(&stored, &array.shape, self.element, &array.values));
                let to = attribute("to", 2).int(3, FLOAT);
                self.push("Cast", &format!("{}_cast", array.name), &[stored], &array.name, vec![to]);
            }
            inputs.push(array.name);
        }
        inputs
    }

    fn unary(&mut self, operator: &str, name: &str, attributes: Vec<Message>) {
        let input = [self.value.clone()];
        self.node(operator, name, &input, name, attributes);
    }

    /// A node whose output is what the next layer sees.
    fn node(&mut self, operator: &str, name: &str, inputs: &[String], output: &str, attributes: Vec<Message>) {
        self.push(operator, name, inputs, output, attributes);
        self.value = output.to_string();
    }

    fn push(&mut self, operator: &str, name: &str, inputs: &[String], output: &str, attributes: Vec<Message>) {
        let node = Message::new()
            .all(inputs, |node, input| node.bytes(1, input))
            .bytes(2, output)
            .bytes(3, name)
            .bytes(4, operator)
            .all(attributes, |node, attribute| node.message(5, attribute));
        self.nodes.push(node);
    }
}

fn window_attributes(window: &Window) -> Vec<Message> {
    let [top, left] = window.pad;
    let pads = [top, left, top, left];
    [("kernel_shape", &window.kernel[..]), ("strides", &window.stride), ("pads", &pads)]
        .map(|(name, values)| attribute(name, 7).all(values, |message, &value| message.int(8, value as u64)))
        .to_vec()
}

fn float_attribute(name: &str, value: f32) -> Message {
    attribute(name, 1).float(2, value)
}

/// An attribute of this name and of the type of this number.
fn attribute(name: &str, kind: u64) -> Message {
    Message::new().bytes(1, name).int(20, kind)
}

/// An array with its values.
fn tensor(name: &str, shape: &[usize], element: Element, values: &Values) -> Message {
    let kind = match element {
        Element::F32 => FLOAT,
        Element::F16 => FLOAT16,
        Element::Bf16 => BFLOAT16,
        Element::F64 => panic!("the graph computes in single precision"),
    };
    let mut bytes = Vec::new();
    element.encode(values, &mut bytes);
    let tensor = Message::new().all(shape, |tensor, &size| tensor.int(1, size as u64));
    tensor.int(2, kind).bytes(8, name).bytes(9, bytes)
}

/// What goes in or comes out: f32 of the shape (batch, shape…), where any number is a batch.
fn value_info(name: &str, shape: &[usize]) -> Message {
    let batch = Message::new().bytes(2, "batch");
    let sizes = shape.iter().map(|&size| Message::new().int(1, size as u64));
    let shape = Message::new().all(std::iter::once(batch).chain(sizes), |shape, size| shape.message(1, size));
    let tensor = Message::new().int(1, FLOAT).message(2, shape);
    Message::new().bytes(1, name).message(2, Message::new().message(1, tensor))
}
