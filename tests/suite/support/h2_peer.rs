//! A scripted peer that speaks HTTP/2: a conversation written down frame by frame.
//!
//! ```text
//! let peer = Peer::play(|stage| {
//!     let mut peer = H2::accept(stage);
//!     let stream = peer.request("GET", "/a");
//!     peer.head(stream, 200, &[("x", "y")], More);
//!     peer.data(stream, b"hello", End);
//!     peer.expect_end();
//! });
//! client().get(peer.url("/a")).send()
//! ```
//!
//! What the script waits for is searched among all that comes: frames that it does not ask for, as
//! acknowledgements and windows, are put aside until it does, or until the end, when nothing may be left that
//! means anything. Nothing is sent that the script does not say, but for the beginning.

use std::collections::VecDeque;
use std::time::Duration;

use pannier::proto::h2::frame::{write_field_block, Frame, FrameHead, Settings};
use pannier::proto::h2::hpack::{Decoder, Encoder, Indexing};
use pannier::proto::h2::ErrorCode;
use pannier::{Client, ClientBuilder, Protocol};

use super::peer::{Peer, Stage, Wire};

pub use self::Then::{End, More};

/// A client that knows that the peer speaks HTTP/2.
pub fn client() -> Client {
    builder().build()
}

pub fn builder() -> ClientBuilder {
    super::builder().protocol(Protocol::Http2PriorKnowledge)
}

/// A peer with one connection, on which this happens, and then nothing but its end.
pub fn play(script: impl FnOnce(&mut H2) + Send + 'static) -> Peer {
    play_with(&[], script)
}

/// The same with settings.
pub fn play_with(
    settings: &'static [(u16, u32)],
    script: impl FnOnce(&mut H2) + Send + 'static,
) -> Peer {
    Peer::play(move |stage| {
        let mut peer = H2::accept_with(stage, settings);
        script(&mut peer);
        peer.expect_end();
        stage.expect_nobody();
    })
}

/// Is that the end of the message?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    More,
    End,
}

/// A frame, or a whole field block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Got {
    Fields(Fields),
    Data { stream: u32, data: Vec<u8>, end: bool },
    Reset { stream: u32, code: ErrorCode },
    Settings(Vec<(u16, u32)>),
    SettingsAck,
    Pong([u8; 8]),
    GoAway { last_stream: u32, code: ErrorCode },
    Window { stream: u32, increment: u32 },
}

/// The head of a request, or its trailer section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    pub stream: u32,
    pub fields: Vec<(String, String)>,
    pub end: bool,
    /// As it came.
    pub block: Vec<u8>,
}

impl Fields {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    pub fn names(&self) -> Vec<&str> {
        self.fields.iter().map(|(name, _)| name.as_str()).collect()
    }

    pub fn path(&self) -> &str {
        self.get(":path").expect("it has a path")
    }
}

/// One connection, seen from the server.
pub struct H2 {
    wire: Wire,
    decoder: Decoder,
    encoder: Encoder,
    /// What has come and was not asked for yet.
    aside: VecDeque<Got>,
    /// What is to be sent together.
    held: Option<Vec<u8>>,
}

impl H2 {
    /// The next connection, and the beginning of what is said on it.
    pub fn accept(stage: &mut Stage) -> H2 {
        H2::accept_with(stage, &[])
    }

    pub fn accept_with(stage: &mut Stage, settings: &[(u16, u32)]) -> H2 {
        let mut peer = H2::meet(stage.accept());
        peer.expect_settings();
        peer.settings(settings);
        peer.acknowledge();
        peer
    }

