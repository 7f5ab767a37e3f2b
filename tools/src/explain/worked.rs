//! One window of a convolution, worked out in full.

use layers::Convolution;
use layers::ndarray::{Array3, ArrayD, Axis};

use super::thread::{Taps, value};

/// One number of a convolution's output, and all that it is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Worked {
    /// The filter.
    pub filter: usize,
    /// Row and column of the output.
    pub at: [usize; 2],
    /// Row and column of the image under the window's upper left corner; negative in the padding.
    pub corner: [isize; 2],
    /// What the window sees (C, FH, FW); 0 in the padding.
    pub patch: Array3<f32>,
    /// The filter's weights (C, FH, FW).
    pub w: Array3<f32>,
    /// The filter's bias.
    pub b: f32,
    /// What the network computed.
    pub y: f32,
}

impl Worked {
    /// The window of `convolution` that made the number `at` of its output `y` for the image `x`; both with a batch axis of 1.
    pub fn new(convolution: &Convolution, x: &ArrayD<f32>, y: &ArrayD<f32>, at: usize) -> Worked {
        let filter = at / (y.shape()[2] * y.shape()[3]);
        let w = convolution.w().value().index_axis_move(Axis(0), filter);
        let w: Array3<f32> = w.into_dimensionality().expect("a filter has three axes");
        let taps = Taps::new(convolution.window(), x, y, at);
        let (place, corner) = (taps.at, taps.corner());
        let mut patch = Array3::zeros(w.raw_dim());
        let plane = x.shape()[2] * x.shape()[3];
        for ([row, column], pixel) in taps.with_taps() {
            for channel in 0..patch.shape()[0] {
                patch[[channel, row, column]] = value(x, channel * plane + pixel);
            }
        }
        Worked { filter, at: place, corner, patch, w, b: convolution.b().value()[[filter]], y: value(y, at) }
    }

    /// The products of what lies upon each other.
    pub fn products(&self) -> Array3<f32> {
        &self.patch * &self.w
    }

    /// The sum of the products of one channel.
    pub fn channel_sum(&self, channel: usize) -> f64 {
        let products = self.patch.index_axis(Axis(0), channel);
        products.iter().zip(self.w.index_axis(Axis(0), channel)).map(|(&x, &w)| f64::from(x) * f64::from(w)).sum()
    }

    /// The sum of all products.
    pub fn sum(&self) -> f64 {
        (0..self.patch.shape()[0]).map(|channel| self.channel_sum(channel)).sum()
    }

    /// The channel whose sum is the largest in magnitude: the one to be shown where not all can be.
    pub fn main_channel(&self) -> usize {
        super::thread::largest((0..self.patch.shape()[0]).map(|channel| self.channel_sum(channel).abs() as f32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use layers::Window;
    use layers::ndarray::array;

    #[test]
    fn a_window_is_worked_out_by_hand_padding_and_all() {
        let w = array![[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, -1.0]]]];
        let convolution = Convolution::new(w, array![0.5], Window::square(2).pad(1)).unwrap();
        let x = array![[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]].into_dyn();
        let y = layers::infer(&convolution, &x);
        // The upper right corner: the window hangs over the edge by a row and a column.
        let worked = Worked::new(&convolution, &x, &y, 2);
        assert_eq!((worked.filter, worked.at, worked.corner), (0, [0, 2], [-1, 1]));
        assert_eq!(worked.patch, array![[[0.0, 0.0], [2.0, 0.0]], [[0.0, 0.0], [6.0, 0.0]]]);
        assert_eq!((worked.sum(), worked.b, worked.y), (6.0, 0.5, 6.5));
        let middle = Worked::new(&convolution, &x, &y, 4);
        assert_eq!((middle.channel_sum(0), middle.channel_sum(1), middle.y), (30.0, -8.0, 22.5));
        assert_eq!(middle.main_channel(), 0);
    }
}
