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
mod halves;
mod link;
mod recv;
mod send;
mod slot;
#[cfg(test)]
mod tests;
mod tunnel;

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar};
use std::time::Duration;

use crate::event::Made;
use crate::http::Headers;
use crate::net::{CancelToken, Deadline, Registration, Transport};
use crate::proto::buffer::Buffer;
use crate::proto::h1::KeepAlive;
use crate::proto::h2::{Config, StreamId};
use crate::proto::{CloseReason, Limits};

use self::books::Books;
use self::link::{Link, Waiter};
use self::tunnel::Tunnel;
use super::exchange::{Facts, Failure};
use super::pool::Tell;

/// A handle on a connection that speaks HTTP/2, and the exchange that it carries for the one who has the
/// handle. When the last one is dropped, the connection is closed.
#[derive(Debug)]
pub(crate) struct Exchange {
    link: Arc<Link>,
    part: Part,
    /// What can cancel the exchange, and how it knows of it.
    cancel: Option<(CancelToken, Registration)>,
    /// Wakes the thread that waits for the exchange; there is none while it has not begun.
    signal: Option<Arc<Condvar>>,
    /// Boxed, since there are hardly ever any.
    trailers: Option<Box<Headers>>,
    pub(super) facts: Facts,
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

impl Exchange {
    /// The first handle on a new connection.
    pub(crate) fn new(
        transport: Box<dyn Transport>,
        config: Config,
        limits: Limits,
        id: u64,
        made: Made,
    ) -> Exchange {
        let facts = Facts::new(&*transport, id, made);
        Exchange::on(Arc::new(Link::new(transport, config, limits)), facts)
    }

    fn on(link: Arc<Link>, facts: Facts) -> Exchange {
        Exchange { link, part: Part::Idle, cancel: None, signal: None, trailers: None, facts }
    }

    /// Another handle on the same connection.
    pub(crate) fn another(&self) -> Exchange {
        let exchanges = self.link.exchanges.load(Ordering::Relaxed);
        Exchange::on(Arc::clone(&self.link), Facts { exchanges, was_idle: false, ..self.facts })
    }

    /// How many exchanges the connection may carry at once; none, if no more can begin.
    pub(crate) fn room(&self) -> usize {
        self.link.room()
    }

    /// Has the connection carry no more exchanges at once, until the peer says how many.
    pub(crate) fn expect_room(&self, room: usize) {
        self.link.expect_room(room);
    }

    /// Has it called whenever the connection may carry more exchanges at once than before.
    pub(crate) fn watch_room(&self, tell: Tell) {
        self.link.watch_room(tell);
    }

    /// Is the caller the first to use the connection? Whoever asks later is not.
    pub(crate) fn take_first(&self) -> bool {
        !self.link.taken.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn begin(&mut self) {
        self.give_up();
        self.facts.begin();
        self.facts.exchanges = self.link.exchanges.load(Ordering::Relaxed) + 1;
        self.trailers = None;
        self.part = Part::Idle;
    }

    pub(crate) fn cancel_by(&mut self, token: &CancelToken) -> Result<(), Failure> {
        let signal = self.signal.get_or_insert_with(Arc::default);
        let registration = token.register(self.link.waker(signal)).map_err(Failure::Send)?;
        self.cancel = Some((token.clone(), registration));
        Ok(())
    }

    /// A token that was cancelled does the connection no harm.
    pub(crate) fn forget_token(&mut self) -> Result<(), CloseReason> {
        self.cancel = None;
        Ok(())
    }

    /// Nothing is left to be looked at: what broke a rule may have been anyone's.
    pub(crate) fn unread(&self) -> &[u8] {
        &[]
    }

    pub(crate) fn content_left(&self) -> Option<u64> {
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

    pub(crate) fn is_complete(&self) -> bool {
        matches!(self.part, Part::Ended | Part::Tunnel(_))
    }

    /// Is what it carries no HTTP any more?
    pub(crate) fn is_switched(&self) -> bool {
        matches!(self.part, Part::Tunnel(_))
    }

    /// May more exchanges begin on the connection? How this one has ended makes no difference to that.
    pub(crate) fn persistence(&self) -> Result<KeepAlive, CloseReason> {
        match self.part {
            Part::Tunnel(_) => Err(CloseReason::Upgraded),
            // Mostly there is room, and then no need to look further.
            _ if self.link.room() > 0 => Ok(KeepAlive::default()),
            _ => self.close_reason().map_or(Ok(KeepAlive::default()), Err),
        }
    }

    pub(crate) fn close_reason(&self) -> Option<CloseReason> {
        self.link.lock().close_reason()
    }

    /// Is the connection alive, as far as can be told without waiting?
    pub(crate) fn is_quiet(&mut self) -> bool {
        self.link.is_alive()
    }

    /// Ends the exchange, whatever is left of it. With the last one the connection itself goes to rest.
    pub(crate) fn rest(&mut self) {
        self.give_up();
    }

    pub(crate) fn take_trailers(&mut self) -> Option<Box<Headers>> {
        self.trailers.take()
    }

    /// What a CONNECT has opened.
    pub(crate) fn into_parts(self) -> (Box<dyn Transport>, Buffer, Option<Registration>) {
        (Box::new(Tunnel::new(self)), Buffer::new(), None)
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

impl Drop for Exchange {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// That nobody wants the rest, or that there is more room, is not worth waiting for: at the latest it is said
/// before the next read, or with the next request.
const IN_PASSING: Duration = Duration::from_millis(5);
