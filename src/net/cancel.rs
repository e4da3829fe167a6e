//! Cancelling from another thread: a token that wakes whatever the exchange is blocked in.
//!
//! A blocked system call cannot be told to stop, but the socket under it can be shut down, and a
//! wait on a condition variable can be notified. Each wait registers how it is to be woken for as
//! long as it lasts; after [`CancelToken::cancel`] every new wait is refused.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Ends the exchanges it was given to, from any thread.
///
/// Clones are one token. A blocked name lookup, connect, read or write returns soon after
/// [`cancel`](CancelToken::cancel), and the call reports [`ErrorKind::Cancelled`]; never a short
/// read that looks like an end. Dropping a token cancels nothing.
///
/// ```
/// use pannier::net::Script;
/// use pannier::{CancelToken, Client, ErrorKind};
///
/// let silent = Script::new().expect_until("\r\n\r\n").stall();
/// let client = Client::builder().connector(silent.repeated()).build();
///
/// let token = CancelToken::new();
/// let request = client.get("http://example.com/").cancel(token.clone());
/// let call = std::thread::spawn(move || request.send());
/// token.cancel();
/// let error = call.join().unwrap().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Cancelled);
/// ```
///
/// [`ErrorKind::Cancelled`]: crate::ErrorKind::Cancelled
#[derive(Clone, Default)]
pub struct CancelToken(Arc<Mutex<State>>);

/// Guards the flag and the wakers; nothing else is locked inside it.
#[derive(Default)]
struct State {
    cancelled: bool,
    next: u64,
    /// One for each call that blocks at this moment, with the number of its registration.
    waits: Vec<(u64, Arc<dyn Interrupt>)>,
    /// What this token hangs on.
    parents: Vec<Registration>,
}

/// Something blocked that can be woken from another thread.
pub trait Interrupt: Send + Sync {
    /// Wakes it. Called at most once for each registration, without any lock held.
    fn interrupt(&self);
}

impl CancelToken {
    /// A token that has not been cancelled.
    pub fn new() -> CancelToken {
        CancelToken::default()
    }

    /// A token that is cancelled when any of these is, or on its own.
    pub fn child_of<'a>(parents: impl IntoIterator<Item = &'a CancelToken>) -> CancelToken {
        let child = CancelToken::new();
        for parent in parents {
            match parent.register(Arc::new(Link(Arc::downgrade(&child.0)))) {
                Ok(registration) => child.lock().parents.push(registration),
                Err(_) => child.cancel(),
            }
        }
        child
    }

    /// Ends every exchange that holds this token, now and later. Idempotent.
    pub fn cancel(&self) {
        let waits = {
            let mut state = self.lock();
            state.cancelled = true;
            std::mem::take(&mut state.waits)
        };
        waits.iter().for_each(|(_, wait)| wait.interrupt());
    }

    /// Has [`cancel`](CancelToken::cancel) been called?
    pub fn is_cancelled(&self) -> bool {
        self.lock().cancelled
    }

    /// Has `wait` interrupted on cancel, until the guard is dropped.
    ///
    /// # Errors
    /// The token is cancelled already; nothing was registered.
    pub fn register(&self, wait: Arc<dyn Interrupt>) -> io::Result<Registration> {
        let mut state = self.lock();
        if state.cancelled {
            return Err(cancelled());
        }
        let id = state.next;
        state.next += 1;
        state.waits.push((id, wait));
        Ok(Registration { token: self.clone(), id })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CancelToken(cancelled: {})", self.is_cancelled())
    }
}

/// Passes a cancel on to a token, if anyone has that still.
struct Link(Weak<Mutex<State>>);

impl Interrupt for Link {
    fn interrupt(&self) {
        if let Some(state) = self.0.upgrade() {
            CancelToken(state).cancel();
        }
    }
}

/// A wait that a [`CancelToken`] knows of; dropping it makes the token forget.
#[derive(Debug)]
pub struct Registration {
    token: CancelToken,
    id: u64,
}

impl Drop for Registration {
    fn drop(&mut self) {
        let wait = {
            let mut state = self.token.lock();
            let place = state.waits.iter().position(|(id, _)| *id == self.id);
            place.map(|place| state.waits.swap_remove(place))
        };
        // Outside the lock: an `Interrupt` may be the last owner of a socket.
        drop(wait);
    }
}

/// The error that a cancelled wait reports below the client. The kind is `Other`, since
/// `Interrupted` is what std's own loops retry for ever; the client asks the token.
pub(crate) fn cancelled() -> io::Error {
    io::Error::new(io::ErrorKind::Other, "cancelled")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_a_child_is_cancelled_with_any_parent_and_forgotten_when_it_is_dropped() {
        for index in 0..2 {
            let parents = [CancelToken::new(), CancelToken::new()];
            let child = CancelToken::child_of(&parents);
            assert!(!child.is_cancelled());
            parents[index].cancel();
            assert!(child.is_cancelled() && !parents[1 - index].is_cancelled());
            assert!(CancelToken::child_of([&parents[index]]).is_cancelled());
            drop(child);
            assert!(parents.iter().all(|parent| parent.lock().waits.is_empty()));
        }
    }
}
