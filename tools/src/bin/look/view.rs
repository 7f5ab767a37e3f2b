//! How a page looks on a desk, on a phone, and on paper.

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::page_url::page_url;

/// A way to look at a page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    /// What it is called.
    pub(crate) name: &'static str,
    /// The end of the name of its screenshot.
    pub(crate) file: &'static str,
    width: u32,
    height: u32,
    phone: bool,
    dark: bool,
    paper: bool,
}

const DESKTOP: View =
    View { name: "desktop", file: "desktop.png", width: 1280, height: 900, phone: false, dark: false, paper: false };
const PHONE: View = View { name: "phone", file: "phone.png", width: 360, height: 740, phone: true, ..DESKTOP };
/// What the margins leave of DIN A4, on a system that is dark: paper must not be.
const PAPER: View =
    View { name: "paper", file: "paper.pdf", width: 673, height: 1002, dark: true, paper: true, ..DESKTOP };

impl View {
    /// All of them.
    pub(crate) const ALL: [View; 5] = [
        DESKTOP,
        View { name: "desktop, dark", file: "desktop-dark.png", dark: true, ..DESKTOP },
        PHONE,
        View { name: "phone, dark", file: "phone-dark.png", dark: true, ..PHONE },
        PAPER,
    ];
}

/// What was seen.
#[derive(Debug)]
pub(crate) struct Seen {
    /// The screenshot, or the PDF.
    pub(crate) shot: Vec<u8>,
    /// Pictures that a reader, or somebody who is read to, meets.
    pub(crate) pictures: usize,
    /// Files that the browser asked for: the page itself.
    pub(crate) requests: usize,
    /// What is wrong.
    pub(crate) troubles: Vec<String>,
}

/// Opens a page and looks at it in this way.
pub(crate) fn look_at(browser: &mut Browser, page: &Path, view: View) -> anyhow::Result<Seen> {
    let url = page_url(page)?;
    let session = browser.new_page()?;
    for domain in ["Page", "Runtime", "Log", "Network", "Accessibility"] {
        browser.call(&session, &format!("{domain}.enable"), json!({}))?;
    }
    let View { width, height, phone, dark, paper, .. } = view;
    let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone });
    browser.call(&session, "Emulation.setDeviceMetricsOverride", size)?;
    let scheme = json!({ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } });
    let media = json!({ "media": if paper { "print" } else { "" }, "features": [scheme] });
    browser.call(&session, "Emulation.setEmulatedMedia", media)?;
    browser.events();
    let answer = browser.call(&session, "Page.navigate", json!({ "url": url }))?;
    if let Some(error) = answer["errorText"].as_str() {
        bail!("the browser cannot open {}: {error}", page.display());
    }
    let mut events = browser.events_until("Page.loadEventFired")?;
    let mut troubles = measured(browser, &session, view)?;
    let pictures = described(browser, &session, &mut troubles)?;
    let shot = if paper { printed(browser, &session)? } else { photographed(browser, &session)? };
    events.extend(browser.events());
    troubles.extend(events.iter().filter_map(complaint));
    let requests: Vec<_> = events.iter().filter_map(request).filter(|asked| !asked.starts_with("data:")).collect();
    troubles.extend(requests.iter().filter(|asked| **asked != url).map(|asked| format!("a request leaves: {asked}")));
    browser.call(&session, "Page.close", json!({}))?;
    Ok(Seen { shot, pictures, requests: requests.len(), troubles })
}

/// What can be measured in the page.
const MEASURE: &str = include_str!("measure.js");

fn measured(browser: &mut Browser, session: &str, view: View) -> anyhow::Result<Vec<String>> {
    let question = json!({ "expression": MEASURE, "returnByValue": true });
    let answer = browser.call(session, "Runtime.evaluate", question)?;
    let wrong = answer["result"]["value"].as_array();
    let wrong = wrong.with_context(|| format!("the page cannot be measured ({}): {answer}", view.name))?;
    Ok(wrong.iter().map(|words| words.as_str().unwrap_or("?").to_owned()).collect())
}

/// Counts the pictures as a screen reader meets them; those without a name are trouble.
fn described(browser: &mut Browser, session: &str, troubles: &mut Vec<String>) -> anyhow::Result<usize> {
    let tree = browser.call(session, "Accessibility.getFullAXTree", json!({}))?;
    let nodes = tree["nodes"].as_array().context("what a screen reader meets")?;
    let is_picture = |node: &&Value| {
        let role = node["role"]["value"].as_str().unwrap_or_default();
        node["ignored"] != true && ["image", "img", "graphics-document", "SvgRoot"].contains(&role)
    };
    let pictures: Vec<_> = nodes.iter().filter(is_picture).collect();
    let nameless = pictures.iter().filter(|node| node["name"]["value"].as_str().unwrap_or_default().is_empty()).count();
    if nameless > 0 {
        troubles.push(format!("a screen reader has no words for {nameless} of {} pictures", pictures.len()));
    }
    Ok(pictures.len())
}

/// The whole page, also what lies below the window.
pub(crate) fn photographed(browser: &mut Browser, session: &str) -> anyhow::Result<Vec<u8>> {
    let metrics = browser.call(session, "Page.getLayoutMetrics", json!({}))?;
    let size = &metrics["cssContentSize"];
    let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
    let question = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
    bytes(&browser.call(session, "Page.captureScreenshot", question)?)
}

fn printed(browser: &mut Browser, session: &str) -> anyhow::Result<Vec<u8>> {
    // DIN A4 in inches.
    let question = json!({ "preferCSSPageSize": true, "paperWidth": 8.27, "paperHeight": 11.69 });
    bytes(&browser.call(session, "Page.printToPDF", question)?)
}

/// The bytes that the browser sends as four letters for three of them (RFC 4648, section 4).
fn bytes(answer: &Value) -> anyhow::Result<Vec<u8>> {
    let text = answer["data"].as_str().context("the browser sends no picture")?;
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => break,
        };
        (bits, count) = (bits << 6 | u32::from(value), count + 6);
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Ok(bytes)
}

/// What the console of the browser would show of this event.
pub(crate) fn complaint(event: &Value) -> Option<String> {
    let parameters = &event["params"];
    let words = match event["method"].as_str()? {
        "Runtime.exceptionThrown" => &parameters["exceptionDetails"]["text"],
        "Runtime.consoleAPICalled" => &parameters["args"],
        "Log.entryAdded" => &parameters["entry"]["text"],
        "Network.loadingFailed" => &parameters["errorText"],
        _ => return None,
    };
    Some(format!("the console says: {}", words.as_str().map_or_else(|| words.to_string(), str::to_owned)))
}

/// The address that the browser asked for.
pub(crate) fn request(event: &Value) -> Option<String> {
    let asked = event["method"] == "Network.requestWillBeSent";
    asked.then(|| event["params"]["request"]["url"].as_str().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_become_bytes() {
        for (text, expected) in
            [("", &b""[..]), ("Zg==", b"f"), ("Zm8=", b"fo"), ("Zm9vYg==", b"foob"), ("/+8A", &[255, 239, 0])]
        {
            assert_eq!(bytes(&json!({ "data": text })).unwrap(), expected);
        }
    }

    #[test]
    fn events_are_understood() {
        let event = json!({ "method": "Log.entryAdded", "params": { "entry": { "text": "refused" } } });
        assert_eq!(complaint(&event).unwrap(), "the console says: refused");
        let event = json!({ "method": "Network.requestWillBeSent", "params": { "request": { "url": "file:///x" } } });
        assert_eq!((request(&event).unwrap().as_str(), complaint(&event)), ("file:///x", None));
    }
}
