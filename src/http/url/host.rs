//! Hosts, as the host parser of the WHATWG URL standard reads them for http and https.
//!
//! Everything that an ASCII text can be is read as the standard says: percent-decoding, lower
//! case, all spellings of IPv4 addresses, IPv6 addresses. What would need the mapping tables of
//! UTS #46, that is any character outside ASCII, is refused: such a host has to be written as
//! Punycode.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::error::{Rule, UrlError};
use super::{ipv4, ipv6, marks, percent, punycode, UrlLeniency};

/// The host of a URL.
///
/// A name comes from [`Host::parse`] only, so that every host that exists is valid.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A name, in lower case and ASCII.
    #[non_exhaustive]
    Domain(Box<str>),
    /// An IPv4 address.
    Ipv4(Ipv4Addr),
    /// An IPv6 address; in text it stands in brackets.
    Ipv6(Ipv6Addr),
}

impl Host {
    /// Parses a host as it stands in a URL; an IPv6 address has its brackets.
    ///
    /// ```
    /// use pannier::http::Host;
    /// assert_eq!(Host::parse("EXAMPLE.com")?.to_string(), "example.com");
    /// assert_eq!(Host::parse("0x7f.1")?.to_string(), "127.0.0.1");
    /// assert_eq!(Host::parse("[0:0::1]")?.to_string(), "[::1]");
    /// # Ok::<(), pannier::http::UrlError>(())
    /// ```
    ///
    /// # Errors
    /// It is empty, is not ASCII, has a character that no host may have, or is a number or a
    /// bracketed text that is no address.
    pub fn parse(text: &str) -> Result<Host, UrlError> {
        parse(text, UrlLeniency::default()).map_err(|rule| UrlError::new(text, rule))
    }

    /// Is it this host itself: an address of the loopback interface, or `localhost` or a name below it?
    pub fn is_loopback(&self) -> bool {
        match self {
            Host::Domain(name) => is_localhost(name),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        }
    }

    /// The address, if it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some((*address).into()),
            Host::Ipv6(address) => Some((*address).into()),
        }
    }
}

/// RFC 6761 §6.3: "Name resolution APIs and libraries SHOULD recognize localhost names as special
/// and SHOULD always return the IP loopback address".
pub(crate) fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).as_bytes();
    let last = host.rsplit(|&byte| byte == b'.').next().unwrap_or(host);
    last.eq_ignore_ascii_case(b"localhost")
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Host {
        match address {
            IpAddr::V4(address) => Host::Ipv4(address),
            IpAddr::V6(address) => Host::Ipv6(address),
        }
    }
}

/// The host as it stands in a URL and in a Host field: an IPv6 address in brackets.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Domain(name) => f.write_str(name),
            Host::Ipv4(address) => fmt::Display::fmt(address, f),
            Host::Ipv6(address) => ipv6::write(f, address),
        }
    }
}

pub(super) fn parse(text: &str, leniency: UrlLeniency) -> Result<Host, Rule> {
    if let Some(rest) = text.strip_prefix('[') {
        let address = rest.strip_suffix(']').and_then(|text| text.parse().ok());
        return address.map(Host::Ipv6).ok_or(Rule::HostIpv6);
    }
    let name = decoded(text)?;
    if name.is_empty() {
        return Err(Rule::HostEmpty);
    }
    if let Some(byte) = name.bytes().find(|&byte| is_forbidden(byte)) {
        return Err(Rule::HostByte(byte));
    }
    if ipv4::ends_in_number(&name) {
        match ipv4::parse(&name) {
            Some(address) => return Ok(Host::Ipv4(address)),
            None if leniency.numeric_names => {}
            None => return Err(Rule::HostIpv4),
        }
    }
    domain(&name)
}

/// The name percent-decoded, which must be ASCII.
fn decoded(text: &str) -> Result<Cow<'_, str>, Rule> {
    let not_ascii = || Rule::HostNotAscii(text.into());
    if marks::find(text, b"%") == text.len() {
        return if text.is_ascii() { Ok(text.into()) } else { Err(not_ascii()) };
    }
    match String::from_utf8(percent::decode(text)) {
        Ok(name) if name.is_ascii() => Ok(name.into()),
        _ => Err(not_ascii()),
    }
}

fn domain(name: &str) -> Result<Host, Rule> {
    let name = name.to_ascii_lowercase();
    for label in marks::split(&name, b".") {
        match label.strip_prefix("xn--") {
            Some(encoded) if !punycode::is_valid(encoded) => {
                return Err(Rule::HostLabel(label.into()))
            }
            _ => {}
        }
    }
    Ok(Host::Domain(name.into()))
}

/// The forbidden domain code points of the standard.
fn is_forbidden(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7f || b"#%/:<>?@[\\]^|".contains(&byte)
}
