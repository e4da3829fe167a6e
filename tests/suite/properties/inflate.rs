//! Deflate: the decoder agrees with a naive one, however its input and output are cut.

use std::collections::HashMap;

use pannier::coding::{Error, Inflate};

use super::Dice;

pub fn check(data: &[u8]) {
    let naive = Naive::decode(data);
    let mut inflate = Inflate::new();
    for (step, room) in cuts(data) {
        inflate.reset();
        let decoded = in_pieces(data, step, room, |input, output| {
            let progress = inflate.read(input, output)?;
            Ok((progress, inflate.is_complete()))
        });
        naive.assert_same(&decoded, step);
    }
}

/// How much input there is at once, at random if 0, and how much room for output: all, and some
/// others of a few.
pub fn cuts(data: &[u8]) -> [(usize, usize); 3] {
    let some = [(usize::MAX, 8192), (1, 1 << 16), (0, 100), (0, 5000), (40, 1), (7, 33_000)];
    let mut dice = Dice::new(data);
    let mut pick = || some[dice.roll(some.len()) - 1];
    [(usize::MAX, 70_000), pick(), pick()]
}

/// What came of data: the output, and how much input it took to the end, or why there was none.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    pub output: Vec<u8>,
    pub end: Result<usize, Error>,
}

/// Feeds data in pieces, until it is complete, broken or all taken.
pub fn in_pieces(
    data: &[u8],
    step: usize,
    room: usize,
    mut read: impl FnMut(&[u8], &mut [u8]) -> Result<((usize, usize), bool), Error>,
) -> Decoded {
    let mut dice = Dice::new(data);
    let (mut buffer, mut output, mut at) = (vec![0; room], Vec::new(), 0usize);
    let mut until = 0;
    loop {
        if at == until {
            let step = if step == 0 { dice.roll(90) } else { step };
            until = data.len().min(at.saturating_add(step));
        }
        match read(&data[at..until], &mut buffer) {
            Err(error) => return Decoded { output, end: Err(error) },
            Ok(((consumed, produced), complete)) => {
                assert!(consumed <= until - at && produced <= room);
                output.extend_from_slice(&buffer[..produced]);
                at += consumed;
                if complete && (consumed, produced) == (0, 0) {
                    return Decoded { output, end: Ok(at) };
                }
                if (consumed, produced) == (0, 0) {
                    assert_eq!(at, until, "neither taken nor made: {} bytes", until - at);
                    if at == data.len() {
                        return Decoded { output, end: Err(Error::Truncated) };
                    }
                }
            }
        }
    }
}

/// RFC 1951 read off the text, a bit at a time.
pub struct Naive<'a> {
    data: &'a [u8],
    bit: usize,
    output: Vec<u8>,
}

/// Codes by their length and their bits, the first one highest.
type Codes = HashMap<(u32, u32), usize>;

