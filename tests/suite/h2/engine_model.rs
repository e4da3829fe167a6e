//! A connection of HTTP/2 beside a model of it: streams as a map of what each side may still do, windows
//! as the peer sees them. Whatever the two sides do, in whatever order, the engine reports what the
//! model expects; and whatever comes, nothing depends on the pieces it comes in.

use std::collections::{BTreeMap, BTreeSet};

use pannier::http::Method;
use pannier::proto::h2::frame::Frame;
use pannier::proto::h2::{Config, Connection, ErrorCode, Event, Reset};
use pannier::proto::Limits;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::properties::h2_engine::*;
use crate::properties::Dice;

/// In the place of a stream: none.
const CONNECTION: u32 = u32::MAX;

/// What one of the sides does.
#[derive(Clone, Debug)]
enum Step {
    Open(usize, bool),
    Send(u32, usize, bool),
    Cancel(u32),
    ReadAll(u32),
    Head(u32, &'static str, bool),
    Trailers(u32),
    Data(u32, usize, Option<u8>, bool),
    Rst(u32, ErrorCode),
    Window(u32, u32),
    InitialWindow(u32),
    MaxStreams(u32),
    GoAway(u32),
    Ping,
}

fn step() -> impl Strategy<Value = Step> {
    // Which stream that is, depends on those that are there: see `Pair::pick`.
    let stream = || 0u32..200;
    let code = prop_oneof![
        Just(ErrorCode::NO_ERROR),
        Just(ErrorCode::REFUSED_STREAM),
        Just(ErrorCode::CANCEL)
    ];
    let status = prop_oneof![4 => Just("200"), 2 => Just("103"), 1 => Just("204")];
    let increment = prop_oneof![30 => 1u32..2_000, 1 => Just(0u32), 1 => Just((1u32 << 31) - 1)];
    let initial = prop_oneof![20 => 0u32..3_000, 1 => Just((1u32 << 31) - 1)];
    prop_oneof![
        12 => (0usize..4, any::<bool>()).prop_map(|(method, end)| Step::Open(method, end)),
        8 => (stream(), 0usize..3_000, any::<bool>()).prop_map(|(s, n, e)| Step::Send(s, n, e)),
        2 => stream().prop_map(Step::Cancel),
        4 => stream().prop_map(Step::ReadAll),
        12 => (stream(), status, prop::bool::weighted(0.2)).prop_map(|(s, t, e)| Step::Head(s, t, e)),
        2 => stream().prop_map(Step::Trailers),
        12 => (stream(), 0usize..200, prop::option::weighted(0.3, any::<u8>()), prop::bool::weighted(0.2))
            .prop_map(|(s, n, p, e)| Step::Data(s, n, p, e)),
        2 => (stream(), code).prop_map(|(s, c)| Step::Rst(s, c)),
        6 => (prop_oneof![1 => Just(CONNECTION), 2 => stream()], increment).prop_map(|(s, n)| Step::Window(s, n)),
        3 => initial.prop_map(Step::InitialWindow),
        1 => (0u32..5).prop_map(Step::MaxStreams),
        1 => prop::bool::weighted(0.2).prop_map(|early| Step::GoAway(if early { 5 } else { 1 << 30 })),
        1 => Just(Step::Ping),
    ]
}

/// What the server may still send on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remote {
    Head(usize),
    Content,
    NoContent,
    Tunnel,
    Ended,
}

#[derive(Debug)]
struct Stream {
    method: usize,
    may_send: bool,
    remote: Remote,
    send: i64,
    /// As the peer sees it.
    recv: i64,
    unread: usize,
}

#[derive(Debug)]
struct Model {
    live: BTreeMap<u32, Stream>,
    /// What the client has reset: late frames are ignored.
    reset: BTreeSet<u32>,
    next: u32,
    send: i64,
    initial: i64,
    most: usize,
    gone: Option<u32>,
}

/// What is reported, in words; or the end of the connection.
type Expected = Result<Vec<String>, ErrorCode>;

const METHODS: [Method; 4] = [Method::GET, Method::POST, Method::HEAD, Method::CONNECT];
const LARGEST: i64 = (1 << 31) - 1;
const WINDOW: u32 = 300;
const INTERIM: usize = 3;

