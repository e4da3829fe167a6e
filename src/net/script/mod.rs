//! Connections that follow a script instead of a wire: for tests and examples without a network.
//!
//! A [`Script`] is what one connection sees, in order: what must be written to it and what can be
//! read from it. [`Script::connections`] makes a [`Connect`] of a list of them. Bytes are only
//! bytes here; a script knows nothing of messages.

mod play;

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::http::Origin;

use self::play::{Play, Scripted};
use super::watched::Watched;
use super::{cancelled, CancelToken, Connect, Dialing, Transport};

/// What happens on one connection, step by step: a peer without a network, for tests and examples.
///
/// ```
/// use pannier::http::{Host, Origin, Scheme};
/// use pannier::net::{Connect, Deadline, Dialing, Script};
///
/// let scripts = Script::connections([Script::new().expect("ping\n").reply("pong\n").close()]);
///
/// let origin = Origin::new(Scheme::Http, Host::parse("example.com").unwrap(), 80);
/// let mut connection = scripts.connect(Dialing {
///     origin: &origin,
///     deadline: Deadline::NEVER,
///     cancel: None,
///     progress: &mut |_| {},
/// })?;
/// assert_eq!(connection.write(b"ping\n", Deadline::NEVER)?, 5);
///
/// let mut buffer = [0; 64];
/// assert_eq!(connection.read(&mut buffer, Deadline::NEVER)?, 5);
/// assert_eq!(&buffer[..5], b"pong\n");
/// assert_eq!(connection.read(&mut buffer, Deadline::NEVER)?, 0);
/// assert_eq!(scripts.written(0), b"ping\n");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Replies can be read once everything expected before them was written; until then a read waits,
/// as it would for a server that has not got its request yet. Writing does not have to wait for
/// replies to be read. A script without any `expect` takes whatever is written. What is written and was
/// not expected makes that write fail, and so does a read behind the last step, unless the script
/// says how it ends.
#[derive(Clone, Debug, Default)]
pub struct Script {
    expected: Vec<Expected>,
    replies: Vec<Reply>,
    end: End,
    most_per_write: Option<usize>,
}

#[derive(Clone, Debug)]
enum Expected {
    Bytes(Vec<u8>),
    Until(Vec<u8>),
}

#[derive(Clone, Debug)]
struct Reply {
    /// How many expectations must have been met before.
    after: usize,
    bytes: Vec<u8>,
    most_per_read: usize,
}

/// What comes behind the last step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    /// Using the connection further is a fault of the test.
    #[default]
    Unwritten,
    Stall,
    Close,
    Reset,
    /// There is no connection to begin with.
    Refused,
}

impl Script {
    /// A connection on which nothing happens.
    pub fn new() -> Script {
        Script::default()
    }

    /// An address at which nobody listens: connecting fails.
    pub fn refused() -> Script {
        Script { end: End::Refused, ..Script::default() }
    }

    /// The next bytes that are written must be these.
    #[must_use]
    pub fn expect(mut self, bytes: impl AsRef<[u8]>) -> Script {
        self.expected.push(Expected::Bytes(bytes.as_ref().into()));
        self
    }

    /// The next bytes that are written may be any, up to and with the first occurrence of `end`.
    ///
    /// # Panics
    /// If `end` is empty.
    #[must_use]
    pub fn expect_until(mut self, end: impl AsRef<[u8]>) -> Script {
        assert!(!end.as_ref().is_empty(), "nothing ends with no bytes");
        self.expected.push(Expected::Until(end.as_ref().into()));
        self
    }

    /// The next bytes to read, as many at once as the reader has room for.
    #[must_use]
    pub fn reply(self, bytes: impl AsRef<[u8]>) -> Script {
        self.reply_in_pieces(bytes, usize::MAX)
    }

    /// The next bytes to read, at most `size` of them by each read.
    ///
    /// # Panics
    /// If `size` is zero.
    #[must_use]
    pub fn reply_in_pieces(mut self, bytes: impl AsRef<[u8]>, size: usize) -> Script {
        assert!(size > 0, "a read of no bytes would look like the end");
        if !bytes.as_ref().is_empty() {
            self.replies.push(Reply {
                after: self.expected.len(),
                bytes: bytes.as_ref().into(),
                most_per_read: size,
            });
        }
        self
    }

    /// Each write takes at most `size` bytes.
    ///
    /// # Panics
    /// If `size` is zero.
    #[must_use]
    pub fn take_in_pieces(mut self, size: usize) -> Script {
        assert!(size > 0, "a write of no bytes makes no progress");
        self.most_per_write = Some(size);
        self
    }

    /// The script ends with silence: reads wait, and so do writes.
    #[must_use]
    pub fn stall(self) -> Script {
        self.ends(End::Stall)
    }

    /// The script ends with the peer's orderly end of the stream. Writes still go through, as they
    /// do into a connection that the peer has closed a moment ago.
    #[must_use]
    pub fn close(self) -> Script {
        self.ends(End::Close)
    }

    /// The script ends with a reset: reads and writes fail.
    #[must_use]
    pub fn reset(self) -> Script {
        self.ends(End::Reset)
    }

    /// Makes connections that follow these scripts, each script once. A further one is refused.
    pub fn connections(scripts: impl IntoIterator<Item = Script>) -> Scripts {
        Scripts::new(scripts.into_iter().collect(), false)
    }

    /// Makes connections all of which follow this script.
    pub fn repeated(self) -> Scripts {
        Scripts::new(vec![self], true)
    }

    fn ends(mut self, end: End) -> Script {
        self.end = end;
        self
    }
}

/// Makes connections that follow scripts, and keeps what is written to each.
///
/// Clones are one: hand one to the client, and ask the other. No [`Step`](super::Step) is
/// reported: there is no address that one could carry.
#[derive(Clone, Debug)]
pub struct Scripts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    scripts: Vec<Script>,
    repeat: bool,
    /// Guards the list; the connections in it are never locked inside.
    made: Mutex<Vec<Option<Arc<Watched<Play>>>>>,
}

impl Scripts {
    fn new(scripts: Vec<Script>, repeat: bool) -> Scripts {
        Scripts(Arc::new(Inner { scripts, repeat, made: Mutex::default() }))
    }

    /// How many connections were asked for, refused ones included.
    pub fn count(&self) -> usize {
        self.made().len()
    }

    /// What was written so far to the connection of this number, from 0; nothing if there is none.
    pub fn written(&self, connection: usize) -> Vec<u8> {
        let play = self.made().get(connection).cloned().flatten();
        play.map_or_else(Vec::new, |play| play.lock().written().to_vec())
    }

    fn made(&self) -> MutexGuard<'_, Vec<Option<Arc<Watched<Play>>>>> {
        self.0.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connect for Scripts {
    fn connect(&self, dialing: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
        if dialing.cancel.map_or(false, CancelToken::is_cancelled) {
            return Err(cancelled());
        }
        dialing.deadline.left()?;
        let mut made = self.made();
        let index = if self.0.repeat { 0 } else { made.len() };
        let script = self.0.scripts.get(index);
        let play = match script.filter(|script| script.end != End::Refused) {
            Some(script) => Watched::new(Play::new(script.clone())),
            None => {
                made.push(None);
                let written = script.map_or("has no connection", |_| "refuses connection");
                let text = format!("the script {} {}", written, made.len() - 1);
                return Err(io::Error::new(ErrorKind::ConnectionRefused, text));
            }
        };
        made.push(Some(Arc::clone(&play)));
        Ok(Box::new(Scripted::new(play)))
    }

    fn is_immediate(&self, _: &Origin) -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
