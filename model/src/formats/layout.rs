//! From the arrays of a file to a network, and back.

use std::collections::BTreeSet;

use layers::ndarray::{ArrayD, IxDyn, ShapeBuilder};
use tensor::Real;

use super::array::NamedArray;
use super::element::{Element, Values};
use super::error::FormatError;
use super::naming::{Names, Naming, by_name};
use crate::construct::{Source, construct};
use crate::network::Network;
use crate::row_major::row_major;
use crate::spec::{LayerSpec, NetworkSpec};

impl<F: Real> Network<F> {
    /// The network that `spec` describes, with the weights in `arrays`, by whichever [`Naming`] they have.
    ///
    /// # Errors
    /// Where an array is missing, has another shape, or belongs to no layer: the error names the first.
    pub fn from_arrays(spec: &NetworkSpec, arrays: &[NamedArray]) -> Result<Self, FormatError> {
        let naming = Naming::of(arrays);
        let keep = kept_by_dropout(spec, naming)?;
        let mut found = by_name(arrays);
        // Our own files may be made to have two arrays of one name.
        let kept: BTreeSet<_> = found.values().map(|&array| std::ptr::from_ref(array)).collect();
        if let Some(array) = arrays.iter().find(|&array| !kept.contains(&std::ptr::from_ref(array))) {
            return Err(FormatError::Twice { name: array.name.clone() });
        }
        let mut names = Names::new(naming);
        let mut layer = 0;
        let mut first = true;
        let mut next = |param: &'static str, shape: &[usize]| {
            // A layer asks for its arrays one after the other, and these are the first of each kind.
            if matches!(param, "W" | "gamma") {
                layer += usize::from(!first);
                layer += spec.layers[layer..].iter().take_while(|layer| !has_arrays(layer)).count();
                first = false;
            }
            let what = &spec.layers[layer];
            let name = names.next(what, param);
            let shape = Shape { sizes: shape, transposed: naming.transposes(what, param) };
            let layer_name = || spec.layer_name(layer);
            let Some(array) = found.remove(&name) else {
                let found = arrays.iter().map(|array| array.name.clone()).collect();
                return Err(FormatError::Missing {
                    layer: layer_name(),
                    expected: name,
                    shape: shape.in_file(),
                    found,
                });
            };
            if array.shape != shape.in_file() {
                let (name, found) = (array.name.clone(), array.shape.clone());
                return Err(FormatError::Shape { layer: layer_name(), name, expected: shape.in_file(), found });
            }
            Ok(shape.array(&array.values, keep[layer].of(param)))
        };
        let layers = construct(spec, Source::Given(&mut next))?;
        match found.values().next() {
            None => Ok(Network::from_parts(spec.clone(), layers)),
            Some(array) => Err(FormatError::Unexpected { name: array.name.clone(), shape: array.shape.clone() }),
        }
    }

    /// The weights of the network as named arrays, first layer to last.
    ///
    /// # Errors
    /// Where the network cannot be had in PyTorch's way: see [`FormatError::Dropout`].
    pub fn to_arrays(&self, naming: Naming) -> Result<Vec<NamedArray>, FormatError> {
        let keep = kept_by_dropout(self.spec(), naming)?;
        let mut names = Names::new(naming);
        let mut arrays = Vec::new();
        let layers = self.layers().layers();
        for ((what, layer), keep) in self.spec().layers.iter().zip(layers).zip(keep) {
            layer.visit_params(&mut |param| {
                let transposed = naming.transposes(what, param.name);
                let view = if transposed { param.value().reversed_axes() } else { param.value() };
                arrays.push(NamedArray {
                    name: names.next(what, param.name),
                    shape: view.shape().to_vec(),
                    element: if F::NAME == "f32" { Element::F32 } else { Element::F64 },
                    values: values(&row_major(&view), keep.of(param.name)),
                });
            });
        }
        Ok(arrays)
    }
}

fn has_arrays(layer: &LayerSpec) -> bool {
    matches!(layer, LayerSpec::Convolution { .. } | LayerSpec::Affine { .. } | LayerSpec::BatchNormalization { .. })
}

/// The shape of an array in a layer, and whether its two axes are the other way around in the file.
struct Shape<'a> {
    sizes: &'a [usize],
    transposed: bool,
}

impl Shape<'_> {
    fn in_file(&self) -> Vec<usize> {
        let sizes = self.sizes.iter().copied();
        if self.transposed { sizes.rev().collect() } else { sizes.collect() }
    }

    /// The array of the layer, given the values of the file, which are row-major there and `factor` times as large.
    fn array<F: Real>(&self, values: &Values, factor: f64) -> ArrayD<F> {
        let values = values.iter().map(|value| F::from_f64(value / factor));
        let shape = IxDyn(self.sizes).set_f(self.transposed);
        ArrayD::from_shape_vec(shape, values.collect()).expect("as many values as the shape has")
    }
}

fn values<F: Real>(values: &[F], factor: f64) -> Values {
    let values = values.iter().map(|value| value.to_f64() * factor);
    match F::NAME {
        "f32" => Values::F32(values.map(|value| value as f32).collect()),
        _ => Values::F64(values.collect()),
    }
}

/// What the weights and biases of a layer are multiplied with in a file.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Keep {
    weights: f64,
    biases: f64,
}

impl Keep {
    fn of(self, param: &str) -> f64 {
        match param {
            "W" | "gamma" => self.weights,
            "b" | "beta" => self.biases,
            _ => 1.0,
        }
    }
}

/// Our dropout (the book's) multiplies with `1 − ratio` in inference, PyTorch's does nothing there. So in PyTorch's arrays
/// the factor is in the weights of the next layer, or in weights and biases of the one before; for each layer of `spec`.
fn kept_by_dropout(spec: &NetworkSpec, naming: Naming) -> Result<Vec<Keep>, FormatError> {
    let mut all = vec![Keep { weights: 1.0, biases: 1.0 }; spec.layers.len()];
    if naming == Naming::Book {
        return Ok(all);
    }
    // The nearest layers, before and after each, that do not let factors through.
    let mut after = vec![None; spec.layers.len()];
    for next in (1..spec.layers.len()).rev() {
        after[next - 1] = if lets_factors_through(&spec.layers[next]) { after[next] } else { Some(next) };
    }
    let mut before = None;
    for (index, layer) in spec.layers.iter().enumerate() {
        let LayerSpec::Dropout { ratio } = *layer else {
            before = if lets_factors_through(layer) { before } else { Some(index) };
            continue;
        };
        let keep = 1.0 - ratio;
        let linear = |layer: &LayerSpec| matches!(layer, LayerSpec::Convolution { .. } | LayerSpec::Affine { .. });
        if let Some(next) = after[index].filter(|&i| linear(&spec.layers[i])) {
            all[next].weights *= keep;
        } else if let Some(last) = before.filter(|&i| has_arrays(&spec.layers[i])) {
            all[last].weights *= keep;
            all[last].biases *= keep;
        } else {
            return Err(FormatError::Dropout { layer: spec.layer_name(index) });
        }
    }
    Ok(all)
}

/// Whether f(a · x) = a · f(x) for every a above 0.
fn lets_factors_through(layer: &LayerSpec) -> bool {
    matches!(layer, LayerSpec::Relu | LayerSpec::MaxPool { .. } | LayerSpec::Dropout { .. })
}
