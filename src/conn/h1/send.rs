//! The way of a request out (RFC 9112 §3, §6).
//!
//! Head and content leave in one write if the content is small. While a long request is sent, the
//! connection looks now and then whether the response is there already (RFC 9112 §9.5), so that a
//! refusal ends the upload; a peer that refuses may also stop reading, so no write waits long
//! without a look. A response that has begun and refuses nothing may need the rest of the request for
//! its own: it waits for that.

use std::io;
use std::time::{Duration, Instant};

use crate::net::{Deadline, Readiness};
use crate::proto::h1::{DataFrame, PreparedHead, SizeLine};
use crate::proto::ResponseHead;

use super::super::exchange::SentHead;
use super::{Allowed, Connection, Content, Failure, Trailers, Watch};

impl Connection {
    /// Sends a request whole, or as much of it as the peer wants before it answers.
    pub(crate) fn send(
        &mut self,
        head: &PreparedHead<'_>,
        content: Content<'_>,
        trailers: Trailers<'_>,
        allowed: Allowed,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let deadline = allowed.until;
        self.engine.send_prepared(head, &mut self.output).map_err(Failure::Protocol)?;
        watch.sent_head(SentHead::plain(&self.output));
        if self.engine.expects_continue() {
            self.flush_whole(deadline, watch)?;
            if !self.await_continue(allowed, watch)? || self.is_refused() {
                return Ok(());
            }
        }
        let sent = match content {
            Content::Bytes([]) => self.finish(trailers, deadline, watch, &[]),
            Content::Bytes(bytes) => self.send_bytes(bytes, trailers, deadline, watch),
            Content::Reader(reader) => self.send_reader(reader, trailers, deadline, watch),
        };
        match sent {
            Err(Failure::Send(error)) => self.answered_instead(error, deadline, watch),
            sent => sent,
        }
    }

    /// Content that is in memory: with the head in one write if it is small.
    fn send_bytes(
        &mut self,
        bytes: &[u8],
        trailers: Trailers<'_>,
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let frame = self.engine.send_data(bytes.len() as u64).map_err(Failure::Protocol)?;
        self.output.extend_from_slice(frame.before.as_bytes());
        let (first, rest) = bytes.split_at(bytes.len().min(WITH_HEAD));
        self.output.extend_from_slice(first);
        let mut unsaid = first;
        if !rest.is_empty() {
            self.flush_answerable(deadline, watch)?;
            for piece in rest.chunks(WRITE_PIECE) {
                if self.is_refused() {
                    return Ok(());
                }
                watch.sent_content(unsaid);
                if !self.write_answerable(piece, deadline, watch)? {
                    return Ok(());
                }
                unsaid = piece;
            }
        }
        self.output.extend_from_slice(frame.after);
        self.finish(trailers, deadline, watch, unsaid)
    }

    /// Ends the request, and says so; of its content, `unsaid` was not reported.
    #[inline(always)]
    fn finish(
        &mut self,
        trailers: Trailers<'_>,
        deadline: Deadline,
        watch: &mut dyn Watch,
        unsaid: &[u8],
    ) -> Result<(), Failure> {
        match trailers {
            Some(fields) => {
                let fields = fields().map_err(Failure::Content)?;
                self.engine.send_trailers(&fields, &mut self.output).map_err(Failure::Protocol)?;
            }
            None => {
                let last = self.engine.send_end().map_err(Failure::Protocol)?;
                self.output.extend_from_slice(last);
            }
        }
        if !self.flush_whole(deadline, watch)? {
            return Ok(());
        }
        if !unsaid.is_empty() {
            watch.sent_content(unsaid);
        }
        watch.sent_end();
        Ok(())
    }

