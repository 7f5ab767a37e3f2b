//! `train` watches itself: a training that goes wrong is told, with where and what to do.

mod common;

use std::fs;

use common::{Folder, Ran, SMALL};
use datasets::{Scaling, digits};
use layers::ndarray::{Array1, Axis};
use model::{Checkpoint, Network, NotFinite, SimpleConvNet};

/// A training that goes astray at the second step.
const TOO_FAST: &str = "--lr 1e30 --batch-size 50";

/// A training that the second step of two spoils.
const SPOILED_AT_THE_END: &str = "--lr 7e11 --batch-size 100 --epochs 1 --checkpoint-every 1";

/// Says in two lines what happened, where and what to do; exit code 1.
#[track_caller]
fn goes_astray(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let lines: Vec<_> = ran.stderr.lines().collect();
    let [.., error, remedy] = lines[..] else { panic!("{ran:#?}") };
    assert!(error.starts_with("error: the loss became ") && remedy.starts_with("  "), "{ran:#?}");
    for word in words {
        assert!(ran.stderr.contains(word), "{word:?} is missing: {ran:#?}");
    }
}

#[test]
fn a_loss_that_is_not_finite_ends_the_training_at_that_step_and_keeps_what_was_good() {
    let folder = Folder::new();
    let ran = folder.train(TOO_FAST);
    let place = "at step 2 of epoch 1, with a learning rate of 1e30; it began in the output of Affine1";
    goes_astray(&ran, &[place, "a smaller --lr", "--restart", "out/checkpoint.postcard keeps what was good"]);
    assert_eq!(ran.stderr.lines().count(), 2);
    assert_eq!(folder.files(), ["out/", "out/checkpoint.postcard"]);
    let kept = fs::read(folder.join("out/checkpoint.postcard")).unwrap();
    let checkpoint = Checkpoint::from_bytes(&kept).unwrap();
    assert_eq!((checkpoint.trainer.position().epoch, checkpoint.trainer.position().step), (0, 1));

    // It is as was said: the same end, another rate is refused, and another begins anew.
    let again = folder.train(&format!("{TOO_FAST} --resume"));
    assert!(again.stderr.starts_with("going on after step 1 of epoch 1"), "{again:#?}");
    goes_astray(&again, &[place]);
    assert_eq!(fs::read(folder.join("out/checkpoint.postcard")).unwrap(), kept);
    folder.train(&format!("{TOO_FAST} --lr 0.01 --resume")).refuses(&["another learning rate", "--restart"]);
    folder.train(&format!("{TOO_FAST} --lr 0.01")).refuses(&["cut off after step 1 of epoch 1", "--restart"]);
    folder.train(&format!("{TOO_FAST} --lr 0.01 --restart")).succeeds();
}

#[test]
fn a_step_that_spoils_the_network_is_not_kept() {
    // The first step leaves numbers that are finite, and the second would leave others.
    let folder = Folder::new();
    let line = "--optimizer sgd --lr 1e37 --init-std 1 --checkpoint-every 1 --batch-size 50";
    let ran = folder.train(line);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    for name in ["checkpoint.postcard", "checkpoint.previous.postcard"] {
        let Ok(checkpoint) = Checkpoint::load(folder.join("out").join(name)) else { continue };
        checkpoint.network.visit_params(&mut |name, param| {
            assert!(param.values().iter().all(|value| value.is_finite()), "{name}");
        });
    }
}

#[test]
fn a_network_that_the_only_step_has_spoiled_is_no_result() {
    for (lr, began) in [("1e37", "Affine1"), ("1e20", "Affine1"), ("1e13", "Affine2")] {
        for checkpoints in ["", "--checkpoint-every 1"] {
            let folder = Folder::new();
            let ran = folder.train(&format!("--lr {lr} --batch-size 200 --epochs 1 {checkpoints}"));
            let lines: Vec<_> = ran.stderr.lines().collect();
            let place = format!("error: after epoch 1, with a learning rate of {:?}, ", lr.parse::<f64>().unwrap());
            let what = "the network gives scores from which no finite loss follows; it began in the output of";
            assert_eq!((ran.code, lines.len()), (Some(1), 2), "{ran:#?}");
            assert!(lines[0].starts_with(&format!("{place}{what} {began} (")), "{ran:#?}");
            assert!(lines[1].contains("a smaller --lr") && !lines[1].contains("keeps"), "{ran:#?}");
            assert_eq!(
                folder.files(),
                [""; 0],
                "neither parameters nor a checkpoint of such, nor a folder without any"
            );
        }
    }
}

