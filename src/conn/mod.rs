//! Connections: where the engines of `proto` meet the sockets of `net`, and the pool of idle ones.
//!
//! Nothing here knows about redirects, retries or bodies to be sent again: one exchange on one
//! connection, told how it ended.

mod h1;
mod info;
mod pool;
pub(crate) mod socks;
pub(crate) mod tunnel;

pub(crate) use self::h1::{Allowed, Connection, Content, Failure, Trailers, Watch};
pub use self::info::ConnectionInfo;
pub(crate) use self::pool::{
    Checkout, Claim, Expectation, Grant, Lent, Place, Pool, Sharing, Vacated, Waiting,
};
pub use self::pool::{PoolConfig, PoolStats};

/// HTTP/1 has one exchange at a time.
impl pool::Value for Box<Connection> {}
