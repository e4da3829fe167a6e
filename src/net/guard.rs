//! Which addresses may be connected to: a guard against requests that are steered into one's own
//! network (server-side request forgery).
//!
//! Names prove nothing: anyone can have one that leads to 127.0.0.1, and have it lead elsewhere a
//! moment later. So the address is judged, after the lookup, and the address that was judged is the one
//! that is connected to. Redirects need no rule of their own, since they connect like any request; and
//! `0x7f.1` is an address like any other by the time that it comes here.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::{error, fmt, io};

/// Which addresses [`TcpConnect`](super::TcpConnect) may connect to.
///
/// ```
/// use pannier::net::AddressPolicy;
///
/// let policy = AddressPolicy::public_only();
/// assert!(policy.check(([8, 8, 8, 8], 443).into()).is_ok());
/// let refused = policy.check(([169, 254, 169, 254], 80).into()).unwrap_err();
/// assert_eq!(refused.to_string(), "169.254.169.254 is refused: it is link-local");
/// ```
#[derive(Clone, Default)]
pub struct AddressPolicy(Rule);

#[derive(Clone, Default)]
enum Rule {
    #[default]
    Any,
    Known(&'static dyn Guard),
    Own(Arc<dyn Guard>),
}

/// Who judges addresses. A trait so that a program that lets none be judged has neither the registries nor
/// the words for a refusal.
trait Guard: Send + Sync {
    fn name(&self) -> &'static str;

    fn check(&self, address: SocketAddr) -> Result<(), AddressRefused>;

    /// Those that pass, if there are any.
    fn passing(&self, mut addresses: Vec<SocketAddr>) -> io::Result<Vec<SocketAddr>> {
        let mut refused = None;
        addresses.retain(|address| match self.check(*address) {
            Ok(()) => true,
            Err(refusal) => {
                refused.get_or_insert(refusal);
                false
            }
        });
        match refused {
            Some(refused) if addresses.is_empty() => {
                Err(io::Error::new(io::ErrorKind::PermissionDenied, refused))
            }
            _ => Ok(addresses),
        }
    }
}

impl AddressPolicy {
    /// All of them. The default.
    pub const fn any() -> AddressPolicy {
        AddressPolicy(Rule::Any)
    }

    /// Only addresses of the public Internet: not those that the IANA registries of special-purpose
    /// addresses (RFC 6890) give another use, such as loopback, private, shared (carrier-grade NAT),
    /// link-local, multicast, documentation and reserved ones, and of IPv6 only what is assigned for
    /// global unicast. IPv6 addresses that stand for an IPv4 address (mapped, 6to4, NAT64) are judged by
    /// that one.
    ///
    /// What is public by its address may still be one's own: hosts of one's own with public addresses
    /// are for a policy of [one's own](AddressPolicy::by).
    pub const fn public_only() -> AddressPolicy {
        AddressPolicy(Rule::Known(&PublicOnly))
    }

    /// What this function says, which completes the sentence "it is …" if it refuses.
    ///
    /// ```
    /// use std::net::IpAddr;
    /// use pannier::net::AddressPolicy;
    ///
    /// // Public addresses, and one machine of one's own.
    /// let policy = AddressPolicy::by(|address| match address.ip() == IpAddr::from([10, 0, 0, 7]) {
    ///     true => Ok(()),
    ///     false => AddressPolicy::public_only().check(address).map_err(|refused| refused.reason().to_owned()),
    /// });
    /// assert!(policy.check(([10, 0, 0, 7], 80).into()).is_ok());
    /// assert!(policy.check(([10, 0, 0, 8], 80).into()).is_err());
    /// ```
    pub fn by<E: Into<Cow<'static, str>>>(
        check: impl Fn(SocketAddr) -> Result<(), E> + Send + Sync + 'static,
    ) -> AddressPolicy {
        AddressPolicy(Rule::Own(Arc::new(By(check))))
    }

