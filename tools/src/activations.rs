//! What every layer of a network makes of an image.

use layers::ndarray::ArrayD;
use model::Network;

use crate::explain::{
    Document, Figures, Part, Sample, Section, Table, image_section, maps_in_order, score_table, verdict,
};
use crate::picture::{Canvas, Cell, ColorMap, Matrix, Page, Picture, Scaling, Stacked, Tile, Tiles, Titled};
use crate::text::shape;

/// The input, what every layer makes of it, and the scores, to be read in the terminal or drawn by [`activations_page`].
pub fn activations(network: &Network, sample: &Sample) -> Document {
    let trace = network.trace(sample.x.view());
    let mut sections = vec![image_section(sample)];
    let last = trace.len() - 1;
    for (i, activation) in trace.iter().enumerate() {
        let mut section = Section::new(activation.layer.clone(), shape(&activation.output.shape()[1..]));
        if i == last {
            section.parts.push(Part::Table(score_table(&activation.output, sample.label)));
        } else {
            section.parts.push(Part::Figures(maps_in_order(&activation.output, scaling(&activation.output))));
        }
        sections.push(section);
    }
    let lead = vec![verdict(&trace[last].output, sample.label)];
    Document { title: format!("What every layer makes of {}", sample.title), lead, sections }
}

/// Where there are negative numbers, zero is in the middle of the colours.
fn scaling(output: &ArrayD<f32>) -> Scaling {
    if output.iter().any(|&y| y < 0.0) { Scaling::Symmetric } else { Scaling::Together }
}

/// Maps in a row, and pixels for a map, for one that stands alone, and for the image.
const COLUMNS: usize = 16;
const MAP_SIDE: usize = 60;
const ALONE_SIDE: usize = 400;
const IMAGE_SIDE: usize = 168;
const GAP: usize = 34;

/// The document as one picture: a row for each layer, under its name, shape and values.
pub fn activations_page(document: &Document) -> Canvas {
    let rows = document.sections.iter().flat_map(|section| {
        section.parts.iter().filter_map(|part| {
            let (what, body): (_, Box<dyn Picture + '_>) = match part {
                Part::Figures(figures) => (figures.title.as_str(), Box::new(tiles(figures))),
                Part::Table(table) => ("", Box::new(scores(table))),
                _ => return None,
            };
            let blank = if what.is_empty() { "" } else { ", values " };
            Some(Titled { title: format!("{}  {}{blank}{what}", section.heading, section.shapes), body })
        })
    });
    let scale =
        "Each layer is on one scale: dark for much where nothing is negative, else orange above zero and blue below.";
    let page = Page {
        title: document.title.clone(),
        notes: document.lead.iter().cloned().chain([scale.to_owned()]).collect(),
        body: Stacked { pictures: rows.collect(), gap: GAP },
        bar: None,
    };
    page.draw()
}

fn tiles(figures: &Figures) -> Tiles<'_> {
    let alone = figures.figures.len() == 1;
    let side = match figures.figures.first() {
        Some(figure) if alone && figure.values.nrows() * 2 > figure.values.ncols() => IMAGE_SIDE,
        _ if alone => ALONE_SIDE,
        _ => MAP_SIDE,
    };
    Tiles {
        tiles: figures.figures.iter().map(|figure| Tile::new(figure.values.view(), figure.caption.as_str())).collect(),
        columns: COLUMNS,
        side,
        map: figures.map,
        scaling: figures.scaling,
    }
}

/// The scores and the probabilities, class by class.
fn scores(table: &Table) -> Matrix {
    let column = |i: usize| table.rows.iter().map(move |row| row[i].clone());
    let colors = table.bars.iter().map(|share| ColorMap::Diverging.color(0.5 + 0.42 * share));
    let plain = column(1).map(|text| Cell { text, color: None });
    let colored = column(3).zip(colors).map(|(text, color)| Cell { text, color: Some(color) });
    let mark = |(i, class): (usize, String)| match (table.rows[i][4] == "1", table.mark == Some(i)) {
        (true, true) => format!("{class} (truth, guess)"),
        (true, false) => format!("{class} (truth)"),
        (false, true) => format!("{class} (guess)"),
        (false, false) => class,
    };
    Matrix {
        row_title: String::new(),
        column_title: "class".into(),
        rows: vec!["score".into(), "probability".into()],
        columns: column(0).enumerate().map(mark).collect(),
        cells: plain.chain(colored).collect(),
        cell: [110, 34],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use layers::Init;
    use layers::ndarray::IxDyn;
    use model::{LayerSpec, NetworkSpec, SimpleConvNet};

    #[test]
    fn every_layer_is_on_the_page() {
        let affine = LayerSpec::Affine { outputs: 10, init: Init::default() };
        let flat = NetworkSpec { input: vec![784], layers: vec![affine, LayerSpec::Tanh, affine] };
        for spec in [SimpleConvNet::default().spec(), flat] {
            let network = Network::build(spec, 0).unwrap();
            let x = ArrayD::from_elem(IxDyn(&[&[1], network.input_shape()].concat()), 0.5);
            let sample = Sample { title: "an image".into(), x, image_shape: [1, 28, 28], label: 3 };
            let document = activations(&network, &sample);
            assert!(document.lead[0].starts_with("The image is of class 3; the network says "), "{:?}", document.lead);
            let Some(Part::Table(table)) = document.sections.last().and_then(|section| section.parts.last()) else {
                panic!("the scores come last")
            };
            let named = scores(&Table { mark: Some(7), ..table.clone() }).columns;
            assert_eq!([&named[2], &named[3], &named[7]], ["2", "3 (truth)", "7 (guess)"]);
            assert_eq!(scores(&Table { mark: Some(3), ..table.clone() }).columns[3], "3 (truth, guess)");
            let headings = document.sections.iter().map(|section| section.heading.as_str());
            assert!(headings.eq(["The image"].into_iter().chain(network.layers().names().iter().map(String::as_str))));
            let page = activations_page(&document);
            assert!(page.width() > 700 && page.height() > 400, "{page:?}");
        }
    }
}
