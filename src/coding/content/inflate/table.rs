//! Prefix codes (RFC 1951 §3.2.2) as tables: the next bits of the input are the index, and the entry
//! says which symbol they begin with and how many of them it takes.
//!
//! The first table is indexed by so many bits that nearly every code fits. The entry of longer ones
//! points to a second table behind it, indexed by the bits that follow. Which codes are refused is
//! decided in [`Table::build`].

use super::Error;

/// The table of a code. `SIZE` is a power of two, so that no index needs to be checked.
#[derive(Debug)]
pub(super) struct Table<const BITS: u32, const SIZE: usize> {
    entries: [Entry; SIZE],
}

/// What the next bits mean, packed:
///
/// | bits | |
/// |---|---|
/// | 0 to 5 | how many bits the symbol takes, those of its extra value included |
/// | 8 to 11 | of these, the bits of the code; in a pointer, those that index the second table |
/// | 13 to 15 | [`END`](Entry::END), [`POINTER`](Entry::POINTER), [`SPECIAL`](Entry::SPECIAL) |
/// | 16 to 30 | a literal, the least value of a length or distance, or where the second table begins |
/// | 31 | [`LITERAL`](Entry::LITERAL) |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry(u32);

impl Entry {
    const END: u32 = 1 << 13;
    const POINTER: u32 = 1 << 14;
    /// An end, a pointer, or nothing that the code has a meaning for.
    const SPECIAL: u32 = 1 << 15;
    const LITERAL: u32 = 1 << 31;

    pub(super) const NONE: Entry = Entry(Entry::SPECIAL);
    pub(super) const BLOCK_END: Entry = Entry(Entry::SPECIAL | Entry::END);

    pub(super) const fn literal(byte: u8) -> Entry {
        Entry(Entry::LITERAL | (byte as u32) << 16)
    }

    /// A number that is `extra` further bits above `least`.
    pub(super) const fn number(least: u16, extra: u8) -> Entry {
        Entry((least as u32) << 16 | extra as u32)
    }

    /// The same with a code of this many bits before it.
    const fn coded(self, bits: u32) -> Entry {
        Entry(self.0 + (bits << 8 | bits))
    }

    const fn pointer(at: usize, bits: u32) -> Entry {
        Entry(Entry::SPECIAL | Entry::POINTER | (at as u32) << 16 | bits << 8)
    }

    #[inline(always)]
    pub(super) fn is_literal(self) -> bool {
        self.0 & Entry::LITERAL != 0
    }

    #[inline(always)]
    pub(super) fn is_special(self) -> bool {
        self.0 & Entry::SPECIAL != 0
    }

    #[inline(always)]
    pub(super) fn is_end(self) -> bool {
        self.0 & Entry::END != 0
    }

    #[inline(always)]
    fn is_pointer(self) -> bool {
        self.0 & Entry::POINTER != 0
    }

    /// How many bits the symbol takes, those of its extra value included.
    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        self.0 & 0x3f
    }

    #[inline(always)]
    fn code_bits(self) -> u32 {
        self.0 >> 8 & 0xf
    }

    /// The literal, or whatever stands in its place, cut to a byte.
    #[inline(always)]
    pub(super) fn byte(self) -> u8 {
        (self.0 >> 16) as u8
    }

    /// The number of this entry, whose bits `buffer` begins with.
    #[inline(always)]
    pub(super) fn number_in(self, buffer: u64) -> usize {
        let extra = (buffer & ((1 << self.bits()) - 1)) >> self.code_bits();
        (self.0 >> 16) as usize + extra as usize
    }
}

/// May a code consist of a single symbol of one bit, or of none?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Single {
    Granted,
    Refused,
}

impl<const BITS: u32, const SIZE: usize> Table<BITS, SIZE> {
    pub(super) const fn new() -> Self {
        Table { entries: [Entry::NONE; SIZE] }
    }

    /// The entry in the first table of what `buffer` begins with.
    #[inline(always)]
    pub(super) fn first(&self, buffer: u64) -> Entry {
        self.entries[buffer as usize & ((1 << BITS) - 1)]
    }

    /// The entry in the second table, if `entry` points to one.
    #[inline(always)]
    pub(super) fn second(&self, entry: Entry, buffer: u64) -> Entry {
        match entry.is_pointer() {
            true => {
                let index = (buffer >> BITS) as usize & ((1 << entry.code_bits()) - 1);
                self.entries[((entry.0 >> 16) as usize + index) & (SIZE - 1)]
            }
            false => entry,
        }
    }

    /// Makes the table of the code in which symbol `i` has `lengths[i]` bits, none for 0, and means
    /// `meanings[i]`.
    ///
    /// # Errors
    /// More codes than fit. Fewer are an error too: a complete code leaves no bits without a
    /// meaning. As an exception RFC 1951 §3.2.7 has a single code of one bit, which zlib grants to
    /// literals as well, and no code at all where none is used.
    pub(super) fn build(
        &mut self,
        lengths: &[u8],
        meanings: &[Entry],
        single: Single,
    ) -> Result<(), Error> {
        build(&mut self.entries, BITS, lengths, meanings, single)
    }
}

