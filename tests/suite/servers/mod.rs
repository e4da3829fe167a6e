//! Real servers and proxies, each on loopback with a configuration for each subject.
//!
//! The tests of a module need the program that it is named after.

mod apache2;
#[cfg(feature = "http2")]
mod caddy;
#[cfg(feature = "http2")]
mod h2;
#[cfg(feature = "http2")]
mod h2o;
mod haproxy;
mod lighttpd;
#[cfg(feature = "proxy")]
mod microsocks;
#[cfg(feature = "http2")]
mod nghttpd;
mod nginx;
#[cfg(feature = "http2")]
mod node;
mod origin;
#[cfg(feature = "proxy")]
mod squid;
#[cfg(feature = "proxy")]
mod tinyproxy;
#[cfg(feature = "http2")]
mod upstream;
