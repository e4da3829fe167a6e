//! From what a caller has said of a request to the [`Request`]: which fields it has, in which order,
//! and how its content is framed (RFC 9112 §6). Framing fields that are given must agree with the body;
//! what two readers could take for two things is refused.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{token, Headers, Method, Url, Version};
use crate::net::{CancelToken, Deadline};
use crate::proto::h1::{Intent, Transfer};

use super::auth::{self, Credentials, HostKeys};
use super::body::{Body, Trailers};
use super::config::Config;
use super::decode::Decoding;
use super::listener::Listener;
use super::protocol::Spoken;
use super::redirect::RedirectPolicy;
use super::request::{invalid, OnInformational, Parts, Request};
use super::retry::Retries;
use super::timeouts::Timeouts;

/// What the caller has said, and the client's own defaults.
pub(super) struct Draft {
    pub(super) method: Method,
    pub(super) url: Arc<Url>,
    pub(super) headers: Headers,
    /// Names of fields that the client must not add.
    pub(super) refused: Vec<String>,
    pub(super) body: Body,
    /// Is 100 Continue to be awaited, if there is content?
    pub(super) expects_continue: bool,
    pub(super) target: Option<Arc<str>>,
    pub(super) sensitive: Vec<String>,
    pub(super) credentials: Option<Credentials>,
    pub(super) netrc: Option<Arc<dyn HostKeys>>,
    pub(super) transfer: Transfer,
    pub(super) timeouts: Timeouts,
    pub(super) redirects: RedirectPolicy,
    pub(super) retries: Retries,
    pub(super) spoken: Spoken,
    pub(super) decoding: Decoding,
    pub(super) cancel: Option<CancelToken>,
    pub(super) observer: Option<Arc<dyn Listener>>,
    pub(super) on_informational: Option<Arc<OnInformational>>,
}

impl Draft {
    pub(super) fn new(config: &Config, method: Method, url: Url) -> Draft {
        Draft {
            method,
            url: Arc::new(url),
            headers: Headers::new(),
            refused: Vec::new(),
            body: Body::empty(),
            expects_continue: false,
            target: None,
            sensitive: Vec::new(),
            credentials: None,
            netrc: config.keys.netrc.clone(),
            transfer: Transfer::Decoded,
            timeouts: config.timeouts,
            redirects: config.redirects,
            retries: config.retries,
            spoken: config.spoken,
            decoding: config.decoding,
            cancel: None,
            observer: config.observer.clone(),
            on_informational: None,
        }
    }

    /// The request.
    pub(super) fn finish(mut self, config: &Config) -> Result<Request> {
        let version = self.spoken.version();
        let own_host = !self.may_add("Host") || config.headers.contains("Host");
        let credentials = self.find_credentials(config);
        let shown = credentials.is_some();
        #[cfg(feature = "cookies")]
        let takes_cookies = !self.is_refused("Cookie");
        let url = auth::strip(Arc::clone(&self.url));
        let host = Some(url.authority()).filter(|_| !own_host);
        let mut headers = self.fields(config, host, shown)?;
        let free = self.may_add("Accept-Encoding");
        let decoding = self.decoding.settle(&self.method, &mut headers, free)?;
        let credentials = auth::show(credentials, &mut headers)?;
        self.frame(&mut headers, version)?;
        // RFC 9110 §10.1.1: no expectation without content.
        if self.expects_continue && self.body.is_empty() {
            headers.remove("Expect");
        }
        let route = Arc::new(config.route(&url, self.spoken)?);
        let intent = Intent::of(&self.method, version, &headers, self.transfer);
        let intent = intent.map_err(invalid)?;
        let mut parts = Parts {
            method: self.method,
            route,
            spoken: self.spoken,
            url,
            target: self.target,
            version,
            headers,
            body: Arc::new(self.body),
            own_host,
            shown,
            #[cfg(feature = "cookies")]
            takes_cookies,
            sensitive: self.sensitive,
            credentials,
            netrc: self.netrc,
            transfer: self.transfer,
            decoding,
            timeouts: self.timeouts,
            redirects: self.redirects,
            retries: self.retries,
            intent,
            pipelined: false,
        };
        parts.pipelined = parts.may_be_pipelined();
        Ok(Request {
            parts: Arc::new(parts),
            cancel: self.cancel,
            observer: self.observer,
            on_informational: self.on_informational,
            until: Deadline::NEVER,
        })
    }

    /// The request's own, or what the client has for its URL; none if the field is given or refused.
    fn find_credentials(&mut self, config: &Config) -> Option<Credentials> {
        let own = self.credentials.take();
        own.or_else(|| config.keys.find(&self.url, self.netrc.as_deref()))
            .filter(|_| self.may_add("Authorization"))
    }

