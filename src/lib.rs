#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs, missing_debug_implementations, clippy::all)]
#![deny(rustdoc::broken_intra_doc_links)]

mod client;
pub mod coding;
mod conn;
mod error;
mod event;
// Prose: rustdoc renders it and runs its examples; no build sees it.
#[cfg(doc)]
pub mod guide;
pub mod http;
pub mod net;
pub mod proto;

#[cfg(feature = "cookies")]
pub use crate::client::cookies;
#[cfg(feature = "gzip")]
pub use crate::client::Decoding;
pub use crate::client::{
    get, Batch, Body, Client, ClientBuilder, Connection, Credentials, EventStream, IntoRequest,
    IntoUrl, InvalidNetrc, Lines, Multipart, Netrc, Part, Pipeline, Protocol, Proxy,
    RedirectPolicy, Redirected, Request, RequestBuilder, Response, Results, RetryPolicy,
    ServerEvent, Stream, Timeouts,
};
pub use crate::conn::{ConnectionInfo, PoolConfig, PoolStats};
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::event::{Event, Observer, Phase, Timings};
#[doc(inline)]
pub use crate::net::CancelToken;
#[doc(inline)]
pub use crate::proto::h1::Leniency;
#[doc(inline)]
pub use crate::proto::{CloseReason, Limits};
