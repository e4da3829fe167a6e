//! How a response lets its connection go: complete, failed, or not read to its end.

use std::time::{Duration, Instant};

use crate::conn::ConnectionInfo;
use crate::error::ErrorKind;
use crate::event::Timings;
use crate::http::Headers;
use crate::net::Deadline;
use crate::proto::CloseReason;

use super::super::exchange::{transcript, Exchange};
use super::super::Lent;
use super::{Content, Response};

impl Response {
    /// Lets the connection go as soon as the response is complete.
    pub(super) fn settle(&mut self) {
        match &self.body {
            Content::Live { connection, .. } if connection.is_complete() => {}
            _ => return,
        }
        let before = self.transcript.received;
        if let Content::Live { exchange, connection } = self.take_body(Content::Ended) {
            let Response { info, timings, trailers, .. } = self;
            // Content for which nothing was read had come with the head.
            timings.ended = match connection.facts().received > before {
                true => Some(Instant::now()),
                false => timings.head,
            };
            self.body = let_go(exchange, connection, info, timings, trailers);
        }
    }

    pub(super) fn fail(&mut self, kind: ErrorKind) {
        if let Content::Live { exchange, connection } = self.take_body(Content::Failed(kind)) {
            self.info.close_reason = exchange.fail(connection);
        }
    }

    /// Reads away what is left if that is little, then lets the connection go.
    pub(super) fn abandon(&mut self) {
        if !matches!(self.body, Content::Live { .. }) {
            return;
        }
        if let Content::Live { exchange, mut connection } = self.take_body(Content::Ended) {
            let now = Instant::now();
            let patience = Deadline::after(now, DRAIN_PATIENCE).earlier(exchange.deadline);
            connection.drain(DRAIN_LIMIT, patience);
            self.info.close_reason = exchange.release(connection, now);
        }
    }

    fn take_body(&mut self, next: Content) -> Content {
        if let Content::Live { exchange, connection } = &self.body {
            self.transcript = transcript(connection, exchange.idempotent);
        }
        std::mem::replace(&mut self.body, next)
    }
}

/// Lets the connection of a complete response go. Returns what is left to read from, which is nothing
/// unless HTTP has ended on it.
pub(super) fn let_go(
    exchange: Exchange,
    mut connection: Lent,
    info: &mut ConnectionInfo,
    timings: &Timings,
    trailers: &mut Option<Box<Headers>>,
) -> Content {
    let now = timings.ended.unwrap_or_else(Instant::now);
    *trailers = connection.take_trailers();
    if connection.is_switched() {
        info.close_reason = Some(CloseReason::Upgraded);
        exchange.leave_http(&connection);
        return Content::Switched(connection);
    }
    info.close_reason = exchange.release(connection, now);
    Content::Ended
}

impl Drop for Response {
    fn drop(&mut self) {
        self.abandon();
    }
}

/// How much of an unread response is read away for the sake of its connection.
const DRAIN_LIMIT: u64 = 64 << 10;

/// And for how long.
const DRAIN_PATIENCE: Duration = Duration::from_millis(20);
