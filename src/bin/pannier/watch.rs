//! The observer of a transfer: keeps its record, tells what happens with `-v`, knows how far it is,
//! follows its exchanges, and can end it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use pannier::http::{StatusCode, Url};
use pannier::{CancelToken, Event, Observer};

use crate::journal::{Exchange, Trace};
use crate::operation::Slowness;
use crate::proxy::Proxy;
use crate::record::Record;
use crate::verbose::Narrator;

/// Watches one transfer.
pub struct Watcher {
    state: Mutex<State>,
}

/// Guards what one transfer fills and shows; nothing else is locked inside but where it is shown.
struct State {
    record: Record,
    /// What ends the try under way.
    token: CancelToken,
    narrator: Option<Narrator>,
    /// Bytes of content that came, of so many.
    received: u64,
    expected: Option<u64>,
    /// How much there is to send, if that is known.
    upload: Option<u64>,
    /// What was transferred before.
    before: u64,
    /// Others are to be answered first, so that nothing is due.
    in_line: bool,
    end: Option<End>,
    trace: Option<Trace>,
}

/// Why a transfer was ended from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    TooSlow(Slowness),
    /// The heads of its responses came to so many bytes.
    TooManyHeads(u64),
    /// Another one failed, and that ends them all.
    Aborted,
}

/// How far a transfer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    pub way: Way,
    /// This way.
    pub done: u64,
    pub total: Option<u64>,
    /// Content that went either way.
    pub sent: u64,
    pub received: u64,
    /// What was there before.
    pub before: u64,
    /// All that there is both ways, with what was there before, if it is known.
    pub whole: Option<u64>,
    /// A request is out, so that something ought to move.
    pub is_moving: bool,
}

/// Which way the content goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Sent,
    Received,
}

impl Pulse {
    /// Content that has moved.
    pub fn moved(&self) -> u64 {
        self.sent + self.received
    }

    /// How far the whole is done.
    pub fn reached(&self) -> u64 {
        self.before + self.moved()
    }

    /// What the whole comes to, if it is known and anything at all.
    pub fn whole(&self) -> Option<u64> {
        self.whole.filter(|&whole| whole > 0)
    }
}

impl Watcher {
    /// A watcher that keeps `record`, and tells if there is a narrator.
    pub fn new(record: Record, narrator: Option<Narrator>) -> Arc<Watcher> {
        let state = Mutex::new(State {
            record,
            token: CancelToken::new(),
            narrator,
            received: 0,
            expected: None,
            upload: None,
            before: 0,
            in_line: false,
            end: None,
            trace: None,
        });
        Arc::new(Watcher { state })
    }

    /// The transfer begins once more, at this moment. What ended the last try does not end this one,
    /// unless nothing is to go on.
    pub fn restart(&self, began: Instant) {
        let mut state = self.lock();
        if state.end != Some(End::Aborted) {
            (state.end, state.token) = (None, CancelToken::new());
        }
        state.record = state.record.afresh(began);
        (state.received, state.expected, state.upload) = (0, None, None);
    }

    /// The record so far.
    pub fn record(&self) -> Record {
        self.lock().record.clone()
    }

