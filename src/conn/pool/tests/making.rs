//! Who waits for what another makes, and who gets it.

use super::shared::{granted, one_per_key, placed, shared, unbounded, Bench};
use super::*;

#[test]
fn ok_who_expects_to_share_waits_for_what_another_makes() {
    let bench = Bench::new(unbounded());
    let place = match bench.ask("a", 0) {
        Checkout::Vacant(place) => place,
        other => panic!("{:?}", other),
    };
    let waiting: Vec<_> = (0..31).map(|_| bench.wait("a")).collect();
    assert!(matches!(bench.ask("b", 0), Checkout::Vacant(_)), "another key is another matter");
    let first = place.fill(bench.value(1, 100), bench.start);
    let shares: Vec<_> = waiting.into_iter().map(shared).collect();
    assert_eq!(bench.counts(), (1, 0, 0));
    drop(first);
    assert!(shares.into_iter().all(|share| bench.give_back(share, 0).is_empty()));
    assert_eq!(bench.counts(), (0, 1, 0));
}

#[test]
fn ok_who_does_not_expect_to_share_makes_its_own() {
    let bench = Bench::new(unbounded());
    let (_one, _two) = (bench.place("a"), bench.place("a"));
    assert_eq!(bench.counts(), (2, 0, 0));
}

#[test]
fn ok_those_for_whom_there_is_no_room_make_another_one_at_a_time() {
    let bench = Bench::new(unbounded());
    let place = bench.place("a");
    let waiting: Vec<_> = (0..6).map(|_| bench.wait("a")).collect();
    let mut waiting = waiting.into_iter();
    let mut next = || waiting.next().expect("six wait");
    let _one = place.fill(bench.value(1, 3), bench.start);
    let _shares = [shared(next()), shared(next())];
    let second = placed(next());
    assert_eq!(bench.counts(), (2, 0, 3));
    let _two = second.fill(bench.value(2, 2), bench.start);
    let more = shared(next());
    assert_eq!(more.0.number, 2);
    let third = placed(next());
    assert_eq!(bench.counts(), (3, 0, 1));
    drop(third);
    drop(placed(next()));
    assert_eq!(bench.counts(), (2, 0, 0));
}

#[test]
fn ok_what_turns_out_not_to_be_shared_lets_all_go_their_own_way() {
    for (config, places) in [(unbounded(), 3), (unbounded().max_per_origin(3), 2)] {
        let bench = Bench::new(config);
        let place = bench.place("a");
        let waiting = [bench.wait("a"), bench.wait("a"), bench.wait("a")];
        let plain = place.fill(bench.plain(1), bench.start);
        assert!(!plain.is_share());
        assert_eq!(bench.counts(), (1 + places, 0, 3 - places));
        let mut held = Vec::new();
        for waiting in waiting.into_iter().take(places) {
            held.push(placed(waiting));
        }
        assert!(bench.give_back(plain, 0).is_empty());
    }
}

#[test]
fn ok_if_nothing_is_made_those_who_hoped_for_it_try_themselves() {
    let bench = Bench::new(unbounded());
    let place = bench.place("a");
    let (first, second) = (bench.wait("a"), bench.wait("a"));
    drop(place);
    drop((placed(first), placed(second)));
    assert_eq!(bench.counts(), (0, 0, 0));
    // While there is something else to hope for, they do not.
    let (one, two) = (bench.place("a"), bench.place("a"));
    let waiting = bench.wait("a");
    drop(one);
    assert_eq!(bench.counts(), (1, 0, 1));
    let _two = two.fill(bench.value(1, 2), bench.start);
    assert_eq!(shared(waiting).0.number, 1);
}

#[test]
fn ok_who_hoped_in_vain_has_an_idle_value_of_another_key_make_room() {
    let bench = Bench::new(unbounded().max_total(2));
    let place = bench.place("a");
    let other = bench.fill("b", 7, 1);
    let waiting = bench.wait("a");
    // It waits for what is made, and not for this place.
    assert!(bench.give_back(other, 0).is_empty());
    assert_eq!(bench.counts(), (1, 1, 1));
    let _plain = place.fill(bench.plain(1), bench.start);
    match granted(waiting) {
        Ok(Grant::Overdue(value, CloseReason::Evicted)) => assert_eq!(value.0.number, 7),
        other => panic!("{:?}", other),
    }
    assert!(matches!(bench.ask("a", 0), Checkout::Vacant(_)));
}

