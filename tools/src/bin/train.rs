//! Trains the book's network (`train_convnet.py` of chapter 7).
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use model::{CheckpointFiles, Trainer, Training, guess, params_sha256};
use tools::Advice;
use tools::args::{PARAMS_FILE, TRAIN_COMMAND};
use tools::beginning::{begin, place};
use tools::console::{Stdout, stderr_can_move, width};
use tools::filters::Filters;
use tools::keeper::{Keeper, LazyOrigin};
use tools::listener::{
    Bar, Finished, JsonLines, Listeners, PlainLog, Record, Settings, Stopped, Table, TensorBoard, Warnings,
};
use tools::lock::FolderLock;
use tools::optimisation::complain_if_slow;
use tools::program::{Outcome, command_line, command_to_repeat, complain, run};
use tools::report::{self, Report};
use tools::stop::{Signal, StopRequest};
use tools::train_args::TrainArgs;
use tools::{history_csv, remedy, size, train_text};

const HISTORY_FILE: &str = "history.csv";
/// How often a training without a terminal gives a sign of life.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    run(train)
}

fn train(args: TrainArgs) -> anyhow::Result<Outcome> {
    complain_if_slow();
    let threads = args.threads.apply();
    let data = args.load_data()?;
    if let Some(note) = &data.note {
        complain(note);
    }
    let network = args.network(&data)?;
    let (train, test) = (&data.splits.train, &data.splits.test);
    size::check_batch(&network, args.batch_size.min(train.len()), threads)?;
    let trainer = Trainer::new(args.config())?;
    trainer.check(&network, train, test).map_err(remedy::of_refusal)?;
    let names = [&[PARAMS_FILE, HISTORY_FILE, CheckpointFiles::NEWEST][..], &report::FILES].concat();
    let board = args.tensorboard.as_deref().map(TensorBoard::new).transpose()?;
    let out = args.out.check(&names)?;
    // (The lock makes the folder: so it knows whether to leave it behind.)
    let lock = FolderLock::take(&args.out.out)?;
    let origin = LazyOrigin::new(&network, &data);
    let filters_before = Filters::of(&network).ok();
    let files = CheckpointFiles::in_folder(&args.out.out);
    let (mut trainer, mut network) = begin(&args, trainer, network, &origin, &files)?;
    let mut keeper = Keeper::new(files, lock, origin, args.checkpoint_every);

    let settings = args.settings(&data, threads);
    let mut stdout = Stdout::new();
    if !args.quiet && !args.json() {
        let header = train_text::header(&data, &network.summary(), args.epochs, &settings, width());
        header.iter().try_for_each(|line| stdout.line(line))?;
    }
    let training = trainer.start(&mut network, train, test)?;
    let mut record = Record::default();
    let mut listeners = listeners(&args, settings.clone(), board);
    listeners.add(&mut record);
    if let Some(outcome) = watch(training, listeners, &mut keeper)? {
        if let (Outcome::Stopped(signal), true) = (outcome, args.json()) {
            stdout.line(&serde_json::to_string(&stopped(signal, &trainer))?)?;
        }
        return Ok(outcome);
    }
    let history = record.history();
    let warnings = trainer.warnings(&network, train)?;

    let guesses = match guess(&network, test) {
        // Of the test images only some were shown to it before (--eval-samples).
        Err(error @ model::Error::Scores { .. }) => return Ok(astray(&error, &keeper)),
        guesses => guesses?,
    };
    let evaluation = guesses.evaluation();
    let finished = Finished {
        test_accuracy: evaluation.accuracy(),
        test_correct: evaluation.correct,
        test_total: evaluation.total,
        train_seconds: history.epoch_seconds_list.iter().sum(),
        params_sha256: params_sha256(&network),
    };
    keeper.hold_folder()?;
    let mut written = Vec::new();
    let mut write = |name, bytes: &[u8]| {
        let later = || format!("when that is mended, get it with `{}`", command_line("--resume", "--restart"));
        written.push(name);
        out.write(name, bytes).advice(later)
    };
    write(PARAMS_FILE, &network.to_bytes())?;
    write(HISTORY_FILE, history_csv(history).as_bytes())?;
    let report = Report {
        data: &data,
        origin: keeper.origin(),
        settings: &settings,
        command: command_to_repeat(TRAIN_COMMAND, data.name),
        filters_before,
        network: &network,
        history,
        warnings: &warnings,
        guesses: &guesses,
        finished: &finished,
    };
    for (name, bytes) in report.files() {
        write(name, &bytes)?;
    }
    match (args.json(), args.quiet) {
        (true, _) => stdout.line(&serde_json::to_string(&finished)?)?,
        (false, true) => stdout.line(&train_text::result(&finished))?,
        (false, false) => {
            let summary = train_text::summary(&report, &args.out.out, &written, width());
            stdout.line(&format!("\n{}", summary.join("\n")))?;
        }
    }
    Ok(verdict(args.require_accuracy, finished.test_accuracy))
}

