//! The mean image of every class, in characters: of the built-in digits, or with `cargo run -- FOLDER` of the MNIST (or
//! Fashion-MNIST) that lies there.

use std::path::PathBuf;
use std::process::ExitCode;

use datasets::ndarray::{Array2, Axis};
use datasets::{Batches, Dataset, Error, MnistKind, Part, Sampling, Scaling, digits, mnist};

/// From no ink to full ink.
const INK: &[u8] = b" .:-=+*#%@";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let data = match std::env::args_os().nth(1) {
        Some(folder) => mnist::load(MnistKind::Mnist, &PathBuf::from(folder))?.train,
        None => digits::draw(Part::Train, 2000, 0),
    };
    println!("{} images of shape {:?}", data.len(), data.image_shape());
    batches(&data)?;
    means(&data);
    Ok(())
}

/// An epoch as a training goes through it: every image once, in random order, in two buffers that are filled again and again.
fn batches(data: &Dataset) -> Result<(), Error> {
    let mut batches = Batches::new(data.len(), 128, Sampling::Epoch, 0)?;
    let mut x = vec![0.0; batches.largest_batch() * data.image_len()]; // (N, C, H, W), row-major
    let mut t = vec![0; batches.largest_batch()]; // (N,)
    let mut ink = 0.0;
    for _ in 0..batches.steps_per_epoch() {
        let batch = batches.next_batch();
        let (x, t) = (&mut x[..batch.len() * data.image_len()], &mut t[..batch.len()]);
        data.gather(batch, Scaling::Unit, x, t);
        // Here a network would take its step on `x` and `t`.
        ink += x.iter().map(|&x| f64::from(x)).sum::<f64>();
    }
    let (steps, mean) = (batches.steps_per_epoch(), ink / data.pixels().len() as f64);
    println!("{steps} batches an epoch; the mean of all pixels is {mean:.4}");
    Ok(())
}

fn means(data: &Dataset) {
    let images = data.images(Scaling::Unit);
    for class in 0..data.classes() {
        let members: Vec<usize> = (0..data.len()).filter(|&i| usize::from(data.labels()[i]) == class).collect();
        println!("\n{class}, {} images", members.len());
        let Some(mean) = images.select(Axis(0), &members).mean_axis(Axis(0)) else { continue };
        let mean: Array2<f32> = mean.remove_axis(Axis(0));
        // A character is about twice as high as wide: every other row is left out.
        for row in mean.rows().into_iter().step_by(2) {
            let line: String = row.iter().map(|ink| char::from(INK[(ink * 9.99) as usize])).collect();
            println!("{}", line.trim_end());
        }
    }
}
