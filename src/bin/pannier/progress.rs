//! The progress of a transfer: one line on standard error, redrawn in place.
//!
//! It is for somebody who waits, so it begins late and moves slowly. There is none if standard
//! error is no terminal, if the content itself goes to one, or if `-v` tells what happens. Nothing
//! is drawn while nothing moves.

use std::time::{Duration, Instant};

use crate::args::Global;

/// Decides when the line is drawn, and what it says.
#[derive(Debug)]
pub struct Meter {
    began: Instant,
    /// How much there is to send, if that is known.
    upload: Option<u64>,
    /// When `count` began to grow.
    since: Instant,
    moved: Instant,
    drawn: Option<Instant>,
    count: Count,
}

/// How far one direction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    pub way: Way,
    pub done: u64,
    pub total: Option<u64>,
}

/// Which way the content goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Sent,
    Received,
}

impl Meter {
    /// The meter of a transfer that began then, and sends so many bytes.
    pub fn new(began: Instant, upload: Option<u64>) -> Meter {
        let count = Count { way: Way::Sent, done: 0, total: upload };
        Meter { began, upload, since: began, moved: began, drawn: None, count }
    }

    /// So much was sent: what is to be drawn now.
    pub fn sent(&mut self, at: Instant, done: u64) -> Option<String> {
        self.step(at, Count { way: Way::Sent, done, total: self.upload })
    }

    /// So much came, of so much: what is to be drawn now.
    pub fn received(&mut self, at: Instant, done: u64, total: Option<u64>) -> Option<String> {
        self.step(at, Count { way: Way::Received, done, total })
    }

    /// The transfer is over: the last line, and its end.
    pub fn end(&self) -> Option<String> {
        self.drawn.map(|_| format!("{}\n", self.line()))
    }

    fn step(&mut self, at: Instant, count: Count) -> Option<String> {
        if count.way != self.count.way {
            self.since = self.moved;
        }
        self.moved = at;
        self.count = count;
        let due = match self.drawn {
            Some(drawn) => drawn + PAUSE,
            None => self.began + PATIENCE,
        };
        if at < due {
            return None;
        }
        self.drawn = Some(at);
        Some(self.line())
    }

    fn line(&self) -> String {
        format!("\r{}", line(self.count, self.moved.saturating_duration_since(self.since)))
    }
}

/// Does anybody want to see it, and is there a place for it?
pub fn is_wanted(global: Global, stderr_is_terminal: bool, content_on_terminal: bool) -> bool {
    let refused = global.silent || global.no_progress_meter || global.verbose;
    !refused && stderr_is_terminal && !content_on_terminal
}

/// The line, always [`WIDTH`] columns wide so that it covers the one before.
fn line(count: Count, elapsed: Duration) -> String {
    let way = match count.way {
        Way::Sent => "sent",
        Way::Received => "received",
    };
    let speed = (u128::from(count.done) * 1000).checked_div(elapsed.as_millis()).unwrap_or(0);
    let speed = u64::try_from(speed).unwrap_or(u64::MAX);
    let mut text = format!("{} {}", way, size(count.done));
    if let Some(total) = count.total {
        text.push_str(&format!(" of {}  {}%", size(total), percent(count.done, total)));
    }
    text.push_str(&format!("  {}/s  ", size(speed)));
    match count.total.map(|total| total.saturating_sub(count.done)) {
        Some(0) | None => text.push_str(&clock(Some(elapsed.as_secs()))),
        Some(left) => {
            // Rounded up: what is not over takes a second at least.
            let seconds = (left - 1).checked_div(speed).map(|seconds| seconds + 1);
            text.push_str(&format!("{} left", clock(seconds)));
        }
    }
    format!("{:width$}", text, width = WIDTH)
}

fn percent(done: u64, total: u64) -> u128 {
    (u128::from(done) * 100).checked_div(total.into()).map_or(100, |percent| percent.min(100))
}

/// Four digits at most, and a unit.
fn size(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{} B", bytes);
    }
    let (mut value, mut units) = (bytes as f64 / 1024.0, UNITS.iter());
    let mut unit = units.next();
    // What would be rounded to 1024.0 is one of the next unit.
    while value >= 1023.95 && units.len() > 0 {
        value /= 1024.0;
        unit = units.next();
    }
    format!("{:.1} {}", value, unit.copied().unwrap_or_default())
}

