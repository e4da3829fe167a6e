//! What a pool is told, and what it tells.

use std::fmt;
use std::time::{Duration, Instant};

use crate::proto::CloseReason;

/// How many connections there may be, how many of them idle, and for how long.
///
/// The bounds on connections hold for what is in use, being made or idle. Who would exceed one waits
/// in a queue, inside the deadline of its call, and is served in the order of arrival: by a
/// connection that comes back, or by the place of one that is closed. Under the bound on all, those
/// who wait for the origin of a connection that comes back go before others, each of whom is
/// overtaken so at most as often as there may be connections.
///
/// ```
/// use std::time::Duration;
/// use pannier::PoolConfig;
/// let config = PoolConfig::default()
///     .max_per_origin(6)
///     .max_idle_per_origin(2)
///     .idle_timeout(Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolConfig {
    pub(super) idle_timeout: Duration,
    pub(super) max_idle_per_origin: usize,
    pub(super) max_idle: usize,
    pub(super) max_per_origin: usize,
    pub(super) max_total: usize,
    pub(super) max_age: Option<Duration>,
    pub(super) look_after: Duration,
}

impl PoolConfig {
    /// How long a connection may be idle. Default 60 s; a server's `Keep-Alive: timeout` less one
    /// second counts if it is shorter.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> PoolConfig {
        self.idle_timeout = timeout;
        self
    }

    /// How many connections to one origin may be idle. Default 8; 0 keeps none. While a batch runs,
    /// as many as it has workers.
    #[must_use]
    pub fn max_idle_per_origin(mut self, count: usize) -> PoolConfig {
        self.max_idle_per_origin = count;
        self
    }

    /// How many connections in all may be idle. Default 100; 0 keeps none. While a batch runs, as many
    /// as it has workers.
    #[must_use]
    pub fn max_idle(mut self, count: usize) -> PoolConfig {
        self.max_idle = count;
        self
    }

    /// How many connections to one origin there may be. Default: any number. With 0 nothing could be
    /// sent, so it counts as 1. Connections to a proxy that forwards requests are for many origins: there
    /// may be as many to each such proxy.
    #[must_use]
    pub fn max_per_origin(mut self, count: usize) -> PoolConfig {
        self.max_per_origin = count.max(1);
        self
    }

    /// How many connections there may be in all. Default: any number; 0 counts as 1. An idle one is
    /// closed if its place is needed for another origin.
    #[must_use]
    pub fn max_total(mut self, count: usize) -> PoolConfig {
        self.max_total = count.max(1);
        self
    }

    /// How old a connection may be to be used again. Default: any age.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> PoolConfig {
        self.max_age = Some(age);
        self
    }

    /// How long a connection may have been idle and be used again unseen. Default 5 ms. After that it is
    /// looked at first, for an end that has come and for bytes that nobody asked for; with zero each time,
    /// which costs a request more than twice as many system calls.
    ///
    /// One is looked at in any case before a request that would not be repeated, such as a POST, and if it
    /// leads to a proxy that forwards.
    #[must_use]
    pub fn look_after(mut self, idle: Duration) -> PoolConfig {
        self.look_after = idle;
        self
    }

    /// May a value be used unseen that was idle from `since` on?
    pub(crate) fn trusts(&self, since: Instant, now: Instant) -> bool {
        now.saturating_duration_since(since) < self.look_after
    }

    /// What [`max_per_origin`](PoolConfig::max_per_origin) is, within the bound on all.
    pub(crate) fn most_per_origin(&self) -> usize {
        self.max_per_origin.min(self.max_total)
    }

    /// For how long a value may be idle that its peer said it keeps for `advertised`.
    pub(super) fn idle_time(&self, advertised: Option<Duration>) -> Duration {
        let margin = advertised.map(|timeout| timeout.saturating_sub(Duration::from_secs(1)));
        margin.map_or(self.idle_timeout, |margin| margin.min(self.idle_timeout))
    }
}

impl Default for PoolConfig {
    fn default() -> PoolConfig {
        PoolConfig {
            idle_timeout: Duration::from_secs(60),
            max_idle_per_origin: 8,
            max_idle: 100,
            max_per_origin: usize::MAX,
            max_total: usize::MAX,
            max_age: None,
            look_after: LOOK_AFTER,
        }
    }
}

/// What a pool holds and has done, at one moment.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Connections that are idle now.
    pub idle: usize,
    /// Connections that are in use now, or being made.
    pub active: usize,
    /// Requests that wait for a connection now.
    pub waiting: usize,
    /// Connections that were made.
    pub created: u64,
    /// How many times a connection was used again.
    pub reused: u64,
    /// How many times a request was sent again.
    pub retried: u64,
    closed: [u64; CloseReason::ALL.len()],
}

impl PoolStats {
    /// How many connections were closed for this reason.
    pub fn closed(&self, reason: CloseReason) -> u64 {
        self.closed[reason as usize]
    }

    pub(super) fn count_closed(&mut self, reason: CloseReason) {
        self.closed[reason as usize] += 1;
    }
}

/// Of the reasons for closing those that there were.
impl fmt::Debug for PoolStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Closed<'a>(&'a PoolStats);

        impl fmt::Debug for Closed<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let counts = CloseReason::ALL.iter().map(|reason| (reason, self.0.closed(*reason)));
                f.debug_map().entries(counts.filter(|(_, count)| *count > 0)).finish()
            }
        }

        f.debug_struct("PoolStats")
            .field("idle", &self.idle)
            .field("active", &self.active)
            .field("waiting", &self.waiting)
            .field("created", &self.created)
            .field("reused", &self.reused)
            .field("retried", &self.retried)
            .field("closed", &Closed(self))
            .finish()
    }
}

/// A connection that was idle for longer than this is looked at before it is used again: for an end
/// that has come, and for bytes that no request asked for, which must never answer the next one
/// (RFC 9112 §9.2). One used just now is not: that would cost a request more than twice as many
/// system calls, and what comes that soon mostly came with the response, where it was noticed. Before
/// a request that would not be repeated, every one is: a server that closes after each response
/// without a word would fail every second POST.
const LOOK_AFTER: Duration = Duration::from_millis(5);
