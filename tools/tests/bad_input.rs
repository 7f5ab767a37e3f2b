//! Whatever is wrong, the answer is one line or two that say what to do, exit code 2, and no file. (The answers word by
//! word: `bad_values.txt`.)

mod common;

use std::fs;
use std::io::Write;

use common::{Folder, Ran, TINY, TINY_FLAGS, idx, tiny_mnist};
use layers::{Init, Window};
use model::{LayerSpec, Network, NetworkSpec, SimpleConvNet};
use sha2::{Digest, Sha256};

/// A file, what is in it (nothing where it is missing), and words of the complaint.
type Damage<'a> = (&'a str, Option<Vec<u8>>, &'a [&'a str]);

const TRAIN_IMAGES: &str = "train-images-idx3-ubyte";

#[test]
fn damaged_data() {
    let side = TINY as u32;
    let image = |count: usize| vec![7; count * TINY * TINY];
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    let good = idx(&[30, side, side], &image(30));
    let compressed = gzip(&good);
    let cases: [Damage<'_>; 15] = [
        (TRAIN_IMAGES, None, &["train-images-idx3-ubyte.gz of MNIST is missing", "fetch-mnist --dir"]),
        (TRAIN_IMAGES, Some(vec![]), &[TRAIN_IMAGES]),
        (TRAIN_IMAGES, Some(good[..good.len() - 1].to_vec()), &[TRAIN_IMAGES]),
        (TRAIN_IMAGES, Some(good[..9].to_vec()), &[TRAIN_IMAGES]),
        (TRAIN_IMAGES, Some([&good[..], &[0]].concat()), &[TRAIN_IMAGES]),
        (TRAIN_IMAGES, Some(compressed[..compressed.len() / 2].to_vec()), &[TRAIN_IMAGES]),
        (TRAIN_IMAGES, Some(b"<html>404 Not Found</html>".to_vec()), &[TRAIN_IMAGES]),
        (TRAIN_IMAGES, Some(idx(&[30], &[1; 30])), &["labels, not images", "swapped"]),
        (TRAIN_IMAGES, Some(idx(&[29, side, side], &image(29))), &["29 images", "30 labels"]),
        (TRAIN_IMAGES, Some(idx(&[u32::MAX, u32::MAX, u32::MAX], &[])), &[TRAIN_IMAGES]),
        (TRAIN_IMAGES, Some(idx(&[0, side, side], &[])), &[TRAIN_IMAGES]),
        ("train-labels-idx1-ubyte", Some(idx(&[30], &[77; 30])), &["label 77"]),
        ("train-labels-idx1-ubyte", Some(good.clone()), &["images, not labels", "swapped"]),
        ("t10k-images-idx3-ubyte", Some(idx(&[20, 8, 8], &[0; 20 * 64])), &["10x10", "8x8"]),
        ("t10k-labels-idx1-ubyte", Some(vec![]), &["t10k-labels"]),
    ];
    for (name, content, words) in cases {
        let folder = Folder::new();
        let data = tiny_mnist(&folder, "data/mnist");
        match content {
            Some(bytes) => fs::write(data.join(name), bytes).unwrap(),
            None => fs::remove_file(data.join(name)).unwrap(),
        }
        // Found by itself, it is an error all the same: the digits are for machines without MNIST.
        folder.run("train", TINY_FLAGS).refuses(words).refuses(&["fetch-mnist"]);
        assert!(!folder.join("out").exists());
    }
}

#[test]
fn a_folder_in_place_of_a_data_file() {
    let folder = Folder::new();
    let data = tiny_mnist(&folder, "data/mnist");
    fs::remove_file(data.join("train-labels-idx1-ubyte")).unwrap();
    fs::create_dir(data.join("train-labels-idx1-ubyte")).unwrap();
    folder.run("train", TINY_FLAGS).refuses(&["train-labels-idx1-ubyte", "not a plain file"]);
}

/// Refused by all three programs that read parameters.
fn bad_params(folder: &Folder, words: &[&str]) {
    let path = "bad.postcard";
    for (program, line) in [
        ("train", "--dataset digits --train-limit 20 --test-limit 10 --params bad.postcard"),
        ("filterviz", "--params bad.postcard"),
        ("applyfilter", "--params bad.postcard"),
    ] {
        let ran = folder.run(program, line).refuses(words);
        assert!(ran.stderr.contains(path) && ran.stderr.contains("cargo run -p tools --bin train"), "{ran:#?}");
    }
    assert!(!folder.join("out").exists());
}

