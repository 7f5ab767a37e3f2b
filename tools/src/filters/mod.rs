//! The filters of a network: as pictures, over a picture, and what in a data set they answer to most.
//!
//! | file | what is in it |
//! |---|---|
//! | [`Filters`] | the filters of a convolution layer, chosen by its name |
//! | [`Applied`] | what they answer to a picture of any size |
//! | [`top_patches`], [`Patch`] | the parts of images that they answer to most |
//! | [`receptive_field`], [`Field`] | which part of an image a number of a layer sees |

mod applied;
mod patches;
mod receptive;

use std::any::Any;

use anyhow::Context;
use layers::Convolution;
use layers::ndarray::{Array1, Array4, ArrayView2, Axis};
use model::Network;

use crate::advice::Advice;
use crate::args::{OutArg, ParamsArg, TRAIN_COMMAND};
use crate::picture::{Canvas, ColorMap, Page, Picture, Scaling, Tile, Tiles, short};

pub use applied::{Applied, Source, from_to, single_map};
pub use patches::{Patch, patches_csv, patches_page, top_patches};
pub use receptive::{Field, receptive_field};

/// The filters of a convolution layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Filters {
    /// The name of the layer: "Conv1".
    pub layer: String,
    /// Its place in the network, from 0.
    pub index: usize,
    /// The weights: (FN, C, FH, FW).
    pub w: Array4<f32>,
    /// The biases: (FN).
    pub b: Array1<f32>,
}

/// Filters stand in rows of eight, as in the book.
pub const COLUMNS: usize = 8;
/// So many pictures of filters are shown at most: a page of a few ten million pixels.
pub const MOST_SHOWN: usize = 1024;
/// So many channels of each filter are shown at most.
const MOST_CHANNELS: usize = 32;
/// Pixels for a filter in a grid, and for one channel of a filter.
const FILTER_SIDE: usize = 100;
const CHANNEL_SIDE: usize = 40;
/// So many channels stand in a row, or all of one filter.
const CHANNEL_COLUMNS: usize = 16;

/// The convolutions of a network, with their names and places.
fn convolutions(network: &Network) -> impl Iterator<Item = (&str, usize, &Convolution)> {
    let layers = network.layers();
    layers.names().iter().zip(layers.layers()).enumerate().filter_map(|(index, (name, layer))| {
        let any: &dyn Any = &**layer;
        Some((name.as_str(), index, any.downcast_ref()?))
    })
}

impl Filters {
    /// The filters of the first convolution of a network.
    ///
    /// # Errors
    /// Where it has none.
    pub fn of(network: &Network) -> anyhow::Result<Filters> {
        let found = convolutions(network).next().map(Filters::new);
        found.context("it has no convolution, so there are no filters to show")
    }

    /// The filters of the convolution of this name.
    ///
    /// # Errors
    /// Where there is none: lists those there are.
    pub fn of_layer(network: &Network, name: &str) -> anyhow::Result<Filters> {
        let names: Vec<_> = convolutions(network).map(|(name, ..)| name).collect();
        let is_it = |found: &(&str, usize, &Convolution)| found.0.eq_ignore_ascii_case(name);
        match convolutions(network).find(is_it) {
            Some(found) => Ok(Filters::new(found)),
            None if names.is_empty() => Filters::of(network),
            None => Err(anyhow::anyhow!("it has no convolution layer {name:?}, only {}", names.join(", "))),
        }
    }

    fn new((name, index, layer): (&str, usize, &Convolution)) -> Filters {
        let axes = "a convolution has a bias for each filter, and filters of three axes";
        let w = layer.w().value().clone().into_dimensionality().expect(axes);
        let b = layer.b().value().clone().into_dimensionality().expect(axes);
        Filters { layer: name.to_owned(), index, w, b }
    }

    /// How many filters there are.
    pub fn len(&self) -> usize {
        self.w.len_of(Axis(0))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each filter as a picture: what it does to the first channel, as in the book. There are [`MOST_SHOWN`] at most.
    pub fn pictures(&self) -> Vec<ArrayView2<'_, f32>> {
        self.w.outer_iter().take(MOST_SHOWN).map(|filter| filter.index_axis_move(Axis(0), 0)).collect()
    }

    /// The largest magnitude of a weight that [`pictures`](Self::pictures) shows, for a caption.
    pub fn largest(&self) -> String {
        let ranges = Scaling::Symmetric.ranges(&self.pictures());
        short(ranges.first().map_or(0.0, |range| range.high))
    }

    /// "30 filters of 5×5".
    pub fn describe(&self) -> String {
        let (count, channels, height, width) = self.w.dim();
        let first = if count > MOST_SHOWN { format!("the first {MOST_SHOWN} of ") } else { String::new() };
        let of_channels = if channels == 1 { String::new() } else { format!(", the first of {channels} channels") };
        format!("{first}{count} filters of {height}×{width}{of_channels}")
    }

