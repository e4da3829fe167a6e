//! URLs as the WHATWG URL standard parses them, as far as they are http or https.
//!
//! A [`Url`] is always absolute and normalized, and printable ASCII throughout, so whatever of it
//! goes into a message cannot break the message. Refused are other schemes, and hosts that are not
//! ASCII: they need the mapping tables of UTS #46, and may be written as Punycode instead.

mod error;
pub mod form;
mod host;
mod ipv4;
mod ipv6;
mod leniency;
mod marks;
mod origin;
mod parse;
pub mod percent;
mod punycode;

pub use self::error::UrlError;
pub(crate) use self::host::is_localhost;
pub use self::host::Host;
pub use self::leniency::UrlLeniency;
pub use self::origin::{Origin, Scheme};
#[cfg(feature = "cookies")]
pub(crate) use self::punycode::to_ascii;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::str::FromStr;

/// An absolute http or https URL.
///
/// ```
/// use pannier::http::Url;
/// let url = Url::parse("HTTP://user@Example.com:80/a/../b c?d#e")?;
/// assert_eq!(url.as_str(), "http://user@example.com/b%20c?d#e");
/// assert_eq!(url.authority(), "example.com");
/// assert_eq!(url.target(), "/b%20c?d");
/// assert_eq!(url.join("../x?y")?.as_str(), "http://user@example.com/x?y");
/// # Ok::<(), pannier::http::UrlError>(())
/// ```
///
/// Two URLs are equal when their texts are, the fragment included. `Display` and `as_str` give the
/// whole text with the password, if there is one; `Debug` masks it.
#[derive(Clone)]
pub struct Url {
    /// `scheme://username:password@host:port/path?query#fragment`
    text: String,
    scheme: Scheme,
    host: Host,
    /// Never the default port of the scheme.
    port: Option<u16>,
    username_end: usize,
    host_start: usize,
    host_end: usize,
    path_start: usize,
    /// Where the `?` is, if there is a query; else the same as `query_end`.
    path_end: usize,
    /// Where the `#` is, if there is a fragment; else the end.
    query_end: usize,
}

impl Url {
    /// Parses an absolute URL, with all the forgiveness that the standard asks for: white space
    /// around it, backslashes for slashes, a missing path, characters that need encoding.
    ///
    /// ```
    /// use pannier::http::Url;
    /// assert_eq!(Url::parse("https:\\\\example.com")?.as_str(), "https://example.com/");
    /// assert!(Url::parse("example.com/path").unwrap_err().is_relative());
    /// assert_eq!(Url::parse("ftp://example.com/").unwrap_err().scheme(), Some("ftp"));
    /// # Ok::<(), pannier::http::UrlError>(())
    /// ```
    ///
    /// # Errors
    /// There is no scheme, or one that is neither http nor https; the host or the port is none.
    pub fn parse(text: &str) -> Result<Url, UrlError> {
        Url::parse_with(text, UrlLeniency::default())
    }

    /// The same as [`parse`](Url::parse) with some deviations from the standard.
    ///
    /// The text of such a URL another [`parse`](Url::parse) may change or refuse.
    /// [`join`](Url::join) keeps what it takes over from it as it is.
    ///
    /// # Errors
    /// Those of [`parse`](Url::parse), as far as they are not deviated from.
    pub fn parse_with(text: &str, leniency: UrlLeniency) -> Result<Url, UrlError> {
        parse::parse(text, None, leniency)
    }

    /// Resolves a reference, such as the value of a Location field, against this URL.
    ///
    /// Username and password of this URL belong to the result unless the reference names a host
    /// of its own. The fragment comes from the reference alone.
    ///
    /// # Errors
    /// The reference has a scheme that is neither http nor https, or a host or port that is none.
    pub fn join(&self, reference: &str) -> Result<Url, UrlError> {
        self.join_with(reference, UrlLeniency::default())
    }

    /// The same as [`join`](Url::join) with some deviations from the standard in how the reference is
    /// read. Where the host of this URL is a name that ends in a number, that of the result may be one
    /// too in any case.
    ///
    /// ```
    /// use pannier::http::{Url, UrlLeniency};
    ///
    /// let url = Url::parse("http://example.com/a/b")?;
    /// let lenient = UrlLeniency::default().marks_as_is(true);
    /// assert_eq!(url.join("../{c}")?.path(), "/%7Bc%7D");
    /// assert_eq!(url.join_with("../{c}", lenient)?.path(), "/{c}");
    /// # Ok::<(), pannier::http::UrlError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`join`](Url::join), as far as they are not deviated from.
    pub fn join_with(&self, reference: &str, leniency: UrlLeniency) -> Result<Url, UrlError> {
        let numeric_names = match &self.host {
            Host::Domain(name) => ipv4::ends_in_number(name),
            Host::Ipv4(_) | Host::Ipv6(_) => false,
        };
        let numeric_names = numeric_names || leniency.numeric_names;
        parse::parse(reference, Some(self), leniency.numeric_names(numeric_names))
    }

    /// The whole URL, with the password.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The username, percent-encoded as it stands; empty if there is none.
    ///
    /// [`percent::decode`] gives the bytes to be sent.
    pub fn username(&self) -> &str {
        self.part(self.userinfo_start()..self.username_end)
    }

    /// The password, percent-encoded as it stands. An empty one is none.
    pub fn password(&self) -> Option<&str> {
        if self.username_end == self.host_start {
            return None;
        }
        let rest = self.part(self.username_end..self.host_start - 1);
        rest.strip_prefix(':')
    }

