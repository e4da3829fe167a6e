//! What concerns the connection, or a stream without its messages: SETTINGS, PING, GOAWAY,
//! WINDOW_UPDATE, RST_STREAM.

use crate::proto::h2::event::{Event, Reset, Unprocessed};
use crate::proto::h2::flow::INITIAL_WINDOW;
use crate::proto::h2::frame::{Frame, FrameHead, Settings};
use crate::proto::h2::stream::Stream;
use crate::proto::h2::streams::Known;
use crate::proto::h2::{Error, ErrorCode, StreamId};
use crate::proto::CloseReason;

use super::{Connection, Gone};

impl Connection {
    pub(super) fn recv_settings(
        &mut self,
        settings: Settings<'_>,
    ) -> Result<Option<Event<'static>>, Error> {
        self.budget.idle_bytes(settings.iter().count() as u32 * SETTING)?;
        if settings.is_ack() {
            self.recv_settings_ack()?;
            return Ok(None);
        }
        let before = self.peer.initial_window_size;
        for (id, value) in settings.iter() {
            if id == Settings::HEADER_TABLE_SIZE {
                self.requests.set_peer_table_size(value);
            }
            self.peer.set(id, value)?;
        }
        self.shift_windows(before)?;
        // RFC 9113 §6.5.3: "Once all values have been processed, the recipient MUST immediately emit a
        // SETTINGS frame with the ACK flag set."
        self.count_answer(FrameHead::LENGTH)?;
        Frame::Settings(Settings::ACK).write_to(&mut self.output);
        Ok(Some(Event::Settings))
    }

    /// RFC 9113 §6.9.2: the windows of all streams change by as much as the initial one, even below
    /// zero; "a change to SETTINGS_INITIAL_WINDOW_SIZE that causes any flow-control window to exceed
    /// the maximum size" is an error of the connection.
    fn shift_windows(&mut self, before: u32) -> Result<(), Error> {
        let by = i64::from(self.peer.initial_window_size) - i64::from(before);
        if by == 0 {
            return Ok(());
        }
        let mut windows = self.streams.iter_mut().map(|stream| stream.send.shift(by));
        windows.try_for_each(|shifted| shifted).map_err(|_| Error::WindowOverflow)
    }

    /// Now our settings hold for the peer. Only a window smaller than everyone's matters.
    fn recv_settings_ack(&mut self) -> Result<(), Error> {
        if self.acknowledged {
            return Err(Error::UnexpectedAck);
        }
        self.acknowledged = true;
        let less = INITIAL_WINDOW.saturating_sub(self.config.stream_window);
        self.streams.iter_mut().for_each(|stream| stream.recv.shrink(less));
        Ok(())
    }

    pub(super) fn recv_ping(
        &mut self,
        ack: bool,
        payload: [u8; 8],
    ) -> Result<Option<Event<'static>>, Error> {
        self.budget.idle()?;
        if ack {
            return Ok(Some(Event::Pong(payload)));
        }
        self.count_answer(FrameHead::LENGTH + payload.len())?;
        Frame::Ping { ack: true, payload }.write_to(&mut self.output);
        Ok(None)
    }

    fn count_answer(&mut self, length: usize) -> Result<(), Error> {
        self.budget.answer(length, self.output.len().saturating_add(self.unsent))
    }

    pub(super) fn recv_connection_window(
        &mut self,
        increment: u32,
    ) -> Result<Option<Event<'static>>, Error> {
        let waited_for = self.send.room() == 0;
        // RFC 9113 §6.9.1: beyond 2^31-1, "for the connection, a GOAWAY frame with an error code of
        // FLOW_CONTROL_ERROR is sent".
        self.send.shift(i64::from(increment)).map_err(|_| Error::WindowOverflow)?;
        if !waited_for && increment < SUBSTANTIAL {
            self.budget.idle()?;
        }
        Ok(Some(Event::Window { stream: None }))
    }

    pub(super) fn recv_window(
        &mut self,
        id: StreamId,
        increment: u32,
    ) -> Result<Option<Event<'static>>, Error> {
        let stream = match self.streams.find(id) {
            Known::Live(stream) => stream,
            Known::Idle => return Err(Error::IdleStream(id)),
            // RFC 9113 §5.1: it may have been under way when the stream was closed.
            Known::WasReset(_) | Known::Forgotten | Known::Closed => {
                self.budget.idle()?;
                return Ok(None);
            }
        };
        let may_send = stream.state.may_send();
        let waited_for = may_send && stream.send.room() == 0;
        if stream.send.shift(i64::from(increment)).is_err() {
            return Ok(Some(self.end_stream(id, Error::WindowOverflow)));
        }
        let helps = waited_for && stream.send.room() > 0;
        if !helps && increment < SUBSTANTIAL {
            self.budget.idle()?;
        }
        Ok(may_send.then_some(Event::Window { stream: Some(id) }))
    }

    pub(super) fn recv_reset(
        &mut self,
        id: StreamId,
        code: ErrorCode,
    ) -> Result<Option<Event<'static>>, Error> {
        match self.streams.close(id) {
            Some(stream) => {
                let reset = match code {
                    ErrorCode::REFUSED_STREAM => end(&stream, code, Unprocessed::Refused),
                    _ if stream.state.receiving().is_none() => Reset::Stopped(code),
                    _ => Reset::Peer(code),
                };
                Ok(Some(Event::Reset { stream: id, reset }))
            }
            None if self.streams.is_idle(id) => Err(Error::IdleStream(id)),
            None => {
                self.budget.idle()?;
                Ok(None)
            }
        }
    }

    pub(super) fn recv_go_away<'a>(
        &mut self,
        last_stream: StreamId,
        code: ErrorCode,
        debug: &'a [u8],
    ) -> Result<Option<Event<'a>>, Error> {
        self.budget.idle_bytes(debug.len() as u32)?;
        // RFC 9113 §6.8: "Endpoints MUST NOT increase the value they send in the last stream
        // identifier, since the peers might already have retried unprocessed requests".
        if self.gone.map_or(false, |gone| last_stream > gone.last_stream) {
            return Err(Error::GoAwayGrew);
        }
        self.gone = Some(Gone { last_stream, code });
        self.closing.get_or_insert(CloseReason::GoAway);
        Ok(Some(Event::GoAway { last_stream, code, debug }))
    }

    /// The next stream that the peer has said it will not process.
    pub(super) fn next_unprocessed(&mut self) -> Option<Event<'static>> {
        let Gone { last_stream, code } = self.gone?;
        let stream = *self.streams.newest_above(last_stream)?;
        self.streams.reset(stream.id);
        let reset = end(&stream, code, Unprocessed::GoneAway(code));
        Some(Event::Reset { stream: stream.id, reset })
    }
}

/// How a stream ends that is said to be unprocessed: what has been answered cannot be.
fn end(stream: &Stream, code: ErrorCode, unprocessed: Unprocessed) -> Reset {
    match stream.state.receiving() {
        Some(_) if stream.state.is_unanswered() => Reset::Unprocessed(unprocessed),
        Some(_) => Reset::Peer(code),
        None => Reset::Stopped(code),
    }
}

/// RFC 9113 §6.5.1: a setting is an identifier of 16 bits and a value of 32.
const SETTING: u32 = 6;

/// A server that reads an upload gives its windows back piece by piece, long after it has come. Pieces
/// of this size are taken as that, whether anybody waits for them or not: the largest size of a window
/// bounds how many there can be.
const SUBSTANTIAL: u32 = 4_096;
