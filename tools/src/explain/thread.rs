//! One number of each layer, the one that adds most to the next.

use std::any::Any;

use layers::ndarray::{ArrayD, ArrayView1};
use layers::{Affine, AveragePooling, Convolution, Geometry, Layer, Pooling};

/// The chain of numbers that a walk follows: an index into the input and into the output of each layer (of one image, in
/// row-major order). It is found from behind: from the score of the likeliest class back, always to the term that adds most
/// to the sum, or to the largest number under the window of a pooling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread(Vec<usize>);

impl Thread {
    /// Follows what `outputs` of these `layers` for the image `x` lead to the last one. All arrays are of one image, with the
    /// batch axis.
    pub fn find(layers: &[Box<dyn Layer>], x: &ArrayD<f32>, outputs: &[&ArrayD<f32>]) -> Thread {
        let scores = outputs[outputs.len() - 1];
        let mut at = vec![largest(scores.iter().copied())];
        for (i, layer) in layers.iter().enumerate().rev() {
            let input = if i == 0 { x } else { outputs[i - 1] };
            at.push(before(&**layer, input, outputs[i], at[at.len() - 1]));
        }
        at.reverse();
        Thread(at)
    }

    /// The number in the input of a layer (from 0).
    pub fn input(&self, layer: usize) -> usize {
        self.0[layer]
    }

    /// The number in the output of a layer (from 0).
    pub fn output(&self, layer: usize) -> usize {
        self.0[layer + 1]
    }
}

/// The place in the input that the number at `at` in the output owes most to.
fn before(layer: &dyn Layer, x: &ArrayD<f32>, y: &ArrayD<f32>, at: usize) -> usize {
    let any: &dyn Any = layer;
    if let Some(convolution) = any.downcast_ref::<Convolution>() {
        return under_filter(convolution, x, y, at);
    }
    if let Some(affine) = any.downcast_ref::<Affine>() {
        return largest(products(affine, x, at));
    }
    let pooling = any.downcast_ref().map(Pooling::window);
    if let Some(window) = pooling.or_else(|| any.downcast_ref().map(AveragePooling::window)) {
        let window = Taps::new(window, x, y, at).of_channel(at / y_plane(y));
        return largest_of(window, |i| value(x, i));
    }
    if x.len() == y.len() { at } else { largest(x.iter().copied()) }
}

fn under_filter(convolution: &Convolution, x: &ArrayD<f32>, y: &ArrayD<f32>, at: usize) -> usize {
    let filter = at / y_plane(y);
    let w = convolution.w().value();
    let taps = Taps::new(convolution.window(), x, y, at);
    let all = (0..x.shape()[1]).flat_map(|channel| {
        taps.clone().with_taps().map(move |(tap, place)| (channel, tap, place)).collect::<Vec<_>>()
    });
    let plane = x.shape()[2] * x.shape()[3];
    let place_and_product = all.map(|(channel, [fy, fx], place)| {
        let i = channel * plane + place;
        (i, value(x, i) * w[[filter, channel, fy, fx]])
    });
    let (places, products): (Vec<_>, Vec<_>) = place_and_product.unzip();
    // A window that lies in the padding alone sees no place.
    places.get(largest(products.into_iter())).copied().unwrap_or(0)
}

/// What each input of an affine layer adds to its output `at`.
pub(super) fn products<'a>(affine: &'a Affine, x: &'a ArrayD<f32>, at: usize) -> impl Iterator<Item = f32> + 'a {
    x.iter().zip(column(affine, at)).map(|(&x, w)| x * w)
}

/// The weights of one output.
pub(super) fn column(affine: &Affine, at: usize) -> Vec<f32> {
    let w = affine.w().value();
    (0..w.shape()[0]).map(|i| w[[i, at]]).collect()
}

/// The places of a window over an image.
#[derive(Debug, Clone)]
pub(super) struct Taps {
    geometry: Geometry,
    /// Row and column of the output.
    pub(super) at: [usize; 2],
}