/// What a stream is to a frame that comes for it.
enum Found<'a> {
    Live(&'a mut Stream),
    Ignored,
}

impl Model {
    fn new() -> Model {
        Model {
            live: BTreeMap::new(),
            reset: BTreeSet::new(),
            next: 1,
            send: 65_535,
            initial: 65_535,
            most: 1_000,
            gone: None,
        }
    }

    fn open(&mut self, method: usize, end: bool) -> bool {
        let may = self.gone.is_none() && self.live.len() < self.most;
        if may {
            self.live.insert(
                self.next,
                Stream {
                    method,
                    may_send: !end,
                    remote: Remote::Head(0),
                    send: self.initial,
                    recv: i64::from(WINDOW),
                    unread: 0,
                },
            );
            self.next += 2;
        }
        may
    }

    fn room(&self, id: u32) -> i64 {
        let stream = self.live.get(&id).filter(|stream| stream.may_send);
        stream.map_or(0, |stream| stream.send.min(self.send).max(0))
    }

    fn sent(&mut self, id: u32, count: usize, end: bool) {
        if let Some(stream) = self.live.get_mut(&id).filter(|stream| stream.may_send) {
            stream.send -= count as i64;
            self.send -= count as i64;
            stream.may_send = !end;
        }
        self.tidy(id);
    }

    /// A stream that both sides have ended is closed.
    fn tidy(&mut self, id: u32) {
        let over = |stream: &Stream| !stream.may_send && stream.remote == Remote::Ended;
        if self.live.get(&id).map_or(false, over) {
            self.live.remove(&id);
        }
    }

    fn is_idle(&self, id: u32) -> bool {
        id % 2 == 0 || id >= self.next
    }

