//! Several requests in flight on one connection (RFC 9112 §9.3.2).
//!
//! Requests are collected and leave in one write when the next read would wait: so as many go out
//! together as there is room for, without anybody counting. The responses come in order and are read
//! like any other, one after the other.
//!
//! A peer may stop reading requests until its responses are read. Therefore no write waits long
//! while there is something to read: what is not sent then is sent at one of the next reads, and
//! nothing is buffered for it.

use std::io;
use std::time::Instant;

use crate::http::Version;
use crate::net::{Deadline, Readiness};
use crate::proto::h1::PreparedHead;
use crate::proto::CloseReason;

use super::super::exchange::SentHead;
use super::send::{is_timeout, GLANCE};
use super::{Connection, Failure, Watch};

/// Requests on their way out.
#[derive(Debug, Default)]
pub(super) struct Queued {
    bytes: Vec<u8>,
    /// How many of them were sent.
    sent: usize,
    /// The peer did not take all that it was given the last time.
    stalled: bool,
}

impl Queued {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.sent = 0;
        self.stalled = false;
    }
}

impl Connection {
    /// Puts a request behind those in flight. Returns how long it is on the wire.
    pub(crate) fn enqueue(
        &mut self,
        head: &PreparedHead<'_>,
        content: &[u8],
        watch: &mut dyn Watch,
    ) -> Result<u64, Failure> {
        let bytes = &mut self.queued.bytes;
        let start = bytes.len();
        self.engine.send_prepared(head, bytes).map_err(Failure::Protocol)?;
        watch.sent_head(SentHead::plain(&bytes[start..]));
        let frame = self.engine.send_data(content.len() as u64).map_err(Failure::Protocol)?;
        for part in [frame.before.as_bytes(), content, frame.after] {
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(self.engine.send_end().map_err(Failure::Protocol)?);
        if !content.is_empty() {
            watch.sent_content(content);
        }
        watch.sent_end();
        Ok((bytes.len() - start) as u64)
    }

    /// Turns to the response to the oldest request in flight, of which this many bytes were sent.
    pub(crate) fn begin_response(&mut self, sent: u64) {
        self.begin();
        self.tally.sent = sent;
        self.tally.received = self.input.unread().len() as u64;
    }

    /// Has the peer shown that it keeps connections, and in a version that has pipelining?
    pub(crate) fn may_be_pipelined(&self) -> bool {
        self.version == Some(Version::Http11) && self.close_reason().is_none()
    }

    /// Why the connection ends after what is under way, if that is known already.
    pub(crate) fn close_reason(&self) -> Option<CloseReason> {
        self.engine.close_reason()
    }

    /// Sends what is queued; but when the peer takes no more and there is something to read, that
    /// goes first.
    pub(super) fn send_queued(&mut self, deadline: Deadline) -> Result<(), Failure> {
        while !self.queued.is_empty() {
            if self.queued.stalled && self.has_input() {
                return Ok(());
            }
            let unsent = &self.queued.bytes[self.queued.sent..];
            let glance = deadline.earlier(Deadline::after(Instant::now(), GLANCE));
            match self.transport.write(unsent, glance) {
                Ok(0) => return Err(Failure::Send(io::ErrorKind::WriteZero.into())),
                Ok(count) if count == unsent.len() => self.queued.clear(),
                Ok(count) => {
                    self.queued.sent += count;
                    self.queued.stalled = true;
                }
                Err(error) if is_timeout(&error) => {
                    if deadline.is_past(Instant::now()) {
                        return Err(Failure::Send(error));
                    }
                    self.queued.stalled = true;
                }
                // What the peer sent before it went is still to be read; then comes its end.
                Err(_) => self.queued.clear(),
            }
        }
        Ok(())
    }

    /// Is there something to read, be it an error?
    fn has_input(&mut self) -> bool {
        !matches!(self.transport.readiness(), Ok(Readiness::Quiet))
    }
}