    /// May this address be connected to?
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, address: SocketAddr) -> Result<(), AddressRefused> {
        self.guard().map_or(Ok(()), |guard| guard.check(address))
    }

    /// Those that may be connected to, if there are any.
    pub(super) fn passing(&self, addresses: Vec<SocketAddr>) -> io::Result<Vec<SocketAddr>> {
        match self.guard() {
            Some(guard) => guard.passing(addresses),
            None => Ok(addresses),
        }
    }

    fn guard(&self) -> Option<&dyn Guard> {
        match &self.0 {
            Rule::Any => None,
            Rule::Known(guard) => Some(*guard),
            Rule::Own(guard) => Some(&**guard),
        }
    }
}

impl fmt::Debug for AddressPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AddressPolicy({})", self.guard().map_or("any", Guard::name))
    }
}

/// Refuses what is no public address.
struct PublicOnly;

impl Guard for PublicOnly {
    fn name(&self) -> &'static str {
        "public only"
    }

    fn check(&self, address: SocketAddr) -> Result<(), AddressRefused> {
        match special_use(address.ip()) {
            Some(reason) => Err(AddressRefused { address, reason: reason.into() }),
            None => Ok(()),
        }
    }
}

/// Judges as the caller's function does.
struct By<F>(F);

impl<F, E> Guard for By<F>
where
    F: Fn(SocketAddr) -> Result<(), E> + Send + Sync,
    E: Into<Cow<'static, str>>,
{
    fn name(&self) -> &'static str {
        "by a function"
    }

    fn check(&self, address: SocketAddr) -> Result<(), AddressRefused> {
        self.0(address).map_err(|reason| AddressRefused { address, reason: reason.into() })
    }
}

/// An address that must not be connected to. It stands in the [`io::Error`] of a connector.
#[derive(Clone, PartialEq, Eq)]
pub struct AddressRefused {
    address: SocketAddr,
    reason: Cow<'static, str>,
}

impl AddressRefused {
    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it is.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for AddressRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is refused: it is {}", self.address.ip(), self.reason)
    }
}

impl fmt::Debug for AddressRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AddressRefused({})", self)
    }
}

impl error::Error for AddressRefused {}

/// What an address is that is no public one.
fn special_use(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_use_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => special_use_v4(inner),
            None => special_use_v6(address),
        },
    }
}

fn special_use_v4(address: Ipv4Addr) -> Option<&'static str> {
    let is_within = |(start, length, _): &&([u8; 4], u32, _)| {
        is_within(address.into(), IpAddr::from(*start), *length)
    };
    SPECIAL_V4.iter().find(is_within).map(|(_, _, what)| *what)
}

fn special_use_v6(address: Ipv6Addr) -> Option<&'static str> {
    let is_within = |(start, length, _): &&(u128, u32, _)| {
        is_within(address.into(), IpAddr::from(start.to_be_bytes()), *length)
    };
    let found = SPECIAL_V6.iter().find(is_within).map(|(_, _, what)| *what);
    // RFC 4291 §2.4: global unicast is assigned from 2000::/3 only.
    let is_global = u128::from(address) >> 125 == 1;
    found.or_else(|| (!is_global).then_some("not assigned for global unicast"))
}

/// Does the address begin with as many bits of `start` (RFC 4632 §3.1)? Of the other family none does.
pub(crate) fn is_within(address: IpAddr, start: IpAddr, length: u32) -> bool {
    let (differing, size) = match (address, start) {
        (IpAddr::V4(address), IpAddr::V4(start)) => {
            (u128::from(u32::from(address) ^ u32::from(start)), 32_u32)
        }
        (IpAddr::V6(address), IpAddr::V6(start)) => (u128::from(address) ^ u128::from(start), 128),
        _ => return false,
    };
    let rest = size.checked_sub(length);
    rest.map_or(false, |rest| differing.checked_shr(rest).unwrap_or(0) == 0)
}

/// The IPv4 address that an IPv6 address leads to: IPv4-mapped (RFC 4291 §2.5.5.2), 6to4 (RFC 3056 §2)
/// or through NAT64 by its well-known prefix (RFC 6052 §2.1).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] => v4(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x2002, high, low, ..] => v4(high, low),
        _ => None,
    }
}

