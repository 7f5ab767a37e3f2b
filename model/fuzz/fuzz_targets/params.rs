//! Any bytes as a parameter file, and as the content of one whose checksum is right.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::Network;
use sha2::{Digest, Sha256};

fuzz_target!(|bytes: &[u8]| {
    let _ = Network::<f32>::from_bytes(bytes);
    let mut file = b"\x89CNNP\r\n\x1a\x01\0\0\0".to_vec();
    file.extend((bytes.len() as u64).to_le_bytes());
    file.extend(bytes);
    let checksum = Sha256::digest(&file);
    file.extend_from_slice(&checksum);
    match Network::<f32>::from_bytes(&file) {
        Ok(network) => {
            let written = network.to_bytes();
            assert!(Network::<f32>::from_bytes(&written).unwrap().to_bytes() == written);
        }
        Err(error) => {
            let message = error.to_string();
            assert!(message.len() < 2000 && !message.contains('\n'), "{message}");
        }
    }
});
