//! Through which proxy a request goes, if through any: a policy that is a value.
//!
//! Asked once for each request, and again after each redirect. What is read from the environment is
//! what other clients read: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in lower or upper
//! case, but for `HTTP_PROXY`: in a CGI program that is the request's field `Proxy`, which anybody may
//! send (CVE-2016-5385).

mod bypass;
mod server;

use std::borrow::Cow;
use std::env;
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::http::{Headers, Origin, Scheme, Url};
use crate::net::Connect;

use self::bypass::Bypass;
pub(super) use self::server::{Kind, Names, Server};
use super::auth::Credentials;
use super::protocol::Protocol;
use super::request::{invalid, Request};
use super::route::Way;

/// Which proxies are used, and how.
///
/// A proxy is named by `[scheme://][user[:password]@]host[:port]`. The schemes are
///
/// | scheme | the proxy | port where none is named |
/// |---|---|---|
/// | `http`, or none | forwards `http` requests; for `https`, opens a tunnel by CONNECT | 80 |
/// | `https` | the same, spoken to by TLS: needs a [`Tls`](crate::net::Tls) | 443 |
/// | `socks4`, `socks5` | connects to addresses, so names are looked up here | 1080 |
/// | `socks4a`, `socks5h` | connects to names, which it looks up itself | 1080 |
///
/// Requests that are forwarded have the absolute form (RFC 9112 §3.2.2); tunnels are those of RFC 9110
/// §9.3.6, SOCKS 5 is RFC 1928 with the passwords of RFC 1929.
///
/// A client that is not told otherwise does as the [environment](Proxy::from_env) says. What a proxy
/// refuses is an error of kind [`ErrorKind::Proxy`]; no request is ever sent around a proxy that was
/// to be used. Its credentials go to the proxy alone, and no origin's go to it but with the requests
/// that it forwards.
///
/// ```
/// use pannier::http::Url;
/// use pannier::{Client, Proxy};
///
/// let proxy = Proxy::new("http://user:secret@proxy.example:3128")?
///     .for_https("socks5h://socks.example")?
///     .no_proxy("localhost, .internal, 10.0.0.0/8");
/// let hop = |url| proxy.first_hop(&Url::parse(url).unwrap()).map(|origin| origin.to_string());
/// assert_eq!(hop("http://example.com/").unwrap(), "http://proxy.example:3128");
/// assert_eq!(hop("https://example.com/").unwrap(), "http://socks.example:1080");
/// assert_eq!(hop("http://10.1.2.3/"), None);
/// let client = Client::builder().proxy(proxy).build();
/// # Ok::<(), pannier::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Proxy {
    http: Rule,
    https: Rule,
    bypass: Bypass,
    credentials: Option<Credentials>,
    before: Option<Arc<Server>>,
    tunnels_http: bool,
    pub(super) protocol: Protocol,
    /// What the proxy alone gets, besides its credentials.
    pub(super) headers: Headers,
    /// Which of these nobody is told.
    pub(super) sensitive: Vec<String>,
}

/// What becomes of the requests of one scheme.
#[derive(Clone, Debug, Default)]
enum Rule {
    #[default]
    Direct,
    Via(Arc<Server>),
    /// The environment names what is no proxy.
    Faulty(Arc<str>),
}

impl Proxy {
    /// No proxy, whatever the environment says.
    pub fn none() -> Proxy {
        Proxy::default()
    }

    /// This proxy for all requests.
    ///
    /// # Errors
    /// [`ErrorKind::Proxy`] if this is no proxy's URL.
    pub fn new(url: &str) -> Result<Proxy> {
        let rule = Rule::Via(Arc::new(Server::parse(url)?));
        Ok(Proxy { http: rule.clone(), https: rule, ..Proxy::none() })
    }

