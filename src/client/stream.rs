//! What a connection is after it has left HTTP: a plain stream of bytes.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use crate::net::{Deadline, Registration, Transport};
use crate::proto::buffer::Buffer;

use super::Claim;

/// A connection that has left HTTP. Dropping it, and what was cloned from it, closes it; until then it
/// counts among the connections of its client. What came behind the head is read first.
///
/// The [`CancelToken`](crate::CancelToken) of its request still ends it. The deadline of the request
/// was for the exchange, so the stream begins without one.
pub struct Stream {
    transport: Box<dyn Transport>,
    /// What came with the head.
    unread: Buffer,
    deadline: Deadline,
    /// The last field: its place is free when the connection is closed.
    hold: Arc<Hold>,
}

/// What lasts as long as the connection.
struct Hold {
    _registration: Option<Registration>,
    _claim: Claim,
}

impl Stream {
    pub(super) fn new(
        transport: Box<dyn Transport>,
        unread: Buffer,
        registration: Option<Registration>,
        claim: Claim,
    ) -> Stream {
        let hold = Arc::new(Hold { _registration: registration, _claim: claim });
        Stream { transport, unread, deadline: Deadline::NEVER, hold }
    }

    /// A second handle on the connection, for a second thread: read from this one, with which what came
    /// behind the head stays, and write to the other. Each has its own deadline.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use std::thread;
    /// use pannier::http::Method;
    /// use pannier::net::Script;
    /// use pannier::Client;
    ///
    /// let script = Script::new()
    ///     .expect_until("\r\n\r\n")
    ///     .reply("HTTP/1.1 200 OK\r\n\r\nwelcome, ")
    ///     .expect("hello")
    ///     .reply("and hello")
    ///     .close();
    /// let client = Client::builder().connector(script.repeated()).build();
    /// let tunnel = client.request(Method::CONNECT, "http://example.com/").send()?;
    ///
    /// let mut reading = tunnel.into_stream().expect("it is one after a 200");
    /// let mut writing = reading.try_clone().expect("it is no TLS");
    /// let writer = thread::spawn(move || writing.write_all(b"hello"));
    /// let mut text = String::new();
    /// reading.read_to_string(&mut text).expect("it ends in order");
    /// assert_eq!(text, "welcome, and hello");
    /// # writer.join().unwrap().unwrap();
    /// # Ok::<(), pannier::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Unsupported`](io::ErrorKind::Unsupported) if the transport below cannot be shared: see
    /// [`Transport::try_clone`].
    pub fn try_clone(&self) -> io::Result<Stream> {
        Ok(Stream {
            transport: self.transport.try_clone()?,
            unread: Buffer::new(),
            deadline: self.deadline,
            hold: Arc::clone(&self.hold),
        })
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

/// Neither the bytes nor the client that has lent the connection.
impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("transport", &self.transport)
            .field("unread", &self.unread.unread().len())
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
