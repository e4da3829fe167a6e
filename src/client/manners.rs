//! How peers take several requests on a connection: which have shown that they keep connections, which
//! have broken off when requests were pipelined, and which have refused streams of HTTP/2.
//!
//! RFC 9113 §6.5.2: a client may open streams before it has heard how many it may, and many that begin at
//! once do. What is over the limit is refused, and sent again (§8.7). On the next connection to the same
//! peer that would be so again, so the limit is remembered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::route::Route;

/// What is known of the routes of which something was found out last.
#[derive(Default)]
pub(super) struct Manners {
    /// Guards the list, the newest entry last; nothing is locked inside it.
    known: Mutex<Vec<Known>>,
}

struct Known {
    route: Arc<Route>,
    persists: bool,
    breaks: u32,
    /// How many streams at once it allows, if it has refused more.
    streams: Option<usize>,
}

impl Manners {
    /// Has the peer answered in HTTP/1.1 and kept the connection?
    pub(super) fn persists(&self, route: &Arc<Route>) -> bool {
        self.lock().iter().any(|known| known.route == *route && known.persists)
    }

    /// Is it of no use to pipeline to this peer?
    pub(super) fn breaks(&self, route: &Arc<Route>) -> bool {
        self.lock().iter().any(|known| known.route == *route && known.breaks >= MOST_BREAKS)
    }

    /// How many streams at once the peer is known to allow.
    #[cfg(feature = "http2")]
    pub(super) fn streams(&self, route: &Route) -> Option<usize> {
        self.lock().iter().find(|known| *known.route == *route)?.streams
    }

    pub(super) fn note_persistence(&self, route: &Arc<Route>) {
        note(&mut self.lock(), route, |known| known.persists = true);
    }

    /// It ended the connection without a word while more than one request was in flight.
    pub(super) fn note_break(&self, route: &Arc<Route>) {
        note(&mut self.lock(), route, |known| known.breaks += 1);
    }

    /// It has refused a stream on a connection on which it allows so many.
    pub(super) fn note_streams(&self, route: &Arc<Route>, most: usize) {
        note(&mut self.lock(), route, |known| known.streams = Some(most));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn note(list: &mut Vec<Known>, route: &Arc<Route>, change: impl FnOnce(&mut Known)) {
    let at = list.iter().position(|known| known.route == *route);
    let mut known = match at {
        Some(at) => list.remove(at),
        None => Known { route: Arc::clone(route), persists: false, breaks: 0, streams: None },
    };
    if list.len() == MOST_KNOWN {
        list.remove(0);
    }
    change(&mut known);
    list.push(known);
}

/// One can be an accident.
const MOST_BREAKS: u32 = 2;

/// More are forgotten, which costs no more than learning it again.
const MOST_KNOWN: usize = 64;
