//! Request heads (RFC 9112 §3): a request line, then a field section.
//!
//! Nothing is checked here that the types have not checked already, and nothing is added: what the
//! caller hands in is what goes out, in its order.

use crate::http::{Headers, Method, Version};

use super::Target;

/// The head of a request, ready to be sent.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a Method,
    /// The target, in the form that suits the method and the next hop.
    pub target: &'a Target<'a>,
    /// The version. HTTP/1.0 is for servers that need it.
    pub version: Version,
    /// The whole header section, `Host` and framing fields included.
    pub headers: &'a Headers,
    /// Whether a chunked response is to be decoded.
    pub transfer: Transfer,
}

/// What becomes of the chunked coding of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transfer {
    /// It is decoded.
    #[default]
    Decoded,
    /// It is followed to find the end, but handed on as it is, trailers included.
    Raw,
}

impl RequestHead<'_> {
    /// Appends the head as it goes on the wire.
    ///
    /// ```
    /// use pannier::http::{Headers, Method, Version};
    /// use pannier::proto::h1::{RequestHead, Target, Transfer};
    ///
    /// let mut headers = Headers::new();
    /// headers.append("Host", "example.com")?;
    /// let head = RequestHead {
    ///     method: &Method::GET,
    ///     target: &Target::verbatim("/")?,
    ///     version: Version::Http11,
    ///     headers: &headers,
    ///     transfer: Transfer::Decoded,
    /// };
    /// let mut wire = Vec::new();
    /// head.write_to(&mut wire);
    /// assert_eq!(wire, b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let line =
            self.method.as_str().len() + self.target.as_str().len() + " HTTP/1.1 \r\n\r\n".len();
        out.reserve(line + self.headers.buffer_size());
        out.extend_from_slice(self.method.as_str().as_bytes());
        out.push(b' ');
        out.extend_from_slice(self.target.as_str().as_bytes());
        out.push(b' ');
        out.extend_from_slice(self.version.as_str().as_bytes());
        out.extend_from_slice(b"\r\n");
        self.headers.write_to(out);
        out.extend_from_slice(b"\r\n");
    }
}
