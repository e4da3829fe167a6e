//! Behaviour of the crate from outside, by subject.

mod persistence;
mod support;
mod urls;
