//! Small pictures as characters of a terminal.

use std::fmt::Write;

use tensor::ndarray::ArrayView2;

use super::color::Rgb;
use super::colormap::ColorMap;
use super::scaling::{Range, Scaling};
use crate::text::wrapped;

/// What a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Half blocks (two pixels a character, one above the other) in 16 million colours.
    TrueColor,
    /// Half blocks in 256 colours.
    Colors256,
    /// Plain ASCII characters, two for each pixel: denser ones for larger values. Values with a sign: `#` and `+` above
    /// zero, `-` and `=` below, `.` near it.
    Plain,
}

impl Look {
    /// What to show where `is_terminal` says whether someone looks on and `env` gives environment variables.
    ///
    /// Plain for files and pipes, where `NO_COLOR` is set, for `TERM=dumb`, and where the locale's character set is not
    /// UTF-8. All colours where `COLORTERM` says so.
    pub fn detect(is_terminal: bool, env: impl Fn(&str) -> Option<String>) -> Look {
        let set = |name: &str| env(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        if !is_terminal || set("NO_COLOR").is_some() || term == "dumb" || !is_utf8(&env) {
            return Look::Plain;
        }
        let all_colors = set("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit");
        if all_colors || term.ends_with("-direct") { Look::TrueColor } else { Look::Colors256 }
    }

    fn characters_per_pixel(self) -> usize {
        if self == Look::Plain { 2 } else { 1 }
    }
}

/// Whether the locale's character set is UTF-8, where `env` gives environment variables; it is where nothing says otherwise.
pub fn is_utf8(env: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// Groups of small pictures, side by side.
#[derive(Debug, Clone)]
pub struct Blocks<'a> {
    /// The groups: a title, and pictures of one size with it.
    pub groups: Vec<(String, Vec<ArrayView2<'a, f32>>)>,
    /// How values become colours.
    pub map: ColorMap,
    /// Which values are the ends of the colours; in each group for itself.
    pub scaling: Scaling,
    /// At most so many pictures in a row of a group; fewer where there is no room.
    pub columns: usize,
}

/// Characters between two groups.
const GROUP_GAP: usize = 3;

impl Blocks<'_> {
    /// Draws for a terminal that is `width` characters wide. Ends with a new line; leaves no colour behind.
    pub fn draw(&self, look: Look, width: usize) -> String {
        let room = (width + GROUP_GAP) / self.groups.len().max(1);
        let columns = self.columns_for(room.saturating_sub(GROUP_GAP), look);
        let rasters: Vec<_> = self.groups.iter().map(|(_, pictures)| self.raster(pictures, columns)).collect();
        let mut text = self.titles(&rasters, look);
        let rows = rasters.iter().map(|raster| raster.rows).max().unwrap_or(0);
        let step = if look == Look::Plain { 1 } else { 2 };
        for row in (0..rows).step_by(step) {
            let mut line = String::new();
            for (i, raster) in rasters.iter().enumerate() {
                if i > 0 {
                    line.push_str(&" ".repeat(GROUP_GAP));
                }
                match look {
                    Look::Plain => raster.plain_line(row, self.map, &mut line),
                    _ => raster.half_block_line(row, self.map, look, &mut line),
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// Pictures in a row: as many as there is room for, at least one.
    fn columns_for(&self, room: usize, look: Look) -> usize {
        let widest =
            self.groups.iter().flat_map(|(_, pictures)| pictures).map(|picture| picture.ncols()).max().unwrap_or(0);
        let per_picture = (widest + 1) * look.characters_per_pixel();
        ((room + look.characters_per_pixel()) / per_picture).clamp(1, self.columns.max(1))
    }

    /// The titles above their groups, in as many lines as the longest needs.
    fn titles(&self, rasters: &[Raster], look: Look) -> String {
        let groups = self.groups.iter().zip(rasters);
        let titles: Vec<_> = groups
            .map(|((title, _), raster)| {
                let width = raster.columns * look.characters_per_pixel();
                (wrapped(title, width), width)
            })
            .collect();
        let height = titles.iter().map(|(lines, _)| lines.len()).max().unwrap_or(1);
        let mut text = String::new();
        for row in 0..height {
            let cell = |(lines, width): &(Vec<String>, usize)| {
                let width = *width;
                let line: String = lines.get(row).map_or("", String::as_str).chars().take(width).collect();
                format!("{line:width$}")
            };
            let line = titles.iter().map(cell).collect::<Vec<_>>().join(&" ".repeat(GROUP_GAP));
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn raster(&self, pictures: &[ArrayView2<'_, f32>], columns: usize) -> Raster {
        let height = pictures.iter().map(|picture| picture.nrows()).max().unwrap_or(0);
        let width = pictures.iter().map(|picture| picture.ncols()).max().unwrap_or(0);
        let columns = columns.min(pictures.len().max(1));
        let (rows, columns_px) = (pictures.len().div_ceil(columns) * (height + 1), columns * (width + 1));
        let mut raster = Raster::new(rows.saturating_sub(1), columns_px.saturating_sub(1));
        for (i, (picture, range)) in pictures.iter().zip(self.scaling.ranges(pictures)).enumerate() {
            let (top, left) = (i / columns * (height + 1), i % columns * (width + 1));
            raster.put(picture, range, top, left);
        }
        raster
    }
}

/// A pixel: nothing, or a value's position in its range (`None` for what is not a number).
type Pixel = Option<Option<f64>>;

struct Raster {
    rows: usize,
    columns: usize,
    pixels: Vec<Pixel>,
}

impl Raster {
    fn new(rows: usize, columns: usize) -> Self {
        Raster { rows, columns, pixels: vec![None; rows * columns] }
    }

    fn put(&mut self, picture: &ArrayView2<'_, f32>, range: Range, top: usize, left: usize) {
        for ((y, x), &value) in picture.indexed_iter() {
            self.pixels[(top + y) * self.columns + left + x] = Some(range.position(value));
        }
    }

    fn pixel(&self, row: usize, column: usize) -> Pixel {
        self.pixels.get(row * self.columns + column).copied().flatten()
    }

    fn plain_line(&self, row: usize, map: ColorMap, line: &mut String) {
        for column in 0..self.columns {
            let character = match self.pixel(row, column) {
                None => ' ',
                Some(None) => '?',
                Some(Some(position)) => plain_character(map, position),
            };
            line.extend([character, character]);
        }
    }

    /// Two rows of pixels in one line: the upper one is the ink of a half block, the lower one its paper.
    fn half_block_line(&self, row: usize, map: ColorMap, look: Look, line: &mut String) {
        let mut colored = false;
        for column in 0..self.columns {
            let color = |row| self.pixel(row, column).map(|position| color_code(map, position, look));
            let (ink, paper, character) = match (color(row), color(row + 1)) {
                (None, None) => (None, None, ' '),
                (Some(upper), lower) => (Some(upper), lower, '▀'),
                (None, Some(lower)) => (Some(lower), None, '▄'),
            };
            // A gap must not go on in the colours of what stands before it.
            if colored && paper.is_none() {
                line.push_str("\x1b[0m");
                colored = false;
            }
            for (layer, color) in [(38, ink), (48, paper)] {
                if let Some(color) = color {
                    write!(line, "\x1b[{layer};{color}m").expect("writing to a String cannot fail");
                    colored = true;
                }
            }
            line.push(character);
        }
        if colored {
            line.push_str("\x1b[0m");
        }
    }
}

fn plain_character(map: ColorMap, position: f64) -> char {
    let levels: &[u8] = match map {
        ColorMap::Diverging => b"==--.++##",
        ColorMap::Ink | ColorMap::Light => b" .:-=+*#%@",
    };
    char::from(levels[((position * levels.len() as f64) as usize).min(levels.len() - 1)])
}

/// How the terminal is told a colour, after "38;" or "48;".
fn color_code(map: ColorMap, position: Option<f64>, look: Look) -> String {
    match look {
        Look::TrueColor => {
            let Rgb([r, g, b]) = position.map_or(Rgb::NOT_A_NUMBER, |position| map.color(position));
            format!("2;{r};{g};{b}")
        }
        _ => format!("5;{}", position.map_or(NOT_A_NUMBER_OF_256, |position| color_of_256(map, position))),
    }
}

/// Magenta.
const NOT_A_NUMBER_OF_256: u8 = 201;
/// Of the 256 colours, nine that come near to the diverging map, from blue over white to brown, and that do not stray
/// from its hues as the nearest ones do.
const DIVERGING_OF_256: [u8; 9] = [25, 67, 110, 153, 255, 223, 216, 173, 130];

fn color_of_256(map: ColorMap, position: f64) -> u8 {
    let step = |count: usize| ((position * count as f64) as usize).min(count - 1);
    // The greys run from 232, almost black, to 255, almost white.
    match map {
        ColorMap::Diverging => DIVERGING_OF_256[step(DIVERGING_OF_256.len())],
        ColorMap::Light => 232 + step(24) as u8,
        ColorMap::Ink => 255 - step(24) as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tensor::ndarray::{Array2, array};

    fn blocks<'a>(groups: &'a [(&str, Vec<Array2<f32>>)]) -> Blocks<'a> {
        let groups = groups
            .iter()
            .map(|(title, pictures)| (title.to_string(), pictures.iter().map(|picture| picture.view()).collect()));
        Blocks { groups: groups.collect(), map: ColorMap::Diverging, scaling: Scaling::Symmetric, columns: 8 }
    }

    #[test]
    fn plain_characters_tell_the_sign() {
        let groups = [("one", vec![array![[-1.0, -0.4, 0.0], [0.4, 1.0, f32::NAN]]])];
        assert_eq!(blocks(&groups).draw(Look::Plain, 80), "one\n==--..\n++##??\n");
    }

    #[test]
    fn half_blocks_leave_no_colour_behind() {
        let groups = [("a", vec![array![[1.0], [-1.0], [0.0]]; 2])];
        let text = blocks(&groups).draw(Look::TrueColor, 80);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 1 + 2);
        let high = ColorMap::Diverging.color(1.0).0;
        assert!(lines[1].starts_with(&format!("\x1b[38;2;{};{};{}m", high[0], high[1], high[2])), "{:?}", lines[1]);
        for line in &lines[1..] {
            assert!(line.ends_with("\x1b[0m"), "{line:?}");
            assert!(line.contains("\x1b[0m "), "the gap between two pictures has no colour: {line:?}");
        }
    }

    #[test]
    fn groups_share_the_width() {
        let pictures = || vec![Array2::zeros((5, 5)); 30];
        let groups = [("random", pictures()), ("trained", pictures())];
        for look in [Look::Plain, Look::Colors256, Look::TrueColor] {
            for width in [40, 80, 120, 300] {
                let text = blocks(&groups).draw(look, width);
                let longest = text.lines().map(visible_width).max().unwrap();
                assert!(longest <= width, "{look:?} at {width}: {longest}");
                assert!(longest > width / 2 - 12 || width == 300, "{look:?} at {width}: {longest}");
            }
        }
        blocks(&groups).draw(Look::Plain, 0);
        blocks(&[]).draw(Look::Plain, 80);
        blocks(&[("empty", vec![])]).draw(Look::TrueColor, 80);
    }

    #[test]
    fn a_title_without_room_takes_more_lines() {
        let groups = ["before training, ±0.037", "after, ±0.893"].map(|title| (title, vec![Array2::zeros((2, 8)); 2]));
        let text = blocks(&groups).draw(Look::Colors256, 40);
        let titles: Vec<_> = text.lines().take(2).collect();
        assert_eq!(titles, ["before training,    after, ±0.893", "±0.037"]);
    }

    fn visible_width(line: &str) -> usize {
        let mut width = 0;
        let mut escape = false;
        for character in line.chars() {
            match character {
                '\x1b' => escape = true,
                'm' if escape => escape = false,
                _ if !escape => width += 1,
                _ => {}
            }
        }
        width
    }

    #[test]
    fn the_environment_decides_the_look() {
        let look = |is_terminal: bool, env: &[(&str, &str)]| {
            Look::detect(is_terminal, |name| {
                env.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string())
            })
        };
        let xterm = ("TERM", "xterm-256color");
        assert_eq!(look(true, &[xterm, ("LANG", "en_GB.UTF-8")]), Look::Colors256);
        assert_eq!(look(true, &[xterm, ("COLORTERM", "truecolor")]), Look::TrueColor);
        assert_eq!(look(false, &[xterm, ("COLORTERM", "truecolor")]), Look::Plain);
        assert_eq!(look(true, &[xterm, ("NO_COLOR", "1")]), Look::Plain);
        assert_eq!(look(true, &[xterm, ("NO_COLOR", "")]), Look::Colors256);
        assert_eq!(look(true, &[("TERM", "dumb")]), Look::Plain);
        assert_eq!(look(true, &[xterm, ("LANG", "C")]), Look::Plain);
        assert_eq!(look(true, &[xterm, ("LANG", "C"), ("LC_ALL", "ja_JP.utf8")]), Look::Colors256);
    }

    #[test]
    fn the_256_colours_follow_the_map() {
        // The colour that stands behind a number, as every terminal has it.
        let rgb = |code: u8| match code {
            232.. => Rgb([8 + 10 * (code - 232); 3]),
            _ => Rgb([36, 6, 1].map(|digit| match (code - 16) / digit % 6 {
                0 => 0,
                step => 55 + 40 * step,
            })),
        };
        for map in [ColorMap::Diverging, ColorMap::Light, ColorMap::Ink] {
            for position in [0.0, 0.2, 0.5, 0.8, 1.0] {
                let (got, exact) = (rgb(color_of_256(map, position)).lightness(), map.color(position).lightness());
                assert!((got - exact).abs() < 0.17, "{map:?} at {position}: {got} instead of {exact}");
            }
        }
    }
}
