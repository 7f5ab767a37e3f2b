//! `convert`: what comes out is the same network, and what does not fit is refused.

mod common;

use std::fs;

use common::{Folder, Ran};
use model::formats::{Element, Format, Naming, WeightFile};
use model::{Network, NetworkKind, SimpleConvNet, params_sha256};

fn convert(folder: &Folder, line: &str) -> Ran {
    folder.run("convert", line)
}

/// A network of a few hundred numbers, in `a.postcard`.
fn small() -> (Folder, Network) {
    let folder = Folder::new();
    let network = SimpleConvNet { hidden_size: 7, ..SimpleConvNet::default() }.build::<f32>(3).unwrap();
    folder.write("a.postcard", network.to_bytes());
    (folder, network)
}

#[test]
fn around_through_every_format_and_back() {
    let (folder, network) = small();
    let chain = ["a.postcard", "b.pkl", "c.npz", "d.safetensors", "e.pkl --names pytorch", "f.postcard"];
    for pair in chain.windows(2) {
        let input = pair[0].split(' ').next().unwrap();
        convert(&folder, &format!("{input} {}", pair[1])).succeeds();
        let file = WeightFile::load(folder.join(pair[1].split(' ').next().unwrap())).unwrap();
        let again = file.network::<f32>(None).unwrap();
        assert_eq!(params_sha256(&again), params_sha256(&network), "{pair:?}");
    }
    assert!(fs::read(folder.join("f.postcard")).unwrap() == network.to_bytes(), "to the byte");
    let naming = |name: &str| Naming::of(&WeightFile::load(folder.join(name)).unwrap().arrays);
    assert_eq!(["b.pkl", "c.npz", "d.safetensors", "e.pkl"].map(naming), {
        [Naming::Book, Naming::Book, Naming::PyTorch, Naming::PyTorch]
    });
    // Nothing is left beside the files.
    assert_eq!(folder.files(), ["a.postcard", "b.pkl", "c.npz", "d.safetensors", "e.pkl", "f.postcard"]);
}

