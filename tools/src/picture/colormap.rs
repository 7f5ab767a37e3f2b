//! From numbers to colours.

use super::color::Rgb;

/// What stands for small, middling and large values.
///
/// Both maps are even for the eye: equal steps of the value look like equal steps of the colour, which is what Oklab
/// (Björn Ottosson, 2020) measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorMap {
    /// Light for small values, dark for large ones, as the book draws its filters (matplotlib's `gray_r`).
    Ink,
    /// Dark for small values, light for large ones: a photograph.
    Light,
    /// Blue below the middle, orange above it, almost white between: for values with a sign. Colour-blind readers tell
    /// the two ends apart as well.
    Diverging,
}

/// Middle of the diverging map and its ends, in Oklab; from the middle to an end the colours lie on a straight line, so
/// all steps are equal.
const MIDDLE: [f64; 3] = [0.975, 0.0, 0.0];
const NEGATIVE: [f64; 3] = [0.42, -0.035, -0.135];
const POSITIVE: [f64; 3] = [0.42, 0.085, 0.088];

impl ColorMap {
    /// The colour at `position`: 0 is the low end, 1 the high end.
    pub fn color(self, position: f64) -> Rgb {
        let position = position.clamp(0.0, 1.0);
        match self {
            ColorMap::Ink => from_oklab([1.0 - position, 0.0, 0.0]),
            ColorMap::Light => from_oklab([position, 0.0, 0.0]),
            ColorMap::Diverging => {
                let way = position * 2.0 - 1.0;
                let end = if way < 0.0 { NEGATIVE } else { POSITIVE };
                from_oklab(std::array::from_fn(|i| MIDDLE[i] + (end[i] - MIDDLE[i]) * way.abs()))
            }
        }
    }
}

/// Lightness, green to red, blue to yellow.
pub(super) fn oklab(color: Rgb) -> [f64; 3] {
    let [r, g, b] = color.0.map(|byte| {
        let v = f64::from(byte) / 255.0;
        if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
    });
    let l = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b).cbrt();
    let m = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b).cbrt();
    let s = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b).cbrt();
    [
        0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
        1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
        0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s,
    ]
}

fn from_oklab([lightness, a, b]: [f64; 3]) -> Rgb {
    let l = (lightness + 0.3963377774 * a + 0.2158037573 * b).powi(3);
    let m = (lightness - 0.1055613458 * a - 0.0638541728 * b).powi(3);
    let s = (lightness - 0.0894841775 * a - 1.2914855480 * b).powi(3);
    let linear = [
        4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
        -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
        -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s,
    ];
    Rgb(linear.map(|v| {
        let v = v.clamp(0.0, 1.0);
        let encoded = if v <= 0.0031308 { v * 12.92 } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
        (encoded * 255.0).round() as u8
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How different two colours look.
    fn distance(a: Rgb, b: Rgb) -> f64 {
        let (a, b) = (oklab(a), oklab(b));
        a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
    }

    #[test]
    fn equal_steps_of_the_value_look_equal() {
        for map in [ColorMap::Ink, ColorMap::Light, ColorMap::Diverging] {
            // Each half for itself: the two halves of the diverging map lead to different ends.
            for half in [0.0, 0.5] {
                let colors: Vec<_> = (0..=8).map(|i| map.color(half + f64::from(i) / 16.0)).collect();
                let steps: Vec<_> = colors.windows(2).map(|pair| distance(pair[0], pair[1])).collect();
                let mean = steps.iter().sum::<f64>() / steps.len() as f64;
                for step in &steps {
                    // A byte of sRGB is a step of up to 0.004 by itself (more next to black).
                    assert!((step - mean).abs() < 0.008, "{map:?} from {half}: {steps:?}");
                }
            }
        }
    }

    #[test]
    fn the_ends_of_the_diverging_map_are_equally_dark_and_inside_srgb() {
        let (low, middle, high) =
            (ColorMap::Diverging.color(0.0), ColorMap::Diverging.color(0.5), ColorMap::Diverging.color(1.0));
        assert!((low.lightness() - high.lightness()).abs() < 0.01, "{low:?} {high:?}");
        assert!(middle.lightness() > 0.96);
        assert!(distance(low, high) > 0.25);
        for (color, exact) in [(low, NEGATIVE), (high, POSITIVE)] {
            for (got, exact) in oklab(color).iter().zip(exact) {
                assert!((got - exact).abs() < 0.005, "{color:?} was clipped");
            }
        }
    }

    #[test]
    fn the_grey_maps_run_from_black_to_white() {
        assert_eq!(ColorMap::Light.color(0.0), Rgb([0, 0, 0]));
        assert_eq!(ColorMap::Light.color(1.0), Rgb::WHITE);
        assert_eq!(ColorMap::Ink.color(0.0), Rgb::WHITE);
        assert_eq!(ColorMap::Ink.color(2.0), Rgb([0, 0, 0]));
    }
}
