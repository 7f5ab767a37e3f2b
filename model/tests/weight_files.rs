//! npz, safetensors and ONNX files: written and read again, and under attack. (That others read them, and we theirs, is
//! what `cargo xtask interop` finds out.)
#![cfg(feature = "formats")]

#[path = "../../datasets/tests/attack/mod.rs"]
mod attack;

use std::io::{Cursor, Write};

use attack::{Numbers, damaged, every_changed_byte, every_cut, within};
use layers::{Init, Window};
use model::formats::{Element, Format, FormatError, NamedArray, Naming, Values, WeightFile, npz};
use model::{LayerSpec, Network, NetworkSpec, params_sha256};
use zip::write::SimpleFileOptions;

/// Every kind of layer that has arrays, and dropout whose factor is exact.
fn spec() -> NetworkSpec {
    let init = Init::Normal { std: 0.5 };
    NetworkSpec {
        input: vec![1, 5, 5],
        layers: vec![
            LayerSpec::Convolution { filters: 2, window: Window::new(2, 3).pad(1), init },
            LayerSpec::BatchNormalization { momentum: 0.9 },
            LayerSpec::Relu,
            LayerSpec::Affine { outputs: 3, init },
            LayerSpec::Relu,
            LayerSpec::Dropout { ratio: 0.5 },
            LayerSpec::Affine { outputs: 2, init },
            LayerSpec::Dropout { ratio: 0.75 },
        ],
    }
}

fn network() -> Network {
    let mut network = Network::build(spec(), 1).unwrap();
    network.set_param("running_var1", layers::ndarray::array![1.5, 0.125].view()).unwrap();
    network.set_param("b3", layers::ndarray::array![0.3, -7.0].view()).unwrap();
    network
}

const BOTH: [Format; 2] = [Format::Npz, Format::Safetensors];

#[test]
fn what_is_written_is_read_again_with_its_description() {
    let network = network();
    for format in BOTH {
        for naming in [Naming::Book, Naming::PyTorch] {
            for element in [Element::F64, Element::F32] {
                let bytes = format.write(&network, naming, element).unwrap();
                let file = WeightFile::from_bytes(&bytes).unwrap();
                assert_eq!((file.format, file.network.as_ref()), (format, Some(&spec())), "{naming:?}");
                assert_eq!(Naming::of(&file.arrays), naming);
                let again = file.network::<f32>(None).unwrap();
                assert_eq!(params_sha256(&again), params_sha256(&network), "{format:?} {naming:?} {element:?}");
                assert_eq!(format.write(&network, naming, element).unwrap(), bytes, "the same bytes each time");
            }
        }
    }
}

#[test]
fn half_precision_rounds_each_number_once() {
    let network = network();
    let exact = network.to_arrays(Naming::Book).unwrap();
    for (format, element, error) in [
        (Format::Npz, Element::F16, 2_f64.powi(-11)),
        (Format::Safetensors, Element::F16, 2_f64.powi(-11)),
        (Format::Safetensors, Element::Bf16, 2_f64.powi(-8)),
    ] {
        let bytes = format.write(&network, Naming::Book, element).unwrap();
        let file = WeightFile::from_bytes(&bytes).unwrap();
        for array in &file.arrays {
            assert_eq!(array.element, element);
            let exact = exact.iter().find(|exact| exact.name == array.name).unwrap();
            for (value, exact) in array.values.iter().zip(exact.values.iter()) {
                assert!((value - exact).abs() <= exact.abs() * error + 1e-7, "{}: {value}, {exact}", array.name);
            }
        }
        // What was rounded once stays as it is.
        let rounded = file.network::<f32>(None).unwrap();
        assert_eq!(format.write(&rounded, Naming::Book, element).unwrap(), bytes);
    }
    let refused = |format: Format, element| format.write(&network, Naming::Book, element).unwrap_err().to_string();
    assert_eq!(refused(Format::Npz, Element::Bf16), "npz files cannot hold numbers as bf16; choose from f64, f32, f16");
    assert!(refused(Format::Params, Element::F16).contains("choose from f64, f32"));
    assert!(refused(Format::Onnx, Element::F64).contains("choose from f32, f16, bf16"));
}