/// Trains to the end (`None`), or until a signal comes, nobody can be told any more, or the training goes astray; what was
/// learned until then is kept.
fn watch(
    mut training: Training<'_>,
    mut listeners: Listeners<'_>,
    keeper: &mut Keeper<'_>,
) -> anyhow::Result<Option<Outcome>> {
    let stop = StopRequest::listen().context("cannot listen to signals")?;
    let go_on = || format!("go on with `{}`", command_line("--resume", "--restart"));
    let mut nobody_listens = false;
    loop {
        let event = match training.next_event() {
            Ok(Some(event)) => event,
            Ok(None) => return Ok(None),
            Err(error) => {
                drop(listeners);
                return went_astray(error, &training, keeper).map(Some);
            }
        };
        nobody_listens = nobody_listens || listeners.tell(&event, &training).is_break();
        if let Some(complaint) = keeper.event(&event, &training) {
            complain(&complaint);
        }
        // What the last step of an epoch left is worth keeping once it is evaluated, so there is no end before that.
        if training.waits_for_evaluation() {
            continue;
        }
        if nobody_listens {
            keeper.write(&training)?;
            return listeners.result().advice(go_on).map(|()| None);
        }
        if let Some(signal) = stop.signal()
            && !training.trainer().is_finished()
        {
            drop(listeners);
            let place = place(training.trainer());
            keeper.write(&training).with_context(|| format!("stopped by {signal} {place}")).advice(go_on)?;
            complain(&format!("stopped by {signal} {place}; {}", go_on()));
            return Ok(Some(Outcome::Stopped(signal)));
        }
    }
}

/// Ends a training that cannot go on: says why, and what is kept.
fn went_astray(error: model::Error, training: &Training<'_>, keeper: &mut Keeper<'_>) -> anyhow::Result<Outcome> {
    if !matches!(error, model::Error::Diverged { .. } | model::Error::DivergedNetwork { .. }) {
        return Err(error.into());
    }
    // Where the last step of an epoch was one too many, what it left is not worth keeping.
    if matches!(error, model::Error::Diverged { .. })
        && let Err(problem) = keeper.write(training)
    {
        complain(&format!("{problem:#}"));
    }
    Ok(astray(&error, keeper))
}

fn astray(error: &model::Error, keeper: &Keeper<'_>) -> Outcome {
    complain(&format!("error: {error}\n  {}", remedy::of_divergence(error, &keeper.path())));
    Outcome::CheckFailed
}

fn stopped(signal: Signal, trainer: &Trainer) -> Stopped {
    let position = trainer.position();
    Stopped { signal: signal.name(), epochs_done: position.epoch as usize, steps_done: position.step }
}

fn listeners(args: &TrainArgs, settings: Settings, board: Option<TensorBoard>) -> Listeners<'static> {
    let mut listeners = Listeners::default();
    match (args.quiet, stderr_can_move()) {
        (true, _) => {}
        (false, true) => listeners.add(Bar::new()),
        (false, false) => listeners.add(PlainLog::new(std::io::stderr(), LOG_INTERVAL)),
    }
    listeners.add(Warnings);
    match (args.json(), args.quiet) {
        (true, _) => listeners.add(JsonLines::new(Stdout::new(), settings, args.json_steps)),
        (false, false) => listeners.add(Table::new(Stdout::new())),
        (false, true) => {}
    }
    if let Some(board) = board {
        listeners.add(board);
    }
    listeners
}

fn verdict(required: Option<f64>, accuracy: f64) -> Outcome {
    match required {
        Some(required) if accuracy < required => {
            complain(&format!(
                "the test accuracy is {accuracy}, below the {required} that --require-accuracy asks for"
            ));
            Outcome::CheckFailed
        }
        _ => Outcome::Done,
    }
}
