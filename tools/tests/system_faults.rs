//! What `train` makes of a system that fails it: it says what, where and what to do, and what was learned is not lost.
#![cfg(unix)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use common::{Folder, Ran, SMALL};
use model::{Checkpoint, CheckpointFiles, Network};

/// A command of the shell in the folder; `$TRAIN` is the program.
fn shell(folder: &Folder, script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).env("TRAIN", env!("CARGO_BIN_EXE_train")).env("RUST_BACKTRACE", "0");
    command.current_dir(folder.path()).stdin(Stdio::null());
    command
}

fn ran(folder: &Folder, script: &str) -> Ran {
    Ran::of(shell(folder, script), script)
}

/// Writing beyond 31 kB (blocks of 512 bytes) fails as on a full disk; the signal that would come with it is ignored.
const SMALL_DISK: &str = "trap '' XFSZ; ulimit -f 60;";

fn params(folder: &Folder) -> Vec<u8> {
    fs::read(folder.join("out/params.postcard")).unwrap()
}

#[test]
fn a_disk_that_is_full_costs_no_work_that_was_kept() {
    let whole = Folder::new();
    whole.train("--epochs 3").succeeds();

    let folder = Folder::new();
    folder.train("--epochs 1").succeeds();
    let before = fs::read(folder.join("out/checkpoint.postcard")).unwrap();
    let full = ran(&folder, &format!("{SMALL_DISK} exec $TRAIN {SMALL} --epochs 3 --resume"));
    assert_eq!(full.code, Some(2), "{full:#?}");
    let lines: Vec<_> = full.stderr.lines().collect();
    assert_eq!(lines.len(), 4, "{lines:#?}");
    assert!(lines[1].starts_with("cannot write out/checkpoint.postcard: File too large"), "{lines:#?}");
    assert!(lines[1].ends_with("; the training goes on without a new checkpoint"), "{lines:#?}");
    assert!(lines[2].starts_with("error: cannot write out/params.postcard: File too large"), "{lines:#?}");
    assert!(lines[3].contains("get it with `") && lines[3].contains("--resume`"), "{lines:#?}");
    // All epochs were trained all the same, and what is there is whole.
    assert!(full.stdout.contains("\n    3 "), "{}", full.stdout);
    assert_eq!(fs::read(folder.join("out/checkpoint.postcard")).unwrap(), before);
    assert!(!folder.files().iter().any(|name| name.contains("unfinished")), "{:?}", folder.files());
    Network::<f32>::load(folder.join("out/params.postcard")).unwrap();

    // With room again it goes on from the last checkpoint.
    folder.train("--epochs 3 --resume").succeeds();
    assert_eq!(params(&folder), params(&whole));
}

/// A disk that is full after so many blocks of 512 bytes, for every number that makes a difference.
#[test]
#[ignore = "long: cargo xtask faults"]
fn disks_of_every_size() {
    let whole = Folder::new();
    whole.train("--epochs 3").succeeds();
    let checkpoint = fs::metadata(whole.join("out/checkpoint.postcard")).unwrap().len();
    let sizes = 0..=checkpoint / 512 + 1;
    let count = sizes.clone().count();
    let folder = Folder::new();
    for blocks in sizes {
        folder.train("--epochs 1 --restart").succeeds();
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec $TRAIN {SMALL} --epochs 3 --resume");
        let full = ran(&folder, &script);
        assert!(full.code == Some(2) || full.code == Some(0), "{full:#?}");
        assert!(full.code == Some(0) || full.stderr.contains("File too large"), "{full:#?}");
        CheckpointFiles::in_folder(folder.join("out")).find().unwrap().unwrap();
        Network::<f32>::load(folder.join("out/params.postcard")).unwrap();
        folder.train("--epochs 3 --resume").succeeds();
        assert!(params(&folder) == params(&whole), "{blocks} blocks");
    }
    println!("faults: training, disk full after any block of 512 bytes | {count} | said so, resumed to the same bits");
}

