//! Mirrors that are dead, refuse, lie, or are merely odd.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::server::{Reply, Request, Server, dead_url};
use crate::world::{NAMES, World, assert_done, assert_failed, errors, table};

/// How a server answers a request for a file of this content.
type Answer = fn(&Request, &[u8]) -> Reply;

/// A mirror from which the file cannot be had.
struct Fault {
    what: &'static str,
    url: String,
    /// What the table at the end says of it.
    says: String,
}

fn fault(what: &'static str, says: impl Into<String>, server: &Server) -> Fault {
    Fault { what, url: server.url().to_string(), says: says.into() }
}

/// Every way to fail, one server each.
fn faults(world: &World) -> Vec<Fault> {
    let images = world.files[0].len();
    let status = |status: &'static str| fault(status, status, &Server::start(move |_| Reply::status(status, b"no")));
    let serve = |what, says: String, answer: Answer| fault(what, says, &world.server(answer));
    let redirect = |what, says: &str, to: String| {
        fault(what, says, &Server::start(move |_| Reply::status("302 Found", b"").header(format!("Location: {to}"))))
    };
    let raw = |what, says: &str, bytes: &[u8], silence: Duration| {
        let bytes = bytes.to_vec();
        let answer = move |_: &Request, stream: &mut TcpStream| {
            stream.write_all(&bytes)?;
            thread::sleep(silence);
            Ok(())
        };
        fault(what, says, &Server::start_raw(answer))
    };
    let endless_header = format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(1 << 20));
    const LONG: Duration = Duration::from_secs(20);
    const PAGE: &[u8] = b"<html>please log in</html>";
    let other = world.other.clone();

    vec![
        Fault { what: "nobody listens", url: dead_url(), says: "Connection refused".into() },
        Fault { what: "no such host", url: "http://mirror.invalid".into(), says: "lookup".into() },
        status("403 Forbidden"),
        status("404 Not Found"),
        status("429 Too Many Requests"),
        status("500 Internal Server Error"),
        status("503 Service Unavailable"),
        status("204 No Content"),
        redirect("a redirect to nobody", "Connection refused", dead_url() + "/x"),
        redirect("a redirect without end", "too many redirects", "/again".into()),
        serve("a partial answer that nobody asked for", "206 Partial Content".into(), |_, content| {
            Reply::part(&content[9..], 9, content.len())
        }),
        fault(
            "a web page",
            "a web page (text/html; charset=utf-8) instead of the file",
            &Server::start(|_| Reply::ok(PAGE).header("Content-Type: text/html; charset=utf-8").chunked()),
        ),
        serve("a web page that does not say so", format!("offers 26 bytes; the file has {images}"), |_, _| {
            Reply::ok(PAGE)
        }),
        serve("a web page as long as the file", "wrong content".into(), |_, content| {
            Reply::ok(&PAGE.repeat(999)[..content.len()])
        }),
        serve("nothing at all", "cut after 0 of".into(), |_, _| Reply::ok(b"")),
        serve("one byte too few", format!("offers {} bytes", images - 1), |_, content| {
            Reply::ok(&content[..content.len() - 1])
        }),
        serve("wrong content of the right length", "SHA-256 is".into(), |_, content| {
            let mut wrong = content.to_vec();
            wrong[content.len() / 2] ^= 1;
            Reply::ok(&wrong)
        }),
        serve("more than said", format!("sends more than the {images} bytes"), |_, content| {
            Reply::ok(&[content, b"and more"].concat()).chunked()
        }),
        serve("less than said", "cut after 30 of".into(), |request, content| match request.range {
            Some(_) => Reply::status("503 Service Unavailable", b"").announce(9),
            None => Reply::ok(&content[..30]).announce(content.len()),
        }),
        serve("data without end", format!("sends more than the {images} bytes"), |_, content| {
            Reply::ok(content).until_close().endless()
        }),
        serve("chunks without end", format!("sends more than the {images} bytes"), |_, content| {
            Reply::ok(content).chunked().endless()
        }),
        serve("gzip that does not decode", "wrong content".into(), |_, content| {
            Reply::ok(&b"\x1f\x8b\x08 not so ".repeat(999)[..content.len()]).header("Content-Encoding: gzip")
        }),
        serve("gzip around the gzip", "offers 9 bytes".into(), |_, _| {
            Reply::ok(b"\x1f\x8b\x08pieces").header("Content-Encoding: gzip")
        }),
        fault(
            "the other data set under the right name",
            "wrong content: ",
            &world.server(move |request, _| {
                let file = NAMES.iter().position(|name| *name == request.name).expect("one of the four");
                Reply::file(request, &other[file])
            }),
        ),
        raw("something that is not HTTP", "does not speak HTTP", b"SSH-2.0-OpenSSH_9.6\r\n", Duration::ZERO),
        raw("a header that never ends", "header is too big", endless_header.as_bytes(), Duration::ZERO),
        raw("silence", "silent for", b"", LONG),
        raw("silence in the middle of the header", "silent for", b"HTTP/1.1 200 OK\r\nContent-Le", LONG),
        serve("silence in the middle of the body", "silent for".into(), |request, content| {
            Reply::file(request, content).cut_after(if request.range.is_some() { 0 } else { 30 }).silent_for(LONG)
        }),
        serve("a trickle", "slower than 1000 bytes a second".into(), |request, content| {
            Reply::file(request, content).pace(5, Duration::from_millis(20))
        }),
    ]
}

