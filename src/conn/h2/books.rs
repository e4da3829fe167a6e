//! The books of a shared connection: the engine, what has come for whom, and what is on its way out. No
//! waiting, no system calls.

use std::io;
use std::sync::{Arc, Condvar};

use crate::http::Headers;
use crate::proto::buffer::Buffer;
use crate::proto::h2::{
    self, ErrorCode, Event, Refusal, RequestHead, Reset, StreamId, Unprocessed,
};
use crate::proto::CloseReason;

use super::super::exchange::Failure;
use super::fault::Fault;
use super::halves::Halves;
use super::link::Waiter;
use super::slot::{Slot, Slots};

/// All that is guarded by the lock of a connection.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) engine: h2::Connection,
    pub(super) slots: Slots,
    pub(super) halves: Halves,
    pub(super) outbox: Outbox,
    /// How much a thread that writes has taken out of it.
    pub(super) writing: usize,
    /// Those who sleep until a stream is to be had, oldest first.
    openers: Vec<Arc<Condvar>>,
    /// How many streams there have been.
    pub(super) opened: u64,
    /// How many exchanges the peer is expected to allow at once, until it says so itself.
    expected: Option<usize>,
    /// What was wrong, if the peer has said so when it went away.
    complaint: Option<ErrorCode>,
    /// Why nothing can be written any more.
    refusal: Option<io::Error>,
    /// Why nothing more will come.
    pub(super) end: Option<End>,
}

/// What ended a connection.
#[derive(Debug)]
pub(super) enum End {
    /// The peer has broken a rule.
    Broken(h2::Error),
    /// The peer has ended its stream of bytes, and has perhaps said why.
    Closed(Option<ErrorCode>),
    /// The transport failed.
    Lost(io::Error),
}

/// Bytes on their way out, of which some may have been sent.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    bytes: Vec<u8>,
    at: usize,
}

/// A stream that was opened.
pub(super) struct Opened {
    pub(super) stream: StreamId,
    pub(super) signal: Arc<Condvar>,
    /// How many bytes that takes on the wire.
    pub(super) length: u64,
}

impl Books {
    pub(super) fn new(engine: h2::Connection, halves: Halves) -> Books {
        Books {
            engine,
            slots: Slots::default(),
            halves,
            outbox: Outbox::default(),
            writing: 0,
            openers: Vec::new(),
            opened: 0,
            expected: None,
            complaint: None,
            refusal: None,
            end: None,
        }
    }

    /// How many exchanges there may be at once; none, if no more can begin.
    pub(super) fn room(&self) -> usize {
        match self.end.is_some() || self.halves.are_refused() {
            true => 0,
            false => self.engine.capacity().min(self.expected.unwrap_or(usize::MAX)),
        }
    }

    pub(super) fn expect_room(&mut self, room: usize) {
        self.expected = Some(room.max(1));
    }

    /// Why no exchange can begin any more, if so.
    pub(super) fn close_reason(&self) -> Option<CloseReason> {
        match self.end {
            Some(_) => Some(CloseReason::Fault),
            None if self.halves.are_refused() => Some(CloseReason::Fault),
            None => self.engine.close_reason(),
        }
    }

    /// Begins an exchange; `None` if there are as many as the peer allows.
    pub(super) fn open(
        &mut self,
        head: &RequestHead<'_>,
        end: bool,
        signal: Option<&Arc<Condvar>>,
    ) -> Result<Option<Opened>, Failure> {
        if let Some(end) = &self.end {
            return Err(end.failure(Failure::Send));
        }
        let gone = Reset::Unprocessed(Unprocessed::GoneAway(ErrorCode::NO_ERROR));
        if self.halves.are_refused() && self.engine.can_open() != Err(Refusal::Full) {
            return Err(Fault::Reset(gone).into());
        }
        let before = self.engine.output().len();
        let stream = match self.engine.open(head, end) {
            Ok(stream) => stream,
            Err(h2::Error::Refused(Refusal::Full)) => return Ok(None),
            Err(h2::Error::Refused(_)) => return Err(Fault::Reset(gone).into()),
            Err(error) => return Err(Fault::Rule(error).into()),
        };
        let length = (self.engine.output().len() - before) as u64;
        self.opened += 1;
        let signal = self.slots.open(stream, !end, signal);
        Ok(Some(Opened { stream, signal, length }))
    }

