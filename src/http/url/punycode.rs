//! Punycode (RFC 3492): whether an `xn--` label can be one at all, and how a label is written as one.
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
    let (basic, deltas) = match marks::rsplit_once(encoded, b'-') {
        Some((basic, deltas)) if !basic.is_empty() => (basic, deltas),
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

/// A label of any characters as it stands in a host (RFC 3492 §6.3): in lower case, and behind `xn--`
/// if it is not ASCII. What UTS #46 would map beyond that stays as it is. `None` if it is too long for
/// the arithmetic, as no label is.
#[cfg(feature = "cookies")]
pub(crate) fn to_ascii(label: &str) -> Option<String> {
    let label = label.to_lowercase();
    if label.is_ascii() {
        return Some(label);
    }
    let mut encoded = String::from("xn--");
    encoded.extend(label.chars().filter(char::is_ascii));
    let basic = u32::try_from(encoded.len() - "xn--".len()).ok()?;
    if basic > 0 {
        encoded.push('-');
    }
    let (mut code, mut delta, mut bias, mut done) = (INITIAL_CODE, 0u32, INITIAL_BIAS, basic);
    while let Some(next) = label.chars().map(u32::from).filter(|&char| char >= code).min() {
        delta = (next - code).checked_mul(done + 1)?.checked_add(delta)?;
        for char in label.chars().map(u32::from) {
            if char < next {
                delta = delta.checked_add(1)?;
            } else if char == next {
                push_delta(&mut encoded, delta, bias);
                bias = adapt(delta, done + 1, done == basic);
                (delta, done) = (0, done + 1);
            }
        }
        (code, delta) = (next + 1, delta.checked_add(1)?);
    }
    Some(encoded)
}

/// One generalized variable-length integer, written.
#[cfg(feature = "cookies")]
fn push_delta(encoded: &mut String, mut delta: u32, bias: u32) {
    // RFC 3492 §5: `a` to `z` are 0 to 25, `0` to `9` are 26 to 35.
    let digit = |value: u32| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[value as usize]);
    let mut k = BASE;
    loop {
        let threshold = k.saturating_sub(bias).clamp(T_MIN, T_MAX);
        if delta < threshold {
            return encoded.push(digit(delta));
        }
        let rest = delta - threshold;
        encoded.push(digit(threshold + rest % (BASE - threshold)));
        delta = rest / (BASE - threshold);
        k += BASE;
    }
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

    #[cfg(feature = "cookies")]
    #[test]
    fn ok_labels_are_written() {
        for (label, expected) in [
            ("com", "com"),
            ("COM", "com"),
            ("b\u{fc}cher", "xn--bcher-kva"),
            ("B\u{dc}CHER", "xn--bcher-kva"),
            ("\u{e9}", "xn--9ca"),
            ("\u{440}\u{444}", "xn--p1ai"),
            ("\u{516c}\u{53f8}", "xn--55qx5d"),
            (
                "\u{4ed6}\u{4eec}\u{4e3a}\u{4ec0}\u{4e48}\u{4e0d}\u{8bf4}\u{4e2d}\u{6587}",
                "xn--ihqwcrb4cv8a8dqg056pqjye",
            ),
            (
                "\u{5b89}\u{5ba4}\u{5948}\u{7f8e}\u{6075}-with-super-monkeys",
                "xn---with-super-monkeys-pc58ag80a8qai00g7n9n",
            ),
        ] {
            assert_eq!(to_ascii(label).as_deref(), Some(expected));
            let encoded = expected.strip_prefix("xn--");
            assert!(encoded.map_or(true, is_valid), "{}", expected);
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