#[test]
fn what_was_good_before_the_last_step_of_an_epoch_is_kept() {
    // The first step leaves weights that the second still finds a finite loss with; the second is the last of the epoch.
    let folder = Folder::new();
    let ran = folder.train(SPOILED_AT_THE_END);
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.stderr.starts_with("error: after epoch 1, "), "{ran:#?}");
    assert!(ran.stderr.contains("out/checkpoint.postcard keeps what was good"), "{ran:#?}");
    let checkpoint = Checkpoint::load(folder.join("out/checkpoint.postcard")).unwrap();
    let position = checkpoint.trainer.position();
    assert_eq!((position.epoch, position.step), (0, 1));
}

/// A network that finds all classes so much likelier than this one that the loss of its images would be infinite.
fn far_from(class: usize) -> Vec<u8> {
    let mut network = SimpleConvNet { hidden_size: 5, ..SimpleConvNet::default() }.build::<f32>(0).unwrap();
    let b = Array1::from_shape_fn(10, |k| if k == class { -3e38 } else { 3e38 });
    network.set_param("b3", b.view()).unwrap();
    network.to_bytes()
}

#[test]
fn images_that_no_evaluation_has_shown_are_watched_at_the_end() {
    let digits = digits::splits(2, 60, 0);
    // A class that neither a step nor the evaluations of one image see.
    let seen = [digits.train.labels(), &digits.test.labels()[..1]].concat();
    let class = (0..10).find(|class| !seen.contains(class)).unwrap();
    let first = digits.test.labels().iter().position(|&label| label == class).unwrap();
    let folder = Folder::new();
    folder.write("far.postcard", far_from(class.into()));
    let line = "--dataset digits --train-limit 2 --test-limit 60 --batch-size 2 --epochs 1 --optimizer sgd --lr 1e-30";
    let ran = folder.run("train", &format!("{line} --eval-samples 1 --params far.postcard"));
    let lines: Vec<_> = ran.stderr.lines().collect();
    let [error, remedy] = lines[..] else { panic!("{ran:#?}") };
    let what =
        format!("error: the network gives image {first} (from 0) scores from which no finite loss follows; it began");
    assert_eq!((ran.code, error), (Some(1), &*format!("{what} in the loss itself (all scores are finite)")));
    let what = "  begin anew with a smaller --lr and --restart, or with another network where it came from --params";
    assert_eq!(remedy, what, "the newest checkpoint holds this network, so nothing good is kept");
    assert!(!folder.join("out/params.postcard").exists());
}

#[test]
fn a_network_that_came_with_numbers_that_are_none_is_named() {
    let folder = Folder::new();
    folder.train("").succeeds();
    let path = folder.join("out/params.postcard");
    let mut network: Network = Network::load(&path).unwrap();
    let mut w = network.param("W2").unwrap();
    w[[0, 0]] = f32::NAN;
    network.set_param("W2", w.view()).unwrap();
    network.save_params(&path).unwrap();
    let line = SMALL.replace("--filters 4 --hidden 16", "--params out/params.postcard");
    let ran = folder.run("train", &line);
    let parameter = NotFinite::Parameter { name: "W2".into(), layer: "Affine1".into(), value: f32::NAN };
    goes_astray(&ran, &["at step 1 of epoch 1", &format!("it began in {parameter}"), "--params"]);
}

/// The warnings that a program gave on standard error: first lines, each followed by what to do.
#[track_caller]
fn warnings(ran: &Ran) -> Vec<&str> {
    let lines: Vec<_> = ran.stderr.lines().collect();
    let warnings: Vec<_> = (0..lines.len()).filter(|&i| lines[i].starts_with("warning: ")).collect();
    assert!(warnings.iter().all(|&i| lines[i + 1].starts_with("  ")), "{ran:#?}");
    warnings.into_iter().map(|i| lines[i]).collect()
}

