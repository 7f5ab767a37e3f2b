//! Faults of the system that come at random moments of a training, every other one while a checkpoint is being written.
#![cfg(target_os = "linux")] // with the programs of util-linux

mod common;

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Folder, Ran, times};
use layers::{Purpose, Random};
use model::{Checkpoint, CheckpointFiles, Network};

/// A training that writes a checkpoint after each of its 40 steps.
const BUSY: &str = "--dataset digits --train-limit 200 --test-limit 50 --epochs 4 --batch-size 20 --filters 4 --hidden 16 \
                    --checkpoint-every 1";

/// A fault, in commands of the shell.
struct Fault {
    /// The row of the table: what is injected, and the result.
    row: [&'static str; 2],
    /// What is done before the training begins.
    before: &'static str,
    /// What starts it.
    start: &'static str,
    /// The fault. `$!` is the training.
    fault: &'static str,
    /// What mends the system again, when the training has ended.
    mend: &'static str,
    /// With which codes the training may end.
    codes: &'static [i32],
    /// What stands in the output of some of the trainings: they met the fault.
    sign: &'static str,
}

const START: &str = "exec $TRAIN $BUSY >lines";
const RESUMED: &str = "said so, resumed to the same bits";

const FAULTS: [Fault; 10] = [
    Fault {
        row: ["output folder removed", "made again, the same bits"],
        before: "",
        start: START,
        fault: "until rm -rf out 2>/dev/null; do :; done; echo removed",
        mend: "",
        codes: &[0, 2],
        sign: "removed",
    },
    Fault {
        row: ["a file in the place of the output folder, which comes back", RESUMED],
        before: "",
        start: START,
        fault: "mv out away && touch out",
        mend: "rm -f out && mv away out",
        codes: &[0, 2],
        sign: "error: cannot write",
    },
    Fault {
        row: ["output folder without permission to write", RESUMED],
        before: "mkdir out",
        start: "exec $POWERLESS $TRAIN $BUSY >lines",
        fault: "chmod 555 out",
        mend: "chmod 755 out",
        codes: &[0, 2],
        sign: "Permission denied",
    },
    Fault {
        row: ["file system that becomes read-only", RESUMED],
        before: "mkdir out; mount -t tmpfs none out",
        start: START,
        fault: "mount -t tmpfs -o ro none out",
        mend: "umount out",
        codes: &[0, 2],
        sign: "Read-only file system",
    },
    Fault {
        row: ["file system that becomes full", RESUMED],
        before: "mkdir out; mount -t tmpfs -o size=4m none out",
        start: START,
        fault: "dd if=/dev/zero of=out/fill bs=512 2>/dev/null",
        mend: "rm out/fill",
        codes: &[0, 2],
        sign: "No space left on device",
    },
    Fault {
        row: ["no file handles left", RESUMED],
        before: "",
        start: START,
        fault: "prlimit --pid $! --nofile=3:3 2>/dev/null",
        mend: "",
        codes: &[0, 2],
        sign: "Too many open files",
    },
    Fault {
        row: ["the reader of standard output gone", "ended in silence, resumed to the same bits"],
        before: "mkfifo pipe; cat pipe >/dev/null & READER=$!",
        start: "exec $TRAIN $BUSY >pipe",
        fault: "kill $READER && echo gone",
        mend: "",
        codes: &[0],
        sign: "gone",
    },
    Fault {
        row: ["the readers of standard output and error gone", "ended in silence, resumed to the same bits"],
        before: "mkfifo pipe; cat pipe >/dev/null & READER=$!",
        start: "exec $TRAIN $BUSY >pipe 2>&1",
        fault: "kill $READER && echo gone",
        mend: "",
        codes: &[0],
        sign: "gone",
    },
    Fault {
        row: ["the terminal gone", "stopped by SIGHUP, resumed to the same bits"],
        before: "",
        start: "exec script -qc \"exec $TRAIN $BUSY 2>errors\" /dev/null >/dev/null",
        fault: "kill -9 $!; while test -e out/.train.lock; do sleep 0.01; done; cat errors",
        mend: "",
        codes: &[0, 137],
        sign: "stopped by SIGHUP",
    },
    Fault {
        row: ["a second training into the same folder", "one of them refused, the other to the same bits"],
        before: "",
        start: START,
        fault: "$TRAIN $BUSY --quiet --resume 2>&1",
        mend: "",
        codes: &[0, 2],
        sign: "another training is writing into the folder out",
    },
];

impl Fault {
    /// The whole story: the last line tells the training's code.
    fn script(&self, wait: Duration, writing: bool) -> String {
        let Fault { before, start, fault, mend, .. } = self;
        let wait = wait.as_secs_f64();
        let unfinished = CheckpointFiles::UNFINISHED;
        let poll = match writing {
            true => format!("until test -e out/{unfinished} || ! kill -0 $! 2>/dev/null; do :; done"),
            false => String::new(),
        };
        [
            *before,
            &format!("({start}) & sleep {wait:.4}"),
            &poll,
            fault,
            "wait $!; CODE=$?",
            mend,
            // What is there is looked at where it lies, and is gone with the namespace.
            "cp -r out kept 2>/dev/null; $TRAIN $BUSY --quiet --resume 2>&1 && cp out/params.postcard .; echo \"code $CODE\"",
        ]
        .iter()
        .filter(|part| !part.is_empty())
        .map(|part| format!("{part}\n"))
        .collect()
    }

