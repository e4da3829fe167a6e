//! One proxy: how it is spoken to, where it is, and what it knows its user by.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{Origin, Scheme, Url, UrlError};
use crate::proto::socks::{Login, Version};

use super::super::auth::Credentials;

/// A proxy, or a row of them.
#[derive(Clone, Debug)]
pub(in crate::client) struct Server {
    pub(in crate::client) kind: Kind,
    /// Its host and port; the scheme says whether it is spoken to by TLS.
    pub(in crate::client) origin: Origin,
    pub(in crate::client) credentials: Option<Credentials>,
    /// The proxy through which this one is reached.
    pub(in crate::client) before: Option<Arc<Server>>,
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::client) enum Kind {
    Http,
    Socks(Version, Names),
}

/// Who looks up the names of hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::client) enum Names {
    Here,
    AtProxy,
}

impl Server {
    /// `[scheme://][user[:password]@]host[:port]`. A path behind it means nothing.
    pub(super) fn parse(text: &str) -> Result<Server> {
        let text = text.trim();
        let (name, rest) = text.split_once("://").unwrap_or(("http", text));
        let known = |(known, ..): &&Row| known.eq_ignore_ascii_case(name);
        let &(_, scheme, default_port, kind) = SCHEMES.iter().find(known).ok_or_else(|| {
            // What is no scheme may be a piece of a password.
            let is_scheme = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let text = match is_scheme {
                true => format!("there are no proxies of the scheme {:?}", name),
                false => "the proxy's URL does not begin with a scheme".to_owned(),
            };
            Error::new(ErrorKind::Proxy).message(text)
        })?;
        let invalid = |error: UrlError| {
            let text = format!("the proxy cannot be used: {}", error);
            Error::new(ErrorKind::Proxy).message(text).cause(error)
        };
        let url = Url::parse(&format!("http://{}", rest)).map_err(invalid)?;
        // A URL does not tell a default port that is written down from none: each scheme hides its own.
        let hidden = || Url::parse(&format!("https://{}", rest)).ok()?.explicit_port();
        let port = url.explicit_port().or_else(hidden).unwrap_or(default_port);
        Ok(Server {
            kind,
            origin: Origin::new(scheme, url.host().clone(), port),
            credentials: Credentials::of_url(&url),
            before: None,
        })
    }

    /// What is connected to by the system.
    pub(in crate::client) fn first_hop(&self) -> &Origin {
        match &self.before {
            Some(before) => before.first_hop(),
            None => &self.origin,
        }
    }

    /// Is it one that forwards requests?
    pub(super) fn forwards(&self) -> bool {
        self.kind == Kind::Http
    }

    /// What it may ask for, and the place that asks.
    pub(in crate::client) fn asks_for(&self) -> Option<(&Credentials, &Origin)> {
        self.credentials.as_ref().map(|credentials| (credentials, &self.origin))
    }

    /// The login for a SOCKS proxy.
    pub(in crate::client) fn login(&self) -> Option<Login<'_>> {
        let (user, password) = self.credentials.as_ref()?.user_and_password()?;
        Some(Login { user, password })
    }

    /// Does it get all that it may want to know with the first request?
    pub(in crate::client) fn is_answered_at_once(&self) -> bool {
        let at_once = |known: &Credentials| matches!(known.at_once(), Ok(Some(_)));
        self.credentials.as_ref().map_or(true, at_once)
    }
}

/// Credentials are compared as such: two that read the same may be known in different ways.
impl PartialEq for Server {
    fn eq(&self, other: &Server) -> bool {
        let same = match (&self.credentials, &other.credentials) {
            (Some(these), Some(others)) => these.is(others),
            (None, None) => true,
            _ => false,
        };
        same && self.kind == other.kind
            && self.origin == other.origin
            && self.before == other.before
    }
}

impl Eq for Server {}

/// `socks5://host:port`, without credentials.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_this = |row: &&Row| row.3 == self.kind && row.1 == self.origin.scheme();
        let name = SCHEMES.iter().find(is_this).map_or("", |row| row.0);
        write!(f, "{}://{}:{}", name, self.origin.host(), self.origin.port())
    }
}

/// A scheme, whether TLS belongs to it, the port where none is named, and what is meant.
type Row = (&'static str, Scheme, u16, Kind);

const SCHEMES: [Row; 7] = [
    ("http", Scheme::Http, 80, Kind::Http),
    ("https", Scheme::Https, 443, Kind::Http),
    ("socks4", Scheme::Http, SOCKS, Kind::Socks(Version::V4, Names::Here)),
    ("socks4a", Scheme::Http, SOCKS, Kind::Socks(Version::V4, Names::AtProxy)),
    ("socks5", Scheme::Http, SOCKS, Kind::Socks(Version::V5, Names::Here)),
    ("socks5h", Scheme::Http, SOCKS, Kind::Socks(Version::V5, Names::AtProxy)),
    // As curl reads it.
    ("socks", Scheme::Http, SOCKS, Kind::Socks(Version::V4, Names::Here)),
];

/// Registered for SOCKS.
const SOCKS: u16 = 1080;
