//! Deflate (RFC 1951), decoded.
//!
//! Blocks are read one after the other: their headers and whatever comes near the end of the input
//! symbol by symbol here, all else in [`fast`]. A symbol that is not wholly there is not begun, so
//! there is no state inside of one. A code that leaves bits without a meaning is refused when it is
//! read, with the exception of RFC 1951 §3.2.7; what follows the last block is not touched.

mod bits;
mod fast;
mod table;
mod window;

use self::bits::{Bits, Input};
use self::table::{Entry, Single, Table, MOST_SYMBOLS};
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
    /// The lengths of both codes.
    Lengths {
        read: usize,
    },
    Coded,
    Ended,
    Failed(Error),
}

/// The codes of the present block, and what they are made from.
#[derive(Debug)]
struct Codes {
    literals: Table<LITERAL_BITS, 4096>,
    distances: Table<DISTANCE_BITS, 1024>,
    lengths: Lengths,
}

#[derive(Debug)]
struct Lengths {
    code: Table<7, 128>,
    literals: usize,
    distances: usize,
    all: [u8; MOST_SYMBOLS + 32],
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

    /// Goes on to another state in what comes before the data of a block, or as far as the input goes.
    fn header(&mut self, input: &mut Input<'_>) -> Result<Option<State>, Error> {
        match self.state {
            State::Header => self.block_header(input),
            State::StoredHeader => self.stored_header(input),
            State::CodeLengths { read, used } => self.code_lengths(read, used, input),
            State::Lengths { read } => self.lengths(read, input),
            _ => Ok(None),
        }
    }

    /// RFC 1951 §3.2.3: whether the block is the last one, its type, and what belongs to the type.
    fn block_header(&mut self, input: &mut Input<'_>) -> Result<Option<State>, Error> {
        while self.bits.count < 17 {
            let bits = self.bits.buffer;
            match self.bits.count {
                0..=2 => {}
                // The others have no more in their header.
                _ if bits >> 1 & 3 != 2 => break,
                _ => {}
            }
            if !self.bits.pull(input) {
                return Ok(None);
            }
        }
        let header = self.bits.buffer;
        self.last = header & 1 == 1;
        match header >> 1 & 3 {
            0 => {
                self.bits.skip(3);
                self.bits.align();
                Ok(Some(State::StoredHeader))
            }
            1 => {
                self.bits.skip(3);
                self.codes.fix();
                Ok(Some(State::Coded))
            }
            2 => {
                self.bits.skip(17);
                let literals = 257 + (header >> 3 & 31) as usize;
                let distances = 1 + (header >> 8 & 31) as usize;
                if literals > LITERALS.len() - 2 || distances > DISTANCES.len() - 2 {
                    return Err(Error::TooManySymbols);
                }
                let lengths = &mut self.codes.lengths;
                lengths.literals = literals;
                lengths.distances = distances;
                lengths.all[..CODE_LENGTHS.len()].fill(0);
                let used = 4 + (header >> 13 & 15) as usize;
                Ok(Some(State::CodeLengths { read: 0, used }))
            }
            _ => Err(Error::BlockType),
        }
    }

