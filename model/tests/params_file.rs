//! Parameter files: what is written is read back, and nothing else is.

use std::fs;
use std::path::{Path, PathBuf};

use layers::ndarray::Array4;
use layers::{Init, Purpose, Random, Rounding, Window};
use model::{
    ConvParam, Error, LayerSpec, Network, NetworkSpec, ParamsError, SimpleConvNet, params_sha256, replace_file,
};
use sha2::{Digest, Sha256};

/// A file of version 1, written when that version was made, of the network below.
const FIXTURE: &[u8] = include_bytes!("fixtures/params-v1.postcard");

/// Every kind of layer, and as few numbers as can be.
fn every_kind() -> NetworkSpec {
    NetworkSpec {
        input: vec![1, 5, 5],
        layers: vec![
            LayerSpec::Convolution { filters: 2, window: Window::new(2, 3).pad(1), init: Init::HeNormal },
            LayerSpec::BatchNormalization { momentum: 0.9 },
            LayerSpec::Relu,
            LayerSpec::MaxPool { window: Window::square(3).stride(2).rounding(Rounding::Down) },
            LayerSpec::Dropout { ratio: 0.25 },
            LayerSpec::Affine { outputs: 2, init: Init::XavierUniform },
            LayerSpec::Sigmoid,
            LayerSpec::Affine { outputs: 2, init: Init::Normal { std: 0.5 } },
            LayerSpec::Tanh,
            LayerSpec::Affine { outputs: 2, init: Init::Uniform { limit: 0.5 } },
        ],
    }
}

/// The network of the fixture: with statistics that are not those of a new network.
fn every_kind_network() -> Network {
    let mut network = Network::build(every_kind(), 1).unwrap();
    network.set_param("running_mean1", layers::ndarray::array![0.25, -0.5].view()).unwrap();
    network.set_param("running_var1", layers::ndarray::array![1.5, 0.125].view()).unwrap();
    network
}

fn image() -> Array4<f32> {
    let mut random = Random::new(0, Purpose::Other(0));
    Array4::from_shape_simple_fn((3, 1, 5, 5), || random.uniform() as f32)
}

fn book(filter_num: usize) -> Network {
    let conv_param = ConvParam { filter_num, filter_size: 3, ..ConvParam::default() };
    let settings = SimpleConvNet { input_dim: [1, 8, 8], conv_param, hidden_size: 5, ..SimpleConvNet::default() };
    settings.build(0).unwrap()
}

/// The content of a file, without header and checksum.
fn content(bytes: &[u8]) -> &[u8] {
    &bytes[20..bytes.len() - 32]
}

/// A file of this content whose header and checksum are right.
fn sealed(version: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = FIXTURE[..8].to_vec();
    bytes.extend(version.to_le_bytes());
    bytes.extend((content.len() as u64).to_le_bytes());
    bytes.extend(content);
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

fn file_in(dir: &Path, bytes: &[u8]) -> PathBuf {
    let path = dir.join("params.postcard");
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn version_1_stays_readable() {
    let network = Network::<f32>::from_bytes(FIXTURE).unwrap();
    assert_eq!(*network.spec(), every_kind());
    assert_eq!(params_sha256(&network), "21a2c17b169db4e3ed554a7c4cc64d436ff41c61103b6a246538acf4388c2bdd");
    // What a reader that had misunderstood a window or a statistic would not get.
    let expected =
        layers::ndarray::array![[-0.18626375, 0.14174342], [-0.1846684, 0.15280929], [-0.19565295, 0.1807728]];
    let scores = network.predict(image().view());
    assert!((&scores - &expected).iter().all(|d: &f32| d.abs() < 1e-5), "{scores:?}");
    // Written again it is the same: neither the format nor the names have changed.
    assert!(network.to_bytes() == FIXTURE, "the same network is written in another way than before");
    assert!(every_kind_network().to_bytes() == FIXTURE, "a seed gives other weights than before");
}

#[test]
fn a_file_is_read_back_to_the_bit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("params.postcard");
    let network = every_kind_network();
    network.save_params(&path).unwrap();

    let rebuilt = Network::<f32>::load(&path).unwrap();
    assert_eq!(params_sha256(&rebuilt), params_sha256(&network));
    assert_eq!(rebuilt.predict(image().view()), network.predict(image().view()));

    let mut other = Network::<f32>::build(every_kind(), 7).unwrap();
    assert_ne!(params_sha256(&other), params_sha256(&network));
    other.load_params(&path).unwrap();
    assert_eq!(params_sha256(&other), params_sha256(&network));

    // Each number type keeps its own numbers, and takes the other's.
    let wide = Network::<f64>::build(every_kind(), 1).unwrap();
    wide.save_params(&path).unwrap();
    assert_eq!(Network::<f64>::load(&path).unwrap().param("W1"), wide.param("W1"));
    assert_eq!(Network::<f32>::load(&path).unwrap().param("W1"), wide.cast::<f32>().param("W1"));
}

#[test]
fn a_file_that_was_cut_is_refused() {
    for len in 0..FIXTURE.len() {
        let error = Network::<f32>::from_bytes(&FIXTURE[..len]).unwrap_err();
        assert!(matches!(error, ParamsError::Length { .. }), "{len} bytes: {error}");
    }
    let longer = [FIXTURE, &[0]].concat();
    let error = Network::<f32>::from_bytes(&longer).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the file is {} bytes long, but its header says {}; it was cut short or damaged",
            longer.len(),
            FIXTURE.len()
        )
    );
}

