//! Content on its way out: whatever a body is made of, read piece by piece.
//!
//! Nothing makes a safe reader tell the truth about how much it read, nor a file stay as long as it
//! was, so both are held to what was announced.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::slice;

use super::{Body, Opened, ReadOn};

/// As much of a reader as was announced. Where `Take` would panic this is an error like any other of
/// the reader's.
pub(super) struct Limited {
    reader: Box<dyn Read + Send>,
    left: u64,
}

impl Limited {
    pub(super) fn new(reader: Box<dyn Read + Send>, length: Option<u64>) -> Limited {
        Limited { reader, left: length.unwrap_or(u64::MAX) }
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if room == 0 {
            return Ok(0);
        }
        let count = self.reader.read(&mut buffer[..room])?;
        if count > room {
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                format!("the reader returned {} bytes, with room for {}", count, room),
            ));
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// A part of a file, read by position: the file's own position is shared with everyone who has it.
pub(super) struct Window<'a> {
    pub(super) file: &'a File,
    pub(super) at: u64,
    pub(super) left: u64,
}

impl Window<'_> {
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = read_at(self.file, &mut buffer[..room], self.at)?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

/// Bodies one after the other, each opened when its turn has come.
pub(super) struct Sequence<'a> {
    waiting: slice::Iter<'a, Body>,
    current: Current<'a>,
}

enum Current<'a> {
    None,
    Bytes(&'a [u8]),
    /// With how much is still to come, if that is known.
    Reader {
        read: Box<ReadOn<'a>>,
        left: Option<u64>,
    },
}

impl<'a> Sequence<'a> {
    pub(super) fn new(bodies: &'a [Body]) -> Sequence<'a> {
        Sequence { waiting: bodies.iter(), current: Current::None }
    }

    /// Fills the buffer as far as that takes no waiting: small bodies leave in one write, and what a
    /// reader gave is not held back until there is more of it.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let room = &mut buffer[filled..];
            match &mut self.current {
                Current::None => match self.waiting.next() {
                    Some(body) => self.current = Current::open(body)?,
                    None => break,
                },
                Current::Bytes([]) => self.current = Current::None,
                Current::Bytes(bytes) => {
                    let count = room.len().min(bytes.len());
                    let (now, later) = bytes.split_at(count);
                    room[..count].copy_from_slice(now);
                    *bytes = later;
                    filled += count;
                }
                Current::Reader { read, left } => match read_on(read, left, room) {
                    Ok(0) => self.current = Current::None,
                    Ok(count) if left.is_none() => return Ok(filled + count),
                    Ok(count) => filled += count,
                    // What came before does not wait for it.
                    Err(error) if error.kind() == ErrorKind::WouldBlock && filled > 0 => break,
                    Err(error) => return Err(error),
                },
            }
        }
        Ok(filled)
    }
}

impl<'a> Current<'a> {
    fn open(body: &'a Body) -> io::Result<Current<'a>> {
        Ok(match body.open()? {
            Opened::Bytes(bytes) => Current::Bytes(bytes),
            Opened::Reader(read) => Current::Reader { read, left: body.len() },
        })
    }
}

/// Reads on. One body that is shorter than announced would shift all that follow it.
fn read_on(read: &mut ReadOn<'_>, left: &mut Option<u64>, buffer: &mut [u8]) -> io::Result<usize> {
    let count = loop {
        match read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => break done?,
        }
    };
    match left {
        Some(left) if count == 0 && *left > 0 => Err(io::Error::new(
            ErrorKind::UnexpectedEof,
            format!("a part of it is {} bytes shorter than announced", left),
        )),
        Some(left) => {
            *left = left.saturating_sub(count as u64);
            Ok(count)
        }
        None => Ok(count),
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, at)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, at)
}

#[cfg(not(any(unix, windows)))]
fn read_at(mut file: &File, buffer: &mut [u8], at: u64) -> io::Result<usize> {
    io::Seek::seek(&mut file, io::SeekFrom::Start(at))?;
    file.read(buffer)
}
