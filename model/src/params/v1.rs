//! Version 1 of the content, frozen: change nothing here. Another format is another version, in a file of its own.
//!
//! (A new kind of layer may be added at the end of [`LayerV1`]: old files stay readable.)

use layers::{Init, Rounding, Window};
use serde::{Deserialize, Serialize};

use super::ParamsError;
use crate::spec::{LayerSpec, NetworkSpec};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ParamsV1 {
    pub(crate) network: NetworkV1,
    pub(crate) arrays: Vec<ArrayV1>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct NetworkV1 {
    input: Vec<u64>,
    layers: Vec<LayerV1>,
}

#[derive(Debug, Serialize, Deserialize)]
enum LayerV1 {
    Convolution { filters: u64, window: WindowV1, init: InitV1 },
    Relu,
    Sigmoid,
    Tanh,
    MaxPool { window: WindowV1 },
    Affine { outputs: u64, init: InitV1 },
    Dropout { ratio: f64 },
    BatchNormalization { momentum: f64 },
    AveragePool { window: WindowV1 },
}

#[derive(Debug, Serialize, Deserialize)]
struct WindowV1 {
    kernel: [u64; 2],
    stride: [u64; 2],
    pad: [u64; 2],
    rounding: RoundingV1,
}

#[derive(Debug, Serialize, Deserialize)]
enum RoundingV1 {
    Exact,
    Down,
}

#[derive(Debug, Serialize, Deserialize)]
enum InitV1 {
    Normal { std: f64 },
    Uniform { limit: f64 },
    XavierNormal,
    XavierUniform,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
}

/// One parameter or statistic; the values are row-major by the logical shape.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ArrayV1 {
    pub(crate) name: String,
    pub(crate) shape: Vec<u64>,
    pub(crate) values: ValuesV1,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ValuesV1 {
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl ValuesV1 {
    pub(crate) fn len(&self) -> usize {
        match self {
            ValuesV1::F32(values) => values.len(),
            ValuesV1::F64(values) => values.len(),
        }
    }
}

impl ParamsV1 {
    /// The largest number of axes that the input or an array has.
    pub(crate) fn most_axes(&self) -> usize {
        let arrays = self.arrays.iter().map(|array| array.shape.len());
        arrays.fold(self.network.input.len(), usize::max)
    }
}

/// A size that this machine can address.
pub(crate) fn size(size: u64) -> Result<usize, ParamsError> {
    usize::try_from(size).map_err(|_| ParamsError::TooLarge { size })
}

impl NetworkV1 {
    pub(crate) fn new(spec: &NetworkSpec) -> Self {
        let layers = spec.layers.iter().map(|layer| match *layer {
            LayerSpec::Convolution { filters, window, init } => {
                LayerV1::Convolution { filters: filters as u64, window: WindowV1::new(window), init: InitV1::new(init) }
            }
            LayerSpec::Relu => LayerV1::Relu,
            LayerSpec::Sigmoid => LayerV1::Sigmoid,
            LayerSpec::Tanh => LayerV1::Tanh,
            LayerSpec::MaxPool { window } => LayerV1::MaxPool { window: WindowV1::new(window) },
            LayerSpec::Affine { outputs, init } => LayerV1::Affine { outputs: outputs as u64, init: InitV1::new(init) },
            LayerSpec::Dropout { ratio } => LayerV1::Dropout { ratio },
            LayerSpec::BatchNormalization { momentum } => LayerV1::BatchNormalization { momentum },
            LayerSpec::AveragePool { window } => LayerV1::AveragePool { window: WindowV1::new(window) },
        });
        NetworkV1 { input: spec.input.iter().map(|&size| size as u64).collect(), layers: layers.collect() }
    }

    pub(crate) fn spec(&self) -> Result<NetworkSpec, ParamsError> {
        let layers = self.layers.iter().map(|layer| {
            Ok(match layer {
                LayerV1::Convolution { filters, window, init } => {
                    LayerSpec::Convolution { filters: size(*filters)?, window: window.window()?, init: init.init() }
                }
                LayerV1::Relu => LayerSpec::Relu,
                LayerV1::Sigmoid => LayerSpec::Sigmoid,
                LayerV1::Tanh => LayerSpec::Tanh,
                LayerV1::MaxPool { window } => LayerSpec::MaxPool { window: window.window()? },
                LayerV1::Affine { outputs, init } => LayerSpec::Affine { outputs: size(*outputs)?, init: init.init() },
                LayerV1::Dropout { ratio } => LayerSpec::Dropout { ratio: *ratio },
                LayerV1::BatchNormalization { momentum } => LayerSpec::BatchNormalization { momentum: *momentum },
                LayerV1::AveragePool { window } => LayerSpec::AveragePool { window: window.window()? },
            })
        });
        let input = self.input.iter().map(|&n| size(n)).collect::<Result<_, _>>()?;
        Ok(NetworkSpec { input, layers: layers.collect::<Result<_, ParamsError>>()? })
    }
}

impl WindowV1 {
    fn new(window: Window) -> Self {
        let pair = |pair: [usize; 2]| pair.map(|size| size as u64);
        let rounding = match window.rounding {
            Rounding::Exact => RoundingV1::Exact,
            Rounding::Down => RoundingV1::Down,
        };
        WindowV1 { kernel: pair(window.kernel), stride: pair(window.stride), pad: pair(window.pad), rounding }
    }

    fn window(&self) -> Result<Window, ParamsError> {
        let pair = |[a, b]: [u64; 2]| Ok::<_, ParamsError>([size(a)?, size(b)?]);
        let rounding = match self.rounding {
            RoundingV1::Exact => Rounding::Exact,
            RoundingV1::Down => Rounding::Down,
        };
        Ok(Window { kernel: pair(self.kernel)?, stride: pair(self.stride)?, pad: pair(self.pad)?, rounding })
    }
}

impl InitV1 {
    fn new(init: Init) -> Self {
        match init {
            Init::Normal { std } => InitV1::Normal { std },
            Init::Uniform { limit } => InitV1::Uniform { limit },
            Init::XavierNormal => InitV1::XavierNormal,
            Init::XavierUniform => InitV1::XavierUniform,
            Init::GlorotNormal => InitV1::GlorotNormal,
            Init::GlorotUniform => InitV1::GlorotUniform,
            Init::HeNormal => InitV1::HeNormal,
            Init::HeUniform => InitV1::HeUniform,
        }
    }

    fn init(&self) -> Init {
        match *self {
            InitV1::Normal { std } => Init::Normal { std },
            InitV1::Uniform { limit } => Init::Uniform { limit },
            InitV1::XavierNormal => Init::XavierNormal,
            InitV1::XavierUniform => Init::XavierUniform,
            InitV1::GlorotNormal => Init::GlorotNormal,
            InitV1::GlorotUniform => Init::GlorotUniform,
            InitV1::HeNormal => Init::HeNormal,
            InitV1::HeUniform => Init::HeUniform,
        }
    }
}
