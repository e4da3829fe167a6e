//! Behaviour of the crate from outside, by subject.

mod cancel;
mod checkout;
mod deadline;
mod limits;
mod persistence;
mod redirects;
mod requests;
mod retry;
mod support;
mod uploads;
mod urls;
mod wire;
