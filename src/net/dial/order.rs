//! The order in which addresses are tried (RFC 8305 §4), and what was learnt about them before.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The addresses by turns from each family, beginning with the family of the first; each once.
pub(super) fn interleave(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let starts_with_v6 = addresses.first().map_or(false, SocketAddr::is_ipv6);
    let of_family = |first: bool| {
        let wanted = move |address: &&SocketAddr| (address.is_ipv6() == starts_with_v6) == first;
        addresses.iter().filter(wanted).copied()
    };
    let (mut first, mut second) = (of_family(true), of_family(false));
    let mut order = Vec::with_capacity(addresses.len());
    loop {
        let pair = [first.next(), second.next()];
        if pair == [None, None] {
            return order;
        }
        for address in pair.iter().flatten() {
            if !order.contains(address) {
                order.push(*address);
            }
        }
    }
}

/// Addresses that failed to answer a short while ago, or were outrun by a later one.
#[derive(Debug, Default)]
pub(super) struct Failures(Vec<(SocketAddr, Instant)>);

impl Failures {
    /// Puts those that failed behind the others; their order among themselves stays.
    pub(super) fn postpone(&mut self, order: &mut Vec<SocketAddr>, now: Instant) {
        self.0.retain(|(_, at)| now.saturating_duration_since(*at) < REMEMBERED_FOR);
        let mut failed = Vec::new();
        order.retain(|address| {
            let has_failed = self.contains(address);
            if has_failed {
                failed.push(*address);
            }
            !has_failed
        });
        order.append(&mut failed);
    }

    pub(super) fn record(&mut self, address: SocketAddr, now: Instant) {
        self.forget(address);
        if self.0.len() == MOST_REMEMBERED {
            self.0.remove(0);
        }
        self.0.push((address, now));
    }

    pub(super) fn forget(&mut self, address: SocketAddr) {
        self.0.retain(|(known, _)| *known != address);
    }

    fn contains(&self, address: &SocketAddr) -> bool {
        self.0.iter().any(|(known, _)| known == address)
    }
}

/// Long enough to spare a page of objects the wait, short enough that a host which is up again is
/// noticed.
const REMEMBERED_FOR: Duration = Duration::from_secs(60);

/// A client talks to few hosts that are down; the list is searched from end to end.
const MOST_REMEMBERED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &str) -> Vec<SocketAddr> {
        let address = |part: &str| match part.split_at(1) {
            ("a", n) => ([192, 0, 2, n.parse().unwrap()], 80).into(),
            (_, n) => ([0x2001, 0xdb8, 0, 0, 0, 0, 0, n.parse().unwrap()], 80).into(),
        };
        text.split_whitespace().map(address).collect()
    }

    #[test]
    fn ok_families_take_turns() {
        for (found, order) in [
            ("", ""),
            ("a1", "a1"),
            ("a1 a2 a3", "a1 a2 a3"),
            ("b1 b2 a1 a2", "b1 a1 b2 a2"),
            ("a1 b1 b2 b3", "a1 b1 b2 b3"),
            ("b1 b2 b3 a1", "b1 a1 b2 b3"),
            ("a1 a1 b1 a1 a2", "a1 b1 a2"),
        ] {
            assert_eq!(interleave(&addresses(found)), addresses(order), "{}", found);
        }
    }

    #[test]
    fn ok_failed_addresses_go_last_until_they_answer_or_a_minute_has_passed() {
        let all = addresses("b1 a1 b2 a2");
        let start = Instant::now();
        let mut failures = Failures::default();
        let order_at = |failures: &mut Failures, seconds| {
            let mut order = all.clone();
            failures.postpone(&mut order, start + Duration::from_secs(seconds));
            order
        };
        failures.record(all[0], start);
        failures.record(all[1], start + Duration::from_secs(30));
        assert_eq!(order_at(&mut failures, 59), addresses("b2 a2 b1 a1"));
        assert_eq!(order_at(&mut failures, 60), addresses("b1 b2 a2 a1"));
        failures.forget(all[1]);
        assert_eq!(order_at(&mut failures, 60), all);
    }

    #[test]
    fn ok_the_memory_is_bounded_and_the_oldest_goes_first() {
        let now = Instant::now();
        let mut failures = Failures::default();
        for port in 0..1000 {
            failures.record(([192, 0, 2, 1], port).into(), now);
        }
        assert_eq!(failures.0.len(), MOST_REMEMBERED);
        assert!(failures.contains(&([192, 0, 2, 1], 999).into()));
        assert!(!failures.contains(&([192, 0, 2, 1], 0).into()));
    }
}
