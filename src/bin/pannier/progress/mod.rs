//! The progress of transfers: a row for each on standard error, redrawn in place.
//!
//! It is for somebody who waits, so it begins late and moves slowly. There is none if standard
//! error is no terminal, if the content itself goes to one, or if `-v` tells what happens. Here is what
//! the rows say; `board` knows when, and `screen` where.

mod bar;
mod board;
pub mod screen;
mod speed;

use std::time::Duration;

use crate::args::Global;
use crate::log::Manner;
use crate::watch::{Pulse, Way};

pub use self::board::{Board, Departure};

/// What a row is about.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    pub name: &'a str,
    pub pulse: Pulse,
    /// Bytes per second.
    pub speed: u64,
    pub elapsed: Duration,
}

/// What has become of the transfers that are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub done: u64,
    pub failed: u64,
    /// What they have moved.
    pub bytes: u64,
}

impl Tally {
    /// One more is over.
    pub fn count(&mut self, bytes: u64, failed: bool) {
        self.bytes += bytes;
        match failed {
            true => self.failed += 1,
            false => self.done += 1,
        }
    }
}

/// Does anybody want to see it, and is there a place for it?
pub fn is_wanted(global: Global, stderr_is_terminal: bool, content_on_terminal: bool) -> bool {
    let refused = global.silent || global.no_progress_meter || content_on_terminal;
    // A bar needs no terminal, and curl has it beside the log.
    let has_place = global.progress_bar
        || global.manner == Manner::Silent && stderr_is_terminal && screen::can_draw();
    !refused && has_place
}

impl Row<'_> {
    /// The row, no wider than that: the name as far as there is room, then how far, how fast and
    /// how long. The time is what is left, or what has passed if nobody knows.
    pub fn text(&self, width: usize) -> String {
        let Pulse { way, done, total, .. } = self.pulse;
        let way = if way == Way::Sent { "sent " } else { "" };
        let (share, amount) = match total {
            Some(total) => (
                format!("{}%", percent(done, total)),
                format!("{}{} of {}", way, size(done), size(total)),
            ),
            None => (String::new(), format!("{}{}", way, size(done))),
        };
        let time = match total.map(|total| total.saturating_sub(done)) {
            Some(0) | None => clock(Some(self.elapsed.as_secs())),
            Some(left) => {
                // Rounded up: what is not over takes a second at least.
                let seconds = (left - 1).checked_div(self.speed).map(|seconds| seconds + 1);
                format!("{} left", clock(seconds))
            }
        };
        let speed = format!("{}/s", size(self.speed));
        let mut numbers = format!("{:>4}  {:<24}  {:>12}  {:12}", share, amount, speed, time);
        if numbers.len() + LEAST_NAME > width {
            numbers = format!("{:>4}  {:>12}  {}", share, speed, time);
        }
        let room = width.saturating_sub(numbers.len() + 2).clamp(1, LONGEST_NAME);
        cut(&format!("{}  {}", fitted(self.name, room), numbers), width)
    }
}

/// The row for all transfers together.
pub fn total(tally: &Tally, in_flight: u64, bytes: u64, speed: u64, width: usize) -> String {
    let mut text = format!("{} done", tally.done);
    if tally.failed > 0 {
        text.push_str(&format!(", {} failed", tally.failed));
    }
    if in_flight > 0 {
        text.push_str(&format!(", {} in flight", in_flight));
    }
    cut(&format!("{}  {}  {}/s", text, size(bytes), size(speed)), width)
}

/// The name in exactly so many columns: its end, which tells more than its beginning, behind `...`.
fn fitted(name: &str, columns: usize) -> String {
    let shown = |c: char| if c.is_control() { '?' } else { c };
    let name: Vec<char> = name.chars().map(shown).collect();
    let width = |chars: &[char]| chars.iter().map(|&c| columns_of(c)).sum::<usize>();
    let mut rest = &name[..];
    let cut = width(rest) > columns;
    let mark = if cut { &"..."[..columns.min(3)] } else { "" };
    while width(rest) + mark.len() > columns {
        rest = &rest[1..];
    }
    let fill = " ".repeat(columns - mark.len() - width(rest));
    [mark, &rest.iter().collect::<String>(), &fill].concat()
}

/// At least as many as a terminal takes for it.
fn columns_of(c: char) -> usize {
    if c.is_ascii() {
        1
    } else {
        2
    }
}

