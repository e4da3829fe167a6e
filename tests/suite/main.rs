//! Behaviour of the crate from outside, by subject.
