//! Folders of MNIST files, good and bad.

use std::fs;
use std::io::Write;
use std::path::Path;

use datasets::{MnistKind, Splits, idx, mnist};
use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

const NAMES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// Uncompressed IDX files of 20 training and 10 test images of 3×2 pixels.
fn contents() -> [Vec<u8>; 4] {
    let pixels = |count: usize| (0..count * 6).map(|pixel| pixel as u8).collect::<Vec<_>>();
    let labels = |count: usize| (0..count).map(|image| (image % 10) as u8).collect::<Vec<_>>();
    [
        idx::encode_bytes(&[20, 3, 2], &pixels(20)),
        idx::encode_bytes(&[20], &labels(20)),
        idx::encode_bytes(&[10, 3, 2], &pixels(10)),
        idx::encode_bytes(&[10], &labels(10)),
    ]
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A folder of good files.
fn folder() -> TempDir {
    let dir = TempDir::new().unwrap();
    for (name, content) in NAMES.iter().zip(contents()) {
        fs::write(dir.path().join(name), gzipped(&content)).unwrap();
    }
    dir
}

fn message(dir: &Path) -> String {
    mnist::load(MnistKind::Mnist, dir).unwrap_err().to_string()
}

/// What a folder answers in which one file has another content.
fn message_with(file: usize, content: &[u8]) -> String {
    let dir = folder();
    fs::write(dir.path().join(NAMES[file]), content).unwrap();
    message(dir.path())
}

#[test]
fn all_spellings_packed_or_not_give_the_same() {
    let expected = mnist::load(MnistKind::Mnist, folder().path()).unwrap();
    let Splits { train, test } = &expected;
    assert_eq!((train.len(), test.len(), train.image_shape(), train.classes()), (20, 10, [1, 3, 2], 10));
    assert_eq!((train.image(3), train.labels()[13]), ([18, 19, 20, 21, 22, 23].as_slice(), 3));

    for spelling in 0..4 {
        let dir = TempDir::new().unwrap();
        for (file, content) in MnistKind::Mnist.files().iter().zip(contents()) {
            let name = &file.spellings()[spelling];
            let content = if name.ends_with(".gz") { gzipped(&content) } else { content };
            fs::write(dir.path().join(name), content).unwrap();
        }
        assert_eq!(mnist::load(MnistKind::Mnist, dir.path()).unwrap(), expected);
        assert_eq!(mnist::load(MnistKind::FashionMnist, dir.path()).unwrap(), expected);
    }
    // The content tells whether a file is compressed, not its name.
    let dir = TempDir::new().unwrap();
    for (file, content) in MnistKind::Mnist.files().iter().zip(contents()) {
        fs::write(dir.path().join(&file.spellings()[1]), gzipped(&content)).unwrap();
    }
    assert_eq!(mnist::load(MnistKind::Mnist, dir.path()).unwrap(), expected);
}

#[test]
fn swapped_files_are_told_apart() {
    let [images, labels, ..] = contents();
    let swapped = message_with(0, &gzipped(&labels));
    assert!(swapped.contains(NAMES[0]) && swapped.contains("these are labels, not images"), "{swapped}");
    assert!(swapped.contains("expected images (unsigned bytes of 3 axes), found labels"), "{swapped}");
    let swapped = message_with(1, &gzipped(&images));
    assert!(swapped.contains(NAMES[1]) && swapped.contains("these are images, not labels"), "{swapped}");
    // Images of the other part: as many as they are, they are too few.
    let mixed = message_with(0, &gzipped(&contents()[2]));
    assert!(mixed.contains("10 images in") && mixed.contains("but 20 labels in"), "{mixed}");
}

#[test]
fn other_arrays_are_refused() {
    let floats = [[0, 0, 0x0D, 1, 0, 0, 0, 1].as_slice(), &1f32.to_be_bytes()].concat();
    assert!(
        message_with(1, &floats).contains("found an array (32-bit floats of 1 axis)"),
        "{}",
        message_with(1, &floats)
    );
    let flat = idx::encode_bytes(&[20, 6], &[0; 120]);
    assert!(message_with(0, &flat).contains("found an array (unsigned bytes of 2 axes)"), "{}", message_with(0, &flat));
    assert!(message_with(0, &idx::encode_bytes(&[0, 3, 2], &[])).contains("no images in it (shape [0, 3, 2])"));
    let larger = idx::encode_bytes(&[10, 4, 4], &[0; 160]);
    assert!(message_with(2, &larger).contains("training images are 3x2 pixels but test images 4x4"));
}

#[test]
fn labels_outside_the_classes_are_refused() {
    let mut labels = contents()[1].clone();
    labels[8 + 7] = 10;
    let refused = message_with(1, &labels);
    assert!(refused.contains("label 10 at position 7 is outside the classes 0 to 9"), "{refused}");
}

#[test]
fn damage_is_named_with_its_file() {
    assert!(message_with(2, b"").contains(&format!("{}: the file is empty", NAMES[2])));
    let packed = gzipped(&contents()[0]);
    assert!(message_with(0, &packed[..packed.len() / 2]).contains("cut short"));
    let mut damaged = packed.clone();
    damaged[packed.len() - 6] ^= 1;
    let refused = message_with(0, &damaged);
    assert!(refused.contains(NAMES[0]) && refused.contains("checksum"), "{refused}");
    assert!(message_with(3, b"<html>Not found</html>").contains("looks like a web page"));
}

#[test]
fn what_is_no_file_is_refused() {
    let dir = folder();
    fs::remove_file(dir.path().join(NAMES[1])).unwrap();
    fs::create_dir(dir.path().join(NAMES[1])).unwrap();
    assert!(message(dir.path()).contains("is not a plain file"));
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_pipes_are_not_opened() {
    let dir = folder();
    let path = dir.path().join(NAMES[1]);
    let elsewhere = dir.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
    assert!(mnist::load(MnistKind::Mnist, dir.path()).is_ok());

    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(dir.path().join("nowhere"), &path).unwrap();
    assert!(message(dir.path()).contains("cannot read"), "{}", message(dir.path()));

    fs::remove_file(&path).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    if made.is_ok_and(|status| status.success()) {
        assert!(message(dir.path()).contains("is not a plain file"));
    }
}

#[test]
fn missing_files_are_named() {
    let dir = folder();
    fs::remove_file(dir.path().join(NAMES[3])).unwrap();
    assert!(
        message(dir.path()).starts_with("t10k-labels-idx1-ubyte.gz of MNIST is missing in "),
        "{}",
        message(dir.path())
    );
}

#[test]
fn kinds_have_names_of_their_own() {
    for kind in MnistKind::ALL {
        assert_eq!(kind.name().parse::<MnistKind>().unwrap(), kind);
        assert!(kind.files().iter().map(|file| file.name).eq(NAMES));
        assert!(kind.files().iter().all(|file| file.sha256.len() == 64 && file.bytes > 0));
        assert!(kind.mirrors().len() >= 3 && kind.mirrors().iter().all(|mirror| mirror.ends_with('/')));
    }
    let problem = "cifar".parse::<MnistKind>().unwrap_err().to_string();
    assert_eq!(problem, "no data set is called \"cifar\"; there are mnist and fashion-mnist");
}
