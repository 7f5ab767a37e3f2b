//! The arithmetic of sliding windows: how large the output of a convolution or a pooling is.
//!
//! With an input of size `H`, padding `P` on either side, a window of size `FH` and a stride `S`, the output has
//!
//! ```text
//! OH = (H + 2·P − FH) / S + 1
//! ```
//!
//! | H | P | FH | S | OH |
//! |---|---|---|---|---|
//! | 28 | 0 | 5 | 1 | 24 |
//! | 24 | 0 | 2 | 2 | 12 |
//! | 28 | 2 | 5 | 1 | 28 |
//! | 7 | 0 | 3 | 2 | 3 |
//!
//! (The book, section 7.2.4; its helper is `conv_output_size`.) Where the division leaves a remainder, the geometry is
//! refused, unless [`Rounding::Down`] allows the window to leave out the last rows and columns.

use crate::error::GeometryError;

/// What to do where the stride does not divide the way that the window travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rounding {
    /// Refuse the geometry.
    #[default]
    Exact,
    /// Leave out the last rows and columns, as PyTorch and ONNX do by default.
    Down,
}

/// A window that slides over an image: its size, its steps, and the border around the image.
///
/// All pairs are (vertical, horizontal).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// Height and width of the window (`FH`, `FW`).
    pub kernel: [usize; 2],
    /// Steps between two neighbouring windows.
    pub stride: [usize; 2],
    /// Rows and columns added on either side of the image.
    pub pad: [usize; 2],
    /// What to do where the stride does not divide.
    pub rounding: Rounding,
}

const AXES: [&str; 2] = ["height", "width"];

impl Window {
    /// A window of `height` × `width`, stride 1, no padding.
    pub fn new(height: usize, width: usize) -> Self {
        Window { kernel: [height, width], stride: [1, 1], pad: [0, 0], rounding: Rounding::Exact }
    }

    /// A square window of `size` × `size`, stride 1, no padding.
    pub fn square(size: usize) -> Self {
        Window::new(size, size)
    }

    /// The same window with this stride in both directions.
    pub fn stride(self, stride: usize) -> Self {
        Window { stride: [stride, stride], ..self }
    }

    /// The same window with this padding on all four sides.
    pub fn pad(self, pad: usize) -> Self {
        Window { pad: [pad, pad], ..self }
    }

    /// The same window with this rule for remainders.
    pub fn rounding(self, rounding: Rounding) -> Self {
        Window { rounding, ..self }
    }

    /// Height and width of the output for an input of this height and width.
    ///
    /// ```
    /// use tensor::Window;
    /// assert_eq!(Window::square(5).output([28, 28]), Ok([24, 24]));
    /// let error = Window::square(5).stride(2).output([28, 28]).unwrap_err();
    /// assert!(error.to_string().contains("(28 + 2·0 − 5) / 2 + 1 is not a whole number"));
    /// ```
    ///
    /// # Errors
    /// A size of zero, a window or a stride larger than the padded input, or (unless rounded down) a stride that does not
    /// divide.
    pub fn output(&self, input: [usize; 2]) -> Result<[usize; 2], GeometryError> {
        let mut output = [0; 2];
        for i in 0..2 {
            output[i] = self.output_along(i, input[i])?;
        }
        Ok(output)
    }

    fn output_along(&self, i: usize, input: usize) -> Result<usize, GeometryError> {
        let (axis, kernel, stride, pad) = (AXES[i], self.kernel[i], self.stride[i], self.pad[i]);
        for (size, what) in
            [(input, ["input height", "input width"][i]), (kernel, ["kernel height", "kernel width"][i])]
        {
            if size == 0 {
                return Err(GeometryError::Zero { what });
            }
        }
        if stride == 0 {
            return Err(GeometryError::Zero { what: "stride" });
        }
        let padded = pad.checked_mul(2).and_then(|p| p.checked_add(input));
        let padded = padded.ok_or(GeometryError::Overflow { what: "the padded input" })?;
        if kernel > padded {
            return Err(GeometryError::TooLarge { axis, input, kernel, pad });
        }
        if stride > padded {
            return Err(GeometryError::StrideTooLarge { axis, input, pad, stride });
        }
        if self.rounding == Rounding::Exact && !(padded - kernel).is_multiple_of(stride) {
            return Err(GeometryError::NotWhole { axis, input, kernel, pad, stride });
        }
        Ok((padded - kernel) / stride + 1)
    }
}

/// A window over images of known size: what [`im2col`](crate::im2col), convolution and pooling compute with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Geometry {
    channels: usize,
    input: [usize; 2],
    window: Window,
    output: [usize; 2],
}

impl Geometry {
    /// The geometry of `window` over images of shape `(C, H, W)`.
    ///
    /// # Errors
    /// See [`Window::output`]; also zero channels, and sizes whose product overflows.
    pub fn new(input: [usize; 3], window: Window) -> Result<Self, GeometryError> {
        let [channels, height, width] = input;
        if channels == 0 {
            return Err(GeometryError::Zero { what: "number of input channels" });
        }
        let output = window.output([height, width])?;
        let product = |what, sizes: &[usize]| {
            let bytes = sizes.iter().try_fold(8_usize, |a, &b| a.checked_mul(b)); // 8 bytes an f64
            bytes.filter(|&b| isize::try_from(b).is_ok()).map(|_| ()).ok_or(GeometryError::Overflow { what })
        };
        let padded = [height + 2 * window.pad[0], width + 2 * window.pad[1]];
        product("the padded input", &[channels, padded[0], padded[1]])?;
        product("im2col of one image", &[channels, window.kernel[0], window.kernel[1], output[0], output[1]])?;
        Ok(Geometry { channels, input: [height, width], window, output })
    }

    /// Channels of the input (`C`).
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Height and width of the input (`H`, `W`).
    pub fn input(&self) -> [usize; 2] {
        self.input
    }

    /// The sliding window.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// Height and width of the output (`OH`, `OW`).
    pub fn output(&self) -> [usize; 2] {
        self.output
    }

    /// Elements of one input image: `C · H · W`.
    pub fn input_len(&self) -> usize {
        self.channels * self.input[0] * self.input[1]
    }

    /// Positions of the window: `OH · OW`.
    pub fn positions(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Elements that one window sees: `C · FH · FW`, the length of a row of `col`.
    pub fn patch_len(&self) -> usize {
        self.channels * self.window.kernel[0] * self.window.kernel[1]
    }

    /// Refuses padding that is as large as the window: max-pooling would have windows without any input.
    ///
    /// # Errors
    /// [`GeometryError::PaddingCoversWindow`].
    pub fn check_pooling(&self) -> Result<(), GeometryError> {
        for (i, axis) in AXES.into_iter().enumerate() {
            let (pad, kernel) = (self.window.pad[i], self.window.kernel[i]);
            if pad >= kernel {
                return Err(GeometryError::PaddingCoversWindow { axis, pad, kernel });
            }
        }
        Ok(())
    }

    /// The same window over a single channel.
    pub(crate) fn one_channel(&self) -> Self {
        Geometry { channels: 1, ..*self }
    }

    /// The row or column of the input under tap `tap` of the window at `position` along axis `i` (0 vertical,
    /// 1 horizontal); `None` where that lies in the padding.
    #[inline]
    pub fn source(&self, i: usize, position: usize, tap: usize) -> Option<usize> {
        let padded = position * self.window.stride[i] + tap;
        padded.checked_sub(self.window.pad[i]).filter(|&at| at < self.input[i])
    }
}
