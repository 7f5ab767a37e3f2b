//! Pickles of NumPy arrays: those of Python are read, ours are what Python writes, and nothing else is believed.

#[path = "../../datasets/tests/attack/mod.rs"]
mod attack;

use std::fs;
use std::path::{Path, PathBuf};

use attack::{Numbers, damaged, every_changed_byte, every_cut, within};
use model::formats::{Element, Format, FormatError, NamedArray, Naming, Values, WeightFile, pickle};
use model::{ConvParam, Error, Network, SimpleConvNet, params_sha256};

/// A file that Python wrote: a small network, each number an eighth of a whole number from -3 to 3, so that all number
/// types hold it exactly.
fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pickle").join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What is in all of them.
fn expected(element: Element) -> Vec<NamedArray> {
    let shapes: [(&str, &[usize]); 6] =
        [("W1", &[2, 1, 3, 3]), ("b1", &[2]), ("W2", &[8, 3]), ("b2", &[3]), ("W3", &[3, 2]), ("b3", &[2])];
    let mut numbers = (0..).map(|k| (f64::from(k % 7) - 3.0) / 8.0);
    let array = |(name, shape): (&str, &[usize])| {
        let values: Vec<f64> = numbers.by_ref().take(shape.iter().product()).collect();
        let values = match element {
            Element::F64 => Values::F64(values),
            _ => Values::F32(values.iter().map(|&value| value as f32).collect()),
        };
        NamedArray { name: name.to_string(), shape: shape.to_vec(), element, values }
    };
    shapes.map(array).to_vec()
}

fn error(pickle: &[u8]) -> String {
    pickle::read(pickle).unwrap_err().to_string()
}

#[test]
fn what_python_writes_is_read() {
    for (name, element) in [
        ("numpy1-protocol2.pkl", Element::F64),
        ("numpy1-protocol3.pkl", Element::F64),
        ("numpy1-protocol4.pkl", Element::F64),
        ("numpy1-protocol5.pkl", Element::F64),
        ("numpy2-protocol2.pkl", Element::F64),
        ("numpy2-protocol3.pkl", Element::F64),
        ("numpy2-protocol4.pkl", Element::F64),
        ("numpy2-protocol5.pkl", Element::F64),
        ("numpy2-protocol2-fortran.pkl", Element::F64),
        ("numpy2-protocol4-fortran.pkl", Element::F64),
        ("numpy2-protocol5-fortran.pkl", Element::F64),
        ("numpy2-protocol4-f32.pkl", Element::F32),
        ("numpy2-protocol4-big-endian.pkl", Element::F32),
        ("numpy2-protocol5-f16.pkl", Element::F16),
    ] {
        let arrays = pickle::read(&fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(arrays, expected(element), "{name}");
    }
}

#[test]
fn what_we_write_is_what_python_writes() {
    assert_eq!(pickle::write(&expected(Element::F64), Element::F64), fixture("numpy1-protocol4.pkl"));
    for element in [Element::F64, Element::F32, Element::F16] {
        let again = pickle::read(&pickle::write(&expected(element), element)).unwrap();
        assert_eq!(again, expected(element));
    }
    // One array, none, sizes that need more bytes, names and contents of all lengths, more arrays than are set at once.
    let array = |name: String, shape: &[usize]| {
        let values = Values::F32(vec![0.5; shape.iter().product()]);
        NamedArray { name, shape: shape.to_vec(), element: Element::F32, values }
    };
    let long = "ü".repeat(200);
    let many = (0..2500).map(|i| array(format!("W{i}"), &[])).collect();
    for arrays in [
        vec![],
        vec![array("W".to_string(), &[0, 7])],
        vec![array(long, &[1, 300]), array("b".to_string(), &[70_000]), array("c".to_string(), &[1, 1, 1, 1, 2])],
        vec![array("a".to_string(), &[9000]), array("b".to_string(), &[9000]), array("c".to_string(), &[1])],
        many,
    ] {
        assert!(pickle::read(&pickle::write(&arrays, Element::F32)).unwrap() == arrays, "{} arrays", arrays.len());
    }
}

#[test]
fn a_pickle_becomes_a_network_and_a_network_a_pickle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("params.pkl");
    fs::write(&path, fixture("numpy2-protocol4-fortran.pkl")).unwrap();
    let file = WeightFile::load(&path).unwrap();
    assert_eq!((file.format, &file.network), (Format::Pickle, &None));
    let network: Network<f64> = file.network(None).unwrap();
    let conv_param = ConvParam { filter_num: 2, filter_size: 3, ..ConvParam::default() };
    let settings =
        SimpleConvNet { input_dim: [1, 6, 6], conv_param, hidden_size: 3, output_size: 2, ..SimpleConvNet::default() };
    assert_eq!(*network.spec(), settings.spec());
    assert_eq!(network.param("W2").unwrap()[[2, 1]], ((18 + 2 + 7) % 7 - 3) as f64 / 8.0);

    let arrays = network.to_arrays(Naming::Book).unwrap();
    assert_eq!(arrays, expected(Element::F64));
    // PyTorch's names and order are understood in a pickle as well.
    let arrays = network.to_arrays(Naming::PyTorch).unwrap();
    assert_eq!(arrays[2].name, "fc1.weight");
    assert_eq!(arrays[2].shape, [3, 8]);
    let file = WeightFile::from_bytes(&pickle::write(&arrays, Element::F64)).unwrap();
    let again: Network<f64> = file.network(None).unwrap();
    assert_eq!(*again.spec(), settings.spec());
    assert_eq!(params_sha256(&again), params_sha256(&network));
    // So is our own file, with its description.
    let file = WeightFile::from_bytes(&network.to_bytes()).unwrap();
    assert_eq!((file.format, &file.network), (Format::Params, &Some(settings.spec())));
    assert_eq!(params_sha256(&file.network::<f64>(None).unwrap()), params_sha256(&network));
}

