//! Behaviour of the crate from outside, by subject.

mod attempts;
mod authentication;
mod batch;
mod bounds;
mod cancel;
mod chaos;
mod charsets;
mod checkout;
#[cfg(feature = "gzip")]
mod coding;
#[cfg(feature = "cookies")]
mod cookies;
mod deadline;
#[cfg(feature = "gzip")]
mod decoding;
mod events;
mod guard;
mod h1_chunked;
mod h1_connection;
mod h1_framing;
mod h1_linearity;
mod h1_request;
mod h1_response;
mod h1_roundtrip;
#[cfg(feature = "http2")]
mod h2;
mod layers;
mod limits;
mod llhttp;
mod multipart;
mod observing;
mod persistence;
mod pipelining;
mod program;
#[cfg(feature = "gzip")]
mod program_coding;
mod program_conditions;
#[cfg(feature = "cookies")]
mod program_cookies;
mod program_form;
#[cfg(feature = "http2")]
mod program_http2;
mod program_login;
mod program_logs;
mod program_names;
mod program_parallel;
mod program_protocols;
#[cfg(feature = "proxy")]
mod program_proxies;
mod program_resume;
mod program_retry;
mod program_secrets;
mod properties;
#[cfg(feature = "proxy")]
mod proxies;
mod redirects;
mod reports;
mod requests;
mod responses;
mod retry;
mod seeds;
mod servers;
mod soak;
#[cfg(feature = "proxy")]
mod socks;
mod support;
mod switching;
mod uploads;
mod urls;
mod wire;
