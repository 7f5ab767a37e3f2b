//! The filters of a network: as pictures, and over a picture.

use anyhow::{Context, ensure};
use layers::ndarray::{Array2, Array4, ArrayView2, Axis, Ix4};
use layers::{Geometry, Window};
use model::Network;
use tensor::convolution;

use crate::advice::Advice;
use crate::args::{OutArg, ParamsArg, TRAIN_COMMAND};
use crate::picture::{
    Canvas, ColorMap, Page, Picture, Scaling, Tile, Tiles, beside, draw_values, short, shrink_columns, shrink_rows,
    shrunk_size,
};
use crate::size::{self, gigabytes};

/// The filters of a convolution layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Filters {
    /// The name of the layer: "Conv1".
    pub layer: String,
    /// The weights: (FN, C, FH, FW).
    pub w: Array4<f32>,
}

/// Filters stand in rows of eight, as in the book.
pub const COLUMNS: usize = 8;
/// So many filters are shown at most: a page of a few ten million pixels.
pub const MOST_SHOWN: usize = 1024;
/// Pixels for a filter in a grid.
const FILTER_SIDE: usize = 100;

impl Filters {
    /// The filters of the first convolution of a network.
    ///
    /// # Errors
    /// Where it has none.
    pub fn of(network: &Network) -> anyhow::Result<Filters> {
        let layers = network.layers();
        let found = layers.names().iter().zip(layers.layers()).find_map(|(name, layer)| {
            let mut w = None;
            layer.visit_params(&mut |param| {
                if let Ok(value) = param.value().view().into_dimensionality::<Ix4>() {
                    w.get_or_insert(value.to_owned());
                }
            });
            Some(Filters { layer: name.clone(), w: w? })
        });
        found.context("it has no convolution, so there are no filters to show")
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

    /// All filters in a grid, eight in a row, each enlarged with sharp pixels, on one scale that is symmetric around zero.
    pub fn page(&self, title: &str) -> Canvas {
        let tiles = Tiles {
            tiles: self.pictures().into_iter().zip(1..).map(|(w, number)| Tile::new(w, number.to_string())).collect(),
            columns: COLUMNS,
            side: FILTER_SIDE,
            map: ColorMap::Diverging,
            scaling: Scaling::Symmetric,
        };
        let page = Page {
            title: title.to_owned(),
            notes: vec![format!("{}: {}; {}", self.layer, self.describe(), tiles.scaling.describe())],
            bar: tiles.ranges().first().map(|&range| (tiles.map, range)),
            body: tiles,
        };
        page.draw()
    }

    /// What each of the first `count` filters answers to a grey picture (height, width), as the book does it: stride 1,
    /// no padding, no bias. A filter over several channels sees the same grey in each. An answer is shrunk so that its
    /// longer side is at most `side`; before that it has the size of the picture less that of the filter plus 1.
    ///
    /// # Errors
    /// Where the picture is smaller than the filters.
    ///
    /// # Panics
    /// Where there are not as many filters.
    pub fn apply(&self, count: usize, picture: ArrayView2<'_, f32>, side: usize) -> anyhow::Result<Vec<Array2<f32>>> {
        let (_, _, f_h, f_w) = self.w.dim();
        let (height, width) = picture.dim();
        ensure!(
            height >= f_h && width >= f_w,
            "the picture has {width}×{height} pixels, but the filters of {} need at least {f_w}×{f_h}\n  \
             choose a larger one with --image",
            self.layer
        );
        // Where each channel sees the same, a filter is the sum of its channels.
        let w: Vec<f32> = self.w.slice_axis(Axis(0), (0..count).into()).sum_axis(Axis(1)).iter().copied().collect();
        let b = vec![0.0; count];
        let (o_h, o_w) = (height - f_h + 1, width - f_w + 1);
        let (shrunk_h, shrunk_w) = shrunk_size((o_h, o_w), side);
        // What the windows of a row of the answer see together.
        let row_bytes = (f_h * f_w) as f64 * o_w as f64 * size_of::<f32>() as f64;
        ensure!(
            row_bytes <= size::MOST_BYTES,
            "filters of {f_w}×{f_h} over a picture of {width}×{height} pixels would need about {}; at most {} are used\n  \
             choose a smaller one with --image",
            gigabytes(row_bytes),
            gigabytes(size::MOST_BYTES)
        );
        let strip_rows = ((STRIP_BYTES / row_bytes) as usize).clamp(1, STRIP);
        let mut answers = vec![Array2::zeros((o_h, shrunk_w)); count];
        // In strips that are shrunk at once, so that a large picture needs little memory.
        for first in (0..o_h).step_by(strip_rows) {
            let rows = strip_rows.min(o_h - first);
            let strip = picture.slice_axis(Axis(0), (first..first + rows + f_h - 1).into());
            let x: Vec<f32> = strip.iter().copied().collect();
            let geometry = Geometry::new([1, strip.nrows(), width], Window::new(f_h, f_w))?;
            let mut y = vec![0.0; count * rows * o_w];
            convolution::forward(&geometry, &x, &w, &b, &mut y);
            for (answer, y) in answers.iter_mut().zip(y.chunks_exact(rows * o_w)) {
                let shrunk = shrink_columns(ArrayView2::from_shape((rows, o_w), y)?, shrunk_w);
                answer.slice_axis_mut(Axis(0), (first..first + rows).into()).assign(&shrunk);
            }
        }
        Ok(answers.iter().map(|answer| shrink_rows(answer.view(), shrunk_h)).collect())
    }
}

/// The network that a user names, and the filters of its first convolution.
///
/// # Errors
/// Where it cannot be loaded, or has none.
pub fn load_filters(params: &ParamsArg, out: &OutArg) -> anyhow::Result<(Network, Filters)> {
    let network = params.load(out)?;
    let filters = Filters::of(&network)
        .with_context(|| format!("the network in {}", params.path(out).display()))
        .advice(|| format!("name another file with --params, or make one with `{TRAIN_COMMAND}`"))?;
    Ok((network, filters))
}

/// Rows of an answer that are computed together: so many, or fewer where the windows would take more memory.
const STRIP: usize = 64;
const STRIP_BYTES: f64 = 256.0 * 1024.0 * 1024.0;
/// Filters that are applied: the first ones, four by four, as in the book.
const APPLIED: usize = 16;
const APPLIED_COLUMNS: usize = 4;
/// Pixels for a map, for the original beside the maps, and for the icon of a filter.
const MAP_SIDE: usize = 180;
const ORIGINAL_SIDE: usize = 512;
const ICON_SIDE: usize = 25;

/// The original and what the first 16 filters answer to it, on one page.
///
/// # Errors
/// Where the picture is smaller than the filters.
pub fn applied_page(filters: &Filters, picture: ArrayView2<'_, f32>, name: &str) -> anyhow::Result<Canvas> {
    let count = filters.len().min(APPLIED);
    let maps = filters.apply(count, picture, MAP_SIDE)?;
    let icons = filters.pictures();
    let ranges = Scaling::EachSymmetric.ranges(&icons);
    let tile = |i: usize| Tile {
        values: maps[i].view(),
        caption: format!("{}", i + 1),
        icon: Some(draw_values(icons[i], ICON_SIDE, ColorMap::Diverging, ranges[i])),
    };
    let tiles = Tiles {
        tiles: (0..count).map(tile).collect(),
        columns: APPLIED_COLUMNS,
        side: MAP_SIDE,
        map: ColorMap::Light,
        scaling: Scaling::Each,
    };
    let (height, width) = picture.dim();
    let original = Tiles {
        tiles: vec![Tile::new(picture, format!("original, {width}×{height}"))],
        columns: 1,
        side: ORIGINAL_SIDE,
        map: ColorMap::Light,
        scaling: Scaling::Together,
    };
    let page = Page {
        title: format!("What the first {count} filters see"),
        notes: vec![
            format!("{name}, and what each filter answers to it: dark for little, light for much"),
            format!(
                "{}; no bias; the small pictures are the filters, orange above zero, blue below",
                tiles.scaling.describe()
            ),
        ],
        body: beside(original, tiles, 40),
        bar: None,
    };
    Ok(page.draw())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::shrink_to;
    use layers::Init;
    use layers::ndarray::array;
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
    }

