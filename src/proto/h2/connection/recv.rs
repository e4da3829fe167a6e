//! Frames from the peer, one after the other: each judged by its head, then either waited for, handed
//! on in pieces, or skipped.

use crate::proto::h2::event::{Event, Reset};
use crate::proto::h2::frame::{self, flag, kind, Frame, FrameHead, Layout};
use crate::proto::h2::settings::MAX_FRAME_SIZE;
use crate::proto::h2::streams::Known;
use crate::proto::h2::{Error, StreamId};

use super::{Connection, Reading};

/// What was found in what was used of the input, if that concerns the caller; `None`: more is needed.
pub(super) type Step<'a> = Option<Option<Event<'a>>>;

impl Connection {
    /// Reads on in `input`, the unconsumed bytes from the peer. Returns how much was consumed and what
    /// happened. Without an event more input is needed, in addition to what was not consumed, which
    /// is never more than 16 KiB; with one, it is to be called again, with what is left of the input.
    ///
    /// # Errors
    /// The rule that the peer broke. The connection has failed then, all of its streams with it, and the
    /// same error comes again. The output ends with what is to be said about it to the peer.
    pub fn recv<'a>(&mut self, input: &'a [u8]) -> Result<(usize, Option<Event<'a>>), Error> {
        if let Some(event) = self.next_unprocessed() {
            return Ok((0, Some(event)));
        }
        let mut rest = input;
        loop {
            match self.step(&mut rest) {
                Ok(Some(None)) => {}
                Ok(Some(event)) => return Ok((input.len() - rest.len(), event)),
                Ok(None) => {
                    self.cut = !rest.is_empty();
                    return Ok((input.len() - rest.len(), None));
                }
                Err(error) if matches!(self.reading, Reading::Failed(_)) => return Err(error),
                Err(error) => return Err(self.fail(error)),
            }
        }
    }

    /// Reads on, and moves `input` behind what was used of it.
    fn step<'a>(&mut self, input: &mut &'a [u8]) -> Result<Step<'a>, Error> {
        match self.reading {
            Reading::Preface => self.recv_preface(input),
            Reading::Head => self.recv_frame_head(input),
            Reading::Frame(head) => self.recv_frame(head, input),
            Reading::Padded(head) => self.recv_layout(head, input),
            Reading::Data(piece) => Ok(self.recv_piece(piece, input)),
            Reading::Skip(left) => Ok(self.skip(left, input)),
            Reading::Failed(error) => Err(error),
        }
    }

    /// RFC 9113 §3.4: the server's preface "consists of a potentially empty SETTINGS frame that MUST be
    /// the first frame the server sends".
    fn recv_preface<'a>(&mut self, input: &mut &'a [u8]) -> Result<Step<'a>, Error> {
        if input.starts_with(b"HTTP/1.") {
            return Err(Error::Http1);
        }
        match FrameHead::parse(input) {
            Some(head) if head.kind == kind::SETTINGS && !head.has(flag::ACK) => {
                self.recv_frame_head(input)
            }
            Some(_) => Err(Error::NoSettings),
            None => Ok(None),
        }
    }

    fn recv_frame_head<'a>(&mut self, input: &mut &'a [u8]) -> Result<Step<'a>, Error> {
        let head = match FrameHead::parse(input) {
            Some(head) => head,
            None => return Ok(None),
        };
        *input = &input[FrameHead::LENGTH..];
        self.check_block(&head)?;
        match head.check(MAX_FRAME_SIZE) {
            Ok(()) => self.begin_frame(head, input),
            // RFC 9113 §5.4.1 allows to end the connection where a stream would do: nobody waits for
            // what was never to be sent.
            Err(error) if head.length > MAX_FRAME_SIZE => Err(error.into()),
            Err(error) => {
                self.reading = Reading::skip(head.length as usize);
                self.recv_faulty(error).map(Some)
            }
        }
    }

    /// What its head says is all right: decides what becomes of the payload.
    fn begin_frame<'a>(
        &mut self,
        head: FrameHead,
        input: &mut &'a [u8],
    ) -> Result<Step<'a>, Error> {
        match head.kind {
            kind::PUSH_PROMISE => Err(Error::PushPromise),
            // RFC 9113 §5.1: any frame but HEADERS and PRIORITY "on a stream in this state MUST be
            // treated as a connection error". HEADERS too: §5.1.1, the server opens none.
            kind::DATA | kind::HEADERS | kind::RST_STREAM | kind::WINDOW_UPDATE
                if head.stream != 0 && self.streams.is_idle(head.stream) =>
            {
                Err(Error::IdleStream(head.stream))
            }
            kind::DATA => self.recv_layout(head, input),
            kind::CONTINUATION if self.block.is_none() => Err(Error::Continuation),
            // RFC 9113 §5.3.2: PRIORITY is deprecated; §5.5: what is unknown is ignored.
            kind::PRIORITY | kind::FIRST_UNKNOWN.. => {
                self.budget.idle_bytes(head.length)?;
                self.reading = Reading::skip(head.length as usize);
                Ok(Some(None))
            }
            _ => self.recv_frame(head, input),
        }
    }

    fn recv_layout<'a>(
        &mut self,
        head: FrameHead,
        input: &mut &'a [u8],
    ) -> Result<Step<'a>, Error> {
        match Layout::begin(&head, input)? {
            Some(layout) => {
                *input = &input[layout.before..];
                self.recv_data(head, layout, input)
            }
            None => {
                self.reading = Reading::Padded(head);
                Ok(None)
            }
        }
    }

    fn recv_frame<'a>(&mut self, head: FrameHead, input: &mut &'a [u8]) -> Result<Step<'a>, Error> {
        let length = head.length as usize;
        if input.len() < length {
            self.reading = Reading::Frame(head);
            return Ok(None);
        }
        let (payload, rest) = input.split_at(length);
        *input = rest;
        self.reading = Reading::Head;
        let event = match Frame::parse_checked(head, payload) {
            Ok(frame) => self.recv_whole(frame),
            Err(error) => self.recv_faulty(error),
        };
        event.map(Some)
    }

    fn recv_whole<'a>(&mut self, frame: Frame<'a>) -> Result<Option<Event<'a>>, Error> {
        match frame {
            Frame::Headers { stream, fragment, end_stream, end_headers: true, .. } => {
                self.recv_block(stream, end_stream, fragment)
            }
            Frame::Headers { stream, fragment, end_stream, .. } => {
                self.begin_block(stream, end_stream, fragment);
                Ok(None)
            }
            Frame::Continuation { fragment, end_headers, .. } => {
                self.continue_block(fragment, end_headers)
            }
            Frame::Settings(settings) => self.recv_settings(settings),
            Frame::Ping { ack, payload } => self.recv_ping(ack, payload),
            Frame::WindowUpdate { stream: 0, increment } => self.recv_connection_window(increment),
            Frame::WindowUpdate { stream, increment } => self.recv_window(stream, increment),
            Frame::RstStream { stream, code } => self.recv_reset(stream, code),
            Frame::GoAway { last_stream, code, debug } => {
                self.recv_go_away(last_stream, code, debug)
            }
            // None of these is waited for.
            Frame::Data { .. }
            | Frame::Priority { .. }
            | Frame::PushPromise { .. }
            | Frame::Unknown { .. } => Ok(None),
        }
    }

    /// A frame that is wrong in itself, and concerns its stream only, if there is one.
    fn recv_faulty(&mut self, error: frame::Error) -> Result<Option<Event<'static>>, Error> {
        let stream = error.stream().ok_or(error)?;
        match self.streams.find(stream) {
            Known::Live(_) => Ok(Some(self.end_stream(stream, error.into()))),
            // RFC 9113 §5.1: a stream that is idle cannot be reset.
            Known::Idle => Err(error.into()),
            Known::WasReset(_) | Known::Forgotten | Known::Closed => {
                self.budget.idle()?;
                Ok(None)
            }
        }
    }

    fn skip<'a>(&mut self, left: usize, input: &mut &'a [u8]) -> Step<'a> {
        if input.is_empty() {
            return None;
        }
        let count = left.min(input.len());
        *input = &input[count..];
        self.reading = Reading::skip(left - count);
        Some(None)
    }

    /// RFC 9113 §5.4.2: ends a stream because of what came on it.
    pub(super) fn end_stream(&mut self, stream: StreamId, error: Error) -> Event<'static> {
        self.reset(stream, error.code());
        Event::Reset { stream, reset: Reset::Malformed(error) }
    }
}
