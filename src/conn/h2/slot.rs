//! What has come for each exchange of a connection and was not taken yet.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar};

use crate::http::Headers;
use crate::proto::buffer::Buffer;
use crate::proto::h2::{Reset, StreamId};
use crate::proto::ResponseHead;

/// What has come for one exchange.
#[derive(Debug)]
pub(super) struct Slot {
    stream: StreamId,
    /// Wakes the thread whose exchange it is.
    signal: Arc<Condvar>,
    asleep: bool,
    /// Is content still to be sent?
    pub(super) sending: bool,
    pub(super) informational: VecDeque<ResponseHead>,
    pub(super) head: Option<ResponseHead>,
    /// Content that nobody has taken. No longer than the window of its stream.
    pub(super) data: Buffer,
    pub(super) trailers: Option<Headers>,
    /// Has all come?
    pub(super) ended: bool,
    /// Or will the rest never come?
    pub(super) reset: Option<Reset>,
    /// How much has come.
    pub(super) received: u64,
}

/// The slots of a connection, in the order of their streams. There are not many more than the peer
/// allows streams, so their places are moved when one is taken out.
#[derive(Debug, Default)]
// Boxed, lest each be moved when one is taken out.
#[allow(clippy::vec_box)]
pub(super) struct Slots {
    used: Vec<Box<Slot>>,
    /// Those whose exchanges are over, for others.
    spare: Vec<Box<Slot>>,
    /// How many have content to send.
    senders: usize,
    /// How many have a thread that sleeps.
    sleepers: usize,
}

/// What is left of an exchange.
pub(super) struct Left {
    /// Has the whole response come?
    pub(super) is_answered: bool,
    /// And was the whole request sent?
    pub(super) is_whole: bool,
    /// Was it ended before its time?
    pub(super) is_reset: bool,
    pub(super) trailers: Option<Headers>,
}

impl Slot {
    fn new(stream: StreamId, signal: Arc<Condvar>) -> Slot {
        Slot {
            stream,
            signal,
            asleep: false,
            sending: false,
            informational: VecDeque::new(),
            head: None,
            data: Buffer::new(),
            trailers: None,
            ended: false,
            reset: None,
            received: 0,
        }
    }

    /// For another exchange.
    fn renew(&mut self, stream: StreamId) {
        self.data.consume(self.data.unread().len());
        self.data.shrink(SPARE_BUFFER);
        self.stream = stream;
        self.asleep = false;
        self.sending = false;
        self.informational.clear();
        self.head = None;
        self.trailers = None;
        self.ended = false;
        self.reset = None;
        self.received = 0;
    }

    /// Has all that will ever come been taken?
    pub(super) fn is_over(&self) -> bool {
        self.ended && self.head.is_none() && self.data.is_empty()
    }

    /// Is there no use in sending content any more? An answer that may still want it is none.
    pub(super) fn refuses_content(&self) -> bool {
        let refusal = |head: &ResponseHead| head.status().as_u16() >= 300;
        self.ended || self.reset.is_some() || self.head.as_ref().map_or(false, refusal)
    }

    /// Copies out what fits.
    pub(super) fn take_data(&mut self, buffer: &mut [u8]) -> usize {
        let unread = self.data.unread();
        let count = unread.len().min(buffer.len());
        buffer[..count].copy_from_slice(&unread[..count]);
        self.data.consume(count);
        count
    }

    pub(super) fn recv_informational(&mut self, head: ResponseHead) {
        self.received += head.as_bytes().len() as u64;
        self.informational.push_back(head);
    }

    pub(super) fn recv_head(&mut self, head: ResponseHead, end: bool) {
        self.received += head.as_bytes().len() as u64;
        self.head = Some(head);
        self.ended = end;
    }

    /// Keeps content, but for so much of it as was taken at once.
    pub(super) fn recv_data(&mut self, data: &[u8], taken: usize, end: bool) {
        self.received += data.len() as u64;
        self.ended = end;
        let untaken = &data[taken..];
        if !untaken.is_empty() {
            self.data.spare(untaken.len())[..untaken.len()].copy_from_slice(untaken);
            self.data.filled(untaken.len());
        }
    }

    pub(super) fn recv_trailers(&mut self, trailers: Headers) {
        self.trailers = Some(trailers);
        self.ended = true;
    }

    /// After the whole response it matters to nobody.
    pub(super) fn recv_reset(&mut self, reset: Reset) {
        if !self.ended {
            self.reset = Some(reset);
        }
    }

