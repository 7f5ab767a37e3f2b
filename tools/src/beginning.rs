//! Where a training begins: anew, or where another was cut off.

use anyhow::anyhow;
use model::{Checkpoint, CheckpointFiles, Difference, Found, Network, Setting, Trainer};

use crate::advice::Advice;
use crate::keeper::LazyOrigin;
use crate::program::complain;
use crate::train_args::TrainArgs;

/// Network and trainer as the command line wants them: those of the checkpoint with `--resume`, else new ones.
///
/// # Errors
/// Where the checkpoint is of another training, or is none; where a new training would take the place of one that is not
/// finished.
pub fn begin(
    args: &TrainArgs,
    trainer: Trainer,
    network: Network,
    origin: &LazyOrigin<'_>,
    files: &CheckpointFiles,
) -> anyhow::Result<(Trainer, Network)> {
    if args.resume {
        if let Some(found) = files.find().advice(anew)? {
            return go_on(args, &trainer, &network, origin, files, found);
        }
        complain(&format!("there is no {} yet: the training begins", files.newest().display()));
    } else if !args.restart {
        refuse_unfinished(files)?;
    }
    files.remove()?;
    Ok((trainer, network))
}

fn anew() -> String {
    "begin anew with --restart, or name another folder with --out".to_owned()
}

/// A new training must not take the place of one that was cut off.
fn refuse_unfinished(files: &CheckpointFiles) -> anyhow::Result<()> {
    match files.find().advice(anew)? {
        Some(found) if !found.checkpoint.trainer.is_finished() => {
            let place = place(&found.checkpoint.trainer);
            let problem = anyhow!("{} is of a training that was cut off {place}", found.path.display());
            Err(problem).advice(|| format!("go on with it with --resume, {}", anew()))
        }
        _ => Ok(()),
    }
}

/// Goes on from the checkpoint that was found.
fn go_on(
    args: &TrainArgs,
    trainer: &Trainer,
    network: &Network,
    origin: &LazyOrigin<'_>,
    files: &CheckpointFiles,
    found: Found,
) -> anyhow::Result<(Trainer, Network)> {
    if let Some(problem) = found.damaged {
        let aside = files.set_damaged_aside()?;
        complain(&format!("{problem}; it is now {}", aside.display()));
    }
    let place = place(&found.checkpoint.trainer);
    let resumed = resume(args, trainer, network, origin, found.checkpoint)?;
    complain(&format!("going on {place}, from {}", found.path.display()));
    Ok(resumed)
}

/// Network and trainer of a checkpoint that fits the command line.
fn resume(
    args: &TrainArgs,
    trainer: &Trainer,
    network: &Network,
    origin: &LazyOrigin<'_>,
    checkpoint: Checkpoint,
) -> anyhow::Result<(Trainer, Network)> {
    let same = checkpoint.compare(trainer.config(), network, origin.get());
    same.map_err(|difference| anyhow!("{difference}\n  {}", remedy(&difference)))?;
    let Checkpoint { mut trainer, network, .. } = checkpoint;
    trainer.set_epochs(args.epochs).advice(|| "ask for more with --epochs".to_owned())?;
    Ok((trainer, network))
}

/// Where a training stands: "after epoch 3", "after step 5 of epoch 4".
pub fn place(trainer: &Trainer) -> String {
    let position = trainer.position();
    match (position.epoch, position.step) {
        (0, 0) => "before the first step".to_owned(),
        (epoch, 0) => format!("after epoch {epoch}"),
        (epoch, step) => format!("after step {step} of epoch {}", epoch + 1),
    }
}

/// What to do about a difference.
fn remedy(difference: &Difference) -> String {
    let was = &difference.checkpoint;
    let same = match difference.setting {
        Setting::Data => "choose the same with --dataset, --data-dir, --train-limit and --test-limit".to_owned(),
        Setting::Network => {
            "choose the same with --network, --classes, --filters, --filter-size, --pad, --stride, --hidden and --init-std, \
             or --params"
                .to_owned()
        }
        Setting::FirstWeights => {
            "give the --params that it was begun with, or none where it was begun without".to_owned()
        }
        Setting::Seed => format!("add --seed {was}"),
        Setting::BatchSize => format!("add --batch-size {was}"),
        Setting::Sampling => format!("add --sampling {was}"),
        Setting::Optimizer => format!("add --optimizer {was}"),
        Setting::LearningRate => format!("add --lr {was}"),
        Setting::EvalSamples => format!("add --eval-samples {was}"),
        // Not on the command line: a program of another version, or another program.
        _ => "go on with the program that wrote the checkpoint".to_owned(),
    };
    format!("{same}, or begin anew with --restart in place of --resume")
}
