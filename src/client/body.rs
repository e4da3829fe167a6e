//! The content of a request: where it comes from, how long it is, whether it can be sent again.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, ErrorKind, Result};
use crate::event::Phase;

/// The content of a request.
///
/// What is in memory or in a file can be sent again, after a redirect or when a pooled connection
/// turned out to be dead; a reader cannot.
///
/// ```
/// use pannier::Body;
///
/// assert_eq!(Body::from("hello").len(), Some(5));
/// let lines = std::io::Cursor::new("a\nb\n");
/// let body = Body::reader(lines);
/// assert!(body.len().is_none() && !body.is_replayable()); // goes out chunked, once
/// ```
#[derive(Default)]
pub struct Body(Source);

#[derive(Default)]
enum Source {
    #[default]
    Empty,
    Bytes(Cow<'static, [u8]>),
    File {
        file: File,
        start: u64,
        length: u64,
    },
    /// The reader is taken out when it is sent.
    Reader {
        reader: Mutex<Taken>,
        length: Option<u64>,
    },
}

/// A body that is being sent.
pub(crate) enum Opened<'a> {
    Bytes(&'a [u8]),
    /// Reads on. Only what is asked of it: a `dyn Read` would bring all the methods of the trait.
    Reader(Box<ReadOn<'a>>),
}

pub(crate) type ReadOn<'a> = dyn FnMut(&mut [u8]) -> io::Result<usize> + 'a;

impl Body {
    /// No content.
    pub const fn empty() -> Body {
        Body(Source::Empty)
    }

    /// What is left of a file from its present position on. Of anything but a regular file, a pipe
    /// for instance, the length is not known and the content goes out chunked.
    ///
    /// # Errors
    /// The system does not tell the file's length or position.
    pub fn file(mut file: File) -> io::Result<Body> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Ok(Body::reader(file));
        }
        let start = file.stream_position()?;
        let length = metadata.len().saturating_sub(start);
        Ok(Body(Source::File { file, start, length }))
    }

    /// Exactly `length` bytes from a reader. If it ends before, the request fails.
    pub fn sized(reader: impl Read + Send + 'static, length: u64) -> Body {
        Body::from_reader(Box::new(reader), Some(length))
    }

    /// Everything from a reader. The length is not known, so the content goes out chunked.
    pub fn reader(reader: impl Read + Send + 'static) -> Body {
        Body::from_reader(Box::new(reader), None)
    }

    /// The length in bytes, if it is known.
    pub fn len(&self) -> Option<u64> {
        match &self.0 {
            Source::Empty => Some(0),
            Source::Bytes(bytes) => Some(bytes.len() as u64),
            Source::File { length, .. } => Some(*length),
            Source::Reader { length, .. } => *length,
        }
    }

    /// Is it known to have no bytes?
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Can it be sent more than once?
    pub fn is_replayable(&self) -> bool {
        !matches!(self.0, Source::Reader { .. })
    }

    /// All of it, if it is in memory.
    pub(crate) fn in_memory(&self) -> Option<&[u8]> {
        match &self.0 {
            Source::Empty => Some(b""),
            Source::Bytes(bytes) => Some(bytes),
            Source::File { .. } | Source::Reader { .. } => None,
        }
    }

    /// Is it in memory, and no more than a few segments?
    pub(crate) fn is_small(&self) -> bool {
        self.in_memory().map_or(false, |bytes| bytes.len() <= SMALL)
    }

    /// A reader whose length was given elsewhere.
    pub(crate) fn set_length(&mut self, announced: u64) {
        if let Source::Reader { length, .. } = &mut self.0 {
            length.get_or_insert(announced);
        }
    }

    /// Is there something to send still?
    pub(crate) fn check_unspent(&self) -> Result<()> {
        match &self.0 {
            Source::Reader { reader, .. } => match *lock(reader) {
                Some(_) => Ok(()),
                None => Err(spent()),
            },
            _ => Ok(()),
        }
    }

    /// From the beginning.
    pub(crate) fn open(&self) -> Result<Opened<'_>> {
        Ok(match &self.0 {
            Source::Empty => Opened::Bytes(b""),
            Source::Bytes(bytes) => Opened::Bytes(bytes),
            Source::File { file, start, length } => {
                let mut window = Window { file, at: *start, left: *length };
                Opened::Reader(Box::new(move |buffer| window.read(buffer)))
            }
            Source::Reader { reader, length } => {
                let reader = lock(reader).take().ok_or_else(spent)?;
                let mut announced = Announced { reader, left: length.unwrap_or(u64::MAX) };
                Opened::Reader(Box::new(move |buffer| announced.read(buffer)))
            }
        })
    }

    fn from_reader(reader: Box<dyn Read + Send>, length: Option<u64>) -> Body {
        Body(Source::Reader { reader: Mutex::new(Some(reader)), length })
    }
}

/// What may go out behind other requests, where it would have to be sent again with them.
const SMALL: usize = 16 << 10;

type Taken = Option<Box<dyn Read + Send>>;

fn lock(reader: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    reader.lock().unwrap_or_else(PoisonError::into_inner)
}

fn spent() -> Error {
    Error::new(ErrorKind::Body).message("the request body was already sent").at(Phase::Send)
}

/// As much of a reader as was announced. Nothing makes a safe reader tell the truth about how much it
/// read, and where `Take` would panic this is an error like any other of the reader's.
struct Announced {
    reader: Box<dyn Read + Send>,
    left: u64,
}

impl Announced {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if room == 0 {
            return Ok(0);
        }
        let count = self.reader.read(&mut buffer[..room])?;
        if count > room {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("the reader returned {} bytes, with room for {}", count, room),
            ));
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// A part of a file, read by position: the file's own position is shared with everyone who has it.
struct Window<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = read_at(self.file, &mut buffer[..room], self.at)?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
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
    file.seek(io::SeekFrom::Start(at))?;
    file.read(buffer)
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Body {
        Body::from(text.as_bytes())
    }
}

impl From<String> for Body {
    fn from(text: String) -> Body {
        Body::from(text.into_bytes())
    }
}

impl From<&'static [u8]> for Body {
    fn from(bytes: &'static [u8]) -> Body {
        Body(Source::Bytes(Cow::Borrowed(bytes)))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Body {
        Body(Source::Bytes(Cow::Owned(bytes)))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match &self.0 {
            Source::Empty => "empty",
            Source::Bytes(_) => "bytes",
            Source::File { .. } => "file",
            Source::Reader { .. } => "reader",
        };
        write!(f, "Body({}, length: {:?})", source, self.len())
    }
}
