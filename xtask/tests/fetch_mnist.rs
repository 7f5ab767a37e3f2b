//! `fetch-mnist`, the real program, against folders and against servers on this machine.

mod server;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use datasets::{checksum, idx};
use flate2::{Compression, write::GzEncoder};
use server::{Reply, Request, Server, dead_url};
use tempfile::TempDir;

const NAMES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// A data set small enough for a test: 30 training and 10 test images of 6×6 pixels.
struct World {
    files: Vec<Vec<u8>>,
    /// Where the files shall go.
    dir: PathBuf,
    list: PathBuf,
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let images = |count: usize| -> Vec<u8> { (0..count * 36).map(|pixel| (pixel * 37 % 251) as u8).collect() };
        let labels = |count: usize| -> Vec<u8> { (0..count).map(|image| (image % 10) as u8).collect() };
        let files = vec![
            packed(&[30, 6, 6], &images(30)),
            packed(&[30], &labels(30)),
            packed(&[10, 6, 6], &images(10)),
            packed(&[10], &labels(10)),
        ];
        let list = folder.path().join("list");
        fs::write(&list, files.iter().map(|file| published(file)).collect::<String>()).expect("a list");
        let dir = folder.path().join("data").join("mnist");
        Self { files, dir, list, folder }
    }

    /// The content of a file by its name.
    fn content(&self, name: &str) -> &[u8] {
        &self.files[NAMES.iter().position(|other| *other == name).expect("one of the four")]
    }

    /// A server that has the files.
    fn good_server(&self) -> Server {
        self.server(Reply::file)
    }

    /// A server that is asked for one of the files and answers as told.
    fn server(&self, answer: impl Fn(&Request, &[u8]) -> Reply + Send + Sync + 'static) -> Server {
        let files = self.files.clone();
        Server::start(move |request| match NAMES.iter().position(|name| *name == request.name) {
            Some(file) => answer(request, &files[file]),
            None => Reply::status("404 Not Found", b"there is no such file"),
        })
    }

    fn fetch(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        for variable in ["ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"] {
            command.env_remove(variable);
        }
        command.env("FETCH_MNIST_TEST_FILES", &self.list).env("FETCH_TIMEOUT", "1");
        command.arg("fetch-mnist").arg("--dir").arg(&self.dir).args(arguments);
        command.output().expect("the program runs")
    }

    /// The names in the target folder, the lock left out.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| name != ".fetch-mnist.lock");
        names.sort();
        names
    }

    fn assert_complete(&self) {
        let mut expected = NAMES.to_vec();
        expected.sort();
        assert_eq!(self.names(), expected);
        for name in NAMES {
            assert_eq!(fs::read(self.dir.join(name)).expect("it is there"), self.content(name), "{name}");
        }
    }
}

fn packed(shape: &[usize], bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&idx::encode_bytes(shape, bytes)).expect("memory");
    encoder.finish().expect("memory")
}

fn published(file: &[u8]) -> String {
    format!("{} {}\n", file.len(), checksum::sha256(file).expect("memory"))
}

fn assert_done(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", errors(output));
}

