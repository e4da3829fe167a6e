//! The properties that the targets check, the same that `cargo test` checks for the seeds.

#[path = "../tests/suite/properties/mod.rs"]
mod properties;

pub use self::properties::*;
