//! What a pool lends: a place under its bounds, and the value that takes it.
//!
//! Both go back by themselves when they are dropped, on every way out of whatever uses them.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::proto::CloseReason;

use super::state::Idle;
use super::{Discarded, Key, Pool, Value};

/// A value that is lent out. Dropping it closes it, and only then is its place free.
#[derive(Debug)]
pub(crate) struct Lent<K: Key, T: Value> {
    // In this order: the value is closed before its place is free.
    value: T,
    place: Place<K, T>,
}

/// A place for one value, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place<K: Key, T: Value>(Option<(Arc<Pool<K, T>>, K)>);

impl<K: Key, T: Value> Lent<K, T> {
    /// Gives the value back, which was made at `born`. `advertised` is for how long its peer has said
    /// that it keeps it. Returns what must be closed for that, perhaps the value itself.
    pub(crate) fn give_back(
        self,
        born: Instant,
        advertised: Option<Duration>,
        now: Instant,
    ) -> Discarded<K, T> {
        let Lent { value, mut place } = self;
        match place.0.take() {
            Some((pool, key)) => {
                let expires = now.checked_add(pool.config.idle_time(advertised));
                pool.put(Idle { key, value, since: now, born, expires }, now)
            }
            None => Vec::new(),
        }
    }

    /// Closes the value for this reason.
    pub(crate) fn close(self, reason: CloseReason) {
        let Lent { value, place } = self;
        drop(value);
        place.release(Some(reason));
    }

    /// Closes the value for this reason, and keeps its place for another one.
    pub(crate) fn vacate(self, reason: CloseReason) -> Place<K, T> {
        self.count_closed(reason);
        let Lent { value, place } = self;
        drop(value);
        place
    }

    /// Counts the value as closed for this reason, though it may go on elsewhere.
    pub(crate) fn count_closed(&self, reason: CloseReason) {
        if let Some((pool, _)) = &self.place.0 {
            pool.lock().count_closed(reason);
        }
    }

    /// The value and its place, which it should not outlive.
    pub(crate) fn into_parts(self) -> (T, Place<K, T>) {
        (self.value, self.place)
    }
}

impl<K: Key, T: Value> Deref for Lent<K, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<K: Key, T: Value> DerefMut for Lent<K, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<K: Key, T: Value> Place<K, T> {
    pub(super) fn new(pool: &Arc<Pool<K, T>>, key: K) -> Place<K, T> {
        Place(Some((Arc::clone(pool), key)))
    }

    /// Puts a value in.
    pub(crate) fn fill(self, value: T) -> Lent<K, T> {
        Lent { value, place: self }
    }

    /// Are there others with the same key?
    pub(crate) fn has_neighbours(&self) -> bool {
        let others = |(pool, key): &(Arc<Pool<K, T>>, K)| pool.lock().open_of(key) > 1;
        self.0.as_ref().map_or(false, others)
    }

    /// Frees the place; `closed` is why the value in it was closed, if there was one.
    fn release(mut self, closed: Option<CloseReason>) {
        if let Some((pool, key)) = self.0.take() {
            pool.release(&key, closed);
        }
    }
}

impl<K: Key, T: Value> Drop for Place<K, T> {
    fn drop(&mut self) {
        if let Some((pool, key)) = self.0.take() {
            pool.release(&key, None);
        }
    }
}
