//! `--resolve`, `--connect-to`, `--unix-socket`, `-4`/`-6` and proxies: where connections really go.
//!
//! A route is a value that says so; its connector wraps the library's own. The request itself never
//! changes: `Host` stays what the URL says.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use pannier::http::{token, Host, Origin, Url};
use pannier::net::{
    AddressPolicy, CancelToken, Connect, Deadline, Dialing, Family, Resolve, SystemResolver,
    TcpConnect, Transport,
};
use pannier::Proxy;

use crate::exit::{self, Failure};
use crate::operation::{Operation, UnixPath};
use crate::pace::Paced;
use crate::proxy::Proxies;

/// Where connections go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    unix: Option<UnixPath>,
    only: Option<Family>,
    public_only: bool,
    hosts: Vec<KnownHost>,
    rules: Vec<Rule>,
    proxies: Proxies,
}

/// `--resolve`: the addresses of a host on a port. No addresses: the system's again.
#[derive(Clone, Debug, PartialEq, Eq)]
struct KnownHost {
    /// `None` is any.
    host: Option<String>,
    port: u16,
    addresses: Vec<IpAddr>,
}

/// `--connect-to`: empty parts match everything, or change nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    from_host: Option<Host>,
    from_port: Option<u16>,
    to_host: Option<Host>,
    to_port: Option<u16>,
}

impl Route {
    /// The route that the options ask for.
    pub fn new(op: &Operation) -> Result<Route, Failure> {
        let bad = |option: &str, text: &str| {
            let message = format!("Couldn't parse the {} entry '{}'", option, text);
            Failure::new(exit::BAD_OPTION_SYNTAX, message)
        };
        let mut route = Route {
            unix: op.unix.clone(),
            only: Some(op.family).filter(|&family| family != Family::Any),
            public_only: op.public_only,
            proxies: Proxies::new(op)?,
            ..Route::default()
        };
        for entry in &op.resolve {
            route.hosts.push(KnownHost::parse(entry).ok_or_else(|| bad("--resolve", entry))?);
        }
        for entry in &op.connect_to {
            let text = String::from_utf8_lossy(entry);
            route.rules.push(Rule::parse(&text).ok_or_else(|| bad("--connect-to", &text))?);
        }
        Ok(route)
    }

    /// The rules of `--connect-to` gone, if none of them moves this origin.
    pub fn simplified(mut self, origin: &Origin) -> Route {
        if self.moved(origin).is_none() {
            self.rules.clear();
        }
        self
    }

    /// Its proxies, as the library has them.
    pub fn proxy(&self) -> Result<Proxy, Failure> {
        self.proxies.proxy()
    }

    /// What is connected to for this URL, and whether that is a proxy, as an error names it.
    pub fn target(&self, url: &Url) -> (Origin, bool) {
        let origin = url.origin();
        match self.first_hop(url) {
            Some(hop) => (hop, true),
            None => (self.moved(&origin).unwrap_or(origin), false),
        }
    }

    /// Is it a proxy that reads the requests to this URL?
    pub fn forwards(&self, url: &Url) -> bool {
        self.proxies.forwards()
            && self.moved(&url.origin()).is_none()
            && self.first_hop(url).is_some()
    }

    fn first_hop(&self, url: &Url) -> Option<Origin> {
        self.proxy().ok()?.first_hop(url)
    }

    /// The connector that goes this way, at no more than so many bytes per second.
    pub fn connector(&self, rate: Option<u64>) -> Routed {
        let family = self.only.unwrap_or(Family::Any);
        let hosts = Hosts { known: self.hosts.clone(), system: SystemResolver::new() };
        let guard = match self.public_only {
            true => AddressPolicy::public_only(),
            false => AddressPolicy::any(),
        };
        let tcp = TcpConnect::new().family(family).resolver(Arc::new(hosts)).guard(guard);
        Routed { route: self.clone(), tcp, rate }
    }

