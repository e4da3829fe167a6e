//! `no_proxy`: which hosts are asked directly.
//!
//! The list has no standard. Read here is what curl and Go read: elements divided by commas or white
//! space; `*` for every host; a name for itself and all below it, whether a dot leads it or not; an
//! address; a range of addresses in CIDR notation (RFC 4632 §3.1); each but the first and the last
//! perhaps with a port. Anything else covers nothing.

use std::net::IpAddr;

use crate::http::{token, Host, Origin};
use crate::net::is_within;

/// The hosts that are asked directly.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Bypass {
    elements: Vec<Element>,
    /// This host too, under any of its names.
    loopback: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Element {
    All,
    /// In lower case, without a dot at either end.
    Name(String, Option<u16>),
    Address(IpAddr, Option<u16>),
    /// The addresses of which so many leading bits are the same.
    Range(IpAddr, u32),
}

impl Bypass {
    pub(super) fn parse(list: &str) -> Bypass {
        let divides = |c: char| c == ',' || c.is_ascii_whitespace();
        let elements = list.split(divides).filter_map(Element::parse).collect();
        Bypass { elements, loopback: false }
    }

    pub(super) fn and_loopback(self) -> Bypass {
        Bypass { loopback: true, ..self }
    }

    pub(super) fn covers(&self, origin: &Origin) -> bool {
        (self.loopback && origin.host().is_loopback())
            || self.elements.iter().any(|element| element.covers(origin.host(), origin.port()))
    }
}

impl Element {
    fn parse(text: &str) -> Option<Element> {
        if text == "*" {
            return Some(Element::All);
        }
        if let Some((address, bits)) = text.split_once('/') {
            let (address, bits) = (bare(address).parse().ok()?, token::decimal(bits.as_bytes())?);
            return Some(Element::Range(address, u32::try_from(bits).ok()?));
        }
        if let Ok(address) = bare(text).parse() {
            return Some(Element::Address(address, None));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => {
                (host, Some(u16::try_from(token::decimal(port.as_bytes())?).ok()?))
            }
            None => (text, None),
        };
        if let Ok(address) = bare(host).parse() {
            return Some(Element::Address(address, port));
        }
        let name = host.strip_prefix('*').unwrap_or(host);
        let name = name.strip_prefix('.').unwrap_or(name);
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        Some(Element::Name(name, port)).filter(|_| !host.is_empty())
    }

    fn covers(&self, host: &Host, port: u16) -> bool {
        let fits = |wanted: &Option<u16>| wanted.map_or(true, |wanted| wanted == port);
        match (self, host) {
            (Element::All, _) => true,
            (Element::Name(name, wanted), Host::Domain(host)) => {
                fits(wanted) && is_below(host.strip_suffix('.').unwrap_or(host), name)
            }
            (Element::Address(address, wanted), host) => {
                fits(wanted) && host.ip().map(plain) == Some(plain(*address))
            }
            (Element::Range(range, bits), host) => {
                host.ip().map_or(false, |address| is_within(plain(address), plain(*range), *bits))
            }
            (Element::Name(..), _) => false,
        }
    }
}

/// Is it the name itself, or one that ends in it after a dot?
fn is_below(host: &str, name: &str) -> bool {
    match host.strip_suffix(name) {
        Some(before) => !name.is_empty() && (before.is_empty() || before.ends_with('.')),
        None => false,
    }
}

/// An IPv4 address in IPv6 clothes is an IPv4 address (RFC 4291 §2.5.5.2).
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(mapped) => mapped.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// An address without the brackets of an IPv6 one.
fn bare(text: &str) -> &str {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    inner.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Url;

    fn covers(list: &str, url: &str) -> bool {
        Bypass::parse(list).covers(&Url::parse(url).unwrap().origin())
    }

    #[test]
    fn ok_what_is_asked_directly() {
        for (list, urls) in [
            ("*", "http://a/ http://[::1]/ http://1.2.3.4:5/"),
            ("b,*", "http://a/"),
            ("example.com", "http://example.com/ http://EXAMPLE.com./ https://www.example.com:8/"),
            (".example.com.", "http://example.com/ http://a.b.example.com/"),
            ("*.example.com", "http://a.example.com/"),
            ("a b\tc,,d , e", "http://a/ http://b/ http://c/ http://d/ http://e/"),
            ("Example.COM:8080", "http://example.com:8080/ http://x.example.com:8080/"),
            ("example.com:443", "https://example.com/"),
            ("127.0.0.1", "http://127.0.0.1:5/ http://0x7f.1/"),
            ("10.0.0.1:80", "http://10.0.0.1/"),
            ("10.0.0.0/8", "http://10.255.1.2/"),
            ("10.1.2.3/31", "http://10.1.2.2/"),
            ("0.0.0.0/0", "http://9.9.9.9/"),
            ("1.2.3.4/32", "http://1.2.3.4/"),
            ("::1", "http://[::1]/ http://[0:0::1]:9/"),
            ("[::1]", "http://[::1]/"),
            ("[::1]:8080", "http://[::1]:8080/"),
            ("fe80::/10", "http://[febf::1]/"),
            ("[fe80::]/10", "http://[fe80::1]/"),
            ("1.2.3.4", "http://[::ffff:1.2.3.4]/"),
            ("::ffff:1.2.3.4", "http://1.2.3.4/"),
        ] {
            for url in urls.split(' ') {
                assert!(covers(list, url), "{} is not covered by {}", url, list);
            }
        }
    }

    #[test]
    fn ok_what_is_not() {
        for (list, urls) in [
            ("", "http://a/"),
            (" , ,", "http://a/"),
            (".", "http://a/ http://a./"),
            ("example.com", "http://nonexample.com/ http://example.com.org/ http://com/"),
            ("example.com:8080", "http://example.com/ http://example.com:8081/"),
            ("example.com:", "http://example.com/"),
            ("example.com:x", "http://example.com/"),
            ("example.com/8", "http://example.com/"),
            ("10.0.0.0/8", "http://11.0.0.1/ http://10.example/ http://[::1]/"),
            ("10.0.0.0/33", "http://10.0.0.0/"),
            ("10.0.0.0/-1", "http://10.0.0.0/"),
            ("10.0.0.0/", "http://10.0.0.0/"),
            ("127.0.0.1", "http://127.0.0.2/ http://127.0.0.1.example/"),
            ("0.1", "http://127.0.0.1/"),
            ("::/129", "http://[::1]/"),
            ("fe80::/10", "http://[fec0::1]/"),
            ("::1", "http://[::2]/"),
            ("localhost", "http://127.0.0.1/"),
        ] {
            for url in urls.split(' ') {
                assert!(!covers(list, url), "{} is covered by {}", url, list);
            }
        }
    }

    #[test]
    fn ok_this_host_if_asked_for() {
        let bypass = Bypass::parse("").and_loopback();
        for (url, expected) in [
            ("http://localhost/", true),
            ("http://a.localhost:8/", true),
            ("http://127.8.9.1/", true),
            ("http://[::1]/", true),
            ("http://localhost.example/", false),
            ("http://10.0.0.1/", false),
        ] {
            let origin = Url::parse(url).unwrap().origin();
            assert_eq!(bypass.covers(&origin), expected, "{}", url);
        }
    }
}
