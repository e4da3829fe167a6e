//! Dates as people write them: what curl reads for `-z`, and ISO 8601 besides.
//!
//! Words and numbers in any order, with anything between them: a weekday, which means nothing, a month
//! of three letters, a zone, a time, a day and a year, or eight digits for the whole date. What is
//! left out of the time is zero, and without a zone it is UTC.

use std::time::{Duration, SystemTime};

use pannier::http::{date, token};

/// The moment, or `None` if this is no date.
pub fn parse(text: &str) -> Option<SystemTime> {
    let other = iso(text);
    Parts::read(other.as_deref().unwrap_or(text))?.moment()
}

/// What is known of a date.
#[derive(Debug, Default, PartialEq)]
struct Parts {
    weekday: bool,
    /// 1 to 12.
    month: Option<u64>,
    day: Option<u64>,
    year: Option<u64>,
    /// Hour, minute, second.
    clock: Option<[u64; 3]>,
    /// Minutes east of Greenwich.
    zone: Option<i64>,
}

impl Parts {
    fn read(text: &str) -> Option<Parts> {
        let (mut parts, mut rest, mut before) = (Parts::default(), text, ' ');
        for _ in 0..MOST_PARTS {
            let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) else { break };
            before = rest[..start].chars().next_back().unwrap_or(before);
            rest = &rest[start..];
            let is_word = rest.starts_with(|c: char| c.is_ascii_alphabetic());
            let length = match is_word {
                true => parts.word(rest)?,
                false => parts.number(rest, before)?,
            };
            before = rest[..length].chars().next_back().unwrap_or(before);
            rest = &rest[length..];
        }
        Some(parts)
    }

    /// Takes note of the word at the beginning, and says how long it is.
    fn word(&mut self, text: &str) -> Option<usize> {
        let length = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
        let word = &text[..length];
        if !self.weekday && is_weekday(word) {
            self.weekday = true;
        } else if let (None, Some(month)) = (self.month, month(word)) {
            self.month = Some(month);
        } else if self.zone.is_none() {
            self.zone = Some(zone(word)?);
        } else {
            return None;
        }
        Some(length)
    }

    fn number(&mut self, text: &str, before: char) -> Option<usize> {
        if let (None, Some((clock, length))) = (self.clock, clock(text)) {
            self.clock = Some(clock);
            return Some(length);
        }
        let length = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let number = token::decimal(&text.as_bytes()[..length])?;
        let is_zone = length == 4 && number <= 1400 && matches!(before, '+' | '-');
        if is_zone && self.zone.is_none() {
            let minutes = (number / 100 * 60 + number % 100) as i64;
            self.zone = Some(if before == '-' { -minutes } else { minutes });
        } else if length == 8 && (self.year, self.month, self.day) == (None, None, None) {
            self.year = Some(number / 10_000);
            (self.month, self.day) = (Some(number / 100 % 100), Some(number % 100));
        } else if self.day.is_none() && (1..32).contains(&number) {
            self.day = Some(number);
        } else if self.year.is_none() {
            self.year = Some(match number {
                0..=70 => number + 2000,
                71..=99 => number + 1900,
                _ => number,
            });
        } else {
            return None;
        }
        Some(length)
    }

    fn moment(&self) -> Option<SystemTime> {
        let [hour, minute, second] = self.clock.unwrap_or_default();
        let year = self.year.filter(|&year| year >= FIRST_GREGORIAN)?;
        let month = MONTHS.get(usize::try_from(self.month?.checked_sub(1)?).ok()?)?;
        // Any weekday will do.
        let text = format!(
            "Sun, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
            self.day?, month, year, hour, minute, second
        );
        let moment = date::parse(text, SystemTime::UNIX_EPOCH)?;
        let minutes = self.zone.unwrap_or(0);
        let shift = Duration::from_secs(minutes.unsigned_abs() * 60);
        match minutes < 0 {
            true => moment.checked_add(shift),
            false => moment.checked_sub(shift),
        }
    }
}

/// `2004-09-12`, perhaps with `T15:05:58` and with `Z` or `+02:00` behind that, in the other form.
fn iso(text: &str) -> Option<String> {
    let shape = text.bytes().zip("dddd-dd-dd".bytes());
    let fits = |(byte, place): (u8, u8)| match place {
        b'd' => byte.is_ascii_digit(),
        mark => byte == mark,
    };
    if text.len() < 10 || !shape.into_iter().all(fits) {
        return None;
    }
    let (day, rest) = text.split_at(10);
    let rest = rest.strip_prefix(['T', 't']).unwrap_or(rest);
    let (clock, zone) = rest.split_at(rest.find(['+', '-', 'Z', 'z']).unwrap_or(rest.len()));
    let clock = clock.split('.').next().unwrap_or_default();
    Some(format!("{} {} {}", day.replace('-', ""), clock, zone.replace(':', "")))
}

fn is_weekday(word: &str) -> bool {
    WEEKDAYS
        .iter()
        .any(|name| name.eq_ignore_ascii_case(word) || name[..3].eq_ignore_ascii_case(word))
}

/// 1 to 12.
fn month(word: &str) -> Option<u64> {
    let index = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(word))?;
    Some(index as u64 + 1)
}

