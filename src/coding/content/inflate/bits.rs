//! Bits in the order of RFC 1951 §3.1.1: the least significant bit of a byte first.
//!
//! A byte is taken from the input only when a bit of it is needed. So when the last bit of a stream has
//! been read, nothing of what follows has been taken, in this call or in one before.

/// Input, and how far it was taken.
#[derive(Debug)]
pub(super) struct Input<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Input<'a> {
        Input { bytes, at: 0 }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }
}

/// Bits that were taken and not used yet. Those above `count` are zero.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bits {
    pub(super) buffer: u64,
    pub(super) count: u32,
}

impl Bits {
    /// Takes one more byte. False if there is none. There is always room: no rule needs more than
    /// 48 bits at once.
    pub(super) fn pull(&mut self, input: &mut Input<'_>) -> bool {
        match input.bytes.get(input.at) {
            Some(&byte) => {
                self.buffer |= u64::from(byte) << self.count;
                self.count += 8;
                input.at += 1;
                true
            }
            None => false,
        }
    }

    /// The next `count` bits as a number, if they are there.
    pub(super) fn take(&mut self, count: u32, input: &mut Input<'_>) -> Option<u32> {
        while self.count < count {
            if !self.pull(input) {
                return None;
            }
        }
        let value = self.buffer & ((1 << count) - 1);
        self.skip(count);
        Some(value as u32)
    }

    pub(super) fn skip(&mut self, count: u32) {
        debug_assert!(count <= self.count);
        self.buffer >>= count;
        self.count -= count;
    }

    /// Skips to the next byte.
    pub(super) fn align(&mut self) {
        self.skip(self.count % 8);
    }
}