#[test]
fn ok_who_vacates_the_only_share_keeps_the_place() {
    let bench = Bench::new(one_per_key());
    let left = bench.fill("a", 1, 9).vacate(CloseReason::Fault);
    assert!(left.is_first);
    let waiting = bench.wait("a");
    let again = left.place.expect("nobody else has a share").fill(bench.value(2, 9), bench.start);
    assert_eq!(shared(waiting).0.number, 2);
    assert_eq!(bench.pool.stats().closed(CloseReason::Fault), 1);
    drop(again);
    let plain = Bench::new(one_per_key());
    let left = plain.place("a").fill(plain.plain(1), plain.start).vacate(CloseReason::Fault);
    assert!(left.is_first && left.place.is_some());
}

#[test]
fn ok_what_is_made_for_one_who_expects_it_is_for_all_who_wait() {
    let bench = Bench::new(unbounded());
    let place = bench.place("a");
    let (hoping, expecting) = (bench.wait("a"), bench.pool.expect(&"a"));
    let expectation = expecting.expectation();
    let made = place.fill(bench.value(1, 9), bench.start);
    assert!(expectation.fulfil(made, bench.start).is_empty());
    let shares = (shared(hoping), shared(expecting));
    assert_eq!(bench.counts(), (1, 0, 0));
    drop(shares);
    assert_eq!(bench.counts(), (0, 1, 0));
}

#[test]
fn ok_of_what_has_room_for_one_the_other_makes_its_own() {
    let bench = Bench::new(unbounded());
    let place = bench.place("a");
    let (hoping, expecting) = (bench.wait("a"), bench.pool.expect(&"a"));
    let expectation = expecting.expectation();
    let made = place.fill(bench.value(1, 1), bench.start);
    let place = placed(hoping);
    assert!(expectation.fulfil(made, bench.start).is_empty());
    assert_eq!(shared(expecting).0.number, 1);
    drop(place);
}

#[test]
fn ok_who_waits_longer_takes_what_was_made_for_another() {
    let bench = Bench::new(one_per_key());
    let place = bench.place("a");
    let (hoping, expecting) = (bench.wait("a"), bench.pool.expect(&"a"));
    let expectation = expecting.expectation();
    let made = place.fill(bench.value(1, 1), bench.start);
    assert!(expectation.fulfil(made, bench.start).is_empty());
    drop(shared(hoping));
    assert_eq!(shared(expecting).0.number, 1);
}

#[test]
fn err_what_has_no_room_at_all_is_closed() {
    let bench = Bench::new(one_per_key());
    // From the beginning: it is lent to its maker, who will find out.
    let place = bench.place("a");
    let waiting = bench.wait("a");
    let whole = place.fill(bench.value(1, 0), bench.start);
    assert!(!whole.is_share());
    assert_eq!(bench.give_back(whole, 0), [(1, CloseReason::ClosedWhileIdle)]);
    // When its last share comes back, and someone waits for it.
    let share = placed(waiting).fill(bench.value(2, 1), bench.start);
    let waiting = bench.wait("a");
    share.0.set_room(0);
    assert_eq!(bench.give_back(share, 0), [(2, CloseReason::ClosedWhileIdle)]);
    // While it is idle.
    let share = placed(waiting).fill(bench.value(3, 1), bench.start);
    let thing = Arc::clone(&share.0);
    assert!(bench.give_back(share, 0).is_empty());
    thing.set_room(0);
    match bench.ask("a", 0) {
        Checkout::Overdue(value, reason) => value.close(reason),
        other => panic!("{:?}", other),
    }
    assert_eq!(bench.pool.stats().closed(CloseReason::ClosedWhileIdle), 3);
    assert_eq!(bench.counts(), (0, 0, 0));
}

#[test]
fn ok_if_what_was_made_is_retired_at_once_who_expected_it_gets_a_place() {
    let bench = Bench::new(unbounded());
    let place = bench.place("a");
    let expecting = bench.pool.expect(&"a");
    let expectation = expecting.expectation();
    let made = place.fill(bench.value(1, 1), bench.start);
    made.0.set_room(2);
    let other = bench.share("a");
    other.retire(CloseReason::Fault);
    for (value, reason) in expectation.fulfil(made, bench.start) {
        assert!(value.vacate(reason).place.is_none());
    }
    drop(placed(expecting));
    drop(other);
    assert_eq!(bench.counts(), (0, 0, 0));
}

#[test]
fn ok_of_two_places_that_become_free_those_who_expect_to_share_use_one() {
    let bench = Bench::new(unbounded().max_per_origin(2));
    let (one, two) = (bench.fill("a", 1, 1), bench.fill("a", 2, 1));
    let (first, second) = (bench.wait("a"), bench.wait("a"));
    one.close(CloseReason::Fault);
    two.close(CloseReason::Fault);
    assert_eq!(bench.counts(), (1, 0, 1));
    let _made = placed(first).fill(bench.value(3, 2), bench.start);
    assert_eq!(shared(second).0.number, 3);
}