    /// RFC 1951 §3.2.4: a length and its complement.
    fn stored_header(&mut self, input: &mut Input<'_>) -> Result<Option<State>, Error> {
        let header = match self.bits.take(32, input) {
            Some(header) => header,
            None => return Ok(None),
        };
        match header & 0xffff {
            left if left != !header >> 16 => Err(Error::StoredLength),
            0 => Ok(Some(self.block_end())),
            left => Ok(Some(State::Stored { left: left as usize })),
        }
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

    /// RFC 1951 §3.2.7: the lengths of the code of the lengths, three bits each, in an order of their
    /// own.
    fn code_lengths(
        &mut self,
        read: usize,
        used: usize,
        input: &mut Input<'_>,
    ) -> Result<Option<State>, Error> {
        let Codes { lengths, .. } = &mut *self.codes;
        for (index, &symbol) in CODE_LENGTH_ORDER.iter().enumerate().take(used).skip(read) {
            match self.bits.take(3, input) {
                Some(bits) => lengths.all[usize::from(symbol)] = bits as u8,
                None => {
                    self.state = State::CodeLengths { read: index, used };
                    return Ok(None);
                }
            }
        }
        let Lengths { code, all, .. } = lengths;
        code.build(&all[..CODE_LENGTHS.len()], &CODE_LENGTHS, Single::Refused)?;
        Ok(Some(State::Lengths { read: 0 }))
    }

    /// RFC 1951 §3.2.7: the lengths of both codes as one sequence, with repetitions.
    fn lengths(&mut self, mut read: usize, input: &mut Input<'_>) -> Result<Option<State>, Error> {
        let Codes { lengths, .. } = &mut *self.codes;
        let total = lengths.literals + lengths.distances;
        while read < total {
            let entry = lengths.code.first(self.bits.buffer);
            if entry.bits() > self.bits.count {
                if !self.bits.pull(input) {
                    self.state = State::Lengths { read };
                    return Ok(None);
                }
                continue;
            }
            let symbol = entry.byte();
            let extra = entry.number_in(self.bits.buffer) - usize::from(symbol);
            let (length, times) = match symbol {
                0..=15 => (symbol, 1),
                16 if read == 0 => return Err(Error::RepeatOfNothing),
                16 => (lengths.all[read - 1], 3 + extra),
                17 => (0, 3 + extra),
                _ => (0, 11 + extra),
            };
            if times > total - read {
                return Err(Error::RepeatTooLong);
            }
            self.bits.skip(entry.bits());
            lengths.all[read..read + times].fill(length);
            read += times;
        }
        self.codes.build()?;
        Ok(Some(State::Coded))
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
        let entry = codes.literals.second(codes.literals.first(*buffer), *buffer);
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
        let entry = codes.distances.second(codes.distances.first(behind), behind);
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

impl Codes {
    fn new() -> Codes {
        Codes {
            literals: Table::new(),
            distances: Table::new(),
            lengths: Lengths {
                code: Table::new(),
                literals: 0,
                distances: 0,
                all: [0; MOST_SYMBOLS + 32],
            },
        }
    }

    /// The codes of RFC 1951 §3.2.6. There are codes without a meaning among them.
    fn fix(&mut self) {
        let all = &mut self.lengths.all;
        all[..144].fill(8);
        all[144..256].fill(9);
        all[256..280].fill(7);
        all[280..288].fill(8);
        all[288..].fill(5);
        let complete = self.literals.build(&all[..288], &LITERALS, Single::Granted);
        debug_assert!(complete.is_ok());
        let complete = self.distances.build(&all[288..], &DISTANCES, Single::Granted);
        debug_assert!(complete.is_ok());
    }

    fn build(&mut self) -> Result<(), Error> {
        let Lengths { all, literals, distances, .. } = &self.lengths;
        if all[END_OF_BLOCK] == 0 {
            return Err(Error::NoEndOfBlock);
        }
        self.literals.build(&all[..*literals], &LITERALS, Single::Granted)?;
        self.distances.build(&all[*literals..*literals + *distances], &DISTANCES, Single::Granted)
    }
}

const LITERAL_BITS: u32 = 11;
const DISTANCE_BITS: u32 = 9;

/// How much is decoded before it is noted.
const PIECE: usize = 64 << 10;

const END_OF_BLOCK: usize = 256;

/// RFC 1951 §3.2.5, with the two that only the fixed code has and that mean nothing.
const LITERALS: [Entry; 288] = {
    let mut meanings = [Entry::NONE; 288];
    let mut symbol = 0;
    while symbol < 256 {
        meanings[symbol] = Entry::literal(symbol as u8);
        symbol += 1;
    }
    meanings[END_OF_BLOCK] = Entry::BLOCK_END;
    let (mut index, mut least) = (0, 3);
    while index < 28 {
        let extra = if index < 8 { 0 } else { index as u8 / 4 - 1 };
        meanings[257 + index] = Entry::number(least, extra);
        least += 1 << extra;
        index += 1;
    }
    meanings[285] = Entry::number(258, 0);
    meanings
};

/// RFC 1951 §3.2.5, with the two that mean nothing.
const DISTANCES: [Entry; 32] = {
    let mut meanings = [Entry::NONE; 32];
    let (mut index, mut least) = (0, 1u32);
    while index < 30 {
        let extra = if index < 4 { 0 } else { index as u8 / 2 - 1 };
        meanings[index] = Entry::number(least as u16, extra);
        least += 1 << extra;
        index += 1;
    }
    meanings
};

/// RFC 1951 §3.2.7: lengths, and what repeats one, with the bits that say how often.
const CODE_LENGTHS: [Entry; 19] = {
    let mut meanings = [Entry::NONE; 19];
    let mut symbol = 0;
    while symbol < 16 {
        meanings[symbol as usize] = Entry::number(symbol, 0);
        symbol += 1;
    }
    meanings[16] = Entry::number(16, 2);
    meanings[17] = Entry::number(17, 3);
    meanings[18] = Entry::number(18, 7);
    meanings
};

const CODE_LENGTH_ORDER: [u8; 19] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
