//! The server to measure against: it answers every request with the same bytes, made before it listens.
//!
//! Std only, a thread a connection, and no parsing beyond the end of a head and the length of an upload: what it
//! costs is the same for every client and small beside the client's own work. It speaks to well-behaved
//! clients on loopback and to nobody else.

use crate::answer::Answer;
use crate::buffer::{Pages, PIECE};
use crate::chunks::Chunks;
use crate::content::Content;
use crate::{pipelined, streams, Failure};
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::thread;
use std::time::Duration;

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
    /// Content of this kind in gzip.
    Coded(Content),
    /// Takes a body of any length and says so in two bytes.
    Sink,
    /// As `Fields(8)`, to requests that come several at a time, so many milliseconds after they came.
    Pipelined(u64),
    /// As `Fields(8)`, so many milliseconds after the request.
    Delayed(u64),
    /// Over HTTP/2: eight fields and 100 bytes.
    Streams,
    /// The same, so many milliseconds after the request.
    DelayedStreams(u64),
    /// Over HTTP/2: a body of this length.
    SizedStreams(u64),
    /// Nothing, ever.
    Silence,
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
    let listener = listen()?;
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
            Reply::Pipelined(0) => drop(thread::spawn(|| pipelined::answer_at_once(stream))),
            Reply::Pipelined(millis) => {
                let latency = Duration::from_millis(millis);
                drop(thread::spawn(move || pipelined::answer_late(stream, latency)));
            }
            Reply::Delayed(millis) => {
                let delay = Duration::from_millis(millis);
                drop(thread::spawn(move || answer_late(stream, answer, delay)));
            }
            Reply::Streams => drop(thread::spawn(|| streams::answer_at_once(stream))),
            Reply::DelayedStreams(millis) => {
                let delay = Duration::from_millis(millis);
                drop(thread::spawn(move || streams::answer_late(stream, delay)));
            }
            Reply::SizedStreams(length) => {
                drop(thread::spawn(move || streams::answer_large(stream, length)));
            }
            Reply::Silence => drop(thread::spawn(|| say_nothing(stream))),
            _ => drop(thread::spawn(move || answer_all(stream, answer))),
        }
    }
    Ok(())
}

/// Listens with room for all the connections of a crowd at once, which std's 128 is not.
fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    // SAFETY: the descriptor is that of a listener, and listening again only changes its backlog.
    match unsafe { libc::listen(listener.as_raw_fd(), BACKLOG) } {
        0 => Ok(listener),
        _ => Err(io::Error::last_os_error()),
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

/// The delay begins when the request is read: it is the same however busy the machine is by then.
fn answer_late(mut stream: TcpStream, answer: &Answer, delay: Duration) -> io::Result<()> {
    let mut request = [0; 4096];
    while read_head(&mut stream, &mut request)?.is_some() {
        thread::sleep(delay);
        answer.write(&mut stream)?;
    }
    Ok(())
}

fn say_nothing(mut stream: TcpStream) -> io::Result<()> {
    io::copy(&mut stream, &mut io::sink()).map(drop)
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
            Reply::Coded(content) => write!(f, "coded:{content}"),
            Reply::Sink => f.write_str("sink"),
            Reply::Pipelined(millis) => write!(f, "pipelined:{millis}"),
            Reply::Delayed(millis) => write!(f, "delay:{millis}"),
            Reply::Streams => f.write_str("h2"),
            Reply::DelayedStreams(millis) => write!(f, "h2-delay:{millis}"),
            Reply::SizedStreams(length) => write!(f, "h2-sized:{length}"),
            Reply::Silence => f.write_str("silence"),
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
            ["coded", content] => Ok(Reply::Coded(content.parse()?)),
            ["sink"] => Ok(Reply::Sink),
            ["pipelined", millis] => Ok(Reply::Pipelined(millis.parse()?)),
            ["delay", millis] => Ok(Reply::Delayed(millis.parse()?)),
            ["h2"] => Ok(Reply::Streams),
            ["h2-delay", millis] => Ok(Reply::DelayedStreams(millis.parse()?)),
            ["h2-sized", length] => Ok(Reply::SizedStreams(length.parse()?)),
            ["silence"] => Ok(Reply::Silence),
            _ => Err(format!("{text} is no reply of the server").into()),
        }
    }
}

const BACKLOG: i32 = 1024;

#[cfg(test)]
mod tests {
    use super::Reply;
    use crate::content::Content;

    #[test]
    fn ok_a_reply_reads_back_as_it_is_written() {
        let replies = [
            Reply::Fields(8),
            Reply::Fields(60),
            Reply::Close,
            Reply::Sized(7),
            Reply::Chunked(9, 2),
            Reply::Coded(Content::Json),
            Reply::Sink,
            Reply::Pipelined(10),
            Reply::Delayed(20),
            Reply::Streams,
            Reply::DelayedStreams(20),
            Reply::SizedStreams(9),
            Reply::Silence,
        ];
        for reply in replies {
            let read = reply.to_string().parse::<Reply>();
            assert_eq!(read.expect("it was just written"), reply);
        }
    }
}
