//! The server to measure against: it answers every request with the same bytes, made before it listens.
//!
//! Std only, a thread a connection, and no parsing beyond the end of a head and the length of an upload: what it
//! costs is the same for every client and small beside the client's own work. It speaks to well-behaved
//! clients on loopback and to nobody else.

use crate::buffer::{Pages, PIECE};
use crate::{heads, Failure};
use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::thread;

/// What the server answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// So many field lines and 100 bytes.
    Fields(usize),
    /// Eight field lines and 100 bytes, after which the connection is closed.
    Close,
    /// A body of this length.
    Sized(u64),
    /// A body of this length in chunks of that size.
    Chunked(u64, usize),
    /// Takes a body of any length and says so in two bytes.
    Sink,
}

/// The server in another process, ended with this value.
pub struct Running {
    child: Child,
    pub address: SocketAddr,
}

impl Running {
    /// Starts this program again as a server.
    pub fn start(reply: Reply, pin: crate::pin::Pin) -> Result<Running, Failure> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("server").arg(reply.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        pin.server(&mut command)?;
        let mut child = command.spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().expect("stdout is piped");
        io::BufRead::read_line(&mut io::BufReader::new(output), &mut line)?;
        Ok(Running { child, address: line.trim().parse()? })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Listens on a free port of loopback, prints it, and answers until standard input ends.
pub fn serve(reply: Reply) -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0);
    });
    let answer: &'static Answer = Box::leak(Box::new(Answer::new(reply)));
    for stream in listener.incoming() {
        let stream = stream?;
        stream.set_nodelay(true)?;
        // A client that goes away in mid-exchange ends its own connection only.
        match reply {
            Reply::Close => drop(answer_once(stream, answer)),
            Reply::Sink => drop(thread::spawn(move || take_uploads(stream, answer))),
            _ => drop(thread::spawn(move || answer_all(stream, answer))),
        }
    }
    Ok(())
}

/// The bytes of an answer: the first block, the same block again some times over, and the rest.
struct Answer {
    head: Vec<u8>,
    block: Pages,
    used: usize,
    blocks: u64,
    tail: Vec<u8>,
}