    /// Content that is read piece by piece: each is framed where it was read to, and sent in one
    /// write; the first goes with the head.
    fn send_reader(
        &mut self,
        reader: &mut dyn FnMut(&mut [u8]) -> io::Result<usize>,
        trailers: Trailers<'_>,
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let mut piece = vec![0; SizeLine::MAX + UPLOAD_PIECE + CRLF];
        while !self.is_refused() {
            // What goes with the head is copied behind it.
            let room = if self.output.is_empty() { UPLOAD_PIECE } else { WITH_HEAD };
            let count = match reader(&mut piece[SizeLine::MAX..][..room]) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.idle(deadline, watch)?;
                    continue;
                }
                Err(error) => return Err(Failure::Content(error)),
            };
            if count == 0 {
                return self.finish(trailers, deadline, watch, &[]);
            }
            let frame = self.engine.send_data(count as u64).map_err(Failure::Protocol)?;
            let framed = frame_in_place(&mut piece, count, &frame);
            let sent = if self.output.is_empty() {
                self.write_answerable(framed, deadline, watch)?
            } else {
                self.output.extend_from_slice(framed);
                self.flush_answerable(deadline, watch)?
            };
            if sent {
                watch.sent_content(&piece[SizeLine::MAX..][..count]);
            }
        }
        Ok(())
    }

    /// The reader has nothing yet: what waits for it is sent, and the peer and the time are looked at.
    fn idle(&mut self, deadline: Deadline, watch: &mut dyn Watch) -> Result<(), Failure> {
        self.flush_answerable(deadline, watch)?;
        deadline.left().map_err(Failure::Send)?;
        match self.is_refused() {
            true => Ok(()),
            false => self.glance(deadline, watch).map(drop),
        }
    }

    /// Writes out what is in the output buffer; says whether all of it. If that is, with what went before
    /// it, so much that the peer must read meanwhile, which it may refuse to, stops at an answer.
    #[inline]
    fn flush_whole(&mut self, deadline: Deadline, watch: &mut dyn Watch) -> Result<bool, Failure> {
        match self.tally.sent + self.output.len() as u64 > SURELY_TAKEN {
            true => self.flush_answerable(deadline, watch),
            false => self.flush(deadline).map(|()| true),
        }
    }

    /// Writes out what is in the output buffer.
    fn flush(&mut self, deadline: Deadline) -> Result<(), Failure> {
        let mut written = 0;
        while written < self.output.len() {
            let count =
                self.transport.write(&self.output[written..], deadline).map_err(Failure::Send)?;
            if count == 0 {
                return Err(Failure::Send(io::ErrorKind::WriteZero.into()));
            }
            written += count;
            self.tally.sent += count as u64;
        }
        self.output.clear();
        Ok(())
    }

    fn flush_answerable(
        &mut self,
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<bool, Failure> {
        let output = std::mem::take(&mut self.output);
        let result = self.write_answerable(&output, deadline, watch);
        self.output = output;
        self.output.clear();
        result
    }

    /// Writes `bytes`, but stops when an answer refuses them; says whether all were written. A
    /// peer that refuses may stop reading, so a write that waits is interrupted now and then to look.
    fn write_answerable(
        &mut self,
        bytes: &[u8],
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<bool, Failure> {
        let mut written = 0;
        while written < bytes.len() {
            let glance = self.next_glance();
            match self.transport.write(&bytes[written..], deadline.earlier(glance)) {
                Ok(0) => return Err(Failure::Send(io::ErrorKind::WriteZero.into())),
                Ok(count) => {
                    written += count;
                    self.tally.sent += count as u64;
                    self.early.iter_mut().for_each(|early| early.stalled = 0);
                    if written == bytes.len() && !glance.is_past(Instant::now()) {
                        return Ok(true);
                    }
                }
                Err(error) if is_timeout(&error) && !deadline.is_past(Instant::now()) => {
                    self.early.iter_mut().for_each(|early| early.stalled += 1);
                }
                Err(error) => return Err(Failure::Send(error)),
            }
            if self.glance(deadline, watch)? {
                break;
            }
        }
        self.stopped = written < bytes.len();
        Ok(!self.stopped)
    }

    /// When to look next. The first time is a while after the first write; how long the caller's
    /// reader takes counts too.
    fn next_glance(&mut self) -> Deadline {
        if self.glance == Deadline::NEVER {
            self.glance = Deadline::after(Instant::now(), GLANCE);
        }
        self.glance
    }

    /// Looks whether an answer refuses the rest of the request, without waiting. A peer that has ended its
    /// stream without one never answers, so that there is no use in going on.
    fn glance(&mut self, deadline: Deadline, watch: &mut dyn Watch) -> Result<bool, Failure> {
        self.glance = Deadline::after(Instant::now(), GLANCE);
        if self.early.is_some() {
            self.read_ahead(deadline)?;
        } else if self.transport.readiness().map_err(Failure::Send)? != Readiness::Quiet {
            self.fill(deadline)?;
            self.take_heads(watch)?;
        }
        self.note_end();
        Ok(self.is_refused())
    }

    /// Looks through what there is of an early answer, once for each read.
    fn note_end(&mut self) {
        if let Some(early) = &mut self.early {
            early.ended |= self.engine.ends_within(self.input.unread());
        }
    }

    /// Is there no use in sending more? An answer wants nothing more if it says so, or has come to its
    /// end; or if the peer, having begun it, has stopped reading.
    fn is_refused(&self) -> bool {
        self.early.as_ref().map_or(false, |early| {
            early.head.status().as_u16() >= 300 || early.ended || early.stalled >= STALLED
        })
    }

    /// RFC 9110 §10.1.1: waits for 100 Continue, but not for ever. False if a final response came in its
    /// place.
    fn await_continue(&mut self, allowed: Allowed, watch: &mut dyn Watch) -> Result<bool, Failure> {
        let deadline = allowed.until;
        let patience = deadline.within(Some(allowed.for_continue));
        let mut seen = Seen { continued: false, watch };
        while !seen.continued && self.early.is_none() {
            match self.fill(patience) {
                Ok(()) => {}
                Err(Failure::Receive(error))
                    if is_timeout(&error) && !deadline.is_past(Instant::now()) =>
                {
                    break
                }
                Err(failure) => return Err(failure),
            }
            self.take_heads(&mut seen)?;
        }
        let goes_on = seen.continued || self.early.is_none();
        self.note_end();
        Ok(goes_on)
    }

    /// The request could not be sent to its end. A peer that refuses it may have answered and closed
    /// (RFC 9112 §9.5); then the answer is worth more than the error.
    fn answered_instead(
        &mut self,
        error: io::Error,
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        // A reset that a write was told of is told only once: to who reads on it would look like the end.
        if self.early.is_some() && self.engine.ends_with_stream() {
            return Err(Failure::Send(error));
        }
        while self.early.is_none() && !is_timeout(&error) {
            let answered = self.take_heads(watch).and_then(|taken| match taken {
                true => Ok(()),
                false => self.fill(deadline),
            });
            if answered.is_err() {
                return Err(Failure::Send(error));
            }
        }
        match self.early {
            Some(_) => Ok(()),
            None => Err(Failure::Send(error)),
        }
    }
}

/// Puts the framing around the `count` bytes that stand in `piece` after room for a size line.
fn frame_in_place<'a>(piece: &'a mut [u8], count: usize, frame: &DataFrame) -> &'a [u8] {
    let before = frame.before.as_bytes();
    let start = SizeLine::MAX - before.len();
    let end = SizeLine::MAX + count;
    piece[start..SizeLine::MAX].copy_from_slice(before);
    piece[end..end + frame.after.len()].copy_from_slice(frame.after);
    &piece[start..end + frame.after.len()]
}

