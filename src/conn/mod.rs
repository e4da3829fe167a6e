//! Connections: where the engines of `proto` meet the sockets of `net`, and the pool of idle ones.
//!
//! Nothing here knows about redirects, retries or bodies to be sent again: one exchange on one
//! connection, told how it ended.

mod connection;
mod exchange;
pub(crate) mod h1;
#[cfg(feature = "http2")]
pub(crate) mod h2;
mod info;
mod pool;
#[cfg(feature = "proxy")]
pub(crate) mod socks;
#[cfg(feature = "proxy")]
pub(crate) mod tunnel;

pub(crate) use self::connection::Connection;
pub(crate) use self::exchange::{
    Allowed, Content, Facts, Failure, Outgoing, SentHead, Trailers, Watch,
};
pub use self::info::ConnectionInfo;
pub(crate) use self::pool::{
    Checkout, Claim, Expectation, Grant, Lent, Place, Pool, Sharing, Vacated, Waiting,
};
pub use self::pool::{PoolConfig, PoolStats};
