//! The layer in which content is decoded as it is read. Refused are codings that are unknown, cannot be
//! read or are more than five, content that is not what its coding allows or goes on behind its end, and
//! too much of too little or nothing of much.

use std::fmt;

use crate::coding::{self, Coding, Decoder};
use crate::error::{Error, ErrorKind, Result};
use crate::http::{list, Headers};

/// What stands between the content on the connection and who reads it.
#[derive(Debug)]
pub(in crate::client) enum Layer {
    /// Nothing.
    Plain,
    /// These codings, and nothing was read yet.
    Fresh(Box<Codings>),
    /// A decoder.
    Begun(Box<Decode>),
    /// A decoder that is done with, in success or failure: nothing any more.
    Done,
}

/// The codings of a response, in the order in which they were applied.
#[derive(Debug)]
pub(in crate::client) struct Codings {
    known: Vec<Coding>,
    /// Why they cannot be decoded.
    fault: Option<String>,
    ratio: u32,
}

/// A decoder with the coded content that it has not taken yet.
pub(in crate::client) struct Decode {
    decoder: Decoder,
    coded: [u8; PIECE],
    start: usize,
    end: usize,
    /// All coded content has come.
    ended: bool,
    received: u64,
    produced: u64,
    /// How much had come when something was last made of it.
    fruitful: u64,
    ratio: u32,
}

/// Why decoding cannot go on.
pub(in crate::client) enum Stop {
    /// The coded content cannot be had.
    Fetch(Error),
    /// It can, but not be decoded.
    Decode(Error),
}

impl Layer {
    pub(super) fn new(headers: &Headers, content: bool, transfer: bool, ratio: u32) -> Layer {
        let mut codings = Codings { known: Vec::new(), fault: None, ratio };
        // Content codings are applied first (RFC 9112 §7).
        for (wanted, field) in [(content, "Content-Encoding"), (transfer, "Transfer-Encoding")] {
            if wanted {
                headers.get_all(field).for_each(|value| codings.add_all(value));
            }
        }
        match codings.known.is_empty() && codings.fault.is_none() {
            true => Layer::Plain,
            false => Layer::Fresh(Box::new(codings)),
        }
    }

    pub(in crate::client) const PLAIN: Layer = Layer::Plain;

    pub(in crate::client) fn is_plain(&self) -> bool {
        matches!(self, Layer::Plain)
    }

    /// What comes through it from now on has been decoded before.
    pub(in crate::client) fn end(&mut self) {
        if !self.is_plain() {
            *self = Layer::Done;
        }
    }

    /// Is there nothing in it that was not handed out, and nothing that has to come?
    pub(in crate::client) fn is_empty(&self) -> bool {
        match self {
            Layer::Plain | Layer::Done => true,
            Layer::Fresh(_) => false,
            Layer::Begun(decode) => decode.start == decode.end && decode.decoder.is_complete(),
        }
    }
}

impl Codings {
    /// Adds a list. Where it cannot be read there may be a coding that nobody knows.
    fn add_all(&mut self, value: &[u8]) {
        list::elements(value).for_each(|name| self.add(name.unwrap_or(value)));
    }

    fn add(&mut self, name: &[u8]) {
        // `none` is no registered coding, but what some servers call having none.
        let passed_over = [&b"identity"[..], b"none", b"chunked"];
        match Coding::named(name) {
            Some(_) if self.known.len() == MOST => {
                let text = format!("the content has more than {} codings", MOST);
                self.fault.get_or_insert(text);
            }
            Some(coding) => self.known.push(coding),
            None if passed_over.iter().any(|passed| name.eq_ignore_ascii_case(passed)) => {}
            None => {
                let name = String::from_utf8_lossy(name);
                let text = format!("the content coding {:?} is not supported", name);
                self.fault.get_or_insert(text);
            }
        }
    }

    /// The decoder.
    ///
    /// # Errors
    /// There are too many codings, or some that are unknown or cannot be read.
    pub(in crate::client) fn begin(self) -> Result<Box<Decode>> {
        if let Some(fault) = self.fault {
            return Err(Error::new(ErrorKind::Coding).message(fault));
        }
        Ok(Box::new(Decode {
            decoder: Decoder::new(&self.known),
            coded: [0; PIECE],
            start: 0,
            end: 0,
            ended: false,
            received: 0,
            produced: 0,
            fruitful: 0,
            ratio: self.ratio,
        }))
    }
}

impl Decode {
    /// Decodes into `buffer`: at least one byte, or 0 at the end. `fetch` gets coded content, 0 at its
    /// end.
    pub(in crate::client) fn read(
        &mut self,
        buffer: &mut [u8],
        mut fetch: impl FnMut(&mut [u8]) -> Result<usize>,
    ) -> Result<usize, Stop> {
        let broken = |rule: coding::Error| {
            Stop::Decode(Error::new(ErrorKind::Coding).message(rule.to_string()))
        };
        loop {
            let coded = &self.coded[self.start..self.end];
            let (taken, count) = self.decoder.read(coded, buffer).map_err(broken)?;
            self.start += taken;
            self.produced += count as u64;
            match () {
                () if count > 0 => return self.check(count),
                () if taken > 0 => {}
                () if buffer.is_empty() => return Ok(0),
                () if self.start < self.end => return Err(broken(coding::Error::Trailing)),
                () if self.ended => return self.decoder.finish().map(|()| 0).map_err(broken),
                () if self.received - self.fruitful > BARREN => return Err(barren()),
                () => {
                    self.end = fetch(&mut self.coded).map_err(Stop::Fetch)?;
                    self.start = 0;
                    self.ended = self.end == 0;
                    self.received += self.end as u64;
                }
            }
        }
    }

    /// `count`, unless too much has come of too little.
    fn check(&mut self, count: usize) -> Result<usize, Stop> {
        self.fruitful = self.received;
        let allowed = self.received.saturating_mul(self.ratio.into()).max(FREE);
        if self.produced <= allowed {
            return Ok(count);
        }
        let text = format!(
            "{} bytes came to more than {} times as many when they were decoded",
            self.received, self.ratio
        );
        Err(Stop::Decode(Error::new(ErrorKind::TooLarge).message(text)))
    }
}

impl fmt::Debug for Decode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decode({} of {})", self.produced, self.received)
    }
}

#[cold]
fn barren() -> Stop {
    let text = format!("nothing came of {} bytes in a row when they were decoded", BARREN);
    Stop::Decode(Error::new(ErrorKind::TooLarge).message(text))
}

/// How much coded content is taken at once: so little that it comes by way of the connection's buffer,
/// where its end is noticed with its last byte.
const PIECE: usize = 8 << 10;

/// RFC 9110 §8.4 bounds nothing. Servers apply one, proxies perhaps another.
const MOST: usize = 5;

/// What may come of anything.
const FREE: u64 = 1 << 20;

/// How much may come to nothing before something comes of it again. Names, comments and extra fields in
/// the header of gzip, members and blocks that hold nothing: all may be there, and be repeated, without
/// end, and who reads would see neither a byte nor an end of it.
const BARREN: u64 = 1 << 20;
