//! `multipart/form-data` (RFC 7578): a form of fields and files, and multipart content in general
//! (RFC 2046 §5.1).
//!
//! A form is a list of parts in the order in which they were added. It is never put together in
//! memory: what goes out is the lines between the parts and the parts themselves, one after the other.
//! Its length is known if that of every part is.
//!
//! What stands in a line is either a field value, which cannot hold a line end, or a name in quotes,
//! where it is escaped: so no argument ends a line or begins a part.

mod part;

use std::fmt;
use std::path::PathBuf;

use crate::error::{Error, ErrorKind, Result};
use crate::http::token::trim_ows;
use crate::http::Headers;

use super::body::Body;
use super::random::unguessable;
use super::request::invalid;

use self::part::Content;
pub use self::part::Part;

/// A form (RFC 7578), or other content of several parts (RFC 2046 §5.1), in the order in which they are
/// added.
///
/// ```
/// use pannier::net::Script;
/// use pannier::{Client, Multipart, Part};
///
/// let script = Script::new()
///     .expect_until("Content-Type: multipart/form-data; boundary=")
///     .expect_until("\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nSunrise\r\n")
///     .expect_until("form-data; name=\"photo\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n")
///     .expect_until("--\r\n")
///     .reply("HTTP/1.1 204 No Content\r\n\r\n");
/// let client = Client::builder().connector(script.repeated()).build();
///
/// let photo = Part::new(b"\x89PNG".to_vec()).file_name("a.png");
/// let form = Multipart::new().text("title", "Sunrise").part("photo", photo);
/// client.post("http://example.com/photos").multipart(form).send()?;
/// # Ok::<(), pannier::Error>(())
/// ```
///
/// It is never put together in memory. Its length is known if that of every part is, and it can be sent
/// again if each of them can. The boundary is made of 128 bits that nobody can guess, so nobody can have
/// put it into a part. A file is opened when it is sent, and not before: see [`Part::path`].
#[must_use = "a form does nothing until it is sent"]
pub struct Multipart {
    media_type: Vec<u8>,
    boundary: String,
    escaping: Escaping,
    entries: Vec<Entry>,
}

/// A part and the field that it is the value of, if it is one.
struct Entry {
    name: Option<Vec<u8>>,
    part: Part,
}

/// How names are written between quotes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Escaping {
    /// RFC 7578 §4.2 and the HTML standard: `"`, CR and LF as `%22`, `%0D` and `%0A`.
    #[default]
    Percent,
    /// RFC 2183 §2, by its quoted-string: `\` before `"` and `\`.
    Backslash,
}

impl Multipart {
    /// A form without fields: `multipart/form-data`.
    pub fn new() -> Multipart {
        Multipart::of_type(FORM_DATA)
    }

    /// Parts of another kind, such as `multipart/mixed`, perhaps with parameters. The boundary will be
    /// one of them. Its parts are `attachment`s, if they have a file name, and not fields.
    pub fn of_type(media_type: impl AsRef<[u8]>) -> Multipart {
        Multipart {
            media_type: media_type.as_ref().into(),
            boundary: boundary(unguessable()),
            escaping: Escaping::default(),
            entries: Vec::new(),
        }
    }

    /// Adds a field of text, in UTF-8.
    pub fn text(self, name: impl AsRef<[u8]>, text: impl Into<String>) -> Multipart {
        self.part(name, Part::new(text.into()))
    }

    /// Adds a file, with its name and the media type that goes with that: see [`Part::path`].
    ///
    /// # Errors
    /// There is no such file.
    pub fn file(
        self,
        name: impl AsRef<[u8]>,
        path: impl Into<PathBuf>,
    ) -> std::io::Result<Multipart> {
        Ok(self.part(name, Part::path(path)?))
    }

    /// Adds a field.
    pub fn part(mut self, name: impl AsRef<[u8]>, part: Part) -> Multipart {
        self.entries.push(Entry { name: Some(name.as_ref().into()), part });
        self
    }

    /// Adds a part without a name. In a form each should have one (RFC 7578 §4.2).
    pub fn unnamed(mut self, part: Part) -> Multipart {
        self.entries.push(Entry { name: None, part });
        self
    }

    /// Writes names and file names with a backslash before `"` and `\`, in place of percent-encoding
    /// them as browsers do. Some servers want it. CR, LF and NUL are percent-encoded still.
    pub fn escape_with_backslashes(mut self) -> Multipart {
        self.escaping = Escaping::Backslash;
        self
    }

    /// What stands between the parts: 24 hyphens and 22 letters and digits.
    pub fn boundary(&self) -> &str {
        &self.boundary
    }

