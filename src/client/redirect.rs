//! Redirects (RFC 9110 §15.4): a policy that is a value, and a step that is a pure function.
//!
//! The next request is made from the one before, so what is dropped on the way, credentials above
//! all, stays dropped for the rest of the chain.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{Headers, Method, Scheme, StatusCode, Url};
use crate::proto::h1::ResponseHead;

use super::config::Config;
use super::request::Request;

/// Which redirects are followed, and what the next request keeps.
///
/// ```
/// use pannier::{Client, RedirectPolicy};
/// let client = Client::builder().redirects(RedirectPolicy::limited(3)).build();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedirectPolicy {
    limit: usize,
    follow: bool,
    keep_post_301: bool,
    keep_post_302: bool,
    keep_post_303: bool,
    keep_method: bool,
    trusted: bool,
    allow_downgrade: bool,
    auto_referer: bool,
    refuse_http: bool,
    refuse_https: bool,
    refuse_userinfo: bool,
}

impl RedirectPolicy {
    /// None is followed: a 3xx is a response like any other.
    pub const fn none() -> RedirectPolicy {
        RedirectPolicy { follow: false, ..RedirectPolicy::limited(0) }
    }

    /// At most this many in a row; one more is an error. The default is 10.
    pub const fn limited(limit: usize) -> RedirectPolicy {
        RedirectPolicy {
            limit,
            follow: true,
            keep_post_301: false,
            keep_post_302: false,
            keep_post_303: false,
            keep_method: false,
            trusted: false,
            allow_downgrade: false,
            auto_referer: false,
            refuse_http: false,
            refuse_https: false,
            refuse_userinfo: false,
        }
    }

    /// As many as come. Only a deadline ends a loop then.
    pub const fn unlimited() -> RedirectPolicy {
        RedirectPolicy::limited(usize::MAX)
    }

    /// POST stays POST after 301, as RFC 9110 §15.4.2 has it and browsers do not. Off.
    #[must_use]
    pub const fn keep_post_301(mut self, on: bool) -> RedirectPolicy {
        self.keep_post_301 = on;
        self
    }

    /// POST stays POST after 302. Off.
    #[must_use]
    pub const fn keep_post_302(mut self, on: bool) -> RedirectPolicy {
        self.keep_post_302 = on;
        self
    }

    /// POST stays POST after 303, against RFC 9110 §15.4.4. Off.
    #[must_use]
    pub const fn keep_post_303(mut self, on: bool) -> RedirectPolicy {
        self.keep_post_303 = on;
        self
    }

    /// The method stays as it is after any redirect, though the content may go. Off.
    #[must_use]
    pub const fn keep_method(mut self, on: bool) -> RedirectPolicy {
        self.keep_method = on;
        self
    }

    /// Credentials, cookies and sensitive fields go to other origins too. Off.
    #[must_use]
    pub const fn trusted(mut self, on: bool) -> RedirectPolicy {
        self.trusted = on;
        self
    }

    /// Redirects from `https` to `http` are followed. Off.
    #[must_use]
    pub const fn allow_downgrade(mut self, on: bool) -> RedirectPolicy {
        self.allow_downgrade = on;
        self
    }

    /// The next request says in `Referer` where it comes from, without userinfo and fragment. Off.
    #[must_use]
    pub const fn auto_referer(mut self, on: bool) -> RedirectPolicy {
        self.auto_referer = on;
        self
    }

    /// A redirect to a URL of this scheme is an error. None is.
    #[must_use]
    pub const fn refuse_scheme(mut self, scheme: Scheme) -> RedirectPolicy {
        match scheme {
            Scheme::Http => self.refuse_http = true,
            Scheme::Https => self.refuse_https = true,
        }
        self
    }

    /// A redirect to a URL with a user name or a password is an error. Off: they are used there.
    #[must_use]
    pub const fn refuse_userinfo(mut self, on: bool) -> RedirectPolicy {
        self.refuse_userinfo = on;
        self
    }

    pub(crate) fn follows(&self) -> bool {
        self.follow
    }

    pub(super) fn is_trusted(&self) -> bool {
        self.trusted
    }

    /// May one go from this URL to that?
    fn admit(&self, from: &Url, to: &Url) -> Result<()> {
        let is_refused = match to.scheme() {
            Scheme::Http => {
                self.refuse_http || from.scheme() == Scheme::Https && !self.allow_downgrade
            }
            Scheme::Https => self.refuse_https,
        };
        let why = match () {
            () if is_refused => "is not followed",
            () if self.refuse_userinfo && to.has_userinfo() => "is not followed with its userinfo",
            () => return Ok(()),
        };
        let (from, to) = (from.scheme(), to.without_credentials());
        let text = format!("the redirect from {} to {} {}", from, to, why);
        Err(Error::new(ErrorKind::Redirect).message(text))
    }

