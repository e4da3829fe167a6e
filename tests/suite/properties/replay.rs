//! Plays the bytes of a peer to the engine, in pieces, and writes down what it reports.
//!
//! On the way it checks what has to hold at every step: no more consumed than given, no more data
//! than room, no data without bytes, nothing to come when nothing was reported, what is kept for
//! later within the limits, and an error that stays.

use std::fmt::{self, Write};

use pannier::http::{Headers, Method, Version};
use pannier::proto::h1::{Connection, Error, Event, KeepAlive, RequestHead, Target, Transfer};
use pannier::proto::CloseReason;
use pannier::proto::ResponseHead;
use pannier::{Leniency, Limits};

use super::Dice;

/// What a client has asked for before the first byte comes.
#[derive(Clone, Debug)]
pub struct Session {
    pub requests: Vec<Request>,
    pub limits: Limits,
    pub leniency: Leniency,
}

/// A request without content.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub version: Version,
    pub fields: &'static [(&'static str, &'static str)],
    pub transfer: Transfer,
}

/// In which pieces the bytes come.
#[derive(Clone, Copy, Debug)]
pub struct Feed {
    pub pieces: Pieces,
    /// Room for content in each call.
    pub room: usize,
    /// Whether content is taken directly where the engine allows it.
    pub direct: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum Pieces {
    Whole,
    Of(usize),
    /// Sizes from 1 to 9 that depend on the data.
    Mixed,
}

/// What the engine reported. Pieces of data that follow each other are one.
#[derive(Clone, PartialEq, Eq)]
pub enum Seen {
    Informational(Head),
    Head(Head),
    Data(Vec<u8>),
    Trailers(Vec<(String, Vec<u8>)>),
    End,
    Switched,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    pub version: Version,
    pub status: u16,
    pub reason: Vec<u8>,
    pub fields: Vec<(String, Vec<u8>)>,
    pub bytes: Vec<u8>,
}

/// How it ended, and everything before.
#[derive(Clone, PartialEq, Eq)]
pub struct Transcript {
    pub seen: Vec<Seen>,
    pub error: Option<Error>,
    /// Bytes after the last response, or of the other protocol.
    pub left: usize,
    pub persistence: Result<(), CloseReason>,
    pub keep_alive: KeepAlive,
}

impl Session {
    /// One request, as most have it.
    pub fn get() -> Session {
        Session {
            requests: vec![Request::new(Method::GET)],
            limits: Limits::default(),
            leniency: Leniency::default(),
        }
    }

    pub fn request(request: Request) -> Session {
        Session { requests: vec![request], ..Session::get() }
    }

    /// What the engine makes of `wire`, and then of the end of the stream.
    pub fn replay(&self, wire: &[u8], feed: Feed) -> Transcript {
        let mut connection = Connection::new(self.limits, self.leniency);
        for request in &self.requests {
            request.send(&mut connection);
        }
        let player = Player {
            connection,
            wire,
            fed: 0,
            consumed: 0,
            feed,
            dice: Dice::new(wire),
            output: vec![0; feed.room],
            kept: self.limits.get_head_bytes().max(self.limits.get_trailer_bytes()),
            seen: Vec::new(),
        };
        player.play()
    }

    /// The same transcript whatever the pieces are, or a panic that tells them apart.
    pub fn everyway(&self, wire: &[u8]) -> Transcript {
        let whole = self.replay(wire, Feed::WHOLE);
        if whole.error.is_none() && whole.left > 0 {
            assert!(whole.persistence.is_err(), "a connection with bytes left over persists");
        }
        for feed in Feed::OTHERS {
            let other = self.replay(wire, feed);
            whole.assert_same(&other, || format!("{:?} of {}", feed, printable(wire)));
        }
        whole
    }
}

impl Request {
    pub fn new(method: Method) -> Request {
        Request { method, version: Version::Http11, fields: &[], transfer: Transfer::Decoded }
    }

    fn send(&self, connection: &mut Connection) {
        let mut headers = Headers::new();
        for (name, value) in self.fields {
            headers.append(name, value).expect("the field is valid");
        }
        let head = RequestHead {
            method: &self.method,
            target: &Target::verbatim("/").expect("the target is valid"),
            version: self.version,
            headers: &headers,
            transfer: self.transfer,
        };
        connection.send_head(&head, &mut Vec::new()).expect("the request is valid");
    }
}

impl Feed {
    pub const WHOLE: Feed = Feed { pieces: Pieces::Whole, room: 1 << 16, direct: false };