/// Puts the right checksum at the end of a parameter file.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let content = bytes.len() - 32;
    let checksum = Sha256::digest(&bytes[..content]);
    bytes[content..].copy_from_slice(&checksum);
    bytes
}

#[test]
fn damaged_parameter_files() {
    let folder = Folder::new();
    bad_params(&folder, &[]);
    let good = SimpleConvNet { hidden_size: 5, ..SimpleConvNet::default() }.build::<f32>(0).unwrap().to_bytes();
    assert_eq!(sealed(good.clone()), good);
    let changed = |position: usize| {
        let mut bytes = good.clone();
        bytes[position] ^= 1;
        bytes
    };
    let middle = good.len() / 2;
    for (bytes, words) in [
        (vec![], &["the file is empty"][..]),
        (b"PK\x03\x04 something else".to_vec(), &["the npz file is damaged"]),
        (good[..middle].to_vec(), &["cut short or damaged"]),
        (good[..good.len() - 1].to_vec(), &["cut short or damaged"]),
        ([&good[..], b"\n"].concat(), &["damaged"]),
        (changed(middle), &["damaged", "checksum"]),
        (changed(good.len() - 1), &["damaged", "checksum"]),
        (sealed(changed(8)), &["version 0", "version 1"]),
    ] {
        folder.write("bad.postcard", bytes);
        bad_params(&folder, words);
    }
    fs::remove_file(folder.join("bad.postcard")).unwrap();
    fs::create_dir(folder.join("bad.postcard")).unwrap();
    bad_params(&folder, &["not a plain file"]);
}

#[test]
fn parameter_files_of_another_network() {
    let folder = Folder::new();
    let small = SimpleConvNet { input_dim: [1, 10, 10], hidden_size: 5, ..SimpleConvNet::default() };
    folder.write("small.postcard", small.build::<f32>(0).unwrap().to_bytes());
    let line = "--dataset digits --train-limit 20 --test-limit 10 --params small.postcard";
    folder.run("train", line).refuses(&["1×10×10", "1×28×28", "--params"]);

    let affine = LayerSpec::Affine { outputs: 10, init: Init::default() };
    let flat = Network::<f32>::build(NetworkSpec { input: vec![1, 28, 28], layers: vec![affine] }, 0).unwrap();
    folder.write("flat.postcard", flat.to_bytes());
    folder.run("filterviz", "--params flat.postcard").refuses(&["no convolution"]);
    folder.run("applyfilter", "--params flat.postcard").refuses(&["no convolution"]);
    assert_eq!(folder.files(), ["flat.postcard", "small.postcard"]);
}

/// A parameter file of a network that looks at 28×28 images through this window.
fn windowed(window: Window) -> Vec<u8> {
    let init = Init::default();
    let layers = vec![LayerSpec::Convolution { filters: 1, window, init }, LayerSpec::Affine { outputs: 10, init }];
    Network::<f32>::build(NetworkSpec { input: vec![1, 28, 28], layers }, 0).unwrap().to_bytes()
}

/// Exchanges stride and padding in a file of [`windowed`] with a window of 28×28.
fn with_window(file: &[u8], stride: u64, pad: u64) -> Vec<u8> {
    let old = [28, 28, 1, 1, 0, 0];
    let at = file.windows(old.len()).position(|bytes| bytes == old).expect("kernel, stride and padding") + 2;
    let new = [stride, stride, pad, pad].map(written).concat();
    let mut bytes = [&file[..at], &new, &file[at + 4..]].concat();
    // Magic, version, the length of the content; at the end the checksum.
    let length = bytes.len() as u64 - (8 + 4 + 8) - 32;
    bytes[12..20].copy_from_slice(&length.to_le_bytes());
    sealed(bytes)
}

/// As the format writes a whole number.
fn written(number: u64) -> Vec<u8> {
    postcard::to_stdvec(&number).expect("into memory")
}

#[test]
fn parameter_files_of_windows_that_no_memory_holds() {
    let folder = Folder::new();
    let plain = windowed(Window::square(28));
    assert_eq!(with_window(&plain, 1, 0), plain);
    // Two places of the window, and much between them: few weights and outputs, but a padded image of 240 GB.
    let far = Window { pad: [1 << 30, 0], stride: [1 << 31, 1], ..Window::square(28) };
    let (stride, pad) = (1 << 50, (1 << 40) - 14);
    for (bytes, words) in [
        (with_window(&plain, stride, 0), &["Conv1", "stride of 1125899906842624"][..]),
        (with_window(&plain, 1, pad), &["Conv1", "too large"]),
        (windowed(far), &["GB", "--params"]),
    ] {
        folder.write("p.postcard", bytes);
        let ran = folder.run("train", "--dataset digits --train-limit 20 --test-limit 10 --params p.postcard");
        assert_eq!(ran.refuses(words).stdout, "");
    }
    assert_eq!(folder.files(), ["p.postcard"]);
}

