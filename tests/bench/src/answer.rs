//! What the server says, laid out in memory before the first request: a block that is sent over and over.

use crate::buffer::{Pages, PIECE};
use crate::heads;
use crate::server::Reply;
use std::io::{self, IoSlice, Write};

/// The bytes of an answer: the first block, the same block again some times over, and the rest.
pub struct Answer {
    head: Vec<u8>,
    block: Pages,
    used: usize,
    blocks: u64,
    tail: Vec<u8>,
}

impl Answer {
    pub fn new(reply: Reply) -> Answer {
        match reply {
            Reply::Fields(fields) => {
                Answer::short(heads::response(fields, "Content-Length: 100"), 100)
            }
            Reply::Pipelined(_) | Reply::Delayed(_) => Answer::new(Reply::Fields(8)),
            // Those on streams are laid out there.
            Reply::Silence | Reply::Streams | Reply::DelayedStreams(_) | Reply::SizedStreams(_) => {
                Answer::short(Vec::new(), 0)
            }
            Reply::Close => {
                let head = heads::response(8, "Content-Length: 100");
                let head = String::from_utf8_lossy(&head).replace("keep-alive", "close");
                Answer::short(head.into_bytes(), 100)
            }
            Reply::Sink => Answer::short(heads::response(8, "Content-Length: 2"), 2),
            Reply::Sized(length) => Answer {
                head: heads::response(8, &format!("Content-Length: {length}")),
                block: Pages::new(PIECE, b'd'),
                used: PIECE,
                blocks: length / PIECE as u64,
                tail: vec![b'd'; (length % PIECE as u64) as usize],
            },
            Reply::Chunked(length, size) => Answer::chunked(length, size),
            Reply::Coded(content) => {
                let coded = content.gzip();
                let framing = format!("Content-Encoding: gzip\r\nContent-Length: {}", coded.len());
                let mut head = heads::response(8, &framing);
                head.extend_from_slice(&coded);
                Answer { head, ..Answer::short(Vec::new(), 0) }
            }
        }
    }

    /// The whole of it, for who sends it in a way of its own or has to know how long it is.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write(&mut bytes).expect("a Vec takes whatever is written");
        bytes
    }

    /// Head and body in one write.
    fn short(mut head: Vec<u8>, body: usize) -> Answer {
        head.resize(head.len() + body, b'x');
        Answer { head, block: Pages::new(0, 0), used: 0, blocks: 0, tail: Vec::new() }
    }

    /// Blocks of as many whole chunks as come to a piece, then the rest chunk by chunk and the last chunk.
    fn chunked(length: u64, size: usize) -> Answer {
        let mut chunk = format!("{size:x}\r\n").into_bytes();
        chunk.resize(chunk.len() + size, b'c');
        chunk.extend_from_slice(b"\r\n");
        let in_block = (PIECE / size).max(1);
        let bytes = chunk.repeat(in_block);
        let mut block = Pages::new(bytes.len(), 0);
        block[..bytes.len()].copy_from_slice(&bytes);
        let blocks = length / (in_block * size) as u64;
        let mut rest = (length % (in_block * size) as u64) as usize;
        let mut tail = Vec::new();
        while rest > 0 {
            let next = rest.min(size);
            tail.extend_from_slice(format!("{next:x}\r\n").as_bytes());
            tail.resize(tail.len() + next, b'c');
            tail.extend_from_slice(b"\r\n");
            rest -= next;
        }
        tail.extend_from_slice(b"0\r\n\r\n");
        let head = heads::response(8, "Transfer-Encoding: chunked");
        Answer { head, block, used: bytes.len(), blocks, tail }
    }

    /// Sends it all, in as few calls as a good server would.
    pub fn write(&self, stream: &mut impl Write) -> io::Result<()> {
        let block = &self.block[..self.used];
        if self.blocks == 0 {
            stream.write_all(&self.head)?;
            return stream.write_all(&self.tail);
        }
        // The head and the first bytes of the content in one segment, as servers send them.
        let written = stream.write_vectored(&[IoSlice::new(&self.head), IoSlice::new(block)])?;
        let begun = written.checked_sub(self.head.len()).ok_or(io::ErrorKind::WriteZero)?;
        stream.write_all(&block[begun..])?;
        for _ in 1..self.blocks {
            stream.write_all(block)?;
        }
        stream.write_all(&self.tail)
    }
}

#[cfg(test)]
mod tests {
    use super::Answer;
    use crate::chunks::Chunks;
    use crate::server::Reply;

    fn written(reply: Reply) -> Vec<u8> {
        Answer::new(reply).into_bytes()
    }

    #[test]
    fn ok_a_body_has_the_length_announced() {
        for length in [0, 1, 65_536, 200_001] {
            let bytes = written(Reply::Sized(length));
            let head = Answer::new(Reply::Sized(length)).head;
            assert!(bytes.starts_with(&head));
            assert_eq!((bytes.len() - head.len()) as u64, length);
        }
    }

    #[test]
    fn ok_chunks_end_at_the_last_byte_however_they_arrive() {
        for (length, size) in [(200_001, 100), (200_000, 16_384), (70, 100)] {
            let reply = Reply::Chunked(length, size);
            let bytes = written(reply);
            let body = &bytes[Answer::new(reply).head.len()..];
            for step in [1, 3, 64, 4096, body.len()] {
                let mut chunks = Chunks::default();
                let parts = body.chunks(step).map(|part| chunks.skip(part).expect("well formed"));
                let ends: Vec<bool> = parts.collect();
                assert_eq!(ends.iter().position(|&end| end), Some(ends.len() - 1), "by {step}");
                assert_eq!(chunks.content, length);
            }
        }
    }
}
