//! A picture with what a reader needs to understand it.

use super::canvas::Canvas;
use super::color::Rgb;
use super::colormap::ColorMap;
use super::scaling::Range;
use super::text::{Anchor, Style, fit, width};

/// A picture under a title, with lines of explanation and a colour bar.
#[derive(Debug, Clone)]
pub struct Page {
    /// What is to be seen.
    pub title: String,
    /// What the reader should know, line by line.
    pub notes: Vec<String>,
    /// The picture.
    pub body: Canvas,
    /// The colours and the values at their ends, where all of the picture has one scale.
    pub bar: Option<(ColorMap, Range)>,
}

const EDGE: usize = 30;
const GAP: usize = 16;
const TITLE: f64 = 16.0;
const NOTE: f64 = 11.0;
const BAR_WIDTH: usize = 240;
const BAR_HEIGHT: usize = 14;

impl Page {
    /// Draws the page, as wide as its picture (or as a title needs at least).
    pub fn draw(&self) -> Canvas {
        let text_width =
            self.notes.iter().map(|note| width(note, NOTE)).fold(width(&self.title, TITLE) * 1.02, f64::max);
        let inner = self.body.width().max(BAR_WIDTH).max((text_width as usize + 1).min(760));
        let titles = TITLE as usize + (NOTE as usize + GAP / 2 + 2) * self.notes.len() + GAP + 6;
        let bar = if self.bar.is_some() { 2 * GAP + BAR_HEIGHT + NOTE as usize } else { 0 };
        let mut canvas = Canvas::new(inner + 2 * EDGE, titles + self.body.height() + bar + 2 * EDGE);
        let mut baseline = EDGE as f64 + TITLE;
        let title = fit(&self.title, TITLE, inner as f64);
        canvas.text([EDGE as f64, baseline], Anchor::Start, Style::new(TITLE).bold(), &title);
        for note in &self.notes {
            baseline += NOTE + GAP as f64 / 2.0 + 2.0;
            let style = Style::new(NOTE).color(Rgb::FAINT_INK);
            canvas.text([EDGE as f64, baseline], Anchor::Start, style, &fit(note, NOTE, inner as f64));
        }
        canvas.paste(&self.body, EDGE, EDGE + titles);
        if let Some((map, range)) = self.bar {
            draw_bar(&mut canvas, [EDGE + 1, EDGE + titles + self.body.height() + GAP + 4], map, range);
        }
        canvas
    }
}

fn draw_bar(canvas: &mut Canvas, [left, top]: [usize; 2], map: ColorMap, range: Range) {
    for i in 0..BAR_WIDTH {
        canvas.fill(left + i, top, 1, BAR_HEIGHT, map.color(i as f64 / (BAR_WIDTH - 1) as f64));
    }
    canvas.frame(left, top, BAR_WIDTH, BAR_HEIGHT, Rgb::FRAME);
    let middle = range.low / 2.0 + range.high / 2.0;
    for (share, anchor, value) in
        [(0.0, Anchor::Start, range.low), (0.5, Anchor::Middle, middle), (1.0, Anchor::End, range.high)]
    {
        let position = [left as f64 + share * BAR_WIDTH as f64, (top + BAR_HEIGHT) as f64 + 8.0 + NOTE];
        canvas.text(position, anchor, Style::new(NOTE).color(Rgb::FAINT_INK), &short(value));
    }
}

/// A number with three digits that count.
pub fn short(value: f32) -> String {
    let magnitude = value.abs();
    let text = match magnitude {
        _ if value == 0.0 => "0".to_owned(),
        _ if !(1e-3..1e5).contains(&magnitude) => format!("{value:.1e}"),
        _ => {
            let decimals = (2 - magnitude.log10().floor() as i32).clamp(0, 5) as usize;
            format!("{value:.decimals$}")
        }
    };
    text.replace('-', "−")
}

/// Two pictures side by side, their upper edges on one line.
pub fn beside(left: &Canvas, right: &Canvas, gap: usize) -> Canvas {
    let mut canvas = Canvas::new(left.width() + gap + right.width(), left.height().max(right.height()));
    canvas.paste(left, 0, 0);
    canvas.paste(right, left.width() + gap, 0);
    canvas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [0.0, 1.0, -0.123456, 12.3456, 123.456, 4567.8, 0.00123, 1e-7, -2.5e9].map(short);
        assert_eq!(shown, ["0", "1.00", "−0.123", "12.3", "123", "4568", "0.00123", "1.0e−7", "−2.5e9"]);
    }

    #[test]
    fn the_picture_is_on_the_page_as_it_was() {
        let mut body = Canvas::new(50, 40);
        body.fill(0, 0, 50, 40, Rgb::CURVES[3]);
        let page = Page { title: "Title".into(), notes: vec!["a note".into()], body, bar: None }.draw();
        let found = page.bytes().chunks_exact(3).filter(|pixel| *pixel == Rgb::CURVES[3].0).count();
        assert_eq!(found, 50 * 40);
    }

    #[test]
    fn the_bar_shows_both_ends_of_its_map() {
        let range = Range { low: -1.0, high: 1.0 };
        let bar = Some((ColorMap::Diverging, range));
        let page = Page { title: String::new(), notes: vec![], body: Canvas::new(1, 1), bar }.draw();
        for end in [0.0, 1.0] {
            let color = ColorMap::Diverging.color(end).0;
            assert!(page.bytes().chunks_exact(3).any(|pixel| pixel == color), "{end}");
        }
    }
}
