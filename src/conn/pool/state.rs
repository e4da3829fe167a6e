//! The books of a pool: what is idle, how many places are taken, who waits. No locks, no closing.

use std::time::Instant;

use crate::proto::CloseReason;

use super::queue::{Queue, Ticket, Waiter, Wants};
use super::shared::Shared;
use super::{Key, PoolConfig, PoolStats, Value};

#[derive(Debug)]
pub(super) struct State<K: Key, T: Value> {
    /// Oldest first. Searched from end to end: the bound makes it short, and what is wanted is
    /// mostly among the last.
    pub(super) idle: Vec<Idle<K, T>>,
    /// Of which shares are out.
    pub(super) shared: Shared<K, T>,
    /// Who waits. While anyone waits for a place under the bound on all, nothing is idle; only who
    /// waits for what another makes does not ask for that before it has failed to be of use.
    pub(super) queue: Queue<K, T>,
    pub(super) closed: bool,
    /// How many connections are in use again and again just now, so that as many may be idle.
    pub(super) bustle: usize,
    /// Places taken: by values that are idle or lent, and by those about to be made.
    open: usize,
    /// The same by key.
    open_by_key: Vec<(K, Tally)>,
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

/// The places of a key.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    open: usize,
    /// Those of them in which no value stands yet.
    making: usize,
}

/// Is there room for one more value of a key?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bounds {
    Free,
    FullOfKey,
    FullInTotal,
}