/// A disk that has room for checkpoints, but not for the rest of a long standard output.
#[test]
fn where_its_lines_cannot_be_written_any_more_it_keeps_a_checkpoint() {
    let folder = Folder::new();
    let limit = 300 * 512;
    folder.write("log", vec![b'-'; limit - 1100]);
    let script = format!("trap '' XFSZ; ulimit -f 300; exec $TRAIN {SMALL} --epochs 20 >>log");
    let full = ran(&folder, &script).refuses(&["cannot write to standard output", "go on with `", "--resume`"]);
    assert_eq!(full.stdout, "");
    let position = Checkpoint::load(folder.join("out/checkpoint.postcard")).unwrap().trainer.position();
    assert!((1..20).contains(&position.epoch), "{position:?}");
    let ran = folder.train("--epochs 20 --resume").succeeds();
    assert!(ran.stderr.starts_with("going on after "), "{ran:#?}");
    let whole = Folder::new();
    whole.train("--epochs 20").succeeds();
    assert_eq!(params(&folder), params(&whole));
}

#[cfg(target_os = "linux")] // elsewhere a program without handles may not even start
#[test]
fn without_file_handles() {
    let mut refused = 0;
    for handles in 3..=12 {
        let folder = Folder::new();
        let ran = ran(&folder, &format!("ulimit -n {handles}; exec $TRAIN {SMALL}"));
        match ran.code {
            // Not even the system's libraries could be opened.
            Some(127) => {}
            Some(0) => assert!(params(&folder).len() > 1000),
            _ => {
                assert_eq!(ran.code, Some(2), "{ran:#?}");
                assert!(ran.stderr.contains("Too many open files") && ran.stderr.contains("out"), "{ran:#?}");
                assert!(!ran.stderr.contains("panicked"), "{ran:#?}");
                refused += 1;
            }
        }
        folder.train("--resume").succeeds();
    }
    assert!(refused > 0);
}

/// Trains, and when the first epoch is done does `harm` to the output folder.
fn harmed(folder: &Folder, line: &str, harm: impl FnOnce()) -> Ran {
    let mut command = folder.program("train", &format!("{SMALL} --epochs 300 --checkpoint-every 100000 {line}"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.by_ref().any(|line| line.unwrap().starts_with("    1 ")));
    harm();
    let stdout: Vec<_> = lines.map(Result::unwrap).collect();
    Ran { stdout: stdout.join("\n"), ..Ran::from(child.wait_with_output().unwrap(), line) }
}

#[test]
fn an_output_folder_that_is_removed_is_made_again() {
    let folder = Folder::new();
    let ran = harmed(&folder, "", || fs::remove_dir_all(folder.join("out")).unwrap()).succeeds();
    assert_eq!(ran.stderr, "");
    let mut files = vec!["checkpoint.postcard", "history.csv", "params.postcard"];
    files.extend(tools::report::FILES);
    files.sort();
    let files = files.iter().map(|name| format!("out/{name}"));
    assert_eq!(folder.files(), ["out/".to_owned()].into_iter().chain(files).collect::<Vec<_>>());
}

#[test]
fn an_output_folder_that_another_training_has_taken_is_left_alone() {
    let folder = Folder::new();
    let mut other = None;
    let ran = harmed(&folder, "", || {
        fs::remove_dir_all(folder.join("out")).unwrap();
        other = Some(tools::lock::FolderLock::take(&folder.join("out")).unwrap());
    });
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert!(
        ran.stderr.contains("error: cannot write out/checkpoint.postcard: another training is writing"),
        "{ran:#?}"
    );
    assert_eq!(folder.files(), ["out/", "out/.train.lock"]);
    drop(other);
    // Nothing but what the other had made.
    assert_eq!(folder.files(), [""; 0]);
}

#[test]
fn an_output_folder_that_becomes_a_file() {
    let folder = Folder::new();
    let ran = harmed(&folder, "", || {
        fs::remove_dir_all(folder.join("out")).unwrap();
        folder.write("out", "no folder");
    });
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert!(ran.stderr.contains("cannot write") && ran.stderr.contains("out"), "{ran:#?}");
    assert_eq!(fs::read(folder.join("out")).unwrap(), b"no folder");
}

/// Nobody writes into these, not even root.
#[cfg(target_os = "linux")]
#[test]
fn folders_that_nobody_can_write_to() {
    let folder = Folder::new();
    for out in ["/proc/out", "/dev/null/out", "/dev/full"] {
        let ran = folder.train(&format!("--out {out}"));
        ran.refuses(&["cannot write into the output folder", out, "--out"]);
    }
}

/// Root may write everywhere, so it gives up its powers for this.
#[test]
fn a_folder_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let out = folder.join("out");
    fs::create_dir(&out).unwrap();
    let allow = |mode| fs::set_permissions(&out, fs::Permissions::from_mode(mode)).unwrap();
    allow(0o555);
    let is_root = fs::write(out.join("try"), "").is_ok();
    let powerless = if is_root { "setpriv --bounding-set=-all --inh-caps=-all" } else { "" };
    let ran = ran(&folder, &format!("exec {powerless} $TRAIN {SMALL}"));
    allow(0o755);
    if is_root && [Some(126), Some(127)].contains(&ran.code) {
        eprintln!("skipped: root cannot give up its powers here: {}", ran.stderr);
        return;
    }
    ran.refuses(&["cannot write into the output folder out: Permission denied", "--out"]);
}