    pub const OTHERS: [Feed; 7] = [
        Feed { pieces: Pieces::Of(1), room: 64, direct: false },
        Feed { pieces: Pieces::Whole, room: 1, direct: false },
        Feed { pieces: Pieces::Of(1), room: 64, direct: true },
        Feed { pieces: Pieces::Of(3), room: 2, direct: false },
        Feed { pieces: Pieces::Of(64), room: 7, direct: true },
        Feed { pieces: Pieces::Mixed, room: 5, direct: false },
        Feed { pieces: Pieces::Mixed, room: 64, direct: true },
    ];
}

struct Player<'a> {
    connection: Connection,
    wire: &'a [u8],
    /// How much of the wire has come, and how much of that the engine has consumed.
    fed: usize,
    consumed: usize,
    feed: Feed,
    dice: Dice,
    output: Vec<u8>,
    /// The most that may have to be kept for later.
    kept: usize,
    seen: Vec<Seen>,
}

impl Player<'_> {
    fn play(mut self) -> Transcript {
        loop {
            let input = &self.wire[self.consumed..self.fed];
            let (used, event) = match self.connection.recv(input, &mut self.output) {
                Ok(found) => found,
                Err(error) => return self.failed(error),
            };
            assert!(used <= input.len(), "consumed {} of {}", used, input.len());
            self.consumed += used;
            let event = match event {
                Some(event) => event,
                None => match self.more() {
                    Ok(Some(event)) => event,
                    Ok(None) => continue,
                    Err(error) => return self.failed(error),
                },
            };
            if self.report(event) {
                return self.transcript(None);
            }
        }
    }

    /// Nothing was reported: more has to come, directly or not, or the end.
    fn more(&mut self) -> Result<Option<Event>, Error> {
        let kept = &self.wire[self.consumed..self.fed];
        assert!(kept.len() <= self.kept, "{} bytes are to be kept", kept.len());
        match self.connection.recv(kept, &mut self.output) {
            Ok((0, None)) => {}
            other => panic!("nothing was reported, and now {:?}", other),
        }
        if self.fed == self.wire.len() {
            return self.connection.recv_eof().map(Some);
        }
        let count = self.piece();
        let direct = usize::try_from(self.connection.direct()).unwrap_or(usize::MAX);
        if self.feed.direct && kept.is_empty() && direct > 0 {
            let count = count.min(direct);
            self.data(self.fed..self.fed + count);
            self.connection.recv_direct(count as u64);
            self.consumed += count;
            self.fed += count;
        } else {
            self.fed += count;
        }
        Ok(None)
    }

    fn piece(&mut self) -> usize {
        let left = self.wire.len() - self.fed;
        match self.feed.pieces {
            Pieces::Whole => left,
            Pieces::Of(size) => size.min(left),
            Pieces::Mixed => self.dice.roll(9).min(left),
        }
    }

    /// Writes the event down, and says whether it was the last one.
    fn report(&mut self, event: Event) -> bool {
        match event {
            Event::Informational(head) => self.seen.push(Seen::Informational(Head::from(&head))),
            Event::Head(head) => self.seen.push(Seen::Head(Head::from(&head))),
            Event::Data(count) => {
                assert!(0 < count && count <= self.output.len(), "{} bytes of data", count);
                let data = self.output[..count].to_vec();
                self.append(&data);
            }
            Event::Trailers(headers) => self.seen.push(Seen::Trailers(fields(&headers))),
            Event::End => self.seen.push(Seen::End),
            Event::Switched => self.seen.push(Seen::Switched),
            other => panic!("an event that these tests do not know: {:?}", other),
        }
        match self.seen.last() {
            Some(Seen::End) => self.connection.in_flight() == 0,
            Some(Seen::Switched) => true,
            _ => false,
        }
    }

    fn data(&mut self, range: std::ops::Range<usize>) {
        let data = self.wire[range].to_vec();
        self.append(&data);
    }

    fn append(&mut self, data: &[u8]) {
        match self.seen.last_mut() {
            Some(Seen::Data(before)) => before.extend_from_slice(data),
            _ => self.seen.push(Seen::Data(data.to_vec())),
        }
        let total = |seen: &Seen| match seen {
            Seen::Data(data) => data.len(),
            _ => 0,
        };
        let produced = self.seen.iter().map(total).sum::<usize>();
        assert!(produced <= self.fed.max(self.consumed) + data.len(), "data out of nothing");
    }

    fn failed(mut self, error: Error) -> Transcript {
        let again = self.connection.recv(&self.wire[self.consumed..self.fed], &mut self.output);
        assert_eq!(again.map(|_| ()), Err(error), "an error stays");
        assert_eq!(self.connection.recv_eof().map(|_| ()), Err(error), "an error stays");
        assert!(self.connection.persistence().is_err(), "a failed connection persists");
        self.transcript(Some(error))
    }

    fn transcript(self, error: Option<Error>) -> Transcript {
        let left = self.wire.len() - self.consumed;
        Transcript {
            seen: self.seen,
            error,
            left,
            persistence: self.connection.persistence(),
            keep_alive: self.connection.keep_alive(),
        }
    }
}

