//! How many exchanges at once a server allows on a connection of HTTP/2, as far as it has refused more.
//!
//! RFC 9113 §6.5.2: a client may send requests before it has heard of the limit, and many that begin at once
//! do. What is over the limit is refused, and sent again (§8.7). On the next connection to the same server
//! that would be so again, so it is remembered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::route::Route;

#[derive(Debug, Default)]
pub(super) struct Rooms {
    /// Guards the list, the newest entry last; nothing is locked inside it.
    known: Mutex<Vec<(Arc<Route>, usize)>>,
}

impl Rooms {
    #[cfg(feature = "http2")]
    pub(super) fn get(&self, route: &Route) -> Option<usize> {
        let known = self.lock();
        known.iter().find(|(other, _)| **other == *route).map(|(_, room)| *room)
    }

    pub(super) fn note(&self, route: &Arc<Route>, room: usize) {
        let mut known = self.lock();
        known.retain(|(other, _)| other != route);
        if known.len() == MOST_KNOWN {
            known.remove(0);
        }
        known.push((Arc::clone(route), room));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Arc<Route>, usize)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// More are forgotten, which costs no more than learning it again.
const MOST_KNOWN: usize = 64;
