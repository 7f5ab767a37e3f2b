//! Refusing what would not fit into memory, before the machine is brought to its knees.

use anyhow::ensure;
use layers::Window;
use model::{LayerSpec, Network, SimpleConvNet};

/// What a program may need: 8 GiB.
pub(crate) const MOST_BYTES: f64 = 8.0 * 1024.0 * 1024.0 * 1024.0;
/// Of every parameter there are its value, its gradient and up to two numbers of the optimizer, four bytes each.
const BYTES_PER_PARAMETER: f64 = 16.0;
/// Of every output there are the value and its gradient.
const BYTES_PER_OUTPUT: f64 = 8.0;
/// A float.
const BYTES_PER_NUMBER: f64 = 4.0;

/// Refuses a network whose parameters alone would need more memory than is sensible.
///
/// # Errors
/// Says how much it would be, and which flags make it less.
pub fn check_parameters(net: &SimpleConvNet) -> anyhow::Result<()> {
    let SimpleConvNet { input_dim: [channels, height, width], conv_param: conv, hidden_size, output_size, .. } = *net;
    let [filters, size, pad, stride, hidden] =
        [conv.filter_num, conv.filter_size, conv.pad, conv.stride, hidden_size].map(|number| number as f64);
    // Half of what the convolution gives in each direction is left by the pooling.
    let pooled = |input: usize| ((input as f64 + 2.0 * pad - size) / stride.max(1.0) + 1.0).max(0.0) / 2.0;
    let weights = filters * channels as f64 * size * size
        + filters * pooled(height) * pooled(width) * hidden
        + hidden * output_size as f64;
    let bytes = weights * BYTES_PER_PARAMETER;
    ensure!(
        bytes <= MOST_BYTES,
        "a network of {weights:.2e} parameters would need about {}; at most {} are used\n  \
         choose smaller --filters, --filter-size, --pad or --hidden",
        gigabytes(bytes),
        gigabytes(MOST_BYTES)
    );
    Ok(())
}

/// Refuses a batch that would need more memory than is sensible, or a network that would need it for an image.
///
/// # Errors
/// Says how much it would be, and which flag makes it less.
pub fn check_batch(network: &Network, batch_size: usize, threads: usize) -> anyhow::Result<()> {
    let bytes = image_numbers(network) * threads as f64 * BYTES_PER_NUMBER;
    ensure!(
        bytes <= MOST_BYTES,
        "the windows of this network would need about {} in {threads} threads; at most {} are used\n  \
         choose a smaller --pad or --filter-size, fewer --threads, or another file with --params",
        gigabytes(bytes),
        gigabytes(MOST_BYTES)
    );
    let outputs: f64 = network.layers().shapes().iter().map(|shape| shape.iter().product::<usize>() as f64).sum();
    let bytes = outputs * batch_size as f64 * BYTES_PER_OUTPUT;
    ensure!(
        bytes <= MOST_BYTES,
        "a batch of {batch_size} images would need about {}; at most {} are used\n  choose a smaller --batch-size",
        gigabytes(bytes),
        gigabytes(MOST_BYTES)
    );
    Ok(())
}

/// What a thread keeps of one image, in the layer that needs most of it: the image with its padding, and (im2col) what
/// each window sees.
fn image_numbers(network: &Network) -> f64 {
    let outputs = network.layers().shapes();
    let inputs = std::iter::once(network.input_shape()).chain(outputs.iter().map(Vec::as_slice));
    let numbers = network.spec().layers.iter().zip(inputs).zip(outputs).map(|((layer, input), output)| match layer {
        LayerSpec::Convolution { window, .. } | LayerSpec::MaxPool { window } => window_numbers(window, input, output),
        _ => 0.0,
    });
    numbers.fold(0.0, f64::max)
}

fn window_numbers(window: &Window, input: &[usize], output: &[usize]) -> f64 {
    let axes = [0, 1].map(|axis| {
        let [size, pad, kernel, places] =
            [input[axis + 1], window.pad[axis], window.kernel[axis], output[axis + 1]].map(|number| number as f64);
        (size + 2.0 * pad, kernel * places)
    });
    let [(height, patch_rows), (width, patch_columns)] = axes;
    input[0] as f64 * (height * width + patch_rows * patch_columns)
}

/// "1.5 GB", for a message.
pub(crate) fn gigabytes(bytes: f64) -> String {
    let size = bytes / 1e9;
    if size < 1e4 { format!("{size:.1} GB") } else { format!("{size:.1e} GB") }
}

#[cfg(test)]
mod tests {
    use layers::Init;
    use model::NetworkSpec;

    use super::*;

    #[test]
    fn the_books_network_fits_and_nonsense_does_not() {
        let book = SimpleConvNet::default();
        check_parameters(&book).unwrap();
        let conv = book.conv_param;
        for nonsense in [
            SimpleConvNet { hidden_size: usize::MAX, ..book },
            SimpleConvNet { hidden_size: 1_000_000, ..book },
            SimpleConvNet { conv_param: model::ConvParam { filter_num: usize::MAX, ..conv }, ..book },
            SimpleConvNet { conv_param: model::ConvParam { pad: 1_000_000, ..conv }, ..book },
            SimpleConvNet { conv_param: model::ConvParam { filter_size: usize::MAX, pad: usize::MAX, ..conv }, ..book },
        ] {
            let error = check_parameters(&nonsense).unwrap_err().to_string();
            assert!(error.contains("GB") && error.contains("--filters"), "{error}");
        }
        // Refused by the network itself, with the arithmetic.
        let none = SimpleConvNet { conv_param: model::ConvParam { stride: 0, filter_size: 100, ..conv }, ..book };
        check_parameters(&none).unwrap();
        let network = book.build(0).unwrap();
        check_batch(&network, 100, 64).unwrap();
        check_batch(&network, usize::MAX, 1).unwrap_err();
    }

    #[test]
    fn padding_and_windows_take_memory() {
        let network = |window| {
            let layers = vec![
                LayerSpec::Convolution { filters: 1, window, init: Init::default() },
                LayerSpec::Affine { outputs: 10, init: Init::default() },
            ];
            Network::build(NetworkSpec { input: vec![2, 28, 28], layers }, 0).unwrap()
        };
        // 2 · (28·28 + 5·24·5·24) numbers, as counted by hand.
        assert_eq!(image_numbers(&network(Window::square(5))), 30_368.0);
        // Two places of the window, with much between them.
        let far = Window { pad: [1 << 30, 0], stride: [1 << 31, 1], ..Window::square(28) };
        let error = check_batch(&network(far), 1, 1).unwrap_err().to_string();
        assert!(error.contains("481.0 GB") && error.contains("--params"), "{error}");
        let wide = Window { pad: [0, 15_000], ..Window::square(28) };
        check_batch(&network(wide), 1, 1).unwrap();
        check_batch(&network(wide), 1, 64).unwrap_err();
    }
}
