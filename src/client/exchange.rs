//! One exchange after its head: how its content is read, and how its connection is let go.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::conn::{Connection, Vacated};
use crate::error::{Result, Transcript};
use crate::event::{Event, Phase};
use crate::net::{CancelToken, Deadline};
use crate::proto::CloseReason;

use super::explain::explain;
use super::line::{Line, Seat};
use super::listener::{observe, Listener};
use super::{Lent, Place};

/// What an exchange needs after its head: it stays with the response.
pub(super) struct Exchange {
    pub(super) deadline: Deadline,
    pub(super) read: Option<Duration>,
    pub(super) idempotent: bool,
    pub(super) cancel: Option<CancelToken>,
    pub(super) observer: Option<Arc<dyn Listener>>,
    /// The line that the connection goes back to, in place of the pool.
    pub(super) line: Option<Arc<Line>>,
}

impl Exchange {
    pub(super) fn read(&self, connection: &mut Connection, buffer: &mut [u8]) -> Result<usize> {
        connection.read(buffer, self.deadline.within(self.read)).map_err(|failure| {
            let error = explain(self.cancel.as_ref(), Phase::Receive, failure);
            error.with_transcript(transcript(connection, self.idempotent))
        })
    }

    /// The exchange is over: the connection goes back to where it came from, or is closed for the
    /// reason that is returned.
    pub(super) fn release(&self, mut connection: Lent, now: Instant) -> Option<CloseReason> {
        let complete = connection.is_complete();
        if complete {
            self.observe(|| Event::ResponseEnd);
        }
        let line = self.line.as_ref().filter(|line| !line.is_left());
        let closing = match (connection.forget_token(), line) {
            (Err(reason), _) => Some(reason),
            (Ok(()), None) => return give_back(connection, now, self.observer.as_ref()),
            (Ok(()), Some(_)) if !complete => Some(CloseReason::UnfinishedResponse),
            (Ok(()), Some(_)) => connection.close_reason(),
        };
        if let Some(reason) = closing {
            self.close(connection, reason);
            return closing;
        }
        // The line may have been left at this very moment.
        match line.and_then(|line| line.put(Seat::Free(connection))) {
            Some(Seat::Free(connection)) => give_back(connection, now, self.observer.as_ref()),
            _ => None,
        }
    }

    /// The exchange is over, and with it HTTP on this connection.
    pub(super) fn leave_http(&self, connection: &Lent) {
        let reason = CloseReason::Upgraded;
        connection.count_closed(reason);
        self.observe(|| Event::ResponseEnd);
        self.observe(|| Event::Closed { connection: connection.facts().id, reason });
    }

    /// The exchange has failed, or is given up: its connection is closed, for the reason that is returned,
    /// unless it outlives that.
    pub(super) fn fail(&self, connection: Lent) -> Option<CloseReason> {
        if connection.survives() {
            return give_back(connection, Instant::now(), self.observer.as_ref());
        }
        let unread = connection.persistence().err().unwrap_or(CloseReason::UnfinishedResponse);
        self.close(connection, unread);
        Some(unread)
    }

    fn close(&self, connection: Lent, reason: CloseReason) {
        let place = vacate(connection, reason, self.observer.as_ref());
        if let Some(line) = &self.line {
            drop(line.put(Seat::Closed(place, reason)));
        }
    }

    fn observe<'e>(&self, event: impl FnOnce() -> Event<'e>) {
        observe(self.observer.as_ref(), event);
    }
}

/// The connection goes back to the pool, or is closed for the reason that is returned.
pub(super) fn give_back(
    mut connection: Lent,
    now: Instant,
    observer: Option<&Arc<dyn Listener>>,
) -> Option<CloseReason> {
    let hints = match connection.persistence() {
        Ok(hints) => hints,
        Err(reason) => {
            drop(vacate(connection, reason, observer));
            return Some(reason);
        }
    };
    connection.rest();
    let (id, born) = (connection.facts().id, connection.facts().born);
    let discarded = connection.give_back(born, hints.timeout, now);
    // Mostly nothing is.
    let own_reason = match discarded.is_empty() {
        true => None,
        false => discard(discarded, id, observer),
    };
    if own_reason.is_none() {
        observe(observer, || Event::Kept { connection: id });
    }
    own_reason
}

/// Closes what the pool has no room for. Returns why, if the connection of this number is among it.
#[cold]
fn discard(
    discarded: Vec<(Lent, CloseReason)>,
    id: u64,
    observer: Option<&Arc<dyn Listener>>,
) -> Option<CloseReason> {
    let mut own_reason = None;
    for (connection, reason) in discarded {
        if connection.facts().id == id {
            own_reason = Some(reason);
        }
        drop(vacate(connection, reason, observer));
    }
    own_reason
}

/// Closes the connection and keeps its place, unless others use the same connection still.
pub(super) fn vacate(
    connection: Lent,
    reason: CloseReason,
    observer: Option<&Arc<dyn Listener>>,
) -> Option<Place> {
    let id = connection.facts().id;
    let Vacated { place, is_first } = connection.vacate(reason);
    if is_first {
        observe(observer, || Event::Closed { connection: id, reason });
    }
    place
}

/// What an error says of the traffic of its exchange.
pub(super) fn transcript(connection: &Connection, idempotent: bool) -> Transcript {
    let tally = connection.tally();
    Transcript {
        sent: tally.sent,
        received: tally.received,
        reused: tally.was_idle || tally.exchanges > 1,
        idempotent,
        answered: false,
        unprocessed: false,
    }
}