#[test]
fn without_parameters_they_say_how_to_make_some() {
    let folder = Folder::new();
    for program in ["filterviz", "applyfilter"] {
        folder.run(program, "").refuses(&["no parameter file out/params.postcard", "cargo run -p tools --bin train"]);
        folder.run(program, "--out run1").refuses(&["no parameter file run1/params.postcard"]);
    }
    assert_eq!(folder.files(), [""; 0]);
}

#[test]
fn pictures_that_are_none() {
    let folder = Folder::new();
    let net = SimpleConvNet { hidden_size: 5, ..SimpleConvNet::default() };
    folder.write("p.postcard", net.build::<f32>(0).unwrap().to_bytes());
    let mut good = Vec::new();
    let mut encoder = png::Encoder::new(&mut good, 4, 4);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&[9; 16]).unwrap();
    let apply = |name: &str| folder.run("applyfilter", &format!("--params p.postcard --image {name}"));

    apply("nowhere.png").refuses(&["nowhere.png", "--image"]);
    apply(".").refuses(&["not a plain file", "--image"]);
    for (bytes, words) in [
        (&b""[..], "is empty"),
        (b"\xff\xd8\xff\xe0 a photograph", "not a PNG"),
        (&good[..good.len() / 2], "damaged or cut short"),
        (&good, "at least 5×5"),
    ] {
        folder.write("picture.png", bytes);
        apply("picture.png").refuses(&["--image", words]);
    }
    let mut huge = good.clone();
    huge[16..24].copy_from_slice(&[0x7f; 8]);
    let checksum = png_checksum(&huge[12..29]);
    huge[29..33].copy_from_slice(&checksum);
    folder.write("huge.png", &huge);
    apply("huge.png").refuses(&["2139062143×2139062143 pixels", "make it smaller"]);
    assert!(!folder.join("out").exists());
}

fn png_checksum(data: &[u8]) -> [u8; 4] {
    let mut crc = flate2::Crc::new();
    crc.update(data);
    crc.sum().to_be_bytes()
}

#[test]
fn output_folders_that_cannot_be_written() {
    let folder = Folder::new();
    let net = SimpleConvNet { hidden_size: 5, ..SimpleConvNet::default() };
    folder.write("p.postcard", net.build::<f32>(0).unwrap().to_bytes());
    folder.write("file", "");
    let train = "--dataset digits --train-limit 20 --test-limit 10 --epochs 1000000";
    // A file where a folder is expected, at the end of the path and on the way.
    for out in ["file", "file/below"] {
        for (program, line) in
            [("train", train), ("filterviz", "--params p.postcard"), ("applyfilter", "--params p.postcard")]
        {
            folder.run(program, &format!("{line} --out {out}")).refuses(&["output folder file", "--out"]);
        }
    }
    // A folder where a file is to be.
    for (program, line, name) in [
        ("train", train, "params.postcard"),
        ("train", train, "accuracy.png"),
        ("train", train, "history.csv"),
        ("filterviz", "--params p.postcard", "filters_trained.png"),
        ("applyfilter", "--params p.postcard", "applied.png"),
    ] {
        fs::create_dir_all(folder.join("taken").join(name)).unwrap();
        folder.run(program, &format!("{line} --out taken")).refuses(&[name, "not a plain file", "--out"]);
        assert_eq!(folder.files(), ["file", "p.postcard", "taken/", &format!("taken/{name}/")]);
        fs::remove_dir_all(folder.join("taken")).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_is_full() {
    let folder = Folder::new();
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    for (program, line) in [("gradcheck", ""), ("gradcheck", "--json"), ("train", common::SMALL), ("train", "--help")] {
        let mut command = folder.program(program, line);
        command.stdout(full());
        let ran = Ran::of(command, line);
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert!(line == "--help" || ran.stderr.contains("cannot write to standard output"), "{ran:#?}");
    }
    // Where complaints cannot be written, the exit code remains.
    let mut command = folder.program("train", "--epochs 0");
    command.stderr(full());
    assert_eq!(command.status().unwrap().code(), Some(2));
}