    /// The fields that are known before the content is looked at: `Host`, those of the caller, and those
    /// of the client that the caller neither gives nor refuses.
    fn fields(&self, config: &Config, host: Option<&str>, shown: bool) -> Result<Headers> {
        let mut headers = Headers::new();
        if let Some(host) = host {
            headers.append("Host", host).map_err(invalid)?;
        }
        for (name, value) in self.headers.iter() {
            headers.append(name, value).map_err(invalid)?;
        }
        let agent = !config.user_agent.is_empty() && !config.headers.contains("User-Agent");
        if agent && self.may_add("User-Agent") {
            headers.append("User-Agent", &config.user_agent).map_err(invalid)?;
        }
        let replaced = |name: &str| shown && name.eq_ignore_ascii_case("Authorization");
        let may_be_added = |name: &str| self.may_add(name) && !replaced(name);
        for (name, value) in config.headers.iter().filter(|(name, _)| may_be_added(name)) {
            headers.append(name, value).map_err(invalid)?;
        }
        Ok(headers)
    }

    /// Is the field neither given nor refused by the caller?
    fn may_add(&self, name: &str) -> bool {
        !self.headers.contains(name) && !self.is_refused(name)
    }

    fn is_refused(&self, name: &str) -> bool {
        self.refused.iter().any(|refused| refused.eq_ignore_ascii_case(name))
    }

    /// Message framing (RFC 9112 §6): as it is given, if it is.
    fn frame(&mut self, headers: &mut Headers, version: Version) -> Result<()> {
        // RFC 9112 §3.2, §6.2, §6.3: whatever is there twice, two readers may take for two things.
        let twice = |name: &&&str| headers.get_all(name).nth(1).is_some();
        if let Some(name) = ["Host", "Content-Length", "Transfer-Encoding"].iter().find(twice) {
            return conflict(&format!("{} is given twice", name));
        }
        if let Some(trailers) = self.body.trailers() {
            if !self.may_add("Transfer-Encoding") && !headers.contains("Transfer-Encoding") {
                return conflict("trailers need the chunked transfer coding");
            }
            announce(trailers, headers)?;
        }
        let length = headers.get_bytes("Content-Length").map(token::decimal);
        let coding = headers.get_bytes("Transfer-Encoding");
        match (coding, length) {
            (Some(_), Some(_)) => conflict("Content-Length and Transfer-Encoding are both given"),
            (Some(coding), None) => check_coding(coding, version),
            (None, Some(None)) => conflict("the given Content-Length is not a number"),
            (None, Some(Some(length))) => self.hold_to(length),
            (None, None) => self.frame_by_body(headers, version),
        }
    }

    /// The given length is the body's, or becomes it.
    fn hold_to(&mut self, given: u64) -> Result<()> {
        self.body.set_length(given);
        match self.body.len() {
            Some(length) if length != given => {
                conflict("the given Content-Length is not the length of the body")
            }
            _ => Ok(()),
        }
    }

    /// By a length if it is known, else chunked, else it cannot be sent.
    fn frame_by_body(&self, headers: &mut Headers, version: Version) -> Result<()> {
        match self.body.len() {
            Some(0) if !self.announces_no_content() => Ok(()),
            Some(length) if self.may_add("Content-Length") => {
                headers.append("Content-Length", length.to_string()).map_err(invalid)
            }
            Some(0) => Ok(()),
            _ if version == Version::Http10 => {
                conflict("a body of unknown length cannot be sent by HTTP/1.0")
            }
            _ if self.may_add("Transfer-Encoding") => {
                headers.append("Transfer-Encoding", "chunked").map_err(invalid)
            }
            _ => conflict("the body has neither a length nor a transfer coding"),
        }
    }

    /// RFC 9110 §8.6: a method that anticipates content says so when there is none.
    fn announces_no_content(&self) -> bool {
        matches!(self.method.as_str(), "POST" | "PUT" | "PATCH")
    }
}

fn check_coding(coding: &[u8], version: Version) -> Result<()> {
    match coding.eq_ignore_ascii_case(b"chunked") {
        false => conflict("the only transfer coding that can be sent is chunked"),
        true if version == Version::Http10 => conflict("HTTP/1.0 has no chunked transfer coding"),
        true => Ok(()),
    }
}

/// RFC 9110 §6.5: trailers need chunked content (RFC 9112 §7.1.2), and are announced.
fn announce(trailers: &dyn Trailers, headers: &mut Headers) -> Result<()> {
    let names = trailers.announcement()?;
    if !headers.contains("Transfer-Encoding") {
        headers.append("Transfer-Encoding", "chunked").map_err(invalid)?;
    }
    headers.set("Trailer", names).map_err(invalid)
}

fn conflict(text: &str) -> Result<()> {
    Err(Error::new(ErrorKind::InvalidRequest).message(text))
}
