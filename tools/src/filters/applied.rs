//! What filters answer to a picture of any size.

use anyhow::{Context, bail, ensure};
use layers::ndarray::{Array2, Array3, ArrayD, ArrayView2, Axis, IxDyn};
use layers::{Geometry, Window};
use model::Network;
use tensor::convolution;

use super::Filters;
use crate::picture::{
    Canvas, ColorMap, Page, Picture, Range, Scaling, Tile, Tiles, beside, draw_values, short, shrink_columns,
    shrink_rows, shrunk_size,
};
use crate::size::{self, gigabytes};

/// Filters that are shown on a page: the first ones, four by four, as in the book.
const APPLIED: usize = 16;
const APPLIED_COLUMNS: usize = 4;
/// Pixels for a map, for the original beside the maps, and for the icon of a filter.
const MAP_SIDE: usize = 180;
const ORIGINAL_SIDE: usize = 512;
const ICON_SIDE: usize = 25;
/// Rows of an answer that are computed together: so many, or fewer where the windows would take more memory.
const STRIP: usize = 64;
const STRIP_BYTES: f64 = 256.0 * 1024.0 * 1024.0;
/// Rows and columns that are cut off at most where a stride does not divide.
const MOST_CUT: usize = 64;

/// What the filters slide over: a grey picture, or what the layers before theirs make of one.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// (C, H, W); one channel stands for all where the picture itself is what they see.
    maps: Array3<f32>,
    /// Height and width of the picture, after what was cut off.
    pub picture: [usize; 2],
    /// The names of the layers before.
    pub before: Vec<String>,
}

impl Source {
    /// What the filters see of this grey picture. Layers before theirs compute what they compute in the network, with their
    /// own strides and paddings; every channel of the input sees the same grey.
    ///
    /// # Errors
    /// Where the picture is too small or too large for the layers before.
    pub fn new(network: &Network, filters: &Filters, picture: ArrayView2<'_, f32>) -> anyhow::Result<Source> {
        let layers = &network.layers().layers()[..filters.index];
        let (height, width) = picture.dim();
        if layers.is_empty() {
            let maps = picture.to_owned().insert_axis(Axis(0));
            return Ok(Source { maps, picture: [height, width], before: Vec::new() });
        }
        let channels = network.input_shape()[0];
        let (kept, bytes) = fitting(layers, channels, [height, width]).with_context(|| {
            format!("the layers before {} cannot take a picture of {width}×{height}", filters.layer)
        })?;
        ensure!(
            bytes <= size::MOST_BYTES,
            "the layers before {} would need about {} for a picture of {width}×{height}; at most {} are used\n  \
             choose a smaller one with --image",
            filters.layer,
            gigabytes(bytes),
            gigabytes(size::MOST_BYTES)
        );
        let x = ArrayD::from_shape_fn(IxDyn(&[1, channels, kept[0], kept[1]]), |at| picture[[at[2], at[3]]]);
        let maps = layers.iter().fold(x, |x, layer| layers::infer(&**layer, &x));
        let maps = maps.index_axis_move(Axis(0), 0).into_dimensionality().context("the layers before give no maps")?;
        let before = network.layers().names()[..filters.index].to_vec();
        Ok(Source { maps, picture: kept, before })
    }
}

/// The largest height and width, up to these, that all layers can take, and the bytes that they need then.
fn fitting(
    layers: &[Box<dyn layers::Layer>],
    channels: usize,
    [height, width]: [usize; 2],
) -> anyhow::Result<([usize; 2], f64)> {
    let bytes = |height: usize, width: usize| {
        let (mut shape, mut most) = (vec![channels, height, width], 0.0_f64);
        for layer in layers {
            let output = layer.output_shape(&shape)?;
            let numbers = |shape: &[usize]| shape.iter().map(|&size| size as f64).product::<f64>();
            most = most.max((numbers(&shape) + numbers(&output)) * size_of::<f32>() as f64);
            shape = output;
        }
        anyhow::Ok(most)
    };
    let sizes = |size: usize| (size.saturating_sub(MOST_CUT).max(1)..=size).rev();
    let fits = |height: usize, width: usize| bytes(height, width).ok().map(|bytes| ([height, width], bytes));
    let found = sizes(height).find_map(|height| sizes(width).find_map(|width| fits(height, width)));
    match (found, bytes(height, width)) {
        (Some(found), _) => Ok(found),
        (None, Err(error)) => Err(error),
        (None, Ok(_)) => bail!("it has no pixels"),
    }
}

