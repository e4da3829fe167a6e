//! Those who wait for a connection, in the order in which they came.
//!
//! Each has a ticket, which is filled under the pool's lock and waited on outside of it. Who leaves
//! takes the ticket out of the queue; what was put on it at that moment is not lost: it is used, or
//! goes back by being dropped.

use std::sync::Arc;
use std::time::Instant;
use std::{io, mem};

use crate::net::{CancelToken, Deadline, Watched};
use crate::proto::CloseReason;

use super::{Discarded, Key, Lent, Place, Pool, Value};

/// What a waiter gets.
#[derive(Debug)]
pub(crate) enum Grant<K: Key, T: Value> {
    /// A value that came back.
    Value(Lent<K, T>),
    /// A share of one, which others may use too.
    Shared(Lent<K, T>),
    /// The place of one that was closed.
    Place(Place<K, T>),
    /// This one must be closed first; then ask again.
    Overdue(Lent<K, T>, CloseReason),
    /// Nothing: the pool was closed.
    Closed,
    /// Nothing: what was being made could not be made.
    Failed,
}

/// Oldest first. Searched from end to end, and each in it is a thread that waits: there are not so
/// many that it matters where one is taken out.
#[derive(Debug)]
pub(super) struct Queue<K: Key, T: Value>(Vec<Waiter<K, T>>);

/// One who waits.
#[derive(Debug)]
pub(super) struct Waiter<K: Key, T: Value> {
    pub(super) key: K,
    pub(super) ticket: Ticket<K, T>,
    pub(super) wants: Wants,
    /// How many who came later got a value that came back, for which this one was passed over.
    pub(super) overtaken: usize,
}

/// What someone waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wants {
    /// A value, a share of one, or a place: whichever comes first.
    Any,
    /// The same, but no place while what is made in another may turn out to have room.
    Share,
    /// A value or a share of one: one is being made for this one, so that it needs no place.
    Value,
    /// A place, or a value whose place it can have: no share.
    Place,
}

/// Where the grant of one waiter is put.
#[derive(Debug)]
pub(super) struct Ticket<K: Key, T: Value>(Arc<Watched<Option<Grant<K, T>>>>);

/// A place in the queue, for as long as it is waited for.
#[derive(Debug)]
#[must_use = "its turn comes whether anyone waits for it or not"]
pub(crate) struct Waiting<K: Key, T: Value> {
    pool: Arc<Pool<K, T>>,
    ticket: Ticket<K, T>,
}

impl<K: Key, T: Value> Queue<K, T> {
    pub(super) fn new() -> Queue<K, T> {
        Queue(Vec::new())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Those who wait, oldest first.
    pub(super) fn waiters(&self) -> impl Iterator<Item = &Waiter<K, T>> {
        self.0.iter()
    }

    pub(super) fn join(&mut self, key: &K, wants: Wants) -> Ticket<K, T> {
        let ticket = Ticket(Watched::new(None));
        self.0.push(Waiter { key: key.clone(), ticket: ticket.same(), wants, overtaken: 0 });
        ticket
    }

    /// Where the first is who can use a share of a value of `key`.
    pub(super) fn first_for_share(&self, key: &K) -> Option<usize> {
        self.0.iter().position(|waiter| waiter.key == *key && waiter.wants != Wants::Place)
    }

    /// Those who wait for `key` wait no more for what others have made.
    pub(super) fn expect_no_share(&mut self, key: &K) {
        let hopeful = |waiter: &&mut Waiter<K, T>| waiter.wants == Wants::Share;
        for waiter in self.0.iter_mut().filter(hopeful).filter(|waiter| waiter.key == *key) {
            waiter.wants = Wants::Any;
        }
    }

    /// Takes the waiter at this place out.
    pub(super) fn remove(&mut self, at: usize) -> Waiter<K, T> {
        self.0.remove(at)
    }

    /// Takes out the waiter at this place, who overtakes those before.
    pub(super) fn remove_ahead(&mut self, at: usize) -> Waiter<K, T> {
        self.0[..at].iter_mut().for_each(|waiter| waiter.overtaken += 1);
        self.0.remove(at)
    }

    /// Takes this one out. False if it is not there any more.
    fn leave(&mut self, ticket: &Ticket<K, T>) -> bool {
        let before = self.0.len();
        self.0.retain(|waiter| !waiter.ticket.is(ticket));
        self.0.len() < before
    }

    fn expects_no_more(&mut self, ticket: &Ticket<K, T>) {
        if let Some(waiter) = self.0.iter_mut().find(|waiter| waiter.ticket.is(ticket)) {
            waiter.wants = Wants::Any;
        }
    }

    /// Takes everyone out.
    pub(super) fn dissolve(&mut self) -> Vec<Waiter<K, T>> {
        mem::take(&mut self.0)
    }
}

impl<K: Key, T: Value> Ticket<K, T> {
    /// Puts the grant on the ticket. The waiter sees it when it is woken, or leaves.
    pub(super) fn fill(&self, grant: Grant<K, T>) {
        *self.0.lock() = Some(grant);
    }

    pub(super) fn wake(&self) {
        self.0.wake();
    }

    fn same(&self) -> Ticket<K, T> {
        Ticket(Arc::clone(&self.0))
    }

    fn is(&self, other: &Ticket<K, T>) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn send_away(&self) {
        self.fill(Grant::Closed);
        self.wake();
    }
}

impl<K: Key, T: Value> Waiting<K, T> {
    pub(super) fn new(pool: &Arc<Pool<K, T>>, ticket: Ticket<K, T>) -> Waiting<K, T> {
        Waiting { pool: Arc::clone(pool), ticket }
    }

    /// For whoever makes a value while this one waits.
    pub(crate) fn expectation(&self) -> Expectation<K, T> {
        Expectation { pool: Arc::clone(&self.pool), ticket: self.ticket.same(), fulfilled: false }
    }

    /// Waits for the grant.
    ///
    /// # Errors
    /// `TimedOut` at the deadline, `cancelled` when the token says so. A grant that came at that very
    /// moment goes before both.
    pub(crate) fn wait(
        self,
        deadline: Deadline,
        cancel: Option<&CancelToken>,
    ) -> io::Result<Grant<K, T>> {
        let granted = self.ticket.0.wait_for(deadline, cancel, Option::take);
        granted.or_else(|error| {
            self.pool.lock().queue.leave(&self.ticket);
            self.ticket.0.lock().take().ok_or(error)
        })
    }
}

/// What is being made while someone waits for that, or for what comes sooner. Dropping it says that
/// it could not be made, on every way out of whoever makes it.
#[derive(Debug)]
pub(crate) struct Expectation<K: Key, T: Value> {
    pool: Arc<Pool<K, T>>,
    ticket: Ticket<K, T>,
    fulfilled: bool,
}

impl<K: Key, T: Value> Expectation<K, T> {
    /// It is there. It goes to whoever waits for its key longest; returns what must be closed.
    pub(crate) fn fulfil(mut self, value: Lent<K, T>, now: Instant) -> Discarded<K, T> {
        self.fulfilled = true;
        self.pool.lock().queue.expects_no_more(&self.ticket);
        value.give_back(now, None, now)
    }
}

impl<K: Key, T: Value> Drop for Expectation<K, T> {
    fn drop(&mut self) {
        if !self.fulfilled && self.pool.lock().queue.leave(&self.ticket) {
            self.ticket.fill(Grant::Failed);
            self.ticket.wake();
        }
    }
}
