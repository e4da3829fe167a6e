//! The results that wait for the caller.
//!
//! Bounded, so that a caller who is slow slows the workers down instead of filling memory. Whoever
//! does not wait is not woken, which would cost more than the rest of handing a result over.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::net::Deadline;

/// Results between the workers and the caller.
pub(super) struct Outbox<R> {
    capacity: usize,
    /// Guards all that changes. Nothing is locked inside it.
    state: Mutex<State<R>>,
    filled: Condvar,
    drained: Condvar,
}

struct State<R> {
    results: VecDeque<(usize, R)>,
    /// The first panic of a worker, or of the iterator.
    panic: Option<Panic>,
    /// Who may still put something in: the feeder and the workers.
    sources: usize,
    caller_waits: bool,
    workers_wait: usize,
    /// Nobody takes anything any more.
    closed: bool,
}

pub(super) type Panic = Box<dyn Any + Send>;

/// What the caller finds.
pub(super) enum Found<R> {
    Results(VecDeque<(usize, R)>),
    Panic(Panic),
    End,
}

impl<R> Outbox<R> {
    pub(super) fn new(concurrency: usize) -> Outbox<R> {
        let state = State {
            results: VecDeque::new(),
            panic: None,
            sources: 0,
            caller_waits: false,
            workers_wait: 0,
            closed: false,
        };
        Outbox {
            capacity: concurrency.saturating_mul(2).max(LEAST_CAPACITY),
            state: Mutex::new(state),
            filled: Condvar::new(),
            drained: Condvar::new(),
        }
    }

    /// One more may put something in.
    pub(super) fn add_source(&self) {
        self.lock().sources += 1;
    }

    /// One fewer may.
    pub(super) fn remove_source(&self) {
        let mut state = self.lock();
        state.sources -= 1;
        let last = state.sources == 0;
        drop(state);
        if last {
            self.filled.notify_one();
        }
    }

    /// Puts a result in, and waits for room if need be. False if nobody takes it any more.
    pub(super) fn put(&self, index: usize, result: R) -> bool {
        let mut state = self.lock();
        while state.results.len() >= self.capacity && !state.closed {
            state.workers_wait += 1;
            state = self.drained.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.workers_wait -= 1;
        }
        if state.closed {
            return false;
        }
        state.results.push_back((index, result));
        let wake = state.caller_waits;
        drop(state);
        if wake {
            self.filled.notify_one();
        }
        true
    }

    pub(super) fn put_panic(&self, panic: Panic) {
        self.lock().panic.get_or_insert(panic);
        self.filled.notify_one();
    }

    /// Everything that is there; `None` if nothing comes before the deadline. It changes places with
    /// `emptied`, so that nothing is allocated for it.
    pub(super) fn take(
        &self,
        emptied: &mut VecDeque<(usize, R)>,
        deadline: Deadline,
    ) -> Option<Found<R>> {
        let mut state = self.lock();
        loop {
            if let Some(panic) = state.panic.take() {
                return Some(Found::Panic(panic));
            }
            if !state.results.is_empty() {
                let results = std::mem::replace(&mut state.results, std::mem::take(emptied));
                let wake = state.workers_wait > 0;
                drop(state);
                if wake {
                    self.drained.notify_all();
                }
                return Some(Found::Results(results));
            }
            if state.sources == 0 {
                return Some(Found::End);
            }
            let left = deadline.left().ok()?.unwrap_or(FOR_EVER);
            state.caller_waits = true;
            let woken = self.filled.wait_timeout(state, left);
            state = woken.unwrap_or_else(PoisonError::into_inner).0;
            state.caller_waits = false;
        }
    }

    /// Nobody takes anything any more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let results = std::mem::take(&mut state.results);
        drop(state);
        self.drained.notify_all();
        // Responses may close connections.
        drop(results);
    }

    fn lock(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait without a deadline wakes now and then, and waits again.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// As many as come while the caller naps.
const LEAST_CAPACITY: usize = 32;
