//! Where content comes from that is read when it is sent.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::conn::Failure;
use crate::error::{Error, ErrorKind, Result};
use crate::event::Phase;

use super::super::explain::explain;
use super::read::{Limited, Sequence, Window};
use super::{Body, ReadOn};

/// Something to read from: a trait so that a program whose requests have no such content does not carry
/// any of it.
pub(super) trait Supply: Send + Sync {
    /// What the `Debug` of a body calls it.
    fn name(&self) -> &'static str;

    /// The length in bytes, if it is known.
    fn len(&self) -> Option<u64>;

    /// Can it be read more than once?
    fn is_replayable(&self) -> bool;

    /// Its length was given elsewhere.
    fn set_length(&mut self, _announced: u64) {}

    /// Is there something to read still?
    fn check_unspent(&self) -> Result<()> {
        Ok(())
    }

    /// From the beginning.
    fn open(&self) -> Result<Box<ReadOn<'_>>>;
}

/// What is left of an open file from a position on.
pub(super) struct OpenFile {
    pub(super) file: File,
    pub(super) start: u64,
    pub(super) length: u64,
}

impl Supply for OpenFile {
    fn name(&self) -> &'static str {
        "file"
    }

    fn len(&self) -> Option<u64> {
        Some(self.length)
    }

    fn is_replayable(&self) -> bool {
        true
    }

    fn open(&self) -> Result<Box<ReadOn<'_>>> {
        let mut window = Window { file: &self.file, at: self.start, left: self.length };
        Ok(Box::new(move |buffer| window.read(buffer)))
    }
}

/// A reader, which is taken out when it is sent.
pub(super) struct Once {
    reader: Mutex<Option<Box<dyn Read + Send>>>,
    length: Option<u64>,
}

impl Once {
    pub(super) fn new(reader: Box<dyn Read + Send>, length: Option<u64>) -> Once {
        Once { reader: Mutex::new(Some(reader)), length }
    }

    fn reader(&self) -> MutexGuard<'_, Option<Box<dyn Read + Send>>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Supply for Once {
    fn name(&self) -> &'static str {
        "reader"
    }

    fn len(&self) -> Option<u64> {
        self.length
    }

    fn is_replayable(&self) -> bool {
        false
    }

    fn set_length(&mut self, announced: u64) {
        self.length.get_or_insert(announced);
    }

    fn check_unspent(&self) -> Result<()> {
        match *self.reader() {
            Some(_) => Ok(()),
            None => Err(spent()),
        }
    }

    fn open(&self) -> Result<Box<ReadOn<'_>>> {
        let reader = self.reader().take().ok_or_else(spent)?;
        Ok(limited(reader, self.length))
    }
}

/// A reader that is made when it is sent.
pub(super) struct Made<F> {
    pub(super) make: F,
    pub(super) length: Option<u64>,
    pub(super) replayable: bool,
}

impl<R, F> Supply for Made<F>
where
    R: Read + Send + 'static,
    F: Fn() -> io::Result<R> + Send + Sync,
{
    fn name(&self) -> &'static str {
        "made anew"
    }

    fn len(&self) -> Option<u64> {
        self.length
    }

    fn is_replayable(&self) -> bool {
        self.replayable
    }

    fn set_length(&mut self, announced: u64) {
        self.length.get_or_insert(announced);
    }

    fn open(&self) -> Result<Box<ReadOn<'_>>> {
        let reader = (self.make)().map_err(Failure::Content);
        let reader = reader.map_err(|failure| explain(None, Phase::Send, failure))?;
        Ok(limited(Box::new(reader), self.length))
    }
}

/// One body after the other.
pub(super) struct InTurn(pub(super) Vec<Body>);

impl Supply for InTurn {
    fn name(&self) -> &'static str {
        "multipart"
    }

    fn len(&self) -> Option<u64> {
        self.0.iter().try_fold(0_u64, |sum, body| sum.checked_add(body.len()?))
    }

    fn is_replayable(&self) -> bool {
        self.0.iter().all(Body::is_replayable)
    }

    fn check_unspent(&self) -> Result<()> {
        self.0.iter().try_for_each(Body::check_unspent)
    }

    fn open(&self) -> Result<Box<ReadOn<'_>>> {
        let mut sequence = Sequence::new(&self.0);
        Ok(Box::new(move |buffer| sequence.read(buffer)))
    }
}

fn limited(reader: Box<dyn Read + Send>, length: Option<u64>) -> Box<ReadOn<'static>> {
    let mut limited = Limited::new(reader, length);
    Box::new(move |buffer| limited.read(buffer))
}

fn spent() -> Error {
    Error::new(ErrorKind::Body).message("the request body was already sent").at(Phase::Send)
}
