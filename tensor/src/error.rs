//! What can be wrong with a geometry.

/// A window (of a convolution or a pooling) that does not fit its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GeometryError {
    /// A size that must be at least one is zero.
    #[error("{what} is 0, and must be at least 1")]
    Zero {
        /// Which size: "input height", "kernel width", "stride", …
        what: &'static str,
    },
    /// The window is larger than the padded input.
    #[error(
        "the {axis} does not fit: the window of {kernel} is larger than the input of {input} with padding {pad} on both \
         sides ({input} + 2·{pad} = {})", input + 2 * pad
    )]
    TooLarge {
        /// "height" or "width".
        axis: &'static str,
        /// Size of the input along the axis.
        input: usize,
        /// Size of the window along the axis.
        kernel: usize,
        /// Padding on either side.
        pad: usize,
    },
    /// The stride does not divide the way that the window travels.
    #[error(
        "the {axis} does not come out even: ({input} + 2·{pad} − {kernel}) / {stride} + 1 is not a whole number; choose \
         other sizes, or round down, which leaves out the last {}",
        last((input + 2 * pad - kernel) % stride, axis)
    )]
    NotWhole {
        /// "height" or "width".
        axis: &'static str,
        /// Size of the input along the axis.
        input: usize,
        /// Size of the window along the axis.
        kernel: usize,
        /// Padding on either side.
        pad: usize,
        /// Stride along the axis.
        stride: usize,
    },
    /// A step leads out of the padded input at once.
    #[error(
        "the {axis} does not fit: a stride of {stride} is larger than the input of {input} with padding {pad} on both \
         sides ({input} + 2·{pad} = {}); with a single window any stride up to that does the same", input + 2 * pad
    )]
    StrideTooLarge {
        /// "height" or "width".
        axis: &'static str,
        /// Size of the input along the axis.
        input: usize,
        /// Padding on either side.
        pad: usize,
        /// Stride along the axis.
        stride: usize,
    },
    /// Max-pooling would have windows that lie in the padding alone.
    #[error(
        "the {axis} has too much padding: {pad} on either side is not smaller than the pooling window of {kernel}, so some \
         windows would see no input at all"
    )]
    PaddingCoversWindow {
        /// "height" or "width".
        axis: &'static str,
        /// Padding on either side.
        pad: usize,
        /// Size of the window along the axis.
        kernel: usize,
    },
    /// The number of elements does not fit into the address space.
    #[error("the sizes are too large: {what} has more elements than this machine can address")]
    Overflow {
        /// Which array.
        what: &'static str,
    },
}

/// "row", "2 rows", "column", "2 columns": what the last windows do not reach.
fn last(count: usize, axis: &str) -> String {
    let line = if axis == "height" { "row" } else { "column" };
    if count == 1 { line.to_owned() } else { format!("{count} {line}s") }
}
