//! Every bad value in one table, `bad_values.txt`: what the programs answer, as a user reads it.
#![cfg(target_os = "linux")] // the messages of other systems have other words

mod common;
mod transcript;

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;

use common::{Folder, TINY, idx, tiny_mnist};
use layers::{Init, Window};
use model::formats::{Element, Naming, pickle};
use model::{LayerSpec, Network, NetworkSpec, SimpleConvNet};
use sha2::{Digest, Sha256};
use transcript::Answer;

#[test]
fn the_table_is_what_the_programs_say() {
    let folder = Folder::new();
    data_sets(&folder);
    parameter_files(&folder);
    network_files(&folder);
    pictures(&folder);
    picture_folders(&folder);
    output_folders(&folder);
    checkpoints(&folder);
    let before = folder.files();
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("bad_values.txt");
    let commands = transcript::check(&table, |line| {
        let mut command = folder.program(&line.program, "");
        command.args(&line.arguments).envs(line.environment.iter().map(|(name, value)| (name, value)));
        let output = command.output().expect("the program starts");
        let stderr = String::from_utf8(output.stderr).expect("text");
        assert!(!stderr.contains("panicked"), "{stderr}");
        Answer { code: output.status.code(), stderr: neutral(&stderr, folder.path()) }
    });
    assert!(commands >= 60, "{commands} commands");
    assert_eq!(folder.files(), before, "a bad value leaves no file");
}

/// Output folders named after what is in place of the checkpoint.
fn checkpoints(folder: &Folder) {
    folder.write("checkpoint-zip/checkpoint.postcard", "PK\x03\x04 something else");
    let params = SimpleConvNet { hidden_size: 5, ..SimpleConvNet::default() }.build::<f32>(0).unwrap().to_bytes();
    folder.write("checkpoint-of-params/checkpoint.postcard", params);
    fs::create_dir_all(folder.join("checkpoint-folder/checkpoint.postcard")).unwrap();
    fs::create_dir(folder.join("checkpoint-loop")).unwrap();
    symlink("checkpoint.postcard", folder.join("checkpoint-loop/checkpoint.postcard")).unwrap();
    // A whole one, and the first half of it.
    let line = "--dataset digits --train-limit 20 --test-limit 10 --epochs 1 --quiet --out done";
    folder.run("train", line).succeeds();
    let whole = fs::read(folder.join("done/checkpoint.postcard")).unwrap();
    folder.write("checkpoint-cut/checkpoint.postcard", &whole[..whole.len() / 2]);
}

/// Without what is different on every machine: where the folder is, and what is looked for above it, what its
/// processor can do.
fn neutral(stderr: &str, folder: &Path) -> String {
    let above = folder
        .ancestors()
        .skip(1)
        .flat_map(|above| ["mnist", "fashion-mnist"].map(|name| above.join("data").join(name)));
    let text = above.fold(stderr.to_owned(), |text, path| text.replace(&format!(", {}", path.display()), ""));
    let text = text.replace(&folder.display().to_string(), "/here");
    match text.split_once("it has: ") {
        Some((before, _)) => format!("{before}it has: …\n"),
        None => text,
    }
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Folders named after what is wrong in them.
fn data_sets(folder: &Folder) {
    let side = TINY as u32;
    let images = |count: u32| idx(&[count, side, side], &vec![7; count as usize * TINY * TINY]);
    let good = images(30);
    let packed = gzipped(&good);
    let (train, labels) = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte");
    tiny_mnist(folder, "good");
    fs::create_dir(folder.join("empty")).unwrap();
    for (name, file, content) in [
        ("an-empty-file", train, vec![]),
        ("cut", train, good[..good.len() - 1].to_vec()),
        ("header-cut", train, good[..9].to_vec()),
        ("longer", train, [&good[..], &[0]].concat()),
        ("gzip-cut", train, packed[..packed.len() / 2].to_vec()),
        ("gzip-damaged", train, {
            let mut bytes = packed.clone();
            let at = bytes.len() - 5;
            bytes[at] ^= 1;
            bytes
        }),
        ("gzip-twice", train, [&packed[..], &packed].concat()),
        ("web-page", train, b"<html>404 Not Found</html>".to_vec()),
        ("floats", train, [&[0, 0, 0x0d, 1, 0, 0, 0, 1][..], &1_f32.to_be_bytes()].concat()),
        ("swapped", train, idx(&[30], &[1; 30])),
        ("labels-swapped", labels, good.clone()),
        ("fewer", train, images(29)),
        ("hostile", train, idx(&[u32::MAX; 3], &[])),
        ("no-images", train, idx(&[0, side, side], &[])),
        ("label-77", labels, idx(&[30], &[77; 30])),
        ("other-size", "t10k-images-idx3-ubyte", idx(&[20, 8, 8], &[0; 20 * 64])),
    ] {
        fs::write(tiny_mnist(folder, name).join(file), content).unwrap();
    }
    for (name, make) in [
        ("missing", None),
        ("folder", Some("a folder")),
        ("dangling", Some("nowhere")),
        ("loop", Some(train)),
        ("device", Some("/dev/zero")),
    ] {
        let path = tiny_mnist(folder, name).join(train);
        fs::remove_file(&path).unwrap();
        match make {
            None => {}
            Some("a folder") => fs::create_dir(path).unwrap(),
            Some(target) => symlink(target, path).unwrap(),
        }
    }
}

/// Puts the right checksum at the end of a parameter file.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let content = bytes.len() - 32;
    let checksum = Sha256::digest(&bytes[..content]);
    bytes[content..].copy_from_slice(&checksum);
    bytes
}

