//! The parts of images that filters answer to most.

use std::fmt::Write;

use layers::ndarray::{Array2, ArrayD, Axis};
use model::Network;

use super::receptive::{Field, receptive_field};
use super::{Filters, MOST_SHOWN};
use crate::picture::{Canvas, ColorMap, Page, Picture, Scaling, Stacked, Tile, Tiles, beside, short};
use crate::sample::Images;

/// A part of an image, and what a filter answers to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Patch {
    /// The filter's answer: the sum of the products and the bias, before any ReLU.
    pub value: f32,
    /// The number of the image.
    pub image: usize,
    /// Row and column of the answer in the filter's map.
    pub place: [usize; 2],
}

/// Images that go through the network together.
const BATCH: usize = 100;

/// The `count` largest answers of each filter to these images, the largest first. Every image counts once, with the place
/// where the answer is largest: so there are no five shifted copies of one stroke. What is not a number never counts.
pub fn top_patches(filters: &Filters, network: &Network, images: &Images, count: usize) -> Vec<Vec<Patch>> {
    let mut best = vec![Vec::with_capacity(count + 1); filters.len()];
    let all: Vec<usize> = (0..images.data.len()).collect();
    for indices in all.chunks(BATCH) {
        let answers = answers(network, filters.index, images.batch(indices, network));
        let width = answers.shape()[3];
        for (image, maps) in indices.iter().zip(answers.outer_iter()) {
            for (best, map) in best.iter_mut().zip(maps.outer_iter()) {
                let Some((place, value)) = largest(map.to_slice().expect("row-major")) else { continue };
                let patch = Patch { value, image: *image, place: [place / width, place % width] };
                insert(best, patch, count);
            }
        }
    }
    best
}

/// What the layer at `index` makes of a batch.
fn answers(network: &Network, index: usize, x: ArrayD<f32>) -> ArrayD<f32> {
    network.layers().layers()[..=index].iter().fold(x, |x, layer| layers::infer(&**layer, &x))
}

/// The first of the largest numbers.
fn largest(values: &[f32]) -> Option<(usize, f32)> {
    let numbers = values.iter().copied().enumerate().filter(|(_, value)| !value.is_nan());
    numbers.reduce(|best, next| if next.1 > best.1 { next } else { best })
}

/// Keeps the `count` largest, in order; of equal ones, those that came first.
fn insert(best: &mut Vec<Patch>, patch: Patch, count: usize) {
    let at = best.partition_point(|other| other.value >= patch.value);
    if at < count {
        best.insert(at, patch);
        best.truncate(count);
    }
}

/// The patches as a table: filter, rank, value, image, its label, row and column in the filter's map.
pub fn patches_csv(best: &[Vec<Patch>], images: &Images) -> String {
    let mut text = "filter,rank,value,image,label,row,column\n".to_owned();
    for (filter, patches) in best.iter().enumerate() {
        for (rank, Patch { value, image, place: [row, column] }) in patches.iter().enumerate() {
            let label = images.data.labels()[*image];
            writeln!(text, "{filter},{rank},{value},{image},{label},{row},{column}").expect("into memory");
        }
    }
    text
}

/// Pixels for a patch, and filters side by side.
const PATCH_SIDE: usize = 60;
const PAGE_COLUMNS: usize = 2;

