//! Blocking byte streams to hosts: names, addresses, sockets and deadlines, no messages.
//!
//! Five seams, all object-safe, make everything above this module independent of the operating
//! system: a [`Transport`] is a connected byte stream, [`Connect`] makes one, [`Resolve`] finds
//! addresses, [`Tls`] wraps one transport into another, and a [`CancelToken`] wakes whatever
//! blocks. "TLS over a tunnel over TCP" is three boxes. Errors are [`io::Error`]s; what they mean
//! for an exchange is decided above.

mod cancel;
mod deadline;
mod dial;
mod guard;
mod resolve;
mod script;
mod socket;
mod tcp;
#[cfg(unix)]
mod unix;
mod watched;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::http::{Host, Origin};

pub(crate) use self::cancel::cancelled;
pub use self::cancel::{CancelToken, Interrupt, Registration};
pub use self::deadline::Deadline;
pub use self::dial::{Family, TcpConnect};
#[cfg(feature = "proxy")]
pub(crate) use self::guard::is_within;
pub use self::guard::{AddressPolicy, AddressRefused};
pub use self::resolve::SystemResolver;
pub use self::script::{Script, Scripts};
pub use self::tcp::TcpTransport;
#[cfg(unix)]
pub use self::unix::{UnixConnect, UnixTransport};
pub(crate) use self::watched::{start_thread, Watched};

/// A connected, ordered, reliable byte stream.
///
/// Every call that may wait takes the deadline of the whole exchange, and returns
/// [`TimedOut`](io::ErrorKind::TimedOut) when it comes: an implementation converts `WouldBlock`
/// and retries `Interrupted` itself. Dropping a transport closes it.
pub trait Transport: fmt::Debug + Send {
    /// Reads at least one byte, or 0 at the peer's orderly end of the stream (or if `buffer` is
    /// empty).
    ///
    /// # Errors
    /// `TimedOut` at the deadline; `ConnectionReset` and others as the system reports them. A reset
    /// is never an orderly end.
    fn read(&mut self, buffer: &mut [u8], deadline: Deadline) -> io::Result<usize>;

    /// Writes some of `bytes`, at least one unless empty, and says how many.
    ///
    /// # Errors
    /// As for [`read`](Transport::read). An error means that no byte of this call went out: the
    /// caller goes on behind what earlier calls counted. Who has sent a part and then fails says
    /// how much, and fails in the next call.
    fn write(&mut self, bytes: &[u8], deadline: Deadline) -> io::Result<usize>;

    /// What a read would find, without waiting and without consuming anything.
    ///
    /// # Errors
    /// What the system reports, a reset for instance.
    fn readiness(&mut self) -> io::Result<Readiness>;

    /// A handle that ends the stream from another thread, so that a blocked call returns.
    ///
    /// A transport around another one hands on the handle of that. `None` says that there is
    /// nothing to wake: cancelling then comes into effect only between two calls.
    fn interrupt_handle(&self) -> Option<Arc<dyn Interrupt>>;

    /// A second handle on the stream, so that one thread can read while another writes. Each direction
    /// is for one of the two only, and none of them asks for [`readiness`](Transport::readiness) any
    /// more. The stream is closed when both are dropped.
    ///
    /// Asked for where HTTP/2 is spoken: on a stream without a second handle nobody can write while
    /// another one reads, so that its connection carries one exchange at a time and every other has a
    /// connection of its own. And by [`Stream::try_clone`](crate::Stream::try_clone).
    ///
    /// # Errors
    /// [`Unsupported`](io::ErrorKind::Unsupported): the stream cannot be shared. By default none can;
    /// how TLS can, [`Tls`] says.
    fn try_clone(&self) -> io::Result<Box<dyn Transport>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// This side's address, if there is one.
    fn local_addr(&self) -> Option<SocketAddr> {
        None
    }

    /// The peer's address, if there is one.
    fn peer_addr(&self) -> Option<SocketAddr> {
        None
    }

