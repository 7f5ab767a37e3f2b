//! What colours mean, so that one description serves light and dark backgrounds.

use super::color::Rgb;

/// A colour by what it is for. What has a meaning changes with the background; what is exact does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// The background.
    Paper,
    /// Text and axes.
    Ink,
    /// Text of the second rank.
    FaintInk,
    /// Frames around pictures.
    Frame,
    /// Lines of a grid behind curves.
    Grid,
    /// The curve of this number, counted from 0, again from the first after the last.
    Curve(usize),
    /// The same hue, pale: what lies behind the curve.
    PaleCurve(usize),
    /// This very colour on every background.
    Exact(Rgb),
}

impl From<Rgb> for Paint {
    fn from(color: Rgb) -> Self {
        Paint::Exact(color)
    }
}

/// Colours of curves on white, told apart by colour-blind readers as well (the palette of Okabe and Ito, darkest first).
const CURVES: [Rgb; 6] = Rgb::CURVES;
/// The same hues on a dark background: as light as they must be to stand out from it.
const CURVES_ON_DARK: [Rgb; 6] = [
    Rgb([86, 180, 233]),
    Rgb([242, 142, 64]),
    Rgb([45, 196, 150]),
    Rgb([222, 150, 192]),
    Rgb([240, 190, 80]),
    Rgb([150, 205, 245]),
];
const DARK_PAPER: Rgb = Rgb([23, 26, 32]);

impl Paint {
    /// All that have a meaning.
    pub fn all() -> impl Iterator<Item = Paint> {
        let fixed = [Paint::Paper, Paint::Ink, Paint::FaintInk, Paint::Frame, Paint::Grid];
        let curves = (0..CURVES.len()).flat_map(|i| [Paint::Curve(i), Paint::PaleCurve(i)]);
        fixed.into_iter().chain(curves)
    }

    /// The colour on a light background.
    pub fn on_light(self) -> Rgb {
        match self {
            Paint::Paper => Rgb::WHITE,
            Paint::Ink => Rgb::INK,
            Paint::FaintInk => Rgb::FAINT_INK,
            Paint::Frame => Rgb::FRAME,
            Paint::Grid => Rgb::GRID,
            Paint::Curve(i) => CURVES[i % CURVES.len()],
            Paint::PaleCurve(i) => CURVES[i % CURVES.len()].mix(Rgb::WHITE, 0.62),
            Paint::Exact(color) => color,
        }
    }

    /// The colour on a dark background.
    pub fn on_dark(self) -> Rgb {
        match self {
            Paint::Paper => DARK_PAPER,
            Paint::Ink => Rgb([232, 234, 238]),
            Paint::FaintInk => Rgb([166, 173, 186]),
            Paint::Frame => Rgb([88, 95, 108]),
            Paint::Grid => Rgb([48, 53, 63]),
            Paint::Curve(i) => CURVES_ON_DARK[i % CURVES.len()],
            Paint::PaleCurve(i) => CURVES_ON_DARK[i % CURVES.len()].mix(DARK_PAPER, 0.5),
            Paint::Exact(color) => color,
        }
    }

    /// The name of its CSS class; none for what is exact.
    pub fn class(self) -> Option<String> {
        Some(match self {
            Paint::Paper => "p-paper".to_owned(),
            Paint::Ink => "p-ink".to_owned(),
            Paint::FaintInk => "p-faint".to_owned(),
            Paint::Frame => "p-frame".to_owned(),
            Paint::Grid => "p-grid".to_owned(),
            Paint::Curve(i) => format!("p-curve{}", i % CURVES.len()),
            Paint::PaleCurve(i) => format!("p-pale{}", i % CURVES.len()),
            Paint::Exact(_) => return None,
        })
    }

    /// Black or white ink, whichever is read better on this colour.
    pub fn ink_on(color: Rgb) -> Paint {
        let black_is_better = color.contrast(Rgb::BLACK) > color.contrast(Rgb::WHITE);
        Paint::Exact(if black_is_better { Rgb::BLACK } else { Rgb::WHITE })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_the_first_curves_stand_out_from_both_backgrounds() {
        for on in [Paint::on_light, Paint::on_dark] {
            for (paint, least) in
                [(Paint::Ink, 7.0), (Paint::FaintInk, 4.5), (Paint::Curve(0), 3.0), (Paint::Curve(1), 3.0)]
            {
                let contrast = on(paint).contrast(on(Paint::Paper));
                assert!(contrast >= least, "{paint:?}: {contrast:.2}");
            }
        }
    }

    #[test]
    fn text_on_any_colour_can_be_read() {
        for map in [crate::picture::ColorMap::Ink, crate::picture::ColorMap::Diverging] {
            for i in 0..=20 {
                let color = map.color(f64::from(i) / 20.0);
                let contrast = Paint::ink_on(color).on_light().contrast(color);
                assert!(contrast >= 4.5, "{color:?}: {contrast:.2}");
            }
        }
    }

    #[test]
    fn classes_are_told_apart() {
        let mut classes: Vec<_> = Paint::all().filter_map(Paint::class).collect();
        let count = classes.len();
        classes.sort();
        classes.dedup();
        assert_eq!((classes.len(), count), (17, 17));
    }
}
