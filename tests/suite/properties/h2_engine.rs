//! A connection of HTTP/2: whatever the peer sends, the events and the answers are the same at every
//! split, an error comes again, what has to be kept unread is no longer than a frame, and the answers
//! are no longer than the questions.

use std::fmt;

use pannier::http::{Headers, Method};
use pannier::proto::h2::frame::{Frame, FrameHead};
use pannier::proto::h2::{Config, Connection, ErrorCode, Event, RequestHead, StreamId};
use pannier::proto::Limits;

use super::Dice;

/// The first byte says what the client is like; the others are what the server sends.
pub fn check(data: &[u8]) {
    let (&first, wire) = match data.split_first() {
        Some(split) => split,
        None => return,
    };
    let mut session = Session::idle().busy();
    if first & 1 == 1 {
        session.config = session.config.stream_window(100).max_stream_window(150).idle_frames(30);
        session.limits = session.limits.head_bytes(200).head_lines(3).interim_responses(2);
    }
    let methods = [Method::GET, Method::POST, Method::HEAD, Method::CONNECT];
    for index in 0..1 + usize::from(first >> 1 & 3) {
        let method = &methods[(index + usize::from(first >> 3 & 3)) % methods.len()];
        session = session.open(method, *method != Method::POST);
    }
    match first >> 5 & 1 {
        0 => session.everyway(wire),
        _ => session.everyway(&[&settings(&[])[..], wire].concat()),
    };
}

/// A client with its requests, to be confronted with what a server sends.
#[derive(Clone)]
pub struct Session {
    pub config: Config,
    pub limits: Limits,
    requests: Vec<(Method, bool)>,
    /// Reads what comes, resets a stream, and uploads.
    busy: bool,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    pub events: Vec<Said>,
    /// The frames that were sent after the requests, in words.
    pub sent: Vec<String>,
    /// How long the output was.
    pub output: usize,
    /// How much content was sent.
    pub uploaded: usize,
}

/// An event in words; pieces of content as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Words(String),
    Content(StreamId, Vec<u8>, bool),
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Said::Words(words) => f.write_str(words),
            Said::Content(stream, content, end) => {
                let end = if *end { " END" } else { "" };
                write!(f, "{}:{:?}{}", stream, String::from_utf8_lossy(content), end)
            }
        }
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = self.events.iter().map(Said::to_string).collect::<Vec<_>>().join(", ");
        f.write_str(&events)
    }
}

impl Session {
    /// With nothing under way.
    pub fn idle() -> Session {
        let (config, limits) = (Config::default(), Limits::default());
        Session { config, limits, requests: Vec::new(), busy: false }
    }

    /// With one GET under way, on stream 1.
    pub fn get() -> Session {
        Session::idle().open(&Method::GET, true)
    }

    pub fn open(mut self, method: &Method, end: bool) -> Session {
        self.requests.push((method.clone(), end));
        self
    }

    pub fn busy(mut self) -> Session {
        self.busy = true;
        self
    }

    /// What comes of it, however it comes: whole, byte by byte, in random pieces, and split at every
    /// place, if it is not too long for that.
    pub fn everyway(&self, wire: &[u8]) -> Transcript {
        let whole = self.play(&[wire]);
        let mut dice = Dice::new(wire);
        let mut pieces = Vec::new();
        let mut rest = wire;
        while !rest.is_empty() {
            let (piece, more) = rest.split_at(dice.roll(40).min(rest.len()));
            pieces.push(piece);
            rest = more;
        }
        self.assert_same(&whole, &pieces);
        self.assert_same(&whole, &wire.chunks(1).collect::<Vec<_>>());
        // What is checked for very many inputs need not be split at every place.
        let splits = if self.busy { 16 } else { 400 };
        let step = 1 + wire.len() / splits;
        for at in (0..wire.len()).step_by(step) {
            self.assert_same(&whole, &[&wire[..at], &wire[at..]]);
        }
        assert!(
            whole.output <= whole.uploaded + 2 * wire.len() + 100 * (1 + self.requests.len()),
            "{} bytes answer {}",
            whole.output,
            wire.len()
        );
        whole
    }

