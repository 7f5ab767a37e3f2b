//! A browser without a window.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::devtools::DevTools;

/// The names of Chromium and its relatives.
const NAMES: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
/// How often is asked whether the browser has started, and the time between. (The clock would also count while a machine is
/// suspended.)
const QUESTIONS: usize = 3000;
const PAUSE: Duration = Duration::from_millis(20);

/// The browser that is installed.
pub(crate) fn find() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let programs = std::env::split_paths(&folders).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    let mac = Path::new("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome").to_owned();
    programs.chain([mac]).find(|program| program.is_file())
}

/// A browser that runs; it ends with this value.
#[derive(Debug)]
pub(crate) struct Browser {
    process: Child,
    tools: DevTools,
}

impl Browser {
    /// Starts it, with all that it keeps below `folder`.
    pub(crate) fn start(program: &Path, folder: &Path) -> anyhow::Result<Browser> {
        let profile = folder.join("browser");
        fs::create_dir_all(&profile)?;
        let mut command = Command::new(program);
        command.args(["--headless=new", "--remote-debugging-port=0", "--no-first-run", "--no-default-browser-check"]);
        command.args(["--disable-gpu", "--disable-background-networking", "--disable-component-update"]);
        command.args(["--disable-sync", "--hide-scrollbars", "--force-color-profile=srgb"]);
        if is_root() {
            // Chromium refuses to put root into its sandbox.
            command.arg("--no-sandbox");
        }
        command.arg(format!("--user-data-dir={}", profile.display())).arg("about:blank");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        match address(&mut process, &profile.join("DevToolsActivePort"))
            .and_then(|(port, path)| DevTools::connect(port, &path))
        {
            Ok(tools) => Ok(Browser { process, tools }),
            Err(error) => {
                end(&mut process);
                Err(error.context(format!("{} does not work", program.display())))
            }
        }
    }

    /// Its name and version.
    pub(crate) fn version(&mut self) -> anyhow::Result<String> {
        let version = self.tools.call(None, "Browser.getVersion", json!({}))?;
        Ok(version["product"].as_str().unwrap_or("unknown").to_owned())
    }

    /// Opens an empty page; gives its session.
    pub(crate) fn new_page(&mut self) -> anyhow::Result<String> {
        let target = self.tools.call(None, "Target.createTarget", json!({ "url": "about:blank" }))?;
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.tools.call(None, "Target.attachToTarget", attach)?;
        attached["sessionId"].as_str().map(str::to_owned).context("the browser opens no page")
    }

    /// What the page of a session is asked.
    pub(crate) fn call(&mut self, session: &str, method: &str, parameters: Value) -> anyhow::Result<Value> {
        self.tools.call(Some(session), method, parameters)
    }

    /// Waits until an event of this name has come; gives all that came since the last time.
    pub(crate) fn events_until(&mut self, method: &str) -> anyhow::Result<Vec<Value>> {
        self.tools.events_until(method)
    }

    /// What came since the last time.
    pub(crate) fn events(&mut self) -> Vec<Value> {
        self.tools.events()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked to close, it ends its helpers as well.
        let asked = self.tools.call(None, "Browser.close", json!({}));
        let start = Instant::now();
        while asked.is_ok() && start.elapsed() < Duration::from_secs(5) {
            if matches!(self.process.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(PAUSE);
        }
        end(&mut self.process);
    }
}

fn end(process: &mut Child) {
    let _ = process.kill();
    let _ = process.wait();
}

/// Port and path that the browser writes into this file when it is ready.
fn address(process: &mut Child, file: &Path) -> anyhow::Result<(u16, String)> {
    for _ in 0..QUESTIONS {
        if let Some(status) = process.try_wait()? {
            bail!("it ended at once with {status}");
        }
        let text = fs::read_to_string(file).unwrap_or_default();
        if let Some((port, path)) = text.split_once('\n').filter(|(_, path)| !path.is_empty()) {
            return Ok((port.parse().context("a port")?, path.trim().to_owned()));
        }
        std::thread::sleep(PAUSE);
    }
    bail!("it does not begin to listen")
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}
