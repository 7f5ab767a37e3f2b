//! A machine that does not let the program write: full disks, folders that are none, folders that go away.
#![cfg(unix)]

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};

use crate::server::{Reply, Server};
use crate::world::{NAMES, World, assert_done, assert_failed, path};

/// The program in a shell in which no file may become longer than one block (512 bytes, or 1024 in some shells), as on
/// a disk that is full. Either the write fails or the signal that the system sends ends the program.
fn on_a_full_disk(world: &World, server: &Server, signal: &str) -> std::process::Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{signal} ulimit -f 1; exec \"$@\""), "sh", env!("CARGO_BIN_EXE_xtask")]);
    world.wrapped(shell, &["--from", server.url()]).output().expect("a shell")
}

#[test]
fn a_full_disk_is_told_and_what_fits_is_kept() {
    for signal in ["trap '' XFSZ;", ""] {
        let world = World::new();
        // In pieces, so that the limit falls into the middle of the file.
        let pieces = |request: &crate::server::Request, content: &[u8]| {
            Reply::file(request, content).pace(100, std::time::Duration::from_millis(1))
        };
        let server = world.server(pieces);
        let output = on_a_full_disk(&world, &server, signal);
        if signal.is_empty() {
            assert_ne!(output.status.code(), Some(0));
        } else {
            let part = world.part(NAMES[0]);
            let words = [&format!("cannot write {}", path(&part)), "File too large", "what has arrived is kept"];
            assert_failed(&output, 2, &words);
        }
        assert_eq!(world.names(), [format!("{}.part", NAMES[0])]);
        world.assert_sound("a full disk");
        assert_eq!(server.requests().len(), 1, "no other mirror helps against a full disk");

        let server = world.good_server();
        assert_done(&world.fetch(&["--from", server.url()]));
        world.assert_complete("a full disk");
        assert!(server.requests()[0].range.is_some_and(|first| first >= 512), "{:?}", server.requests()[0]);
    }
}

#[test]
fn a_read_only_folder_is_told_and_serves_where_it_is_complete() {
    let world = World::new();
    let server = world.good_server();
    fs::create_dir_all(&world.dir).expect("a folder");
    fs::set_permissions(&world.dir, Permissions::from_mode(0o555)).expect("our own folder");
    if File::create(world.dir.join("probe")).is_ok() {
        eprintln!("skipped: this user may write into read-only folders");
        return;
    }
    let words = ["cannot write into the folder", path(&world.dir), "Permission denied"];
    assert_failed(&world.fetch(&["--from", server.url()]), 2, &words);
    assert!(server.requests().is_empty());

    fs::set_permissions(&world.dir, Permissions::from_mode(0o755)).expect("our own folder");
    assert_done(&world.fetch(&["--from", server.url()]));
    fs::remove_file(world.dir.join(".fetch-mnist.lock")).expect("it was there");
    fs::set_permissions(&world.dir, Permissions::from_mode(0o555)).expect("our own folder");
    assert_done(&world.fetch(&["--from", server.url()]));
    assert_done(&world.fetch(&["--verify"]));
    fs::set_permissions(&world.dir, Permissions::from_mode(0o755)).expect("our own folder");
}

#[test]
fn a_file_where_the_folder_should_be_is_named() {
    let world = World::new();
    let server = world.good_server();
    let data = world.dir.parent().expect("data/mnist");
    let from = ["--from", server.url()];
    fs::write(data, "not a folder").expect("a file");
    assert_failed(&world.fetch(&from), 2, &[&format!("{} is a file, but a folder is needed", path(data))]);
    fs::remove_file(data).expect("it was there");
    fs::create_dir(data).expect("a folder");
    fs::write(&world.dir, "not a folder").expect("a file");
    assert_failed(&world.fetch(&from), 2, &[&format!("{} is a file, but a folder is needed", path(&world.dir))]);
    assert_failed(&world.fetch(&["--verify"]), 2, &["is a file, but a folder is needed"]);
    assert_eq!(fs::read(&world.dir).expect("it is there"), b"not a folder");
    assert!(server.requests().is_empty());
}

/// Links are replaced, not written through; folders are not removed.
#[test]
fn links_pipes_and_folders_in_the_place_of_files() {
    let precious = |world: &World| world.folder.path().join("precious");
    let places: [fn(&World) -> std::path::PathBuf; 2] =
        [|world| world.dir.join(NAMES[0]), |world| world.part(NAMES[0])];
    for place in places {
        for kind in ["link", "link to nothing", "pipe"] {
            let world = World::new();
            let server = world.good_server();
            fs::create_dir_all(&world.dir).expect("a folder");
            fs::write(precious(&world), "precious").expect("a file");
            let place = place(&world);
            match kind {
                "link" => symlink(precious(&world), &place).expect("a link"),
                "link to nothing" => symlink("nothing", &place).expect("a link"),
                _ => assert!(Command::new("mkfifo").arg(&place).status().expect("mkfifo").success()),
            }
            assert_done(&world.fetch(&["--from", server.url()]));
            world.assert_complete(kind);
            assert_eq!(fs::read(precious(&world)).expect("it is there"), b"precious");
        }
        let world = World::new();
        let server = world.good_server();
        let place = place(&world);
        fs::create_dir_all(place.join("inner")).expect("a folder");
        assert_failed(&world.fetch(&["--from", server.url()]), 2, &[path(&place), "s a directory"]);
        assert!(place.join("inner").is_dir());
    }
}

#[test]
fn the_lock_is_not_written_through_a_link() {
    let world = World::new();
    let precious = world.folder.path().join("precious");
    fs::write(&precious, "precious").expect("a file");
    fs::create_dir_all(&world.dir).expect("a folder");
    symlink(&precious, world.dir.join(".fetch-mnist.lock")).expect("a link");
    assert_done(&world.fetch(&["--from", world.good_server().url()]));
    assert_eq!(fs::read(&precious).expect("it is there"), b"precious");
}

#[test]
fn a_folder_that_goes_away_is_told() {
    let world = World::new();
    let dir = world.dir.clone();
    let server = world.server(move |request, content| {
        let _ = fs::remove_dir_all(&dir);
        Reply::file(request, content)
    });
    assert_failed(&world.fetch(&["--from", server.url()]), 2, &["cannot write", "No such file or directory"]);
    assert_done(&world.fetch(&["--from", world.good_server().url()]));
    world.assert_complete("a folder that went away");
}

/// Nobody reads what the program says, or it cannot be written: that is no reason to stop.
#[test]
fn no_one_has_to_listen() {
    let full = || File::options().write(true).open("/dev/full").map_or(Stdio::null(), Stdio::from);
    let closed = || {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        Stdio::from(writer)
    };
    let listeners: [fn() -> Stdio; 2] = [full, closed];
    for listener in listeners {
        let world = World::new();
        let server = world.good_server();
        let mut command = world.command(&["--from", server.url()]);
        let status = command.stdout(listener()).stderr(listener()).status().expect("the program runs");
        assert_eq!(status.code(), Some(0));
        world.assert_complete("nobody listens");
    }
}
