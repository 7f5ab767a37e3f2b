//! TensorBoard itself, and its page in the browser.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;

use super::installed::Installed;
use crate::browser::Browser;
use crate::view::{complaint, photographed, request};

/// What takes longer does not come.
const PATIENCE: Duration = Duration::from_secs(60);

/// A TensorBoard that runs; it ends with this value.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    address: String,
}

/// What the browser shows.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) shot: Vec<u8>,
    pub(crate) troubles: Vec<String>,
}

impl Server {
    /// Starts it on this machine, for this machine alone, on a port that is free.
    pub(crate) fn start(installed: &Installed, runs: &Path) -> anyhow::Result<Server> {
        let mut command = installed.python();
        command.args(["-m", "tensorboard.main", "--host", "127.0.0.1", "--port", "0", "--load_fast=false", "--logdir"]);
        command.arg(runs).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().context("cannot start TensorBoard")?;
        let stderr = BufReader::new(process.stderr.take().context("what TensorBoard says")?);
        let mut server = Server { process, address: String::new() };
        // It says "TensorBoard 2.21.0 at http://127.0.0.1:44529/ (…)"; what comes later is read and forgotten.
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if let Some(address) = line.split(' ').find(|word| word.starts_with("http://127.0.0.1:")) {
                    let _ = tell.send(address.to_owned());
                }
            }
        });
        server.address = told.recv_timeout(PATIENCE).context("TensorBoard does not begin to listen")?;
        Ok(server)
    }

    /// Opens its page. All of these tags have to be seen there, and no request may leave for elsewhere.
    pub(crate) fn look_at(&self, browser: &mut Browser, tags: &[String]) -> anyhow::Result<Shown> {
        let session = browser.new_page()?;
        for domain in ["Page", "Network"] {
            browser.call(&session, &format!("{domain}.enable"), json!({}))?;
        }
        // So high that no card waits for somebody to scroll.
        let size = json!({ "width": 1280, "height": 3600, "deviceScaleFactor": 1, "mobile": false });
        browser.call(&session, "Emulation.setDeviceMetricsOverride", size)?;
        browser.events();
        browser.call(&session, "Page.navigate", json!({ "url": format!("{}#timeseries", self.address) }))?;
        let start = Instant::now();
        let missing = loop {
            let cards = cards(browser, &session)?;
            let missing: Vec<_> = tags.iter().filter(|tag| !cards.contains(tag)).collect();
            if missing.is_empty() || start.elapsed() > PATIENCE {
                break missing;
            }
            thread::sleep(Duration::from_millis(200));
        };
        let shot = photographed(browser, &session)?;
        let events = browser.events();
        let mut troubles: Vec<_> = missing.iter().map(|tag| format!("TensorBoard does not show {tag}")).collect();
        troubles.extend(events.iter().filter_map(complaint));
        let asked = events.iter().filter_map(request);
        let leaves = asked.filter(|asked| !["data:", "blob:", &*self.address].iter().any(|own| asked.starts_with(own)));
        troubles.extend(leaves.map(|asked| format!("a request leaves: {asked}")));
        browser.call(&session, "Page.close", json!({}))?;
        Ok(Shown { shot, troubles })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Unfolds what is folded; gives the tags of the cards that are ready.
const CARDS: &str = "(() => {
  document.querySelectorAll('.group-toolbar [svgicon^=expand_more]').forEach(folded => folded.click());
  const ready = [...document.querySelectorAll('card-view')].filter(card => !card.querySelector('mat-spinner'));
  return ready.flatMap(card => [...card.querySelectorAll('[title]')].map(words => words.title));
})()";

fn cards(browser: &mut Browser, session: &str) -> anyhow::Result<Vec<String>> {
    let answer = browser.call(session, "Runtime.evaluate", json!({ "expression": CARDS, "returnByValue": true }))?;
    let tags = answer["result"]["value"].as_array();
    let tags = tags.with_context(|| format!("the page of TensorBoard cannot be read: {answer}"))?;
    Ok(tags.iter().filter_map(|tag| tag.as_str()).map(str::to_owned).collect())
}
