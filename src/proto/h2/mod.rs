//! HTTP/2 on the wire (RFC 9113), without the wire.
//!
//! The parts stand on one another: [`frame`] reads and writes single frames, [`hpack`] packs fields
//! (RFC 7541), and `Connection` is the engine of a client: it keeps the states of streams, windows and
//! settings, and says what the peer has sent and what must be sent to it.

mod code;
pub mod frame;
pub mod hpack;

pub use self::code::ErrorCode;
