//! What a client is built from: small policy values with defaults that suit most programs.

use std::fmt;
use std::sync::Arc;

use crate::conn::PoolConfig;
use crate::error::Result;
use crate::event::Observer;
use crate::http::{Headers, Origin, Url};
use crate::net::{AddressPolicy, Connect, Resolve, TcpConnect, Tls};
use crate::proto::h1::Leniency;
#[cfg(feature = "http2")]
use crate::proto::h2::Config as Http2Config;
use crate::proto::Limits;

use super::auth::{Credentials, Keys, Netrc};
#[cfg(feature = "cookies")]
use super::cookies::{Carrier, Jar};
use super::decode::Decoding;
use super::listener::Listener;
use super::protocol::{Protocol, Spoken};
use super::proxy::Proxy;
use super::redirect::RedirectPolicy;
use super::retry::{Retries, RetryPolicy};
use super::route::Route;
use super::timeouts::Timeouts;
use super::Client;

/// Builds a [`Client`]. What is not set has the default of its type.
///
/// ```
/// use std::time::Duration;
/// use pannier::{Client, Limits, PoolConfig, RedirectPolicy, Timeouts};
///
/// let client = Client::builder()
///     .timeouts(Timeouts::default().connect(Duration::from_secs(2)).total(Duration::from_secs(20)))
///     .pool(PoolConfig::default().max_per_origin(6))
///     .redirects(RedirectPolicy::limited(3))
///     .limits(Limits::default().body(1 << 20))
///     .user_agent("example/1.0")
///     .build();
/// ```
pub struct ClientBuilder {
    config: Config,
    /// How connections are made over TCP, as long as that is the connector.
    tcp: TcpConnect,
    /// As long as nobody has said anything of proxies or of how connections are made.
    as_environment_says: bool,
}

/// All that a client was told.
pub(crate) struct Config {
    pub(crate) timeouts: Timeouts,
    pub(crate) pool: PoolConfig,
    pub(crate) limits: Limits,
    #[cfg(feature = "http2")]
    pub(crate) http2: Http2Config,
    pub(crate) leniency: Leniency,
    pub(crate) redirects: RedirectPolicy,
    pub(crate) retries: Retries,
    pub(super) spoken: Spoken,
    pub(crate) decoding: Decoding,
    pub(super) keys: Keys,
    pub(crate) user_agent: String,
    pub(crate) headers: Headers,
    pub(crate) proxy: Proxy,
    pub(crate) connector: Arc<dyn Connect>,
    pub(crate) tls: Option<Arc<dyn Tls>>,
    pub(crate) observer: Option<Arc<dyn Listener>>,
    #[cfg(feature = "cookies")]
    pub(super) cookies: Option<Arc<dyn Carrier>>,
}

impl Config {
    /// How connections for this URL lead, on which this protocol is to be spoken.
    pub(super) fn route(&self, url: &Url, spoken: Spoken) -> Result<Route> {
        Ok(Route::new(self.proxy.way(url, &*self.connector)?, spoken))
    }
}

impl ClientBuilder {
    pub(crate) fn new() -> ClientBuilder {
        let mut headers = Headers::new();
        let accept = headers.append("Accept", "*/*");
        debug_assert!(accept.is_ok());
        let tcp = TcpConnect::new();
        let config = Config {
            timeouts: Timeouts::default(),
            pool: PoolConfig::default(),
            limits: Limits::default(),
            #[cfg(feature = "http2")]
            http2: Http2Config::default(),
            leniency: Leniency::default(),
            redirects: RedirectPolicy::default(),
            retries: Retries::default(),
            spoken: Spoken::default(),
            decoding: Decoding::default(),
            keys: Keys::default(),
            user_agent: user_agent(),
            headers,
            proxy: Proxy::none(),
            connector: Arc::new(tcp.clone()),
            tls: None,
            observer: None,
            #[cfg(feature = "cookies")]
            cookies: None,
        };
        ClientBuilder { config, tcp, as_environment_says: true }
    }

    /// The client. Making one opens no connection and starts no thread.
    pub fn build(mut self) -> Client {
        if self.as_environment_says {
            self.config.proxy = Proxy::from_env();
        }
        Client::from_config(self.config)
    }

