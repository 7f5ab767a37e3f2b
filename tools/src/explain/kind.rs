//! The kinds of layers that are explained in a way of their own.

use std::any::Any;

use layers::{Affine, AveragePooling, Convolution, Pooling};

/// A layer, as it is explained.
pub(super) enum Kind<'a> {
    /// A window is worked out.
    Convolution(&'a Convolution),
    /// The largest number of a window.
    Pooling(&'a Pooling),
    /// The mean of a window.
    AveragePooling(&'a AveragePooling),
    /// A sum over all inputs.
    Affine(&'a Affine),
    /// Any layer that takes number after number.
    OneByOne,
}

impl Kind<'_> {
    /// The kind of a layer.
    pub(super) fn of(layer: &dyn Any) -> Kind<'_> {
        if let Some(layer) = layer.downcast_ref() {
            Kind::Convolution(layer)
        } else if let Some(layer) = layer.downcast_ref() {
            Kind::Pooling(layer)
        } else if let Some(layer) = layer.downcast_ref() {
            Kind::AveragePooling(layer)
        } else if let Some(layer) = layer.downcast_ref() {
            Kind::Affine(layer)
        } else {
            Kind::OneByOne
        }
    }
}
