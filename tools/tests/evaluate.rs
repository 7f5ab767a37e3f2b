//! `evaluate`: the numbers are those of the network, whatever file it comes from and whatever the images are.

mod common;

use std::path::PathBuf;

use common::{Folder, Ran, TINY_FLAGS, tiny_mnist};
use datasets::{Part, digits};
use model::formats::{Element, Format, Naming};
use model::{Network, NetworkKind, NetworkSpec, SimpleConvNet, guess};
use serde_json::Value;

fn json(ran: Ran) -> Value {
    serde_json::from_str(&ran.succeeds().stdout).unwrap()
}

/// A trained network of MNIST's size in `out`.
fn trained() -> (Folder, Network) {
    let folder = Folder::new();
    let line = "--dataset digits --train-limit 1000 --test-limit 10 --epochs 1 --filters 4 --hidden 16 --lr 0.01";
    folder.run("train", line).succeeds();
    let network = Network::load(folder.join("out/params.postcard")).unwrap();
    (folder, network)
}

/// A grey PNG file of bytes, row by row.
fn png(width: usize, pixels: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, (pixels.len() / width) as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
    bytes
}

#[test]
fn the_numbers_are_those_of_the_training() {
    let folder = Folder::new();
    tiny_mnist(&folder, "tiny");
    let trained = folder.run("train", &format!("{TINY_FLAGS} --data-dir tiny --json")).succeeds();
    let trained: Value = serde_json::from_str(trained.stdout.lines().last().unwrap()).unwrap();
    let report = json(folder.run("evaluate", "--data-dir tiny --json"));
    assert_eq!(report["images"], trained["test_total"]);
    assert_eq!(report["correct"], trained["test_correct"]);
    assert_eq!(report["accuracy"], trained["test_accuracy"]);
    let sum = |value: &Value| value.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).sum::<u64>();
    for (class, row) in report["classes"].as_array().unwrap().iter().zip(report["confusion"].as_array().unwrap()) {
        assert_eq!(class["images"], sum(row));
    }
    let right: u64 = (0..10).map(|k| report["confusion"][k][k].as_u64().unwrap()).sum();
    assert_eq!(report["correct"], right);
    let bins = report["calibration"].as_array().unwrap();
    assert_eq!((bins.len(), bins.iter().map(|bin| bin["images"].as_u64().unwrap()).sum::<u64>()), (10, 20));
    assert!(report["top_2"].as_f64() >= report["accuracy"].as_f64());
    assert!(report["images_per_second"].as_f64().unwrap() > 0.0);
    // The other part of the data set, and the text.
    let other = json(folder.run("evaluate", "--data-dir tiny --split train --json"));
    assert_eq!(other["images"], 30);
    let text = folder.run("evaluate", "--data-dir tiny").succeeds().stdout;
    for words in
        ["images    the 20 test images of MNIST", "of 20 images)", "expected calibration error, 10 bins", "truth/guess"]
    {
        assert!(text.contains(words), "{words:?} is missing: {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn every_format_gives_the_same() {
    let (folder, network) = trained();
    let expected = guess(&network, &digits::draw(Part::Test, 10_000, 0)).unwrap();
    for (file, format, naming) in [
        ("a.postcard", Format::Params, Naming::Book),
        ("a.pkl", Format::Pickle, Naming::Book),
        ("a.npz", Format::Npz, Naming::PyTorch),
        ("a.safetensors", Format::Safetensors, Naming::PyTorch),
        // By content, not by name.
        ("a.txt", Format::Safetensors, Naming::Book),
    ] {
        folder.write(file, format.write(&network, naming, Element::F32).unwrap());
        let report = json(folder.run("evaluate", &format!("--params {file} --dataset digits --json")));
        assert_eq!(report["correct"], expected.evaluation().correct, "{file}");
        assert_eq!(report["top_2"], expected.within(2) as f64 / 10_000.0);
        assert_eq!(report["calibration_error"], expected.calibration(10).error());
    }
    // The other programs read them too.
    folder.run("filterviz", "--params a.safetensors --out pictures").succeeds();
    folder.run("explain", "--params a.npz --dataset digits").succeeds();
}

#[test]
fn a_file_that_does_not_say_what_it_is_of() {
    let folder = Folder::new();
    let spec = NetworkKind::LeNet5Modern.spec([1, 28, 28], 10);
    let network = Network::<f32>::build(spec, 0).unwrap();
    folder.write("theirs.pkl", Format::Pickle.write(&network, Naming::PyTorch, Element::F32).unwrap());
    let run = |line: &str| folder.run("evaluate", &format!("--params theirs.pkl --dataset digits {line}"));
    run("").refuses(&["does not say what network its arrays are of", "--network"]);
    run("--network deep").refuses(&["Conv1: expected conv1.weight of shape [16, 1, 3, 3], found shape [6, 1, 5, 5]"]);
    folder.run("filterviz", "--params theirs.pkl").refuses(&["--bin convert -- theirs.pkl"]);
    let report = json(run("--network lenet5-modern --json"));
    let expected = guess(&network, &digits::draw(Part::Test, 10_000, 0)).unwrap();
    assert_eq!(report["correct"], expected.evaluation().correct);
    folder.write("params.postcard", network.to_bytes());
    let told = folder.run("evaluate", "--params params.postcard --dataset digits --network deep");
    told.refuses(&["says itself what network it is of", "leave out --network"]);
}

#[test]
fn pictures_of_any_size_are_digits() {
    let (folder, network) = trained();
    let digits = digits::draw(Part::Test, 40, 0);
    // Four times as large, dark on grey paper, somewhere on it.
    let large = |i: usize| {
        let mut paper = vec![200; 170 * 200];
        for (at, &ink) in digits.image(i).iter().enumerate() {
            let (top, left) = (10 + i + at / 28 * 4, 5 + i + at % 28 * 4);
            (0..16).for_each(|k| paper[(top + k / 4) * 200 + left + k % 4] = 200 - (u16::from(ink) * 180 / 255) as u8);
        }
        png(200, &paper)
    };
    for i in 0..digits.len() {
        let bytes = if i.is_multiple_of(2) { png(28, digits.image(i)) } else { large(i) };
        folder.write(&format!("known/{}/{i:02}.png", digits.labels()[i]), &bytes);
        folder.write(&format!("unknown/{i:02}.PNG"), &bytes);
    }
    folder.write("known/3/notes.txt", "not a picture");
    folder.write("known/.hidden/x.png", "not looked at");
    let report = json(folder.run("evaluate", "--dataset known --json"));
    assert_eq!((&report["images"], report["files"].as_array().unwrap().len()), (&Value::from(40), 40));
    assert!(report["dataset"].as_str().unwrap().ends_with("in known, 20 dark on light and 20 light on dark"));
    // Those that are drawn in MNIST's frame are seen as they are; the others nearly so.
    let expected = guess(&network, &digits).unwrap();
    let same = report["files"].as_array().unwrap().iter().filter(|file| {
        let name = file["file"].as_str().unwrap();
        let i: usize = name[name.len() - 6..name.len() - 4].parse().unwrap();
        assert_eq!(file["label"], digits.labels()[i]);
        assert_eq!(file["ink"], if i.is_multiple_of(2) { "light on dark" } else { "dark on light" });
        file["guess"] == expected.all()[i].class
    });
    assert!(same.count() >= 34);
    // Without folders nobody knows what is right.
    let report = json(folder.run("evaluate", "--dataset unknown --json"));
    assert_eq!((report.get("accuracy"), report["files"][0].get("label")), (None, None));
    let text = folder.run("evaluate", "--dataset unknown").succeeds().stdout;
    assert_eq!(text.lines().filter(|line| line.starts_with("unknown/")).count(), 40, "{text}");
    assert!(!text.contains("accuracy"), "{text}");
}

#[test]
fn an_accuracy_that_is_required() {
    let (folder, _) = trained();
    folder.run("evaluate", "--dataset digits --require-accuracy 0.1").succeeds();
    let ran = folder.run("evaluate", "--dataset digits --require-accuracy 1");
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("less than the 1 that --require-accuracy asks for"), "{ran:#?}");
}

