//! Request heads and trailers as field blocks (RFC 9113 §8.3.1).
//!
//! The names of fields become lower-case, and what belongs to connections of HTTP/1 is left out
//! (§8.2.2): the same `Headers` serve for both versions. What must not be remembered by anyone on the
//! way is marked so (RFC 7541 §7.1.3); what will hardly come again is kept out of the table.
//!
//! Most requests of a client are like the one before, but perhaps for the path. The last block is kept
//! with what it was made from, and repeated as long as the table has not changed since.

use std::mem;
use std::ops::Range;

use crate::http::token::{is_field_byte, is_word, trim_ows};
use crate::http::{Headers, Method};

use super::hpack::{Encoder, Indexing};
use super::message::OVERHEAD;
use super::Error;

/// The head of a request.
///
/// From `headers` is left out what has no place in HTTP/2: `Host`, whose place `authority` takes,
/// `Connection` and the fields that it names, `Keep-Alive`, `Proxy-Connection`, `Transfer-Encoding`,
/// `Upgrade`, and `TE` unless it is `trailers`.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a Method,
    /// `http` or `https`. CONNECT does not send it.
    pub scheme: &'a str,
    /// Host and port, without user information. CONNECT cannot do without.
    pub authority: Option<&'a [u8]>,
    /// Path and query, at least `/`; or `*` for OPTIONS. CONNECT has none.
    pub path: Option<&'a str>,
    /// The header section. Names are sent in lower case.
    pub headers: &'a Headers,
    /// Names of fields that nobody on the way may keep, beside `Authorization`, `Proxy-Authorization`
    /// and `Cookie`.
    pub sensitive: &'a [String],
}

/// Makes field blocks of requests.
pub(super) struct RequestEncoder {
    encoder: Encoder,
    /// The last block.
    block: Vec<u8>,
    /// Its size before it was packed, as RFC 9113 §6.5.2 measures it.
    size: u64,
    /// What it was made from; `None` if it cannot be sent again.
    made: Option<Made>,
    /// Where in it the path stands, which is in no table.
    path: Range<usize>,
    /// A name in lower case, or the next block.
    scratch: Vec<u8>,
}

/// All that a block depends on.
struct Made {
    /// The encoder's count then.
    generation: u64,
    method: Method,
    scheme: String,
    authority: Option<Vec<u8>>,
    /// The only part that may be changed.
    path: Option<String>,
    headers: Headers,
    sensitive: Vec<String>,
}

impl RequestEncoder {
    pub(super) fn new() -> RequestEncoder {
        RequestEncoder {
            encoder: Encoder::new(),
            block: Vec::new(),
            size: 0,
            made: None,
            path: 0..0,
            scratch: Vec::new(),
        }
    }

    /// The peer's SETTINGS_HEADER_TABLE_SIZE.
    pub(super) fn set_peer_table_size(&mut self, size: u32) {
        self.encoder.set_peer_table_size(size as usize);
    }

    /// The block of a request, which the peer takes up to a size of `limit`.
    pub(super) fn head(
        &mut self,
        head: &RequestHead<'_>,
        limit: Option<u32>,
    ) -> Result<&[u8], Error> {
        let generation = self.encoder.generation();
        match &self.made {
            Some(made) if made.is_of(head, generation) => self.repeat(head, limit)?,
            _ => self.make(head, limit)?,
        }
        Ok(&self.block)
    }

    /// The last block again, but for the path.
    fn repeat(&mut self, head: &RequestHead<'_>, limit: Option<u32>) -> Result<(), Error> {
        if let (Some(Made { path: Some(before), .. }), Some(path)) = (&mut self.made, head.path) {
            if before != path {
                head.check()?;
                self.size = self.size - before.len() as u64 + path.len() as u64;
                before.clear();
                before.push_str(path);
                self.replace_path(path);
            }
        }
        // The peer may take less than it did.
        self.check_size(limit)
    }

    fn replace_path(&mut self, path: &str) {
        let RequestEncoder { encoder, block, path: place, scratch: next, .. } = self;
        next.clear();
        next.extend_from_slice(&block[..place.start]);
        encoder.field(b":path", path.as_bytes(), Indexing::Without, next);
        let end = next.len();
        next.extend_from_slice(&block[place.end..]);
        place.end = end;
        mem::swap(block, next);
    }

    fn make(&mut self, head: &RequestHead<'_>, limit: Option<u32>) -> Result<(), Error> {
        head.check()?;
        self.made = None;
        let generation = self.encoder.generation();
        self.size = self.measure(head.pseudo_fields(), head.headers, head.sensitive);
        self.check_size(limit)?;
        self.encode(head.pseudo_fields(), head.headers, head.sensitive);
        if self.encoder.generation() == generation {
            self.made = Some(Made::of(head, generation));
        }
        Ok(())
    }

