//! What holds for one call as a whole, however many exchanges it takes.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::conn::{Failure, SentHead, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Phase};
use crate::net::{CancelToken, Deadline, Watched};
use crate::proto::CloseReason;
use crate::proto::ResponseHead;

use super::exchange::vacate;
use super::explain::{blame, explain, not_over};
use super::listener::{observe, Listener};
use super::request::Request;
use super::timeouts::Timeouts;
use super::{Client, Lent, Place};

/// A call that is under way.
pub(super) struct Call<'a> {
    pub(super) client: &'a Client,
    pub(super) began: Instant,
    pub(super) deadline: Deadline,
    pub(super) timeouts: &'a Timeouts,
    /// Is the first request? Those after redirects are GET or the same again.
    pub(super) idempotent: bool,
    pub(super) cancel: Option<&'a CancelToken>,
    pub(super) observer: Option<&'a Arc<dyn Listener>>,
}

impl<'a> Call<'a> {
    pub(super) fn new(client: &'a Client, request: &'a Request, began: Instant) -> Call<'a> {
        Call {
            client,
            began,
            deadline: Deadline::after_opt(began, request.timeouts().total).earlier(request.until),
            timeouts: request.timeouts(),
            idempotent: request.method().is_idempotent(),
            cancel: request.cancel.as_ref(),
            observer: request.observer.as_ref(),
        }
    }

    /// The deadline of a phase that begins now: that of the call if it comes first.
    pub(super) fn until(&self, timeout: Option<Duration>) -> Deadline {
        self.deadline.within(timeout)
    }

    /// Is there still any use in beginning an exchange?
    pub(super) fn not_over(&self, now: Instant) -> Result<()> {
        not_over(self.cancel, Phase::Connect, self.deadline, now)
    }

    /// Waits until `moment`.
    ///
    /// # Errors
    /// The call is cancelled before.
    pub(super) fn rest(&self, moment: Deadline) -> Result<()> {
        match Watched::new(()).wait_for(moment, self.cancel, |_| None::<()>) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(()),
            _ => Err(Error::new(ErrorKind::Cancelled)),
        }
    }

    pub(super) fn explain(&self, phase: Phase, failure: Failure) -> Error {
        explain(self.cancel, phase, failure)
    }

    pub(super) fn blame(&self, phase: Phase, kind: ErrorKind, error: io::Error) -> Error {
        blame(self.cancel, phase, kind, error)
    }

    /// Closes a connection, and keeps its place, if that can be: else the pool is to be asked again.
    pub(super) fn vacate(&self, connection: Lent, reason: CloseReason) -> Option<Place> {
        vacate(connection, reason, self.observer)
    }

    pub(super) fn observe<'e>(&self, event: impl FnOnce() -> Event<'e>) {
        observe(self.observer, event);
    }
}

/// Passes what a connection sees on to whoever wants to know.
pub(super) struct Notify<'a> {
    pub(super) call: &'a Call<'a>,
    pub(super) connection: u64,
    pub(super) request: &'a Request,
}

impl Watch for Notify<'_> {
    fn informational(&mut self, head: &ResponseHead) {
        if let Some(tell) = &self.request.on_informational {
            tell(head.status(), head.headers());
        }
        self.call.observe(|| Event::Informational { status: head.status(), head: head.as_bytes() });
    }

    fn is_watching(&self) -> bool {
        self.call.observer.is_some()
    }

    fn sent_head(&mut self, head: SentHead<'_>) {
        if let Some(listener) = self.call.observer {
            let (connection, SentHead { length, stream, .. }) = (self.connection, head);
            let bytes = &*listener.shown(head.bytes, self.request.sensitive());
            listener.tell(&Event::RequestHead { connection, stream, bytes, length });
        }
    }

    fn sent_content(&mut self, bytes: &[u8]) {
        self.call.observe(|| Event::RequestBody { bytes });
    }

    fn sent_end(&mut self) {
        self.call.observe(|| Event::RequestEnd);
    }
}
