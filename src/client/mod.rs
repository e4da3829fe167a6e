//! The client: policy, and what a caller holds.
//!
//! A [`Client`] keeps connections and the rules by which they are used. A [`Request`] is complete
//! and can be sent any number of times. A [`Response`] streams. Everything that a caller may decide
//! is a small value: [`Timeouts`], [`PoolConfig`], [`Limits`], [`RedirectPolicy`], [`RetryPolicy`], [`Proxy`].
//!
//! [`PoolConfig`]: crate::PoolConfig
//! [`Limits`]: crate::Limits

mod auth;
mod batch;
mod body;
mod builder;
mod call;
mod charset;
mod checkout;
mod config;
mod connection;
#[cfg(feature = "cookies")]
pub mod cookies;
#[cfg(feature = "gzip")]
mod decode;
#[cfg(not(feature = "gzip"))]
#[path = "undecoded.rs"]
mod decode;
mod dial;
mod draft;
mod dress;
mod events;
mod exchange;
mod explain;
mod hop;
mod into_request;
mod into_url;
mod line;
mod lines;
mod listener;
mod manners;
mod multipart;
mod pipeline;
mod protocol;
#[cfg(feature = "proxy")]
mod proxy;
#[cfg(not(feature = "proxy"))]
#[path = "unproxied.rs"]
mod proxy;
mod race;
mod random;
mod redirect;
mod request;
mod response;
mod retry;
mod route;
mod run;
mod stream;
mod timeouts;
#[cfg(feature = "proxy")]
mod tunnel;

use std::fmt;
use std::sync::Arc;

use crate::conn::{self, PoolStats};
use crate::error::Result;
use crate::http::Method;
use crate::net::Deadline;
use crate::proto::CloseReason;

pub use self::auth::{Credentials, InvalidNetrc, Netrc};
pub use self::batch::{Batch, Results};
pub use self::body::Body;
pub use self::builder::RequestBuilder;
pub use self::config::ClientBuilder;
use self::config::Config;
pub use self::connection::Connection;
#[cfg(feature = "gzip")]
pub use self::decode::Decoding;
use self::dial::Maker;
pub use self::events::{EventStream, ServerEvent};
pub use self::into_request::IntoRequest;
pub use self::into_url::IntoUrl;
pub use self::lines::Lines;
use self::manners::Manners;
pub use self::multipart::{Multipart, Part};
pub use self::pipeline::Pipeline;
pub use self::protocol::Protocol;
#[cfg(feature = "proxy")]
pub use self::proxy::Proxy;
pub use self::redirect::RedirectPolicy;
pub use self::request::Request;
pub use self::response::{Redirected, Response};
pub use self::retry::RetryPolicy;
use self::route::Route;
pub use self::stream::Stream;
pub use self::timeouts::Timeouts;

/// An HTTP client with its connections.
///
/// Cloning is cheap, and clones share everything. Calls block the thread that makes them; any number
/// of threads may use one client. Dropping the last clone closes the idle connections; that of a
/// response that is still being read is closed after it.
///
/// ```
/// use pannier::net::Script;
/// use pannier::Client;
///
/// let script = Script::new()
///     .expect_until("\r\n\r\n")
///     .reply("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
/// let client = Client::builder().connector(script.repeated()).build();
/// assert_eq!(client.get("http://example.com/").send()?.text()?, "hello");
/// # Ok::<(), pannier::Error>(())
/// ```
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    maker: Arc<Maker>,
    /// By route: all else that makes connections differ is the client's own.
    pool: Arc<Pool>,
}

/// The connections of a client.
type Pool = conn::Pool<Arc<Route>, conn::Connection>;

/// A connection in use.
type Lent = conn::Lent<Arc<Route>, conn::Connection>;

/// Where one can be.
type Place = conn::Place<Arc<Route>, conn::Connection>;

/// Where one is.
type Claim = conn::Claim<Arc<Route>, conn::Connection>;

impl Client {
    /// A client with the defaults of every policy.
    pub fn new() -> Client {
        Client::builder().build()
    }

