//! A document as a page of HTML.

use std::fmt::Write;

use super::document::{Document, Figure, Figures, Operand, Part, Table};
use super::html;
use super::numbers::MatrixFormat;
use crate::picture::{Canvas, ColorMap, Paint, Range, Rgb, Scaling, draw_values, escape};

/// Pixels for the longer side of a picture that stands alone, and of one among many.
const ALONE: usize = 280;
const AMONG_MANY: usize = 96;

const STYLE: &str = "\
.equation { display: flex; flex-wrap: wrap; align-items: center; gap: .75rem; margin: .75rem 0; }
.sign { font-size: 1.8rem; font-weight: 700; line-height: 1; }
.equation figcaption { margin-bottom: .25rem; }
.matrix td { padding: .2rem .4rem; border: 1px solid var(--line); text-align: right; font-size: .8rem; min-width: 3.2rem; }
.matrix td:first-child { text-align: right; padding-left: .4rem; }
.matrix td.mark { outline: 3px solid #d55e00; outline-offset: -2px; font-weight: 700; }
.sum td { border: 0; }
.sum td:first-child { white-space: normal; }
.pictures { display: flex; flex-wrap: wrap; gap: .75rem; margin: .5rem 0; }
.bar { width: 8rem; min-width: 8rem; padding-right: 0; }
.bar span { display: block; height: .7rem; background: var(--accent); }
.operand { display: flex; align-items: center; gap: .75rem; }
";

/// The document as one HTML file that needs no other.
pub fn page(document: &Document) -> String {
    let mut body = format!("<h1>{}</h1>\n", escape(&document.title));
    for sentence in &document.lead {
        paragraph(&mut body, sentence);
    }
    for section in &document.sections {
        let (heading, shapes) = (escape(&section.heading), escape(&section.shapes));
        writeln!(body, "<section>\n<h2>{heading} <small>{shapes}</small></h2>").expect("into memory");
        for part in &section.parts {
            match part {
                Part::Text(text) => paragraph(&mut body, text),
                Part::Sum(lines) => sum(&mut body, lines),
                Part::Equation(operands) => equation(&mut body, operands),
                Part::Figures(figures) => drawn(&mut body, figures),
                Part::Table(rows) => table(&mut body, rows),
            }
        }
        body.push_str("</section>\n");
    }
    html::page(&document.title, STYLE, &body)
}

fn paragraph(body: &mut String, text: &str) {
    writeln!(body, "<p>{}</p>", escape(text)).expect("into memory");
}

fn sum(body: &mut String, lines: &[(String, String)]) {
    body.push_str("<div class=\"scroll\"><table class=\"sum\">\n");
    for (what, value) in lines {
        writeln!(body, "<tr><td>{}</td><td>{}</td></tr>", escape(what), escape(value)).expect("into memory");
    }
    body.push_str("</table></div>\n");
}

fn equation(body: &mut String, operands: &[Operand]) {
    body.push_str("<div class=\"equation\">\n");
    for operand in operands {
        let sign = match operand.sign {
            "" => String::new(),
            sign => format!("<span class=\"sign\">{}</span>", escape(sign)),
        };
        writeln!(body, "<div class=\"operand\">{sign}{}</div>", matrix(operand)).expect("into memory");
    }
    body.push_str("</div>\n");
}

/// A table whose cells have the colours of their numbers.
fn matrix(operand: &Operand) -> String {
    let format = MatrixFormat::of(operand.values.view());
    let range = Scaling::Symmetric.ranges(&[operand.values.view()])[0];
    let mut text = format!(
        "<figure><figcaption>{} {}</figcaption><div class=\"scroll\"><table class=\"matrix\">",
        escape(&operand.caption),
        format.factor()
    );
    for (row, values) in operand.values.outer_iter().enumerate() {
        text.push_str("<tr>");
        for (column, &value) in values.iter().enumerate() {
            let class = if operand.mark == Some([row, column]) { " class=\"mark\"" } else { "" };
            let number = escape(&format.write(value));
            write!(text, "<td{class} style=\"{}\">{number}</td>", colors(value, range)).expect("into memory");
        }
        text.push_str("</tr>");
    }
    text.push_str("</table></div></figure>");
    text
}

/// The colour of a number as paper, and an ink that can be read on it.
fn colors(value: f32, range: Range) -> String {
    let paper = match range.position(value) {
        // A range of nothing but zeros is the middle.
        Some(position) => ColorMap::Diverging.color(position),
        None => Rgb::NOT_A_NUMBER,
    };
    format!("background:{};color:{}", hex(paper), hex(Paint::ink_on(paper).on_light()))
}

fn hex(Rgb([r, g, b]): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn drawn(body: &mut String, figures: &Figures) {
    let sentences = [figures.title.as_str(), figures.framed].map(super::walk::capitalised);
    let sentences = sentences.into_iter().filter(|sentence| !sentence.is_empty());
    paragraph(body, &sentences.map(|sentence| sentence + ".").collect::<Vec<_>>().join(" "));
    let views: Vec<_> = figures.figures.iter().map(|figure| figure.values.view()).collect();
    let side = if views.len() == 1 { ALONE } else { AMONG_MANY };
    body.push_str("<div class=\"pictures\">\n");
    for (figure, range) in figures.figures.iter().zip(figures.scaling.ranges(&views)) {
        let image = html::image(&canvas(figure, side, figures.map, range), &figure.alt);
        writeln!(body, "<figure>{image}<figcaption>{}</figcaption></figure>", escape(&figure.caption))
            .expect("into memory");
    }
    body.push_str("</div>\n");
}

/// The picture, its window in a frame.
fn canvas(figure: &Figure, side: usize, map: ColorMap, range: Range) -> Canvas {
    let mut canvas = draw_values(figure.values.view(), side, map, range);
    let zoom = canvas.width() / figure.values.ncols().max(1);
    if let (Some([top, left, height, width]), true) = (figure.frame, zoom > 0) {
        let [x, y, w, h] = [left, top, width, height].map(|pixels| pixels * zoom);
        // Inside the window, so that it is seen at the border as well.
        let frame = Rgb::CURVES[1];
        for inset in 1..=(zoom / 3).clamp(1, 2) {
            canvas.frame(x + inset, y + inset, w.saturating_sub(2 * inset), h.saturating_sub(2 * inset), frame);
        }
    }
    canvas
}

fn table(body: &mut String, table: &Table) {
    body.push_str("<div class=\"scroll\"><table>\n<tr>");
    for cell in &table.head {
        write!(body, "<th scope=\"col\">{}</th>", escape(cell)).expect("into memory");
    }
    if !table.bars.is_empty() {
        body.push_str("<td class=\"bar\"></td>");
    }
    body.push_str("</tr>\n");
    for (i, row) in table.rows.iter().enumerate() {
        body.push_str(if table.mark == Some(i) { "<tr class=\"mark\">" } else { "<tr>" });
        for cell in row {
            write!(body, "<td>{}</td>", escape(cell)).expect("into memory");
        }
        if let Some(share) = table.bars.get(i) {
            let percent = 100.0 * share;
            write!(body, "<td class=\"bar\"><span style=\"width:{percent:.1}%\"></span></td>").expect("into memory");
        }
        body.push_str("</tr>\n");
    }
    body.push_str("</table></div>\n");
}
