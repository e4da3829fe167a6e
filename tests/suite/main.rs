//! Behaviour of the crate from outside, by subject.

mod cancel;
mod checkout;
mod deadline;
mod limits;
mod observing;
mod persistence;
mod redirects;
mod requests;
mod responses;
mod retry;
mod support;
mod switching;
mod uploads;
mod urls;
mod wire;
