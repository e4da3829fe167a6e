//! The codes of a block, and what their symbols mean (RFC 1951 §3.2.5 to §3.2.7).

use super::table::{Entry, Single, Table, MOST_SYMBOLS};
use super::Error;

/// The codes of the present block, and what they are made from.
#[derive(Debug)]
pub(super) struct Codes {
    pub(super) literals: Table<LITERAL_BITS, 4096>,
    pub(super) distances: Table<DISTANCE_BITS, 1024>,
    pub(super) lengths: Lengths,
    /// Are these the fixed ones?
    fixed: bool,
}

/// The lengths of codes, and how many symbols have one.
#[derive(Debug)]
pub(super) struct Lengths {
    /// The code in which they are.
    pub(super) code: Table<7, 128>,
    pub(super) literals: usize,
    pub(super) distances: usize,
    /// Those of literals, then those of distances; before that, those of the code.
    pub(super) all: [u8; MOST_SYMBOLS + 32],
}

impl Codes {
    pub(super) fn new() -> Codes {
        Codes {
            literals: Table::new(),
            distances: Table::new(),
            lengths: Lengths {
                code: Table::new(),
                literals: 0,
                distances: 0,
                all: [0; MOST_SYMBOLS + 32],
            },
            fixed: false,
        }
    }

    /// Begins a block with so many symbols.
    ///
    /// # Errors
    /// There are not as many.
    pub(super) fn begin(&mut self, literals: usize, distances: usize) -> Result<(), Error> {
        if literals > LITERALS.len() - 2 || distances > DISTANCES.len() - 2 {
            return Err(Error::TooManySymbols);
        }
        self.lengths.literals = literals;
        self.lengths.distances = distances;
        self.lengths.all[..CODE_LENGTHS.len()].fill(0);
        Ok(())
    }

    /// Makes the code of the lengths from its own.
    pub(super) fn make_lengths(&mut self) -> Result<(), Error> {
        let Lengths { code, all, .. } = &mut self.lengths;
        code.build(&all[..CODE_LENGTHS.len()], &CODE_LENGTHS, Single::Refused)
    }

    /// Makes the codes of RFC 1951 §3.2.6, in which there are some without a meaning. Once is enough, however many
    /// blocks have them: such a block can be ten bits long.
    pub(super) fn make_fixed(&mut self) {
        if self.fixed {
            return;
        }
        self.fixed = true;
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

    /// Makes the codes from their lengths.
    pub(super) fn make(&mut self) -> Result<(), Error> {
        self.fixed = false;
        let Lengths { all, literals, distances, .. } = &self.lengths;
        if all[END_OF_BLOCK] == 0 {
            return Err(Error::NoEndOfBlock);
        }
        self.literals.build(&all[..*literals], &LITERALS, Single::Granted)?;
        self.distances.build(&all[*literals..*literals + *distances], &DISTANCES, Single::Granted)
    }

    /// The entry of what `buffer` begins with: a literal, a length, or something special.
    #[inline(always)]
    pub(super) fn literal(&self, buffer: u64) -> Entry {
        self.literals.second(self.literals.first(buffer), buffer)
    }

    /// The same for a distance.
    #[inline(always)]
    pub(super) fn distance(&self, buffer: u64) -> Entry {
        self.distances.second(self.distances.first(buffer), buffer)
    }
}

const LITERAL_BITS: u32 = 11;
const DISTANCE_BITS: u32 = 9;

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

/// In which order the lengths of that code come.
pub(super) const CODE_LENGTH_ORDER: [u8; 19] =
    [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
