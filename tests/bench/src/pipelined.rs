//! The server's side of pipelining (RFC 9112 §9.3.2): whatever requests a read brings are answered in one write.
//!
//! It looks for the ends of heads and for nothing else: the requests have no content.

use crate::answer::Answer;
use crate::buffer::Pages;
use crate::server::Reply;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Answers as soon as a request is read.
pub fn answer_at_once(stream: TcpStream) -> io::Result<()> {
    let mut answers = Answers::new(stream.try_clone()?);
    let mut requests = Requests::new(stream);
    loop {
        match requests.read()? {
            Some(count) => answers.write(count)?,
            None => return Ok(()),
        }
    }
}

/// Answers so long after a request came, whatever comes meanwhile: as over a long line, not as by a slow server.
pub fn answer_late(stream: TcpStream, latency: Duration) -> io::Result<()> {
    let mut answers = Answers::new(stream.try_clone()?);
    let mut requests = Requests::new(stream);
    let (sender, receiver) = mpsc::channel::<(Instant, usize)>();
    let writer = thread::spawn(move || -> io::Result<()> {
        for (due, count) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            answers.write(count)?;
        }
        Ok(())
    });
    while let Some(count) = requests.read()? {
        if sender.send((Instant::now() + latency, count)).is_err() {
            break;
        }
    }
    drop(sender);
    writer.join().expect("the writer does not panic")
}

/// The requests of one connection.
struct Requests {
    stream: TcpStream,
    buffer: Pages,
    filled: usize,
}

impl Requests {
    fn new(stream: TcpStream) -> Requests {
        Requests { stream, buffer: Pages::piece(), filled: 0 }
    }

    /// Reads once, and says how many requests are complete by that. None if the client has closed.
    fn read(&mut self) -> io::Result<Option<usize>> {
        let length = self.stream.read(&mut self.buffer[self.filled..])?;
        if length == 0 {
            return Ok(None);
        }
        self.filled += length;
        let (mut count, mut start) = (0, 0);
        while let Some(length) = end_of_head(&self.buffer[start..self.filled]) {
            start += length;
            count += 1;
        }
        self.buffer.copy_within(start..self.filled, 0);
        self.filled -= start;
        Ok(Some(count))
    }
}

/// The same answer, as often as it is wanted.
struct Answers {
    stream: TcpStream,
    length: usize,
    bytes: Vec<u8>,
}

impl Answers {
    fn new(stream: TcpStream) -> Answers {
        let answer = Answer::new(Reply::Pipelined(0)).into_bytes();
        Answers { stream, length: answer.len(), bytes: answer.repeat(AT_ONCE) }
    }

    fn write(&mut self, mut count: usize) -> io::Result<()> {
        while count > 0 {
            let now = count.min(AT_ONCE);
            self.stream.write_all(&self.bytes[..now * self.length])?;
            count -= now;
        }
        Ok(())
    }
}

/// How long the first head is, its empty line included. A byte that is of no line end rules out the
/// three ends it could be a part of.
fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let mut at = 3;
    loop {
        match bytes.get(at)? {
            b'\n' if bytes[..=at].ends_with(b"\r\n\r\n") => return Some(at + 1),
            b'\r' | b'\n' => at += 1,
            _ => at += 4,
        }
    }
}

/// Answers in one write: as many as any client here has in flight.
const AT_ONCE: usize = 64;

#[cfg(test)]
mod tests {
    use super::end_of_head;

    #[test]
    fn ok_the_end_of_a_head_is_found_wherever_it_stands() {
        for padding in 0..9 {
            let mut bytes = vec![b'x'; padding];
            assert_eq!(end_of_head(&bytes), None);
            bytes.extend_from_slice(b"\r\nx\n\r\n\r");
            assert_eq!(end_of_head(&bytes), None);
            bytes.extend_from_slice(b"\n\r\nGET");
            assert_eq!(end_of_head(&bytes), Some(padding + 8));
        }
    }
}