/// What filters answer to a picture.
#[derive(Debug, Clone)]
pub struct Applied<'a> {
    /// The filters.
    pub filters: &'a Filters,
    /// What they slide over.
    pub source: &'a Source,
    /// Whether the bias is added and ReLU follows. The book leaves both out.
    pub activation: bool,
}

impl Applied<'_> {
    /// What the filters `first..first + count` answer: stride 1 and no padding, as the book does it. An answer is shrunk so
    /// that its longer side is at most `side`; before that it has the size of what the filter slides over, less its own size,
    /// plus 1.
    ///
    /// # Errors
    /// Where the picture is smaller than the filters.
    ///
    /// # Panics
    /// Where there are not as many filters.
    pub fn answers(&self, first: usize, count: usize, side: usize) -> anyhow::Result<Vec<Array2<f32>>> {
        let (_, _, f_h, f_w) = self.filters.w.dim();
        let (channels, height, width) = self.source.maps.dim();
        self.check(f_h, f_w)?;
        let w = self.weights(first, count);
        let b: Vec<f32> = match self.activation {
            true => self.filters.b.iter().skip(first).take(count).copied().collect(),
            false => vec![0.0; count],
        };
        let (o_h, o_w) = (height - f_h + 1, width - f_w + 1);
        let (shrunk_h, shrunk_w) = shrunk_size((o_h, o_w), side);
        let strip_rows = ((STRIP_BYTES / self.row_bytes()) as usize).clamp(1, STRIP);
        let mut answers = vec![Array2::zeros((o_h, shrunk_w)); count];
        // In strips that are shrunk at once, so that a large picture needs little memory.
        for top in (0..o_h).step_by(strip_rows) {
            let rows = strip_rows.min(o_h - top);
            let strip = self.source.maps.slice_axis(Axis(1), (top..top + rows + f_h - 1).into());
            let x: Vec<f32> = strip.iter().copied().collect();
            let geometry = Geometry::new([channels, strip.shape()[1], width], Window::new(f_h, f_w))?;
            let mut y = vec![0.0; count * rows * o_w];
            convolution::forward(&geometry, &x, &w, &b, &mut y);
            if self.activation {
                // A NaN passes, as through the layer.
                y.iter_mut().for_each(|y| *y = if *y <= 0.0 { 0.0 } else { *y });
            }
            for (answer, y) in answers.iter_mut().zip(y.chunks_exact(rows * o_w)) {
                let shrunk = shrink_columns(ArrayView2::from_shape((rows, o_w), y)?, shrunk_w);
                answer.slice_axis_mut(Axis(0), (top..top + rows).into()).assign(&shrunk);
            }
        }
        Ok(answers.iter().map(|answer| shrink_rows(answer.view(), shrunk_h)).collect())
    }

    /// Where each channel sees the same, a filter is the sum of its channels.
    fn weights(&self, first: usize, count: usize) -> Vec<f32> {
        let w = self.filters.w.slice_axis(Axis(0), (first..first + count).into());
        match self.source.before.is_empty() {
            true => w.sum_axis(Axis(1)).iter().copied().collect(),
            false => w.iter().copied().collect(),
        }
    }

    /// What the windows of a row of the answer see together.
    fn row_bytes(&self) -> f64 {
        let (_, _, f_h, f_w) = self.filters.w.dim();
        let (channels, _, width) = self.source.maps.dim();
        (channels * f_h * f_w) as f64 * (width + 1 - f_w) as f64 * size_of::<f32>() as f64
    }

    fn check(&self, f_h: usize, f_w: usize) -> anyhow::Result<()> {
        let [picture_h, picture_w] = self.source.picture;
        let (_, height, width) = self.source.maps.dim();
        let what = match self.source.before.last() {
            None => format!("the picture has {width}×{height} pixels"),
            Some(layer) => format!("{layer} leaves {width}×{height} of the picture of {picture_w}×{picture_h} pixels"),
        };
        ensure!(
            height >= f_h && width >= f_w,
            "{what}, but the filters of {} need at least {f_w}×{f_h}\n  choose a larger one with --image",
            self.filters.layer
        );
        ensure!(
            self.row_bytes() <= size::MOST_BYTES,
            "filters of {f_w}×{f_h} over a picture of {picture_w}×{picture_h} pixels would need about {}; at most {} are used\n  \
             choose a smaller one with --image",
            gigabytes(self.row_bytes()),
            gigabytes(size::MOST_BYTES)
        );
        Ok(())
    }

    /// "no bias, no ReLU" or what else was computed.
    fn computed(&self) -> String {
        let own = if self.activation { "with bias and ReLU" } else { "no bias, no ReLU" };
        match &self.source.before[..] {
            [] => own.to_owned(),
            before => format!("{own}; before it {}, as in the network", before.join(", ")),
        }
    }

    /// The original and what the first 16 filters answer to it, on one page.
    ///
    /// # Errors
    /// Where the picture is smaller than the filters.
    pub fn page(&self, picture: ArrayView2<'_, f32>, name: &str) -> anyhow::Result<Canvas> {
        let count = self.filters.len().min(APPLIED);
        let maps = self.answers(0, count, MAP_SIDE)?;
        let icons = self.filters.pictures();
        let ranges = Scaling::EachSymmetric.ranges(&icons);
        // A filter over many channels is more than a small picture shows.
        let has_icons = self.filters.w.dim().1 == 1;
        let tile = |i: usize| Tile {
            values: maps[i].view(),
            caption: format!("{i}: {}", from_to(&maps[i])),
            icon: has_icons.then(|| draw_values(icons[i], ICON_SIDE, ColorMap::Diverging, ranges[i])),
        };
        let tiles = Tiles {
            tiles: (0..count).map(tile).collect(),
            columns: APPLIED_COLUMNS,
            side: MAP_SIDE,
            map: ColorMap::Light,
            scaling: if self.activation { Scaling::EachFromZero } else { Scaling::Each },
        };
        let (height, width) = picture.dim();
        let original = Tiles {
            tiles: vec![Tile::new(picture, format!("original, {width}×{height}"))],
            columns: 1,
            side: ORIGINAL_SIDE,
            map: ColorMap::Light,
            scaling: Scaling::Together,
        };
        let small = if has_icons { "; the small pictures are the filters, orange above zero, blue below" } else { "" };
        let page = Page {
            title: match count == self.filters.len() {
                true => format!("What the filters of {} see", self.filters.layer),
                false => format!("What the first {count} filters of {} see", self.filters.layer),
            },
            notes: vec![
                format!(
                    "{name}, and what each filter answers to it: dark for little, light for much; {}",
                    self.computed()
                ),
                format!("{}{small}", tiles.scaling.describe()),
                self.sizes((height, width)),
            ],
            body: beside(original, tiles, 40),
            bar: None,
        };
        Ok(page.draw())
    }

    /// How large the maps are, and how large they are shown.
    fn sizes(&self, (height, width): (usize, usize)) -> String {
        let (_, _, f_h, f_w) = self.filters.w.dim();
        let (_, map_h, map_w) = self.source.maps.dim();
        let (o_h, o_w) = (map_h + 1 - f_h, map_w + 1 - f_w);
        let (shown_h, shown_w) = shrunk_size((o_h, o_w), MAP_SIDE);
        let zoom = (MAP_SIDE / shown_h.max(shown_w).max(1)).max(1);
        let scale = match (shown_h, shown_w) == (o_h, o_w) {
            true if zoom == 1 => "shown as they are".to_owned(),
            true => format!("each pixel shown as {zoom}×{zoom}"),
            false => format!("shown as {shown_w}×{shown_h}, proportions kept"),
        };
        let [kept_h, kept_w] = self.source.picture;
        let cut = match [kept_h, kept_w] == [height, width] {
            true => String::new(),
            false => format!("; {kept_w}×{kept_h} pixels of it fit the strides"),
        };
        format!("maps of {o_w}×{o_h} numbers, {scale}{cut}")
    }
}

