//! A connection, in whichever version of HTTP it speaks: what the client asks of it.
//!
//! HTTP/1 carries one exchange after the other, so there a connection is the whole of it. HTTP/2 carries
//! many at once, so there it is one's own part of a connection that others use as well. What is asked
//! of them is the same. HTTP/2 is asked through a trait, so that a program which never opens such a
//! connection need not carry what is behind it.

use crate::http::Headers;
use crate::net::{CancelToken, Deadline, Registration, Transport};
use crate::proto::buffer::Buffer;
use crate::proto::h1::KeepAlive;
use crate::proto::{CloseReason, ResponseHead};

use super::exchange::{Allowed, Content, Facts, Failure, Outgoing, Tally, Trailers, Watch};
use super::h1;
use super::pool::{Tell, Value};

/// What carries an exchange.
#[derive(Debug)]
pub(crate) enum Connection {
    H1(Box<h1::Connection>),
    #[cfg(feature = "http2")]
    H2(Box<dyn Multiplexed>),
}

/// One's own part of a connection that carries many exchanges at once. Of this there is one kind, that of
/// HTTP/2. What [`Connection`] has too means the same here.
#[cfg(feature = "http2")]
pub(crate) trait Multiplexed: std::fmt::Debug + Send {
    /// Another part of the same connection.
    fn another(&self) -> Box<dyn Multiplexed>;

    /// Has the connection carry no more exchanges at once, until the peer says how many.
    fn expect_room(&self, room: usize);

    /// Has it called whenever the connection may carry more exchanges at once than before.
    fn watch_room(&self, tell: Tell);

    /// Drops what has come of an unread response. The rest is not waited for.
    fn drain(&mut self);

    /// Is the connection alive, as far as can be told without waiting?
    fn is_alive(&self) -> bool;

    /// What a CONNECT has opened.
    fn into_transport(self: Box<Self>) -> Box<dyn Transport>;

