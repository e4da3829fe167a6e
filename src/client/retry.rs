//! When a request is sent again on another connection.
//!
//! A pooled connection may be closed by the server at the very moment in which it is used again
//! (RFC 9112 §9.3.1). That is nobody's fault, so such a request is repeated, once, on a connection
//! that is fresh; but only where the server cannot have processed it, or may process it twice.

use crate::error::{Error, ErrorKind};
use crate::http::Method;

/// Which requests are sent again by the client itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    stale: bool,
}

impl RetryPolicy {
    /// None.
    pub const fn none() -> RetryPolicy {
        RetryPolicy { stale: false }
    }

    /// Once on a fresh connection, if the connection was reused, no byte of a response came, the
    /// body can be sent again, and the method is idempotent or nothing was sent. This is the default.
    pub const fn stale_connections() -> RetryPolicy {
        RetryPolicy { stale: true }
    }

    /// Is such a request sent again however much of it a dead connection took?
    pub(crate) fn covers(&self, method: &Method, replayable: bool) -> bool {
        self.stale && replayable && method.is_idempotent()
    }

    /// May this request be sent again after this failure? RFC 9110 §9.2.2: never a method that is not
    /// idempotent, unless the server cannot have seen it.
    pub(crate) fn allows(&self, method: &Method, replayable: bool, error: &Error) -> bool {
        let lost =
            matches!(error.kind(), ErrorKind::Send | ErrorKind::Receive | ErrorKind::EmptyResponse);
        self.stale
            && lost
            && error.connection_was_reused()
            && error.bytes_received() == 0
            && replayable
            && (method.is_idempotent() || error.bytes_sent() == 0)
    }
}

impl Default for RetryPolicy {
    fn default() -> RetryPolicy {
        RetryPolicy::stale_connections()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Transcript;

    #[test]
    fn ok_only_what_cannot_be_processed_twice_is_repeated() {
        let lost = |kind, sent, received, reused| {
            let transcript = Transcript { sent, received, reused, ..Transcript::default() };
            Error::new(kind).with_transcript(transcript)
        };
        let (send, receive, empty) =
            (ErrorKind::Send, ErrorKind::Receive, ErrorKind::EmptyResponse);
        let table = [
            (Method::GET, true, lost(empty, 100, 0, true), true),
            (Method::GET, true, lost(receive, 100, 0, true), true),
            (Method::PUT, true, lost(send, 50, 0, true), true),
            (Method::POST, true, lost(send, 0, 0, true), true),
            (Method::POST, true, lost(send, 1, 0, true), false),
            (Method::POST, true, lost(empty, 100, 0, true), false),
            (Method::PATCH, true, lost(empty, 100, 0, true), false),
            (Method::GET, true, lost(empty, 100, 0, false), false),
            (Method::GET, true, lost(receive, 100, 1, true), false),
            (Method::PUT, false, lost(empty, 100, 0, true), false),
            (Method::GET, true, lost(ErrorKind::Timeout, 100, 0, true), false),
            (Method::GET, true, lost(ErrorKind::Protocol, 100, 0, true), false),
            (Method::GET, true, lost(ErrorKind::Cancelled, 100, 0, true), false),
        ];
        for (method, replayable, error, expected) in table {
            let policy = RetryPolicy::default();
            assert_eq!(
                policy.allows(&method, replayable, &error),
                expected,
                "{} {:?}",
                method,
                error
            );
            assert!(!RetryPolicy::none().allows(&method, replayable, &error));
        }
    }
}
