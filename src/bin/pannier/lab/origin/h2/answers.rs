//! Answers as streams: those that are under way take turns, a segment each, as far as the windows of
//! the client let them (RFC 9113 §5.2).

use std::collections::VecDeque;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;
use std::time::Instant;

use pannier::proto::h2::frame::{write_field_block, Frame, FrameHead, Settings};
use pannier::proto::h2::hpack::{Encoder, Indexing};
use pannier::proto::h2::ErrorCode;

use super::super::super::path::SEGMENT;
use super::super::{sleep_until, Shared, Way};
use super::{Came, MAX_FRAME_SIZE, TABLE};

/// All answers of a connection.
pub struct Answers<'a> {
    stream: &'a TcpStream,
    shared: &'a Shared,
    way: Way<'a>,
    encoder: Encoder,
    /// Those that are under way, in the order of their turns.
    waiting: VecDeque<Answer>,
    /// What the client lets come on the connection, and on a new stream.
    window: i64,
    initial_window: i64,
    /// Frames that go out before any answer.
    control: Vec<u8>,
    /// When what came last had its effect.
    now: Instant,
    last_stream: u32,
    ending: Option<ErrorCode>,
}

/// What came and has not had its effect yet.
type Coming = Option<(Instant, Came)>;

impl<'a> Answers<'a> {
    /// Nothing was asked yet. The client will be told how much it may ask at once.
    pub fn new(stream: &'a TcpStream, shared: &'a Shared) -> Answers<'a> {
        let mut control = Vec::new();
        Settings::write(&[(Settings::MAX_CONCURRENT_STREAMS, STREAMS)], &mut control);
        Answers {
            stream,
            shared,
            way: Way::new(shared),
            encoder: Encoder::with_bound(TABLE),
            waiting: VecDeque::new(),
            window: INITIAL_WINDOW,
            initial_window: INITIAL_WINDOW,
            control,
            now: Instant::now() + shared.path.round_trip,
            last_stream: 0,
            ending: None,
        }
    }

    /// Gives all answers, and says goodbye.
    pub fn give(mut self, came: &mpsc::Receiver<(Instant, Came)>) {
        let ended = self.give_all(came);
        if let (Ok(()), Some(code)) = (ended, self.ending) {
            let mut last = Vec::new();
            Frame::GoAway { last_stream: self.last_stream, code, debug: b"" }.write_to(&mut last);
            let _ = self.shared.write(self.stream, &last);
        }
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    fn give_all(&mut self, came: &mpsc::Receiver<(Instant, Came)>) -> io::Result<()> {
        let mut coming: Coming = None;
        loop {
            self.take_due(&mut coming, came);
            if let Some(segment) = self.segment() {
                self.way.pass(self.now, segment.len() as u64);
                self.shared.write(self.stream, &segment)?;
                continue;
            }
            if self.ending.is_some() {
                return Ok(());
            }
            coming = coming.or_else(|| came.recv().ok());
            match &coming {
                Some((at, _)) => sleep_until(*at + self.shared.path.round_trip),
                None => return Ok(()),
            }
        }
    }

    /// What came a round trip ago has its effect.
    fn take_due(&mut self, coming: &mut Coming, came: &mpsc::Receiver<(Instant, Came)>) {
        while let Some((at, next)) = coming.take().or_else(|| came.try_recv().ok()) {
            let due = at + self.shared.path.round_trip;
            if due > Instant::now() {
                *coming = Some((at, next));
                return;
            }
            self.now = self.now.max(due);
            self.take(next);
        }
    }

    fn take(&mut self, came: Came) {
        match came {
            Came::Request { stream, content } => {
                self.last_stream = self.last_stream.max(stream);
                self.waiting.push_back(Answer::new(stream, content, self.initial_window));
            }
            Came::Settings { initial_window, table } => self.obey(initial_window, table),
            Came::Ping(payload) => Frame::Ping { ack: true, payload }.write_to(&mut self.control),
            Came::Window { stream: 0, increment } => self.window += increment,
            Came::Window { stream, increment } => {
                if let Some(answer) = self.answer(stream) {
                    answer.window += increment;
                }
            }
            Came::Reset(stream) => self.waiting.retain(|answer| answer.stream != stream),
            Came::End(code) => {
                self.ending = Some(code);
                if code != ErrorCode::NO_ERROR {
                    self.waiting.clear();
                }
            }
        }
    }

    /// RFC 9113 §6.9.2: a change of the initial window changes those of all streams.
    fn obey(&mut self, initial_window: Option<i64>, table: Option<usize>) {
        if let Some(size) = initial_window {
            let change = size - self.initial_window;
            self.initial_window = size;
            self.waiting.iter_mut().for_each(|answer| answer.window += change);
        }
        if let Some(size) = table {
            self.encoder.set_peer_table_size(size);
        }
        Frame::Settings(Settings::ACK).write_to(&mut self.control);
    }

    fn answer(&mut self, stream: u32) -> Option<&mut Answer> {
        self.waiting.iter_mut().find(|answer| answer.stream == stream)
    }

    /// What goes out next, if anything may. The answer whose turn it was is the last then.
    fn segment(&mut self) -> Option<Vec<u8>> {
        if !self.control.is_empty() {
            return Some(std::mem::take(&mut self.control));
        }
        let window = self.window;
        let index = self.waiting.iter().position(|answer| answer.may_go_on(window))?;
        let mut answer = self.waiting.remove(index)?;
        let (segment, used) = answer.segment(window, &mut self.encoder);
        self.window -= used;
        if !answer.is_given() {
            self.waiting.push_back(answer);
        }
        Some(segment)
    }
}

