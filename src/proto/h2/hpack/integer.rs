//! Integers (RFC 7541 §5.1): a prefix of some bits, and seven more in every byte that follows.
//!
//! Read are those of 32 bits, in no more bytes than the largest of them needs, so that no integer
//! goes on for ever.

use super::Error;

/// Reads an integer that begins in the low `PREFIX` bits of the first byte of `input`, and moves
/// `input` behind it.
#[inline]
pub(super) fn decode<const PREFIX: u32>(input: &mut &[u8]) -> Result<usize, Error> {
    let (&first, rest) = input.split_first().ok_or(Error::Truncated)?;
    let most = (1 << PREFIX) - 1;
    let value = u32::from(first) & most;
    *input = rest;
    match value < most {
        true => Ok(value as usize),
        false => continued(most, input),
    }
}

/// The bytes behind a prefix that is full, lowest bits first.
fn continued(prefix: u32, input: &mut &[u8]) -> Result<usize, Error> {
    let mut value = u64::from(prefix);
    for (place, &byte) in input.iter().enumerate().take(MOST_BYTES) {
        value += u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            *input = &input[place + 1..];
            return u32::try_from(value).map(|v| v as usize).map_err(|_| Error::IntegerTooLarge);
        }
    }
    // RFC 7541 §5.1: integer encodings that exceed implementation limits, in value or octet length,
    // must be treated as decoding errors.
    Err(if input.len() < MOST_BYTES { Error::Truncated } else { Error::IntegerTooLarge })
}

/// Writes an integer with a prefix of `PREFIX` bits. `pattern` is what stands above them.
#[inline]
pub(super) fn encode<const PREFIX: u32>(pattern: u8, value: usize, out: &mut Vec<u8>) {
    let most = (1 << PREFIX) - 1;
    if value < most {
        return out.push(pattern | value as u8);
    }
    out.push(pattern | most as u8);
    let mut rest = value - most;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

/// Behind the prefix: 32 bits, seven in a byte.
const MOST_BYTES: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads with a prefix of five bits, whole and with trailing bytes.
    fn five(wire: &[u8]) -> Result<usize, Error> {
        let trailing = [wire, b"\xff\x00"].concat();
        let (mut whole, mut more) = (wire, &trailing[..]);
        let value = decode::<5>(&mut whole);
        if value.is_ok() {
            assert_eq!(decode::<5>(&mut more), value);
            assert_eq!((whole, more), (&b""[..], &b"\xff\x00"[..]));
            for end in 0..wire.len() {
                assert_eq!(decode::<5>(&mut &wire[..end]), Err(Error::Truncated));
            }
        }
        value
    }

    #[test]
    fn ok_integers_both_ways() {
        // RFC 7541, C.1.1 to C.1.3, the last with another prefix.
        let table: [(&[u8], usize); 8] = [
            (&[0x0a], 10),
            (&[0x1f, 0x9a, 0x0a], 1337),
            (&[0x00], 0),
            (&[0x1e], 30),
            (&[0x1f, 0x00], 31),
            (&[0x1f, 0x7f], 158),
            (&[0x1f, 0x80, 0x01], 159),
            (&[0x1f, 0xe0, 0xff, 0xff, 0xff, 0x0f], 0xffff_ffff),
        ];
        for (wire, value) in table {
            assert_eq!(five(wire), Ok(value), "{:x?}", wire);
            let mut out = Vec::new();
            encode::<5>(0, value, &mut out);
            assert_eq!(out, wire);
        }
        assert_eq!(decode::<8>(&mut &[42][..]), Ok(42));
    }

    #[test]
    fn ok_what_stands_above_the_prefix_is_kept_apart() {
        let mut out = Vec::new();
        encode::<5>(0x20, 10, &mut out);
        encode::<5>(0x20, 31, &mut out);
        assert_eq!(out, [0x2a, 0x3f, 0x00]);
        assert_eq!(five(&[0xea]), Ok(10));
    }

    #[test]
    fn ok_zeros_behind_the_last_bits() {
        assert_eq!(five(&[0x1f, 0x81, 0x80, 0x80, 0x80, 0x00]), Ok(32));
    }

    #[test]
    fn err_integers() {
        let table: [(&[u8], Error); 5] = [
            (&[], Error::Truncated),
            (&[0x1f, 0x80, 0x80], Error::Truncated),
            (&[0x1f, 0xe1, 0xff, 0xff, 0xff, 0x0f], Error::IntegerTooLarge),
            (&[0x1f, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00], Error::IntegerTooLarge),
            (&[0x1f, 0xff, 0xff, 0xff, 0xff, 0xff], Error::IntegerTooLarge),
        ];
        for (wire, error) in table {
            assert_eq!(five(wire), Err(error), "{:x?}", wire);
        }
    }
}