/// Each filter and, beside it, the patches that it answers to most, with the answers.
///
/// # Errors
/// Where a layer before the filters is none whose windows are known.
pub fn patches_page(
    filters: &Filters,
    network: &Network,
    images: &Images,
    best: &[Vec<Patch>],
) -> anyhow::Result<Canvas> {
    let field = receptive_field(network, filters.index)?;
    let count = best.first().map_or(0, Vec::len).max(1);
    let shown = filters.len().min(MOST_SHOWN / count).max(1);
    let cut: Vec<Vec<Array2<f32>>> = best[..shown]
        .iter()
        .map(|patches| patches.iter().map(|patch| cut_out(images, network, patch, field)).collect())
        .collect();
    let pictures = filters.pictures();
    let rows = (0..shown).map(|i| {
        let filter = Tiles {
            tiles: vec![Tile::new(pictures[i], format!("filter {i}"))],
            columns: 1,
            side: PATCH_SIDE,
            map: ColorMap::Diverging,
            scaling: Scaling::EachSymmetric,
        };
        let tiles = cut[i].iter().zip(&best[i]).map(|(values, patch)| Tile::new(values.view(), short(patch.value)));
        let patches = Tiles {
            tiles: tiles.collect(),
            columns: count,
            side: PATCH_SIDE,
            map: ColorMap::Ink,
            scaling: Scaling::Together,
        };
        beside(filter, patches, 30)
    });
    let rows: Vec<_> = rows.collect();
    let halves: Vec<_> = rows.chunks(shown.div_ceil(PAGE_COLUMNS)).map(<[_]>::to_vec).collect();
    let [left, right] = [0, 1].map(|i| Stacked { pictures: halves.get(i).cloned().unwrap_or_default(), gap: 18 });
    let [height, width] = field.size;
    let channels = filters.w.dim().1;
    let of_channels = if channels == 1 { "" } else { " (its first channel)" };
    let page = Page {
        title: format!("What the filters of {} answer to most", filters.layer),
        notes: vec![
            format!(
                "each filter{of_channels}, and the {count} patches of {height}×{width} pixels with its largest answers"
            ),
            format!("among {}; every image counts once", images.title),
            "below each patch the answer, bias included; each filter on its own scale, orange above zero, blue below"
                .into(),
        ],
        body: beside(left, right, 50),
        bar: None,
    };
    Ok(page.draw())
}

/// What the filter saw of the first channel; what hangs over the edge is 0, as the network pads it.
fn cut_out(images: &Images, network: &Network, patch: &Patch, field: Field) -> Array2<f32> {
    let x = images.batch(&[patch.image], network);
    let plane = x.index_axis(Axis(0), 0).index_axis_move(Axis(0), 0);
    let [top, left] = field.corner(patch.place);
    let [height, width] = field.size;
    let inside = |first: isize, i: usize, size: usize| usize::try_from(first + i as isize).ok().filter(|&at| at < size);
    Array2::from_shape_fn((height.min(plane.shape()[0] * 3), width.min(plane.shape()[1] * 3)), |(row, column)| {
        let at = inside(top, row, plane.shape()[0]).zip(inside(left, column, plane.shape()[1]));
        at.map_or(0.0, |(row, column)| plane[[row, column]])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use datasets::Dataset;
    use layers::ndarray::Array4;
    use model::{ConvParam, SimpleConvNet};

    #[test]
    fn the_best_patch_is_the_one_that_looks_like_the_filter() {
        // In image 2 stands the filter itself, in image 0 half as bright; image 1 is empty.
        let conv_param = ConvParam { filter_num: 1, filter_size: 3, ..ConvParam::default() };
        let net = SimpleConvNet { input_dim: [1, 6, 6], conv_param, hidden_size: 2, ..SimpleConvNet::default() };
        let mut network = net.build::<f32>(0).unwrap();
        let cross = [[0_u8, 1, 0], [1, 1, 1], [0, 1, 0]];
        let w = Array4::from_shape_fn((1, 1, 3, 3), |(.., y, x)| f32::from(cross[y][x]));
        network.set_param("W1", w.view()).unwrap();
        network.set_param("b1", layers::ndarray::array![0.5].view()).unwrap();
        let mut pixels = vec![0; 3 * 36];
        for (image, corner, brightness) in [(0, [1, 1], 102), (2, [3, 2], 255)] {
            for (y, row) in cross.iter().enumerate() {
                for (x, on) in row.iter().enumerate() {
                    pixels[image * 36 + (corner[0] + y) * 6 + corner[1] + x] = on * brightness;
                }
            }
        }
        let data = Dataset::new(pixels, vec![7, 8, 9], [1, 6, 6], 10).unwrap();
        let images = Images { title: "the images".into(), data, class_names: vec![], note: None };
        let filters = Filters::of(&network).unwrap();
        let best = top_patches(&filters, &network, &images, 2);
        let patch = |value, image, place| Patch { value, image, place };
        assert_eq!(best, [[patch(5.5, 2, [3, 2]), patch(2.5, 0, [1, 1])]]);
        assert!(patches_csv(&best, &images).ends_with("\n0,0,5.5,2,9,3,2\n0,1,2.5,0,7,1,1\n"));
        let seen = cut_out(&images, &network, &best[0][0], receptive_field(&network, 0).unwrap());
        assert_eq!(
            seen.map(|&v| v as i32).into_raw_vec_and_offset().0,
            cross.concat().iter().map(|&v| i32::from(v)).collect::<Vec<_>>()
        );
        patches_page(&filters, &network, &images, &best).unwrap();
    }
}
