//! All streams of a connection: those that are not closed, in the order of their numbers, and of the
//! others as little as is needed to tell a late frame from a wrong one.
//!
//! RFC 9113 §5.1: whatever the peer had sent before it heard of our RST_STREAM still comes, and is to be
//! ignored; what comes on a stream that it had ended itself is an error. So the streams that we have
//! reset are remembered, as many as are likely to be under way. Where one of them has been forgotten,
//! nobody is blamed for a frame on it or on any older one.

use std::collections::VecDeque;

use super::flow::Window;
use super::stream::{Life, Stream};
use super::StreamId;

/// The streams of a connection.
#[derive(Debug)]
pub(super) struct Streams {
    /// Mostly the first to be opened is the first to be closed.
    open: VecDeque<Stream>,
    /// The number of the next one. Above 2^31-1: there is none.
    next: u32,
    reset: VecDeque<WasReset>,
    /// The highest number of those that were reset and then forgotten.
    forgotten: StreamId,
}

/// A stream that we have reset.
#[derive(Debug)]
pub(super) struct WasReset {
    id: StreamId,
    /// What the peer may have sent before it knew.
    pub(super) allowance: Window,
}

/// What is known of a number.
#[derive(Debug)]
pub(super) enum Known<'a> {
    Idle,
    Live(&'a mut Stream),
    WasReset(&'a mut WasReset),
    /// Reset perhaps, but it is too long ago.
    Forgotten,
    Closed,
}

impl Streams {
    pub(super) fn new() -> Streams {
        Streams { open: VecDeque::new(), next: 1, reset: VecDeque::new(), forgotten: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Are the numbers used up?
    pub(super) fn is_exhausted(&self) -> bool {
        self.next > LAST
    }

    pub(super) fn next_id(&self) -> StreamId {
        self.next
    }

    /// Adds a stream with the next number, which is not exhausted.
    pub(super) fn push(&mut self, stream: Stream) {
        debug_assert!(stream.id == self.next && !self.is_exhausted());
        // RFC 9113 §5.1.1: a client's streams have odd numbers, each higher than the one before.
        self.next = stream.id + 2;
        self.open.push_back(stream);
    }

    pub(super) fn get(&self, id: StreamId) -> Option<&Stream> {
        self.open.get(self.index(id)?)
    }

    pub(super) fn get_mut(&mut self, id: StreamId) -> Option<&mut Stream> {
        let index = self.index(id)?;
        self.open.get_mut(index)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Stream> {
        self.open.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.open.iter_mut()
    }

    /// Was no stream of this number opened? The even ones are the server's, which may open none.
    pub(super) fn is_idle(&self, id: StreamId) -> bool {
        id % 2 == 0 || id >= self.next
    }

    pub(super) fn find(&mut self, id: StreamId) -> Known<'_> {
        if let Some(index) = self.index(id) {
            return Known::Live(&mut self.open[index]);
        }
        if self.is_idle(id) {
            return Known::Idle;
        }
        match self.reset.iter().position(|stream| stream.id == id) {
            Some(index) => Known::WasReset(&mut self.reset[index]),
            None if id <= self.forgotten => Known::Forgotten,
            None => Known::Closed,
        }
    }

    /// Takes a stream out that has been closed by both sides, or by the peer.
    pub(super) fn close(&mut self, id: StreamId) -> Option<Stream> {
        let index = self.index(id)?;
        self.open.remove(index)
    }

    /// The same if it has come to its end.
    pub(super) fn close_if(&mut self, id: StreamId, life: Life) {
        if life == Life::Closed {
            self.close(id);
        }
    }

    /// END_STREAM was received: takes the stream out if it has been sent too.
    pub(super) fn recv_end(&mut self, id: StreamId) {
        if let Some(index) = self.index(id) {
            if self.open[index].state.recv_end() == Life::Closed {
                self.open.remove(index);
            }
        }
    }

    /// Takes a stream out that the peer does not know to be closed.
    pub(super) fn reset(&mut self, id: StreamId) -> Option<Stream> {
        let stream = self.close(id)?;
        if self.reset.len() == REMEMBERED {
            let oldest = self.reset.pop_front().map_or(0, |stream| stream.id);
            self.forgotten = self.forgotten.max(oldest);
        }
        let allowance = Window::new(stream.recv.room() as u32);
        self.reset.push_back(WasReset { id, allowance });
        Some(stream)
    }

    /// The newest stream, if its number is above this.
    pub(super) fn newest_above(&self, id: StreamId) -> Option<&Stream> {
        self.open.back().filter(|stream| stream.id > id)
    }

    /// Forgets the live ones: the connection has failed.
    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    fn index(&self, id: StreamId) -> Option<usize> {
        // With one stream at a time, and often with several, it is the first.
        match self.open.front() {
            Some(first) if first.id == id => Some(0),
            Some(first) if first.id < id => self.open.binary_search_by_key(&id, |s| s.id).ok(),
            _ => None,
        }
    }
}

/// RFC 9113 §5.1.1: stream identifiers have 31 bits.
const LAST: StreamId = (1 << 31) - 1;

/// How many streams that were reset are remembered: more than most servers allow at once.
const REMEMBERED: usize = 256;

#[cfg(test)]
mod tests {
    use super::super::flow::RecvWindow;
    use super::super::stream::{Asked, State};
    use super::*;

    fn open(streams: &mut Streams, count: usize) {
        for _ in 0..count {
            streams.push(Stream {
                id: streams.next_id(),
                state: State::opened(true),
                asked: Asked::Other,
                send: Window::new(10),
                recv: RecvWindow::new(10),
            });
        }
    }

    #[test]
    fn ok_numbers_are_idle_then_live_then_closed() {
        let mut streams = Streams::new();
        assert!(matches!(streams.find(1), Known::Idle));
        open(&mut streams, 3);
        assert!(matches!(streams.find(5), Known::Live(stream) if stream.id == 5));
        assert!(matches!(streams.find(7), Known::Idle));
        assert!(matches!(streams.find(4), Known::Idle));
        assert!(streams.close(3).is_some());
        assert!(streams.close(3).is_none());
        assert!(matches!(streams.find(3), Known::Closed));
        assert!(matches!(streams.find(5), Known::Live(_)));
        assert!(streams.reset(1).is_some());
        assert!(matches!(streams.find(1), Known::WasReset(_)));
        assert_eq!(streams.newest_above(4).map(|stream| stream.id), Some(5));
        assert!(streams.newest_above(5).is_none());
    }

    #[test]
    fn ok_a_bounded_number_of_resets_is_remembered() {
        let mut streams = Streams::new();
        open(&mut streams, REMEMBERED + 2);
        streams.close(1);
        for index in 1..REMEMBERED as u32 + 2 {
            streams.reset(1 + 2 * index);
        }
        assert_eq!(streams.reset.len(), REMEMBERED);
        assert!(matches!(streams.find(1), Known::Forgotten));
        assert!(matches!(streams.find(3), Known::Forgotten));
        assert!(matches!(streams.find(5), Known::WasReset(_)));
    }

    #[test]
    fn ok_numbers_end() {
        let mut streams = Streams::new();
        streams.next = LAST;
        assert!(!streams.is_exhausted());
        open(&mut streams, 1);
        assert!(streams.is_exhausted());
        assert!(!streams.is_idle(LAST) && streams.get(LAST).is_some());
    }
}
