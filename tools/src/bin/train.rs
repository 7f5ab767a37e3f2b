//! Trains the book's network (`train_convnet.py` of chapter 7).
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::time::Duration;

use model::{History, Trainer, evaluate, params_sha256};
use tools::Advice;
use tools::args::PARAMS_FILE;
use tools::console::{Stdout, stderr_can_move};
use tools::data::Data;
use tools::listener::{Bar, Finished, JsonLines, Listeners, PlainLog, Settings, Table};
use tools::picture::{Chart, accuracy_chart, png_bytes};
use tools::program::{Outcome, complain, run};
use tools::text::{grouped, percent};
use tools::train_args::TrainArgs;
use tools::{history_csv, size, train_text};

const CHART_FILE: &str = "accuracy.png";
const HISTORY_FILE: &str = "history.csv";
/// How often a training without a terminal gives a sign of life.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    run(train)
}

fn train(args: TrainArgs) -> anyhow::Result<Outcome> {
    let threads = args.threads.apply();
    let data = args.data.load()?;
    if let Some(note) = &data.note {
        complain(note);
    }
    let mut network = args.network(&data)?;
    let (train, test) = (&data.splits.train, &data.splits.test);
    size::check_batch(&network, args.batch_size.min(train.len()), threads)?;
    let mut trainer = Trainer::new(args.config())?;
    trainer.check(&network, train, test).advice(|| "choose another --batch-size".to_owned())?;
    let out = args.out.prepare(&[PARAMS_FILE, CHART_FILE, HISTORY_FILE])?;

    let settings = args.settings(&data, threads);
    let mut stdout = Stdout::new();
    if !args.quiet && !args.json {
        let header = train_text::header(&data, &network, args.epochs, &settings);
        header.iter().try_for_each(|line| stdout.line(line))?;
    }
    let mut listeners = listeners(&args, settings);
    let history = trainer.train(&mut network, train, test, &mut |event| listeners.tell(event))?;
    listeners.result()?;

    let evaluation = evaluate(&network, test)?;
    let finished = Finished {
        test_accuracy: evaluation.accuracy(),
        test_correct: evaluation.correct,
        test_total: evaluation.total,
        train_seconds: history.epoch_seconds_list.iter().sum(),
        params_sha256: params_sha256(&network),
    };
    let files = [
        out.write(PARAMS_FILE, &network.to_bytes())?,
        out.write(CHART_FILE, &png_bytes(&chart(&args, &data, &history, &finished).draw(1200, 800)))?,
        out.write(HISTORY_FILE, history_csv(&history).as_bytes())?,
    ];
    let text = train_text::result(&finished, &files);
    match (args.json, args.quiet) {
        (true, _) => stdout.line(&serde_json::to_string(&finished)?)?,
        (false, true) => stdout.line(&text[0])?,
        (false, false) => stdout.line(&format!("\n{}", text.join("\n")))?,
    }
    Ok(verdict(args.require_accuracy, finished.test_accuracy))
}

fn listeners(args: &TrainArgs, settings: Settings) -> Listeners {
    let mut listeners = Listeners::default();
    match (args.quiet, stderr_can_move()) {
        (true, _) => {}
        // The bar goes first: it has to be gone when others write.
        (false, true) => listeners.add(Bar::new()),
        (false, false) => listeners.add(PlainLog::new(std::io::stderr(), LOG_INTERVAL)),
    }
    match (args.json, args.quiet) {
        (true, _) => listeners.add(JsonLines::new(Stdout::new(), settings)),
        (false, false) => listeners.add(Table::new(Stdout::new())),
        (false, true) => {}
    }
    listeners
}

fn chart(args: &TrainArgs, data: &Data, history: &History, finished: &Finished) -> Chart {
    let samples = |images: usize| grouped(args.eval_samples.min(images));
    let (train, test) = (samples(data.splits.train.len()), samples(data.splits.test.len()));
    let subtitle = format!(
        "after each epoch, of the first {train} training and {test} test images; in the end {} of all {} test images",
        percent(finished.test_accuracy),
        grouped(finished.test_total)
    );
    let title = format!("Accuracy on {}", data.title);
    accuracy_chart(title, subtitle, &history.train_acc_list, &history.test_acc_list)
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
