//! Requests: built once, checked once, sent as often as one likes.
//!
//! A [`Request`] is complete. Its header section is what goes on the wire, in that order, `Host` and
//! message framing included; sending adds nothing. So a request that exists can be sent, and sending
//! it again costs no more than copying its bytes.

use std::fmt;
use std::sync::Arc;

use crate::conn::Outgoing;
use crate::error::{Error, ErrorKind, Result, Source};
use crate::http::{Headers, Method, StatusCode, Url, Version};
use crate::net::{CancelToken, Deadline};
use crate::proto::h1::{Intent, PreparedHead, RequestHead, Target, Transfer};

use super::auth::{Credentials, HostKeys};
use super::body::Body;
use super::decode::{Decoding, Layer};
use super::listener::Listener;
use super::protocol::Spoken;
use super::redirect::RedirectPolicy;
use super::retry::Retries;
use super::route::Route;
use super::timeouts::Timeouts;

/// A request that is ready to be sent, by [`Client::send`](crate::Client::send), any number of times.
///
/// Clones share everything and cost next to nothing. Another client can send it too. It goes then as it was
/// built: with the fields and by the proxies of the client that built it, on connections of the one that
/// sends it.
///
/// ```
/// use pannier::net::Script;
/// use pannier::Client;
///
/// let exchange = Script::new().expect_until("\r\n\r\n").reply("HTTP/1.1 204 No Content\r\n\r\n");
/// let client = Client::builder().connector(exchange.repeated()).build();
///
/// let request = client.delete("http://example.com/a").header("Connection", "close").build()?;
/// for _ in 0..2 {
///     assert_eq!(client.send(&request)?.status().as_u16(), 204);
/// }
/// # Ok::<(), pannier::Error>(())
/// ```
#[derive(Clone)]
pub struct Request {
    pub(super) parts: Arc<Parts>,
    pub(super) cancel: Option<CancelToken>,
    pub(super) observer: Option<Arc<dyn Listener>>,
    pub(super) on_informational: Option<Arc<OnInformational>>,
    /// The deadline of whatever the request is a part of.
    pub(super) until: Deadline,
}

/// Told of each interim response.
pub(super) type OnInformational = dyn Fn(StatusCode, &Headers) + Send + Sync;

/// What makes up a request, and what is to become of it.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) method: Method,
    pub(super) url: Arc<Url>,
    pub(super) route: Arc<Route>,
    /// What is sent in place of path and query.
    pub(super) target: Option<Arc<str>>,
    /// What the caller asked for; and in which version the request goes out in HTTP/1.
    pub(super) spoken: Spoken,
    pub(super) version: Version,
    pub(super) headers: Headers,
    pub(super) body: Arc<Body>,
    /// Was `Host` given, for this request or for all, or left out by the caller's wish?
    pub(super) own_host: bool,
    /// Is `Authorization` made of credentials, and not a field of the caller's own?
    pub(super) shown: bool,
    /// May those of a jar be added, and what comes back be stored?
    #[cfg(feature = "cookies")]
    pub(super) takes_cookies: bool,
    pub(super) sensitive: Vec<String>,
    /// What the origin has to ask for. What goes out unasked is among the fields.
    pub(super) credentials: Option<Credentials>,
    pub(super) netrc: Option<Arc<dyn HostKeys>>,
    pub(super) transfer: Transfer,
    pub(super) decoding: Decoding,
    pub(super) timeouts: Timeouts,
    pub(super) redirects: RedirectPolicy,
    pub(super) retries: Retries,
    /// What the head means for its connection.
    pub(super) intent: Intent,
    /// What [`may_be_pipelined`](Parts::may_be_pipelined) has found.
    pub(super) pipelined: bool,
}

impl Request {
    /// The method.
    pub fn method(&self) -> &Method {
        &self.parts.method
    }

    /// The URL, without userinfo.
    pub fn url(&self) -> &Url {
        &self.parts.url
    }

    /// The whole header section.
    pub fn headers(&self) -> &Headers {
        &self.parts.headers
    }

    /// The content.
    pub fn body(&self) -> &Body {
        &self.parts.body
    }

    pub(crate) fn shared_url(&self) -> &Arc<Url> {
        &self.parts.url
    }

    pub(super) fn route(&self) -> &Arc<Route> {
        &self.parts.route
    }

    /// May it go out while others are in flight?
    pub(super) fn may_be_pipelined(&self) -> bool {
        self.parts.pipelined
    }

    pub(crate) fn sensitive(&self) -> &[String] {
        &self.parts.sensitive
    }

    pub(super) fn credentials(&self) -> Option<&Credentials> {
        self.parts.credentials.as_ref()
    }

    /// What stands above the content of a response with these fields.
    pub(super) fn layer(&self, response: &Headers, coded: bool) -> Layer {
        self.parts.decoding.layer(response, coded, self.parts.intent.takes_codings())
    }

    pub(super) fn timeouts(&self) -> &Timeouts {
        &self.parts.timeouts
    }

