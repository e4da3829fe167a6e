//! One connection of HTTP/1: the engine of `proto::h1` over a transport, blocking, with deadlines.
//!
//! A request leaves in one write if its content is small; a response head is read in one read with
//! whatever of the content came along. Content then goes from the socket to the caller's memory
//! directly where the engine allows. While a long request is sent, the connection looks now and
//! then whether the response is there already (RFC 9112 §9.5), so that a refusal ends the upload.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::http::Headers;
use crate::net::{cancelled, CancelToken, Deadline, Readiness, Registration, Transport};
use crate::proto::buffer::Buffer;
use crate::proto::h1::{
    self, DataFrame, Event, KeepAlive, Leniency, RequestHead, ResponseHead, SizeLine,
};
use crate::proto::{CloseReason, Limits};

/// A connection that speaks HTTP/1, with one exchange on it at a time.
#[derive(Debug)]
pub(crate) struct Connection {
    transport: Box<dyn Transport>,
    engine: h1::Connection,
    input: Buffer,
    /// How much room a read is given: twice as much when it was filled, up to [`MOST_READ`].
    read_size: usize,
    output: Vec<u8>,
    /// A final head that came while the request was being sent.
    early: Option<ResponseHead>,
    trailers: Option<Headers>,
    progress: Progress,
    /// What can cancel the present exchange, and how it knows of this connection.
    cancel: Option<(CancelToken, Option<Registration>)>,
    pub(crate) id: u64,
    pub(crate) born: Instant,
    pub(crate) exchanges: u64,
    pub(crate) local: Option<SocketAddr>,
    pub(crate) remote: Option<SocketAddr>,
    /// What crossed the wire in the present exchange.
    pub(crate) sent: u64,
    pub(crate) received: u64,
}

/// How far the response of the present exchange has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Head,
    Content,
    Ended,
}

