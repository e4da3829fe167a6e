//! One's own part of a connection of HTTP/2: the engine of `proto::h2` over a transport, blocking, with
//! deadlines (RFC 9113).
//!
//! An [`Exchange`] is to the client what a connection of HTTP/1 is. Many of them share one connection,
//! each in a thread of its own or several in one; how they do that without a thread for the connection
//! is in `link`, what is shared in `books`, `slot` and `halves`. The way out is in `send`, the way in is
//! in `recv`. An exchange that fails or is given up ends alone, by RST_STREAM, and the connection lives.
//!
//! The other design, a thread for each connection that reads for all, was built and measured beside this one, on
//! one core. It answers a PING on an idle connection at once and has no reading to hand on, but a lone exchange
//! pays for two more switches between threads and takes 1.5 times as long, and 32 threads take 1.2 times as long.
//! Only where one thread has many streams there is no difference.

mod books;
mod fault;
mod halves;
mod link;
mod recv;
mod send;
mod slot;
#[cfg(test)]
mod tests;
mod tunnel;

use std::fmt;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar};
use std::time::Duration;

use crate::http::Headers;
use crate::net::{CancelToken, Deadline, Registration, Transport};
use crate::proto::h1::KeepAlive;
use crate::proto::h2::{Config, StreamId};
use crate::proto::{CloseReason, Limits, ResponseHead};

use self::books::Books;
pub(crate) use self::fault::Explain;
use self::link::{Link, Waiter};
use self::tunnel::Tunnel;
use super::connection::Multiplexed;
use super::exchange::{Allowed, Content, Facts, Failure, Outgoing, Tally, Trailers, Watch};
use super::pool::Tell;

/// What opens connections. Who has it carries all of HTTP/2.
#[derive(Clone, Copy)]
pub(crate) struct Open(Opener);

type Opener = fn(Box<dyn Transport>, Config, Limits, Facts) -> Box<dyn Multiplexed>;

/// A handle on a connection that speaks HTTP/2, and the exchange that it carries for the one who has the
/// handle. When the last one is dropped, the connection is closed.
pub(crate) struct Exchange {
    link: Arc<Link>,
    part: Part,
    /// What can cancel the exchange, and how it knows of it.
    cancel: Option<(CancelToken, Registration)>,
    /// Wakes the thread that waits for the exchange; there is none while it has not begun.
    signal: Option<Arc<Condvar>>,
    /// Boxed, since there are hardly ever any.
    trailers: Option<Box<Headers>>,
    tally: Tally,
}

/// How far the exchange has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// There is no stream yet.
    Idle,
    /// The head of the response is still to come.
    Head(Asked),
    /// Content is.
    Content(Asked),
    /// What is sent and received is no HTTP any more: a CONNECT was granted.
    Tunnel(Asked),
    /// The response has been received to its end.
    Ended,
    /// It never will be.
    Failed,
}

/// A request that was sent, or is being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    stream: StreamId,
    /// Does a 2xx open a tunnel?
    connect: bool,
}

impl Open {
    pub(crate) fn new() -> Open {
        Open(|transport, config, limits, facts| {
            let link = Link::new(transport, config, limits, facts);
            Box::new(Exchange::on(Arc::new(link), Tally::default()))
        })
    }

    /// The first exchange on a new connection.
    pub(crate) fn exchange(
        self,
        transport: Box<dyn Transport>,
        config: Config,
        limits: Limits,
        facts: Facts,
    ) -> Box<dyn Multiplexed> {
        (self.0)(transport, config, limits, facts)
    }
}

/// There is only one.
impl fmt::Debug for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Open")
    }
}

impl PartialEq for Open {
    fn eq(&self, _: &Open) -> bool {
        true
    }
}

impl Eq for Open {}

impl Multiplexed for Exchange {
    fn another(&self) -> Box<dyn Multiplexed> {
        let exchanges = self.link.exchanges.load(Ordering::Relaxed);
        Box::new(Exchange::on(Arc::clone(&self.link), Tally { exchanges, ..Tally::default() }))
    }

    fn expect_room(&self, room: usize) {
        self.link.expect_room(room);
    }

    fn watch_room(&self, tell: Tell) {
        self.link.watch_room(tell);
    }

    fn drain(&mut self) {
        Exchange::drain(self);
    }

    fn is_alive(&self) -> bool {
        self.link.is_alive()
    }

    fn into_transport(self: Box<Self>) -> Box<dyn Transport> {
        Box::new(Tunnel::new(*self))
    }

    fn facts(&self) -> &Facts {
        &self.link.facts
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }

    fn tally_mut(&mut self) -> &mut Tally {
        &mut self.tally
    }

    fn begin(&mut self) {
        self.give_up();
        self.tally.begin();
        self.tally.exchanges = self.link.exchanges.load(Ordering::Relaxed) + 1;
        self.trailers = None;
        self.part = Part::Idle;
    }

