//! The connections of a client: idle ones kept newest first, and the bounds on all there are.
//!
//! Generic over what is kept and by what key, so that it is tested with integers. The pool never
//! touches a connection: what must be closed is handed out, and keeps its place under the bounds until
//! it is closed, so that no peer ever sees one connection too many. Nothing is waited for, and no
//! system call made, under its lock.
//!
//! ```text
//!                 ┌────────────── Idle ◄──────────────┐
//!        checkout │                                   │ give_back, nobody waits
//!                 ▼      give_back, handed over       │
//!   Vacant ───► Lent ─────────────────────────────────┴──► Lent, to the oldest that waits
//!   (a place)     │ close
//!                 ▼
//!              a place is free, for the oldest that waits
//! ```
//!
//! Newest first, because the connection used last is the least likely to have been closed, and the
//! others may then grow old and go. Oldest waiter first, because any other order lets one starve.

mod config;
mod lent;
mod queue;
mod state;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::proto::CloseReason;

pub use self::config::{PoolConfig, PoolStats};
pub(crate) use self::lent::{Lent, Place};
use self::queue::Ticket;
pub(crate) use self::queue::{Expectation, Grant, Waiting};
use self::state::{Bounds, Fate, Idle, State};

/// Values of type `T`, by key: those that are idle, and the count of all.
#[derive(Debug)]
pub(crate) struct Pool<K: Key, T: Value> {
    config: PoolConfig,
    /// Guards what is idle, the counts and the queue. Inside it only the ticket of a waiter is locked.
    state: Mutex<State<K, T>>,
    created: AtomicU64,
    reused: AtomicU64,
    retried: AtomicU64,
}

/// What values are kept by.
pub(crate) trait Key: Clone + Eq + Debug + Send + 'static {}

impl<K: Clone + Eq + Debug + Send + 'static> Key for K {}

/// What is kept.
pub(crate) trait Value: Debug + Send + 'static {}

impl<T: Debug + Send + 'static> Value for T {}

/// What became of asking for a value.
#[derive(Debug)]
pub(crate) enum Checkout<K: Key, T: Value> {
    /// The newest that may still be used, and since when it was idle.
    Idle(Lent<K, T>, Instant),
    /// There is none, but a place for a new one.
    Vacant(Place<K, T>),
    /// This one must be closed first; then ask again.
    Overdue(Lent<K, T>, CloseReason),
    /// All that the bounds allow are in use.
    Full(Waiting<K, T>),
    /// The pool is closed.
    Closed,
}

/// Values that must be closed, and why.
pub(crate) type Discarded<K, T> = Vec<(Lent<K, T>, CloseReason)>;

impl<K: Key, T: Value> Pool<K, T> {
    /// An empty pool.
    pub(crate) fn new(config: PoolConfig) -> Arc<Pool<K, T>> {
        Arc::new(Pool {
            config,
            state: Mutex::new(State::new()),
            created: AtomicU64::new(0),
            reused: AtomicU64::new(0),
            retried: AtomicU64::new(0),
        })
    }

    /// Asks for a value of `key`: an idle one, or a place for a new one, or one in the queue.
    pub(crate) fn checkout(self: &Arc<Self>, key: &K, now: Instant) -> Checkout<K, T> {
        let mut state = self.lock();
        if state.closed {
            return Checkout::Closed;
        }
        if let Some(entry) = state.take_newest(key) {
            let (unusable, since) = (entry.unusable(now, &self.config), entry.since);
            return match unusable {
                Some(reason) => Checkout::Overdue(self.lend(entry), reason),
                None => Checkout::Idle(self.lend(entry), since),
            };
        }
        self.reserve_in(state, key)
    }

    /// Asks for a place for a new value of `key`, whatever is idle.
    pub(crate) fn reserve(self: &Arc<Self>, key: &K) -> Checkout<K, T> {
        let state = self.lock();
        match state.closed {
            true => Checkout::Closed,
            false => self.reserve_in(state, key),
        }
    }

