//! The server's side of HTTP/2 (RFC 9113), with prior knowledge: all frames of a read are answered in one write.
//!
//! No field is decoded: a request is a HEADERS frame that ends its stream, whatever it asks for. What is sent at once
//! is so short that only downloads look at the windows.

use crate::buffer::{Pages, PIECE};
use crate::frames::{self, Head};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

/// Answers each request as soon as it is read, with 100 bytes.
pub fn answer_at_once(stream: TcpStream) -> io::Result<()> {
    let mut connection = Connection::accept(stream)?;
    let mut answers = Answers::new();
    while connection.read(|head, _, output| {
        if head.ends_stream() {
            answers.put(head.stream, output);
        }
    })? {
        connection.flush()?;
    }
    Ok(())
}

/// The same so long after the request came, whatever comes meanwhile.
pub fn answer_late(stream: TcpStream, delay: Duration) -> io::Result<()> {
    let mut connection = Connection::accept(stream)?;
    let mut answers = Answers::new();
    // All wait equally long, so the first to come is the first that is due.
    let mut waiting = VecDeque::new();
    loop {
        let due = waiting.front().map(|(due, _): &(Instant, u32)| *due);
        if connection.is_readable_before(due)? {
            let due = Instant::now() + delay;
            let open = connection.read(|head, _, _| {
                if head.ends_stream() {
                    waiting.push_back((due, head.stream));
                }
            })?;
            if !open {
                return Ok(());
            }
        }
        let now = Instant::now();
        while let Some((_, stream)) = waiting.front().filter(|(due, _)| *due <= now) {
            answers.put(*stream, &mut connection.output);
            waiting.pop_front();
        }
        connection.flush()?;
    }
}

/// Answers with so many bytes, at least one, as the windows of the client allow. What the client says is only
/// read when there is nothing that may be sent.
pub fn answer_large(stream: TcpStream, length: u64) -> io::Result<()> {
    let mut connection = Connection::accept(stream)?;
    let mut downloads = Downloads::new(length);
    let mut head = frames::response(length);
    let mut block = Pages::new(BLOCK * (Head::LENGTH + frames::PAYLOAD), b'd');
    while connection.read(|frame, payload, output| {
        if frame.ends_stream() {
            frames::set_stream(&mut head, frame.stream);
            output.extend_from_slice(&head);
        }
        downloads.note(frame, payload);
    })? {
        connection.flush()?;
        while let Some(part) = downloads.next() {
            let length = part.lay_out(&mut block);
            connection.stream.write_all(&block[..length])?;
        }
    }
    Ok(())
}

/// A connection, what came of it and was not looked at yet, and what is to be written next.
struct Connection {
    stream: TcpStream,
    buffer: Pages,
    filled: usize,
    output: Vec<u8>,
}

impl Connection {
    fn accept(mut stream: TcpStream) -> io::Result<Connection> {
        let mut preface = [0; frames::PREFACE.len()];
        stream.read_exact(&mut preface)?;
        if preface != frames::PREFACE {
            return Err(io::ErrorKind::InvalidData.into());
        }
        stream.write_all(&frames::settings(&[(frames::MAX_CONCURRENT_STREAMS, MOST_STREAMS)]))?;
        Ok(Connection { stream, buffer: Pages::piece(), filled: 0, output: Vec::new() })
    }

    /// Reads once, acknowledges what is to be, and shows each whole frame, with room for the answer to it.
    /// False if the client has closed.
    fn read(&mut self, mut show: impl FnMut(Head, &[u8], &mut Vec<u8>)) -> io::Result<bool> {
        let length = self.stream.read(&mut self.buffer[self.filled..])?;
        self.filled += length;
        let mut rest = &self.buffer[..self.filled];
        while let Some((head, after)) = rest.split_first_chunk() {
            let head = Head::read(head);
            let payload = match after.get(..head.length) {
                Some(payload) => payload,
                None => break,
            };
            if head.asks_for_ack() {
                acknowledge(head, payload, &mut self.output);
            }
            show(head, payload, &mut self.output);
            rest = &after[head.length..];
        }
        let left = rest.len();
        self.buffer.copy_within(self.filled - left..self.filled, 0);
        self.filled = left;
        Ok(length > 0)
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.output.is_empty() {
            self.stream.write_all(&self.output)?;
            self.output.clear();
        }
        Ok(())
    }

