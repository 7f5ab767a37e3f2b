//! IDX and gzip files under attack. (Each parser by itself: see `idx.rs`.)

mod attack;

use std::fs;
use std::io::Write;
use std::path::Path;

use attack::{Numbers, damaged, every_changed_byte, every_cut, hollow, within};
use datasets::idx::{self, Elements, Idx};
use datasets::{MnistKind, mnist};
use flate2::{Compression, write::GzEncoder};

const LABELS: &str = "train-labels-idx1-ubyte.gz";

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An IDX file of 4 images of 3×2 pixels.
fn images() -> Vec<u8> {
    idx::encode_bytes(&[4, 3, 2], &std::array::from_fn::<u8, 24, _>(|pixel| 10 * pixel as u8))
}

/// Four files in a folder.
fn write_set(folder: &Path) {
    for (file, count) in MnistKind::Mnist.files().iter().zip([4, 4, 2, 2]) {
        let bytes = match file.content {
            mnist::Content::Images => idx::encode_bytes(&[count, 3, 2], &vec![7; 6 * count]),
            mnist::Content::Labels => idx::encode_bytes(&[count], &vec![3; count]),
        };
        fs::write(folder.join(file.name), gzipped(&bytes)).unwrap();
    }
}

/// IDX has no checksum, but its header and its length leave little to chance: with another header byte the length is
/// wrong, unless the product of the sizes stays the same, or the elements are signed.
#[test]
fn every_changed_byte_of_a_raw_file_is_noticed_or_makes_that_very_array() {
    let file = images();
    let expected = idx::parse(&file).unwrap();
    let Elements::U8(pixels) = &expected.elements else { panic!("bytes") };
    every_changed_byte(&file, |bytes, at| match idx::parse(bytes) {
        Err(_) => assert!(at < 16, "byte {at} is a pixel"),
        Ok(Idx { shape, elements: Elements::U8(changed) }) => {
            assert_eq!(shape, expected.shape, "byte {at}");
            let differ = (0..24).filter(|&i| changed[i] != pixels[i]);
            assert_eq!(differ.collect::<Vec<_>>(), [at - 16]);
        }
        Ok(Idx { elements: Elements::I8(_), .. }) => assert_eq!((at, bytes[at]), (2, 9)),
        Ok(other) => panic!("byte {at}: {other:?}"),
    });
}

/// In a whole data set, no damage to a compressed file gives other labels.
#[test]
fn no_damage_gives_other_labels_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    write_set(folder.path());
    let expected = mnist::load(MnistKind::Mnist, folder.path()).unwrap();
    let path = folder.path().join(LABELS);
    let good = fs::read(&path).unwrap();
    let load = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        mnist::load(MnistKind::Mnist, folder.path())
    };
    every_cut(&good, |bytes| {
        let message = load(bytes).unwrap_err().to_string();
        assert!(message.starts_with(&format!("{}: ", path.display())), "{message}");
    });
    every_changed_byte(&good, |bytes, at| match load(bytes) {
        Ok(read) => assert_eq!(read, expected, "byte {at}"),
        Err(error) => assert!(error.to_string().contains(LABELS), "{error}"),
    });
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    write_set(folder.path());
    let strange = tempfile::tempdir().unwrap();
    for (what, target) in attack::no_files(strange.path()) {
        let path = folder.path().join(LABELS);
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(target, &path).unwrap();
        let dir = folder.path().to_path_buf();
        let message = within(1, what, move || mnist::load(MnistKind::Mnist, &dir).unwrap_err().to_string());
        let told = message.starts_with("cannot read ") || message.ends_with(" is not a plain file");
        assert!(told && message.contains(LABELS), "{what}: {message}");
    }
}

#[cfg(unix)]
#[test]
fn folders_that_are_none() {
    let strange = tempfile::tempdir().unwrap();
    for (what, dir) in attack::no_files(strange.path()) {
        let message = within(1, what, move || mnist::load(MnistKind::Mnist, &dir).unwrap_err().to_string());
        assert!(message.starts_with("no file of MNIST in "), "{what}: {message}");
    }
}

