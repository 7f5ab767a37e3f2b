//! What network arrays are of, where the file does not say.

use super::array::NamedArray;
use super::error::FormatError;
use super::naming::{Naming, by_name};
use crate::params::printable;
use crate::simple_conv_net::{ConvParam, SimpleConvNet};
use crate::spec::NetworkSpec;

/// The network that has arrays of these shapes.
///
/// Recognised is [`SimpleConvNet`], for square images, with the book's stride of 1 and no padding: those are not in the
/// arrays.
///
/// # Errors
/// Where they are those of no network that is known here.
pub fn recognise(arrays: &[NamedArray]) -> Result<NetworkSpec, FormatError> {
    let spec = simple_conv_net(arrays).map(|network| network.spec());
    spec.ok_or_else(|| FormatError::WhatNetwork { known: "SimpleConvNet".to_string(), found: found(arrays) })
}

fn simple_conv_net(arrays: &[NamedArray]) -> Option<SimpleConvNet> {
    if arrays.len() != 6 {
        return None;
    }
    let by_name = by_name(arrays);
    let shape = |name: &str| Some(&by_name.get(name)?.shape[..]);
    let (filters, [first, second]) = match Naming::of(arrays) {
        Naming::Book => (shape("W1")?, [shape("W2")?.to_vec(), shape("W3")?.to_vec()]),
        // (outputs, inputs), turned around.
        Naming::PyTorch => {
            let turned = |name| Some(shape(name)?.iter().rev().copied().collect());
            (shape("conv1.weight")?, [turned("fc1.weight")?, turned("fc2.weight")?])
        }
    };
    let (&[filter_num, channels, filter_size, width], &[pixels, hidden_size], &[_, output_size]) =
        (filters, &first[..], &second[..])
    else {
        return None;
    };
    // What comes out of the pooling is a square for every filter; what goes in is twice as high and wide.
    let side = pixels.checked_div(filter_num)?.isqrt();
    let image = side.checked_mul(2)?.checked_add(filter_size)?.checked_sub(1)?;
    let fits = width == filter_size && side.checked_mul(side)?.checked_mul(filter_num)? == pixels;
    let conv_param = ConvParam { filter_num, filter_size, pad: 0, stride: 1 };
    let input_dim = [channels, image, image];
    fits.then(|| SimpleConvNet { input_dim, conv_param, hidden_size, output_size, ..SimpleConvNet::default() })
}

/// The arrays with their shapes, but not a page of them.
fn found(arrays: &[NamedArray]) -> String {
    const MOST: usize = 8;
    let shown = arrays.iter().take(MOST).map(|array| format!("{} {:?}", printable(&array.name), array.shape));
    let mut shown: Vec<_> = shown.collect();
    match arrays.len() {
        0 => shown.push("no arrays".to_string()),
        len if len > MOST => shown.push(format!("{} more", len - MOST)),
        _ => {}
    }
    shown.join(", ")
}