#[test]
fn what_does_not_fit_is_named() {
    let file = |arrays| WeightFile { format: Format::Pickle, network: None, arrays };
    let fits = |arrays, settings: &SimpleConvNet| {
        file(arrays).network::<f32>(Some(&settings.spec())).map(drop).unwrap_err().to_string()
    };
    let conv_param = ConvParam { filter_num: 2, filter_size: 3, ..ConvParam::default() };
    let right =
        SimpleConvNet { input_dim: [1, 6, 6], conv_param, hidden_size: 3, output_size: 2, ..SimpleConvNet::default() };
    let arrays = || expected(Element::F32);
    assert_eq!(
        fits(arrays(), &SimpleConvNet { hidden_size: 4, ..right }),
        "Affine1: expected W2 of shape [8, 4], found shape [8, 3]"
    );
    let network = Network::<f32>::from_arrays(&right.spec(), &arrays()).unwrap();
    assert_eq!(
        fits(network.to_arrays(Naming::PyTorch).unwrap(), &SimpleConvNet { output_size: 3, ..right }),
        "Affine2: expected fc2.weight of shape [3, 3], found shape [2, 3]"
    );
    assert_eq!(
        fits(arrays()[..5].to_vec(), &right),
        "Affine2: expected an array b3 of shape [2], but the file has W1, b1, W2, b2, W3"
    );
    let more = NamedArray { name: "W4".to_string(), ..arrays()[5].clone() };
    assert_eq!(
        fits([arrays(), vec![more]].concat(), &right),
        "the file has an array W4 of shape [2], which the network has not"
    );
    let unknown = file(arrays()[..2].to_vec()).network::<f32>(None).unwrap_err().to_string();
    assert!(unknown.contains("it has W1 [2, 1, 3, 3], b1 [2]"), "{unknown}");
}

/// The pickle with this content in place of the dictionary.
fn crafted(content: &[u8]) -> Vec<u8> {
    [b"\x80\x04", content, b"."].concat()
}

