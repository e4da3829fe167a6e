//! Values of options: numbers, sizes, times. Digits are digits, and no sign is taken.

use std::time::Duration;

use crate::usage::Problem;

/// An argument that has to be text.
pub fn text(value: &[u8]) -> Result<String, Problem> {
    String::from_utf8(value.to_vec()).map_err(|_| Problem::NotText)
}

/// An argument that must not be empty.
pub fn content(value: &[u8]) -> Result<&[u8], Problem> {
    match value.is_empty() {
        true => Err(Problem::Blank),
        false => Ok(value),
    }
}

/// A number without sign.
pub fn number(value: &[u8]) -> Result<u64, Problem> {
    pannier::http::token::decimal(value).ok_or(Problem::NotANumber)
}

/// A number of something that cannot be negative.
pub fn count(value: &[u8]) -> Result<u64, Problem> {
    match value.starts_with(b"-") {
        true => Err(Problem::NotPositive),
        false => number(value),
    }
}

/// Bytes, as `10`, `10B`, `10k` or `2.5M`; 0 is no limit.
pub fn size(value: &[u8]) -> Result<Option<u64>, Problem> {
    let unit = value.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.');
    let (digits, unit) = value.split_at(unit.unwrap_or(value.len()));
    let shift = match unit {
        b"" | b"b" | b"B" => 0,
        b"k" | b"K" => 10,
        b"m" | b"M" => 20,
        b"g" | b"G" => 30,
        b"t" | b"T" => 40,
        b"p" | b"P" => 50,
        _ if digits.is_empty() => return Err(Problem::NotANumber),
        _ => return Err(Problem::BadlyUsed),
    };
    let mut parts = digits.splitn(2, |&byte| byte == b'.');
    let whole = number(parts.next().unwrap_or_default())?;
    let part = match parts.next() {
        None => 0,
        Some(_) if shift == 0 => return Err(Problem::BadlyUsed),
        Some(digits) => ((u64::from(fraction(digits)?) << 10) / NANOS) << (shift - 10),
    };
    let bytes = whole.checked_mul(1 << shift).and_then(|bytes| bytes.checked_add(part));
    Ok(Some(bytes.ok_or(Problem::TooLarge)?).filter(|&bytes| bytes > 0))
}

/// `N/U` with the unit `s`, `m`, `h` or `d`, perhaps some of them as in `5/15s`: how far apart the
/// beginnings are. Without a unit it is the hour. What is under a millisecond is no pause.
pub fn rate(value: &[u8]) -> Result<Duration, Problem> {
    let mut parts = value.splitn(2, |&byte| byte == b'/');
    let count = number(parts.next().unwrap_or_default())?;
    let (digits, unit) = match parts.next().unwrap_or(b"h") {
        [digits @ .., unit] => (digits, unit),
        [] => return Err(Problem::BadlyUsed),
    };
    let unit: u64 = match unit {
        b's' => 1000,
        b'm' => 60 * 1000,
        b'h' => 60 * 60 * 1000,
        b'd' => 24 * 60 * 60 * 1000,
        _ => return Err(Problem::BadlyUsed),
    };
    let units = if digits.is_empty() { 1 } else { number(digits)? };
    let all = unit.checked_mul(units).ok_or(Problem::TooLarge)?;
    Ok(Duration::from_millis(all.checked_div(count).ok_or(Problem::BadlyUsed)?))
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

/// Seconds with up to nine decimals, which may stand alone as in `.5`; 0 is no limit.
pub fn seconds(value: &[u8]) -> Result<Option<Duration>, Problem> {
    if value.starts_with(b"-") {
        return Err(Problem::NotPositive);
    }
    let (whole, nanos) = match value.iter().position(|&byte| byte == b'.') {
        None => (number(value)?, 0),
        Some(0) if value.len() > 1 => (0, fraction(&value[1..])?),
        Some(point) => (number(&value[..point])?, fraction(&value[point + 1..])?),
    };
    if whole > MOST_SECONDS {
        return Err(Problem::TooLarge);
    }
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

const NANOS: u64 = 1_000_000_000;
/// As milliseconds they have to fit into 63 bits, as with curl.
const MOST_SECONDS: u64 = (i64::MAX / 1000) as u64;

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
        for (text, millis) in [("2", 2000), ("0.25", 250), (".5", 500), ("1.", 1000), ("0.0015", 1)]
        {
            let time = seconds(text.as_bytes()).map(|time| time.map(|time| time.as_millis()));
            assert_eq!(time, Ok(Some(millis)), "{}", text);
        }
        for text in ["", ".", ".x", "1.x", "..5", "+1", "+.5", "1e1"] {
            assert_eq!(seconds(text.as_bytes()), Err(Problem::NotANumber), "{}", text);
        }
        assert_eq!(seconds(b"0"), Ok(None));
        assert_eq!(seconds(b"9223372036854776"), Err(Problem::TooLarge));
        assert_eq!(size(b"2k"), Ok(Some(2048)));
        assert_eq!(size(b"0"), Ok(None));
        assert_eq!(bits(b"50M"), Ok(50_000_000));
        assert_eq!(bits(b"1000"), Ok(1000));
        assert!(bits(b"18446744073709551615k").is_err());
        assert_eq!(size(b"2.5M"), Ok(Some(5 << 19)));
        assert_eq!(size(b"10B"), Ok(Some(10)));
        assert_eq!(size(b"18446744073709551615G"), Err(Problem::TooLarge));
        for text in ["5z", "1.5", "5kk", "2.5B"] {
            assert_eq!(size(text.as_bytes()), Err(Problem::BadlyUsed), "{}", text);
        }
        for text in ["", "x", "k", "+5", ".5k"] {
            assert_eq!(size(text.as_bytes()), Err(Problem::NotANumber), "{}", text);
        }
        assert_eq!(milliseconds(b"40ms"), Ok(Duration::from_millis(40)));
        assert_eq!(milliseconds(b"0.2s"), Ok(Duration::from_millis(200)));
    }

    #[test]
    fn ok_and_err_rates() {
        for (text, millis) in [
            ("10/m", 6000),
            ("2/s", 500),
            ("3600", 1000),
            ("24/d", 3_600_000),
            ("5/15s", 3000),
            ("2000/s", 0),
        ] {
            assert_eq!(rate(text.as_bytes()), Ok(Duration::from_millis(millis)), "{}", text);
        }
        for text in ["0/s", "5/x", "5/", "5/1x"] {
            assert_eq!(rate(text.as_bytes()), Err(Problem::BadlyUsed), "{}", text);
        }
        assert_eq!(rate(b"a"), Err(Problem::NotANumber));
        assert_eq!(count(b"-1"), Err(Problem::NotPositive));
    }
}