    /// May there be one more after `count`?
    fn check(&self, count: usize) -> Result<()> {
        match count < self.limit {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::TooManyRedirects)
                .message(format!("more than {} redirects came in a row", self.limit))),
        }
    }

    /// Does a POST stay one after this status? RFC 9110 §15.4: a 307 or 308 changes nothing, a 303
    /// asks for GET, and after 301 or 302 a user agent may change POST to GET, which all do.
    fn keeps(&self, method: &Method, status: StatusCode) -> bool {
        let is_post = *method == Method::POST;
        match status.as_u16() {
            301 => !is_post || self.keep_post_301,
            302 => !is_post || self.keep_post_302,
            303 => {
                *method == Method::HEAD || *method == Method::GET || (is_post && self.keep_post_303)
            }
            _ => true,
        }
    }
}

impl Default for RedirectPolicy {
    fn default() -> RedirectPolicy {
        RedirectPolicy::limited(10)
    }
}

/// Where a response points, if it is a redirect and says so.
///
/// # Errors
/// `Location` cannot be resolved, or there are several that differ.
pub(crate) fn location(url: &Url, head: &ResponseHead) -> Result<Option<Url>> {
    if !matches!(head.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
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
    let target = url.join(&readable(location)).map_err(|error| {
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

/// The request that follows `request` after this response, if the policy follows it. There were
/// `followed` redirects before. It goes through whatever proxy the client has for it. What the client has
/// keys for may be shown them again: they are for one origin each, wherever the redirect came from.
pub(super) fn next(
    policy: &RedirectPolicy,
    config: &Config,
    request: &Request,
    head: &ResponseHead,
    followed: usize,
) -> Result<Option<Request>> {
    if !policy.follows() {
        return Ok(None);
    }
    let url = match location(request.url(), head)? {
        Some(url) => url,
        None => return Ok(None),
    };
    policy.admit(request.url(), &url)?;
    let downgrade = request.url().scheme() == Scheme::Https && url.scheme() == Scheme::Http;
    let keeps = policy.keeps(request.method(), head.status());
    if keeps && !request.body().is_replayable() {
        let text = "the redirect asks for the request body again, which cannot be sent twice";
        return Err(Error::new(ErrorKind::Redirect).message(text));
    }
    let same_origin = request.url().origin() == url.origin();
    let mut headers = request.headers().clone();
    if !keeps {
        for name in CONTENT {
            headers.remove(name);
        }
    }
    let own = match same_origin || policy.trusted {
        true => request.credentials().cloned(),
        false => {
            drop_credentials(&mut headers, request);
            None
        }
    };
    if policy.auto_referer && downgrade {
        // RFC 9110 §10.1.3: no Referer in an unsecured request if the referring one was secured.
        headers.remove("Referer");
    } else if policy.auto_referer {
        let referer = request.url().without_fragment();
        headers
            .set("Referer", referer.as_str())
            .map_err(|error| Error::new(ErrorKind::InvalidRequest).message(error.to_string()))?;
    }
    let method = match keeps || policy.keep_method {
        true => request.method().clone(),
        false => Method::GET,
    };
    policy.check(followed)?;
    request.redirected(method, Arc::new(url), headers, own, keeps, config).map(Some)
}

fn drop_credentials(headers: &mut Headers, request: &Request) {
    for name in CREDENTIALS {
        headers.remove(name);
    }
    for name in request.sensitive() {
        headers.remove(name);
    }
}

/// A Location as text: bytes outside ASCII, which no URL may have, are taken for what they are.
fn readable(location: &[u8]) -> String {
    let mut text = String::with_capacity(location.len());
    for &byte in location {
        match byte.is_ascii() {
            true => text.push(char::from(byte)),
            false => text.push_str(&format!("%{:02X}", byte)),
        }
    }
    text
}

/// What goes with the content when the content goes.
const CONTENT: [&str; 8] = [
    "Content-Length",
    "Transfer-Encoding",
    "Content-Type",
    "Content-Encoding",
    "Content-Language",
    "Content-Location",
    "Trailer",
    "Expect",
];

/// What is for one origin only: scheme, host and port.
const CREDENTIALS: [&str; 3] = ["Authorization", "Cookie", "Cookie2"];