impl Answer {
    fn new(reply: Reply) -> Answer {
        match reply {
            Reply::Fields(fields) => {
                Answer::short(heads::response(fields, "Content-Length: 100"), 100)
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
        }
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

    fn write(&self, stream: &mut TcpStream) -> io::Result<()> {
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

fn answer_once(mut stream: TcpStream, answer: &Answer) -> io::Result<()> {
    let mut request = [0; 4096];
    if read_head(&mut stream, &mut request)?.is_some() {
        answer.write(&mut stream)?;
    }
    Ok(())
}

fn answer_all(mut stream: TcpStream, answer: &Answer) -> io::Result<()> {
    let mut request = [0; 4096];
    while read_head(&mut stream, &mut request)?.is_some() {
        answer.write(&mut stream)?;
    }
    Ok(())
}

fn take_uploads(mut stream: TcpStream, answer: &Answer) -> io::Result<()> {
    let mut buffer = Pages::new(4 * PIECE, 0);
    while let Some((head, filled)) = read_head(&mut stream, &mut buffer)? {
        let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
        if text.contains("expect: 100-continue") {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        match text.split_once("content-length:") {
            Some((_, rest)) => {
                let length = rest.lines().next().and_then(|value| value.trim().parse::<u64>().ok());
                let length = length.ok_or(io::ErrorKind::InvalidData)?;
                take_sized(&mut stream, &mut buffer, length - (filled - head) as u64)?;
            }
            None => take_chunked(&mut stream, &mut buffer, head, filled)?,
        }
        answer.write(&mut stream)?;
    }
    Ok(())
}

fn take_sized(stream: &mut TcpStream, buffer: &mut [u8], mut left: u64) -> io::Result<()> {
    while left > 0 {
        left -= read_some(stream, buffer)? as u64;
    }
    Ok(())
}

/// Jumps from size line to size line; only those are looked at.
fn take_chunked(
    stream: &mut TcpStream,
    buffer: &mut [u8],
    mut at: usize,
    mut filled: usize,
) -> io::Result<()> {
    let mut chunks = Chunks::default();
    loop {
        if chunks.skip(&buffer[at..filled])? {
            return Ok(());
        }
        at = 0;
        filled = read_some(stream, buffer)?;
    }
}

/// How far a chunked body has been passed over; the least work that finds its end. Trailers are not known here.
#[derive(Default)]
pub struct Chunks {
    /// Bytes of the current chunk, with the line end behind it, still to come.
    left: u64,
    /// The size line read so far.
    size: u64,
    last: bool,
    /// Content passed over.
    pub content: u64,
}

impl Chunks {
    /// Passes over these bytes; true at the end of the body.
    pub fn skip(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let mut at = 0;
        while at < bytes.len() {
            if self.left > 0 {
                let step = self.left.min((bytes.len() - at) as u64);
                self.left -= step;
                at += step as usize;
                if self.last && self.left == 0 {
                    return Ok(true);
                }
                continue;
            }
            let byte = bytes[at];
            at += 1;
            match byte {
                b'0'..=b'9' => self.size = self.size << 4 | u64::from(byte - b'0'),
                b'a'..=b'f' | b'A'..=b'F' => {
                    self.size = self.size << 4 | u64::from((byte | 32) - b'a' + 10)
                }
                b'\r' => {}
                b'\n' => {
                    self.content += self.size;
                    self.last = self.size == 0;
                    self.left = self.size + 2;
                    self.size = 0;
                }
                _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "no chunk size")),
            }
        }
        Ok(false)
    }
}

/// Reads a head and what came with it: the head's length, and all. None if the client has closed.
fn read_head(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<Option<(usize, usize)>> {
    let mut filled = 0;
    loop {
        let length = stream.read(&mut buffer[filled..])?;
        if length == 0 {
            return Ok(None);
        }
        filled += length;
        if let Some(end) = buffer[..filled].windows(4).position(|window| window == b"\r\n\r\n") {
            return Ok(Some((end + 4, filled)));
        }
    }
}

fn read_some(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    match stream.read(buffer)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        length => Ok(length),
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Fields(8) => f.write_str("small"),
            Reply::Fields(fields) => write!(f, "fields:{fields}"),
            Reply::Close => f.write_str("close"),
            Reply::Sized(length) => write!(f, "sized:{length}"),
            Reply::Chunked(length, size) => write!(f, "chunked:{length}:{size}"),
            Reply::Sink => f.write_str("sink"),
        }
    }
}

impl FromStr for Reply {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Reply, Failure> {
        match text.split(':').collect::<Vec<_>>().as_slice() {
            ["small"] => Ok(Reply::Fields(8)),
            ["fields", fields] => Ok(Reply::Fields(fields.parse()?)),
            ["close"] => Ok(Reply::Close),
            ["sized", length] => Ok(Reply::Sized(length.parse()?)),
            ["chunked", length, size] => Ok(Reply::Chunked(length.parse()?, size.parse()?)),
            ["sink"] => Ok(Reply::Sink),
            _ => Err(format!("{text} is no reply of the server").into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Chunks, Reply};

    #[test]
    fn ok_a_reply_reads_back_as_it_is_written() {
        let replies = [
            Reply::Fields(8),
            Reply::Fields(60),
            Reply::Close,
            Reply::Sized(7),
            Reply::Chunked(9, 2),
            Reply::Sink,
        ];
        for reply in replies {
            assert_eq!(reply.to_string().parse::<Reply>().expect("it was just written"), reply);
        }
    }

    #[test]
    fn ok_chunks_end_at_the_same_byte_however_they_arrive() {
        let answer = Answer::new(Reply::Chunked(200_001, 100));
        let mut body = answer.block[..answer.used].repeat(answer.blocks as usize);
        body.extend_from_slice(&answer.tail);
        for step in [1, 3, 64, 4096, body.len()] {
            let mut chunks = Chunks::default();
            let ends: Vec<bool> =
                body.chunks(step).map(|part| chunks.skip(part).expect("well formed")).collect();
            assert_eq!(
                ends.iter().position(|&end| end),
                Some(ends.len() - 1),
                "in steps of {step}"
            );
            assert_eq!(chunks.content, 200_001);
        }
    }

    #[test]
    fn err_a_size_line_of_other_bytes() {
        assert!(Chunks::default().skip(b"xyz\r\n").is_err());
    }
}
