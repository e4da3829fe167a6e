//! What the tests of several subjects share.

pub mod json;