    /// For HEADERS and DATA.
    fn find(&mut self, id: u32) -> Result<Found<'_>, ErrorCode> {
        if self.is_idle(id) {
            return Err(ErrorCode::PROTOCOL_ERROR);
        }
        match self.live.get_mut(&id) {
            Some(stream) => Ok(Found::Live(stream)),
            None if self.reset.contains(&id) => Ok(Found::Ignored),
            None => Err(ErrorCode::STREAM_CLOSED),
        }
    }

    fn malformed(&mut self, id: u32, code: ErrorCode) -> Expected {
        self.live.remove(&id);
        self.reset.insert(id);
        Ok(vec![format!("{} malformed {}", id, code)])
    }

    fn head(&mut self, id: u32, status: &str, end: bool) -> Expected {
        let stream = match self.find(id)? {
            Found::Live(stream) => stream,
            Found::Ignored => return Ok(vec![]),
        };
        let mark = if end { " END" } else { "" };
        match (stream.remote, status) {
            (Remote::Ended, _) => return self.malformed(id, ErrorCode::STREAM_CLOSED),
            (Remote::Head(_), "103") if end => {}
            (Remote::Head(INTERIM), "103") => {
                return self.malformed(id, ErrorCode::ENHANCE_YOUR_CALM)
            }
            (Remote::Head(count), "103") => {
                stream.remote = Remote::Head(count + 1);
                return Ok(vec![format!("{} 103", id)]);
            }
            (Remote::Head(_), _) => {
                stream.remote = match (&METHODS[stream.method], status) {
                    _ if end => Remote::Ended,
                    (&Method::CONNECT, _) => Remote::Tunnel,
                    (&Method::HEAD, _) | (_, "204") => Remote::NoContent,
                    _ => Remote::Content,
                };
                self.tidy(id);
                return Ok(vec![format!("{} {}{}", id, status, mark)]);
            }
            _ => {}
        }
        self.malformed(id, ErrorCode::PROTOCOL_ERROR)
    }

    fn trailers(&mut self, id: u32) -> Expected {
        let stream = match self.find(id)? {
            Found::Live(stream) => stream,
            Found::Ignored => return Ok(vec![]),
        };
        match stream.remote {
            Remote::Content | Remote::NoContent => stream.remote = Remote::Ended,
            Remote::Ended => return self.malformed(id, ErrorCode::STREAM_CLOSED),
            _ => return self.malformed(id, ErrorCode::PROTOCOL_ERROR),
        }
        self.tidy(id);
        Ok(vec![format!("{} trailers END", id)])
    }

    fn data(&mut self, id: u32, count: usize, padding: Option<u8>, end: bool) -> Expected {
        let length = count as i64 + padding.map_or(0, |padding| 1 + i64::from(padding));
        let stream = match self.find(id)? {
            Found::Live(stream) => stream,
            Found::Ignored => return Ok(vec![]),
        };
        match stream.remote {
            Remote::Ended => return self.malformed(id, ErrorCode::STREAM_CLOSED),
            _ if length > stream.recv => return self.malformed(id, ErrorCode::FLOW_CONTROL_ERROR),
            Remote::Head(_) => return self.malformed(id, ErrorCode::PROTOCOL_ERROR),
            Remote::NoContent if count > 0 => return self.malformed(id, ErrorCode::PROTOCOL_ERROR),
            _ => {}
        }
        stream.recv -= length;
        stream.unread += count;
        if end {
            stream.remote = Remote::Ended;
        }
        self.tidy(id);
        match (count, end) {
            (0, false) => Ok(vec![]),
            (_, false) => Ok(vec![format!("{} data {}", id, count)]),
            (_, true) => Ok(vec![format!("{} data {} END", id, count)]),
        }
    }

    fn rst(&mut self, id: u32, code: ErrorCode) -> Expected {
        if self.is_idle(id) {
            return Err(ErrorCode::PROTOCOL_ERROR);
        }
        let end = |stream: Stream| over(id, &stream, code == ErrorCode::REFUSED_STREAM);
        Ok(self.live.remove(&id).map(end).into_iter().collect())
    }

    fn window(&mut self, id: u32, increment: u32) -> Expected {
        if id > 0 && self.is_idle(id) {
            return Err(ErrorCode::PROTOCOL_ERROR);
        }
        if id == 0 {
            self.send += i64::from(increment);
            return match increment {
                0 => Err(ErrorCode::PROTOCOL_ERROR),
                _ if self.send > LARGEST => Err(ErrorCode::FLOW_CONTROL_ERROR),
                _ => Ok(vec!["window 0".to_owned()]),
            };
        }
        let stream = match self.live.get_mut(&id) {
            Some(stream) => stream,
            None => return Ok(vec![]),
        };
        stream.send += i64::from(increment);
        match increment {
            0 => self.malformed(id, ErrorCode::PROTOCOL_ERROR),
            _ if stream.send > LARGEST => self.malformed(id, ErrorCode::FLOW_CONTROL_ERROR),
            _ if stream.may_send => Ok(vec![format!("window {}", id)]),
            _ => Ok(vec![]),
        }
    }

    fn initial_window(&mut self, value: u32) -> Expected {
        let by = i64::from(value) - self.initial;
        self.initial += by;
        self.live.values_mut().for_each(|stream| stream.send += by);
        match self.live.values().any(|stream| stream.send > LARGEST) {
            true => Err(ErrorCode::FLOW_CONTROL_ERROR),
            false => Ok(vec!["settings".to_owned()]),
        }
    }

    fn go_away(&mut self, last: u32) -> Expected {
        if self.gone.map_or(false, |gone| last > gone) {
            return Err(ErrorCode::PROTOCOL_ERROR);
        }
        self.gone = Some(last);
        let mut said = vec![format!("goaway {}", last)];
        let above: Vec<u32> = self.live.range(last + 1..).map(|(&id, _)| id).collect();
        for id in above.into_iter().rev() {
            let stream = self.live.remove(&id).unwrap();
            said.push(over(id, &stream, true));
            self.reset.insert(id);
        }
        Ok(said)
    }
}

/// How a stream ends that the peer does not go on with.
fn over(id: u32, stream: &Stream, unprocessed: bool) -> String {
    let how = match stream.remote {
        Remote::Ended => "stopped",
        Remote::Head(0) if unprocessed => "unprocessed",
        _ => "reset",
    };
    format!("{} {}", id, how)
}

/// The engine, and the model beside it.
struct Pair {
    engine: Connection,
    model: Model,
    dice: Dice,
}

