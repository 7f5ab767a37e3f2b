//! A picture to try filters on, drawn by the code: a lighthouse by the sea.
//!
//! It has what edge and texture filters answer to: edges in all directions (the beams of the sun, the sails, the tower,
//! the roof), curves (sun, hills, hull), texture (waves, rock, bricks), smooth gradients (sky, haze).

use tensor::ndarray::Array2;

/// Points a side into which each pixel is divided, for smooth edges.
const SAMPLES: usize = 4;

/// The test picture, square, `size` pixels a side: (size, size), from 0 (black) to 1 (white).
pub fn test_picture(size: usize) -> Array2<f32> {
    Array2::from_shape_fn((size, size), |(row, column)| {
        let mut sum = 0.0;
        for i in 0..SAMPLES * SAMPLES {
            let inside = |i: usize| (i as f64 + 0.5) / SAMPLES as f64;
            let x = (column as f64 + inside(i % SAMPLES)) / size as f64;
            let y = (row as f64 + inside(i / SAMPLES)) / size as f64;
            sum += brightness(x, y);
        }
        (sum / (SAMPLES * SAMPLES) as f64).clamp(0.0, 1.0) as f32
    })
}

/// What is seen at a point; x to the right, y downwards, both from 0 to 1. The nearest thing comes first.
fn brightness(x: f64, y: f64) -> f64 {
    boat(x, y)
        .or_else(|| lighthouse(x, y))
        .or_else(|| cliff(x, y))
        .or_else(|| sea(x, y))
        .or_else(|| hills(x, y))
        .unwrap_or_else(|| sky(x, y))
}

const HORIZON: f64 = 0.66;
const SUN: [f64; 2] = [0.27, 0.26];

/// A gradient, the sun with its beams, two clouds.
fn sky(x: f64, y: f64) -> f64 {
    let (dx, dy) = (x - SUN[0], y - SUN[1]);
    let from_sun = dx.hypot(dy);
    if from_sun < 0.085 {
        return 1.0;
    }
    if let Some(cloud) = cloud(x, y, 0.61, 0.15).or_else(|| cloud(x, y, 0.03, 0.49)) {
        return cloud;
    }
    let base = 0.42 + 0.38 * (y / HORIZON).powi(2);
    // Twenty beams that fade with the distance.
    let beam = triangle(dy.atan2(dx) / std::f64::consts::TAU * 20.0) > 0.5 && (0.115..0.31).contains(&from_sun);
    if beam { base + 0.42 * (1.0 - from_sun / 0.34) } else { base }
}

/// Three balls on a flat base, in soft light from above; (left, bottom) is its corner.
fn cloud(x: f64, y: f64, left: f64, bottom: f64) -> Option<f64> {
    let balls = [[0.035, 0.035], [0.088, 0.056], [0.145, 0.038]];
    let inside = balls.iter().any(|[at, radius]| (x - left - at).hypot(y - bottom + 0.4 * radius) < *radius);
    (inside && y < bottom).then(|| 0.97 - 1.6 * (y - bottom + 0.06).max(0.0))
}

/// Two ranges of hills in the haze.
fn hills(x: f64, y: f64) -> Option<f64> {
    let near = 0.605 - 0.06 * (3.4 * x + 2.2).sin() - 0.015 * (9.0 * x).sin();
    let far = 0.545 - 0.05 * (5.2 * x + 0.6).sin() - 0.02 * (13.0 * x + 1.0).sin();
    if y > near {
        Some(0.34 + 0.22 * (y - near) / 0.1)
    } else if y > far {
        Some(0.52 + 0.30 * (y - far) / 0.1)
    } else {
        None
    }
}

/// Waves that grow towards the eye.
fn sea(x: f64, y: f64) -> Option<f64> {
    if y < HORIZON {
        return None;
    }
    let depth = (y - HORIZON) / (1.0 - HORIZON);
    let near = 0.035 + depth;
    let wave = triangle(7.0 * near.ln() + 0.25 * (x * 14.0 / near.sqrt()).sin()) - 0.5;
    let glitter = if (x - SUN[0]).abs() < 0.05 + 0.06 * depth && wave > 0.1 { 0.28 } else { 0.0 };
    Some(0.44 - 0.10 * depth + 0.50 * wave * (0.35 + 0.65 * depth) + glitter)
}

/// Rock with leaning strata, under grass; on the right.
fn cliff(x: f64, y: f64) -> Option<f64> {
    let fall = ((0.80 - x).max(0.0) / 0.27).powf(1.6);
    let edge = 0.625 + 0.375 * fall + 0.018 * triangle(9.0 * x + 0.3) + 0.008 * triangle(23.0 * x);
    if x < 0.5 || y < edge {
        return None;
    }
    if y < edge + 0.030 + 0.014 * triangle(31.0 * x) {
        return Some(0.16 + 0.32 * triangle(55.0 * x + 12.0 * y));
    }
    // Layers broken into stones of different length and brightness.
    let layer = 24.0 * (y + 0.30 * x + 0.02 * triangle(5.0 * x));
    let stone = (7.0 + 5.0 * noise(layer.floor(), 0.5)) * (x - 0.3 * y) + noise(layer.floor(), 7.0);
    let crack = triangle(layer) < 0.16 || triangle(stone) < 0.09;
    let light = 0.34 + 0.34 * noise(layer.floor(), stone.floor()) - 0.2 * (y - edge);
    Some(if crack { 0.10 } else { light + 0.12 * (layer - layer.floor()) })
}

