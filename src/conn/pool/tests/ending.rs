//! How what is shared comes to its end while it is in use.

use super::shared::{granted, one_per_key, placed, unbounded, Bench};
use super::*;

#[test]
fn ok_what_is_retired_is_lent_no_more_and_leaves_its_place_with_the_last_share() {
    let bench = Bench::new(one_per_key());
    let (one, two) = (bench.fill("a", 1, 9), bench.share("a"));
    let three = bench.share("a");
    let handles = || Arc::strong_count(&two.0) - 1;
    assert_eq!(handles(), 3);
    assert!(one.retire(CloseReason::RequestedByServer));
    assert!(!two.retire(CloseReason::Fault), "it was said before");
    assert_eq!(handles(), 2, "the pool's own is gone");
    let waiting = bench.wait("a");
    one.close(CloseReason::Fault);
    let left = three.vacate(CloseReason::Fault);
    assert!(left.place.is_none() && !left.is_first);
    assert_eq!(bench.counts(), (1, 0, 1));
    assert_eq!(bench.give_back(two, 0), [(1, CloseReason::RequestedByServer)]);
    drop(placed(waiting));
    let stats = bench.pool.stats();
    assert_eq!(stats.closed(CloseReason::RequestedByServer), 1);
    assert_eq!(stats.closed(CloseReason::Fault), 0);
    assert_eq!(bench.counts(), (0, 0, 0));
}

#[test]
fn ok_what_is_retired_does_not_keep_others_from_being_made() {
    let bench = Bench::new(unbounded());
    let one = bench.fill("a", 1, 9);
    one.retire(CloseReason::RequestedByServer);
    let two = bench.fill("a", 2, 9);
    assert_eq!(bench.counts(), (2, 0, 0));
    drop(one);
    assert_eq!((bench.counts(), bench.share("a").0.number), ((1, 0, 0), 2));
    drop(two);
}

#[test]
fn ok_what_is_too_old_is_lent_no_more_though_it_is_in_use() {
    let bench = Bench::new(unbounded().max_age(Duration::from_secs(10)));
    let share = bench.fill("a", 1, 9);
    assert!(matches!(bench.ask("a", 9), Checkout::Shared(_)));
    assert!(bench.pool.try_share(&"a", bench.at(10)).is_none());
    match bench.ask("a", 10) {
        Checkout::Overdue(handle, CloseReason::MaxAge) => {
            let left = handle.vacate(CloseReason::MaxAge);
            assert!(left.is_first && left.place.is_none());
        }
        other => panic!("{:?}", other),
    }
    assert!(matches!(bench.ask("a", 10), Checkout::Vacant(_)));
    assert_eq!(bench.give_back(share, 11), [(1, CloseReason::MaxAge)]);
    assert_eq!(bench.pool.stats().closed(CloseReason::MaxAge), 1);
    // The last share of one that nobody asked for meanwhile.
    let share = bench.fill("a", 2, 9);
    assert_eq!(bench.give_back(share, 10), [(2, CloseReason::MaxAge)]);
    assert_eq!(bench.counts(), (0, 0, 0));
}

#[test]
fn ok_a_closed_pool_retires_what_is_shared() {
    let bench = Bench::new(one_per_key());
    let (one, two) = (bench.fill("a", 1, 2), bench.share("a"));
    let making = bench.place("b");
    let waiting = bench.wait("a");
    for handle in bench.pool.close() {
        assert!(handle.vacate(CloseReason::Shutdown).is_first);
    }
    assert!(matches!(granted(waiting), Ok(Grant::Closed)));
    assert!(matches!(bench.ask("a", 0), Checkout::Closed));
    assert!(bench.pool.try_share(&"a", bench.start).is_none());
    assert_eq!(Arc::strong_count(&one.0), 2, "those who use it go on");
    drop(one);
    assert_eq!(bench.give_back(two, 0), [(1, CloseReason::Shutdown)]);
    let late = making.fill(bench.value(2, 2), bench.start);
    assert!(!late.is_share());
    assert_eq!(bench.give_back(late, 0), [(2, CloseReason::Shutdown)]);
    assert_eq!(bench.counts(), (0, 0, 0));
    assert_eq!(bench.pool.stats().closed(CloseReason::Shutdown), 2);
}

#[test]
fn ok_what_is_in_use_is_not_drained() {
    let bench = Bench::new(unbounded());
    let share = bench.fill("a", 1, 2);
    assert!(bench.pool.drain().is_empty());
    assert!(bench.give_back(share, 0).is_empty());
    assert_eq!(bench.pool.drain().len(), 1);
    assert_eq!(bench.counts(), (0, 0, 0));
}

#[test]
fn ok_what_outlives_the_value_keeps_its_share() {
    let bench = Bench::new(unbounded());
    let (value, claim) = bench.fill("a", 1, 1).into_parts();
    drop(value);
    assert!(matches!(bench.ask("a", 0), Checkout::Vacant(_)));
    drop(claim);
    assert_eq!(bench.counts(), (0, 1, 0));
}

#[test]
fn ok_counting_a_share_as_closed_counts_nothing() {
    let bench = Bench::new(unbounded());
    bench.fill("a", 1, 1).count_closed(CloseReason::Upgraded);
    assert_eq!(bench.pool.stats().closed(CloseReason::Upgraded), 0);
}
