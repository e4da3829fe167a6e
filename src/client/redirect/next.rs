//! Where a redirect leads, and the request that goes there. A chain ends with an error where that
//! cannot be said for certain, where the policy does not go, or where content would have to be sent that
//! is gone.
//!
//! The next request is made from the one before, so what is dropped on the way, credentials above
//! all, stays dropped for the rest of the chain.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{redact, Headers, Method, Scheme, StatusCode, Url, UrlLeniency};
use crate::proto::ResponseHead;

use super::super::auth::{self, Credentials};
use super::super::body::Body;
use super::super::config::Config;
use super::super::hop::Repeat;
use super::super::request::{invalid, Parts, Request};
use super::super::route::Route;

/// The request that follows `request` after this response, if its policy follows it. There were
/// `followed` redirects before. It goes through whatever proxy the client has for it. What the client has
/// keys for may be shown them again: they are for one origin each, wherever the redirect came from.
pub(in crate::client) fn next(
    config: &Config,
    request: &Request,
    head: &ResponseHead,
    followed: usize,
    repeat: Repeat,
) -> Result<Option<Request>> {
    let policy = request.redirects();
    if !policy.follow {
        return Ok(None);
    }
    let url = match location(request.url(), head, policy.like_curl)? {
        Some(url) => url,
        None => return Ok(None),
    };
    policy.admit(request.url(), &url)?;
    let keeps = policy.keeps(request.method(), head.status());
    if keeps && repeat == Repeat::Impossible {
        let text = "the redirect asks for the request body again, which cannot be sent twice";
        return Err(Error::new(ErrorKind::Redirect).message(text));
    }
    policy.check(followed)?;
    let same_origin = request.url().origin() == url.origin();
    let route = config.route(&url, request.parts.spoken)?;
    let step = Step { config, before: request, url, route, keeps, same_origin };
    request.changed(|parts| step.take(parts)).map(Some)
}

/// Where a response points, if it is a redirect and says so.
///
/// # Errors
/// `Location` cannot be resolved, or there are several that differ.
pub(in crate::client) fn location(
    url: &Url,
    head: &ResponseHead,
    like_curl: bool,
) -> Result<Option<Url>> {
    if !points_elsewhere(head.status(), like_curl) {
        return Ok(None);
    }
    let mut lines = head.headers().get_all("location");
    let location = match lines.next() {
        Some(location) => location,
        None => return Ok(None),
    };
    // An empty reference would be the same document again, which no server can mean.
    if location.is_empty() {
        return Ok(None);
    }
    let refused = |text: String| Error::new(ErrorKind::Redirect).message(text);
    if lines.any(|other| other != location) {
        return Err(refused("the redirect has several Location fields that differ".into()));
    }
    let reference = readable(location, like_curl);
    if like_curl && reference.split_once(':').map_or(false, |(_, rest)| rest.starts_with("////")) {
        let shown = redact::reference(reference.as_bytes());
        let shown = String::from_utf8_lossy(&shown);
        return Err(refused(format!("the redirect to {} has too many slashes", shown)));
    }
    let leniency = UrlLeniency::default().marks_as_is(like_curl);
    let target = url.join_with(&reference, leniency).map_err(|error| {
        let kind = match error.is_unsupported_scheme() {
            true => ErrorKind::UnsupportedScheme,
            false => ErrorKind::Redirect,
        };
        Error::new(kind).message(format!("the redirect cannot be followed: {}", error)).cause(error)
    })?;
    // RFC 9110 §10.2.2: the fragment of the reference that was followed is inherited.
    match (target.fragment(), url.fragment()) {
        (None, Some(fragment)) => Ok(target.join(&format!("#{}", fragment)).ok().or(Some(target))),
        _ => Ok(Some(target)),
    }
}

/// Browsers know five statuses that do. RFC 9110 §15.4.1: a 300 may be followed too, and what is not known
/// is read as one (§15). A 304 has no other place for what was asked for, and 305 and 306 are out of use.
fn points_elsewhere(status: StatusCode, like_curl: bool) -> bool {
    match status.as_u16() {
        301 | 302 | 303 | 307 | 308 => true,
        304..=306 => false,
        _ => like_curl && status.is_redirection(),
    }
}

/// The way from one request to the next.
struct Step<'a> {
    config: &'a Config,
    before: &'a Request,
    url: Url,
    route: Route,
    /// Are method and content the same?
    keeps: bool,
    same_origin: bool,
}

