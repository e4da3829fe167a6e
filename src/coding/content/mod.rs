//! Content codings (RFC 9110 §8.4.1), decoded.
//!
//! A decoder is told nothing of messages and does no I/O: it is fed input in any pieces, fills what
//! output it is given, and takes nothing of what follows its end. It holds a fixed amount of memory,
//! whatever it is fed. When the input has ended the decoder is complete, or the data is incomplete.

mod checksum;
mod decoder;
mod deflate;
mod error;
mod gzip;
mod inflate;
mod part;

pub use self::checksum::{Adler32, Crc32};
pub use self::decoder::{Coding, Decoder};
pub use self::deflate::Deflate;
pub use self::error::Error;
pub use self::gzip::Gzip;
pub use self::inflate::Inflate;