    /// Waits for the client until that moment, more exactly than a timeout of the socket would.
    fn is_readable_before(&self, moment: Option<Instant>) -> io::Result<bool> {
        let wait = moment.map(|moment| moment.saturating_duration_since(Instant::now()));
        let wait = wait.map(|wait| libc::timespec {
            tv_sec: wait.as_secs() as libc::time_t,
            tv_nsec: wait.subsec_nanos().into(),
        });
        let wait = wait.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        let mut wanted =
            libc::pollfd { fd: self.stream.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one descriptor is looked at; `wait` is null or points to what lives until the end of this function.
        match unsafe { libc::ppoll(&mut wanted, 1, wait, std::ptr::null()) } {
            -1 => Err(io::Error::last_os_error()),
            ready => Ok(ready > 0),
        }
    }
}

/// RFC 9113 §6.5.3 and §6.7: an acknowledgement of settings is empty, that of a ping repeats it.
fn acknowledge(head: Head, payload: &[u8], output: &mut Vec<u8>) {
    let payload = if head.kind == frames::PING { payload } else { &[] };
    output.extend(frames::frame(head.kind, frames::ACK, 0, payload));
}

/// The same answer, on whichever stream it is wanted.
struct Answers {
    bytes: Vec<u8>,
    /// Where the DATA frame begins.
    data: usize,
}

impl Answers {
    fn new() -> Answers {
        let mut bytes = frames::response(100);
        let data = bytes.len();
        bytes.extend(frames::frame(frames::DATA, frames::END_STREAM, 0, &[b'x'; 100]));
        Answers { bytes, data }
    }

    fn put(&mut self, stream: u32, output: &mut Vec<u8>) {
        frames::set_stream(&mut self.bytes, stream);
        frames::set_stream(&mut self.bytes[self.data..], stream);
        output.extend_from_slice(&self.bytes);
    }
}

/// What is still to be sent, and how much of it the client takes (RFC 9113 §5.2, §6.9).
struct Downloads {
    length: u64,
    window: i64,
    /// What the window of a new stream is.
    initial: i64,
    open: VecDeque<Download>,
}

struct Download {
    stream: u32,
    left: u64,
    window: i64,
}

impl Downloads {
    fn new(length: u64) -> Downloads {
        let window = i64::from(frames::WINDOW);
        Downloads { length, window, initial: window, open: VecDeque::new() }
    }

    fn note(&mut self, head: Head, payload: &[u8]) {
        let stream = head.stream;
        match head.kind {
            frames::HEADERS if head.ends_stream() => {
                let (left, window) = (self.length, self.initial);
                self.open.push_back(Download { stream, left, window });
            }
            frames::RST_STREAM => self.open.retain(|download| download.stream != stream),
            frames::SETTINGS => payload.chunks_exact(6).for_each(|setting| self.set(setting)),
            frames::WINDOW_UPDATE => {
                let increment = i64::from(last_word(payload));
                match stream {
                    0 => self.window += increment,
                    // There may be none any more: it has been sent whole.
                    _ => self
                        .open
                        .iter_mut()
                        .filter(|download| download.stream == stream)
                        .for_each(|download| download.window += increment),
                }
            }
            _ => {}
        }
    }

    /// RFC 9113 §6.9.2: streams that are open take part in a change of the initial window.
    fn set(&mut self, setting: &[u8]) {
        if setting.starts_with(&frames::INITIAL_WINDOW_SIZE.to_be_bytes()) {
            let initial = i64::from(last_word(setting));
            self.open.iter_mut().for_each(|download| download.window += initial - self.initial);
            self.initial = initial;
        }
    }

    /// As much of the first download that may go on as fits into a write.
    fn next(&mut self) -> Option<Part> {
        let at = self.open.iter().position(|download| download.window > 0)?;
        let download = &mut self.open[at];
        let allowed = download.window.min(self.window).min(BLOCK as i64 * frames::PAYLOAD as i64);
        if allowed <= 0 {
            return None;
        }
        let length = download.left.min(allowed as u64);
        download.left -= length;
        download.window -= length as i64;
        self.window -= length as i64;
        let part = Part { stream: download.stream, length, last: download.left == 0 };
        if part.last {
            self.open.remove(at);
        }
        Some(part)
    }
}

/// So many bytes of a download.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    stream: u32,
    length: u64,
    last: bool,
}

