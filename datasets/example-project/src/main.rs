//! The mean image of every class, in characters: of MNIST where it is on this machine, else of the built-in digits.

use datasets::ndarray::{Array2, Axis};
use datasets::{Dataset, Error, MnistKind, Part, Scaling, digits, mnist};

/// From no ink to full ink.
const INK: &[u8] = b" .:-=+*#%@";

fn data() -> Result<Dataset, Error> {
    match datasets::find(MnistKind::Mnist, None) {
        Ok(dir) => Ok(mnist::load(MnistKind::Mnist, &dir)?.train.limit(2000)),
        Err(Error::NotFound { .. }) => Ok(digits::draw(Part::Train, 2000, 0)),
        Err(damaged) => Err(damaged),
    }
}

fn main() -> Result<(), Error> {
    let data = data()?;
    let images = data.images(Scaling::Unit);
    println!("{} images of shape {:?}", data.len(), data.image_shape());
    for class in 0..data.classes() {
        let members: Vec<usize> = (0..data.len()).filter(|&i| usize::from(data.labels()[i]) == class).collect();
        let mean: Array2<f32> =
            images.select(Axis(0), &members).mean_axis(Axis(0)).expect("members").remove_axis(Axis(0));
        println!("\n{class}, {} images", members.len());
        // A character is about twice as high as wide: every other row is left out.
        for row in mean.rows().into_iter().step_by(2) {
            let line: String = row.iter().map(|ink| char::from(INK[(ink * 9.99) as usize])).collect();
            println!("{}", line.trim_end());
        }
    }
    Ok(())
}
