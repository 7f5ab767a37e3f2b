//! Every bad value in one table, `bad_values.txt`: what `cargo xtask` answers, as a user reads it. Nothing here reaches for
//! the network.
#![cfg(target_os = "linux")] // the messages of other systems have other words

#[path = "../../tools/tests/transcript/mod.rs"]
mod transcript;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use transcript::Answer;

const IMAGES: &str = "train-images-idx3-ubyte.gz";

/// Files and folders, named after what is wrong with them.
fn prepare(folder: &Path) {
    fs::write(folder.join("file"), "").unwrap();
    for name in ["empty", "web-page", "loop", "no-file"] {
        fs::create_dir(folder.join(name)).unwrap();
    }
    fs::write(folder.join("web-page").join(IMAGES), "<html>404 Not Found</html>").unwrap();
    symlink(IMAGES, folder.join("loop").join(IMAGES)).unwrap();
    fs::create_dir(folder.join("no-file").join(IMAGES)).unwrap();
}

#[test]
fn the_table_is_what_the_tasks_say() {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join("bad_values.txt");
    let commands = transcript::check(&table, |line| {
        assert_eq!((line.program.as_str(), line.arguments[0].as_str()), ("cargo", "xtask"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        for variable in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "FETCH_TIMEOUT"] {
            command.env_remove(variable).env_remove(variable.to_lowercase());
        }
        command.args(&line.arguments[1..]).current_dir(folder.path());
        let output = command.envs(line.environment.iter().map(|(name, value)| (name, value))).output().unwrap();
        let stderr = String::from_utf8(output.stderr).expect("text");
        assert!(!stderr.contains("panicked"), "{stderr}");
        // A help text would be no complaint, but clap separates its parts by empty lines.
        let lines = stderr.lines().filter(|line| !line.is_empty()).map(|line| format!("{line}\n"));
        let text = lines.collect::<String>().replace(&folder.path().display().to_string(), "/here");
        Answer { code: output.status.code(), stderr: text }
    });
    assert!(commands >= 20, "{commands} commands");
}
