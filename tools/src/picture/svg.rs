//! Drawings as SVG.

use std::fmt::Write;

use super::base64::data_uri;
use super::canvas::{Canvas, Polyline};
use super::color::Rgb;
use super::paint::Paint;
use super::surface::{Marker, Picture, Rectangle, Surface};
use super::text::{Anchor, Style};

/// An SVG drawing that grows with what is drawn on it.
///
/// Letters stay text (of whatever plain font the reader has), so they can be selected and searched; pictures are PNG data
/// inside. Colours that mean something are CSS classes: see [`svg_style`].
#[derive(Debug)]
pub(super) struct Svg {
    body: String,
}

/// A picture as an SVG file. `alternative` says in words what is to be seen. The drawing has its own background, light
/// or dark as the reader's system is.
pub fn svg_file(picture: &dyn Picture, alternative: &str) -> String {
    let [width, height] = picture.size();
    let style = svg_style();
    let title = escape(alternative);
    let body = drawn(picture);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>{title}</title>\n<style>\n{style}</style>\n\
         <rect class=\"p-paper\" width=\"100%\" height=\"100%\" fill=\"currentColor\"/>\n{body}</svg>\n"
    )
}

/// A picture as SVG inside an HTML page that has the style of [`svg_style`]; `class` is its CSS class there.
pub fn svg_inline(picture: &dyn Picture, alternative: &str, class: &str) -> String {
    let [width, height] = picture.size();
    let (label, body) = (escape(alternative), drawn(picture));
    format!(
        "<svg class=\"{class}\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-label=\"{label}\">\n{body}</svg>"
    )
}

fn drawn(picture: &dyn Picture) -> String {
    let mut svg = Svg { body: String::new() };
    picture.draw_on(&mut svg);
    svg.body
}

/// The CSS of the colours, on light and on dark backgrounds; on paper always the light ones.
pub fn svg_style() -> String {
    let rules = |on: fn(Paint) -> Rgb| {
        let rule = |paint: Paint| Some(format!(".{}{{color:{}}}", paint.class()?, hex(on(paint))));
        Paint::all().filter_map(rule).collect::<String>()
    };
    let (light, dark) = (rules(Paint::on_light), rules(Paint::on_dark));
    format!("{light}\n@media screen and (prefers-color-scheme:dark){{{dark}}}\n")
}

/// Text as it may stand in HTML, SVG and XML, inside tags and inside quoted attributes. Control characters, which XML
/// does not allow, become U+FFFD.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ if character.is_control() => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// The height of a capital as a part of the size of a font: from 0.70 to 0.73 in Arial, Roboto, Segoe UI, DejaVu Sans.
const CAPITAL: f64 = 0.72;
/// Fonts that every system has. The letters of our own pen are wider than theirs, so what fits there fits here.
const FONTS: &str = "system-ui,sans-serif";

impl Svg {
    fn element(&mut self, name: &str, attributes: std::fmt::Arguments<'_>, paint: Paint) {
        let class = paint.class().map(|class| format!(" class=\"{class}\"")).unwrap_or_default();
        writeln!(self.body, "<{name}{class} {attributes}/>").expect("writing to a String cannot fail");
    }
}

