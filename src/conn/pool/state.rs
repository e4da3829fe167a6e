//! The books of a pool: what is idle, how many places are taken, who waits. No locks, no closing.

use std::time::Instant;

use crate::proto::CloseReason;

use super::queue::{Queue, Ticket, Waiter};
use super::{Key, PoolConfig, PoolStats, Value};

#[derive(Debug)]
pub(super) struct State<K: Key, T: Value> {
    /// Oldest first. Searched from end to end: the bound makes it short, and what is wanted is
    /// mostly among the last.
    pub(super) idle: Vec<Idle<K, T>>,
    /// Who waits. While anyone waits for a place under the bound on all, nothing is idle.
    pub(super) queue: Queue<K, T>,
    pub(super) closed: bool,
    /// How many connections are in use again and again just now, so that as many may be idle.
    pub(super) bustle: usize,
    /// Places taken: by values that are idle or lent, and by those about to be made.
    open: usize,
    /// The same by key.
    open_by_key: Vec<(K, usize)>,
    counted: PoolStats,
}

/// A value in the pool.
#[derive(Debug)]
pub(super) struct Idle<K, T> {
    pub(super) key: K,
    pub(super) value: T,
    pub(super) since: Instant,
    pub(super) born: Instant,
    /// `None` is never.
    pub(super) expires: Option<Instant>,
}

/// Is there room for one more value of a key?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bounds {
    Free,
    FullOfKey,
    FullInTotal,
}

/// What becomes of a value that comes back.
pub(super) enum Fate<K: Key, T: Value> {
    /// It becomes idle.
    Keep,
    /// It is for this waiter.
    HandOver(Ticket<K, T>),
    /// It must be closed.
    Close(CloseReason),
}

/// How a value serves who waits.
enum Served {
    /// It is handed over to the one at this place in the queue.
    ByValue(usize),
    /// It makes room.
    ByPlace,
}

impl<K: Key, T: Value> State<K, T> {
    pub(super) fn new() -> State<K, T> {
        State {
            idle: Vec::new(),
            queue: Queue::new(),
            closed: false,
            bustle: 0,
            open: 0,
            open_by_key: Vec::new(),
            counted: PoolStats::default(),
        }
    }

    pub(super) fn stats(&self) -> PoolStats {
        let mut stats = self.counted;
        stats.idle = self.idle.len();
        stats.active = self.open - self.idle.len();
        stats.waiting = self.queue.len();
        stats
    }

    pub(super) fn count_closed(&mut self, reason: CloseReason) {
        self.counted.count_closed(reason);
    }

    /// Takes out what of `key` was put in last.
    pub(super) fn take_newest(&mut self, key: &K) -> Option<Idle<K, T>> {
        let at = self.idle.iter().rposition(|entry| entry.key == *key)?;
        Some(self.idle.remove(at))
    }

    /// Takes out what was put in first of those that are meant.
    pub(super) fn take_oldest(
        &mut self,
        is_meant: impl Fn(&Idle<K, T>) -> bool,
    ) -> Option<Idle<K, T>> {
        let at = self.idle.iter().position(is_meant)?;
        Some(self.idle.remove(at))
    }

    pub(super) fn bounds(&self, key: &K, config: &PoolConfig) -> Bounds {
        match self.open_of(key) < config.max_per_origin {
            false => Bounds::FullOfKey,
            true if self.open < config.max_total => Bounds::Free,
            true => Bounds::FullInTotal,
        }
    }

    /// Places taken by this key.
    pub(super) fn open_of(&self, key: &K) -> usize {
        let of_key = self.open_by_key.iter().find(|(kept, _)| kept == key);
        of_key.map_or(0, |(_, count)| *count)
    }

    /// Takes a place.
    pub(super) fn open(&mut self, key: &K) {
        self.open += 1;
        match self.open_by_key.iter_mut().find(|(kept, _)| kept == key) {
            Some((_, count)) => *count += 1,
            None => self.open_by_key.push((key.clone(), 1)),
        }
    }

    /// Gives a place back; `reason` is why the value in it was closed, if there was one.
    pub(super) fn close(&mut self, key: &K, reason: Option<CloseReason>) {
        self.open -= 1;
        if let Some(reason) = reason {
            self.count_closed(reason);
        }
        if let Some(at) = self.open_by_key.iter().position(|(kept, _)| kept == key) {
            self.open_by_key[at].1 -= 1;
            if self.open_by_key[at].1 == 0 {
                self.open_by_key.swap_remove(at);
            }
        }
    }

