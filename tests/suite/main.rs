//! Behaviour of the crate from outside, by subject.

mod support;
mod urls;
