//! What a connection is after it has left HTTP: a plain stream of bytes.

use std::io::{self, Read, Write};

use crate::net::{Deadline, Transport};
use crate::proto::buffer::Buffer;

/// A connection that has left HTTP. Dropping it closes it.
#[derive(Debug)]
pub struct Stream {
    pub(super) transport: Box<dyn Transport>,
    /// What came with the head.
    pub(super) unread: Buffer,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.unread.is_empty() {
            true => self.transport.read(buffer, Deadline::NEVER),
            false => {
                let count = self.unread.unread().read(buffer)?;
                self.unread.consume(count);
                Ok(count)
            }
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.transport.write(bytes, Deadline::NEVER)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
