//! The way of a response in (RFC 9113 §8.1).
//!
//! A head is taken out of the books when it is there, content as much of it as fits. What has come before
//! a failure is handed out before that is reported.

use crate::http::Headers;
use crate::net::Deadline;
use crate::proto::ResponseHead;

use super::super::exchange::{Failure, Watch};
use super::books::Books;
use super::fault::Fault;
use super::{Asked, Exchange, Part, IN_PASSING};

/// What one waits for before the content.
enum Found {
    Interim(ResponseHead),
    Final(ResponseHead, Progress),
}

/// How far a response has come.
struct Progress {
    /// How many bytes of it.
    received: u64,
    /// If all of it was taken: with these trailers.
    over: Option<Option<Headers>>,
}

impl Progress {
    /// If all was taken, the stream is over.
    fn note(books: &mut Books, asked: Asked, received: u64, is_over: bool) -> Progress {
        Progress { received, over: is_over.then(|| books.close(asked.stream)) }
    }
}

impl Exchange {
    /// Waits for the head of the final response.
    pub(super) fn recv_head(
        &mut self,
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<ResponseHead, Failure> {
        let asked = match self.part {
            Part::Head(asked) => asked,
            _ => return Err(Fault::Closed(None).into()),
        };
        loop {
            let found = self.wait(asked, deadline, Failure::Receive, &mut [], |books, _| {
                find_head(books, asked)
            })?;
            match found {
                Found::Interim(head) => self.note_interim(&head, watch),
                Found::Final(head, progress) => {
                    self.part = match asked.connect && head.status().is_success() {
                        true => Part::Tunnel(asked),
                        false => Part::Content(asked),
                    };
                    self.go_on(progress);
                    return Ok(head);
                }
            }
        }
    }

    /// An interim response is a part of what has come, should nothing else.
    pub(super) fn note_interim(&mut self, head: &ResponseHead, watch: &mut dyn Watch) {
        self.tally.received += head.as_bytes().len() as u64;
        watch.informational(head);
    }

    /// Reads content: at least one byte, or 0 at the end of the response (or if `buffer` is empty).
    pub(super) fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> Result<usize, Failure> {
        let asked = match self.part {
            Part::Content(asked) | Part::Tunnel(asked) if !buffer.is_empty() => asked,
            _ => return Ok(0),
        };
        let read = self.wait(asked, deadline, Failure::Receive, buffer, |books, waiter| {
            let slot = books.slots.get(asked.stream)?;
            let at_once = waiter.filled;
            let count = if at_once > 0 { at_once } else { slot.take_data(waiter.buffer) };
            let (received, is_over) = (slot.received, slot.is_over());
            if count == 0 && !is_over {
                return slot.reset.take().map(|reset| Err(Fault::Reset(reset).into()));
            }
            let released = at_once == 0 && !is_over && books.release(asked.stream, count);
            Some(Ok((count, Progress::note(books, asked, received, is_over), released)))
        });
        let (count, progress, released) = read?;
        // The window that was given back is of use only if the peer learns of it. What was read is there
        // already, and is not to wait for a peer that takes nothing: then who reads next writes first.
        if released {
            self.link.flush(deadline.within(Some(IN_PASSING)));
        }
        self.go_on(progress);
        Ok(count)
    }

    /// Drops what has come of an unread response. If that is not all, the rest is not waited for: the
    /// connection does not depend on it.
    pub(super) fn drain(&mut self) {
        if let Part::Content(asked) = self.part {
            let mut books = self.link.lock();
            if let Some(slot) = books.slots.get(asked.stream).filter(|slot| slot.ended) {
                let received = slot.received;
                let progress = Progress::note(&mut books, asked, received, true);
                drop(books);
                self.go_on(progress);
            }
        }
    }

    fn go_on(&mut self, progress: Progress) {
        self.tally.received = progress.received;
        if let Some(trailers) = progress.over {
            self.part = Part::Ended;
            self.trailers = trailers.map(Box::new);
        }
    }
}

fn find_head(books: &mut Books, asked: Asked) -> Option<Result<Found, Failure>> {
    let slot = books.slots.get(asked.stream)?;
    if let Some(head) = slot.informational.pop_front() {
        return Some(Ok(Found::Interim(head)));
    }
    if let Some(head) = slot.head.take() {
        let (received, is_over) = (slot.received, slot.is_over());
        return Some(Ok(Found::Final(head, Progress::note(books, asked, received, is_over))));
    }
    slot.reset.take().map(|reset| Err(Fault::Reset(reset).into()))
}
