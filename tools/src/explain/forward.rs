//! The way forward: from the image to the loss.

use std::any::Any;

use layers::ndarray::{Array2, Array3, ArrayD};
use layers::{Affine, AveragePooling, Convolution, Dropout, Pooling, Window};

use super::document::{Figure, Figures, Operand, Part, Section, Table};
use super::kind::Kind;
use super::maps::maps;
use super::numbers::number;
use super::softmax::softmax;
use super::thread::{Taps, products, value};
use super::walk::{Sample, Walk, figure, matrix, place};
use super::worked::Worked;
use crate::picture::{ColorMap, Range, Scaling, short};
use crate::text::{grouped, shape};

/// Terms of a sum that are shown one by one.
const TERMS: usize = 6;
/// Channels whose sums are told one by one.
const MOST_CHANNELS: usize = 12;

pub(super) fn sections(walk: &Walk<'_>) -> Vec<Section> {
    let mut sections = vec![image(walk)];
    for (i, layer) in walk.network.layers().layers().iter().enumerate() {
        let mut section = head(walk, i);
        match Kind::of(&**layer) {
            Kind::Convolution(layer) => convolution(walk, i, layer, &mut section),
            Kind::Pooling(layer) => pooling(walk, i, layer, &mut section),
            Kind::AveragePooling(layer) => average_pooling(walk, i, layer, &mut section),
            Kind::Affine(layer) => affine(walk, i, layer, &mut section),
            Kind::OneByOne => one_by_one(walk, i, &mut section),
        }
        sections.push(section);
    }
    sections.push(softmax(walk));
    sections
}

/// The heading of a layer.
fn head(walk: &Walk<'_>, i: usize) -> Section {
    let (input, output) = (&walk.input(i).shape()[1..], &walk.forward[i].output.shape()[1..]);
    Section::new(walk.forward[i].layer.clone(), format!("{} → {}", shape(input), shape(output)))
}

/// The image, with a frame around the window that is worked out.
fn image(walk: &Walk<'_>) -> Section {
    let mut section = image_section(walk.sample);
    let frame = first_window(walk);
    for part in &mut section.parts {
        if let (Part::Figures(figures), Some(_)) = (part, frame) {
            figures.framed = "framed: the window that is worked out below";
            figures.figures.iter_mut().for_each(|figure| figure.frame = frame);
        }
    }
    section
}

/// An image as the network takes it.
pub fn image_section(sample: &Sample) -> Section {
    let [channels, height, width] = sample.image_shape;
    let mut section = Section::new("The image", shape(&sample.image_shape));
    let Range { low, high } = Range::of(sample.x.iter().copied());
    section.text(format!(
        "{}: of class {}, with values from {} to {} (a byte divided by 255).",
        super::walk::capitalised(&sample.title),
        sample.label,
        short(low),
        short(high)
    ));
    let x = sample.x.to_shape((channels, height, width)).expect("as many pixels as the image has");
    let name = |channel| if channels == 1 { "the image".to_owned() } else { format!("channel {channel}") };
    let figures = x.outer_iter().enumerate().map(|(channel, plane)| {
        let alt = format!("{}, {}, class {}, {width}×{height} pixels", sample.title, name(channel), sample.label);
        Figure { alt, ..figure(name(channel), plane.to_owned()) }
    });
    section.parts.push(Part::Figures(Figures {
        title: String::new(),
        framed: "",
        figures: figures.collect(),
        map: ColorMap::Ink,
        scaling: Scaling::Together,
    }));
    section
}

/// Where the window that is worked out lies on the image, if the network begins with a convolution.
fn first_window(walk: &Walk<'_>) -> Option<[usize; 4]> {
    let Kind::Convolution(convolution) = Kind::of(&**walk.network.layers().layers().first()?) else { return None };
    let worked = Worked::new(convolution, &walk.sample.x, &walk.forward[0].output, walk.thread.output(0));
    let [kernel_h, kernel_w] = convolution.window().kernel;
    let [_, height, width] = walk.sample.image_shape;
    let along = |corner: isize, kernel: usize, size: usize| {
        let (first, end) = (corner.max(0) as usize, (corner + kernel as isize).clamp(0, size as isize) as usize);
        (first, end.saturating_sub(first))
    };
    let (top, rows) = along(worked.corner[0], kernel_h, height);
    let (left, columns) = along(worked.corner[1], kernel_w, width);
    Some([top, left, rows, columns])
}

