//! Behaviour of the crate from outside, by subject.

mod cancel;
mod checkout;
mod h1_chunked;
mod h1_connection;
mod h1_framing;
mod h1_linearity;
mod h1_request;
mod h1_response;
mod h1_roundtrip;
mod layers;
mod limits;
mod llhttp;
mod nginx;
mod persistence;
mod program;
mod properties;
mod retry;
mod seeds;
mod support;
mod urls;
mod wire;