    /// The proxies that the environment names: `http_proxy` for `http`; `https_proxy` or `HTTPS_PROXY`
    /// for `https`; `all_proxy` or `ALL_PROXY` for what has none of its own; and none for what
    /// `no_proxy` or `NO_PROXY` names and for this host itself. An empty variable is none.
    ///
    /// This is the default of a client that makes its connections by TCP. It reads the variables once,
    /// when it is built. If one that applies to a request is no proxy's URL, the request fails.
    pub fn from_env() -> Proxy {
        Proxy::from_vars(|name| env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// The same with variables that come from `var`.
    ///
    /// ```
    /// use pannier::http::Url;
    /// use pannier::Proxy;
    /// let proxy = Proxy::from_vars(|name| match name {
    ///     "http_proxy" => Some("proxy.example:3128".into()),
    ///     "no_proxy" => Some("example.org".into()),
    ///     _ => None,
    /// });
    /// assert!(proxy.first_hop(&Url::parse("http://example.com/").unwrap()).is_some());
    /// assert!(proxy.first_hop(&Url::parse("http://example.org/").unwrap()).is_none());
    /// ```
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Proxy {
        let first = |names: &[&str]| {
            names.iter().find_map(|name| var(name).filter(|value| !value.is_empty()))
        };
        let rule = |names: &[&str]| match first(names).map(|url| Server::parse(&url)) {
            None => Rule::Direct,
            Some(Ok(server)) => Rule::Via(Arc::new(server)),
            Some(Err(error)) => Rule::Faulty(error.to_string().into()),
        };
        let direct = first(&["no_proxy", "NO_PROXY"]).unwrap_or_default();
        Proxy {
            http: rule(&["http_proxy", "all_proxy", "ALL_PROXY"]),
            https: rule(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            bypass: Bypass::parse(&direct).and_loopback(),
            ..Proxy::none()
        }
    }

    /// This proxy for `http` requests.
    ///
    /// # Errors
    /// [`ErrorKind::Proxy`] if this is no proxy's URL.
    pub fn for_http(mut self, url: &str) -> Result<Proxy> {
        self.http = Rule::Via(Arc::new(Server::parse(url)?));
        Ok(self.complete())
    }

    /// This proxy for `https` requests.
    ///
    /// # Errors
    /// [`ErrorKind::Proxy`] if this is no proxy's URL.
    pub fn for_https(mut self, url: &str) -> Result<Proxy> {
        self.https = Rule::Via(Arc::new(Server::parse(url)?));
        Ok(self.complete())
    }

    /// Which hosts are asked directly, in place of those that were named before: a list, divided by
    /// commas or white space, of names, which stand for all below them too, of IPv4 and IPv6 addresses
    /// and of ranges of them, such as `10.0.0.0/8`. A name or an address may have a port behind it. `*`
    /// is every host.
    #[must_use]
    pub fn no_proxy(mut self, list: &str) -> Proxy {
        self.bypass = Bypass::parse(list);
        self
    }

    /// What is shown to proxies whose URLs name no user. A name and a password are for SOCKS proxies
    /// too, whatever scheme of HTTP they are meant for.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Proxy {
        self.credentials = Some(credentials);
        self.complete()
    }

    /// The proxies are reached through this one, which is mostly SOCKS. It has its own credentials, in
    /// its URL.
    ///
    /// # Errors
    /// [`ErrorKind::Proxy`] if this is no proxy's URL.
    pub fn reached_through(mut self, url: &str) -> Result<Proxy> {
        self.before = Some(Arc::new(Server::parse(url)?));
        Ok(self.complete())
    }

    /// Has `http` requests go through tunnels as well, so that the proxy only passes bytes on. Off.
    #[must_use]
    pub fn tunnel_http(mut self, on: bool) -> Proxy {
        self.tunnels_http = on;
        self
    }

    /// The protocol in which a tunnel is asked for. Default HTTP/1.1.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> Proxy {
        self.protocol = protocol;
        self
    }

    /// A field for the proxy: sent with CONNECT, and with those requests it forwards that have no such
    /// field themselves. Of `User-Agent`, `Host` and `Proxy-Connection` a forwarded request has its own
    /// or none. Never sent to an origin by anyone but the proxy.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] for what is no field.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Result<Proxy> {
        self.headers.append(name, value).map_err(invalid)?;
        Ok(self)
    }

    /// Marks a field for the proxy as secret: observers are not told its value.
    #[must_use]
    pub fn sensitive(mut self, name: &str) -> Proxy {
        self.sensitive.push(name.to_owned());
        self
    }

    /// Where a request to this URL is sent to first: the host and port of a proxy. `None` if it goes to
    /// its origin.
    pub fn first_hop(&self, url: &Url) -> Option<Origin> {
        match self.rule(&url.origin()) {
            Rule::Via(server) => Some(server.first_hop().clone()),
            Rule::Direct | Rule::Faulty(_) => None,
        }
    }

    /// Where connections for this URL lead, made by `connector`.
    pub(super) fn way(&self, url: &Url, connector: &dyn Connect) -> Result<Way> {
        let origin = url.origin();
        match self.rule(&origin) {
            Rule::Direct => Ok(Way::Direct(origin)),
            Rule::Faulty(text) => Err(Error::new(ErrorKind::Proxy).message(&**text)),
            Rule::Via(server) => {
                let tunnels = self.tunnels_http
                    || origin.scheme() == Scheme::Https
                    || connector.elsewhere(&origin).is_some();
                Ok(match server.forwards() && !tunnels {
                    true => Way::Forward(Arc::clone(server)),
                    false => Way::Tunnel(Arc::clone(server), origin),
                })
            }
        }
    }

    /// Adds the fields that are for the proxy to a request that it forwards.
    pub(super) fn dress(&self, dressed: &mut Cow<'_, Request>) -> Result<()> {
        let mut headers = None;
        for (name, value) in self.headers.iter() {
            let own = FOR_CONNECT.iter().any(|other| other.eq_ignore_ascii_case(name));
            if !own && !dressed.headers().contains(name) {
                let headers = headers.get_or_insert_with(|| dressed.headers().clone());
                headers.append(name, value).map_err(invalid)?;
            }
        }
        if let Some(headers) = headers {
            *dressed = Cow::Owned(dressed.changed(|parts| {
                parts.headers = headers;
                parts.sensitive.extend_from_slice(&self.sensitive);
                Ok(())
            })?);
        }
        Ok(())
    }

    fn rule(&self, origin: &Origin) -> &Rule {
        let rule = match origin.scheme() {
            Scheme::Http => &self.http,
            Scheme::Https => &self.https,
        };
        match rule {
            Rule::Direct => rule,
            _ if self.bypass.covers(origin) => &Rule::Direct,
            rule => rule,
        }
    }

    /// Gives the proxies what is said of all of them.
    fn complete(mut self) -> Proxy {
        for rule in [&mut self.http, &mut self.https] {
            if let Rule::Via(server) = rule {
                let server = Arc::make_mut(server);
                if server.credentials.is_none() {
                    server.credentials = self.credentials.clone();
                }
                server.before = self.before.clone();
            }
        }
        self
    }
}

/// Neither credentials nor fields are shown.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("http", &self.http)
            .field("https", &self.https)
            .field("bypass", &self.bypass)
            .finish_non_exhaustive()
    }
}

/// What of the proxy's fields is sent with CONNECT only.
const FOR_CONNECT: [&str; 3] = ["Host", "User-Agent", "Proxy-Connection"];
