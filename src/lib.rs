#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations, clippy::all)]
#![deny(rustdoc::broken_intra_doc_links)]

pub mod http;
pub mod net;
pub mod proto;

pub use crate::proto::h1::Leniency;
pub use crate::proto::Limits;
