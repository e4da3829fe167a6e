//! One connection of HTTP/1: the engine of `proto::h1` over a transport, blocking, with deadlines.
//!
//! Here is what a connection is, how an exchange on it begins, and what becomes of it afterwards; the
//! way out is in `send`, the way in is in `recv`, and `pipeline` has several exchanges at once.
//! Redirects, retries and the pool are no matter of a connection.

mod pipeline;
mod recv;
mod send;

use crate::http::{Headers, Version};
use crate::net::{CancelToken, Deadline, Readiness, Registration, Transport};
use crate::proto::buffer::Buffer;
use crate::proto::h1::{self, KeepAlive, Leniency};
use crate::proto::{CloseReason, Limits, ResponseHead};

use self::pipeline::Queued;
use super::exchange::{Allowed, Content, Facts, Failure, Tally, Trailers, Watch};

/// A connection that speaks HTTP/1. One response is read at a time.
#[derive(Debug)]
pub(crate) struct Connection {
    transport: Box<dyn Transport>,
    engine: h1::Connection,
    input: Buffer,
    /// How much room a read is given: twice as much when it was filled, up to what `recv` bounds it by.
    read_size: usize,
    output: Vec<u8>,
    /// Pipelined requests that were not sent yet.
    queued: Queued,
    /// A final head that came while the request was being sent.
    early: Option<Early>,
    /// Boxed, since there are hardly ever any.
    trailers: Option<Box<Headers>>,
    progress: Progress,
    /// When to look next whether the response to an upload has come; never, while there is none.
    glance: Deadline,
    /// The request was not written to its end, since the answer came before.
    stopped: bool,
    /// What can cancel the present exchange, and how it knows of this connection.
    cancel: Option<(CancelToken, Option<Registration>)>,
    /// In which version the peer answered last.
    version: Option<Version>,
    pub(crate) facts: Facts,
    pub(crate) tally: Tally,
}

/// An answer that has begun before the request was sent to its end.
#[derive(Debug)]
struct Early {
    head: ResponseHead,
    /// For how many looks in a row the peer has taken nothing of the request.
    stalled: u8,
    /// All of it is there, or the peer has ended its stream.
    ended: bool,
}

/// How far the response of the present exchange has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Head,
    Content,
    Ended,
}

impl Connection {
    pub(crate) fn new(
        transport: Box<dyn Transport>,
        limits: Limits,
        leniency: Leniency,
        facts: Facts,
    ) -> Connection {
        Connection {
            facts,
            tally: Tally::default(),
            transport,
            engine: h1::Connection::new(limits, leniency),
            input: Buffer::new(),
            read_size: LIKELY_READ,
            output: Vec::new(),
            queued: Queued::default(),
            version: None,
            early: None,
            trailers: None,
            progress: Progress::Ended,
            glance: Deadline::NEVER,
            stopped: false,
            cancel: None,
        }
    }

    /// Begins an exchange: what was counted in the one before is forgotten.
    pub(crate) fn begin(&mut self) {
        self.output.clear();
        self.early = None;
        self.trailers = None;
        self.progress = Progress::Head;
        self.glance = Deadline::NEVER;
        self.stopped = false;
        self.tally.begin();
    }

    /// Has the token shut this connection down if it is cancelled before the exchange has ended.
    pub(crate) fn cancel_by(&mut self, token: &CancelToken) -> Result<(), Failure> {
        let handle = self.transport.interrupt_handle();
        let registration = handle.map(|handle| token.register(handle)).transpose();
        self.cancel = Some((token.clone(), registration.map_err(Failure::Send)?));
        Ok(())
    }

    /// Frees the connection from its token. It is of no use if that was cancelled meanwhile.
    pub(crate) fn forget_token(&mut self) -> Result<(), CloseReason> {
        let (token, registration) = match self.cancel.take() {
            Some(cancel) => cancel,
            None => return Ok(()),
        };
        // First the registration: a token that is not cancelled after that cannot reach the
        // connection any more.
        drop(registration);
        match token.is_cancelled() {
            true => Err(CloseReason::Fault),
            false => Ok(()),
        }
    }

    /// What was read and not understood yet. After a broken rule it begins with the head or the
    /// piece of framing that breaks it.
    pub(crate) fn unread(&self) -> &[u8] {
        self.input.unread()
    }

    /// How much content is left, if its length is known.
    pub(crate) fn content_left(&self) -> Option<u64> {
        self.engine.content_left()
    }

    /// Has the content of the response a coding?
    pub(crate) fn is_coded(&self) -> bool {
        self.engine.is_coded()
    }

    /// Has the response come to its end?
    pub(crate) fn is_complete(&self) -> bool {
        self.progress == Progress::Ended
    }

    /// Has HTTP ended on it, and can another protocol begin? Not amid a request.
    pub(crate) fn is_switched(&self) -> bool {
        self.engine.persistence() == Err(CloseReason::Upgraded)
            && !self.stopped
            && self.queued.is_empty()
    }

    /// May the connection be used again? Only asked when nothing is in flight any more.
    pub(crate) fn persistence(&self) -> Result<KeepAlive, CloseReason> {
        self.engine.persistence()?;
        if self.stopped {
            return Err(CloseReason::UnfinishedRequest);
        }
        let hints = self.engine.keep_alive();
        match hints.max {
            Some(0) => Err(CloseReason::ExchangesExhausted),
            _ => Ok(hints),
        }
    }

    /// Is the connection quiet, as an idle one should be?
    pub(crate) fn is_quiet(&mut self) -> bool {
        matches!(self.transport.readiness(), Ok(Readiness::Quiet))
    }

    /// Gives up memory that only a large exchange needs.
    pub(crate) fn rest(&mut self) {
        self.input.shrink(IDLE_BUFFER);
        self.read_size = LIKELY_READ;
        if self.output.capacity() > IDLE_BUFFER {
            self.output = Vec::new();
        }
    }

    pub(crate) fn take_trailers(&mut self) -> Option<Box<Headers>> {
        self.trailers.take()
    }

    /// The transport, the bytes that were read from it but belong to whatever comes now, and what can
    /// still cancel it.
    pub(crate) fn into_parts(self) -> (Box<dyn Transport>, Buffer, Option<Registration>) {
        (self.transport, self.input, self.cancel.and_then(|(_, registration)| registration))
    }
}

/// Room for nearly any head, with the beginning of its content.
const LIKELY_READ: usize = 8 << 10;

/// What an idle connection may hold on to.
const IDLE_BUFFER: usize = 16 << 10;
