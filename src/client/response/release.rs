//! How a response lets its connection go: complete, failed, or not read to its end.

use std::time::{Duration, Instant};

use crate::error::ErrorKind;
use crate::net::Deadline;
use crate::proto::CloseReason;

use super::super::decode::Layer;
use super::super::exchange::transcript;
use super::{Content, Response};

impl Response {
    /// The response, if it was complete with its head: there is nothing to decode.
    pub(super) fn settled(mut self) -> Response {
        self.terms.layer = Layer::PLAIN;
        self.settle();
        self
    }

    /// Lets the connection go as soon as the response is complete.
    pub(super) fn settle(&mut self) {
        match &self.body {
            Content::Live(connection) if connection.is_complete() => {}
            _ => return,
        }
        let before = self.transcript.received;
        if let Content::Live(mut connection) = self.take_body(Content::Ended) {
            // Content for which nothing was read had come with the head.
            let with_head = self.timings.head.filter(|_| connection.tally().received <= before);
            let now = with_head.unwrap_or_else(Instant::now);
            self.timings.ended = Some(now);
            self.trailers = connection.take_trailers();
            if connection.is_switched() {
                self.info.close_reason = Some(CloseReason::Upgraded);
                self.exchange.leave_http(&connection);
                self.body = Content::Switched(connection);
            } else {
                self.info.close_reason = self.exchange.release(connection, now);
            }
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

impl Drop for Response {
    fn drop(&mut self) {
        self.abandon();
    }
}

/// How much of an unread response is read away for the sake of its connection.
const DRAIN_LIMIT: u64 = 64 << 10;

/// And for how long.
const DRAIN_PATIENCE: Duration = Duration::from_millis(20);
