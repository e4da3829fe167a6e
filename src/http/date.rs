//! HTTP dates (RFC 9110 §5.6.7): the three formats that a recipient must read, and the one that a
//! sender must write.
//!
//! Reading is strict: names in their exact spelling, digits in their exact number, days that exist.
//! One thing is forgiven: a weekday that is spelled right but is not the weekday of that date. It
//! carries no information of its own, hand-written dates often have it wrong, and no recipient
//! gains by ignoring an expiry for it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::token::decimal;

/// Reads a date in any of the three formats, or gives `None` where it is none of them, or where
/// the system's clock cannot express it.
///
/// `now` decides on the century of a year of two digits, in the one format that has them.
///
/// ```
/// use pannier::http::date;
/// use std::time::{Duration, SystemTime, UNIX_EPOCH};
/// let expected = Some(UNIX_EPOCH + Duration::from_secs(784_111_777));
/// let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
/// assert_eq!(date::parse("Sun, 06 Nov 1994 08:49:37 GMT", now), expected);
/// assert_eq!(date::parse("Sunday, 06-Nov-94 08:49:37 GMT", now), expected);
/// assert_eq!(date::parse("Sun Nov  6 08:49:37 1994", now), expected);
/// assert_eq!(date::parse("06 Nov 1994", now), None);
/// ```
pub fn parse(text: impl AsRef<[u8]>, now: SystemTime) -> Option<SystemTime> {
    let text = text.as_ref();
    let weekday_end = text.iter().position(|byte| !byte.is_ascii_alphabetic())?;
    let (weekday, rest) = text.split_at(weekday_end);
    let date = match WEEKDAYS.iter().any(|name| name.as_bytes() == weekday) {
        true => in_century(read(rest, RFC850)?, Date::from_seconds(seconds_since_year_zero(now))),
        false if is_short_weekday(weekday) => SHORT.iter().find_map(|format| read(rest, format))?,
        false => return None,
    };
    date.exists()?.to_time()
}

/// The time as an IMF-fixdate, to the second below.
///
/// The format has four digits for the year: a time outside the years 0 to 9999 is written as the
/// first or the last second of them.
///
/// ```
/// use pannier::http::date;
/// use std::time::{Duration, UNIX_EPOCH};
/// let time = UNIX_EPOCH + Duration::from_secs(784_111_777);
/// assert_eq!(date::format(time), "Sun, 06 Nov 1994 08:49:37 GMT");
/// ```
pub fn format(time: SystemTime) -> String {
    let seconds = seconds_since_year_zero(time);
    let date = Date::from_seconds(seconds);
    let weekday = WEEKDAYS[(seconds / DAY + FIRST_WEEKDAY) as usize % 7];
    let month = &MONTHS[3 * (date.month as usize - 1)..][..3];
    let (hour, minute) = (date.second_of_day / 3600, date.second_of_day / 60 % 60);
    format!(
        "{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT",
        &weekday[..3],
        date.day,
        month,
        date.year,
        hour,
        minute,
        date.second_of_day % 60
    )
}

/// The time of a date that was read elsewhere: the month is 1 to 12, the second that of the day.
/// `None` if there is no such day, or the system's clock cannot express it.
#[cfg(feature = "cookies")]
pub(crate) fn time_of(year: u64, month: u64, day: u64, second_of_day: u64) -> Option<SystemTime> {
    Date { year, month, day, second_of_day }.exists()?.to_time()
}

/// A date of the Gregorian calendar, carried back to the year 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Date {
    year: u64,
    /// 1 to 12
    month: u64,
    /// 1 to 31
    day: u64,
    /// Up to 86,400: the last second of a day may be a leap second.
    second_of_day: u64,
}

impl Date {
    fn from_seconds(seconds: u64) -> Date {
        let mut day = seconds / DAY;
        // 146,097 days are 400 years. Leap days are not spread evenly over them, so the quotient may
        // be a year too much or too little.
        let mut year = (day * 400 / 146_097).saturating_sub(1);
        while days_before_year(year + 1) <= day {
            year += 1;
        }
        day -= days_before_year(year);
        let mut month = 1;
        while day >= days_in_month(year, month) {
            day -= days_in_month(year, month);
            month += 1;
        }
        let (day, second_of_day) = (day + 1, seconds % DAY);
        Date { year, month, day, second_of_day }
    }

