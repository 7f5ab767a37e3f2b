//! Trains a network on a folder of one's own pictures, and writes its weights into `shapes.postcard`.
//!
//! `cargo run -- FOLDER`: the folder has one folder a class, with PNG files of one size in it. Without one, the program draws
//! pictures first (`draw.rs`, which is not needed with pictures of one's own).

mod draw;
mod pictures;

use std::error::Error;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;

use model::layers::{Init, Window};
use model::{Event, LayerSpec, Network, NetworkSpec, OptimizerConfig, Trainer, TrainerConfig, evaluate, guess};

const WEIGHTS: &str = "shapes.postcard";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let folder = match std::env::args_os().nth(1) {
        Some(folder) => PathBuf::from(folder),
        None => draw::shapes("shapes")?,
    };
    let (names, all) = pictures::read(&folder)?;
    println!("{} images of {:?} in the classes {}", all.len(), all.image_shape(), names.join(", "));

    // A quarter is kept apart: how good the network is shows on images from which it has not learned.
    let (train, test) = all.split(all.len() / 4, 0)?;

    // As large as the images ask for: what goes into a layer follows from the layers before.
    let init = Init::HeNormal;
    let spec = NetworkSpec {
        input: all.image_shape().to_vec(),
        layers: vec![
            LayerSpec::Convolution { filters: 8, window: Window::square(3), init },
            LayerSpec::Relu,
            LayerSpec::MaxPool { window: Window::square(2).stride(2) },
            LayerSpec::Affine { outputs: names.len(), init },
        ],
    };
    let mut network = Network::build(spec, 0)?;

    let optimizer = OptimizerConfig::default().with_lr(0.005);
    let config = TrainerConfig { epochs: 20, batch_size: 16, optimizer, ..TrainerConfig::default() };
    Trainer::new(config)?.train(&mut network, &train, &test, &mut |event| {
        match event {
            Event::Epoch { epoch, mean_loss, test_accuracy, .. } if epoch % 5 == 0 => {
                println!("epoch {epoch:2}: loss {mean_loss:.4}, {:.1} % of the test images", 100.0 * test_accuracy);
            }
            Event::Warning(warning) => println!("{warning}"),
            _ => {}
        }
        ControlFlow::Continue(()) // (Break stops the training here.)
    })?;

    let result = evaluate(&network, &test)?;
    println!("{} of {} test images are right", result.correct, result.total);
    for (name, counts) in names.iter().zip(guess(&network, &test)?.confusion()) {
        println!("    {name:6} was taken for {names:?} so often: {counts:?}");
    }
    network.save_params(WEIGHTS)?;
    println!("written: {WEIGHTS}");
    Ok(())
}
