//! `train` does what it says.

mod common;

use std::fs;
use std::process::Stdio;

use common::{Folder, Ran, SMALL, TINY_FLAGS, tiny_mnist};
use model::{Network, evaluate, params_sha256};

#[test]
fn a_training_writes_its_files_and_tells_its_result() {
    let folder = Folder::new();
    let ran = folder.train("").succeeds();
    let files = [
        "accuracy.png",
        "accuracy.svg",
        "checkpoint.postcard",
        "checkpoint.previous.postcard",
        "classes.svg",
        "confusion.svg",
        "filters.png",
        "history.csv",
        "loss.svg",
        "mistakes.png",
        "params.postcard",
        "report.html",
    ];
    assert_eq!(folder.files()[1..], files.map(|name| format!("out/{name}")));
    assert_eq!(ran.stderr, "");
    assert!(!ran.stdout.contains(['\r', '\x1b']), "a log has neither carriage returns nor colours: {:?}", ran.stdout);
    for text in ["the built-in digits: 200 training and 50 test images of 1×28×28", "Conv1    4×24×24", "\nepoch "]
    {
        assert!(ran.stdout.contains(text), "{text:?}: {}", ran.stdout);
    }
    let (_, end) = ran.stdout.split_once("\ntest accuracy ").unwrap();
    let (result, classes) = end.split_once('\n').unwrap();
    assert!(result.contains(" of 50 images"), "{end}");
    let (classes, written) = classes.split_once("\nwritten   into out:\n").unwrap();
    assert_eq!(classes.lines().count(), 1 + 1 + 1 + 10, "loss, what follows, head, and ten classes: {classes}");
    for name in files.into_iter().filter(|name| !name.starts_with("checkpoint")) {
        assert!(written.contains(name), "{name}: {end}");
    }

    let history = fs::read_to_string(folder.join("out/history.csv")).unwrap();
    assert_eq!(history.lines().count(), 1 + 2);
    let chart = tools::picture::read_grey_png(&folder.join("out/accuracy.png")).unwrap();
    assert_eq!(chart.dim(), (800, 1200));
}

#[test]
fn the_last_line_of_json_is_true_and_as_promised() {
    let folder = Folder::new();
    let ran = folder.train("--json").succeeds();
    let lines: Vec<serde_json::Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["started", "epoch", "epoch", "finished"]);

    let network: Network = Network::load(folder.join("out/params.postcard")).unwrap();
    let test = evaluate(&network, &datasets::digits::draw(datasets::Part::Test, 50, 0)).unwrap();
    let finished = &lines[3];
    assert_eq!(finished["test_correct"], test.correct);
    assert_eq!(finished["test_total"], 50);
    assert_eq!(finished["test_accuracy"], test.accuracy());
    assert_eq!(finished["params_sha256"], params_sha256(&network));
    let last = ran.stdout.lines().last().unwrap();
    // From the text: serde_json may read a number as its neighbour.
    let seconds = last.split_once("\"train_seconds\":").and_then(|(_, rest)| rest.split(',').next()).unwrap();
    let seconds: f64 = seconds.parse().unwrap();
    let (accuracy, correct, hash) = (test.accuracy(), test.correct, params_sha256(&network));
    assert_eq!(
        last,
        format!(
            "{{\"event\":\"finished\",\"test_accuracy\":{accuracy:?},\"test_correct\":{correct},\"test_total\":50,\
             \"train_seconds\":{seconds:?},\"params_sha256\":\"{hash}\"}}"
        )
    );
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    let hash = |flags: &str| {
        let ran = Folder::new().train(&format!("--json {flags}")).succeeds();
        let finished: serde_json::Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
        finished["params_sha256"].as_str().unwrap().to_owned()
    };
    let one = hash("--threads 1");
    assert_eq!(one.len(), 64);
    assert_eq!(hash("--threads 3"), one);
    assert_ne!(hash("--seed 1"), one);
    assert_ne!(hash("--sampling book"), one);
}

/// The bits depend neither on the instruction set nor on how many threads share the work.
#[test]
fn every_instruction_set_and_number_of_threads_gives_the_same_bits() {
    let mut hashes = Vec::new();
    for isa in ["portable", "avx2", "avx512"] {
        for threads in [1, 2, 3, 8] {
            let folder = Folder::new();
            let line = format!("{SMALL} --epochs 1 --json --threads {threads}");
            let mut command = folder.program("train", &line);
            command.env("TENSOR_ISA", isa);
            let ran = Ran::of(command, &format!("TENSOR_ISA={isa} train {line}"));
            if isa != "portable" && ran.code == Some(2) {
                ran.refuses(&["this machine has no such instruction set"]);
                continue;
            }
            let ran = ran.succeeds();
            assert!(ran.stdout.contains(&format!("\"isa\":\"{isa}\"")), "{}", ran.stdout);
            let finished: serde_json::Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
            hashes.push((finished["params_sha256"].as_str().unwrap().to_owned(), ran.line));
        }
    }
    for (hash, line) in &hashes {
        assert_eq!(*hash, hashes[0].0, "{line}");
    }
}

