//! Behaviour of the crate from outside, by subject.

mod checkout;
mod persistence;
mod retry;
mod support;
mod urls;
