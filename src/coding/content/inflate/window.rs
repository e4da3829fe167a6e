//! What was decoded: the last 32 KiB, to which distances refer, and what was not handed out yet.

use std::fmt;

/// One buffer with the older data at its beginning. When it is full, the last 32 KiB move there.
pub(super) struct Window {
    pub(super) bytes: Box<[u8; SIZE]>,
    /// What lies before was handed out.
    start: usize,
    /// What lies before was decoded.
    pub(super) end: usize,
}

impl Window {
    pub(super) fn new() -> Window {
        // Not by way of the stack.
        let bytes = vec![0; SIZE].into_boxed_slice();
        match bytes.try_into() {
            Ok(bytes) => Window { bytes, start: 0, end: 0 },
            Err(_) => unreachable!("the slice has the length of the array"),
        }
    }

    /// Forgets everything, also what distances could refer to.
    pub(super) fn clear(&mut self) {
        self.start = 0;
        self.end = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Moves what was not handed out to `output`, as far as it has room.
    pub(super) fn hand_out(&mut self, output: &mut [u8]) -> usize {
        let count = output.len().min(self.end - self.start);
        output[..count].copy_from_slice(&self.bytes[self.start..self.start + count]);
        self.start += count;
        count
    }

    /// Makes room, once everything was handed out: from here on until there are `STEP` bytes more,
    /// which stay in the processor's cache until they are handed out.
    pub(super) fn make_room(&mut self) -> usize {
        debug_assert!(self.is_empty());
        if self.end + STEP > LIMIT {
            self.slide(HISTORY);
        }
        self.end + STEP
    }

    /// Takes note of bytes that were handed out by another way.
    pub(super) fn remember(&mut self, bytes: &[u8]) {
        debug_assert!(bytes.is_empty() || self.is_empty());
        let tail = &bytes[bytes.len().saturating_sub(HISTORY)..];
        if self.end + tail.len() > LIMIT {
            self.slide(HISTORY - tail.len());
        }
        self.bytes[self.end..self.end + tail.len()].copy_from_slice(tail);
        self.end += tail.len();
        self.start = self.end;
    }

    /// Moves the last `keep` bytes to the beginning.
    fn slide(&mut self, keep: usize) {
        self.bytes.copy_within(self.end - keep..self.end, 0);
        self.start = keep;
        self.end = keep;
    }

    pub(super) fn push(&mut self, byte: u8) {
        self.bytes[self.end] = byte;
        self.end += 1;
    }

    /// Appends `length` bytes from `distance` bytes ago, one by one: the source may be what is being
    /// written.
    pub(super) fn repeat(&mut self, length: usize, distance: usize) {
        for at in self.end..self.end + length {
            self.bytes[at] = self.bytes[at - distance];
        }
        self.end += length;
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Window({}..{})", self.start, self.end)
    }
}

/// No distance is longer (RFC 1951 §2).
const HISTORY: usize = 32 << 10;

/// How much is decoded before it is handed out.
const STEP: usize = 16 << 10;

/// Behind the end of a step there is room for what its last symbols are, literals and the longest match,
/// and for what is written beyond the end of a copy.
const SLACK: usize = 512;

/// The history moves once in 96 KiB.
pub(super) const SIZE: usize = LIMIT + SLACK;
const LIMIT: usize = 128 << 10;
