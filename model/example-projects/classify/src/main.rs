//! Loads a trained network and says what it takes images for.
//!
//! `shapes.postcard` was written by the project beside this one, `own-images`; `train` of the crate `tools` writes such a file as
//! `out/params.postcard`. Another is named on the command line: `cargo run -- FILE`.

use std::error::Error;
use std::process::ExitCode;

use model::Network;
use model::layers::ndarray::Array4;

/// The classes, in the order in which the network was trained.
const NAMES: [&str; 3] = ["circle", "cross", "square"];

const SIDE: usize = 12;

/// Images come from anywhere: a camera, a window, a file. These are written down: `#` is ink.
const IMAGES: [[&str; SIDE]; 3] = [
    [
        "            ",
        "    ###     ",
        "   #   #    ",
        "  #     #   ",
        "  #     #   ",
        "  #     #   ",
        "   #   #    ",
        "    ###     ",
        "            ",
        "            ",
        "            ",
        "            ",
    ],
    [
        "            ",
        "            ",
        "   ######## ",
        "   #      # ",
        "   #      # ",
        "   #      # ",
        "   #      # ",
        "   #      # ",
        "   ######## ",
        "            ",
        "            ",
        "            ",
    ],
    [
        "            ",
        "            ",
        "            ",
        "  #     #   ",
        "   #   #    ",
        "    # #     ",
        "     #      ",
        "    # #     ",
        "   #   #    ",
        "  #     #   ",
        "            ",
        "            ",
    ],
];

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
    let file = std::env::args_os().nth(1).unwrap_or("shapes.postcard".into());
    let network = Network::<f32>::load(&file)?;
    if network.classes() != NAMES.len() {
        let file = file.display();
        return Err(format!("{file} tells {} classes apart, expected {}", network.classes(), NAMES.len()).into());
    }

    // A batch (N, C, H, W) of numbers scaled as in training: from 0, no ink, to 1.
    let images =
        Array4::from_shape_fn((IMAGES.len(), 1, SIDE, SIDE), |(i, _, y, x)| match IMAGES[i][y].as_bytes()[x] {
            b' ' => 0.0,
            _ => 1.0,
        });
    for (i, found) in network.classify(images.view())?.iter().enumerate() {
        println!("image {i} is a {}", NAMES[found.class]);
        for (name, probability) in NAMES.iter().zip(&found.probabilities) {
            println!("    {name:6} {:6.2} %", 100.0 * probability);
        }
    }
    Ok(())
}
