//! Any bytes as the content of a checkpoint whose checksum is right; what can be read goes on for a few steps.
#![no_main]

use std::sync::LazyLock;

use datasets::Dataset;
use libfuzzer_sys::fuzz_target;
use model::Checkpoint;
use sha2::{Digest, Sha256};

static DATA: LazyLock<[Dataset; 2]> = LazyLock::new(|| {
    [6, 2].map(|count: u8| {
        let pixels = (0..4 * count).map(|i| 10 * i).collect();
        Dataset::new(pixels, (0..count).map(|i| i % 2).collect(), [1, 2, 2], 2).unwrap()
    })
});

fuzz_target!(|bytes: &[u8]| {
    let _ = Checkpoint::from_bytes(bytes);
    let mut file = b"\x89CNNC\r\n\x1a\x01\0\0\0".to_vec();
    file.extend((bytes.len() as u64).to_le_bytes());
    file.extend(bytes);
    let checksum = Sha256::digest(&file);
    file.extend_from_slice(&checksum);
    let Ok(Checkpoint { mut network, mut trainer, origin }) = Checkpoint::from_bytes(&file) else { return };
    let [train, test] = &*DATA;
    let Ok(mut training) = trainer.start(&mut network, train, test) else { return };
    for _ in 0..5 {
        let Ok(Some(_)) = training.next_event() else { return };
    }
    Checkpoint::from_bytes(&training.checkpoint(&origin)).unwrap();
});