#[test]
fn nothing_is_executed_and_what_asks_for_it_is_named() {
    // os.system("…"), in the ways of old and new protocols.
    assert_eq!(
        error(&crafted(b"cos\nsystem\nX\x02\0\0\0ls\x85R")),
        "the pickle names os.system at byte 2; only what a dictionary of NumPy arrays needs is read, and nothing is \
         executed"
    );
    assert!(
        error(&crafted(b"\x8c\x08builtins\x8c\x04eval\x93")).starts_with("the pickle names builtins.eval at byte 18;")
    );
    assert!(error(&crafted(b"(ios\nsystem\n")).starts_with("the pickle has the instruction INST at byte 3;"));
    assert!(error(&crafted(b"}\x82\x01")).starts_with("the pickle has the instruction EXT1 at byte 3;"));
    assert!(error(&crafted(b"\xff")).contains("instruction 0xff, which Python does not know either, at byte 2"));
    // Names like those that are known.
    for name in ["numpy\nload", "numpy.core.multiarray\n_reconstruct.x", "numpy._core\nndarray", "numpy\ndtypes"] {
        let message = error(&crafted(format!("c{name}\n").as_bytes()));
        assert!(message.contains(&format!("names {} at byte 2", name.replace('\n', "."))), "{message}");
    }
    // A name that would clear the screen.
    let hostile = error(&crafted(b"c\x1b[2J\nx\n"));
    assert!(hostile.contains("names \\u{1b}[2J.x at"), "{hostile}");
    // Text protocols, later ones, more than one pickle in a file, no pickle.
    assert!(error(b"(dp0\n.").ends_with("a protocol from 2 to 5, found none, as in protocols 0 and 1"));
    assert!(error(b"\x80\x06.").contains("protocol 6, but 2 to 5"));
    assert_eq!(
        error(&[&crafted(b"}")[..], b"\x80\x04}."].concat()),
        "4 bytes are left over after the end of the content"
    );
    assert!(matches!(WeightFile::from_bytes(b"hello"), Err(FormatError::Unknown)));
    assert!(matches!(WeightFile::from_bytes(b"\x89CNNC\r\n\x1a and more"), Err(FormatError::Checkpoint)));
    // What is left at the end, and what is in it.
    assert!(error(&crafted(b"N")).ends_with("expected a dictionary of arrays, found None"));
    assert!(error(&crafted(b"}\x8c\x01aK\x07s")).ends_with("a: expected an array, found a whole number"));
    assert!(error(&crafted(b"}\x94\x8c\x01ah\x00s")).ends_with("a: expected an array, found a dictionary"));
    assert!(error(&crafted(b"}\x8c\x01a\x8c\x01bs\x8c\x01a\x8c\x01bs")).contains("expected an array"));
    // The stack, marks, memory.
    for (content, words) in [
        (&b"s"[..], "something on the stack"),
        (b"}(K\x01u", "a key alone"),
        (b"t", "a mark on the stack"),
        (b"(((", "something on the stack"),
        (b"K\x01(\x85", "something on the stack"),
        (b"h\x00", "something that was remembered"),
        (b"q\x00", "something on the stack"),
        (b"\x95\xff\xff\xff\xff\xff\xff\xff\xff", "a frame at byte 2 needs 18446744073709551615 bytes"),
        (b"B\xff\xff\xff\xff", "an instruction at byte 2 needs 4294967295 bytes"),
        (b"\x8e\xff\xff\xff\xff\xff\xff\xff\xff", "an instruction at byte 2 needs 18446744073709551615 bytes"),
        (b"\x8a\x09123456789", "at most 8 bytes"),
        (b"\x8c\x01\xff", "bytes that are no UTF-8"),
        (b"cnumpy\ndtype\nK\x01\x85R", "expected a text, found a whole number"),
        (b"cnumpy\nndarray\n)R", "the arguments of NumPy's own pickles"),
        (b"K\x01)R", "expected a function"),
        (b"})b", "expected an array or a number type"),
    ] {
        let message = error(&crafted(content));
        assert!(message.contains(words), "{}: {message}", content.escape_ascii());
    }
}

/// Arrays that are none: the parts are those that Python writes.
#[test]
fn arrays_that_contradict_themselves() {
    let good = fixture("numpy1-protocol4.pkl");
    let replaced = |from: &[u8], to: &[u8]| {
        let at = good.windows(from.len()).position(|bytes| bytes == from).expect("these bytes");
        // Without the frame, whose length would be wrong.
        [&good[..2], &good[11..at], to, &good[at + from.len()..]].concat()
    };
    assert!(pickle::read(&replaced(b"f8", b"f8")).is_ok());
    assert_eq!(
        error(&replaced(b"f8", b"i8")),
        "W1: the numbers are of type i8, but only floating-point numbers of 16, 32 and 64 bits are read"
    );
    assert_eq!(error(&replaced(b"f8", b"f4")), "W1: the shape [2, 1, 3, 3] of f32 does not go with 144 bytes");
    assert!(error(&replaced(b"K\x03K\x03t", b"K\x03K\x04t")).contains("W1: the shape [2, 1, 3, 4] of f64"));
    // Sizes whose product is 2^64, that is 0 where it wraps, and negative ones.
    assert!(error(&replaced(b"K\x02\x85", b"\x8a\x05\0\0\0\0\x01\x85")).contains("b1: the shape [4294967296]"));
    assert!(error(&replaced(b"K\x02\x85", b"J\xff\xff\xff\xff\x85")).contains("found a negative number"));
    assert!(error(&replaced(b"\x8c\x02b1", b"\x8c\x02W1")).contains("the array W1 comes twice"));
    assert!(error(&replaced(b"\x8c\x01<", b"\x8c\x01?")).contains("the byte order < or >"));
    let axes = [b"(", &b"K\x01".repeat(33)[..], b"t"].concat();
    assert_eq!(error(&replaced(b"K\x02\x85", &axes)), "an array has 33 axes, but at most 32 are read");
}