    /// The block of a trailer section.
    pub(super) fn trailers(
        &mut self,
        headers: &Headers,
        limit: Option<u32>,
    ) -> Result<&[u8], Error> {
        self.made = None;
        self.size = self.measure([].into_iter(), headers, &[]);
        self.check_size(limit)?;
        self.encode([].into_iter(), headers, &[]);
        Ok(&self.block)
    }

    /// RFC 9113 §6.5.2: the peer's SETTINGS_MAX_HEADER_LIST_SIZE is advice; but what it will refuse
    /// need not be sent.
    fn check_size(&self, limit: Option<u32>) -> Result<(), Error> {
        match limit {
            Some(limit) if self.size > u64::from(limit) => {
                Err(Error::RequestTooLong { size: self.size, limit })
            }
            _ => Ok(()),
        }
    }

    fn measure<'a>(
        &self,
        pseudo_fields: impl Iterator<Item = (&'a str, &'a [u8])>,
        headers: &Headers,
        sensitive: &[String],
    ) -> u64 {
        let size = |name: &[u8], value: &[u8]| (name.len() + value.len() + OVERHEAD) as u64;
        let mut sum = pseudo_fields.map(|(name, value)| size(name.as_bytes(), value)).sum();
        for_each_field(headers, sensitive, |name, value, _| sum += size(name, value));
        sum
    }

    fn encode<'a>(
        &mut self,
        pseudo_fields: impl Iterator<Item = (&'a str, &'a [u8])>,
        headers: &Headers,
        sensitive: &[String],
    ) {
        let RequestEncoder { encoder, block, path, scratch: lower, .. } = self;
        block.clear();
        encoder.begin(block);
        for (name, value) in pseudo_fields {
            if name == ":path" {
                let start = block.len();
                encoder.field(name.as_bytes(), value, Indexing::Without, block);
                *path = start..block.len();
            } else {
                encoder.field(name.as_bytes(), value, Indexing::Incremental, block);
            }
        }
        for_each_field(headers, sensitive, |name, value, indexing| {
            lower.clear();
            lower.extend_from_slice(name);
            lower.make_ascii_lowercase();
            encoder.field(lower, value, indexing, block);
        });
    }
}

impl<'a> RequestHead<'a> {
    /// RFC 9113 §8.3.1: `:path` "MUST NOT be empty"; §8.5: CONNECT has `:authority` and neither
    /// `:scheme` nor `:path`.
    fn check(&self) -> Result<(), Error> {
        let visible = |bytes: &[u8]| {
            let is_visible = |&byte: &u8| is_field_byte(byte) && byte > b' ';
            !bytes.is_empty() && bytes.iter().all(is_visible)
        };
        let is_connect = *self.method == Method::CONNECT;
        let whole = match self.path {
            Some(path) => {
                !is_connect && visible(path.as_bytes()) && visible(self.scheme.as_bytes())
            }
            None => is_connect && self.authority.is_some(),
        };
        match whole && self.authority.map_or(true, visible) {
            true => Ok(()),
            false => Err(Error::Target),
        }
    }

    fn pseudo_fields(&self) -> impl Iterator<Item = (&'a str, &'a [u8])> {
        let scheme = self.path.map(|_| self.scheme.as_bytes());
        [
            Some((":method", self.method.as_str().as_bytes())),
            scheme.map(|scheme| (":scheme", scheme)),
            self.authority.map(|authority| (":authority", authority)),
            self.path.map(|path| (":path", path.as_bytes())),
        ]
        .into_iter()
        .flatten()
    }
}

impl Made {
    fn of(head: &RequestHead<'_>, generation: u64) -> Made {
        Made {
            generation,
            method: head.method.clone(),
            scheme: head.scheme.to_owned(),
            authority: head.authority.map(<[u8]>::to_vec),
            path: head.path.map(str::to_owned),
            headers: head.headers.clone(),
            sensitive: head.sensitive.to_vec(),
        }
    }

    /// Is it this, but for the path?
    fn is_of(&self, head: &RequestHead<'_>, generation: u64) -> bool {
        self.generation == generation
            && self.path.is_some() == head.path.is_some()
            && self.headers == *head.headers
            && self.authority.as_deref() == head.authority
            && self.method == *head.method
            && self.scheme == head.scheme
            && self.sensitive == head.sensitive
    }
}

/// The fields that may be sent, and what becomes of each.
fn for_each_field(
    headers: &Headers,
    sensitive: &[String],
    mut visit: impl FnMut(&[u8], &[u8], Indexing),
) {
    let hops = headers.contains("connection");
    for (name, value) in headers.lines() {
        // RFC 9113 §8.2.1: no white space at the ends.
        let value = trim_ows(value);
        if is_word(name, b"host") || belongs_to_connection(name, value) {
            continue;
        }
        if hops && is_named(headers, name) {
            continue;
        }
        let is_name = |other: &String| other.as_bytes().eq_ignore_ascii_case(name);
        let indexing = match sensitive.iter().any(is_name) {
            true => Indexing::Never,
            false => indexing(name),
        };
        visit(name, value, indexing);
    }
}

