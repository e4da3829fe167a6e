//! The cache of idle connections: newest first, checked by age, bounded.
//!
//! Generic over what it keeps and by what key, so that it is tested with integers. It never touches
//! a connection: whatever must be closed is handed back, so that no system call is made under its
//! lock. Newest first, because the connection used last is the least likely to have been closed and
//! the others may then grow old and go.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::proto::CloseReason;

/// How many idle connections are kept, and for how long.
///
/// ```
/// use std::time::Duration;
/// use pannier::PoolConfig;
/// let config = PoolConfig::default().max_idle_per_origin(2).idle_timeout(Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    idle_timeout: Duration,
    max_idle_per_origin: usize,
    max_idle: usize,
    max_age: Option<Duration>,
}

impl PoolConfig {
    /// How long a connection may be idle. Default 60 s; a server's `Keep-Alive: timeout` less one
    /// second counts if it is shorter.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> PoolConfig {
        self.idle_timeout = timeout;
        self
    }

    /// How many connections to one origin may be idle. Default 8; 0 keeps none.
    #[must_use]
    pub fn max_idle_per_origin(mut self, count: usize) -> PoolConfig {
        self.max_idle_per_origin = count;
        self
    }

    /// How many connections in all may be idle. Default 100; 0 keeps none.
    #[must_use]
    pub fn max_idle(mut self, count: usize) -> PoolConfig {
        self.max_idle = count;
        self
    }

    /// How old a connection may be to be used again. Default: any age.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> PoolConfig {
        self.max_age = Some(age);
        self
    }
}

impl Default for PoolConfig {
    fn default() -> PoolConfig {
        PoolConfig {
            idle_timeout: Duration::from_secs(60),
            max_idle_per_origin: 8,
            max_idle: 100,
            max_age: None,
        }
    }
}

/// What a pool holds and has done, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Connections that are idle now.
    pub idle: usize,
    /// Connections that were made.
    pub created: u64,
    /// How many times an idle connection was used again.
    pub reused: u64,
    /// How many requests were sent again because a reused connection was dead.
    pub retried: u64,
}

/// Idle values of type `T`, by key.
#[derive(Debug)]
pub struct Pool<K, T> {
    config: PoolConfig,
    /// Guards the entries and the counters. Nothing is locked, and no system call made, inside it.
    state: Mutex<State<K, T>>,
}

#[derive(Debug)]
struct State<K, T> {
    /// Oldest first. A key whose last entry was taken stays, so that its allocation does.
    idle: HashMap<K, Vec<Idle<T>>, BuildHasherDefault<KeyHasher>>,
    count: usize,
    stats: PoolStats,
}

/// A value in the pool.
#[derive(Debug)]
pub struct Idle<T> {
    /// The value.
    pub value: T,
    /// When it was put in.
    pub since: Instant,
    born: Instant,
    expires: Instant,
}

/// A value that must be closed, and why.
pub type Discarded<T> = (T, CloseReason);

impl<K: Hash + Eq + Clone, T> Pool<K, T> {
    /// An empty pool.
    pub fn new(config: PoolConfig) -> Pool<K, T> {
        let state = State { idle: HashMap::default(), count: 0, stats: PoolStats::default() };
        Pool { config, state: Mutex::new(state) }
    }

    /// Takes the newest value of `key` that may still be used. Those that may not are moved to
    /// `discarded`, to be closed by the caller.
    pub fn take(
        &self,
        key: &K,
        now: Instant,
        discarded: &mut Vec<Discarded<T>>,
    ) -> Option<Idle<T>> {
        let mut state = self.lock();
        let entries = state.idle.get_mut(key)?;
        let mut removed = 0;
        let found = loop {
            let entry = match entries.pop() {
                Some(entry) => entry,
                None => break None,
            };
            removed += 1;
            match self.unusable(&entry, now) {
                Some(reason) => discarded.push((entry.value, reason)),
                None => break Some(entry),
            }
        };
        state.count -= removed;
        state.stats.reused += u64::from(found.is_some());
        found
    }

    /// Puts a value in that was made at `born`. `advertised` is for how long its peer has said that
    /// it keeps it. What has to make room is moved to `discarded`.
    pub fn put(
        &self,
        key: K,
        value: T,
        born: Instant,
        advertised: Option<Duration>,
        now: Instant,
        discarded: &mut Vec<Discarded<T>>,
    ) {
        let margin = advertised.map(|timeout| timeout.saturating_sub(Duration::from_secs(1)));
        let timeout =
            margin.map_or(self.config.idle_timeout, |margin| margin.min(self.config.idle_timeout));
        if timeout.is_zero() {
            return discarded.push((value, CloseReason::IdleTimeout));
        }
        if self.config.max_idle == 0 || self.config.max_idle_per_origin == 0 {
            return discarded.push((value, CloseReason::Evicted));
        }
        let expires = now.checked_add(timeout).unwrap_or(now + Duration::from_secs(60));
        let mut state = self.lock();
        state.make_room(&key, &self.config, discarded);
        state.idle.entry(key).or_default().push(Idle { value, since: now, born, expires });
        state.count += 1;
    }