    /// The exchange is over, or nobody wants the rest of it.
    pub(super) fn close(&mut self, stream: StreamId) -> Option<Headers> {
        let left = self.slots.close(stream)?;
        if !left.is_whole && !left.is_reset {
            // RFC 9113 §8.1: who has the whole response needs no more of the request to be taken.
            self.engine.reset(
                stream,
                match left.is_answered {
                    true => ErrorCode::NO_ERROR,
                    false => ErrorCode::CANCEL,
                },
            );
        }
        if self.slots.is_empty() {
            self.rest();
        }
        self.wake_opener();
        left.trailers
    }

    /// Gives back to the peer what was taken of its window. Does the peer have to be told now?
    pub(super) fn release(&mut self, stream: StreamId, count: usize) -> bool {
        let before = self.engine.output().len();
        self.engine.release(stream, count);
        self.engine.output().len() > before
    }

    /// Is there something to be written?
    pub(super) fn has_unsent(&mut self) -> bool {
        self.unsent() > 0 && !self.halves.are_refused()
    }

    /// How much there is to be written.
    pub(super) fn unsent(&mut self) -> usize {
        self.outbox.unsent().len() + self.engine.output().len()
    }

    /// Gathers it in the outbox. False if there is none.
    pub(super) fn collect_unsent(&mut self) -> bool {
        self.outbox.add(self.engine.output());
        !self.outbox.unsent().is_empty()
    }

    /// Nothing can be written any more. What the peer has sent before is still to be read, and reading
    /// will find the end.
    pub(super) fn refuse_output(&mut self, error: io::Error) {
        self.halves.refuse();
        self.refusal = Some(error);
        self.outbox = Outbox::default();
        self.engine.output().clear();
        self.wake_all();
    }

    /// Nothing came for a while. Where nothing can be written any more, nothing is to be hoped for.
    pub(super) fn note_silence(&mut self) {
        if let Some(error) = self.refusal.take() {
            self.lose(error);
        }
    }

    /// Takes in what was read. Content for who has read it goes where that wants it.
    pub(super) fn digest(&mut self, input: &mut Buffer, waiter: &mut Waiter<'_>) {
        self.engine.set_unsent(self.outbox.unsent().len() + self.writing);
        let mut rest = input.unread();
        loop {
            match self.engine.recv(rest) {
                Ok((used, event)) => {
                    rest = &rest[used..];
                    match event {
                        Some(event) => self.note(event, waiter),
                        None => break,
                    }
                }
                Err(error) => {
                    self.finish(End::Broken(error));
                    break;
                }
            }
        }
        let used = input.unread().len() - rest.len();
        input.consume(used);
    }

    fn note(&mut self, event: Event<'_>, waiter: &mut Waiter<'_>) {
        match event {
            Event::Informational { stream, head } => {
                self.tell(stream, |slot| slot.recv_informational(head));
            }
            Event::Head { stream, head, end } => {
                self.tell(stream, |slot| slot.recv_head(head, end))
            }
            Event::Data { stream, data, end } => self.note_data(stream, data, end, waiter),
            Event::Trailers { stream, trailers } => {
                self.tell(stream, |slot| slot.recv_trailers(trailers));
            }
            Event::Reset { stream, reset } => self.tell(stream, |slot| slot.recv_reset(reset)),
            Event::Window { stream: Some(stream) } => self.tell(stream, |_| {}),
            Event::Window { stream: None } => self.wake_all(),
            Event::Settings => {
                self.expected = None;
                self.wake_all();
            }
            Event::GoAway { code, .. } => {
                self.complaint = Some(code).filter(|code| *code != ErrorCode::NO_ERROR);
                self.wake_all();
            }
            Event::Pong(_) => {}
        }
    }