    fn assert_same(&self, whole: &Transcript, pieces: &[&[u8]]) {
        let played = self.play(pieces);
        assert_eq!(&played, whole, "in {} pieces", pieces.len());
    }

    pub fn play(&self, pieces: &[&[u8]]) -> Transcript {
        let mut connection = Connection::new(self.config, self.limits);
        for (method, end) in &self.requests {
            request(&mut connection, method, *end);
        }
        connection.output().clear();
        let (transcript, busy) = (Transcript::default(), self.busy);
        let mut play = Play { connection, transcript, busy, unread: Vec::new() };
        let mut input: Vec<u8> = Vec::new();
        for piece in pieces {
            input.extend_from_slice(piece);
            match play.feed(&input) {
                Some(used) => drop(input.drain(..used)),
                None => return play.finish(),
            }
            assert!(input.len() <= 16_384, "{} bytes are kept", input.len());
        }
        let end = play.connection.recv_eof();
        play.say(format!("eof {:?}", end));
        play.finish()
    }
}

struct Play {
    connection: Connection,
    transcript: Transcript,
    busy: bool,
    unread: Vec<(StreamId, usize)>,
}

impl Play {
    /// How much of the input was used; `None`: the connection has failed.
    fn feed(&mut self, input: &[u8]) -> Option<usize> {
        let mut used = 0;
        loop {
            match self.connection.recv(&input[used..]) {
                Ok((count, Some(event))) => {
                    used += count;
                    self.see(event);
                }
                Ok((count, None)) => return Some(used + count),
                Err(error) => {
                    assert_eq!(self.connection.recv(&input[used..]).err(), Some(error));
                    assert_eq!(self.connection.recv(b"").err(), Some(error));
                    assert!(self.connection.can_open().is_err());
                    assert_eq!(self.connection.capacity(), 0);
                    assert_eq!(self.connection.streams(), 0);
                    self.say(format!("error {:?}", error));
                    return None;
                }
            }
        }
    }

    fn say(&mut self, words: String) {
        self.transcript.events.push(Said::Words(words));
    }

    fn see(&mut self, event: Event<'_>) {
        let mark = |end| if end { " END" } else { "" };
        match event {
            Event::Informational { stream, head } => {
                self.say(format!("{}:{}", stream, head.status().as_u16()))
            }
            Event::Head { stream, head, end } => {
                self.say(format!("{}:{}{}", stream, head.status().as_u16(), mark(end)));
                if self.busy && stream == 3 {
                    self.connection.reset(3, ErrorCode::CANCEL);
                }
            }
            Event::Data { stream, data, end } => {
                self.content(stream, data, end);
                self.unread.push((stream, data.len()));
                return;
            }
            Event::Trailers { stream, trailers } => {
                self.say(format!("{}:{:?} END", stream, trailers))
            }
            Event::Reset { stream, reset } => self.say(format!("{}:{:?}", stream, reset)),
            Event::Window { stream } => {
                self.upload();
                self.say(format!("window {}", stream.unwrap_or(0)));
            }
            Event::Settings => {
                self.upload();
                self.say("settings".to_owned());
            }
            Event::GoAway { last_stream, code, .. } => {
                self.say(format!("goaway {} {:?}", last_stream, code))
            }
            Event::Pong(payload) => self.say(format!("pong {}", payload[0])),
            other => panic!("{:?}", other),
        }
        // The reader takes what has come at moments that do not depend on the pieces.
        for (stream, count) in std::mem::take(&mut self.unread) {
            if self.busy {
                self.connection.release(stream, count);
            }
        }
    }

    fn content(&mut self, stream: StreamId, data: &[u8], end: bool) {
        assert!(end || !data.is_empty());
        match self.transcript.events.last_mut() {
            Some(Said::Content(same, content, ended)) if *same == stream && !*ended => {
                content.extend_from_slice(data);
                *ended = end;
            }
            _ => self.transcript.events.push(Said::Content(stream, data.to_vec(), end)),
        }
    }

    fn upload(&mut self) {
        for stream in [1, 3, 5, 7].iter().filter(|_| self.busy) {
            let before = self.connection.output().len();
            let room = self.connection.send_room(*stream);
            let sent = self.connection.send_data(*stream, &[b'u'; 1_000], false);
            assert_eq!(sent as u64, room.min(1_000));
            self.transcript.uploaded += self.connection.output().len() - before;
        }
    }

