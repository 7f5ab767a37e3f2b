//! `train --json` and `gradcheck --json` write what `EVENTS.md` describes.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use common::{Folder, SMALL};
use serde_json::Value;

/// A kind of line: its members with their types; those of the objects in an array as "layers[].name".
type Members = BTreeMap<String, String>;

/// Every kind of line that a program writes, by the document.
fn described(program: &str) -> BTreeMap<String, Members> {
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("EVENTS.md")).unwrap();
    let title = format!("# What `{program} --json` writes");
    let (_, document) = document.split_once(&title).unwrap();
    // Behind the next title is what other programs write.
    let document = document.split("\n# ").next().unwrap();
    let kinds = document.split("\n## `").skip(1).map(|section| {
        let (kind, text) = section.split_once('`').unwrap();
        let rows = text.lines().filter(|line| line.starts_with("| `"));
        let members = rows.map(|row| {
            let [_, member, kind, meaning, _] = row.split('|').collect::<Vec<_>>()[..] else { panic!("{row}") };
            assert!(!meaning.trim().is_empty(), "{row}");
            (member.trim().trim_matches('`').to_owned(), kind.trim().to_owned())
        });
        (kind.to_owned(), members.collect())
    });
    kinds.collect()
}

fn kind_of(value: &Value) -> String {
    match value {
        Value::String(_) => "string".to_owned(),
        Value::Number(number) if number.is_u64() => "integer".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::Array(values) => format!("array of {}s", values.first().map_or("string".to_owned(), kind_of)),
        Value::Object(_) => "object".to_owned(),
        Value::Bool(_) => "boolean".to_owned(),
        other => panic!("{other}"),
    }
}

/// The members of an object, those of objects in arrays too.
fn members(object: &Value, prefix: &str) -> Members {
    let mut found = Members::new();
    for (name, value) in object.as_object().unwrap().iter().filter(|(name, _)| *name != "event") {
        let name = format!("{prefix}{name}");
        if let Value::Array(values) = value {
            values.iter().filter(|value| value.is_object()).for_each(|value| {
                found.extend(members(value, &format!("{name}[].")));
            });
        }
        if value.is_object() {
            found.extend(members(value, &format!("{name}.")));
        }
        found.insert(name, kind_of(value));
    }
    found
}

/// A number may happen to be whole.
fn fits(found: &str, described: &str) -> bool {
    found == described || (found == "integer" && described == "number")
}

#[track_caller]
fn check(lines: &str, described: &BTreeMap<String, Members>) -> Vec<String> {
    let mut kinds = Vec::new();
    for line in lines.lines() {
        let object: Value = serde_json::from_str(line).unwrap();
        let kind = object["event"].as_str().unwrap().to_owned();
        let members = members(&object, "");
        let expected = described.get(&kind).unwrap_or_else(|| panic!("`{kind}` is not described"));
        assert!(members.keys().eq(expected.keys()), "{kind}: {members:#?}\ndescribed: {expected:#?}");
        for (name, found) in members {
            assert!(fits(&found, &expected[&name]), "{kind}: {name} is {found}, not {}", expected[&name]);
        }
        kinds.push(kind);
    }
    kinds
}

#[test]
fn every_line_is_described_and_every_description_has_its_line() {
    let described = described("train");
    let folder = Folder::new();
    let ran = folder.train("--json-steps --batch-size 100").succeeds();
    let mut kinds = check(&ran.stdout, &described);
    assert_eq!(kinds, ["started", "step", "step", "epoch", "step", "step", "epoch", "finished"]);
    kinds.extend(check(&folder.train("--json --init-std 1").succeeds().stdout, &described));
    kinds.extend(check(&stopped(), &described));
    assert_eq!(kinds.into_iter().collect::<BTreeSet<_>>(), described.into_keys().collect());
}

#[test]
fn the_lines_of_gradcheck_are_described() {
    let described = described("gradcheck");
    let folder = Folder::new();
    for (flags, code) in [("--json", 0), ("--json --tolerance 1e-12", 1)] {
        let ran = folder.run("gradcheck", flags);
        assert_eq!(ran.code, Some(code), "{ran:#?}");
        let kinds = check(&ran.stdout, &described);
        assert_eq!(kinds, [vec!["parameter"; 6], vec!["finished"]].concat());
    }
}

/// The lines of a training that a signal stops.
#[cfg(unix)]
fn stopped() -> String {
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    let folder = Folder::new();
    let line = format!("{SMALL} --epochs 100000 --json");
    let mut child = folder.program("train", &line).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut lines = String::new();
    stdout.read_line(&mut lines).unwrap();
    stdout.read_line(&mut lines).unwrap();
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    stdout.read_to_string(&mut lines).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(128 + 15));
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["signal"]), (&"stopped".into(), &"SIGTERM".into()));
    assert!(last["epochs_done"].as_u64() >= Some(1));
    lines
}

#[cfg(not(unix))]
fn stopped() -> String {
    format!("{}\n", r#"{"event":"stopped","signal":"SIGINT","epochs_done":1,"steps_done":0}"#)
}

#[test]
fn the_first_line_tells_the_network_and_where_the_training_goes_on() {
    let folder = Folder::new();
    folder.train("").succeeds();
    let ran = folder.train("--epochs 3 --resume --json").succeeds();
    let started: Value = serde_json::from_str(ran.stdout.lines().next().unwrap()).unwrap();
    assert_eq!((&started["version"], &started["lr"], &started["seed"]), (&1.into(), &0.01.into(), &0.into()));
    assert_eq!(
        (&started["epochs_done"], &started["steps_done"], &started["epochs"]),
        (&2.into(), &0.into(), &3.into())
    );
    let layers = started["layers"].as_array().unwrap();
    let names: Vec<_> = layers.iter().map(|layer| layer["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Conv1", "Relu1", "Pool1", "Affine1", "Relu2", "Affine2"]);
    for sum in ["parameters", "operations"] {
        let of_layers: u64 = layers.iter().map(|layer| layer[sum].as_u64().unwrap()).sum();
        assert_eq!(started[sum].as_u64(), Some(of_layers), "{sum}");
    }
}
