//! What the program does where nobody means harm: fetch, verify, folders, arguments.

use std::fs;

use tempfile::TempDir;

use crate::server::{Reply, Server};
use crate::world::{NAMES, World, assert_done, assert_failed, errors, path, printed, wrapped};

#[test]
fn fetches_everything_once_and_only_verifies_after_that() {
    let world = World::new();
    let server = world.good_server();

    let first = world.fetch(&["--from", server.url()]);
    assert_done(&first);
    world.assert_complete("a fetch");
    assert!(printed(&first).contains("60 training and 10 test images"), "{}", printed(&first));
    assert!(!errors(&first).contains("what was answered"), "all went well at once:\n{}", errors(&first));

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
fn a_folder_serves_as_well_as_a_mirror() {
    let world = World::new();
    let from = world.folder.path().join("usb stick");
    fs::create_dir(&from).expect("a folder");
    for (name, content) in NAMES.iter().zip(&world.files) {
        // Either spelling will do.
        fs::write(from.join(name.replace("-idx", ".idx")), content).expect("a file");
    }
    assert_done(&world.fetch(&["--offline", "--from", path(&from)]));
    world.assert_complete("a copy");
}

#[test]
fn a_folder_without_the_right_files_is_named() {
    let world = World::new();
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join(NAMES[0]);
    let from = ["--from", path(folder.path())];
    assert_failed(&world.fetch(&from), 2, &[path(&file), "no such file"]);

    fs::write(&file, &world.other[0]).expect("a file");
    assert_failed(&world.fetch(&from), 2, &["this is train-images-idx3-ubyte.gz of Fashion-MNIST"]);
    assert!(world.names().is_empty(), "{:?}", world.names());
}

#[test]
fn offline_asks_nobody_and_says_what_is_missing() {
    let world = World::new();
    let words = [
        "--offline asks nobody",
        NAMES[0],
        NAMES[3],
        "name their folder with --from",
        "https://ossci-datasets.s3.amazonaws.com/mnist/train-images-idx3-ubyte.gz",
    ];
    assert_failed(&world.fetch(&["--offline"]), 2, &words);

    let server = world.good_server();
    assert_failed(&world.fetch(&["--offline", "--from", server.url()]), 2, &words);
    assert!(server.requests().is_empty());
    assert_done(&world.fetch(&["--from", server.url()]));
    assert_done(&world.fetch(&["--offline"]));
}

/// Each file is damaged in each way that there is, and all are named at once.
#[test]
fn verify_names_every_damaged_and_missing_file() {
    let world = World::new();
    let server = world.good_server();
    assert_done(&world.fetch(&["--from", server.url()]));
    let file = |number: usize| world.dir.join(NAMES[number]);
    let write = |number: usize, bytes: &[u8]| fs::write(file(number), bytes).expect("a file");
    let with_bit_flipped = |number: usize| {
        let mut damaged = world.files[number].clone();
        damaged[20] ^= 0x10;
        damaged
    };
    let long = |number: usize| [&world.files[number][..], b"x"].concat();

    write(0, &world.other[0]);
    write(1, &with_bit_flipped(1));
    write(2, &world.files[2][..100]);
    fs::remove_file(file(3)).expect("it was there");
    let output = world.fetch(&["--verify"]);
    assert_failed(&output, 1, &["4 of 4 files", "cargo xtask fetch-mnist --dir"]);
    let lines: Vec<String> = printed(&output).lines().map(str::to_string).collect();
    let says = |number: usize, word: &str| {
        let line = &lines[number];
        assert!(line.starts_with("damaged") && line.contains(NAMES[number]) && line.contains(word), "{line}");
    };
    says(0, "this is train-images-idx3-ubyte.gz of Fashion-MNIST");
    says(1, "SHA-256 is");
    says(2, &format!("100 bytes, expected {}", world.files[2].len()));
    assert_eq!(lines[3], format!("missing  {}", NAMES[3]));

    write(0, &world.files[0]);
    write(1, &long(1));
    write(2, &world.files[0]);
    fs::create_dir(file(3)).expect("a folder");
    let output = world.fetch(&["--verify"]);
    assert_failed(&output, 1, &["3 of 4 files"]);
    let lines: Vec<String> = printed(&output).lines().map(str::to_string).collect();
    assert_eq!(lines[0], format!("ok       {}", NAMES[0]));
    assert!(lines[1].contains(&format!("{} bytes, expected {}", world.files[1].len() + 1, world.files[1].len())));
    assert!(lines[2].contains("this is train-images-idx3-ubyte.gz of MNIST"), "{}", lines[2]);
    assert!(lines[3].contains("is not a plain file"), "{}", lines[3]);

    // And the next fetch repairs just those.
    fs::remove_dir(file(3)).expect("it was there");
    assert_done(&world.fetch(&["--from", server.url()]));
    world.assert_complete("a repair");
    assert_eq!(server.requests().len(), 4 + 3);
}

#[test]
fn verify_tells_a_folder_that_is_not_there_from_an_empty_one() {
    let world = World::new();
    assert_failed(&world.fetch(&["--verify"]), 2, &["there is no folder", path(&world.dir)]);
    fs::create_dir_all(&world.dir).expect("a folder");
    assert_failed(&world.fetch(&["--verify"]), 1, &["4 of 4 files"]);
}

#[test]
fn an_unpacked_file_is_taken_by_its_form_and_verify_says_so() {
    let world = World::new();
    assert_done(&world.fetch(&["--from", world.good_server().url()]));
    let unpacked = world.dir.join("t10k-labels-idx1-ubyte");
    fs::remove_file(world.dir.join(NAMES[3])).expect("it was there");
    fs::write(&unpacked, datasets::idx::encode_bytes(&[10], &[3; 10])).expect("a file");
    let output = world.fetch(&["--verify"]);
    assert_done(&output);
    assert!(printed(&output).contains("t10k-labels-idx1-ubyte (unpacked: by its form alone)"), "{}", printed(&output));

    fs::write(&unpacked, datasets::idx::encode_bytes(&[9], &[3; 9])).expect("a file");
    assert_failed(&world.fetch(&["--verify"]), 1, &["10 images", "9 labels", "do not belong together"]);
}

#[test]
fn labels_in_place_of_images_are_noticed() {
    let mut world = World::new();
    world.files[0] = wrapped(&[30], &[1; 30]);
    world.publish();
    let server = world.good_server();
    assert_failed(&world.fetch(&["--from", server.url()]), 2, &["these are labels, not images"]);
}

#[test]
fn nonsense_is_refused_with_a_usage_message() {
    let world = World::new();
    for (arguments, word) in [
        (vec!["--dataset", "cifar"], "[possible values: mnist, fashion-mnist]"),
        (vec!["--verify", "--from", "x"], "cannot be used with"),
        (vec!["--verify", "--offline"], "cannot be used with"),
        (vec!["--from", "ftp://example.org"], "a web address begins with https:// or http://"),
        (vec!["--speed"], "unexpected argument"),
    ] {
        assert_failed(&world.fetch(&arguments), 2, &[word]);
    }
}

#[test]
fn settings_in_the_environment_that_have_no_meaning_are_refused() {
    let world = World::new();
    let server = world.good_server();
    let run = |variable: &str, value: &str| {
        let mut command = world.command(&["--from", server.url()]);
        command.env(variable, value).output().expect("the program runs")
    };
    for value in ["0", "soon", "-3", "NaN", "1e9", ""] {
        assert_failed(&run("FETCH_TIMEOUT", value), 2, &["FETCH_TIMEOUT is a number of seconds from 0.1 to 3600"]);
    }
    assert_failed(&run("SSL_CERT_FILE", "nowhere"), 2, &["SSL_CERT_FILE", "cannot read nowhere"]);
    let list = world.folder.path().join("list");
    assert_failed(&run("SSL_CERT_FILE", path(&list)), 2, &["SSL_CERT_FILE", "has none in PEM form"]);
    assert!(server.requests().is_empty());
}

#[test]
fn a_proxy_that_does_not_answer_is_named() {
    let world = World::new();
    let (proxy, server) = (Server::start(|_| Reply::status("403 Forbidden", b"")), world.good_server());
    let run = |proxy: &str| {
        let mut command = world.command(&["--from", server.url()]);
        command.env("HTTP_PROXY", proxy).output().expect("the program runs")
    };
    let dead = crate::server::dead_url();
    assert_failed(&run(&dead), 2, &["through the proxy 127.0.0.1:", dead.rsplit(':').next().expect("a port")]);
    assert_failed(&run(proxy.url()), 2, &["403"]);
    assert!(server.requests().is_empty());
}
