//! A connection on which several exchanges are in flight, and where it is.
//!
//! A response owns the connection while its content is read. Here it comes back to when that is
//! over, for the next response to be read. So a caller can do with the response of a pipelined
//! request what it can do with any other; only, while it keeps one that was not read to its end,
//! the line has no connection.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::proto::CloseReason;

use super::{Lent, Place};

/// Where the connection comes back to.
pub(super) struct Line {
    /// Guards the seat; nothing is locked inside it.
    seat: Mutex<Seat>,
    /// Is another connection made where one was closed?
    goes_on: bool,
}

/// Where the connection of a line is.
pub(super) enum Seat {
    /// Between two responses.
    Free(Lent),
    /// With a response, or with whoever has taken it.
    Taken,
    /// It was closed, for this reason, and this is where another one can be, if there is such a place.
    Closed(Option<Place>, CloseReason),
    /// Nobody waits for it: it goes to the pool, if it may.
    Left,
}

impl Line {
    /// A line that goes on with another connection when one is closed.
    pub(super) fn new() -> Line {
        Line { seat: Mutex::new(Seat::Taken), goes_on: true }
    }

    /// A line of one connection.
    pub(super) fn by_hand() -> Line {
        Line { goes_on: false, ..Line::new() }
    }

    pub(super) fn take(&self) -> Seat {
        std::mem::replace(&mut self.lock(), Seat::Taken)
    }

    /// Takes the connection, if it is here; if not, it need not come back.
    pub(super) fn leave(&self) -> Seat {
        std::mem::replace(&mut self.lock(), Seat::Left)
    }

    pub(super) fn is_left(&self) -> bool {
        matches!(*self.lock(), Seat::Left)
    }

    /// Gives it back. What nobody waits for any more is returned.
    pub(super) fn put(&self, seat: Seat) -> Option<Seat> {
        let mut now = self.lock();
        if let Seat::Left = *now {
            return Some(seat);
        }
        match seat {
            Seat::Closed(..) if !self.goes_on => {
                *now = Seat::Left;
                Some(seat)
            }
            seat => {
                *now = seat;
                None
            }
        }
    }

    /// Can more requests follow, now or when the present response has been read?
    pub(super) fn is_open(&self) -> bool {
        match &*self.lock() {
            Seat::Free(connection) => connection.close_reason().is_none(),
            Seat::Taken => true,
            Seat::Closed(..) | Seat::Left => false,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Seat> {
        self.seat.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