/// Passes everything on and remembers whether 100 Continue was among it.
struct Seen<'a> {
    continued: bool,
    watch: &'a mut dyn Watch,
}

impl Watch for Seen<'_> {
    fn informational(&mut self, head: &ResponseHead) {
        self.continued |= head.status().as_u16() == 100;
        self.watch.informational(head);
    }

    fn is_watching(&self) -> bool {
        self.watch.is_watching()
    }

    fn sent_head(&mut self, head: SentHead<'_>) {
        self.watch.sent_head(head);
    }

    fn sent_content(&mut self, bytes: &[u8]) {
        self.watch.sent_content(bytes);
    }

    fn sent_end(&mut self) {
        self.watch.sent_end();
    }
}

pub(super) fn is_timeout(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none()
}

/// Content up to this length is copied behind the head, to leave in the same segment.
const WITH_HEAD: usize = 16 << 10;

/// Up to this length the buffers of the two systems take a request, even if the peer never reads.
const SURELY_TAKEN: u64 = 64 << 10;

/// One write of content in memory: large enough to be rare, small enough to look up in between.
const WRITE_PIECE: usize = 256 << 10;

/// One read, and one write, of content from a reader.
const UPLOAD_PIECE: usize = 56 << 10;

const CRLF: usize = 2;

/// How long a write may wait before it is interrupted to see whether the peer has answered.
pub(super) const GLANCE: Duration = Duration::from_millis(250);

/// After so many looks at a peer that has begun to answer and reads nothing, five seconds, the request is
/// given up for what there is of the answer. It may want to be read itself before it reads on.
const STALLED: u8 = 20;