impl Taps {
    /// The window that made the number `at` of `y` (1, C, H, W).
    pub(super) fn new(window: &layers::Window, x: &ArrayD<f32>, y: &ArrayD<f32>, at: usize) -> Taps {
        let shape = [x.shape()[1], x.shape()[2], x.shape()[3]];
        let geometry = Geometry::new(shape, *window).expect("found when the network was built");
        let (plane, width) = (y_plane(y), y.shape()[3]);
        Taps { geometry, at: [at % plane / width, at % width] }
    }

    /// Every tap inside the image, with its place in one channel.
    pub(super) fn with_taps(self) -> impl Iterator<Item = ([usize; 2], usize)> {
        let ([f_h, f_w], geometry, [y, x]) = (self.geometry.window().kernel, self.geometry, self.at);
        (0..f_h * f_w).filter_map(move |tap| {
            let tap = [tap / f_w, tap % f_w];
            let (row, column) = (geometry.source(0, y, tap[0])?, geometry.source(1, x, tap[1])?);
            Some((tap, row * geometry.input()[1] + column))
        })
    }

    fn of_channel(self, channel: usize) -> impl Iterator<Item = usize> {
        let [height, width] = self.geometry.input();
        self.with_taps().map(move |(_, place)| channel * height * width + place)
    }

    /// Row and column of the image under the upper left tap, which may lie in the padding (then they are negative).
    pub(super) fn corner(&self) -> [isize; 2] {
        let window = self.geometry.window();
        [0, 1].map(|i| (self.at[i] * window.stride[i]) as isize - window.pad[i] as isize)
    }
}

fn y_plane(y: &ArrayD<f32>) -> usize {
    y.shape()[2] * y.shape()[3]
}

/// A number of an array, counted row by row.
pub(super) fn value(x: &ArrayD<f32>, at: usize) -> f32 {
    ArrayView1::from(x.as_slice().expect("traces are row-major"))[at]
}

/// Where the largest number is, the first of equal ones; 0 where there is none.
pub(super) fn largest(values: impl Iterator<Item = f32>) -> usize {
    let values: Vec<_> = values.collect();
    largest_of(0..values.len(), |i| values[i])
}

fn largest_of(places: impl Iterator<Item = usize>, value: impl Fn(usize) -> f32) -> usize {
    let better = |best: usize, i: usize| if value(i) > value(best) { i } else { best };
    places.reduce(better).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use layers::ndarray::array;
    use layers::{Relu, Sequential, Window};

    #[test]
    fn a_thread_leads_to_the_largest_terms() {
        // The filter takes the lower right pixel of its window, the pooling the largest answer, the affine layer twice the
        // first and half of the second input.
        let convolution = Convolution::new(array![[[[0.0, 0.0], [0.0, 1.0]]]], array![0.0], Window::square(2)).unwrap();
        let pooling = Pooling::new(Window::new(1, 2).stride(1));
        let affine = Affine::new(array![[1.0, 2.0], [0.0, 0.5]], array![0.0, 0.0]).unwrap();
        let layers: Vec<Box<dyn Layer>> =
            vec![Box::new(convolution), Box::new(Relu), Box::new(pooling), Box::new(affine)];
        let network = Sequential::new(&[1, 2, 4], layers).unwrap();
        let x = array![[[[9.0, 9.0, 9.0, 9.0], [9.0, 1.0, 3.0, 2.0]]]].into_dyn();
        let trace = network.trace(x.view());
        let outputs: Vec<_> = trace.iter().map(|activation| &activation.output).collect();
        let thread = Thread::find(network.layers(), &x, &outputs);
        // Score 1; the first of the two pooled numbers, 3; its place in the answer, 1; its pixel in row 1, column 2.
        assert_eq!(thread, Thread(vec![6, 1, 1, 0, 1]));
        assert_eq!((thread.input(0), thread.output(3)), (6, 1));
    }
}