/// Files named after what is wrong in them.
fn parameter_files(folder: &Folder) {
    let net = SimpleConvNet { hidden_size: 5, ..SimpleConvNet::default() };
    let good = net.build::<f32>(0).unwrap().to_bytes();
    let changed = |position: usize| {
        let mut bytes = good.clone();
        bytes[position] ^= 3;
        bytes
    };
    let build = |input: Vec<usize>, layers: Vec<LayerSpec>| {
        Network::<f32>::build(NetworkSpec { input, layers }, 0).unwrap().to_bytes()
    };
    let affine = LayerSpec::Affine { outputs: 10, init: Init::default() };
    let far = Window { pad: [1 << 30, 0], stride: [1 << 31, 1], ..Window::square(28) };
    let convolution = LayerSpec::Convolution { filters: 1, window: far, init: Init::default() };
    let name = good.windows(3).position(|bytes| bytes == b"\x02W1").expect("the first array");
    for (name, bytes) in [
        ("good", good.clone()),
        ("empty", vec![]),
        ("text", b"not parameters at all".to_vec()),
        ("cut", good[..good.len() / 2].to_vec()),
        ("longer", [&good[..], b"\n"].concat()),
        ("damaged", changed(good.len() / 2)),
        ("newer", sealed(changed(8))),
        ("nonsense", sealed(changed(20))),
        ("renamed", sealed(changed(name + 1))),
        ("small", build(vec![1, 10, 10], vec![affine])),
        ("flat", build(vec![1, 28, 28], vec![affine])),
        ("three-classes", build(vec![1, 28, 28], vec![LayerSpec::Affine { outputs: 3, init: Init::default() }])),
        ("far", build(vec![1, 28, 28], vec![convolution, affine])),
    ] {
        folder.write(&format!("{name}.postcard"), bytes);
    }
    // W3 in the place of W2, which is then there twice: no damage as far as the checksum goes.
    let second = good.windows(3).position(|bytes| bytes == b"\x02W2").expect("the third array");
    let mut twice = good.clone();
    twice[second + 2] = b'3';
    folder.write("twice.postcard", sealed(twice));
    let flat = Network::<f32>::build(NetworkSpec { input: vec![1, 28, 28], layers: vec![affine] }, 0).unwrap();
    folder.write("affine.pkl", pickle::write(&flat.to_arrays(Naming::Book).unwrap(), Element::F64));
    fs::create_dir(folder.join("folder.postcard")).unwrap();
    symlink("nowhere", folder.join("dangling.postcard")).unwrap();
    symlink("loop.postcard", folder.join("loop.postcard")).unwrap();
    symlink("/dev/zero", folder.join("endless.postcard")).unwrap();
    let fifo = std::process::Command::new("mkfifo").arg(folder.join("fifo.postcard")).status().unwrap();
    assert!(fifo.success());
}

