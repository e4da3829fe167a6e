//! Behaviour of the crate from outside, by subject.

mod program;
mod cancel;
mod checkout;
mod limits;
mod persistence;
mod retry;
mod support;
mod urls;
mod wire;