impl Surface for Svg {
    fn rectangle(&mut self, Rectangle { corner: [x, y], size: [width, height] }: Rectangle, paint: Paint) {
        let (x, y, width, height) = (short(x), short(y), short(width), short(height));
        let fill = ink(paint);
        self.element(
            "rect",
            format_args!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\""),
            paint,
        );
    }

    fn frame(&mut self, Rectangle { corner: [x, y], size: [width, height] }: Rectangle, paint: Paint) {
        let (x, y, width, height) = (short(x - 0.5), short(y - 0.5), short(width + 1.0), short(height + 1.0));
        let stroke = ink(paint);
        let attributes =
            format_args!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"none\" stroke=\"{stroke}\"");
        self.element("rect", attributes, paint);
    }

    fn lines(&mut self, lines: &[Polyline], width: f64, paint: Paint) {
        let finite = |line: &&Polyline| !line.is_empty() && line.iter().flatten().all(|v| v.is_finite());
        let path: String = lines.iter().filter(finite).map(|line| path(line)).collect();
        if path.is_empty() {
            return;
        }
        let (stroke, width) = (ink(paint), short(width));
        let attributes = format_args!(
            "d=\"{path}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{width}\" stroke-linecap=\"round\" \
             stroke-linejoin=\"round\""
        );
        self.element("path", attributes, paint);
    }

    fn mark(&mut self, center: [f64; 2], marker: Marker, size: f64, paint: Paint) {
        if !center.iter().all(|v| v.is_finite()) {
            return;
        }
        match marker {
            Marker::Circle => {
                let (x, y, radius, fill) = (short(center[0]), short(center[1]), short(size / 2.0), ink(paint));
                self.element("circle", format_args!("cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{fill}\""), paint);
            }
            Marker::Square => {
                let corner = center.map(|v| v - size / 2.0);
                self.rectangle(Rectangle { corner, size: [size, size] }, paint);
            }
            Marker::None => {}
        }
    }

    fn text(&mut self, [x, y]: [f64; 2], anchor: Anchor, style: Style, text: &str) {
        if text.is_empty() {
            return;
        }
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let (x, y, size) = (short(x), short(y), short(style.size / CAPITAL));
        let weight = if style.is_bold() { " font-weight=\"bold\"" } else { "" };
        let turn = if style.upwards { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
        let class = style.paint.class().map(|class| format!(" class=\"{class}\"")).unwrap_or_default();
        let (fill, text) = (ink(style.paint), escape(text));
        writeln!(
            self.body,
            "<text{class} x=\"{x}\" y=\"{y}\" font-family=\"{FONTS}\" font-size=\"{size}\"{weight} \
             text-anchor=\"{anchor}\" fill=\"{fill}\"{turn}>{text}</text>"
        )
        .expect("writing to a String cannot fail");
    }

    fn image(&mut self, [x, y]: [f64; 2], image: &Canvas, zoom: usize) {
        if image.width() == 0 || image.height() == 0 {
            return;
        }
        let (x, y, width, height) = (short(x), short(y), image.width() * zoom, image.height() * zoom);
        writeln!(
            self.body,
            "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" preserveAspectRatio=\"none\" \
             style=\"image-rendering:pixelated\" href=\"{}\"/>",
            data_uri(image)
        )
        .expect("writing to a String cannot fail");
    }
}

/// What "fill" and "stroke" say: the colour of the class, or the colour itself.
fn ink(paint: Paint) -> String {
    match paint {
        Paint::Exact(color) => hex(color),
        _ => "currentColor".to_owned(),
    }
}

fn hex(Rgb([r, g, b]): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

/// A line; a single point becomes a dot.
fn path(line: &[[f64; 2]]) -> String {
    let mut path = String::new();
    for (i, [x, y]) in line.iter().enumerate() {
        let pen = if i == 0 { "M" } else { " " };
        write!(path, "{pen}{} {}", short(*x), short(*y)).expect("writing to a String cannot fail");
    }
    if line.len() == 1 {
        path.push_str("h0");
    }
    path
}

/// A position to a tenth of a pixel.
fn short(value: f64) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_escapes() {
        let nasty = "<script>\"a\" & 'b'</script>\u{0}\u{1b}[0m\u{ffff}";
        assert_eq!(
            escape(nasty),
            "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;\u{fffd}\u{fffd}[0m\u{fffd}"
        );
        let mut svg = Svg { body: String::new() };
        svg.text([0.0, 0.0], Anchor::Start, Style::new(10.0), nasty);
        assert!(!svg.body.contains("<script") && svg.body.contains("&lt;script"), "{}", svg.body);
    }

    #[test]
    fn positions_are_short_and_what_is_not_finite_is_left_out() {
        assert_eq!([0.04, -0.04, 12.25, 1e6, -3.0].map(short), ["0", "0", "12.2", "1000000", "-3"]);
        let mut svg = Svg { body: String::new() };
        svg.lines(&[vec![[f64::NAN, 1.0]], vec![]], 1.0, Paint::Ink);
        svg.mark([f64::INFINITY, 0.0], Marker::Square, 3.0, Paint::Ink);
        svg.image([0.0, 0.0], &Canvas::new(0, 4), 3);
        assert_eq!(svg.body, "");
        svg.lines(&[vec![[1.0, 2.0], [3.0, 4.5]], vec![[5.0, 5.0]]], 1.0, Paint::Ink);
        assert!(svg.body.contains("d=\"M1 2 3 4.5M5 5h0\""), "{}", svg.body);
    }

    #[test]
    fn light_and_dark_colours_are_both_in_the_style() {
        let style = svg_style();
        let (light, dark) = style.split_once("prefers-color-scheme:dark").unwrap();
        for paint in Paint::all() {
            let class = paint.class().unwrap();
            assert!(light.contains(&format!(".{class}{{color:{}}}", hex(paint.on_light()))), "{class}");
            assert!(dark.contains(&format!(".{class}{{color:{}}}", hex(paint.on_dark()))), "{class}");
        }
    }
}
