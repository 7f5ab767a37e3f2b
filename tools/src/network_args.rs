//! Which network: the flags that describe one.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use layers::Init;
use model::{ConvParam, Network, NetworkKind, NetworkSpec, SimpleConvNet};

use crate::advice::Advice;
use crate::args;
use crate::network_file::NetworkFile;
use crate::size;

/// What `--network` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkChoice {
    /// One that has a name.
    Named(NetworkKind),
    /// One that a file describes.
    File(PathBuf),
}

impl FromStr for NetworkChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(kind) = text.parse() {
            return Ok(NetworkChoice::Named(kind));
        }
        let path = Path::new(text);
        match path.extension().is_some_and(|end| end == "toml") || path.exists() {
            true => Ok(NetworkChoice::File(path.to_owned())),
            false => Err(format!("expected {}, or a file that describes one, such as my.toml", NetworkKind::names())),
        }
    }
}

impl NetworkChoice {
    /// The network whose weights a file holds that does not say so; `None` for the book's, which is recognised, whatever
    /// sizes it has. Those that have names take images of MNIST's shape (AlexNet: its own) and tell ten classes apart.
    ///
    /// # Errors
    /// Where a file is no description.
    pub fn spec_of_weights(&self) -> anyhow::Result<Option<NetworkSpec>> {
        let SimpleConvNet { input_dim, output_size, .. } = SimpleConvNet::default();
        Ok(match self {
            NetworkChoice::Named(NetworkKind::Simple) => None,
            NetworkChoice::Named(NetworkKind::AlexNet) => {
                Some(NetworkKind::AlexNet.spec(model::AlexNet::default().input_dim, output_size))
            }
            NetworkChoice::Named(kind) => Some(kind.spec(input_dim, output_size)),
            NetworkChoice::File(path) => {
                let file = NetworkFile::read(path)?;
                let spec = file.spec(file.input().unwrap_or(input_dim))?;
                Some(spec)
            }
        })
    }
}

/// The network: by name, in a file, or the book's `SimpleConvNet` with other settings.
#[derive(Debug, Clone, Args)]
pub struct NetworkArgs {
    /// The network: simple (the book's, chapter 7), lenet5, lenet5-modern (ReLU and max-pooling), deep (the book's, chapter
    /// 8), alexnet (images of 3×227×227), or a file that lists the layers, such as my.toml [default: simple]
    #[arg(long, value_name = "NAME|FILE")]
    pub network: Option<NetworkChoice>,
    /// Classes that the network tells apart [default: those of the data]
    #[arg(long, value_name = "N", value_parser = args::at_least_one)]
    pub classes: Option<usize>,
    /// Filters of the convolution
    #[arg(long, value_name = "N", value_parser = args::at_least_one, help = simple("Filters of the convolution", ConvParam::default().filter_num))]
    pub filters: Option<usize>,
    /// Height and width of a filter
    #[arg(long, value_name = "N", value_parser = args::at_least_one, help = simple("Height and width of a filter", ConvParam::default().filter_size))]
    pub filter_size: Option<usize>,
    /// Rows and columns of zeros around an image
    #[arg(long, value_name = "N", value_parser = args::whole, help = simple("Rows and columns of zeros around an image", ConvParam::default().pad))]
    pub pad: Option<usize>,
    /// Steps between two places of a filter
    #[arg(long, value_name = "N", value_parser = args::at_least_one, help = simple("Steps between two places of a filter", ConvParam::default().stride))]
    pub stride: Option<usize>,
    /// Neurons of the hidden layer
    #[arg(long, value_name = "N", value_parser = args::at_least_one, help = simple("Neurons of the hidden layer", SimpleConvNet::default().hidden_size))]
    pub hidden: Option<usize>,
    /// Standard deviation of the first weights
    #[arg(long, value_name = "STD", value_parser = args::positive, help = simple("Standard deviation of the first weights", default_init_std()))]
    pub init_std: Option<f64>,
}

/// The help of a flag that only the network `simple` knows.
fn simple(what: &str, default: impl std::fmt::Display) -> String {
    format!("{what}, of the network simple [default: {default}]")
}

fn default_init_std() -> f64 {
    let SimpleConvNet { init, .. } = SimpleConvNet::default();
    init.std(layers::Fans { fan_in: 1, fan_out: 1 })
}

