//! Draws a few of the built-in digits in the terminal: `cargo run -p datasets --example digits [seed]`.

use datasets::{Part, digits};

/// From no ink to full ink.
const INK: [char; 5] = [' ', '░', '▒', '▓', '█'];
const DIGITS: usize = 5;

fn main() {
    let seed = std::env::args().nth(1).and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let digits = digits::draw(Part::Train, DIGITS, seed);
    let [_, height, width] = digits.image_shape();
    println!("{digits:?}, labels {:?}", digits.labels());
    // A character is about twice as high as it is wide, so every other row is left out.
    for row in (0..height).step_by(2) {
        let line: String = (0..DIGITS)
            .flat_map(|image| digits.image(image)[row * width..][..width].to_vec())
            .map(|byte| INK[usize::from(byte) * INK.len() / 256])
            .collect();
        println!("{}", line.trim_end());
    }
}
