//! Redirects (RFC 9110 §15.4): a policy that is a value, and a pure function that follows it.

mod next;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{Method, Scheme, StatusCode, Url};

pub(super) use self::next::{location, next};

/// Which redirects are followed, and what the next request keeps.
///
/// Followed are 301, 302, 303, 307 and 308 that have a `Location`. What goes there if nothing else is said:
///
/// | | method | content |
/// |---|---|---|
/// | POST after 301 or 302, and any method but GET and HEAD after 303 | GET | none |
/// | all else, POST after 307 and 308 included | the same | the same |
///
/// Content that is to be sent again and cannot be, since it is a reader, is an error of the kind
/// [`Redirect`](crate::ErrorKind::Redirect). So a POST may well be processed by two servers, each of
/// which was asked once: where one only may see it, the policy is [`none`](RedirectPolicy::none).
/// Credentials and cookies that were given with the request, and sensitive fields, do not go to another
/// origin, nor come back further on in the chain.
///
/// ```
/// use pannier::{Client, RedirectPolicy};
/// let client = Client::builder().redirects(RedirectPolicy::limited(3)).build();
/// let order = client.post("http://example.com/orders").body("1").redirects(RedirectPolicy::none());
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
    like_curl: bool,
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
            like_curl: false,
        }
    }

    /// As many as come. Only a deadline ends a loop then, which needs no more memory the longer it
    /// goes on: [`history`](crate::Response::history) has the last redirects only.
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

    /// References are read as curl reads them where the URL standard has it otherwise: a space in a query
    /// becomes `+`, what has more than three slashes before its host is no URL, and marks
    /// [stay as they are](crate::http::UrlLeniency::marks_as_is). And 300 is followed, as RFC 9110 §15.4.1
    /// allows, with all that are read as such. Off.
    #[must_use]
    pub const fn like_curl(mut self, on: bool) -> RedirectPolicy {
        self.like_curl = on;
        self
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
