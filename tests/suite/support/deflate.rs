//! Compressed data, made by hand.

use pannier::coding::Adler32;

pub const HELLO: &[u8] = b"\xcb\x48\xcd\xc9\xc9\x07\0";
pub const HELLO_GZIP: &[u8] =
    b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0";
pub const HELLO_ZLIB: &[u8] = b"\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\0\x06\x2c\x02\x15";

/// The bits of deflate: numbers lowest bit first, codes highest bit first.
#[derive(Default)]
pub struct Bits(Vec<bool>);

impl Bits {
    pub fn number(mut self, value: u32, count: u32) -> Bits {
        self.0.extend((0..count).map(|place| value >> place & 1 == 1));
        self
    }

    pub fn code(mut self, value: u32, count: u32) -> Bits {
        self.0.extend((0..count).rev().map(|place| value >> place & 1 == 1));
        self
    }

    /// A last block of type 2 whose code of the lengths has these lengths.
    pub fn dynamic(literals: u32, distances: u32, lengths: &[(usize, u32)]) -> Bits {
        let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let bits = Bits::default().number(1, 1).number(2, 2).number(literals, 5);
        let bits = bits.number(distances, 5).number(15, 4);
        order.iter().fold(bits, |bits, symbol| {
            let found = lengths.iter().find(|(other, _)| other == symbol);
            bits.number(found.map_or(0, |(_, length)| *length), 3)
        })
    }

    /// So many lengths of zero, by a code in which 18 is `11` and 0 is `zero`.
    pub fn zeros(self, count: u32, (zero, bits): (u32, u32)) -> Bits {
        match count {
            0 => self,
            11.. => {
                let some = count.min(138);
                self.code(3, 2).number(some - 11, 7).zeros(count - some, (zero, bits))
            }
            _ => self.code(zero, bits).zeros(count - 1, (zero, bits)),
        }
    }

    pub fn bytes(&self) -> Vec<u8> {
        let byte = |bits: &[bool]| {
            bits.iter().enumerate().map(|(place, &bit)| u8::from(bit) << place).sum()
        };
        self.0.chunks(8).map(byte).collect()
    }
}

/// Deflate that stores this, with its header and checksum.
pub fn stored_zlib(content: &[u8]) -> Vec<u8> {
    let length = content.len() as u16;
    let mut sum = Adler32::new();
    sum.update(content);
    let header = [length.to_le_bytes(), (!length).to_le_bytes()].concat();
    [&b"\x78\x9c\x01"[..], &header, content, &sum.value().to_be_bytes()].concat()
}

/// Deflate that stores this, of any length, in blocks that are not compressed.
pub fn stored_in_blocks(content: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    for block in content.chunks(60_000) {
        let length = block.len() as u16;
        wire.push(0);
        wire.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
        wire.extend(block);
    }
    wire.extend(b"\x03\0");
    wire
}

/// Deflate of `a`, so many times 256 KiB of it and a little more.
pub fn many_letters(count: usize) -> Vec<u8> {
    let begin = Bits::default().number(1, 1).number(1, 2).code(0x30 + 97, 8);
    // The longest length at distance 1, again and again.
    let matches = (0..count * 1017).fold(begin, |bits, _| bits.code(0xc0 + 5, 8).code(0, 5));
    matches.code(0, 7).bytes()
}

/// Deflate of the beginning of [`many_letters`], and so on for ever: 13 bits make 258 bytes, and eight
/// times 13 bits are 13 bytes, which 15 bits repeat twenty times.
pub fn endless_letters(count: usize) -> Vec<u8> {
    let begin = &many_letters(1)[..26];
    let length = begin.len() as u16;
    let stored = [&[0][..], &length.to_le_bytes(), &(!length).to_le_bytes(), begin].concat();
    let repeated = Bits::default().number(1, 1).number(1, 2);
    // Distance 13 is the first of code 7.
    let repeat = |bits: Bits, _| bits.code(0xc0 + 5, 8).code(7, 5).number(0, 2);
    [stored, (0..count).fold(repeated, repeat).bytes()].concat()
}