fn assert_failed(output: &Output, words: &[&str]) {
    assert_eq!(output.status.code(), Some(2), "{}", errors(output));
    let errors = errors(output);
    for word in words {
        assert!(errors.contains(word), "{word:?} is not in:\n{errors}");
    }
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn fetches_everything_once_and_only_verifies_after_that() {
    let world = World::new();
    let server = world.good_server();

    let first = world.fetch(&["--from", server.url()]);
    assert_done(&first);
    world.assert_complete();
    assert!(printed(&first).contains("30 training and 10 test images"), "{}", printed(&first));

    let second = world.fetch(&["--from", server.url()]);
    assert_done(&second);
    assert_eq!(server.requests().len(), 4, "the second call asks for nothing");
    assert_done(&world.fetch(&["--verify"]));
}

#[test]
fn says_who_it_is_and_wants_the_file_itself() {
    let world = World::new();
    let server = world.good_server();
    assert_done(&world.fetch(&["--from", server.url()]));

    let headers = server.requests()[0].headers.join("\n").to_lowercase();
    assert!(headers.contains("user-agent: fetch-mnist/"), "{headers}");
    assert!(headers.contains("accept-encoding: identity"), "{headers}");
}

#[test]
fn a_dead_mirror_is_passed_over_and_asked_last_from_then_on() {
    let world = World::new();
    let (dead, server) = (dead_url(), world.good_server());

    let output = world.fetch(&["--from", &dead, "--from", server.url()]);
    assert_done(&output);
    world.assert_complete();
    assert_eq!(errors(&output).matches(&dead).count(), 1, "tried once only:\n{}", errors(&output));
}

#[test]
fn every_mirror_is_named_with_its_answer() {
    let world = World::new();
    let dead = dead_url();
    let forbidden = Server::start(|_| Reply::status("403 Forbidden", b"no"));
    let missing = Server::start(|_| Reply::status("404 Not Found", b"no"));

    let output = world.fetch(&["--from", &dead, "--from", forbidden.url(), "--from", missing.url()]);
    let forbidden_line = format!("{}/{}: 403 Forbidden", forbidden.url(), NAMES[0]);
    let missing_line = format!("{}/{}: 404 Not Found", missing.url(), NAMES[0]);
    assert_failed(&output, &[&format!("{dead}/{}: ", NAMES[0]), &forbidden_line, &missing_line]);
    assert!(world.names().is_empty(), "{:?}", world.names());
}

#[test]
fn a_server_error_is_asked_again() {
    let world = World::new();
    let failed = std::sync::atomic::AtomicBool::new(false);
    let server = world.server(move |request, content| match failed.swap(true, std::sync::atomic::Ordering::SeqCst) {
        false => Reply::status("500 Internal Server Error", b""),
        true => Reply::file(request, content),
    });
    assert_done(&world.fetch(&["--from", server.url()]));
    world.assert_complete();
}

#[test]
fn wrong_content_of_the_right_length_never_gets_the_name() {
    let world = World::new();
    let liar = world.server(|_, content| {
        let mut wrong = content.to_vec();
        wrong[content.len() / 2] ^= 1;
        Reply::ok(&wrong)
    });
    let output = world.fetch(&["--from", liar.url()]);
    assert_failed(&output, &["wrong content", "SHA-256 is"]);
    assert!(world.names().is_empty(), "{:?}", world.names());

    let honest = world.good_server();
    assert_done(&world.fetch(&["--from", liar.url(), "--from", honest.url()]));
    world.assert_complete();
}

#[test]
fn a_web_page_and_too_many_bytes_are_refused() {
    let world = World::new();
    let page = Server::start(|_| Reply::ok(b"<html>please log in</html>").header("Content-Type: text/html"));
    assert_failed(&world.fetch(&["--from", page.url()]), &["offers 26 bytes"]);

    let chatty = world.server(|_, content| {
        let mut more = content.to_vec();
        more.extend_from_slice(b"and more");
        // Chunked, so that no length is announced.
        let mut chunk = format!("{:x}\r\n", more.len()).into_bytes();
        chunk.extend_from_slice(&more);
        chunk.extend_from_slice(b"\r\n0\r\n\r\n");
        Reply::chunked(&chunk)
    });
    assert_failed(&world.fetch(&["--from", chatty.url()]), &["sends more than"]);
    assert!(world.names().is_empty(), "{:?}", world.names());
}

#[test]
fn a_cut_connection_is_resumed_at_once() {
    let world = World::new();
    let server = world.server(|request, content| {
        let reply = Reply::file(request, content);
        if request.range.is_none() { reply.cut_after(content.len() / 3) } else { reply }
    });
    assert_done(&world.fetch(&["--from", server.url()]));
    world.assert_complete();
    let ranges: Vec<_> = server.requests().iter().filter_map(|request| request.range).collect();
    let thirds: Vec<_> = NAMES.iter().map(|name| world.content(name).len() / 3).collect();
    assert_eq!(ranges, thirds);
}

#[test]
fn the_next_call_goes_on_where_the_last_one_stopped() {
    let world = World::new();
    let weak = world.server(|request, content| match request.range {
        None => Reply::file(request, content).cut_after(40),
        Some(_) => Reply::status("503 Service Unavailable", b""),
    });
    assert_failed(&world.fetch(&["--from", weak.url()]), &["503"]);
    assert_eq!(world.names(), [format!("{}.part", NAMES[0])]);

    let server = world.good_server();
    assert_done(&world.fetch(&["--from", server.url()]));
    world.assert_complete();
    assert_eq!(server.requests()[0].range, Some(40));
}

#[test]
fn a_server_without_ranges_sends_all_again() {
    let world = World::new();
    fs::create_dir_all(&world.dir).expect("a folder");
    fs::write(world.dir.join(format!("{}.part", NAMES[0])), &world.files[0][..50]).expect("a piece");
    let server = world.server(|_, content| Reply::ok(content));

    assert_done(&world.fetch(&["--from", server.url()]));
    world.assert_complete();
    assert_eq!(server.requests()[0].range, Some(50));
}

#[test]
fn a_piece_of_something_else_is_thrown_away() {
    let world = World::new();
    fs::create_dir_all(&world.dir).expect("a folder");
    fs::write(world.dir.join(format!("{}.part", NAMES[0])), [0xee; 50]).expect("a piece");
    let server = world.good_server();

    assert_done(&world.fetch(&["--from", server.url()]));
    world.assert_complete();
}

#[test]
fn a_silent_server_is_given_up() {
    let world = World::new();
    let silent = world.server(|request, content| {
        Reply::file(request, content).stall_after(if request.range.is_some() { 0 } else { 30 }, Duration::from_secs(20))
    });
    let honest = world.good_server();
    let begun = std::time::Instant::now();
    assert_done(&world.fetch(&["--from", silent.url(), "--from", honest.url()]));
    assert!(begun.elapsed() < Duration::from_secs(10));
    world.assert_complete();
}

#[test]
fn a_folder_serves_as_well_as_a_mirror() {
    let world = World::new();
    let from = world.folder.path().join("usb stick");
    fs::create_dir(&from).expect("a folder");
    for (name, content) in NAMES.iter().zip(&world.files) {
        // Either spelling will do.
        fs::write(from.join(name.replace("-idx", ".idx")), content).expect("a file");
    }
    assert_done(&world.fetch(&["--from", path(&from)]));
    world.assert_complete();
}

#[test]
fn a_folder_without_the_files_is_named() {
    let world = World::new();
    let empty = world.folder.path().join("empty");
    fs::create_dir(&empty).expect("a folder");
    assert_failed(&world.fetch(&["--from", path(&empty)]), &[path(&empty.join(NAMES[0])), "no such file"]);
}

#[test]
fn verify_names_every_damaged_and_missing_file() {
    let world = World::new();
    let server = world.good_server();
    assert_done(&world.fetch(&["--from", server.url()]));
    let mut damaged = world.files[1].clone();
    damaged[20] ^= 0x10;
    fs::write(world.dir.join(NAMES[1]), damaged).expect("a file");
    fs::write(world.dir.join(NAMES[2]), &world.files[2][..100]).expect("a file");
    fs::remove_file(world.dir.join(NAMES[3])).expect("it was there");

    let output = world.fetch(&["--verify"]);
    assert_failed(&output, &["3 of 4 files", "cargo xtask fetch-mnist --dir"]);
    let lines: Vec<String> = printed(&output).lines().map(str::to_string).collect();
    assert_eq!(lines[0], format!("ok       {}", NAMES[0]));
    assert!(lines[1].starts_with("damaged") && lines[1].contains(NAMES[1]) && lines[1].contains("SHA-256"));
    assert!(lines[2].starts_with("damaged") && lines[2].contains(NAMES[2]) && lines[2].contains("100 bytes"));
    assert_eq!(lines[3], format!("missing  {}", NAMES[3]));

    // And the next fetch repairs just those.
    assert_done(&world.fetch(&["--from", server.url()]));
    world.assert_complete();
    assert_eq!(server.requests().len(), 4 + 3);
}

#[test]
fn labels_in_place_of_images_are_noticed() {
    let mut world = World::new();
    world.files[0] = packed(&[30], &[1; 30]);
    fs::write(&world.list, world.files.iter().map(|file| published(file)).collect::<String>()).expect("a list");
    let server = world.good_server();
    assert_failed(&world.fetch(&["--from", server.url()]), &["these are labels, not images"]);
}

#[test]
fn two_at_once_do_not_disturb_each_other() {
    let world = World::new();
    let server = world.server(|request, content| {
        std::thread::sleep(Duration::from_millis(50));
        Reply::file(request, content)
    });
    std::thread::scope(|scope| {
        let runs = [(); 3].map(|()| scope.spawn(|| world.fetch(&["--from", server.url()])));
        for run in runs {
            assert_done(&run.join().expect("the program runs"));
        }
    });
    world.assert_complete();
    assert_eq!(server.requests().len(), 4, "the others waited and found everything done");
}

#[test]
fn nonsense_is_refused_with_a_usage_message() {
    let world = World::new();
    for (arguments, word) in [
        (vec!["--dataset", "cifar"], "[possible values: mnist, fashion-mnist]"),
        (vec!["--verify", "--from", "x"], "cannot be used with"),
        (vec!["--speed"], "unexpected argument"),
    ] {
        assert_failed(&world.fetch(&arguments), &[word]);
    }
}

fn path(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}
