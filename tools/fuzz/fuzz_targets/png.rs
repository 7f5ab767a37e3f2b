//! Any bytes as a picture. (The decoder does not look at checksums when it is fuzzed.)
#![no_main]

use std::io::Cursor;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use tools::picture::grey_from_png;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(picture) = grey_from_png(Cursor::new(bytes), Path::new("picture.png")) {
        assert!(picture.iter().all(|value| (0.0..=1.0).contains(value)));
    }
});