impl Transcript {
    /// All the content, of all the responses.
    pub fn data(&self) -> Vec<u8> {
        let data = |seen: &Seen| match seen {
            Seen::Data(data) => data.clone(),
            _ => Vec::new(),
        };
        self.seen.iter().flat_map(data).collect()
    }

    fn assert_same(&self, other: &Transcript, context: impl Fn() -> String) {
        assert_eq!(self.seen, other.seen, "{}", context());
        if self.error != other.error {
            assert!(self.is_late(other), "{:?}, {:?}: {}", self.error, other.error, context());
            return;
        }
        assert_eq!(self.keep_alive, other.keep_alive, "{}", context());
        if self.error.is_none() {
            assert_eq!(self.left, other.left, "{}", context());
            let (own, others) = (self.timeless_persistence(), other.timeless_persistence());
            assert_eq!(own, others, "{}", context());
        }
    }

    /// A line is looked at once when its first bytes come and then not before its end: a fault in
    /// it may be found later, and then the end of the stream or the limit comes first.
    fn is_late(&self, other: &Transcript) -> bool {
        let early = matches!(
            self.error,
            Some(Error::FieldName | Error::FieldValue | Error::BareCr | Error::BareLf)
        );
        let late = matches!(
            other.error,
            Some(
                Error::ClosedInHead
                    | Error::HeadTooLong(_)
                    | Error::TrailerTooLong(_)
                    | Error::Truncated { .. }
            )
        );
        early && late
    }

    /// What is left over is seen at the end of a response only if it has come by then.
    fn timeless_persistence(&self) -> Result<(), CloseReason> {
        match self.persistence {
            Ok(()) if self.left > 0 => Err(CloseReason::SurplusBytes),
            other => other,
        }
    }
}

impl From<&ResponseHead> for Head {
    fn from(head: &ResponseHead) -> Head {
        Head {
            version: head.version(),
            status: head.status().as_u16(),
            reason: head.reason().to_vec(),
            fields: fields(head.headers()),
            bytes: head.as_bytes().to_vec(),
        }
    }
}

fn fields(headers: &Headers) -> Vec<(String, Vec<u8>)> {
    headers.iter().map(|(name, value)| (name.to_owned(), value.to_vec())).collect()
}

/// `200 {Server: x} "hello" END, persists` or `200 ERR Truncated { .. }`: what tables expect.
impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for seen in &self.seen {
            write!(f, "{:?} ", seen)?;
        }
        match (self.error, self.persistence) {
            (Some(error), _) => write!(f, "ERR {:?}", error),
            (None, Ok(())) => f.write_str("persists"),
            (None, Err(reason)) => write!(f, "{:?}", reason),
        }
    }
}

impl fmt::Debug for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A head shows its status; the fields are compared where they are the subject.
impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Seen::Informational(head) | Seen::Head(head) => write!(f, "{}", head.status),
            Seen::Data(data) => write!(f, "{}", printable(data)),
            Seen::Trailers(fields) => write!(f, "{}", lines(fields)),
            Seen::End => f.write_str("END"),
            Seen::Switched => f.write_str("SWITCHED"),
        }
    }
}

/// `{A: b, C: d}`.
pub fn lines(fields: &[(String, Vec<u8>)]) -> String {
    let line = |(name, value): &(String, Vec<u8>)| format!("{}: {}", name, value.escape_ascii());
    format!("{{{}}}", fields.iter().map(line).collect::<Vec<_>>().join(", "))
}

fn printable(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    let _ = write!(text, "{}", bytes.escape_ascii());
    text + "\""
}
