//! TCP connections to origins: addresses of both families raced (RFC 8305, "Happy Eyeballs").
//!
//! A single address is connected to in the caller's thread. Several are tried one after the other,
//! each 250 ms after the one before or at once when that failed, and the first connection to stand
//! is taken. std cannot wait for two connects at once, so each attempt of a race is a thread with a
//! small stack, and none of them outlives the deadline by long. A connect cannot be interrupted
//! either: with a cancel token even a single one is made aside, so that the caller can leave. What is
//! left behind like this ends when the system gives up, so there is room for so many and no more:
//! further attempts wait, each inside its deadline and its token.
//!
//! Addresses of the loopback interface answer at once or not at all, so `localhost`, which is two
//! of them, is tried in the caller's thread as well, and raced only if the first one keeps silent.

mod attempts;
mod order;

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::attempts::Attempts;
use self::order::{interleave, Failures};
use super::watched::Room;
use super::{
    AddressPolicy, Connect, Dialing, Resolve, Step, SystemResolver, TcpTransport, Transport,
};
use crate::http::{Host, Origin};

/// Connects by TCP: the [`Connect`] of a client that was given none.
///
/// Clones share their resolver and the memory of addresses that failed in the last minute: those
/// are tried last. They share as well the bound on connects under way on threads of their own.
#[derive(Clone)]
pub struct TcpConnect {
    family: Family,
    guard: AddressPolicy,
    stagger: Duration,
    resolver: Arc<dyn Resolve>,
    /// Guards the memory; nothing is locked inside it.
    failures: Arc<Mutex<Failures>>,
    open: Arc<Open>,
    /// For connects on threads of their own.
    room: Room,
}

/// Which addresses may be connected to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// Both IPv4 and IPv6.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// Connects to one address, within a time if there is one.
type Open = dyn Fn(SocketAddr, Option<Duration>) -> io::Result<TcpStream> + Send + Sync;

impl TcpConnect {
    /// Connects to addresses of both families, found by the [`SystemResolver`].
    pub fn new() -> TcpConnect {
        TcpConnect {
            family: Family::Any,
            guard: AddressPolicy::any(),
            stagger: STAGGER,
            resolver: Arc::new(SystemResolver::new()),
            failures: Arc::default(),
            open: Arc::new(|address, within| match within {
                Some(within) => TcpStream::connect_timeout(&address, within),
                None => TcpStream::connect(address),
            }),
            room: Room::new(MOST_ASIDE),
        }
    }

    /// Only addresses of this family are used.
    #[must_use]
    pub fn family(mut self, family: Family) -> TcpConnect {
        self.family = family;
        self
    }

    /// Only addresses that this policy allows are connected to, whether they were found by a lookup or
    /// written as such. Of a name that has others too, those are passed over; without any left the error
    /// holds an [`AddressRefused`](super::AddressRefused).
    ///
    /// What is judged is what is connected to. Behind a proxy that is the proxy, which has to have rules
    /// of its own for where it connects to in turn.
    #[must_use]
    pub fn guard(mut self, policy: AddressPolicy) -> TcpConnect {
        self.guard = policy;
        self
    }

    /// Names are looked up here.
    #[must_use]
    pub fn resolver(mut self, resolver: Arc<dyn Resolve>) -> TcpConnect {
        self.resolver = resolver;
        self
    }

    /// How long an address has to itself before the next one is tried beside it. The default is
    /// the 250 ms that RFC 8305 §8 recommends.
    #[must_use]
    pub fn stagger(mut self, stagger: Duration) -> TcpConnect {
        self.stagger = stagger;
        self
    }

    /// Where to connect to, in order; never empty.
    fn addresses(&self, dialing: &mut Dialing<'_>) -> io::Result<Vec<SocketAddr>> {
        let port = dialing.origin.port();
        let host = dialing.origin.host();
        let name = match host {
            Host::Ipv4(address) => return self.literal(host, (*address, port).into()),
            Host::Ipv6(address) => return self.literal(host, (*address, port).into()),
            Host::Domain(name) => name,
        };
        (dialing.progress)(Step::Resolving(name));
        let mut found = self.resolver.resolve(name, port, dialing.deadline, dialing.cancel)?;
        found.retain(|address| self.family.includes(address));
        if found.is_empty() {
            return Err(self.family.missing(name));
        }
        let mut order = interleave(&self.guard.passing(found)?);
        self.failures().postpone(&mut order, Instant::now());
        (dialing.progress)(Step::Resolved(&order));
        Ok(order)
    }

    fn literal(&self, host: &Host, address: SocketAddr) -> io::Result<Vec<SocketAddr>> {
        match self.family.includes(&address) {
            true => self.guard.passing(vec![address]),
            false => Err(self.family.missing(&host.to_string())),
        }
    }

    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connect for TcpConnect {
    fn connect(&self, mut dialing: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
        let addresses = self.addresses(&mut dialing)?;
        let (address, stream) = Attempts::new(self, dialing, &addresses).run()?;
        Ok(Box::new(TcpTransport::fresh(stream, address)?))
    }

    fn resolve(&self, mut dialing: Dialing<'_>) -> io::Result<Vec<SocketAddr>> {
        self.addresses(&mut dialing)
    }

    /// On loopback it is.
    fn is_immediate(&self, origin: &Origin) -> bool {
        origin.host().is_loopback()
    }
}

impl Default for TcpConnect {
    fn default() -> TcpConnect {
        TcpConnect::new()
    }
}

impl fmt::Debug for TcpConnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TcpConnect { family, stagger, resolver, .. } = self;
        let stagger = stagger.as_millis() as u64;
        write!(f, "TcpConnect(family: {:?}, stagger: {}ms, ", family, stagger)?;
        write!(f, "resolver: {:?})", resolver)
    }
}

impl Family {
    fn includes(self, address: &SocketAddr) -> bool {
        match self {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        }
    }

    fn missing(self, host: &str) -> io::Error {
        let family = match self {
            Family::Any => "",
            Family::V4 => "IPv4 ",
            Family::V6 => "IPv6 ",
        };
        let text = format!("{} has no {}address", host, family);
        io::Error::new(ErrorKind::NotFound, text)
    }
}

/// RFC 8305 §8: the recommended Connection Attempt Delay.
const STAGGER: Duration = Duration::from_millis(250);

/// Connects, and so threads, that may be under way at once, somebody waiting for them or not. Far
/// more than a busy program has, so that one silent host does not soon hold up the others.
const MOST_ASIDE: usize = 128;

#[cfg(test)]
mod tests;
