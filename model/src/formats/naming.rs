//! What the arrays of a network are called, in the book and in PyTorch.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::array::NamedArray;
use crate::spec::LayerSpec;

/// Names of arrays, and with them the shape of affine weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Naming {
    /// The book's, which are ours: `W1`, `b1`, `W2`, …, numbered by letter; affine weights are (inputs, outputs).
    #[default]
    Book,
    /// As PyTorch's own examples: `conv1.weight`, `conv1.bias`, `fc1.weight`, `bn1.running_mean`, …, numbered by kind of layer;
    /// affine weights are (outputs, inputs).
    PyTorch,
}

impl Naming {
    /// The names that these arrays have. (What PyTorch calls its arrays ends in `.weight`, whatever comes before.)
    pub fn of(arrays: &[NamedArray]) -> Naming {
        if arrays.iter().any(|array| array.name.ends_with(".weight")) { Naming::PyTorch } else { Naming::Book }
    }

    /// Whether an array of this kind has its two axes the other way around than ours.
    pub(super) fn transposes(self, layer: &LayerSpec, param: &str) -> bool {
        self == Naming::PyTorch && matches!(layer, LayerSpec::Affine { .. }) && param == "W"
    }
}

/// Names one array after the other, first layer to last.
#[derive(Debug)]
pub(super) struct Names {
    naming: Naming,
    seen: BTreeMap<&'static str, usize>,
}

impl Names {
    pub(super) fn new(naming: Naming) -> Names {
        Names { naming, seen: BTreeMap::new() }
    }

    /// The name of the next array, which `layer` calls `param`: `"W"`, `"b"`, …
    pub(super) fn next(&mut self, layer: &LayerSpec, param: &'static str) -> String {
        match self.naming {
            Naming::Book => format!("{param}{}", self.count(param, true)),
            Naming::PyTorch => {
                let kind = match layer {
                    LayerSpec::Convolution { .. } => Kind::Convolution,
                    LayerSpec::Affine { .. } => Kind::Affine,
                    _ => Kind::BatchNormalization,
                };
                let number = self.count(kind.prefix(), matches!(param, "W" | "gamma"));
                let suffix = match param {
                    "W" | "gamma" => "weight",
                    "b" | "beta" => "bias",
                    other => other,
                };
                format!("{}{number}.{suffix}", kind.prefix())
            }
        }
    }

    /// How often this has come, now once more where it is `another`.
    fn count(&mut self, what: &'static str, another: bool) -> usize {
        let count = self.seen.entry(what).or_insert(0);
        *count += usize::from(another);
        *count
    }
}

/// The kinds of layers that hold arrays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Convolution,
    Affine,
    BatchNormalization,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Kind::Convolution => "conv",
            Kind::Affine => "fc",
            Kind::BatchNormalization => "bn",
        }
    }

    fn of_axes(axes: usize) -> Option<Kind> {
        match axes {
            1 => Some(Kind::BatchNormalization),
            2 => Some(Kind::Affine),
            4 => Some(Kind::Convolution),
            _ => None,
        }
    }
}

/// The arrays by the names of [`Naming`], whatever whoever wrote them called the layers: `features.0.weight` of four axes
/// is the weight of a convolution, and the first of several in the order in which people read names is `conv1.weight`.
pub fn by_name(arrays: &[NamedArray]) -> BTreeMap<String, &NamedArray> {
    let mut layers: Vec<_> = arrays
        .iter()
        .filter_map(|array| Some((array.name.strip_suffix(".weight")?, Kind::of_axes(array.shape.len())?)))
        .collect();
    layers.sort_by(|(a, _), (b, _)| as_read(a, b));
    let mut counts = BTreeMap::new();
    let mut prefixes = BTreeMap::new();
    for (layer, kind) in layers {
        let count = counts.entry(kind.prefix()).or_insert(0);
        *count += 1;
        prefixes.insert(layer, format!("{}{count}", kind.prefix()));
    }
    let named = arrays.iter().map(|array| {
        let split = array.name.rsplit_once('.');
        let known = split.and_then(|(layer, what)| Some(format!("{}.{what}", prefixes.get(layer)?)));
        (known.unwrap_or_else(|| array.name.clone()), array)
    });
    named.collect()
}

/// The order in which people read names: `conv2` before `conv10`.
fn as_read(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a, b);
    loop {
        let [in_a, in_b] = [a, b].map(|text| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let ordering = if in_a > 0 && in_b > 0 {
            // Numbers of any length: without leading zeros the longer one is larger.
            let ([x, rest_a], [y, rest_b]) = ([&a[..in_a], &a[in_a..]], [&b[..in_b], &b[in_b..]]);
            (a, b) = (rest_a, rest_b);
            let [x, y] = [x, y].map(|number| number.trim_start_matches('0'));
            x.len().cmp(&y.len()).then_with(|| x.cmp(y))
        } else {
            let (mut chars_a, mut chars_b) = (a.chars(), b.chars());
            let pair = (chars_a.next(), chars_b.next());
            (a, b) = (chars_a.as_str(), chars_b.as_str());
            match pair {
                (None, None) => return Ordering::Equal,
                (x, y) => x.cmp(&y),
            }
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::element::{Element, Values};

    #[test]
    fn names_are_sorted_as_people_read_them() {
        let mut names = ["10", "2", "b", "conv10", "conv2", "conv02x", "", "features.10.a", "features.9.b", "ü"];
        names.sort_by(|a, b| as_read(a, b));
        assert_eq!(names, ["", "2", "10", "b", "conv2", "conv02x", "conv10", "features.9.b", "features.10.a", "ü"]);
    }

    #[test]
    fn layers_are_recognised_by_their_weights() {
        let array = |name: &str, axes: usize| NamedArray {
            name: name.to_string(),
            shape: vec![1; axes],
            element: Element::F32,
            values: Values::F32(vec![0.0]),
        };
        let arrays = [
            array("classifier.1.bias", 1),
            array("classifier.1.weight", 2),
            array("features.10.weight", 4),
            array("features.2.weight", 4),
            array("features.2.bias", 1),
            array("norm.weight", 1),
            array("norm.running_var", 1),
            array("other", 1),
        ];
        let found: Vec<_> = by_name(&arrays).into_iter().map(|(name, array)| (name, array.name.clone())).collect();
        let expected = [
            ("bn1.running_var", "norm.running_var"),
            ("bn1.weight", "norm.weight"),
            ("conv1.bias", "features.2.bias"),
            ("conv1.weight", "features.2.weight"),
            ("conv2.weight", "features.10.weight"),
            ("fc1.bias", "classifier.1.bias"),
            ("fc1.weight", "classifier.1.weight"),
            ("other", "other"),
        ];
        assert_eq!(found, expected.map(|(name, array)| (name.to_string(), array.to_string())));
    }
}
