//! Pictures and networks under attack. (Damaged files that a user may meet, with their messages: see `bad_input.rs`.)

#[path = "../../datasets/tests/attack/mod.rs"]
mod attack;
mod common;

use std::io::Cursor;
use std::path::Path;
use std::time::{Duration, Instant};

use attack::{Numbers, damaged, every_changed_byte, every_cut, hollow, within};
use common::Folder;
use layers::ndarray::Array2;
use layers::{Init, Window};
use model::{LayerSpec, Network, NetworkSpec};
use tools::picture::{PictureError, grey_from_png, read_grey_png};

/// A PNG file with every kind of chunk that has a meaning for us: a palette, and which of its colours are transparent;
/// some that have none; and a picture of 8×5 pixels.
fn picture() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 8, 5);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Four);
    encoder.set_palette([[0, 0, 0], [90, 90, 90], [255, 255, 255], [255, 0, 0]].concat());
    encoder.set_trns(vec![255, 255, 0, 128]);
    encoder.add_text_chunk("Title".to_owned(), "a picture".to_owned()).unwrap();
    let pixels: [u8; 20] = std::array::from_fn(|i| [0x01, 0x23, 0x31, 0x20][i % 4]);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

fn decode(bytes: &[u8]) -> Result<Array2<f32>, PictureError> {
    grey_from_png(Cursor::new(bytes), Path::new("picture.png"))
}

#[test]
fn every_truncation_of_a_picture_is_noticed() {
    let good = picture();
    assert_eq!(decode(&good).unwrap().dim(), (5, 8));
    every_cut(&good, |bytes| assert!(decode(bytes).is_err(), "cut to {} of {}", bytes.len(), good.len()));
}

/// Each chunk of a PNG file has a checksum over its kind and its content.
#[test]
fn every_changed_byte_of_a_picture_is_noticed() {
    let good = picture();
    let mut silent = Vec::new();
    every_changed_byte(&good, |bytes, at| {
        if decode(bytes).is_ok() {
            silent.push((at, bytes[at]));
        }
    });
    assert_eq!(silent, []);
}

#[test]
fn bytes_after_a_picture_do_not_matter() {
    let good = picture();
    let longer = [&good[..], &[0; 9]].concat();
    assert_eq!(decode(&longer).unwrap(), decode(&good).unwrap());
}

#[cfg(unix)]
#[test]
fn what_is_no_picture_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for (what, path) in attack::no_files(folder.path()) {
        let name = path.display().to_string();
        let message = within(1, what, move || read_grey_png(&path).unwrap_err().to_string());
        assert!(message.contains("the picture") && message.contains(&name), "{what}: {message}");
    }
}

#[test]
fn large_files_that_are_no_pictures_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.png");
    for start in [&b""[..], b"\xff\xd8\xff", &picture()[..8], &picture()[..40]] {
        hollow(&path, start, 1 << 40);
        let path = path.clone();
        within(1, "a file of a TiB", move || read_grey_png(&path).unwrap_err());
    }
}

/// The programs that read parameters, in front of what is no file.
#[cfg(unix)]
#[test]
fn no_program_waits_for_what_is_no_file() {
    let folder = Folder::new();
    folder.write("net.postcard", windowed(1, [5, 5]));
    for (what, path) in attack::no_files(folder.path()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let path = path.strip_prefix(folder.path()).unwrap().display();
        for (program, line) in [
            ("filterviz", format!("--params {path}")),
            ("train", format!("--dataset digits --train-limit 20 --test-limit 10 --params {path}")),
            ("applyfilter", format!("--params net.postcard --image {path}")),
        ] {
            let begun = Instant::now();
            folder.run(program, &line).refuses(&[name]);
            assert!(begun.elapsed() < Duration::from_secs(5), "{program} and {what}");
        }
    }
}

/// A parameter file: convolutions of this size over an image that is just as large.
fn windowed(filters: usize, kernel: [usize; 2]) -> Vec<u8> {
    with_channels(filters, 1, kernel)
}