/// What becomes of a value that comes back.
pub(super) enum Fate {
    /// It becomes idle.
    Keep,
    /// It is for the waiter at this place in the queue.
    HandOver(usize),
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

/// What serves the first who can use a place.
pub(super) enum Turn<K, T> {
    /// A place for a value of this key, which is taken for it.
    Place(K),
    /// An idle value is in the way.
    Overdue(Idle<K, T>),
}

impl<K: Key, T: Value> State<K, T> {
    pub(super) fn new() -> State<K, T> {
        State {
            idle: Vec::new(),
            shared: Shared::new(),
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
        self.tally(key).open
    }

    /// Are there others with this key than the one that is being made, and can that stay beside them? In
    /// the last place it can if no other key has one or waits for one.
    pub(super) fn may_outrun(&self, key: &K, config: &PoolConfig) -> bool {
        let open = self.open_of(key);
        let is_alone = || self.open == open && self.queue.waiters().all(|other| other.key == *key);
        open > 1 && (self.open < config.max_total || is_alone())
    }

    /// Is there a place of this key in which no value stands yet?
    pub(super) fn is_making(&self, key: &K) -> bool {
        self.tally(key).making > 0
    }

    /// Takes a place for a value that is to be made.
    pub(super) fn open(&mut self, key: &K) {
        self.open += 1;
        match self.tally_mut(key) {
            Some(tally) => *tally = Tally { open: tally.open + 1, making: tally.making + 1 },
            None => self.open_by_key.push((key.clone(), Tally { open: 1, making: 1 })),
        }
    }

    /// A value stands in its place now; or none will, and the place is given back next.
    pub(super) fn settle(&mut self, key: &K) {
        if let Some(tally) = self.tally_mut(key) {
            tally.making -= 1;
        }
    }

    /// The value in a place is closed for this reason, and another one is to be made there.
    pub(super) fn vacate(&mut self, key: &K, reason: CloseReason) {
        self.count_closed(reason);
        self.unsettle(key);
    }

    /// The value in a place is no more, and another one is to be made there.
    pub(super) fn unsettle(&mut self, key: &K) {
        if let Some(tally) = self.tally_mut(key) {
            tally.making += 1;
        }
    }

    /// Gives a place back; `reason` is why the value in it was closed, if there was one.
    pub(super) fn close(&mut self, key: &K, reason: Option<CloseReason>) {
        self.open -= 1;
        if let Some(reason) = reason {
            self.count_closed(reason);
        }
        if let Some(at) = self.open_by_key.iter().position(|(kept, _)| kept == key) {
            self.open_by_key[at].1.open -= 1;
            if self.open_by_key[at].1.open == 0 {
                self.open_by_key.swap_remove(at);
            }
        }
    }

    fn tally(&self, key: &K) -> Tally {
        let of_key = self.open_by_key.iter().find(|(kept, _)| kept == key);
        of_key.map_or_else(Tally::default, |(_, tally)| *tally)
    }

    fn tally_mut(&mut self, key: &K) -> Option<&mut Tally> {
        self.open_by_key.iter_mut().find(|(kept, _)| kept == key).map(|(_, tally)| tally)
    }

    /// The first waiter who can use a place that is free, or that an idle value leaves, and what it
    /// gets.
    pub(super) fn next_for_place(
        &mut self,
        config: &PoolConfig,
    ) -> Option<(Ticket<K, T>, Turn<K, T>)> {
        let served = |waiter: &Waiter<K, T>| match self.bounds(&waiter.key, config) {
            Bounds::Free => self.asks_for_place(waiter),
            Bounds::FullInTotal => !self.idle.is_empty() && self.asks_for_place(waiter),
            Bounds::FullOfKey => false,
        };
        let at = self.queue.waiters().position(served)?;
        let Waiter { key, ticket, .. } = self.queue.remove(at);
        if self.bounds(&key, config) == Bounds::FullInTotal {
            return Some((ticket, Turn::Overdue(self.idle.remove(0))));
        }
        self.open(&key);
        Some((ticket, Turn::Place(key)))
    }

    /// Is a place what this one waits for, now?
    fn asks_for_place(&self, waiter: &Waiter<K, T>) -> bool {
        match waiter.wants {
            Wants::Any | Wants::Place => true,
            Wants::Share => !self.is_making(&waiter.key),
            Wants::Value => false,
        }
    }

    /// What is to become of a value that comes back?
    pub(super) fn fate(&self, entry: &Idle<K, T>, now: Instant, config: &PoolConfig) -> Fate {
        if self.closed {
            return Fate::Close(CloseReason::Shutdown);
        }
        if entry.is_too_old(now, config) {
            return Fate::Close(CloseReason::MaxAge);
        }
        match self.serves(entry, config) {
            Some(Served::ByValue(at)) => return Fate::HandOver(at),
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

    /// How a value serves those in the queue. To close it for an older waiter of another key costs two
    /// handshakes, for that one and soon for its own key again. So the oldest of its own key goes first,
    /// unless the other was overtaken as often as there may be connections, or it is no value that the
    /// one of its own key wants.
    fn serves(&self, entry: &Idle<K, T>, config: &PoolConfig) -> Option<Served> {
        let needs_place = |waiter: &&Waiter<K, T>| {
            let bounds = self.bounds(&waiter.key, config);
            bounds == Bounds::FullInTotal && self.asks_for_place(waiter)
        };
        let own = self.queue.waiters().enumerate().find(|(_, waiter)| waiter.key == entry.key);
        let older = own.map_or(self.queue.len(), |(at, _)| at);
        let other = self.queue.waiters().take(older).find(needs_place);
        match (own, other) {
            (None, None) => None,
            (Some((_, own)), _) if own.wants == Wants::Place && entry.value.is_shared() => {
                Some(Served::ByPlace)
            }
            (Some((at, _)), None) => Some(Served::ByValue(at)),
            (Some((at, own)), Some(other))
                if own.wants != Wants::Place && other.overtaken < config.max_total =>
            {
                Some(Served::ByValue(at))
            }
            (_, Some(_)) => Some(Served::ByPlace),
        }
    }

    /// Takes out one that may not stay when one more of `key` is put in: what is too old, though
    /// nobody asks for it, and the oldest of its key, or of all, if the bounds on idle ones want it.
    pub(super) fn take_leaving(
        &mut self,
        key: &K,
        now: Instant,
        config: &PoolConfig,
    ) -> Option<(Idle<K, T>, CloseReason)> {
        let unusable = |(at, idle): (usize, &Idle<K, T>)| Some((at, idle.unusable(now, config)?));
        let too_old = self.idle.iter().enumerate().find_map(unusable);
        let evicted = || Some((self.in_the_way(key, config)?, CloseReason::Evicted));
        let (at, reason) = too_old.or_else(evicted)?;
        Some((self.idle.remove(at), reason))
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
        is_too_old(self.born, now, config)
    }
}

/// May what was made at `born` not be lent any more?
pub(super) fn is_too_old(born: Instant, now: Instant, config: &PoolConfig) -> bool {
    config.max_age.map_or(false, |limit| now.saturating_duration_since(born) >= limit)
}
