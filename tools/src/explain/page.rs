//! A document as a page of HTML.

use super::document::{Document, Figure, Figures, Operand, Part, Table};
use super::numbers::MatrixFormat;
use crate::html::{HtmlPage, image, paragraph, scrolling_table};
use crate::picture::{Canvas, ColorMap, Paint, Range, Rgb, Scaling, draw_values, escape};

/// Pixels for the longer side of a picture that stands alone, and of one among many.
const ALONE: usize = 280;
const AMONG_MANY: usize = 96;

const COLORS: &str = "Pictures are dark for much where no number is negative, else orange above zero and blue below.";

/// The document as one HTML file that needs no other.
pub fn page(document: &Document) -> String {
    let mut page = HtmlPage::new(&document.title, &format!("{} {COLORS}", document.lead.join(" ")));
    for section in &document.sections {
        let parts: Vec<_> = section.parts.iter().map(|part| html(part, &section.heading)).collect();
        page.section_with_note(&section.heading, &section.shapes, &parts);
    }
    page.finish()
}

/// A part of a section under this heading.
fn html(part: &Part, heading: &str) -> String {
    match part {
        Part::Text(text) => paragraph(text),
        Part::Sum(lines) => sum(lines, heading),
        Part::Equation(operands) => equation(operands),
        Part::Figures(figures) => drawn(figures),
        Part::Table(rows) => table(rows, heading),
    }
}

fn sum(lines: &[(String, String)], heading: &str) -> String {
    let row =
        |(what, value): &(String, String)| format!("<tr><td>{}</td><td>{}</td></tr>\n", escape(what), escape(value));
    scrolling_table("table numbers sum", &format!("{heading}: a sum"), &lines.iter().map(row).collect::<String>())
}

fn equation(operands: &[Operand]) -> String {
    let operand = |operand: &Operand| {
        let sign = match operand.sign {
            "" => String::new(),
            sign => format!("<span class=\"sign\">{}</span>", escape(sign)),
        };
        format!("<div class=\"operand\">{sign}{}</div>\n", matrix(operand))
    };
    format!("<div class=\"equation\">\n{}</div>", operands.iter().map(operand).collect::<String>())
}

/// A table whose cells have the colours of their numbers.
fn matrix(operand: &Operand) -> String {
    let format = MatrixFormat::of(operand.values.view());
    let range = Scaling::Symmetric.ranges(&[operand.values.view()])[0];
    let cell = |row, column, value| {
        let class = if operand.mark == Some([row, column]) { " class=\"marked\"" } else { "" };
        format!("<td{class} style=\"{}\">{}</td>", colors(value, range), escape(&format.write(value)))
    };
    let rows = operand.values.outer_iter().enumerate().map(|(row, values)| {
        let cells: String = values.iter().enumerate().map(|(column, &value)| cell(row, column, value)).collect();
        format!("<tr>{cells}</tr>\n")
    });
    let caption = format!("{} {}", operand.caption, format.factor());
    let table = scrolling_table("table matrix", &operand.caption, &rows.collect::<String>());
    format!("<figure><figcaption>{}</figcaption>{table}</figure>", escape(caption.trim_end()))
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

fn drawn(figures: &Figures) -> String {
    let sentences = [figures.title.as_str(), figures.framed].map(super::walk::capitalised);
    let sentences = sentences.into_iter().filter(|sentence| !sentence.is_empty());
    let words = sentences.map(|sentence| sentence + ".").collect::<Vec<_>>().join(" ");
    let views: Vec<_> = figures.figures.iter().map(|figure| figure.values.view()).collect();
    let side = if views.len() == 1 { ALONE } else { AMONG_MANY };
    let picture = |(figure, range): (&Figure, Range)| {
        let image = image(&canvas(figure, side, figures.map, range), &figure.alt, "drawn");
        format!("<figure>{image}<figcaption>{}</figcaption></figure>\n", escape(&figure.caption))
    };
    let ranges = figures.scaling.ranges(&views);
    let pictures: String = figures.figures.iter().zip(ranges).map(picture).collect();
    let words = if words.is_empty() { words } else { paragraph(&words) };
    format!("{words}<div class=\"pictures\">\n{pictures}</div>")
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

fn table(table: &Table, heading: &str) -> String {
    let cells = |row: &[String]| row.iter().map(|cell| format!("<td>{}</td>", escape(cell))).collect::<String>();
    let row = |(i, row): (usize, &Vec<String>)| {
        let class = if table.mark == Some(i) { " class=\"marked\"" } else { "" };
        let bar = table.bars.get(i).map_or(String::new(), |share| {
            format!("<td class=\"bar\"><span style=\"width:{:.1}%\"></span></td>", 100.0 * share)
        });
        format!("<tr{class}>{}{bar}</tr>\n", cells(row))
    };
    let head: String = table.head.iter().map(|cell| format!("<th scope=\"col\">{}</th>", escape(cell))).collect();
    let over_bars = if table.bars.is_empty() { "" } else { "<td class=\"bar\"></td>" };
    let rows: String = table.rows.iter().enumerate().map(row).collect();
    let content = format!("<thead><tr>{head}{over_bars}</tr></thead>\n<tbody>\n{rows}</tbody>\n");
    scrolling_table("table numbers", &format!("{heading}: {}", table.head.join(", ")), &content)
}
