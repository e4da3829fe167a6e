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
//! A value that says that it is shared is lent several times at once: see `shared`.
//!
//! Newest first, because the connection used last is the least likely to have been closed, and the
//! others may then grow old and go. Oldest waiter first, because any other order lets one starve; but who
//! waits for the same key may overtake those of others so often and no more, as `State::serves` says.

mod config;
mod lent;
mod queue;
mod serve;
mod shared;
mod state;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::proto::CloseReason;

pub use self::config::{PoolConfig, PoolStats};
pub(crate) use self::lent::{Claim, Lent, Place, Vacated};
use self::queue::Wants;
pub(crate) use self::queue::{Expectation, Grant, Waiting};
use self::serve::wake;
use self::state::{Bounds, Idle, State};

/// Values of type `T`, by key: those that are idle, and the count of all.
#[derive(Debug)]
pub(crate) struct Pool<K: Key, T: Value> {
    config: PoolConfig,
    /// Guards what is idle or shared, the counts and the queue. Inside it the ticket of a waiter is
    /// locked, and what a value may lock to say whether it can be shared.
    state: Mutex<State<K, T>>,
    created: AtomicU64,
    reused: AtomicU64,
    retried: AtomicU64,
}

/// What values are kept by.
pub(crate) trait Key: Clone + Eq + Debug + Send + Sync + 'static {}

impl<K: Clone + Eq + Debug + Send + Sync + 'static> Key for K {}

/// What is kept.
///
/// All methods but the last are called under the lock of the pool: they wait for nothing, and lock nothing
/// that is held over a system call.
pub(crate) trait Value: Debug + Send + Sized + 'static {
    /// What tells one that is shared from all others that were and will be. It is made of a number; where
    /// none is ever shared it is [`Infallible`](std::convert::Infallible), so that nothing that is done for
    /// shares is compiled.
    type ShareId: Copy + Debug + PartialEq + Send;

    /// The id that is made of this number, if it is of the kind that is lent several times at once. It is of
    /// one kind for as long as it lives.
    fn share_id(&self, number: u64) -> Option<Self::ShareId>;

    /// Another handle on the same, if it is of that kind, is alive, and has room for one more than the
    /// `lent` that are out.
    fn share(&self, _lent: usize) -> Option<Self> {
        None
    }

    /// Is it of that kind?
    fn is_shared(&self) -> bool {
        self.share_id(0).is_some()
    }

    /// Whenever there is room for more than before, this is to be called, outside of all locks.
    fn watch_room(&self, _tell: Tell) {}
}

/// Told of something.
pub(crate) type Tell = Box<dyn Fn() + Send + Sync>;

/// Is one connection of this key expected to be enough for many?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sharing {
    /// Who finds no idle one makes one.
    Unexpected,
    /// Who finds none that has room waits for one that is being made.
    #[cfg_attr(not(feature = "http2"), allow(dead_code))] // HTTP/1 expects none.
    Expected,
}

/// What became of asking for a value.
#[derive(Debug)]
pub(crate) enum Checkout<K: Key, T: Value> {
    /// The newest that may still be used, and since when it was idle.
    Idle(Lent<K, T>, Instant),
    /// A share of one that others use now.
    Shared(Lent<K, T>),
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

    /// Asks for a value of `key`: a share of one in use, or an idle one, or a place for a new one, or
    /// one in the queue.
    pub(crate) fn checkout(
        self: &Arc<Self>,
        key: &K,
        now: Instant,
        sharing: Sharing,
    ) -> Checkout<K, T> {
        let mut state = self.lock();
        if state.closed {
            return Checkout::Closed;
        }
        if let Some(aged) = state.shared.take_aged(key, now, &self.config) {
            return Checkout::Overdue(Lent::share(self, aged), CloseReason::MaxAge);
        }
        if let Some(share) = state.shared.share(key) {
            return Checkout::Shared(Lent::share(self, share));
        }
        if let Some(entry) = state.take_newest(key) {
            return self.lend_idle(state, entry, now);
        }
        match sharing {
            Sharing::Expected if state.is_making(key) => {
                Checkout::Full(Waiting::new(self, state.queue.join(key, Wants::Share)))
            }
            Sharing::Expected => self.reserve_in(state, key, Wants::Share),
            Sharing::Unexpected => self.reserve_in(state, key, Wants::Any),
        }
    }

    fn lend_idle(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State<K, T>>,
        entry: Idle<K, T>,
        now: Instant,
    ) -> Checkout<K, T> {
        let since = entry.since;
        if let Some(reason) = entry.unusable(now, &self.config) {
            return Checkout::Overdue(self.lend_whole(entry), reason);
        }
        match self.lend_in(&mut state, entry) {
            Ok(lent) => Checkout::Idle(lent, since),
            Err(spent) => Checkout::Overdue(spent, CloseReason::ClosedWhileIdle),
        }
    }

    /// Asks for a share of a value of `key` that is in use, and for nothing else.
    #[cfg_attr(not(feature = "http2"), allow(dead_code))] // HTTP/1 shares nothing.
    pub(crate) fn try_share(self: &Arc<Self>, key: &K, now: Instant) -> Option<Lent<K, T>> {
        let share = self.lock().shared.share_young(key, now, &self.config)?;
        Some(Lent::share(self, share))
    }

    /// A value of `key` may have room for more shares than before, of itself.
    pub(crate) fn room_changed(self: &Arc<Self>, key: &K) {
        let served = self.serve(&mut self.lock(), key);
        wake(served);
    }

    /// Asks for a place for a new value of `key`, whatever is idle or has room.
    pub(crate) fn reserve(self: &Arc<Self>, key: &K) -> Checkout<K, T> {
        let state = self.lock();
        match state.closed {
            true => Checkout::Closed,
            false => self.reserve_in(state, key, Wants::Place),
        }
    }

    fn reserve_in(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State<K, T>>,
        key: &K,
        wants: Wants,
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
            Some(oldest) => Checkout::Overdue(self.lend_whole(oldest), CloseReason::Evicted),
            None => Checkout::Full(Waiting::new(self, state.queue.join(key, wants))),
        }
    }

    /// A place in the queue of `key` for one for whom a value is being made.
    pub(crate) fn expect(self: &Arc<Self>, key: &K) -> Waiting<K, T> {
        Waiting::new(self, self.lock().queue.join(key, Wants::Value))
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

    /// Takes everything out that is idle, to be closed. What is in use stays.
    pub(crate) fn drain(self: &Arc<Self>) -> Vec<Lent<K, T>> {
        let idle = std::mem::take(&mut self.lock().idle);
        idle.into_iter().map(|entry| self.lend_whole(entry)).collect()
    }

    /// Refuses everything from now on: who waits is sent away, and what comes back must be closed.
    /// Returns what is shared, to be closed: those who use it now go on to their end.
    pub(crate) fn close(self: &Arc<Self>) -> Vec<Lent<K, T>> {
        let mut state = self.lock();
        state.closed = true;
        let shared = state.shared.take_all(CloseReason::Shutdown);
        let waiters = state.queue.dissolve();
        drop(state);
        waiters.iter().for_each(|waiter| waiter.ticket.send_away());
        shared.into_iter().map(|handle| Lent::share(self, handle)).collect()
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

    fn lock(&self) -> MutexGuard<'_, State<K, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
