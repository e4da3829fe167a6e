//! The caller's end of a batch.

use std::collections::VecDeque;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::net::Registration;

use super::outbox::Found;
use super::Shared;

/// What a batch yields, as it comes: the index of each request, and what became of it.
///
/// Dropping it ends the batch: exchanges under way are cancelled, and their threads joined. Who does
/// not take the results holds up the batch, since only few of them are kept.
pub struct Results<R> {
    shared: Arc<Shared<R>>,
    ready: VecDeque<(usize, R)>,
    /// When results were fetched last.
    fetched: Option<Instant>,
    /// Ends the feeding when the batch is cancelled.
    _cancel: Option<Registration>,
}

impl<R> Results<R> {
    pub(super) fn new(shared: Arc<Shared<R>>, cancel: Option<Registration>) -> Results<R> {
        Results { shared, ready: VecDeque::new(), fetched: None, _cancel: cancel }
    }
}

impl<R> Results<R> {
    /// When results come faster than a thread can be woken for each, which would cost more than all
    /// else that a batch adds to a request, some are let come together first.
    fn gather(&mut self) {
        if self.fetched.map_or(false, |fetched| fetched.elapsed() < BRISK) {
            thread::sleep(NAP);
        }
        self.fetched = Some(Instant::now());
    }
}

impl<R> Iterator for Results<R> {
    type Item = (usize, R);

    fn next(&mut self) -> Option<(usize, R)> {
        loop {
            if let Some(result) = self.ready.pop_front() {
                return Some(result);
            }
            self.gather();
            match self.shared.take(&mut self.ready) {
                Found::Results(results) => self.ready = results,
                // What is under way ends when this is dropped, which unwinding does.
                Found::Panic(panic) => resume_unwind(panic),
                Found::End => return None,
            }
        }
    }
}

impl<R> Drop for Results<R> {
    fn drop(&mut self) {
        self.shared.window.stop();
        self.shared.outbox.close();
        self.shared.cancel.cancel();
        self.shared.join_workers();
    }
}

impl<R> fmt::Debug for Results<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Results").field("ready", &self.ready.len()).finish_non_exhaustive()
    }
}

/// Between two fetches: less than this is fast.
const BRISK: Duration = Duration::from_micros(100);

/// How long is waited then, so that ten results or so come together where one would.
const NAP: Duration = Duration::from_micros(200);
