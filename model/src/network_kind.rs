//! Networks by name.

use std::fmt;
use std::str::FromStr;

use crate::spec::NetworkSpec;
use crate::{AlexNet, DeepConvNet, LeNet5, SimpleConvNet};

/// A network that has a name.
///
/// ```
/// use model::NetworkKind;
///
/// assert_eq!("lenet5".parse(), Ok(NetworkKind::LeNet5));
/// let spec = NetworkKind::LeNet5.spec([1, 28, 28], 10);
/// assert_eq!(spec.layers.len(), 11);
/// let error = "lenet".parse::<NetworkKind>().unwrap_err();
/// assert_eq!(error.to_string(), "unknown network \"lenet\"; choose one of simple, lenet5, lenet5-modern, deep, alexnet");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NetworkKind {
    /// [`SimpleConvNet`], the book's network of chapter 7.
    #[default]
    Simple,
    /// [`LeNet5`], as in the paper of 1998.
    LeNet5,
    /// [`LeNet5::modern`]: with ReLU and max-pooling.
    LeNet5Modern,
    /// [`DeepConvNet`], the book's network of chapter 8.
    Deep,
    /// [`AlexNet`], in one tower.
    AlexNet,
}

impl NetworkKind {
    /// All of them, the smallest first.
    pub const ALL: [NetworkKind; 5] =
        [NetworkKind::Simple, NetworkKind::LeNet5, NetworkKind::LeNet5Modern, NetworkKind::Deep, NetworkKind::AlexNet];

    /// Its name: `"simple"`, `"lenet5"`, `"lenet5-modern"`, `"deep"` or `"alexnet"`.
    pub fn name(self) -> &'static str {
        match self {
            NetworkKind::Simple => "simple",
            NetworkKind::LeNet5 => "lenet5",
            NetworkKind::LeNet5Modern => "lenet5-modern",
            NetworkKind::Deep => "deep",
            NetworkKind::AlexNet => "alexnet",
        }
    }

    /// The layers for images of these channels, height and width, and so many classes; all else as by default.
    pub fn spec(self, input_dim: [usize; 3], output_size: usize) -> NetworkSpec {
        match self {
            NetworkKind::Simple => SimpleConvNet { input_dim, output_size, ..SimpleConvNet::default() }.spec(),
            NetworkKind::LeNet5 => LeNet5 { input_dim, output_size, ..LeNet5::default() }.spec(),
            NetworkKind::LeNet5Modern => LeNet5 { input_dim, output_size, ..LeNet5::modern() }.spec(),
            NetworkKind::Deep => DeepConvNet { input_dim, output_size, ..DeepConvNet::default() }.spec(),
            NetworkKind::AlexNet => AlexNet { input_dim, output_size, ..AlexNet::default() }.spec(),
        }
    }

    /// All names in a row, for messages.
    pub fn names() -> String {
        NetworkKind::ALL.map(NetworkKind::name).join(", ")
    }
}

impl fmt::Display for NetworkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// There is no network of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown network {name:?}; choose one of {}", NetworkKind::names())]
pub struct UnknownNetwork {
    /// The name.
    pub name: String,
}

impl FromStr for NetworkKind {
    type Err = UnknownNetwork;

    /// Upper and lower case are the same.
    fn from_str(name: &str) -> Result<Self, UnknownNetwork> {
        let found = NetworkKind::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| UnknownNetwork { name: name.to_owned() })
    }
}
