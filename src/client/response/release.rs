//! How a response lets its connection go: complete, failed, or not read to its end.

use std::time::{Duration, Instant};

use crate::error::ErrorKind;
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
            Content::Live(connection) if connection.is_complete() => {}
            _ => return,
        }
        let before = self.transcript.received;
        if let Content::Live(connection) = self.take_body(Content::Ended) {
            // Content for which nothing was read had come with the head.
            let with_head = self.timings.head.filter(|_| connection.tally().received <= before);
            let now = with_head.unwrap_or_else(Instant::now);
            self.timings.ended = Some(now);
            let Rest { body, trailers, close_reason } = Rest::of(&self.exchange, connection, now);
            self.body = body;
            self.trailers = trailers;
            self.info.close_reason = close_reason;
        }
    }

    pub(super) fn fail(&mut self, kind: ErrorKind) {
        if let Content::Live(connection) = self.take_body(Content::Failed(kind)) {
            self.info.close_reason = self.exchange.fail(connection);
        }
    }

    /// Reads away what is left if that is little, then lets the connection go.
    pub(super) fn abandon(&mut self) {
        if !matches!(self.body, Content::Live(_)) {
            return;
        }
        if let Content::Live(mut connection) = self.take_body(Content::Ended) {
            let now = Instant::now();
            let patience = Deadline::after(now, DRAIN_PATIENCE).earlier(self.exchange.deadline);
            connection.drain(DRAIN_LIMIT, patience);
            self.info.close_reason = self.exchange.release(connection, now);
        }
    }

    fn take_body(&mut self, next: Content) -> Content {
        if let Content::Live(connection) = &self.body {
            self.transcript = transcript(connection, self.exchange.idempotent);
        }
        std::mem::replace(&mut self.body, next)
    }
}

/// What there still is of a response.
pub(super) struct Rest {
    pub(super) body: Content,
    pub(super) trailers: Option<Box<Headers>>,
    pub(super) close_reason: Option<CloseReason>,
}

impl Rest {
    /// All of its content.
    pub(super) fn live(connection: Lent) -> Rest {
        Rest { body: Content::Live(connection), trailers: None, close_reason: None }
    }

    /// What follows its end. The connection goes, unless it has left HTTP.
    pub(super) fn of(exchange: &Exchange, mut connection: Lent, now: Instant) -> Rest {
        let trailers = connection.take_trailers();
        if connection.is_switched() {
            exchange.leave_http(&connection);
            let body = Content::Switched(connection);
            return Rest { body, trailers, close_reason: Some(CloseReason::Upgraded) };
        }
        Rest { body: Content::Ended, trailers, close_reason: exchange.release(connection, now) }
    }
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