/// A header section as HTTP/1 would have it, without what is not sent: for whoever shows a request. Host
/// stays, since its value is sent as `:authority` (RFC 9113 §8.3.1).
pub(crate) fn shown_fields(headers: &Headers) -> Headers {
    let mut shown = headers.clone();
    shown.retain(|name, value| {
        !belongs_to_connection(name, trim_ows(value)) && !is_named(headers, name)
    });
    shown
}

/// RFC 9110 §7.6.1: what Connection names belongs to the connection as well.
fn is_named(headers: &Headers, name: &[u8]) -> bool {
    headers.get_list("connection").any(|hop| hop.eq_ignore_ascii_case(name))
}

/// What RFC 9113 §8.2.2 names.
fn belongs_to_connection(name: &[u8], value: &[u8]) -> bool {
    match name.len() {
        2 => is_word(name, b"te") && !value.eq_ignore_ascii_case(b"trailers"),
        7 => is_word(name, b"upgrade"),
        10 => is_word(name, b"connection") || is_word(name, b"keep-alive"),
        16 => is_word(name, b"proxy-connection"),
        17 => is_word(name, b"transfer-encoding"),
        _ => false,
    }
}

/// What becomes of a field, by its name: secrets are never kept; what is of one request only would
/// push out of the table what comes again.
fn indexing(name: &[u8]) -> Indexing {
    let is_one_of = |words: &[&str]| words.iter().any(|word| is_word(name, word.as_bytes()));
    if is_one_of(&["authorization", "proxy-authorization", "cookie"]) {
        return Indexing::Never;
    }
    let conditional = name.len() > 3 && is_word(&name[..3], b"if-");
    match conditional || is_one_of(&UNLIKELY_TO_RECUR) {
        true => Indexing::Without,
        false => Indexing::Incremental,
    }
}

const UNLIKELY_TO_RECUR: [&str; 11] = [
    "age",
    "content-digest",
    "content-length",
    "content-md5",
    "content-range",
    "date",
    "digest",
    "idempotency-key",
    "range",
    "traceparent",
    "x-request-id",
];

#[cfg(test)]
mod tests {
    use super::super::hpack::Decoder;
    use super::*;

    #[test]
    fn ok_a_block_is_repeated_with_another_path() {
        let (mut requests, mut decoder) = (RequestEncoder::new(), Decoder::new(4096));
        let mut headers = Headers::new();
        headers.append("Accept", "*/*").unwrap();
        for path in
            ["/", "/a", "/a", "/b?long=1", "/too-long", "/", "/index.html", "*", "/c d", "/e"]
        {
            let head = RequestHead {
                method: &Method::GET,
                scheme: "http",
                authority: Some(b"a"),
                path: Some(path),
                headers: &headers,
                sensitive: &[],
            };
            let limit = if path == "/too-long" { 100 } else { 1_000 };
            let block = match (requests.head(&head, Some(limit)), path) {
                (Err(Error::RequestTooLong { .. }), "/too-long") => continue,
                (Err(Error::Target), "/c d") => continue,
                (block, _) => block.unwrap(),
            };
            let mut fields = Vec::new();
            let mut note = |name: &[u8], value: &[u8]| fields.push((name.to_vec(), value.to_vec()));
            decoder.decode(block, &mut note).unwrap();
            let expected = head.pseudo_fields().map(|(name, value)| (name.as_bytes(), value));
            let expected = expected.chain([(&b"accept"[..], &b"*/*"[..])]);
            assert!(fields.iter().map(|(name, value)| (&name[..], &value[..])).eq(expected));
        }
        assert_eq!(requests.path.len(), 1 + 1 + 2);
    }

    #[test]
    fn ok_what_is_shown_of_a_request_is_what_is_sent_and_host() {
        let mut headers = Headers::new();
        for (name, value) in [
            ("Host", "a.example"),
            ("Connection", "x-hop, Upgrade"),
            ("X-Hop", "1"),
            ("X-Stays", "2"),
            ("TE", "Trailers"),
            ("te", "gzip"),
            ("Keep-Alive", "timeout=5"),
            ("Transfer-Encoding", "chunked"),
        ] {
            headers.append(name, value).unwrap();
        }
        let mut sent = vec![(b"Host".to_vec(), b"a.example".to_vec())];
        for_each_field(&headers, &[], |name, value, _| sent.push((name.to_vec(), value.to_vec())));
        let shown = shown_fields(&headers);
        let shown: Vec<_> =
            shown.lines().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
        assert_eq!(shown, sent);
        assert_eq!(shown.len(), 3);
    }
}