/// The content of a request.
pub(crate) enum Content<'a> {
    Bytes(&'a [u8]),
    Reader(&'a mut dyn FnMut(&mut [u8]) -> io::Result<usize>),
}

/// Why an exchange failed on its connection.
#[derive(Debug)]
pub(crate) enum Failure {
    Send(io::Error),
    Receive(io::Error),
    Protocol(h1::Error),
    /// The caller's content could not be read.
    Content(io::Error),
}

/// What the driver of a connection wants to know while an exchange is under way.
pub(crate) trait Watch {
    fn informational(&mut self, head: &ResponseHead);
    fn sent_head(&mut self, bytes: &[u8]);
    fn sent_content(&mut self, bytes: u64);
    /// The request was sent to its end.
    fn sent_end(&mut self);
}

impl Connection {
    pub(crate) fn new(
        transport: Box<dyn Transport>,
        limits: Limits,
        leniency: Leniency,
        id: u64,
        now: Instant,
    ) -> Connection {
        Connection {
            local: transport.local_addr(),
            remote: transport.peer_addr(),
            transport,
            engine: h1::Connection::new(limits, leniency),
            input: Buffer::new(),
            read_size: LIKELY_READ,
            output: Vec::new(),
            early: None,
            trailers: None,
            progress: Progress::Ended,
            cancel: None,
            id,
            born: now,
            exchanges: 0,
            sent: 0,
            received: 0,
        }
    }

    /// Begins an exchange: what was counted in the one before is forgotten.
    pub(crate) fn begin(&mut self) {
        self.output.clear();
        self.early = None;
        self.trailers = None;
        self.progress = Progress::Head;
        self.exchanges += 1;
        self.sent = 0;
        self.received = 0;
    }

    /// Sends a request whole, or as much of it as the peer wants before it answers.
    pub(crate) fn send(
        &mut self,
        head: &RequestHead<'_>,
        content: Content<'_>,
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        self.engine.send_head(head, &mut self.output).map_err(Failure::Protocol)?;
        watch.sent_head(&self.output);
        if self.engine.expects_continue() {
            self.flush(deadline)?;
            self.await_continue(deadline, watch)?;
            if self.early.is_some() {
                return Ok(());
            }
        }
        let sent = match content {
            Content::Bytes(bytes) => self.send_bytes(bytes, deadline, watch),
            Content::Reader(reader) => self.send_reader(reader, deadline, watch),
        };
        match sent {
            Err(Failure::Send(error)) => self.answered_instead(error, deadline, watch),
            sent => sent,
        }
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

    /// Waits for the head of the final response.
    pub(crate) fn recv_head(
        &mut self,
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<ResponseHead, Failure> {
        loop {
            if let Some(head) = self.early.take() {
                self.progress = Progress::Content;
                self.settle();
                return Ok(head);
            }
            if !self.take_heads(watch)? {
                self.fill(deadline)?;
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
            if self.input.is_empty() && self.engine.direct() >= DIRECT_MINIMUM {
                return self.read_direct(buffer, deadline);
            }
            self.fill(deadline)?;
        }
        Ok(0)
    }

    /// How much content is left, if its length is known.
    pub(crate) fn content_left(&self) -> Option<u64> {
        self.engine.content_left()
    }

    /// Has the response come to its end?
    pub(crate) fn is_complete(&self) -> bool {
        self.progress == Progress::Ended
    }

    /// May the connection be used again? Only asked when nothing is in flight any more.
    pub(crate) fn persistence(&self) -> Result<KeepAlive, CloseReason> {
        self.engine.persistence()?;
        let hints = self.engine.keep_alive();
        match hints.max {
            Some(0) => Err(CloseReason::ExchangesExhausted),
            _ => Ok(hints),
        }
    }

    /// Reads the rest of an unread response, if it is known to be near: what is buffered, then at most
    /// `limit` bytes before `deadline`. Says whether the end was reached.
    pub(crate) fn drain(&mut self, limit: u64, deadline: Deadline) -> bool {
        let mut scratch = [0; 8 << 10];
        while self.progress == Progress::Content {
            if self.input.is_empty() && self.engine.content_left().map_or(true, |left| left > limit)
            {
                return false;
            }
            if self.read(&mut scratch, deadline).is_err() {
                return false;
            }
        }
        true
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

    pub(crate) fn take_trailers(&mut self) -> Option<Headers> {
        self.trailers.take()
    }

    /// The transport, and the bytes that were read from it but belong to whatever comes now.
    pub(crate) fn into_parts(self) -> (Box<dyn Transport>, Buffer) {
        (self.transport, self.input)
    }

    /// Content that is in memory: with the head in one write if it is small.
    fn send_bytes(
        &mut self,
        bytes: &[u8],
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let frame = self.engine.send_data(bytes.len() as u64).map_err(Failure::Protocol)?;
        self.output.extend_from_slice(frame.before.as_bytes());
        let (first, rest) = bytes.split_at(bytes.len().min(WITH_HEAD));
        self.output.extend_from_slice(first);
        let mut unsaid = first.len();
        if !rest.is_empty() {
            self.flush_answerable(deadline, watch)?;
            for piece in rest.chunks(WRITE_PIECE) {
                if self.early.is_some() {
                    return Ok(());
                }
                watch.sent_content(unsaid as u64);
                self.write_answerable(piece, deadline, watch)?;
                unsaid = piece.len();
            }
        }
        if self.early.is_some() {
            return Ok(());
        }
        self.output.extend_from_slice(frame.after);
        self.finish(deadline, watch, unsaid)
    }

    /// Ends the request, and says so; of its content `unsaid` bytes were not reported.
    fn finish(
        &mut self,
        deadline: Deadline,
        watch: &mut dyn Watch,
        unsaid: usize,
    ) -> Result<(), Failure> {
        let last = self.engine.send_end().map_err(Failure::Protocol)?;
        self.output.extend_from_slice(last);
        self.flush(deadline)?;
        if unsaid > 0 {
            watch.sent_content(unsaid as u64);
        }
        watch.sent_end();
        Ok(())
    }

    /// Content that is read piece by piece: each is framed where it was read to, and sent in one
    /// write; the first goes with the head.
    fn send_reader(
        &mut self,
        reader: &mut dyn FnMut(&mut [u8]) -> io::Result<usize>,
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let mut piece = vec![0; SizeLine::MAX + UPLOAD_PIECE + CRLF];
        while self.early.is_none() {
            let count = match reader(&mut piece[SizeLine::MAX..][..UPLOAD_PIECE]) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::Content(error)),
            };
            if count == 0 {
                return self.finish(deadline, watch, 0);
            }
            let frame = self.engine.send_data(count as u64).map_err(Failure::Protocol)?;
            let framed = frame_in_place(&mut piece, count, &frame);
            if self.output.is_empty() {
                self.write_answerable(framed, deadline, watch)?;
            } else {
                self.output.extend_from_slice(framed);
                self.flush_answerable(deadline, watch)?;
            }
            watch.sent_content(count as u64);
        }
        Ok(())
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
            self.sent += count as u64;
        }
        self.output.clear();
        Ok(())
    }

    fn flush_answerable(
        &mut self,
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let output = std::mem::take(&mut self.output);
        let result = self.write_answerable(&output, deadline, watch);
        self.output = output;
        self.output.clear();
        result
    }

    /// Writes `bytes`, but stops when the final response is there. A peer that refuses may stop
    /// reading, so a write that waits is interrupted now and then to look.
    fn write_answerable(
        &mut self,
        bytes: &[u8],
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let mut written = 0;
        while written < bytes.len() {
            let now = Instant::now();
            let glance = Deadline::after(now, GLANCE);
            match self.transport.write(&bytes[written..], deadline.earlier(glance)) {
                Ok(0) => return Err(Failure::Send(io::ErrorKind::WriteZero.into())),
                Ok(count) => {
                    written += count;
                    self.sent += count as u64;
                    if written == bytes.len() && !glance.is_past(Instant::now()) {
                        return Ok(());
                    }
                }
                Err(error) if is_timeout(&error) && !deadline.is_past(Instant::now()) => {}
                Err(error) => return Err(Failure::Send(error)),
            }
            if self.glance(deadline, watch)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Looks whether a final response has come, without waiting.
    fn glance(&mut self, deadline: Deadline, watch: &mut dyn Watch) -> Result<bool, Failure> {
        if self.transport.readiness().map_err(Failure::Send)? == Readiness::Data {
            self.fill(deadline)?;
            self.take_heads(watch)?;
        }
        Ok(self.early.is_some())
    }

    /// RFC 9110 §10.1.1: a client that waits for 100 Continue does not wait for ever.
    fn await_continue(&mut self, deadline: Deadline, watch: &mut dyn Watch) -> Result<(), Failure> {
        let patience = deadline.earlier(Deadline::after(Instant::now(), CONTINUE_PATIENCE));
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
        Ok(())
    }

    /// The request could not be sent to its end. A peer that refuses it may have answered and closed
    /// (RFC 9112 §9.5); then the answer is worth more than the error.
    fn answered_instead(
        &mut self,
        error: io::Error,
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
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

    /// Takes what heads are in the input; says whether the final one is among them.
    fn take_heads(&mut self, watch: &mut dyn Watch) -> Result<bool, Failure> {
        while self.early.is_none() && !self.input.is_empty() {
            let (used, event) =
                self.engine.recv(self.input.unread(), &mut []).map_err(Failure::Protocol)?;
            self.input.consume(used);
            match event {
                Some(Event::Informational(head)) => watch.informational(&head),
                Some(Event::Head(head)) => self.early = Some(head),
                _ => return Ok(false),
            }
        }
        Ok(self.early.is_some())
    }

    /// Lets the engine go on in the input. Returns how much content came to `buffer`.
    fn step(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        let (used, event) =
            self.engine.recv(self.input.unread(), buffer).map_err(Failure::Protocol)?;
        self.input.consume(used);
        match event {
            Some(Event::Data(count)) => return Ok(count),
            // The end follows without another byte, and nobody may wait for one.
            Some(Event::Trailers(trailers)) => {
                self.trailers = Some(trailers);
                return self.step(buffer);
            }
            Some(Event::End) | Some(Event::Switched) => self.progress = Progress::Ended,
            _ => {}
        }
        Ok(0)
    }

    /// Notices the end of the response when the last framed byte has been consumed, not when the
    /// caller asks for more.
    ///
    /// A broken rule further on is not reported here, where it would cost the caller the head or the
    /// content that came before it in the same segment: the next read finds it again.
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
        // The last byte goes through the input buffer, where bytes that follow it are noticed.
        let limit = usize::try_from(self.engine.direct() - 1).unwrap_or(usize::MAX);
        let limit = limit.min(buffer.len());
        let count =
            self.transport.read(&mut buffer[..limit], deadline).map_err(Failure::Receive)?;
        if count == 0 {
            self.eof()?;
            return Ok(0);
        }
        self.received += count as u64;
        self.engine.recv_direct(count as u64);
        self.settle();
        Ok(count)
    }

    /// Reads more input, once.
    fn fill(&mut self, deadline: Deadline) -> Result<(), Failure> {
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
        self.received += count as u64;
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

    fn sent_head(&mut self, bytes: &[u8]) {
        self.watch.sent_head(bytes);
    }

    fn sent_content(&mut self, bytes: u64) {
        self.watch.sent_content(bytes);
    }

    fn sent_end(&mut self) {
        self.watch.sent_end();
    }
}

fn is_timeout(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none()
}

/// Room for nearly any head, with the beginning of its content.
const LIKELY_READ: usize = 8 << 10;

/// Room for content that cannot go to the caller directly, since framing stands in it. With what else
/// a connection holds it stays within 64 KiB.
const MOST_READ: usize = 56 << 10;

/// No system call for less room than this, however full the buffer is.
const LEAST_READ: usize = 1 << 10;

/// From here on a read into the caller's memory saves more by not copying than it costs by being a
/// read of its own.
const DIRECT_MINIMUM: u64 = 16 << 10;

/// Content up to this length is copied behind the head, to leave in the same segment.
const WITH_HEAD: usize = 16 << 10;

/// One write of content in memory: large enough to be rare, small enough to look up in between.
const WRITE_PIECE: usize = 256 << 10;

/// One read, and one write, of content from a reader.
const UPLOAD_PIECE: usize = 56 << 10;

const CRLF: usize = 2;

/// What an idle connection may hold on to.
const IDLE_BUFFER: usize = 16 << 10;

/// How long a write may wait before it is interrupted to see whether the peer has answered.
const GLANCE: Duration = Duration::from_millis(250);

/// How long to wait for 100 Continue. What curl and Go wait.
const CONTINUE_PATIENCE: Duration = Duration::from_secs(1);