/// Told by their beginning, before they are read.
#[test]
fn large_files_that_are_something_else_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    write_set(folder.path());
    let header = &images()[..16];
    for (start, len, words) in [
        (&b""[..], 1 << 29, "none of the element types"),
        (b"PK\x03\x04", 1 << 29, "looks like a zip archive"),
        (header, 1 << 29, "bytes after the end"),
        (header, 1 << 40, "more than the 1074790400 of the longest file"),
        (b"\x1f\x8b", 1 << 40, "more than the 1074790400 of the longest file"),
    ] {
        hollow(&folder.path().join(LABELS), start, len);
        let dir = folder.path().to_path_buf();
        let message = within(1, words, move || mnist::load(MnistKind::Mnist, &dir).unwrap_err().to_string());
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn gzip_headers_and_members() {
    let (file, packed) = (images(), gzipped(&images()));
    let expected = idx::parse(&file).unwrap();
    // A header with an extra field, a name, a comment: the longest that the decoder may meet.
    let mut builder = flate2::GzBuilder::new().filename("n".repeat(60_000)).comment("c").extra(vec![7; 60_000]);
    builder = builder.mtime(u32::MAX).operating_system(255);
    let mut encoder = builder.write(Vec::new(), Compression::best());
    encoder.write_all(&file).unwrap();
    let long_header = encoder.finish().unwrap();
    assert_eq!(idx::parse(&long_header).unwrap(), expected);
    for length in [11, 12, 13, 60_011, 60_012, 60_013, long_header.len() - 1] {
        assert!(idx::parse(&long_header[..length]).is_err(), "cut to {length}");
    }
    // Two members after one another: the array is not put together from both, whatever each of them holds.
    let message = |parts: [&[u8]; 2]| idx::parse(&parts.concat()).unwrap_err().to_string();
    let after = format!("{} bytes after the end of the gzip data", packed.len());
    assert_eq!(message([&packed, &packed]), after);
    let [head, tail] = [gzipped(&file[..20]), gzipped(&file[20..])];
    assert_eq!(message([&head, &tail]), format!("{} bytes after the end of the gzip data", tail.len()));
    let empty = gzipped(b"");
    assert!(idx::parse(&[&empty[..], &packed].concat()).is_err());
    // gzip within gzip is no IDX file.
    assert!(idx::parse(&gzipped(&packed)).unwrap_err().to_string().contains("not an IDX file"));
}

/// A million zeros to a byte: nothing is decoded that the header does not promise, and no promise is believed that so few
/// bytes cannot keep.
#[test]
fn bombs_do_not_go_off() {
    let zeros = vec![0; 100_000_000];
    for header in [[0, 0, 8, 1, 0, 0, 0, 1].as_slice(), &[0, 0, 8, 0], &[0, 0, 0x0e, 1, 0xff, 0xff, 0xff, 0xff], &[]] {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(header).unwrap();
        encoder.write_all(&zeros).unwrap();
        let bomb = encoder.finish().unwrap();
        within(1, "a bomb", move || idx::parse(&bomb).unwrap_err());
    }
}

#[test]
fn messages_about_many_axes_are_short() {
    let file = [&[0, 0, 8, 255][..], &[0xff; 4 * 255]].concat();
    assert_eq!(
        idx::parse(&file).unwrap_err().to_string(),
        "the header promises [4294967295, 4294967295, 4294967295, …, 4294967295] of 255 axes elements of 1 bytes, more \
         than the limit of 1073741824 bytes"
    );
}

/// Reads damaged files; gives how many were refused. `silent` files may be read as another array.
fn read_damaged(file: &[u8], silent: bool, times: usize, seed: u64) -> usize {
    let (expected, mut numbers, mut refused) = (idx::parse(file).unwrap(), Numbers::new(seed), 0);
    for _ in 0..times {
        match idx::parse(&damaged(file, &mut numbers)) {
            Ok(array) => assert!(silent || array == expected),
            Err(_) => refused += 1,
        }
    }
    refused
}

#[test]
fn random_damage() {
    assert!(read_damaged(&images(), true, 10_000, 1) > 5_000);
    assert!(read_damaged(&gzipped(&images()), false, 5_000, 2) > 4_000);
}

#[test]
#[ignore = "long: cargo xtask faults"]
fn random_damage_for_long() {
    let count = 50_000 * attack::times();
    let refused = read_damaged(&images(), true, count, 3);
    println!("faults: IDX file, random damage | {count} | {refused} refused, no panic");
    let refused = read_damaged(&gzipped(&images()), false, count, 4);
    println!("faults: gzip file, random damage | {count} | {refused} refused, the others unchanged");
}