/// A tower with stripes, a gallery, a lamp, a roof; beside it a house of brick.
fn lighthouse(x: f64, y: f64) -> Option<f64> {
    const AXIS: f64 = 0.80;
    let across = (x - AXIS).abs();
    // Light comes from the left: the tower is round.
    let round = |half: f64| 1.0 - 0.55 * ((x - AXIS + half) / (2.0 * half)).clamp(0.0, 1.0).powf(1.4);
    if (0.100..0.165).contains(&y) && across < 0.056 * (y - 0.095) / 0.07 {
        return Some(0.22 * round(0.056) + 0.05);
    }
    if (0.165..0.225).contains(&y) && across < 0.042 {
        let bars = triangle((x - AXIS) / 0.014 + 0.5) < 0.22;
        return Some(if bars { 0.12 } else { 0.97 });
    }
    if (0.225..0.245).contains(&y) && across < 0.068 {
        return Some(0.15);
    }
    let half = 0.048 + 0.034 * (y - 0.245) / 0.4;
    if (0.245..0.635).contains(&y) && across < half {
        let window = across < 0.012 && [0.335, 0.475].iter().any(|top| (*top..top + 0.045).contains(&y));
        let stripe = ((y - 0.245) / 0.078) as usize % 2 == 1;
        let paint = if window {
            0.06
        } else if stripe {
            0.36
        } else {
            0.98
        };
        return Some(paint * round(half));
    }
    house(x, y)
}

fn house(x: f64, y: f64) -> Option<f64> {
    let (left, right, eaves, ridge, ground) = (0.885, 0.985, 0.535, 0.465, 0.64);
    let middle = (left + right) / 2.0;
    let overhang = 0.012;
    let slope = (y - ridge) / (eaves - ridge) * ((right - left) / 2.0 + overhang);
    if (ridge..eaves).contains(&y) && (x - middle).abs() < slope {
        return Some(0.20 + 0.12 * triangle((x + y) * 40.0));
    }
    if !(eaves..ground).contains(&y) || !(left..right).contains(&x) {
        return None;
    }
    if (left + 0.018..left + 0.048).contains(&x) && (0.558..0.590).contains(&y) {
        return Some(0.08);
    }
    let row = ((y - eaves) / 0.0125).floor();
    let mortar = triangle((y - eaves) / 0.0125) < 0.22 || triangle((x - left) / 0.025 + 0.5 * (row % 2.0)) < 0.14;
    Some(if mortar { 0.78 } else { 0.52 + 0.10 * noise(row, ((x - left) / 0.025).floor()) })
}

/// A sailing boat: two triangles over a curved hull.
fn boat(x: f64, y: f64) -> Option<f64> {
    const MAST: f64 = 0.36;
    let down = y - 0.465;
    if (x - MAST).abs() < 0.004 && (0.45..0.80).contains(&y) {
        return Some(0.05);
    }
    if (0.0..0.29).contains(&down) {
        let (fore, main) = (MAST - 0.10 * down / 0.29 - 0.012, MAST + 0.17 * down / 0.29 + 0.006);
        if x > MAST + 0.008 && x < main {
            let seam = triangle((down - 0.5 * (x - MAST)) / 0.05) < 0.07;
            return Some(if seam { 0.70 } else { 0.98 - 0.9 * (x - MAST) });
        }
        if x < MAST - 0.010 && x > fore && down > 0.035 {
            return Some(0.84 - 1.1 * (MAST - x));
        }
    }
    let hull = 0.148 * (1.0 - ((y - 0.785) / 0.075).powi(2)).max(0.0).sqrt();
    if (0.785..0.86).contains(&y) && (x - MAST - 0.015).abs() < hull {
        return Some(if y < 0.80 { 0.9 } else { 0.14 + 0.3 * (x - MAST + 0.13).max(0.0) });
    }
    None
}

/// A zigzag from 0 (at whole numbers) to 1 (between them).
fn triangle(value: f64) -> f64 {
    let part = value - value.floor();
    2.0 * part.min(1.0 - part)
}

/// Something between 0 and 1 that looks random, the same for the same whole numbers.
fn noise(a: f64, b: f64) -> f64 {
    let mixed =
        (a as i64 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (b as i64 as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed >> 40) as f64 / (1_u64 << 24) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_edges_in_all_directions() {
        let picture = test_picture(256);
        let mut edges = [0.0; 8];
        for y in 1..255 {
            for x in 1..255 {
                let dx = f64::from(picture[[y, x + 1]] - picture[[y, x - 1]]);
                let dy = f64::from(picture[[y + 1, x]] - picture[[y - 1, x]]);
                // An edge has no front and no back: directions from 0 to half a turn.
                let angle = dy.atan2(dx).rem_euclid(std::f64::consts::PI) / std::f64::consts::PI;
                edges[(angle * 8.0 + 0.5) as usize % 8] += dx.hypot(dy);
            }
        }
        let all: f64 = edges.iter().sum();
        for (direction, strength) in edges.iter().enumerate() {
            assert!(strength / all > 0.04, "direction {direction} of 8 has {strength:.1} of {all:.1}");
        }
    }

    #[test]
    fn it_uses_the_whole_scale_and_any_size() {
        let picture = test_picture(128);
        let low = picture.iter().copied().fold(1.0, f32::min);
        let high = picture.iter().copied().fold(0.0, f32::max);
        assert!(low < 0.1 && high > 0.95, "{low} {high}");
        assert_eq!(test_picture(0).len(), 0);
        assert_eq!(test_picture(1).len(), 1);
    }
}
