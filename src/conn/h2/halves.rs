//! The two directions of the transport, each used by one thread at a time.
//!
//! A transport that cannot be cloned, as one of TLS mostly cannot, has one half for both. Then nobody can
//! write while another one reads, so its connection carries one exchange at a time.

use std::io;

use crate::net::{Deadline, Transport};
use crate::proto::buffer::Buffer;

/// The halves that nobody uses just now.
#[derive(Debug)]
pub(super) struct Halves {
    reader: Option<Half>,
    writer: Option<Half>,
    /// Are there two?
    two: bool,
    /// Does the peer take nothing any more?
    refused: bool,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Half {
    transport: Box<dyn Transport>,
    /// What was read and not understood yet. The half to write with has none.
    input: Buffer,
    /// How much room a read is given: twice as much when it was filled.
    read_size: usize,
    role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// It is read from, and written to if there is no other half.
    Read,
    Write,
}

impl Halves {
    pub(super) fn of(transport: Box<dyn Transport>) -> Halves {
        let writer = transport.try_clone().ok().map(|clone| Half::new(clone, Role::Write));
        let two = writer.is_some();
        Halves { reader: Some(Half::new(transport, Role::Read)), writer, two, refused: false }
    }

    pub(super) fn are_two(&self) -> bool {
        self.two
    }

    pub(super) fn can_read(&self) -> bool {
        self.reader.is_some()
    }

    pub(super) fn can_write(&self) -> bool {
        !self.refused && self.writing_half().is_some()
    }

    /// Is anyone writing while another one may read?
    pub(super) fn is_writing(&self) -> bool {
        self.two && self.writer.is_none()
    }

    pub(super) fn take_to_read(&mut self) -> Option<Half> {
        self.reader.take()
    }

    pub(super) fn take_to_write(&mut self) -> Option<Half> {
        match (self.refused, self.two) {
            (true, _) => None,
            (false, true) => self.writer.take(),
            (false, false) => self.reader.take(),
        }
    }

    /// What is to be read from and, if there is another half, that too, so that nobody has any.
    pub(super) fn take_both(&mut self) -> Option<(Half, Option<Half>)> {
        match self.is_writing() {
            true => None,
            false => Some((self.reader.take()?, self.writer.take())),
        }
    }

    pub(super) fn put_back(&mut self, half: Half) {
        match half.role {
            Role::Read => self.reader = Some(half),
            Role::Write => self.writer = Some(half),
        }
    }

    /// The peer takes nothing any more: from now on there is only reading.
    pub(super) fn refuse(&mut self) {
        self.refused = true;
    }

    pub(super) fn are_refused(&self) -> bool {
        self.refused
    }

    pub(super) fn rest(&mut self) {
        if let Some(reader) = &mut self.reader {
            reader.rest();
        }
    }

    fn writing_half(&self) -> Option<&Half> {
        match self.two {
            true => self.writer.as_ref(),
            false => self.reader.as_ref(),
        }
    }
}

impl Half {
    fn new(transport: Box<dyn Transport>, role: Role) -> Half {
        Half { transport, input: Buffer::new(), read_size: LIKELY_READ, role }
    }

    pub(super) fn transport(&mut self) -> &mut dyn Transport {
        &mut *self.transport
    }

    pub(super) fn input(&mut self) -> &mut Buffer {
        &mut self.input
    }

    /// Reads once. Returns how much came, which is nothing at the end.
    pub(super) fn fill(&mut self, until: Deadline) -> io::Result<usize> {
        let room = self.input.spare(self.read_size);
        let offered = room.len();
        let count = self.transport.read(room, until)?;
        if count == offered {
            self.read_size = MOST_READ.min(self.read_size * 2);
        }
        self.input.filled(count);
        Ok(count)
    }

    fn rest(&mut self) {
        self.input.shrink(IDLE_BUFFER);
        self.read_size = LIKELY_READ;
    }
}

/// Room for the heads and small contents of a few exchanges.
const LIKELY_READ: usize = 8 << 10;

/// What an idle connection may hold on to.
const IDLE_BUFFER: usize = 16 << 10;

/// Room for what comes for many exchanges at once. With the rest of a frame it stays under the 128 KiB
/// from which on glibc places a buffer where copying into it is slow on some processors.
const MOST_READ: usize = 64 << 10;
