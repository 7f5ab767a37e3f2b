//! Colours, and the few that the pictures use.

/// A colour: red, green, blue, as a PNG stores them (sRGB).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub [u8; 3]);

impl Rgb {
    /// The background of every picture, so that it reads the same on a light and on a dark page.
    pub const WHITE: Rgb = Rgb([255, 255, 255]);
    /// Text on a colour, where white would be harder to read.
    pub const BLACK: Rgb = Rgb([0, 0, 0]);
    /// Text and axes.
    pub const INK: Rgb = Rgb([34, 38, 46]);
    /// Text of the second rank.
    pub const FAINT_INK: Rgb = Rgb([95, 102, 115]);
    /// Frames around pictures.
    pub const FRAME: Rgb = Rgb([176, 182, 192]);
    /// Lines of a grid behind curves.
    pub const GRID: Rgb = Rgb([226, 229, 234]);
    /// What is not a number: no colour map contains it.
    pub const NOT_A_NUMBER: Rgb = Rgb([255, 0, 255]);

    /// Colours of curves, told apart by colour-blind readers as well (the palette of Okabe and Ito, darkest first).
    pub const CURVES: [Rgb; 6] = [
        Rgb([0, 114, 178]),
        Rgb([213, 94, 0]),
        Rgb([0, 158, 115]),
        Rgb([204, 121, 167]),
        Rgb([230, 159, 0]),
        Rgb([86, 180, 233]),
    ];

    /// This colour with `share` (0 to 1) of `other` laid over it.
    pub fn mix(self, other: Rgb, share: f32) -> Rgb {
        let share = share.clamp(0.0, 1.0);
        let mixed = |i: usize| {
            let (below, above) = (f32::from(self.0[i]), f32::from(other.0[i]));
            (below + (above - below) * share).round() as u8
        };
        Rgb([mixed(0), mixed(1), mixed(2)])
    }

    /// How light the colour is for the eye, from 0 (black) to 1 (white): the lightness of Oklab.
    pub fn lightness(self) -> f64 {
        super::colormap::oklab(self)[0]
    }

    /// The contrast of two colours as the Web Content Accessibility Guidelines (2.2) define it, from 1 to 21.
    pub fn contrast(self, other: Rgb) -> f64 {
        let luminance = |color: Rgb| {
            let [r, g, b] = color.0.map(|byte| {
                let v = f64::from(byte) / 255.0;
                if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
            });
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        let (a, b) = (luminance(self) + 0.05, luminance(other) + 0.05);
        a.max(b) / a.min(b)
    }
}
