//! The way back: from the loss to every weight.

use layers::ndarray::ArrayD;
use layers::{Affine, AveragePooling, Convolution, Pooling};

use super::document::{Figures, Operand, Part, Section, Table};
use super::forward::{sum, terms, winner_of};
use super::kind::Kind;
use super::maps::maps;
use super::numbers::number;
use super::softmax::chance;
use super::thread::value;
use super::walk::{Walk, matrix, place};
use super::worked::Worked;
use crate::picture::Scaling;
use crate::text::{grouped, shape};

pub(super) fn sections(walk: &Walk<'_>) -> Vec<Section> {
    let mut sections = vec![loss(walk)];
    for (i, layer) in walk.network.layers().layers().iter().enumerate().rev() {
        let step = &walk.step.layers[i];
        let shapes = format!("{} ← {}", shape(&step.dx.shape()[1..]), shape(&step.dout.shape()[1..]));
        let mut section = Section::new(format!("{}, backward", step.layer), shapes);
        match Kind::of(&**layer) {
            Kind::Convolution(layer) => convolution(walk, i, layer, &mut section),
            Kind::Pooling(layer) => pooling(walk, i, layer, &mut section),
            Kind::AveragePooling(layer) => average_pooling(walk, i, layer, &mut section),
            Kind::Affine(layer) => affine(walk, i, layer, &mut section),
            Kind::OneByOne => one_by_one(walk, i, &mut section),
        }
        sections.push(section);
    }
    sections
}

fn loss(walk: &Walk<'_>) -> Section {
    let step = &walk.step;
    let mut section = Section::new("The loss, backward", format!("{} ← 1", step.dscores.len()));
    let different = walk.different_in_training();
    if !different.is_empty() {
        section.text(format!(
            "These layers compute something else in training: {} (dropout leaves out numbers at random, batch normalisation \
             takes mean and variance of the batch). The numbers of the way back are those of a step of training, with this \
             image as the whole batch; its loss is {}.",
            different.join(", "),
            number(f64::from(step.loss))
        ));
    }
    section.text(
        "The gradient of the loss with respect to the scores is y − t: what is likely goes down, the true class goes up."
            .to_owned(),
    );
    let rows = step.dscores.iter().zip(&step.probabilities).enumerate().map(|(class, (&d, &y))| {
        let t = usize::from(class == walk.sample.label);
        vec![class.to_string(), chance(y), t.to_string(), number(f64::from(d))]
    });
    section.parts.push(Part::Table(Table {
        head: ["class", "y", "t", "y − t"].map(str::to_owned).to_vec(),
        rows: rows.collect(),
        mark: Some(walk.sample.label),
        bars: Vec::new(),
    }));
    section
}

fn affine(walk: &Walk<'_>, i: usize, layer: &Affine, section: &mut Section) {
    let (step, x) = (&walk.step.layers[i], walk.step_input(i));
    let (from, to) = (walk.step_thread.input(i), walk.step_thread.output(i));
    let [w, b] = [0, 1].map(|p| &step.gradients[p]);
    section.text(
        "dW = xᵀ · dout: each weight's gradient is its input times the gradient of its output; db = dout.".to_owned(),
    );
    section.sum([
        (format!("x[{from}]"), f64::from(value(x, from))),
        (format!("dout[{to}]"), f64::from(value(&step.dout, to))),
        (format!("d{}[{from}, {to}] = x[{from}] · dout[{to}]", w.0), f64::from(w.1[[from, to]])),
        (format!("d{}[{to}] = dout[{to}]", b.0), f64::from(b.1[[to]])),
    ]);
    section.text(format!(
        "dx = dout · Wᵀ: what comes back to an input is the sum over all outputs. Worked out for input {from} ({}), its \
         largest terms first.",
        place(&x.shape()[1..], from)
    ));
    let weights = layer.w().value();
    let all: Vec<f32> = step.dout.iter().enumerate().map(|(o, &d)| d * weights[[from, o]]).collect();
    let row = |o: usize| {
        let numbers = [value(&step.dout, o), weights[[from, o]], all[o]].map(|v| number(f64::from(v)));
        [vec![format!("output {o}")], numbers.to_vec()].concat()
    };
    let mut table = terms(&all, row, ["output", "dout", "W", "dout·W"]);
    table.rows.push(vec![format!("= dx[{from}]"), String::new(), String::new(), number(sum(&all))]);
    section.parts.push(Part::Table(table));
    let own = number(f64::from(value(&step.dx, from)));
    section.text(format!("The network's own, in single precision: {own}."));
    section.parts.push(Part::Figures(maps("what goes on to the layer before, dx", &step.dx, from, Scaling::Symmetric)));
}

fn pooling(walk: &Walk<'_>, i: usize, layer: &Pooling, section: &mut Section) {
    let (step, x) = (&walk.step.layers[i], walk.step_input(i));
    let (winner, at) = (walk.step_thread.input(i), walk.step_thread.output(i));
    section.text(
        "A gradient goes to the number that was the largest, for the others had no part in the output.".to_owned(),
    );
    let (mut operand, _) = winner_of(layer.window(), x, &step.output, [winner, at], (&step.dx, 0.0));
    operand.caption = format!("dx, {}", operand.caption);
    section.parts.push(Part::Equation(vec![operand]));
    let through = step.dx.iter().filter(|&&d| d != 0.0).count();
    section.text(format!(
        "{} came to {}; {} of {} numbers of dx are not 0.",
        number(f64::from(value(&step.dout, at))),
        place(&step.output.shape()[1..], at),
        grouped(through),
        grouped(step.dx.len())
    ));
}

