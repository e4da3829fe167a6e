//! Content codings and encodings of data: steps from bytes to bytes that know nothing of messages.

pub mod base64;