/// One faulty mirror alone: the message tells of it, nothing wrong gets a name, and the next call succeeds. Before a
/// good one: the good one is asked.
#[test]
fn no_mirror_can_do_harm() {
    let faults = faults(&World::new());
    thread::scope(|scope| {
        // Most of the time is waiting.
        const THREADS: usize = 6;
        for first in 0..THREADS {
            let faults = &faults;
            scope.spawn(move || faults.iter().skip(first).step_by(THREADS).for_each(survives));
        }
    });
}

fn survives(fault: &Fault) {
    let Fault { what, url, says } = fault;
    let place = format!("{url}/{}", NAMES[0]);
    let begun = Instant::now();
    let world = World::new();
    // Long enough for a good server on a busy machine, short enough to wait for a silent one.
    let wait = says.contains("silent") || says.contains("slower");
    let fetch = |world: &World, seconds: &str, arguments: &[&str]| {
        let mut command = world.command(arguments);
        command.env("FETCH_TIMEOUT", if wait { seconds } else { "3" }).output().expect("the program runs")
    };
    let alone = fetch(&world, "0.3", &["--from", url]);
    assert_failed(&alone, 2, &[says, "what has arrived is kept", "--from FOLDER"]);
    let rows = table(&alone);
    assert!(rows.len() == 1 && rows[0].0 == place && rows[0].1.contains(says), "{what}: {rows:?}");
    assert!(world.names().iter().all(|name| name.ends_with(".part")), "{what}: {:?}", world.names());
    world.assert_sound(what);

    let good = world.good_server();
    assert_done(&world.fetch(&["--from", good.url()]));
    world.assert_complete(what);

    let world = World::new();
    let both = fetch(&world, "1", &["--from", url, "--from", good.url()]);
    assert_done(&both);
    world.assert_complete(what);
    let rows = table(&both);
    assert!(rows[0].0 == place && rows[0].1.contains(says), "{what}: {rows:?}");
    assert_eq!(rows[1], (format!("{}/{}", good.url(), NAMES[0]), "verified".to_string()), "{what}");
    assert_eq!(rows.len(), 5, "asked once, and last from then on: {what}: {rows:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{what} takes {:?}", begun.elapsed());
}

#[test]
fn every_mirror_is_named_with_its_answer() {
    let world = World::new();
    let dead = dead_url();
    let forbidden = Server::start(|_| Reply::status("403 Forbidden", b"no"));
    let missing = Server::start(|_| Reply::status("404 Not Found", b"no"));

    let output = world.fetch(&["--from", &dead, "--from", forbidden.url(), "--from", missing.url()]);
    let rows = table(&output);
    assert_eq!(rows.len(), 3, "{}", errors(&output));
    assert_eq!(rows[1], (format!("{}/{}", forbidden.url(), NAMES[0]), "403 Forbidden".to_string()));
    assert_eq!(rows[2], (format!("{}/{}", missing.url(), NAMES[0]), "404 Not Found".to_string()));
    assert!(world.names().is_empty(), "{:?}", world.names());
}

#[test]
fn a_server_error_is_asked_again() {
    let world = World::new();
    let failed = AtomicBool::new(false);
    let server = world.server(move |request, content| match failed.swap(true, Ordering::SeqCst) {
        false => Reply::status("500 Internal Server Error", b""),
        true => Reply::file(request, content),
    });
    let output = world.fetch(&["--from", server.url()]);
    assert_done(&output);
    world.assert_complete("a server error");
    assert_eq!(table(&output)[0].1, "500 Internal Server Error; then verified");
}

/// Mirrors that do it in their own way, and yet give the file.
#[test]
fn odd_mirrors_serve() {
    let odd: [(&str, Answer); 7] = [
        ("no length", |_, content| Reply::ok(content).until_close()),
        ("chunks", |_, content| Reply::ok(content).chunked()),
        ("told to be compressed, as it is", |_, content| Reply::ok(content).header("Content-Encoding: gzip")),
        ("bytes behind the end", |_, content| Reply::ok(&[content, b"more"].concat()).announce(content.len())),
        ("header and body byte by byte", |request, content| {
            let reply = Reply::file(request, content);
            if content.len() < 100 { reply.pace(1, Duration::from_micros(10)) } else { reply }
        }),
        ("a range in its own words", |request, content| {
            Reply::file(request, content).header("Accept-Ranges: bytes").header("ETag: \"changes every time\"")
        }),
        ("a partial answer from the first byte", |_, content| Reply::part(content, 0, content.len())),
    ];
    for (what, answer) in odd {
        let world = World::new();
        let server = world.server(answer);
        assert_done(&world.fetch(&["--from", server.url()]));
        world.assert_complete(what);
    }
}