    /// Wakes its thread, if that sleeps; says whether.
    fn wake(&mut self, sleepers: &mut usize) -> bool {
        let was_asleep = std::mem::replace(&mut self.asleep, false);
        if was_asleep {
            *sleepers -= 1;
            self.signal.notify_one();
        }
        was_asleep
    }
}

impl Slots {
    /// A slot for a stream that was opened now, the last of all, and of which content is still to be
    /// sent or not. It is woken by `signal`, or by what is returned if there is none yet.
    pub(super) fn open(
        &mut self,
        stream: StreamId,
        sending: bool,
        signal: Option<&Arc<Condvar>>,
    ) -> Arc<Condvar> {
        let mut slot = match self.spare.pop() {
            Some(mut slot) => {
                slot.renew(stream);
                slot
            }
            None => Box::new(Slot::new(stream, signal.cloned().unwrap_or_default())),
        };
        if let Some(signal) = signal {
            slot.signal = Arc::clone(signal);
        }
        let signal = Arc::clone(&slot.signal);
        slot.sending = sending;
        self.senders += usize::from(sending);
        self.used.push(slot);
        signal
    }

    pub(super) fn get(&mut self, stream: StreamId) -> Option<&mut Slot> {
        let at = self.position(stream)?;
        Some(&mut self.used[at])
    }

    /// Takes out what is left of an exchange.
    pub(super) fn close(&mut self, stream: StreamId) -> Option<Left> {
        let at = self.position(stream)?;
        let mut slot = self.used.remove(at);
        self.senders -= usize::from(slot.sending);
        self.sleepers -= usize::from(slot.asleep);
        let left = Left {
            is_answered: slot.ended,
            is_whole: slot.ended && !slot.sending,
            is_reset: slot.reset.is_some(),
            trailers: slot.trailers.take(),
        };
        if self.spare.len() < MOST_SPARE {
            self.spare.push(slot);
        }
        Some(left)
    }

    /// Notes that the thread of a stream falls asleep, or is awake; false if there is no such stream.
    pub(super) fn set_asleep(&mut self, stream: StreamId, asleep: bool) -> bool {
        match self.position(stream) {
            Some(at) => {
                let before = std::mem::replace(&mut self.used[at].asleep, asleep);
                self.sleepers = self.sleepers + usize::from(asleep) - usize::from(before);
                true
            }
            None => false,
        }
    }

    /// All content of a stream was sent.
    pub(super) fn end_sending(&mut self, stream: StreamId) {
        if let Some(slot) = self.get(stream) {
            let before = std::mem::replace(&mut slot.sending, false);
            self.senders -= usize::from(before);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.used.is_empty()
    }

    pub(super) fn has_sleepers(&self) -> bool {
        self.sleepers > 0
    }

    /// Wakes the thread of a stream.
    pub(super) fn wake(&mut self, stream: StreamId) {
        if self.sleepers > 0 {
            if let Some(at) = self.position(stream) {
                self.used[at].wake(&mut self.sleepers);
            }
        }
    }

    /// Wakes all whose threads sleep.
    pub(super) fn wake_all(&mut self) {
        for slot in &mut self.used {
            slot.wake(&mut self.sleepers);
        }
    }

    /// Wakes those that have content to send.
    pub(super) fn wake_senders(&mut self) {
        if self.senders > 0 {
            for slot in self.used.iter_mut().filter(|slot| slot.sending) {
                slot.wake(&mut self.sleepers);
            }
        }
    }

    /// Wakes one of those that sleep; false if none does.
    pub(super) fn wake_one(&mut self) -> bool {
        let sleepers = &mut self.sleepers;
        *sleepers > 0 && self.used.iter_mut().any(|slot| slot.wake(sleepers))
    }

    /// Streams are opened one after the other and end in about that order, so the place is mostly the one
    /// where it is if none between has ended, and never one behind that.
    fn position(&self, stream: StreamId) -> Option<usize> {
        let behind_first = stream.checked_sub(self.used.first()?.stream)?;
        // RFC 9113 §5.1.1: a client's streams are 1, 3, 5 and so on.
        let latest = (behind_first / 2) as usize;
        match self.used.get(latest) {
            Some(slot) if slot.stream == stream => Some(latest),
            _ => self.used.binary_search_by_key(&stream, |slot| slot.stream).ok(),
        }
    }
}

/// What a slot that nobody uses may hold on to.
const SPARE_BUFFER: usize = 4 << 10;

/// How many slots are kept for others.
const MOST_SPARE: usize = 128;
