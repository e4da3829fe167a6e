//! CRC-32 (RFC 1952 §8), as fast as it can be had without special instructions.
//!
//! The checksum is the remainder of the data, taken as a polynomial over bits, by
//! x³² + x²⁶ + … + x + 1. That polynomial divides x³⁰⁰ + x¹⁵⁵ + x¹¹⁷ + x⁸⁹ + 1, and so it divides the same
//! with every exponent times 64. A word of 64 bits may therefore be left out if it is added, which is
//! exclusive or, to the words 145, 183, 211 and 300 places behind it: the remainder stays the same. So
//! data of any length comes down to 300 words by operations that a compiler turns into vector
//! instructions, and only these go through tables, once. Measured, that is eight times as fast as the
//! tables alone.

use std::fmt;

/// A checksum of all bytes so far.
///
/// ```
/// use pannier::coding::Crc32;
/// let mut sum = Crc32::new();
/// sum.update(b"123456789");
/// assert_eq!(sum.value(), 0xcbf4_3926);
/// ```
#[derive(Clone)]
pub struct Crc32 {
    /// Of what came before it was worthwhile to fold.
    before: u32,
    folding: Option<Box<Folding>>,
}

impl Crc32 {
    /// The checksum of nothing.
    pub const fn new() -> Crc32 {
        Crc32 { before: !0, folding: None }
    }

    /// Adds bytes at the end.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.folding {
            Some(folding) => folding.update(bytes),
            None if bytes.len() < WORTHWHILE => self.before = by_tables(self.before, bytes),
            none => none.insert(Box::new(Folding::behind(self.before))).update(bytes),
        }
    }

    /// The checksum.
    pub fn value(&self) -> u32 {
        !self.folding.as_ref().map_or(self.before, |folding| folding.crc())
    }
}

impl Default for Crc32 {
    fn default() -> Crc32 {
        Crc32::new()
    }
}

impl fmt::Debug for Crc32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crc32({:08x})", self.value())
    }
}

/// Four bytes at once, each by a table of its own. Eight would be faster, but not worth 4 KiB in every
/// program: what is long is folded.
fn by_tables(mut crc: u32, bytes: &[u8]) -> u32 {
    let mut words = bytes.chunks_exact(4);
    for bytes in &mut words {
        let word = (0..4).fold(crc, |word, at| word ^ u32::from(bytes[at]) << (8 * at));
        crc = (0..4).fold(0, |crc, at| crc ^ TABLES[3 - at][(word >> (8 * at)) as usize & 0xff]);
    }
    words
        .remainder()
        .iter()
        .fold(crc, |crc, &byte| crc >> 8 ^ TABLES[0][usize::from(crc as u8 ^ byte)])
}

/// Data in words, each left out as soon as it stands: it is added to those that it reaches.
#[derive(Clone)]
struct Folding {
    /// What became of the words, as many as the distances reach back over, and some more so that these
    /// need not move each time.
    words: [u64; REACH + ROOM],
    end: usize,
    /// The checksum of what came before, until there is a word that it is added to.
    before: u32,
    /// Bytes that are no word yet.
    rest: [u8; 8],
    count: usize,
}

impl Folding {
    /// Goes on behind data with this checksum.
    fn behind(before: u32) -> Folding {
        Folding { words: [0; REACH + ROOM], end: REACH, before, rest: [0; 8], count: 0 }
    }

    fn update(&mut self, mut bytes: &[u8]) {
        if self.count > 0 {
            let (first, others) = bytes.split_at(bytes.len().min(8 - self.count));
            self.rest[self.count..][..first.len()].copy_from_slice(first);
            self.count += first.len();
            bytes = others;
            if self.count < 8 {
                return;
            }
            let rest = self.rest;
            self.fold(&rest);
        }
        let (words, rest) = bytes.split_at(bytes.len() / 8 * 8);
        words.chunks(DISTANCES[0] * 8).for_each(|block| self.fold(block));
        self.rest[..rest.len()].copy_from_slice(rest);
        self.count = rest.len();
    }

