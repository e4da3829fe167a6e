//! What a caller may know about the connection that carried an exchange.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::proto::CloseReason;

use super::Connection;

/// A report on the connection of one exchange.
#[derive(Clone, Copy)]
pub struct ConnectionInfo {
    id: u64,
    exchanges: u64,
    stream: Option<u32>,
    born: Instant,
    began: Instant,
    local: Option<SocketAddr>,
    remote: Option<SocketAddr>,
    pub(crate) close_reason: Option<CloseReason>,
}

impl ConnectionInfo {
    /// Of an exchange that began then, and is not over.
    pub(crate) fn new(connection: &Connection, began: Instant) -> ConnectionInfo {
        let (facts, tally) = (connection.facts(), connection.tally());
        ConnectionInfo {
            id: facts.id,
            exchanges: tally.exchanges,
            stream: tally.stream,
            born: facts.born,
            began,
            local: facts.local,
            remote: facts.remote,
            close_reason: None,
        }
    }

    /// A number that no other connection of the client has, from 1.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The number of the stream that carried the exchange, in HTTP/2.
    pub fn stream(&self) -> Option<u32> {
        self.stream
    }

    /// Had it carried an exchange before this one?
    pub fn is_reused(&self) -> bool {
        self.exchanges > 1
    }

    /// How many exchanges it has carried, this one included.
    pub fn exchanges(&self) -> u64 {
        self.exchanges
    }

    /// How long it had existed when this exchange began.
    pub fn age(&self) -> Duration {
        self.began.saturating_duration_since(self.born)
    }

    /// This side's address.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.local
    }

    /// The peer's address.
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.remote
    }

    /// Why it was closed after this exchange; `None` while the exchange lasts, and if the connection
    /// went back to the pool.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.close_reason
    }
}

/// What the methods tell, since instants mean nothing to a reader.
impl fmt::Debug for ConnectionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionInfo")
            .field("id", &self.id)
            .field("stream", &self.stream)
            .field("exchanges", &self.exchanges)
            .field("age", &self.age())
            .field("local_addr", &self.local)
            .field("remote_addr", &self.remote)
            .field("close_reason", &self.close_reason)
            .finish()
    }
}