#[test]
fn without_standard_streams_it_trains_all_the_same() {
    for closed in ["2>&-", ">&-", "<&-", ">&- 2>&- <&-"] {
        let folder = Folder::new();
        ran(&folder, &format!("exec $TRAIN {SMALL} {closed}")).succeeds();
        Network::<f32>::load(folder.join("out/params.postcard")).unwrap();
        let found = CheckpointFiles::in_folder(folder.join("out")).find().unwrap().unwrap();
        assert!(found.checkpoint.trainer.is_finished());
    }
}

/// Steps of a training on a terminal that is about to go, a second's worth.
const ON_A_TERMINAL: &str =
    "--dataset digits --train-limit 200 --test-limit 50 --epochs 200 --batch-size 20 --filters 4 --hidden 16";

/// Runs a command of the shell on a terminal of its own, which hangs up when the first checkpoint is there, and waits until
/// the training has left the folder. `false` where the system has no program that makes terminals.
#[cfg(target_os = "linux")]
fn on_a_terminal_that_hangs_up(folder: &Folder, command: &str) -> bool {
    let mut terminal = Command::new("script");
    terminal.args(["-qc", command, "/dev/null"]).env("SHELL", "/bin/sh").env("TERM", "xterm");
    terminal.env("TRAIN", env!("CARGO_BIN_EXE_train")).current_dir(folder.path());
    let terminal = terminal.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(mut terminal) = terminal else {
        eprintln!("skipped: there is no program `script` here");
        return false;
    };
    wait_until(|| folder.join("out/checkpoint.postcard").exists());
    terminal.kill().unwrap();
    terminal.wait().unwrap();
    wait_until(|| !folder.join("out/.train.lock").exists());
    true
}

#[cfg(target_os = "linux")]
#[track_caller]
fn wait_until(condition: impl Fn() -> bool) {
    let moments = 20_000;
    let came = (0..moments).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(5));
        condition()
    });
    assert!(came, "waited in vain");
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_that_hangs_up_stops_the_training_unless_it_was_told_to_stay() {
    let whole = Folder::new();
    whole.run("train", &format!("{ON_A_TERMINAL} --checkpoint-every 100000")).succeeds();

    let folder = Folder::new();
    if !on_a_terminal_that_hangs_up(&folder, &format!("exec $TRAIN {ON_A_TERMINAL} 2>errors")) {
        return;
    }
    let errors = fs::read_to_string(folder.join("errors")).unwrap();
    let last = errors.lines().last().unwrap();
    assert!(last.starts_with("stopped by SIGHUP after ") && last.ends_with(" --resume`"), "{errors}");
    folder.run("train", &format!("{ON_A_TERMINAL} --checkpoint-every 100000 --resume")).succeeds();
    assert_eq!(params(&folder), params(&whole));

    // Where the signal is ignored, lines that nobody can read any more are no reason to stop.
    for errors in ["", "2>errors"] {
        let folder = Folder::new();
        on_a_terminal_that_hangs_up(&folder, &format!("trap '' HUP; exec $TRAIN {ON_A_TERMINAL} {errors}"));
        assert_eq!(params(&folder), params(&whole));
        let errors = fs::read_to_string(folder.join("errors")).unwrap_or_default();
        assert!(!errors.contains("error:"), "{errors}");
    }
}

