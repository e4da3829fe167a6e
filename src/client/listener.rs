//! Who is told what happens.

use std::borrow::Cow;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crate::event::{Event, Observer};
use crate::http::redact;

/// An observer, and what is done for its sake alone. Of this there is one kind; it is a trait so that a
/// program that has no observer does not carry that.
pub(crate) trait Listener: Send + Sync {
    fn tell(&self, event: &Event<'_>);

    /// A head that was sent, as others may see it: without the values of the fields in `secret`.
    fn shown<'a>(&self, head: &'a [u8], secret: &[String]) -> Cow<'a, [u8]>;
}

impl Listener for Arc<dyn Observer> {
    fn tell(&self, event: &Event<'_>) {
        let tell = || self.event(Instant::now(), event);
        match thread::panicking() {
            // An observer that has panicked is told what is closed meanwhile, and must not do so again:
            // that would abort the process.
            true => drop(panic::catch_unwind(AssertUnwindSafe(tell))),
            false => tell(),
        }
    }

    fn shown<'a>(&self, head: &'a [u8], secret: &[String]) -> Cow<'a, [u8]> {
        redact::head(head, secret)
    }
}

/// Tells the listener, if there is one. The event is not made otherwise.
pub(super) fn observe<'e>(listener: Option<&Arc<dyn Listener>>, event: impl FnOnce() -> Event<'e>) {
    if let Some(listener) = listener {
        listener.tell(&event());
    }
}
