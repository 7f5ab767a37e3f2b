//! The benchmark: how fast this machine could compute at most, and how fast the network does.
//!
//! | module | what is in it |
//! |---|---|
//! | [`args`], [`effort`] | the command line, and how long things are measured |
//! | [`limit`] | the machine's own limit, in windows between everything else |
//! | [`timing`] | medians of measurements |
//! | [`epoch`], [`inference`], [`step`], [`kernels`], [`growth`] | what is measured |
//! | [`child`] | what needs a process of its own: first step and memory |
//! | [`figures`], [`table`], [`columns`] | what came out, for programs and for people |

#![forbid(unsafe_code)]

pub mod args;
pub mod child;
pub mod columns;
pub mod effort;
pub mod epoch;
pub mod figures;
pub mod growth;
pub mod inference;
pub mod kernels;
pub mod limit;
pub mod output;
pub mod step;
pub mod table;
pub mod timing;

use std::process::ExitCode;

use model::{TrainerConfig, evaluate};

use args::BenchArgs;
use effort::Effort;
use figures::{Conditions, Figures, StepTimes};
use kernels::{KernelTime, Kernels};
use limit::{Meter, Pools};
use output::JsonTarget;
use step::OpenStep;
use tools::console::Stdout;
use tools::data::Data;
use tools::machine::processor;
use tools::optimisation::complain_if_slow;
use tools::program::{Outcome, complain};

fn main() -> ExitCode {
    tools::program::run(bench)
}

/// The program.
///
/// # Errors
/// Where the data cannot be loaded, a process cannot be started, or the result cannot be written.
fn bench(args: BenchArgs) -> anyhow::Result<Outcome> {
    if let Some(child) = args.child {
        return child::run(&args, child).map(|()| Outcome::Done);
    }
    let target = args.json.as_deref().map(JsonTarget::prepare).transpose()?;
    complain_if_slow();
    args.threads.apply();
    let data = args.data.load()?;
    if let Some(note) = &data.note {
        complain(note);
    }
    let figures = measure(&args, &data)?;
    let mut stdout = Stdout::new();
    if !target.as_ref().is_some_and(JsonTarget::is_stdout) {
        table::table(&figures).iter().try_for_each(|line| stdout.line(line))?;
    }
    if let Some(target) = target {
        target.write(&mut stdout, &figures.to_json()?)?;
    }
    // The parts of a step are left out where they did not give its bits.
    Ok(if args.race || figures.step.is_some() { Outcome::Done } else { Outcome::CheckFailed })
}

/// Everything, with a window of the machine's limit between any two sections.
fn measure(args: &BenchArgs, data: &Data) -> anyhow::Result<Figures> {
    let effort = args.effort();
    let pools = Pools::new();
    complain("the machine's limit …");
    let mut meter = Meter::new(effort.tiny);
    meter.window(&pools);

    complain("first step and memory, in processes of their own …");
    let first_steps = (0..effort.starts).map(|_| child::time_first_step(args)).collect::<anyhow::Result<_>>()?;
    meter.window(&pools);
    let memory = child::train(args, effort.memory_epochs)?;
    meter.window(&pools);

    complain("epochs and inference …");
    let settings = child::settings(data);
    let mut network = settings.build(0)?;
    let epochs = epoch::epochs(&mut network, data, effort.epochs, &mut || meter.window(&pools))?;
    let test_accuracy = evaluate(&network, &data.splits.test)?.accuracy();
    let inference = inference::inference(&network, &data.splits.test, effort.inference);
    meter.window(&pools);

    let (mut step, mut kernels, mut growth) = (None, Vec::new(), Vec::new());
    if !args.race {
        complain("the parts of a step …");
        let batch = conditions(data, args).batch_size;
        let mut open = OpenStep::new(&settings, &network, batch)?;
        match open.time(&mut network, &data.splits.train, effort.steps) {
            Ok(parts) => step = Some(StepTimes { parts, whole: epochs.step }),
            Err(error) => complain(&format!("the parts of a step are left out: {error}")),
        }
        meter.window(&pools);
        complain("kernels …");
        kernels = all_kernels(&pools, &effort, &open, data, &mut meter);
        complain("growth …");
        growth = growth::growth(&pools, effort.growth, effort.tiny, &mut meter)?;
    }
    let (conditions, flop) = (conditions(data, args), network.summary().operations());
    let limit = meter.finish(&pools);
    let epoch_seconds = epochs.seconds;
    Ok(Figures {
        limit,
        conditions,
        flop,
        epoch_seconds,
        test_accuracy,
        inference,
        first_steps,
        memory,
        step,
        kernels,
        growth,
    })
}

fn all_kernels(pools: &Pools, effort: &Effort, step: &OpenStep, data: &Data, meter: &mut Meter) -> Vec<KernelTime> {
    let (images, most_products) = if effort.tiny { (2, 1 << 20) } else { (step.batch(), usize::MAX) };
    let mut kernels = Kernels::new(pools, effort.kernel);
    kernels.of_the_step(step);
    kernels.small_affine(images);
    meter.window(pools);
    kernels.convolutions(images, &mut || meter.window(pools));
    kernels.products(most_products);
    meter.window(pools);
    kernels.movers(step, &data.splits.train);
    meter.window(pools);
    kernels.finish()
}

fn conditions(data: &Data, args: &BenchArgs) -> Conditions {
    let images = data.splits.train.len();
    Conditions {
        name: "ours",
        version: env!("CARGO_PKG_VERSION"),
        dataset: data.name,
        images,
        batch_size: TrainerConfig::default().batch_size.min(images),
        threads: tensor::threads::current().threads(),
        cores: tensor::threads::available_cores(),
        processor: processor(),
        instruction_set: tensor::isa().map_or("none", tensor::Isa::name),
        quick: args.effort() != Effort { epochs: args.effort().epochs, ..Effort::FULL },
    }
}
