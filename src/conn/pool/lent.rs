//! What a pool lends: a place under its bounds, and the value that takes it, or a share of one.
//!
//! All go back by themselves when they are dropped, on every way out of whatever uses them.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::proto::CloseReason;

use super::shared::Share;
use super::state::Idle;
use super::{Discarded, Key, Pool, Value};

/// A value that is lent out. Dropping it closes it, and only then is its place free; unless it is a
/// share of what others use too: that lives, and the share can be lent to another.
#[derive(Debug)]
pub(crate) struct Lent<K: Key, T: Value> {
    // In this order: the value is closed before its place is free.
    value: T,
    claim: Claim<K, T>,
}

/// What a value that is lent takes of the pool: its place, or a part in what is shared. Given back when
/// it is dropped, which should be when the value is.
#[derive(Debug)]
pub(crate) struct Claim<K: Key, T: Value>(Option<Held<K, T>>);

type Held<K, T> = (Arc<Pool<K, T>>, Part<K, T>);

#[derive(Debug)]
enum Part<K, T: Value> {
    /// A place of this key.
    Whole(K),
    /// A share of this entry.
    Share(T::ShareId),
}

/// A place for one value that is to be made, free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place<K: Key, T: Value>(Option<(Arc<Pool<K, T>>, K)>);

/// What is left of a value that was closed.
#[derive(Debug)]
pub(crate) struct Vacated<K: Key, T: Value> {
    /// Its place. There is none for now if others have shares of it still.
    pub(crate) place: Option<Place<K, T>>,
    /// Had nobody closed another share of it before?
    pub(crate) is_first: bool,
}

impl<K: Key, T: Value> Lent<K, T> {
    /// A value that nobody else has.
    pub(super) fn whole(pool: &Arc<Pool<K, T>>, key: K, value: T) -> Lent<K, T> {
        Lent { value, claim: Claim(Some((Arc::clone(pool), Part::Whole(key)))) }
    }

    /// A share of a value that is in the pool.
    pub(super) fn share(pool: &Arc<Pool<K, T>>, share: Share<T>) -> Lent<K, T> {
        let (value, id) = share;
        Lent { value, claim: Claim(Some((Arc::clone(pool), Part::Share(id)))) }
    }

    /// Gives the value back, which was made at `born`. `advertised` is for how long its peer has said
    /// that it keeps it. Returns what must be closed for that, perhaps the value itself.
    pub(crate) fn give_back(
        self,
        born: Instant,
        advertised: Option<Duration>,
        now: Instant,
    ) -> Discarded<K, T> {
        if let Some(reason) = self.claim.reason() {
            return vec![(self, reason)];
        }
        let Lent { value, mut claim } = self;
        match claim.0.take() {
            Some((pool, Part::Whole(key))) => {
                let expires = pool.expires(advertised, now);
                pool.put(Idle { key, value, since: now, born, expires }, now)
            }
            share => {
                claim.0 = share;
                drop(value);
                claim.give_back(advertised, now)
            }
        }
    }

    /// Closes the value for this reason. Of what is shared no more is lent, and its place is free when
    /// the last share is gone.
    pub(crate) fn close(self, reason: CloseReason) {
        self.retire(reason);
        let Lent { value, claim } = self;
        drop(value);
        claim.release(reason);
    }

    /// Closes the value for this reason, and keeps its place for another one if nobody else uses it.
    pub(crate) fn vacate(self, reason: CloseReason) -> Vacated<K, T> {
        let is_first = self.retire(reason);
        let Lent { value, mut claim } = self;
        match claim.0.take() {
            Some((pool, Part::Whole(key))) => {
                pool.lock().vacate(&key, reason);
                let place = Place(Some((pool, key)));
                drop(value);
                Vacated { place: Some(place), is_first: true }
            }
            share => {
                claim.0 = share;
                drop(value);
                Vacated { place: claim.into_place(), is_first }
            }
        }
    }

