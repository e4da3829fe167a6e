//! What the tests of several subjects share.

pub mod client;
pub mod code;
pub mod json;
