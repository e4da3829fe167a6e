//! The cache of idle connections: newest first, checked by age, bounded.
//!
//! Generic over what it keeps and by what key, so that it is tested with integers. It never touches
//! a connection: whatever must be closed is handed back, so that no system call is made under its
//! lock. Newest first, because the connection used last is the least likely to have been closed and
//! the others may then grow old and go.

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
    /// Oldest first. Searched from end to end: the bound makes it short, and what is wanted is
    /// mostly among the last.
    idle: Vec<(K, Idle<T>)>,
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
    /// `None` is never.
    expires: Option<Instant>,
}

/// A value that must be closed, and why.
pub type Discarded<T> = (T, CloseReason);

impl<K: Eq, T> Pool<K, T> {
    /// An empty pool.
    pub fn new(config: PoolConfig) -> Pool<K, T> {
        let state = State { idle: Vec::new(), stats: PoolStats::default() };
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
        while let Some(place) = state.idle.iter().rposition(|(kept, _)| kept == key) {
            let (_, entry) = state.idle.remove(place);
            match self.unusable(&entry, now) {
                Some(reason) => discarded.push((entry.value, reason)),
                None => return Some(entry),
            }
        }
        None
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
        let expires = now.checked_add(timeout);
        let mut state = self.lock();
        self.discard_overdue(&mut state, now, discarded);
        state.make_room(&key, &self.config, discarded);
        state.idle.push((key, Idle { value, since: now, born, expires }));
    }

    /// Takes everything out, to be closed.
    pub fn drain(&self) -> Vec<T> {
        let idle = std::mem::take(&mut self.lock().idle);
        idle.into_iter().map(|(_, entry)| entry.value).collect()
    }

    /// Counts a value that was made because there was none to take.
    pub fn count_created(&self) {
        self.lock().stats.created += 1;
    }

    /// Counts a value that was taken and found to be good.
    pub fn count_reused(&self) {
        self.lock().stats.reused += 1;
    }

    /// Counts a request that was sent again.
    pub fn count_retried(&self) {
        self.lock().stats.retried += 1;
    }

    /// What the pool holds and has done.
    pub fn stats(&self) -> PoolStats {
        let state = self.lock();
        PoolStats { idle: state.idle.len(), ..state.stats }
    }

    /// What may not be used any more goes, though nobody asks for it.
    fn discard_overdue(
        &self,
        state: &mut State<K, T>,
        now: Instant,
        discarded: &mut Vec<Discarded<T>>,
    ) {
        let overdue = |entry: &(K, Idle<T>)| self.unusable(&entry.1, now);
        if !state.idle.iter().any(|entry| overdue(entry).is_some()) {
            return;
        }
        for entry in std::mem::take(&mut state.idle) {
            match overdue(&entry) {
                Some(reason) => discarded.push((entry.1.value, reason)),
                None => state.idle.push(entry),
            }
        }
    }

    fn unusable(&self, entry: &Idle<T>, now: Instant) -> Option<CloseReason> {
        let age = now.saturating_duration_since(entry.born);
        match self.config.max_age {
            _ if entry.expires.map_or(false, |at| at <= now) => Some(CloseReason::IdleTimeout),
            Some(limit) if age >= limit => Some(CloseReason::MaxAge),
            _ => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<K, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq, T> State<K, T> {
    /// Discards the oldest of `key`, or of all, so that one more of `key` keeps the bounds.
    fn make_room(&mut self, key: &K, config: &PoolConfig, discarded: &mut Vec<Discarded<T>>) {
        let mut same = self.idle.iter().enumerate().filter(|(_, (kept, _))| kept == key);
        let oldest_here = same.next().map(|(place, _)| place);
        let here = same.count() + usize::from(oldest_here.is_some());
        let leaving = match oldest_here {
            Some(place) if here >= config.max_idle_per_origin => place,
            _ if self.idle.len() >= config.max_idle => 0,
            _ => return,
        };
        let (_, entry) = self.idle.remove(leaving);
        discarded.push((entry.value, CloseReason::Evicted));
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
}
