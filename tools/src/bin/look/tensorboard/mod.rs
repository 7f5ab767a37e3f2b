//! The files of `train --tensorboard` in the hands of the real TensorBoard.
//!
//! | file | what is in it |
//! |---|---|
//! | `installed.rs` | TensorBoard in a Python environment of its own |
//! | `told.rs` | a training, and what it must have written |
//! | `read_events.py` | TensorBoard's own reader |
//! | `differences.rs` | what was written against what is read |
//! | `server.rs` | TensorBoard itself, and its page in the browser |

mod differences;
mod installed;
mod server;
mod told;

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use crate::browser::Browser;
use differences::{differences, tags};
pub(crate) use installed::{Installed, PACKAGE};
use server::Server;

/// What was seen.
#[derive(Debug)]
pub(crate) struct Seen {
    /// What was read, in words.
    pub(crate) read: String,
    /// The screenshot of TensorBoard.
    pub(crate) shot: Vec<u8>,
    /// What is wrong.
    pub(crate) troubles: Vec<String>,
}

/// Trains a little below `folder`; TensorBoard has to read what was written, and to show it.
pub(crate) fn look_at(installed: &Installed, browser: &mut Browser, folder: &Path) -> anyhow::Result<Seen> {
    let written = told::train(folder)?;
    let read: Value =
        serde_json::from_str(&installed.read(&folder.join(told::RUN))?).context("the reader prints JSON")?;
    let mut troubles = differences(&written, &read);
    let server = Server::start(installed, &folder.join(told::RUNS))?;
    let shown = server.look_at(browser, &tags(&written))?;
    troubles.extend(shown.troubles);
    Ok(Seen { read: in_words(&read), shot: shown.shot, troubles })
}

/// "245 scalars in 6 tags, …".
fn in_words(read: &Value) -> String {
    let kinds = read.as_object().into_iter().flatten();
    let words = kinds.map(|(kind, tags)| {
        let tags: Vec<_> = tags.as_object().into_iter().flat_map(|tags| tags.values()).collect();
        let count: usize = tags.iter().filter_map(|values| values.as_array()).map(Vec::len).sum();
        format!("{count} {kind} in {} {}", tags.len(), if tags.len() == 1 { "tag" } else { "tags" })
    });
    words.collect::<Vec<_>>().join(", ")
}