impl Pair {
    fn new(seed: u64) -> Pair {
        let config = Config::default().stream_window(WINDOW).max_stream_window(1_000);
        let config = config.idle_frames(1_000_000);
        let limits = Limits::default().interim_responses(INTERIM);
        let mut engine = Connection::new(config, limits);
        let mut pair = Pair {
            dice: Dice::new(&seed.to_le_bytes()),
            model: Model::new(),
            engine: {
                engine.output().clear();
                engine
            },
        };
        // The peer has heard of the windows.
        let first = [settings(&[]), frame(4, 1, 0, b"")].concat();
        assert_eq!(pair.feed(&first), Ok(vec!["settings".to_owned()]));
        pair
    }

    /// Feeds frames in pieces, and says what was reported of them.
    fn feed(&mut self, wire: &[u8]) -> Expected {
        let (mut said, mut used, mut come) = (Vec::<String>::new(), 0, 0);
        let mut content = None;
        loop {
            match self.engine.recv(&wire[used..come]) {
                Ok((count, Some(Event::Data { stream, data, end }))) => {
                    used += count;
                    let (_, so_far) = content.get_or_insert((stream, 0));
                    *so_far += data.len();
                    if end {
                        said.extend(content.take().map(|(id, n)| format!("{} data {} END", id, n)));
                    }
                }
                Ok((count, Some(event))) => {
                    used += count;
                    said.push(words_of(event));
                }
                Ok((count, None)) if come == wire.len() => {
                    assert_eq!(used + count, wire.len());
                    said.extend(content.map(|(id, n)| format!("{} data {}", id, n)));
                    return Ok(said);
                }
                Ok((count, None)) => {
                    used += count;
                    come = wire.len().min(come + self.dice.roll(30));
                }
                Err(error) => return Err(error.code()),
            }
        }
    }

    /// What the engine has sent changes what the peer sees.
    fn follow_output(&mut self) {
        let output = std::mem::take(self.engine.output());
        for frame in frames(&output) {
            match frame {
                Frame::WindowUpdate { stream, increment } if stream > 0 => {
                    let stream = self.model.live.get_mut(&stream).expect("a live stream");
                    assert!(stream.remote != Remote::Ended);
                    stream.recv += i64::from(increment);
                    assert!(stream.recv <= 1_000);
                }
                Frame::Data { data, .. } => assert!(data.len() <= 16_384),
                _ => {}
            }
        }
    }