    /// The first waiter who can use a place that has become free. The place is taken for it.
    pub(super) fn next_for_place(&mut self, config: &PoolConfig) -> Option<(K, Ticket<K, T>)> {
        let served = |waiter: &Waiter<K, T>| {
            !waiter.expecting && self.bounds(&waiter.key, config) == Bounds::Free
        };
        let at = self.queue.waiters().position(served)?;
        let Waiter { key, ticket, .. } = self.queue.remove(at);
        self.open(&key);
        Some((key, ticket))
    }

    /// What is to become of a value that comes back?
    pub(super) fn fate(
        &mut self,
        entry: &Idle<K, T>,
        now: Instant,
        config: &PoolConfig,
    ) -> Fate<K, T> {
        if self.closed {
            return Fate::Close(CloseReason::Shutdown);
        }
        if entry.is_too_old(now, config) {
            return Fate::Close(CloseReason::MaxAge);
        }
        match self.serves(&entry.key, config) {
            Some(Served::ByValue(at)) => return Fate::HandOver(self.queue.remove(at).ticket),
            Some(Served::ByPlace) => return Fate::Close(CloseReason::Evicted),
            None => {}
        }
        match entry.unusable(now, config) {
            Some(reason) => Fate::Close(reason),
            None if config.max_idle == 0 || config.max_idle_per_origin == 0 => {
                Fate::Close(CloseReason::Evicted)
            }
            None => Fate::Keep,
        }
    }

    /// How a value of `key` serves the first in the queue whom it can serve.
    fn serves(&self, key: &K, config: &PoolConfig) -> Option<Served> {
        for (at, waiter) in self.queue.waiters().enumerate() {
            if waiter.key == *key {
                return Some(Served::ByValue(at));
            }
            if !waiter.expecting && self.bounds(&waiter.key, config) == Bounds::FullInTotal {
                return Some(Served::ByPlace);
            }
        }
        None
    }

    /// Puts a value in. Returns what may not stay: what is too old, though nobody asks for it, and
    /// the oldest of its key, or of all, if the bounds on idle ones want it.
    pub(super) fn keep(
        &mut self,
        entry: Idle<K, T>,
        now: Instant,
        config: &PoolConfig,
    ) -> Vec<(Idle<K, T>, CloseReason)> {
        let mut leaving = Vec::new();
        if self.idle.iter().any(|idle| idle.unusable(now, config).is_some()) {
            for idle in std::mem::take(&mut self.idle) {
                match idle.unusable(now, config) {
                    Some(reason) => leaving.push((idle, reason)),
                    None => self.idle.push(idle),
                }
            }
        }
        while let Some(at) = self.in_the_way(&entry.key, config) {
            leaving.push((self.idle.remove(at), CloseReason::Evicted));
        }
        self.idle.push(entry);
        leaving
    }

    /// What must go so that one more of `key` keeps the bounds on idle ones.
    fn in_the_way(&self, key: &K, config: &PoolConfig) -> Option<usize> {
        let mut same = self.idle.iter().enumerate().filter(|(_, entry)| entry.key == *key);
        let oldest_here = same.next().map(|(at, _)| at);
        let here = same.count() + usize::from(oldest_here.is_some());
        match oldest_here {
            Some(at) if here >= config.max_idle_per_origin.max(self.bustle) => Some(at),
            _ if self.idle.len() >= config.max_idle.max(self.bustle) => Some(0),
            _ => None,
        }
    }
}

impl<K, T> Idle<K, T> {
    /// Why it may not be used any more, if so.
    pub(super) fn unusable(&self, now: Instant, config: &PoolConfig) -> Option<CloseReason> {
        match self.expires {
            Some(at) if at <= now => Some(CloseReason::IdleTimeout),
            _ if self.is_too_old(now, config) => Some(CloseReason::MaxAge),
            _ => None,
        }
    }

    fn is_too_old(&self, now: Instant, config: &PoolConfig) -> bool {
        config.max_age.map_or(false, |limit| now.saturating_duration_since(self.born) >= limit)
    }
}
