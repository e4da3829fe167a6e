//! The instant at which an exchange must have ended, one for all of its phases.
//!
//! Time is an argument below the client: nothing here reads the clock. What is left is computed
//! anew before every system call that can wait, and nothing left is [`TimedOut`] at once: std
//! refuses a socket timeout of zero, and a client that turns it into some small wait instead lets
//! a peer that drips bytes live for ever.
//!
//! [`TimedOut`]: io::ErrorKind::TimedOut

use std::io;
use std::time::{Duration, Instant};

/// An instant by which an operation must have ended, or never.
///
/// ```
/// use std::time::{Duration, Instant};
/// use pannier::net::Deadline;
///
/// let now = Instant::now();
/// let total = Deadline::after(now, Duration::from_secs(20));
/// let connect = total.earlier(Deadline::after(now, Duration::from_secs(2)));
/// assert_eq!(connect.remaining(now)?, Some(Duration::from_secs(2)));
/// assert!(connect.remaining(now + Duration::from_secs(2)).is_err());
/// assert_eq!(Deadline::NEVER.remaining(now)?, None);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// No deadline at all.
    pub const NEVER: Deadline = Deadline(None);

    /// This long after `now`; never, if the clock cannot count that far.
    pub fn after(now: Instant, duration: Duration) -> Deadline {
        Deadline(now.checked_add(duration))
    }

    /// The same with an optional duration: `None` is [`NEVER`](Deadline::NEVER).
    pub fn after_opt(now: Instant, duration: Option<Duration>) -> Deadline {
        Deadline(duration.and_then(|duration| now.checked_add(duration)))
    }

    /// Whichever of the two comes first.
    #[must_use]
    pub fn earlier(self, other: Deadline) -> Deadline {
        match (self.0, other.0) {
            (Some(a), Some(b)) => Deadline(Some(a.min(b))),
            (a, b) => Deadline(a.or(b)),
        }
    }

    /// Whichever comes first: this, or `timeout` from now, if there is one. Only then is the clock asked.
    pub(crate) fn within(self, timeout: Option<Duration>) -> Deadline {
        match timeout {
            Some(timeout) => Deadline::after(Instant::now(), timeout).earlier(self),
            None => self,
        }
    }

    /// The instant itself; `None` is never.
    pub fn instant(self) -> Option<Instant> {
        self.0
    }

    /// Has the deadline come?
    pub fn is_past(self, now: Instant) -> bool {
        self.0.map_or(false, |at| at <= now)
    }

    /// What is left, which is more than zero; `None` without a deadline.
    ///
    /// # Errors
    /// [`TimedOut`](io::ErrorKind::TimedOut) when nothing is left.
    pub fn remaining(self, now: Instant) -> io::Result<Option<Duration>> {
        match self.0 {
            None => Ok(None),
            Some(at) if at > now => Ok(Some(at - now)),
            Some(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// What is [`remaining`](Deadline::remaining) now. The clock is asked only if there is a deadline.
    pub(crate) fn left(self) -> io::Result<Option<Duration>> {
        match self.0 {
            Some(_) => self.remaining(Instant::now()),
            None => Ok(None),
        }
    }
}
