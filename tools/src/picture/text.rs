//! Text on a canvas, drawn with a pen of our own.

use super::canvas::{Canvas, Polyline};
use super::glyphs::{GLYPHS, Glyph, MISSING};
use super::paint::Paint;

/// How text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Height of a capital letter, in pixels.
    pub size: f64,
    /// The pen's width as a share of the size; around 0.12 for text, more for titles.
    pub weight: f64,
    /// The ink.
    pub paint: Paint,
    /// Whether the line runs from bottom to top, as along a vertical axis.
    pub upwards: bool,
}

impl Style {
    /// Text of this size in the usual ink.
    pub fn new(size: f64) -> Self {
        Style { size, weight: 0.125, paint: Paint::Ink, upwards: false }
    }

    /// The same, bolder.
    pub fn bold(self) -> Self {
        Style { weight: 0.175, ..self }
    }

    /// The same in another colour.
    pub fn paint(self, paint: impl Into<Paint>) -> Self {
        Style { paint: paint.into(), ..self }
    }

    /// The same from bottom to top.
    pub fn upwards(self) -> Self {
        Style { upwards: true, ..self }
    }

    /// Whether it is [`bold`](Self::bold).
    pub fn is_bold(self) -> bool {
        self.weight > 0.15
    }
}

/// Which point of the text is put at the given position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its beginning.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// Space between two letters, on the grid of the letters.
const GAP: f64 = 2.5;
/// Height of a capital on that grid.
const CAPITAL: f64 = 10.0;

/// Writes a line in our own letters; `position` is on the baseline.
pub(super) fn write(canvas: &mut Canvas, position: [f64; 2], anchor: Anchor, style: Style, text: &str) {
    let scale = style.size / CAPITAL;
    let before = start(anchor) * width(text, style.size);
    let lines = outline(text, |[x, y]| {
        let (along, across) = (x * scale - before, y * scale);
        if style.upwards {
            [position[0] - across, position[1] - along]
        } else {
            [position[0] + along, position[1] - across]
        }
    });
    canvas.stroke(&lines, (style.size * style.weight).max(1.0), style.paint.on_light());
}

/// How much wider than our letters those of a drawing may be: a reader's system has fonts of its own.
pub(super) const SPARE: f64 = 1.12;

/// How wide a line of text is, in pixels, for a capital letter of this height.
pub fn width(text: &str, size: f64) -> f64 {
    let letters: f64 = text.chars().map(|c| glyph(c).1 + GAP).sum();
    (letters - GAP).max(0.0) * size / CAPITAL
}

/// `text`, with its end left out where it would be wider than `room` pixels.
pub fn fit(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut kept = text.to_owned();
    while kept.pop().is_some() {
        let shortened = format!("{}…", kept.trim_end());
        if width(&shortened, size) <= room {
            return shortened;
        }
    }
    String::new()
}

/// `text` in as many lines as it takes, none wider than `room` pixels where its words allow it.
pub fn wrap(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn start(anchor: Anchor) -> f64 {
    match anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => 0.5,
        Anchor::End => 1.0,
    }
}

fn glyph(character: char) -> &'static Glyph {
    GLYPHS.iter().find(|glyph| glyph.0 == character).unwrap_or(&MISSING)
}

/// The pen's way through a whole text, each point moved by `place`.
fn outline(text: &str, place: impl Fn([f64; 2]) -> [f64; 2]) -> Vec<Polyline> {
    let (mut lines, mut left) = (Vec::new(), 0.0);
    for character in text.chars() {
        let (_, width, shape) = glyph(character);
        for line in pen_strokes(shape) {
            lines.push(line.into_iter().map(|[x, y]| place([left + x, y])).collect());
        }
        left += width + GAP;
    }
    lines
}

/// Turns the shape of a letter into lines.
fn pen_strokes(shape: &str) -> Vec<Polyline> {
    let mut lines: Vec<Polyline> = Vec::new();
    let mut words = shape.split_whitespace();
    while let Some(command) = words.next() {
        let mut number =
            || words.next().and_then(|word| word.parse::<f64>().ok()).expect("a number in the table of letters");
        match command {
            "M" => lines.push(vec![[number(), number()]]),
            "L" => extend(&mut lines, [[number(), number()]]),
            "C" => {
                let from = *lines.last().and_then(|line| line.last()).expect("a curve begins where the pen is");
                let points = [from, [number(), number()], [number(), number()], [number(), number()]];
                extend(&mut lines, (1..=12).map(|i| bezier(points, f64::from(i) / 12.0)));
            }
            "A" => {
                let [x, y, rx, ry, from, to] = std::array::from_fn(|_| number());
                extend(&mut lines, arc([x, y], [rx, ry], from, to));
            }
            "O" => {
                let [x, y, rx, ry] = std::array::from_fn(|_| number());
                lines.push(arc([x, y], [rx, ry], 0.0, 360.0).collect());
            }
            _ => unreachable!("the table of letters has no {command}"),
        }
    }
    lines
}

