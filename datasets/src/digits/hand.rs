//! The hand that writes: a digit's shape with everything that differs from one writing to the next.

use super::glyphs::{self, Family, Shape};
use crate::random::Random;

/// Line pieces between two points of a stroke.
const PIECES: usize = 6;

/// How far a point is moved, as a deviation along each axis; a digit is 1 high.
const JITTER: f32 = 0.026;

/// Deviation of the sine of the angle by which a digit is turned.
const TURN: f32 = 0.10;

/// Deviation of each coefficient of the bend.
const BEND: f32 = 0.018;

/// Deviation of the slope and of the curve of the pressure.
const PRESS: f32 = 0.2;

/// A digit as it was written.
pub(super) struct Writing {
    /// Strokes, each a line through its points.
    pub(super) strokes: Vec<Vec<Point>>,
    /// Half the width of the pen in pixels.
    pub(super) radius: f32,
    /// How far an edge fades, in pixels.
    pub(super) fade: f32,
    /// The longer side of the digit in pixels.
    pub(super) size: f32,
}

/// Where the pen was, and how hard it pressed.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
    /// The pen's width here, relative to its width on average.
    pub(super) pressure: f32,
}

/// How a digit is usually written: measured on MNIST's training images.
struct Habit {
    /// Mean and deviation of the slant: how far the top leans to the right, for a height of 1.
    slant: [f32; 2],
    /// Mean and deviation of the logarithm of the width factor.
    stretch: [f32; 2],
    /// The width of the pen, relative to that of all digits.
    pen: f32,
}

const fn habit(slant: [f32; 2], stretch: [f32; 2], pen: f32) -> Habit {
    Habit { slant, stretch, pen }
}

const HABITS: [Habit; 10] = [
    habit([0.15, 0.22], [0.06, 0.20], 1.14),
    habit([0.23, 0.26], [-0.05, 0.22], 1.17),
    habit([0.10, 0.23], [0.15, 0.20], 1.08),
    habit([0.03, 0.20], [0.08, 0.18], 1.04),
    habit([0.13, 0.25], [0.08, 0.20], 1.00),
    habit([0.14, 0.25], [0.10, 0.20], 0.97),
    habit([0.10, 0.20], [0.03, 0.18], 1.03),
    habit([-0.02, 0.20], [0.12, 0.18], 1.06),
    habit([0.10, 0.20], [0.05, 0.18], 0.97),
    habit([0.11, 0.20], [0.02, 0.18], 0.97),
];

/// Writes a digit.
pub(super) fn write(digit: usize, random: &mut Random) -> Writing {
    let shape = mix(pick_family(digit, random), random);
    let bend = Bend::new(digit, random);
    let pressure = Pressure::new(random);
    let strokes = shape
        .into_iter()
        .map(|points| {
            let mut line = smooth(&points);
            let last = (line.len() - 1).max(1) as f32;
            for (position, point) in line.iter_mut().enumerate() {
                let [x, y] = bend.apply([point.x, point.y]);
                *point = Point { x, y, pressure: pressure.at(position as f32 / last) };
            }
            line
        })
        .collect();
    let radius = pen_radius(random) * HABITS[digit].pen;
    Writing { strokes, radius, fade: random.between(0.9, 1.4), size: 20.0 - random.between(0.0, 1.0) }
}

fn pen_radius(random: &mut Random) -> f32 {
    (1.22 + 0.32 * random.normal()).max(0.65)
}

fn pick_family(digit: usize, random: &mut Random) -> &'static Family {
    let families = glyphs::DIGITS[digit];
    let mut rest = random.below(families.iter().map(|family| family.weight).sum());
    for family in families {
        match rest.checked_sub(family.weight) {
            Some(left) => rest = left,
            None => return family,
        }
    }
    unreachable!("a number below the sum of the weights falls into one of them")
}

/// A random mixture of two shapes of a family, each point moved a little, and its neighbours half as far with it.
fn mix(family: &Family, random: &mut Random) -> Vec<Vec<[f32; 2]>> {
    let pick = |random: &mut Random| -> Shape { family.shapes[random.below(family.shapes.len() as u32) as usize] };
    let (one, other) = (pick(random), pick(random));
    let share = random.uniform();
    one.iter()
        .zip(other)
        .map(|(one, other)| {
            let moves: Vec<[f32; 2]> = one.iter().map(|_| [random.normal(), random.normal()]).collect();
            let mut points: Vec<[f32; 2]> = Vec::with_capacity(one.len());
            for (index, (a, b)) in one.iter().zip(other.iter()).enumerate() {
                // A corner is one point given twice: it moves as one.
                if index > 0 && one[index - 1] == *a {
                    points.push(points[index - 1]);
                    continue;
                }
                let (before, after) = (moves[index.max(1) - 1], moves[(index + 1).min(one.len() - 1)]);
                points.push([0, 1].map(|axis| {
                    let (a, b) = (f32::from(a[axis]) / 100.0, f32::from(b[axis]) / 100.0);
                    a + (b - a) * share + JITTER * (moves[index][axis] + 0.5 * (before[axis] + after[axis]))
                }));
            }
            points
        })
        .collect()
}