/// The answer to a request.
pub struct Answer {
    stream: u32,
    has_head: bool,
    /// What is left of the content.
    left: u64,
    window: i64,
}

impl Answer {
    /// An answer with so much content, of which the client lets so much come.
    pub fn new(stream: u32, content: u64, window: i64) -> Answer {
        Answer { stream, has_head: false, left: content, window }
    }

    /// Has all of it gone out?
    pub fn is_given(&self) -> bool {
        self.has_head && self.left == 0
    }

    fn may_go_on(&self, connection: i64) -> bool {
        !self.has_head || self.window.min(connection) > 0
    }

    /// The next segment, if the connection's window is this: the head, if it has not gone out, and
    /// content. It takes so much of the windows.
    pub fn segment(&mut self, connection: i64, encoder: &mut Encoder) -> (Vec<u8>, i64) {
        let mut segment = Vec::with_capacity(SEGMENT as usize);
        if !self.has_head {
            self.has_head = true;
            let mut block = Vec::new();
            encoder.begin(&mut block);
            let length = self.left.to_string();
            let mut field = |name: &[u8], value: &[u8]| {
                encoder.field(name, value, Indexing::Incremental, &mut block);
            };
            field(b":status", b"200");
            field(b"content-length", length.as_bytes());
            write_field_block(self.stream, &block, self.left == 0, MAX_FRAME_SIZE, &mut segment);
        }
        let room = CONTENT.len() - FrameHead::LENGTH - segment.len();
        let window = self.window.min(connection).max(0) as u64;
        let used = self.left.min(window).min(room as u64);
        if used > 0 {
            self.left -= used;
            self.window -= used as i64;
            let data = &CONTENT[..used as usize];
            Frame::data(self.stream, data, self.left == 0).write_to(&mut segment);
        }
        (segment, used as i64)
    }
}

/// As much as there may be in a segment.
const CONTENT: [u8; SEGMENT as usize] = [b'.'; SEGMENT as usize];
/// RFC 9113 §6.9.2.
const INITIAL_WINDOW: i64 = 65_535;
/// The least that RFC 9113 §6.5.2 recommends.
const STREAMS: u32 = 100;
