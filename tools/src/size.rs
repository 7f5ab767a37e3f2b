//! Refusing what would not fit into memory, before the machine is brought to its knees.

use anyhow::ensure;
use layers::Window;
use model::{LayerSpec, Network, NetworkSpec};

/// What a program may need: 8 GiB.
pub(crate) const MOST_BYTES: f64 = 8.0 * 1024.0 * 1024.0 * 1024.0;
/// Of every parameter there are its value, its gradient and up to two numbers of the optimizer, four bytes each.
const BYTES_PER_PARAMETER: f64 = 16.0;
/// Of every output there are the value and its gradient.
const BYTES_PER_OUTPUT: f64 = 8.0;
/// A float.
const BYTES_PER_NUMBER: f64 = 4.0;

/// Refuses a network whose parameters alone would need more memory than is sensible; `smaller` says what to do about it.
///
/// # Errors
/// Says how much it would be.
pub fn check_parameters(spec: &NetworkSpec, smaller: &str) -> anyhow::Result<()> {
    let weights = parameters(spec);
    let bytes = weights * BYTES_PER_PARAMETER;
    ensure!(
        bytes <= MOST_BYTES,
        "a network of {weights:.2e} parameters would need about {}; at most {} are used\n  {smaller}",
        gigabytes(bytes),
        gigabytes(MOST_BYTES)
    );
    Ok(())
}

/// The number of weights, also of layers that do not fit together; in numbers that do not overflow.
fn parameters(spec: &NetworkSpec) -> f64 {
    let mut shape: Vec<f64> = spec.input.iter().map(|&size| size as f64).collect();
    let mut weights = 0.0;
    for layer in &spec.layers {
        let channels = shape.first().copied().unwrap_or(1.0);
        match layer {
            LayerSpec::Convolution { filters, window, .. } => {
                let [height, width] = window.kernel.map(|size| size as f64);
                weights += *filters as f64 * channels * height * width;
                shape = after(window, &shape, *filters as f64);
            }
            LayerSpec::MaxPool { window } | LayerSpec::AveragePool { window } => {
                shape = after(window, &shape, channels);
            }
            LayerSpec::Affine { outputs, .. } => {
                weights += shape.iter().product::<f64>() * *outputs as f64;
                shape = vec![*outputs as f64];
            }
            _ => {}
        }
    }
    weights
}

/// The shape behind a window, about.
fn after(window: &Window, shape: &[f64], channels: f64) -> Vec<f64> {
    let along = |axis: usize| {
        let [pad, kernel, stride] = [window.pad[axis], window.kernel[axis], window.stride[axis]].map(|n| n as f64);
        let input = shape.get(axis + 1).copied().unwrap_or(0.0);
        ((input + 2.0 * pad - kernel) / stride.max(1.0) + 1.0).max(0.0)
    };
    vec![channels, along(0), along(1)]
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

/// Refuses a network that would need more memory for one image than is sensible.
///
/// # Errors
/// Says how much it would be.
pub fn check_image(network: &Network) -> anyhow::Result<()> {
    let outputs: f64 = network.layers().shapes().iter().map(|shape| shape.iter().product::<usize>() as f64).sum();
    let bytes = image_numbers(network) * BYTES_PER_NUMBER + outputs * BYTES_PER_OUTPUT;
    ensure!(
        bytes <= MOST_BYTES,
        "this network would need about {} for one image; at most {} are used\n  choose another file with --params",
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
        LayerSpec::Convolution { window, .. } | LayerSpec::MaxPool { window } | LayerSpec::AveragePool { window } => {
            window_numbers(window, input, output)
        }
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
    use model::SimpleConvNet;

    use super::*;

    #[test]
    fn the_books_network_fits_and_nonsense_does_not() {
        let book = SimpleConvNet::default();
        let check_parameters = |net: &SimpleConvNet| check_parameters(&net.spec(), "be modest");
        check_parameters(&book).unwrap();
        assert_eq!(parameters(&book.spec()), 433_750.0);
        let conv = book.conv_param;
        for nonsense in [
            SimpleConvNet { hidden_size: usize::MAX, ..book },
            SimpleConvNet { hidden_size: 1_000_000, ..book },
            SimpleConvNet { conv_param: model::ConvParam { filter_num: usize::MAX, ..conv }, ..book },
            SimpleConvNet { conv_param: model::ConvParam { pad: 1_000_000, ..conv }, ..book },
            SimpleConvNet { conv_param: model::ConvParam { filter_size: usize::MAX, pad: usize::MAX, ..conv }, ..book },
        ] {
            let error = check_parameters(&nonsense).unwrap_err().to_string();
            assert!(error.contains("GB") && error.contains("be modest"), "{error}");
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
