//! One client connection of HTTP/2: requests out and responses in, many at once.
//!
//! What is to be sent is appended to one vector that the driver empties, what came is handed in as it
//! comes. Everything that needs no caller is done here: settings are obeyed and acknowledged, pings
//! answered, windows given back, streams reset that break a rule. A broken rule of the connection
//! ends it, with GOAWAY as the last thing in the output.
//!
//! ```text
//!   Preface ──(SETTINGS)──► Head ──► Frame | Padded | Data | Skip ──► Head      (reading)
//!                            │  ▲                                      │
//!                            │  └──────────────────────────────────────┘
//!                            └── within a field block CONTINUATION only
//! ```

mod block;
mod control;
mod data;
mod recv;
mod send;

use std::fmt;

use crate::proto::{CloseReason, Limits};

use super::budget::Budget;
use super::event::Refusal;
use super::flow::{RecvWindow, Window, INITIAL_WINDOW};
use super::frame::{Frame, FrameHead};
use super::hpack::Decoder;
use super::message::Section;
use super::request::RequestEncoder;
use super::settings::{announce, PeerSettings};
use super::streams::Streams;
use super::{Config, Error, ErrorCode, StreamId};

use self::block::{Block, LastHead};
use self::data::Piece;

/// The state of one connection, without the connection.
///
/// There is an example of a whole exchange at the [module](super).
pub struct Connection {
    config: Config,
    limits: Limits,
    output: Vec<u8>,
    /// What the driver has taken out of the output and holds still.
    unsent: usize,
    reading: Reading,
    /// Is there a beginning of a frame that the driver still holds?
    cut: bool,
    streams: Streams,
    /// Windows of the connection.
    send: Window,
    recv: RecvWindow,
    peer: PeerSettings,
    /// Has the peer acknowledged our SETTINGS?
    acknowledged: bool,
    requests: RequestEncoder,
    decoder: Decoder,
    section: Section,
    last_head: LastHead,
    /// The field block that CONTINUATION goes on with.
    block: Option<Block>,
    budget: Budget,
    /// What the last GOAWAY of the peer said.
    gone: Option<Gone>,
    closing: Option<CloseReason>,
}

/// Where in the peer's frames the engine is.
#[derive(Clone, Copy, Debug)]
enum Reading {
    /// Before the first frame.
    Preface,
    /// At the head of a frame.
    Head,
    /// After the head of a frame that is wanted whole.
    Frame(FrameHead),
    /// After the head of a DATA frame whose first octet says how much padding there is.
    Padded(FrameHead),
    /// In the content of a DATA frame, or in the padding of the last one.
    Data(Piece),
    /// In a payload that nobody wants, with so much to come, at least a byte.
    Skip(usize),
    Failed(Error),
}

/// GOAWAY, as it was received.
#[derive(Clone, Copy, Debug)]
struct Gone {
    last_stream: StreamId,
    code: ErrorCode,
}

impl Connection {
    /// A new connection. Its output begins with the preface: it is to be sent before anything has
    /// come.
    pub fn new(config: Config, limits: Limits) -> Connection {
        let config = config.within_protocol();
        let mut connection = Connection {
            config,
            limits,
            output: Vec::with_capacity(USUAL_OUTPUT),
            unsent: 0,
            reading: Reading::Preface,
            cut: false,
            streams: Streams::new(),
            send: Window::new(INITIAL_WINDOW),
            recv: RecvWindow::new(config.connection_window),
            peer: PeerSettings::INITIAL,
            acknowledged: false,
            requests: RequestEncoder::new(),
            decoder: Decoder::new(config.header_table),
            section: Section::new(limits),
            last_head: LastHead::default(),
            block: None,
            budget: Budget::new(config.idle_frames),
            gone: None,
            closing: None,
        };
        connection.output.extend_from_slice(PREFACE);
        announce(&config, &limits, &mut connection.output);
        // RFC 9113 §6.9.2: the window of the connection can only be changed by WINDOW_UPDATE.
        match config.connection_window - INITIAL_WINDOW {
            0 => {}
            increment => connection.update_window(0, increment),
        }
        connection
    }

    /// What is to be sent next. The driver takes out of it what it has sent; should it take more, it
    /// says so with [`set_unsent`](Connection::set_unsent).
    pub fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// Says how many bytes have been taken out of the output that have not been sent yet. Answers to a
    /// peer that does not read them are bounded, here as in the output.
    pub fn set_unsent(&mut self, count: usize) {
        self.unsent = count;
    }

