//! The file format of Netscape's browser, as curl reads and writes it: a cookie per line in seven
//! columns with tabs between, and lines that begin with `#` for comments. `SameSite` has no column.
//!
//! Lines of `Set-Cookie` fields are read too, such as a dump of header sections has. What is neither,
//! or breaks a rule for cookies, is passed over.

use crate::http::token::{decimal, trim_ows};
use crate::http::Url;

use super::cookie::{Cookie, SameSite, Scope, Seconds};
use super::receive::{self, Rules};
use super::request_uri::{host_of, RequestUri};
use super::set_cookie::{SetCookie, LARGEST};
use super::Habits;

/// How a file of cookies is read. By default all that it says is taken, and no more.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    host: Option<Url>,
    no_session: bool,
}

impl Reading {
    /// The default.
    pub fn new() -> Reading {
        Reading::default()
    }

    /// `Set-Cookie` lines that name no domain are taken to be from the host of this URL. Otherwise
    /// they are passed over.
    #[must_use]
    pub fn assume_host(mut self, url: &Url) -> Reading {
        self.host = Some(url.clone());
        self
    }

    /// Cookies that end with their session have ended: they are passed over. Off.
    #[must_use]
    pub fn without_session_cookies(mut self, on: bool) -> Reading {
        self.no_session = on;
        self
    }

    /// The cookie on this line, if there is one.
    pub(super) fn cookie(&self, line: &[u8], rules: &Rules, now: Seconds) -> Option<Cookie> {
        let cookie = match line.get(..FIELD.len()) {
            Some(start) if start.eq_ignore_ascii_case(FIELD) => {
                self.field(trim_ows(&line[FIELD.len()..]), rules, now)
            }
            _ => columns(line, rules).filter(|cookie| receive::check(cookie).is_ok()),
        };
        cookie.filter(|cookie| cookie.expires.is_some() || !self.no_session)
    }

    /// That of a field without the request that it answered: it may say anything of its own domain.
    fn field(&self, text: &[u8], rules: &Rules, now: Seconds) -> Option<Cookie> {
        let receive = |uri| receive::cookie(text, &uri, rules, now).ok();
        match SetCookie::parse(text).ok()?.domain {
            Some(domain) => receive(RequestUri::trusted(std::str::from_utf8(domain).ok()?)?),
            None => {
                let uri = RequestUri::of(self.host.as_ref()?);
                let cookie = receive(RequestUri { path: "/", secure: true, ..uri })?;
                Some(Cookie { scope: Scope::AssumedHost, ..cookie })
            }
        }
    }
}

/// Domain, whether it is more than a host, path, whether it is secure, end, name, value.
fn columns(line: &[u8], rules: &Rules) -> Option<Cookie> {
    let (http_only, line) = match line.strip_prefix(HTTP_ONLY) {
        Some(line) => (true, line),
        None => (false, line),
    };
    if line.starts_with(b"#") {
        return None;
    }
    let mut columns = line.split(|&byte| byte == b'\t').peekable();
    let domain = std::str::from_utf8(columns.next()?).ok()?;
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    let scope = scope(domain, is_true(columns.next()?), rules)?;
    // Some files have no column for the path.
    let path = match columns.peek() {
        Some(&b"TRUE") | Some(&b"FALSE") => b"",
        _ => columns.next()?,
    };
    let path = receive::tidied(std::str::from_utf8(path).ok()?, rules.habits);
    let secure = is_true(columns.next()?);
    let expires = expires(columns.next()?)?;
    let (name, value) = (columns.next()?, columns.next().unwrap_or_default());
    let whole = columns.next().is_none() && is_name(name) && !value.contains(&b';');
    (whole && name.len() + value.len() <= LARGEST).then(|| Cookie {
        name: name.into(),
        value: value.into(),
        domain: match rules.habits {
            Habits::Standard => domain.to_ascii_lowercase().into(),
            Habits::Curl => domain.into(),
        },
        scope,
        path: if path.starts_with('/') { path.into() } else { "/".into() },
        expires,
        secure,
        http_only,
        same_site: SameSite::Unset,
    })
}

/// That of a host or domain which a URL could have, if it is no public suffix as a whole.
fn scope(domain: &str, tail: bool, rules: &Rules) -> Option<Scope> {
    let is_ip = host_of(domain)?.ip().is_some();
    match tail && !is_ip {
        false => Some(Scope::Host),
        true if rules.suffixes.contains(domain) => None,
        true => Some(Scope::Domain),
    }
}

fn is_true(column: &[u8]) -> bool {
    column.eq_ignore_ascii_case(b"TRUE")
}

/// Seconds since 1970, of which others write fractions too; 0 is the end of the session.
fn expires(column: &[u8]) -> Option<Option<Seconds>> {
    let end = column.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(column.len());
    let seconds = decimal(&column[..end]).filter(|&seconds| seconds <= i64::MAX as Seconds)?;
    Some(Some(seconds).filter(|&seconds| seconds > 0))
}

/// What could have been sent as one, and be sent again.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && !name.iter().any(|byte| b"=;".contains(byte))
}

/// Appends the line of a cookie.
pub(super) fn write(cookie: &Cookie, out: &mut Vec<u8>) {
    let flag = |on: bool| if on { "TRUE" } else { "FALSE" };
    let tail = cookie.scope == Scope::Domain;
    if cookie.http_only {
        out.extend_from_slice(HTTP_ONLY);
    }
    let columns = format!(
        "{}{}\t{}\t{}\t{}\t{}\t",
        if tail { "." } else { "" },
        cookie.domain,
        flag(tail),
        cookie.path,
        flag(cookie.secure),
        cookie.expires.unwrap_or(0)
    );
    for part in [columns.as_bytes(), &*cookie.name, b"\t", &*cookie.value, b"\n"] {
        out.extend_from_slice(part);
    }
}

/// What curl begins its files with, to the byte: other programs look for it.
pub(super) const HEADER: &str = "# Netscape HTTP Cookie File\n\
                                 # https://curl.se/docs/http-cookies.html\n\
                                 # This file was generated by libcurl! Edit at your own risk.\n\n";

/// Before the line of a cookie with that attribute. To others it is a comment.
const HTTP_ONLY: &[u8] = b"#HttpOnly_";

/// The beginning of a line of a header section.
const FIELD: &[u8] = b"Set-Cookie:";
