//! How long things may take. Each phase of an exchange can have a bound, which ends with the phase; the
//! one on the whole is a deadline that every phase is held to.

use std::time::Duration;

/// How long the phases of an exchange, and the whole of it, may take. None is bounded by default, but for
/// the [wait](Timeouts::expect_continue) for 100 Continue. What takes longer fails with
/// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) and its [`Phase`](crate::Phase); one of zero is
/// over at once.
///
/// ```
/// use std::time::Duration;
/// use pannier::Timeouts;
/// let timeouts = Timeouts::default().connect(Duration::from_secs(2)).total(Duration::from_secs(20));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    pub(crate) queue: Option<Duration>,
    pub(crate) connect: Option<Duration>,
    pub(crate) send: Option<Duration>,
    pub(crate) expect_continue: Option<Duration>,
    pub(crate) response: Option<Duration>,
    pub(crate) read: Option<Duration>,
    pub(crate) total: Option<Duration>,
}

impl Timeouts {
    /// For waiting until there is a connection, if the bounds of the pool are reached.
    #[must_use]
    pub fn queue(mut self, timeout: Duration) -> Timeouts {
        self.queue = Some(timeout);
        self
    }

    /// For each new connection: name lookup, TCP, proxies and TLS together.
    #[must_use]
    pub fn connect(mut self, timeout: Duration) -> Timeouts {
        self.connect = Some(timeout);
        self
    }

    /// For sending one request, its content included. What is pipelined is sent while a response is
    /// waited for, inside the timeout for that.
    #[must_use]
    pub fn send(mut self, timeout: Duration) -> Timeouts {
        self.send = Some(timeout);
        self
    }

    /// For the wait of a request that has `Expect: 100-continue` (RFC 9110 §10.1.1). When it is over
    /// the content goes out, since the server may not know the expectation. Default 1 s.
    #[must_use]
    pub fn expect_continue(mut self, timeout: Duration) -> Timeouts {
        self.expect_continue = Some(timeout);
        self
    }

    /// From the last byte of a request to the head of its final response.
    #[must_use]
    pub fn response(mut self, timeout: Duration) -> Timeouts {
        self.response = Some(timeout);
        self
    }

    /// For each read of content. A peer that sends a byte now and then is not stopped by it.
    #[must_use]
    pub fn read(mut self, timeout: Duration) -> Timeouts {
        self.read = Some(timeout);
        self
    }

    /// For everything: from the call that sends the request to the last byte of the response that is
    /// read, redirects and retries included. Holds against any peer.
    #[must_use]
    pub fn total(mut self, timeout: Duration) -> Timeouts {
        self.total = Some(timeout);
        self
    }
}
