//! Packed fields (RFC 7541): names and values become indices into a table that both sides keep alike,
//! or literals under a fixed Huffman code.
//!
//! A [`Decoder`] and an [`Encoder`] belong to one direction of one connection each, and see every
//! field block of it whole and in order. They know bytes only: what a name may be made of, which
//! fields belong into the table and how large a list of fields may become is for those who use them
//! to say. Whatever the decoder refuses is a COMPRESSION_ERROR of the connection (RFC 9113 §4.3),
//! because the two tables are no longer alike.
//!
//! ```
//! use pannier::proto::h2::hpack::{Decoder, Encoder, Indexing};
//!
//! let mut block = Vec::new();
//! let mut encoder = Encoder::new();
//! encoder.begin(&mut block);
//! encoder.field(b":method", b"GET", Indexing::Incremental, &mut block);
//! encoder.field(b"accept", b"*/*", Indexing::Incremental, &mut block);
//! assert_eq!(block, b"\x82\x53\x03*/*");
//!
//! let mut fields = Vec::new();
//! Decoder::new(4096).decode(&block, &mut |name, value| {
//!     fields.push((name.to_vec(), value.to_vec()));
//! })?;
//! assert_eq!(fields[1], (b"accept".to_vec(), b"*/*".to_vec()));
//! # Ok::<(), pannier::proto::h2::hpack::Error>(())
//! ```

mod decoder;
mod encoder;
mod error;
mod huffman;
mod integer;
mod static_table;
mod table;
#[cfg(test)]
mod tests;

pub use self::decoder::Decoder;
pub use self::encoder::{Encoder, Indexing};
pub use self::error::Error;

/// The size of a dynamic table before anybody has said otherwise: the initial value of
/// SETTINGS_HEADER_TABLE_SIZE (RFC 9113 §6.5.2).
const INITIAL_TABLE_SIZE: usize = 4096;
