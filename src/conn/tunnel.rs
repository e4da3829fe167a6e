//! The way through an HTTP proxy to somewhere else: CONNECT (RFC 9110 §9.3.6).
//!
//! It is an exchange like any other up to the head of its response. A 2xx ends HTTP there and then,
//! whatever its framing fields say; the transport leads to the destination from its empty line on.
//! That one has not been spoken to yet, so bytes behind the head can answer nothing, and are refused.
//! Any other response is the proxy's own word, and its content is nobody's.

use std::time::{Duration, Instant};

use crate::net::{Deadline, Transport};
use crate::proto::h1::{self, PreparedHead};
use crate::proto::ResponseHead;

use super::h1::Connection;
use super::{Allowed, Content, Failure, Watch};

/// Asks the proxy at the other end of `connection` by this CONNECT. Returns the head of its answer.
pub(crate) fn ask(
    connection: &mut Connection,
    head: &PreparedHead<'_>,
    deadline: Deadline,
    watch: &mut dyn Watch,
) -> Result<ResponseHead, Failure> {
    connection.begin();
    let allowed = Allowed { until: deadline, for_continue: Duration::ZERO };
    connection.send(head, Content::Bytes(b""), None, allowed, watch)?;
    connection.recv_head(deadline, watch)
}

/// What leads to the destination, after a 2xx.
pub(crate) fn enter(connection: Connection) -> Result<Box<dyn Transport>, Failure> {
    let (transport, unread, _) = connection.into_parts();
    match unread.is_empty() {
        true => Ok(transport),
        false => Err(Failure::Protocol(h1::Error::Unsolicited)),
    }
}

/// Reads the content of a refusal away. Can the connection be asked again then?
pub(crate) fn survives(connection: &mut Connection, deadline: Deadline) -> bool {
    let patience = deadline.earlier(Deadline::after(Instant::now(), PATIENCE));
    connection.close_reason().is_none()
        && connection.drain_unknown(MOST_DRAINED, patience)
        && connection.persistence().is_ok()
        && connection.is_quiet()
}

/// A page that says why, however wordy.
const MOST_DRAINED: u64 = 64 << 10;

/// About what a fresh connection would cost.
const PATIENCE: Duration = Duration::from_millis(250);
