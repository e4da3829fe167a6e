//! The way of a response in (RFC 9113 §8.1).
//!
//! A head is taken out of the books when it is there, content as much of it as fits. What has come before
//! a failure is handed out before that is reported.

use crate::net::Deadline;
use crate::proto::ResponseHead;

use super::super::exchange::{Failure, Watch};
use super::books::Books;
use super::{Asked, Exchange, Part};

/// What one waits for before the content.
enum Found {
    Interim(ResponseHead),
    Final(ResponseHead, Rest),
}

/// What of the response is still to come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    Something,
    Nothing,
}

impl Exchange {
    /// Waits for the head of the final response.
    pub(crate) fn recv_head(
        &mut self,
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<ResponseHead, Failure> {
        let asked = match self.part {
            Part::Head(asked) => asked,
            _ => return Err(Failure::Closed),
        };
        loop {
            let found = self.wait(asked, deadline, Failure::Receive, &mut [], |books, _| {
                find_head(books, asked)
            })?;
            match found {
                Found::Interim(head) => watch.informational(&head),
                Found::Final(head, rest) => {
                    self.note_received(asked);
                    self.part = Part::Content(asked);
                    if asked.connect && head.status().is_success() {
                        self.part = Part::Tunnel(asked);
                    } else if rest == Rest::Nothing {
                        self.end(asked);
                    }
                    return Ok(head);
                }
            }
        }
    }

    /// Turns to the response to a request that was sent before.
    pub(crate) fn begin_response(&mut self, _sent: u64) {}

    /// Reads content: at least one byte, or 0 at the end of the response (or if `buffer` is empty).
    pub(crate) fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> Result<usize, Failure> {
        let asked = match self.part {
            Part::Content(asked) | Part::Tunnel(asked) if !buffer.is_empty() => asked,
            _ => return Ok(0),
        };
        let read = self.wait(asked, deadline, Failure::Receive, buffer, |books, waiter| {
            let slot = match books.slots.get(asked.stream) {
                Some(slot) => slot,
                None => return Some(Ok((0, Rest::Nothing, false))),
            };
            let (mut count, before) = (waiter.filled, books.engine.output().len());
            if count == 0 {
                count = slot.take_data(waiter.buffer);
                books.engine.release(asked.stream, count);
            }
            let released = books.engine.output().len() > before;
            let slot = books.slots.get(asked.stream)?;
            let rest = if slot.is_over() { Rest::Nothing } else { Rest::Something };
            if count > 0 || rest == Rest::Nothing {
                return Some(Ok((count, rest, released)));
            }
            slot.reset.take().map(|reset| Err(Failure::Stream(reset)))
        });
        self.note_received(asked);
        let (count, rest, released) = read?;
        // The window that was given back is of use only if the peer learns of it.
        if released {
            self.link.flush(deadline);
        }
        if rest == Rest::Nothing {
            self.end(asked);
        }
        Ok(count)
    }

    /// Drops what has come of an unread response. If that is not all, the rest is not waited for: the
    /// connection does not depend on it. Says whether it was.
    pub(crate) fn drain(&mut self, _limit: u64, _deadline: Deadline) -> bool {
        if let Part::Content(asked) = self.part {
            let ended = self.link.lock().slots.get(asked.stream).map_or(true, |slot| slot.ended);
            if ended {
                self.end(asked);
            }
        }
        self.is_complete()
    }

    /// The response has been taken to its end.
    fn end(&mut self, asked: Asked) {
        self.part = Part::Ended;
        self.trailers = self.link.lock().close(asked.stream).map(Box::new);
    }

    fn note_received(&mut self, asked: Asked) {
        if let Some(slot) = self.link.lock().slots.get(asked.stream) {
            self.facts.received = slot.received;
        }
    }
}

fn find_head(books: &mut Books, asked: Asked) -> Option<Result<Found, Failure>> {
    let slot = books.slots.get(asked.stream)?;
    if let Some(head) = slot.informational.pop_front() {
        return Some(Ok(Found::Interim(head)));
    }
    if let Some(head) = slot.head.take() {
        let rest = if slot.is_over() { Rest::Nothing } else { Rest::Something };
        return Some(Ok(Found::Final(head, rest)));
    }
    slot.reset.take().map(|reset| Err(Failure::Stream(reset)))
}
