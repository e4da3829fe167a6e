//! Protocol versions (RFC 9110 §2.5).

use std::fmt;

/// The version of HTTP that a message was sent in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Version {
    /// HTTP/0.9 (RFC 1945 §6): content without a head, which nobody can send a request for.
    Http09,
    /// HTTP/1.0 (RFC 1945): a connection lasts for one exchange unless both sides say `keep-alive`.
    Http10,
    /// HTTP/1.1 (RFC 9112): a connection persists unless a side says `close`.
    Http11,
    /// HTTP/2 (RFC 9113): many exchanges at once on one connection.
    #[cfg(feature = "http2")]
    Http2,
}

impl Version {
    /// The version as it stands in a start line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Version::Http09 => "HTTP/0.9",
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
            #[cfg(feature = "http2")]
            Version::Http2 => "HTTP/2",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
