//! The origin over HTTP/1.1: requests that come before an answer wait in order, so that waiting for
//! them overlaps, as on a real path.

use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use super::super::path::SEGMENT;
use super::{number, size, Shared, Way};

/// A request that came: when, how much its response has, and whether it is the last.
struct Asked {
    at: Instant,
    content: u64,
    closes: bool,
}

/// Reads requests here and answers on a thread of its own; true if the connection was given up with
/// its last response.
pub fn serve(stream: &TcpStream, shared: &Shared) -> bool {
    let (requests, asked) = mpsc::channel();
    thread::scope(|scope| {
        let answering = scope.spawn(move || answer(stream, shared, &asked));
        let _ = read_requests(stream, shared, requests);
        answering.join().unwrap_or(false)
    })
}

fn read_requests(
    stream: &TcpStream,
    shared: &Shared,
    requests: mpsc::Sender<Asked>,
) -> io::Result<()> {
    let mut unread = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = shared.read(stream, &mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        let at = Instant::now();
        unread.extend(&buffer[..count]);
        while let Some(end) = unread.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head: Vec<u8> = unread.drain(..end + 4).collect();
            let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
            let content = size(number(head.split(' ').nth(1).unwrap_or_default()));
            let closes = head.contains("\r\nconnection: close\r\n");
            if requests.send(Asked { at, content, closes }).is_err() {
                return Ok(());
            }
        }
    }
}

/// Answers in order; true if the connection was given up with the last response. That is said before
/// its last bytes go out, for whoever has them may come again at once.
fn answer(stream: &TcpStream, shared: &Shared, requests: &mpsc::Receiver<Asked>) -> bool {
    let mut way = Way::new(shared);
    for asked in requests {
        let response = response(&asked);
        let earliest = asked.at + shared.path.round_trip;
        let mut segments = response.chunks(SEGMENT as usize).peekable();
        while let Some(segment) = segments.next() {
            way.pass(earliest, segment.len() as u64);
            let is_last = asked.closes && segments.peek().is_none();
            if is_last {
                shared.leave();
            }
            if shared.write(stream, segment).is_err() {
                return is_last;
            }
        }
        if asked.closes {
            let _ = stream.shutdown(Shutdown::Write);
            return true;
        }
    }
    false
}

fn response(asked: &Asked) -> Vec<u8> {
    let mut response = head(asked.content, asked.closes).into_bytes();
    response.resize(response.len() + asked.content as usize, b'.');
    response
}

/// The head of a response with so much content.
pub fn head(content: u64, closes: bool) -> String {
    let connection = if closes { "Connection: close\r\n" } else { "" };
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{}\r\n", content, connection)
}
