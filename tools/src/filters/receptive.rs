//! Which part of an image a number of a layer sees.

use std::any::Any;

use anyhow::bail;
use layers::{AveragePooling, Convolution, Layer, Pooling, Window};
use model::Network;

/// The part of an image that one number of a layer depends on, along both axes (down, across).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Rows and columns.
    pub size: [usize; 2],
    /// How far the field moves when the number's place moves by one.
    pub step: [usize; 2],
    /// Where the field of the first number begins; below zero where it hangs over the edge.
    pub first: [isize; 2],
}

impl Field {
    /// A pixel sees itself.
    const PIXEL: Field = Field { size: [1, 1], step: [1, 1], first: [0, 0] };

    /// The field behind a window over what has this field.
    fn behind(self, window: &Window) -> Field {
        let along = |i: usize| {
            let (size, step, first) = (self.size[i], self.step[i], self.first[i]);
            let size = size + (window.kernel[i] - 1) * step;
            (size, step * window.stride[i], first - (window.pad[i] * step) as isize)
        };
        let [down, across] = [along(0), along(1)];
        Field { size: [down.0, across.0], step: [down.1, across.1], first: [down.2, across.2] }
    }

    /// Row and column of the image where the field of the number at this place begins.
    pub fn corner(self, place: [usize; 2]) -> [isize; 2] {
        [0, 1].map(|i| self.first[i] + (place[i] * self.step[i]) as isize)
    }
}

/// The field of a number in the output of the layer at `index`.
///
/// # Errors
/// Where a layer before it is none whose windows are known.
pub fn receptive_field(network: &Network, index: usize) -> anyhow::Result<Field> {
    let layers = network.layers();
    let mut field = Field::PIXEL;
    for i in 0..=index {
        if let Some(window) = window(&*layers.layers()[i]) {
            field = field.behind(window);
        } else if i > 0 && layers.shapes()[i].get(1..) != layers.shapes()[i - 1].get(1..) {
            bail!(
                "what {} sees of an image is not known, for {} comes before it",
                layers.names()[index],
                layers.names()[i]
            );
        }
    }
    Ok(field)
}

fn window(layer: &dyn Layer) -> Option<&Window> {
    let any: &dyn Any = layer;
    let convolution = any.downcast_ref().map(Convolution::<f32>::window);
    let pooling = || any.downcast_ref().map(Pooling::window);
    convolution.or_else(pooling).or_else(|| any.downcast_ref().map(AveragePooling::window))
}

#[cfg(test)]
mod tests {
    use super::*;
    use layers::Init;
    use layers::ndarray::{ArrayD, IxDyn};
    use model::{LayerSpec, NetworkSpec};

    /// Changes one pixel after the other: what changes with it is what sees it.
    #[test]
    fn a_number_changes_with_the_pixels_of_its_field_alone() {
        let init = Init::Normal { std: 1.0 };
        let layers = vec![
            LayerSpec::Convolution { filters: 2, window: Window { stride: [2, 1], ..Window::new(3, 2) }, init },
            LayerSpec::Tanh,
            LayerSpec::AveragePool { window: Window::new(1, 2) },
            LayerSpec::Convolution { filters: 2, window: Window::new(3, 2).pad(1), init },
            LayerSpec::Affine { outputs: 2, init },
        ];
        let network = Network::build(NetworkSpec { input: vec![1, 9, 8], layers }, 0).unwrap();
        let field = receptive_field(&network, 3).unwrap();
        assert_eq!(field, Field { size: [7, 4], step: [2, 1], first: [-2, -1] });
        let at = |x: &ArrayD<f32>| network.trace(x.view())[3].output[[0, 1, 2, 3]];
        let x = ArrayD::from_elem(IxDyn(&[1, 1, 9, 8]), 0.5);
        let [top, left] = field.corner([2, 3]);
        for row in 0..9 {
            for column in 0..8 {
                let mut changed = x.clone();
                changed[[0, 0, row, column]] = 0.75;
                let inside = (top..top + 7).contains(&(row as isize)) && (left..left + 4).contains(&(column as isize));
                assert_eq!(at(&x) != at(&changed), inside, "pixel {row}, {column}");
            }
        }
    }
}
