//! Behaviour of the crate from outside, by subject.

mod program;
mod support;
mod urls;
