//! Values of options: numbers, sizes, times. Digits are digits, and no sign is taken.

use std::time::Duration;

use crate::usage::Problem;

/// An argument that has to be text.
pub fn text(value: &[u8]) -> Result<String, Problem> {
    String::from_utf8(value.to_vec()).map_err(|_| Problem::NotText)
}

/// A number without sign.
pub fn number(value: &[u8]) -> Result<u64, Problem> {
    pannier::http::token::decimal(value).ok_or(Problem::NotANumber)
}

/// Bytes; 0 is no limit.
pub fn size(value: &[u8]) -> Result<Option<u64>, Problem> {
    let (digits, unit) = match value {
        [digits @ .., b'k' | b'K'] => (digits, 1 << 10),
        [digits @ .., b'm' | b'M'] => (digits, 1 << 20),
        [digits @ .., b'g' | b'G'] => (digits, 1 << 30),
        digits => (digits, 1),
    };
    let bytes = number(digits)?.checked_mul(unit).ok_or(Problem::NotANumber)?;
    Ok(Some(bytes).filter(|&bytes| bytes > 0))
}

/// Bits per second, as lines are sold: `10M` is ten million.
pub fn bits(value: &[u8]) -> Result<u64, Problem> {
    let (digits, unit) = match value {
        [digits @ .., b'k' | b'K'] => (digits, 1_000),
        [digits @ .., b'm' | b'M'] => (digits, 1_000_000),
        [digits @ .., b'g' | b'G'] => (digits, 1_000_000_000),
        digits => (digits, 1),
    };
    number(digits)?.checked_mul(unit).ok_or(Problem::NotANumber)
}

/// Redirects to follow; -1 is any number.
pub fn redirects(value: &[u8]) -> Result<Option<u32>, Problem> {
    match value {
        b"-1" => Ok(None),
        value => u32::try_from(number(value)?).map(Some).map_err(|_| Problem::NotANumber),
    }
}

/// Seconds with up to nine decimals; 0 is no limit.
pub fn seconds(value: &[u8]) -> Result<Option<Duration>, Problem> {
    if value.starts_with(b"-") {
        return Err(Problem::NotPositive);
    }
    let mut parts = value.splitn(2, |&byte| byte == b'.');
    let whole = number(parts.next().unwrap_or_default())?;
    let nanos = match parts.next() {
        Some(digits) => fraction(digits)?,
        None => 0,
    };
    Ok(Some(Duration::new(whole, nanos)).filter(|time| !time.is_zero()))
}

/// A time such as `40ms`, `40` or `0.2s`.
pub fn milliseconds(value: &[u8]) -> Result<Duration, Problem> {
    let time = match value.strip_suffix(b"ms") {
        Some(digits) => Some(Duration::from_millis(number(digits)?)),
        None => match value.strip_suffix(b"s") {
            Some(digits) => seconds(digits)?,
            None => Some(Duration::from_millis(number(value)?)),
        },
    };
    Ok(time.unwrap_or_default())
}

fn fraction(digits: &[u8]) -> Result<u32, Problem> {
    if digits.is_empty() {
        return Ok(0);
    }
    let digits = &digits[..digits.len().min(9)];
    let value = number(digits)? * 10u64.pow(9 - digits.len() as u32);
    u32::try_from(value).map_err(|_| Problem::NotANumber)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_times_and_sizes() {
        for (text, millis) in [("2", 2000), ("0.25", 250), (".5", 0), ("1.", 1000), ("0.0015", 1)] {
            let time = seconds(text.as_bytes()).ok().flatten().map(|time| time.as_millis());
            // Digits must precede the point.
            let expected = if text == ".5" { None } else { Some(millis) };
            assert_eq!(time, expected, "{}", text);
        }
        assert_eq!(seconds(b"0"), Ok(None));
        assert_eq!(size(b"2k"), Ok(Some(2048)));
        assert_eq!(size(b"0"), Ok(None));
        assert!(size(b"18446744073709551615G").is_err());
        assert_eq!(bits(b"50M"), Ok(50_000_000));
        assert_eq!(bits(b"1000"), Ok(1000));
        assert!(bits(b"18446744073709551615k").is_err());
        assert_eq!(milliseconds(b"40ms"), Ok(Duration::from_millis(40)));
        assert_eq!(milliseconds(b"0.2s"), Ok(Duration::from_millis(200)));
    }
}
