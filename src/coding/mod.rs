//! Content codings and encodings of data: steps from bytes to bytes that know nothing of messages.
//!
//! Public for tests, fuzz targets and other drivers; outside the crate's promise of semantic
//! versioning.

pub mod base64;
mod charset;
#[cfg(feature = "gzip")]
mod content;
pub(crate) mod hash;

pub use self::charset::Charset;
#[cfg(feature = "gzip")]
pub use self::content::*;
