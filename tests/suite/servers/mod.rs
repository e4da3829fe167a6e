//! Real servers and proxies, each on loopback with a configuration for each subject.
//!
//! The tests of a module need the program that it is named after.

mod apache2;
mod haproxy;
mod lighttpd;
mod microsocks;
mod nginx;
mod origin;
mod squid;
mod tinyproxy;
