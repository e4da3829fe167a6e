//! Values that are lent several times at once.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Weak;
use std::time::Duration;

use super::*;

pub(super) type Pool = super::Pool<&'static str, Handle>;
pub(super) type Taken = Lent<&'static str, Handle>;
pub(super) type Waits = Waiting<&'static str, Handle>;
pub(super) type Asked = Checkout<&'static str, Handle>;
pub(super) type Granted = Grant<&'static str, Handle>;
pub(super) type Held = super::Place<&'static str, Handle>;

/// One of several handles on a thing.
#[derive(Debug)]
pub(super) struct Handle(pub(super) Arc<Thing>);

/// What has room for so many shares; none is not shared at all.
#[derive(Debug)]
pub(super) struct Thing {
    pub(super) number: u32,
    room: Option<AtomicUsize>,
    /// In whose lock no handle may be dropped, as long as no other thread locks it.
    pool: Weak<Pool>,
}

impl Thing {
    pub(super) fn set_room(&self, room: usize) {
        self.room.as_ref().expect("it is shared").store(room, Ordering::SeqCst);
    }
}

impl Value for Handle {
    type ShareId = u64;

    fn share_id(&self, number: u64) -> Option<u64> {
        self.0.room.as_ref().map(|_| number)
    }

    fn share(&self, lent: usize) -> Option<Handle> {
        let room = self.0.room.as_ref()?.load(Ordering::SeqCst);
        (lent < room).then(|| Handle(Arc::clone(&self.0)))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(pool) = self.0.pool.upgrade() {
            assert!(pool.state.try_lock().is_ok(), "{} is dropped under the lock", self.0.number);
        }
    }
}

pub(super) struct Bench {
    pub(super) pool: Arc<Pool>,
    pub(super) start: Instant,
}

impl Bench {
    pub(super) fn new(config: PoolConfig) -> Bench {
        Bench { pool: Pool::new(config), start: Instant::now() }
    }

    /// A value with room for so many.
    pub(super) fn value(&self, number: u32, room: usize) -> Handle {
        let pool = Arc::downgrade(&self.pool);
        Handle(Arc::new(Thing { number, room: Some(AtomicUsize::new(room)), pool }))
    }

    /// A value that is not shared.
    pub(super) fn plain(&self, number: u32) -> Handle {
        Handle(Arc::new(Thing { number, room: None, pool: Arc::downgrade(&self.pool) }))
    }

    pub(super) fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    pub(super) fn ask(&self, key: &'static str, at: u64) -> Asked {
        self.pool.checkout(&key, self.at(at), Sharing::Expected)
    }

    pub(super) fn place(&self, key: &'static str) -> Held {
        match self.pool.checkout(&key, self.start, Sharing::Unexpected) {
            Checkout::Vacant(place) => place,
            other => panic!("{:?}", other),
        }
    }

    /// The first share of a new value.
    pub(super) fn fill(&self, key: &'static str, number: u32, room: usize) -> Taken {
        self.place(key).fill(self.value(number, room), self.start)
    }

    pub(super) fn share(&self, key: &'static str) -> Taken {
        match self.ask(key, 0) {
            Checkout::Shared(share) => share,
            other => panic!("{:?}", other),
        }
    }

    pub(super) fn wait(&self, key: &'static str) -> Waits {
        match self.ask(key, 0) {
            Checkout::Full(waiting) => waiting,
            other => panic!("{:?}", other),
        }
    }

    /// Gives back, and says what must be closed for that.
    pub(super) fn give_back(&self, share: Taken, at: u64) -> Vec<(u32, CloseReason)> {
        let mut discarded = Vec::new();
        for (value, reason) in share.give_back(self.start, None, self.at(at)) {
            discarded.push((value.0.number, reason));
            value.close(reason);
        }
        discarded
    }

    /// How many are active and idle, and how many wait.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let stats = self.pool.stats();
        (stats.active, stats.idle, stats.waiting)
    }
}

/// What a waiter has got by now.
pub(super) fn granted(waiting: Waits) -> Result<Granted, io::ErrorKind> {
    let now = Deadline::after(Instant::now(), Duration::ZERO);
    waiting.wait(now, None).map_err(|error| error.kind())
}

