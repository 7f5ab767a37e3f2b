//! Connections that are cut at any byte.

use crate::server::{Reply, Request};
use crate::world::{NAMES, World, assert_done, assert_failed};

/// A small file, so that every byte of its transfer can be the last: the training labels.
const FILE: usize = 1;

/// The answer to a request for that file is cut after so many bytes, header and all, and nothing comes after that:
/// the call fails, keeps what it has, and the next one goes on from there.
fn cut_and_silent_is_continued_by_the_next_call(cut: usize) {
    let world = World::new();
    let what = format!("a cut at byte {cut}");
    let weak = world.server(move |request, content| match (request.name == NAMES[FILE], request.range) {
        (true, None) => Reply::file(request, content).cut_at(cut),
        (true, Some(_)) => Reply::status("403 Forbidden", b""),
        _ => Reply::file(request, content),
    });
    assert_failed(&world.fetch(&["--from", weak.url()]), 2, &[NAMES[FILE]]);
    world.assert_sound(&what);

    let arrived = cut.saturating_sub(head_len(&world));
    let strong = world.good_server();
    assert_done(&world.fetch(&["--from", strong.url()]));
    world.assert_complete(&what);
    assert_eq!(strong.requests()[0].range, (arrived > 0).then_some(arrived), "{what}");
}

/// The same cut, but the server answers again: the call itself goes on.
fn cut_is_continued_at_once(cut: usize) {
    let world = World::new();
    let what = format!("a cut at byte {cut}");
    let server = world.server(move |request, content| match (request.name == NAMES[FILE], request.range) {
        (true, None) => Reply::file(request, content).cut_at(cut),
        _ => Reply::file(request, content),
    });
    let whole = world.good_server();
    assert_done(&world.fetch(&["--from", server.url(), "--from", whole.url()]));
    world.assert_complete(&what);
    let arrived = cut.saturating_sub(head_len(&world));
    let resumed: Vec<_> = server.requests().iter().filter_map(|request| request.range).collect();
    assert_eq!(resumed, if arrived > 0 { vec![arrived] } else { vec![] }, "{what}");
}

fn head_len(world: &World) -> usize {
    let request = Request { name: NAMES[FILE].to_string(), range: None, headers: Vec::new() };
    Reply::file(&request, &world.files[FILE]).head_len()
}

fn all_cuts() -> Vec<usize> {
    let world = World::new();
    (0..head_len(&world) + world.files[FILE].len()).collect()
}

#[test]
fn a_connection_may_be_cut_anywhere() {
    let world = World::new();
    let (head, all) = (head_len(&world), all_cuts().len());
    for cut in [0, 1, 15, head - 2, head - 1, head, head + 1, (head + all) / 2, all - 2, all - 1] {
        cut_and_silent_is_continued_by_the_next_call(cut);
        cut_is_continued_at_once(cut);
    }
}

#[test]
#[ignore = "long: cargo xtask faults"]
fn a_connection_is_cut_at_every_byte() {
    let cuts = all_cuts();
    for &cut in &cuts {
        cut_and_silent_is_continued_by_the_next_call(cut);
        cut_is_continued_at_once(cut);
    }
    println!("faults: download, connection cut at every byte of the answer | {} | resumed, right file", 2 * cuts.len());
}

/// A server that breaks off again and again is asked again as long as it gives something, but not for ever.
#[test]
fn a_server_that_always_breaks_off_is_left_in_the_end() {
    let world = World::new();
    let server = world.server(|request, content| Reply::file(request, content).cut_after(10));
    assert_failed(&world.fetch(&["--from", server.url()]), 2, &["cut after"]);
    assert!(server.requests().len() < 20, "{}", server.requests().len());
    world.assert_sound("many cuts");

    let generous = world.server(|request, content| Reply::file(request, content).cut_after(content.len() / 4));
    assert_done(&world.fetch(&["--from", generous.url()]));
    world.assert_complete("many cuts");
}
