mod crowd;
mod ending;
mod making;
mod shared;

use super::*;

use std::convert::Infallible;
use std::sync::atomic::AtomicUsize;
use std::thread;
use std::time::Duration;

use crate::net::{CancelToken, Deadline};

type Taken = Lent<&'static str, u32>;

/// Numbers are not shared.
impl Value for u32 {
    type ShareId = Infallible;

    fn share_id(&self, _: u64) -> Option<Infallible> {
        None
    }
}

/// A pool of numbers, with seconds for instants.
struct Bench {
    pool: Arc<Pool<&'static str, u32>>,
    start: Instant,
    discarded: Vec<(u32, CloseReason)>,
}

impl Bench {
    fn new(config: PoolConfig) -> Bench {
        Bench { pool: Pool::new(config), start: Instant::now(), discarded: Vec::new() }
    }

    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    /// A new value, whatever is idle.
    fn make(&mut self, key: &'static str, value: u32) -> Taken {
        let mut pool = self.pool.lock();
        pool.open(&key);
        drop(pool);
        Place::new(&self.pool, key).fill(value, self.start)
    }

    fn give_back(&mut self, value: Taken, at: u64, seconds: Option<u64>) {
        let advertised = seconds.map(Duration::from_secs);
        for (value, reason) in value.give_back(self.start, advertised, self.at(at)) {
            self.discarded.push((*value, reason));
            value.close(reason);
        }
    }

    fn put(&mut self, key: &'static str, value: u32, at: u64) {
        self.put_advertised(key, value, at, None);
    }

    fn put_advertised(&mut self, key: &'static str, value: u32, at: u64, seconds: Option<u64>) {
        let value = self.make(key, value);
        self.give_back(value, at, seconds);
    }