impl Naive<'_> {
    pub fn decode(data: &[u8]) -> Decoded {
        let mut naive = Naive { data, bit: 0, output: Vec::new() };
        let end = loop {
            match naive.block() {
                Ok(true) => break Ok(naive.bytes()),
                Ok(false) => {}
                Err(error) => break Err(error),
            }
        };
        Decoded { output: naive.output, end }
    }

    /// How many bytes have been begun.
    fn bytes(&self) -> usize {
        (self.bit + 7) >> 3
    }

    /// A block. Says whether it was the last.
    fn block(&mut self) -> Result<bool, Error> {
        let last = self.number(1)? == 1;
        match self.number(2)? {
            0 => self.stored()?,
            1 => {
                let lengths: Vec<u32> = (0..288)
                    .map(|symbol| match symbol {
                        0..=143 => 8,
                        144..=255 => 9,
                        256..=279 => 7,
                        _ => 8,
                    })
                    .collect();
                self.coded(&codes(&lengths, true)?, &codes(&[5; 32], true)?)?;
            }
            2 => {
                let (literals, distances) = self.dynamic()?;
                self.coded(&literals, &distances)?;
            }
            _ => return Err(Error::BlockType),
        }
        Ok(last)
    }

    fn stored(&mut self) -> Result<(), Error> {
        self.bit = 8 * self.bytes();
        let (length, complement) = (self.number(16)?, self.number(16)?);
        if length != !complement & 0xffff {
            return Err(Error::StoredLength);
        }
        for _ in 0..length {
            let byte = self.number(8)?;
            self.output.push(byte as u8);
        }
        Ok(())
    }

    fn dynamic(&mut self) -> Result<(Codes, Codes), Error> {
        let (literals, distances) = (self.number(5)? + 257, self.number(5)? + 1);
        let used = self.number(4)? + 4;
        if literals > 286 || distances > 30 {
            return Err(Error::TooManySymbols);
        }
        let mut lengths = [0; 19];
        for symbol in ORDER.iter().take(used as usize) {
            lengths[*symbol] = self.number(3)?;
        }
        let code = codes(&lengths, false)?;
        let total = (literals + distances) as usize;
        let mut lengths: Vec<u32> = Vec::new();
        while lengths.len() < total {
            let (length, times) = match self.symbol(&code, Error::Incomplete)? {
                16 => {
                    // How often has to be there before it is asked of what.
                    let times = self.number(2)? + 3;
                    (*lengths.last().ok_or(Error::RepeatOfNothing)?, times)
                }
                17 => (0, self.number(3)? + 3),
                18 => (0, self.number(7)? + 11),
                length => (length as u32, 1),
            };
            lengths.extend((0..times).map(|_| length));
        }
        if lengths.len() > total {
            return Err(Error::RepeatTooLong);
        }
        if lengths[256] == 0 {
            return Err(Error::NoEndOfBlock);
        }
        let (literals, distances) = lengths.split_at(literals as usize);
        Ok((codes(literals, true)?, codes(distances, true)?))
    }

    fn coded(&mut self, literals: &Codes, distances: &Codes) -> Result<(), Error> {
        loop {
            let symbol = match self.symbol(literals, Error::LiteralCode)? {
                256 => return Ok(()),
                286.. => return Err(Error::LiteralCode),
                symbol => symbol,
            };
            if symbol < 256 {
                self.output.push(symbol as u8);
                continue;
            }
            let length = match symbol - 257 {
                28 => 258,
                index @ 0..=7 => index as u32 + 3,
                index => self.stepped(index as u32, 4)? + 3,
            };
            let distance = match self.symbol(distances, Error::DistanceCode)? {
                30.. => return Err(Error::DistanceCode),
                index @ 0..=3 => index as u32 + 1,
                index => self.stepped(index as u32, 2)? + 1,
            };
            if distance as usize > self.output.len() {
                return Err(Error::DistanceTooFar);
            }
            for _ in 0..length {
                self.output.push(self.output[self.output.len() - distance as usize]);
            }
        }
    }

    /// A number whose ranges double every `each` symbols, with as many more bits.
    fn stepped(&mut self, index: u32, each: u32) -> Result<u32, Error> {
        let extra = index / each - 1;
        Ok((((index % each) + each) << extra) + self.number(extra)?)
    }

    fn symbol(&mut self, codes: &Codes, fault: Error) -> Result<usize, Error> {
        let mut bits = 0;
        for length in 1..=15 {
            bits = bits << 1 | self.number(1)?;
            if let Some(&symbol) = codes.get(&(length, bits)) {
                return Ok(symbol);
            }
            // A code that is not complete has one bit, or none at all.
            if codes.len() < 2 {
                return Err(fault);
            }
        }
        unreachable!("a complete code has a meaning for all bits")
    }

    fn number(&mut self, count: u32) -> Result<u32, Error> {
        let mut number = 0;
        for place in 0..count {
            let byte = self.data.get(self.bit / 8).ok_or(Error::Truncated)?;
            number |= u32::from(byte >> (self.bit % 8) & 1) << place;
            self.bit += 1;
        }
        Ok(number)
    }
}

impl Decoded {
    pub fn assert_same(&self, other: &Decoded, step: usize) {
        assert_eq!(self.end, other.end, "pieces of {}", step);
        assert!(self.output == other.output, "pieces of {}: the output differs", step);
    }
}

/// RFC 1951 §3.2.2: codes of one length are consecutive.
fn codes(lengths: &[u32], single: bool) -> Result<Codes, Error> {
    let mut codes = Codes::new();
    let mut code = 0;
    for length in 1..=15 {
        code <<= 1;
        for (symbol, _) in lengths.iter().enumerate().filter(|(_, &other)| other == length) {
            if code == 1 << length {
                return Err(Error::OverSubscribed);
            }
            codes.insert((length, code), symbol);
            code += 1;
        }
    }
    let complete = code == 1 << 15;
    let granted = single && lengths.iter().all(|&length| length <= 1) && codes.len() <= 1;
    match complete || granted {
        true => Ok(codes),
        false => Err(Error::Incomplete),
    }
}

const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
