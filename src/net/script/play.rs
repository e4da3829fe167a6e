//! A connection that follows a script, and how far it has come.

use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use super::{End, Expected, Script};
use crate::net::watched::Watched;
use crate::net::{cancelled, Deadline, Interrupt, Readiness, Transport};

/// A connection that follows a script.
pub(super) struct Scripted(Arc<Watched<Play>>);

impl Scripted {
    pub(super) fn new(play: Arc<Watched<Play>>) -> Scripted {
        Scripted(play)
    }
}

/// How far a connection has come in its script.
pub(super) struct Play {
    script: Script,
    written: Vec<u8>,
    /// How many expectations were met, and where in `written` the next one begins.
    met: usize,
    met_to: usize,
    /// How many replies were read, and how much of the next.
    read: usize,
    read_of: usize,
    interrupted: bool,
}

impl Transport for Scripted {
    fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        deadline.left()?;
        self.0.wait_for(deadline, None, |play| play.read(buffer))?
    }

    fn write(&mut self, bytes: &[u8], deadline: Deadline) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        deadline.left()?;
        let written = self.0.wait_for(deadline, None, |play| play.write(bytes))?;
        // Whoever reads from a clone may go on.
        self.0.wake();
        written
    }

    fn readiness(&mut self) -> io::Result<Readiness> {
        let play = self.0.lock();
        match play.readable() {
            _ if play.interrupted => Err(cancelled()),
            Some(_) => Ok(Readiness::Data),
            None if !play.is_over() => Ok(Readiness::Quiet),
            None => match play.script.end {
                End::Close => Ok(Readiness::Closed),
                End::Reset => Err(ErrorKind::ConnectionReset.into()),
                _ => Ok(Readiness::Quiet),
            },
        }
    }

    fn interrupt_handle(&self) -> Option<Arc<dyn Interrupt>> {
        Some(Arc::new(Curtain(Arc::clone(&self.0))))
    }

    fn try_clone(&self) -> io::Result<Box<dyn Transport>> {
        Ok(Box::new(Scripted(Arc::clone(&self.0))))
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scripted").field(&self.0.lock()).finish()
    }
}

impl fmt::Debug for Play {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Play")
            .field("script", &self.script)
            .field("written", &show(&self.written))
            .finish_non_exhaustive()
    }
}

struct Curtain(Arc<Watched<Play>>);

impl Interrupt for Curtain {
    fn interrupt(&self) {
        self.0.update(|play| play.interrupted = true);
    }
}

impl Play {
    pub(super) fn new(script: Script) -> Play {
        Play {
            script,
            written: Vec::new(),
            met: 0,
            met_to: 0,
            read: 0,
            read_of: 0,
            interrupted: false,
        }
    }

    /// Everything that was written so far.
    pub(super) fn written(&self) -> &[u8] {
        &self.written
    }

    /// The result of a read, or `None` while it has to wait.
    fn read(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        if self.interrupted {
            return Some(Err(cancelled()));
        }
        if let Some(available) = self.readable() {
            let count = available.len().min(buffer.len());
            buffer[..count].copy_from_slice(&available[..count]);
            self.read_of += count;
            if self.read_of == self.script.replies[self.read].bytes.len() {
                self.read += 1;
                self.read_of = 0;
            }
            return Some(Ok(count));
        }
        if !self.is_over() {
            return None;
        }
        match self.script.end {
            End::Stall => None,
            End::Close => Some(Ok(0)),
            End::Reset | End::Refused => Some(Err(ErrorKind::ConnectionReset.into())),
            End::Unwritten => Some(Err(fault("the script has nothing more to read".into()))),
        }
    }

    /// The result of a write, or `None` while it has to wait.
    fn write(&mut self, bytes: &[u8]) -> Option<io::Result<usize>> {
        if self.interrupted {
            return Some(Err(cancelled()));
        }
        if self.is_over() && self.script.end == End::Reset {
            return Some(Err(ErrorKind::ConnectionReset.into()));
        }
        let room = self.script.most_per_write.unwrap_or(usize::MAX);
        let bytes = &bytes[..bytes.len().min(room)];
        if self.takes_anything() {
            self.written.extend_from_slice(bytes);
            return Some(Ok(bytes.len()));
        }
        if self.met == self.script.expected.len() {
            return match self.script.end {
                End::Stall => None,
                _ => Some(Err(mismatch(b"", bytes))),
            };
        }
        self.written.extend_from_slice(bytes);
        self.meet().map_or_else(|error| Some(Err(error)), |surplus| Some(Ok(bytes.len() - surplus)))
    }

    /// Without expectations everything is taken; after a close what is written goes nowhere.
    fn takes_anything(&self) -> bool {
        match self.script.end {
            End::Close => self.met == self.script.expected.len(),
            End::Stall if self.is_over() => false,
            _ => self.script.expected.is_empty(),
        }
    }

    /// Holds what was written against what is expected. Says how many bytes at the end were not
    /// taken, since the script stalls before them.
    fn meet(&mut self) -> io::Result<usize> {
        while let Some(expected) = self.script.expected.get(self.met) {
            let new = &self.written[self.met_to..];
            match expected.length_in(new)? {
                Some(length) => {
                    self.met_to += length;
                    self.met += 1;
                }
                None => return Ok(0),
            }
        }
        let surplus = self.written.len() - self.met_to;
        match self.script.end {
            _ if surplus == 0 => Ok(0),
            End::Close => Ok(0),
            End::Stall => {
                self.written.truncate(self.met_to);
                Ok(surplus)
            }
            _ => Err(mismatch(b"", &self.written[self.met_to..])),
        }
    }

    /// What can be read now, if anything; never empty.
    fn readable(&self) -> Option<&[u8]> {
        let reply = self.script.replies.get(self.read)?;
        if reply.after > self.met {
            return None;
        }
        let rest = &reply.bytes[self.read_of..];
        Some(&rest[..rest.len().min(reply.most_per_read)])
    }

    /// Has every step been gone through?
    fn is_over(&self) -> bool {
        self.met == self.script.expected.len() && self.read == self.script.replies.len()
    }
}

impl Expected {
    /// How many of the bytes meet this; `None` if more are needed.
    fn length_in(&self, bytes: &[u8]) -> io::Result<Option<usize>> {
        match self {
            Expected::Bytes(expected) => {
                let common = expected.len().min(bytes.len());
                if expected[..common] != bytes[..common] {
                    return Err(mismatch(expected, bytes));
                }
                Ok((common == expected.len()).then_some(common))
            }
            Expected::Until(end) => {
                let at = bytes.windows(end.len()).position(|window| window == end);
                Ok(at.map(|at| at + end.len()))
            }
        }
    }
}

fn mismatch(expected: &[u8], written: &[u8]) -> io::Error {
    let expected = match expected {
        [] => "nothing more".to_owned(),
        _ => format!("\"{}\"", show(expected)),
    };
    let written = show(written);
    fault(format!("the script expected {expected}, but \"{written}\" was written"))
}

fn fault(text: String) -> io::Error {
    io::Error::new(ErrorKind::Other, text)
}

fn show(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
