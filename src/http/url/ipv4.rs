//! IPv4 addresses in all the spellings that the WHATWG URL standard takes: one to four numbers,
//! each decimal, octal (`0…`) or hexadecimal (`0x…`), the last filling the bytes that are left,
//! and perhaps a dot at the end.

use std::net::Ipv4Addr;

use super::marks;
use crate::http::token::hex_digit;

/// Is this host a number in the end, so that it must be an IPv4 address as a whole?
pub(super) fn ends_in_number(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = marks::rsplit_once(host, b'.').map_or(host, |(_, last)| last);
    let all_digits = !last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit());
    all_digits || number(last).is_some()
}

pub(super) fn parse(host: &str) -> Option<Ipv4Addr> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let (mut address, mut bytes_left) = (0u64, 4u32);
    let mut parts = marks::split(host, b".").peekable();
    while let Some(part) = parts.next() {
        let value = number(part)?;
        let is_last = parts.peek().is_none();
        let width = if is_last { bytes_left } else { 1 };
        if bytes_left == 0 || value >= 1 << (8 * width) {
            return None;
        }
        bytes_left -= width;
        address |= value << (8 * bytes_left);
    }
    u32::try_from(address).ok().map(Ipv4Addr::from)
}

/// One number. A prefix alone is zero: `0x` is a number, and so is `0`.
fn number(part: &str) -> Option<u64> {
    let (digits, radix) = match part.as_bytes() {
        [] => return None,
        [b'0', b'x' | b'X', digits @ ..] => (digits, 16),
        [b'0', digits @ ..] => (digits, 8),
        digits => (digits, 10),
    };
    // What does not fit is too big for any address, so saturation tells as much as the true value.
    digits.iter().try_fold(0u64, |value, &byte| {
        let digit = hex_digit(byte).map(u64::from).filter(|&digit| digit < radix)?;
        Some(value.saturating_mul(radix).saturating_add(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_every_spelling_of_an_address() {
        for (text, address) in [
            ("127.0.0.1", [127, 0, 0, 1]),
            ("127.0.0.1.", [127, 0, 0, 1]),
            ("127.1", [127, 0, 0, 1]),
            ("127.0.257", [127, 0, 1, 1]),
            ("2130706433", [127, 0, 0, 1]),
            ("0x7f000001", [127, 0, 0, 1]),
            ("0X7F.0.0.01", [127, 0, 0, 1]),
            ("017700000001", [127, 0, 0, 1]),
            ("0", [0, 0, 0, 0]),
            ("0x", [0, 0, 0, 0]),
            ("00.0x.000.0", [0, 0, 0, 0]),
            ("1.2.0xffff", [1, 2, 255, 255]),
            ("1.16777215", [1, 255, 255, 255]),
        ] {
            assert!(ends_in_number(text), "{}", text);
            assert_eq!(parse(text), Some(address.into()), "{}", text);
        }
    }

    #[test]
    fn err_numbers_that_are_no_address() {
        for text in [
            "256.0.0.1",
            "1.2.3.256",
            "1.16777216",
            "1.2.65536",
            "4294967296",
            "99999999999999999999999999",
            "0xfffffffffffffffffffffff",
            "1.2.3.4.5",
            "1.2.3.4.0",
            "08",
            "1.2.3.09",
            "a.1",
            "1..1",
            ".1",
            "a.0x",
        ] {
            assert!(ends_in_number(text), "{}", text);
            assert_eq!(parse(text), None, "{}", text);
        }
    }

    #[test]
    fn ok_names_that_only_look_like_numbers() {
        for text in ["1.a", "1..", "1.2.3.4..", ".", "0xg", "1x", "0x1.b", "-1", "1.+1", "1e1"] {
            assert!(!ends_in_number(text), "{}", text);
        }
    }
}
