//! `--retry`: which failures pass, and how long to wait until the next try.
//!
//! curl's rules: a timeout, a name without an address and the statuses 408, 429, 500, 502, 503, 504,
//! 522 and 524 pass; the wait is that of `--retry-delay`, else a second at first and twice as long
//! each time, up to ten minutes; `Retry-After` (RFC 9110 §10.2.3) takes the place of either. What this
//! side is to blame for is not tried again, whatever is asked for.

use std::time::{Duration, Instant, SystemTime};

use pannier::http::{date, token};

use crate::exit::{self, Failure};
use crate::head::Fields;
use crate::operation::Retry;

/// The retries of one transfer.
#[derive(Debug)]
pub struct Retries {
    policy: Retry,
    began: Instant,
    left: u64,
    pause: Option<Duration>,
}

/// A transfer is to be tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Again {
    pub wait: Duration,
    /// What to say about it.
    pub warning: String,
}

/// Whether a transfer is to be tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    No,
    /// It would, but the server asks for a wait that is too long.
    TooLate,
    Yes(Again),
}

impl Retries {
    /// The retries of a transfer that begins now.
    pub fn new(policy: Retry, now: Instant) -> Retries {
        Retries { policy, began: now, left: policy.times, pause: None }
    }

    /// How many there were.
    pub fn done(&self) -> u64 {
        self.policy.times - self.left
    }

    /// One more begins.
    pub fn begin(&mut self) {
        self.left = self.left.saturating_sub(1);
    }

    /// A response with this status and head has come.
    pub fn after_response(&mut self, status: u16, head: &[u8], now: Instant) -> Verdict {
        match status {
            408 | 429 | 500 | 502 | 503 | 504 | 522 | 524 => {
                self.again(": HTTP error", retry_after(head, SystemTime::now()), now)
            }
            _ => Verdict::No,
        }
    }

    /// The transfer has failed.
    pub fn after_failure(&mut self, failure: &Failure, now: Instant) -> Verdict {
        let reason = match failure.code {
            exit::TIMED_OUT | exit::UNRESOLVED | exit::UNRESOLVED_PROXY => ": timeout",
            _ if self.policy.refused && failure.refused => ": connection refused",
            _ if self.policy.all_errors && !failure.is_local() => "(retrying all errors)",
            _ => return Verdict::No,
        };
        self.again(reason, None, now)
    }

    fn again(&mut self, reason: &str, asked: Option<Duration>, now: Instant) -> Verdict {
        let elapsed = now.saturating_duration_since(self.began);
        let in_time = |elapsed| self.policy.max_time.map_or(true, |most| elapsed < most);
        if self.left == 0 || !in_time(elapsed) {
            return Verdict::No;
        }
        let wait = match asked.filter(|asked| !asked.is_zero()) {
            Some(asked) if !in_time(elapsed.saturating_add(asked)) => return Verdict::TooLate,
            Some(asked) => asked,
            None => self.next_pause(),
        };
        let warning = format!(
            "Problem {}. Will retry in {} second{}. {} retr{} left.",
            reason,
            seconds(wait),
            if wait == FIRST_PAUSE { "" } else { "s" },
            self.left,
            if self.left == 1 { "y" } else { "ies" }
        );
        Verdict::Yes(Again { wait, warning })
    }

    fn next_pause(&mut self) -> Duration {
        let pause = match (self.policy.delay, self.pause) {
            (Some(delay), _) => delay,
            (None, None) => FIRST_PAUSE,
            (None, Some(last)) => (last * 2).min(LONGEST_PAUSE),
        };
        self.pause = Some(pause);
        pause
    }
}

/// The wait that a head asks for, in seconds or until a date.
fn retry_after(head: &[u8], now: SystemTime) -> Option<Duration> {
    let fields = Fields::of(head);
    let value = fields.get("retry-after")?;
    let wait = match token::decimal(value) {
        Some(seconds) => Duration::from_secs(seconds),
        None => date::parse(value, now)?.duration_since(now).unwrap_or_default(),
    };
    Some(wait.min(LONGEST_ASKED))
}

