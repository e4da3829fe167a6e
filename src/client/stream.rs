//! What a connection is after it has left HTTP: a plain stream of bytes.

use std::io::{self, Read, Write};

use crate::net::{Deadline, Registration, Transport};
use crate::proto::buffer::Buffer;

use super::Place;

/// A connection that has left HTTP. Dropping it closes it; until then it counts among the connections
/// of its client.
///
/// The [`CancelToken`](crate::CancelToken) of its request still ends it. The deadline of the request
/// was for the exchange, so the stream begins without one.
#[derive(Debug)]
pub struct Stream {
    transport: Box<dyn Transport>,
    /// What came with the head.
    unread: Buffer,
    deadline: Deadline,
    _registration: Option<Registration>,
    /// The last field: the place is free when the connection is closed.
    _place: Place,
}

impl Stream {
    pub(super) fn new(
        transport: Box<dyn Transport>,
        unread: Buffer,
        registration: Option<Registration>,
        place: Place,
    ) -> Stream {
        Stream {
            transport,
            unread,
            deadline: Deadline::NEVER,
            _registration: registration,
            _place: place,
        }
    }

    /// By when every read and write from now on must have ended; else it fails with
    /// [`TimedOut`](io::ErrorKind::TimedOut).
    pub fn set_deadline(&mut self, deadline: Deadline) {
        self.deadline = deadline;
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.unread.is_empty() {
            true => self.transport.read(buffer, self.deadline),
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
        self.transport.write(bytes, self.deadline)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
