//! The way of a request out (RFC 9113 §8.1, §6.9).
//!
//! Head and small content leave in one write, with whatever else waits to be written. Longer content
//! goes as the peer's windows allow, and stops when an answer refuses it; an answer that does not may
//! come while it is sent, and is kept.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::http::{Method, Version};
use crate::net::Deadline;
use crate::proto::h1;
use crate::proto::h2::{self, shown_fields, RequestHead};

use super::super::connection::Multiplexed;
use super::super::exchange::{Allowed, Content, Failure, Outgoing, SentHead, Trailers, Watch};
use super::books::{Books, Opened};
use super::fault::Fault;
use super::link::{is_timeout, Waiter};
use super::{Asked, Exchange, Part};

/// How sending content has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sent {
    Whole,
    /// There was no use in going on.
    Refused,
}

impl Exchange {
    /// Sends a request whole, or as much of it as the peer wants before it answers.
    pub(super) fn send(
        &mut self,
        outgoing: &Outgoing<'_>,
        content: Content<'_>,
        trailers: Trailers<'_>,
        allowed: Allowed,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        let until = allowed.until;
        let is_all = matches!(content, Content::Bytes([])) && trailers.is_none();
        let asked = self.open(outgoing, is_all, until, watch)?;
        if !is_all {
            if outgoing.head.expects_continue() && !self.is_wanted(asked, allowed, watch)? {
                return Ok(());
            }
            let last = trailers.is_none();
            let sent = match content {
                Content::Bytes(bytes) => self.send_bytes(asked, bytes, last, until, watch)?,
                Content::Reader(reader) => {
                    let announced = outgoing.head.content_length();
                    self.send_reader(asked, reader, announced, last, until, watch)?
                }
            };
            if sent == Sent::Refused {
                return Ok(());
            }
            if let Some(fields) = trailers {
                let fields = fields().map_err(Failure::Content)?;
                match self.link.lock().engine.send_trailers(asked.stream, &fields) {
                    // What has ended the stream is found where its response is waited for.
                    Err(h2::Error::NotOpen) => return Ok(()),
                    sent => sent.map_err(Fault::Rule)?,
                }
            }
            self.link.lock().slots.end_sending(asked.stream);
        }
        self.flush(asked, until)?;
        watch.sent_end();
        Ok(())
    }

