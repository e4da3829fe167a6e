//! Values that are lent several times at once, as a connection of HTTP/2 is: one handle on each stays
//! here, and what is lent are further handles, its shares.
//!
//! An entry takes one place under the bounds, however many shares of it are out, for as long as the
//! pool's own handle lives or any share is out. How many there may be is for the value to say.
//!
//! ```text
//!   Place ─── fill ────┐      ┌────────┐ checkout, try_share, who waits: one more is out
//!                      ▼      ▼        │
//!   Idle ── checkout ──► Open(value) ──┤
//!    ▲                     │  │  ▲     │ give_back, drop: one less is out
//!    │ the last one is     │  │  └─────┘
//!    │ back, nobody waits  │  │
//!    └─────────────────────┘  │ close, vacate, retire; too old, shutdown (first `Leaving`)
//!                             ▼
//!                       Retired(reason) ── the last one is gone ──► a place is free
//! ```
//!
//! What is too old, or there at the shutdown, the pool gives up of itself: its handle is lent to whoever
//! is to close it. Until then the entry is `Leaving`: nothing is lent of it, and nobody has said yet
//! that it is closed.
//!
//! Those who find room go before those who wait for the place of another key: a value in use makes
//! room for them only when its last share is back. To hold back all its shares for one who waits would
//! have everyone wait for the longest exchange.

use std::time::Instant;

use crate::proto::CloseReason;

use super::state::is_too_old;
use super::{Key, PoolConfig, Value};

/// Those of which shares are out, oldest first. Searched from end to end: each is a connection, and
/// they are as few as idle ones.
#[derive(Debug)]
pub(super) struct Shared<K: Key, T: Value> {
    entries: Vec<Entry<K, T>>,
    last: u64,
}

/// A handle on a value, and which entry that is.
pub(super) type Share<T> = (T, <T as Value>::ShareId);

/// One value that is lent several times.
#[derive(Debug)]
pub(super) struct Entry<K, T: Value> {
    id: T::ShareId,
    pub(super) key: K,
    pub(super) standing: Standing<T>,
    /// How many shares are out.
    out: usize,
    pub(super) born: Instant,
}

/// What an entry is good for.
#[derive(Debug)]
pub(super) enum Standing<T> {
    /// It is lent, as long as it has room.
    Open(T),
    /// The pool's handle is with someone who will close it for this reason.
    Leaving(CloseReason),
    /// It was closed for this reason. Those who have shares may end what they do.
    Retired(CloseReason),
}

impl<K: Key, T: Value> Shared<K, T> {
    pub(super) fn new() -> Shared<K, T> {
        Shared { entries: Vec::new(), last: 0 }
    }

    /// A number that no entry had before.
    pub(super) fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// Takes a value in of which one share is out.
    pub(super) fn admit(&mut self, id: T::ShareId, key: K, value: T, born: Instant) {
        self.entries.push(Entry { id, key, standing: Standing::Open(value), out: 1, born });
    }

    /// A share of the newest of `key` that has room.
    pub(super) fn share(&mut self, key: &K) -> Option<Share<T>> {
        self.of(key).find_map(Entry::share)
    }

    /// The same, but of none that is too old.
    #[cfg_attr(not(feature = "http2"), allow(dead_code))] // HTTP/1 shares nothing.
    pub(super) fn share_young(
        &mut self,
        key: &K,
        now: Instant,
        config: &PoolConfig,
    ) -> Option<Share<T>> {
        self.of(key).filter(|entry| !is_too_old(entry.born, now, config)).find_map(Entry::share)
    }

    /// One more share of this entry, as long as it is lent at all.
    pub(super) fn share_same(&mut self, id: T::ShareId) -> Option<Share<T>> {
        let at = self.position(id);
        let entry = &mut self.entries[at];
        entry.share_beside(0)
    }

    /// The pool's handle on one of `key` that is too old to be lent again, to be closed.
    pub(super) fn take_aged(
        &mut self,
        key: &K,
        now: Instant,
        config: &PoolConfig,
    ) -> Option<Share<T>> {
        let mut aged = self.of(key).filter(|entry| is_too_old(entry.born, now, config));
        aged.find_map(|entry| entry.leave(CloseReason::MaxAge))
    }

    /// The pool's handles on all, to be closed.
    pub(super) fn take_all(&mut self, reason: CloseReason) -> Vec<Share<T>> {
        self.entries.iter_mut().filter_map(|entry| entry.leave(reason)).collect()
    }

    /// Why no more of it is lent, if so.
    pub(super) fn reason(&self, id: T::ShareId) -> Option<CloseReason> {
        match self.entries[self.position(id)].standing {
            Standing::Open(_) => None,
            Standing::Leaving(reason) | Standing::Retired(reason) => Some(reason),
        }
    }

    /// No more of it is lent. Returns whether nobody has said so before, and the pool's handle, if it
    /// was still here.
    pub(super) fn retire(&mut self, id: T::ShareId, reason: CloseReason) -> (bool, Option<T>) {
        let at = self.position(id);
        let standing = &mut self.entries[at].standing;
        if let Standing::Retired(_) = standing {
            return (false, None);
        }
        match std::mem::replace(standing, Standing::Retired(reason)) {
            Standing::Open(handle) => (true, Some(handle)),
            Standing::Leaving(_) | Standing::Retired(_) => (true, None),
        }
    }

    /// A share is not out any more. Returns its entry, which is taken out, if it was the last.
    pub(super) fn take_back(&mut self, id: T::ShareId) -> Result<Entry<K, T>, K> {
        let at = self.position(id);
        let entry = &mut self.entries[at];
        entry.out -= 1;
        match entry.out {
            0 => Ok(self.entries.remove(at)),
            _ => Err(entry.key.clone()),
        }
    }

    /// Those of `key`, newest first.
    fn of<'a>(&'a mut self, key: &'a K) -> impl Iterator<Item = &'a mut Entry<K, T>> {
        self.entries.iter_mut().rev().filter(move |entry| entry.key == *key)
    }

    fn position(&self, id: T::ShareId) -> usize {
        let at = self.entries.iter().rposition(|entry| entry.id == id);
        at.expect("an entry stays as long as any share of it is out")
    }
}

impl<K, T: Value> Entry<K, T> {
    /// Lends one more share, if there is room.
    fn share(&mut self) -> Option<Share<T>> {
        self.share_beside(self.out)
    }

    /// The same as if so many were out.
    fn share_beside(&mut self, out: usize) -> Option<Share<T>> {
        let share = match &self.standing {
            Standing::Open(value) => value.share(out)?,
            Standing::Leaving(_) | Standing::Retired(_) => return None,
        };
        self.out += 1;
        Some((share, self.id))
    }

    /// Lends the pool's handle itself, if it is here, to be closed.
    fn leave(&mut self, reason: CloseReason) -> Option<Share<T>> {
        if let Standing::Leaving(_) | Standing::Retired(_) = self.standing {
            return None;
        }
        match std::mem::replace(&mut self.standing, Standing::Leaving(reason)) {
            Standing::Open(handle) => {
                self.out += 1;
                Some((handle, self.id))
            }
            Standing::Leaving(_) | Standing::Retired(_) => None,
        }
    }
}