/// Minutes east of Greenwich.
fn zone(word: &str) -> Option<i64> {
    if let [letter] = word.as_bytes() {
        return military(letter.to_ascii_uppercase());
    }
    let (_, minutes) = ZONES
        .iter()
        .find(|(names, _)| names.split(' ').any(|name| name.eq_ignore_ascii_case(word)))?;
    Some(*minutes)
}

/// A to M without J are the hours to the east, N to Y those to the west.
fn military(letter: u8) -> Option<i64> {
    let hours = match letter {
        b'A'..=b'I' => i64::from(letter - b'A') + 1,
        b'K'..=b'M' => i64::from(letter - b'K') + 10,
        b'N'..=b'Y' => -i64::from(letter - b'N') - 1,
        b'Z' => 0,
        _ => return None,
    };
    Some(hours * 60)
}

/// `H:MM` or `H:MM:SS`, each of one or two digits, and how long it is.
fn clock(text: &str) -> Option<([u64; 3], usize)> {
    let mut clock = [0; 3];
    let mut at = 0;
    for (index, limit) in [23, 59, 60].into_iter().enumerate() {
        let digits = text[at..].bytes().take(2).take_while(u8::is_ascii_digit).count();
        let number = token::decimal(&text.as_bytes()[at..at + digits])?;
        clock[index] = Some(number).filter(|&number| number <= limit)?;
        at += digits;
        let goes_on =
            text[at..].starts_with(':') && text[at + 1..].starts_with(|c: char| c.is_ascii_digit());
        match goes_on {
            true if index < 2 => at += 1,
            _ => return (index > 0).then_some((clock, at)),
        }
    }
    None
}

/// More are not looked at.
const MOST_PARTS: u32 = 6;
/// The calendar began in 1582, within a year.
const FIRST_GREGORIAN: u64 = 1583;
const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// Names of zones, and minutes east of Greenwich.
const ZONES: [(&str, i64); 20] = [
    ("GMT UT UTC WET", 0),
    ("BST CET MET MEWT FWT WAT", 60),
    ("CEST MEST MESZ FST EET", 120),
    ("WAST", 420),
    ("WADT CCT", 480),
    ("JST", 540),
    ("EAST GST", 600),
    ("EADT", 660),
    ("NZT NZST IDLE", 720),
    ("NZDT", 780),
    ("ADT", -180),
    ("AST EDT", -240),
    ("EST CDT", -300),
    ("CST MDT", -360),
    ("MST PDT", -420),
    ("PST YDT", -480),
    ("YST HDT", -540),
    ("HST AHST CAT", -600),
    ("NT", -660),
    ("IDLW", -720),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// As curl gives it.
    fn seconds(text: &str) -> Option<i64> {
        let moment = parse(text)?;
        Some(match moment.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => after.as_secs() as i64,
            Err(before) => -(before.duration().as_secs() as i64),
        })
    }

    #[test]
    fn ok_what_curl_reads() {
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784111777),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 784111777),
            ("Sun Nov  6 08:49:37 1994", 784111777),
            ("Nov      6 08:49:37 1994", 784111777),
            ("06 Nov 1994 08:49:37 GMT", 784111777),
            ("06-Nov-94 08:49:37 GMT", 784111777),
            ("1994 Nov 6 08:49:37", 784111777),
            ("GMT 08:49:37 06-Nov-94 Sunday", 784111777),
            ("94 6 Nov 08:49:37", 784111777),
            ("1994 Nov 6", 784080000),
            ("06-Nov-94", 784080000),
            ("Sun Nov 6 94", 784080000),
            ("1994.Nov.6", 784080000),
            ("Sun/Nov/6/94/GMT", 784080000),
            ("Sun, 06 Nov 1994 08:49:37 CET", 784108177),
            ("06 Nov 1994 08:49:37 EST", 784129777),
            ("Sun, 12 Sep 2004 15:05:58 -0700", 1095026758),
            ("Sat, 11 Sep 2004 21:32:11 +0200", 1094931131),
            ("20040912 15:05:58 -0700", 1095026758),
            ("20040911 +0200", 1094853600),
            ("Thu, 01-Jan-1970 00:59:58 GMT", 3598),
            ("20110623 24:00:00", -1),
            ("dec 12 11:00:00 1999 GMT", 944996400),
            ("Wed, 31 Dec 1969 23:59:00 Z", -60),
            ("20:49:37 1994 Nov 6 P", 784155000 + 10777),
        ] {
            let expected = Some(expected).filter(|&expected| expected != -1);
            assert_eq!(seconds(text), expected, "{}", text);
        }
    }

    #[test]
    fn ok_iso_8601() {
        for (text, expected) in [
            ("2004-09-12", 1094947200),
            ("2004-09-12T15:05:58Z", 1095001558),
            ("2004-09-12 15:05", 1095001500),
            ("2004-09-12T15:05:58.25+02:00", 1094994358),
            ("2004-09-12T15:05:58-0730", 1095028558),
        ] {
            assert_eq!(seconds(text), Some(expected), "{}", text);
        }
    }

    #[test]
    fn err_what_is_none() {
        for text in [
            "",
            "rubbish",
            "6 Nov",
            "Nov 1994",
            "31 Feb 1994",
            "32 Jan 1994",
            "Sun Sun 06 Nov 1994",
            "06 Nov 1994 08:49:37 XYZ",
            "06 Nov 1500",
            "2004-13-12",
            "2004-09-1\u{e9}",
            "999999999999999999999 Nov 6",
        ] {
            assert_eq!(parse(text), None, "{}", text);
        }
    }
}
