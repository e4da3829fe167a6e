//! The dates of `Expires` (RFC 6265bis §5.1.1): whatever has a day, a month, a year and a time in it,
//! in any order and with anything else in between. Zones are not read: all is UTC.
//!
//! What HTTP means by a date is stricter, and is read by [`date`](crate::http::date).

use crate::http::date::time_of;
use crate::http::token::decimal;

use super::cookie::{seconds, Seconds};

/// Reads a cookie-date. What was before 1970 is the beginning of it.
pub(super) fn parse(text: &[u8]) -> Option<Seconds> {
    let mut found = Found::default();
    for token in text.split(|&byte| is_delimiter(byte)) {
        found.take(token);
    }
    let (hour, minute, second) = found.time?;
    let year = match found.year? {
        year @ 0..=69 => year + 2000,
        year @ 70..=99 => year + 1900,
        year => year,
    };
    if year < 1601 || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let second_of_day = hour * 3600 + minute * 60 + second;
    time_of(year, found.month?, found.day?, second_of_day).map(seconds)
}

/// What the tokens so far have said. Each part is taken once.
#[derive(Default)]
struct Found {
    time: Option<(u64, u64, u64)>,
    day: Option<u64>,
    month: Option<u64>,
    year: Option<u64>,
}

impl Found {
    /// Step 2: a token is the first that it can be of what is still missing.
    fn take(&mut self, token: &[u8]) {
        if self.time.is_none() {
            self.time = time(token);
            if self.time.is_some() {
                return;
            }
        }
        if self.day.is_none() {
            self.day = number(token, 1..=2);
            if self.day.is_some() {
                return;
            }
        }
        if self.month.is_none() {
            self.month = month(token);
            if self.month.is_some() {
                return;
            }
        }
        if self.year.is_none() {
            self.year = number(token, 2..=4);
        }
    }
}

/// `hms-time`, perhaps with something behind it that does not begin with a digit.
fn time(token: &[u8]) -> Option<(u64, u64, u64)> {
    let mut fields = token.splitn(3, |&byte| byte == b':');
    let mut field = |is_last: bool| {
        let field = fields.next()?;
        let value = number(field, 1..=2)?;
        (is_last || field.iter().all(u8::is_ascii_digit)).then_some(value)
    };
    Some((field(false)?, field(false)?, field(true)?))
}

/// So many digits, perhaps with something behind them that does not begin with one.
fn number(token: &[u8], digits: std::ops::RangeInclusive<usize>) -> Option<u64> {
    let end = token.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(token.len());
    match digits.contains(&end) {
        true => decimal(&token[..end]),
        false => None,
    }
}

fn month(token: &[u8]) -> Option<u64> {
    let name = token.get(..3)?.to_ascii_lowercase();
    let index = MONTHS.iter().position(|month| month[..] == name[..])?;
    Some(index as u64 + 1)
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

const MONTHS: [&[u8; 3]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::date;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn ok_dates_in_many_clothes() {
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("6 nov 1994 8:49:7", "Sun, 06 Nov 1994 08:49:07 GMT"),
            ("8:49:37 1994 NOVEMBER 6", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("1994 06 Nov 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("Nowhen, 06/Nov\\1994 \"08:49:37\" PST-0800 (x)", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("06th Nov 1994 08:49:37.123", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("06 Nov 1994AD 08:49:37x", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("06 Nov 94 08:49:37 11:22:33", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("06 Nov 94 :8:49:37 8:49 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("Fri, 13-Feb-2525 11:56:27 GMT", "Tue, 13 Feb 2525 11:56:27 GMT"),
            ("Fri Feb 13 11:56:27 ........GMT 2132", "Wed, 13 Feb 2132 11:56:27 GMT"),
            ("01 Jan 70 00:00:00", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("01 Jan 69 00:00:00", "Tue, 01 Jan 2069 00:00:00 GMT"),
            ("01 Jan 00 00:00:00", "Sat, 01 Jan 2000 00:00:00 GMT"),
            ("31 Dec 9999 23:59:59", "Fri, 31 Dec 9999 23:59:59 GMT"),
            ("29 Feb 2024 00:00:00", "Thu, 29 Feb 2024 00:00:00 GMT"),
            ("31 Dec 1969 23:59:59", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("01 Jan 1601 00:00:00", "Thu, 01 Jan 1970 00:00:00 GMT"),
            // The first numbers are taken for what they can be: a day and then a year.
            ("08:49:37 06 94 Nov 1995", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ] {
            let time = parse(text.as_bytes()).map(|time| UNIX_EPOCH + Duration::from_secs(time));
            assert_eq!(time.map(date::format).as_deref(), Some(expected), "{}", text);
        }
    }

    #[test]
    fn err_what_is_no_date() {
        for text in [
            "",
            "0",
            "never",
            "06 Nov 1994",
            "06 Nov 08:49:37",
            "06 1994 08:49:37",
            "Nov 1994 08:49:37",
            "06 Nov 1994 08:49",
            "06 Nov 1994 08:49:",
            "06 Nov 1994 08: 49:37",
            "06 Nov 1994 008:49:37",
            "06 Nov 1994 08:49:037",
            "06 Nov 1994 08x:49:37",
            "06 Nov 1994 24:00:00",
            "06 Nov 1994 23:60:00",
            "06 Nov 1994 23:59:60",
            "06 Nov 1994 91:22:33 08:49:37",
            "00 Nov 1994 08:49:37",
            "31 Nov 1994 08:49:37",
            "32 Nov 1994 08:49:37",
            "29 Feb 2023 00:00:00",
            "29 Feb 2100 00:00:00",
            "06 Nov 1600 08:49:37",
            "06 Nov 100 08:49:37",
            "06 Nov 19941 08:49:37",
            "006 Nov 1994 08:49:37",
            "06 No 1994 08:49:37",
            "Mon, 99 Foo 999999 99:99:99 GMT",
            "06 Nov \u{661}\u{669}\u{669}\u{664} 08:49:37",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{}", text);
        }
    }
}
