//! What a client sends on its streams: heads, content, trailers, resets, and the windows of what it has
//! read.

use crate::http::Headers;
use crate::proto::h2::flow::{RecvWindow, Window};
use crate::proto::h2::frame::{flag, kind, write_field_block, Frame, FrameHead};
use crate::proto::h2::request::RequestHead;
use crate::proto::h2::stream::{Asked, State, Stream};
use crate::proto::h2::{Error, ErrorCode, StreamId};

use super::Connection;

impl Connection {
    /// Opens a stream with a request. With `end` that is all of it; otherwise content follows.
    ///
    /// # Errors
    /// [`Error::Refused`] if no stream can be opened; [`Error::Target`] or [`Error::RequestTooLong`] if
    /// this request cannot be sent. Nothing is sent then.
    pub fn open(&mut self, head: &RequestHead<'_>, end: bool) -> Result<StreamId, Error> {
        self.can_open().map_err(Error::Refused)?;
        let block = self.requests.head(head, self.peer.max_header_list_size)?;
        let id = self.streams.next_id();
        write_field_block(id, block, end, self.peer.max_frame_size, &mut self.output);
        self.streams.push(Stream {
            id,
            state: State::opened(end),
            asked: Asked::from(head.method),
            send: Window::new(self.peer.initial_window_size),
            recv: RecvWindow::new(self.stream_window()),
        });
        Ok(id)
    }

    /// Sends as much content as may be sent now, and says how much that is. With `end` the last byte
    /// ends the request; without any bytes, only the end is sent, for which there is always room.
    ///
    /// On a stream that takes no content any more nothing is sent.
    pub fn send_data(&mut self, stream: StreamId, data: &[u8], end: bool) -> usize {
        let mut sent = 0;
        loop {
            let rest = &data[sent..];
            let room = self.send_room(stream).min(u64::from(self.peer.max_frame_size));
            let count = usize::try_from(room).unwrap_or(usize::MAX).min(rest.len());
            let last = end && count == rest.len();
            if (count > 0 || last) && self.send_frame(stream, &rest[..count], last) {
                sent += count;
            } else {
                return sent;
            }
            if sent == data.len() {
                return sent;
            }
        }
    }

    /// How much content may be sent on this stream now. None on one that is not open for it.
    pub fn send_room(&self, stream: StreamId) -> u64 {
        match self.streams.get(stream) {
            Some(stream) if stream.state.may_send() => stream.send.room().min(self.send.room()),
            _ => 0,
        }
    }

    /// Ends a request with a trailer section. Which fields may be there is for
    /// [`trailer::is_allowed`](crate::http::trailer::is_allowed) to say; those of a connection are left
    /// out, as from a head.
    ///
    /// # Errors
    /// [`Error::NotOpen`] if the stream takes none any more; [`Error::RequestTooLong`] if the peer does
    /// not take so much.
    pub fn send_trailers(&mut self, stream: StreamId, trailers: &Headers) -> Result<(), Error> {
        let open = self.streams.get_mut(stream).filter(|stream| stream.state.may_send());
        let open = open.ok_or(Error::NotOpen)?;
        let block = self.requests.trailers(trailers, self.peer.max_header_list_size)?;
        write_field_block(stream, block, true, self.peer.max_frame_size, &mut self.output);
        let life = open.state.send_end();
        self.streams.close_if(stream, life);
        Ok(())
    }

    /// Ends a stream before its time. What still comes for it is ignored. Nothing happens if it has
    /// ended already.
    pub fn reset(&mut self, stream: StreamId, code: ErrorCode) {
        if self.streams.reset(stream).is_some() {
            Frame::RstStream { stream, code }.write_to(&mut self.output);
        }
    }

    /// The reader of a stream has taken so many bytes of its content. Gives them back to the peer when
    /// they are half of the window, and a larger window to one that is read as fast as it is sent.
    pub fn release(&mut self, stream: StreamId, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let increment = match self.streams.get_mut(stream) {
            // What has all come needs no more room.
            Some(stream) if stream.state.receiving().is_some() => {
                stream.recv.release(count, self.config.max_stream_window)
            }
            _ => 0,
        };
        if increment > 0 {
            self.update_window(stream, increment);
        }
    }

    /// How much content is to come on a stream, if that was announced.
    pub fn content_left(&self, stream: StreamId) -> Option<u64> {
        self.streams.get(stream)?.state.receiving()?.left()
    }

    /// Sends one DATA frame that there is room for; says whether the stream took it.
    fn send_frame(&mut self, id: StreamId, data: &[u8], last: bool) -> bool {
        let stream = match self.streams.get_mut(id) {
            Some(stream) if stream.state.may_send() => stream,
            _ => return false,
        };
        let count = data.len() as u64;
        if stream.send.take(count).and_then(|()| self.send.take(count)).is_err() {
            return false;
        }
        let flags = if last { flag::END_STREAM } else { 0 };
        FrameHead { length: data.len() as u32, kind: kind::DATA, flags, stream: id }
            .write_to(&mut self.output);
        self.output.extend_from_slice(data);
        self.budget.useful();
        if last {
            let life = stream.state.send_end();
            self.streams.close_if(id, life);
        }
        true
    }
}
