//! Why a connection does not persist (RFC 9112 §9.3, §9.6), decided once and by name.

use std::fmt;

/// Why a connection was closed, or will be after the exchange it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The request carried `Connection: close`, or was HTTP/1.0 without `keep-alive`.
    RequestedByClient,
    /// The response carried `Connection: close`.
    RequestedByServer,
    /// The server said GOAWAY: it takes no more requests on a connection of HTTP/2.
    GoAway,
    /// The response was HTTP/1.0 without `Connection: keep-alive`.
    Http10,
    /// The content of the response ran until the server closed.
    CloseDelimited,
    /// The response had both `Transfer-Encoding` and `Content-Length`, or `Transfer-Encoding` in
    /// HTTP/1.0: its framing may not mean the same to everyone (RFC 9112 §6.1, §6.3).
    AmbiguousFraming,
    /// The request's content was not sent to its end.
    UnfinishedRequest,
    /// The response was not read to its end.
    UnfinishedResponse,
    /// Bytes followed the response that no request had asked for.
    SurplusBytes,
    /// The connection went over to another protocol, or into a tunnel.
    Upgraded,
    /// A message broke the protocol, or the connection failed.
    Fault,
    /// The server closed the idle connection, or sent something on it.
    ClosedWhileIdle,
    /// It was idle for longer than allowed by the configuration or by `Keep-Alive: timeout`.
    IdleTimeout,
    /// It had carried the number of requests of `Keep-Alive: max`.
    ExchangesExhausted,
    /// It had reached the configured age.
    MaxAge,
    /// Another idle connection needed its place.
    Evicted,
    /// The client closed its idle connections, or was dropped.
    Shutdown,
}

impl CloseReason {
    /// Every reason, in the order of their declaration.
    pub const ALL: [CloseReason; 17] = [
        CloseReason::RequestedByClient,
        CloseReason::RequestedByServer,
        CloseReason::GoAway,
        CloseReason::Http10,
        CloseReason::CloseDelimited,
        CloseReason::AmbiguousFraming,
        CloseReason::UnfinishedRequest,
        CloseReason::UnfinishedResponse,
        CloseReason::SurplusBytes,
        CloseReason::Upgraded,
        CloseReason::Fault,
        CloseReason::ClosedWhileIdle,
        CloseReason::IdleTimeout,
        CloseReason::ExchangesExhausted,
        CloseReason::MaxAge,
        CloseReason::Evicted,
        CloseReason::Shutdown,
    ];

    /// The reason as a clause that completes "closed: …".
    pub const fn explain(self) -> &'static str {
        match self {
            CloseReason::RequestedByClient => "the request asked for it",
            CloseReason::RequestedByServer => "the response asked for it",
            CloseReason::GoAway => "the server takes no more requests on it",
            CloseReason::Http10 => "an HTTP/1.0 response without keep-alive",
            CloseReason::CloseDelimited => "the response ran until the close",
            CloseReason::AmbiguousFraming => "the response's framing was ambiguous",
            CloseReason::UnfinishedRequest => "the request was not sent to its end",
            CloseReason::UnfinishedResponse => "the response was not read to its end",
            CloseReason::SurplusBytes => "bytes followed the response",
            CloseReason::Upgraded => "the connection changed its protocol",
            CloseReason::Fault => "the exchange failed",
            CloseReason::ClosedWhileIdle => "the server ended it while it was idle",
            CloseReason::IdleTimeout => "idle for too long",
            CloseReason::ExchangesExhausted => "as many exchanges as the server allows",
            CloseReason::MaxAge => "older than configured",
            CloseReason::Evicted => "its place in the pool was needed",
            CloseReason::Shutdown => "the client closed it",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.explain())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_every_reason_stands_at_its_own_place() {
        for (place, reason) in CloseReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place);
        }
    }
}
