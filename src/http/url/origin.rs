//! What tells one server from another: scheme, host and port (RFC 9110 §4.3.1).

use std::fmt;

use super::Host;

/// `http` or `https`. There are no others here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Cleartext, port 80 by default.
    Http,
    /// Over TLS, port 443 by default.
    Https,
}

impl Scheme {
    /// The scheme in lower case, without the colon.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The port where a URL names none.
    pub const fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Scheme> {
        [Scheme::Http, Scheme::Https]
            .into_iter()
            .find(|scheme| scheme.as_str().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An origin: two URLs of one origin may share connections, credentials and cookies.
///
/// ```
/// use pannier::http::Url;
/// let one = Url::parse("http://example.com/a")?.origin();
/// assert_eq!(one, Url::parse("http://EXAMPLE.com:80/b?c")?.origin());
/// assert_eq!(one.to_string(), "http://example.com");
/// # Ok::<(), pannier::http::UrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: Host,
    port: u16,
}

impl Origin {
    /// The origin of these three.
    pub const fn new(scheme: Scheme, host: Host, port: u16) -> Origin {
        Origin { scheme, host, port }
    }

    /// How it is spoken to.
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Who it is.
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// Where it listens.
    pub const fn port(&self) -> u16 {
        self.port
    }
}

/// `http://host:port`, without a port that is the scheme's default.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        if self.port == self.scheme.default_port() {
            return Ok(());
        }
        write!(f, ":{}", self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_a_default_port_is_left_out() {
        let host = Host::parse("[::1]").unwrap();
        for (scheme, port, text) in [
            (Scheme::Http, 80, "http://[::1]"),
            (Scheme::Http, 443, "http://[::1]:443"),
            (Scheme::Https, 443, "https://[::1]"),
            (Scheme::Https, 80, "https://[::1]:80"),
        ] {
            assert_eq!(Origin::new(scheme, host.clone(), port).to_string(), text);
        }
    }
}
