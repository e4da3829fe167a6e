//! How fast something grows: over the last seconds, not over all of them, so that a stall shows.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Samples of a count over a span of time.
#[derive(Debug)]
pub struct Speed {
    span: Duration,
    samples: VecDeque<(Instant, u64)>,
    last: Option<(Instant, u64)>,
}

impl Speed {
    /// Measured over this span.
    pub fn over(span: Duration) -> Speed {
        Speed { span, samples: VecDeque::new(), last: None }
    }

    /// The count is so much now.
    pub fn note(&mut self, now: Instant, count: u64) {
        // After a redirect an upload begins again.
        if self.last.is_some_and(|(_, last)| count < last) {
            self.forget();
        }
        self.last = Some((now, count));
        let pause = self.span / SAMPLES;
        if self.samples.back().map_or(true, |&(at, _)| at + pause <= now) {
            self.samples.push_back((now, count));
        }
        // The oldest that is kept is the newest that is old enough.
        while self.samples.get(1).is_some_and(|&(at, _)| at + self.span <= now) {
            self.samples.pop_front();
        }
    }

    /// What was measured so far does not count.
    pub fn forget(&mut self) {
        self.samples.clear();
        self.last = None;
    }

    /// Over how long it was measured, and how much came.
    pub fn grown(&self) -> (Duration, u64) {
        match (self.samples.front(), self.last) {
            (Some(&(from, less)), Some((to, more))) => (to - from, more - less),
            _ => (Duration::ZERO, 0),
        }
    }

    /// Per second.
    pub fn per_second(&self) -> u64 {
        let (time, count) = self.grown();
        average(count, time)
    }
}

/// Bytes per second.
pub fn average(count: u64, time: Duration) -> u64 {
    let speed = (u128::from(count) * 1000).checked_div(time.as_millis()).unwrap_or(0);
    u64::try_from(speed).unwrap_or(u64::MAX)
}

/// How many samples a span has.
const SAMPLES: u32 = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_what_is_long_ago_does_not_count() {
        let began = Instant::now();
        let at = |millis| began + Duration::from_millis(millis);
        let mut speed = Speed::over(Duration::from_secs(2));
        assert_eq!(speed.per_second(), 0);
        speed.note(at(0), 0);
        assert_eq!(speed.per_second(), 0);
        speed.note(at(1000), 500);
        assert_eq!(speed.per_second(), 500);
        for millis in [1500, 2000, 3000] {
            speed.note(at(millis), 500);
        }
        assert_eq!(speed.grown(), (Duration::from_secs(2), 0));
        speed.note(at(3100), 3);
        assert_eq!(speed.grown(), (Duration::ZERO, 0), "it began again");
    }

    #[test]
    fn ok_few_samples_are_kept() {
        let began = Instant::now();
        let mut speed = Speed::over(Duration::from_secs(5));
        for millis in 0..60_000 {
            speed.note(began + Duration::from_millis(millis), millis);
        }
        assert!(speed.samples.len() < 2 * SAMPLES as usize, "{}", speed.samples.len());
        assert_eq!(speed.per_second(), 1000);
    }
}