    /// All filters in a grid, enlarged with sharp pixels, on one scale that is symmetric around zero: eight in a row. Where
    /// they are over several channels, its channels stand beside each other, and a row has one filter or a few.
    pub fn page(&self, title: &str) -> Canvas {
        let (filters, channels, ..) = self.w.dim();
        let shown = channels.min(MOST_CHANNELS);
        let tiles = Tiles {
            tiles: if channels == 1 { self.tiles() } else { self.tiles_by_channel(shown) },
            columns: if channels == 1 { COLUMNS } else { shown * (CHANNEL_COLUMNS / shown).max(1) },
            side: if channels == 1 { FILTER_SIDE } else { CHANNEL_SIDE },
            map: ColorMap::Diverging,
            scaling: Scaling::Symmetric,
        };
        let what = if channels == 1 {
            self.describe()
        } else {
            let (_, _, height, width) = self.w.dim();
            let cut = if tiles.tiles.len() < filters * channels { "; not all are shown" } else { "" };
            format!("{filters} filters of {height}×{width} over {channels} channels: filter, channel{cut}")
        };
        let page = Page {
            title: title.to_owned(),
            notes: vec![format!("{}: {what}", self.layer), tiles.scaling.describe().to_owned()],
            bar: tiles.ranges().first().map(|&range| (tiles.map, range)),
            body: tiles,
        };
        page.draw()
    }

    fn tiles(&self) -> Vec<Tile<'_>> {
        self.pictures().into_iter().enumerate().map(|(i, w)| Tile::new(w, i.to_string())).collect()
    }

    fn tiles_by_channel(&self, channels: usize) -> Vec<Tile<'_>> {
        let filters = self.len().min(MOST_SHOWN / channels);
        let tile = |filter: usize, channel: usize| {
            let w = self.w.index_axis(Axis(0), filter).index_axis_move(Axis(0), channel);
            Tile::new(w, format!("{filter}, {channel}"))
        };
        (0..filters).flat_map(|filter| (0..channels).map(move |channel| tile(filter, channel))).collect()
    }
}

/// The network that a user names, and the filters of the layer of this name, or of its first convolution.
///
/// # Errors
/// Where it cannot be loaded, or has no such layer.
pub fn load_filters(params: &ParamsArg, out: &OutArg, layer: Option<&str>) -> anyhow::Result<(Network, Filters)> {
    let network = params.load(out)?;
    let filters = match layer {
        None => Filters::of(&network),
        Some(name) => Filters::of_layer(&network, name),
    };
    let filters =
        filters.with_context(|| format!("the network in {}", params.path(out).display())).advice(
            || match convolutions(&network).next() {
                Some(_) => "choose one of them with --layer, or another file with --params".to_owned(),
                None => format!("name another file with --params, or make one with `{TRAIN_COMMAND}`"),
            },
        )?;
    Ok((network, filters))
}

#[cfg(test)]
mod tests {
    use super::*;
    use layers::{Init, Window};
    use model::{LayerSpec, NetworkSpec, SimpleConvNet};

    #[test]
    fn filters_are_those_of_the_first_convolution() {
        let network = SimpleConvNet::default().build(0).unwrap();
        let filters = Filters::of(&network).unwrap();
        assert_eq!((filters.layer.as_str(), filters.describe().as_str()), ("Conv1", "30 filters of 5×5"));
        assert_eq!(filters.w.into_dyn(), network.param("W1").unwrap());

        let affine = LayerSpec::Affine { outputs: 3, init: Init::default() };
        let flat = Network::build(NetworkSpec { input: vec![4], layers: vec![affine] }, 0).unwrap();
        assert!(Filters::of(&flat).unwrap_err().to_string().contains("no convolution"));
        assert!(Filters::of_layer(&flat, "Conv1").unwrap_err().to_string().contains("no convolution"));
    }

    #[test]
    fn a_layer_is_chosen_by_its_name() {
        let init = Init::default();
        let convolution = |filters| LayerSpec::Convolution { filters, window: Window::square(3), init };
        let layers = vec![convolution(2), LayerSpec::Relu, convolution(40), LayerSpec::Affine { outputs: 3, init }];
        let network = Network::build(NetworkSpec { input: vec![1, 8, 8], layers }, 0).unwrap();
        let second = Filters::of_layer(&network, "conv2").unwrap();
        assert_eq!((second.layer.as_str(), second.index, second.w.dim()), ("Conv2", 2, (40, 2, 3, 3)));
        assert_eq!(second.w.clone().into_dyn(), network.param("W2").unwrap());
        assert_eq!(second.b.clone().into_dyn(), network.param("b2").unwrap());
        let error = Filters::of_layer(&network, "Relu1").unwrap_err().to_string();
        assert_eq!(error, "it has no convolution layer \"Relu1\", only Conv1, Conv2");
        second.page("title");
    }
}
