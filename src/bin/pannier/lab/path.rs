//! The path between client and origin, as a model: distance, slow start and bandwidth.
//!
//! Everything is told at the client's end: when bytes would have come there. A connection's window
//! begins with ten segments (RFC 6928 §2) and grows by what is acknowledged, so that it doubles in
//! each round trip in which it is used up (slow start, RFC 5681 §3.1). It never shrinks: there is no
//! loss here, and the restart after idleness (RFC 5681 §4.1) is left out. All connections share one
//! line, segment by segment.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A distance and a bandwidth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    pub round_trip: Duration,
    /// Bits per second.
    pub bandwidth: u64,
}

impl Path {
    /// How long so many bytes take on the line.
    pub fn passage(&self, bytes: u64) -> Duration {
        Duration::from_secs_f64(bytes as f64 * 8.0 / self.bandwidth as f64)
    }
}

/// The window of one connection.
#[derive(Debug)]
pub struct Window {
    round_trip: Duration,
    size: u64,
    /// What has come and is not acknowledged yet.
    flight: VecDeque<(Instant, u64)>,
    in_flight: u64,
    /// Bytes come in order: the next not before this.
    last: Option<Instant>,
}

impl Window {
    /// That of a new connection.
    pub fn new(round_trip: Duration) -> Window {
        let flight = VecDeque::new();
        Window { round_trip, size: INITIAL_WINDOW, flight, in_flight: 0, last: None }
    }

    /// When so many bytes may come at the earliest, if not before `earliest`.
    pub fn admit(&mut self, earliest: Instant, bytes: u64) -> Instant {
        let mut at = self.last.map_or(earliest, |last| earliest.max(last));
        loop {
            self.acknowledge(at);
            match self.flight.front() {
                Some((came, _)) if self.in_flight + bytes > self.size => {
                    at = at.max(*came + self.round_trip);
                }
                _ => return at,
            }
        }
    }

    /// So many bytes come at this time.
    pub fn came(&mut self, at: Instant, bytes: u64) {
        self.last = Some(at);
        self.flight.push_back((at, bytes));
        self.in_flight += bytes;
    }

    /// A round trip after bytes have come, others may come in their place, and as many more.
    fn acknowledge(&mut self, at: Instant) {
        while let Some(&(came, bytes)) = self.flight.front() {
            if came + self.round_trip > at {
                return;
            }
            self.flight.pop_front();
            self.in_flight -= bytes;
            self.size += bytes;
        }
    }
}

/// The line that all connections share.
#[derive(Debug)]
pub struct Line {
    path: Path,
    /// Guards when the line is free again; nothing else is locked inside.
    free: Mutex<Instant>,
}

impl Line {
    /// A line that is free.
    pub fn new(path: Path) -> Line {
        Line { path, free: Mutex::new(Instant::now()) }
    }

    /// When so many bytes have passed that may begin at `at`.
    pub fn pass(&self, at: Instant, bytes: u64) -> Instant {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        *free = at.max(*free) + self.path.passage(bytes);
        *free
    }
}

/// The content of a segment: an Ethernet frame without the heads of IPv4 and TCP.
pub const SEGMENT: u64 = 1460;
/// RFC 6928 §2: ten segments, which is more than 14600 bytes only for smaller ones.
pub const INITIAL_WINDOW: u64 = 10 * SEGMENT;

#[cfg(test)]
mod tests {
    use super::*;

    const ROUND_TRIP: Duration = Duration::from_millis(40);

    /// Sends so many segments as early as the window lets them; how many came in each round trip.
    fn rounds(window: &mut Window, start: Instant, segments: u32) -> Vec<usize> {
        let mut rounds = Vec::new();
        for _ in 0..segments {
            let at = window.admit(start, SEGMENT);
            window.came(at, SEGMENT);
            let round = ((at - start).as_millis() / ROUND_TRIP.as_millis()) as usize;
            rounds.resize(rounds.len().max(round + 1), 0);
            rounds[round] += 1;
        }
        rounds
    }

    #[test]
    fn ok_a_window_doubles_in_each_round_trip_in_which_it_is_used() {
        let start = Instant::now();
        let mut window = Window::new(ROUND_TRIP);
        assert_eq!(rounds(&mut window, start, 100), [10, 20, 40, 30]);
        let later = start + Duration::from_secs(1);
        assert_eq!(rounds(&mut window, later, 150), [110, 40], "it keeps what it has grown to");
    }

    #[test]
    fn ok_a_window_without_a_round_trip_holds_nothing_back() {
        let start = Instant::now();
        let mut window = Window::new(Duration::ZERO);
        for _ in 0..100 {
            assert_eq!(window.admit(start, SEGMENT), start);
            window.came(start, SEGMENT);
        }
    }

    #[test]
    fn ok_a_line_takes_one_after_the_other() {
        let path = Path { round_trip: ROUND_TRIP, bandwidth: 8_000 };
        let line = Line::new(path);
        let start = Instant::now() + Duration::from_secs(1);
        let second = Duration::from_secs(1);
        assert_eq!(line.pass(start, 1000), start + second);
        assert_eq!(line.pass(start, 1000), start + second * 2);
        assert_eq!(line.pass(start + second * 5, 500), start + second * 11 / 2);
    }
}