/// One answer as a picture of its own, a pixel for each number: dark for its smallest, light for its largest.
pub fn single_map(answer: &Array2<f32>) -> Canvas {
    let range = Range::of(answer.iter().copied());
    draw_values(answer.view(), answer.nrows().max(answer.ncols()), ColorMap::Light, range)
}

/// "−1.2 to 3.4".
pub fn from_to(answer: &Array2<f32>) -> String {
    let Range { low, high } = Range::of(answer.iter().copied());
    format!("{} to {}", short(low), short(high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::shrink_to;
    use layers::Init;
    use layers::ndarray::{Array1, Array4, array};
    use model::{LayerSpec, NetworkSpec};

    fn filters(w: Array4<f32>) -> Filters {
        let b = Array1::from_elem(w.dim().0, -1.0);
        Filters { layer: "Conv1".into(), index: 0, w, b }
    }

    fn source(picture: &Array2<f32>) -> Source {
        let (height, width) = picture.dim();
        Source { maps: picture.clone().insert_axis(Axis(0)), picture: [height, width], before: vec![] }
    }

    #[test]
    fn filters_slide_over_the_picture() {
        // Over two channels: each pixel minus the one to its lower right, and twice the first one; then a sum.
        let w = array![
            [[[1.0, 0.0], [0.0, -1.0]], [[2.0, 0.0], [0.0, 0.0]]],
            [[[1.0, 1.0], [1.0, 1.0]], [[0.0, 0.0], [0.0, 0.0]]]
        ];
        let filters = filters(w);
        let picture = Array2::from_shape_fn((200, 3), |(y, x)| (3 * y + x) as f32);
        let seen = source(&picture);
        let applied = Applied { filters: &filters, source: &seen, activation: false };
        let answers = applied.answers(0, 2, 1000).unwrap();
        assert_eq!((answers.len(), answers[0].dim()), (2, (199, 2)));
        let expected = Array2::from_shape_fn((199, 2), |(y, x)| 3.0 * picture[[y, x]] - picture[[y + 1, x + 1]]);
        assert_eq!(answers[0], expected);
        let sums = Array2::from_shape_fn((199, 2), |(y, x)| 4.0 * picture[[y, x]] + 1.0 + 3.0 + 4.0);
        assert_eq!(answers[1], sums);
        assert_eq!(applied.answers(1, 1, 1000).unwrap()[0], sums);

        let small = applied.answers(0, 1, 20).unwrap();
        assert_eq!(small[0], shrink_to(expected.view(), 20), "shrunk in strips or as a whole");
        let active = Applied { activation: true, ..applied }.answers(0, 1, 1000).unwrap();
        assert_eq!(active[0], expected.map(|y| (y - 1.0).max(0.0)));
        assert!(active[0].iter().any(|&y| y == 0.0) && active[0].iter().any(|&y| y > 0.0));

        let tiny = source(&array![[1.0, 2.0]]);
        let error = Applied { filters: &filters, source: &tiny, activation: false }.answers(0, 1, 20).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("2×1 pixels") && error.contains("at least 2×2"), "{error}");
    }

    #[test]
    fn a_layer_further_in_sees_what_the_network_makes_of_the_picture() {
        let init = Init::Normal { std: 0.5 };
        let layers = vec![
            LayerSpec::Convolution { filters: 3, window: Window::square(3), init },
            LayerSpec::Relu,
            LayerSpec::MaxPool { window: Window::square(2).stride(2) },
            LayerSpec::Convolution { filters: 2, window: Window::square(2), init },
            LayerSpec::Relu,
            LayerSpec::Affine { outputs: 2, init },
        ];
        let network = Network::build(NetworkSpec { input: vec![1, 8, 10], layers }, 3).unwrap();
        let filters = Filters::of_layer(&network, "Conv2").unwrap();
        let picture = Array2::from_shape_fn((8, 10), |(y, x)| ((y * 7 + x * 3) % 11) as f32 / 11.0);
        let x = picture.clone().insert_axis(Axis(0)).insert_axis(Axis(0));
        let trace = network.trace(x.view());
        let seen = Source::new(&network, &filters, picture.view()).unwrap();
        let answers = Applied { filters: &filters, source: &seen, activation: true }.answers(0, 2, 99).unwrap();
        for (filter, answer) in answers.iter().enumerate() {
            let own = trace[4].output.index_axis(Axis(0), 0).index_axis_move(Axis(0), filter);
            assert_eq!(answer.view().into_dyn(), own, "filter {filter}");
        }
        // A row and a column more do not fit the stride of the pooling, and are cut off.
        let wider = Array2::from_shape_fn((9, 11), |(y, x)| picture[[y.min(7), x.min(9)]]);
        assert_eq!(Source::new(&network, &filters, wider.view()).unwrap(), seen);
        let error = Source::new(&network, &filters, array![[1.0]].view()).unwrap_err();
        assert!(format!("{error:#}").contains("the layers before Conv2 cannot take a picture of 1×1: "), "{error:#}");
    }

    #[test]
    fn pages_of_any_number_of_filters_and_any_picture_are_drawn() {
        for (count, channels) in [(1, 1), (3, 1), (16, 2), (30, 1)] {
            let filters = filters(Array4::ones((count, channels, 2, 2)));
            for size in [(2, 2), (2, 900), (300, 7)] {
                let picture = Array2::zeros(size);
                let seen = source(&picture);
                let applied = Applied { filters: &filters, source: &seen, activation: false };
                let page = applied.page(picture.view(), "name").unwrap();
                assert!(page.width() > 200);
                assert_eq!(single_map(&applied.answers(0, 1, 999).unwrap()[0]).width(), size.1 - 1);
            }
        }
    }
}
