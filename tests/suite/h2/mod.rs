//! HTTP/2: the engine and its parts, and the client that speaks it.

mod cancel;
mod chaos;
mod crowds;
mod deadline;
mod ends;
mod engine;
mod engine_errors;
mod engine_model;
mod engine_windows;
mod exchanges;
mod flow;
mod frames;
mod hpack;
mod linearity;
#[cfg(feature = "proxy")]
mod proxies;
mod reports;
mod requests;
mod sharing;
mod tls;
mod wire;