    /// Mostly a stream that is open; sometimes one that was; seldom one that is not yet, or never.
    fn pick(&self, index: u32) -> u32 {
        let (model, opened) = (&self.model, self.model.next / 2);
        match index {
            CONNECTION => 0,
            0..=179 if !model.live.is_empty() => {
                let nth = index as usize % model.live.len();
                *model.live.keys().nth(nth).expect("there are so many")
            }
            198 => model.next,
            199 => 2,
            _ if opened > 0 => 2 * (index % opened) + 1,
            _ => CONNECTION,
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), ErrorCode> {
        let step = &match *step {
            Step::Send(s, n, e) => Step::Send(self.pick(s), n, e),
            Step::Cancel(s) => Step::Cancel(self.pick(s)),
            Step::ReadAll(s) => Step::ReadAll(self.pick(s)),
            Step::Head(s, status, e) => Step::Head(self.pick(s), status, e),
            Step::Trailers(s) => Step::Trailers(self.pick(s)),
            Step::Data(s, n, p, e) => Step::Data(self.pick(s), n, p, e),
            Step::Rst(s, c) => Step::Rst(self.pick(s), c),
            Step::Window(s, n) => Step::Window(self.pick(s), n),
            ref other => other.clone(),
        };
        let (wire, expected) = match *step {
            // There is no stream yet.
            Step::Send(CONNECTION, ..)
            | Step::Cancel(CONNECTION)
            | Step::ReadAll(CONNECTION)
            | Step::Head(CONNECTION, ..)
            | Step::Trailers(CONNECTION)
            | Step::Data(CONNECTION, ..)
            | Step::Rst(CONNECTION, _)
            | Step::Window(CONNECTION, _) => return Ok(()),
            Step::Open(method, end) => {
                let may = self.model.open(method, end);
                assert_eq!(self.engine.can_open().is_ok(), may);
                if may {
                    request(&mut self.engine, &METHODS[method], end);
                }
                return Ok(());
            }
            Step::Send(id, length, end) => {
                let room = self.model.room(id) as usize;
                let sent = self.engine.send_data(id, &vec![0; length], end);
                assert_eq!(sent, room.min(length));
                self.model.sent(id, sent, end && sent == length);
                return Ok(());
            }
            Step::Cancel(id) => {
                self.engine.reset(id, ErrorCode::CANCEL);
                if self.model.live.remove(&id).is_some() {
                    self.model.reset.insert(id);
                }
                return Ok(());
            }
            Step::ReadAll(id) => {
                let unread =
                    self.model.live.get_mut(&id).map_or(0, |s| std::mem::take(&mut s.unread));
                self.engine.release(id, unread);
                return Ok(());
            }
            Step::Head(id, status, end) => {
                (headers(id, &[(":status", status)], end), self.model.head(id, status, end))
            }
            Step::Trailers(id) => (headers(id, &[("a", "b")], true), self.model.trailers(id)),
            Step::Data(id, count, padding, end) => {
                let content = vec![b'x'; count];
                let wire = match padding {
                    Some(padding) => padded(id, &content, padding, end),
                    None => data(id, &content, end),
                };
                (wire, self.model.data(id, count, padding, end))
            }
            Step::Rst(id, code) => (rst(id, code), self.model.rst(id, code)),
            Step::Window(id, increment) => {
                (window(id, increment), self.model.window(id, increment))
            }
            Step::InitialWindow(value) => {
                (settings(&[(4, value)]), self.model.initial_window(value))
            }
            Step::MaxStreams(most) => {
                self.model.most = most as usize;
                (settings(&[(3, most)]), Ok(vec!["settings".to_owned()]))
            }
            Step::GoAway(last) => (goaway(last, ErrorCode::NO_ERROR), self.model.go_away(last)),
            Step::Ping => (ping(1), Ok(vec![])),
        };
        let said = self.feed(&wire);
        assert_eq!(said, expected, "{:?}", step);
        said.map(|_| ())
    }

    fn compare(&mut self) {
        assert_eq!(self.engine.streams(), self.model.live.len());
        for id in 1..self.model.next {
            assert_eq!(self.engine.send_room(id) as i64, self.model.room(id), "stream {}", id);
        }
    }
}

fn words_of(event: Event<'_>) -> String {
    let mark = |end| if end { " END" } else { "" };
    match event {
        Event::Informational { stream, head } => format!("{} {}", stream, head.status().as_u16()),
        Event::Head { stream, head, end } => {
            format!("{} {}{}", stream, head.status().as_u16(), mark(end))
        }
        Event::Trailers { stream, .. } => format!("{} trailers END", stream),
        Event::Reset { stream, reset } => match reset {
            Reset::Malformed(error) => format!("{} malformed {}", stream, error.code()),
            Reset::Peer(_) => format!("{} reset", stream),
            Reset::Stopped(_) => format!("{} stopped", stream),
            Reset::Unprocessed(_) => format!("{} unprocessed", stream),
            other => panic!("{:?}", other),
        },
        Event::Window { stream } => format!("window {}", stream.unwrap_or(0)),
        Event::Settings => "settings".to_owned(),
        Event::GoAway { last_stream, .. } => format!("goaway {}", last_stream),
        other => panic!("{:?}", other),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ok_the_engine_does_as_the_model(seed in any::<u64>(), steps in vec(step(), 0..150)) {
        let mut pair = Pair::new(seed);
        for step in &steps {
            if pair.step(step).is_err() {
                break;
            }
            pair.follow_output();
            pair.compare();
        }
    }

    #[test]
    fn ok_any_frames_mean_the_same_at_any_split(
        first in any::<u8>(),
        frames in vec((0u8..11, any::<u8>(), 0u32..6, vec(any::<u8>(), 0..40)), 0..12),
    ) {
        let mut input = vec![first];
        for (kind, flags, stream, payload) in frames {
            input.extend_from_slice(&frame(kind, flags, stream, &payload));
        }
        check(&input);
    }

    #[test]
    fn ok_any_bytes_mean_the_same_at_any_split(input in vec(any::<u8>(), 0..200)) {
        check(&input);
    }
}