#[test]
fn every_changed_byte_is_noticed() {
    let mut bytes = FIXTURE.to_vec();
    for at in 0..bytes.len() {
        let before = bytes[at];
        for change in 1..=255 {
            bytes[at] = before ^ change;
            assert!(Network::<f32>::from_bytes(&bytes).is_err(), "byte {at} changed from {before} to {}", bytes[at]);
        }
        bytes[at] = before;
    }
}

/// Someone may also write a wrong file on purpose, with a right checksum.
#[test]
fn no_content_makes_the_reader_panic() {
    let mut bytes = content(FIXTURE).to_vec();
    let mut read = 0;
    for at in 0..bytes.len() {
        let before = bytes[at];
        for change in 1..=255 {
            bytes[at] = before ^ change;
            let file = sealed(1, &bytes);
            if let Ok(network) = Network::<f32>::from_bytes(&file) {
                read += 1;
                assert_eq!(network.to_bytes().len(), file.len());
            }
        }
        bytes[at] = before;
        assert!(Network::<f32>::from_bytes(&sealed(1, &bytes[..at])).is_err(), "content cut to {at} bytes");
    }
    // A change within a weight makes another weight.
    assert!(read > 1000, "{read}");
}

#[test]
fn promises_that_the_file_is_too_short_for() {
    // An affine layer of 2^40 outputs, and of no values at all.
    let mut content = vec![1, 2, 1, 5];
    content.extend([0x80, 0x80, 0x80, 0x80, 0x80, 0x20]); // 2^40 as a varint
    content.extend([2, 0]); // XavierNormal, no arrays
    let error = Network::<f32>::from_bytes(&sealed(1, &content)).unwrap_err();
    assert_eq!(error, ParamsError::Missing { expected: "W1".to_string(), shape: vec![2, 1 << 40] });

    // An array that is said to have 2^40 values.
    let mut content = vec![1, 2, 0, 1, 0, 1];
    content.extend([0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0]); // its shape, and that its values are f32
    content.extend([0x80, 0x80, 0x80, 0x80, 0x80, 0x20]); // how many come
    let error = Network::<f32>::from_bytes(&sealed(1, &content)).unwrap_err();
    assert!(matches!(error, ParamsError::Content { version: 1, .. }), "{error}");
}

#[test]
fn an_array_too_many_is_noticed() {
    let layers = vec![LayerSpec::Affine { outputs: 2, init: Init::default() }];
    let network = Network::<f32>::build(NetworkSpec { input: vec![2], layers }, 0).unwrap();
    let mut content = content(&network.to_bytes()).to_vec();
    // The network takes 14 bytes, then comes the number of arrays; the last one is b1, in 15 bytes.
    assert_eq!(content[14], 2);
    content[14] = 3;
    content.extend_from_within(content.len() - 15..);
    let error = Network::<f32>::from_bytes(&sealed(1, &content)).unwrap_err();
    assert_eq!(error, ParamsError::Unexpected { name: "b1".to_string(), shape: vec![2] });
}

