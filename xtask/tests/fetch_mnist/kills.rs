//! Downloads that are killed, and several at once.

use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::server::{Reply, Server};
use crate::world::{World, assert_done, errors, times};

/// A server that takes some tenths of a second for all four files.
fn slow_server(world: &World) -> Server {
    world.server(|request, content| Reply::file(request, content).pace(100, Duration::from_millis(5)))
}

fn start(world: &World, server: &Server) -> Child {
    let mut command = world.command(&["--from", server.url()]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs")
}

/// Kills so many downloads, at moments spread over all of their course. After each the folder is sound; a call goes on
/// from what the one before it left, and the last one, undisturbed, succeeds.
fn kill_downloads(kills: usize) {
    let undisturbed = {
        let world = World::new();
        let begun = Instant::now();
        assert_done(&world.fetch(&["--from", slow_server(&world).url()]));
        begun.elapsed()
    };
    let mut world = World::new();
    for kill in 0..kills {
        // Steps of the golden section fill the time evenly, and never fall into step with anything.
        let moment = undisturbed.mul_f64((kill as f64 * 0.618_034).fract());
        let what = format!("kill {kill} after {moment:?}");
        let server = slow_server(&world);
        let pieces: Vec<usize> = pieces(&world);
        let mut child = start(&world, &server);
        thread::sleep(moment);
        child.kill().expect("it was started");
        child.wait().expect("it was started");
        world.assert_sound(&what);
        let first = server.requests().first().map(|request| request.range);
        if let (Some(&piece), Some(range)) = (pieces.first(), first) {
            assert_eq!(range, Some(piece), "goes on where the one before was killed; {what}");
        }
        if kill % 4 == 3 || kill + 1 == kills {
            assert_done(&world.fetch(&["--from", world.good_server().url()]));
            world.assert_complete(&what);
            world = World::new();
        }
    }
}

/// The lengths of the pieces that are there and not whole.
fn pieces(world: &World) -> Vec<usize> {
    let names = world.names();
    let parts = names.iter().filter_map(|name| Some((world.content(name.strip_suffix(".part")?).len(), name)));
    let lengths = parts.map(|(whole, name)| {
        let length = std::fs::metadata(world.dir.join(name)).expect("it is there").len();
        (whole, usize::try_from(length).expect("a small file"))
    });
    lengths.filter(|(whole, length)| length < whole && *length > 0).map(|(_, length)| length).collect()
}

#[test]
fn a_download_may_be_killed_at_any_moment() {
    kill_downloads(8);
}

#[test]
#[ignore = "long: cargo xtask faults"]
fn downloads_are_killed() {
    let kills = 10 * times();
    kill_downloads(kills);
    println!("faults: download, killed (SIGKILL) at any moment | {kills} | resumed, right file");
}

/// Three at once: one works, the others wait and find everything done.
#[test]
fn several_at_once_do_not_disturb_each_other() {
    let world = World::new();
    let server = slow_server(&world);
    thread::scope(|scope| {
        let runs = [(); 3].map(|()| scope.spawn(|| world.fetch(&["--from", server.url()])));
        let runs = runs.map(|run| run.join().expect("the program runs"));
        runs.iter().for_each(assert_done);
        let waited = runs.iter().filter(|run| errors(run).contains("waiting for it")).count();
        assert!(waited >= 1, "those that wait say so");
    });
    world.assert_complete("three at once");
    assert_eq!(server.requests().len(), 4);
}

/// One of two is killed, and the other goes on, whichever of them it was that worked.
fn kill_one_of_two(moment: Duration) {
    let world = World::new();
    let server = slow_server(&world);
    let mut first = start(&world, &server);
    let second = start(&world, &server);
    thread::sleep(moment);
    first.kill().expect("it was started");
    first.wait().expect("it was started");
    assert_done(&second.wait_with_output().expect("it was started"));
    world.assert_complete(&format!("one of two killed after {moment:?}"));
}

#[test]
fn the_one_that_waits_goes_on_when_the_other_is_killed() {
    kill_one_of_two(Duration::from_millis(60));
}

#[test]
#[ignore = "long: cargo xtask faults"]
fn one_of_two_downloads_is_killed() {
    let runs = 2 * times();
    for run in 0..runs {
        kill_one_of_two(Duration::from_millis(2 + 211 * run as u64 % 300));
    }
    println!("faults: download, two at once, one of them killed | {runs} | the other got all, right files");
}