fn convolution(walk: &Walk<'_>, i: usize, layer: &Convolution, section: &mut Section) {
    let (x, y) = (walk.input(i), &walk.forward[i].output);
    let [filters, channels, ..] = *layer.w().value().shape() else { return };
    let of = if channels == 1 { String::new() } else { format!(" over {channels} channels") };
    section.text(format!(
        "{filters} filters of {}{of}; {}. Every number is the sum of the products of a filter with the window under it, \
         plus the filter's bias: y\u{a0}=\u{a0}Σ\u{a0}x·W\u{a0}+\u{a0}b.",
        shape(&layer.window().kernel),
        steps(layer.window(), &x.shape()[2..], &y.shape()[2..])
    ));
    let worked = Worked::new(layer, x, y, walk.thread.output(i));
    let [row, column] = worked.at;
    section.text(format!("Worked out: filter {} at row {row}, column {column}.", worked.filter));
    let channel = worked.main_channel();
    let input = if i == 0 { "image" } else { "input" };
    section.parts.push(Part::Equation(equation(&worked, channel, input)));
    if channels > 1 {
        section.parts.push(Part::Table(channel_sums(&worked, channel)));
    }
    section.sum(sum_lines(&worked));
    section.parts.push(Part::Figures(maps("what each filter answers", y, walk.thread.output(i), Scaling::Symmetric)));
}

/// "stride 1, no padding: (28 + 2·0 − 5) / 1 + 1 = 24 rows and columns".
fn steps(window: &Window, input: &[usize], output: &[usize]) -> String {
    let [along, across] = [0, 1].map(|axis| {
        let [size, pad, kernel, stride] = [input[axis], window.pad[axis], window.kernel[axis], window.stride[axis]];
        // The formula stays in one line.
        format!("({size} + 2·{pad} − {kernel}) / {stride} + 1 = {}", output[axis]).replace(' ', "\u{a0}")
    });
    if along == across {
        format!("{along} places down and across")
    } else {
        format!("{along} places down, {across} across")
    }
}

fn equation(worked: &Worked, channel: usize, input: &str) -> Vec<Operand> {
    let of = if worked.patch.shape()[0] == 1 { String::new() } else { format!(", channel {channel}") };
    let part = |values: &Array3<f32>| matrix(values.view(), &[channel]);
    let [top, left] = worked.corner;
    let from = format!("{input} from row {top}, column {left}{of}").replace('-', "−");
    vec![
        Operand::new("", from, part(&worked.patch)),
        Operand::new("·", format!("filter {}{of}", worked.filter), part(&worked.w)),
        Operand::new("=", "products", part(&worked.products())),
    ]
}

/// What each channel adds, the most first; the channel `shown` is marked.
fn channel_sums(worked: &Worked, shown: usize) -> Table {
    let mut channels: Vec<_> = (0..worked.patch.shape()[0]).map(|i| (i, worked.channel_sum(i))).collect();
    channels.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    let (first, others) = channels.split_at(channels.len().min(MOST_CHANNELS));
    let mut rows: Vec<_> = first.iter().map(|&(i, sum)| vec![format!("channel {i}"), number(sum)]).collect();
    if !others.is_empty() {
        let sum = others.iter().map(|&(_, sum)| sum).sum();
        rows.push(vec![format!("the other {}", others.len()), number(sum)]);
    }
    let mark = first.iter().position(|&(i, _)| i == shown);
    Table { head: vec![String::new(), "sum of products".into()], rows, mark, bars: Vec::new() }
}

/// The last lines of the sum: products, bias, and what the network has.
fn sum_lines(worked: &Worked) -> [(String, f64); 4] {
    let (sum, b) = (worked.sum(), f64::from(worked.b));
    let [row, column] = worked.at;
    let place = format!("y[{}, {row}, {column}]", worked.filter);
    [
        (format!("sum of the {} products", grouped(worked.patch.len())), sum),
        (format!("+ bias b[{}]", worked.filter), b),
        (format!("= {place}"), sum + b),
        ("the network's own, in single precision".to_owned(), f64::from(worked.y)),
    ]
}

