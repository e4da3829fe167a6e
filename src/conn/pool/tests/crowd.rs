//! Many threads, and values of which some are shared.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::*;

/// What the threads count.
#[derive(Debug, Default)]
struct Counts {
    /// Things that live, by key.
    living: [AtomicUsize; 2],
    made: AtomicUsize,
}

/// A handle on a thing that several threads use at once.
#[derive(Debug)]
struct Line(Arc<Wire>);

#[derive(Debug)]
struct Wire {
    key: usize,
    is_shared: bool,
    users: AtomicUsize,
    counts: Arc<Counts>,
}

impl Value for Line {
    type ShareId = u64;

    fn share_id(&self, number: u64) -> Option<u64> {
        self.0.is_shared.then_some(number)
    }

    fn share(&self, lent: usize) -> Option<Line> {
        (self.0.is_shared && lent < ROOM).then(|| Line(Arc::clone(&self.0)))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.counts.living[self.key].fetch_sub(1, Ordering::SeqCst);
    }
}

impl Wire {
    fn make(key: usize, is_shared: bool, counts: &Arc<Counts>) -> Line {
        let living: usize = counts.living.iter().map(|count| count.load(Ordering::SeqCst)).sum();
        let here = counts.living[key].fetch_add(1, Ordering::SeqCst);
        assert!(here < 2 && living < 3, "{} of {}", here, living);
        counts.made.fetch_add(1, Ordering::SeqCst);
        Line(Arc::new(Wire { key, is_shared, users: AtomicUsize::new(0), counts: counts.clone() }))
    }
}

/// One thread of many.
struct Worker {
    pool: Arc<Pool<usize, Line>>,
    counts: Arc<Counts>,
    chance: u64,
}

impl Worker {
    /// A number below this one.
    fn chance(&mut self, below: u64) -> u64 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.chance >> 33) % below
    }

    fn work(&mut self, rounds: usize) {
        for _ in 0..rounds {
            let key = self.chance(2) as usize;
            let lent = self.obtain(key);
            let most = if lent.0.is_shared { ROOM } else { 1 };
            let users = lent.0.users.fetch_add(1, Ordering::SeqCst) + 1;
            assert!(users <= most, "{} of {}", users, most);
            if self.chance(4) == 0 {
                drop(self.pool.try_share(&key, Instant::now()));
            }
            thread::yield_now();
            lent.0.users.fetch_sub(1, Ordering::SeqCst);
            self.end(lent);
        }
    }

    fn obtain(&mut self, key: usize) -> Lent<usize, Line> {
        loop {
            let sharing = [Sharing::Expected, Sharing::Unexpected][self.chance(2) as usize];
            let asked = match self.chance(10) {
                0 => self.pool.reserve(&key),
                _ => self.pool.checkout(&key, Instant::now(), sharing),
            };
            let granted = match asked {
                Checkout::Idle(lent, _) | Checkout::Shared(lent) => return lent,
                Checkout::Overdue(lent, reason) => Grant::Overdue(lent, reason),
                Checkout::Vacant(place) => Grant::Place(place),
                Checkout::Full(waiting) if self.chance(8) == 0 => {
                    let now = Deadline::after(Instant::now(), Duration::ZERO);
                    waiting.wait(now, None).unwrap_or(Grant::Failed)
                }
                Checkout::Full(waiting) => {
                    waiting.wait(Deadline::NEVER, None).expect("nothing ends the wait but a grant")
                }
                Checkout::Closed => panic!("closed"),
            };
            match granted {
                Grant::Value(lent) | Grant::Shared(lent) => return lent,
                Grant::Overdue(lent, reason) => lent.close(reason),
                // The making fails.
                Grant::Place(place) if self.chance(8) == 0 => drop(place),
                Grant::Place(place) => return self.make(key, place),
                Grant::Failed => {}
                Grant::Closed => panic!("closed"),
            }
        }
    }

    fn make(&mut self, key: usize, place: Place<usize, Line>) -> Lent<usize, Line> {
        let is_shared = self.chance(5) > 0;
        let waiting = (self.chance(3) == 0).then(|| self.pool.expect(&key));
        let lent = place.fill(Wire::make(key, is_shared, &self.counts), Instant::now());
        let waiting = match waiting {
            Some(waiting) => waiting,
            None => return lent,
        };
        close_all(waiting.expectation().fulfil(lent, Instant::now()));
        match waiting.wait(Deadline::NEVER, None).expect("nothing ends the wait but a grant") {
            Grant::Value(lent) | Grant::Shared(lent) => lent,
            Grant::Place(place) => self.make(key, place),
            other => panic!("{:?}", other),
        }
    }

    fn end(&mut self, lent: Lent<usize, Line>) {
        let key = lent.0.key;
        match self.chance(16) {
            0 => lent.close(CloseReason::Fault),
            1 => drop(lent.vacate(CloseReason::Fault)),
            2 => {
                if let Some(place) = lent.vacate(CloseReason::Fault).place {
                    drop(self.make(key, place));
                }
            }
            3 => {
                lent.retire(CloseReason::Fault);
                close_all(lent.give_back(Instant::now(), None, Instant::now()));
            }
            4 => self.pool.room_changed(&key),
            5..=8 => drop(lent),
            _ => close_all(lent.give_back(Instant::now(), None, Instant::now())),
        }
    }
}

fn close_all(discarded: Discarded<usize, Line>) {
    discarded.into_iter().for_each(|(lent, reason)| lent.close(reason));
}

/// Threads that take, keep for a moment, and let go in every way there is.
#[test]
fn ok_nothing_is_lent_too_often_and_nobody_starves_under_many_threads() {
    let pool = Pool::new(PoolConfig::default().max_per_origin(2).max_total(3));
    let counts = Arc::<Counts>::default();
    thread::scope(|scope| {
        for thread in 0..24 {
            let (pool, counts) = (Arc::clone(&pool), Arc::clone(&counts));
            scope.spawn(move || Worker { pool, counts, chance: thread }.work(300));
        }
    });
    let stats = pool.stats();
    assert_eq!((stats.active, stats.waiting), (0, 0));
    let living = || counts.living.iter().map(|count| count.load(Ordering::SeqCst)).sum::<usize>();
    assert_eq!(living(), stats.idle);
    drop(pool.drain());
    assert_eq!((living(), pool.stats().active), (0, 0));
    assert!(counts.made.load(Ordering::SeqCst) > 0);
}

const ROOM: usize = 3;