#[test]
fn a_redirect_is_followed_and_takes_the_range_with_it() {
    let world = World::new();
    let target = world.good_server();
    let to = target.url().to_string();
    let server = Server::start(move |request| {
        Reply::status("302 Found", b"moved").header(format!("Location: {to}/{}", request.name))
    });
    world.begin(NAMES[0], &world.files[0][..50]);
    assert_done(&world.fetch(&["--from", server.url()]));
    world.assert_complete("a redirect");
    assert_eq!(target.requests()[0].range, Some(50));
}

/// A piece is there, and the server cannot or will not go on from its end: the whole file is fetched.
#[test]
fn a_server_that_does_not_resume_sends_all_again() {
    let answers: [(&str, Answer); 10] = [
        ("it ignores the range", |_, content| Reply::ok(content)),
        ("it ignores the range and tells no length", |_, content| Reply::ok(content).chunked()),
        ("it ignores the range and ends with the connection", |_, content| Reply::ok(content).until_close()),
        ("another first byte", |request, content| match request.range {
            Some(first) => Reply::part(&content[first + 1..], first + 1, content.len()),
            None => Reply::ok(content),
        }),
        ("fewer bytes than asked for", |request, content| match request.range {
            Some(first) => Reply::part(&content[first..first + 10], first, content.len()),
            None => Reply::ok(content),
        }),
        ("a partial answer that does not say of what", |request, content| match request.range {
            Some(first) => Reply::status("206 Partial Content", &content[first..]),
            None => Reply::ok(content),
        }),
        ("a range in nonsense", |request, content| match request.range {
            Some(first) => Reply::status("206 Partial Content", &content[first..]).header("Content-Range: bytes */x"),
            None => Reply::ok(content),
        }),
        ("no such range", |request, content| match request.range {
            Some(_) => Reply::status("416 Range Not Satisfiable", b""),
            None => Reply::ok(content),
        }),
        ("ranges are forbidden", |request, content| match request.range {
            Some(_) => Reply::status("403 Forbidden", b""),
            None => Reply::ok(content),
        }),
        ("a range of something else", |request, content| match request.range {
            Some(first) => Reply::part(&vec![7; content.len() - first], first, content.len()),
            None => Reply::ok(content),
        }),
    ];
    for (what, answer) in answers {
        let world = World::new();
        world.begin(NAMES[0], &world.files[0][..50]);
        let server = world.server(answer);
        let output = world.fetch(&["--from", server.url()]);
        assert_eq!(output.status.code(), Some(0), "{what}: {}", errors(&output));
        world.assert_complete(what);
        assert_eq!(server.requests()[0].range, Some(50), "{what}");
    }
}

/// What stands in the place of a piece may be anything: of a file that changed since, too long, or all of it.
#[test]
fn a_piece_is_continued_or_thrown_away_and_never_believed() {
    let world = World::new();
    let images = &world.files[0];
    let pieces: [(&str, Vec<u8>, usize); 6] = [
        ("nothing", vec![], 1),
        ("a piece of the file as it was before", world.other[0][..50].to_vec(), 2),
        ("all but the last byte", images[..images.len() - 1].to_vec(), 1),
        ("the whole", images.clone(), 0),
        ("the whole of something else", world.other[0].clone(), 1),
        ("more than the whole", [images.as_slice(), b"x"].concat(), 1),
    ];
    for (what, piece, requests) in pieces {
        let world = World::new();
        world.begin(NAMES[0], &piece);
        let server = world.good_server();
        assert_done(&world.fetch(&["--from", server.url()]));
        world.assert_complete(what);
        assert_eq!(server.requests().len(), 3 + requests, "{what}");
    }
}

/// The connection breaks in the middle, and what follows comes from a file that has changed.
#[test]
fn a_file_that_changes_between_two_requests_is_not_mixed() {
    let world = World::new();
    let other = world.other[0].clone();
    let server = world.server(move |request, content| match request.range {
        Some(_) if request.name == NAMES[0] => Reply::file(request, &other),
        None if request.name == NAMES[0] => Reply::ok(content).cut_after(100),
        _ => Reply::file(request, content),
    });
    assert_failed(&world.fetch(&["--from", server.url()]), 2, &["cut after 100 of"]);
    assert!(world.names().iter().all(|name| name.ends_with(".part")), "{:?}", world.names());
    let good = world.good_server();
    assert_done(&world.fetch(&["--from", good.url()]));
    world.assert_complete("a change");
    assert!(fs::read_dir(&world.dir).expect("a folder").count() == 5, "four files and the lock");
}