    /// The origin that the first rule for this one leads to, if that is another.
    fn moved(&self, origin: &Origin) -> Option<Origin> {
        let rule = self.rules.iter().find(|rule| rule.matches(origin))?;
        let host = rule.to_host.as_ref().unwrap_or_else(|| origin.host());
        let port = rule.to_port.unwrap_or_else(|| origin.port());
        let moved = Origin::new(origin.scheme(), host.clone(), port);
        Some(moved).filter(|moved| moved != origin)
    }
}

/// A connector that goes by a route.
#[derive(Debug)]
pub struct Routed {
    route: Route,
    tcp: TcpConnect,
    rate: Option<u64>,
}

impl Connect for Routed {
    fn connect(&self, dialing: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
        let transport = self.dial(dialing)?;
        Ok(match self.rate {
            Some(rate) => Box::new(Paced::new(transport, rate)),
            None => transport,
        })
    }

    fn resolve(&self, dialing: Dialing<'_>) -> io::Result<Vec<SocketAddr>> {
        self.tcp.resolve(dialing)
    }

    fn elsewhere(&self, origin: &Origin) -> Option<Origin> {
        self.route.moved(origin)
    }

    fn is_immediate(&self, origin: &Origin) -> bool {
        let moved = self.route.moved(origin);
        self.route.unix.is_some() || self.tcp.is_immediate(moved.as_ref().unwrap_or(origin))
    }
}

impl Routed {
    fn dial(&self, dialing: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
        if let Some(path) = &self.route.unix {
            return unix::connect(path, dialing);
        }
        let origin = dialing.origin;
        // An address is not looked up, so `--resolve` for one is obeyed here.
        let known = origin.host().ip().and_then(|address| {
            let addresses = known_addresses(&self.route.hosts, &address.to_string(), origin.port());
            addresses
                .first()
                .map(|&address| Origin::new(origin.scheme(), host(address), origin.port()))
        });
        let origin = known.as_ref().unwrap_or(origin);
        let Dialing { deadline, cancel, progress, .. } = dialing;
        self.tcp.connect(Dialing { origin, deadline, cancel, progress: &mut |step| progress(step) })
    }
}

/// Names looked up in a table first.
#[derive(Debug)]
struct Hosts {
    known: Vec<KnownHost>,
    system: SystemResolver,
}

impl Resolve for Hosts {
    fn resolve(
        &self,
        host: &str,
        port: u16,
        deadline: Deadline,
        cancel: Option<&CancelToken>,
    ) -> io::Result<Vec<SocketAddr>> {
        match known_addresses(&self.known, host, port) {
            [] => self.system.resolve(host, port, deadline, cancel),
            found => Ok(found.iter().map(|&address| (address, port).into()).collect()),
        }
    }
}

/// A later entry replaces an earlier one, and a name comes before `*`.
fn known_addresses<'a>(known: &'a [KnownHost], host: &str, port: u16) -> &'a [IpAddr] {
    let named = |entry: &&KnownHost| {
        entry.host.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(host))
            && entry.port == port
    };
    let any = |entry: &&KnownHost| entry.host.is_none() && entry.port == port;
    let found = known.iter().rev().find(named).or_else(|| known.iter().rev().find(any));
    found.map_or(&[], |entry| &entry.addresses)
}

impl KnownHost {
    /// `[+]HOST:PORT:ADDRESS[,ADDRESS]…` or `-HOST:PORT`.
    fn parse(entry: &str) -> Option<KnownHost> {
        let removed = entry.strip_prefix('-');
        let text = removed.unwrap_or_else(|| entry.strip_prefix('+').unwrap_or(entry));
        let (host, rest) = host_part(text)?;
        let (port, addresses) = match removed {
            Some(_) => (rest, ""),
            None => rest.split_once(':')?,
        };
        let addresses = addresses.split(',').filter(|_| removed.is_none()).map(|address| {
            let bare = address.strip_prefix('[').and_then(|address| address.strip_suffix(']'));
            bare.unwrap_or(address).parse().ok()
        });
        Some(KnownHost {
            host: Some(host.to_owned()).filter(|host| host != "*"),
            port: port_number(port)?,
            addresses: addresses.collect::<Option<Vec<IpAddr>>>()?,
        })
    }
}

