//! The maps of a layer as small pictures.

use layers::ndarray::ArrayD;

use super::document::{Figure, Figures};
use super::walk::{figure, planes};
use crate::picture::{ColorMap, Range, Scaling, short};

/// Maps of a layer that are shown.
const MOST_MAPS: usize = 64;

/// The maps of an array: the one that is followed first, then those with the largest numbers.
pub(super) fn maps(title: &str, array: &ArrayD<f32>, followed: usize, scaling: Scaling) -> Figures {
    let mut all = all_maps(array, scaling);
    let len = array.len() / all.figures.len();
    let first = followed / len;
    let strength = |figure: &Figure| figure.values.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    let place = followed % len;
    let columns = all.figures[first].values.ncols();
    all.figures[first].frame = Some([place / columns, place % columns, 1, 1]);
    // A stable sort: equal ones stay in their order.
    all.figures.sort_by(|a, b| {
        let followed = b.frame.is_some().cmp(&a.frame.is_some());
        followed.then(strength(b).total_cmp(&strength(a)))
    });
    all.figures.truncate(MOST_MAPS);
    all.title = format!("{title}, {}", all.title);
    all.framed = "framed: the number that is followed";
    all
}

/// The maps of an array in their order, as many as are shown; the title tells the range of all values.
pub fn maps_in_order(array: &ArrayD<f32>, scaling: Scaling) -> Figures {
    let mut all = all_maps(array, scaling);
    if all.figures.len() > MOST_MAPS {
        all.title = format!("{}, the first {MOST_MAPS} maps", all.title);
        all.figures.truncate(MOST_MAPS);
    }
    all
}

fn all_maps(array: &ArrayD<f32>, scaling: Scaling) -> Figures {
    let planes = planes(array);
    let name = |i: usize| match array.ndim() {
        4 => format!("map {i}"),
        _ => format!("{} numbers, row by row", array.len()),
    };
    let range = Range::of(array.iter().copied());
    Figures {
        title: format!("{} to {}", short(range.low), short(range.high)),
        framed: "",
        figures: planes.into_iter().enumerate().map(|(i, plane)| figure(name(i), plane)).collect(),
        map: if scaling == Scaling::Symmetric { ColorMap::Diverging } else { ColorMap::Ink },
        scaling,
    }
}