    /// A client made to measure.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    /// A GET request.
    pub fn get(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::GET, url)
    }

    /// A HEAD request.
    pub fn head(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::HEAD, url)
    }

    /// A POST request.
    pub fn post(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::POST, url)
    }

    /// A PUT request.
    pub fn put(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::PUT, url)
    }

    /// A PATCH request.
    pub fn patch(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::PATCH, url)
    }

    /// A DELETE request.
    pub fn delete(&self, url: impl IntoUrl) -> RequestBuilder {
        self.request(Method::DELETE, url)
    }

    /// A request of any method.
    pub fn request(&self, method: Method, url: impl IntoUrl) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, url.into_url())
    }

    /// Sends a request and returns when the head of its final response has come.
    ///
    /// A 4xx or 5xx is a response like any other. Redirects are followed and dead connections
    /// replaced as the client's policies say.
    ///
    /// # Errors
    /// [`ErrorKind`](crate::ErrorKind) lists them. An error says what had been sent and received, and
    /// whether sending the request again is safe.
    pub fn send(&self, request: &Request) -> Result<Response> {
        run::run(self, request)
    }

    /// Sends many requests by several threads. The iterator may have any length: it is pulled as the
    /// requests are sent, up to 256 ahead, or twice as many as can be under way. So long, too, is what
    /// they hold held, an open file for instance. What it yields is a [`Request`], or a
    /// [`RequestBuilder`].
    pub fn batch<I>(&self, requests: I) -> Batch<I::IntoIter>
    where
        I: IntoIterator,
        I::IntoIter: Send + 'static,
        I::Item: IntoRequest,
    {
        Batch::new(self, requests.into_iter())
    }

    /// Sends requests one behind the other on one connection, without waiting for the responses in
    /// between (RFC 9112 §9.3.2): one round trip then serves many of them. Those that must not be sent
    /// again ([`RetryPolicy::none`]), whose method is not idempotent, or whose content is a reader or
    /// longer than 16 KiB, go out alone. On a connection of HTTP/2 each has a stream of its own instead,
    /// and one that is late or lost holds up only those that are received after it.
    pub fn pipeline<I>(&self, requests: I) -> Pipeline<I::IntoIter>
    where
        I: IntoIterator,
        I::Item: IntoRequest,
    {
        Pipeline::new(self, requests.into_iter())
    }

    /// A connection of the caller's own to the origin of `url`, to send requests on and receive
    /// responses from by hand.
    ///
    /// # Errors
    /// As for [`Client::send`], as far as the connection.
    pub fn connect(&self, url: impl IntoUrl) -> Result<Connection> {
        Connection::open(self, self.get(url))
    }

    /// Closes the connections that are idle now.
    pub fn close_idle(&self) {
        self.0.close_idle();
    }

    /// Ends the use of the client and of all its clones: closes what is idle, and refuses what waits
    /// for a connection and what is sent from now on with [`ErrorKind::ShutDown`]. Exchanges that are
    /// under way go on to their end, after which their connections are closed. Returns when the
    /// threads have ended that the client had started to make connections, which they do at once unless
    /// a [`Connect`](crate::net::Connect) of the caller's own does not heed its token.
    ///
    /// [`ErrorKind::ShutDown`]: crate::ErrorKind::ShutDown
    pub fn shutdown(&self) {
        self.0.shutdown();
        let ended = |count: &mut usize| (*count == 0).then_some(());
        let joined = self.maker().aside.wait_for(Deadline::NEVER, None, ended);
        debug_assert!(joined.is_ok());
    }

    /// What the pool holds and has done.
    pub fn pool_stats(&self) -> PoolStats {
        self.0.pool.stats()
    }

    fn from_config(config: Config) -> Client {
        let pool = Pool::new(config.pool);
        let maker = Arc::new(Maker::new(config));
        Client(Arc::new(Inner { maker, pool }))
    }

    fn config(&self) -> &Config {
        &self.0.maker.config
    }

    fn maker(&self) -> &Arc<Maker> {
        &self.0.maker
    }

    /// Is there a bound on connections, so that one thread that holds several may wait for itself?
    fn is_bounded(&self) -> bool {
        self.config().pool.most_per_origin() < usize::MAX
    }

    fn manners(&self) -> &Manners {
        &self.maker().manners
    }

    fn pool(&self) -> &Arc<Pool> {
        &self.0.pool
    }
}

impl Inner {
    fn shutdown(&self) {
        let shared = self.pool.close();
        self.maker.cancel.cancel();
        self.close_all(shared);
        self.close_idle();
    }

    fn close_idle(&self) {
        self.close_all(self.pool.drain());
    }

    fn close_all(&self, connections: Vec<Lent>) {
        for connection in connections {
            let observer = self.maker.config.observer.as_ref();
            drop(exchange::vacate(connection, CloseReason::Shutdown, observer));
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shutdown();
    }
}

impl Default for Client {
    fn default() -> Client {
        Client::new()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("config", self.config())
            .field("pool", &self.pool_stats())
            .finish()
    }
}

/// A GET request by a client of its own, whose connection is closed with the response.
///
/// For more than one request make a [`Client`], which keeps its connections.
///
/// # Errors
/// As for [`Client::send`].
pub fn get(url: impl IntoUrl) -> Result<Response> {
    Client::new().get(url).send()
}