impl NetworkArgs {
    /// The names of all flags, as clap calls them.
    pub const FLAGS: [&'static str; 8] =
        ["network", "classes", "filters", "filter_size", "pad", "stride", "hidden", "init_std"];

    /// The shape of image that the network wants, where it is sure of it.
    ///
    /// # Errors
    /// Where a file is no description.
    pub fn wants(&self) -> anyhow::Result<Option<[usize; 3]>> {
        match &self.network {
            Some(NetworkChoice::Named(NetworkKind::AlexNet)) => Ok(Some(model::AlexNet::default().input_dim)),
            Some(NetworkChoice::File(path)) => Ok(NetworkFile::read(path)?.input()),
            _ => Ok(None),
        }
    }

    /// A new network for images of this shape, which tells so many classes apart unless `--classes` says otherwise.
    ///
    /// # Errors
    /// Where a flag belongs to another network, the sizes do not come out even, or the network would be too large.
    pub fn build(&self, image: [usize; 3], classes: usize, seed: u64) -> anyhow::Result<Network> {
        let classes = self.classes.unwrap_or(classes);
        let kind = match &self.network {
            None | Some(NetworkChoice::Named(NetworkKind::Simple)) => return self.build_simple(image, classes, seed),
            Some(NetworkChoice::Named(kind)) => *kind,
            Some(NetworkChoice::File(path)) => return self.build_from_file(path, image, seed),
        };
        self.refuse_settings_of_simple(kind.name())?;
        build(kind.spec(image, classes), seed, "choose a smaller --network")
            .advice(|| "choose another --network, or another --dataset".to_owned())
    }

    fn build_simple(&self, image: [usize; 3], classes: usize, seed: u64) -> anyhow::Result<Network> {
        let net = self.simple(image, classes);
        size::check_parameters(&net.spec(), "choose smaller --filters, --filter-size, --pad or --hidden")?;
        net.build(seed).advice(|| "choose other values of --filter-size, --pad or --stride".to_owned())
    }

    /// The book's network with the settings that were given.
    fn simple(&self, input_dim: [usize; 3], output_size: usize) -> SimpleConvNet {
        let book = SimpleConvNet::default();
        SimpleConvNet {
            input_dim,
            conv_param: ConvParam {
                filter_num: self.filters.unwrap_or(book.conv_param.filter_num),
                filter_size: self.filter_size.unwrap_or(book.conv_param.filter_size),
                pad: self.pad.unwrap_or(book.conv_param.pad),
                stride: self.stride.unwrap_or(book.conv_param.stride),
            },
            hidden_size: self.hidden.unwrap_or(book.hidden_size),
            output_size,
            init: self.init_std.map_or(book.init, |std| Init::Normal { std }),
            ..book
        }
    }

    fn build_from_file(&self, path: &Path, image: [usize; 3], seed: u64) -> anyhow::Result<Network> {
        self.refuse_settings_of_simple(&path.display().to_string())?;
        anyhow::ensure!(
            self.classes.is_none(),
            "--classes cannot be used with --network {}, whose last layer says how many there are",
            path.display()
        );
        let file = NetworkFile::read(path)?;
        let spec = file.spec(image)?;
        size::check_parameters(&spec, "choose smaller layers")?;
        Network::build(spec, seed).map_err(|error| file.explain(error))
    }

    fn refuse_settings_of_simple(&self, network: &str) -> anyhow::Result<()> {
        let given = [
            ("--filters", self.filters.is_some()),
            ("--filter-size", self.filter_size.is_some()),
            ("--pad", self.pad.is_some()),
            ("--stride", self.stride.is_some()),
            ("--hidden", self.hidden.is_some()),
            ("--init-std", self.init_std.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            None => Ok(()),
            Some((flag, _)) => anyhow::bail!(
                "{flag} is a setting of the network simple and cannot be used with --network {network}\n  leave it out, or \
                 describe the network that you want in a file, such as my.toml"
            ),
        }
    }
}

fn build(spec: NetworkSpec, seed: u64, smaller: &str) -> anyhow::Result<Network> {
    size::check_parameters(&spec, smaller)?;
    Ok(Network::build(spec, seed)?)
}