    fn finish(mut self) -> Transcript {
        let output = std::mem::take(self.connection.output());
        self.transcript.output = output.len();
        self.transcript.sent = frames(&output).into_iter().map(words).collect();
        self.transcript
    }
}

/// Opens a stream with a small request.
pub fn request(connection: &mut Connection, method: &Method, end: bool) -> StreamId {
    let path = Some("/").filter(|_| *method != Method::CONNECT);
    let head = RequestHead {
        method,
        scheme: "http",
        authority: Some(b"example.com"),
        path,
        headers: &Headers::new(),
        sensitive: &[],
    };
    connection.open(&head, end).expect("a stream can be opened")
}

/// The frames that a client has sent; the rest must be none.
pub fn frames(mut output: &[u8]) -> Vec<Frame<'_>> {
    let mut frames = Vec::new();
    while !output.is_empty() {
        let (frame, length) = Frame::read(output, 1 << 24).expect("valid").expect("whole");
        frames.push(frame);
        output = &output[length..];
    }
    frames
}

/// A frame in a few words.
pub fn words(frame: Frame<'_>) -> String {
    match frame {
        Frame::Data { stream, data, end_stream, .. } => {
            format!("DATA {} {}{}", stream, data.len(), if end_stream { " END" } else { "" })
        }
        Frame::Headers { stream, end_stream, .. } => {
            format!("HEADERS {}{}", stream, if end_stream { " END" } else { "" })
        }
        Frame::RstStream { stream, code } => format!("RST_STREAM {} {}", stream, code),
        Frame::Settings(settings) if settings.is_ack() => "ACK".to_owned(),
        Frame::Settings(_) => "SETTINGS".to_owned(),
        Frame::Ping { ack, payload } => {
            format!("{} {}", if ack { "PONG" } else { "PING" }, payload[0])
        }
        Frame::GoAway { last_stream, code, .. } => format!("GOAWAY {} {}", last_stream, code),
        Frame::WindowUpdate { stream, increment } => format!("WINDOW {} +{}", stream, increment),
        other => format!("{:?}", other),
    }
}

/// A frame as a server sends it.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    FrameHead { length: payload.len() as u32, kind, flags, stream }.write_to(&mut wire);
    wire.extend_from_slice(payload);
    wire
}

pub fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let mut wire = Vec::new();
    pannier::proto::h2::frame::Settings::write(values, &mut wire);
    wire
}

/// A block of literals that touches no table.
pub fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            // An integer with a prefix of seven bits.
            match text.len() {
                short @ 0..=126 => block.push(short as u8),
                long => {
                    block.push(0x7f);
                    let mut rest = long - 127;
                    while rest >= 128 {
                        block.push(rest as u8 | 0x80);
                        rest >>= 7;
                    }
                    block.push(rest as u8);
                }
            }
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

pub fn headers(stream: u32, fields: &[(&str, &str)], end: bool) -> Vec<u8> {
    written(Frame::headers(stream, &block(fields), end))
}

pub fn data(stream: u32, data: &[u8], end: bool) -> Vec<u8> {
    written(Frame::data(stream, data, end))
}

pub fn padded(stream: u32, data: &[u8], padding: u8, end: bool) -> Vec<u8> {
    let payload = [&[padding][..], data, &vec![0; usize::from(padding)]].concat();
    frame(0, 8 | u8::from(end), stream, &payload)
}

pub fn window(stream: u32, increment: u32) -> Vec<u8> {
    written(Frame::WindowUpdate { stream, increment })
}

pub fn rst(stream: u32, code: ErrorCode) -> Vec<u8> {
    written(Frame::RstStream { stream, code })
}

pub fn goaway(last_stream: u32, code: ErrorCode) -> Vec<u8> {
    written(Frame::GoAway { last_stream, code, debug: b"bye" })
}

pub fn ping(byte: u8) -> Vec<u8> {
    written(Frame::Ping { ack: false, payload: [byte; 8] })
}

fn written(frame: Frame<'_>) -> Vec<u8> {
    let mut wire = Vec::new();
    frame.write_to(&mut wire);
    wire
}