fn average_pooling(walk: &Walk<'_>, i: usize, layer: &AveragePooling, section: &mut Section) {
    let (step, x) = (&walk.step.layers[i], walk.step_input(i));
    let at = walk.step_thread.output(i);
    let count = layer.window().kernel[0] * layer.window().kernel[1];
    section.text(format!(
        "Each of the {count} numbers under a window had the same part in its mean, and gets dout / {count}."
    ));
    let (operand, _) = winner_of(layer.window(), x, &step.output, [walk.step_thread.input(i), at], (&step.dx, 0.0));
    let caption = format!("dx, {}", operand.caption);
    section.parts.push(Part::Equation(vec![Operand { mark: None, caption, ..operand }]));
    section.sum([(format!("dout at {}", place(&step.output.shape()[1..], at)), f64::from(value(&step.dout, at)))]);
}

fn one_by_one(walk: &Walk<'_>, i: usize, section: &mut Section) {
    let step = &walk.step.layers[i];
    section.text(match step.kind {
        "Relu" => "A gradient passes where the number was positive; where it became 0, nothing comes back.",
        "Sigmoid" => "dx = dout · y · (1 − y), number by number.",
        "Tanh" => "dx = dout · (1 − y²), number by number.",
        "Dropout" => "A gradient passes where the number passed; where it was left out, nothing comes back.",
        "BatchNormalization" => {
            "The mean and the variance changed with every number of the batch: what all of them would do together is taken \
             out of the gradient. An image that is the whole batch is its own mean, so that nothing comes back where a \
             channel has one number."
        }
        _ => "What comes back.",
    });
    let (from, to) = (walk.step_thread.input(i), walk.step_thread.output(i));
    section.sum([
        (format!("dout at {}", place(&step.output.shape()[1..], to)), f64::from(value(&step.dout, to))),
        ("dx there".to_owned(), f64::from(value(&step.dx, from))),
    ]);
    let alive = |gradient: &ArrayD<f32>| grouped(gradient.iter().filter(|&&d| d != 0.0).count());
    section.text(format!(
        "Of {} gradients, {} were not 0 when they came, and {} are not 0 when they leave.",
        grouped(step.dout.len()),
        alive(&step.dout),
        alive(&step.dx)
    ));
    if !step.gradients.is_empty() {
        section.sum(step.gradients.iter().map(|(name, gradient)| {
            let largest = largest_magnitude(gradient.iter().copied());
            (format!("the largest of the {} numbers of d{name}", gradient.len()), f64::from(largest))
        }));
    }
}

fn convolution(walk: &Walk<'_>, i: usize, layer: &Convolution, section: &mut Section) {
    let (step, x) = (&walk.step.layers[i], walk.step_input(i));
    let at = walk.step_thread.output(i);
    let worked = Worked::new(layer, x, &step.output, at);
    let (filter, [row, column]) = (worked.filter, worked.at);
    let dout = matrix(step.dout.view(), &[0, filter]);
    let here = value(&step.dout, at);
    let active = dout.iter().filter(|&&d| d != 0.0).count();
    let [w, b] = [0, 1].map(|p| &step.gradients[p]);
    section.text(format!(
        "dW is the sum over all windows of dout times what the window saw. To the window that was worked out (row {row}, \
         column {column}) came {}:",
        number(f64::from(here))
    ));
    let channel = worked.main_channel();
    let input = if i == 0 { "image" } else { "input" };
    let patch = matrix(worked.patch.view(), &[channel]);
    let of = if worked.patch.shape()[0] == 1 { String::new() } else { format!(", channel {channel}") };
    section.parts.push(Part::Equation(vec![
        Operand::new("", format!("{} · {input}{of}", number(f64::from(here))), patch.clone()),
        Operand::new("=", "its part of dW", patch.mapv(|x| x * here)),
    ]));
    section.text(format!(
        "All {} windows of filter {filter} together ({} with a gradient that is not 0):",
        grouped(dout.len()),
        grouped(active)
    ));
    let dw = matrix(w.1.view(), &[filter, channel]);
    section.parts.push(Part::Equation(vec![Operand::new(
        "",
        format!("d{}[{filter}{}]", w.0, of.replace("channel ", "")),
        dw,
    )]));
    section.sum([(format!("d{}[{filter}] = Σ dout", b.0), f64::from(b.1[[filter]]))]);
    section.parts.push(Part::Figures(maps("what came back to each filter, dout", &step.dout, at, Scaling::Symmetric)));
    section.parts.push(Part::Figures(dx_of_convolution(walk, i)));
}

fn dx_of_convolution(walk: &Walk<'_>, i: usize) -> Figures {
    let (dx, from) = (&walk.step.layers[i].dx, walk.step_thread.input(i));
    if i > 0 {
        return maps("what goes on to the layer before, dx", dx, from, Scaling::Symmetric);
    }
    let title = "what a brighter pixel does to the loss, dx (above zero it raises the loss; training leaves dx out)";
    let mut pixels = maps(title, dx, from, Scaling::Symmetric);
    let one = pixels.figures.len() == 1;
    for figure in &mut pixels.figures {
        let name = if one { "the pixels".to_owned() } else { figure.caption.replace("map", "channel") };
        figure.alt = figure.alt.replacen(&figure.caption, &name, 1);
        figure.caption = name;
    }
    pixels
}

fn largest_magnitude(values: impl Iterator<Item = f32>) -> f32 {
    values.fold(0.0, |most, value| if value.abs() > f32::abs(most) { value } else { most })
}