#[test]
fn pytorchs_arrays_have_dropouts_factor() {
    let arrays = network().to_arrays(Naming::PyTorch).unwrap();
    let names: Vec<_> = arrays.iter().map(|array| &array.name[..]).collect();
    assert_eq!(
        names,
        [
            "conv1.weight",
            "conv1.bias",
            "bn1.weight",
            "bn1.bias",
            "bn1.running_mean",
            "bn1.running_var",
            "fc1.weight",
            "fc1.bias",
            "fc2.weight",
            "fc2.bias",
        ]
    );
    // 1 − 0.5 before and 1 − 0.75 behind; the second alone acts on the bias.
    let values = |name: &str| arrays.iter().find(|array| array.name == name).unwrap().values.clone();
    assert_eq!(values("fc2.bias"), Values::F32(vec![0.3 * 0.25, -7.0 * 0.25]));
    let weight = network().param("W3").unwrap()[[1, 0]];
    assert_eq!(values("fc2.weight").iter().nth(1), Some(f64::from(weight) * 0.125));
    // Behind a sigmoid and before the end there is nothing that could take the factor up.
    let layers = vec![
        LayerSpec::Affine { outputs: 2, init: Init::default() },
        LayerSpec::Sigmoid,
        LayerSpec::Dropout { ratio: 0.5 },
    ];
    let stuck = Network::<f32>::build(NetworkSpec { input: vec![2], layers }, 0).unwrap();
    let error = stuck.to_arrays(Naming::PyTorch).unwrap_err();
    assert_eq!(error, FormatError::Dropout { layer: "Dropout1".to_string() });
}

