//! The content of a request: where it comes from, how long it is, whether it can be sent again.

mod read;
mod supply;
mod trailers;

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::http::Headers;

use self::supply::{InTurn, Made, Once, OpenFile, Supply};
use self::trailers::Announced;
pub(crate) use self::trailers::Trailers;

/// The content of a request.
///
/// What is in memory, in a file or made anew each time can be sent again, after a redirect or when a
/// pooled connection turned out to be dead; a reader cannot.
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
pub struct Body {
    source: Source,
    trailers: Option<Box<dyn Trailers>>,
}

#[derive(Default)]
enum Source {
    #[default]
    Empty,
    Bytes(Cow<'static, [u8]>),
    /// Read when it is sent.
    Supply(Box<dyn Supply>),
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
        Body::of(Source::Empty)
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
        Ok(Body::supplied(OpenFile { file, start, length }))
    }

    /// The file at this path. It is opened when it is sent, each time anew, so a thousand such bodies
    /// hold no file open. Its length is that of now; if it has become shorter, the request fails.
    ///
    /// Of anything but a regular file, a pipe for instance, the length is not known, and it cannot be
    /// sent again.
    ///
    /// # Errors
    /// There is nothing at this path, or a directory, or a file that cannot be opened.
    pub fn path(path: impl Into<PathBuf>) -> io::Result<Body> {
        let path = path.into();
        let metadata = std::fs::metadata(&path).map_err(|error| named(&path, error))?;
        if metadata.is_dir() {
            let error = io::Error::new(io::ErrorKind::Other, "it is a directory");
            return Err(named(&path, error));
        }
        let length = metadata.is_file().then_some(metadata.len());
        let open = move || File::open(&path).map_err(|error| named(&path, error));
        if metadata.is_file() {
            // Said before anything is sent, and of an empty file at all.
            drop(open()?);
        }
        Ok(Body::supplied(Made { make: open, length, replayable: metadata.is_file() }))
    }

    /// Exactly `length` bytes from a reader. If it ends before, the request fails.
    pub fn sized(reader: impl Read + Send + 'static, length: u64) -> Body {
        Body::supplied(Once::new(Box::new(reader), Some(length)))
    }

    /// Everything from a reader. The length is not known, so the content goes out chunked.
    ///
    /// While this reader, like any other, is read, nobody looks whether the server has answered or time
    /// is over. One that may have to wait long says [`WouldBlock`](io::ErrorKind::WouldBlock) after a
    /// while: both are looked at then, and it is read again at once.
    pub fn reader(reader: impl Read + Send + 'static) -> Body {
        Body::supplied(Once::new(Box::new(reader), None))
    }

    /// Everything from a reader that is made anew each time the content is sent, so that it can be
    /// sent again: something that is read from its beginning, or generated. With a `length` it is
    /// that many bytes; if the reader ends before, the request fails.
    ///
    /// ```
    /// use std::io::{Cursor, Seek, SeekFrom};
    /// use pannier::Body;
    ///
    /// // Whatever can be rewound can be sent again.
    /// let tape = Cursor::new("hello");
    /// let body = Body::from_fn(Some(5), move || {
    ///     let mut tape = tape.clone();
    ///     tape.seek(SeekFrom::Start(0))?;
    ///     Ok(tape)
    /// });
    /// assert!(body.is_replayable() && body.len() == Some(5));
    /// ```
    pub fn from_fn<R>(
        length: Option<u64>,
        make: impl Fn() -> io::Result<R> + Send + Sync + 'static,
    ) -> Body
    where
        R: Read + Send + 'static,
    {
        Body::supplied(Made { make, length, replayable: true })
    }