impl Step<'_> {
    /// Makes the next request from a copy of the one before.
    fn take(self, parts: &mut Parts) -> Result<()> {
        self.fields(parts)?;
        self.credentials(parts)?;
        if !self.keeps {
            parts.body = Arc::new(Body::empty());
            if !parts.redirects.keep_method {
                parts.method = Method::GET;
            }
        }
        parts.target = None;
        parts.url = auth::strip(Arc::new(self.url));
        parts.route = Arc::new(self.route);
        Ok(())
    }

    /// The fields but for those that are made of credentials.
    fn fields(&self, parts: &mut Parts) -> Result<()> {
        let headers = &mut parts.headers;
        if !self.keeps {
            headers.remove_each(&CONTENT);
        }
        if !self.is_trusted() {
            headers.remove_each(&CREDENTIALS);
            headers.remove_each(self.before.sensitive());
        }
        if !self.has_same_reader() {
            headers.remove_each(&FOR_PROXIES);
        }
        if !self.same_origin || !parts.own_host {
            headers.set("Host", self.url.authority()).map_err(invalid)?;
        }
        match parts.redirects.auto_referer {
            true => self.refer(headers),
            false => Ok(()),
        }
    }

    fn refer(&self, headers: &mut Headers) -> Result<()> {
        let from = self.before.url();
        if from.scheme() == Scheme::Https && self.url.scheme() == Scheme::Http {
            // RFC 9110 §10.1.3: no Referer in an unsecured request if the referring one was secured.
            headers.remove("Referer");
            return Ok(());
        }
        headers.set("Referer", from.without_fragment().as_str()).map_err(invalid)
    }

    /// What is shown there: the same as before, if there is no reason against it, or what the client
    /// has for this URL.
    fn credentials(&self, parts: &mut Parts) -> Result<()> {
        // A server that names others does not want those that it was shown.
        let names_others = self.url.has_userinfo();
        if names_others && parts.shown {
            parts.headers.remove("Authorization");
        }
        let same = parts.credentials.take().filter(|_| self.is_trusted() && !names_others);
        let asked = same.as_ref().filter(|_| !self.same_origin).and_then(Credentials::dialogue);
        if let Some(dialogue) = asked {
            dialogue.carry(&self.before.url().origin(), &self.url.origin());
        }
        let found = || self.config.keys.find(&self.url, parts.netrc.as_deref());
        let credentials = match parts.headers.contains("Authorization") {
            true => same,
            false => same.or_else(found),
        };
        parts.shown |= credentials.is_some();
        parts.credentials = auth::show(credentials, &mut parts.headers)?;
        Ok(())
    }

    /// May the next origin know what this one was told?
    fn is_trusted(&self) -> bool {
        self.same_origin || self.before.redirects().trusted
    }

    /// Does who took hop-by-hop fields from the request before take them from the next one too?
    fn has_same_reader(&self) -> bool {
        match (self.before.route().forwarder(), self.route.forwarder()) {
            (None, None) => self.is_trusted(),
            (before, after) => before == after,
        }
    }
}

/// A Location as text: bytes outside ASCII, which no URL may have, are taken for what they are. A space
/// in the query becomes `+` where `plus` says so.
fn readable(location: &[u8], plus: bool) -> String {
    let mut text = String::with_capacity(location.len());
    let mut in_query = false;
    for &byte in location {
        in_query |= byte == b'?';
        match byte {
            b' ' if in_query && plus => text.push('+'),
            byte if byte.is_ascii() => text.push(char::from(byte)),
            byte => text.push_str(&format!("%{:02X}", byte)),
        }
    }
    text
}

/// What goes with the content when the content goes: what frames it, and what describes it (RFC 9110 §15.4,
/// RFC 9530).
const CONTENT: [&str; 12] = [
    "Content-Length",
    "Transfer-Encoding",
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Content-Digest",
    "Repr-Digest",
    "Digest",
    "Last-Modified",
    "Trailer",
    "Expect",
];

/// What is for one origin only: scheme, host and port.
const CREDENTIALS: [&str; 3] = ["Authorization", "Cookie", "Cookie2"];

/// What a caller may have given for the next hop, which is a proxy.
const FOR_PROXIES: [&str; 2] = ["Proxy-Authorization", "Proxy-Connection"];
