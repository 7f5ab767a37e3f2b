//! Everything that can go wrong, in any order, in one and the same folder.

use std::process::Stdio;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::server::{Reply, Request, Server};
use crate::world::{NAMES, World, assert_done, times};

/// Numbers that look random (the generator of Knuth's MMIX).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// One of the ways to answer, more often wrong than right.
fn any_answer(dice: &mut Dice, request: &Request, content: &[u8], other: &[u8]) -> Reply {
    let first = request.range.unwrap_or(0).min(content.len() - 1);
    match dice.below(11) {
        0 => Reply::file(request, content).cut_at(dice.below(content.len() + 200)),
        1 => Reply::file(request, content).cut_after(dice.below(content.len())),
        2 => Reply::ok(other),
        3 => Reply::file(request, other).cut_after(dice.below(content.len())),
        4 => Reply::part(&content[first..], dice.below(content.len()), content.len()),
        5 => Reply::status("503 Service Unavailable", b""),
        6 => Reply::ok(content).chunked().endless(),
        7 => Reply::ok(&content[..dice.below(content.len())]).until_close(),
        8 => Reply::ok(b"<html>").header("Content-Type: text/html"),
        9 => Reply::file(request, content).pace(100, Duration::from_millis(2)),
        _ => Reply::file(request, content),
    }
}

/// Some calls against a server that answers at random, each second one killed; then one against a good server.
fn storm(seed: u64) {
    let world = World::new();
    let dice = Mutex::new(Dice(seed));
    let (files, other) = (world.files.clone(), world.other.clone());
    let server = Server::start(move |request| {
        let file = NAMES.iter().position(|name| *name == request.name).expect("one of the four");
        let mut dice = dice.lock().expect("no answer panics");
        any_answer(&mut dice, request, &files[file], &other[file])
    });
    let what = format!("storm {seed}");
    for call in 0..6 {
        let mut command = world.command(&["--from", server.url()]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program runs");
        if call % 2 == 1 {
            thread::sleep(Duration::from_millis(seed * 7 % 40));
            child.kill().expect("it was started");
        }
        let status = child.wait().expect("it was started");
        assert!(matches!(status.code(), None | Some(0 | 2)), "{what}: {status}");
        world.assert_names_deserved(&what);
    }
    assert_done(&world.fetch(&["--from", world.good_server().url()]));
    world.assert_complete(&what);
}

#[test]
fn nothing_wrong_gets_a_name_in_any_storm() {
    (0..4).for_each(storm);
}

#[test]
#[ignore = "long: cargo xtask faults"]
fn downloads_in_many_storms() {
    let storms = 10 * times() as u64;
    (0..storms).for_each(storm);
    println!(
        "faults: download, six calls with random faults, three killed | {storms} | no wrong name, then right files"
    );
}
