//! The entries of `--resolve` and `--connect-to`.

use std::net::IpAddr;

use pannier::http::{token, Host, Origin, Url, UrlLeniency};

/// `--resolve`: the addresses of a host on a port. No addresses: the system's again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownHost {
    /// `None` is any.
    host: Option<String>,
    port: u16,
    addresses: Vec<IpAddr>,
}

/// `--connect-to`: empty parts match everything, or change nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    from_host: Option<Host>,
    from_port: Option<u16>,
    to_host: Option<Host>,
    to_port: Option<u16>,
}

impl KnownHost {
    /// `[+]HOST:PORT:ADDRESS[,ADDRESS]…` or `-HOST:PORT`.
    pub fn parse(entry: &str) -> Option<KnownHost> {
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

/// A later entry replaces an earlier one, and a name comes before `*`.
pub fn known_addresses<'a>(known: &'a [KnownHost], host: &str, port: u16) -> &'a [IpAddr] {
    let named = |entry: &&KnownHost| {
        entry.host.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(host))
            && entry.port == port
    };
    let any = |entry: &&KnownHost| entry.host.is_none() && entry.port == port;
    let found = known.iter().rev().find(named).or_else(|| known.iter().rev().find(any));
    found.map_or(&[], |entry| &entry.addresses)
}

/// A host, which may be a name that ends in a number: whoever connects may know it.
fn host(text: &str) -> Option<Host> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let numeric = || {
        let leniency = UrlLeniency::default().numeric_names(true);
        let url = Url::parse_with(&format!("http://{}/", text), leniency).ok();
        url.filter(|_| text.bytes().all(is_name)).map(|url| url.host().clone())
    };
    Host::parse(&bracketed(text)).ok().or_else(numeric)
}

impl Rule {
    /// `HOST1:PORT1:HOST2:PORT2`.
    pub fn parse(entry: &str) -> Option<Rule> {
        let (from_host, rest) = host_part(entry)?;
        let (from_port, rest) = rest.split_once(':')?;
        let (to_host, to_port) = host_part(rest)?;
        let named = |text: &str| match text {
            "" => Some(None),
            text => host(text).map(Some),
        };
        let port = |text: &str| match text {
            "" => Some(None),
            text => port_number(text).map(Some),
        };
        Some(Rule {
            from_host: named(from_host)?,
            from_port: port(from_port)?,
            to_host: named(to_host)?,
            to_port: port(to_port)?,
        })
    }

    /// Where connections for this origin lead, if the rule is for it.
    pub fn moved(&self, origin: &Origin) -> Option<Origin> {
        self.matches(origin).then(|| {
            let host = self.to_host.as_ref().unwrap_or_else(|| origin.host());
            let port = self.to_port.unwrap_or_else(|| origin.port());
            Origin::new(origin.scheme(), host.clone(), port)
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
