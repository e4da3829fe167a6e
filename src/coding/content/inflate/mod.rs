//! Deflate (RFC 1951), decoded.
//!
//! Blocks are read one after the other: what comes before their data in [`header`], the data symbol by
//! symbol here if it is near the end of the input, and in [`fast`] if it is not. A symbol that is not
//! wholly there is not begun, so there is no state inside of one. What follows the last block is
//! not touched.

mod bits;
mod codes;
mod fast;
mod header;
mod table;
mod window;

use self::bits::{Bits, Input};
use self::codes::Codes;
use self::window::Window;
use super::Error;

/// A decoder of deflate, in about 150 KiB whatever it is fed.
///
/// ```
/// use pannier::coding::Inflate;
///
/// let mut inflate = Inflate::new();
/// let mut output = [0; 16];
/// let (consumed, produced) = inflate.read(b"\xcb\x48\xcd\xc9\xc9\x07\x00!", &mut output)?;
/// assert_eq!((consumed, &output[..produced]), (7, &b"hello"[..]));
/// assert!(inflate.is_complete());
/// # Ok::<(), pannier::coding::Error>(())
/// ```
#[derive(Debug)]
pub struct Inflate {
    state: State,
    /// Is the present block the last one?
    last: bool,
    bits: Bits,
    window: Window,
    codes: Box<Codes>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Header,
    StoredHeader,
    Stored {
        left: usize,
    },
    /// The lengths of the code in which the lengths of the other codes are, `read` of `used`.
    CodeLengths {
        read: usize,
        used: usize,
    },
    /// Those of the other codes.
    Lengths {
        read: usize,
    },
    Coded,
    Ended,
    Failed(Error),
}

impl Inflate {
    /// A decoder at the beginning of its input.
    pub fn new() -> Inflate {
        Inflate {
            state: State::Header,
            last: false,
            bits: Bits::default(),
            window: Window::new(),
            codes: Box::new(Codes::new()),
        }
    }

    /// Decodes: says how much of `input` was taken and how much of `output` was filled. If neither is
    /// full nor empty afterwards, the coding has come to its end; what follows is not taken.
    ///
    /// # Errors
    /// The rule that was broken, once all that came before is handed out; the same again from then on.
    pub fn read(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Error> {
        let mut input = Input::new(input);
        // How much of the output is filled, and up to where the window knows what is in it.
        let (mut filled, mut known) = (0, 0);
        loop {
            let count = self.window.hand_out(&mut output[filled..]);
            filled += count;
            known += count;
            if !self.window.is_empty() {
                break;
            }
            let next = match self.state {
                State::Stored { left } => {
                    let (count, next) = self.stored(left, &mut input, &mut output[filled..]);
                    filled += count;
                    Ok(next)
                }
                State::Coded => {
                    // Also if the output is full, so that the end is noticed with the last byte.
                    self.window.remember(&output[known..filled]);
                    known = filled;
                    self.coded(&mut input)
                }
                _ => self.header(&mut input),
            };
            match next {
                Ok(Some(state)) => self.state = state,
                Ok(None) if self.window.is_empty() => break,
                Ok(None) => {}
                Err(error) => self.state = State::Failed(error),
            }
        }
        if known < filled {
            self.window.remember(&output[known..filled]);
        }
        match self.state {
            State::Failed(error) if filled == 0 && self.window.is_empty() => Err(error),
            _ => Ok((input.at, filled)),
        }
    }

    /// The same for a coding around this one: advances `input`, and has `note` told of all that was
    /// produced while it is still in the processor's cache.
    pub(super) fn read_noting(
        &mut self,
        input: &mut &[u8],
        output: &mut [u8],
        mut note: impl FnMut(&[u8]),
    ) -> (usize, Result<(), Error>) {
        let mut filled = 0;
        loop {
            let until = output.len().min(filled + PIECE);
            let (taken, count) = match self.read(input, &mut output[filled..until]) {
                Ok(progress) => progress,
                Err(error) => return (filled, Err(error)),
            };
            *input = &input[taken..];
            note(&output[filled..filled + count]);
            filled += count;
            if taken + count == 0 || filled == output.len() {
                return (filled, Ok(()));
            }
        }
    }

    /// Was everything decoded and handed out?
    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::Ended) && self.window.is_empty()
    }

    /// Begins anew with the next stream.
    pub fn reset(&mut self) {
        self.state = State::Header;
        self.bits = Bits::default();
        self.window.clear();
    }

    /// Stored data goes to where it belongs directly.
    fn stored(
        &mut self,
        left: usize,
        input: &mut Input<'_>,
        output: &mut [u8],
    ) -> (usize, Option<State>) {
        let rest = input.rest();
        let count = left.min(rest.len()).min(output.len());
        output[..count].copy_from_slice(&rest[..count]);
        input.at += count;
        self.state = State::Stored { left: left - count };
        (count, (left == count).then(|| self.block_end()))
    }

    /// Literals and matches up to the end of the block.
    fn coded(&mut self, input: &mut Input<'_>) -> Result<Option<State>, Error> {
        let limit = self.window.make_room();
        while self.window.end < limit {
            if fast::run(&mut self.bits, input, &mut self.window, &self.codes, limit)? {
                return Ok(Some(self.block_end()));
            }
            match self.symbol()? {
                Some(true) => return Ok(Some(self.block_end())),
                Some(false) => {}
                None if self.bits.pull(input) => {}
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// One literal or match, if all its bits are there. True if it was the end of the block.
    fn symbol(&mut self) -> Result<Option<bool>, Error> {
        let Inflate { bits: Bits { buffer, count }, codes, window, .. } = self;
        let entry = codes.literal(*buffer);
        let used = entry.bits();
        if used > *count {
            return Ok(None);
        }
        if entry.is_end() || entry.is_literal() {
            if entry.is_literal() {
                window.push(entry.byte());
            }
            self.bits.skip(used);
            return Ok(Some(entry.is_end()));
        }
        if entry.is_special() {
            return Err(Error::LiteralCode);
        }
        let length = entry.number_in(*buffer);
        let behind = *buffer >> used;
        let entry = codes.distance(behind);
        if used + entry.bits() > *count {
            return Ok(None);
        }
        if entry.is_special() {
            return Err(Error::DistanceCode);
        }
        let distance = entry.number_in(behind);
        if distance > window.end {
            return Err(Error::DistanceTooFar);
        }
        window.repeat(length, distance);
        self.bits.skip(used + entry.bits());
        Ok(Some(false))
    }

    fn block_end(&self) -> State {
        match self.last {
            true => State::Ended,
            false => State::Header,
        }
    }
}

impl Default for Inflate {
    fn default() -> Inflate {
        Inflate::new()
    }
}

/// How much is decoded before it is noted.
const PIECE: usize = 64 << 10;