/// Address, prefix length, and what it is.
const SPECIAL_V4: [([u8; 4], u32, &str); 15] = [
    ([0, 0, 0, 0], 8, "unspecified"),
    ([10, 0, 0, 0], 8, "private"),
    ([100, 64, 0, 0], 10, "shared by customers of a carrier"),
    ([127, 0, 0, 0], 8, "loopback"),
    ([169, 254, 0, 0], 16, "link-local"),
    ([172, 16, 0, 0], 12, "private"),
    ([192, 0, 0, 0], 24, "for protocols"),
    ([192, 0, 2, 0], 24, "for documentation"),
    ([192, 88, 99, 0], 24, "for protocols"),
    ([192, 168, 0, 0], 16, "private"),
    ([198, 18, 0, 0], 15, "for benchmarks"),
    ([198, 51, 100, 0], 24, "for documentation"),
    ([203, 0, 113, 0], 24, "for documentation"),
    ([224, 0, 0, 0], 4, "multicast"),
    ([240, 0, 0, 0], 4, "reserved"),
];

const SPECIAL_V6: [(u128, u32, &str); 12] = [
    (0, 128, "unspecified"),
    (1, 128, "loopback"),
    // RFC 4291 §2.5.5.1: deprecated.
    (0, 96, "IPv4-compatible"),
    (0x0064_ff9b_0001 << 80, 48, "for local translation to IPv4"),
    (0x0100 << 112, 64, "for discarding"),
    (0x2001 << 112, 23, "for protocols"),
    (0x2001_0db8 << 96, 32, "for documentation"),
    (0x3fff << 112, 20, "for documentation"),
    (0xfc00 << 112, 7, "private"),
    (0xfe80 << 112, 10, "link-local"),
    (0xfec0 << 112, 10, "site-local"),
    (0xff00 << 112, 8, "multicast"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(address: &str) -> Option<String> {
        let address: IpAddr = address.parse().unwrap();
        let checked = AddressPolicy::public_only().check((address, 80).into());
        checked.err().map(|refused| refused.reason().to_owned())
    }

    #[test]
    fn ok_public_addresses() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.0.3.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2000::",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "3ffe:ffff::",
            "::ffff:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "2002:808:808::1",
        ] {
            assert_eq!(reason(address), None, "{}", address);
        }
    }

    #[test]
    fn err_addresses_of_another_use_whatever_they_look_like() {
        for (expected, addresses) in [
            ("unspecified", "0.0.0.0 0.1.2.3 :: ::ffff:0.0.0.0 64:ff9b::"),
            ("loopback", "127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::"),
            ("private", "10.0.0.0 10.255.255.255 172.16.0.1 172.31.255.255 192.168.0.1 fc00:: fdff::1 ::ffff:10.0.0.1 64:ff9b::10.1.2.3 2002:c0a8:1::1"),
            ("shared by customers of a carrier", "100.64.0.0 100.127.255.255"),
            ("link-local", "169.254.169.254 fe80::1 febf:: ::ffff:169.254.169.254"),
            ("site-local", "fec0::1"),
            ("for documentation", "192.0.2.1 198.51.100.1 203.0.113.1 2001:db8::1 3fff::1 3fff:fff::"),
            ("for benchmarks", "198.18.0.0 198.19.255.255"),
            ("for protocols", "192.0.0.1 192.88.99.1 2001::1 2001:1ff::"),
            ("for local translation to IPv4", "64:ff9b:1::808:808"),
            ("for discarding", "100::1"),
            ("IPv4-compatible", "::127.0.0.1 ::8.8.8.8 ::2"),
            ("multicast", "224.0.0.1 239.255.255.255 ff02::1 ffff::"),
            ("reserved", "240.0.0.0 255.255.255.255"),
            ("not assigned for global unicast", "4000:: 1fff:: 5f00::1 64:ff9b:2:: 100:0:0:1::1"),
        ] {
            for address in addresses.split(' ') {
                assert_eq!(reason(address).as_deref(), Some(expected), "{}", address);
            }
        }
    }
}
