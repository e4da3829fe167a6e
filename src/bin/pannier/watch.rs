//! The observer of a transfer: keeps its record and, with `-v`, tells what happens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use pannier::{Event, Observer};

use crate::record::Record;
use crate::verbose::Narrator;
use crate::warn;

/// Watches one transfer.
pub struct Watcher(Mutex<State>);

/// Guards the record and the narrator; nothing else is locked inside but standard error.
struct State {
    record: Record,
    narrator: Option<Narrator>,
}

impl Watcher {
    /// A watcher that keeps `record`, and tells if there is a narrator.
    pub fn new(record: Record, narrator: Option<Narrator>) -> Arc<Watcher> {
        Arc::new(Watcher(Mutex::new(State { record, narrator })))
    }

    /// The record so far.
    pub fn record(&self) -> Record {
        self.lock().record.clone()
    }

    /// The heads that have come since this was last asked.
    pub fn take_heads(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.lock().record.unshown)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Watcher {
    fn event(&self, at: Instant, event: &Event<'_>) {
        let mut state = self.lock();
        state.record.note(at, event);
        if let Some(narrator) = &mut state.narrator {
            warn::write(&narrator.tell(event));
        }
    }
}
