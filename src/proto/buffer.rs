//! Bytes that were read from a peer and not yet consumed.
//!
//! One allocation that grows by doubling and is compacted only when room is needed, so that each
//! byte is moved a constant number of times; how much may be unread is for the reader to bound. How far a search for a line end got is
//! remembered by whoever searches; offsets from the first unread byte stay valid until `consume`.

use std::fmt;

/// A queue of bytes: filled at one end, consumed at the other.
///
/// ```
/// use pannier::proto::buffer::Buffer;
///
/// let mut buffer = Buffer::new();
/// buffer.spare(5)[..5].copy_from_slice(b"hello");
/// buffer.filled(5);
/// buffer.consume(1);
/// assert_eq!(buffer.unread(), b"ello");
/// ```
#[derive(Clone, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    /// An empty buffer that has allocated nothing yet.
    pub const fn new() -> Buffer {
        Buffer { bytes: Vec::new(), start: 0, end: 0 }
    }

    /// The bytes that were filled in and not consumed, oldest first.
    #[inline]
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Is there nothing unread?
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// How many bytes the buffer has allocated.
    pub fn capacity(&self) -> usize {
        self.bytes.len()
    }

    /// Room to read into, at least `minimum` bytes of it. What is unread may move in memory.
    #[inline]
    pub fn spare(&mut self, minimum: usize) -> &mut [u8] {
        if self.bytes.len() - self.end < minimum {
            self.make_room(minimum);
        }
        &mut self.bytes[self.end..]
    }

    /// Says that the first `count` bytes of [`spare`](Buffer::spare) now hold data.
    ///
    /// # Panics
    /// There was no such room.
    #[inline]
    pub fn filled(&mut self, count: usize) {
        assert!(count <= self.bytes.len() - self.end, "more filled than room");
        self.end += count;
    }

    /// Forgets the first `count` unread bytes.
    ///
    /// # Panics
    /// There are fewer.
    #[inline]
    pub fn consume(&mut self, count: usize) {
        assert!(count <= self.end - self.start, "more consumed than unread");
        self.start += count;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Gives memory back beyond `capacity` bytes, if nothing is unread.
    pub fn shrink(&mut self, capacity: usize) {
        if self.is_empty() && self.bytes.len() > capacity {
            self.bytes = vec![0; capacity];
        }
    }

    /// Grows where more than half is unread: else a full buffer that is consumed byte by byte would
    /// be moved as a whole for each of them.
    #[inline(never)]
    fn make_room(&mut self, minimum: usize) {
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let needed = self.end + minimum;
        if self.bytes.len() < needed || self.bytes.len() / 2 < self.end {
            let size = needed.max(self.bytes.len() * 2);
            self.bytes.resize(size, 0);
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} unread of {})", self.unread().len(), self.capacity())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(buffer: &mut Buffer, bytes: &[u8]) {
        buffer.spare(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        buffer.filled(bytes.len());
    }

    #[test]
    fn ok_what_goes_in_comes_out_in_order() {
        let mut buffer = Buffer::new();
        let mut out = Vec::new();
        let input: Vec<u8> = (0..10_000).map(|i| (i % 251) as u8).collect();
        for piece in input.chunks(37) {
            fill(&mut buffer, piece);
            let take = buffer.unread().len().min(29);
            out.extend_from_slice(&buffer.unread()[..take]);
            buffer.consume(take);
        }
        out.extend_from_slice(buffer.unread());
        assert_eq!(out, input);
    }

    #[test]
    fn ok_a_move_makes_room_for_as_much_as_it_moves() {
        let mut buffer = Buffer::new();
        fill(&mut buffer, &[7; 1000]);
        let mut moves = 0;
        for _ in 0..10_000 {
            buffer.consume(1);
            moves += usize::from(buffer.bytes.len() == buffer.end);
            fill(&mut buffer, &[7]);
        }
        assert!(moves <= 20, "{} moves of 999 bytes", moves);
        assert!(buffer.capacity() <= 4000);
    }

    #[test]
    fn ok_an_emptied_buffer_does_not_grow() {
        let mut buffer = Buffer::new();
        for _ in 0..1000 {
            fill(&mut buffer, b"0123456789");
            buffer.consume(10);
        }
        assert_eq!(buffer.capacity(), 10);
    }
}
