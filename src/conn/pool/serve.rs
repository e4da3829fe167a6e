//! What happens when something becomes free: a value that is made or comes back, a share of one, a
//! place. Whoever waits longest and has a use for it is served, but for what `State::serves` says.
//!
//! Tickets are filled under the lock and woken outside of it. What must be closed leaves the lock
//! before that is done, and so does the pool's own handle on what is shared.

use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use crate::proto::CloseReason;

use super::queue::{Grant, Ticket};
use super::shared::{Entry, Standing};
use super::state::{Fate, Idle, State, Turn};
use super::{Discarded, Key, Lent, Place, Pool, Value};

impl<K: Key, T: Value> Pool<K, T> {
    /// A value comes back. Returns what must be closed for that, perhaps the value itself.
    pub(super) fn put(self: &Arc<Self>, entry: Idle<K, T>, now: Instant) -> Discarded<K, T> {
        self.put_in(self.lock(), entry, now)
    }

    fn put_in(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State<K, T>>,
        entry: Idle<K, T>,
        now: Instant,
    ) -> Discarded<K, T> {
        match state.fate(&entry, now, &self.config) {
            Fate::Close(reason) => vec![(self.lend_whole(entry), reason)],
            Fate::HandOver(at) => self.hand_over(state, entry, at),
            Fate::Keep => {
                let mut leaving = Vec::new();
                while let Some((idle, reason)) = state.take_leaving(&entry.key, now, &self.config) {
                    leaving.push((self.lend_whole(idle), reason));
                }
                state.idle.push(entry);
                leaving
            }
        }
    }

    /// The value is for the waiter at this place in the queue, and if it is shared, for others too.
    fn hand_over(
        self: &Arc<Self>,
        mut state: MutexGuard<'_, State<K, T>>,
        entry: Idle<K, T>,
        at: usize,
    ) -> Discarded<K, T> {
        let key = entry.value.is_shared().then(|| entry.key.clone());
        let lent = match self.lend_in(&mut state, entry) {
            Ok(lent) => lent,
            Err(spent) => return vec![(spent, CloseReason::ClosedWhileIdle)],
        };
        let first = state.queue.remove_ahead(at).ticket;
        let others = match key {
            Some(key) => {
                first.fill(Grant::Shared(lent));
                self.serve(&mut state, &key)
            }
            None => {
                first.fill(Grant::Value(lent));
                Vec::new()
            }
        };
        drop(state);
        first.wake();
        wake(others);
        Vec::new()
    }

    /// A value was made in a place of `key`.
    pub(super) fn fill(self: &Arc<Self>, key: K, value: T, born: Instant) -> Lent<K, T> {
        if value.is_shared() {
            let (pool, key) = (Arc::downgrade(self), key.clone());
            value.watch_room(Box::new(move || {
                if let Some(pool) = pool.upgrade() {
                    pool.room_changed(&key);
                }
            }));
        }
        let made = Idle { key: key.clone(), value, since: born, born, expires: None };
        let mut state = self.lock();
        state.settle(&key);
        let lent = match state.closed {
            true => self.lend_whole(made),
            false => self.lend_in(&mut state, made).unwrap_or_else(|spent| spent),
        };
        if !lent.is_share() {
            state.queue.expect_no_share(&key);
        }
        let served = self.serve(&mut state, &key);
        drop(state);
        wake(served);
        lent
    }

    /// A place is free, and `closed` is why the value in it was closed, if that is known.
    pub(super) fn release(self: &Arc<Self>, key: &K, closed: Option<CloseReason>) {
        let mut state = self.lock();
        state.close(key, closed);
        let served = self.serve(&mut state, key);
        drop(state);
        wake(served);
    }

    /// A place is free, since nothing was made in it. Who hoped for that goes its own way, unless there
    /// is more to hope for: else so many would try one after another to reach who does not answer.
    pub(super) fn forgo(self: &Arc<Self>, key: &K) {
        let mut state = self.lock();
        state.settle(key);
        state.close(key, None);
        if !state.is_making(key) {
            state.queue.expect_no_share(key);
        }
        let served = self.serve(&mut state, key);
        drop(state);
        wake(served);
    }

    /// One more share of what this is one of.
    pub(super) fn share_same(self: &Arc<Self>, id: T::ShareId) -> Option<Lent<K, T>> {
        let share = self.lock().shared.share_same(id)?;
        Some(Lent::share(self, share))
    }