    /// The value of `Content-Type`, with the boundary.
    pub fn content_type(&self) -> Vec<u8> {
        [&self.media_type, &b"; boundary="[..], self.boundary.as_bytes()].concat()
    }

    /// The parts as one body, whose `Content-Type` has to be
    /// [`content_type`](Multipart::content_type).
    /// [`RequestBuilder::multipart`](crate::RequestBuilder::multipart) does both.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`]: a field of a part or a media type that cannot be sent.
    pub fn into_body(self) -> Result<Body> {
        let mut pieces = Pieces::default();
        let escaping = self.escaping;
        self.write_to(&mut pieces, escaping)?;
        Ok(Body::sequence(pieces.finish()))
    }

    /// What the parts are to the recipient (RFC 7578 §4.2, RFC 2183 §2.2).
    fn disposition(&self) -> &'static str {
        let name = self.media_type.split(|&byte| byte == b';').next().unwrap_or_default();
        match trim_ows(name).eq_ignore_ascii_case(FORM_DATA.as_bytes()) {
            true => "form-data",
            false => ATTACHMENT,
        }
    }

    /// RFC 2046 §5.1.1: a delimiter line before each part, and one with hyphens behind them all.
    fn write_to(self, out: &mut Pieces, escaping: Escaping) -> Result<()> {
        check_media_type(&self.media_type)?;
        let disposition = self.disposition();
        for Entry { name, mut part } in self.entries {
            out.line(&[b"--", self.boundary.as_bytes()]);
            part.write_head(out, disposition, name.as_deref(), escaping)?;
            match part.content {
                Content::Body(body) if body.trailers().is_some() => {
                    let text = "the body of a part cannot have trailers";
                    return Err(Error::new(ErrorKind::InvalidRequest).message(text));
                }
                Content::Body(body) => out.body(body),
                Content::Parts(parts) => parts.write_to(out, escaping)?,
            }
            out.line(&[]);
        }
        out.line(&[b"--", self.boundary.as_bytes(), b"--"]);
        Ok(())
    }
}

/// `multipart/` and a token, then perhaps parameters, of which the boundary is not for the caller.
fn check_media_type(media_type: &[u8]) -> Result<()> {
    let mut line = Headers::new();
    line.append("Content-Type", media_type).map_err(invalid)?;
    let lower = media_type.to_ascii_lowercase();
    let given = lower.windows(9).any(|window| window == b"boundary=");
    let fault = match () {
        () if !lower.starts_with(b"multipart/") => "is not multipart",
        () if given => "has a boundary of its own",
        () => return Ok(()),
    };
    let shown = String::from_utf8_lossy(media_type);
    let text = format!("the media type {} of a body of parts {}", shown, fault);
    Err(Error::new(ErrorKind::InvalidRequest).message(text))
}

impl Default for Multipart {
    fn default() -> Multipart {
        Multipart::new()
    }
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let media_type = String::from_utf8_lossy(&self.media_type);
        write!(f, "Multipart({}, parts: {})", media_type, self.entries.len())
    }
}

/// What goes out, in order.
#[derive(Default)]
struct Pieces {
    done: Vec<Body>,
    /// Lines that have no body behind them yet.
    lines: Vec<u8>,
}

impl Pieces {
    fn line(&mut self, parts: &[&[u8]]) {
        parts.iter().for_each(|part| self.lines.extend_from_slice(part));
        self.lines.extend_from_slice(b"\r\n");
    }

    fn body(&mut self, body: Body) {
        if !body.is_empty() {
            self.done.push(std::mem::take(&mut self.lines).into());
            self.done.push(body);
        }
    }

    fn finish(mut self) -> Vec<Body> {
        self.done.push(self.lines.into());
        self.done
    }
}

impl Escaping {
    /// The parameter ` ; name="value"`.
    fn parameter(self, name: &str, value: &[u8]) -> Vec<u8> {
        let mut text = format!("; {}=\"", name).into_bytes();
        for &byte in value {
            match (self, byte) {
                (_, b'\r' | b'\n' | 0) | (Escaping::Percent, b'"') => {
                    text.extend_from_slice(format!("%{:02X}", byte).as_bytes());
                }
                (Escaping::Backslash, b'"' | b'\\') => text.extend_from_slice(&[b'\\', byte]),
                (_, byte) => text.push(byte),
            }
        }
        text.push(b'"');
        text
    }
}

/// Hyphens, so that people see it, and the number in letters and digits (RFC 2046 §5.1.1 allows both,
/// up to 70 of them).
fn boundary(mut number: u128) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut text = "-".repeat(24);
    for _ in 0..22 {
        text.push(char::from(DIGITS[(number % 62) as usize]));
        number /= 62;
    }
    text
}

const FORM_DATA: &str = "multipart/form-data";
const ATTACHMENT: &str = "attachment";
