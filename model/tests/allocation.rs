//! What is allocated, and what not.

#[path = "../../tensor/tests/counting/mod.rs"]
mod counting;

use std::ops::ControlFlow;

use datasets::digits;
use model::{Checkpoint, ConvParam, Event, Network, SimpleConvNet, Trainer, TrainerConfig};
use optim::OptimizerKind;
use sha2::{Digest, Sha256};

// The only test of this program: others would run at the same time, and be counted.
#[test]
fn what_is_allocated() {
    // More threads than most machines of a test have cores: some will help for the first time in a late step.
    for threads in [1, 2, 5] {
        tensor::threads::Pool::new(threads).install(|| steps_do_not_allocate(threads));
    }
    no_file_makes_the_reader_allocate_much();
}

/// After the first step, which shows how large everything gets.
fn steps_do_not_allocate(threads: usize) {
    // Six whole batches and one of a single image an epoch.
    let data = digits::splits(61, 10, 0);
    // (So many filters that the affine layer behind them is one that lies in parts.)
    let conv_param = ConvParam { filter_num: 16, ..ConvParam::default() };
    for kind in OptimizerKind::ALL {
        let settings = SimpleConvNet { conv_param, hidden_size: 20, ..SimpleConvNet::default() };
        let mut network = settings.build(0).unwrap();
        let config = TrainerConfig {
            epochs: 2,
            batch_size: 10,
            optimizer: kind.config(),
            weight_decay: 0.001,
            ..TrainerConfig::default()
        };
        let mut before = 0;
        let mut on_event = |event: &Event| {
            let so_far = counting::allocations();
            if let &Event::Step { epoch, step, .. } = event
                && step > 1
            {
                assert_eq!(so_far - before, 0, "{kind}, {threads} threads: step {step} of epoch {epoch}");
            }
            before = counting::allocations();
            ControlFlow::Continue(())
        };
        Trainer::new(config).unwrap().train(&mut network, &data.train, &data.test, &mut on_event).unwrap();
    }
}

/// Whatever a short file says, its reader does not take more than the decoder's first guess, a MiB.
fn no_file_makes_the_reader_allocate_much() {
    small_whatever_it_says(include_bytes!("fixtures/params-v1.postcard"), |bytes| {
        drop(Network::<f32>::from_bytes(bytes))
    });
    small_whatever_it_says(include_bytes!("fixtures/checkpoint-v1.postcard"), |bytes| {
        drop(Checkpoint::from_bytes(bytes))
    });
}

fn small_whatever_it_says(file: &[u8], read: impl Fn(&[u8])) {
    let mut bytes = file.to_vec();
    let largest = counting::largest(|| {
        for at in 20..file.len() - 32 {
            for change in 1..=255 {
                bytes[at] = file[at] ^ change;
                // The checksum is made right, so that the content is read at all.
                let (content, checksum) = bytes.split_at_mut(file.len() - 32);
                checksum.copy_from_slice(&Sha256::digest(content));
                read(&bytes);
            }
            bytes[at] = file[at];
        }
    });
    assert!(largest <= 1 << 20, "{largest} bytes at once");
}