    /// A peer that has said nothing yet.
    pub fn meet(mut wire: Wire) -> H2 {
        wire.expect("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let (decoder, encoder) = (Decoder::new(4096), Encoder::new());
        H2 { wire, decoder, encoder, aside: VecDeque::new(), held: None }
    }

    /// The next that comes, whatever it is and if anything does.
    pub fn next(&mut self) -> Option<Got> {
        let head = self.wire.next_bytes(FrameHead::LENGTH)?;
        let head = FrameHead::parse(&head).expect("it is long enough");
        head.check(16_384).unwrap();
        let payload = self.wire.next_bytes(head.length as usize)?;
        Some(match Frame::parse(head, &payload).unwrap() {
            Frame::Data { stream, data, end_stream, .. } => {
                Got::Data { stream, data: data.to_vec(), end: end_stream }
            }
            Frame::Headers { stream, fragment, end_stream, end_headers, .. } => {
                Got::Fields(self.fields(stream, fragment.to_vec(), end_stream, end_headers))
            }
            Frame::RstStream { stream, code } => Got::Reset { stream, code },
            Frame::Settings(settings) if settings.is_ack() => Got::SettingsAck,
            Frame::Settings(settings) => Got::Settings(settings.iter().collect()),
            Frame::Ping { ack: true, payload } => Got::Pong(payload),
            Frame::GoAway { last_stream, code, .. } => Got::GoAway { last_stream, code },
            Frame::WindowUpdate { stream, increment } => Got::Window { stream, increment },
            other => panic!("no client sends {:?}", other),
        })
    }

    fn fields(&mut self, stream: u32, mut block: Vec<u8>, end: bool, mut whole: bool) -> Fields {
        while !whole {
            let head = FrameHead::parse(&self.wire.expect_bytes(FrameHead::LENGTH)).unwrap();
            let payload = self.wire.expect_bytes(head.length as usize);
            match Frame::parse(head, &payload).unwrap() {
                Frame::Continuation { stream: same, fragment, end_headers } if same == stream => {
                    block.extend_from_slice(fragment);
                    whole = end_headers;
                }
                other => panic!("inside a field block there is {:?}", other),
            }
        }
        let mut fields = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut sink = |name: &[u8], value: &[u8]| fields.push((text(name), text(value)));
        self.decoder.decode(&block, &mut sink).unwrap();
        Fields { stream, fields, end, block }
    }

    /// The first that `pick` takes, of what has come or comes now.
    #[track_caller]
    fn expect<R>(&mut self, what: &str, pick: impl Fn(&Got) -> Option<R>) -> R {
        let found = self.aside.iter().enumerate().find_map(|(at, got)| Some((at, pick(got)?)));
        if let Some((at, found)) = found {
            self.aside.remove(at);
            return found;
        }
        loop {
            match self.next() {
                Some(got) => match pick(&got) {
                    Some(found) => return found,
                    None => self.aside.push_back(got),
                },
                None => panic!("no {}, but the end after {:?}", what, self.aside),
            }
        }
    }

    /// The next request, whatever it asks for.
    #[track_caller]
    pub fn next_request(&mut self) -> Fields {
        self.expect("request", |got| match got {
            Got::Fields(fields) if fields.get(":method").is_some() => Some(fields.clone()),
            _ => None,
        })
    }

    /// The next request, which asks for this; on which stream it comes.
    #[track_caller]
    pub fn request(&mut self, method: &str, path: &str) -> u32 {
        let fields = self.next_request();
        assert_eq!((fields.get(":method"), fields.get(":path")), (Some(method), Some(path)));
        fields.stream
    }

    /// The request to this path, before or after others.
    #[track_caller]
    pub fn request_to(&mut self, path: &str) -> u32 {
        self.expect(path, |got| match got {
            Got::Fields(fields) if fields.get(":path") == Some(path) => Some(fields.stream),
            _ => None,
        })
    }

    #[track_caller]
    pub fn requests(&mut self, count: usize) -> Vec<Fields> {
        (0..count).map(|_| self.next_request()).collect()
    }

    /// One DATA frame.
    #[track_caller]
    pub fn piece(&mut self, stream: u32) -> (Vec<u8>, Then) {
        self.expect("DATA", |got| match got {
            Got::Data { stream: same, data, end } if *same == stream => {
                Some((data.clone(), if *end { End } else { More }))
            }
            _ => None,
        })
    }

    /// Exactly as many bytes of content, in however many frames, without the end.
    #[track_caller]
    pub fn content_of(&mut self, stream: u32, count: usize) -> Vec<u8> {
        let mut content = Vec::new();
        while content.len() < count {
            let (data, then) = self.piece(stream);
            content.extend(data);
            assert_eq!(then, More, "after {} bytes", content.len());
        }
        assert_eq!(content.len(), count);
        content
    }

    /// The content of a request to its end. What was taken is given back to the windows.
    #[track_caller]
    pub fn content(&mut self, stream: u32) -> Vec<u8> {
        let mut content = Vec::new();
        loop {
            let (data, then) = self.piece(stream);
            if !data.is_empty() {
                self.window(0, data.len() as u32);
                if then == More {
                    self.window(stream, data.len() as u32);
                }
            }
            content.extend(data);
            if then == End {
                return content;
            }
        }
    }

    /// The trailer section of a request.
    #[track_caller]
    pub fn expect_trailers(&mut self, stream: u32) -> Fields {
        self.expect("trailers", |got| match got {
            Got::Fields(fields) if fields.stream == stream => Some(fields.clone()),
            _ => None,
        })
    }

    /// The client gives a stream up, and says this.
    #[track_caller]
    pub fn expect_reset(&mut self, stream: u32, code: ErrorCode) {
        let found = self.expect("RST_STREAM", |got| match got {
            Got::Reset { stream: same, code } if *same == stream => Some(*code),
            _ => None,
        });
        assert_eq!(found, code);
    }

    /// The client gives up a stream; which one.
    #[track_caller]
    pub fn any_reset(&mut self) -> (u32, ErrorCode) {
        self.expect("RST_STREAM", |got| match got {
            Got::Reset { stream, code } => Some((*stream, *code)),
            _ => None,
        })
    }

    /// The client gives back some of a window; how much.
    #[track_caller]
    pub fn expect_window(&mut self, stream: u32) -> u32 {
        self.expect("WINDOW_UPDATE", |got| match got {
            Got::Window { stream: same, increment } if *same == stream => Some(*increment),
            _ => None,
        })
    }

    #[track_caller]
    pub fn expect_settings(&mut self) -> Vec<(u16, u32)> {
        self.expect("SETTINGS", |got| match got {
            Got::Settings(values) => Some(values.clone()),
            _ => None,
        })
    }

    /// Settings of the peer have been taken note of.
    #[track_caller]
    pub fn expect_ack(&mut self) {
        self.expect("acknowledgement", |got| (*got == Got::SettingsAck).then_some(()));
    }

    /// The client ends the connection; why.
    #[track_caller]
    pub fn expect_goaway(&mut self) -> ErrorCode {
        self.expect("GOAWAY", |got| match got {
            Got::GoAway { code, .. } => Some(*code),
            _ => None,
        })
    }

    /// What has come meanwhile and was not asked for.
    pub fn aside(&self) -> impl Iterator<Item = &Got> {
        self.aside.iter()
    }

    /// Nothing of a message comes for a moment.
    #[track_caller]
    pub fn expect_silence(&mut self) {
        while !self.wire.is_quiet_for(MOMENT) {
            match self.next() {
                Some(got) => self.aside.push_back(got),
                None => break,
            }
        }
        self.assert_nothing_left();
    }

    /// The client's end of the connection; nothing of a message comes before it.
    #[track_caller]
    pub fn expect_end(&mut self) {
        while let Some(got) = self.next() {
            self.aside.push_back(got);
        }
        self.assert_nothing_left();
    }

    #[track_caller]
    fn assert_nothing_left(&self) {
        let meant =
            |got: &&Got| matches!(got, Got::Fields(_) | Got::Data { .. } | Got::Reset { .. });
        let left = self.aside.iter().filter(meant).collect::<Vec<_>>();
        assert!(left.is_empty(), "nobody asked for {:?}", left);
    }

    /// Answers each request with its path, until the client ends the connection. Returns how many.
    pub fn serve(&mut self) -> usize {
        let mut count = 0;
        loop {
            match self.next() {
                Some(Got::Fields(fields)) if fields.end => {
                    count += 1;
                    self.answer(fields.stream, fields.path().as_bytes());
                }
                Some(Got::Fields(fields)) => panic!("content on {}", fields.stream),
                Some(got) => self.aside.push_back(got),
                None => return count,
            }
        }
    }

    pub fn head(&mut self, stream: u32, status: u16, fields: &[(&str, &str)], then: Then) {
        let status = status.to_string();
        let fields = [&[(":status", &*status)], fields].concat();
        self.block(stream, &fields, then);
    }

    pub fn trailers(&mut self, stream: u32, fields: &[(&str, &str)]) {
        self.block(stream, fields, End);
    }

    /// HEADERS with these fields, right or wrong.
    pub fn block(&mut self, stream: u32, fields: &[(&str, &str)], then: Then) {
        let (mut block, mut out) = (Vec::new(), Vec::new());
        self.encoder.begin(&mut block);
        for (name, value) in fields {
            let (name, value) = (name.as_bytes(), value.as_bytes());
            self.encoder.field(name, value, Indexing::Incremental, &mut block);
        }
        write_field_block(stream, &block, then == End, 16_384, &mut out);
        self.raw(out);
    }

    pub fn data(&mut self, stream: u32, data: impl AsRef<[u8]>, then: Then) {
        let mut pieces = data.as_ref().chunks(16_384).peekable();
        if pieces.peek().is_none() {
            return self.frame(Frame::data(stream, b"", then == End));
        }
        while let Some(piece) = pieces.next() {
            let end = pieces.peek().is_none() && then == End;
            self.frame(Frame::data(stream, piece, end));
        }
    }

    /// A whole response of 200.
    pub fn answer(&mut self, stream: u32, content: impl AsRef<[u8]>) {
        self.at_once(|peer| {
            peer.head(stream, 200, &[], More);
            peer.data(stream, content, End);
        });
    }

    pub fn reset(&mut self, stream: u32, code: ErrorCode) {
        self.frame(Frame::RstStream { stream, code });
    }

    pub fn settings(&mut self, values: &[(u16, u32)]) {
        let mut out = Vec::new();
        Settings::write(values, &mut out);
        self.raw(out);
    }

    /// RFC 9113 §6.5.3: the settings of the client hold from now on.
    pub fn acknowledge(&mut self) {
        self.frame(Frame::Settings(Settings::ACK));
    }

    pub fn window(&mut self, stream: u32, increment: u32) {
        self.frame(Frame::WindowUpdate { stream, increment });
    }

    pub fn goaway(&mut self, last_stream: u32, code: ErrorCode) {
        self.frame(Frame::GoAway { last_stream, code, debug: b"" });
    }

    /// Asks the client whether it has read what was said before, and waits until it has. Only one that
    /// waits for something reads.
    #[track_caller]
    pub fn ping(&mut self) {
        let payload = *b"are you?";
        self.frame(Frame::Ping { ack: false, payload });
        self.expect("answer to PING", |got| (*got == Got::Pong(payload)).then_some(()));
    }

    pub fn frame(&mut self, frame: Frame<'_>) {
        let mut out = Vec::new();
        frame.write_to(&mut out);
        self.raw(out);
    }

    #[track_caller]
    pub fn raw(&mut self, bytes: impl AsRef<[u8]>) {
        match &mut self.held {
            Some(held) => held.extend_from_slice(bytes.as_ref()),
            None => self.wire.send(bytes),
        }
    }

    /// Sends all that is said in one write.
    #[track_caller]
    pub fn at_once(&mut self, say: impl FnOnce(&mut H2)) {
        self.held = Some(Vec::new());
        say(self);
        let held = self.held.take().unwrap_or_default();
        self.raw(held);
    }

    /// Is the client there to take this?
    pub fn try_raw(&mut self, bytes: &[u8]) -> bool {
        self.wire.try_send(bytes)
    }

    pub fn try_frame(&mut self, frame: Frame<'_>) -> bool {
        let mut out = Vec::new();
        frame.write_to(&mut out);
        self.try_raw(&out)
    }

    pub fn try_head(&mut self, stream: u32, status: u16) -> bool {
        self.held = Some(Vec::new());
        self.head(stream, status, &[], More);
        let held = self.held.take().unwrap_or_default();
        self.try_raw(&held)
    }

    /// Whatever else comes means nothing.
    pub fn forget_rest(&mut self) {
        while self.next().is_some() {}
        self.aside.clear();
    }

    /// Ends the connection in order. What the client still sends is read, lest it become a reset.
    pub fn close(&mut self) {
        self.shut();
        while self.next().is_some() {}
    }

    /// Ends this side in order, and leaves for later what the client still sends.
    pub fn shut(&mut self) {
        self.wire.shut();
    }

    /// Keeps the connection open, and says and reads nothing more, until the test has ended.
    pub fn hold(self, stage: &mut Stage) {
        stage.stall(self.wire);
    }

    /// Ends the connection by a reset. Something must have come before.
    pub fn abort(self) {
        self.wire.reset();
    }
}

/// How long nothing must come to be taken for silence.
const MOMENT: Duration = Duration::from_millis(20);