fn pooling(walk: &Walk<'_>, i: usize, layer: &Pooling, section: &mut Section) {
    let (x, y) = (walk.input(i), &walk.forward[i].output);
    section.text(format!(
        "The largest number under each window of {}, in every map by itself; {}.",
        shape(&layer.window().kernel),
        steps(layer.window(), &x.shape()[2..], &y.shape()[2..])
    ));
    let (at, winner) = (walk.thread.output(i), walk.thread.input(i));
    let (operand, text) = winner_of(layer.window(), x, y, [winner, at], (x, f32::NEG_INFINITY));
    section.parts.push(Part::Equation(vec![operand]));
    section.text(format!("{text} It is {}.", number(f64::from(value(y, at)))));
    section.parts.push(Part::Figures(maps("what is left of each map", y, at, Scaling::Together)));
}

/// The window that made the number `at` from the number `winner`, with the numbers of `shown` (and `padding` around them)
/// under it; and a sentence on where the largest was.
pub(super) fn winner_of(
    window: &Window,
    x: &ArrayD<f32>,
    y: &ArrayD<f32>,
    [winner, at]: [usize; 2],
    (shown, padding): (&ArrayD<f32>, f32),
) -> (Operand, String) {
    let (plane, out_plane) = (x.shape()[2] * x.shape()[3], y.shape()[2] * y.shape()[3]);
    let (channel, width) = (at / out_plane, x.shape()[3]);
    let taps = Taps::new(window, x, y, at);
    let ([row, column], [top, left]) = (taps.at, taps.corner());
    let mut values = Array2::from_elem(window.kernel, padding);
    let mut mark = [0, 0];
    for (tap, place) in taps.with_taps() {
        values[tap] = value(shown, channel * plane + place);
        if channel * plane + place == winner {
            mark = tap;
        }
    }
    let caption = format!("map {channel} from row {top}, column {left}").replace('-', "−");
    let [won_row, won_column] = [winner % plane / width, winner % width];
    let text = format!(
        "For row {row}, column {column} of map {channel} the largest number stands at row {won_row}, column {won_column}."
    );
    (Operand::new("", caption, values).mark(mark[0], mark[1]), text)
}

fn average_pooling(walk: &Walk<'_>, i: usize, layer: &AveragePooling, section: &mut Section) {
    let (x, y, window) = (walk.input(i), &walk.forward[i].output, layer.window());
    let count = window.kernel[0] * window.kernel[1];
    section.text(format!(
        "The mean of the {count} numbers under each window of {}, in every map by itself (padding counts as 0); {}.",
        shape(&window.kernel),
        steps(window, &x.shape()[2..], &y.shape()[2..])
    ));
    let at = walk.thread.output(i);
    let (operand, _) = winner_of(window, x, y, [walk.thread.input(i), at], (x, 0.0));
    let sum: f64 = operand.values.iter().map(|&x| f64::from(x)).sum();
    section.parts.push(Part::Equation(vec![Operand { mark: None, ..operand }]));
    section.sum([
        ("their sum".to_owned(), sum),
        (format!("/ {count} = y at {}", place(&y.shape()[1..], at)), sum / count as f64),
        ("the network's own, in single precision".to_owned(), f64::from(value(y, at))),
    ]);
    let scaling = if y.iter().any(|&y| y < 0.0) { Scaling::Symmetric } else { Scaling::Together };
    section.parts.push(Part::Figures(maps("what is left of each map", y, at, scaling)));
}

fn affine(walk: &Walk<'_>, i: usize, layer: &Affine, section: &mut Section) {
    let (x, y) = (walk.input(i), &walk.forward[i].output);
    let at = walk.thread.output(i);
    section.text(format!(
        "Every output sees all {} inputs: y\u{a0}=\u{a0}Σ\u{a0}x·W\u{a0}+\u{a0}b. Worked out: output {at}, its largest terms first.",
        grouped(x.len())
    ));
    let all: Vec<f32> = products(layer, x, at).collect();
    let input = x.shape()[1..].to_vec();
    let w = layer.w().value();
    let term = |index: usize| {
        let numbers = [value(x, index), w[[index, at]], all[index]].map(|v| number(f64::from(v)));
        [vec![place(&input, index)], numbers.to_vec()].concat()
    };
    let mut table = terms(&all, term, ["input", "x", "W", "x·W"]);
    let (sum, b) = (sum(&all), f64::from(layer.b().value()[[at]]));
    let wide = |name: &str, v: f64| vec![name.to_owned(), String::new(), String::new(), number(v)];
    table.rows.push(wide("sum", sum));
    table.rows.push(wide(&format!("+ bias b[{at}]"), b));
    table.rows.push(wide(&format!("= y[{at}]"), sum + b));
    section.parts.push(Part::Table(table));
    section.text(format!("The network's own, in single precision: {}.", number(f64::from(value(y, at)))));
    if i + 1 < walk.forward.len() {
        section.parts.push(Part::Figures(maps("all outputs", y, at, Scaling::Symmetric)));
    }
}

