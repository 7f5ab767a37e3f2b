//! Any bytes, compressed by ourselves: it must make no difference, as far as they are an array.
#![no_main]

use std::io::Write;

use datasets::idx;
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    let packed = encoder.finish().unwrap();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        // gzip within gzip is not unpacked twice.
        assert!(idx::parse(&packed).is_err());
        return;
    }
    match (idx::parse(bytes), idx::parse(&packed)) {
        (Ok(array), Ok(unpacked)) => {
            // NaN is not equal to itself.
            assert_eq!(format!("{array:?}"), format!("{unpacked:?}"));
        }
        (Err(_), Err(_)) => {}
        (raw, packed) => panic!("{raw:?}, but compressed {packed:?}"),
    }
});
