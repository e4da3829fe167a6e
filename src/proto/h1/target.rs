//! The request target (RFC 9112 §3.2): what stands between the method and the version.
//!
//! Four forms: origin-form to an origin server, absolute-form to a proxy, authority-form for
//! CONNECT, asterisk-form for OPTIONS of a server as a whole. The fragment is never part of any.

use std::borrow::Cow;

use crate::http::{Origin, Url};

use super::Error;

/// A request target, free of bytes that could end it.
///
/// ```
/// use pannier::http::Url;
/// use pannier::proto::h1::Target;
///
/// let url = Url::parse("http://user:pass@example.com:8080/a?b#c")?;
/// assert_eq!(Target::origin_form(&url).as_str(), "/a?b");
/// assert_eq!(Target::absolute_form(&url).as_str(), "http://example.com:8080/a?b");
/// assert_eq!(Target::authority_form(&url.origin()).as_str(), "example.com:8080");
/// assert_eq!(Target::asterisk_form().as_str(), "*");
/// assert!(Target::verbatim("/a b").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target<'a>(Cow<'a, str>);

impl<'a> Target<'a> {
    /// Path and query (RFC 9112 §3.2.1).
    pub fn origin_form(url: &'a Url) -> Target<'a> {
        Target(Cow::Borrowed(url.target()))
    }

    /// The URL without userinfo and fragment (RFC 9112 §3.2.2).
    pub fn absolute_form(url: &Url) -> Target<'static> {
        let scheme = url.scheme().as_str();
        Target(Cow::Owned(format!("{}://{}{}", scheme, url.authority(), url.target())))
    }

    /// Host and port, the port always (RFC 9112 §3.2.3).
    pub fn authority_form(origin: &Origin) -> Target<'static> {
        Target(Cow::Owned(format!("{}:{}", origin.host(), origin.port())))
    }

    /// `*` (RFC 9112 §3.2.4).
    pub const fn asterisk_form() -> Target<'static> {
        Target(Cow::Borrowed("*"))
    }

    /// This text, whatever form it has.
    ///
    /// # Errors
    /// [`Error::Target`] if it is empty or has a byte that is no visible ASCII character.
    pub fn verbatim(text: &'a str) -> Result<Target<'a>, Error> {
        match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(Target(Cow::Borrowed(text))),
            false => Err(Error::Target),
        }
    }

    /// The target as it goes on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
