//! Optimizers by name.

use std::fmt;
use std::str::FromStr;

use crate::compiled::Steps;
use crate::error::OptimError;
use crate::optimizer::Optimizer;
use crate::{
    AdaGrad, AdaGradConfig, Adam, AdamConfig, Momentum, MomentumConfig, Nesterov, NesterovConfig, RmsProp,
    RmsPropConfig, Sgd, SgdConfig,
};

/// Which optimizer.
///
/// ```
/// use optim::OptimizerKind;
/// assert_eq!("adam".parse(), Ok(OptimizerKind::Adam));
/// assert_eq!("SGD".parse(), Ok(OptimizerKind::Sgd));
/// let error = "adma".parse::<OptimizerKind>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "unknown optimizer \"adma\"; choose one of sgd, momentum, nesterov, adagrad, rmsprop, adam"
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OptimizerKind {
    /// [`Sgd`].
    Sgd,
    /// [`Momentum`].
    Momentum,
    /// [`Nesterov`].
    Nesterov,
    /// [`AdaGrad`].
    AdaGrad,
    /// [`RmsProp`].
    RmsProp,
    /// [`Adam`].
    Adam,
}

impl OptimizerKind {
    /// All of them, in the book's order.
    pub const ALL: [OptimizerKind; 6] = [
        OptimizerKind::Sgd,
        OptimizerKind::Momentum,
        OptimizerKind::Nesterov,
        OptimizerKind::AdaGrad,
        OptimizerKind::RmsProp,
        OptimizerKind::Adam,
    ];

    /// Its name: `"sgd"`, `"momentum"`, `"nesterov"`, `"adagrad"`, `"rmsprop"` or `"adam"`.
    pub fn name(self) -> &'static str {
        match self {
            OptimizerKind::Sgd => "sgd",
            OptimizerKind::Momentum => "momentum",
            OptimizerKind::Nesterov => "nesterov",
            OptimizerKind::AdaGrad => "adagrad",
            OptimizerKind::RmsProp => "rmsprop",
            OptimizerKind::Adam => "adam",
        }
    }

    /// The optimizer with the book's settings.
    pub fn config(self) -> OptimizerConfig {
        match self {
            OptimizerKind::Sgd => OptimizerConfig::Sgd(SgdConfig::default()),
            OptimizerKind::Momentum => OptimizerConfig::Momentum(MomentumConfig::default()),
            OptimizerKind::Nesterov => OptimizerConfig::Nesterov(NesterovConfig::default()),
            OptimizerKind::AdaGrad => OptimizerConfig::AdaGrad(AdaGradConfig::default()),
            OptimizerKind::RmsProp => OptimizerConfig::RmsProp(RmsPropConfig::default()),
            OptimizerKind::Adam => OptimizerConfig::Adam(AdamConfig::default()),
        }
    }

    /// All names in a row, for messages.
    pub(crate) fn names() -> String {
        OptimizerKind::ALL.map(OptimizerKind::name).join(", ")
    }
}

impl fmt::Display for OptimizerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for OptimizerKind {
    type Err = OptimError;

    /// Upper and lower case are the same.
    fn from_str(name: &str) -> Result<Self, OptimError> {
        let found = OptimizerKind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| OptimError::UnknownOptimizer { got: name.to_string() })
    }
}

/// Which optimizer, with its settings.
///
/// ```
/// use optim::{Optimizer, OptimizerKind};
/// let config = OptimizerKind::Adam.config().with_lr(0.01);
/// let optimizer: Box<dyn Optimizer> = config.build()?;
/// assert_eq!(optimizer.lr(), 0.01);
/// # Ok::<(), optim::OptimError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OptimizerConfig {
    /// [`Sgd`].
    Sgd(SgdConfig),
    /// [`Momentum`].
    Momentum(MomentumConfig),
    /// [`Nesterov`].
    Nesterov(NesterovConfig),
    /// [`AdaGrad`].
    AdaGrad(AdaGradConfig),
    /// [`RmsProp`].
    RmsProp(RmsPropConfig),
    /// [`Adam`].
    Adam(AdamConfig),
}