/// Whole seconds, and milliseconds if there are any.
fn seconds(time: Duration) -> String {
    match time.subsec_millis() {
        0 => time.as_secs().to_string(),
        millis => format!("{}.{:03}", time.as_secs(), millis),
    }
}

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// curl does not wait longer than six hours, whatever it is asked for.
const LONGEST_ASKED: Duration = Duration::from_secs(6 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(verdict: Verdict) -> Option<u64> {
        match verdict {
            Verdict::Yes(again) => Some(again.wait.as_secs()),
            Verdict::No | Verdict::TooLate => None,
        }
    }

    #[test]
    fn ok_waits_double_up_to_ten_minutes() {
        let now = Instant::now();
        let mut retries = Retries::new(Retry { times: 12, ..Retry::default() }, now);
        let mut next = || {
            let wait = wait(retries.after_response(503, b"", now));
            retries.begin();
            wait
        };
        let waits: Vec<_> = (0..13).map(|_| next()).collect();
        let expected = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600].map(Some);
        assert_eq!(waits, [&expected[..], &[None]].concat());
        assert_eq!(retries.done(), 12);
    }

    #[test]
    fn ok_the_server_says_when() {
        let now = Instant::now();
        let policy = Retry { times: 9, delay: Some(Duration::from_secs(7)), ..Retry::default() };
        let mut retries = Retries::new(policy, now);
        for (field, expected) in [
            ("", 7),
            ("Retry-After: 30\r\n", 30),
            ("retry-after: 0\r\n", 7),
            ("Retry-After: 99999999\r\n", 21600),
            ("Retry-After: soon\r\n", 7),
            ("Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n", 7),
        ] {
            let head = format!("HTTP/1.1 503 x\r\n{}\r\n", field);
            let verdict = retries.after_response(503, head.as_bytes(), now);
            assert_eq!(wait(verdict), Some(expected), "{}", field);
        }
        let then = date::parse("Wed, 21 Oct 2015 07:28:00 GMT", SystemTime::now()).expect("a date");
        let head = b"HTTP/1.1 503 x\r\nRetry-After: Wed, 21 Oct 2015 07:28:10 GMT\r\n\r\n";
        assert_eq!(retry_after(head, then), Some(Duration::from_secs(10)));
    }

    #[test]
    fn ok_only_what_passes_is_tried_again() {
        let now = Instant::now();
        let policy =
            |all_errors, refused| Retry { times: 1, all_errors, refused, ..Retry::default() };
        let refused = Failure { refused: true, ..Failure::new(7, "x") };
        for (failure, all_errors, connrefused, again) in [
            (Failure::new(28, "x"), false, false, true),
            (Failure::new(6, "x"), false, false, true),
            (Failure::new(18, "x"), false, false, false),
            (Failure::new(18, "x"), true, false, true),
            (refused.clone(), false, false, false),
            (refused, false, true, true),
            (Failure::new(7, "x"), false, true, false),
            (Failure::new(26, "x"), true, true, false),
        ] {
            let mut retries = Retries::new(policy(all_errors, connrefused), now);
            let verdict = retries.after_failure(&failure, now);
            assert_eq!(wait(verdict).is_some(), again, "{:?} {}", failure, all_errors);
        }
        let mut retries = Retries::new(policy(true, true), now);
        assert_eq!(retries.after_response(404, b"", now), Verdict::No);
    }

    #[test]
    fn err_the_time_for_retries_is_over() {
        let now = Instant::now();
        let most = Some(Duration::from_secs(10));
        let mut retries = Retries::new(Retry { times: 5, max_time: most, ..Retry::default() }, now);
        let head = b"HTTP/1.1 503 x\r\nRetry-After: 200\r\n\r\n";
        assert_eq!(retries.after_response(503, head, now), Verdict::TooLate);
        assert_eq!(wait(retries.after_response(503, b"", now)), Some(1));
        let later = now + Duration::from_secs(10);
        assert_eq!(retries.after_response(503, b"", later), Verdict::No);
    }

    #[test]
    fn ok_the_warning_is_curls() {
        let now = Instant::now();
        let delay = |millis| Some(Duration::from_millis(millis));
        for (times, delay, expected) in [
            (2, None, "Problem : timeout. Will retry in 1 second. 2 retries left."),
            (1, delay(2500), "Problem : timeout. Will retry in 2.500 seconds. 1 retry left."),
        ] {
            let mut retries = Retries::new(Retry { times, delay, ..Retry::default() }, now);
            match retries.after_failure(&Failure::new(28, "x"), now) {
                Verdict::Yes(again) => assert_eq!(again.warning, expected),
                verdict => panic!("{:?}", verdict),
            }
        }
    }
}
