//! From a description to layers, with weights that are drawn or given.

use layers::ndarray::{ArrayD, Ix1, Ix2, Ix4};
use layers::{
    Affine, AveragePooling, BatchNormalization, Convolution, Dropout, Layer, NetworkError, Pooling, Random, Relu,
    Sequential, ShapeError, Sigmoid, Tanh,
};
use tensor::Real;

use crate::spec::{LayerSpec, NetworkSpec, SpecError};

/// Where the parameters come from.
pub(crate) enum Source<'a, F: Real, E> {
    /// Drawn as each layer's `init` says.
    Drawn(&'a mut Random),
    /// Handed over one by one, first layer to last.
    Given(&'a mut Given<'a, F, E>),
}

/// Gives the next parameter: by the book's name without a number, and the shape that it must have. It is asked before
/// anything of that shape is allocated.
pub(crate) type Given<'a, F, E> = dyn FnMut(&'static str, &[usize]) -> Result<ArrayD<F>, E> + 'a;

/// Builds the layers of `spec`.
pub(crate) fn construct<F: Real, E: From<SpecError>>(
    spec: &NetworkSpec,
    mut source: Source<'_, F, E>,
) -> Result<Sequential<F>, E> {
    addressable(&spec.input).map_err(|source| SpecError::from(NetworkError::Input(source)))?;
    let mut shape = spec.input.clone();
    let mut layers: Vec<Box<dyn Layer<F>>> = Vec::with_capacity(spec.layers.len());
    for (index, layer) in spec.layers.iter().enumerate() {
        let name_it = |source| SpecError::from(NetworkError::Layer { index, layer: spec.layer_name(index), source });
        let inputs = Inputs::new(layer, &shape).map_err(name_it)?;
        let layer = match &mut source {
            Source::Drawn(random) => drawn(layer, inputs, random).map_err(SpecError::from)?,
            Source::Given(next) => given(layer, inputs, next)?,
        };
        shape = layer.output_shape(&shape).map_err(name_it)?;
        addressable(&shape).map_err(name_it)?;
        layers.push(layer);
    }
    let network = Sequential::new(&spec.input, layers).map_err(SpecError::from)?;
    match network.output_shape() {
        [_] => Ok(network),
        shape => {
            let layer = spec.layer_name(spec.layers.len() - 1);
            Err(SpecError::Scores { layer, shape: shape.to_vec() }.into())
        }
    }
}

/// Refuses a shape that no array can have, before its sizes are multiplied.
fn addressable(shape: &[usize]) -> Result<(), ShapeError> {
    let bytes = shape.iter().try_fold(8_usize, |a, &b| a.checked_mul(b)); // 8 bytes an f64
    match bytes.is_some_and(|bytes| isize::try_from(bytes).is_ok()) {
        true => Ok(()),
        false => Err(ShapeError::TooLarge { shape: shape.to_vec() }),
    }
}

/// What a layer has to know of its input to be built.
struct Inputs {
    /// The size of the first axis.
    channels: usize,
    /// All elements.
    len: usize,
}

impl Inputs {
    fn new(layer: &LayerSpec, shape: &[usize]) -> Result<Inputs, ShapeError> {
        let axes = |expected| Err(ShapeError::Axes { expected, got: shape.to_vec() });
        match layer {
            LayerSpec::Convolution { .. } if shape.len() != 3 => axes("(C, H, W)"),
            LayerSpec::BatchNormalization { .. } if shape.is_empty() => axes("(C, …)"),
            _ => Ok(Inputs { channels: shape.first().copied().unwrap_or(1), len: shape.iter().product() }),
        }
    }
}

/// A layer with new parameters.
fn drawn<F: Real>(layer: &LayerSpec, inputs: Inputs, random: &mut Random) -> Result<Box<dyn Layer<F>>, NetworkError> {
    Ok(match *layer {
        LayerSpec::Convolution { filters, window, init } => {
            Box::new(Convolution::random(inputs.channels, filters, window, init, random)?)
        }
        LayerSpec::Affine { outputs, init } => Box::new(Affine::random(inputs.len, outputs, init, random)?),
        LayerSpec::BatchNormalization { momentum } => {
            Box::new(BatchNormalization::with_channels(inputs.channels)?.momentum(momentum)?)
        }
        _ => without_parameters(layer)?,
    })
}

/// A layer with given parameters.
fn given<F: Real, E: From<SpecError>>(
    layer: &LayerSpec,
    inputs: Inputs,
    next: &mut Given<'_, F, E>,
) -> Result<Box<dyn Layer<F>>, E> {
    const AXES: &str = "the shape that was asked for";
    let layer: Result<Box<dyn Layer<F>>, NetworkError> = match *layer {
        LayerSpec::Convolution { filters, window, .. } => {
            let w = next("W", &[filters, inputs.channels, window.kernel[0], window.kernel[1]])?;
            let b = next("b", &[filters])?;
            let (w, b) = (w.into_dimensionality::<Ix4>().expect(AXES), b.into_dimensionality::<Ix1>().expect(AXES));
            Convolution::new(w, b, window).map(|layer| Box::new(layer) as _)
        }
        LayerSpec::Affine { outputs, .. } => {
            let w = next("W", &[inputs.len, outputs])?;
            let b = next("b", &[outputs])?;
            let (w, b) = (w.into_dimensionality::<Ix2>().expect(AXES), b.into_dimensionality::<Ix1>().expect(AXES));
            Affine::new(w, b).map(|layer| Box::new(layer) as _)
        }
        LayerSpec::BatchNormalization { momentum } => {
            let mut values = Vec::new();
            for name in ["gamma", "beta", "running_mean", "running_var"] {
                values.push(next(name, &[inputs.channels])?);
            }
            BatchNormalization::with_channels(inputs.channels).and_then(|layer| {
                let mut layer = layer.momentum(momentum)?;
                let mut values = values.into_iter();
                layer.visit_params_mut(&mut |param| param.assign(&values.next().expect("four parameters").view()));
                Ok(Box::new(layer) as _)
            })
        }
        _ => without_parameters(layer),
    };
    layer.map_err(|error| SpecError::from(error).into())
}

fn without_parameters<F: Real>(layer: &LayerSpec) -> Result<Box<dyn Layer<F>>, NetworkError> {
    Ok(match *layer {
        LayerSpec::Relu => Box::new(Relu),
        LayerSpec::Sigmoid => Box::new(Sigmoid),
        LayerSpec::Tanh => Box::new(Tanh),
        LayerSpec::MaxPool { window } => Box::new(Pooling::new(window)),
        LayerSpec::AveragePool { window } => Box::new(AveragePooling::new(window)),
        LayerSpec::Dropout { ratio } => Box::new(Dropout::new(ratio)?),
        LayerSpec::Convolution { .. } | LayerSpec::Affine { .. } | LayerSpec::BatchNormalization { .. } => {
            unreachable!("a layer with parameters")
        }
    })
}
