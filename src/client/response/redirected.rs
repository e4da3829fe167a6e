//! What is kept of a redirect that was followed.

use std::sync::Arc;

use crate::http::{Headers, StatusCode, Url};
use crate::proto::ResponseHead;

/// A redirect that was followed on the way to a response: one of
/// [`Response::history`](crate::Response::history).
#[derive(Debug)]
pub struct Redirected {
    pub(crate) url: Arc<Url>,
    pub(crate) head: ResponseHead,
    pub(crate) location: Arc<Url>,
}

impl Redirected {
    /// How many of a chain are kept. Their heads are as long as the limits allow, and a chain that the
    /// policy does not end may be without end.
    pub(crate) const MOST: usize = 100;

    /// The URL that was asked.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The status that it answered.
    pub fn status(&self) -> StatusCode {
        self.head.status()
    }

    /// The header section of that answer.
    pub fn headers(&self) -> &Headers {
        self.head.headers()
    }

    /// The head of that answer as it came.
    pub fn head_bytes(&self) -> &[u8] {
        self.head.as_bytes()
    }

    /// Where it pointed.
    pub fn location(&self) -> &Url {
        &self.location
    }
}
