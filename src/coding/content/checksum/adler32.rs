//! Adler-32 (RFC 1950 §8).

use std::fmt;

/// A checksum of all bytes so far.
///
/// ```
/// use pannier::coding::Adler32;
/// let mut sum = Adler32::new();
/// sum.update(b"Wikipedia");
/// assert_eq!(sum.value(), 0x11e6_0398);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Adler32 {
    /// One and the sum of the bytes.
    bytes: u32,
    /// The sum of all values that the other sum has had.
    sums: u32,
}

impl Adler32 {
    /// The checksum of nothing.
    pub const fn new() -> Adler32 {
        Adler32 { bytes: 1, sums: 0 }
    }

    /// Adds bytes at the end.
    pub fn update(&mut self, bytes: &[u8]) {
        for block in bytes.chunks(BLOCK) {
            let (groups, rest) = block.split_at(block.len() / LANES * LANES);
            let (mut sums, mut earlier) = ([0u16; LANES], [0u16; LANES]);
            for group in groups.chunks_exact(LANES) {
                for lane in 0..LANES {
                    earlier[lane] += sums[lane];
                    sums[lane] += u16::from(group[lane]);
                }
            }
            // A byte counts once for itself and for each byte behind it: those behind it in its group,
            // and `LANES` for every later group.
            self.sums += self.bytes * groups.len() as u32;
            for lane in 0..LANES {
                let (sum, earlier) = (u32::from(sums[lane]), u32::from(earlier[lane]));
                self.bytes += sum;
                self.sums += earlier * LANES as u32 + sum * (LANES - lane) as u32;
            }
            for &byte in rest {
                self.bytes += u32::from(byte);
                self.sums += self.bytes;
            }
            self.bytes %= MODULUS;
            self.sums %= MODULUS;
        }
    }

    /// The checksum.
    pub const fn value(&self) -> u32 {
        self.sums << 16 | self.bytes
    }
}

impl Default for Adler32 {
    fn default() -> Adler32 {
        Adler32::new()
    }
}

impl fmt::Debug for Adler32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Adler32({:08x})", self.value())
    }
}

/// The largest prime number below 2¹⁶.
const MODULUS: u32 = 65521;

/// Sums side by side, of 16 bits, for vector instructions.
const LANES: usize = 32;

/// With so many bytes for each lane no sum overflows: 255 · 22 · 23 / 2 is less than 2¹⁶.
const BLOCK: usize = 23 * LANES;

#[cfg(test)]
mod tests {
    use super::*;

    fn byte_by_byte(bytes: &[u8]) -> u32 {
        let (a, b) = bytes.iter().fold((1u32, 0u32), |(a, b), &byte| {
            let a = (a + u32::from(byte)) % MODULUS;
            (a, (b + a) % MODULUS)
        });
        b << 16 | a
    }

    #[test]
    fn ok_the_same_byte_by_byte_at_any_length_and_at_the_largest_sums() {
        let mixed: Vec<u8> = (0..20_000u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
        let largest = vec![0xff; 20_000];
        for bytes in [mixed, largest] {
            for length in [0, 1, 31, 32, 33, 735, 736, 737, 1_472, 20_000] {
                let mut sum = Adler32::new();
                sum.update(&bytes[..length]);
                assert_eq!(sum.value(), byte_by_byte(&bytes[..length]), "{} bytes", length);
                let mut pieces = Adler32::new();
                bytes[..length].chunks(333).for_each(|piece| pieces.update(piece));
                assert_eq!(pieces, sum);
            }
        }
    }
}
