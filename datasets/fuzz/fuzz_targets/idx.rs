//! Any bytes as an IDX file, compressed or not.
#![no_main]

use datasets::idx::{self, Elements};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match idx::parse(bytes) {
        Ok(array) => {
            // (A zero somewhere makes it empty, whatever the other sizes are.)
            let product = array.shape.iter().try_fold(1_usize, |a, &b| a.checked_mul(b));
            assert!(array.shape.contains(&0) && array.elements.is_empty() || product == Some(array.elements.len()));
            if let (Elements::U8(values), false) = (&array.elements, array.shape.contains(&0)) {
                assert_eq!(idx::parse(&idx::encode_bytes(&array.shape, values)).unwrap(), array);
            }
        }
        Err(error) => assert!(error.to_string().len() < 1000),
    }
});