    /// Takes everything out, to be closed.
    pub fn drain(&self) -> Vec<T> {
        let mut state = self.lock();
        state.count = 0;
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        idle.into_values().flatten().map(|entry| entry.value).collect()
    }

    /// Counts a value that was made because there was none to take.
    pub fn count_created(&self) {
        self.lock().stats.created += 1;
    }

    /// Counts a request that was sent again.
    pub fn count_retried(&self) {
        self.lock().stats.retried += 1;
    }

    /// What the pool holds and has done.
    pub fn stats(&self) -> PoolStats {
        let state = self.lock();
        PoolStats { idle: state.count, ..state.stats }
    }

    fn unusable(&self, entry: &Idle<T>, now: Instant) -> Option<CloseReason> {
        let age = now.saturating_duration_since(entry.born);
        match self.config.max_age {
            _ if entry.expires <= now => Some(CloseReason::IdleTimeout),
            Some(limit) if age >= limit => Some(CloseReason::MaxAge),
            _ => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<K, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone, T> State<K, T> {
    /// Discards the oldest of `key`, or of all, so that one more of `key` keeps the bounds.
    fn make_room(&mut self, key: &K, config: &PoolConfig, discarded: &mut Vec<Discarded<T>>) {
        let here = self.idle.get(key).map_or(0, Vec::len);
        if here >= config.max_idle_per_origin {
            self.discard_oldest(&key.clone(), discarded);
        } else if self.count >= config.max_idle {
            let first = |entries: &Vec<Idle<T>>| entries.first().map(|entry| entry.since);
            let oldest = self.idle.iter().filter_map(|(key, entries)| Some((first(entries)?, key)));
            if let Some(key) = oldest.min_by_key(|(since, _)| *since).map(|(_, key)| key.clone()) {
                self.discard_oldest(&key, discarded);
            }
            // A crawler meets keys without end; the empty ones go when the pool is full anyway.
            self.idle.retain(|_, entries| !entries.is_empty());
        } else if self.idle.len() > config.max_idle.saturating_mul(4) {
            self.idle.retain(|_, entries| !entries.is_empty());
        }
    }

    fn discard_oldest(&mut self, key: &K, discarded: &mut Vec<Discarded<T>>) {
        if let Some(entries) = self.idle.get_mut(key).filter(|entries| !entries.is_empty()) {
            discarded.push((entries.remove(0).value, CloseReason::Evicted));
            self.count -= 1;
        }
    }
}

/// A quick hash. Keys come from URLs, so that someone could make them collide; but the number of keys
/// is bounded, and so is what a collision costs.
#[derive(Clone, Copy, Debug, Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..piece.len()].copy_from_slice(piece);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_u16(&mut self, number: u16) {
        self.write_u64(u64::from(number));
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }

    fn write_u64(&mut self, number: u64) {
        // An odd constant with evenly spread bits: the golden ratio's.
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        // Multiplying moves what is known upwards; the table looks at both ends.
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Bench {
        pool: Pool<&'static str, u32>,
        start: Instant,
        discarded: Vec<Discarded<u32>>,
    }

    impl Bench {
        fn new(config: PoolConfig) -> Bench {
            Bench { pool: Pool::new(config), start: Instant::now(), discarded: Vec::new() }
        }

        fn put(&mut self, key: &'static str, value: u32, at: u64) {
            self.put_advertised(key, value, at, None);
        }

        fn put_advertised(&mut self, key: &'static str, value: u32, at: u64, seconds: Option<u64>) {
            let now = self.start + Duration::from_secs(at);
            let advertised = seconds.map(Duration::from_secs);
            self.pool.put(key, value, self.start, advertised, now, &mut self.discarded);
        }

        fn take(&mut self, key: &'static str, at: u64) -> Option<u32> {
            let now = self.start + Duration::from_secs(at);
            self.pool.take(&key, now, &mut self.discarded).map(|idle| idle.value)
        }
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
        assert_eq!(bench.pool.stats().reused, 3);
    }

    #[test]
    fn ok_what_was_idle_too_long_is_discarded() {
        let mut bench = Bench::new(PoolConfig::default().idle_timeout(Duration::from_secs(60)));
        bench.put("a", 1, 0);
        bench.put("a", 2, 30);
        assert_eq!(bench.take("a", 90), None);
        let expired = CloseReason::IdleTimeout;
        assert_eq!(bench.discarded, [(2, expired), (1, expired)]);
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
    fn ok_the_bounds_evict_the_oldest() {
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
    fn ok_a_bound_of_zero_keeps_nothing() {
        for config in
            [PoolConfig::default().max_idle(0), PoolConfig::default().max_idle_per_origin(0)]
        {
            let mut bench = Bench::new(config);
            bench.put("a", 1, 0);
            assert_eq!(bench.take("a", 0), None);
            assert_eq!(bench.discarded, [(1, CloseReason::Evicted)]);
        }
    }

    #[test]
    fn ok_keys_do_not_pile_up() {
        let pool: Pool<u32, u32> = Pool::new(PoolConfig::default().max_idle(2));
        let now = Instant::now();
        for key in 0..1000 {
            pool.put(key, key, now, None, now, &mut Vec::new());
            pool.take(&key, now, &mut Vec::new());
        }
        assert!(pool.lock().idle.len() < 20);
    }
}
