//! Where the names and values of field lines end (RFC 9112 §5), 64 bytes of a head at a time.
//!
//! One bit for each byte says whether a common name ends there, another whether a common value does.
//! An end is then the next bit that is set: there is no loop over words and no branch that hangs on how
//! long a name is. The bits come from plain loops over arrays, which compilers turn into vector
//! instructions. Common names are letters, digits and hyphens, common values visible ASCII characters
//! and spaces; to tell them from bytes that are merely allowed takes fewer instructions, and whatever
//! is not common is left to others. So is all input of less than 64 bytes.

/// The classes of the bytes of an input around the place where it is read.
pub(super) struct Classes<'a> {
    input: &'a [u8],
    /// What is left of the block at hand, the first byte of the next line in the lowest bit.
    here: Block,
    /// Where the block ahead begins.
    next: usize,
    /// Classified before the lines of the block at hand are read, so that none waits for it.
    ahead: Block,
}

/// What is known of 64 bytes, the first of them in the lowest bit.
#[derive(Clone, Copy)]
struct Block {
    name_ends: u64,
    value_ends: u64,
}

impl<'a> Classes<'a> {
    /// The classes of what follows `position`, where the first line begins.
    #[inline(always)]
    pub(super) fn new(input: &'a [u8], position: usize) -> Classes<'a> {
        Classes { input, here: Block::NONE, next: position, ahead: Block::at(input, position) }
    }

    /// Where the name and the value of the line at `start` end, if they are common ones: the first
    /// byte that is no letter, digit or hyphen, and the first that is no visible ASCII character and
    /// no space. Every line but the first begins two bytes behind the value of the one before.
    #[inline(always)]
    pub(super) fn line(&mut self, start: usize) -> Option<(usize, usize)> {
        let (mut name_from, mut names) = (start, self.here.name_ends);
        let mut value_from = start;
        while self.here.value_ends == 0 {
            value_from = self.step(start)?;
            if names == 0 {
                (name_from, names) = (value_from, self.here.name_ends);
            }
        }
        let length = self.here.value_ends.trailing_zeros();
        self.here = self.here.from(length).from(2);
        Some((name_from + names.trailing_zeros() as usize, value_from + length as usize))
    }

    /// Makes the block ahead the one at hand, from `start` on if that is in it, and returns where it is
    /// read from.
    #[inline(always)]
    fn step(&mut self, start: usize) -> Option<usize> {
        let at = start.max(self.next);
        if at >= self.input.len() {
            return None;
        }
        self.here = self.ahead.from((at - block_start(self.input, self.next)) as u32);
        self.next += WIDTH;
        self.ahead = Block::at(self.input, self.next);
        Some(at)
    }
}

impl Block {
    /// Where no byte is.
    const NONE: Block = Block { name_ends: 0, value_ends: 0 };

    /// The block at `start`, or the one that begins before it and ends with the input.
    #[inline(always)]
    fn at(input: &[u8], start: usize) -> Block {
        if start >= input.len() {
            return Block::NONE;
        }
        let rest = &input[block_start(input, start)..];
        match rest.get(..WIDTH).and_then(|bytes| bytes.try_into().ok()) {
            Some(bytes) => {
                let (names, values) = classify(bytes);
                Block { name_ends: !names, value_ends: !values }
            }
            None => Block::NONE,
        }
    }