/// Descriptions of networks, named after what is wrong in them.
fn network_files(folder: &Folder) {
    let affine = "[[layer]]\nkind = \"affine\"\noutputs = 10\n";
    let before = |layer: &str| format!("[[layer]]\n{layer}\n{affine}");
    for (name, text) in [
        ("wrong", "[[layer]]\nkind = \"affin\"\n".to_owned()),
        ("no-toml", "layers: [affine]\n".to_owned()),
        ("no-layers", "input = [1, 28, 28]\n".to_owned()),
        ("empty", String::new()),
        ("no-kind", "[[layer]]\noutputs = 10\n".to_owned()),
        ("misspelt", before("kind = \"convolution\"\nfilters = 4\nkernl = 5")),
        ("no-kernel", before("kind = \"convolution\"\nfilters = 4")),
        ("kernel-0", before("kind = \"convolution\"\nfilters = 4\nkernel = 0")),
        ("kernel-text", before("kind = \"max-pool\"\nkernel = \"2\"")),
        ("ratio-1", before("kind = \"dropout\"\nratio = 1.0")),
        ("init", before("kind = \"affine\"\noutputs = 5\ninit = \"he\"")),
        ("uneven", before("kind = \"max-pool\"\nkernel = 3")),
        ("too-wide", before("kind = \"convolution\"\nfilters = 4\nkernel = 40")),
        ("other-input", format!("input = [3, 32, 32]\n{affine}")),
        ("no-scores", "[[layer]]\nkind = \"max-pool\"\nkernel = 2\n".to_owned()),
        ("three", "[[layer]]\nkind = \"affine\"\noutputs = 3\n".to_owned()),
    ] {
        folder.write(&format!("{name}.toml"), text);
    }
    folder.write("no-text.toml", [0xff, 0xfe, 0]);
    fs::create_dir(folder.join("folder.toml")).unwrap();
    symlink("/dev/zero", folder.join("endless.toml")).unwrap();
}

/// Files named after what is wrong in them.
fn pictures(folder: &Folder) {
    let mut good = Vec::new();
    let mut encoder = png::Encoder::new(&mut good, 4, 4);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&[9; 16]).unwrap();
    let mut damaged = good.clone();
    damaged[45] ^= 1;
    let mut huge = good.clone();
    huge[16..24].copy_from_slice(&[0x7f; 8]);
    let mut crc = flate2::Crc::new();
    crc.update(&huge[12..29]);
    huge[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    for (name, bytes) in [
        ("empty.png", &b""[..]),
        ("photo.jpg", b"\xff\xd8\xff\xe0 a photograph"),
        ("cut.png", &good[..good.len() / 2]),
        ("end-cut.png", &good[..good.len() - 1]),
        ("damaged.png", &damaged),
        ("huge.png", &huge),
        ("tiny.png", &good),
    ] {
        folder.write(name, bytes);
    }
}

/// Folders of pictures, named after what is wrong in them.
fn picture_folders(folder: &Folder) {
    let png = |value: u8| {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 4, 4);
        encoder.set_color(png::ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(&[[9; 15].as_slice(), &[value]].concat()).unwrap();
        bytes
    };
    for (file, bytes) in [
        ("pictures/a.png", png(99)),
        ("pictures-of-cats/cats/a.png", png(99)),
        ("pictures-of-12/12/a.png", png(99)),
        ("pictures-blank/0/a.png", png(9)),
        ("pictures-cut/a.png", png(99)[..40].to_vec()),
    ] {
        folder.write(file, bytes);
    }
}

fn output_folders(folder: &Folder) {
    folder.write("file", "");
    fs::create_dir_all(folder.join("taken/params.postcard")).unwrap();
    fs::create_dir_all(folder.join("taken/applied.png")).unwrap();
    fs::create_dir_all(folder.join("taken/filters_trained.png")).unwrap();
    fs::create_dir(folder.join("looped")).unwrap();
    symlink("history.csv", folder.join("looped/history.csv")).unwrap();
}