/// Apart from [`Table::build`], of which there is a copy for each size.
fn build(
    entries: &mut [Entry],
    first_bits: u32,
    lengths: &[u8],
    meanings: &[Entry],
    single: Single,
) -> Result<(), Error> {
    let mut counts = [0; MOST_BITS + 1];
    for &length in lengths.iter().filter(|&&length| length > 0) {
        counts[usize::from(length) & MOST_BITS] += 1;
    }
    let used: usize = counts.iter().sum();
    if !is_complete(&counts)? {
        let granted = single == Single::Granted && used <= 1 && counts[1] == used;
        if !granted {
            return Err(Error::Incomplete);
        }
        entries[..1 << first_bits].fill(Entry::NONE.coded(1));
    }
    fill(entries, first_bits, &counts, &sorted(lengths, &counts)[..used], meanings);
    Ok(())
}

/// Enters the symbols, which are sorted by the length of their codes. The codes of one length are
/// consecutive numbers, and those of the next follow with a zero bit appended.
fn fill(
    entries: &mut [Entry],
    first_bits: u32,
    counts: &Counts,
    mut sorted: &[u16],
    meanings: &[Entry],
) {
    let mut code = 0u32;
    for bits in 1..=first_bits {
        let (here, rest) = sorted.split_at(counts[bits as usize]);
        for &symbol in here {
            let entry = meanings[usize::from(symbol)].coded(bits);
            let first = reversed(code, bits);
            for place in entries[first..1 << first_bits].iter_mut().step_by(1 << bits) {
                *place = entry;
            }
            code += 1;
        }
        code <<= 1;
        sorted = rest;
    }
    if !sorted.is_empty() {
        fill_second(entries, first_bits, counts, sorted, meanings);
    }
}

/// Enters those that are too long for the first table. From the longest code down, so that the
/// first one seen of a second table says how many bits it is indexed by.
fn fill_second(
    entries: &mut [Entry],
    first_bits: u32,
    counts: &Counts,
    mut sorted: &[u16],
    meanings: &[Entry],
) {
    let mut end = 1usize << first_bits;
    let mut last = None;
    let mut code = (1u32 << MOST_BITS) - 1;
    for bits in (first_bits + 1..=MOST_BITS as u32).rev() {
        let (rest, here) = sorted.split_at(sorted.len() - counts[bits as usize]);
        for &symbol in here.iter().rev() {
            let index = reversed(code, bits);
            let (low, high) = (index & ((1 << first_bits) - 1), index >> first_bits);
            if last != Some(low) {
                last = Some(low);
                entries[low] = Entry::pointer(end, bits - first_bits);
                end += 1 << (bits - first_bits);
            }
            let pointer = entries[low];
            let (at, size) = ((pointer.0 >> 16) as usize, 1usize << pointer.code_bits());
            let entry = meanings[usize::from(symbol)].coded(bits);
            let second = &mut entries[at..at + size];
            for place in second[high..].iter_mut().step_by(1 << (bits - first_bits)) {
                *place = entry;
            }
            code = code.wrapping_sub(1);
        }
        code >>= 1;
        sorted = rest;
    }
}

/// How many codes there are of each length.
type Counts = [usize; MOST_BITS + 1];

/// Is there a code for whatever bits come?
///
/// # Errors
/// There are more codes than fit.
fn is_complete(counts: &Counts) -> Result<bool, Error> {
    let mut left = 1usize;
    for &count in &counts[1..] {
        left = (2 * left).checked_sub(count).ok_or(Error::OverSubscribed)?;
    }
    Ok(left == 0)
}

/// The symbols by the length of their codes.
fn sorted(lengths: &[u8], counts: &Counts) -> [u16; MOST_SYMBOLS] {
    let mut next = [0; MOST_BITS + 1];
    for length in 2..=MOST_BITS {
        next[length] = next[length - 1] + counts[length - 1];
    }
    let mut sorted = [0; MOST_SYMBOLS];
    for (symbol, &length) in lengths.iter().enumerate().filter(|(_, &length)| length > 0) {
        let place = &mut next[usize::from(length) & MOST_BITS];
        sorted[*place] = symbol as u16;
        *place += 1;
    }
    sorted
}

/// The low `bits` bits of a code, the first one of which is the least significant in the input.
fn reversed(code: u32, bits: u32) -> usize {
    ((code as u16).reverse_bits() >> (16 - bits)) as usize
}

/// No code is longer (RFC 1951 §3.2.7).
const MOST_BITS: usize = 15;

/// No alphabet has more: that of literals and lengths in the fixed code.
pub(super) const MOST_SYMBOLS: usize = 288;
