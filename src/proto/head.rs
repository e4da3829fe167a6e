//! The head of a response, as every version of HTTP has it (RFC 9110 §6.2).
//!
//! It stays in the bytes in which it was received, status line included. HTTP/2 sends none of the lines,
//! so its engine writes them, and whoever shows a head, keeps it or searches it finds one form.

use std::fmt;

use crate::http::{Headers, StatusCode, Version};

/// The head of an interim or final response.
#[derive(Clone)]
pub struct ResponseHead {
    version: Version,
    status: StatusCode,
    /// Where the reason phrase stands in the buffer of `headers`.
    reason: (u32, u32),
    headers: Headers,
}

impl ResponseHead {
    /// A head whose reason phrase stands at this range of the bytes that `headers` was received in.
    pub(super) fn new(
        version: Version,
        status: StatusCode,
        reason: (u32, u32),
        headers: Headers,
    ) -> ResponseHead {
        ResponseHead { version, status, reason, headers }
    }

    /// That of a response of HTTP/0.9, which has none.
    pub(super) fn simple() -> ResponseHead {
        ResponseHead::new(Version::Http09, StatusCode::OK, (0, 0), Headers::new())
    }

    /// The version in which the response was sent.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The reason phrase, which means nothing (RFC 9112 §4) and may hold any `obs-text`; HTTP/2 has
    /// none. It goes with the header section, should that be replaced.
    pub fn reason(&self) -> &[u8] {
        let range = self.reason.0 as usize..self.reason.1 as usize;
        self.headers.received().get(range).unwrap_or(b"")
    }

    /// The header section.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// The same, to change it.
    pub fn headers_mut(&mut self) -> &mut Headers {
        &mut self.headers
    }

    /// The head as it was received, from the status line to the empty line, except that folded
    /// lines are joined by spaces. One of HTTP/2 is written as HTTP/1 would have it. Changes of the
    /// header section do not show, but it goes with that section, should it be replaced.
    pub fn as_bytes(&self) -> &[u8] {
        self.headers.received()
    }
}

impl fmt::Debug for ResponseHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseHead")
            .field("version", &self.version)
            .field("status", &self.status)
            .field("reason", &String::from_utf8_lossy(self.reason()))
            .field("headers", &self.headers)
            .finish()
    }
}
