//! Gzip (RFC 1952), decoded: one member or several, one after the other.
//!
//! The fields of a header are passed over, of any length and in no memory. A header's own checksum is
//! checked if there is one, reserved flags are refused, and so is data that disagrees with the
//! checksum or the length behind it. What follows a member and does not begin like another one is
//! not taken, and neither is padding with zeros.

use super::part::Part;
use super::{Crc32, Error, Inflate};

/// A decoder of gzip.
///
/// ```
/// use pannier::coding::Gzip;
///
/// let hello = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0";
/// let mut gzip = Gzip::new();
/// let mut output = [0; 16];
/// let (consumed, produced) = gzip.read(hello, &mut output)?;
/// assert_eq!((consumed, &output[..produced]), (hello.len(), &b"hello"[..]));
/// assert!(gzip.is_complete());
/// # Ok::<(), pannier::coding::Error>(())
/// ```
#[derive(Debug)]
pub struct Gzip {
    state: State,
    /// Of the parts of the header that are still to come.
    flags: u8,
    part: Part,
    header: Crc32,
    data: Crc32,
    /// Modulo 2³², as it is announced.
    length: u32,
    inflate: Inflate,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// At the beginning, or where a member is complete.
    Between {
        first: bool,
    },
    Fixed,
    ExtraLength,
    Extra {
        left: usize,
    },
    /// The name or the comment.
    Text,
    HeaderChecksum,
    Data,
    Trailer,
    Failed(Error),
}

impl Gzip {
    /// A decoder at the beginning of its input.
    pub fn new() -> Gzip {
        Gzip {
            state: State::Between { first: true },
            flags: 0,
            part: Part::default(),
            header: Crc32::new(),
            data: Crc32::new(),
            length: 0,
            inflate: Inflate::new(),
        }
    }

    /// Decodes: says how much of `input` was taken and how much of `output` was filled. If there is
    /// room in the output afterwards, what is left of the input is no gzip.
    ///
    /// # Errors
    /// The rule that was broken, once all that came before is handed out; the same again from then on.
    pub fn read(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Error> {
        let (mut rest, mut filled) = (input, 0);
        loop {
            let next = match self.state {
                State::Data => {
                    let (count, next) = self.data(&mut rest, &mut output[filled..]);
                    filled += count;
                    next
                }
                _ => self.step(&mut rest),
            };
            match next {
                Ok(Some(state)) => self.state = state,
                Ok(None) => break,
                Err(error) => self.state = State::Failed(error),
            }
        }
        match self.state {
            State::Failed(error) if filled == 0 => Err(error),
            _ => Ok((input.len() - rest.len(), filled)),
        }
    }

    /// Was a member decoded and handed out to its end, and none begun behind it?
    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::Between { first: false })
    }

    /// Goes on to another state, or as far as the input goes.
    fn step(&mut self, input: &mut &[u8]) -> Result<Option<State>, Error> {
        match self.state {
            State::Between { first } => match input.first() {
                Some(&byte) if first || byte == MAGIC[0] => Ok(Some(self.begin())),
                _ => Ok(None),
            },
            State::Fixed => self.fixed(input),
            State::ExtraLength => Ok(self.part.take(input).map(|bytes: [u8; 2]| {
                self.header.update(&bytes);
                State::Extra { left: usize::from(u16::from_le_bytes(bytes)) }
            })),
            State::Extra { left: 0 } => Ok(Some(self.next_part())),
            State::Extra { .. } if input.is_empty() => Ok(None),
            State::Extra { left } => {
                let count = left.min(input.len());
                self.pass(input, count);
                Ok(Some(State::Extra { left: left - count }))
            }
            State::Text => Ok(self.text(input)),
            State::HeaderChecksum => match self.part.take(input) {
                None => Ok(None),
                // RFC 1952 §2.3.1.2: the lower half of it.
                Some(sum) if u16::from_le_bytes(sum) == self.header.value() as u16 => {
                    Ok(Some(State::Data))
                }
                Some(_) => Err(Error::HeaderChecksum),
            },
            State::Trailer => self.trailer(input),
            State::Data | State::Failed(_) => Ok(None),
        }
    }

    fn begin(&mut self) -> State {
        self.header = Crc32::new();
        self.data = Crc32::new();
        self.length = 0;
        self.inflate.reset();
        State::Fixed
    }

    /// RFC 1952 §2.3: magic bytes, method and flags; then a time, extra flags and a system, none of which
    /// means anything here.
    fn fixed(&mut self, input: &mut &[u8]) -> Result<Option<State>, Error> {
        let all: Option<[u8; 10]> = self.part.take(input);
        let begun = all.as_ref().map_or(self.part.begun(), |all| &all[..]);
        if begun.iter().zip(&MAGIC).any(|(byte, magic)| byte != magic) {
            return Err(Error::GzipMagic);
        }
        match all {
            None => Ok(None),
            Some([_, _, method, ..]) if method != DEFLATE => Err(Error::Method),
            Some([_, _, _, flags, ..]) if flags & RESERVED != 0 => Err(Error::GzipFlags),
            Some(all) => {
                self.header.update(&all);
                self.flags = all[3];
                Ok(Some(self.next_part()))
            }
        }
    }

    /// The parts that a flag announces, in their order.
    fn next_part(&mut self) -> State {
        let parts = [
            (EXTRA, State::ExtraLength),
            (NAME, State::Text),
            (COMMENT, State::Text),
            (CHECKSUM, State::HeaderChecksum),
        ];
        match parts.iter().find(|(flag, _)| self.flags & flag != 0) {
            Some(&(flag, state)) => {
                self.flags &= !flag;
                state
            }
            None => State::Data,
        }
    }

    /// A text up to a byte of zero.
    fn text(&mut self, input: &mut &[u8]) -> Option<State> {
        match input.iter().position(|&byte| byte == 0) {
            Some(at) => {
                self.pass(input, at + 1);
                Some(self.next_part())
            }
            None => {
                self.pass(input, input.len());
                None
            }
        }
    }

    /// Takes part of the header without looking at it.
    fn pass(&mut self, input: &mut &[u8], count: usize) {
        let (passed, rest) = input.split_at(count);
        self.header.update(passed);
        *input = rest;
    }

    fn data(
        &mut self,
        input: &mut &[u8],
        output: &mut [u8],
    ) -> (usize, Result<Option<State>, Error>) {
        let sum = &mut self.data;
        let (count, result) = self.inflate.read_noting(input, output, |bytes| sum.update(bytes));
        self.length = self.length.wrapping_add(count as u32);
        (count, result.map(|()| self.inflate.is_complete().then_some(State::Trailer)))
    }

    /// RFC 1952 §2.3.1: the checksum and the length of the data.
    fn trailer(&mut self, input: &mut &[u8]) -> Result<Option<State>, Error> {
        let both = match self.part.take(input) {
            Some(both) => u64::from_le_bytes(both),
            None => return Ok(None),
        };
        match () {
            () if both as u32 != self.data.value() => Err(Error::Checksum),
            () if (both >> 32) as u32 != self.length => Err(Error::Length),
            () => Ok(Some(State::Between { first: false })),
        }
    }
}

impl Default for Gzip {
    fn default() -> Gzip {
        Gzip::new()
    }
}

const MAGIC: [u8; 2] = [0x1f, 0x8b];
const DEFLATE: u8 = 8;

/// Flags (RFC 1952 §2.3.1). The lowest says that the data is probably text.
const CHECKSUM: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0xe0;