    fn to_time(self) -> Option<SystemTime> {
        let days_of_months: u64 = (1..self.month).map(|m| days_in_month(self.year, m)).sum();
        let days = days_before_year(self.year) + days_of_months + self.day - 1;
        let seconds = days * DAY + self.second_of_day;
        match seconds.checked_sub(EPOCH) {
            Some(after) => UNIX_EPOCH.checked_add(Duration::from_secs(after)),
            None => UNIX_EPOCH.checked_sub(Duration::from_secs(EPOCH - seconds)),
        }
    }

    fn exists(self) -> Option<Date> {
        let days = 1..=days_in_month(self.year, self.month);
        days.contains(&self.day).then_some(self)
    }
}

/// The date in a text that has this format.
fn read(text: &[u8], format: &[u8]) -> Option<Date> {
    let fits = |(byte, place): (&u8, &u8)| place.is_ascii_lowercase() || byte == place;
    if text.len() != format.len() || !text.iter().zip(format).all(fits) {
        return None;
    }
    let field = |letter: u8| {
        let first = format.iter().position(|&place| place == letter)?;
        let last = format.iter().rposition(|&place| place == letter)?;
        text.get(first..=last)
    };
    let number = |letter: u8| decimal(field(letter)?);
    let (hour, minute, second) = (number(b'h')?, number(b'm')?, number(b's')?);
    let date = Date {
        year: number(b'y')?,
        month: month_number(field(b'n')?)?,
        day: number(b'd')?,
        // The grammar has a 60 for leap seconds: `23:59:60` is the midnight that follows.
        second_of_day: hour * 3600 + minute * 60 + second,
    };
    (hour < 24 && minute < 60 && second <= 60).then_some(date)
}

// RFC 9110 §5.6.7: "Recipients of a timestamp value in rfc850-date format, which uses a two-digit
// year, MUST interpret a timestamp that appears to be more than 50 years in the future as
// representing the most recent year in the past that had the same last two digits."
fn in_century(date: Date, now: Date) -> Date {
    let latest = now.year + 50;
    let mut year = latest - (latest + 100 - date.year) % 100;
    let limit = Date { year: latest, ..now };
    if (Date { year, ..date }) > limit {
        year = year.saturating_sub(100);
    }
    Date { year, ..date }
}

fn is_short_weekday(text: &[u8]) -> bool {
    WEEKDAYS.iter().any(|name| &name.as_bytes()[..3] == text)
}

fn month_number(name: &[u8]) -> Option<u64> {
    let index = MONTHS.as_bytes().chunks(3).position(|month| month == name)?;
    Some(index as u64 + 1)
}

/// The days of all years before this one, from the year 0 on.
const fn days_before_year(year: u64) -> u64 {
    // Each term counts the multiples below `year`; the year 0 is one of them.
    year * 365 + (year + 3) / 4 - (year + 99) / 100 + (year + 399) / 400
}

fn days_in_month(year: u64, month: u64) -> u64 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The seconds from the beginning of the year 0, kept between it and the end of the year 9999.
fn seconds_since_year_zero(time: SystemTime) -> u64 {
    let seconds = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => EPOCH.saturating_add(after.as_secs()),
        Err(error) => {
            let before = error.duration();
            let started = u64::from(before.subsec_nanos() > 0);
            EPOCH.saturating_sub(before.as_secs().saturating_add(started))
        }
    };
    seconds.min(days_before_year(10_000) * DAY - 1)
}

const DAY: u64 = 86_400;

/// 1970-01-01 in seconds from the beginning of the year 0.
const EPOCH: u64 = days_before_year(1970) * DAY;

/// The first day of the year 0 was a Saturday.
const FIRST_WEEKDAY: u64 = 5;

const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";

// The formats from the weekday on. The small letters stand for fields: the name of the month for
// `n`, the digits of day, year, hour, minute and second for the others.