    /// Asks until something else than a value to be closed is the answer.
    fn ask(&mut self, key: &'static str, at: u64) -> Checkout<&'static str, u32> {
        loop {
            match self.pool.checkout(&key, self.at(at), Sharing::Unexpected) {
                Checkout::Overdue(value, reason) => {
                    self.discarded.push((*value, reason));
                    value.close(reason);
                }
                other => return other,
            }
        }
    }

    fn take(&mut self, key: &'static str, at: u64) -> Option<u32> {
        match self.ask(key, at) {
            Checkout::Idle(value, _) => {
                let number = *value;
                value.close(CloseReason::Fault);
                Some(number)
            }
            _ => None,
        }
    }

    /// A new value in a place of which there must be one.
    fn fill(&mut self, key: &'static str, value: u32) -> Taken {
        match self.ask(key, 0) {
            Checkout::Vacant(place) => place.fill(value, self.start),
            other => panic!("{:?}", other),
        }
    }

    /// A place in the queue, since there must be no other.
    fn wait(&mut self, key: &'static str) -> Waiting<&'static str, u32> {
        match self.ask(key, 0) {
            Checkout::Full(waiting) => waiting,
            other => panic!("{:?}", other),
        }
    }
}

/// What a waiter has got by now.
fn granted(
    waiting: Waiting<&'static str, u32>,
) -> Result<Grant<&'static str, u32>, std::io::ErrorKind> {
    let now = Deadline::after(Instant::now(), Duration::ZERO);
    waiting.wait(now, None).map_err(|error| error.kind())
}

#[test]
fn ok_the_newest_is_taken_first() {
    let mut bench = Bench::new(PoolConfig::default());
    bench.put("a", 1, 0);
    bench.put("a", 2, 1);
    bench.put("b", 3, 2);
    assert_eq!(
        [bench.take("a", 3), bench.take("a", 3), bench.take("a", 3)],
        [Some(2), Some(1), None]
    );
    assert_eq!(bench.take("b", 3), Some(3));
    assert_eq!(bench.pool.stats().idle, 0);
}

#[test]
fn ok_what_was_idle_too_long_is_discarded() {
    let mut bench = Bench::new(PoolConfig::default().idle_timeout(Duration::from_secs(60)));
    bench.put("a", 1, 0);
    bench.put("a", 2, 30);
    assert_eq!(bench.take("a", 90), None);
    let expired = CloseReason::IdleTimeout;
    assert_eq!(bench.discarded, [(2, expired), (1, expired)]);
    assert_eq!(bench.pool.stats().closed(expired), 2);
}

#[test]
fn ok_what_nobody_asks_for_goes_when_something_is_put_in() {
    let mut bench = Bench::new(PoolConfig::default().idle_timeout(Duration::from_secs(60)));
    bench.put("a", 1, 0);
    bench.put("b", 2, 30);
    bench.put("c", 3, 60);
    assert_eq!(bench.discarded, [(1, CloseReason::IdleTimeout)]);
    assert_eq!(bench.pool.stats().idle, 2);
}

#[test]
fn ok_an_advertised_timeout_counts_less_one_second() {
    let mut bench = Bench::new(PoolConfig::default());
    bench.put_advertised("a", 1, 0, Some(5));
    assert_eq!(bench.take("a", 3), Some(1));
    bench.put_advertised("a", 2, 0, Some(5));
    assert_eq!(bench.take("a", 4), None);
    bench.put_advertised("a", 3, 0, Some(1));
    assert_eq!(bench.take("a", 0), None);
    bench.put_advertised("a", 4, 0, Some(1000));
    assert_eq!(bench.take("a", 60), None);
}

#[test]
fn ok_what_is_too_old_is_discarded() {
    let mut bench = Bench::new(PoolConfig::default().max_age(Duration::from_secs(10)));
    bench.put("a", 1, 9);
    assert_eq!(bench.take("a", 10), None);
    assert_eq!(bench.discarded, [(1, CloseReason::MaxAge)]);
}

#[test]
fn ok_the_bounds_on_idle_ones_evict_the_oldest() {
    let mut bench = Bench::new(PoolConfig::default().max_idle_per_origin(2).max_idle(3));
    bench.put("a", 1, 0);
    bench.put("b", 2, 1);
    bench.put("b", 3, 2);
    bench.put("b", 4, 3);
    assert_eq!(bench.discarded, [(2, CloseReason::Evicted)]);
    bench.put("c", 5, 4);
    assert_eq!(bench.discarded[1..], [(1, CloseReason::Evicted)]);
    assert_eq!(bench.pool.stats().idle, 3);
    assert_eq!(bench.pool.drain().len(), 3);
    assert_eq!(bench.pool.stats().idle, 0);
}

#[test]
fn ok_while_many_work_as_many_may_be_idle() {
    let mut bench = Bench::new(PoolConfig::default().max_idle_per_origin(1).max_idle(2));
    bench.pool.begin_bustle(3);
    (1..=3).for_each(|value| bench.put("a", value, 0));
    assert!(bench.discarded.is_empty() && bench.pool.stats().idle == 3);
    bench.pool.end_bustle(3);
    bench.put("a", 4, 1);
    assert_eq!(bench.discarded, [1, 2, 3].map(|value| (value, CloseReason::Evicted)));
}

#[test]
fn ok_a_bound_of_zero_keeps_nothing() {
    for config in [PoolConfig::default().max_idle(0), PoolConfig::default().max_idle_per_origin(0)]
    {
        let mut bench = Bench::new(config);
        bench.put("a", 1, 0);
        assert_eq!(bench.take("a", 0), None);
        assert_eq!(bench.discarded, [(1, CloseReason::Evicted)]);
    }
}

#[test]
fn ok_a_place_is_taken_until_its_value_is_closed() {
    let mut bench = Bench::new(PoolConfig::default().max_per_origin(1));
    let first = bench.fill("a", 1);
    assert_eq!(bench.pool.stats().active, 1);
    let waiting = bench.wait("a");
    assert_eq!(granted(waiting).unwrap_err(), std::io::ErrorKind::TimedOut);
    drop(bench.fill("b", 2));
    bench.give_back(first, 0, None);
    assert_eq!((bench.pool.stats().active, bench.pool.stats().idle), (0, 1));
    assert_eq!(bench.take("a", 0), Some(1));
    let place = match bench.ask("a", 0) {
        Checkout::Vacant(place) => place,
        other => panic!("{:?}", other),
    };
    assert_eq!(bench.pool.stats().active, 1);
    drop(place);
    assert_eq!(bench.pool.stats().active, 0);
}

#[test]
fn ok_a_value_that_comes_back_goes_to_the_oldest_who_waits_for_it() {
    let mut bench = Bench::new(PoolConfig::default().max_per_origin(1));
    let (a, b) = (bench.fill("a", 1), bench.fill("b", 2));
    let (first, other, second) = (bench.wait("a"), bench.wait("b"), bench.wait("a"));
    assert_eq!(bench.pool.stats().waiting, 3);
    bench.give_back(a, 0, None);
    let a = match granted(first) {
        Ok(Grant::Value(value)) => value,
        other => panic!("{:?}", other),
    };
    assert_eq!(bench.pool.stats().waiting, 2);
    // One that is closed leaves its place.
    a.close(CloseReason::Fault);
    assert!(matches!(granted(second), Ok(Grant::Place(_))));
    bench.give_back(b, 0, None);
    assert!(matches!(granted(other), Ok(Grant::Value(value)) if *value == 2));
    assert_eq!(bench.pool.stats().active, 0, "grants that nobody used are free again");
}

#[test]
fn ok_under_the_bound_on_all_a_value_makes_room_for_who_waits_for_another_key() {
    let mut bench = Bench::new(PoolConfig::default().max_total(1));
    let (a, b) = (bench.fill("a", 1), bench.wait("b"));
    bench.give_back(a, 0, None);
    assert_eq!(bench.discarded, [(1, CloseReason::Evicted)]);
    assert!(matches!(granted(b), Ok(Grant::Place(_))));
}

#[test]
fn ok_who_waits_for_another_key_is_overtaken_once_for_each_place() {
    let value = |waiting| match granted(waiting) {
        Ok(Grant::Value(value)) => value,
        other => panic!("{:?}", other),
    };
    let mut bench = Bench::new(PoolConfig::default().max_total(2));
    let (one, two) = (bench.fill("a", 1), bench.fill("a", 2));
    let b = bench.wait("b");
    let own = [bench.wait("a"), bench.wait("a"), bench.wait("a")];
    bench.give_back(one, 0, None);
    bench.give_back(two, 0, None);
    let [first, second, third] = own;
    let (one, two) = (value(first), value(second));
    assert_eq!((bench.discarded.len(), bench.pool.stats().waiting), (0, 2));
    bench.give_back(two, 0, None);
    assert_eq!(bench.discarded, [(2, CloseReason::Evicted)]);
    let b = granted(b);
    assert!(matches!(b, Ok(Grant::Place(_))));
    bench.give_back(one, 0, None);
    assert_eq!(*value(third), 1);
}

#[test]
fn ok_who_waits_for_its_own_key_does_not_hold_up_another() {
    let mut bench = Bench::new(PoolConfig::default().max_per_origin(1).max_total(2));
    let (a, b) = (bench.fill("a", 1), bench.fill("b", 2));
    let (first, second) = (bench.wait("a"), bench.wait("b"));
    bench.give_back(b, 0, None);
    assert!(matches!(granted(second), Ok(Grant::Value(value)) if *value == 2));
    drop(a);
    assert!(matches!(granted(first), Ok(Grant::Place(_))));
}

#[test]
fn ok_under_the_bound_on_all_an_idle_value_of_another_key_makes_room() {
    let mut bench = Bench::new(PoolConfig::default().max_total(2));
    bench.put("a", 1, 0);
    bench.put("b", 2, 1);
    drop(bench.fill("c", 3));
    assert_eq!(bench.discarded, [(1, CloseReason::Evicted)]);
}

#[test]
fn ok_who_expects_a_new_value_takes_whichever_comes_first() {
    let mut bench = Bench::new(PoolConfig::default());
    let a = bench.fill("a", 1);
    let place = match bench.ask("a", 0) {
        Checkout::Vacant(place) => place,
        other => panic!("{:?}", other),
    };
    assert!(place.has_rivals());
    let (first, second) = (bench.pool.expect(&"a"), bench.pool.expect(&"a"));
    let (one, two) = (first.expectation(), second.expectation());
    bench.give_back(a, 0, None);
    assert!(matches!(granted(first), Ok(Grant::Value(value)) if *value == 1));
    // What was made for the first is for whoever waits.
    assert!(one.fulfil(place.fill(2, bench.start), bench.start).is_empty());
    assert!(matches!(granted(second), Ok(Grant::Value(value)) if *value == 2));
    drop(two);
    let third = bench.pool.expect(&"a");
    drop(third.expectation());
    assert!(matches!(granted(third), Ok(Grant::Failed)));
}

#[test]
fn ok_a_value_that_comes_back_is_a_rival_only_if_both_could_stay() {
    let of = |total, keys: &[&'static str]| {
        let mut bench = Bench::new(PoolConfig::default().max_total(total));
        let lent: Vec<_> = keys.iter().map(|key| bench.make(key, 1)).collect();
        let rivals = match bench.ask("a", 0) {
            Checkout::Vacant(place) => place.has_rivals(),
            other => panic!("{:?}", other),
        };
        drop(lent);
        rivals
    };
    assert!(!of(9, &["b"]), "nothing comes back");
    assert!(of(9, &["a", "b"]));
    assert!(!of(3, &["a", "b"]), "one of them would be closed for b");
    assert!(of(3, &["a", "a"]), "there is nobody for whom");
}

#[test]
fn ok_nothing_is_a_rival_while_another_key_waits() {
    let mut bench = Bench::new(PoolConfig::default().max_total(2));
    let (one, _two) = (bench.fill("a", 1), bench.fill("a", 2));
    let (a, _b) = (bench.wait("a"), bench.wait("b"));
    one.close(CloseReason::Fault);
    match granted(a) {
        Ok(Grant::Place(place)) => assert!(!place.has_rivals()),
        other => panic!("{:?}", other),
    }
}

#[test]
fn ok_who_wants_a_place_overtakes_nobody() {
    let mut bench = Bench::new(PoolConfig::default().max_total(1));
    let (a, b) = (bench.fill("a", 1), bench.wait("b"));
    let alone = match bench.pool.reserve(&"a") {
        Checkout::Full(waiting) => waiting,
        other => panic!("{:?}", other),
    };
    bench.give_back(a, 0, None);
    assert!(matches!(granted(b), Ok(Grant::Place(_))));
    assert!(matches!(granted(alone), Ok(Grant::Place(_))));
}

#[test]
fn ok_who_wants_a_place_of_a_full_key_gets_that_of_an_idle_value() {
    let mut bench = Bench::new(PoolConfig::default().max_per_origin(1));
    bench.put("a", 1, 0);
    match bench.pool.reserve(&"a") {
        Checkout::Overdue(value, CloseReason::Evicted) => value.close(CloseReason::Evicted),
        other => panic!("{:?}", other),
    }
    assert!(matches!(bench.pool.reserve(&"a"), Checkout::Vacant(_)));
}

#[test]
fn ok_what_may_not_be_idle_may_be_handed_over() {
    let mut bench =
        Bench::new(PoolConfig::default().max_per_origin(1).idle_timeout(Duration::ZERO));
    let a = bench.fill("a", 1);
    let waiting = bench.wait("a");
    bench.give_back(a, 0, None);
    match granted(waiting) {
        Ok(Grant::Value(value)) => bench.give_back(value, 0, None),
        other => panic!("{:?}", other),
    }
    assert_eq!(bench.discarded, [(1, CloseReason::IdleTimeout)]);
}

#[test]
fn ok_a_place_is_not_for_one_who_expects_a_value() {
    let mut bench = Bench::new(PoolConfig::default().max_per_origin(1));
    let a = bench.fill("a", 1);
    let (expecting, waiting) = (bench.pool.expect(&"a"), bench.wait("a"));
    a.close(CloseReason::Fault);
    let place = match granted(waiting) {
        Ok(Grant::Place(place)) => place,
        other => panic!("{:?}", other),
    };
    assert!(expecting.expectation().fulfil(place.fill(2, bench.start), bench.start).is_empty());
    assert!(matches!(granted(expecting), Ok(Grant::Value(value)) if *value == 2));
}

#[test]
fn err_who_leaves_the_queue_gets_nothing_and_loses_nothing() {
    let mut bench = Bench::new(PoolConfig::default().max_per_origin(1));
    let a = bench.fill("a", 1);
    let (gone, second) = (bench.wait("a"), bench.wait("a"));
    assert_eq!(granted(gone).unwrap_err(), std::io::ErrorKind::TimedOut);
    let token = CancelToken::new();
    token.cancel();
    let cancelled = bench.wait("a").wait(Deadline::NEVER, Some(&token));
    assert_eq!(cancelled.unwrap_err().to_string(), "cancelled");
    assert_eq!(bench.pool.stats().waiting, 1);
    bench.give_back(a, 0, None);
    assert!(matches!(granted(second), Ok(Grant::Value(value)) if *value == 1));
}

#[test]
fn err_a_closed_pool_sends_everyone_away() {
    let mut bench = Bench::new(PoolConfig::default().max_per_origin(1));
    let a = bench.fill("a", 1);
    let waiting = bench.wait("a");
    bench.pool.close();
    assert!(matches!(granted(waiting), Ok(Grant::Closed)));
    assert!(matches!(bench.ask("a", 0), Checkout::Closed));
    bench.give_back(a, 0, None);
    assert_eq!(bench.discarded, [(1, CloseReason::Shutdown)]);
}

/// Threads that take, keep for a moment, and give back, close, or give up waiting.
#[test]
fn ok_the_bounds_hold_and_nobody_starves_under_many_threads() {
    const KEYS: [&str; 3] = ["a", "b", "c"];
    let pool = Pool::new(PoolConfig::default().max_per_origin(3).max_total(5).max_idle(2));
    let in_use = [AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0)];
    thread::scope(|scope| {
        for thread in 0..40_usize {
            let (pool, in_use) = (&pool, &in_use);
            scope.spawn(move || {
                for round in 0..200 {
                    let at = (thread + round) % KEYS.len();
                    let value = obtain(pool, KEYS[at]);
                    let here = in_use[at].fetch_add(1, Ordering::SeqCst) + 1;
                    let all: usize = in_use.iter().map(|count| count.load(Ordering::SeqCst)).sum();
                    assert!(here <= 3 && all <= 5, "{} of {}", here, all);
                    thread::yield_now();
                    in_use[at].fetch_sub(1, Ordering::SeqCst);
                    match (thread * 7 + round) % 5 {
                        0 => value.close(CloseReason::Fault),
                        1 => drop(value),
                        _ => drop(value.give_back(Instant::now(), None, Instant::now())),
                    }
                }
            });
        }
    });
    let stats = pool.stats();
    assert_eq!((stats.active, stats.waiting), (0, 0));
    assert!(stats.idle <= 2);
}

fn obtain(pool: &Arc<Pool<&'static str, u32>>, key: &'static str) -> Taken {
    loop {
        match pool.checkout(&key, Instant::now(), Sharing::Unexpected) {
            Checkout::Idle(value, _) => return value,
            Checkout::Vacant(place) => return place.fill(0, Instant::now()),
            Checkout::Overdue(value, reason) => value.close(reason),
            Checkout::Shared(_) | Checkout::Closed => panic!("shared or closed"),
            Checkout::Full(waiting) => match waiting.wait(Deadline::NEVER, None) {
                Ok(Grant::Value(value)) => return value,
                Ok(Grant::Place(place)) => return place.fill(0, Instant::now()),
                other => panic!("{:?}", other),
            },
        }
    }
}
