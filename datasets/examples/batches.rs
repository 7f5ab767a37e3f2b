//! The two ways to draw batches, on ten images: `cargo run -p datasets --example batches`.

use datasets::{Batches, Error, Sampling};

fn main() -> Result<(), Error> {
    for sampling in [Sampling::Epoch, Sampling::Book] {
        let mut batches = Batches::new(10, 4, sampling, 0)?;
        println!("{sampling}:");
        for _ in 0..2 * batches.steps_per_epoch() {
            let position = batches.position();
            println!("  epoch {} step {}: images {:?}", position.epoch, position.step, batches.next_batch());
        }
    }
    Ok(())
}