/// `, 06 Nov 1994 08:49:37 GMT`, ` Nov 16 08:49:37 1994` and ` Nov  6 08:49:37 1994`, as they follow
/// a weekday's first three letters: IMF-fixdate, and the two faces of C's asctime.
const SHORT: [&[u8]; 3] =
    [b", dd nnn yyyy hh:mm:ss GMT", b" nnn dd hh:mm:ss yyyy", b" nnn  d hh:mm:ss yyyy"];

/// `, 06-Nov-94 08:49:37 GMT`, as it follows a weekday's whole name.
const RFC850: &[u8] = b", dd-nnn-yy hh:mm:ss GMT";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The time of so many seconds after (or before) 1970.
    fn at(seconds: i64) -> SystemTime {
        let duration = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 {
            UNIX_EPOCH - duration
        } else {
            UNIX_EPOCH + duration
        }
    }

    fn read(text: &str) -> Option<SystemTime> {
        parse(text, at(1_700_000_000))
    }

    // The seconds are those of GNU date.
    const DATES: [(i64, &str); 12] = [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
        (1_709_164_800, "Thu, 29 Feb 2024 00:00:00 GMT"),
        (2_147_483_648, "Tue, 19 Jan 2038 03:14:08 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (-2_203_891_200, "Thu, 01 Mar 1900 00:00:00 GMT"),
        (-11_644_473_600, "Mon, 01 Jan 1601 00:00:00 GMT"),
        (-62_167_219_200, "Sat, 01 Jan 0000 00:00:00 GMT"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ];

    #[test]
    fn ok_dates_are_read_and_written() {
        for (seconds, text) in DATES {
            assert_eq!(format(at(seconds)), text);
            assert_eq!(read(text), Some(at(seconds)), "{}", text);
        }
    }

    #[test]
    fn ok_every_year_begins_and_ends_where_it_should() {
        for year in 0..10_000 {
            let first = days_before_year(year) * DAY;
            let last = days_before_year(year + 1) * DAY - 1;
            for (seconds, month, day, second_of_day) in [(first, 1, 1, 0), (last, 12, 31, DAY - 1)]
            {
                let expected = Date { year, month, day, second_of_day };
                assert_eq!(Date::from_seconds(seconds), expected);
            }
        }
    }

    #[test]
    fn ok_a_time_is_written_to_the_second_below() {
        let half = Duration::from_millis(500);
        assert_eq!(format(at(1) + half), "Thu, 01 Jan 1970 00:00:01 GMT");
        assert_eq!(format(at(-1) - half), "Wed, 31 Dec 1969 23:59:58 GMT");
    }

    // Windows has no times so far away.
    #[test]
    #[cfg(unix)]
    fn ok_times_outside_four_digits_are_written_as_the_nearest() {
        assert_eq!(format(at(253_402_300_800)), DATES[11].1);
        assert_eq!(format(at(1 << 60)), DATES[11].1);
        assert_eq!(format(at(-62_167_219_201)), DATES[10].1);
        assert_eq!(format(at(-(1 << 60))), DATES[10].1);
    }

    #[test]
    fn ok_what_is_forgiven() {
        for (text, seconds) in [
            ("Mon, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Monday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Mon Nov  6 08:49:37 1994", 784_111_777),
            ("Wed Nov 16 08:49:37 1994", 784_975_777),
            ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_800),
        ] {
            assert_eq!(read(text), Some(at(seconds)), "{}", text);
        }
    }

    #[test]
    fn err_what_is_no_date() {
        for text in [
            "",
            "0",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 +0000",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            " Sun, 06 Nov 1994 08:49:37 GMT",
            "Sun,  06 Nov 1994 08:49:37 GMT",
            "Sun 06 Nov 1994 08:49:37 GMT",
            "sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 NOV 1994 08:49:37 GMT",
            "Sunday, 06 Nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "Sun, 006 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 06 Nov 1994 8:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 31 Nov 1994 08:49:37 GMT",
            "Sun, 29 Feb 2023 08:49:37 GMT",
            "Sun, 29 Feb 2100 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GM\u{422}",
            "Sun, 06-Nov-94 08:49:37 GMT",
            "Sunday, 06-Nov-1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37",
            "Sunday, 29-Feb-23 08:49:37 GMT",
            "Sun Nov 6 08:49:37 1994",
            "Sun Nov 06 08:49:37 94",
            "Sun Nov  6 08:49:37 1994 GMT",
            "Sun Nov   08:49:37 1994",
            "Sun Nov 31 08:49:37 1994",
            "Sun Nov  0 08:49:37 1994",
        ] {
            assert_eq!(read(text), None, "{:?}", text);
        }
    }

    #[test]
    fn ok_two_digits_mean_the_year_at_most_50_years_ahead() {
        for (now, text, full) in [
            ("Sun, 01 Mar 2026 12:00:00 GMT", "01-Mar-76 12:00:00", "01 Mar 2076 12:00:00"),
            ("Sun, 01 Mar 2026 12:00:00 GMT", "01-Mar-76 12:00:01", "01 Mar 1976 12:00:01"),
            ("Sun, 01 Mar 2026 12:00:00 GMT", "31-Dec-75 00:00:00", "31 Dec 2075 00:00:00"),
            ("Sun, 01 Mar 2026 12:00:00 GMT", "01-Jan-77 00:00:00", "01 Jan 1977 00:00:00"),
            ("Sun, 01 Mar 2026 12:00:00 GMT", "01-Jan-26 00:00:00", "01 Jan 2026 00:00:00"),
            ("Sun, 01 Mar 2026 12:00:00 GMT", "01-Jan-99 00:00:00", "01 Jan 1999 00:00:00"),
            ("Sun, 01 Mar 2026 12:00:00 GMT", "01-Jan-00 00:00:00", "01 Jan 2000 00:00:00"),
            ("Fri, 31 Dec 1999 23:59:59 GMT", "01-Jan-01 00:00:00", "01 Jan 2001 00:00:00"),
            ("Fri, 31 Dec 1999 23:59:59 GMT", "01-Jan-50 00:00:00", "01 Jan 1950 00:00:00"),
        ] {
            let now = read(now).unwrap();
            let short = parse(format!("Monday, {} GMT", text), now);
            assert!(short.is_some());
            assert_eq!(short, parse(format!("Mon, {} GMT", full), now), "{}", text);
        }
    }

    #[test]
    fn err_a_leap_day_counts_in_the_year_that_was_chosen() {
        let text = "Monday, 29-Feb-00 00:00:00 GMT";
        let in_2040 = read("Wed, 01 Feb 2040 00:00:00 GMT").unwrap();
        let in_2090 = read("Wed, 01 Feb 2090 00:00:00 GMT").unwrap();
        assert!(parse(text, in_2040).is_some());
        assert_eq!(parse(text, in_2090), None);
    }

    proptest! {
        #[test]
        fn ok_every_second_comes_back(seconds in -62_167_219_200i64..253_402_300_800) {
            prop_assert_eq!(read(&format(at(seconds))), Some(at(seconds)));
        }

        #[test]
        fn ok_days_follow_each_other(day in -719_528i64..2_932_896) {
            let (today, tomorrow) = (format(at(day * 86_400)), format(at((day + 1) * 86_400)));
            let weekday = |text: &str| WEEKDAYS.iter().position(|name| name[..3] == text[..3]);
            prop_assert_eq!((weekday(&today).unwrap() + 1) % 7, weekday(&tomorrow).unwrap());
            let day_of = |text: &str| text[5..7].parse::<u32>().unwrap();
            prop_assert!(day_of(&tomorrow) == day_of(&today) + 1 || day_of(&tomorrow) == 1);
        }

        #[test]
        fn ok_what_is_read_is_written_and_read_again(
            text in "(Mon|Sunday)?,? ?[ 0-9]{1,3}[- ](Jan|Feb|Dec|[A-Za-z]{3})[ -][0-9]{0,4} ([0-9]{2}:){2}[0-9]{2}.{0,5}"
        ) {
            if let Some(time) = read(&text) {
                prop_assert_eq!(read(&format(time)), Some(time));
            }
        }
    }
}
