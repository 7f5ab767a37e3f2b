//! A picture with what a reader needs to understand it.

use super::canvas::Canvas;
use super::colormap::ColorMap;
use super::paint::Paint;
use super::scaling::Range;
use super::surface::{Picture, Rectangle, Shifted, Surface};
use super::text::{Anchor, SPARE, Style, fit, width as text_width, wrap};

/// A picture under a title, with lines of explanation and a colour bar.
#[derive(Debug, Clone)]
pub struct Page<P = Canvas> {
    /// What is to be seen.
    pub title: String,
    /// What the reader should know, line by line.
    pub notes: Vec<String>,
    /// The picture.
    pub body: P,
    /// The colours and the values at their ends, where all of the picture has one scale.
    pub bar: Option<(ColorMap, Range)>,
}

const EDGE: usize = 30;
const GAP: usize = 16;
const TITLE: f64 = 16.0;
const NOTE: f64 = 11.0;
/// Between the title and the notes.
const BELOW_TITLE: usize = 4;
/// From one note to the next.
const NOTE_LINE: usize = NOTE as usize + GAP / 2 + 2;
/// Notes are broken where the picture is narrower than this.
const NOTE_WIDTH: usize = 760;

impl<P: Picture> Page<P> {
    /// Width between the edges.
    fn inner(&self) -> usize {
        let notes = self.notes.iter().map(|note| text_width(note, NOTE));
        let text = SPARE * notes.fold(text_width(&self.title, TITLE), f64::max);
        let [bar, _] = ColorBar::SIZE;
        self.body.size()[0].max(bar).max((text as usize + 1).min(NOTE_WIDTH))
    }

    fn note_lines(&self) -> Vec<String> {
        let room = self.inner() as f64 / SPARE;
        self.notes.iter().flat_map(|note| wrap(note, NOTE, room)).map(|line| fit(&line, NOTE, room)).collect()
    }

    /// Height of title and notes.
    fn head(&self) -> usize {
        TITLE as usize + BELOW_TITLE + NOTE_LINE * self.note_lines().len() + GAP + 6
    }
}

impl<P: Picture> Picture for Page<P> {
    fn size(&self) -> [usize; 2] {
        let bar = if self.bar.is_some() { GAP + 4 + ColorBar::SIZE[1] } else { 0 };
        [self.inner() + 2 * EDGE, self.head() + self.body.size()[1] + bar + 2 * EDGE]
    }

    fn draw_on(&self, surface: &mut dyn Surface) {
        let left = EDGE as f64;
        let mut baseline = left + TITLE;
        let title = fit(&self.title, TITLE, self.inner() as f64 / SPARE);
        surface.text([left, baseline], Anchor::Start, Style::new(TITLE).bold(), &title);
        baseline += BELOW_TITLE as f64;
        for line in self.note_lines() {
            baseline += NOTE_LINE as f64;
            surface.text([left, baseline], Anchor::Start, Style::new(NOTE).paint(Paint::FaintInk), &line);
        }
        let top = EDGE + self.head();
        self.body.draw_on(&mut Shifted::new(surface, [EDGE, top]));
        if let Some((map, range)) = self.bar {
            let below = top + self.body.size()[1] + GAP + 4;
            ColorBar { map, range }.draw_on(&mut Shifted::new(surface, [EDGE, below]));
        }
    }
}

/// The colours of a map, with the values at its ends and in its middle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ColorBar {
    /// The colours.
    pub map: ColorMap,
    /// The values at the ends.
    pub range: Range,
}

impl ColorBar {
    const BAR: [usize; 2] = [240, 14];
    const SIZE: [usize; 2] = [Self::BAR[0] + 2, Self::BAR[1] + NOTE as usize + 14];
}

impl Picture for ColorBar {
    fn size(&self) -> [usize; 2] {
        Self::SIZE
    }

    fn draw_on(&self, surface: &mut dyn Surface) {
        let [width, height] = Self::BAR;
        let mut colors = Canvas::new(width, height);
        for i in 0..width {
            colors.fill(i, 0, 1, height, self.map.color(i as f64 / (width - 1) as f64));
        }
        surface.image([1.0, 1.0], &colors, 1);
        let size = [width as f64, height as f64];
        surface.frame(Rectangle { corner: [1.0, 1.0], size }, Paint::Frame);
        let Range { low, high } = self.range;
        for (share, anchor, value) in
            [(0.0, Anchor::Start, low), (0.5, Anchor::Middle, low / 2.0 + high / 2.0), (1.0, Anchor::End, high)]
        {
            let position = [1.0 + share * size[0], size[1] + 9.0 + NOTE];
            surface.text(position, anchor, Style::new(NOTE).paint(Paint::FaintInk), &short(value));
        }
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
#[derive(Debug, Clone)]
pub struct Beside<A, B> {
    left: A,
    right: B,
    gap: usize,
}

/// See [`Beside`]; between the pictures are `gap` pixels.
pub fn beside<A: Picture, B: Picture>(left: A, right: B, gap: usize) -> Beside<A, B> {
    Beside { left, right, gap }
}

impl<A: Picture, B: Picture> Picture for Beside<A, B> {
    fn size(&self) -> [usize; 2] {
        let ([left, left_height], [right, right_height]) = (self.left.size(), self.right.size());
        [left + self.gap + right, left_height.max(right_height)]
    }

    fn draw_on(&self, surface: &mut dyn Surface) {
        self.left.draw_on(surface);
        let by = [self.left.size()[0] + self.gap, 0];
        self.right.draw_on(&mut Shifted::new(surface, by));
    }
}

/// A picture under a few words in bold.
#[derive(Debug, Clone)]
pub struct Titled<P> {
    /// The words.
    pub title: String,
    /// The picture.
    pub body: P,
}

const HEADING: f64 = 12.0;

impl<P: Picture> Picture for Titled<P> {
    fn size(&self) -> [usize; 2] {
        let [width, height] = self.body.size();
        [width, height + HEADING as usize + GAP]
    }

    fn draw_on(&self, surface: &mut dyn Surface) {
        let title = fit(&self.title, HEADING, self.body.size()[0] as f64);
        surface.text([0.0, HEADING], Anchor::Start, Style::new(HEADING).bold(), &title);
        self.body.draw_on(&mut Shifted::new(surface, [0, HEADING as usize + GAP]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::Rgb;

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