/// A smooth line through the points (Catmull and Rom, 1974): between two points a cubic whose tangent in a point is
/// half the way from the point before to the point after it.
fn smooth(points: &[[f32; 2]]) -> Vec<Point> {
    let mut line = Vec::with_capacity(points.len() * PIECES + 1);
    let at = |index: usize| Point { x: points[index][0], y: points[index][1], pressure: 1.0 };
    line.push(at(0));
    for index in 0..points.len() - 1 {
        let (p1, p2) = (points[index], points[index + 1]);
        if p1 == p2 {
            continue;
        }
        // Beyond the ends, and beyond a corner, the line goes on as it was.
        let p0 = if index > 0 { points[index - 1] } else { p1 };
        let p3 = if index + 2 < points.len() { points[index + 2] } else { p2 };
        for piece in 1..=PIECES {
            let t = piece as f32 / PIECES as f32;
            let cubic = |axis: usize| {
                let (p0, p1, p2, p3) = (p0[axis], p1[axis], p2[axis], p3[axis]);
                let (c1, c2) = (p2 - p0, 2.0 * p0 - 5.0 * p1 + 4.0 * p2 - p3);
                let c3 = 3.0 * p1 - p0 - 3.0 * p2 + p3;
                p1 + 0.5 * t * (c1 + t * (c2 + t * c3))
            };
            line.push(Point { x: cubic(0), y: cubic(1), pressure: 1.0 });
        }
    }
    line
}

/// Slant, stretch, turn and a gentle bend of the whole digit.
struct Bend {
    slant: f32,
    stretch: f32,
    sine: f32,
    cosine: f32,
    /// Coefficients of the seven terms in the displacement along x and y.
    waves: [[f32; 7]; 2],
}

impl Bend {
    fn new(digit: usize, random: &mut Random) -> Self {
        let habit = &HABITS[digit];
        let slant = habit.slant[0] + habit.slant[1] * random.normal();
        let log = habit.stretch[0] + habit.stretch[1] * random.normal();
        let stretch = libm::expf(log);
        // The half-angle formulas need no trigonometric function.
        let half = 0.5 * TURN * random.normal();
        let (sine, cosine) = (2.0 * half / (1.0 + half * half), (1.0 - half * half) / (1.0 + half * half));
        let waves = [0, 1].map(|_| std::array::from_fn(|_| BEND * random.normal()));
        Self { slant, stretch, sine, cosine, waves }
    }

    fn apply(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        // u and v run from about −1 to 1 over the digit, and so does each term: products of Chebyshev's polynomials.
        let (u, v) = ((x - 0.3) * 2.0, (y - 0.5) * 2.0);
        let (u2, v2) = (2.0 * u * u - 1.0, 2.0 * v * v - 1.0);
        let (u3, v3) = (u * (2.0 * u2 - 1.0), v * (2.0 * v2 - 1.0));
        let terms = [u2, v2, u3, v3, u * v, u2 * v, u * v2];
        let wave = |coefficients: &[f32; 7]| coefficients.iter().zip(&terms).fold(0.0, |sum, (c, term)| sum + c * term);
        let (x, y) = (x - 0.3 + wave(&self.waves[0]), y - 0.5 + wave(&self.waves[1]));
        let x = x * self.stretch;
        let (x, y) = (x * self.cosine - y * self.sine, x * self.sine + y * self.cosine);
        [x - self.slant * y, y]
    }
}

/// How the pressure changes along a stroke: a parabola.
struct Pressure {
    slope: f32,
    curve: f32,
}

impl Pressure {
    fn new(random: &mut Random) -> Self {
        Self { slope: PRESS * random.normal(), curve: PRESS * random.normal() }
    }

    /// `t` runs from 0 to 1.
    fn at(&self, t: f32) -> f32 {
        let s = 2.0 * t - 1.0;
        (1.0 + self.slope * s + self.curve * (s * s - 0.33)).max(0.4)
    }
}