fn cut(text: &str, width: usize) -> String {
    let mut used = 0;
    let fits = |c: &char| {
        used += columns_of(*c);
        used <= width
    };
    text.chars().take_while(fits).collect::<String>().trim_end().to_owned()
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

/// A name is shown to this many columns.
const LONGEST_NAME: usize = 40;
/// For fewer, the amount is left out.
const LEAST_NAME: usize = 12;
const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn row(
        name: &str,
        way: Way,
        done: u64,
        total: Option<u64>,
        speed: u64,
        seconds: u64,
    ) -> String {
        let pulse = Pulse {
            way,
            done,
            total,
            sent: 0,
            received: 0,
            before: 0,
            whole: total,
            is_moving: true,
        };
        let elapsed = Duration::from_secs(seconds);
        Row { name, pulse, speed, elapsed }.text(79)
    }

    #[test]
    fn ok_a_row_tells_how_far_how_fast_and_how_long() {
        for (text, expected) in [
            (
                row(
                    "big.iso",
                    Way::Received,
                    12 * MIB + 300 * 1024,
                    Some(100 * MIB),
                    5 * MIB / 4,
                    10,
                ),
                "big.iso               12%  12.3 MiB of 100.0 MiB        1.2 MiB/s  0:01:11 left",
            ),
            (
                row("big.iso", Way::Received, MIB, Some(100 * MIB), 0, 10),
                "big.iso                1%  1.0 MiB of 100.0 MiB             0 B/s  -:--:-- left",
            ),
            (
                row("a", Way::Sent, MIB, Some(MIB), 17203, 61),
                "a                    100%  sent 1.0 MiB of 1.0 MiB     16.8 KiB/s  0:01:01",
            ),
            (
                row("a", Way::Sent, 5000, None, 1000, 5),
                "a                          sent 4.9 KiB                  1000 B/s  0:00:05",
            ),
            (
                row("/a/very/long/name/of/a/file", Way::Received, 0, Some(0), 0, 1),
                "...g/name/of/a/file  100%  0 B of 0 B                       0 B/s  0:00:01",
            ),
        ] {
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn ok_where_there_is_little_room_the_amount_gives_way() {
        let pulse = Pulse {
            way: Way::Received,
            done: 5,
            total: Some(10),
            sent: 0,
            received: 5,
            before: 0,
            whole: Some(10),
            is_moving: true,
        };
        let row = Row { name: "file", pulse, speed: 5, elapsed: Duration::ZERO };
        assert_eq!(row.text(49), "file              50%         5 B/s  0:00:01 left");
    }

    #[test]
    fn ok_every_row_fits() {
        let sizes = (0..64).flat_map(|bit| [(1 << bit) - 1, 1 << bit, 999 << bit]);
        for done in sizes.chain([u64::MAX]) {
            for total in [None, Some(0), Some(done), Some(done / 2), Some(u64::MAX)] {
                for name in ["", "a", "äöü\u{1b}[31m日本語日本語日本語日本語日本語日本語"]
                {
                    for width in [0, 1, 40, 60, 79, 200] {
                        let pulse = Pulse {
                            way: Way::Sent,
                            done,
                            total,
                            sent: done,
                            received: 0,
                            before: 0,
                            whole: total,
                            is_moving: true,
                        };
                        let row = Row { name, pulse, speed: done, elapsed: Duration::MAX };
                        let text = row.text(width);
                        let columns: usize = text.chars().map(columns_of).sum();
                        assert!(columns <= width, "{:?} in {}", text, width);
                        assert!(!text.contains('\u{1b}'), "{:?}", text);
                    }
                }
            }
        }
    }

    #[test]
    fn ok_the_total_counts_what_is_over_and_what_is_not() {
        let mut tally = Tally::default();
        assert_eq!(total(&tally, 2, 0, 0, 79), "0 done, 2 in flight  0 B  0 B/s");
        tally.count(MIB, false);
        tally.count(MIB, true);
        let expected = "1 done, 1 failed, 50 in flight  3.0 MiB  1.0 MiB/s";
        assert_eq!(total(&tally, 50, 3 * MIB, MIB, 79), expected);
        assert_eq!(total(&tally, 0, 2 * MIB, 0, 10), "1 done, 1");
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
    fn ok_nothing_is_drawn_where_it_is_not_wanted() {
        let wanted = Global::default();
        assert!(is_wanted(wanted, true, false));
        assert!(!is_wanted(wanted, false, false));
        assert!(!is_wanted(wanted, true, true));
        for refused in [
            Global { silent: true, ..wanted },
            Global { silent: true, show_error: true, ..wanted },
            Global { no_progress_meter: true, ..wanted },
            Global { manner: Manner::Verbose, ..wanted },
        ] {
            assert!(!is_wanted(refused, true, false), "{:?}", refused);
        }
    }
}