    /// The block without its first bytes, which are fewer than it has.
    #[inline(always)]
    fn from(self, bytes: u32) -> Block {
        Block { name_ends: self.name_ends >> bytes, value_ends: self.value_ends >> bytes }
    }
}

/// Where a block begins that is to have the byte at `at`, and is whole.
#[inline(always)]
fn block_start(input: &[u8], at: usize) -> usize {
    at.min(input.len().saturating_sub(WIDTH))
}

/// Which of the bytes are common in names, and which in values.
#[inline(always)]
fn classify(bytes: &[u8; WIDTH]) -> (u64, u64) {
    (bits(bytes, is_common_name_byte), bits(bytes, is_common_value_byte))
}

#[inline(always)]
fn is_common_name_byte(byte: u8) -> bool {
    is_between(byte | 0x20, b'a', b'z') | is_between(byte, b'0', b'9') | (byte == b'-')
}

#[inline(always)]
fn is_common_value_byte(byte: u8) -> bool {
    is_between(byte, b' ', b'~')
}

/// One addition and one comparison: the range is moved to where the signed numbers end, as vectors of
/// bytes are compared as signed numbers.
#[inline(always)]
fn is_between(byte: u8, first: u8, last: u8) -> bool {
    byte.wrapping_add(0x7f - last) as i8 >= (0x7f - (last - first)) as i8
}

/// One bit for each of the bytes: is it of that class?
///
/// With the bits of each row of eight bytes in a column of their own, all rows are put into one
/// matrix, which then lacks only its transposition.
#[inline(always)]
fn bits(bytes: &[u8; WIDTH], class: impl Fn(u8) -> bool) -> u64 {
    let mut flags = [0; WIDTH];
    for ((flag, &byte), &column) in flags.iter_mut().zip(bytes).zip(&COLUMNS) {
        *flag = if class(byte) { column } else { 0 };
    }
    let rows = flags.chunks_exact(16).fold(0, |rows, two| {
        rows | u128::from_le_bytes(two.try_into().expect("a chunk is 16 bytes"))
    });
    transposed(rows as u64 | (rows >> 64) as u64)
}

/// The 8 by 8 bits, a byte a row, with rows for columns: the bits off the diagonal change places, then
/// squares of four, then of sixteen.
#[inline(always)]
fn transposed(matrix: u64) -> u64 {
    let swaps =
        [(7, 0x00aa_00aa_00aa_00aa), (14, 0x0000_cccc_0000_cccc), (28, 0x0000_0000_f0f0_f0f0)];
    swaps.iter().fold(matrix, |matrix, &(distance, half)| {
        let different = (matrix ^ (matrix >> distance)) & half;
        matrix ^ different ^ (different << distance)
    })
}

/// The bytes that are classified at once: as many as a word has bits.
const WIDTH: usize = 64;

const COLUMNS: [u8; WIDTH] = columns();

const fn columns() -> [u8; WIDTH] {
    let mut columns = [0; WIDTH];
    let mut index = 0;
    while index < WIDTH {
        columns[index] = 1 << (index / 8);
        index += 1;
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(input: &[u8], from: usize, is_common: impl Fn(u8) -> bool) -> Option<usize> {
        let rest = input[from..].iter().position(|&byte| !is_common(byte));
        rest.map(|offset| from + offset)
    }

    /// What [`Classes::line`] should find, looked for byte by byte.
    fn ends(input: &[u8], start: usize) -> Option<(usize, usize)> {
        let name = first(input, start, |byte| byte.is_ascii_alphanumeric() || byte == b'-')?;
        let value = first(input, start, |byte| byte == b' ' || byte.is_ascii_graphic())?;
        Some((name, value))
    }

    #[test]
    fn ok_every_byte_is_classified_at_every_offset() {
        for byte in 0..=255u8 {
            for offset in 0..200 {
                let mut input = [b'a'; 200];
                input[199] = b'\r';
                input[offset] = byte;
                let found = Classes::new(&input, 0).line(0);
                assert_eq!(found, ends(&input, 0), "{:#x} at {}", byte, offset);
            }
        }
    }

    #[test]
    fn ok_lines_are_found_wherever_they_begin_and_however_much_input_there_is() {
        let lines = b"Ab-9: ~ !\r\nB:\r\nLonger-Than-Others: x\r\n\xffC: \x7fd\r\n".repeat(6);
        for length in WIDTH..lines.len() {
            let input = &lines[..length];
            for start in 0..length {
                let mut classes = Classes::new(input, start);
                let mut next = Some(start);
                while let Some(at) = next {
                    let found = classes.line(at);
                    assert_eq!(found, ends(input, at), "{} of {}", at, length);
                    next = found.map(|(_, value_end)| value_end + 2).filter(|&at| at < length);
                }
            }
        }
    }

    #[test]
    fn err_less_than_a_block_is_left_to_others() {
        let input = [&[b'a'; WIDTH - 3][..], b":\r"].concat();
        assert!((0..input.len()).all(|start| Classes::new(&input, start).line(start).is_none()));
        assert!(Classes::new(b"", 0).line(0).is_none());
    }
}