    /// A share was dropped.
    pub(super) fn drop_share(self: &Arc<Self>, id: T::ShareId) {
        for (leaving, reason) in self.take_back(id, None, Instant::now()) {
            leaving.close(reason);
        }
    }

    /// A share comes back. Returns what must be closed for that.
    pub(super) fn take_back(
        self: &Arc<Self>,
        id: T::ShareId,
        advertised: Option<Duration>,
        now: Instant,
    ) -> Discarded<K, T> {
        let mut state = self.lock();
        let key = match state.shared.take_back(id) {
            Ok(Entry { key, standing: Standing::Open(value), born, .. }) => {
                let expires = self.expires(advertised, now);
                return self.put_in(state, Idle { key, value, since: now, born, expires }, now);
            }
            Ok(Entry { key, .. }) => {
                state.close(&key, None);
                key
            }
            Err(key) => key,
        };
        let served = self.serve(&mut state, &key);
        drop(state);
        wake(served);
        Vec::new()
    }

    /// No more is lent of what this is a share of. Was nobody the first to say so?
    pub(super) fn retire(&self, id: T::ShareId, reason: CloseReason) -> bool {
        let mut state = self.lock();
        let (is_first, handle) = state.shared.retire(id, reason);
        if is_first {
            state.count_closed(reason);
        }
        drop(state);
        drop(handle);
        is_first
    }

    /// A share of what is retired is gone. If it was the last, another value can have its place.
    pub(super) fn replace(self: &Arc<Self>, id: T::ShareId) -> Option<Place<K, T>> {
        let mut state = self.lock();
        match state.shared.take_back(id) {
            Ok(Entry { key, .. }) => {
                state.unsettle(&key);
                Some(Place::new(self, key))
            }
            Err(key) => {
                let served = self.serve(&mut state, &key);
                drop(state);
                wake(served);
                None
            }
        }
    }

    /// Serves those who wait, oldest first: those who wait for `key` by shares, as long as there is
    /// room, and then anyone by places, as long as there are some.
    pub(super) fn serve(self: &Arc<Self>, state: &mut State<K, T>, key: &K) -> Vec<Ticket<K, T>> {
        let mut served = Vec::new();
        while let Some(at) = state.queue.first_for_share(key) {
            let share = match state.shared.share(key) {
                Some(share) => share,
                None => break,
            };
            let ticket = state.queue.remove(at).ticket;
            ticket.fill(Grant::Shared(Lent::share(self, share)));
            served.push(ticket);
        }
        while let Some((ticket, turn)) = state.next_for_place(&self.config) {
            ticket.fill(match turn {
                Turn::Place(key) => Grant::Place(Place::new(self, key)),
                Turn::Overdue(idle) => Grant::Overdue(self.lend_whole(idle), CloseReason::Evicted),
            });
            served.push(ticket);
        }
        served
    }

    /// When a value may not be idle any more that comes back now.
    pub(super) fn expires(&self, advertised: Option<Duration>, now: Instant) -> Option<Instant> {
        now.checked_add(self.config.idle_time(advertised))
    }

    /// Lends a value, or the first share of one that is shared.
    ///
    /// # Errors
    /// The value, if it is shared and has no room for a single one.
    #[inline(always)]
    pub(super) fn lend_in(
        self: &Arc<Self>,
        state: &mut State<K, T>,
        entry: Idle<K, T>,
    ) -> Result<Lent<K, T>, Lent<K, T>> {
        let id = match entry.value.share_id(state.shared.number()) {
            Some(id) => id,
            None => return Ok(self.lend_whole(entry)),
        };
        match entry.value.share(0) {
            Some(share) => {
                state.shared.admit(id, entry.key, entry.value, entry.born);
                Ok(Lent::share(self, (share, id)))
            }
            None => Err(self.lend_whole(entry)),
        }
    }

    pub(super) fn lend_whole(self: &Arc<Self>, entry: Idle<K, T>) -> Lent<K, T> {
        Lent::whole(self, entry.key, entry.value)
    }
}

pub(super) fn wake<K: Key, T: Value>(served: Vec<Ticket<K, T>>) {
    served.iter().for_each(Ticket::wake);
}