    fn reserve_in(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State<K, T>>,
        key: &K,
    ) -> Checkout<K, T> {
        let in_the_way = match state.bounds(key, &self.config) {
            Bounds::Free => {
                state.open(key);
                return Checkout::Vacant(Place::new(self, key.clone()));
            }
            Bounds::FullOfKey => state.take_oldest(|entry| entry.key == *key),
            Bounds::FullInTotal => state.take_oldest(|_| true),
        };
        match in_the_way {
            Some(oldest) => Checkout::Overdue(self.lend(oldest), CloseReason::Evicted),
            None => Checkout::Full(Waiting::new(self, state.queue.join(key, false))),
        }
    }

    /// A place in the queue of `key` for one for whom a value is being made.
    pub(crate) fn expect(self: &Arc<Self>, key: &K) -> Waiting<K, T> {
        Waiting::new(self, self.lock().queue.join(key, true))
    }

    /// Raises the bounds on idle values, unless they are 0, to `count` more: so many workers give
    /// theirs back and take one again all the time.
    pub(crate) fn begin_bustle(&self, count: usize) {
        let mut state = self.lock();
        state.bustle = state.bustle.saturating_add(count);
    }

    /// Lowers the bounds again. What is too much goes with the next value that comes back.
    pub(crate) fn end_bustle(&self, count: usize) {
        let mut state = self.lock();
        state.bustle = state.bustle.saturating_sub(count);
    }

    /// Takes everything out that is idle, to be closed.
    pub(crate) fn drain(self: &Arc<Self>) -> Vec<Lent<K, T>> {
        let idle = std::mem::take(&mut self.lock().idle);
        idle.into_iter().map(|entry| self.lend(entry)).collect()
    }

    /// Refuses everything from now on: who waits is sent away, and what comes back must be closed.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let waiters = state.queue.dissolve();
        drop(state);
        waiters.iter().for_each(Ticket::send_away);
    }

    /// Counts a value that was made because there was none to take.
    pub(crate) fn count_created(&self) {
        self.created.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a value that was taken and found to be good.
    pub(crate) fn count_reused(&self) {
        self.reused.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request that was sent again.
    pub(crate) fn count_retried(&self) {
        self.retried.fetch_add(1, Ordering::Relaxed);
    }

    /// What the pool holds and has done.
    pub(crate) fn stats(&self) -> PoolStats {
        let mut stats = self.lock().stats();
        stats.created = self.created.load(Ordering::Relaxed);
        stats.reused = self.reused.load(Ordering::Relaxed);
        stats.retried = self.retried.load(Ordering::Relaxed);
        stats
    }

    /// A value comes back. Returns what must be closed for that, perhaps the value itself.
    fn put(self: &Arc<Self>, entry: Idle<K, T>, now: Instant) -> Discarded<K, T> {
        let mut state = self.lock();
        match state.fate(&entry, now, &self.config) {
            Fate::Close(reason) => vec![(self.lend(entry), reason)],
            Fate::HandOver(ticket) => {
                ticket.fill(Grant::Value(self.lend(entry)));
                drop(state);
                ticket.wake();
                Vec::new()
            }
            Fate::Keep => {
                let leaving = state.keep(entry, now, &self.config);
                drop(state);
                let lend = |(entry, reason)| (self.lend(entry), reason);
                leaving.into_iter().map(lend).collect()
            }
        }
    }

    /// A place is free. It goes to the first in the queue for whom it is of use.
    fn release(self: &Arc<Self>, key: &K, closed: Option<CloseReason>) {
        let mut state = self.lock();
        state.close(key, closed);
        if let Some((key, ticket)) = state.next_for_place(&self.config) {
            ticket.fill(Grant::Place(Place::new(self, key)));
            drop(state);
            ticket.wake();
        }
    }

    fn lend(self: &Arc<Self>, entry: Idle<K, T>) -> Lent<K, T> {
        Place::new(self, entry.key).fill(entry.value)
    }

    fn lock(&self) -> MutexGuard<'_, State<K, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
