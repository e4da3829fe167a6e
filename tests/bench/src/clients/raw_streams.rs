//! The floor of HTTP/2: as many HEADERS frames as there are to be streams in one write, then reads until all have ended.
//!
//! The windows are as large as can be from the beginning; that of a stream is never given back, so a body has
//! less than 2 GiB.

use super::raw::{connect, read_some};
use super::{check, Session, Task};
use crate::buffer::Pages;
use crate::frames::{self, Frames};
use crate::Failure;
use std::io::{self, Write};
use std::net::TcpStream;

pub struct Streams {
    stream: TcpStream,
    /// As many requests as may be open, and the length of one.
    requests: Vec<u8>,
    request: usize,
    depth: u32,
    body: u64,
    /// The next stream to be opened.
    next: u32,
    frames: Frames,
    /// The content for which the window of the connection was given back.
    given: u64,
    buffer: Pages,
}

impl Streams {
    pub fn new(task: &Task, body: u64, depth: usize) -> Result<Streams, Failure> {
        let request = frames::request(task.address);
        let mut streams = Streams {
            stream: connect(task.address)?,
            requests: request.repeat(depth),
            request: request.len(),
            depth: depth as u32,
            body,
            next: 1,
            frames: Frames::default(),
            given: 0,
            buffer: Pages::piece(),
        };
        streams.greet()?;
        Ok(streams)
    }

    fn greet(&mut self) -> io::Result<()> {
        let mut greeting = frames::PREFACE.to_vec();
        greeting.extend(frames::settings(&[(frames::INITIAL_WINDOW_SIZE, frames::MOST)]));
        greeting.extend(frames::window_update(0, frames::MOST - frames::WINDOW));
        self.stream.write_all(&greeting)?;
        while self.frames.settings == 0 {
            self.read()?;
        }
        self.stream.write_all(&frames::frame(frames::SETTINGS, frames::ACK, 0, &[]))
    }

    /// Opens so many streams and reads them to the end.
    fn exchange(&mut self, count: u32) -> Result<(), Failure> {
        if self.next > frames::MOST - 2 * count {
            return Err("the connection has no streams left".into());
        }
        let requests = &mut self.requests[..count as usize * self.request];
        for request in requests.chunks_exact_mut(self.request) {
            frames::set_stream(request, self.next);
            self.next += 2;
        }
        self.stream.write_all(requests)?;
        let (ended, data) = (self.frames.ended, self.frames.data);
        while self.frames.ended < ended + count {
            self.read()?;
        }
        check(self.frames.data - data, self.body * u64::from(count))
    }

    fn read(&mut self) -> io::Result<()> {
        let filled = read_some(&mut self.stream, &mut self.buffer)?;
        self.frames.skip(&self.buffer[..filled]);
        let taken = self.frames.data - self.given;
        if taken >= u64::from(frames::MOST / 2) {
            self.stream.write_all(&frames::window_update(0, taken as u32))?;
            self.given += taken;
        }
        Ok(())
    }
}

impl Session for Streams {
    fn run(&mut self, requests: u32) -> Result<(), Failure> {
        let mut left = requests;
        while left > 0 {
            let count = left.min(self.depth);
            self.exchange(count)?;
            left -= count;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Streams;
    use crate::clients::{Session, Task};
    use crate::streams;
    use crate::workloads::Work;
    use std::io;
    use std::net::{TcpListener, TcpStream};
    use std::path::PathBuf;
    use std::thread;
    use std::time::{Duration, Instant};

    /// Runs so many requests against a server of that kind.
    fn run(
        serve: impl FnOnce(TcpStream) -> io::Result<()> + Send + 'static,
        (body, depth, requests): (u64, usize, u32),
    ) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let address = listener.local_addr().expect("it is bound");
        let server = thread::spawn(move || serve(listener.accept()?.0));
        let work = Work::Streams { body, depth };
        let task = Task { address, work, file: PathBuf::new(), deadline: None };
        let mut client = Streams::new(&task, body, depth).expect("the server greets");
        client.run(requests).expect("every byte comes");
        drop(client);
        server.join().expect("the server does not panic").expect("the client closes in peace");
    }

    #[test]
    fn ok_all_streams_are_answered() {
        for depth in [1, 32, 100] {
            run(streams::answer_at_once, (100, depth, 250));
        }
    }

    #[test]
    fn ok_a_download_comes_whole() {
        run(|stream| streams::answer_large(stream, 1_000_001), (1_000_001, 3, 4));
    }

    #[test]
    fn ok_a_late_answer_is_late() {
        let begun = Instant::now();
        let delay = Duration::from_millis(20);
        run(move |stream| streams::answer_late(stream, delay), (100, 10, 20));
        assert!(begun.elapsed() >= 2 * delay);
    }
}