/// A network with a million dropouts, as a hostile description may have it.
#[test]
fn descriptions_that_are_hostile() {
    let file = |description: &str| {
        let header = serde_json::json!({"__metadata__": {"network": description}}).to_string();
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat()
    };
    let error = |description: &str| {
        let bytes = file(description);
        within(10, "a hostile description", move || {
            WeightFile::from_bytes(&bytes).and_then(|file| file.network::<f32>(None)).map(drop).unwrap_err().to_string()
        })
    };
    let many = format!(
        r#"{{"version":1,"network":{{"input":[2],"layers":[{}"Relu"]}}}}"#,
        r#"{"Dropout":{"ratio":0.5}},"#.repeat(200_000)
    );
    let network = WeightFile::from_bytes(&file(&many)).unwrap().network::<f32>(None).unwrap();
    within(10, "many dropouts", move || network.to_arrays(Naming::PyTorch).unwrap_err());
    assert!(error("{").contains("the description of the network in the file cannot be read"));
    assert!(error(r#"{"version":2,"network":{"input":[2],"layers":[]}}"#).contains("version 2, but only version 1"));
    assert!(error(r#"{"version":1,"network":{"input":[2],"layers":["Sofa"]}}"#).contains("Sofa"));
    assert!(error(r#"{"version":1,"network":{"input":[2],"layers":[]}}"#).contains("cannot be built"));
    let axes = format!(r#"{{"version":1,"network":{{"input":[{}1],"layers":["Relu"]}}}}"#, "1,".repeat(100));
    assert!(error(&axes).contains("101 axes, but at most 32"));
    let huge = r#"{"version":1,"network":{"input":[4294967295],"layers":[{"Affine":{"outputs":4294967295,"init":"HeNormal"}}]}}"#;
    assert!(error(huge).contains("expected an array W1"), "{}", error(huge));
}

#[test]
fn every_damage_is_noticed_or_does_no_harm() {
    let layers = vec![LayerSpec::Affine { outputs: 2, init: Init::Normal { std: 0.5 } }];
    let network = Network::<f32>::build(NetworkSpec { input: vec![2], layers }, 0).unwrap();
    for format in BOTH {
        let good = format.write(&network, Naming::Book, Element::F32).unwrap();
        every_cut(&good, |bytes| assert!(WeightFile::from_bytes(bytes).is_err(), "{format:?} cut to {}", bytes.len()));
        let mut refused = 0;
        every_changed_byte(&good, |bytes, _| {
            if let Err(error) = WeightFile::from_bytes(bytes).and_then(|file| file.network::<f32>(None)) {
                let message = error.to_string();
                assert!(message.len() < 500 && !message.contains('\n'), "{message}");
                refused += 1;
            }
        });
        assert!(refused > good.len() * 255 / 5, "{format:?}: {refused} of {} refused", good.len() * 255);
    }
}

/// Reads damaged files; gives how many were refused.
fn read_damaged(times: usize, seed: u64) -> usize {
    let mut numbers = Numbers::new(seed);
    let good = BOTH.map(|format| format.write(&network(), Naming::PyTorch, Element::F32).unwrap());
    let damaged = (0..times).map(|i| damaged(&good[i % 2], &mut numbers));
    damaged.filter(|bytes| WeightFile::from_bytes(bytes).and_then(|file| file.network::<f32>(None)).is_err()).count()
}

#[test]
fn random_damage() {
    assert!(read_damaged(2_000, 1) > 1_000);
}

#[test]
#[ignore = "long: cargo xtask faults"]
fn random_damage_for_long() {
    let count = 20_000 * attack::times();
    let refused = read_damaged(count, 2);
    println!("faults: npz and safetensors, random damage | {count} | {refused} refused, no panic");
}

/// An archive of one entry, compressed.
fn archive(name: &str, content: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    zip.start_file(name, options).unwrap();
    zip.write_all(content).unwrap();
    zip.finish().unwrap().into_inner()
}

/// An array as NumPy writes it, but for the padding.
fn npy(descr: &str, fortran: &str, shape: &str, content: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    [b"\x93NUMPY\x01\0", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), content].concat()
}

#[test]
fn archives_that_are_not_ours() {
    let numbers: Vec<u8> = [1.0_f64, 2.0, 3.0, 4.0, 5.0, 6.0].iter().flat_map(|v| v.to_be_bytes()).collect();
    let (_, arrays) = npz::read(&archive("W1.npy", &npy("'>f8'", "True", "(2, 3)", &numbers))).unwrap();
    let values = Values::F64(vec![1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    assert_eq!(arrays, [NamedArray { name: "W1".to_string(), shape: vec![2, 3], element: Element::F64, values }]);

    let error = |name: &str, content: &[u8]| npz::read(&archive(name, content)).unwrap_err().to_string();
    assert!(error("W1.txt", b"x").contains("W1.txt in the npz file cannot be read: its name does not end in .npy"));
    assert!(error("W1.npy", b"x").contains("W1 in the npz file cannot be read: it ends within its header"));
    assert!(error("W1.npy", &npy("'<i8'", "False", "(6,)", &numbers)).contains("W1: the numbers are of type <i8"));
    assert!(error("W1.npy", &npy("'|O'", "False", "(6,)", b"")).contains("of type |O"));
    assert!(error("W1.npy", &npy("'<f8'", "False", "(5,)", &numbers)).contains("W1: the shape [5] of f64"));
    assert!(error("W1.npy", &npy("'<f8'", "False", "(7,)", &numbers)).contains("does not go with 48 bytes"));
    let wraps = npy("'<f8'", "False", "(4294967296, 4294967296)", b"");
    assert!(error("W1.npy", &wraps).contains("larger than anything that a file of this length holds"));
    // A gigabyte of zeros in a megabyte.
    let bomb = archive("W1.npy", &npy("'<f4'", "False", "(67108864,)", &vec![0; 1 << 28]));
    let message = within(10, "a bomb", move || npz::read(&bomb).unwrap_err().to_string());
    assert!(message.contains("larger than anything"), "{message}");
}

/// The length of a header may begin with the byte that a pickle, or the two that an ONNX file begins with.
#[test]
fn a_header_of_any_length_is_that_of_safetensors() {
    let mut as_pickle = 0;
    for outputs in 1..400 {
        let layers = (0..outputs % 20 + 1)
            .map(|_| LayerSpec::Relu)
            .chain([LayerSpec::Affine { outputs, init: Init::default() }]);
        let network = Network::<f32>::build(NetworkSpec { input: vec![1], layers: layers.collect() }, 0).unwrap();
        let bytes = Format::Safetensors.write(&network, Naming::Book, Element::Bf16).unwrap();
        as_pickle += usize::from(bytes[0] == 0x80);
        assert_eq!(WeightFile::from_bytes(&bytes).unwrap().format, Format::Safetensors, "{outputs}");
    }
    assert!(as_pickle > 0);
    for (start, len, format) in [
        (&b"\x08\x08\x12\0\0\0\0\0{}"[..], 1 << 21, Format::Safetensors),
        (b"\x80\x04\x95\x0b\0\0\0\0\0\0\0}", 21, Format::Pickle),
        (b"\x80\x02}q\0(X\x02{\0\0W1", 500, Format::Pickle),
    ] {
        assert_eq!(Format::of_content(start, len), Some(format), "{}", start.escape_ascii());
    }
}

#[test]
fn onnx_is_told_and_not_read() {
    let bytes = Format::Onnx.write(&network(), Naming::Book, Element::F16).unwrap();
    let error = WeightFile::from_bytes(&bytes).unwrap_err().to_string();
    assert_eq!(error, "this is an ONNX file, which is written here but not read");
    // Names and numbers that a reader of the format finds.
    for words in
        [&b"model"[..], b"Conv1", b"BatchNormalization", b"Flatten", b"Gemm", b"W3_f16", b"Dropout2_keep", b"scores"]
    {
        assert!(bytes.windows(words.len()).any(|bytes| bytes == words), "{}", words.escape_ascii());
    }
}