    /// The heads that have come since this was last asked.
    pub fn take_heads(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.lock().record.unshown)
    }

    /// What came in place of a head and was refused.
    pub fn take_faulty_head(&self) -> Vec<u8> {
        std::mem::take(&mut self.lock().record.faulty)
    }

    /// Whether others are to be answered first.
    pub fn wait_in_line(&self, others_first: bool) {
        self.lock().in_line = others_first;
    }

    /// The transfer from `url` goes through these proxies, as far as they apply.
    pub fn goes_by(&self, proxy: Proxy, url: &Url) {
        let mut state = self.lock();
        if let Some(narrator) = &mut state.narrator {
            narrator.goes_by(proxy.clone(), url);
        }
        state.record.goes_by(proxy, url);
    }

    /// There is a request of this method to send, and so much content.
    pub fn sends(&self, method: &str, upload: Option<u64>) {
        let mut state = self.lock();
        state.record.method = method.to_owned();
        state.upload = upload;
    }

    /// So much was transferred before.
    pub fn begins_at(&self, before: u64) {
        self.lock().before = before;
    }

    /// So much of the content has come, of so much.
    pub fn received(&self, done: u64, total: Option<u64>) {
        let mut state = self.lock();
        (state.received, state.expected) = (done, total);
    }

    /// Follows the exchanges from now on.
    pub fn follow(&self, trace: Trace) {
        self.lock().trace = Some(trace);
    }

    /// The exchanges that were followed; the last one failed if there is a message.
    pub fn exchanges(&self, failure: Option<&str>) -> Vec<Exchange> {
        let Some(mut trace) = self.lock().trace.take() else { return Vec::new() };
        if let Some(message) = failure {
            trace.fail(message);
        }
        trace.end()
    }

    /// This content came.
    pub fn content(&self, bytes: &[u8], received: u64) {
        let mut state = self.lock();
        if let Some(trace) = &mut state.trace {
            trace.content(bytes, received);
        }
        if let Some(narrator) = &state.narrator {
            narrator.content(bytes);
        }
    }

    /// The response came between these addresses.
    pub fn came(&self, local: Option<SocketAddr>, remote: Option<SocketAddr>) {
        let mut state = self.lock();
        (state.record.local, state.record.remote) = (local, remote);
    }

    /// The answer is taken for another than it was.
    pub fn takes_for(&self, status: StatusCode) {
        self.lock().record.status = status.as_u16();
    }

    /// The status of the last answer.
    pub fn status(&self) -> u16 {
        self.lock().record.status
    }

    /// How far the transfer is.
    pub fn pulse(&self) -> Pulse {
        let state = self.lock();
        let (sent, received) = (state.record.uploaded, state.received);
        let answered = received > 0 || state.expected.is_some() || state.upload == Some(0);
        // The larger part is what somebody waits for: of an upload, not what the server says to it.
        let most = state.expected.unwrap_or(0).max(received);
        let (way, done, total) = match answered && most >= sent {
            true => (Way::Received, received, state.expected),
            false => (Way::Sent, sent, state.upload),
        };
        let is_moving = !state.record.pretransfer.is_zero() && !state.in_line;
        let before = state.before;
        let whole = match (state.upload, state.expected) {
            (None | Some(0), None) => None,
            (upload, expected) => Some(before + upload.unwrap_or(0) + expected.unwrap_or(0)),
        };
        Pulse { way, done, total, sent, received, before, whole, is_moving }
    }

    /// When the try under way began.
    pub fn began(&self) -> Instant {
        self.lock().record.began
    }

    /// Ends the try that began then, unless there is another by now.
    pub fn stop_try(&self, began: Instant, end: End) {
        let state = self.lock();
        if state.record.began == began {
            stop(state, end);
        }
    }

    /// Ends the transfer; the first reason counts.
    pub fn stop(&self, end: End) {
        stop(self.lock(), end);
    }

    /// Why it was ended, if it was.
    pub fn end(&self) -> Option<End> {
        self.lock().end
    }

    /// What ends the exchange that holds it.
    pub fn token(&self) -> CancelToken {
        self.lock().token.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Watcher {
    fn event(&self, at: Instant, event: &Event<'_>) {
        let mut state = self.lock();
        state.record.note(at, event);
        if let Some(trace) = &mut state.trace {
            trace.note(at, event);
        }
        if let Some(narrator) = &mut state.narrator {
            narrator.tell(event);
        }
        let heads = state.record.head_bytes_received;
        if heads > MOST_HEADS {
            stop(state, End::TooManyHeads(heads));
        }
    }
}

/// Ends the try under way. The first reason counts, unless nothing is to go on: that holds for the next
/// try too.
fn stop(mut state: MutexGuard<'_, State>, end: End) {
    if state.end.is_none() || end == End::Aborted {
        state.end = Some(end);
    }
    let token = state.token.clone();
    drop(state);
    token.cancel();
}

/// Bytes that the heads of all responses of a transfer may have together, as curl 8 has it: they are
/// kept until it is over, and redirects may go on for ever.
pub const MOST_HEADS: u64 = 20 * (300 << 10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_what_ends_all_ends_the_next_try_too_and_nothing_else_does() {
        for (ends, left) in [
            (&[End::TooManyHeads(1)][..], None),
            (&[End::Aborted], Some(End::Aborted)),
            (&[End::TooManyHeads(1), End::Aborted], Some(End::Aborted)),
            (&[End::Aborted, End::TooManyHeads(1)], Some(End::Aborted)),
        ] {
            let watcher = Watcher::new(Record::new(Instant::now(), false), None);
            ends.iter().for_each(|end| watcher.stop(*end));
            assert!(watcher.token().is_cancelled());
            watcher.restart(Instant::now());
            assert_eq!((watcher.end(), watcher.token().is_cancelled()), (left, left.is_some()));
        }
    }
}
