//! Percent-encoding (RFC 3986 §2.1) with the encode sets of the WHATWG URL standard.
//!
//! Which characters are written as `%XX` depends on where they stand, so every call names its
//! [`EncodeSet`]. Only [`COMPONENT`] and [`FORM`] have `%` itself: the others are for text that may
//! already have escapes, and leave those alone.

use crate::http::token::hex_digit;

/// The bytes that are written as `%XX`. Control characters and bytes outside ASCII are in every set.
#[derive(Clone, Debug)]
pub struct EncodeSet(
    /// A bit for each ASCII character.
    [u64; 2],
);

impl EncodeSet {
    /// This set and these bytes too.
    ///
    /// ```
    /// use pannier::http::percent::{self, EncodeSet};
    /// const SEGMENT: EncodeSet = EncodeSet::with(percent::PATH, b"/%");
    /// assert_eq!(percent::encode("a/50%", &SEGMENT), "a%2F50%25");
    /// ```
    #[must_use]
    pub const fn with(base: &EncodeSet, bytes: &[u8]) -> EncodeSet {
        let mut bits = base.0;
        let mut index = 0;
        while index < bytes.len() {
            if bytes[index].is_ascii() {
                bits[bytes[index] as usize / 64] |= 1 << (bytes[index] % 64);
            }
            index += 1;
        }
        EncodeSet(bits)
    }

    /// Is this byte written as `%XX`?
    #[inline]
    pub const fn contains(&self, byte: u8) -> bool {
        !byte.is_ascii() || self.0[byte as usize / 64] >> (byte % 64) & 1 == 1
    }
}

/// Control characters and everything outside ASCII.
pub const CONTROL: &EncodeSet = &EncodeSet([(1 << 0x20) - 1, 1 << (0x7f - 64)]);
/// What a fragment may not have.
pub const FRAGMENT: &EncodeSet = &EncodeSet::with(CONTROL, b" \"<>`");
/// What the query of a URL that is not http or https may not have.
pub const QUERY: &EncodeSet = &EncodeSet::with(CONTROL, b" \"#<>");
/// What the query of an http or https URL may not have.
pub const SPECIAL_QUERY: &EncodeSet = &EncodeSet::with(QUERY, b"'");
/// What a path may not have; its `/` is kept.
pub const PATH: &EncodeSet = &EncodeSet::with(QUERY, b"?^`{}");
/// What a username or a password may not have.
pub const USERINFO: &EncodeSet = &EncodeSet::with(PATH, b"/:;=@[\\]|");
/// What JavaScript's `encodeURIComponent` encodes, and `%` is among it.
pub const COMPONENT: &EncodeSet = &EncodeSet::with(USERINFO, b"$%&+,");
/// Everything but letters, digits and `*-._`, as `application/x-www-form-urlencoded` asks.
pub const FORM: &EncodeSet = &EncodeSet::with(COMPONENT, b"!'()~");

/// The text with every byte of the set written as `%XX`.
///
/// ```
/// use pannier::http::percent;
/// assert_eq!(percent::encode("a b/é", percent::PATH), "a%20b/%C3%A9");
/// assert_eq!(percent::encode([0xff, b'a'], percent::PATH), "%FFa");
/// ```
pub fn encode(bytes: impl AsRef<[u8]>, set: &EncodeSet) -> String {
    let bytes = bytes.as_ref();
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        // Every set has all bytes outside ASCII, so a byte that is kept is a character.
        if set.contains(byte) {
            push_escape(&mut text, byte);
        } else {
            text.push(char::from(byte));
        }
    }
    text
}

/// The bytes that the text stands for: each `%XX` is one byte, and a `%` without two hexadecimal
/// digits behind it stands for itself.
///
/// ```
/// use pannier::http::percent;
/// assert_eq!(percent::decode("a%20b%C3%A9"), "a bé".as_bytes());
/// assert_eq!(percent::decode("100%+%zz%4"), b"100%+%zz%4");
/// ```
pub fn decode(text: &str) -> Vec<u8> {
    decode_bytes(text.as_bytes())
}

pub(super) fn decode_bytes(mut rest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        match escaped(rest) {
            Some(byte) => {
                bytes.push(byte);
                rest = &rest[3..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

/// Appends the text, encoded: the runs that need nothing are copied whole.
pub(super) fn push(out: &mut String, text: &str, set: &EncodeSet) {
    let mut start = 0;
    for (index, byte) in text.bytes().enumerate() {
        if !set.contains(byte) {
            continue;
        }
        // A run that is not empty is ASCII, so both of its ends are character boundaries.
        if start < index {
            out.push_str(&text[start..index]);
        }
        push_escape(out, byte);
        start = index + 1;
    }
    if start < text.len() {
        out.push_str(&text[start..]);
    }
}

fn push_escape(out: &mut String, byte: u8) {
    out.push('%');
    out.push(char::from(DIGITS[usize::from(byte >> 4)]));
    out.push(char::from(DIGITS[usize::from(byte & 15)]));
}

/// The byte of the `%XX` that the slice begins with.
fn escaped(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [b'%', high, low, ..] => Some(hex_digit(*high)? << 4 | hex_digit(*low)?),
        _ => None,
    }
}

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(set: &EncodeSet) -> String {
        (0..=255u8).filter(|&byte| !set.contains(byte)).map(char::from).collect()
    }

    #[test]
    fn ok_the_sets_keep_what_the_standard_keeps() {
        let letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        for (set, marks) in [
            (CONTROL, " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
            (FRAGMENT, "!#$%&'()*+,-./:;=?@[\\]^_{|}~"),
            (QUERY, "!$%&'()*+,-./:;=?@[\\]^_`{|}~"),
            (SPECIAL_QUERY, "!$%&()*+,-./:;=?@[\\]^_`{|}~"),
            (PATH, "!$%&'()*+,-./:;=@[\\]_|~"),
            (USERINFO, "!$%&'()*+,-._~"),
            (COMPONENT, "!'()*-._~"),
            (FORM, "*-._"),
        ] {
            let mut expected: Vec<char> = marks.chars().chain(letters.chars()).collect();
            expected.sort_unstable();
            assert_eq!(kept(set), expected.into_iter().collect::<String>());
        }
    }

    #[test]
    fn ok_both_ways_of_encoding_agree() {
        for text in ["", "a", "é", "aé", "éa", "a b c", " a ", "\u{10ffff}\0é%"] {
            let mut pushed = String::new();
            push(&mut pushed, text, PATH);
            assert_eq!(pushed, encode(text, PATH), "{:?}", text);
        }
    }

    #[test]
    fn ok_decode_undoes_encode() {
        let all: Vec<u8> = (0..=255).collect();
        for set in [COMPONENT, FORM] {
            assert_eq!(decode(&encode(&all, set)), all);
        }
    }

    #[test]
    fn ok_a_percent_sign_without_two_digits_stands_for_itself() {
        for (text, bytes) in [
            ("%", &b"%"[..]),
            ("%4", b"%4"),
            ("%%41", b"%A"),
            ("%4%31", b"%41"),
            ("%g1", b"%g1"),
            ("%+1", b"%+1"),
            ("%fF", b"\xff"),
        ] {
            assert_eq!(decode(text), bytes, "{:?}", text);
        }
    }
}
