//! What the gradients are for: the step of training.

use std::any::Any;

use layers::Convolution;
use layers::ndarray::ArrayD;

use super::document::{Operand, Part, Section, Table};
use super::numbers::number;
use super::walk::{Walk, matrix};
use crate::text::shape;

pub(super) fn section(walk: &Walk<'_>) -> Section {
    let mut section = Section::new("A step of SGD", format!("learning rate {}", walk.lr));
    section
        .text(format!("Every parameter goes down its slope: W\u{a0}←\u{a0}W\u{a0}−\u{a0}{}\u{a0}·\u{a0}dW.", walk.lr));
    if let Some(operands) = first_filter(walk) {
        section.parts.push(Part::Equation(operands));
    }
    section.parts.push(Part::Table(changes(walk)));
    if !walk.different_in_training().is_empty() {
        section.text("Both losses are those of training, with the same numbers left out.");
    }
    let [before, after] = walk.losses;
    section.sum([
        ("loss of this image before the step".to_owned(), before),
        ("loss of this image after it".to_owned(), after),
    ]);
    if after > before {
        section.text("The loss rose: the slope holds only for a small step, and this one was too long for it.");
    }
    section
}

/// Old weights, change, new weights of the filter that was worked out in the first convolution.
fn first_filter(walk: &Walk<'_>) -> Option<Vec<Operand>> {
    let layers = walk.network.layers().layers();
    let (i, layer) = layers.iter().enumerate().find_map(|(i, layer)| {
        let any: &dyn Any = &**layer;
        Some((i, any.downcast_ref::<Convolution>()?))
    })?;
    let step = &walk.step.layers[i];
    let filter = walk.step_thread.output(i) / (step.output.shape()[2] * step.output.shape()[3]);
    let (name, gradient) = &step.gradients[0];
    let of = |values: &ArrayD<f32>| matrix(values.view(), &[filter, 0]);
    let (w, dw) = (of(&layer.w().value()), of(gradient));
    let lr = walk.lr as f32;
    let new = &w - &dw.mapv(|d| lr * d);
    Some(vec![
        Operand::new("", format!("{name}[{filter}, 0]"), w),
        Operand::new("−", format!("{} · d{name}[{filter}, 0]", walk.lr), dw.mapv(|d| lr * d)),
        Operand::new("=", "after the step", new),
    ])
}

/// What each parameter is, its largest gradient, and its largest change.
fn changes(walk: &Walk<'_>) -> Table {
    let gradients = walk.step.layers.iter().flat_map(|step| step.gradients.iter().map(move |g| (&step.layer, g)));
    let rows = gradients.map(|(layer, (name, gradient))| {
        let largest = gradient.iter().fold(0.0_f64, |most, &d| most.max(f64::from(d).abs()));
        vec![format!("{name} of {layer}"), shape(gradient.shape()), number(largest), number(largest * walk.lr)]
    });
    Table {
        head: ["parameter", "shape", "largest |gradient|", "largest change"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
        mark: None,
        bars: Vec::new(),
    }
}
