//! `--network`: by name, or from a file.

mod common;

use common::{Folder, Ran};
use model::Network;

const FEW: &str = "--dataset digits --train-limit 60 --test-limit 20 --epochs 1 --batch-size 20";

fn hash(ran: &Ran) -> String {
    let finished: serde_json::Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    finished["params_sha256"].as_str().unwrap().to_owned()
}

#[test]
fn every_network_is_trained_and_every_program_works_with_what_comes_out() {
    let small = concat!(env!("CARGO_MANIFEST_DIR"), "/networks/small.toml");
    for (network, layers) in [("lenet5", 11), ("lenet5-modern", 11), ("deep", 20), (small, 7)] {
        let folder = Folder::new();
        folder.run("train", &format!("{FEW} --network {network}")).succeeds();
        let trained = Network::<f32>::load(folder.join("out/params.postcard")).unwrap();
        assert_eq!(trained.layers().layers().len(), layers, "{network}");
        folder.run("filterviz", "").succeeds();
        folder.run("applyfilter", "").succeeds();
        // It goes on from the file, which knows its network, and from the checkpoint, which wants to be asked for the same.
        folder.run("train", &format!("{FEW} --params out/params.postcard --out more")).succeeds();
        folder.run("train", &format!("{FEW} --network {network} --resume --epochs 2")).succeeds();
        let other = folder.run("train", &format!("{FEW} --resume --epochs 3"));
        other.refuses(&["is of a training with another network", "--network", "--restart"]);
    }
}

#[test]
fn a_layer_that_differs_from_the_checkpoint_is_named() {
    let folder = Folder::new();
    let text = "[[layer]]\nkind = \"affine\"\noutputs = 12\n[[layer]]\nkind = \"tanh\"\n[[layer]]\nkind = \"affine\"\noutputs = 10\n";
    folder.write("my.toml", text);
    folder.run("train", &format!("{FEW} --network my.toml")).succeeds();
    folder.write("my.toml", text.replace("tanh", "relu"));
    let ran = folder.run("train", &format!("{FEW} --network my.toml --resume --epochs 2"));
    ran.refuses(&["another network: it has Tanh1 (tanh), this one has Relu1 (relu)", "--network"]);
}

/// The bits depend neither on the instruction set nor on the threads, in these networks either.
#[test]
fn every_instruction_set_gives_the_same_bits() {
    for network in ["lenet5", "deep"] {
        let mut hashes = Vec::new();
        for (isa, threads) in [("avx512", 1), ("avx512", 3), ("avx2", 2), ("portable", 2)] {
            let folder = Folder::new();
            let limits = "--dataset digits --train-limit 7 --test-limit 1 --epochs 1 --eval-samples 1 --batch-size 4";
            let line = format!("{limits} --network {network} --json --threads {threads}");
            let mut command = folder.program("train", &line);
            command.env("TENSOR_ISA", isa);
            let ran = Ran::of(command, &line);
            if isa != "portable" && ran.code == Some(2) {
                continue;
            }
            hashes.push(hash(&ran.succeeds()));
        }
        assert!(hashes.iter().all(|hash| *hash == hashes[0]), "{network}: {hashes:?}");
    }
}

#[test]
fn wrong_networks_are_refused() {
    let folder = Folder::new();
    let refused = |line: &str, parts: &[&str]| folder.run("train", &format!("{FEW} {line}")).refuses(parts);
    refused("--network lenet", &["simple, lenet5, lenet5-modern, deep, alexnet", "my.toml"]);
    refused("--network my.toml", &["cannot read the network in my.toml"]);
    refused("--network deep --filters 3", &["--filters is a setting of the network simple", "--network deep"]);
    refused("--network alexnet", &["Conv1 (layer 1): ", "28", "choose another --network, or another --dataset"]);
    refused("--network deep --params x", &["--network", "--params"]);
    folder.write("my.toml", "[[layer]]\nkind = \"affine\"\noutputs = 4000000000\n");
    refused("--network my.toml", &["GB", "choose smaller layers"]);
    folder.write("my.toml", "[[layer]]\nkind = \"affine\"\noutputs = 3\n");
    refused("--network my.toml", &["has the label", "the classes of the network are 0 to 2, 3 in all"]);
    refused("--network my.toml --classes 10", &["--classes cannot be used with --network my.toml"]);
    folder.write("my.toml", "[[layer]]\nkind = \"affin\"\n");
    refused("--network my.toml", &["my.toml, line 2: unknown layer \"affin\"", "2 | kind = \"affin\""]);
}
