//! `--resolve`, `--connect-to`, `--unix-socket`, `--interface`, `-4`/`-6` and proxies: where connections
//! really go.
//!
//! A route is a value that says so; its connector wraps the library's own. The request itself never
//! changes: `Host` stays what the URL says.

mod entries;
mod hosts;
mod local;
mod unix;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use pannier::http::{Host, Origin, Url};
use pannier::net::{AddressPolicy, Connect, Dialing, Family, Step, TcpConnect, Transport};

use crate::exit::{self, Failure};
use crate::operation::{Operation, UnixPath};
use crate::pace::Paced;
use crate::proxy::{Proxies, Proxy};

use self::entries::{known_addresses, KnownHost, Rule};
use self::hosts::Hosts;
pub use self::local::Elsewhere;
use self::local::Local;

/// Where connections go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    unix: Option<UnixPath>,
    local: Option<Local>,
    only: Option<Family>,
    public_only: bool,
    stagger: Option<Duration>,
    hosts: Vec<KnownHost>,
    rules: Vec<Rule>,
    proxies: Proxies,
}

impl Route {
    /// The route that the options ask for.
    pub fn new(op: &Operation) -> Result<Route, Failure> {
        let bad = |option: &str, text: &str| {
            let message = format!("Couldn't parse the {} entry '{}'", option, text);
            Failure::new(exit::BAD_OPTION_SYNTAX, message)
        };
        let local = op.interface.as_deref().map(Local::find).transpose()?;
        let asked = Some(op.family).filter(|&family| family != Family::Any);
        let mut route = Route {
            unix: op.unix.clone(),
            only: asked.or_else(|| local.as_ref().and_then(Local::family)),
            local,
            public_only: op.public_only,
            stagger: op.stagger,
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
        let hosts = Hosts::new(self.hosts.clone());
        let guard = match self.public_only {
            true => AddressPolicy::public_only(),
            false => AddressPolicy::any(),
        };
        let tcp = TcpConnect::new().family(family).resolver(Arc::new(hosts)).guard(guard);
        let tcp = match self.stagger {
            Some(stagger) => tcp.stagger(stagger),
            None => tcp,
        };
        Routed { route: self.clone(), tcp, rate }
    }

    /// The origin that the first rule for this one leads to, if that is another.
    fn moved(&self, origin: &Origin) -> Option<Origin> {
        let moved = self.rules.iter().find_map(|rule| rule.moved(origin))?;
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
        let progress = &mut |step: Step<'_>| progress(step);
        let transport = self.tcp.connect(Dialing { origin, deadline, cancel, progress })?;
        if let Some(local) = &self.route.local {
            local.check(transport.local_addr())?;
        }
        Ok(transport)
    }
}

fn host(address: IpAddr) -> Host {
    match address {
        IpAddr::V4(address) => Host::Ipv4(address),
        IpAddr::V6(address) => Host::Ipv6(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(resolve: &[&str], connect_to: &[&str]) -> Result<Route, Failure> {
        let mut op = Operation::new();
        // Not those of whoever runs the tests.
        op.proxy.named = Some(String::new());
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
            ("::h.2050:1", "http://a/", "h.2050:1"),
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
    fn ok_addresses_are_tried_one_by_one_for_as_long_as_asked() {
        let mut op = Operation::new();
        op.proxy.named = Some(String::new());
        for (stagger, expected) in [(None, "stagger: 250ms,"), (Some(7), "stagger: 7ms,")] {
            op.stagger = stagger.map(Duration::from_millis);
            let route = Route::new(&op).unwrap_or_else(|f| panic!("{}", f.message));
            let connector = format!("{:?}", route.connector(None).tcp);
            assert!(connector.contains(expected), "{}", connector);
        }
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
}