    /// How long things may take; a request can have its own.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> ClientBuilder {
        self.config.timeouts = timeouts;
        self
    }

    /// Which connections are kept.
    #[must_use]
    pub fn pool(mut self, pool: PoolConfig) -> ClientBuilder {
        self.config.pool = pool;
        self
    }

    /// How much is accepted from a server.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> ClientBuilder {
        self.config.limits = limits;
        self
    }

    /// How much a server may do, and have under way, on a connection of HTTP/2.
    #[cfg(feature = "http2")]
    #[must_use]
    pub fn http2(mut self, http2: Http2Config) -> ClientBuilder {
        self.config.http2 = http2;
        self
    }

    /// Which deviations from the protocol are read.
    #[must_use]
    pub fn leniency(mut self, leniency: Leniency) -> ClientBuilder {
        self.config.leniency = leniency;
        self
    }

    /// Which redirects are followed, and how.
    #[must_use]
    pub fn redirects(mut self, redirects: RedirectPolicy) -> ClientBuilder {
        self.config.redirects = redirects;
        self
    }

    /// Which requests are sent again.
    #[must_use]
    pub fn retries(mut self, retries: RetryPolicy) -> ClientBuilder {
        self.config.retries = Retries::by(retries);
        self
    }

    /// The protocol to speak.
    #[must_use]
    pub fn protocol(mut self, protocol: Protocol) -> ClientBuilder {
        self.config.spoken = Spoken::named(protocol);
        self
    }

    /// What requests to this origin show unless they have credentials of their own, after a redirect
    /// that leads there too. No other origin is shown them.
    ///
    /// ```
    /// use pannier::http::Url;
    /// use pannier::{Client, Credentials};
    ///
    /// let origin = Url::parse("http://example.com/")?.origin();
    /// let client = Client::builder().credentials(origin, Credentials::any("me", "secret")).build();
    /// # Ok::<(), pannier::http::UrlError>(())
    /// ```
    #[must_use]
    pub fn credentials(mut self, origin: Origin, credentials: Credentials) -> ClientBuilder {
        self.config.keys.insert(origin, credentials);
        self
    }

    /// Where credentials are looked up by host for requests that have none otherwise; a request can
    /// have its own.
    #[must_use]
    pub fn netrc(mut self, netrc: Netrc) -> ClientBuilder {
        self.config.keys.netrc = Some(Arc::new(netrc));
        self
    }

    /// Whether content codings are asked for and decoded.
    #[cfg(feature = "gzip")]
    #[must_use]
    pub fn decoding(mut self, decoding: Decoding) -> ClientBuilder {
        self.config.decoding = decoding;
        self
    }

    /// The `User-Agent` of requests that give none. Default `pannier/VERSION`; an empty one is not
    /// sent. A request built with a value that no field can have fails.
    #[must_use]
    pub fn user_agent(mut self, agent: impl Into<String>) -> ClientBuilder {
        self.config.user_agent = agent.into();
        self
    }

    /// Fields for all requests that do not give or refuse them themselves. Default `Accept: */*`.
    #[must_use]
    pub fn default_headers(mut self, headers: Headers) -> ClientBuilder {
        self.config.headers = headers;
        self
    }

    /// Through which proxies requests go. Default: those that the [environment](Proxy::from_env)
    /// names, unless the client has a [connector](ClientBuilder::connector) of its own.
    #[cfg(feature = "proxy")]
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> ClientBuilder {
        self.as_environment_says = false;
        self.config.proxy = proxy;
        self
    }

    /// How connections are made. Default: TCP, both address families raced. Whoever makes them in a way
    /// of their own is not sent to a proxy that is merely in the environment.
    #[must_use]
    pub fn connector(mut self, connector: impl Connect + 'static) -> ClientBuilder {
        self.as_environment_says = false;
        self.config.connector = Arc::new(connector);
        self
    }

    /// Which addresses may be connected to, over TCP: [`AddressPolicy::public_only`] keeps requests to
    /// URLs from strangers, and redirects, out of one's own network. Default: all of them. Of a
    /// proxy its own address is judged, and where it leads is its affair, so none is taken from the
    /// environment. Replaces a connector of the caller's own, which has its own rules, such as
    /// [`TcpConnect::guard`].
    ///
    /// ```
    /// use pannier::net::AddressPolicy;
    /// use pannier::{Client, ErrorKind};
    ///
    /// let client = Client::builder().addresses(AddressPolicy::public_only()).build();
    /// let error = client.get("http://0x7f.1:8080/admin").send().unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::AddressRefused);
    /// assert!(error.to_string().starts_with("127.0.0.1 is refused: it is loopback"));
    /// ```
    #[must_use]
    pub fn addresses(mut self, policy: AddressPolicy) -> ClientBuilder {
        self.as_environment_says = false;
        self.by_tcp(|tcp| tcp.guard(policy))
    }

    /// How names are resolved, over TCP. Replaces a connector of the caller's own.
    #[must_use]
    pub fn resolver(self, resolver: impl Resolve + 'static) -> ClientBuilder {
        self.by_tcp(|tcp| tcp.resolver(Arc::new(resolver)))
    }

    fn by_tcp(mut self, change: impl FnOnce(TcpConnect) -> TcpConnect) -> ClientBuilder {
        self.tcp = change(self.tcp);
        self.config.connector = Arc::new(self.tcp.clone());
        self
    }

    /// How `https` is made. Without it `https` is refused.
    #[must_use]
    pub fn tls(mut self, tls: impl Tls + 'static) -> ClientBuilder {
        self.config.tls = Some(Arc::new(tls));
        self
    }

    /// Who is told what happens; a request can have its own.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> ClientBuilder {
        self.config.observer = Some(Arc::new(observer));
        self
    }

    /// Where cookies are kept. Each request, each hop of a redirect and each further try is given
    /// those that it may have, before what its own `Cookie` field says, and all that final responses
    /// set is stored. Without a jar none is. A request [without](crate::RequestBuilder::without_header)
    /// `Cookie` takes no part.
    #[cfg(feature = "cookies")]
    #[must_use]
    pub fn cookies(mut self, jar: Jar) -> ClientBuilder {
        self.config.cookies = Some(Arc::new(jar));
        self
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ClientBuilder").field(&self.config).finish()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("timeouts", &self.timeouts)
            .field("pool", &self.pool)
            .field("limits", &self.limits)
            .field("leniency", &self.leniency)
            .field("redirects", &self.redirects)
            .field("retries", &self.retries.policy)
            .field("spoken", &self.spoken)
            .field("decoding", &self.decoding)
            .field("keys", &self.keys)
            .field("proxy", &self.proxy)
            .field("connector", &self.connector)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// `pannier/VERSION`; built without cargo, which knows the version, `pannier`.
fn user_agent() -> String {
    match option_env!("CARGO_PKG_VERSION") {
        Some(version) => format!("pannier/{}", version),
        None => "pannier".to_owned(),
    }
}