fn report(folder: &Folder) -> String {
    fs::read_to_string(folder.join("out/report.html")).unwrap()
}

#[test]
fn a_first_loss_far_above_that_of_a_guess_is_told_once() {
    let folder = Folder::new();
    let line = "--init-std 0.5 --quiet";
    let told = |ran: &Ran| warnings(ran).iter().filter(|line| line.contains("the first loss is ")).count();
    let ran = folder.train(line).succeeds();
    assert_eq!((told(&ran), warnings(&ran)[0].ends_with(", where guessing would give 2.303")), (1, true), "{ran:#?}");
    assert!(ran.stderr.contains("--init-std"), "{ran:#?}");
    // The page tells it after a resume, too; standard error does not again.
    let ran = folder.train(&format!("{line} --epochs 3 --resume")).succeeds();
    assert_eq!(told(&ran), 0, "{ran:#?}");
    assert!(report(&folder).contains("<h2>Warnings</h2>\n<ul>\n<li>The first loss is "), "{}", report(&folder));
}

#[test]
fn a_training_that_goes_well_has_no_warnings() {
    let folder = Folder::new();
    let ran = folder.train("").succeeds();
    assert_eq!(ran.stderr, "");
    assert!(!report(&folder).contains("Warnings"));
}

#[test]
fn a_loss_that_stays_where_guessing_is_is_told_once() {
    let folder = Folder::new();
    // A hundred steps an epoch.
    let line = "--batch-size 2 --optimizer sgd --lr 1e-6 --epochs";
    let told = |epochs: &str| {
        let ran = folder.train(&format!("{line} {epochs}")).succeeds();
        warnings(&ran).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(told("14"), [""; 0]);
    let [warning] = &told("16 --resume")[..] else { panic!() };
    assert!(warning.starts_with("warning: after 1500 steps the loss is no better than guessing: 2.3"), "{warning}");
    assert_eq!(told("17 --resume"), [""; 0]);
    assert!(report(&folder).contains("<li>After 1500 steps the loss is no better"), "{}", report(&folder));
}

#[test]
fn what_has_died_is_named_by_layer_and_number() {
    let folder = Folder::new();
    // So few images are looked at after every hundredth epoch.
    let line = "--lr 0.1 --batch-size 20 --epochs";
    let ran = folder.train(&format!("{line} 100")).succeeds();
    let network: Network = Network::load(folder.join("out/params.postcard")).unwrap();
    let images = digits::splits(200, 50, 0).train.images(Scaling::Unit);
    let trace = network.trace(images.view());
    let mut expected = Vec::new();
    for (relu, layer, units) in [("Relu1", "Conv1", "filters"), ("Relu2", "Affine1", "neurons")] {
        let output = &trace.iter().find(|activation| activation.layer == relu).unwrap().output;
        let silent = |unit: &usize| output.index_axis(Axis(1), *unit).iter().all(|&y| y == 0.0);
        let of = output.shape()[1];
        let dead: Vec<_> = (0..of).filter(silent).collect();
        let zero = "zero behind the ReLU for each of 200 images";
        if dead.len() == of {
            expected.push(format!("warning: all {of} {units} of {layer} are dead: {zero}"));
        } else if !dead.is_empty() && (units == "filters" || 4 * dead.len() >= 3 * of) {
            let numbers = dead.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
            let count = dead.len();
            expected.push(format!("warning: dead {units} in {layer}: {numbers} ({count} of {of}), {zero}"));
        }
    }
    assert!(!expected.is_empty());
    assert_eq!(warnings(&ran), expected);
    let report = report(&folder);
    assert!(expected.iter().all(|warning| report.contains(&warning["warning: x".len()..])), "{report}");
    // A layer is told of once, or once more where all of it is dead.
    let more = folder.train(&format!("{line} 400 --restart")).succeeds();
    for layer in ["Conv1", "Affine1"] {
        let told: Vec<_> = warnings(&more).into_iter().filter(|line| line.contains(layer)).collect();
        let all = told.iter().filter(|line| line.starts_with("warning: all ")).count();
        assert!(all <= 1 && told.len() - all <= 1, "{more:#?}");
    }
}
