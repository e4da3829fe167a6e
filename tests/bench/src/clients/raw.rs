//! The floor: a loop over `TcpStream` that does the least work which still moves every byte.
//!
//! It learns the shape of the answer from a first exchange and relies on it afterwards. It has no timeout, follows
//! no rule of HTTP beyond the length, and would fail against any other server.

use super::raw_streams::Streams;
use super::{Client, Prepared, Session, Task};
use crate::buffer::{Pages, Source, PIECE};
use crate::chunks::Chunks;
use crate::workloads::{Work, PATH};
use crate::Failure;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;

pub struct Raw;

impl Client for Raw {
    fn name(&self) -> &'static str {
        "raw"
    }

    fn prepare(&self, task: &Task) -> Option<Prepared> {
        Some(match task.work {
            Work::Get { .. } | Work::Connect { .. } | Work::Pipeline { .. } => {
                Downloads::new(task, None).map(boxed)
            }
            Work::GetFile { .. } => Downloads::new(task, Some(task.file.clone())).map(boxed),
            Work::PutSized { body } | Work::PutFile { body } => {
                let from = matches!(task.work, Work::PutFile { .. }).then(|| task.file.clone());
                Uploads::new(task, &format!("Content-Length: {body}"), Upload::Sized { body, from })
                    .map(boxed)
            }
            Work::PutChunked { body } => {
                Uploads::new(task, "Transfer-Encoding: chunked", Upload::Chunked { body })
                    .map(boxed)
            }
            Work::Streams { body, depth } => Streams::new(task, body, depth).map(boxed),
            Work::Head { .. } | Work::Inflate { .. } | Work::GetCoded { .. } => return None,
        })
    }
}

fn boxed(session: impl Session + 'static) -> Box<dyn Session> {
    Box::new(session)
}

struct Downloads {
    address: SocketAddr,
    request: Vec<u8>,
    buffer: Pages,
    body: Body,
    stream: Persistence,
}

/// What the first answer showed of the others.
enum Body {
    /// Head and body together have this length and come in one read or a few.
    Whole(usize),
    /// A head of the same length each time, then so many bytes.
    Sized(usize, u64),
    /// The same to a file.
    Saved(usize, u64, PathBuf),
    Chunked(usize),
}

enum Persistence {
    Kept(TcpStream),
    Closed,
}

impl Downloads {
    fn new(task: &Task, file: Option<PathBuf>) -> Result<Downloads, Failure> {
        let request = head("GET", task.address, "Accept: */*");
        let mut stream = connect(task.address)?;
        stream.write_all(&request)?;
        let mut buffer = Pages::piece();
        let (head, filled) = read_head(&mut stream, &mut buffer)?;
        let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
        let close = text.contains("connection: close");
        let length = text.split_once("content-length: ").and_then(|(_, rest)| rest.lines().next());
        let body = match (length, file) {
            (None, _) => Body::Chunked(head),
            (Some(length), Some(file)) => Body::Saved(head, length.parse()?, file),
            (Some(length), None) => match length.parse()? {
                length if length > 4096 => Body::Sized(head, length),
                length => Body::Whole(head + length as usize),
            },
        };
        match body {
            Body::Chunked(_) => drop(rest_of_chunks(&mut stream, &mut buffer, head, filled)?),
            Body::Sized(_, length) | Body::Saved(_, length, _) => {
                rest_of_sized(&mut stream, &mut buffer, length - (filled - head) as u64)?;
            }
            Body::Whole(whole) => rest_of_sized(&mut stream, &mut buffer, (whole - filled) as u64)?,
        }
        let stream = if close { Persistence::Closed } else { Persistence::Kept(stream) };
        Ok(Downloads { address: task.address, request, buffer, body, stream })
    }

    fn once(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Persistence::Kept(stream) => {
                exchange(stream, &self.request, &mut self.buffer, &self.body)
            }
            Persistence::Closed => {
                let mut stream = connect(self.address)?;
                exchange(&mut stream, &self.request, &mut self.buffer, &self.body)
            }
        }
    }
}

impl Session for Downloads {
    fn run(&mut self, requests: u32) -> Result<(), Failure> {
        for _ in 0..requests {
            self.once()?;
        }
        Ok(())
    }
}

