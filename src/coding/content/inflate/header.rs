//! What comes before the data of a block (RFC 1951 §3.2.3): its type, and what belongs to the type.

use super::bits::Input;
use super::codes::{Codes, CODE_LENGTH_ORDER};
use super::{Error, Inflate, State};

impl Inflate {
    /// Goes on to another state in what comes before the data of a block, or as far as the input goes.
    pub(super) fn header(&mut self, input: &mut Input<'_>) -> Result<Option<State>, Error> {
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
                self.codes.make_fixed();
                Ok(Some(State::Coded))
            }
            2 => {
                self.bits.skip(17);
                let literals = 257 + (header >> 3 & 31) as usize;
                let distances = 1 + (header >> 8 & 31) as usize;
                self.codes.begin(literals, distances)?;
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
        self.codes.make_lengths()?;
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
        self.codes.make()?;
        Ok(Some(State::Coded))
    }
}
