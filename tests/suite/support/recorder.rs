//! An observer that writes down what it is told, in a word or two each.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use pannier::{CloseReason, Event, Observer};

#[derive(Debug, Default)]
pub struct Recorder {
    told: Mutex<Vec<String>>,
    closed: Mutex<Vec<(u64, CloseReason)>>,
}

impl Recorder {
    pub fn new() -> Arc<Recorder> {
        Arc::default()
    }

    /// What was told since this was asked last.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap())
    }

    /// The connections that were closed since this was asked last, and why.
    pub fn closed(&self) -> Vec<(u64, CloseReason)> {
        std::mem::take(&mut self.closed.lock().unwrap())
    }
}

impl Observer for Recorder {
    fn event(&self, _: Instant, event: &Event<'_>) {
        let text = match event {
            Event::Resolving { host } => format!("resolving {}", host),
            Event::Resolved { .. } => "resolved".into(),
            Event::Connecting { .. } => "connecting".into(),
            Event::Refused { .. } => "refused".into(),
            Event::Tunnelling { host, port } => format!("tunnelling {}:{}", host, port),
            Event::TunnelRequest { bytes, .. } => {
                format!("tunnel request {}", String::from_utf8_lossy(bytes))
            }
            Event::TunnelResponse { status, .. } => format!("tunnel response {}", status.as_u16()),
            Event::Handshaking => "handshaking".into(),
            Event::Connected { connection, .. } => format!("connected {}", connection),
            Event::Reused { connection, exchanges, .. } => {
                format!("reused {} after {}", connection, exchanges)
            }
            Event::RequestHead { connection, bytes, .. } => {
                let head = String::from_utf8_lossy(bytes);
                format!("request head {} {}", connection, head.lines().next().unwrap_or(""))
            }
            Event::RequestBody { bytes } => format!("request body {}", bytes.len()),
            Event::RequestEnd => "request end".into(),
            Event::Informational { status, .. } => format!("informational {}", status.as_u16()),
            Event::ResponseHead { status, .. } => format!("response head {}", status.as_u16()),
            Event::FaultyHead { bytes } => {
                format!("faulty head {:?}", String::from_utf8_lossy(bytes))
            }
            Event::ResponseEnd => "response end".into(),
            Event::Redirecting { status, from, to } => {
                format!("redirecting {} {} {}", status.as_u16(), from, to)
            }
            Event::Authenticating { status, url } => {
                format!("authenticating {} {}", status.as_u16(), url)
            }
            Event::Retrying { error } => format!("retrying after {:?}", error.kind()),
            Event::Kept { connection } => format!("kept {}", connection),
            Event::Closed { connection, reason } => {
                self.closed.lock().unwrap().push((*connection, *reason));
                format!("closed {} {:?}", connection, reason)
            }
            other => format!("{:?}", other),
        };
        self.told.lock().unwrap().push(text);
    }
}