fn exchange(
    stream: &mut TcpStream,
    request: &[u8],
    buffer: &mut [u8],
    body: &Body,
) -> io::Result<()> {
    stream.write_all(request)?;
    match body {
        Body::Whole(length) => {
            let mut filled = 0;
            while filled < *length {
                filled += read_some(stream, buffer)?;
            }
            Ok(())
        }
        Body::Sized(head, length) => rest_of_sized(stream, buffer, *head as u64 + length),
        Body::Saved(head, length, path) => {
            let mut file = File::create(path)?;
            let filled = read_at_least(stream, buffer, *head)?;
            file.write_all(&buffer[*head..filled])?;
            let mut left = length - (filled - head) as u64;
            while left > 0 {
                let filled = read_some(stream, buffer)?;
                file.write_all(&buffer[..filled])?;
                left -= filled as u64;
            }
            Ok(())
        }
        Body::Chunked(head) => {
            let filled = read_at_least(stream, buffer, *head)?;
            rest_of_chunks(stream, buffer, *head, filled).map(drop)
        }
    }
}

struct Uploads {
    stream: TcpStream,
    request: Vec<u8>,
    /// Length of the confirmation.
    answer: usize,
    buffer: Pages,
    upload: Upload,
}

enum Upload {
    Sized { body: u64, from: Option<PathBuf> },
    Chunked { body: u64 },
}

impl Uploads {
    fn new(task: &Task, framing: &str, upload: Upload) -> Result<Uploads, Failure> {
        let mut stream = connect(task.address)?;
        let mut buffer = Pages::new(2 * PIECE, 0);
        stream.write_all(&head("PUT", task.address, "Content-Length: 0"))?;
        let (head_length, _) = read_head(&mut stream, &mut buffer)?;
        let request = head("PUT", task.address, framing);
        Ok(Uploads { stream, request, answer: head_length + 2, buffer, upload })
    }

    fn once(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.request)?;
        match &self.upload {
            Upload::Sized { body, from: None } => self.send(Source::new(*body))?,
            Upload::Sized { from: Some(path), .. } => self.send(File::open(path)?)?,
            Upload::Chunked { body } => self.send_chunks(Source::new(*body))?,
        }
        read_at_least(&mut self.stream, &mut self.buffer, self.answer).map(drop)
    }

    fn send(&mut self, mut source: impl Read) -> io::Result<()> {
        loop {
            match source.read(&mut self.buffer[..PIECE])? {
                0 => return Ok(()),
                length => self.stream.write_all(&self.buffer[..length])?,
            }
        }
    }

    /// The size line stands right before the data and the line end behind it: one write a chunk.
    fn send_chunks(&mut self, mut source: impl Read) -> io::Result<()> {
        loop {
            let length = source.read(&mut self.buffer[ROOM..ROOM + PIECE])?;
            if length == 0 {
                return self.stream.write_all(b"0\r\n\r\n");
            }
            write!(&mut self.buffer[ROOM - SIZE_LINE..ROOM], "{length:08x}\r\n")?;
            self.buffer[ROOM + length..ROOM + length + 2].copy_from_slice(b"\r\n");
            self.stream.write_all(&self.buffer[ROOM - SIZE_LINE..ROOM + length + 2])?;
        }
    }
}

impl Session for Uploads {
    fn run(&mut self, requests: u32) -> Result<(), Failure> {
        for _ in 0..requests {
            self.once()?;
        }
        Ok(())
    }
}

/// Room for a size line in front of the data, half a page so that no copy begins near a page's start.
const ROOM: usize = 2048;

/// Eight digits and the line end.
const SIZE_LINE: usize = 10;

pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

pub fn head(method: &str, address: SocketAddr, line: &str) -> Vec<u8> {
    format!("{method} {PATH} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: raw/1\r\n{line}\r\n\r\n")
        .into_bytes()
}

pub(super) fn read_head(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<(usize, usize)> {
    let mut filled = 0;
    loop {
        filled += read_some(stream, &mut buffer[filled..])?;
        if let Some(end) = buffer[..filled].windows(4).position(|window| window == b"\r\n\r\n") {
            return Ok((end + 4, filled));
        }
    }
}

fn rest_of_sized(stream: &mut TcpStream, buffer: &mut [u8], mut left: u64) -> io::Result<()> {
    while left > 0 {
        left -= read_some(stream, &mut buffer[..PIECE])? as u64;
    }
    Ok(())
}

fn rest_of_chunks(
    stream: &mut TcpStream,
    buffer: &mut [u8],
    head: usize,
    filled: usize,
) -> io::Result<u64> {
    let mut chunks = Chunks::default();
    let mut end = chunks.skip(&buffer[head..filled])?;
    while !end {
        let filled = read_some(stream, buffer)?;
        end = chunks.skip(&buffer[..filled])?;
    }
    Ok(chunks.content)
}

pub fn read_at_least(
    stream: &mut TcpStream,
    buffer: &mut [u8],
    wanted: usize,
) -> io::Result<usize> {
    let mut filled = 0;
    while filled < wanted {
        filled += read_some(stream, &mut buffer[filled..])?;
    }
    Ok(filled)
}

pub fn read_some(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    match stream.read(buffer)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        length => Ok(length),
    }
}
