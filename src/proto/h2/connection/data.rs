//! DATA (RFC 9113 §6.1): content, handed on as it comes. The frame is judged as a whole by its head and
//! the length of its padding; windows count it at that moment too.

use crate::proto::h2::event::Event;
use crate::proto::h2::frame::{flag, FrameHead, Layout};
use crate::proto::h2::stream::Stream;
use crate::proto::h2::streams::Known;
use crate::proto::h2::{Error, StreamId};

use super::recv::Step;
use super::{Connection, Reading};

/// What is to come of the content of a frame, and of the padding behind the last content.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    stream: StreamId,
    left: usize,
    padding: usize,
    end: bool,
}

impl Connection {
    /// The frame with this head and layout, and so much of its content as is there.
    pub(super) fn recv_data<'a>(
        &mut self,
        head: FrameHead,
        layout: Layout,
        input: &mut &'a [u8],
    ) -> Result<Step<'a>, Error> {
        self.recv_length(head.length)?;
        self.reading = Reading::skip(layout.content + layout.padding);
        match self.streams.find(head.stream) {
            Known::Live(stream) => {
                match brings(&head, &layout) {
                    Brings::Content => self.budget.useful(),
                    Brings::Little => {}
                    Brings::Nothing => self.budget.idle()?,
                }
                return Ok(match take_in(stream, &head, &layout) {
                    Ok(()) => self.recv_content(head, layout, input),
                    Err(error) => Some(Some(self.end_stream(head.stream, error))),
                });
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
        Ok(Some(None))
    }

    /// Counts a frame on the window of the connection.
    fn recv_length(&mut self, length: u32) -> Result<(), Error> {
        // RFC 9113 §6.9.1: padding counts, and so does its length.
        self.recv.recv(length).map_err(|_| Error::WindowExceeded)?;
        // A slow reader holds up its stream and no other: the connection's window is given back now.
        match self.recv.release(length, self.config.connection_window) {
            0 => {}
            increment => self.update_window(0, increment),
        }
        Ok(())
    }

    fn recv_content<'a>(
        &mut self,
        head: FrameHead,
        layout: Layout,
        input: &mut &'a [u8],
    ) -> Step<'a> {
        let (stream, end) = (head.stream, head.has(flag::END_STREAM));
        let Layout { content: left, padding, .. } = layout;
        let surplus = head.length as usize - left;
        if surplus > 0 && !end {
            self.release(stream, surplus);
        }
        if left > 0 || (end && padding > 0) {
            return self.recv_piece(Piece { stream, left, padding, end }, input);
        }
        Some(end.then(|| {
            self.streams.recv_end(stream);
            Event::Data { stream, data: b"", end }
        }))
    }

    pub(super) fn recv_piece<'a>(&mut self, piece: Piece, input: &mut &'a [u8]) -> Step<'a> {
        let Piece { stream, left, padding, end } = piece;
        let receiving = match self.streams.get_mut(stream) {
            Some(stream) => stream.state.receiving_mut(),
            None => {
                // It was reset in the middle of the frame.
                self.reading = Reading::Skip(left + padding);
                return Some(None);
            }
        };
        if input.is_empty() {
            self.reading = Reading::Data(piece);
            return None;
        }
        let (data, rest) = input.split_at(left.min(input.len()));
        *input = rest;
        if let Some(receiving) = receiving {
            receiving.recv_data(data.len());
        }
        let left = left - data.len();
        if !end {
            self.reading = match left {
                0 => Reading::skip(padding),
                left => Reading::Data(Piece { left, ..piece }),
            };
            return Some(Some(Event::Data { stream, data, end }));
        }
        self.recv_last(Piece { left, ..piece }, data, input)
    }

    /// Content of the frame that ends it, which it does not before the frame itself has ended.
    fn recv_last<'a>(&mut self, piece: Piece, data: &'a [u8], input: &mut &'a [u8]) -> Step<'a> {
        let Piece { stream, left, padding, .. } = piece;
        let passed = if left == 0 { padding.min(input.len()) } else { 0 };
        *input = &input[passed..];
        let padding = padding - passed;
        let end = left + padding == 0;
        self.reading = match end {
            true => Reading::Head,
            false => Reading::Data(Piece { padding, ..piece }),
        };
        if end {
            self.streams.recv_end(stream);
        }
        Some(Some(Event::Data { stream, data, end }).filter(|_| end || !data.is_empty()))
    }
}

/// May this frame come on the stream now? Its window counts it.
fn take_in(stream: &mut Stream, head: &FrameHead, layout: &Layout) -> Result<(), Error> {
    let receiving = stream.state.receiving().ok_or(Error::StreamClosed(stream.id))?;
    stream.recv.recv(head.length).map_err(|_| Error::WindowExceeded)?;
    receiving.check_data(layout.content as u32, head.has(flag::END_STREAM))
}

/// What a DATA frame is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Brings {
    /// More content than the head of the frame is long, or the end of it. Padding takes nothing from
    /// that: RFC 9113 §10.7 has it hide how long short messages are.
    Content,
    /// No more content than the head is long: as good as any, but it makes up for nothing.
    Little,
    /// No content, or so little and less than padding.
    Nothing,
}

fn brings(head: &FrameHead, layout: &Layout) -> Brings {
    let padding = layout.before + layout.padding;
    match layout.content {
        _ if head.has(flag::END_STREAM) => Brings::Content,
        content if content > FrameHead::LENGTH => Brings::Content,
        content if content == 0 || content < padding => Brings::Nothing,
        _ => Brings::Little,
    }
}
