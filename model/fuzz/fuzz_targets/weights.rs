//! Any bytes as a file of weights: a pickle, or whatever their beginning says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::formats::{Naming, WeightFile};

fuzz_target!(|bytes: &[u8]| {
    let read = WeightFile::from_bytes(bytes);
    match read.and_then(|file| file.network::<f32>(None)) {
        Ok(network) => {
            let arrays = network.to_arrays(Naming::Book).unwrap();
            model::Network::<f32>::from_arrays(network.spec(), &arrays).unwrap();
        }
        Err(error) => {
            let message = error.to_string();
            assert!(message.len() < 2000 && !message.contains('\n'), "{message}");
        }
    }
});