pub(super) fn shared(waiting: Waits) -> Taken {
    match granted(waiting) {
        Ok(Grant::Shared(share)) => share,
        other => panic!("{:?}", other),
    }
}

pub(super) fn placed(waiting: Waits) -> Held {
    match granted(waiting) {
        Ok(Grant::Place(place)) => place,
        other => panic!("{:?}", other),
    }
}

pub(super) fn has_nothing(waiting: Waits) -> bool {
    matches!(granted(waiting), Err(io::ErrorKind::TimedOut))
}

pub(super) fn unbounded() -> PoolConfig {
    PoolConfig::default()
}

pub(super) fn one_per_key() -> PoolConfig {
    PoolConfig::default().max_per_origin(1)
}

#[test]
fn ok_a_value_in_use_is_lent_again_while_it_has_room() {
    let bench = Bench::new(unbounded());
    let first = bench.fill("a", 1, 2);
    let second = bench.share("a");
    assert!(first.is_share() && second.is_share());
    assert_eq!((first.0.number, second.0.number), (1, 1));
    assert_eq!(bench.counts(), (1, 0, 0), "connections are counted, not shares");
    assert!(matches!(bench.ask("a", 0), Checkout::Vacant(_)));
    assert!(matches!(bench.ask("b", 0), Checkout::Vacant(_)));
    assert!(bench.give_back(first, 0).is_empty());
    assert_eq!(bench.share("a").0.number, 1);
}

#[test]
fn ok_the_newest_that_has_room_is_shared_first() {
    let bench = Bench::new(unbounded());
    let one = bench.place("a");
    let two = bench.place("a");
    let _first = one.fill(bench.value(1, 3), bench.start);
    let _second = two.fill(bench.value(2, 2), bench.start);
    let shares = [bench.share("a"), bench.share("a"), bench.share("a")];
    assert_eq!(shares.map(|share| share.0.number), [2, 1, 1]);
}

#[test]
fn ok_the_last_share_that_comes_back_leaves_an_idle_value() {
    let bench = Bench::new(unbounded().idle_timeout(Duration::from_secs(60)));
    let (first, second) = (bench.fill("a", 1, 9), bench.share("a"));
    assert!(bench.give_back(first, 5).is_empty());
    assert_eq!(bench.counts(), (1, 0, 0));
    assert!(bench.give_back(second, 6).is_empty());
    assert_eq!(bench.counts(), (0, 1, 0));
    let again = match bench.ask("a", 65) {
        Checkout::Idle(share, since) if since == bench.at(6) && share.is_share() => share,
        other => panic!("{:?}", other),
    };
    assert_eq!(bench.share("a").0.number, 1);
    assert!(bench.give_back(again, 70).is_empty());
    match bench.ask("a", 130) {
        Checkout::Overdue(value, CloseReason::IdleTimeout) => drop(value),
        other => panic!("{:?}", other),
    };
    assert_eq!(bench.counts(), (0, 0, 0));
}

#[test]
fn ok_an_advertised_timeout_counts_for_what_is_shared_too() {
    let bench = Bench::new(unbounded());
    let share = bench.fill("a", 1, 9);
    assert!(share.give_back(bench.start, Some(Duration::from_secs(5)), bench.start).is_empty());
    assert!(matches!(bench.ask("a", 4), Checkout::Overdue(_, CloseReason::IdleTimeout)));
}

#[test]
fn ok_the_bounds_on_idle_ones_evict_what_was_shared() {
    let bench = Bench::new(unbounded().max_idle_per_origin(1));
    let share = bench.fill("a", 1, 1);
    let plain = bench.place("a").fill(bench.plain(2), bench.start);
    assert!(bench.give_back(share, 0).is_empty());
    assert_eq!(bench.give_back(plain, 1), [(1, CloseReason::Evicted)]);
    let kept_by_none = Bench::new(unbounded().max_idle(0));
    let share = kept_by_none.fill("a", 1, 1);
    assert_eq!(kept_by_none.give_back(share, 0), [(1, CloseReason::Evicted)]);
    assert_eq!(kept_by_none.counts(), (0, 0, 0));
}

