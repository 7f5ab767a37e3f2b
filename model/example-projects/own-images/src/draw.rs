//! Draws pictures, in place of one's own.

use std::error::Error;
use std::fs::{self, File};
use std::path::PathBuf;

const SIDE: usize = 12;

/// A folder with a folder of PNG files for each shape: of several sizes, in several places.
pub fn shapes(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let folder = PathBuf::from(name);
    for (shape, inked) in [("circle", circle as fn(i32, i32, i32) -> bool), ("cross", cross), ("square", square)] {
        fs::create_dir_all(folder.join(shape))?;
        for (i, (radius, row, column)) in places().enumerate() {
            let ink = |at: usize| match inked((at / SIDE) as i32 - row, (at % SIDE) as i32 - column, radius) {
                true => 255 - (i * 37 % 100) as u8,
                false => (at * (i + 7) % 30) as u8, // paper is never quite clean
            };
            let pixels: Vec<u8> = (0..SIDE * SIDE).map(ink).collect();
            let file = File::create(folder.join(shape).join(format!("{i:02}.png")))?;
            let mut encoder = png::Encoder::new(file, SIDE as u32, SIDE as u32);
            encoder.set_color(png::ColorType::Grayscale);
            encoder.write_header()?.write_image_data(&pixels)?;
        }
    }
    Ok(folder)
}

/// Radius, row and column of the middle: everywhere where the shape lies within the picture.
fn places() -> impl Iterator<Item = (i32, i32, i32)> {
    let middles = |radius| radius..SIDE as i32 - radius;
    (2..=4).flat_map(move |radius| {
        middles(radius).flat_map(move |row| middles(radius).map(move |column| (radius, row, column)))
    })
}

fn circle(y: i32, x: i32, radius: i32) -> bool {
    (y * y + x * x - radius * radius).abs() <= radius
}

fn cross(y: i32, x: i32, radius: i32) -> bool {
    y.abs() == x.abs() && y.abs() <= radius
}

fn square(y: i32, x: i32, radius: i32) -> bool {
    y.abs().max(x.abs()) == radius
}
