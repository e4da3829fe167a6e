//! One part: its content, and the lines before it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::http::Headers;

use super::super::request::invalid;
use super::{Body, Escaping, Multipart, Pieces, ATTACHMENT};

/// A part of a [`Multipart`]. The first bad input is kept, and returned when the request is built.
///
/// Its header section is `Content-Disposition`, then `Content-Type`, then what was added (RFC 7578 §4.2,
/// §4.4).
///
/// ```
/// use pannier::net::Script;
/// use pannier::{Client, Multipart, Part};
///
/// let script = Script::new()
///     .expect_until("; name=\"table\"; filename=\"table.csv\"\r\n")
///     .expect("Content-Type: text/csv\r\nX-Rows: 1\r\n\r\na,b\n\r\n")
///     .expect_until("--\r\n")
///     .reply("HTTP/1.1 204 No Content\r\n\r\n");
/// let client = Client::builder().connector(script.repeated()).build();
///
/// let part = Part::new("a,b\n").file_name("table.csv").content_type("text/csv").header("X-Rows", "1");
/// client.post("http://example.com/").multipart(Multipart::new().part("table", part)).send()?;
/// # Ok::<(), pannier::Error>(())
/// ```
#[must_use = "a part does nothing until it is added to a form"]
pub struct Part {
    pub(super) content: Content,
    file_name: Option<Vec<u8>>,
    /// What the content was found under.
    path: Option<Vec<u8>>,
    headers: Headers,
    fault: Option<Error>,
}

pub(super) enum Content {
    Body(Body),
    Parts(Multipart),
}

impl Part {
    /// A part with this content: text, bytes, a file or a reader.
    pub fn new(content: impl Into<Body>) -> Part {
        Part::of(Content::Body(content.into()))
    }

    /// A file, as [`Body::path`] sends it. It goes by its own name, without folders, unless that is
    /// changed, and its media type is guessed from the extension.
    ///
    /// # Errors
    /// There is nothing at this path, or a directory.
    pub fn path(path: impl Into<PathBuf>) -> io::Result<Part> {
        let path = path.into();
        let bytes = path.file_name().map(|name| bytes(name.into())).unwrap_or_default();
        let part = Part::new(Body::path(path)?);
        Ok(Part { path: Some(bytes.clone()), ..part.file_name(bytes) })
    }

    /// A part that consists of parts (RFC 2046 §5.1).
    pub fn parts(parts: Multipart) -> Part {
        Part::of(Content::Parts(parts))
    }

    /// The name of the file that this is. Whatever has one, is a file to the server.
    pub fn file_name(mut self, name: impl AsRef<[u8]>) -> Part {
        self.file_name = Some(name.as_ref().into());
        self
    }

    /// Other content in place of what there is, an encoded file for instance.
    pub fn with_body(mut self, body: impl Into<Body>) -> Part {
        self.content = Content::Body(body.into());
        self
    }

    /// No file name: what was read from a file is sent as the value of a field.
    pub fn without_file_name(mut self) -> Part {
        self.file_name = None;
        self
    }

    /// The media type. Without one it is guessed from the extension of the file name; text that is no
    /// file has none.
    pub fn content_type(self, media_type: impl AsRef<[u8]>) -> Part {
        self.change(|headers| headers.set("Content-Type", media_type))
    }

    /// Adds a field line. A `Content-Disposition` takes the place of the part's own.
    pub fn header(self, name: &str, value: impl AsRef<[u8]>) -> Part {
        self.change(|headers| headers.append(name, value))
    }

    /// The length of its content in bytes, if it is known. Of parts it is not before they are sent.
    pub fn content_length(&self) -> Option<u64> {
        match &self.content {
            Content::Body(body) => body.len(),
            Content::Parts(_) => None,
        }
    }

    fn of(content: Content) -> Part {
        Part { content, file_name: None, path: None, headers: Headers::new(), fault: None }
    }

    fn change<E: Into<crate::error::Source>>(
        mut self,
        change: impl FnOnce(&mut Headers) -> Result<(), E>,
    ) -> Part {
        let changed = change(&mut self.headers).map_err(invalid);
        self.fault = self.fault.or_else(|| changed.err());
        self
    }

    /// The header section with the empty line behind it (RFC 7578 §4.2, §4.4).
    pub(super) fn write_head(
        &mut self,
        out: &mut Pieces,
        disposition: &str,
        name: Option<&[u8]>,
        escaping: Escaping,
    ) -> Result<()> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let parameter = |key: &str, value: Option<&[u8]>| {
            value.map_or_else(Vec::new, |value| escaping.parameter(key, value))
        };
        let parameters =
            [parameter("name", name), parameter("filename", self.file_name.as_deref())].concat();
        let says_something = disposition != ATTACHMENT || !parameters.is_empty();
        if says_something && !self.headers.contains("Content-Disposition") {
            out.line(&[b"Content-Disposition: ", disposition.as_bytes(), &parameters]);
        }
        if let Some(media_type) = self.media_type() {
            out.line(&[b"Content-Type: ", &media_type]);
        }
        self.headers.remove("Content-Type");
        for (name, value) in self.headers.iter() {
            out.line(&[name.as_bytes(), b": ", value]);
        }
        out.line(&[]);
        Ok(())
    }

    /// The media type that was given; else that of the parts; else what the names suggest.
    fn media_type(&mut self) -> Option<Vec<u8>> {
        let given = self.headers.get_bytes("Content-Type").map(<[u8]>::to_vec);
        if let Content::Parts(parts) = &mut self.content {
            parts.media_type = given.unwrap_or_else(|| std::mem::take(&mut parts.media_type));
            return Some(parts.content_type());
        }
        let named = self.file_name.as_deref().and_then(guess);
        let found = || self.path.as_deref().and_then(guess);
        let guessed = match (named.or_else(found), &self.file_name, &self.path) {
            // RFC 7578 §4.4: what is no file is text without saying so.
            (Some("text/plain"), None, _) => None,
            (None, Some(_), Some(_)) => Some("application/octet-stream"),
            (guessed, _, _) => guessed,
        };
        given.or_else(|| guessed.map(Into::into))
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.file_name.as_deref().map(String::from_utf8_lossy);
        let mut shown = f.debug_struct("Part");
        shown.field("file_name", &name);
        match &self.content {
            Content::Body(body) => shown.field("body", body),
            Content::Parts(parts) => shown.field("parts", parts),
        };
        shown.finish_non_exhaustive()
    }
}

#[cfg(unix)]
fn bytes(name: std::ffi::OsString) -> Vec<u8> {
    std::os::unix::ffi::OsStringExt::into_vec(name)
}

#[cfg(not(unix))]
fn bytes(name: std::ffi::OsString) -> Vec<u8> {
    name.to_string_lossy().into_owned().into_bytes()
}

/// What the extension stands for, among those that curl knows: a guess that more software makes the
/// same way is worth more than a longer table.
fn guess(name: &[u8]) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let found = MEDIA_TYPES.iter().find(|(extension, _)| lower.ends_with(extension.as_bytes()));
    found.map(|(_, media_type)| *media_type)
}

const MEDIA_TYPES: [(&str, &str); 10] = [
    (".gif", "image/gif"),
    (".jpg", "image/jpeg"),
    (".jpeg", "image/jpeg"),
    (".png", "image/png"),
    (".svg", "image/svg+xml"),
    (".txt", "text/plain"),
    (".htm", "text/html"),
    (".html", "text/html"),
    (".pdf", "application/pdf"),
    (".xml", "application/xml"),
];
