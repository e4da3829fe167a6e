//! The observer of a transfer: keeps its record, tells what happens with `-v`, draws the progress,
//! follows its exchanges.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use pannier::{Event, Observer};

use crate::journal::{Exchange, Trace};
use crate::progress::Meter;
use crate::record::Record;
use crate::verbose::Narrator;
use crate::warn;

/// Watches one transfer.
pub struct Watcher(Mutex<State>);

/// Guards what one transfer fills and shows; nothing else is locked inside but standard error.
struct State {
    record: Record,
    narrator: Option<Narrator>,
    meter: Option<Meter>,
    trace: Option<Trace>,
}

impl Watcher {
    /// A watcher that keeps `record`, and tells if there is a narrator.
    pub fn new(record: Record, narrator: Option<Narrator>) -> Arc<Watcher> {
        Arc::new(Watcher(Mutex::new(State { record, narrator, meter: None, trace: None })))
    }

    /// The record so far.
    pub fn record(&self) -> Record {
        self.lock().record.clone()
    }

    /// The heads that have come since this was last asked.
    pub fn take_heads(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.lock().record.unshown)
    }

    /// Draws the progress from now on.
    pub fn measure(&self, meter: Meter) {
        self.lock().meter = Some(meter);
    }

    /// Follows the exchanges from now on.
    pub fn follow(&self, trace: Trace) {
        self.lock().trace = Some(trace);
    }

    /// The exchanges that were followed; the last one failed if there is a message.
    pub fn exchanges(&self, failure: Option<&str>) -> Vec<Exchange> {
        let Some(mut trace) = self.lock().trace.take() else { return Vec::new() };
        if let Some(message) = failure {
            trace.fail(message);
        }
        trace.end()
    }

    /// This content came.
    pub fn content(&self, bytes: &[u8]) {
        if let Some(trace) = &mut self.lock().trace {
            trace.content(bytes);
        }
    }

    /// So much of the content has come, of so much.
    pub fn received(&self, done: u64, total: Option<u64>) {
        let mut state = self.lock();
        let drawn = state.meter.as_mut().and_then(|m| m.received(Instant::now(), done, total));
        draw(drawn);
    }

    /// The transfer is over, and its progress with it.
    pub fn end(&self) {
        draw(self.lock().meter.take().and_then(|meter| meter.end()));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Watcher {
    fn event(&self, at: Instant, event: &Event<'_>) {
        let mut state = self.lock();
        state.record.note(at, event);
        if let Some(trace) = &mut state.trace {
            trace.note(at, event);
        }
        if let Some(narrator) = &mut state.narrator {
            warn::write(&narrator.tell(event));
        }
        if let Event::RequestBody { .. } = event {
            let done = state.record.uploaded;
            draw(state.meter.as_mut().and_then(|meter| meter.sent(at, done)));
        }
    }
}

fn draw(text: Option<String>) {
    if let Some(text) = text {
        warn::write(text.as_bytes());
    }
}