/// The largest terms of a sum, and what the others are together.
pub(super) fn terms(all: &[f32], row: impl Fn(usize) -> Vec<String>, head: [&str; 4]) -> Table {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|&a, &b| all[b].abs().total_cmp(&all[a].abs()));
    let shown = if order.len() <= TERMS + 4 { order.len() } else { TERMS };
    let mut rows: Vec<_> = order[..shown].iter().map(|&index| row(index)).collect();
    let others: Vec<f32> = order[shown..].iter().map(|&index| all[index]).collect();
    if !others.is_empty() {
        let none = others.iter().filter(|&&term| term == 0.0).count();
        let zeros = if none == 0 { String::new() } else { format!(" ({} of them 0)", grouped(none)) };
        let name = format!("the other {}{zeros}", grouped(others.len()));
        rows.push(vec![name, String::new(), String::new(), number(sum(&others))]);
    }
    Table { head: head.map(str::to_owned).to_vec(), rows, mark: None, bars: Vec::new() }
}

pub(super) fn sum(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value)).sum()
}

/// A layer that takes number after number.
fn one_by_one(walk: &Walk<'_>, i: usize, section: &mut Section) {
    let (x, y, kind) = (walk.input(i), &walk.forward[i].output, walk.forward[i].kind);
    section.text(match kind {
        "Relu" => {
            let stay = x.iter().filter(|&&x| x > 0.0).count();
            let (stay, all) = (grouped(stay), grouped(x.len()));
            format!("What is positive stays, all else becomes 0: {stay} of {all} numbers stay.")
        }
        "Sigmoid" => "y = 1 / (1 + exp(−x)), number by number.".to_owned(),
        "Tanh" => "y = tanh(x), number by number.".to_owned(),
        "Dropout" => dropout(walk, i),
        "BatchNormalization" => {
            "In every channel: y = gamma · (x − mean) / deviation + beta; outside of training with the running mean and \
             variance."
                .to_owned()
        }
        kind => format!("What {kind} makes of its input."),
    });
    let (from, to) = (walk.thread.input(i), walk.thread.output(i));
    let mut lines = vec![
        (format!("x at {}", place(&x.shape()[1..], from)), f64::from(value(x, from))),
        ("y there".to_owned(), f64::from(value(y, to))),
    ];
    if kind == "BatchNormalization" {
        let channel = to / (y.len() / y.shape()[1]);
        walk.network.layers().layers()[i].visit_params(&mut |param| {
            lines.push((format!("{} of channel {channel}", param.name), f64::from(param.value()[[channel]])));
        });
    }
    section.sum(lines);
    if matches!(kind, "Relu" | "BatchNormalization") || y.ndim() == 2 {
        let scaling = if y.iter().any(|&y| y < 0.0) { Scaling::Symmetric } else { Scaling::Together };
        section.parts.push(Part::Figures(maps("what comes out", y, to, scaling)));
    }
}

/// What dropout does outside of training: it keeps all, and makes each number as small as it is on average in training.
fn dropout(walk: &Walk<'_>, i: usize) -> String {
    let any: &dyn Any = &*walk.network.layers().layers()[i];
    let ratio = any.downcast_ref::<Dropout>().map_or(0.0, Dropout::ratio);
    // Rounded, lest 1 − 0.3 is told with 16 digits.
    let kept = ((1.0 - ratio) * 1e6).round() / 1e6;
    format!(
        "Training leaves a number out with probability {ratio}. Here all of them pass, times what is left of them on average: \
         y\u{a0}=\u{a0}{kept}\u{a0}·\u{a0}x."
    )
}