    /// Lets the fault come at so many moments, and looks at what is left.
    fn inject(&self, times: usize, seed: u64) {
        let whole = Folder::new();
        whole.run("train", BUSY).succeeds();
        let whole = fs::read(whole.join("out/params.postcard")).unwrap();
        // How long it takes where it is to be disturbed: on some file systems a checkpoint is written in no time.
        let begun = Instant::now();
        let script = format!("{}\n({}) & wait $!", self.before, self.start);
        Ran::of(shell(&Folder::new(), &script), &script).succeeds();
        let duration = begun.elapsed();
        let mut random = Random::new(seed, Purpose::Other(0));
        let mut met = 0;
        for time in 0..times {
            let folder = Folder::new();
            let script = self.script(duration.mul_f64(0.9 * random.uniform()), time % 2 == 0);
            let ran = Ran::of(shell(&folder, &script), &script);
            let code = ran.stdout.lines().last().and_then(|line| line.strip_prefix("code ")?.parse().ok());
            assert!(code.is_some_and(|code| self.codes.contains(&code)), "{ran:#?}");
            assert!(!format!("{ran:?}").contains("panicked"), "{ran:#?}");
            for name in [CheckpointFiles::NEWEST, CheckpointFiles::PREVIOUS] {
                let path = folder.join("kept").join(name);
                assert!(!path.exists() || Checkpoint::load(&path).is_ok(), "{name}: {ran:#?}");
            }
            let params = folder.join("kept/params.postcard");
            assert!(!params.exists() || Network::<f32>::load(&params).is_ok(), "{ran:#?}");
            assert!(fs::read(folder.join("params.postcard")).unwrap() == whole, "{ran:#?}");
            met += usize::from(ran.stdout.contains(self.sign) || ran.stderr.contains(self.sign));
        }
        assert!(met > 0, "none of {times} trainings met it: {}", self.row[0]);
        println!("faults: training, {}, at random moments | {times} | {}", self.row[0], self.row[1]);
    }
}

/// A command of the shell in the folder, as root of a namespace: it may mount what nobody else sees.
fn shell(folder: &Folder, script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["-rm", "sh", "-c", script]).current_dir(folder.path()).stdin(Stdio::null());
    command.env("TRAIN", env!("CARGO_BIN_EXE_train")).env("BUSY", BUSY).env("SHELL", "/bin/sh").env("TERM", "xterm");
    // Root may write everywhere, so it gives up its powers for this.
    command.env("POWERLESS", "setpriv --bounding-set=-all --inh-caps=-all");
    command
}

#[test]
#[ignore = "long: cargo xtask faults"]
fn faults_of_the_system_at_random_moments() {
    let folder = Folder::new();
    fs::create_dir(folder.join("out")).unwrap();
    let able = "mount -t tmpfs none out && $POWERLESS true && prlimit --version && script --version";
    if Ran::of(shell(&folder, able), able).code != Some(0) {
        println!("skipped: nobody may mount here, or a program of util-linux is missing");
        return;
    }
    for (seed, fault) in FAULTS.iter().enumerate() {
        fault.inject(times(), seed as u64);
    }
}
