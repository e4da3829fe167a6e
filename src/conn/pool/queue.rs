//! Those who wait for a connection, in the order in which they came.
//!
//! Each has a ticket, which is filled under the pool's lock and waited on outside of it. Who leaves
//! takes the ticket out of the queue; what was put on it at that moment is not lost: it is used, or
//! goes back by being dropped.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use crate::net::{CancelToken, Deadline, Watched};

use super::{Key, Lent, Place, Pool, Value};

/// What a waiter gets.
#[derive(Debug)]
pub(crate) enum Grant<K: Key, T: Value> {
    /// A value that came back.
    Value(Lent<K, T>),
    /// The place of one that was closed.
    Place(Place<K, T>),
    /// Nothing: the pool was closed.
    Closed,
}

/// Oldest first.
#[derive(Debug)]
pub(super) struct Queue<K: Key, T: Value>(VecDeque<(K, Ticket<K, T>)>);

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
        Queue(VecDeque::new())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The keys of those who wait, oldest first.
    pub(super) fn keys(&self) -> impl Iterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    pub(super) fn join(&mut self, key: &K) -> Ticket<K, T> {
        let ticket = Ticket(Watched::new(None));
        self.0.push_back((key.clone(), Ticket(Arc::clone(&ticket.0))));
        ticket
    }

    /// Takes the waiter at this place out.
    pub(super) fn remove(&mut self, at: usize) -> (K, Ticket<K, T>) {
        self.0.remove(at).expect("the place was found in the queue under the same lock")
    }

    fn leave(&mut self, ticket: &Ticket<K, T>) {
        self.0.retain(|(_, other)| !Arc::ptr_eq(&other.0, &ticket.0));
    }

    /// Takes everyone out.
    pub(super) fn dissolve(&mut self) -> Vec<Ticket<K, T>> {
        self.0.drain(..).map(|(_, ticket)| ticket).collect()
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

    pub(super) fn send_away(&self) {
        self.fill(Grant::Closed);
        self.wake();
    }
}

impl<K: Key, T: Value> Waiting<K, T> {
    pub(super) fn new(pool: &Arc<Pool<K, T>>, ticket: Ticket<K, T>) -> Waiting<K, T> {
        Waiting { pool: Arc::clone(pool), ticket }
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
