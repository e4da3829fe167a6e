//! The lexical rules that all of HTTP shares (RFC 9110 §5.6): tokens, white space, digits.
//!
//! Digits from the wire are parsed here and nowhere else. `str::parse` takes `+5`, and `str::trim`
//! strips more than HTTP's optional white space, so neither is ever used on bytes from a peer.

/// The rules of RFC 9110 §5.6.2: is this byte a `tchar`?
///
/// ```
/// use pannier::http::token::is_token_byte;
/// assert!(is_token_byte(b'!') && is_token_byte(b'A'));
/// assert!(!is_token_byte(b':') && !is_token_byte(b' ') && !is_token_byte(0xe9));
/// ```
#[inline]
pub const fn is_token_byte(byte: u8) -> bool {
    TOKEN[byte as usize]
}

/// Is this a token: one or more `tchar`s (RFC 9110 §5.6.2)?
#[inline]
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&byte| is_token_byte(byte))
}

/// Optional white space, `OWS` of RFC 9110 §5.6.3: space and tab, nothing else.
#[inline]
pub const fn is_ows(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The slice without the optional white space at both ends.
#[inline]
pub fn trim_ows(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes {
        if !is_ows(*first) {
            break;
        }
        bytes = rest;
    }
    while let [rest @ .., last] = bytes {
        if !is_ows(*last) {
            break;
        }
        bytes = rest;
    }
    bytes
}

/// Is this the word `lower`, in any case? The word has lower-case letters, digits and hyphens only,
/// and the bytes are those of a token or a field value. Known words are compared eight bytes at a
/// time.
#[inline]
pub(crate) fn is_word(bytes: &[u8], lower: &[u8]) -> bool {
    if bytes.len() != lower.len() {
        return false;
    }
    // The bit that tells the cases apart is set already in digits and hyphens, and what has it clear
    // there is a control character.
    let same = |(bytes, lower)| lanes(bytes) | CASE == lanes(lower) | CASE;
    bytes.chunks(8).zip(lower.chunks(8)).all(same)
}

/// Up to eight bytes as one number.
#[inline]
fn lanes(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |lanes, &byte| lanes << 8 | u64::from(byte))
}

/// A number written as `1*DIGIT`: no sign, no space, no overflow.
///
/// ```
/// use pannier::http::token::decimal;
/// assert_eq!(decimal(b"0042"), Some(42));
/// assert_eq!(decimal(b"+5"), None);
/// assert_eq!(decimal(b""), None);
/// assert_eq!(decimal(b"18446744073709551616"), None);
/// ```
#[inline]
pub fn decimal(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0u64, |value, &byte| match byte {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

/// The same for what counts something: a number that is larger than can be counted is the largest.
pub(crate) fn decimal_or_most(bytes: &[u8]) -> Option<u64> {
    let is_number = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit);
    is_number.then(|| decimal(bytes).unwrap_or(u64::MAX))
}

/// The value of one hexadecimal digit, in either case.
#[inline]
pub const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// May this byte stand in a field value (RFC 9110 §5.5)?
///
/// Tab, space, visible characters and `obs-text`. CR, LF, NUL and every other control byte may not.
#[inline]
pub const fn is_field_byte(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

const CASE: u64 = 0x2020_2020_2020_2020;

const TOKEN: [bool; 256] = token_table();

const fn token_table() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let marks = b"!#$%&'*+-.^_`|~";
    let mut mark = 0;
    while mark < marks.len() {
        table[marks[mark] as usize] = true;
        mark += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_token_bytes_are_those_of_the_grammar() {
        let tokens: Vec<u8> = (0..=255).filter(|&byte| is_token_byte(byte)).collect();
        assert_eq!(tokens.len(), 10 + 26 + 26 + 15);
        assert!(tokens.iter().all(|byte| byte.is_ascii_graphic()));
        assert!(b"\"(),/:;<=>?@[\\]{}".iter().all(|&byte| !is_token_byte(byte)));
    }

    #[test]
    fn ok_only_space_and_tab_are_trimmed() {
        assert_eq!(trim_ows(b" \t a b\t "), b"a b");
        assert_eq!(trim_ows(b"\x0ba\xa0"), b"\x0ba\xa0");
        assert_eq!(trim_ows(b" \t"), b"");
    }

    #[test]
    fn ok_words_are_compared_without_case() {
        for (bytes, word, same) in [
            (&b"Keep-Alive"[..], &b"keep-alive"[..], true),
            (b"100-CONTINUE", b"100-continue", true),
            (b"keep_alive", b"keep-alive", false),
            (b"keep-aliv", b"keep-alive", false),
            (b"keep-alive2", b"keep-alive", false),
            (b"KEEP-ALIVf", b"keep-alive", false),
            (b"", b"keep-alive", false),
        ] {
            assert_eq!(is_word(bytes, word), same, "{:?}", bytes);
            assert_eq!(bytes.eq_ignore_ascii_case(word), same);
        }
    }

    #[test]
    fn err_decimal_takes_digits_only() {
        for bad in [&b"+5"[..], b"-5", b"5 ", b" 5", b"5.0", b"0x5", b"", b"99999999999999999999"] {
            assert_eq!(decimal(bad), None, "{:?}", bad);
        }
        assert_eq!(decimal(b"18446744073709551615"), Some(u64::MAX));
    }
}
