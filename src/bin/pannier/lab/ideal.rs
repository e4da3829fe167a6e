//! How long each strategy takes at least, by calculation: what measured times are held against.
//!
//! These are formulas of the [path](super::path), not a run of it. Work of the computer costs nothing
//! here. Where several connections share the line, the bound is the longer of two: as if each had
//! the line for itself, and as if the line were all that takes time.

use std::time::Duration;

use super::origin::size_on_the_wire;
#[cfg(feature = "http2")]
use super::origin::sizes_of_streams;
use super::path::{Path, INITIAL_WINDOW};

/// A page with its objects over a path.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    pub path: Path,
    pub objects: u64,
}

impl Task {
    /// One connection for each exchange, one after the other: twice the round trip, and the content
    /// as slow start lets it come.
    pub fn serial(&self) -> Duration {
        (0..=self.objects).map(|number| self.fresh(number)).sum()
    }

    /// One connection: a handshake, and a round trip for each exchange.
    pub fn persistent(&self) -> Duration {
        let mut lane = Lane::new(self.path.round_trip);
        for number in 0..=self.objects {
            lane.fetch(self.path, size_on_the_wire(number, false));
        }
        lane.time
    }

    /// The page, then its objects, so many at a time on connections of their own.
    pub fn parallel(&self, width: usize) -> Duration {
        let mut lanes = vec![Duration::ZERO; width];
        for number in 1..=self.objects {
            if let Some(first) = lanes.iter_mut().min() {
                *first += self.fresh(number);
            }
        }
        let alone = lanes.into_iter().max().unwrap_or_default();
        self.fresh(0) + alone.max(self.line(2, true))
    }

    /// The page, then its objects on its connection and others that are kept.
    pub fn parallel_persistent(&self, width: usize) -> Duration {
        let mut page = Lane::new(self.path.round_trip);
        page.fetch(self.path, size_on_the_wire(0, false));
        let begun = page.time;
        let mut lanes = vec![page];
        lanes.resize_with(width, || Lane::new(begun + self.path.round_trip));
        for number in 1..=self.objects {
            if let Some(first) = lanes.iter_mut().min_by_key(|lane| lane.time) {
                first.fetch(self.path, size_on_the_wire(number, false));
            }
        }
        // A connection that was given nothing need not be made.
        let used = lanes.iter().filter(|lane| lane.fetched);
        let alone = used.map(|lane| lane.time).max().unwrap_or(begun);
        alone.max(begun + self.line(1, false))
    }

    /// The page, then all objects after one round trip on the same connection.
    pub fn pipelined(&self) -> Duration {
        let mut lane = Lane::new(self.path.round_trip);
        lane.fetch(self.path, size_on_the_wire(0, false));
        if self.objects > 0 {
            lane.fetch(self.path, self.bytes(false));
        }
        lane.time
    }

    /// The same over HTTP/2, where frames and heads have other sizes.
    #[cfg(feature = "http2")]
    pub fn multiplexed(&self) -> Duration {
        let sizes = sizes_of_streams(0..=self.objects);
        let mut lane = Lane::new(self.path.round_trip);
        lane.fetch(self.path, sizes[0]);
        if self.objects > 0 {
            lane.fetch(self.path, sizes[1..].iter().sum());
        }
        lane.time
    }

    fn bytes(&self, closes: bool) -> u64 {
        (1..=self.objects).map(|number| size_on_the_wire(number, closes)).sum()
    }

    /// All objects on the line after so many round trips.
    fn line(&self, round_trips: u32, closes: bool) -> Duration {
        match self.objects {
            0 => Duration::ZERO,
            _ => self.path.round_trip * round_trips + self.path.passage(self.bytes(closes)),
        }
    }

    fn fresh(&self, number: u64) -> Duration {
        let mut lane = Lane::new(self.path.round_trip);
        lane.fetch(self.path, size_on_the_wire(number, true));
        lane.time
    }
}

/// One connection after the other exchange.
#[derive(Clone, Copy, Debug)]
struct Lane {
    time: Duration,
    window: u64,
    fetched: bool,
}

impl Lane {
    /// It stands at this time.
    fn new(time: Duration) -> Lane {
        Lane { time, window: INITIAL_WINDOW, fetched: false }
    }

    /// A round trip until the first byte, and another for each window but the last, unless the line
    /// takes longer for it.
    fn fetch(&mut self, path: Path, bytes: u64) {
        self.time += path.round_trip;
        let (mut left, mut window) = (bytes, self.window);
        while left > window {
            self.time += path.round_trip.max(path.passage(window));
            left -= window;
            window *= 2;
        }
        self.time += path.passage(left);
        self.window += bytes;
        self.fetched = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The time in whole round trips, on a line that is never in the way.
    fn round_trips(objects: u64, time: fn(&Task) -> Duration) -> u128 {
        let path = Path { round_trip: Duration::from_secs(1), bandwidth: u64::MAX };
        time(&Task { path, objects }).as_millis() / 1000
    }

    #[test]
    fn ok_round_trips_by_hand() {
        // The page; then objects of 4 KiB, 24 KiB (a second window) and 8 KiB.
        assert_eq!(round_trips(0, Task::serial), 2);
        assert_eq!(round_trips(3, Task::serial), 2 + 2 + 3 + 2);
        // The window is 27 KiB after the page and 31 KiB after the first object.
        assert_eq!(round_trips(3, Task::persistent), 1 + 1 + 3);
        assert_eq!(round_trips(3, |task| task.parallel(6)), 2 + 3);
        assert_eq!(round_trips(3, |task| task.parallel(2)), 2 + 4);
        // The second object follows the first on the page's connection, whose window is larger.
        assert_eq!(round_trips(3, |task| task.parallel_persistent(6)), 2 + 2);
        assert_eq!(round_trips(1, |task| task.parallel_persistent(6)), 2 + 1);
        // 36 KiB after a window of 27 KiB.
        assert_eq!(round_trips(3, Task::pipelined), 2 + 2);
        assert_eq!(round_trips(0, Task::pipelined), 2);
    }

    /// Frames are heads that count on such a line.
    #[cfg(feature = "http2")]
    #[test]
    fn ok_streams_on_a_narrow_line_take_what_their_frames_do() {
        let path = Path { round_trip: Duration::from_millis(1), bandwidth: 100_000 };
        let task = Task { path, objects: 24 };
        let bytes: u64 = sizes_of_streams(0..=24).iter().sum();
        let content: u64 = (0..=24).map(super::super::origin::size).sum();
        assert!(bytes > content && bytes < content * 101 / 100, "{}", bytes);
        let (time, least) = (task.multiplexed(), path.passage(bytes));
        assert!(time > least && time < least + Duration::from_millis(200), "{:?}", time);
    }

    #[cfg(feature = "http2")]
    #[test]
    fn ok_streams_wait_as_often_as_pipelined_requests() {
        for objects in [0, 3, 24, 1000] {
            let expected = round_trips(objects, Task::pipelined);
            assert_eq!(round_trips(objects, Task::multiplexed), expected);
        }
    }

    #[test]
    fn ok_a_narrow_line_makes_all_but_the_handshakes_equal() {
        let path = Path { round_trip: Duration::from_millis(1), bandwidth: 100_000 };
        let task = Task { path, objects: 24 };
        let least = path.passage((0..=24).map(|number| size_on_the_wire(number, false)).sum());
        let times = [
            task.serial(),
            task.persistent(),
            task.parallel(6),
            task.parallel_persistent(6),
            task.pipelined(),
        ];
        for time in times {
            assert!(time > least && time < least + Duration::from_millis(200), "{:?}", time);
        }
    }
}