    /// The application protocol that TLS negotiated (RFC 7301), if any: HTTP/2 is spoken if it is `h2`.
    fn application_protocol(&self) -> Option<&[u8]> {
        None
    }
}

/// What a read from a [`Transport`] would find at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Nothing: a read would wait. An idle connection should be like this.
    Quiet,
    /// Bytes.
    Data,
    /// The peer's end of the stream.
    Closed,
}

/// How a new connection is to be made: what the caller of [`Connect`] knows and the maker obeys.
pub struct Dialing<'a> {
    /// The origin to reach. The scheme says whether TLS will follow; making it is not the
    /// connector's task.
    pub origin: &'a Origin,
    /// By when the connection must stand.
    pub deadline: Deadline,
    /// Wakes the connector when the caller has lost interest.
    pub cancel: Option<&'a CancelToken>,
    /// Told of each step, in order. The last step before an error says which phase failed.
    pub progress: &'a mut dyn FnMut(Step<'_>),
}

impl fmt::Debug for Dialing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialing")
            .field("origin", &self.origin)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// A step on the way to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step<'a> {
    /// A name lookup begins. Addresses written as such need none.
    Resolving(&'a str),
    /// The lookup found these addresses, in the order in which they will be tried.
    Resolved(&'a [SocketAddr]),
    /// A connection to this address is attempted; the one before may still be under way.
    Connecting(SocketAddr),
    /// The attempt at this address failed.
    Refused(SocketAddr),
    /// This address answered first.
    Connected(SocketAddr),
}

/// Makes connections.
///
/// ```
/// use std::io;
/// use pannier::http::{Host, Origin};
/// use pannier::net::{Connect, Dialing, TcpConnect, Transport};
///
/// /// Leads every connection to a port of this machine, whatever the origin.
/// #[derive(Debug)]
/// struct Locally(u16, TcpConnect);
///
/// impl Connect for Locally {
///     fn connect(&self, dialing: Dialing<'_>) -> io::Result<Box<dyn Transport>> {
///         self.1.connect(dialing)
///     }
///
///     fn elsewhere(&self, origin: &Origin) -> Option<Origin> {
///         Some(Origin::new(origin.scheme(), Host::Ipv4([127, 0, 0, 1].into()), self.0))
///     }
/// }
///
/// let client = pannier::Client::builder().connector(Locally(8080, TcpConnect::new())).build();
/// ```
pub trait Connect: fmt::Debug + Send + Sync {
    /// A new connection to the origin's host and port.
    ///
    /// # Errors
    /// `TimedOut` at the deadline, otherwise what the last address answered, or what the lookup
    /// reported.
    fn connect(&self, dialing: Dialing<'_>) -> io::Result<Box<dyn Transport>>;

    /// The addresses of the origin's host with its port put in, in order of preference; never empty.
    /// Asked for where a proxy is to connect that takes no names. By default the system's lookup.
    ///
    /// # Errors
    /// As for [`Resolve::resolve`].
    fn resolve(&self, dialing: Dialing<'_>) -> io::Result<Vec<SocketAddr>> {
        let Dialing { origin, deadline, cancel, progress } = dialing;
        let name = match origin.host() {
            Host::Ipv4(address) => return Ok(vec![(*address, origin.port()).into()]),
            Host::Ipv6(address) => return Ok(vec![(*address, origin.port()).into()]),
            Host::Domain(name) => name,
        };
        progress(Step::Resolving(name));
        let found = SystemResolver::new().resolve(name, origin.port(), deadline, cancel)?;
        progress(Step::Resolved(&found));
        Ok(found)
    }

    /// Where connections for this origin are to lead in fact, if that is elsewhere. It is asked before
    /// [`connect`](Connect::connect), which is then given the other place; a proxy is asked for a
    /// tunnel to it. What a request and TLS say of the origin stays.
    fn elsewhere(&self, origin: &Origin) -> Option<Origin> {
        let _ = origin;
        None
    }

    /// Does it take next to no time to connect to this origin, or to fail? Then whoever needs the
    /// connection makes it. Otherwise, while others to the same origin are in use, it may be made on
    /// a thread of its own, and who waits for it takes one that comes back before.
    fn is_immediate(&self, origin: &Origin) -> bool {
        let _ = origin;
        false
    }
}

/// Finds the addresses of a name.
///
/// ```
/// use std::io;
/// use std::net::SocketAddr;
/// use pannier::net::{CancelToken, Deadline, Resolve};
///
/// /// Knows one name.
/// #[derive(Debug)]
/// struct OneName;
///
/// impl Resolve for OneName {
///     fn resolve(
///         &self,
///         host: &str,
///         port: u16,
///         _: Deadline,
///         _: Option<&CancelToken>,
///     ) -> io::Result<Vec<SocketAddr>> {
///         match host {
///             "printer.example" => Ok(vec![([127, 0, 0, 1], port).into()]),
///             _ => Err(io::ErrorKind::NotFound.into()),
///         }
///     }
/// }
///
/// let builder = pannier::Client::builder().resolver(OneName);
/// # #[cfg(feature = "proxy")]
/// # let builder = builder.proxy(pannier::Proxy::none());
/// let error = builder.build().get("http://example.com/").send().unwrap_err();
/// assert_eq!(error.kind(), pannier::ErrorKind::Resolve);
/// ```
pub trait Resolve: fmt::Debug + Send + Sync {
    /// The addresses of `host` with `port` put in, in order of preference; never empty.
    ///
    /// Whoever needs the addresses waits in here, so a call is as late as a resolver that heeds neither the
    /// deadline nor the token. One that blocks in what cannot be interrupted runs that on a thread of its
    /// own, as [`SystemResolver`] does.
    ///
    /// # Errors
    /// `TimedOut` at the deadline; `NotFound` or another kind if the name has no address.
    fn resolve(
        &self,
        host: &str,
        port: u16,
        deadline: Deadline,
        cancel: Option<&CancelToken>,
    ) -> io::Result<Vec<SocketAddr>>;
}

/// Wraps a transport into an encrypted one.
///
/// The crate brings no implementation; an adapter to a TLS library is some sixty lines. Two duties are
/// the adapter's, or rather those of the transport that it makes: to hand on the
/// [`interrupt_handle`](Transport::interrupt_handle) of the transport below, without which nothing
/// blocked in it can be cancelled, and to report an error from [`write`](Transport::write) only if
/// it has taken none of that call's bytes. A library that has encrypted them already and could not
/// send them yet has taken them: the adapter says so, keeps the rest, and sends it first the next
/// time, also before it reads.
///
/// For many exchanges at once on one connection of HTTP/2 the transport has to say as well by
/// [`application_protocol`](Transport::application_protocol) what was negotiated, and to have a second
/// handle by [`try_clone`](Transport::try_clone). A library whose state of a connection does no input or
/// output of its own makes that easy: both handles share the state under a lock, each has a clone of the
/// transport below, and the lock is not held while that is waited for. The one that reads gives the state
/// what has come; the one that writes, and no other, sends what the state has to send.
pub trait Tls: fmt::Debug + Send + Sync {
    /// Performs the handshake with `host` over `transport`, offering `protocols` by ALPN
    /// (RFC 7301) in order of preference.
    ///
    /// # Errors
    /// `TimedOut` at the deadline; `InvalidData` if the peer's certificate is not trusted.
    fn handshake(
        &self,
        host: &Host,
        transport: Box<dyn Transport>,
        protocols: &[&[u8]],
        deadline: Deadline,
    ) -> io::Result<Box<dyn Transport>>;
}

/// An address and its port in text, as a URL has them.
fn text_of(address: &SocketAddr) -> String {
    format!("{}:{}", Host::from(address.ip()), address.port())
}

#[cfg(test)]
mod tests;
