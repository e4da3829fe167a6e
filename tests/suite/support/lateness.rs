//! How late calls come back after their deadline, judged so that one that had to wait for the processor is no
//! failure: each case runs with several deadlines at once, and the median counts.

use std::time::{Duration, Instant};

use pannier::{Error, Phase};

use super::in_threads;

/// How much later than its deadline a call may come back.
pub const LATE: Duration = Duration::from_millis(50);

/// Milliseconds that most cases do with.
pub const DEADLINES: [u64; 5] = [100, 150, 200, 250, 300];

/// Runs the case for several deadlines at once. It must fail with a timeout, and mostly in this phase, if
/// one is given; it says how long that took. What it returns besides, the peer for instance, is let go when
/// that has been looked at.
pub fn late<T>(
    phase: impl Into<Option<Phase>>,
    deadlines: [u64; 5],
    case: impl Fn(Duration) -> (Error, Duration, T) + Sync,
) {
    let mut runs = in_threads(deadlines, |ms| {
        let deadline = Duration::from_millis(ms);
        let (error, elapsed, _peer) = case(deadline);
        assert!(error.is_timeout(), "{:?}", error);
        assert!(elapsed >= deadline, "{:?} is before {:?}", elapsed, deadline);
        (elapsed - deadline, error.phase())
    });
    runs.sort();
    assert!(runs[2].0 <= LATE, "late: {:?}", runs);
    if let Some(phase) = phase.into() {
        let expected = runs.iter().filter(|(_, found)| *found == Some(phase)).count();
        assert!(expected > 2, "not in {:?}: {:?}", phase, runs);
    }
}

pub fn timed<T>(call: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let result = call();
    (result, began.elapsed())
}
