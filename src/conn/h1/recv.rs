//! The way of a response in (RFC 9112 §4, §6).
//!
//! A head is read in one read with whatever of the content came along. Content then goes from the
//! socket to the caller's memory directly, where the engine allows. The end is noticed when the last
//! framed byte has been consumed, not when the caller reads once more.
//!
//! Each step of that does little, and a small response takes all of them: they are inlined, since a call
//! costs as much as they do.

use crate::net::{cancelled, Deadline, Readiness};
use crate::proto::h1::Event;
use crate::proto::ResponseHead;

use super::{Connection, Early, Failure, Progress, Watch};

impl Connection {
    /// Waits for the head of the final response.
    pub(crate) fn recv_head(
        &mut self,
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<ResponseHead, Failure> {
        loop {
            if !self.take_heads(watch)? {
                self.fill(deadline)?;
            } else if let Some(Early { head, .. }) = self.early.take() {
                self.progress = Progress::Content;
                self.version = Some(head.version());
                self.settle();
                return Ok(head);
            }
        }
    }

    /// Reads content: at least one byte, or 0 at the end of the response (or if `buffer` is empty).
    pub(crate) fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> Result<usize, Failure> {
        while self.progress == Progress::Content && !buffer.is_empty() {
            if !self.input.is_empty() {
                match self.step(buffer)? {
                    0 => {}
                    count => {
                        self.settle();
                        return Ok(count);
                    }
                }
                if self.progress == Progress::Ended {
                    break;
                }
            }
            let direct = self.engine.direct().min(buffer.len() as u64);
            if self.input.is_empty() && direct >= DIRECT_MINIMUM {
                return self.read_direct(buffer, deadline);
            }
            self.fill(deadline)?;
        }
        Ok(0)
    }

    /// Reads the rest of an unread response, if it is known to be near: what is buffered, then at most
    /// `limit` bytes before `deadline`.
    pub(crate) fn drain(&mut self, limit: u64, deadline: Deadline) {
        let mut scratch = [0; 8 << 10];
        while self.progress == Progress::Content {
            let near = self.engine.content_left().map_or(false, |left| left <= limit);
            let may_go_on = near || !self.input.is_empty();
            if !may_go_on || self.read(&mut scratch, deadline).is_err() {
                return;
            }
        }
    }

    /// Reads an unread response to its end, whatever is known of it, but no more than `limit` bytes.
    /// Says whether the end was reached.
    #[cfg(feature = "proxy")]
    pub(crate) fn drain_unknown(&mut self, limit: u64, deadline: Deadline) -> bool {
        let mut scratch = [0; 8 << 10];
        let limit = self.tally.received.saturating_add(limit);
        while self.progress == Progress::Content {
            let left = self.content_left().unwrap_or(0);
            if self.tally.received.saturating_add(left) > limit
                || self.read(&mut scratch, deadline).is_err()
            {
                return false;
            }
        }
        true
    }

    /// Takes what heads are in the input; says whether the final one is among them.
    #[inline(always)]
    pub(super) fn take_heads(&mut self, watch: &mut dyn Watch) -> Result<bool, Failure> {
        while self.early.is_none() && !self.input.is_empty() {
            match self.next_event(&mut [])? {
                Some(Event::Informational(head)) => watch.informational(&head),
                Some(Event::Head(head)) => {
                    self.early = Some(Early { head, stalled: 0, ended: false });
                }
                _ => return Ok(false),
            }
        }
        Ok(self.early.is_some())
    }

    /// Lets the engine go on in the input. Returns how much content came to `buffer`.
    #[inline(always)]
    fn step(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        loop {
            match self.next_event(buffer)? {
                Some(Event::Data(count)) => return Ok(count),
                // The end follows without another byte, and nobody may wait for one.
                Some(Event::Trailers(trailers)) => self.trailers = Some(Box::new(trailers)),
                Some(Event::End | Event::Switched) => {
                    self.progress = Progress::Ended;
                    return Ok(0);
                }
                _ => return Ok(0),
            }
        }
    }

    /// What the engine finds next in the input.
    #[inline]
    fn next_event(&mut self, buffer: &mut [u8]) -> Result<Option<Event>, Failure> {
        match self.engine.recv(self.input.unread(), buffer) {
            Ok((used, event)) => {
                self.input.consume(used);
                Ok(event)
            }
            Err(error) => Err(Failure::Protocol(error)),
        }
    }

    /// Notices the end of the response when the last framed byte has been consumed, not when the
    /// caller asks for more.
    ///
    /// A broken rule further on is not reported here, where it would cost the caller the head or the
    /// content that came before it in the same segment: the next read finds it again.
    #[inline(always)]
    fn settle(&mut self) {
        while self.progress == Progress::Content && self.engine.may_end() {
            let before = self.input.unread().len();
            let stepped = self.step(&mut []);
            let stuck = self.progress == Progress::Content && self.input.unread().len() == before;
            if stepped.is_err() || stuck {
                return;
            }
        }
    }

    fn read_direct(&mut self, buffer: &mut [u8], deadline: Deadline) -> Result<usize, Failure> {
        if !self.queued.is_empty() {
            self.send_queued(deadline)?;
        }
        // The last byte goes through the input buffer, where bytes that follow it are noticed.
        let limit = usize::try_from(self.engine.direct() - 1).unwrap_or(usize::MAX);
        let limit = limit.min(buffer.len());
        let count =
            self.transport.read(&mut buffer[..limit], deadline).map_err(Failure::Receive)?;
        if count == 0 {
            self.eof()?;
            return Ok(0);
        }
        self.tally.received += count as u64;
        self.engine.recv_direct(count as u64);
        self.settle();
        Ok(count)
    }

    /// Reads more input, once.
    #[inline(always)]
    pub(super) fn fill(&mut self, deadline: Deadline) -> Result<(), Failure> {
        if !self.queued.is_empty() {
            self.send_queued(deadline)?;
        }
        let unread = self.input.unread().len();
        let room = self.input.spare(self.read_size.saturating_sub(unread).max(LEAST_READ));
        let offered = room.len();
        let count = self.transport.read(room, deadline).map_err(Failure::Receive)?;
        if count == 0 {
            return self.eof();
        }
        if count == offered {
            self.read_size = MOST_READ.min(self.read_size * 2);
        }
        self.input.filled(count);
        self.tally.received += count as u64;
        Ok(())
    }

    /// Reads more behind a head that came early, if it is there and little is held: the content is for the
    /// caller to read, and so is the end of the stream.
    pub(super) fn read_ahead(&mut self, deadline: Deadline) -> Result<(), Failure> {
        let free = MOST_READ.saturating_sub(self.input.unread().len());
        if free == 0 {
            return Ok(());
        }
        match self.transport.readiness().map_err(Failure::Receive)? {
            Readiness::Quiet => {}
            Readiness::Closed => self.early.iter_mut().for_each(|early| early.ended = true),
            Readiness::Data => {
                let room = self.input.spare(free);
                let count = self.transport.read(room, deadline).map_err(Failure::Receive)?;
                self.input.filled(count);
                self.tally.received += count as u64;
            }
        }
        Ok(())
    }

    /// The peer has ended its stream.
    fn eof(&mut self) -> Result<(), Failure> {
        if self.cancel.as_ref().map_or(false, |(token, _)| token.is_cancelled()) {
            return Err(Failure::Receive(cancelled()));
        }
        match self.engine.recv_eof().map_err(Failure::Protocol)? {
            Event::End | Event::Switched => self.progress = Progress::Ended,
            _ => {}
        }
        Ok(())
    }
}

/// Room for content that cannot go to the caller directly, since framing stands in it. With what else
/// a connection holds it stays within 64 KiB.
const MOST_READ: usize = 56 << 10;

/// No system call for less room than this, however full the buffer is.
const LEAST_READ: usize = 1 << 10;

/// From here on a read into the caller's memory saves more by not copying than it costs by being a
/// read of its own.
const DIRECT_MINIMUM: u64 = 16 << 10;