    /// Can a stream be opened now?
    ///
    /// # Errors
    /// Why not, and whether that can change.
    pub fn can_open(&self) -> Result<(), Refusal> {
        match self.reading {
            Reading::Failed(_) => Err(Refusal::Failed),
            _ if self.closing.is_some() => Err(Refusal::GoneAway),
            _ if self.streams.is_exhausted() => Err(Refusal::Exhausted),
            _ if self.streams.len() >= self.capacity() => Err(Refusal::Full),
            _ => Ok(()),
        }
    }

    /// How many streams there may be at once, those that are open included: as many as the peer allows,
    /// or 100 while it has not spoken, but no more than the configuration has it. None if there will
    /// be no new ones.
    pub fn capacity(&self) -> usize {
        if self.close_reason().is_some() {
            return 0;
        }
        let allowed = match (self.peer.max_concurrent_streams, self.reading) {
            (Some(most), _) => most as usize,
            (None, Reading::Preface) => UNTIL_SETTINGS,
            (None, _) => usize::MAX,
        };
        allowed.min(self.config.concurrent_streams)
    }

    /// How many streams are open, or half closed.
    pub fn streams(&self) -> usize {
        self.streams.len()
    }

    /// Why there will be no new streams, if that is known already.
    pub fn close_reason(&self) -> Option<CloseReason> {
        match self.reading {
            Reading::Failed(_) => Some(CloseReason::Fault),
            _ if self.streams.is_exhausted() => Some(CloseReason::ExchangesExhausted),
            _ => self.closing,
        }
    }

    /// Asks the peer for a sign of life, which comes as [`Event::Pong`](super::Event::Pong).
    pub fn ping(&mut self, payload: [u8; 8]) {
        Frame::Ping { ack: false, payload }.write_to(&mut self.output);
    }

    /// Says that no more streams will be opened, because of this. Those that are open go on.
    pub fn go_away(&mut self, code: ErrorCode) {
        // RFC 9113 §6.8: the last stream is one of the peer's, and it has opened none.
        Frame::GoAway { last_stream: 0, code, debug: b"" }.write_to(&mut self.output);
        self.closing.get_or_insert(CloseReason::RequestedByClient);
    }

    /// The peer's side has ended, orderly. Everything before it was given to
    /// [`recv`](Connection::recv), until that asked for more.
    ///
    /// # Errors
    /// A response is not complete, or a frame.
    pub fn recv_eof(&mut self) -> Result<(), Error> {
        let unfinished = self.streams.iter().filter(|stream| stream.state.receiving().is_some());
        let error = match (self.reading, unfinished.count()) {
            (Reading::Failed(error), _) => error,
            (Reading::Preface, _) if !self.cut => Error::ClosedBeforeSettings,
            (Reading::Head, _) if self.block.is_some() || self.cut => Error::ClosedInFrame,
            (Reading::Head, 0) => {
                self.streams.clear();
                self.closing.get_or_insert(CloseReason::ClosedWhileIdle);
                return Ok(());
            }
            (Reading::Head, streams) => Error::Closed(streams),
            _ => Error::ClosedInFrame,
        };
        self.reading = Reading::Failed(error);
        self.streams.clear();
        Err(error)
    }

    /// The connection has failed: says so to the peer, and forgets its streams.
    fn fail(&mut self, error: Error) -> Error {
        if error != Error::Http1 {
            self.go_away(error.code());
        }
        self.streams.clear();
        self.block = None;
        self.reading = Reading::Failed(error);
        error
    }

    /// The window of a new stream. Before it has heard of ours the peer may think it the one that is
    /// everyone's.
    fn stream_window(&self) -> u32 {
        match self.acknowledged {
            true => self.config.stream_window,
            false => self.config.stream_window.max(INITIAL_WINDOW),
        }
    }

    fn update_window(&mut self, stream: StreamId, increment: u32) {
        Frame::WindowUpdate { stream, increment }.write_to(&mut self.output);
    }
}

impl Reading {
    /// Before so much that nobody wants.
    fn skip(left: usize) -> Reading {
        match left {
            0 => Reading::Head,
            left => Reading::Skip(left),
        }
    }
}

/// Without what was sent and received: there may be secrets in it.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("reading", &self.reading)
            .field("streams", &self.streams)
            .field("send", &self.send)
            .field("recv", &self.recv)
            .field("peer", &self.peer)
            .field("closing", &self.closing)
            .field("output", &self.output.len())
            .finish_non_exhaustive()
    }
}

/// RFC 9113 §3.4: how a client begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How many streams are opened before the peer has said how many it takes: what RFC 9113 §6.5.2 asks
/// every peer not to go below.
const UNTIL_SETTINGS: usize = 100;

/// The preface, SETTINGS and a first request fit into this.
const USUAL_OUTPUT: usize = 512;