/// `H:MM:SS`, or dashes for what nobody waits for.
fn clock(seconds: Option<u64>) -> String {
    match seconds {
        Some(all) if all < 100 * 3600 => {
            format!("{}:{:02}:{:02}", all / 3600, all / 60 % 60, all % 60)
        }
        _ => "-:--:--".to_owned(),
    }
}

/// What is over before that needs no line.
const PATIENCE: Duration = Duration::from_millis(500);
/// Between two drawings.
const PAUSE: Duration = Duration::from_millis(200);
/// Fits into the narrowest terminal in use; std does not know how wide this one is.
const WIDTH: usize = 70;
const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn ok_the_line_tells_how_far_how_fast_and_how_long() {
        for (way, done, total, seconds, expected) in [
            (Way::Received, 0, Some(MIB), 0, "received 0 B of 1.0 MiB  0%  0 B/s  -:--:-- left"),
            (
                Way::Received,
                12 * MIB + 300 * 1024,
                Some(100 * MIB),
                10,
                "received 12.3 MiB of 100.0 MiB  12%  1.2 MiB/s  0:01:12 left",
            ),
            (Way::Sent, MIB, Some(MIB), 61, "sent 1.0 MiB of 1.0 MiB  100%  16.8 KiB/s  0:01:01"),
            (Way::Sent, 5000, None, 5, "sent 4.9 KiB  1000 B/s  0:00:05"),
            (Way::Received, 0, Some(0), 1, "received 0 B of 0 B  100%  0 B/s  0:00:01"),
            (Way::Sent, 9, Some(3), 1, "sent 9 B of 3 B  100%  9 B/s  0:00:01"),
            (
                Way::Received,
                1,
                Some(u64::MAX),
                1,
                "received 1 B of 16.0 EiB  0%  1 B/s  -:--:-- left",
            ),
        ] {
            let text = line(Count { way, done, total }, Duration::from_secs(seconds));
            assert_eq!(text.trim_end(), expected);
        }
    }

    #[test]
    fn ok_every_line_covers_the_one_before() {
        let sizes = (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit, 999 << bit]);
        for done in sizes.chain([u64::MAX]) {
            for total in [None, Some(0), Some(done), Some(done / 2), Some(u64::MAX)] {
                for millis in [0, 1, 999, 359_999_999, 360_000_000, u64::MAX] {
                    for way in [Way::Sent, Way::Received] {
                        let count = Count { way, done, total };
                        let text = line(count, Duration::from_millis(millis));
                        assert_eq!(text.chars().count(), WIDTH, "{:?}", text);
                    }
                }
            }
        }
    }

    #[test]
    fn ok_sizes_are_rounded_into_their_unit() {
        for (bytes, expected) in [
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (MIB - 52, "1023.9 KiB"),
            (MIB - 51, "1.0 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(size(bytes), expected, "{}", bytes);
        }
    }

    #[test]
    fn ok_the_line_begins_late_and_moves_slowly() {
        let began = Instant::now();
        let at = |millis| began + Duration::from_millis(millis);
        let mut meter = Meter::new(began, Some(10));
        assert_eq!(meter.end(), None);
        for (millis, drawn) in [(0, false), (499, false), (500, true), (699, false), (700, true)] {
            assert_eq!(meter.sent(at(millis), 5).is_some(), drawn, "{} ms", millis);
        }
        // 1000 bytes within the second that the download has lasted.
        let text = meter.received(at(1700), 1000, None).unwrap_or_default();
        assert_eq!(text.trim_end(), "\rreceived 1000 B  1000 B/s  0:00:01");
        assert_eq!(meter.received(at(1701), 2002, None), None);
        let text = meter.end().unwrap_or_default();
        assert!(text.starts_with("\rreceived 2.0 KiB  2.0 KiB/s"), "{:?}", text);
        assert!(text.ends_with(" \n"), "{:?}", text);
    }

    #[test]
    fn ok_nothing_is_drawn_where_it_is_not_wanted() {
        let wanted = Global::default();
        assert!(is_wanted(wanted, true, false));
        assert!(!is_wanted(wanted, false, false));
        assert!(!is_wanted(wanted, true, true));
        for refused in [
            Global { silent: true, ..wanted },
            Global { silent: true, show_error: true, ..wanted },
            Global { no_progress_meter: true, ..wanted },
            Global { verbose: true, ..wanted },
        ] {
            assert!(!is_wanted(refused, true, false), "{:?}", refused);
        }
    }
}
