//! How late calls come back after their deadline, judged so that one that had to wait for the processor is no
//! failure: each case runs with several deadlines at once, the median counts, and what a thread that does
//! nothing but sleep was late at worst is allowed for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
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
    let run = |ms| {
        let deadline = Duration::from_millis(ms);
        let (error, elapsed, _peer) = case(deadline);
        assert!(error.is_timeout(), "{:?}", error);
        assert!(elapsed >= deadline, "{:?} is before {:?}", elapsed, deadline);
        (elapsed - deadline, error.phase())
    };
    let (mut runs, waited) = beside_a_sleeper(|| in_threads(deadlines, run));
    runs.sort();
    assert!(runs[2].0 <= LATE + waited, "late, and a sleeper {:?}: {:?}", waited, runs);
    if let Some(phase) = phase.into() {
        let expected = runs.iter().filter(|(_, found)| *found == Some(phase)).count();
        assert!(expected > 2, "not in {:?}: {:?}", phase, runs);
    }
}

/// What the work returns, and how late a thread woke at worst that slept beside it, a millisecond at a time.
fn beside_a_sleeper<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    const NAP: Duration = Duration::from_millis(1);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            let mut worst = Duration::ZERO;
            while !over.load(Ordering::Relaxed) {
                let ((), slept) = timed(|| thread::sleep(NAP));
                worst = worst.max(slept.saturating_sub(NAP));
            }
            worst
        });
        let end = Raise(&over);
        let result = work();
        drop(end);
        (result, sleeper.join().unwrap())
    })
}

/// Raised even if the work fails, which would else wait for the sleeper.
struct Raise<'a>(&'a AtomicBool);

impl Drop for Raise<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub fn timed<T>(call: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let result = call();
    (result, began.elapsed())
}