    fn facts(&self) -> &Facts;
    fn tally(&self) -> &Tally;
    fn tally_mut(&mut self) -> &mut Tally;
    fn begin(&mut self);
    fn cancel_by(&mut self, token: &CancelToken) -> Result<(), Failure>;
    fn forget_token(&mut self);
    fn send(
        &mut self,
        outgoing: &Outgoing<'_>,
        content: Content<'_>,
        trailers: Trailers<'_>,
        allowed: Allowed,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure>;
    fn enqueue(
        &mut self,
        outgoing: &Outgoing<'_>,
        content: &[u8],
        until: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<u64, Failure>;
    fn recv_head(
        &mut self,
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<ResponseHead, Failure>;
    fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> Result<usize, Failure>;
    fn content_left(&self) -> Option<u64>;
    fn is_complete(&self) -> bool;
    fn is_switched(&self) -> bool;
    fn persistence(&self) -> Result<KeepAlive, CloseReason>;
    fn close_reason(&self) -> Option<CloseReason>;
    fn take_first(&self) -> bool;
    fn room(&self) -> usize;
    fn rest(&mut self);
    fn take_trailers(&mut self) -> Option<Box<Headers>>;
}

/// The same question to either.
macro_rules! either {
    ($connection:expr, $it:ident => $answer:expr) => {
        match $connection {
            Connection::H1($it) => $answer,
            #[cfg(feature = "http2")]
            Connection::H2($it) => $answer,
        }
    };
}

/// A connection of HTTP/2 is lent to as many at once as its peer allows.
impl Value for Connection {
    #[cfg(feature = "http2")]
    type ShareId = u64;
    #[cfg(not(feature = "http2"))]
    type ShareId = std::convert::Infallible;

    fn share_id(&self, _number: u64) -> Option<Self::ShareId> {
        match self {
            Connection::H1(_) => None,
            #[cfg(feature = "http2")]
            Connection::H2(_) => Some(_number),
        }
    }

    fn share(&self, _lent: usize) -> Option<Connection> {
        match self {
            Connection::H1(_) => None,
            #[cfg(feature = "http2")]
            Connection::H2(it) => (_lent < it.room()).then(|| Connection::H2(it.another())),
        }
    }

    fn watch_room(&self, _tell: Tell) {
        match self {
            Connection::H1(_) => {}
            #[cfg(feature = "http2")]
            Connection::H2(it) => it.watch_room(_tell),
        }
    }
}

impl Connection {
    /// What is known of it.
    pub(crate) fn facts(&self) -> &Facts {
        match self {
            Connection::H1(it) => &it.facts,
            #[cfg(feature = "http2")]
            Connection::H2(it) => it.facts(),
        }
    }

    /// What is counted of its present exchange.
    pub(crate) fn tally(&self) -> &Tally {
        match self {
            Connection::H1(it) => &it.tally,
            #[cfg(feature = "http2")]
            Connection::H2(it) => it.tally(),
        }
    }

    pub(crate) fn tally_mut(&mut self) -> &mut Tally {
        match self {
            Connection::H1(it) => &mut it.tally,
            #[cfg(feature = "http2")]
            Connection::H2(it) => it.tally_mut(),
        }
    }

    /// Begins an exchange: what was counted in the one before is forgotten.
    pub(crate) fn begin(&mut self) {
        either!(self, it => it.begin());
    }

    /// Has the token end the exchange if it is cancelled before that has ended.
    pub(crate) fn cancel_by(&mut self, token: &CancelToken) -> Result<(), Failure> {
        either!(self, it => it.cancel_by(token))
    }

    /// Frees the connection from its token. It is of no use if that was cancelled meanwhile.
    pub(crate) fn forget_token(&mut self) -> Result<(), CloseReason> {
        match self {
            Connection::H1(it) => it.forget_token(),
            #[cfg(feature = "http2")]
            Connection::H2(it) => {
                it.forget_token();
                Ok(())
            }
        }
    }

    /// Sends a request whole, or as much of it as the peer wants before it answers.
    pub(crate) fn send(
        &mut self,
        outgoing: &Outgoing<'_>,
        content: Content<'_>,
        trailers: Trailers<'_>,
        allowed: Allowed,
        watch: &mut dyn Watch,
    ) -> Result<(), Failure> {
        match self {
            Connection::H1(it) => it.send(&outgoing.head, content, trailers, allowed, watch),
            #[cfg(feature = "http2")]
            Connection::H2(it) => it.send(outgoing, content, trailers, allowed, watch),
        }
    }

    /// Puts a request on its way without waiting for it to be sent: behind those in flight, if they are
    /// answered in their order, else beside them, if that is allowed before `until`. Returns how long
    /// it is on the wire.
    pub(crate) fn enqueue(
        &mut self,
        outgoing: &Outgoing<'_>,
        content: &[u8],
        until: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<u64, Failure> {
        match self {
            Connection::H1(it) => {
                let _ = until;
                it.enqueue(&outgoing.head, content, watch)
            }
            #[cfg(feature = "http2")]
            Connection::H2(it) => it.enqueue(outgoing, content, until, watch),
        }
    }

    /// Turns to the response to the oldest request in flight, of which this many bytes were sent.
    pub(crate) fn begin_response(&mut self, sent: u64) {
        match self {
            Connection::H1(it) => it.begin_response(sent),
            #[cfg(feature = "http2")]
            Connection::H2(_) => {}
        }
    }

    /// May several requests be in flight on it, one behind the other?
    pub(crate) fn may_be_pipelined(&self) -> bool {
        match self {
            Connection::H1(it) => it.may_be_pipelined(),
            #[cfg(feature = "http2")]
            Connection::H2(_) => false,
        }
    }

    /// Waits for the head of the final response.
    pub(crate) fn recv_head(
        &mut self,
        deadline: Deadline,
        watch: &mut dyn Watch,
    ) -> Result<ResponseHead, Failure> {
        either!(self, it => it.recv_head(deadline, watch))
    }

    /// Reads content: at least one byte, or 0 at the end of the response (or if `buffer` is empty).
    pub(crate) fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> Result<usize, Failure> {
        either!(self, it => it.read(buffer, deadline))
    }

    /// Reads the rest of an unread response, if it is known to be near: what is buffered, then at most
    /// `limit` bytes before `deadline`.
    pub(crate) fn drain(&mut self, limit: u64, deadline: Deadline) {
        match self {
            Connection::H1(it) => it.drain(limit, deadline),
            #[cfg(feature = "http2")]
            Connection::H2(it) => it.drain(),
        }
    }

    /// What was read and not understood yet. After a broken rule it begins with the head or the
    /// piece of framing that breaks it.
    pub(crate) fn unread(&self) -> &[u8] {
        match self {
            Connection::H1(it) => it.unread(),
            // What broke a rule may have been anyone's.
            #[cfg(feature = "http2")]
            Connection::H2(_) => &[],
        }
    }

    /// How much content is left, if its length is known.
    pub(crate) fn content_left(&self) -> Option<u64> {
        either!(self, it => it.content_left())
    }

    /// May the content of the response have a coding? HTTP/1 finds that on the way to what it has to know
    /// of a head; else the head is to be looked at.
    pub(crate) fn is_coded(&self) -> bool {
        match self {
            Connection::H1(it) => it.is_coded(),
            #[cfg(feature = "http2")]
            Connection::H2(_) => true,
        }
    }

    /// Has the response come to its end?
    pub(crate) fn is_complete(&self) -> bool {
        either!(self, it => it.is_complete())
    }

    /// Is what follows the head not HTTP?
    pub(crate) fn is_switched(&self) -> bool {
        either!(self, it => it.is_switched())
    }

    /// May the connection be used again? Only asked when its exchange is over.
    pub(crate) fn persistence(&self) -> Result<KeepAlive, CloseReason> {
        either!(self, it => it.persistence())
    }

    /// Why the connection ends after what is under way, if that is known already.
    pub(crate) fn close_reason(&self) -> Option<CloseReason> {
        either!(self, it => it.close_reason())
    }

    /// Is the caller the first to use it? Whoever asks later is not.
    pub(crate) fn take_first(&self) -> bool {
        match self {
            Connection::H1(it) => it.tally.exchanges == 0,
            #[cfg(feature = "http2")]
            Connection::H2(it) => it.take_first(),
        }
    }

    /// How many exchanges it may carry at once.
    pub(crate) fn room(&self) -> usize {
        match self {
            Connection::H1(_) => 1,
            #[cfg(feature = "http2")]
            Connection::H2(it) => it.room(),
        }
    }

    /// Does it go on when an exchange on it has failed?
    pub(crate) fn survives(&self) -> bool {
        match self {
            Connection::H1(_) => false,
            #[cfg(feature = "http2")]
            Connection::H2(it) => it.close_reason().is_none(),
        }
    }

    /// Is the connection quiet, as an idle one should be, or alive at least?
    pub(crate) fn is_quiet(&mut self) -> bool {
        match self {
            Connection::H1(it) => it.is_quiet(),
            #[cfg(feature = "http2")]
            Connection::H2(it) => it.is_alive(),
        }
    }

    /// Ends the exchange, and gives up memory that only a large one needs.
    pub(crate) fn rest(&mut self) {
        either!(self, it => it.rest());
    }

    pub(crate) fn take_trailers(&mut self) -> Option<Box<Headers>> {
        either!(self, it => it.take_trailers())
    }

    /// The transport, the bytes that were read from it but belong to whatever comes now, and what can
    /// still cancel it.
    pub(crate) fn into_parts(self) -> (Box<dyn Transport>, Buffer, Option<Registration>) {
        match self {
            Connection::H1(it) => it.into_parts(),
            #[cfg(feature = "http2")]
            Connection::H2(it) => (it.into_transport(), Buffer::new(), None),
        }
    }
}