    /// Lends no more shares of what this is one of, which will be closed for this reason when the last
    /// is gone. Was nobody the first to say so? A value that is not shared stays as it is.
    pub(crate) fn retire(&self, reason: CloseReason) -> bool {
        match &self.claim.0 {
            Some((pool, Part::Share(id))) => pool.retire(*id, reason),
            _ => false,
        }
    }

    /// Counts the value as closed for this reason, though it may go on elsewhere. What is shared goes
    /// on where it is.
    pub(crate) fn count_closed(&self, reason: CloseReason) {
        if let Some((pool, Part::Whole(_))) = &self.claim.0 {
            pool.lock().count_closed(reason);
        }
    }

    /// Is it a share, so that others may use the same?
    pub(crate) fn is_share(&self) -> bool {
        matches!(self.claim.0, Some((_, Part::Share(_))))
    }

    /// One more share of the same, even if there is no room for it just now; `None` if no more is lent of
    /// it, or it is not shared.
    pub(crate) fn another(&self) -> Option<Lent<K, T>> {
        match &self.claim.0 {
            Some((pool, Part::Share(id))) => pool.share_same(*id),
            _ => None,
        }
    }

    /// The value and what it takes of the pool, which it should not outlive.
    pub(crate) fn into_parts(self) -> (T, Claim<K, T>) {
        (self.value, self.claim)
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

impl<K: Key, T: Value> Claim<K, T> {
    /// Why no more is lent of what this is a share of, if so.
    fn reason(&self) -> Option<CloseReason> {
        match &self.0 {
            Some((pool, Part::Share(id))) => pool.lock().shared.reason(*id),
            _ => None,
        }
    }

    /// A share goes back.
    fn give_back(mut self, advertised: Option<Duration>, now: Instant) -> Discarded<K, T> {
        match self.0.take() {
            Some((pool, Part::Share(id))) => pool.take_back(id, advertised, now),
            whole => {
                self.0 = whole;
                Vec::new()
            }
        }
    }

    /// The value was closed for this reason.
    fn release(mut self, reason: CloseReason) {
        match self.0.take() {
            Some((pool, Part::Whole(key))) => pool.release(&key, Some(reason)),
            share => self.0 = share,
        }
    }

    /// The value was closed, and was a share: its place, if it was the last.
    fn into_place(mut self) -> Option<Place<K, T>> {
        match self.0.take() {
            Some((pool, Part::Share(id))) => pool.replace(id),
            whole => {
                self.0 = whole;
                None
            }
        }
    }
}

impl<K: Key, T: Value> Drop for Claim<K, T> {
    fn drop(&mut self) {
        if let Some((pool, part)) = self.0.take() {
            part.leave(&pool);
        }
    }
}

impl<K: Key, T: Value> Part<K, T> {
    /// The value was dropped, and nobody has said why.
    fn leave(self, pool: &Arc<Pool<K, T>>) {
        match self {
            Part::Whole(key) => pool.release(&key, None),
            Part::Share(id) => pool.drop_share(id),
        }
    }
}

impl<K: Key, T: Value> Place<K, T> {
    pub(super) fn new(pool: &Arc<Pool<K, T>>, key: K) -> Place<K, T> {
        Place(Some((Arc::clone(pool), key)))
    }

    /// Puts a value in, which was made at `born`. If it may be shared, what is lent is a share of it,
    /// and so it is to those who wait for that.
    pub(crate) fn fill(mut self, value: T, born: Instant) -> Lent<K, T> {
        let (pool, key) = self.0.take().expect("a place is there until it is filled or dropped");
        pool.fill(key, value, born)
    }

    /// May a value of the same key come back before one is made here, and the one that comes second stay?
    /// Where the bound on all is reached and other keys have places too it may not: it would be closed as
    /// soon as one of them asks for its place, and made in vain.
    pub(crate) fn has_rivals(&self) -> bool {
        let rivals = |(pool, key): &(Arc<Pool<K, T>>, K)| pool.lock().may_outrun(key, &pool.config);
        self.0.as_ref().map_or(false, rivals)
    }
}

impl<K: Key, T: Value> Drop for Place<K, T> {
    fn drop(&mut self) {
        if let Some((pool, key)) = self.0.take() {
            pool.forgo(&key);
        }
    }
}
