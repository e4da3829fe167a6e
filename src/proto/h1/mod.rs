//! HTTP/1.0 and HTTP/1.1 on the wire (RFC 9112), without the wire.
//!
//! [`Connection`] is the engine: it writes request heads and content framing into a vector, reads
//! responses from slices, and says when and why a connection ends. Below it stand a parser of
//! response heads, the rules of message framing, and the chunked coding; each can be used and tested
//! alone.

mod chunked;
mod classes;
mod connection;
mod error;
mod fields;
mod framing;
mod leniency;
mod repeated;
mod request;
mod response;
mod target;

pub use self::chunked::{ChunkedDecoder, SizeLine};
pub use self::connection::{Connection, DataFrame, Event};
pub use self::error::{Error, Fault};
pub use self::framing::{Framing, KeepAlive};
pub use self::leniency::Leniency;
pub use self::request::{Intent, PreparedHead, RequestHead, Transfer};
pub use self::response::HeadParser;
pub use self::target::Target;