    /// Begins an exchange whose request will be written when someone waits, and is waited for itself only
    /// until there is a stream for it. Returns how long it is on the wire.
    pub(super) fn enqueue(
        &mut self,
        outgoing: &Outgoing<'_>,
        content: &[u8],
        until: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<u64, Failure> {
        self.begin();
        let asked = self.open(outgoing, content.is_empty(), until, watch)?;
        if !content.is_empty() {
            self.send_bytes(asked, content, true, until, watch)?;
            self.link.lock().slots.end_sending(asked.stream);
        }
        watch.sent_end();
        Ok(self.tally.sent)
    }

    /// Sends some of what goes into a tunnel, at least a byte, and says how much.
    pub(super) fn write_raw(&mut self, bytes: &[u8], until: Deadline) -> Result<usize, Failure> {
        let asked = match self.part {
            Part::Tunnel(asked) if !bytes.is_empty() => asked,
            _ => return Ok(0),
        };
        let piece = &bytes[..bytes.len().min(UPLOAD_PIECE)];
        let taken = self.wait(asked, until, Failure::Send, &mut [], |books, _| {
            take_piece(books, asked, piece, false)
        })?;
        self.flush(asked, until)?;
        Ok(taken.unwrap_or(0))
    }

    fn open(
        &mut self,
        outgoing: &Outgoing<'_>,
        is_all: bool,
        until: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<Asked, Failure> {
        let head = outgoing.head.head();
        let connect = *head.method == Method::CONNECT;
        let target = head.target.as_str();
        let request = RequestHead {
            method: head.method,
            scheme: outgoing.scheme.as_str(),
            authority: match connect {
                true => Some(target.as_bytes()),
                false => head.headers.get_bytes("Host"),
            },
            path: Some(target).filter(|_| !connect),
            headers: head.headers,
            sensitive: outgoing.sensitive,
        };
        // A CONNECT has no content of its own: what is sent on its stream goes into the tunnel.
        let is_all = is_all && !connect;
        let opened = self.link.lock().open(&request, is_all, self.signal.as_ref()).transpose();
        let opened = match opened {
            Some(opened) => opened,
            None => self.wait_to_open(&request, is_all, until),
        };
        // Others may have been faster since this one began.
        self.tally.exchanges = self.link.count(&opened);
        let opened = opened?;
        self.signal = Some(opened.signal);
        self.tally.sent = opened.length;
        self.tally.stream = Some(opened.stream);
        let asked = Asked { stream: opened.stream, connect };
        self.part = Part::Head(asked);
        if watch.is_watching() {
            let bytes = &shown(head);
            watch.sent_head(SentHead { bytes, length: opened.length, stream: self.tally.stream });
        }
        Ok(asked)
    }

    /// There are as many exchanges as the peer allows: one of them must end first.
    fn wait_to_open(
        &mut self,
        request: &RequestHead<'_>,
        is_all: bool,
        deadline: Deadline,
    ) -> Result<Opened, Failure> {
        let signal = self.signal.get_or_insert_with(Arc::default);
        let cancel = self.cancel.as_ref().map(|(token, _)| token);
        let blame = Failure::Send;
        let mut waiter = Waiter { deadline, cancel, blame, ..Waiter::new(None, signal) };
        self.link.wait(&mut waiter, |books, waiter| {
            books.open(request, is_all, Some(waiter.signal)).transpose()
        })
    }

    /// Content that is in memory.
    fn send_bytes(
        &mut self,
        asked: Asked,
        bytes: &[u8],
        last: bool,
        until: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<Sent, Failure> {
        for piece in pieces(bytes) {
            let is_end = last && piece.as_ptr_range().end == bytes.as_ptr_range().end;
            if self.send_piece(asked, piece, is_end, until)? == Sent::Refused {
                return Ok(Sent::Refused);
            }
            watch.sent_content(piece);
        }
        Ok(Sent::Whole)
    }

    /// Content that is read piece by piece.
    fn send_reader(
        &mut self,
        asked: Asked,
        reader: &mut dyn FnMut(&mut [u8]) -> io::Result<usize>,
        announced: Option<u64>,
        last: bool,
        until: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<Sent, Failure> {
        let mut buffer = vec![0; UPLOAD_PIECE];
        let mut left = announced;
        loop {
            let count = match reader(&mut buffer) {
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    match self.is_refused(asked, until)? {
                        true => return Ok(Sent::Refused),
                        false => continue,
                    }
                }
                Err(error) => return Err(Failure::Content(error)),
            };
            left = match left.map(|left| left.checked_sub(count as u64)) {
                Some(None) => return Err(Failure::Protocol(h1::Error::ContentTooLong)),
                left => left.flatten(),
            };
            match (count, left) {
                (0, Some(left)) if left > 0 => {
                    return Err(Failure::Protocol(h1::Error::ContentTooShort(left)))
                }
                (0, _) => return self.send_piece(asked, &[], last, until),
                _ => {}
            }
            let piece = &buffer[..count];
            if self.send_piece(asked, piece, false, until)? == Sent::Refused {
                return Ok(Sent::Refused);
            }
            watch.sent_content(piece);
            // The next piece may be long in coming.
            self.flush(asked, until)?;
        }
    }

    /// Hands a piece of content to the engine, as the windows allow; `end` if it is the last.
    fn send_piece(
        &mut self,
        asked: Asked,
        piece: &[u8],
        end: bool,
        until: Deadline,
    ) -> Result<Sent, Failure> {
        if piece.is_empty() && !end {
            return Ok(Sent::Whole);
        }
        let mut rest = piece;
        loop {
            let taken = self.wait(asked, until, Failure::Send, &mut [], |books, _| {
                take_piece(books, asked, rest, end)
            })?;
            match taken {
                Some(count) => rest = &rest[count..],
                None => return Ok(Sent::Refused),
            }
            if rest.is_empty() {
                self.tally.sent += piece.len() as u64;
                return Ok(Sent::Whole);
            }
        }
    }

    /// Waits until all that was to be written is, or another one writes it.
    fn flush(&mut self, asked: Asked, until: Deadline) -> Result<(), Failure> {
        self.wait(asked, until, Failure::Send, &mut [], |books, _| {
            let refused = books.slots.get(asked.stream).map_or(true, |slot| slot.refuses_content());
            let is_out = refused || !books.has_unsent() || books.halves.is_writing();
            is_out.then_some(Ok(()))
        })
    }

    /// There is nothing to send just now: looks whether an answer refuses the rest.
    fn is_refused(&mut self, asked: Asked, until: Deadline) -> Result<bool, Failure> {
        self.flush(asked, until)?;
        until.left().map_err(Failure::Send)?;
        let moment = until.within(Some(MOMENT));
        let refused = self.wait(asked, moment, Failure::Send, &mut [], |books, _| {
            let slot = books.slots.get(asked.stream)?;
            slot.refuses_content().then_some(Ok(()))
        });
        match refused {
            Ok(()) => Ok(true),
            Err(Failure::Send(error)) if is_timeout(&error) => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    /// RFC 9110 §10.1.1: waits for 100 Continue, but not for ever. False if a final response came.
    fn is_wanted(
        &mut self,
        asked: Asked,
        allowed: Allowed,
        watch: &mut dyn Watch,
    ) -> Result<bool, Failure> {
        let patience = allowed.until.within(Some(allowed.for_continue));
        loop {
            let came = self.wait(asked, patience, Failure::Send, &mut [], |books, _| {
                let slot = books.slots.get(asked.stream)?;
                let interim = slot.informational.pop_front();
                let is_there = interim.is_some() || slot.head.is_some() || slot.reset.is_some();
                is_there.then_some(Ok(interim))
            });
            match came {
                Ok(Some(head)) => {
                    self.note_interim(&head, watch);
                    if head.status().as_u16() == 100 {
                        return Ok(true);
                    }
                }
                Ok(None) => return Ok(false),
                Err(Failure::Send(error)) if is_timeout(&error) => {
                    allowed.until.left().map_err(Failure::Send)?;
                    return Ok(true);
                }
                Err(failure) => return Err(failure),
            }
        }
    }
}

/// How much of a piece the engine takes now; nothing more is wanted after `Some(None)`.
#[allow(clippy::type_complexity)]
fn take_piece(
    books: &mut Books,
    asked: Asked,
    piece: &[u8],
    end: bool,
) -> Option<Result<Option<usize>, Failure>> {
    if books.slots.get(asked.stream).map_or(true, |slot| slot.refuses_content()) {
        return Some(Ok(None));
    }
    if books.unsent() >= MOST_UNSENT {
        return None;
    }
    match books.engine.send_data(asked.stream, piece, end) {
        0 if !piece.is_empty() => None,
        count => Some(Ok(Some(count))),
    }
}

/// A head as HTTP/1 would have it, without what is not sent.
fn shown(head: &h1::RequestHead<'_>) -> Vec<u8> {
    let (mut text, headers) = (Vec::new(), shown_fields(head.headers));
    let shown = h1::RequestHead { version: Version::Http2, headers: &headers, ..*head };
    shown.write_to(&mut text);
    text
}

/// Content in memory is handed to the engine in pieces, so that answers are looked for in between; that
/// which is empty is one piece.
fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.chunks(UPLOAD_PIECE).chain(bytes.is_empty().then_some(bytes))
}

/// One piece of an upload: three frames of the size that every peer takes.
const UPLOAD_PIECE: usize = 48 << 10;

/// No more is put on the way out than this and one piece of each exchange, however large the windows are.
const MOST_UNSENT: usize = 64 << 10;

/// How long one looks for an answer while there is nothing to send.
const MOMENT: Duration = Duration::from_millis(1);
