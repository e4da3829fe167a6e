//! Protocol engines without input or output: bytes in, events out.
//!
//! An engine owns everything that decides what a connection does next, and nothing that does it: it
//! has no socket, no thread, no clock. Input is a slice, output is appended to a vector, limits are
//! values handed in. That is what makes the engines testable at every split of their input,
//! fuzzable, and usable under any model of I/O.
//!
//! This module is public so that tests, fuzz targets and other drivers enter by the front door; it
//! is outside the crate's promise of semantic versioning.

#[macro_use]
mod setters;

pub mod buffer;
mod close;
pub mod h1;
#[cfg(feature = "http2")]
pub mod h2;
mod head;
mod limits;
#[cfg(feature = "proxy")]
pub mod socks;

pub use self::close::CloseReason;
pub use self::head::ResponseHead;
pub use self::limits::Limits;