    /// Adds words: so few that none of them reaches another.
    fn fold(&mut self, block: &[u8]) {
        let count = block.len() / 8;
        if self.end + count > self.words.len() {
            self.words.copy_within(self.end - REACH..self.end, 0);
            self.end = REACH;
        }
        let (before, here) = self.words.split_at_mut(self.end);
        let [a, b, c, d] = DISTANCES.map(|distance| &before[before.len() - distance..][..count]);
        let sources = block.chunks_exact(8).zip(a).zip(b).zip(c).zip(d);
        for (sum, ((((bytes, a), b), c), d)) in here.iter_mut().zip(sources) {
            *sum = word(bytes) ^ a ^ b ^ c ^ d;
        }
        here[0] ^= u64::from(self.before);
        self.before = 0;
        self.end += count;
    }

    /// The last words stand for all: what they were added to among themselves, they were not left out of.
    fn crc(&self) -> u32 {
        let words = &self.words[self.end - REACH..self.end];
        let mut last = [0; REACH * 8];
        for (index, bytes) in last.chunks_exact_mut(8).enumerate() {
            let added = DISTANCES.iter().filter(|&&distance| distance <= index);
            let word = added.fold(words[index], |word, distance| word ^ words[index - distance]);
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        by_tables(by_tables(0, &last) ^ self.before, &self.rest[..self.count])
    }
}

#[inline(always)]
fn word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(bytes);
    u64::from_le_bytes(word)
}

/// How many words further on a word is added. The least is also how many can be added at once.
const DISTANCES: [usize; 4] = [145, 183, 211, REACH];
const REACH: usize = 300;
const ROOM: usize = 12 * DISTANCES[0];

/// In bytes. With fewer the tables are as fast.
const WORTHWHILE: usize = 3 * REACH * 8;

/// `TABLES[n][byte]` is what `byte` becomes with `n` bytes of zero behind it.
static TABLES: [[u32; 256]; 4] = {
    let mut tables = [[0; 256]; 4];
    let mut at = 0;
    while at < 4 * 256 {
        let (n, byte) = (at / 256, at % 256);
        let mut crc = if n == 0 { byte as u32 } else { tables[n - 1][byte] };
        let mut bits = 0;
        while bits < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ POLYNOMIAL } else { crc >> 1 };
            bits += 1;
        }
        tables[n][byte] = crc;
        at += 1;
    }
    tables
};

/// Without its highest term, and the lowest bit first.
const POLYNOMIAL: u32 = 0xedb8_8320;

#[cfg(test)]
mod tests {
    use super::*;

    fn bit_by_bit(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| match crc & 1 {
                1 => crc >> 1 ^ POLYNOMIAL,
                _ => crc >> 1,
            })
        })
    }

    #[test]
    fn ok_the_same_bit_by_bit_at_any_length_and_in_pieces() {
        let bytes: Vec<u8> = (0..40_000u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
        let near = |length: usize| length.saturating_sub(9)..length + 9;
        let lengths = near(9).chain(near(WORTHWHILE)).chain(near(WORTHWHILE + 145 * 8));
        for length in lengths.chain([20_000, 40_000]) {
            let mut sum = Crc32::new();
            sum.update(&bytes[..length]);
            assert_eq!(sum.value(), bit_by_bit(&bytes[..length]), "{} bytes", length);
        }
        for at in [0, 1, 7, 8_000, 30_000, 39_999] {
            let mut sum = Crc32::new();
            sum.update(&bytes[..at]);
            sum.update(&bytes[at..]);
            assert_eq!(sum.value(), bit_by_bit(&bytes), "split at {}", at);
        }
        for size in [1, 3, 8, 100, 1_159, 1_160, 1_161, 7_201, 9_999, 17_000] {
            let mut sum = Crc32::new();
            sum.update(&bytes[..WORTHWHILE + 5]);
            bytes[WORTHWHILE + 5..].chunks(size).for_each(|piece| sum.update(piece));
            assert_eq!(sum.value(), bit_by_bit(&bytes), "pieces of {}", size);
        }
    }

    /// The terms of a multiple, by long division.
    #[test]
    fn ok_the_polynomial_divides_that_of_the_distances() {
        let mut remainder = 0u64;
        for exponent in (0..=REACH).rev() {
            let term = exponent == REACH || DISTANCES.iter().any(|by| exponent == REACH - by);
            remainder = remainder << 1 | u64::from(term);
            if remainder >> 32 == 1 {
                remainder ^= 1 << 32 | u64::from(POLYNOMIAL.reverse_bits());
            }
        }
        assert_eq!(remainder, 0);
    }
}