#[test]
fn a_network_that_gives_no_numbers() {
    let folder = Folder::new();
    let mut network = SimpleConvNet { hidden_size: 5, ..SimpleConvNet::default() }.build::<f32>(0).unwrap();
    network.set_param("b3", layers::ndarray::Array1::from_elem(10, f32::NAN).view()).unwrap();
    folder.write("nan.postcard", network.to_bytes());
    let ran = folder.run("evaluate", "--params nan.postcard --dataset digits");
    ran.refuses(&[
        "gives image 0 (from 0) scores from which no finite loss follows; it began in b3 of Affine2 (NaN)",
        "--params",
    ]);
}

/// The book's own trained weights, which `BOOK_DIR` names the folder of.
#[test]
fn the_books_trained_weights() {
    let [Some(book), Some(mnist)] = ["BOOK_DIR", "MNIST_DIR"].map(|name| std::env::var_os(name).map(PathBuf::from))
    else {
        println!("skipped: the book's trained weights, for BOOK_DIR or MNIST_DIR is not set");
        return;
    };
    let folder = Folder::new();
    let mut command = folder.program("evaluate", "--json --dataset mnist");
    command.arg("--params").arg(book.join("params.pkl")).arg("--data-dir").arg(mnist);
    let report = json(Ran::of(command, "evaluate"));
    assert_eq!((&report["correct"], &report["images"]), (&Value::from(9600), &Value::from(10_000)));
}

#[test]
fn descriptions_of_other_sizes_are_recognised() {
    // The book's network with other settings, as its script for the gradient check has them.
    let folder = Folder::new();
    let network = SimpleConvNet { hidden_size: 7, ..SimpleConvNet::default() }.build::<f32>(0).unwrap();
    folder.write("other.pkl", Format::Pickle.write(&network, Naming::Book, Element::F16).unwrap());
    let text = folder.run("evaluate", "--params other.pkl --dataset digits").succeeds().stdout;
    assert!(text.contains("other.pkl (pickle, f16)"), "{text}");
    let spec: NetworkSpec = network.spec().clone();
    let parameters: usize = Network::<f32>::build(spec, 0).unwrap().learned_len();
    assert!(text.contains(&format!("{} parameters", tools::text::grouped(parameters))), "{text}");
}
