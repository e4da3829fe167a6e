//! The exchanges of a run, as the library's events tell them: what `--har`, the waterfall and the
//! laboratory are made from.
//!
//! Every redirect and every attempt is an exchange of its own, for each crossed the wire. Times are
//! counted from the beginning of the run; only [`Clock`] knows what time of day that was. Nothing
//! here is drawn or written.

mod exchange;
mod trace;

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use pannier::http::Url;

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
    clock: Clock,
    /// The most content that is kept of a response, and whether that of requests is; `None`: none.
    keeps: Option<usize>,
    /// Guards the list; nothing else is locked inside.
    exchanges: Mutex<Vec<Exchange>>,
}

impl Journal {
    /// Nothing has happened yet.
    pub fn new(keeps: Option<usize>) -> Journal {
        Journal { clock: Clock::start(), keeps, exchanges: Mutex::default() }
    }

    /// When the run began.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// A trace for a call of this client, whose request has this content if it is in memory.
    pub fn trace(&self, client: usize, method: &str, url: &Url, post: Option<&[u8]>) -> Trace {
        let trace = Trace::new(self.clock, client, method, url);
        match self.keeps {
            Some(most) => trace.keeping(post, most),
            None => trace,
        }
    }

    /// Enters what a trace has seen.
    pub fn enter(&self, exchanges: Vec<Exchange>) {
        self.exchanges.lock().unwrap_or_else(PoisonError::into_inner).extend(exchanges);
    }

    /// All of them in the order in which they began. Connections of different clients may have the
    /// same number in their client, so they are numbered anew. Whom a connection leads to holds for
    /// all its exchanges.
    pub fn into_exchanges(self) -> Vec<Exchange> {
        let mut exchanges = self.exchanges.into_inner().unwrap_or_else(PoisonError::into_inner);
        exchanges.sort_by_key(|exchange| exchange.began);
        let mut known: Vec<((usize, u64), Option<SocketAddr>)> = Vec::new();
        for carrier in exchanges.iter_mut().filter_map(|exchange| exchange.carrier.as_mut()) {
            let key = (carrier.client, carrier.id);
            let index = known.iter().position(|(other, _)| *other == key).unwrap_or_else(|| {
                known.push((key, carrier.remote));
                known.len() - 1
            });
            (carrier.client, carrier.id) = (0, index as u64 + 1);
            carrier.remote = carrier.remote.or(known[index].1);
        }
        exchanges
    }
}

#[cfg(test)]
mod tests;