impl Part {
    /// Writes the heads of the frames into a block of content; returns how much of it is to be sent.
    fn lay_out(&self, block: &mut [u8]) -> usize {
        let (mut at, mut left) = (0, self.length as usize);
        while left > 0 {
            let length = left.min(frames::PAYLOAD);
            left -= length;
            let flags = if self.last && left == 0 { frames::END_STREAM } else { 0 };
            let head = Head { length, kind: frames::DATA, flags, stream: self.stream };
            block[at..at + Head::LENGTH].copy_from_slice(&head.bytes());
            at += Head::LENGTH + length;
        }
        at
    }
}

/// The number that a WINDOW_UPDATE or a setting ends with.
fn last_word(bytes: &[u8]) -> u32 {
    bytes.last_chunk().map_or(0, |word| u32::from_be_bytes(*word) & frames::MOST)
}

/// DATA frames in one write.
const BLOCK: usize = PIECE / frames::PAYLOAD;

/// More than any client here opens.
const MOST_STREAMS: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::{Answers, Downloads, Part, BLOCK};
    use crate::frames::{self, Frames, Head};

    fn note(downloads: &mut Downloads, frame: Vec<u8>) {
        let (head, payload) = frame.split_first_chunk().expect("a frame has a head");
        downloads.note(Head::read(head), payload);
    }

    fn get(downloads: &mut Downloads, stream: u32) {
        let flags = frames::END_HEADERS | frames::END_STREAM;
        note(downloads, frames::frame(frames::HEADERS, flags, stream, &[]));
    }

    fn sum(downloads: &mut Downloads) -> u64 {
        std::iter::from_fn(|| downloads.next()).map(|part| part.length).sum()
    }

    #[test]
    fn ok_no_more_is_sent_than_both_windows_allow() {
        let mut downloads = Downloads::new(1_000_000);
        get(&mut downloads, 1);
        assert_eq!(sum(&mut downloads), 65_535);
        note(&mut downloads, frames::window_update(1, 1000));
        assert_eq!(sum(&mut downloads), 0);
        note(&mut downloads, frames::window_update(0, 300));
        assert_eq!(sum(&mut downloads), 300);
        note(&mut downloads, frames::window_update(0, frames::MOST - frames::WINDOW));
        assert_eq!(sum(&mut downloads), 700);
        note(&mut downloads, frames::settings(&[(frames::INITIAL_WINDOW_SIZE, 65_536)]));
        assert_eq!(sum(&mut downloads), 1);
        note(&mut downloads, frames::window_update(1, frames::MOST - frames::WINDOW));
        assert_eq!(sum(&mut downloads), 1_000_000 - 65_535 - 1001);
        assert!(downloads.open.is_empty());
    }

    #[test]
    fn ok_the_next_stream_goes_on_where_one_waits_for_its_window() {
        let mut downloads = Downloads::new(65_536);
        note(&mut downloads, frames::window_update(0, 1 << 20));
        get(&mut downloads, 1);
        get(&mut downloads, 3);
        assert_eq!(downloads.next(), Some(Part { stream: 1, length: 65_535, last: false }));
        assert_eq!(downloads.next(), Some(Part { stream: 3, length: 65_535, last: false }));
        assert_eq!(downloads.next(), None);
        note(&mut downloads, frames::window_update(3, 1));
        assert_eq!(downloads.next(), Some(Part { stream: 3, length: 1, last: true }));
        note(&mut downloads, frames::frame(frames::RST_STREAM, 0, 1, &[0; 4]));
        assert!(downloads.open.is_empty());
    }

    #[test]
    fn ok_a_part_is_laid_out_in_whole_frames_and_a_rest() {
        for (length, last) in [(1, true), (16_384, false), (16_385, true), (65_536, true)] {
            let mut block = vec![b'd'; BLOCK * (Head::LENGTH + frames::PAYLOAD)];
            let sent = Part { stream: 1, length, last }.lay_out(&mut block);
            let mut frames = Frames::default();
            frames.skip(&block[..sent]);
            assert_eq!((frames.data, frames.ended), (length, u32::from(last)));
        }
    }

    #[test]
    fn ok_an_answer_stands_on_the_stream_it_is_put_on() {
        let mut output = Vec::new();
        let mut answers = Answers::new();
        answers.put(7, &mut output);
        for at in [0, answers.data] {
            let head = output[at..].first_chunk().expect("a frame has a head");
            assert_eq!(Head::read(head).stream, 7);
        }
    }
}
