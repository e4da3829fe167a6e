//! DATA (RFC 9113 §6.1): content, handed on as it comes. The frame is judged as a whole by its head and
//! the length of its padding; windows count it at that moment too.

use crate::proto::h2::event::Event;
use crate::proto::h2::frame::{flag, FrameHead, Layout};
use crate::proto::h2::streams::Known;
use crate::proto::h2::{Error, StreamId};

use super::recv::Step;
use super::{Connection, Reading};

/// What is to come of the content of a frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    stream: StreamId,
    left: usize,
    padding: usize,
    end: bool,
}

impl Connection {
    pub(super) fn begin_data(
        &mut self,
        head: FrameHead,
        layout: Layout,
    ) -> Result<Option<Event<'static>>, Error> {
        // RFC 9113 §6.9.1: padding counts, and so does its length.
        self.recv.recv(head.length).map_err(|_| Error::WindowExceeded)?;
        // A slow reader holds up its stream and no other: the connection's window is given back now.
        match self.recv.release(head.length, self.config.connection_window) {
            0 => {}
            increment => self.update_window(0, increment),
        }
        self.reading = Reading::Skip(layout.content + layout.padding);
        match self.streams.find(head.stream) {
            Known::Live(_) => {
                self.weigh(&head, &layout)?;
                return Ok(self.begin_content(head, layout));
            }
            Known::Idle => return Err(Error::IdleStream(head.stream)),
            // RFC 9113 §5.1: the peer had ended it.
            Known::Closed => return Err(Error::StreamClosed(head.stream)),
            // It may have sent this before it knew, but not in small pieces without end.
            Known::WasReset(stream) => {
                let allowed = stream.allowance.take(u64::from(head.length)).is_ok();
                if !allowed || brings(&head, &layout) != Brings::Content {
                    self.budget.idle()?;
                }
            }
            Known::Forgotten => self.budget.idle()?,
        }
        Ok(None)
    }

    fn weigh(&mut self, head: &FrameHead, layout: &Layout) -> Result<(), Error> {
        match brings(head, layout) {
            Brings::Content => self.budget.useful(),
            Brings::Little => {}
            Brings::Nothing => self.budget.idle()?,
        }
        Ok(())
    }

    fn begin_content(&mut self, head: FrameHead, layout: Layout) -> Option<Event<'static>> {
        let (id, end) = (head.stream, head.has(flag::END_STREAM));
        let padding = head.length - layout.content as u32;
        let stream = self.streams.get_mut(id)?;
        let receiving = stream.state.receiving().ok_or(Error::StreamClosed(id));
        let checked = receiving.and_then(|receiving| {
            stream.recv.recv(head.length).map_err(|_| Error::WindowExceeded)?;
            receiving.check_data(layout.content as u32, end)
        });
        if let Err(error) = checked {
            return Some(self.end_stream(id, error));
        }
        if padding > 0 && !end {
            self.release(id, padding as usize);
        }
        let Layout { content: left, padding, .. } = layout;
        if left > 0 {
            self.reading = Reading::Data(Piece { stream: id, left, padding, end });
            return None;
        }
        end.then(|| self.hand_on(id, b"", true))
    }

    pub(super) fn recv_piece<'a>(&mut self, piece: Piece, input: &'a [u8]) -> Step<'a> {
        let Piece { stream, left, padding, end } = piece;
        if self.streams.get(stream).is_none() {
            // It was reset in the middle of the frame.
            self.reading = Reading::Skip(left + padding);
            return Some((0, None));
        }
        let count = left.min(input.len());
        if count == 0 {
            return None;
        }
        let left = left - count;
        self.reading = match left {
            0 => Reading::Skip(padding),
            left => Reading::Data(Piece { left, ..piece }),
        };
        let event = self.hand_on(stream, &input[..count], end && left == 0);
        Some((count, Some(event)))
    }

    fn hand_on<'a>(&mut self, id: StreamId, data: &'a [u8], end: bool) -> Event<'a> {
        if let Some(stream) = self.streams.get_mut(id) {
            if let Some(receiving) = stream.state.receiving_mut() {
                receiving.recv_data(data.len());
            }
            if end {
                let life = stream.state.recv_end();
                self.streams.close_if(id, life);
            }
        }
        Event::Data { stream: id, data, end }
    }
}

/// What a DATA frame is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Brings {
    /// More content than anything else, or the end of it.
    Content,
    /// Less content than the head of the frame is long: as good as any, but it makes up for nothing.
    Little,
    /// No content, or less than padding.
    Nothing,
}

fn brings(head: &FrameHead, layout: &Layout) -> Brings {
    let padding = layout.before + layout.padding;
    match layout.content {
        _ if head.has(flag::END_STREAM) => Brings::Content,
        content if content > padding + FrameHead::LENGTH => Brings::Content,
        content if content == 0 || content < padding => Brings::Nothing,
        _ => Brings::Little,
    }
}
