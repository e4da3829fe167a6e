//! HTTP/2 as far as the raw loop and the server speak it: frames (RFC 9113 §4.1, §6) and field blocks (RFC 7541) that
//! stay the same on every stream, as they touch no table.
//!
//! Both sides were written together, so nothing is checked that could only be wrong by a mistake of theirs.

use crate::heads;
use crate::workloads::PATH;
use std::net::SocketAddr;

/// What a frame begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub length: usize,
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
}

impl Head {
    pub const LENGTH: usize = 9;

    pub fn read(bytes: &[u8; Head::LENGTH]) -> Head {
        let [a, b, c, kind, flags, stream @ ..] = *bytes;
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        Head { length, kind, flags, stream: u32::from_be_bytes(stream) & MOST }
    }

    pub fn bytes(self) -> [u8; Head::LENGTH] {
        let [_, a, b, c] = (self.length as u32).to_be_bytes();
        let [d, e, f, g] = self.stream.to_be_bytes();
        [a, b, c, self.kind, self.flags, d, e, f, g]
    }

    /// Whether nothing of its stream follows from the sender.
    pub fn ends_stream(self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END_STREAM != 0
    }

    /// Whether it is to be acknowledged.
    pub fn asks_for_ack(self) -> bool {
        matches!(self.kind, SETTINGS | PING) && self.flags & ACK == 0
    }
}

/// The frame of this payload.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let head = Head { length: payload.len(), kind, flags, stream };
    [&head.bytes(), payload].concat()
}

pub fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let mut payload = Vec::new();
    for (setting, value) in values {
        payload.extend_from_slice(&setting.to_be_bytes());
        payload.extend_from_slice(&value.to_be_bytes());
    }
    frame(SETTINGS, 0, 0, &payload)
}

pub fn window_update(stream: u32, increment: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &increment.to_be_bytes())
}

/// Puts a whole frame on another stream.
pub fn set_stream(frame: &mut [u8], stream: u32) {
    frame[5..Head::LENGTH].copy_from_slice(&stream.to_be_bytes());
}

/// A GET, on no stream as yet.
pub fn request(address: SocketAddr) -> Vec<u8> {
    let mut block = vec![indexed(METHOD_GET), indexed(SCHEME_HTTP)];
    field(&mut block, ":path", PATH);
    field(&mut block, ":authority", &address.to_string());
    field(&mut block, "user-agent", "raw/1");
    field(&mut block, "accept", "*/*");
    frame(HEADERS, END_HEADERS | END_STREAM, 0, &block)
}

/// The head of an answer of eight fields, on no stream as yet.
pub fn response(length: u64) -> Vec<u8> {
    let mut block = vec![indexed(STATUS_200)];
    for (name, value) in heads::without_connection().take(7) {
        field(&mut block, &name.to_ascii_lowercase(), value);
    }
    field(&mut block, "content-length", &length.to_string());
    frame(HEADERS, END_HEADERS, 0, &block)
}

/// A name and value that are in the static table.
fn indexed(entry: u8) -> u8 {
    0x80 | entry
}

/// Literal without indexing (RFC 7541 §6.2.2); the name comes from the static table if it is there.
fn field(block: &mut Vec<u8>, name: &str, value: &str) {
    match NAMES.iter().find(|(_, known)| *known == name) {
        Some((entry, _)) => integer(block, 4, *entry),
        None => {
            block.push(0);
            string(block, name);
        }
    }
    string(block, value);
}

/// Without Huffman's code.
fn string(block: &mut Vec<u8>, text: &str) {
    integer(block, 7, text.len());
    block.extend_from_slice(text.as_bytes());
}

/// RFC 7541 §5.1; what stands before the prefix is zeros.
fn integer(block: &mut Vec<u8>, prefix: u32, value: usize) {
    let most = (1 << prefix) - 1;
    if value < most {
        return block.push(value as u8);
    }
    block.push(most as u8);
    let mut rest = value - most;
    while rest >= 128 {
        block.push(rest as u8 | 128);
        rest >>= 7;
    }
    block.push(rest as u8);
}