#[test]
fn filters_are_shown_of_the_training_in_the_same_folder() {
    let folder = Folder::new();
    folder.train("--out run1").succeeds();
    folder.run("filterviz", "--out run1").succeeds();
    folder.run("applyfilter", "--out run1").succeeds();
    assert!(folder.join("run1/filters_trained.png").is_file() && folder.join("run1/applied.png").is_file());
    assert!(!folder.join("out").exists());
    let help = folder.run("filterviz", "--help").succeeds().stdout;
    let words: Vec<_> = help.split_whitespace().collect();
    assert!(words.join(" ").contains("[default: params.postcard in the folder of --out]"), "{help}");
}

#[test]
fn quiet_is_quiet() {
    let ran = Folder::new().train("--quiet").succeeds();
    assert_eq!((ran.stdout.lines().count(), ran.stderr.as_str()), (1, ""));
    assert!(ran.stdout.starts_with("test accuracy "), "{}", ran.stdout);
}

#[test]
fn an_accuracy_that_is_missed_is_exit_code_1_and_the_files_are_there() {
    let folder = Folder::new();
    let ran = folder.train("--epochs 1 --lr 0.0001 --require-accuracy 0.99 --out missed");
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.stderr.contains("0.99") && ran.stderr.lines().count() == 1, "{}", ran.stderr);
    assert!(folder.join("missed/params.postcard").is_file());
    folder.train("--require-accuracy 0").succeeds();
}

#[test]
fn training_goes_on_from_a_parameter_file() {
    let folder = Folder::new();
    let first = folder.train("--json --epochs 3 --batch-size 10").succeeds();
    let line = "--dataset digits --train-limit 200 --test-limit 50 --epochs 1 --batch-size 10 --params out/params.postcard --json";
    let second = folder.run("train", line).succeeds();
    let loss = |ran: &Ran, line: usize| {
        let line: serde_json::Value = serde_json::from_str(ran.stdout.lines().nth(line).unwrap()).unwrap();
        line["mean_loss"].as_f64().unwrap()
    };
    assert!(loss(&second, 1) < loss(&first, 1) / 1.2, "{} then {}", loss(&first, 1), loss(&second, 1));
    let network: Network = Network::load(folder.join("out/params.postcard")).unwrap();
    assert_eq!(network.param("W1").unwrap().shape(), [4, 1, 5, 5], "the shape is the file's, not the default");
}

#[test]
fn every_optimizer_trains() {
    for name in ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "Adam"] {
        let line = format!(
            "--dataset digits --train-limit 100 --test-limit 10 --epochs 1 --filters 2 --hidden 8 --optimizer {name}"
        );
        Folder::new().run("train", &line).succeeds();
    }
}

#[test]
fn data_are_found_where_they_are() {
    let train = |folder: &Folder, flags: &str, variable: Option<&str>| {
        let mut command = folder.program("train", &format!("{TINY_FLAGS} --json {flags}"));
        if let Some(value) = variable {
            command.env("MNIST_DIR", value);
        }
        Ran::of(command, flags)
    };
    let is_tiny = |ran: Ran| assert!(ran.succeeds().stdout.contains("\"test_total\":20"));

    let folder = Folder::new();
    tiny_mnist(&folder, "somewhere");
    is_tiny(train(&folder, "--data-dir somewhere", None));
    is_tiny(train(&folder, "", Some("somewhere")));
    is_tiny(train(&folder, "--dataset mnist", Some("somewhere")));
    is_tiny(train(&folder, "--dataset fashion-mnist --data-dir somewhere", None));

    let folder = Folder::new();
    tiny_mnist(&folder, "home/cache/datasets/mnist");
    is_tiny(train(&folder, "", None));

    let folder = Folder::new();
    tiny_mnist(&folder, "data/mnist");
    fs::create_dir(folder.join("below")).unwrap();
    let mut command = folder.program("train", TINY_FLAGS);
    command.current_dir(folder.join("below"));
    let ran = Ran::of(command, "below").succeeds();
    assert!(
        ran.stdout.contains("MNIST: 30 training and 20 test images of 1×10×10") && ran.stderr.is_empty(),
        "{ran:#?}"
    );
}

#[test]
fn without_data_it_takes_the_digits_and_says_so_in_one_line() {
    let line = SMALL.replace("--dataset digits", "--dataset auto");
    let ran = Folder::new().run("train", &line).succeeds();
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(
        ran.stderr.contains("built-in digits") && ran.stderr.contains("`cargo xtask fetch-mnist`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_reader_that_goes_away_costs_nothing() {
    let folder = Folder::new();
    for line in [format!("{SMALL} --json"), SMALL.to_owned(), format!("{SMALL} --quiet")] {
        let mut child = folder.program("train", &line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ran = Ran::from(child.wait_with_output().unwrap(), &line).succeeds();
        assert_eq!(ran.stderr, "");
        assert!(folder.join("out/params.postcard").is_file());
        fs::remove_dir_all(folder.join("out")).unwrap();
    }
    for (name, line) in [("gradcheck", ""), ("gradcheck", "--json"), ("gradcheck", "--help"), ("train", "--help")] {
        let mut child = folder.program(name, line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        Ran::from(child.wait_with_output().unwrap(), name).succeeds();
    }
}

#[test]
fn help_is_data_and_has_examples() {
    for name in ["train", "gradcheck", "filterviz", "applyfilter", "explain"] {
        let ran = Folder::new().run(name, "--help").succeeds();
        assert_eq!(ran.stderr, "");
        assert!(ran.stdout.contains("Examples") && ran.stdout.contains("Exit codes"), "{}", ran.stdout);
        assert!(Folder::new().run(name, "--version").succeeds().stdout.starts_with(name));
    }
}