    /// The same content with a trailer section behind it (RFC 9110 §6.5), whose fields are computed when
    /// all of the content has been sent: a digest, for instance. `names` announces them in `Trailer`;
    /// `fields` may then give those, or some of them, and no others. The content goes out chunked,
    /// whether its length is known or not.
    ///
    /// A request whose trailer fields must come before the content (RFC 9110 §6.5.1), or that cannot be
    /// chunked, is refused when it is built.
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    /// use std::sync::Arc;
    /// use pannier::http::Headers;
    /// use pannier::net::Script;
    /// use pannier::{Body, Client};
    ///
    /// struct Counted<R>(R, Arc<AtomicU64>);
    ///
    /// impl<R: std::io::Read> std::io::Read for Counted<R> {
    ///     fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
    ///         let count = self.0.read(buffer)?;
    ///         self.1.fetch_add(count as u64, Ordering::Relaxed);
    ///         Ok(count)
    ///     }
    /// }
    ///
    /// let count = Arc::new(AtomicU64::new(0));
    /// let body = Body::reader(Counted("hello".as_bytes(), count.clone()));
    /// let body = body.with_trailers(["X-Count"], move || {
    ///     let mut fields = Headers::new();
    ///     fields.append("X-Count", count.load(Ordering::Relaxed).to_string()).expect("a number");
    ///     fields
    /// });
    ///
    /// let script = Script::new()
    ///     .expect_until("\r\nTrailer: X-Count\r\n\r\n")
    ///     .expect("5\r\nhello\r\n0\r\nX-Count: 5\r\n\r\n")
    ///     .reply("HTTP/1.1 204 No Content\r\n\r\n");
    /// let client = Client::builder().connector(script.repeated()).build();
    /// client.put("http://example.com/").body(body).send()?;
    /// # Ok::<(), pannier::Error>(())
    /// ```
    #[must_use]
    pub fn with_trailers<N: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = N>,
        fields: impl Fn() -> Headers + Send + Sync + 'static,
    ) -> Body {
        let names = names.into_iter().map(Into::into).collect();
        self.trailers = Some(Box::new(Announced { names, make: fields }));
        self
    }

    pub(crate) fn trailers(&self) -> Option<&dyn Trailers> {
        self.trailers.as_deref()
    }

    /// These bodies one after the other.
    pub(crate) fn sequence(bodies: Vec<Body>) -> Body {
        Body::supplied(InTurn(bodies))
    }

    /// The length in bytes, if it is known.
    pub fn len(&self) -> Option<u64> {
        match &self.source {
            Source::Empty => Some(0),
            Source::Bytes(bytes) => Some(bytes.len() as u64),
            Source::Supply(supply) => supply.len(),
        }
    }

    /// Is it known to have no bytes?
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Can it be sent more than once?
    pub fn is_replayable(&self) -> bool {
        match &self.source {
            Source::Empty | Source::Bytes(_) => true,
            Source::Supply(supply) => supply.is_replayable(),
        }
    }

    /// All of it, if it is in memory.
    pub(crate) fn in_memory(&self) -> Option<&[u8]> {
        match &self.source {
            Source::Empty => Some(b""),
            Source::Bytes(bytes) => Some(bytes),
            Source::Supply(_) => None,
        }
    }

    /// Is it in memory, and no more than a few segments?
    pub(crate) fn is_small(&self) -> bool {
        self.trailers.is_none() && self.in_memory().map_or(false, |bytes| bytes.len() <= SMALL)
    }

    /// If it is a reader of unknown length, that was given elsewhere.
    pub(crate) fn set_length(&mut self, announced: u64) {
        if let Source::Supply(supply) = &mut self.source {
            supply.set_length(announced);
        }
    }

    /// Is there something to send still?
    pub(crate) fn check_unspent(&self) -> Result<()> {
        match &self.source {
            Source::Empty | Source::Bytes(_) => Ok(()),
            Source::Supply(supply) => supply.check_unspent(),
        }
    }

    /// From the beginning.
    pub(crate) fn open(&self) -> Result<Opened<'_>> {
        Ok(match &self.source {
            Source::Empty => Opened::Bytes(b""),
            Source::Bytes(bytes) => Opened::Bytes(bytes),
            Source::Supply(supply) => Opened::Reader(supply.open()?),
        })
    }

    const fn of(source: Source) -> Body {
        Body { source, trailers: None }
    }

    fn supplied(supply: impl Supply + 'static) -> Body {
        Body::of(Source::Supply(Box::new(supply)))
    }
}

/// What may go out behind other requests, where it would have to be sent again with them.
const SMALL: usize = 16 << 10;

fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {}", path.display(), error))
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
        Body::of(Source::Bytes(Cow::Borrowed(bytes)))
    }
}

/// As byte strings are written: `b"..."`.
impl<const N: usize> From<&'static [u8; N]> for Body {
    fn from(bytes: &'static [u8; N]) -> Body {
        Body::from(&bytes[..])
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Body {
        Body::of(Source::Bytes(Cow::Owned(bytes)))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = match &self.source {
            Source::Empty => "empty",
            Source::Bytes(_) => "bytes",
            Source::Supply(supply) => supply.name(),
        };
        write!(f, "Body({}, length: {:?})", source, self.len())
    }
}
