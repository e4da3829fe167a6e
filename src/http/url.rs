//! Placeholder that the real parser replaces.
#![allow(missing_docs)]
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    Http,
    Https,
}
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Host {
    Domain(Box<str>),
    Ipv4(Ipv4Addr),
    Ipv6(Ipv6Addr),
}
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin {
    scheme: Scheme,
    host: Host,
    port: u16,
}
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Url {
    text: String,
    path: usize,
    host: Host,
    port: Option<u16>,
}
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlError(String);
impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for UrlError {}
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Domain(d) => f.write_str(d),
            Host::Ipv4(a) => a.fmt(f),
            Host::Ipv6(a) => write!(f, "[{}]", a),
        }
    }
}
impl Scheme {
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}
impl Origin {
    pub fn new(scheme: Scheme, host: Host, port: u16) -> Origin {
        Origin { scheme, host, port }
    }
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }
    pub fn host(&self) -> &Host {
        &self.host
    }
    pub fn port(&self) -> u16 {
        self.port
    }
}
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme.as_str(), self.host, self.port)
    }
}
impl Url {
    pub fn parse(text: &str) -> Result<Url, UrlError> {
        let rest = text.strip_prefix("http://").ok_or_else(|| UrlError(text.into()))?;
        let end = rest.find('/').unwrap_or(rest.len());
        let (host, port) = match rest[..end].split_once(':') {
            Some((h, p)) => (h, p.parse().ok()),
            None => (&rest[..end], None),
        };
        let host = match host.parse() {
            Ok(a) => Host::Ipv4(a),
            Err(_) => Host::Domain(host.into()),
        };
        let mut text = text.to_owned();
        if end == rest.len() {
            text.push('/');
        }
        Ok(Url { text, path: 7 + end, host, port })
    }
    pub fn join(&self, reference: &str) -> Result<Url, UrlError> {
        if let Some(_) = reference.strip_prefix('/') {
            return Url::parse(&format!("{}{}", &self.text[..self.path], reference));
        }
        Url::parse(reference)
    }
    pub fn as_str(&self) -> &str {
        &self.text
    }
    pub fn scheme(&self) -> Scheme {
        Scheme::Http
    }
    pub fn username(&self) -> &str {
        ""
    }
    pub fn password(&self) -> Option<&str> {
        None
    }
    pub fn host(&self) -> &Host {
        &self.host
    }
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(80)
    }
    pub fn explicit_port(&self) -> Option<u16> {
        self.port
    }
    pub fn path(&self) -> &str {
        &self.text[self.path..]
    }
    pub fn query(&self) -> Option<&str> {
        None
    }
    pub fn fragment(&self) -> Option<&str> {
        None
    }
    /// path and query, the origin-form
    pub fn target(&self) -> &str {
        &self.text[self.path..]
    }
    /// host and, unless it is the scheme's default, port: what Host carries
    pub fn authority(&self) -> &str {
        &self.text[7..self.path]
    }
    pub fn origin(&self) -> Origin {
        Origin::new(Scheme::Http, self.host.clone(), self.port())
    }
}
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