/// Passes over frames, looking at nothing but their heads.
#[derive(Default)]
pub struct Frames {
    /// Bytes of the current payload still to come.
    left: usize,
    /// The part of a head that the last bytes ended with.
    head: [u8; Head::LENGTH],
    begun: usize,
    /// Streams that ended.
    pub ended: u32,
    /// Bytes of DATA frames.
    pub data: u64,
    /// Settings that came, without acknowledgements.
    pub settings: u32,
}

impl Frames {
    pub fn skip(&mut self, mut bytes: &[u8]) {
        loop {
            let step = self.left.min(bytes.len());
            self.left -= step;
            bytes = &bytes[step..];
            match self.next_head(&mut bytes) {
                Some(head) => self.note(head),
                None => return,
            }
        }
    }

    fn next_head(&mut self, bytes: &mut &[u8]) -> Option<Head> {
        if self.begun == 0 {
            if let Some((head, rest)) = bytes.split_first_chunk() {
                *bytes = rest;
                return Some(Head::read(head));
            }
        }
        let step = (Head::LENGTH - self.begun).min(bytes.len());
        self.head[self.begun..][..step].copy_from_slice(&bytes[..step]);
        *bytes = &bytes[step..];
        self.begun = (self.begun + step) % Head::LENGTH;
        (self.begun == 0 && step > 0).then(|| Head::read(&self.head))
    }

    fn note(&mut self, head: Head) {
        self.left = head.length;
        self.ended += u32::from(head.ends_stream());
        match head.kind {
            DATA => self.data += head.length as u64,
            SETTINGS if head.asks_for_ack() => self.settings += 1,
            _ => {}
        }
    }
}

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const WINDOW_UPDATE: u8 = 8;

pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;
pub const ACK: u8 = 1;

pub const MAX_CONCURRENT_STREAMS: u16 = 3;
pub const INITIAL_WINDOW_SIZE: u16 = 4;

/// The largest window and the largest stream.
pub const MOST: u32 = 0x7fff_ffff;

/// Every window to begin with, unless said otherwise.
pub const WINDOW: u32 = 65_535;

/// The largest payload that is allowed to begin with.
pub const PAYLOAD: usize = 16_384;

// Entries of the static table (RFC 7541, Appendix A).
const METHOD_GET: u8 = 2;
const SCHEME_HTTP: u8 = 6;
const STATUS_200: u8 = 8;
const NAMES: &[(usize, &str)] = &[
    (1, ":authority"),
    (4, ":path"),
    (18, "accept-ranges"),
    (19, "accept"),
    (28, "content-length"),
    (31, "content-type"),
    (33, "date"),
    (34, "etag"),
    (44, "last-modified"),
    (54, "server"),
    (58, "user-agent"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_a_head_reads_back_as_it_is_written() {
        for stream in [0, 1, MOST] {
            let head = Head { length: 16_384, kind: DATA, flags: END_STREAM, stream };
            assert_eq!(Head::read(&head.bytes()), head);
        }
    }

    #[test]
    fn ok_integers_are_those_of_the_rfc() {
        let table: &[(u32, usize, &[u8])] =
            &[(5, 10, &[10]), (5, 1337, &[31, 154, 10]), (8, 42, &[42]), (4, 15, &[15, 0])];
        for (prefix, value, expected) in table {
            let mut block = Vec::new();
            integer(&mut block, *prefix, *value);
            assert_eq!(block, *expected, "{value}");
        }
    }

    #[test]
    fn ok_frames_are_counted_however_they_arrive() {
        let mut bytes = settings(&[(INITIAL_WINDOW_SIZE, MOST)]);
        for stream in [1, 3, 5] {
            bytes.extend(frame(HEADERS, END_HEADERS, stream, &[0x88]));
            bytes.extend(frame(DATA, 0, stream, &[b'x'; 70]));
            bytes.extend(frame(DATA, END_STREAM, stream, &[]));
        }
        bytes.extend(frame(SETTINGS, ACK, 0, &[]));
        bytes.extend(frame(HEADERS, END_HEADERS | END_STREAM, 7, &[0x88]));
        for step in 1..=bytes.len() {
            let mut frames = Frames::default();
            bytes.chunks(step).for_each(|part| frames.skip(part));
            assert_eq!((frames.ended, frames.data, frames.settings), (4, 210, 1), "by {step}");
        }
    }
}
