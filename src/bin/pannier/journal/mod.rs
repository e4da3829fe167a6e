//! The exchanges of a run, as the library's events tell them: what `--har`, the waterfall and the
//! laboratory are made from.
//!
//! Every redirect and every attempt is an exchange of its own, for each crossed the wire. Times are
//! counted from the beginning of the run; only [`Clock`] knows what time of day that was. Nothing
//! here is drawn or written.

mod exchange;
mod trace;

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

pub use self::exchange::{Carrier, Exchange, Span};
pub use self::trace::{SharedTrace, Trace};

/// When a run began, on both of the system's clocks.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    began: Instant,
    wall: SystemTime,
}

impl Clock {
    /// A run that begins now.
    pub fn start() -> Clock {
        Clock { began: Instant::now(), wall: SystemTime::now() }
    }

    /// The time since the run began.
    pub fn since(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.began)
    }

    /// The time of day at this time of the run.
    pub fn wall(&self, since: Duration) -> SystemTime {
        self.wall + since
    }
}

/// All exchanges of a run.
#[derive(Debug)]
pub struct Journal {
    pub clock: Clock,
    exchanges: Vec<Exchange>,
}

impl Journal {
    /// Nothing has happened yet.
    pub fn new() -> Journal {
        Journal { clock: Clock::start(), exchanges: Vec::new() }
    }

    /// Enters what a trace has seen.
    pub fn enter(&mut self, exchanges: Vec<Exchange>) {
        self.exchanges.extend(exchanges);
    }

    /// All of them in the order in which they began. Connections of different clients may have the
    /// same number in their client, so they are numbered anew. Whom a connection leads to holds for
    /// all its exchanges.
    pub fn into_exchanges(mut self) -> Vec<Exchange> {
        self.exchanges.sort_by_key(|exchange| exchange.began);
        let mut known: Vec<((usize, u64), Option<SocketAddr>)> = Vec::new();
        for carrier in self.exchanges.iter_mut().filter_map(|exchange| exchange.carrier.as_mut()) {
            let key = (carrier.client, carrier.id);
            let index = known.iter().position(|(other, _)| *other == key).unwrap_or_else(|| {
                known.push((key, carrier.remote));
                known.len() - 1
            });
            (carrier.client, carrier.id) = (0, index as u64 + 1);
            carrier.remote = carrier.remote.or(known[index].1);
        }
        self.exchanges
    }
}

#[cfg(test)]
mod tests;
