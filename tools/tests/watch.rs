//! `train` watches itself: a training that goes wrong is told, with where and what to do.

mod common;

use std::fs;

use common::{Folder, Ran, SMALL};
use model::{Checkpoint, Network, NotFinite};

/// A training that goes astray at the second step.
const TOO_FAST: &str = "--lr 1e30 --batch-size 50";

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
