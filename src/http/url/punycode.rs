//! Punycode (RFC 3492), as far as it decides whether an `xn--` label can be one at all.
//!
//! Whether the characters behind it are allowed in a name is a matter of the tables of UTS #46,
//! which this crate does not carry: such a label is passed on as it is, and the name server decides.

use super::marks;

/// Can this be what stands behind `xn--`? The text is ASCII in lower case.
///
/// It must decode, to something that is not ASCII alone (UTS #46 §4, step 4.4), and that must not
/// again begin with `xn--` (UTS #46 §4.1, rule 4).
pub(super) fn is_valid(encoded: &str) -> bool {
    decoded(encoded).unwrap_or(false)
}

/// Whether the decoded label will do, or `None` where decoding fails.
///
/// The label itself is not built: the code points and where they are inserted are enough, and an
/// insertion never takes another out of the first four characters.
fn decoded(encoded: &str) -> Option<bool> {
    // RFC 3492 §6.2: a delimiter is consumed only if there are basic code points before it.
    let (basic, deltas) = match marks::rfind(encoded, b'-') {
        Some(dash) if dash > 0 => (&encoded[..dash], &encoded[dash + 1..]),
        _ => ("", encoded),
    };
    let mut prefixed = basic.starts_with("xn--");
    let mut length = u32::try_from(basic.len()).ok()?;
    let (mut code, mut index, mut bias) = (INITIAL_CODE, 0u32, INITIAL_BIAS);
    let mut digits = deltas.as_bytes();
    while !digits.is_empty() {
        let delta = take_delta(&mut digits, bias)?;
        length = length.checked_add(1)?;
        bias = adapt(delta, length, index == 0);
        index = index.checked_add(delta)?;
        code = code.checked_add(index / length)?;
        index %= length;
        char::from_u32(code)?;
        prefixed &= index >= 4;
        index += 1;
    }
    Some(!deltas.is_empty() && !prefixed)
}

/// One generalized variable-length integer (RFC 3492 §3.3).
fn take_delta(digits: &mut &[u8], bias: u32) -> Option<u32> {
    let (mut delta, mut weight, mut k) = (0u32, 1u32, BASE);
    loop {
        let (first, rest) = digits.split_first()?;
        *digits = rest;
        let digit = digit(*first)?;
        delta = delta.checked_add(digit.checked_mul(weight)?)?;
        let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if digit < threshold {
            return Some(delta);
        }
        weight = weight.checked_mul(BASE - threshold)?;
        k += BASE;
    }
}

/// The bias for the next integer (RFC 3492 §3.4).
fn adapt(delta: u32, length: u32, first: bool) -> u32 {
    let mut delta = if first { delta / DAMP } else { delta / 2 };
    delta += delta / length;
    let mut k = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        k += BASE;
    }
    k + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

fn digit(byte: u8) -> Option<u32> {
    match byte {
        b'a'..=b'z' => Some(u32::from(byte - b'a')),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 26),
        _ => None,
    }
}

// The parameters of RFC 3492 §5.
const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const INITIAL_BIAS: u32 = 72;
const INITIAL_CODE: u32 = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_labels_that_decode() {
        // RFC 3492 §7.1, in lower case, and some names of the everyday.
        for label in [
            "egbpdaj6bu4bxfgehfvwxn",
            "ihqwcrb4cv8a8dqg056pqjye",
            "proprostnemluvesky-uyb24dma41a",
            "3b-ww4c5e180e575a65lsy2b",
            "majikoi5-783gue6qz075azm5e",
            "bcher-kva",
            "fa-hia",
            "tda",
            "p1ai",
            "-with-super-monkeys-pc58ag80a8qai00g7n9n",
        ] {
            assert!(is_valid(label), "{}", label);
        }
    }

    #[test]
    fn err_labels_that_do_not() {
        for (label, why) in [
            ("", "nothing"),
            ("abc-", "ASCII alone"),
            ("-", "the delimiter is no digit"),
            ("-tda", "the delimiter is no digit"),
            ("bcher-kv_", "not a digit"),
            ("bcher-KVA", "the caller has lowered it"),
            ("bcher-kv", "an integer that does not end"),
            ("99999999", "overflow"),
            ("dn33g", "above U+10FFFF"),
            ("tda0", "an integer that does not end"),
            ("xn---epa", "xn--\u{e9} behind xn--"),
        ] {
            assert!(!is_valid(label), "{}: {}", label, why);
        }
        assert!(!is_valid(&"9".repeat(100_000)));
    }
}