    /// Does it name a user, or a password?
    pub(crate) fn has_userinfo(&self) -> bool {
        !self.username().is_empty() || self.password().is_some()
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The host as text, an IPv6 address in brackets.
    pub fn host_str(&self) -> &str {
        self.part(self.host_start..self.host_end)
    }

    /// The host as text, an IPv6 address without brackets.
    pub(crate) fn bare_host_str(&self) -> &str {
        let host = self.host_str();
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        inner.unwrap_or(host)
    }

    /// The port to connect to: the one named, or the default of the scheme.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or_else(|| self.scheme.default_port())
    }

    /// The port named, unless it is the default of the scheme.
    pub fn explicit_port(&self) -> Option<u16> {
        self.port
    }

    /// The path, which begins with a slash.
    pub fn path(&self) -> &str {
        self.part(self.path_start..self.path_end)
    }

    /// What follows the `?`, if there is one.
    pub fn query(&self) -> Option<&str> {
        self.part(self.path_end..self.query_end).strip_prefix('?')
    }

    /// What follows the `#`, if there is one. It is never sent.
    pub fn fragment(&self) -> Option<&str> {
        self.part(self.query_end..self.text.len()).strip_prefix('#')
    }

    /// Path and query: the origin-form of a request target (RFC 9112 §3.2.1).
    pub fn target(&self) -> &str {
        self.part(self.path_start..self.query_end)
    }

    /// Host, and port unless it is the default: what a Host field carries (RFC 9110 §7.2).
    pub fn authority(&self) -> &str {
        self.part(self.host_start..self.path_start)
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> Origin {
        Origin::new(self.scheme, self.host.clone(), self.port())
    }

    /// The same URL without username and password.
    #[must_use]
    pub fn without_credentials(&self) -> Url {
        let start = self.userinfo_start();
        let shift = self.host_start - start;
        Url {
            text: [self.part(0..start), self.part(self.host_start..self.text.len())].concat(),
            scheme: self.scheme,
            host: self.host.clone(),
            port: self.port,
            username_end: start,
            host_start: start,
            host_end: self.host_end - shift,
            path_start: self.path_start - shift,
            path_end: self.path_end - shift,
            query_end: self.query_end - shift,
        }
    }

    /// The same URL without a fragment.
    #[must_use]
    pub fn without_fragment(&self) -> Url {
        self.cut(self.query_end, 0)
    }

    /// Adds a pair to the query, encoded as a form encodes it: a space becomes `+`.
    ///
    /// ```
    /// use pannier::http::Url;
    /// let mut url = Url::parse("http://example.com/?a#top")?;
    /// url.append_query("b", "c d&e");
    /// assert_eq!(url.as_str(), "http://example.com/?a&b=c+d%26e#top");
    /// # Ok::<(), pannier::http::UrlError>(())
    /// ```
    pub fn append_query(&mut self, name: &str, value: &str) {
        let mut pair = String::with_capacity(name.len() + value.len() + 1);
        form::push_pair(&mut pair, name, value);
        self.insert_query(&pair);
    }

    /// Adds a text to the query, behind a `&` if there is a query already.
    ///
    /// Only what no query may have is encoded: spaces, controls, `"#'<>` and what is not ASCII.
    /// `&`, `=`, `+` and `%` are kept.
    pub fn append_raw_query(&mut self, text: &str) {
        let mut query = String::with_capacity(text.len());
        percent::push(&mut query, text, percent::SPECIAL_QUERY);
        self.insert_query(&query);
    }

    fn insert_query(&mut self, addition: &str) {
        let separator = match self.query() {
            None => "?",
            Some("") => "",
            Some(_) => "&",
        };
        self.text.insert_str(self.query_end, addition);
        self.text.insert_str(self.query_end, separator);
        self.query_end += separator.len() + addition.len();
    }

    /// This URL up to `end`, which is not before the path, with room for more text.
    fn cut(&self, end: usize, room: usize) -> Url {
        let mut text = String::with_capacity(end + room);
        text.push_str(self.part(0..end));
        Url {
            text,
            host: self.host.clone(),
            path_end: self.path_end.min(end),
            query_end: self.query_end.min(end),
            ..*self
        }
    }

    /// What stands between two of the marks.
    fn part(&self, range: Range<usize>) -> &str {
        &self.text[range]
    }

    fn userinfo_start(&self) -> usize {
        self.scheme.as_str().len() + "://".len()
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Url, UrlError> {
        Url::parse(text)
    }
}

impl TryFrom<&str> for Url {
    type Error = UrlError;

    fn try_from(text: &str) -> Result<Url, UrlError> {
        Url::parse(text)
    }
}

impl AsRef<str> for Url {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.password() {
            None => fmt::Debug::fmt(&self.text, f),
            Some(_) => {
                let (before, after) =
                    (&self.text[..self.username_end], &self.text[self.host_start..]);
                fmt::Debug::fmt(&[before, ":***@", after].concat(), f)
            }
        }
    }
}

// The text decides all the rest, so it alone is compared.

impl PartialEq for Url {
    fn eq(&self, other: &Url) -> bool {
        self.text == other.text
    }
}

impl Eq for Url {}

impl PartialOrd for Url {
    fn partial_cmp(&self, other: &Url) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Url {
    fn cmp(&self, other: &Url) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl Hash for Url {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

#[cfg(test)]
mod tests;
