//! The book's smoothed curve.

const WINDOW: usize = 11;
const BETA: f64 = 2.0;

/// Smooths a curve as the book does for its plots (`smooth_curve` in `common/util.py`): each point becomes the weighted
/// mean of the eleven around it, weighted by a Kaiser window of shape 2. The curve goes on mirrored beyond its ends.
///
/// The result is as long as the curve.
///
/// ```
/// use model::smooth_curve;
/// let smooth = smooth_curve(&[1.0; 20]);
/// assert!(smooth.len() == 20 && smooth.iter().all(|y| (y - 1.0).abs() < 1e-15));
/// ```
pub fn smooth_curve(curve: &[f64]) -> Vec<f64> {
    let window = kaiser();
    let sum: f64 = window.iter().sum();
    (0..curve.len())
        .map(|i| (0..WINDOW).map(|j| window[j] / sum * mirrored(curve, i as isize + j as isize - 5)).sum())
        .collect()
}

/// The curve at place `i`, which may lie beyond the ends. Before the first point it goes back from the second, after the
/// last point from the last, which so comes twice: as the book's slices do it. Where the curve is too short even for
/// that, its far end stands in.
fn mirrored(curve: &[f64], i: isize) -> f64 {
    let last = curve.len() as isize - 1;
    let i = if i < 0 { -i } else { i };
    let i = if i > last { 2 * last + 1 - i } else { i };
    curve[i.clamp(0, last) as usize]
}

/// The Kaiser window `I0(β · √(1 − r²))`, with r from −1 to 1; not divided by `I0(β)`, for only its shape matters here.
fn kaiser() -> [f64; WINDOW] {
    std::array::from_fn(|j| {
        let r = 2.0 * j as f64 / (WINDOW - 1) as f64 - 1.0;
        bessel_i0(BETA * (1.0 - r * r).sqrt())
    })
}

/// The modified Bessel function of the first kind and order 0, by its series `Σ ((x/2)ᵏ / k!)²`. For the small x here
/// (up to 2) the terms are below the last digit after a dozen.
fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..30 {
        term *= x / 2.0 / f64::from(k);
        sum += term * term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bessel_from_the_tables() {
        // Abramowitz and Stegun (1964), table 9.8 (there times e^-x).
        for (x, expected) in [(0.0, 1.0), (1.0, 1.2660658777520084), (2.0, 2.279585302336067)] {
            assert!((bessel_i0(x) - expected).abs() < 1e-15 * 4.0, "{x}: {}", bessel_i0(x));
        }
    }

    #[test]
    fn short_curves() {
        assert_eq!(smooth_curve(&[]), [0.0; 0]);
        assert!((smooth_curve(&[3.0])[0] - 3.0).abs() < 1e-15);
        let smooth = smooth_curve(&[0.0, 1.0, 0.0]);
        assert!(smooth.len() == 3 && smooth.iter().all(|y| (0.0..1.0).contains(y)), "{smooth:?}");
    }

    #[test]
    fn mirrors_as_the_book_does() {
        let curve: Vec<f64> = (0..12).map(f64::from).collect();
        assert_eq!([-2, -1, 0, 11, 12, 13].map(|i| mirrored(&curve, i)), [2.0, 1.0, 0.0, 11.0, 11.0, 10.0]);
    }
}