#[test]
fn ok_a_share_that_comes_back_goes_to_the_oldest_who_waits_for_it() {
    type End = fn(&Bench, Taken);
    let ends: [End; 2] =
        [|bench, share| assert!(bench.give_back(share, 0).is_empty()), |_, share| drop(share)];
    for end in ends {
        let bench = Bench::new(one_per_key());
        let (one, two) = (bench.fill("a", 1, 2), bench.share("a"));
        let (first, second, third) = (bench.wait("a"), bench.wait("a"), bench.wait("a"));
        end(&bench, one);
        assert_eq!(bench.counts(), (1, 0, 2));
        let one = shared(first);
        end(&bench, two);
        let two = shared(second);
        end(&bench, one);
        end(&bench, two);
        assert_eq!(bench.counts(), (1, 0, 0), "the third has it");
        end(&bench, shared(third));
        assert_eq!(bench.counts(), (0, 1, 0));
    }
}

#[test]
fn ok_the_last_share_goes_to_the_oldest_and_to_more_of_them() {
    let bench = Bench::new(one_per_key());
    let value = bench.value(1, 1);
    let thing = Arc::clone(&value.0);
    let share = bench.place("a").fill(value, bench.start);
    let waiting = [bench.wait("a"), bench.wait("a"), bench.wait("a")];
    thing.set_room(2);
    assert!(bench.give_back(share, 0).is_empty());
    assert_eq!(bench.counts(), (1, 0, 1));
    let [first, second, third] = waiting;
    let _shares = (shared(first), shared(second));
    assert!(has_nothing(third));
}

#[test]
fn ok_under_the_bound_on_all_what_becomes_idle_makes_room_for_an_older_waiter_of_another_key() {
    let bench = Bench::new(unbounded().max_total(1));
    let (one, two) = (bench.fill("a", 1, 2), bench.share("a"));
    let (other, same) = (bench.wait("b"), bench.wait("a"));
    assert!(bench.give_back(one, 0).is_empty());
    // As long as it is in use, those of its own key have it.
    let one = shared(same);
    drop(two);
    assert_eq!(bench.counts(), (1, 0, 1));
    assert_eq!(bench.give_back(one, 0), [(1, CloseReason::Evicted)]);
    drop(placed(other));
}

#[test]
fn ok_a_further_share_is_had_without_waiting_or_not_at_all() {
    let bench = Bench::new(unbounded());
    let further = || bench.pool.try_share(&"a", bench.start);
    assert!(further().is_none());
    let share = bench.fill("a", 1, 2);
    let second = further().expect("there is room for one more");
    assert!(further().is_none());
    drop((share, second));
    assert!(further().is_none(), "it is idle, and was not looked at");
    assert_eq!(bench.counts(), (0, 1, 0));
}

#[test]
fn ok_room_that_grows_by_itself_serves_who_waits() {
    let bench = Bench::new(one_per_key());
    let share = bench.fill("a", 1, 1);
    let (first, second, other) = (bench.wait("a"), bench.wait("a"), bench.fill("b", 2, 1));
    share.0.set_room(2);
    bench.pool.room_changed(&"b");
    assert_eq!(bench.counts(), (2, 0, 2));
    bench.pool.room_changed(&"a");
    let more = shared(first);
    // What has less room than before lends less.
    share.0.set_room(1);
    drop((more, other));
    assert!(has_nothing(second));
}

#[test]
fn ok_who_wants_a_place_gets_no_share() {
    let bench = Bench::new(one_per_key());
    let (one, two) = (bench.fill("a", 1, 9), bench.share("a"));
    let alone = match bench.pool.reserve(&"a") {
        Checkout::Full(waiting) => waiting,
        other => panic!("{:?}", other),
    };
    assert!(bench.give_back(one, 0).is_empty());
    assert_eq!(bench.counts(), (1, 0, 1));
    assert_eq!(bench.give_back(two, 0), [(1, CloseReason::Evicted)]);
    drop(placed(alone));
}

#[test]
fn err_who_leaves_the_queue_leaves_its_share_to_the_next() {
    let bench = Bench::new(one_per_key());
    let share = bench.fill("a", 1, 1);
    let (gone, next) = (bench.wait("a"), bench.wait("a"));
    assert!(has_nothing(gone));
    drop(share);
    let last = bench.wait("a");
    // What was granted and not taken goes on too.
    drop(next);
    assert_eq!(bench.counts(), (1, 0, 0));
    drop(last);
    assert_eq!(bench.counts(), (0, 1, 0));
}