/// Runs a command of the shell where it may mount what nobody else sees: as root of a namespace. None where the system does not
/// allow that.
#[cfg(target_os = "linux")]
fn with_mounts(folder: &Folder, script: &str) -> Option<Ran> {
    let apart = |command: &str| {
        let mut unshare = Command::new("unshare");
        unshare.args(["-rm", "sh", "-c", command]).env("TRAIN", env!("CARGO_BIN_EXE_train"));
        unshare.current_dir(folder.path()).stdin(Stdio::null());
        unshare
    };
    fs::create_dir_all(folder.join("out")).unwrap();
    let allowed = apart("mount -t tmpfs none out").output().is_ok_and(|output| output.status.success());
    if !allowed {
        eprintln!("skipped: this system lets nobody mount a file system of their own");
        return None;
    }
    Some(Ran::of(apart(script), script))
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_system_that_is_read_only() {
    let folder = Folder::new();
    let Some(ran) = with_mounts(&folder, &format!("mount -t tmpfs -o ro none out; exec $TRAIN {SMALL}")) else {
        return;
    };
    ran.refuses(&["cannot write into the output folder out: Read-only file system", "--out"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_system_that_becomes_read_only_costs_no_work_that_was_kept() {
    let folder = Folder::new();
    // Another file system comes over the folder when the first checkpoint is there.
    let script = format!(
        "$TRAIN {SMALL} --epochs 300 >lines & \
         until test -e out/checkpoint.postcard; do sleep 0.01; done; mount -t tmpfs -o ro none out; wait $!"
    );
    let Some(ran) = with_mounts(&folder, &script) else { return };
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    for words in ["cannot write out/checkpoint.postcard: ", "Read-only file system", "--resume`"] {
        assert!(ran.stderr.contains(words), "{words:?} is missing: {ran:#?}");
    }
    let lines = fs::read_to_string(folder.join("lines")).unwrap();
    assert!(lines.contains("\n  300 "), "all epochs were trained: {lines}");
    // The file system is gone with its namespace, and what was there before goes on.
    let ran = folder.train("--epochs 300 --checkpoint-every 100000 --resume").succeeds();
    assert!(ran.stderr.starts_with("going on after epoch "), "{ran:#?}");
    let whole = Folder::new();
    whole.train("--epochs 300 --checkpoint-every 100000").succeeds();
    assert_eq!(params(&folder), params(&whole));
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_system_that_is_full_costs_no_work_that_was_kept() {
    let folder = Folder::new();
    // Filled to the last block between two epochs, and emptied again.
    let script = format!(
        "mount -t tmpfs -o size=4m none out; $TRAIN {SMALL} --epochs 1 --quiet || exit 9; \
         $TRAIN {SMALL} --epochs 300 --resume >lines & \
         until grep -q '^    3 ' lines; do sleep 0.01; done; \
         dd if=/dev/zero of=out/fill bs=512 2>/dev/null; wait $!; echo \"code $?\"; \
         rm out/fill; $TRAIN {SMALL} --epochs 300 --resume --quiet && cp out/params.postcard ."
    );
    let Some(ran) = with_mounts(&folder, &script) else { return };
    assert!(ran.stdout.contains("code 2\n"), "{ran:#?}");
    assert!(ran.stderr.contains("cannot write out/checkpoint.postcard: No space left on device"), "{ran:#?}");
    assert!(ran.stderr.contains("error: cannot write out/") && ran.stderr.contains("--resume`"), "{ran:#?}");
    let whole = Folder::new();
    whole.train("--epochs 300 --checkpoint-every 100000").succeeds();
    assert!(fs::read(folder.join("params.postcard")).unwrap() == params(&whole), "{ran:#?}");
}
