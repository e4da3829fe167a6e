//! Making a new connection: the connector, proxies if the route leads through some, TLS if the scheme
//! says so, and a number. How proxies are asked is in `tunnel`.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::Instant;

use crate::conn::{h1, Connection, Facts};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Made, Phase};
use crate::http::{Origin, Scheme};
use crate::net::{CancelToken, Deadline, Dialing, Registration, Step, Tls, Transport, Watched};

use super::config::Config;
use super::explain::blame;
use super::listener::{observe, Listener};
use super::manners::Manners;
use super::route::{Route, Way};

/// What connections are made from. It may outlive the client, with a dialling that nobody waits for.
pub(super) struct Maker {
    pub(super) config: Config,
    /// Ends diallings on threads of their own.
    pub(super) cancel: CancelToken,
    /// How many of those there are.
    pub(super) aside: Arc<Watched<usize>>,
    pub(super) manners: Manners,
    last_connection: AtomicU64,
}

/// One dialling.
pub(super) struct Dial<'a> {
    pub(super) maker: &'a Maker,
    pub(super) route: &'a Route,
    pub(super) deadline: Deadline,
    pub(super) cancel: Option<&'a CancelToken>,
    pub(super) observer: Option<&'a Arc<dyn Listener>>,
}

impl Maker {
    pub(super) fn new(config: Config) -> Maker {
        Maker {
            config,
            cancel: CancelToken::new(),
            aside: Watched::new(0),
            manners: Manners::default(),
            last_connection: AtomicU64::new(0),
        }
    }
}

impl Dial<'_> {
    /// A new connection by the route.
    pub(super) fn run(&self) -> Result<Connection> {
        let mut made = Made::default();
        let transport = match &self.route.way {
            Way::Direct(origin) => {
                self.tls(origin)?;
                let elsewhere = self.maker.config.connector.elsewhere(origin);
                let transport = self.connect(elsewhere.as_ref().unwrap_or(origin), &mut made)?;
                self.secured(origin, transport, &mut made)?
            }
            Way::Forward(server) => self.reach(server, &mut made)?,
            Way::Tunnel(server, origin) => {
                self.tls(origin)?;
                let elsewhere = self.maker.config.connector.elsewhere(origin);
                let there = elsewhere.as_ref().unwrap_or(origin);
                let transport = self.through(server, there, &mut made)?;
                self.secured(origin, transport, &mut made)?
            }
        };
        let id = self.maker.last_connection.fetch_add(1, Ordering::Relaxed) + 1;
        let facts = Facts::new(&*transport, id, made);
        let connection = self.speak(transport, facts)?;
        let Facts { local, remote, .. } = facts;
        self.observe(|| Event::Connected { connection: id, local, remote });
        Ok(connection)
    }

    /// A connection that speaks what was agreed on, or what the server is known to speak.
    ///
    /// # Errors
    /// That is something that was not offered.
    fn speak(&self, transport: Box<dyn Transport>, facts: Facts) -> Result<Connection> {
        let config = &self.maker.config;
        let chosen = transport.application_protocol();
        #[cfg(feature = "http2")]
        if let Some(open) = self.route.spoken.http2(chosen) {
            let exchange = open.exchange(transport, config.http2, config.limits, facts);
            if let Some(streams) = self.maker.manners.streams(self.route) {
                exchange.expect_room(streams);
            }
            return Ok(Connection::H2(exchange));
        }
        // RFC 7301 §3.2: what the server chooses is one of those that it was offered.
        if chosen == Some(b"h2") {
            return Err(Error::new(ErrorKind::Tls)
                .at(Phase::Tls)
                .message("the server has chosen h2 in the TLS handshake, which was not offered"));
        }
        let connection = h1::Connection::new(transport, config.limits, config.leniency, facts);
        Ok(Connection::H1(Box::new(connection)))
    }

    /// The adapter, if this origin is spoken to by TLS.
    ///
    /// # Errors
    /// It is, and there is none.
    pub(super) fn tls(&self, origin: &Origin) -> Result<Option<&dyn Tls>> {
        match (origin.scheme(), &self.maker.config.tls) {
            (Scheme::Http, _) => Ok(None),
            (Scheme::Https, Some(tls)) => Ok(Some(&**tls)),
            (Scheme::Https, None) => Err(Error::new(ErrorKind::UnsupportedScheme)
                .message("https needs a TLS adapter, and this client has none")),
        }
    }

    /// A connection of the system's.
    pub(super) fn connect(&self, origin: &Origin, made: &mut Made) -> Result<Box<dyn Transport>> {
        let mut phase = Phase::Connect;
        let mut progress = |step: Step<'_>| {
            match step {
                Step::Resolving(_) => phase = Phase::Resolve,
                Step::Resolved(_) => made.resolved = Some(Instant::now()),
                Step::Connecting(_) => phase = Phase::Connect,
                _ => {}
            }
            self.observe_step(step);
        };
        let Dial { deadline, cancel, .. } = *self;
        let dialing = Dialing { origin, deadline, cancel, progress: &mut progress };
        let connected = self.maker.config.connector.connect(dialing);
        let transport = connected.map_err(|error| match phase {
            Phase::Resolve => blame(cancel, phase, ErrorKind::Resolve, error),
            phase => blame(cancel, phase, ErrorKind::Connect, error),
        })?;
        made.connected = Some(Instant::now());
        Ok(transport)
    }

    /// What leads to the origin, by TLS if the scheme says so.
    fn secured(
        &self,
        origin: &Origin,
        transport: Box<dyn Transport>,
        made: &mut Made,
    ) -> Result<Box<dyn Transport>> {
        if self.tls(origin)?.is_none() {
            return Ok(transport);
        }
        let transport = self.secure(origin, transport, self.route.spoken.offers())?;
        made.secured = Some(Instant::now());
        Ok(transport)
    }

    /// The same with whatever is spoken to by TLS on the way.
    pub(super) fn secure(
        &self,
        origin: &Origin,
        transport: Box<dyn Transport>,
        offers: &[&[u8]],
    ) -> Result<Box<dyn Transport>> {
        let tls = match self.tls(origin)? {
            Some(tls) => tls,
            None => return Ok(transport),
        };
        self.observe(|| Event::Handshaking);
        let blame = |error| blame(self.cancel, Phase::Tls, ErrorKind::Tls, error);
        let _registration = self.interruptible(&*transport).map_err(blame)?;
        tls.handshake(origin.host(), transport, offers, self.deadline).map_err(blame)
    }

    /// Has a cancel shut `transport` down, for as long as the registration lives.
    pub(super) fn interruptible(
        &self,
        transport: &dyn Transport,
    ) -> io::Result<Option<Registration>> {
        match (self.cancel, transport.interrupt_handle()) {
            (Some(token), Some(handle)) => token.register(handle).map(Some),
            _ => Ok(None),
        }
    }

    pub(super) fn observe_step(&self, step: Step<'_>) {
        let event = match step {
            Step::Resolving(host) => Event::Resolving { host },
            Step::Resolved(addresses) => Event::Resolved { addresses },
            Step::Connecting(address) => Event::Connecting { address },
            Step::Refused(address) => Event::Refused { address },
            // Told when the connection has its number.
            Step::Connected(_) => return,
        };
        self.observe(|| event);
    }

    pub(super) fn observe<'e>(&self, event: impl FnOnce() -> Event<'e>) {
        observe(self.observer, event);
    }
}