    #[test]
    fn filters_slide_over_the_picture() {
        // Over two channels: each pixel minus the one to its lower right, and twice the first one; then a sum.
        let w = array![
            [[[1.0, 0.0], [0.0, -1.0]], [[2.0, 0.0], [0.0, 0.0]]],
            [[[1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]]
        ];
        let filters = Filters { layer: "Conv1".into(), w };
        let picture = Array2::from_shape_fn((200, 3), |(y, x)| (3 * y + x) as f32);
        let answers = filters.apply(2, picture.view(), 1000).unwrap();
        assert_eq!((answers.len(), answers[0].dim()), (2, (199, 2)));
        let expected = Array2::from_shape_fn((199, 2), |(y, x)| 3.0 * picture[[y, x]] - picture[[y + 1, x + 1]]);
        assert_eq!(answers[0], expected);
        let sums = Array2::from_shape_fn((199, 2), |(y, x)| 4.0 * picture[[y, x]] + 1.0 + 3.0 + 4.0);
        assert_eq!(answers[1], sums);

        let small = filters.apply(1, picture.view(), 20).unwrap();
        assert_eq!(small[0], shrink_to(expected.view(), 20), "shrunk in strips or as a whole");
        let error = filters.apply(1, array![[1.0, 2.0]].view(), 20).unwrap_err().to_string();
        assert!(error.contains("2×1 pixels") && error.contains("at least 2×2"), "{error}");
    }

    #[test]
    fn pages_of_any_number_of_filters_and_any_picture_are_drawn() {
        for count in [1, 3, 16, 30] {
            let filters = Filters { layer: "Conv1".into(), w: Array4::ones((count, 1, 2, 2)) };
            filters.page("title");
            for size in [(2, 2), (2, 900), (300, 7)] {
                applied_page(&filters, Array2::zeros(size).view(), "name").unwrap();
            }
        }
    }
}
