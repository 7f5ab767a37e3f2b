//! The DevTools protocol: questions with their answers, and events, as JSON.

use anyhow::{Context, bail};
use serde_json::{Value, json};

use crate::websocket::WebSocket;

/// A connection to a browser.
#[derive(Debug)]
pub(crate) struct DevTools {
    socket: WebSocket,
    last: u64,
    /// What came while answers were waited for.
    events: Vec<Value>,
}

impl DevTools {
    /// To the browser that listens there.
    pub(crate) fn connect(port: u16, path: &str) -> anyhow::Result<DevTools> {
        Ok(DevTools { socket: WebSocket::connect(port, path)?, last: 0, events: Vec::new() })
    }

    /// Asks, and waits for the answer.
    pub(crate) fn call(&mut self, session: Option<&str>, method: &str, parameters: Value) -> anyhow::Result<Value> {
        self.last += 1;
        let mut question = json!({ "id": self.last, "method": method, "params": parameters });
        if let Some(session) = session {
            question["sessionId"] = session.into();
        }
        self.socket.send(&question.to_string()).with_context(|| method.to_owned())?;
        loop {
            let mut message = self.receive()?;
            if message["id"] == self.last {
                if let Some(error) = message.get("error") {
                    bail!("the browser refuses {method}: {error}");
                }
                return Ok(message["result"].take());
            }
            self.events.push(message);
        }
    }

    pub(crate) fn events_until(&mut self, method: &str) -> anyhow::Result<Vec<Value>> {
        while !self.events.iter().any(|event| event["method"] == method) {
            let event = self.receive().with_context(|| format!("no {method} comes"))?;
            self.events.push(event);
        }
        Ok(self.events())
    }

    pub(crate) fn events(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.events)
    }

    fn receive(&mut self) -> anyhow::Result<Value> {
        serde_json::from_str(&self.socket.receive()?).context("the browser speaks JSON")
    }
}
