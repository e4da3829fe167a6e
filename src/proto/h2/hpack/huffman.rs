//! The Huffman code of strings (RFC 7541 §5.2 and Appendix B).
//!
//! The code is canonical: codes of one length are consecutive numbers in the order of the symbols, and
//! the next length goes on where the one before ended. So the lengths are all that stands here, and
//! the tables are made of them when the crate is compiled. Decoding looks up the next ten bits, which
//! hold any symbol that is common in fields; longer codes are found by their length.

use super::Error;

/// How many bytes these are when coded.
#[inline]
pub(super) fn encoded_len(bytes: &[u8]) -> usize {
    let bits: usize = bytes.iter().map(|&byte| usize::from(LENGTHS[usize::from(byte)])).sum();
    (bits + 7) / 8
}

/// Appends `bytes`, coded.
pub(super) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    let (mut buffer, mut bits) = (0u64, 0);
    for &byte in bytes {
        let length = u32::from(LENGTHS[usize::from(byte)]);
        buffer = buffer << length | u64::from(CODES[usize::from(byte)]);
        bits += length;
        if bits >= 32 {
            bits -= 32;
            out.extend_from_slice(&((buffer >> bits) as u32).to_be_bytes());
        }
    }
    // The padding is the beginning of the code for the end of the string: ones.
    let padded = (buffer << 32 | 0xffff_ffff) >> bits;
    out.extend_from_slice(&(padded as u32).to_be_bytes()[..(bits as usize + 7) / 8]);
}

/// Appends what `input` is the code of.
pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
    let start = out.len();
    // The shortest code has five bits.
    out.resize(start + input.len() * 8 / 5, 0);
    let decoded = symbols(input, &mut out[start..]);
    out.truncate(start + *decoded.as_ref().unwrap_or(&0));
    decoded.map(drop)
}

/// Writes the symbols to `out`, which has room for all, and says how many there are.
fn symbols(input: &[u8], out: &mut [u8]) -> Result<usize, Error> {
    let mut bits = Bits { input, buffer: 0, count: 0 };
    let mut at = 0;
    loop {
        while bits.count >= FIRST_BITS {
            let entry = bits.first();
            if entry == LONG {
                break;
            }
            out[at] = (entry >> 4) as u8;
            at += 1;
            bits.take(u32::from(entry & 0xf));
        }
        bits.refill();
        let (symbol, length) = bits.symbol();
        if length > bits.count {
            return bits.padding().map(|()| at);
        }
        // RFC 7541 §5.2: a string literal containing the EOS symbol must be treated as an error.
        out[at] = u8::try_from(symbol).map_err(|_| Error::EndOfString)?;
        at += 1;
        bits.take(length);
    }
}

/// The bits that come next, the first one highest in `buffer`. Behind the first `count` may be some
/// of those that follow, or zeros.
struct Bits<'a> {
    input: &'a [u8],
    buffer: u64,
    count: u32,
}

