//! The proxies of a transfer: those of the options, or else of the environment, with curl's defaults.

use std::env;

use pannier::http::{percent, Url};
pub use pannier::Proxy;
use pannier::{ClientBuilder, Protocol};

use super::Kind;
use crate::exit::{self, Failure};
use crate::login::{self, Schemes, User};
use crate::operation::Operation;
use crate::request::{self, Custom};

/// The proxies of a transfer. Two transfers with the same may share connections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    main: Option<Server>,
    /// `--preproxy`
    before: Option<String>,
    no_proxy: String,
    /// How user and password are shown.
    schemes: Schemes,
    tunnels: bool,
    http10: bool,
    fields: Vec<(String, Vec<u8>)>,
}

/// What `-x` or a variable of the environment names.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Server {
    /// Without userinfo, and with the port.
    url: String,
    forwards: bool,
    user: Option<User>,
}

impl Proxies {
    /// Those that the options ask for, or else the environment.
    pub fn new(op: &Operation) -> Result<Proxies, Failure> {
        Proxies::from(op, |name| Some(env::var_os(name)?.to_string_lossy().into_owned()))
    }

    fn from(op: &Operation, var: impl Fn(&str) -> Option<String>) -> Result<Proxies, Failure> {
        // What is behind a Unix socket is no proxy's business.
        if op.unix.is_some() {
            return Ok(Proxies::default());
        }
        let first = |names: &[&str]| {
            names.iter().find_map(|name| var(name).filter(|value| !value.is_empty()))
        };
        let before = match op.proxy.before.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => Some(Server::parse(text, Kind::Socks4)?),
            None => None,
        };
        let main = match op.proxy.named.clone() {
            Some(text) => Some(text),
            None => first(&["http_proxy", "all_proxy", "ALL_PROXY"]),
        };
        let mut main = match main.filter(|text| !text.is_empty()) {
            Some(text) => Some(Server::parse(&text, op.proxy.kind)?),
            None => None,
        };
        if let (Some(Server { user: user @ None, .. }), Some(given)) = (&mut main, &op.proxy.user) {
            *user = Some(login::user_and_password(given));
        }
        let (main, before) = match main {
            None => (before, None),
            main => (main, before.map(|before| before.with_user())),
        };
        let no_proxy = op.proxy.no_proxy.clone();
        Ok(Proxies {
            main,
            before,
            no_proxy: no_proxy.or_else(|| first(&["no_proxy", "NO_PROXY"])).unwrap_or_default(),
            schemes: op.proxy.schemes,
            tunnels: op.proxy.tunnel,
            http10: op.proxy.kind == Kind::Http10,
            fields: fields(op)?,
        })
    }

    /// As the library has them.
    pub fn proxy(&self) -> Result<Proxy, Failure> {
        let Some(main) = &self.main else { return Ok(Proxy::none()) };
        let bad = |error: pannier::Error| bad_syntax(&error.to_string());
        let mut proxy = Proxy::none().for_http(&main.url).map_err(bad)?.no_proxy(&self.no_proxy);
        if let Some((user, password)) = main.user.clone() {
            proxy = proxy.credentials(self.schemes.kind()(user, password));
        }
        if let Some(before) = &self.before {
            proxy = proxy.reached_through(before).map_err(bad)?;
        }
        for (name, value) in &self.fields {
            let added = proxy.header(name, value);
            proxy = added.map_err(|error| Failure::new(exit::BAD_ARGUMENT, error.to_string()))?;
        }
        let protocol = if self.http10 { Protocol::Http10 } else { Protocol::Http11 };
        Ok(proxy.tunnel_http(self.tunnels).protocol(protocol))
    }

    /// Does a proxy read the request itself, if nothing else asks for a tunnel?
    pub fn forwards(&self) -> bool {
        !self.tunnels && self.main.as_ref().is_some_and(|main| main.forwards)
    }
}

impl Server {
    fn parse(text: &str, kind: Kind) -> Result<Server, Failure> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let (scheme, port) = match scheme.to_ascii_lowercase().as_str() {
            "http" => (kind.scheme(), SOCKS),
            "https" => ("https", 443),
            "socks4" | "socks" => ("socks4", SOCKS),
            "socks4a" => ("socks4a", SOCKS),
            "socks5" => ("socks5", SOCKS),
            "socks5h" => ("socks5h", SOCKS),
            _ => {
                let message = "Unsupported proxy scheme, of http, https, socks4, socks4a, socks5 \
                               and socks5h it is none";
                return Err(Failure::new(exit::NOT_CONNECTED, message));
            }
        };
        let url = Url::parse(&format!("http://{}", rest));
        let url = url.map_err(|error| bad_syntax(&error.to_string()))?;
        let port = if names_port(rest) { url.port() } else { port };
        let user = (!url.username().is_empty() || url.password().is_some()).then(|| {
            (percent::decode(url.username()), percent::decode(url.password().unwrap_or_default()))
        });
        Ok(Server {
            url: format!("{}://{}:{}", scheme, url.host_str(), port),
            forwards: matches!(scheme, "http" | "https"),
            user,
        })
    }

    /// Its URL with userinfo.
    fn with_user(&self) -> String {
        let Some((user, password)) = &self.user else { return self.url.clone() };
        let (scheme, rest) = self.url.split_once("://").unwrap_or_default();
        let encode = |bytes: &[u8]| percent::encode(bytes, percent::COMPONENT);
        format!("{}://{}:{}@{}", scheme, encode(user), encode(password), rest)
    }
}

impl Kind {
    fn scheme(self) -> &'static str {
        match self {
            Kind::Http | Kind::Http10 => "http",
            Kind::Socks4 => "socks4",
            Kind::Socks4a => "socks4a",
            Kind::Socks5 => "socks5",
            Kind::Socks5h => "socks5h",
        }
    }
}

/// A client that goes by it.
pub fn give(builder: ClientBuilder, proxy: Proxy) -> ClientBuilder {
    builder.proxy(proxy)
}

/// What is for the proxy: curl's own fields, unless `--proxy-header` speaks of them, and those of
/// `--proxy-header`. `User-Agent` and `Proxy-Connection` go with CONNECT only.
fn fields(op: &Operation) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let given = request::custom_lines(&op.proxy.headers)?;
    let own = |name: &str, value: &[u8]| {
        let is_given = given.iter().any(|line| line.name().eq_ignore_ascii_case(name));
        (!is_given && !value.is_empty()).then(|| (name.to_owned(), value.to_vec()))
    };
    let agent = op.user_agent.as_deref().unwrap_or(request::USER_AGENT.as_bytes());
    let own = [own("User-Agent", agent), own("Proxy-Connection", b"Keep-Alive")];
    let given = given.iter().filter_map(|line| match line {
        Custom::Set(name, value) => Some((name.clone(), value.clone())),
        Custom::Remove(_) => None,
    });
    Ok(own.into_iter().flatten().chain(given).collect())
}

/// Is a port written behind the host?
fn names_port(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let behind = host.rsplit(']').next().unwrap_or_default();
    behind.split_once(':').is_some_and(|(_, port)| !port.is_empty())
}

fn bad_syntax(error: &str) -> Failure {
    Failure::new(exit::UNRESOLVED_PROXY, format!("Unsupported proxy syntax: {}", error))
}

/// The port of any proxy but `https`, if none is named.
const SOCKS: u16 = 1080;
