//! What of a request decides about cookies: the RFC's request-uri, with the rules by which hosts and
//! paths match (RFC 6265bis §5.1.3 and §5.1.4).

use std::borrow::Cow;

use crate::http::{Host, Scheme, Url};

/// Where a request goes, as far as cookies are concerned.
pub(super) struct RequestUri<'a> {
    /// An IPv6 address without brackets.
    pub(super) host: Cow<'a, str>,
    pub(super) is_ip: bool,
    pub(super) path: &'a str,
    /// Is it secured, or does it never leave this machine?
    pub(super) secure: bool,
}

impl<'a> RequestUri<'a> {
    pub(super) fn of(url: &'a Url) -> RequestUri<'a> {
        RequestUri {
            host: url.bare_host_str().into(),
            is_ip: url.host().ip().is_some(),
            path: url.path(),
            secure: url.scheme() == Scheme::Https || url.host().is_loopback(),
        }
    }

    /// That of a request whose `Host` may name another host than its URL: it is the one that is
    /// spoken to. Only if both are this machine, the request does not leave it.
    pub(super) fn addressed(url: &'a Url, host: Option<&[u8]>) -> RequestUri<'a> {
        let uri = RequestUri::of(url);
        let named = host.filter(|&host| host != url.authority().as_bytes()).and_then(named);
        match named {
            None => uri,
            Some(host) => RequestUri {
                host: bare(&host).into(),
                is_ip: host.ip().is_some(),
                secure: url.scheme() == Scheme::Https || uri.secure && host.is_loopback(),
                path: uri.path,
            },
        }
    }

    /// That of a file that may say anything about this domain.
    pub(super) fn trusted(domain: &str) -> Option<RequestUri<'a>> {
        let host = host_of(domain)?;
        let is_ip = host.ip().is_some();
        Some(RequestUri { host: bare(&host).into(), is_ip, path: "/", secure: true })
    }

    /// RFC 6265bis §5.1.4: the path up to the last slash, without it.
    pub(super) fn default_path(&self) -> &'a str {
        match self.path.rfind('/') {
            None | Some(0) => "/",
            Some(end) => &self.path[..end],
        }
    }
}

/// RFC 6265bis §5.1.3. The string is no address: those match as a whole or not at all.
pub(super) fn domain_matches(string: &str, domain: &str) -> bool {
    let (string, domain) = (string.as_bytes(), domain.as_bytes());
    match string.len().checked_sub(domain.len()) {
        None => false,
        Some(0) => string.eq_ignore_ascii_case(domain),
        Some(at) => string[at - 1] == b'.' && string[at..].eq_ignore_ascii_case(domain),
    }
}

/// RFC 6265bis §5.1.4.
pub(super) fn path_matches(request_path: &str, cookie_path: &str) -> bool {
    match request_path.strip_prefix(cookie_path) {
        None => false,
        Some(rest) => rest.is_empty() || rest.starts_with('/') || cookie_path.ends_with('/'),
    }
}

/// The host that is written so, if it is the canonical way but for case.
pub(super) fn host_of(domain: &str) -> Option<Host> {
    let host = match domain.contains(':') {
        true => Host::parse(&format!("[{}]", domain)),
        false => Host::parse(domain),
    };
    host.ok().filter(|host| bare(host).eq_ignore_ascii_case(domain))
}

/// The host of a `Host` field.
fn named(field: &[u8]) -> Option<Host> {
    let text = std::str::from_utf8(field).ok()?;
    let host = match text.rfind(':') {
        Some(colon) if !text.ends_with(']') => &text[..colon],
        _ => text,
    };
    Host::parse(host).ok()
}

fn bare(host: &Host) -> String {
    match host {
        Host::Ipv6(address) => address.to_string(),
        host => host.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("it is one")
    }

    #[test]
    fn ok_default_paths() {
        // RFC 6265bis §5.1.4
        for (path, expected) in [
            ("/", "/"),
            ("/a", "/"),
            ("/a/", "/a"),
            ("/a/b", "/a"),
            ("/a/b/", "/a/b"),
            ("//", "/"),
            ("/a//b", "/a/"),
            ("/a?b/c", "/"),
        ] {
            let url = url(&format!("http://example.com{}", path));
            assert_eq!(RequestUri::of(&url).default_path(), expected, "{}", path);
        }
    }

    #[test]
    fn ok_paths_match_at_slashes_only() {
        // RFC 6265bis §5.1.4
        for (request, cookie, expected) in [
            ("/a", "/a", true),
            ("/a/", "/a", true),
            ("/a/b", "/a", true),
            ("/a/b", "/a/", true),
            ("/a", "/a/", false),
            ("/ab", "/a", false),
            ("/ab", "/a/", false),
            ("/A", "/a", false),
            ("/", "/a", false),
            ("/a", "/", true),
            ("/", "/", true),
            ("/a//b", "/a/", true),
            ("/%61", "/a", false),
        ] {
            assert_eq!(path_matches(request, cookie), expected, "{} {}", request, cookie);
        }
    }

    #[test]
    fn ok_domains_match_at_labels_only() {
        // RFC 6265bis §5.1.3
        for (string, domain, expected) in [
            ("example.com", "example.com", true),
            ("EXAMPLE.com", "example.COM", true),
            ("www.example.com", "example.com", true),
            ("a.b.example.com", "example.com", true),
            ("example.com", "www.example.com", false),
            ("badexample.com", "example.com", false),
            ("example.com.", "example.com", false),
            ("example.com", "example.com.", false),
            ("example.com", "", false),
            ("example.com", "com", true),
            ("example.com", ".com", false),
        ] {
            assert_eq!(domain_matches(string, domain), expected, "{} {}", string, domain);
        }
    }

    #[test]
    fn ok_the_host_field_says_who_is_spoken_to() {
        for (address, field, host, secure) in [
            ("http://a.test/", None, "a.test", false),
            ("https://a.test/", None, "a.test", true),
            ("http://a.test:81/", Some("a.test:81"), "a.test", false),
            ("http://127.0.0.1/", Some("B.test:81"), "b.test", false),
            ("http://127.0.0.1/", Some("localhost:81"), "localhost", true),
            ("http://a.test/", Some("localhost"), "localhost", false),
            ("https://a.test/", Some("b.test"), "b.test", true),
            ("http://a.test/", Some("[::1]:81"), "::1", false),
            ("http://a.test/", Some("[::1]"), "::1", false),
            ("http://[0::1]/", None, "::1", true),
            ("http://127.9.9.9/", None, "127.9.9.9", true),
            ("http://localhost/", None, "localhost", true),
            ("http://a.localhost/", None, "a.localhost", true),
            ("http://localhost.a.test/", None, "localhost.a.test", false),
            ("http://a.test/", Some(""), "a.test", false),
            ("http://a.test/", Some("b c"), "a.test", false),
        ] {
            let url = url(address);
            let uri = RequestUri::addressed(&url, field.map(str::as_bytes));
            assert_eq!((&*uri.host, uri.secure), (host, secure), "{} {:?}", address, field);
        }
    }

    #[test]
    fn ok_and_err_domains_of_files() {
        for (domain, expected) in [
            ("example.com", true),
            ("EXAMPLE.com", true),
            ("a_b.test", true),
            ("domain..tld", true),
            ("127.0.0.1", true),
            ("::1", true),
            ("0:0::1", false),
            ("[::1]", false),
            ("127.1", false),
            ("%65xample.com", false),
            ("b\u{fc}cher.test", false),
            ("a b", false),
            ("a:80", false),
            ("", false),
        ] {
            assert_eq!(host_of(domain).is_some(), expected, "{}", domain);
        }
    }
}