#[test]
fn it_says_what_it_found_and_what_became_of_it() {
    let (folder, _) = small();
    let ran = convert(&folder, "a.postcard b.safetensors").succeeds();
    let expected = "read      a.postcard (parameter file, f32)
written   b.safetensors (safetensors, f32, PyTorch's names, 125 KB)
          no number has changed

layer    found            written
Conv1    W1     30×1×5×5  conv1.weight  30×1×5×5
         b1     30        conv1.bias    30
Affine1  W2     4320×7    fc1.weight    7×4320
         b2     7         fc1.bias      7
Affine2  W3     7×10      fc2.weight    10×7
         b3     10        fc2.bias      10
";
    assert_eq!(ran.stdout, expected);
    // Whoever wrote a file called its layers what they liked: those names are shown.
    let mut arrays = WeightFile::load(folder.join("b.safetensors")).unwrap().arrays;
    for array in &mut arrays {
        array.name = array.name.replace("conv1", "features.0").replace("fc", "classifier.");
    }
    folder.write("theirs.pkl", model::formats::pickle::write(&arrays, Element::F32));
    let ran = convert(&folder, "theirs.pkl c.postcard").succeeds();
    assert!(ran.stdout.contains("Affine2  classifier.2.weight  10×7      W3       7×10\n"), "{}", ran.stdout);
}

#[test]
fn rounding_is_measured() {
    let (folder, network) = small();
    for (dtype, out, element) in [("f16", "b.npz", Element::F16), ("bf16", "c.safetensors", Element::Bf16)] {
        let ran = convert(&folder, &format!("a.postcard {out} --dtype {dtype} --names ours")).succeeds();
        let rounded = WeightFile::load(folder.join(out)).unwrap();
        let exact = network.to_arrays(Naming::Book).unwrap();
        let mut largest: f64 = 0.0;
        for exact in &exact {
            let rounded = rounded.arrays.iter().find(|array| array.name == exact.name).unwrap();
            assert_eq!(rounded.element, element);
            for (a, b) in exact.values.iter().zip(rounded.values.iter()) {
                largest = largest.max((a - b).abs());
            }
        }
        let words = format!("rounded to {dtype}: numbers differ by at most {largest:.2e} (in W");
        assert!(largest > 0.0 && ran.stdout.contains(&words), "{words}: {}", ran.stdout);
    }
    // ONNX is written with the same loss, and from half precision nothing more is lost.
    let onnx = convert(&folder, "a.postcard d.onnx --dtype f16").succeeds().stdout;
    assert!(onnx.contains("rounded to f16: numbers differ by at most"), "{onnx}");
    let again = convert(&folder, "b.npz e.safetensors").succeeds().stdout;
    assert!(
        again.contains("(npz, f16)") && again.contains("safetensors, f16") && again.contains("no number has changed")
    );
}

#[test]
fn the_finest_numbers_are_kept_where_there_is_room() {
    let (folder, network) = small();
    let wide = network.cast::<f64>();
    folder.write("wide.pkl", Format::Pickle.write(&wide, Naming::Book, Element::F64).unwrap());
    for (out, element) in [("a.npz", "f64"), ("a.safetensors", "f64"), ("b.postcard", "f64"), ("a.onnx", "f32")] {
        let ran = convert(&folder, &format!("wide.pkl {out}")).succeeds();
        assert!(ran.stdout.contains(&format!(", {element}, ")), "{out}: {}", ran.stdout);
    }
}

#[test]
fn dropouts_factor_is_told() {
    let folder = Folder::new();
    let deep = Network::<f32>::build(NetworkKind::Deep.spec([1, 28, 28], 10), 0).unwrap();
    folder.write("deep.postcard", deep.to_bytes());
    let ran = convert(&folder, "deep.postcard deep.safetensors").succeeds();
    assert!(ran.stdout.contains("the factor of 2 dropouts"), "{}", ran.stdout);
    convert(&folder, "deep.safetensors again.postcard").succeeds();
    // Halves are exact.
    assert!(fs::read(folder.join("again.postcard")).unwrap() == deep.to_bytes());
    // A file of others, whose network is told.
    folder.write("deep.pkl", Format::Pickle.write(&deep, Naming::PyTorch, Element::F32).unwrap());
    convert(&folder, "deep.pkl told.postcard --network deep").succeeds();
    assert!(fs::read(folder.join("told.postcard")).unwrap() == deep.to_bytes());
}

#[test]
fn what_does_not_fit_is_refused_and_nothing_is_written() {
    let (folder, network) = small();
    folder.write("theirs.pkl", Format::Pickle.write(&network, Naming::PyTorch, Element::F32).unwrap());
    let before = fs::read(folder.join("a.postcard")).unwrap();
    folder.write("there.npz", "there before");
    let refused = |line: &str, words: &[&str]| convert(&folder, line).refuses(words);
    let shapes = "Conv1: expected conv1.weight of shape [6, 1, 5, 5], found shape [30, 1, 5, 5]";
    refused("theirs.pkl there.npz --network lenet5", &[shapes, "choose another --network"]);
    refused("a.postcard a.postcard", &["never overwritten", "another OUT"]);
    refused("a.postcard ./a.postcard", &["never overwritten"]);
    refused("a.postcard there.txt", &["the name of there.txt", ".safetensors, .onnx"]);
    refused("a.postcard there.npz --dtype bf16", &["npz files cannot hold numbers as bf16", "--dtype"]);
    refused("a.postcard new.onnx --names pytorch", &["names of their own", "leave out --names"]);
    refused("a.postcard nowhere/new.npz", &["cannot write nowhere/new.npz", "OUT"]);
    refused("nowhere.pkl new.npz", &["cannot read nowhere.pkl", "IN"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("a.postcard", folder.join("link.postcard")).unwrap();
        refused("a.postcard link.postcard", &["never overwritten"]);
        fs::remove_file(folder.join("link.postcard")).unwrap();
    }
    let mut large = network.cast::<f64>();
    large.set_param("b3", layers::ndarray::array![70_000.0, 0., 0., 0., 0., 0., 0., 0., 0., 0.].view()).unwrap();
    folder.write("large.postcard", large.to_bytes());
    refused("large.postcard new.npz --dtype f16", &["b3 has the number 70000, too large for f16", "--dtype"]);
    convert(&folder, "large.postcard large.safetensors --dtype bf16").succeeds();
    assert!(fs::read(folder.join("a.postcard")).unwrap() == before);
    assert_eq!(fs::read(folder.join("there.npz")).unwrap(), b"there before");
    assert_eq!(folder.files(), ["a.postcard", "large.postcard", "large.safetensors", "theirs.pkl", "there.npz"]);
}