fn extend(lines: &mut Vec<Polyline>, points: impl IntoIterator<Item = [f64; 2]>) {
    match lines.last_mut() {
        Some(line) => line.extend(points),
        None => lines.push(points.into_iter().collect()),
    }
}

fn bezier(points: [[f64; 2]; 4], t: f64) -> [f64; 2] {
    let s = 1.0 - t;
    let weights = [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t];
    std::array::from_fn(|axis| (0..4).map(|i| weights[i] * points[i][axis]).sum())
}

fn arc(center: [f64; 2], radii: [f64; 2], from: f64, to: f64) -> impl Iterator<Item = [f64; 2]> {
    let pieces = ((to - from).abs() / 12.0).ceil().max(1.0);
    (0..=pieces as usize).map(move |i| {
        let angle = (from + (to - from) * i as f64 / pieces).to_radians();
        [center[0] + radii[0] * angle.cos(), center[1] + radii[1] * angle.sin()]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Rgb, Surface};

    #[test]
    fn every_printable_ascii_character_has_one_shape() {
        for code in 32..127_u8 {
            let character = char::from(code);
            assert_eq!(GLYPHS.iter().filter(|glyph| glyph.0 == character).count(), 1, "{character:?}");
        }
    }

    #[test]
    fn shapes_stay_inside_their_line_and_near_their_width() {
        for &(character, width, shape) in GLYPHS.iter().chain([&MISSING]) {
            for [x, y] in pen_strokes(shape).into_iter().flatten() {
                assert!((-1.0..=width + 0.5).contains(&x), "{character:?} at x = {x}");
                assert!((-3.5..=11.5).contains(&y), "{character:?} at y = {y}");
            }
        }
    }

    #[test]
    fn no_two_characters_look_alike() {
        let draw = |character: char| {
            let mut canvas = Canvas::new(40, 50);
            canvas.text([8.0, 35.0], Anchor::Start, Style::new(24.0), &character.to_string());
            canvas
        };
        let drawn: Vec<_> = GLYPHS.iter().map(|glyph| (glyph.0, draw(glyph.0))).collect();
        for (i, (a, first)) in drawn.iter().enumerate() {
            for (b, second) in &drawn[..i] {
                let different = first.bytes().iter().zip(second.bytes()).filter(|(a, b)| a.abs_diff(**b) > 100).count();
                // Eight pixels, three bytes each; a hyphen and the dashes differ in length alone.
                assert!(different >= 24, "{a:?} and {b:?} differ in {different} bytes");
            }
        }
    }

    #[test]
    fn text_lies_where_it_was_put() {
        let ink_columns = |anchor| {
            let mut canvas = Canvas::new(200, 40);
            canvas.text([100.0, 30.0], anchor, Style::new(20.0), "HHH");
            let inked = |&x: &usize| (0..40).any(|y| canvas.pixel(x, y) != Rgb::WHITE);
            let columns: Vec<_> = (0..200).filter(inked).collect();
            (columns[0] as f64, columns[columns.len() - 1] as f64)
        };
        let wide = width("HHH", 20.0);
        for (anchor, left) in
            [(Anchor::Start, 100.0), (Anchor::Middle, 100.0 - wide / 2.0), (Anchor::End, 100.0 - wide)]
        {
            let (first, last) = ink_columns(anchor);
            assert!((first - left).abs() < 3.0 && (last - left - wide).abs() < 3.0, "{anchor:?}: {first} to {last}");
        }
    }

    #[test]
    fn long_text_is_cut_with_a_mark() {
        assert_eq!(fit("short", 10.0, 1000.0), "short");
        let cut = fit("a rather long caption", 10.0, 60.0);
        assert!(cut.ends_with('…') && width(&cut, 10.0) <= 60.0, "{cut}");
        assert_eq!(fit("text", 10.0, 1.0), "");
    }

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(wrap("one two three", 10.0, width("one two", 10.0)), ["one two", "three"]);
        assert_eq!(wrap("one two", 10.0, 1.0), ["one", "two"]);
        assert_eq!(wrap("  ", 10.0, 100.0), [""; 0]);
    }
}
