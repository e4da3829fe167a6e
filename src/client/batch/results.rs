//! The caller's end of a batch.

use std::collections::vec_deque;
use std::collections::VecDeque;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;

use super::outbox::Found;
use super::Shared;

/// What a batch yields, as it comes: the index of each request, and what became of it.
///
/// Dropping it ends the batch: exchanges under way are cancelled, and their threads joined. Who does
/// not take the results holds up the batch, since only few of them are kept.
pub struct Results<R> {
    shared: Arc<Shared<R>>,
    ready: vec_deque::IntoIter<(usize, R)>,
}

impl<R> Results<R> {
    pub(super) fn new(shared: Arc<Shared<R>>) -> Results<R> {
        Results { shared, ready: VecDeque::new().into_iter() }
    }
}

impl<R> Iterator for Results<R> {
    type Item = (usize, R);

    fn next(&mut self) -> Option<(usize, R)> {
        loop {
            if let Some(result) = self.ready.next() {
                return Some(result);
            }
            match self.shared.outbox.take() {
                Found::Results(results) => self.ready = results.into_iter(),
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
