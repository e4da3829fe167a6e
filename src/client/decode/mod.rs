//! Content codings on the way in (RFC 9110 §8.4): whether they are asked for, and what is decoded.
//!
//! Decoding is a layer between the connection and who reads. It is made when content is first read, so
//! what nobody reads is never decoded, neither in a redirect nor in a response that is dropped. The
//! connection is let go when the last coded byte has been taken from it, however much is still to be
//! handed out.

mod layer;

use crate::error::Result;
use crate::http::{Headers, Method};

use super::request::invalid;

pub(super) use self::layer::{Layer, Stop};

/// Whether content is asked for in a coding, and decoded.
///
/// Codings (RFC 9110 §8.4) are `gzip` (or `x-gzip`) and `deflate`, up to five of them around each other. The fields of the
/// response stay as they came: `Content-Encoding` and `Content-Length` then tell of the content as it was
/// sent, and [`Response::content_length`] of nothing.
///
/// A server can send a little that decodes to very much. What is held in memory is bounded by
/// [`Limits::body`], which counts decoded bytes. What streams is bounded by a ratio, for which see
/// [`max_ratio`](Decoding::max_ratio). Of much that decodes to nothing, a MiB in a row is taken.
///
/// ```
/// use pannier::net::Script;
/// use pannier::Client;
///
/// let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0";
/// let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 25\r\n\r\n";
/// let script = Script::new()
///     .expect_until("Accept-Encoding: gzip, deflate\r\n\r\n")
///     .reply([head.as_bytes(), gzip].concat());
/// let client = Client::builder().connector(script.repeated()).build();
/// assert_eq!(client.get("http://example.com/").send()?.text()?, "hello");
/// # Ok::<(), pannier::Error>(())
/// ```
///
/// [`Limits::body`]: crate::Limits::body
/// [`Response::content_length`]: crate::Response::content_length
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoding {
    mode: Mode,
    ratio: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    None,
    Automatic,
    Always,
}

impl Decoding {
    /// Requests are sent with `Accept-Encoding: gzip, deflate`, and responses to them are decoded. The
    /// default.
    ///
    /// A request that gives or refuses `Accept-Encoding` itself gets what the server sends as it is.
    /// So does one with a `Range`, which counts coded bytes, and one of the method HEAD, so that it is
    /// told the length that the content has.
    pub const fn automatic() -> Decoding {
        Decoding { mode: Mode::Automatic, ratio: MOST_OF_DEFLATE }
    }

    /// Every response is decoded, whatever its request says. `Accept-Encoding: gzip, deflate` is sent
    /// where the request neither gives nor refuses that field.
    pub const fn always() -> Decoding {
        Decoding { mode: Mode::Always, ..Decoding::automatic() }
    }

    /// Nothing is asked for and nothing decoded.
    pub const fn none() -> Decoding {
        Decoding { mode: Mode::None, ..Decoding::automatic() }
    }

    /// How many times as many bytes as were sent may come of them, beyond the first MiB. What comes to more
    /// fails with [`ErrorKind::TooLarge`](crate::ErrorKind::TooLarge). Default 1100: one coding alone
    /// cannot reach it, for no more than 1032 times is possible, and nobody but who builds a trap
    /// puts one around another that has done as much. `u32::MAX` lifts the bound, for a file that is to
    /// take whatever comes.
    #[must_use]
    pub const fn max_ratio(mut self, ratio: u32) -> Decoding {
        self.ratio = ratio;
        self
    }

    /// What this comes to for one request, whose fields are completed. `free` says that the request
    /// neither gives nor refuses `Accept-Encoding`.
    pub(super) fn settle(
        self,
        method: &Method,
        headers: &mut Headers,
        free: bool,
    ) -> Result<Decoding> {
        let free = free && !headers.contains(ACCEPT);
        let plain = !free || *method == Method::HEAD || headers.contains("Range");
        let mode = match self.mode {
            Mode::Automatic if plain => Mode::None,
            Mode::Automatic => Mode::Always,
            mode => mode,
        };
        if mode == Mode::Always && free {
            headers.append(ACCEPT, "gzip, deflate").map_err(invalid)?;
        }
        Ok(Decoding { mode, ..self })
    }

    /// The layer above the content of a response with these fields, if that may be `coded`. Its transfer
    /// codings are decoded if they were asked for.
    pub(super) fn layer(self, headers: &Headers, coded: bool, transfer: bool) -> Layer {
        let content = coded && self.mode != Mode::None && headers.contains("Content-Encoding");
        match content || transfer {
            true => Layer::new(headers, content, transfer, self.ratio),
            false => Layer::Plain,
        }
    }
}

impl Default for Decoding {
    fn default() -> Decoding {
        Decoding::automatic()
    }
}

const ACCEPT: &str = "Accept-Encoding";

/// Deflate makes no more than 1032 bytes of one.
const MOST_OF_DEFLATE: u32 = 1100;