    fn cancel_by(&mut self, token: &CancelToken) -> Result<(), Failure> {
        let signal = self.signal.get_or_insert_with(Arc::default);
        let registration = token.register(self.link.waker(signal)).map_err(Failure::Send)?;
        self.cancel = Some((token.clone(), registration));
        Ok(())
    }

    /// A token that was cancelled does the connection no harm.
    fn forget_token(&mut self) {
        self.cancel = None;
    }

    fn send(
        &mut self,
        outgoing: &Outgoing<'_>,
        content: Content<'_>,
        trailers: Trailers<'_>,
        allowed: Allowed,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        Exchange::send(self, outgoing, content, trailers, allowed, watch)
    }

    fn enqueue(
        &mut self,
        outgoing: &Outgoing<'_>,
        content: &[u8],
        until: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<u64, Failure> {
        Exchange::enqueue(self, outgoing, content, until, watch)
    }

    fn recv_head(
        &mut self,
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<ResponseHead, Failure> {
        Exchange::recv_head(self, deadline, watch)
    }

    fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> Result<usize, Failure> {
        Exchange::read(self, buffer, deadline)
    }

    fn content_left(&self) -> Option<u64> {
        match self.part {
            Part::Content(asked) => {
                let mut books = self.link.lock();
                let slot = books.slots.get(asked.stream)?;
                let (untaken, ended) = (slot.data.unread().len() as u64, slot.ended);
                match ended {
                    true => Some(untaken),
                    false => Some(books.engine.content_left(asked.stream)? + untaken),
                }
            }
            _ => Some(0),
        }
    }

    fn is_complete(&self) -> bool {
        matches!(self.part, Part::Ended | Part::Tunnel(_))
    }

    fn is_switched(&self) -> bool {
        matches!(self.part, Part::Tunnel(_))
    }

    /// How this exchange has ended makes no difference to whether more can begin.
    fn persistence(&self) -> Result<KeepAlive, CloseReason> {
        match self.part {
            Part::Tunnel(_) => Err(CloseReason::Upgraded),
            // Mostly there is room, and then no need to look further.
            _ if self.link.room() > 0 => Ok(KeepAlive::default()),
            _ => self.close_reason().map_or(Ok(KeepAlive::default()), Err),
        }
    }

    fn close_reason(&self) -> Option<CloseReason> {
        self.link.lock().close_reason()
    }

    fn take_first(&self) -> bool {
        !self.link.taken.swap(true, Ordering::Relaxed)
    }

    fn room(&self) -> usize {
        self.link.room()
    }

    /// Whatever is left of the exchange. With the last one the connection itself goes to rest.
    fn rest(&mut self) {
        self.give_up();
    }

    fn take_trailers(&mut self) -> Option<Box<Headers>> {
        self.trailers.take()
    }
}

impl Exchange {
    fn on(link: Arc<Link>, tally: Tally) -> Exchange {
        Exchange { link, part: Part::Idle, cancel: None, signal: None, trailers: None, tally }
    }

    /// Works and sleeps until `pick` finds in the books what it looks for.
    fn wait<R>(
        &self,
        asked: Asked,
        deadline: Deadline,
        blame: fn(io::Error) -> Failure,
        buffer: &mut [u8],
        pick: impl FnMut(&mut Books, &mut Waiter<'_>) -> Option<Result<R, Failure>>,
    ) -> Result<R, Failure> {
        let signal = self.signal.as_ref().expect("who has a stream has a signal");
        let cancel = self.cancel.as_ref().map(|(token, _)| token);
        let waiter = Waiter::new(Some(asked.stream), signal);
        let mut waiter = Waiter { deadline, cancel, blame, buffer, ..waiter };
        self.link.wait(&mut waiter, pick)
    }

    /// The stream, as long as there is one.
    fn asked(&self) -> Option<Asked> {
        match self.part {
            Part::Head(asked) | Part::Content(asked) | Part::Tunnel(asked) => Some(asked),
            Part::Idle | Part::Ended | Part::Failed => None,
        }
    }

    /// Tells the peer to leave off, if it has not come to the end.
    #[inline]
    fn give_up(&mut self) {
        if let Some(asked) = self.asked() {
            self.part = Part::Failed;
            self.link.leave(asked.stream);
        }
    }
}

/// Not of the connection, of which every program that speaks HTTP/2 would carry the `Debug` then.
impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Exchange { part, tally, .. } = self;
        f.debug_struct("Exchange").field("part", part).field("tally", tally).finish_non_exhaustive()
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// That nobody wants the rest, or that there is more room, is not worth waiting for: at the latest it is said
/// before the next read, or with the next request.
const IN_PASSING: Duration = Duration::from_millis(5);