fn with_channels(filters: usize, channels: usize, kernel: [usize; 2]) -> Vec<u8> {
    let init = Init::default();
    let window = Window::new(kernel[0], kernel[1]);
    let layers = vec![LayerSpec::Convolution { filters, window, init }, LayerSpec::Affine { outputs: 1, init }];
    let spec = NetworkSpec { input: vec![channels, kernel[0], kernel[1]], layers };
    Network::<f32>::build(spec, 0).unwrap().to_bytes()
}

/// Networks that nobody would make, but that are networks: what they need grows with their files, not with more.
#[test]
fn odd_networks_are_shown_and_applied() {
    let folder = Folder::new();
    for (what, file) in [
        ("100,000 filters", windowed(100_000, [1, 1])),
        ("100,000 channels", with_channels(2, 100_000, [1, 1])),
        ("a filter of one row", windowed(2, [1, 256])),
        ("a filter as large as the picture", windowed(3, [256, 256])),
        ("a filter larger than the picture", windowed(1, [257, 1])),
    ] {
        folder.write("net.postcard", file);
        let begun = Instant::now();
        folder.run("filterviz", "--params net.postcard").succeeds();
        let ran = folder.run("applyfilter", "--params net.postcard");
        match what.contains("larger than") {
            true => drop(ran.refuses(&["need at least 1×257", "--image"])),
            false => drop(ran.succeeds()),
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{what}: {:?}", begun.elapsed());
    }
}

/// A picture of one shade, as many pixels as it may have: a few kilobytes.
fn blank(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_depth(png::BitDepth::One);
    let row = width.div_ceil(8) as usize;
    encoder.write_header().unwrap().write_image_data(&vec![0; row * height as usize]).unwrap();
    bytes
}

/// What the windows of filters see together grows with the product of both files.
#[test]
fn large_filters_over_large_pictures_do_not_take_all_memory() {
    let folder = Folder::new();
    folder.write("large.png", blank(2500, 1500));
    folder.write("net.postcard", windowed(1, [1500, 1000]));
    let ran = folder.run("applyfilter", "--params net.postcard --image large.png");
    ran.refuses(&["filters of 1000×1500 over a picture of 2500×1500", "9.0 GB", "--image"]);
    folder.write("net.postcard", windowed(1, [150, 150]));
    folder.write("large.png", blank(1000, 250));
    folder.run("applyfilter", "--params net.postcard --image large.png").succeeds();
}

/// Weights that are no numbers make pictures that show it, and no panic.
#[test]
fn weights_that_are_no_numbers_are_drawn_as_such() {
    let folder = Folder::new();
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN_POSITIVE, 0.0] {
        for all in [false, true] {
            let init = Init::default();
            let window = Window::square(3);
            let layers =
                vec![LayerSpec::Convolution { filters: 2, window, init }, LayerSpec::Affine { outputs: 10, init }];
            let mut network = Network::<f32>::build(NetworkSpec { input: vec![1, 28, 28], layers }, 0).unwrap();
            let mut w = network.param("W1").unwrap();
            match all {
                true => w.fill(value),
                false => w[[0, 0, 1, 1]] = value,
            }
            network.set_param("W1", w.view()).unwrap();
            folder.write("net.postcard", network.to_bytes());
            folder.run("filterviz", "--params net.postcard").succeeds();
            folder.run("applyfilter", "--params net.postcard").succeeds();
        }
    }
}

/// Decodes damaged pictures; gives how many were refused. What is decoded must be the picture.
fn decode_damaged(times: usize, seed: u64) -> usize {
    let (good, mut numbers, mut refused) = (picture(), Numbers::new(seed), 0);
    let expected = decode(&good).unwrap();
    for _ in 0..times {
        match decode(&damaged(&good, &mut numbers)) {
            Ok(picture) => assert_eq!(picture, expected),
            Err(_) => refused += 1,
        }
    }
    refused
}

#[test]
fn random_damage() {
    assert!(decode_damaged(5_000, 1) > 4_500);
}

#[test]
#[ignore = "long: cargo xtask faults"]
fn random_damage_for_long() {
    let count = 50_000 * attack::times();
    let refused = decode_damaged(count, 2);
    println!("faults: PNG file, random damage | {count} | {refused} refused, the others unchanged");
}