impl fmt::Display for OptimizerConfig {
    /// The optimizer with all its settings, in words.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, lr {:?}", self.kind(), self.lr())?;
        match self {
            OptimizerConfig::Sgd(SgdConfig { lr: _ }) => Ok(()),
            OptimizerConfig::Momentum(MomentumConfig { lr: _, momentum })
            | OptimizerConfig::Nesterov(NesterovConfig { lr: _, momentum }) => write!(f, ", momentum {momentum:?}"),
            OptimizerConfig::AdaGrad(AdaGradConfig { lr: _, epsilon }) => write!(f, ", epsilon {epsilon:?}"),
            OptimizerConfig::RmsProp(RmsPropConfig { lr: _, decay_rate, epsilon }) => {
                write!(f, ", decay rate {decay_rate:?}, epsilon {epsilon:?}")
            }
            OptimizerConfig::Adam(AdamConfig { lr: _, beta1, beta2, epsilon }) => {
                write!(f, ", beta1 {beta1:?}, beta2 {beta2:?}, epsilon {epsilon:?}")
            }
        }
    }
}

impl Default for OptimizerConfig {
    /// Adam, which the book trains its network with.
    fn default() -> Self {
        OptimizerKind::Adam.config()
    }
}

impl From<OptimizerKind> for OptimizerConfig {
    fn from(kind: OptimizerKind) -> Self {
        kind.config()
    }
}

impl OptimizerConfig {
    /// Which optimizer.
    pub fn kind(&self) -> OptimizerKind {
        match self {
            OptimizerConfig::Sgd(_) => OptimizerKind::Sgd,
            OptimizerConfig::Momentum(_) => OptimizerKind::Momentum,
            OptimizerConfig::Nesterov(_) => OptimizerKind::Nesterov,
            OptimizerConfig::AdaGrad(_) => OptimizerKind::AdaGrad,
            OptimizerConfig::RmsProp(_) => OptimizerKind::RmsProp,
            OptimizerConfig::Adam(_) => OptimizerKind::Adam,
        }
    }

    /// The learning rate.
    pub fn lr(&self) -> f64 {
        match self {
            OptimizerConfig::Sgd(config) => config.lr,
            OptimizerConfig::Momentum(config) => config.lr,
            OptimizerConfig::Nesterov(config) => config.lr,
            OptimizerConfig::AdaGrad(config) => config.lr,
            OptimizerConfig::RmsProp(config) => config.lr,
            OptimizerConfig::Adam(config) => config.lr,
        }
    }

    /// The same with another learning rate.
    pub fn with_lr(mut self, lr: f64) -> Self {
        match &mut self {
            OptimizerConfig::Sgd(config) => config.lr = lr,
            OptimizerConfig::Momentum(config) => config.lr = lr,
            OptimizerConfig::Nesterov(config) => config.lr = lr,
            OptimizerConfig::AdaGrad(config) => config.lr = lr,
            OptimizerConfig::RmsProp(config) => config.lr = lr,
            OptimizerConfig::Adam(config) => config.lr = lr,
        }
        self
    }

    /// Refuses settings that cannot work.
    ///
    /// # Errors
    /// [`OptimError::Setting`].
    pub fn validate(&self) -> Result<(), OptimError> {
        match self {
            OptimizerConfig::Sgd(config) => config.validate(),
            OptimizerConfig::Momentum(config) => config.validate(),
            OptimizerConfig::Nesterov(config) => config.validate(),
            OptimizerConfig::AdaGrad(config) => config.validate(),
            OptimizerConfig::RmsProp(config) => config.validate(),
            OptimizerConfig::Adam(config) => config.validate(),
        }
    }

    /// The optimizer.
    ///
    /// # Errors
    /// As [`validate`](Self::validate).
    pub fn build<F: Steps>(&self) -> Result<Box<dyn Optimizer<F>>, OptimError> {
        Ok(match *self {
            OptimizerConfig::Sgd(config) => Box::new(Sgd::new(config)?),
            OptimizerConfig::Momentum(config) => Box::new(Momentum::new(config)?),
            OptimizerConfig::Nesterov(config) => Box::new(Nesterov::new(config)?),
            OptimizerConfig::AdaGrad(config) => Box::new(AdaGrad::new(config)?),
            OptimizerConfig::RmsProp(config) => Box::new(RmsProp::new(config)?),
            OptimizerConfig::Adam(config) => Box::new(Adam::new(config)?),
        })
    }
}