#[test]
fn other_versions_and_other_files_are_told() {
    let message = |bytes: &[u8]| Network::<f32>::from_bytes(bytes).unwrap_err().to_string();
    assert_eq!(
        message(&sealed(2, content(FIXTURE))),
        "the file has format version 2, but only version 1 is known here; a newer program wrote it"
    );
    assert_eq!(message(b"\x80\x04\x95 a pickle, say, of the book"), "this is not a parameter file");
    assert_eq!(message(&sealed(1, &[content(FIXTURE), &[0]].concat())), "1 bytes are left over after the content");
}

#[test]
fn the_first_difference_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("params.postcard");
    book(4).save_params(&path).unwrap();
    let mut network = book(3);
    let before = params_sha256(&network);
    let error = network.load_params(&path).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{}: expected W1 of shape [3, 1, 3, 3], found W1 of shape [4, 1, 3, 3]", path.display())
    );
    assert_eq!(params_sha256(&network), before, "the network is as it was");

    let refused = |network: &mut Network, file: &Network| {
        file.save_params(&path).unwrap();
        let Error::Params { problem, .. } = network.load_params(&path).unwrap_err() else { panic!("another error") };
        problem.to_string()
    };
    assert_eq!(
        refused(&mut network, &every_kind_network()),
        "expected W1 of shape [3, 1, 3, 3], found W1 of shape [2, 1, 2, 3]"
    );
    let init = Init::default();
    let affine = |layers: &[LayerSpec]| {
        let spec = NetworkSpec { input: vec![2], layers: layers.to_vec() };
        Network::<f32>::build(spec, 0).unwrap()
    };
    let last = LayerSpec::Affine { outputs: 2, init };
    let (mut one, two) = (affine(&[last]), affine(&[last, last]));
    assert_eq!(refused(&mut one, &two), "the file has an array W2 of shape [2, 2], which the network has not");
    let one_again = affine(&[last]);
    let mut two = two;
    assert_eq!(refused(&mut two, &one_again), "expected an array W2 of shape [2, 2], but the file has no more");
    // The same arrays in another network.
    let (mut relu, sigmoid) = (affine(&[LayerSpec::Relu, last]), affine(&[LayerSpec::Sigmoid, last]));
    assert_eq!(
        refused(&mut relu, &sigmoid),
        "the file is of another network: expected Relu1 as layer 1 (relu), found Sigmoid1 as layer 1 (sigmoid)"
    );
    // How its weights were drawn makes no other network.
    let he = LayerSpec::Affine { outputs: 2, init: Init::HeNormal };
    affine(&[he]).save_params(&path).unwrap();
    one.load_params(&path).unwrap();
}

#[test]
fn files_that_cannot_be_read_or_written() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("missing.postcard");
    let message = Network::<f32>::load(&missing).unwrap_err().to_string();
    assert!(message.starts_with(&format!("cannot read {}: ", missing.display())), "{message}");
    let message = Network::<f32>::load(dir.path()).unwrap_err().to_string();
    assert_eq!(message, format!("cannot read {}: it is not a plain file", dir.path().display()));

    let message = book(3).save_params(dir.path()).unwrap_err().to_string();
    let expected = format!("cannot write {}: it is there already and not a plain file", dir.path().display());
    assert_eq!(message, expected);
    let nowhere = dir.path().join("no/such/folder/params.postcard");
    assert!(matches!(book(3).save_params(&nowhere), Err(Error::Write { path, .. }) if path == nowhere));
    let empty = file_in(dir.path(), b"");
    let message = Network::<f32>::load(&empty).unwrap_err().to_string();
    assert!(message.contains("the file is 0 bytes long"), "{message}");
}

#[test]
fn a_file_is_replaced_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = file_in(dir.path(), b"old");
    replace_file(&path, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["params.postcard"], "nothing is left beside it");
}

#[cfg(unix)]
#[test]
fn links_and_permissions_are_those_of_any_file() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = tempfile::tempdir().unwrap();
    let path = file_in(dir.path(), b"old");
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    let link = dir.path().join("link");
    symlink(&path, &link).unwrap();
    replace_file(&link, b"new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode(), mode);
}