    pub(super) fn redirects(&self) -> &RedirectPolicy {
        &self.parts.redirects
    }

    pub(super) fn retries(&self) -> &Retries {
        &self.parts.retries
    }

    /// The request target: checked when the request was built.
    pub(crate) fn target(&self) -> Result<Target<'_>> {
        let parts = &*self.parts;
        let is_plain = parts.target.is_none() && parts.method != Method::CONNECT;
        match parts.route.forwarder() {
            Some(_) if is_plain => Ok(Target::absolute_form(&parts.url)),
            _ => self.target_at_origin(),
        }
    }

    /// The request target as the origin gets it, whoever forwards the request.
    pub(super) fn target_at_origin(&self) -> Result<Target<'_>> {
        let parts = &*self.parts;
        match &parts.target {
            Some(target) => Target::verbatim(target).map_err(invalid),
            None if parts.method == Method::CONNECT => {
                Ok(Target::authority_form(&parts.url.origin()))
            }
            None => Ok(Target::origin_form(&parts.url)),
        }
    }

    /// What goes out, with its target.
    pub(super) fn outgoing<'a>(&'a self, target: &'a Target<'a>) -> Outgoing<'a> {
        let parts = &*self.parts;
        let head = RequestHead {
            method: &parts.method,
            target,
            version: parts.version,
            headers: &parts.headers,
            transfer: parts.transfer,
        };
        Outgoing {
            head: PreparedHead::with_intent(head, parts.intent),
            #[cfg(feature = "http2")]
            scheme: parts.url.scheme(),
            #[cfg(feature = "http2")]
            sensitive: &parts.sensitive,
        }
    }

    #[cfg(feature = "cookies")]
    pub(super) fn takes_cookies(&self) -> bool {
        self.parts.takes_cookies
    }

    /// The same request without waiting for 100 Continue.
    pub(crate) fn without_expectation(&self) -> Result<Request> {
        self.changed(|parts| {
            parts.headers.remove("Expect");
            Ok(())
        })
    }

    /// The same request in HTTP/1.0.
    pub(super) fn in_http10(&self) -> Result<Request> {
        // RFC 9112 §6.1: not to a peer that has answered in an older version.
        if self.headers().contains("Transfer-Encoding") {
            let text = "the server speaks HTTP/1.0, which has no chunked transfer coding";
            return Err(Error::new(ErrorKind::InvalidRequest).message(text));
        }
        self.changed(|parts| {
            parts.version = Version::Http10;
            Ok(())
        })
    }

    /// The same request without its content and without credentials.
    pub(super) fn without_content(&self) -> Result<Request> {
        self.changed(|parts| {
            parts.headers.remove_each(&["Transfer-Encoding", "Trailer", "Expect"]);
            // There is no multipart content without a boundary in it.
            let kind = parts.headers.get_bytes("Content-Type").unwrap_or_default();
            if kind.len() >= 10 && kind[..10].eq_ignore_ascii_case(b"multipart/") {
                parts.headers.remove("Content-Type");
            }
            parts.body = Arc::new(Body::empty());
            parts.credentials = None;
            parts.headers.set("Content-Length", "0").map_err(invalid)
        })
    }

    /// A copy with a change, and with what that means for its connection.
    pub(super) fn changed(&self, change: impl FnOnce(&mut Parts) -> Result<()>) -> Result<Request> {
        let mut parts = Parts::clone(&self.parts);
        change(&mut parts)?;
        let intent = Intent::of(&parts.method, parts.version, &parts.headers, parts.transfer);
        parts.intent = intent.map_err(invalid)?;
        Ok(Request { parts: Arc::new(parts), ..self.clone() })
    }

    /// The fields, to change those that mean nothing for the connection.
    pub(super) fn headers_mut(&mut self) -> &mut Headers {
        &mut Arc::make_mut(&mut self.parts).headers
    }
}

impl Parts {
    /// May it go out while others are in flight? Not what is not idempotent, whose fate would not be
    /// known if the connection failed (RFC 9112 §9.3.2); not what the caller does not want to be sent
    /// again; and not what may end HTTP on the connection, or waits for the server's word: that it
    /// continue, or which credentials it wants.
    pub(super) fn may_be_pipelined(&self) -> bool {
        let waits = |name| self.headers.contains(name);
        self.retries.policy.covers(&self.method, true)
            && self.method != Method::CONNECT
            && self.version == Version::Http11
            && self.body.is_small()
            && self.credentials.is_none()
            && self.route.forwarder().map_or(true, |server| server.is_answered_at_once())
            && !(waits("Expect") || waits("Upgrade"))
            && !self.headers.has_token("Connection", "close")
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.parts.method)
            .field("url", &self.parts.url.as_str())
            .field("body", &self.parts.body)
            .finish_non_exhaustive()
    }
}

pub(super) fn invalid(error: impl Into<Source>) -> Error {
    let source = error.into();
    Error::new(ErrorKind::InvalidRequest).message(source.to_string()).cause(source)
}