    /// Content goes where the one who reads wants it, if it is his and nothing else comes first.
    fn note_data(&mut self, stream: StreamId, data: &[u8], end: bool, waiter: &mut Waiter<'_>) {
        let mut at_once = 0;
        self.tell(stream, |slot| {
            if waiter.stream == Some(stream) && slot.data.is_empty() {
                at_once = waiter.put(data);
            }
            slot.recv_data(data, at_once, end);
        });
        if at_once > 0 {
            self.engine.release(stream, at_once);
        }
    }

    /// Something has come on a stream.
    fn tell(&mut self, stream: StreamId, recv: impl FnOnce(&mut Slot)) {
        let slot = match self.slots.get(stream) {
            Some(slot) => slot,
            None => return,
        };
        recv(slot);
        self.slots.wake(stream);
        // It may be over for the peer long before anyone takes what has come on it.
        if !self.openers.is_empty() && self.engine.can_open().is_ok() {
            self.wake_opener();
        }
    }

    /// The peer has ended its stream of bytes.
    pub(super) fn recv_eof(&mut self) {
        self.finish(End::Closed(self.complaint));
    }

    /// The transport failed.
    pub(super) fn lose(&mut self, error: io::Error) {
        self.finish(End::Lost(error));
    }

    fn finish(&mut self, end: End) {
        if self.end.is_none() {
            self.end = Some(end);
        }
        self.wake_all();
    }

    /// Gives up memory that only much traffic needs.
    fn rest(&mut self) {
        self.halves.rest();
        self.outbox.shrink();
    }

    pub(super) fn goes_to_sleep(&mut self, waiter: &Waiter<'_>) {
        if !self.set_asleep(waiter, true) {
            self.openers.push(Arc::clone(waiter.signal));
        }
    }

    pub(super) fn is_awake(&mut self, waiter: &Waiter<'_>) {
        if !self.set_asleep(waiter, false) {
            self.openers.retain(|signal| !Arc::ptr_eq(signal, waiter.signal));
        }
    }

    /// False if the one who waits has no stream.
    fn set_asleep(&mut self, waiter: &Waiter<'_>, asleep: bool) -> bool {
        waiter.stream.map_or(false, |stream| self.slots.set_asleep(stream, asleep))
    }

    /// Has a sleeper do what is to be done, if nobody else does it.
    pub(super) fn pass_on(&mut self) {
        if !self.slots.has_sleepers() && self.openers.is_empty() {
            return;
        }
        let to_read = self.halves.can_read();
        let to_write = self.halves.can_write() && self.has_unsent();
        if (to_read || to_write) && !self.slots.wake_one() {
            self.wake_opener();
        }
    }

    fn wake_opener(&mut self) {
        if !self.openers.is_empty() {
            self.openers.remove(0).notify_one();
        }
    }

    fn wake_all(&mut self) {
        self.slots.wake_all();
        self.openers.drain(..).for_each(|signal| signal.notify_one());
    }
}

impl End {
    /// What it means for an exchange that was under way.
    pub(super) fn failure(&self, blame: fn(io::Error) -> Failure) -> Failure {
        match self {
            End::Broken(rule) => Fault::Rule(*rule).into(),
            End::Closed(complaint) => Fault::Closed(*complaint).into(),
            End::Lost(error) => blame(match error.raw_os_error() {
                Some(code) => io::Error::from_raw_os_error(code),
                None => io::Error::new(error.kind(), error.to_string()),
            }),
        }
    }
}

impl Outbox {
    pub(super) fn unsent(&self) -> &[u8] {
        &self.bytes[self.at..]
    }

    pub(super) fn sent(&mut self, count: usize) {
        self.at += count;
    }

    fn shrink(&mut self) {
        if self.unsent().is_empty() && self.bytes.capacity() > IDLE_OUTBOX {
            *self = Outbox::default();
        }
    }

    /// Adds what is in `output`, and leaves that empty.
    fn add(&mut self, output: &mut Vec<u8>) {
        if self.unsent().is_empty() {
            self.bytes.clear();
            self.at = 0;
            std::mem::swap(&mut self.bytes, output);
        } else {
            self.bytes.append(output);
        }
    }
}

/// What the way out of a connection without traffic may hold on to.
const IDLE_OUTBOX: usize = 16 << 10;
