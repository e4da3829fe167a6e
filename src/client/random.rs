//! Numbers that nobody else can guess, without a package for them.
//!
//! std seeds its hash tables from the system's source of random numbers, since whoever could guess the
//! seed could flood a table. The seed itself is not handed out, but a hash under it is (SipHash, a
//! keyed function that gives nothing of its key away): two of them are 128 bits.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// A number that is new each time.
pub(super) fn unguessable() -> u128 {
    let keyed = RandomState::new();
    let half = |label: u8| {
        let mut hasher = keyed.build_hasher();
        hasher.write_u8(label);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_no_number_comes_twice_and_every_bit_changes() {
        let numbers = (0..1000).map(|_| unguessable()).collect::<std::collections::HashSet<_>>();
        assert_eq!(numbers.len(), 1000);
        let (ever, always) =
            numbers.iter().fold((0, u128::MAX), |(ever, always), n| (ever | n, always & n));
        assert_eq!((ever, always), (u128::MAX, 0));
    }
}
