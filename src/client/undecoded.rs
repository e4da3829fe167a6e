//! Stands in for `decode` in a build that can decode nothing.

use crate::error::Result;
use crate::http::{Headers, Method};

/// Nothing is asked for and nothing decoded.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Decoding {}

/// Content is handed on as it comes.
#[derive(Debug)]
pub(super) struct Layer;

impl Decoding {
    pub(super) fn settle(self, _: &Method, _: &mut Headers, _: bool) -> Result<Decoding> {
        Ok(self)
    }

    pub(super) fn layer(self, _: &Headers, _: bool, _: bool) -> Layer {
        Layer
    }
}

impl Layer {
    pub(super) const PLAIN: Layer = Layer;

    pub(super) fn is_plain(&self) -> bool {
        true
    }

    pub(super) fn end(&mut self) {}

    pub(super) fn is_empty(&self) -> bool {
        true
    }
}