impl Rule {
    /// `HOST1:PORT1:HOST2:PORT2`.
    fn parse(entry: &str) -> Option<Rule> {
        let (from_host, rest) = host_part(entry)?;
        let (from_port, rest) = rest.split_once(':')?;
        let (to_host, to_port) = host_part(rest)?;
        let host = |text: &str| match text {
            "" => Some(None),
            text => Host::parse(&bracketed(text)).ok().map(Some),
        };
        let port = |text: &str| match text {
            "" => Some(None),
            text => port_number(text).map(Some),
        };
        Some(Rule {
            from_host: host(from_host)?,
            from_port: port(from_port)?,
            to_host: host(to_host)?,
            to_port: port(to_port)?,
        })
    }

    fn matches(&self, origin: &Origin) -> bool {
        self.from_host.as_ref().map_or(true, |host| host == origin.host())
            && self.from_port.map_or(true, |port| port == origin.port())
    }
}

/// The host before the first colon that is not in brackets, and what follows it. The brackets go.
fn host_part(text: &str) -> Option<(&str, &str)> {
    match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            Some((host, rest.strip_prefix(':')?))
        }
        None => text.split_once(':'),
    }
}

fn bracketed(host: &str) -> String {
    match host.contains(':') {
        true => format!("[{}]", host),
        false => host.to_owned(),
    }
}

fn port_number(text: &str) -> Option<u16> {
    token::decimal(text.as_bytes()).and_then(|port| u16::try_from(port).ok())
}

fn host(address: IpAddr) -> Host {
    match address {
        IpAddr::V4(address) => Host::Ipv4(address),
        IpAddr::V6(address) => Host::Ipv6(address),
    }
}

#[cfg(unix)]
mod unix {
    use super::*;
    use pannier::net::UnixConnect;
    use std::os::unix::net::UnixStream;

    pub fn connect(path: &UnixPath, dialing: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
        let connector = match path {
            UnixPath::Named(name) => UnixConnect::new(crate::data::path(name)),
            UnixPath::Abstract(name) => {
                let (shown, name) = (String::from_utf8_lossy(name), name.clone());
                let shown = format!("abstract socket {}", shown);
                UnixConnect::with(shown, move || abstract_socket(&name))
            }
        };
        connector.connect(dialing)
    }

    #[cfg(target_os = "linux")]
    fn abstract_socket(name: &[u8]) -> io::Result<UnixStream> {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::SocketAddr;
        UnixStream::connect_addr(&SocketAddr::from_abstract_name(name)?)
    }

    #[cfg(not(target_os = "linux"))]
    fn abstract_socket(_: &[u8]) -> io::Result<UnixStream> {
        Err(io::Error::new(io::ErrorKind::Unsupported, "this system has no abstract sockets"))
    }
}

#[cfg(not(unix))]
mod unix {
    use super::*;

