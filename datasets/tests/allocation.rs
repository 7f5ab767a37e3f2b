//! No file makes its reader take more memory than it could fill.

mod attack;
#[path = "../../tensor/tests/counting/mod.rs"]
mod counting;

use std::io::Write;

use datasets::idx;
use flate2::{Compression, write::GzEncoder};

/// What decoding gzip takes in any case: its window, its tables, its buffers.
const DECODER: usize = 1 << 17;
/// Deflate shrinks by 1032 at most.
const RATIO: usize = 1032;

// The only test of this program: others would run at the same time, and be counted.
#[test]
fn what_is_allocated() {
    let file = idx::encode_bytes(&[6, 3, 2], &[200; 36]);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&file).unwrap();
    let packed = encoder.finish().unwrap();
    for (file, most) in [(&file, file.len()), (&packed, DECODER + RATIO * packed.len())] {
        let largest = counting::largest(|| attack::every_changed_byte(file, |bytes, _| drop(idx::parse(bytes))));
        // The list of sizes may have 255 elements, and a message some more letters.
        assert!(largest <= most + 4096, "{largest} bytes at once for a file of {}", file.len());
    }
    for size in [1_u32 << 24, 1 << 29, 1 << 31, u32::MAX] {
        for rank in [1, 2, 3, 255] {
            let header = [&[0, 0, 8, rank as u8][..], &size.to_be_bytes().repeat(rank)].concat();
            let largest = counting::largest(|| drop(idx::parse(&header)));
            assert!(largest <= 1 << 14, "{largest} bytes at once for {rank} sizes of {size}");
        }
    }
}
