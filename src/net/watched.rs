//! A value under a lock that threads wait on, each inside its deadline and its cancel token.
//!
//! Whatever std cannot interrupt (a name lookup, a connect) runs on a thread of its own and leaves
//! its answer in one of these; the caller waits here, and leaves when it must.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::{cancelled, CancelToken, Deadline, Interrupt};

/// The value, and the signal that it changed.
#[derive(Debug, Default)]
pub(crate) struct Watched<T> {
    /// Guards the value; a cancel token is asked inside it, nothing else is locked.
    value: Mutex<T>,
    changed: Condvar,
}

impl<T> Watched<T> {
    pub(crate) fn new(value: T) -> Arc<Watched<T>> {
        Arc::new(Watched { value: Mutex::new(value), changed: Condvar::new() })
    }

    /// Looks at the value or changes it without waking anyone.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whoever waits, to look at the value again.
    pub(crate) fn wake(&self) {
        self.changed.notify_all();
    }

    /// Changes the value and wakes whoever waits.
    pub(crate) fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let result = change(&mut self.lock());
        self.wake();
        result
    }
}

impl<T: Send + 'static> Watched<T> {
    /// Waits until `pick` finds what it looks for.
    ///
    /// # Errors
    /// `TimedOut` at the deadline, `cancelled` when the token says so; what `pick` could take at
    /// that moment goes before both.
    pub(crate) fn wait_for<R>(
        self: &Arc<Self>,
        deadline: Deadline,
        cancel: Option<&CancelToken>,
        mut pick: impl FnMut(&mut T) -> Option<R>,
    ) -> io::Result<R> {
        let waker = || -> Arc<dyn Interrupt> { self.clone() };
        let _registration = cancel.map(|token| token.register(waker())).transpose()?;
        let mut value = self.lock();
        loop {
            if let Some(picked) = pick(&mut value) {
                return Ok(picked);
            }
            if cancel.map_or(false, CancelToken::is_cancelled) {
                return Err(cancelled());
            }
            value = self.sleep(value, deadline)?;
        }
    }

    fn sleep<'a>(
        &self,
        value: MutexGuard<'a, T>,
        deadline: Deadline,
    ) -> io::Result<MutexGuard<'a, T>> {
        let left = deadline.left()?.unwrap_or(LONGEST);
        let woken = self.changed.wait_timeout(value, left);
        Ok(woken.unwrap_or_else(PoisonError::into_inner).0)
    }
}

impl<T: Send + 'static> Interrupt for Watched<T> {
    fn interrupt(&self) {
        // The lock is taken so that nobody is between asking the token and falling asleep.
        drop(self.lock());
        self.wake();
    }
}

/// Room for so many calls at once that cannot be interrupted. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Room {
    free: Arc<Watched<usize>>,
}

/// A place in a [`Room`], given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    room: Room,
}

impl Room {
    pub(super) fn new(places: usize) -> Room {
        Room { free: Watched::new(places) }
    }

    /// Takes a place, and waits for one if need be.
    ///
    /// # Errors
    /// As for [`Watched::wait_for`].
    pub(super) fn enter(
        &self,
        deadline: Deadline,
        cancel: Option<&CancelToken>,
    ) -> io::Result<Place> {
        self.free.wait_for(deadline, cancel, take_one)?;
        Ok(Place { room: self.clone() })
    }

    /// Takes a place if one is free.
    pub(super) fn try_enter(&self) -> Option<Place> {
        take_one(&mut self.free.lock())?;
        Some(Place { room: self.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.free.update(|free| *free += 1);
    }
}

fn take_one(free: &mut usize) -> Option<()> {
    *free = free.checked_sub(1)?;
    Some(())
}

/// Who waits without a deadline looks at the value once an hour, though nothing has happened to it.
const LONGEST: Duration = Duration::from_secs(3600);

/// Starts a thread that nobody joins.
pub(crate) fn start_thread(
    name: &str,
    stack_size: usize,
    work: Box<dyn FnOnce() + Send>,
) -> io::Result<()> {
    let builder = thread::Builder::new().name(name.to_owned()).stack_size(stack_size);
    builder.spawn(work).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn ok_a_change_wakes_the_waiter() {
        let watched = Watched::new(None);
        let writer = Arc::clone(&watched);
        let thread = thread::spawn(move || writer.update(|value| *value = Some(7)));
        let found = watched.wait_for(Deadline::NEVER, None, Option::take);
        assert_eq!(found.unwrap(), 7);
        thread.join().unwrap();
    }

    #[test]
    fn err_the_deadline_ends_the_wait() {
        let watched = Watched::new(());
        let deadline = Deadline::after(Instant::now(), Duration::from_millis(20));
        let error = watched.wait_for(deadline, None, |_| None::<()>).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(deadline.is_past(Instant::now()));
    }

    #[test]
    fn ok_a_place_is_free_again_even_when_its_owner_panics() {
        let room = Room::new(1);
        let place = room.try_enter().unwrap();
        assert!(room.try_enter().is_none());
        let soon = Deadline::after(Instant::now(), Duration::from_millis(10));
        let error = room.enter(soon, None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let owner = thread::spawn(move || {
            let _place = place;
            panic!("on purpose");
        });
        room.enter(Deadline::NEVER, None).unwrap();
        assert!(owner.join().is_err());
    }

    #[test]
    fn err_cancelling_wakes_a_waiter_without_deadline() {
        let watched = Watched::new(());
        let token = CancelToken::new();
        thread::scope(|scope| {
            let waiter =
                scope.spawn(|| watched.wait_for(Deadline::NEVER, Some(&token), |_| None::<()>));
            token.cancel();
            assert_eq!(waiter.join().unwrap().unwrap_err().to_string(), "cancelled");
        });
    }
}
