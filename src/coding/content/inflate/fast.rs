//! The loop in which nearly all time is spent: as long as there is slack in the input and in the window,
//! symbols are decoded without asking whether there is enough of either.
//!
//! Measured, and kept for it: bits are added eight bytes at a time without a branch; the entry of the
//! next symbol is looked up before the bytes of a match are copied; the first 32 bytes of a match are
//! copied without asking whether it is as long. Together that is an eighth of the time.

use super::bits::{Bits, Input};
use super::codes::Codes;
use super::table::Entry;
use super::window::{Window, SIZE};
use super::Error;

/// Decodes symbols while there is slack. True if the end of the block was the last one.
pub(super) fn run(
    bits: &mut Bits,
    input: &mut Input<'_>,
    window: &mut Window,
    codes: &Codes,
    limit: usize,
) -> Result<bool, Error> {
    let mut source = Source { bytes: input.bytes, at: input.at, bits: *bits };
    if !source.has_slack() || window.end >= limit {
        return Ok(false);
    }
    let mut end = window.end;
    let result = symbols(&mut source, &mut window.bytes, &mut end, codes, limit);
    window.end = end;
    if result.is_ok() {
        source.give_back();
        debug_assert!(source.at >= input.at);
        input.at = source.at;
        *bits = source.bits;
    }
    result
}

#[inline(always)]
fn symbols(
    source: &mut Source<'_>,
    out: &mut [u8; SIZE],
    end: &mut usize,
    codes: &Codes,
    limit: usize,
) -> Result<bool, Error> {
    source.refill();
    let mut entry = codes.literals.first(source.bits.buffer);
    loop {
        // Three literals and no more are there for certain. Two leave enough for a length.
        let mut literals = 0;
        while entry.is_literal() && literals < 3 {
            out[*end] = entry.byte();
            *end += 1;
            source.skip(entry);
            entry = codes.literals.first(source.bits.buffer);
            literals += 1;
        }
        if literals < 3 {
            if entry.is_special() {
                entry = codes.literals.second(entry, source.bits.buffer);
            }
            match () {
                () if entry.is_literal() => {
                    out[*end] = entry.byte();
                    *end += 1;
                    source.skip(entry);
                }
                () if !entry.is_special() => {
                    let length = source.number(entry);
                    if source.bits.count < LONGEST_DISTANCE {
                        source.refill();
                    }
                    let distance = distance(source, codes)?;
                    if distance > *end {
                        return Err(Error::DistanceTooFar);
                    }
                    source.refill();
                    entry = codes.literals.first(source.bits.buffer);
                    copy(out, *end, length, distance);
                    *end += length;
                    if source.has_slack() && *end < limit {
                        continue;
                    }
                    return Ok(false);
                }
                () if entry.is_end() => {
                    source.skip(entry);
                    return Ok(true);
                }
                () => return Err(Error::LiteralCode),
            }
        }
        if !source.has_slack() || *end >= limit {
            return Ok(false);
        }
        source.refill();
        entry = codes.literals.first(source.bits.buffer);
    }
}

#[inline(always)]
fn distance(source: &mut Source<'_>, codes: &Codes) -> Result<usize, Error> {
    let mut entry = codes.distances.first(source.bits.buffer);
    if entry.is_special() {
        entry = codes.distances.second(entry, source.bits.buffer);
        if entry.is_special() {
            return Err(Error::DistanceCode);
        }
    }
    Ok(source.number(entry))
}

/// The input in eight bytes at a time.
struct Source<'a> {
    bytes: &'a [u8],
    at: usize,
    bits: Bits,
}

impl Source<'_> {
    /// Is there enough for as many refills as there are between two questions?
    #[inline(always)]
    fn has_slack(&self) -> bool {
        self.at + 24 <= self.bytes.len()
    }

    /// Makes it at least 56 bits. Bits above the count may be there already: they are those that are
    /// added again.
    #[inline(always)]
    fn refill(&mut self) {
        let mut word = [0; 8];
        word.copy_from_slice(&self.bytes[self.at..self.at + 8]);
        self.bits.buffer |= u64::from_le_bytes(word) << self.bits.count;
        self.at += (63 - self.bits.count as usize) >> 3;
        self.bits.count |= 56;
    }

    #[inline(always)]
    fn skip(&mut self, entry: Entry) {
        self.bits.buffer >>= entry.bits();
        self.bits.count -= entry.bits();
    }

    #[inline(always)]
    fn number(&mut self, entry: Entry) -> usize {
        let number = entry.number_in(self.bits.buffer);
        self.skip(entry);
        number
    }

    /// What was taken beyond the symbols that were decoded goes back.
    fn give_back(&mut self) {
        self.at -= self.bits.count as usize >> 3;
        self.bits.count &= 7;
        self.bits.buffer &= (1 << self.bits.count) - 1;
    }
}

/// Copies a match, and perhaps up to 31 bytes that are written over later.
#[inline(always)]
fn copy(out: &mut [u8; SIZE], end: usize, length: usize, distance: usize) {
    if distance < PIECE {
        return copy_near(out, end, length, distance);
    }
    let (from, to) = (end - distance, end);
    copy_piece(out, from, to);
    copy_piece(out, from + PIECE, to + PIECE);
    for done in (2 * PIECE..length).step_by(PIECE) {
        copy_piece(out, from + done, to + done);
    }
}

/// The same for a match whose end is not there before its beginning is copied. Each copy of as much as
/// the distance doubles it.
#[inline(always)]
fn copy_near(out: &mut [u8; SIZE], end: usize, length: usize, mut distance: usize) {
    let (mut from, mut to, stop) = (end - distance, end, end + length);
    if distance == 1 {
        let byte = out[from];
        return out[to..stop].fill(byte);
    }
    while distance < PIECE && to < stop {
        copy_piece(out, from, to);
        to += distance;
        distance *= 2;
    }
    while to < stop {
        copy_piece(out, from, to);
        to += PIECE;
        from += PIECE;
    }
}

#[inline(always)]
fn copy_piece(out: &mut [u8; SIZE], from: usize, to: usize) {
    let mut piece = [0; PIECE];
    piece.copy_from_slice(&out[from..from + PIECE]);
    out[to..to + PIECE].copy_from_slice(&piece);
}

/// What is copied at once.
const PIECE: usize = 16;

/// A distance takes 15 bits of code and 13 more.
const LONGEST_DISTANCE: u32 = 28;
