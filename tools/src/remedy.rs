//! What to do about a training that does not go well, in the flags of `train`.

use std::path::Path;

use model::{Error, Warning};

/// What to do where a training cannot begin, below what is wrong.
pub fn of_refusal(error: Error) -> anyhow::Error {
    let hint = match error {
        Error::Label { .. } => {
            "choose a network that tells more classes apart (--classes, or the outputs of the last layer in its file), or \
             another --dataset"
        }
        _ => "choose another --batch-size",
    };
    anyhow::anyhow!("{error}\n  {hint}")
}

/// What to do where a network that was read from a file cannot be judged, below what is wrong.
pub fn of_judgement(error: Error) -> anyhow::Error {
    match error {
        Error::Scores { .. } => anyhow::anyhow!("{error}\n  choose another file with --params"),
        other => other.into(),
    }
}

/// What to do where a training went astray. `checkpoint` is the newest, if there is one.
pub fn of_divergence(error: &Error, checkpoint: &Path) -> String {
    match error {
        Error::Diverged { epoch: 1, step: 1, .. } => {
            return "begin with smaller weights (--init-std), or another network where it came from --params"
                .to_owned();
        }
        // The newest checkpoint holds this network: images that no evaluation had shown to it have told.
        Error::Scores { .. } => {
            return "begin anew with a smaller --lr and --restart, or with another network where it came from --params"
                .to_owned();
        }
        _ => {}
    }
    let mut remedy = "begin anew with a smaller --lr and --restart".to_owned();
    if checkpoint.is_file() {
        let path = checkpoint.display();
        remedy.push_str(&format!("; {path} keeps what was good, but --resume goes on from there to the same end"));
    }
    remedy
}

/// What to do about a warning.
pub fn of_warning(warning: &Warning) -> &'static str {
    match warning {
        Warning::FirstLoss { .. } => {
            "if it does not fall soon, begin anew (--restart) with smaller weights (--init-std); where --params names the \
             network, these may be other images than it knows"
        }
        Warning::NoBetterThanGuessing { .. } => {
            "begin anew (--restart) with another --lr: a smaller one where the loss jumped up, a larger one where it never \
             moved; then with other first weights (--init-std, --seed)"
        }
        Warning::Dead(dead) if dead.is_all() => {
            "nothing gets through any more, and nothing before it learns: begin anew (--restart) with a smaller --lr"
        }
        _ => {
            "they learn nothing more; a few do no harm, and a smaller --lr keeps more of them alive (--restart begins anew)"
        }
    }
}