impl Bits<'_> {
    /// Takes bytes of the input into the buffer, while there are any and they fit.
    #[inline(always)]
    fn refill(&mut self) {
        if let Some(word) = self.input.get(..8) {
            let word = u64::from_be_bytes(word.try_into().expect("eight bytes"));
            self.buffer |= word >> self.count;
            let bytes = (63 - self.count) / 8;
            self.input = &self.input[bytes as usize..];
            self.count += 8 * bytes;
            return;
        }
        while self.count <= 56 {
            let byte = match self.input.split_first() {
                Some((&byte, rest)) => {
                    self.input = rest;
                    byte
                }
                None => break,
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    #[inline(always)]
    fn take(&mut self, count: u32) {
        self.buffer <<= count;
        self.count -= count;
    }

    #[inline(always)]
    fn first(&self) -> u16 {
        FIRST[(self.buffer >> (64 - FIRST_BITS)) as usize]
    }

    /// The symbol that comes next and the length of its code, which may reach beyond the last bit.
    #[inline]
    fn symbol(&self) -> (u16, u32) {
        let padded = self.buffer | u64::MAX.checked_shr(self.count).unwrap_or(0);
        match FIRST[(padded >> (64 - FIRST_BITS)) as usize] {
            LONG => long((padded >> (64 - MOST_BITS)) as u32),
            entry => (entry >> 4, u32::from(entry & 0xf)),
        }
    }

    /// Judges the bits that are left when no whole symbol is.
    fn padding(&self) -> Result<(), Error> {
        let ones = self.buffer.leading_ones() >= self.count;
        match (ones, self.count) {
            // RFC 7541 §5.2: padding must be the most significant bits of the code for EOS.
            (false, _) => Err(Error::PaddingNotOnes),
            // RFC 7541 §5.2: padding strictly longer than 7 bits must be treated as an error.
            (true, 8..) => Err(Error::PaddingTooLong),
            (true, _) => Ok(()),
        }
    }
}

/// The symbol of a code that is longer than [`FIRST_BITS`], and its length.
#[cold]
fn long(next: u32) -> (u16, u32) {
    let mut length = FIRST_BITS + 1;
    while next >= ENDS[length as usize] {
        length += 1;
    }
    let above = (next - ENDS[length as usize - 1]) >> (MOST_BITS - length);
    (SORTED[(usize::from(STARTS[length as usize])) + above as usize], length)
}

/// The length of the code of each byte, and of the end of a string (RFC 7541, Appendix B).
const LENGTHS: [u8; SYMBOLS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, // controls
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, //
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, // space to slash
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, // 0 to 9
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, // A to O
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, // P to Z
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, // a to o
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, // p to z
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, // 0x80
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, //
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, // 0xa0
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, //
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, // 0xc0
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, //
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, // 0xe0
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, //
    30, // the end of a string
];

/// The bytes, and the end of a string.
const SYMBOLS: usize = 257;

/// The longest code.
const MOST_BITS: u32 = 30;

/// The bits that are looked up at once. Ten hold all that texts are usually made of, in a table of
/// 2 KiB.
const FIRST_BITS: u32 = 10;

/// The entry of [`FIRST`] for bits that begin a longer code.
const LONG: u16 = 0;

/// How many codes have each length.
const COUNTS: [u16; MOST_BITS as usize + 1] = {
    let mut counts = [0; MOST_BITS as usize + 1];
    let mut symbol = 0;
    while symbol < SYMBOLS {
        counts[LENGTHS[symbol] as usize] += 1;
        symbol += 1;
    }
    counts
};

/// Where the codes of each length begin in [`SORTED`].
const STARTS: [u16; MOST_BITS as usize + 1] = {
    let mut starts = [0; MOST_BITS as usize + 1];
    let mut length = 1;
    while length <= MOST_BITS as usize {
        starts[length] = starts[length - 1] + COUNTS[length - 1];
        length += 1;
    }
    starts
};

/// The first code beyond those of each length and the shorter ones, as if all had the longest length.
const ENDS: [u32; MOST_BITS as usize + 1] = {
    let mut ends = [0; MOST_BITS as usize + 1];
    let mut length = 1;
    while length <= MOST_BITS as usize {
        ends[length] =
            ends[length - 1] + ((COUNTS[length] as u32) << (MOST_BITS as usize - length));
        length += 1;
    }
    ends
};

/// The symbols by their codes.
static SORTED: [u16; SYMBOLS] = {
    let mut next = STARTS;
    let mut sorted = [0; SYMBOLS];
    let mut symbol = 0;
    while symbol < SYMBOLS {
        let length = LENGTHS[symbol] as usize;
        sorted[next[length] as usize] = symbol as u16;
        next[length] += 1;
        symbol += 1;
    }
    sorted
};

/// The code of each symbol, in its low bits.
static CODES: [u32; SYMBOLS] = codes();

const fn codes() -> [u32; SYMBOLS] {
    let mut next = ENDS;
    let mut codes = [0; SYMBOLS];
    let mut symbol = 0;
    while symbol < SYMBOLS {
        let length = LENGTHS[symbol] as usize;
        codes[symbol] = next[length - 1] >> (MOST_BITS as usize - length);
        next[length - 1] += 1 << (MOST_BITS as usize - length);
        symbol += 1;
    }
    codes
}

/// What the next bits begin with: a symbol above four bits that hold the length of its code.
static FIRST: [u16; 1 << FIRST_BITS] = {
    let codes = codes();
    let mut first = [LONG; 1 << FIRST_BITS];
    let mut symbol = 0;
    while symbol < SYMBOLS {
        let length = LENGTHS[symbol] as u32;
        if length <= FIRST_BITS {
            let mut at = codes[symbol] << (FIRST_BITS - length);
            let end = (codes[symbol] + 1) << (FIRST_BITS - length);
            while at < end {
                first[at as usize] = (symbol as u16) << 4 | length as u16;
                at += 1;
            }
        }
        symbol += 1;
    }
    first
};

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(input: &[u8]) -> Result<Vec<u8>, Error> {
        let mut out = Vec::new();
        decode(input, &mut out).map(|()| out)
    }

    /// Some bits, filled up with ones.
    fn bits(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(|digit| *digit != b' ').collect();
        let byte = |eight: &[u8]| {
            (0..8).fold(0, |byte, at| byte << 1 | (eight.get(at).map_or(1, |digit| digit - b'0')))
        };
        digits.chunks(8).map(byte).collect()
    }

    #[test]
    fn ok_the_code_is_complete_and_as_in_the_appendix() {
        assert_eq!(ENDS[MOST_BITS as usize], 1 << MOST_BITS);
        let codes = [
            (usize::from(b'0'), 0x0),
            (usize::from(b'a'), 0x3),
            (usize::from(b' '), 0x14),
            (usize::from(b'z'), 0x7b),
            (usize::from(b'X'), 0xfc),
            (usize::from(b'?'), 0x3fc),
            (0, 0x1ff8),
            (1, 0x7f_ffd8),
            (10, 0x3fff_fffc),
            (249, 0xfff_fffe),
            (255, 0x3ff_ffee),
            (256, 0x3fff_ffff),
        ];
        for (symbol, code) in codes {
            assert_eq!(CODES[symbol], code, "{}", symbol);
        }
    }

    #[test]
    fn ok_strings_both_ways() {
        // Of RFC 7541, C.4 and C.6.
        let table: [(&str, &str); 5] = [
            ("www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"),
            ("no-cache", "a8eb10649cbf"),
            ("302", "6402"),
            ("Mon, 21 Oct 2013 20:13:21 GMT", "d07abe941054d444a8200595040b8166e082a62d1bff"),
            ("", ""),
        ];
        for (text, hex) in table {
            let wire: Vec<u8> = (0..hex.len() / 2)
                .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
                .collect();
            let mut out = Vec::new();
            encode(text.as_bytes(), &mut out);
            assert_eq!((out.len(), &out), (encoded_len(text.as_bytes()), &wire), "{}", text);
            assert_eq!(decoded(&wire).as_deref(), Ok(text.as_bytes()));
        }
    }

    #[test]
    fn ok_every_pair_of_bytes() {
        for pair in 0..=0xffff_u16 {
            let text = [&pair.to_be_bytes()[..], b"/"].concat();
            let mut out = Vec::new();
            encode(&text, &mut out);
            assert_eq!(out.len(), encoded_len(&text));
            assert_eq!(decoded(&out), Ok(text));
        }
    }

    #[test]
    fn err_what_no_string_is_coded_as() {
        let eos = "1".repeat(30);
        let table = [
            ("0000 0000".to_owned(), Error::PaddingNotOnes), // 000 is left of it
            ("00011 110".to_owned(), Error::PaddingNotOnes),
            ("00011 111 11111111".to_owned(), Error::PaddingTooLong),
            ("11111111".to_owned(), Error::PaddingTooLong),
            ("1".repeat(24), Error::PaddingTooLong),
            ("1".repeat(29), Error::EndOfString), // filled up
            (eos.clone(), Error::EndOfString),
            (format!("00011 {} 00011", eos), Error::EndOfString),
            ("11111111 11111111 11111111 1111100".to_owned(), Error::PaddingNotOnes),
        ];
        for (text, error) in table {
            assert_eq!(decoded(&bits(&text)), Err(error), "{}", text);
        }
    }
}
