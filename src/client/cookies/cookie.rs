//! A cookie as it is kept (RFC 6265bis §5.7).

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::http::Url;

use super::receive::{self, Rules};
use super::refused::Refused;
use super::request_uri::{domain_matches, path_matches, RequestUri};

/// A cookie of a [`Jar`](super::Jar).
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie {
    pub(super) name: Box<[u8]>,
    pub(super) value: Box<[u8]>,
    /// Without a leading dot; an IPv6 address without brackets.
    pub(super) domain: Box<str>,
    pub(super) scope: Scope,
    pub(super) path: Box<str>,
    pub(super) expires: Option<Seconds>,
    pub(super) secure: bool,
    pub(super) http_only: bool,
    pub(super) same_site: SameSite,
}

/// Seconds since 1970. What was before is the first of them.
pub(super) type Seconds = u64;

/// Which hosts of its domain a cookie goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// All whose names end with the domain.
    Domain,
    /// The one whose name the domain is.
    Host,
    /// The same, because the line of a file did not say.
    AssumedHost,
}

/// What a cookie says about requests that other sites cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SameSite {
    /// Nothing.
    #[default]
    Unset,
    /// It goes with all of them.
    None,
    /// It goes with those that lead to its site.
    Lax,
    /// It goes with none of them.
    Strict,
}

impl Cookie {
    /// The cookie that a response from `url` would set by this `Set-Cookie` value, at this time.
    ///
    /// ```
    /// use pannier::cookies::{Cookie, Refused};
    /// use pannier::http::Url;
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// let url = Url::parse("http://www.example.com/a/b")?;
    /// let now = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    /// let cookie = Cookie::parse("id=7; Domain=.example.com; Max-Age=60", &url, now).unwrap();
    /// assert_eq!((cookie.domain(), cookie.path()), ("example.com", "/a"));
    /// assert_eq!(cookie.expires(), Some(now + Duration::from_secs(60)));
    /// assert!(cookie.matches(&Url::parse("https://example.com/a/c")?));
    /// assert!(!cookie.matches(&Url::parse("https://example.com/")?));
    /// let foreign = Cookie::parse("id=7; Domain=example.org", &url, now);
    /// assert_eq!(foreign, Err(Refused::Domain));
    /// # Ok::<(), pannier::http::UrlError>(())
    /// ```
    ///
    /// # Errors
    /// It is none, or `url` may not set it. Public suffixes are those that a jar without a list
    /// knows; what else there is in a jar is not considered.
    pub fn parse(
        set_cookie: impl AsRef<[u8]>,
        url: &Url,
        now: SystemTime,
    ) -> Result<Cookie, Refused> {
        let rules = Rules::default();
        receive::cookie(set_cookie.as_ref(), &RequestUri::of(url), &rules, seconds(now))
    }

    /// The name, which is never empty.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The value, in quotes if it came so.
    pub fn value(&self) -> &[u8] {
        &self.value
    }

    /// The host that it goes to, and unless it is for the host only, those below.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Does it go to the host alone that is its domain?
    pub fn is_host_only(&self) -> bool {
        self.scope != Scope::Domain
    }

    /// The path that it goes to, with all that is below.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// When it ends, or `None` if it ends with the session. A time that the system's clock cannot
    /// express is given as the last second of the year 9999.
    pub fn expires(&self) -> Option<SystemTime> {
        let at = |seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        self.expires.and_then(|seconds| at(seconds).or_else(|| at(LAST_SECOND)))
    }

    /// Has it ended by this time?
    pub fn is_expired(&self, now: SystemTime) -> bool {
        self.has_ended(seconds(now))
    }

    /// Does it go over secured connections only?
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Did its sender ask to hide it from scripts? Here there are none.
    pub fn is_http_only(&self) -> bool {
        self.http_only
    }

    /// What it says about requests that other sites cause.
    pub fn same_site(&self) -> SameSite {
        self.same_site
    }

    /// May a request to `url` have it, while it has not ended?
    pub fn matches(&self, url: &Url) -> bool {
        self.goes_to(&RequestUri::of(url))
    }

    /// RFC 6265bis §5.8.3, step 3.
    pub(super) fn goes_to(&self, uri: &RequestUri<'_>) -> bool {
        let host = match self.scope {
            Scope::Domain if !uri.is_ip => domain_matches(&uri.host, &self.domain),
            _ => uri.host.eq_ignore_ascii_case(&self.domain),
        };
        host && path_matches(uri.path, &self.path) && (uri.secure || !self.secure)
    }

    /// RFC 6265bis §5.7, step 23: does it take the other's place?
    pub(super) fn replaces(&self, other: &Cookie) -> bool {
        self.name == other.name
            && self.domain.eq_ignore_ascii_case(&other.domain)
            && self.is_host_only() == other.is_host_only()
            && self.path == other.path
    }

    /// RFC 6265bis §5.7, step 16: does it, in the clear, hide the other, which is secure?
    pub(super) fn overlays(&self, other: &Cookie) -> bool {
        let related = domain_matches(&self.domain, &other.domain)
            || domain_matches(&other.domain, &self.domain);
        other.secure && self.name == other.name && related && path_matches(&self.path, &other.path)
    }

    pub(super) fn has_ended(&self, now: Seconds) -> bool {
        self.expires.map_or(false, |expires| expires < now)
    }
}

pub(super) fn seconds(time: SystemTime) -> Seconds {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The value is left out: it may be a secret.
impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cookie")
            .field("name", &String::from_utf8_lossy(&self.name))
            .field("domain", &self.domain)
            .field("host_only", &self.is_host_only())
            .field("path", &self.path)
            .field("expires", &self.expires)
            .field("secure", &self.secure)
            .field("http_only", &self.http_only)
            .field("same_site", &self.same_site)
            .finish_non_exhaustive()
    }
}

/// That of the year 9999.
const LAST_SECOND: Seconds = 253_402_300_799;
