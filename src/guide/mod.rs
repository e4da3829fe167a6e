//! The guide: how connections are used well, and why this crate is built as it is.
//!
//! Prose with examples that are tests. It is there for `rustdoc` alone: in a build there is neither a
//! line of it nor a file that it would need.
//!
//! - [`connections`]: what a connection costs, six ways to use connections and when to choose which,
//!   how a connection persists and why it closes, the pool, retries, pipelining, uploads, deadlines,
//!   proxies, hop-by-hop fields, ports, small writes, slow start.
//! - [`architecture`]: the layers, the way of one exchange, where to find what.
//! - [`decisions`]: why it is so, and what was rejected.
//! - [`vendoring`]: the crate as a folder in another project.

#[doc = include_str!("architecture.md")]
pub mod architecture {}

#[doc = include_str!("connections.md")]
pub mod connections {}

#[doc = include_str!("decisions.md")]
pub mod decisions {}

#[doc = include_str!("vendoring.md")]
pub mod vendoring {}
