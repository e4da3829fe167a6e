//! Field blocks from the peer (RFC 9113 §4.3, §8.1): interim and final heads, and trailers.
//!
//! Every block is decoded to its end, whatever becomes of what it says, because the table that it
//! changes is the connection's. A block in one frame is decoded where it stands.

use crate::http::Headers;
use crate::proto::h2::event::Event;
use crate::proto::h2::frame::{kind, FrameHead};
use crate::proto::h2::message::SectionKind;
use crate::proto::h2::stream::{Asked, Receiving};
use crate::proto::h2::streams::Known;
use crate::proto::h2::{Error, StreamId};
use crate::proto::ResponseHead;

use super::Connection;

/// A field block that has not come to its end.
pub(super) struct Block {
    stream: StreamId,
    end_stream: bool,
    bytes: Vec<u8>,
    frames: usize,
}

/// The block of the head that the section still holds.
#[derive(Default)]
pub(super) struct LastHead {
    bytes: Vec<u8>,
    /// The decoder's count then; `None`: the section holds something else.
    generation: Option<u64>,
}

impl LastHead {
    fn is(&self, block: &[u8], generation: u64) -> bool {
        self.generation == Some(generation) && self.bytes == block
    }
}

impl Connection {
    /// RFC 9113 §6.10: nothing but CONTINUATION on the same stream comes within a field block; and no
    /// more of it than is borne.
    pub(super) fn check_block(&mut self, head: &FrameHead) -> Result<(), Error> {
        let block = match &mut self.block {
            Some(block) => block,
            None => return Ok(()),
        };
        if head.kind != kind::CONTINUATION || head.stream != block.stream {
            return Err(Error::Interleaved);
        }
        block.frames += 1;
        if block.frames > self.config.continuation_frames {
            return Err(Error::TooManyContinuations(self.config.continuation_frames));
        }
        let most = self.limits.head_bytes.saturating_add(BLOCK_SURPLUS);
        match block.bytes.len() + head.length as usize > most {
            true => Err(Error::BlockTooLong(most)),
            false => Ok(()),
        }
    }

    pub(super) fn begin_block(&mut self, stream: StreamId, end_stream: bool, fragment: &[u8]) {
        self.block = Some(Block { stream, end_stream, bytes: fragment.to_vec(), frames: 0 });
    }

    pub(super) fn continue_block(
        &mut self,
        fragment: &[u8],
        end: bool,
    ) -> Result<Option<Event<'static>>, Error> {
        if let Some(block) = &mut self.block {
            block.bytes.extend_from_slice(fragment);
        }
        match self.block.take() {
            Some(block) if end => self.recv_block(block.stream, block.end_stream, &block.bytes),
            block => {
                self.block = block;
                Ok(None)
            }
        }
    }

    pub(super) fn recv_block(
        &mut self,
        id: StreamId,
        end: bool,
        block: &[u8],
    ) -> Result<Option<Event<'static>>, Error> {
        let (receiving, asked) = match self.streams.find(id) {
            Known::Live(stream) => (stream.state.receiving(), stream.asked),
            Known::Idle => return Err(Error::IdleStream(id)),
            Known::Closed => return Err(Error::StreamClosed(id)),
            Known::WasReset(_) | Known::Forgotten => {
                self.budget.idle_bytes(block.len() as u32)?;
                self.decoder.decode(block, &mut |_, _| {})?;
                return Ok(None);
            }
        };
        let kind = match receiving {
            Some(Receiving::Head { .. }) => SectionKind::Head,
            _ => SectionKind::Trailers,
        };
        self.unpack(kind, block)?;
        let event = match receiving {
            Some(Receiving::Head { interim }) => self.recv_head(id, asked, interim, end),
            Some(receiving) => self.recv_trailers(receiving, end).map(|trailers| {
                self.streams.recv_end(id);
                Event::Trailers { stream: id, trailers }
            }),
            // RFC 9113 §5.1: "If an endpoint receives additional frames ... for a stream that is in
            // this state, it MUST respond with a stream error ... of type STREAM_CLOSED."
            None => Err(Error::StreamClosed(id)),
        };
        Ok(Some(match event {
            Ok(event) => {
                self.budget.useful();
                event
            }
            Err(error) => self.end_stream(id, error),
        }))
    }

    /// Puts a section together. Heads are often the same, byte for byte, and so is what they say as long
    /// as the table is: then it is there already.
    fn unpack(&mut self, kind: SectionKind, block: &[u8]) -> Result<(), Error> {
        let before = self.decoder.generation();
        if kind == SectionKind::Head && self.last_head.is(block, before) {
            return Ok(());
        }
        self.last_head.generation = None;
        self.section.begin(kind);
        let section = &mut self.section;
        self.decoder.decode(block, &mut |name, value| section.field(name, value))?;
        self.section.finish();
        let unchanged = self.decoder.generation() == before;
        if kind == SectionKind::Head && unchanged && block.len() <= LONGEST_REPEATED {
            self.last_head.bytes.clear();
            self.last_head.bytes.extend_from_slice(block);
            self.last_head.generation = Some(before);
        }
        Ok(())
    }

    fn recv_head(
        &mut self,
        id: StreamId,
        asked: Asked,
        interim: usize,
        end: bool,
    ) -> Result<Event<'static>, Error> {
        let (head, length) = self.section.head()?;
        let next = match head.status().is_informational() {
            true => self.after_interim(interim, end)?,
            false => Receiving::after_head(asked, head.status().as_u16(), length),
        };
        if end {
            next.check_data(0, true)?;
        }
        if let Some(receiving) = self.streams.get_mut(id).and_then(|s| s.state.receiving_mut()) {
            *receiving = next;
        }
        Ok(match next {
            Receiving::Head { .. } => Event::Informational { stream: id, head },
            _ => self.final_head(id, head, end),
        })
    }

    fn final_head(&mut self, stream: StreamId, head: ResponseHead, end: bool) -> Event<'static> {
        if end {
            self.streams.recv_end(stream);
        }
        Event::Head { stream, head, end }
    }

    fn after_interim(&self, interim: usize, end: bool) -> Result<Receiving, Error> {
        // RFC 9113 §8.1: "A HEADERS frame with the END_STREAM flag set that carries an informational
        // status code is malformed".
        if end {
            return Err(Error::InterimEnd);
        }
        match interim < self.limits.interim_responses {
            true => Ok(Receiving::Head { interim: interim + 1 }),
            false => Err(Error::TooManyInterim(self.limits.interim_responses)),
        }
    }

    fn recv_trailers(&mut self, receiving: Receiving, end: bool) -> Result<Headers, Error> {
        // RFC 9113 §8.5: through a tunnel come DATA and stream management, nothing else.
        if receiving == Receiving::Tunnel {
            return Err(Error::FieldsInTunnel);
        }
        // RFC 9113 §8.1: a head after the final one that does not end the stream is malformed.
        if !end {
            return Err(Error::SecondHead);
        }
        receiving.check_data(0, true)?;
        self.section.trailers()
    }
}

/// How much longer an encoded block may be than a head may be: it has still to be read to its end when
/// the head is known to be too large.
const BLOCK_SURPLUS: usize = 16 << 10;

/// The block of a head that is compared with the next one is no longer than this. Those that come
/// again are short, because the table has their fields.
const LONGEST_REPEATED: usize = 1_024;