    pub fn connect(_: &UnixPath, _: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "Unix domain sockets are not supported here",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(resolve: &[&str], connect_to: &[&str]) -> Result<Route, Failure> {
        let mut op = Operation::new();
        // Not those of whoever runs the tests.
        op.proxy = Some(String::new());
        op.resolve = resolve.iter().map(|entry| entry.to_string()).collect();
        op.connect_to = connect_to.iter().map(|entry| entry.as_bytes().to_vec()).collect();
        Route::new(&op)
    }

    fn origin(url: &str) -> Origin {
        Url::parse(url).expect("it is one").origin()
    }

    #[test]
    fn ok_connect_to_goes_elsewhere() {
        for (rule, url, expected) in [
            ("::h:1", "http://a/", "h:1"),
            (":80:h:1", "http://a/", "h:1"),
            (":81:h:1", "http://a/", "a:80"),
            ("a::h:", "http://A:82/", "h:82"),
            ("b::h:", "http://a/", "a:80"),
            ("a:80::8080", "http://a/", "a:8080"),
            ("[fc00::1]:8081:127.0.0.1:1", "http://[fc00::1]:8081/", "127.0.0.1:1"),
            ("10.0.0.1:8081:[::1]:1", "http://10.0.0.1:8081/", "[::1]:1"),
        ] {
            let route = route(&[], &[rule]).unwrap_or_else(|f| panic!("{}", f.message));
            let url = Url::parse(url).expect("it is one");
            let (target, _) = route.target(&url);
            assert_eq!(format!("{}:{}", target.host(), target.port()), expected, "{}", rule);
        }
        assert_eq!(route(&[], &["a:b"]).map_err(|f| f.code), Err(49));
        assert_eq!(route(&[], &["::h:99999"]).map_err(|f| f.code), Err(49));
    }

    #[test]
    fn ok_rules_without_effect_do_not_part_connections() {
        let plain = route(&[], &[]).expect("nothing to parse");
        let same = route(&[], &["::a:80"]).expect("a rule");
        assert_eq!(same.clone().simplified(&origin("http://a/")), plain);
        assert_eq!(same.clone().simplified(&origin("http://b/")), same);
    }

    #[test]
    fn ok_known_hosts() {
        let entries = ["*:80:1.1.1.1", "a:80:2.2.2.2,[::1]", "b:80:3.3.3.3", "-b:80", "+c:81:::2"];
        let route = route(&entries, &[]).unwrap_or_else(|f| panic!("{}", f.message));
        for (host, port, expected) in [
            ("A", 80, "[2.2.2.2, ::1]"),
            ("x", 80, "[1.1.1.1]"),
            ("b", 80, "[]"),
            ("c", 81, "[::2]"),
            ("c", 82, "[]"),
        ] {
            let found = known_addresses(&route.hosts, host, port);
            assert_eq!(format!("{:?}", found), expected, "{}:{}", host, port);
        }
    }

    #[test]
    fn err_entries_of_no_known_form() {
        for entry in
            ["foo", "80:example.com:127.0.0.1", "a:80", "a:80:b", "a:80:", "a:+80:1.1.1.1", "-a"]
        {
            assert_eq!(route(&[entry], &[]).map_err(|f| f.code), Err(49), "{}", entry);
        }
    }

    #[cfg(target_os = "linux")]
    mod abstract_sockets {
        use super::*;
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::{SocketAddr, UnixListener};
        use std::time::{Duration, Instant};

        fn dial(name: &str, deadline: Deadline) -> io::Result<Box<dyn Transport>> {
            unix::connect(
                &UnixPath::Abstract(name.into()),
                Dialing {
                    origin: &pannier::http::Url::parse("http://a/").unwrap().origin(),
                    deadline,
                    cancel: None,
                    progress: &mut |_| {},
                },
            )
        }

        #[test]
        fn ok_and_err_an_abstract_socket_is_dialled_within_its_deadline_and_named() {
            let name = format!("pannier-{}", std::process::id());
            let after = |time| Deadline::after(Instant::now(), Duration::from_millis(time));
            let shown = format!("cannot connect to abstract socket {}: ", name);
            let missing = dial(&name, after(20_000)).unwrap_err();
            assert_eq!(missing.kind(), io::ErrorKind::ConnectionRefused);
            assert!(missing.to_string().starts_with(&shown), "{}", missing);
            let address = SocketAddr::from_abstract_name(&name).unwrap();
            let listener = UnixListener::bind_addr(&address).unwrap();
            dial(&name, after(20_000)).unwrap();
            // Nobody accepts, so that the queue is full in the end.
            let mut waiting = Vec::new();
            let error = loop {
                match dial(&name, after(100)) {
                    Ok(transport) => waiting.push(transport),
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{}", error);
            assert!(error.to_string().starts_with(&shown), "{}", error);
            drop(listener);
        }
    }
}
