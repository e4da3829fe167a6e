//! A blocking HTTP client on `std` alone that keeps its connections.
//!
//! | what you want to do | begin with |
//! |---|---|
//! | fetch something, once or with a client that keeps its connections | [`get`], [`Client`], [`ClientBuilder`] |
//! | say what is sent | [`RequestBuilder`], [`Body`], [`http::Headers`], [`http::Url`] |
//! | send a form with files | [`Multipart`], [`Part`] |
//! | read what came: bytes, text, lines, events | [`Response`], [`Lines`], [`EventStream`] |
//! | send many requests | [`Batch`], [`Pipeline`], [`Connection`] |
//! | know why it failed, and whether to try again | [`Error`], [`ErrorKind`], [`RetryPolicy`] |
//! | bound how long it takes, and end it | [`Timeouts`], [`CancelToken`] |
//! | bound what a peer may do | [`Limits`], [`Leniency`] |
//! | say how connections are kept, and know why they close | [`PoolConfig`], [`PoolStats`], [`CloseReason`] |
//! | follow redirects, or not | [`RedirectPolicy`], [`Redirected`] |
//! | show who you are | [`Credentials`], [`Netrc`] |
#![cfg_attr(feature = "cookies", doc = "| keep cookies | [`cookies::Jar`] |")]
#![cfg_attr(feature = "gzip", doc = "| say what is decoded | [`Decoding`] |")]
#![cfg_attr(feature = "proxy", doc = "| go through proxies | [`Proxy`] |")]
//! | never go into your own network | [`net::AddressPolicy`] |
//! | see what happens, and how long each step takes | [`Observer`], [`Event`], [`Timings`] |
//! | leave HTTP: 101 and CONNECT | [`Response::into_stream`], [`Stream`] |
//! | bring TLS, a resolver or a transport of your own | [`net`] |
//! | test without a network | [`net::Script`] |
#![cfg_attr(feature = "http2", doc = "| speak HTTP/2 | [`Protocol`], [`Http2Config`] |")]
//! | use the parsers and engines alone | [`proto`], [`coding`] |
#![cfg_attr(doc, doc = "| understand how connections are used, and this crate | [`guide`] |")]
#![doc = ""]
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
#[cfg(feature = "proxy")]
pub use crate::client::Proxy;
pub use crate::client::{
    get, Batch, Body, Client, ClientBuilder, Connection, Credentials, EventStream, IntoRequest,
    IntoUrl, InvalidNetrc, Lines, Multipart, Netrc, Part, Pipeline, Protocol, RedirectPolicy,
    Redirected, Request, RequestBuilder, Response, Results, RetryPolicy, ServerEvent, Stream,
    Timeouts,
};
pub use crate::conn::{ConnectionInfo, PoolConfig, PoolStats};
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::event::{Event, Observer, Phase, Timings};
#[doc(inline)]
pub use crate::net::CancelToken;
#[doc(inline)]
pub use crate::proto::h1::Leniency;
#[cfg(feature = "http2")]
#[doc(inline)]
pub use crate::proto::h2::Config as Http2Config;
#[doc(inline)]
pub use crate::proto::{CloseReason, Limits};