#[test]
fn small_files_do_not_become_large() {
    // A thousand arrays that share one content of a megabyte.
    let array = |name: &[u8], content: &[u8]| {
        let reconstruct = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n)C\x01b\x87R";
        let dtype = b"cnumpy\ndtype\n\x8c\x02f8\x85R";
        [b"\x8c", &[name.len() as u8], name, reconstruct, b"(K\x01J\0\0\x02\0\x85", dtype, b"\x89", content, b"tb"]
            .concat()
    };
    let content = [b"B\0\0\x10\0", &vec![0; 1 << 20][..], b"\x94"].concat();
    let mut items = array(b"W", &content);
    (0..1000).for_each(|i| items.extend(array(format!("W{i}").as_bytes(), b"h\x00")));
    let bomb = crafted(&[b"}(", &items[..], b"u"].concat());
    let message = within(5, "shared content", move || error(&bomb));
    assert!(message.contains("some share their content"), "{message}");
    // Tuples of tuples of tuples, each twice: 2^1000 of them, had they to be written out.
    let laughs = crafted(&b"\x94h\x00\x86".repeat(1000));
    within(5, "nested tuples", move || error(&[&laughs[..2], b")", &laughs[2..]].concat()));
    // Millions of instructions.
    let many = crafted(&b"N".repeat(4_000_000));
    let message = within(5, "many instructions", move || error(&many));
    assert!(message.contains("more than 1048576 instructions"), "{message}");
}

#[test]
fn every_damage_is_noticed_or_does_no_harm() {
    for name in ["numpy1-protocol2.pkl", "numpy2-protocol5-fortran.pkl"] {
        let good = fixture(name);
        every_cut(&good, |bytes| assert!(pickle::read(bytes).is_err(), "{name} cut to {}", bytes.len()));
        let (mut read, mut refused) = (0, 0);
        every_changed_byte(&good, |bytes, _| match pickle::read(bytes) {
            Ok(arrays) => {
                // A number or a name has changed; the network finds out about the second.
                assert!(arrays.iter().map(|array| array.values.len()).sum::<usize>() <= 55);
                read += 1;
            }
            Err(error) => {
                let message = error.to_string();
                assert!(message.len() < 500 && !message.contains('\n'), "{message}");
                refused += 1;
            }
        });
        assert!(read > 50_000 && refused > 50_000, "{name}: {read} read, {refused} refused");
    }
}

/// Reads damaged files; gives how many were refused.
fn read_damaged(times: usize, seed: u64) -> usize {
    let (good, mut numbers) = (fixture("numpy2-protocol4.pkl"), Numbers::new(seed));
    let damaged = (0..times).map(|_| damaged(&good, &mut numbers));
    damaged.filter(|bytes| WeightFile::from_bytes(bytes).and_then(|file| file.network::<f32>(None)).is_err()).count()
}

#[test]
fn random_damage() {
    assert!(read_damaged(5_000, 1) > 2_500);
}

#[test]
#[ignore = "long: cargo xtask faults"]
fn random_damage_for_long() {
    let count = 50_000 * attack::times();
    let refused = read_damaged(count, 2);
    println!("faults: pickle, random damage | {count} | {refused} refused, no panic");
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for (what, path) in attack::no_files(folder.path()) {
        within(1, what, move || WeightFile::load(&path).map(drop).unwrap_err());
    }
    let path: PathBuf = folder.path().join("large");
    attack::hollow(&path, b"something else", 1 << 40);
    let error = within(1, "a file of a TiB", move || WeightFile::load(&path).map(drop).unwrap_err());
    assert!(matches!(&error, Error::Format { .. }) && error.to_string().contains("no file of weights"), "{error}");
}
