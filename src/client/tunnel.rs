//! The way through proxies: how each is reached, and asked for the next connection.
//!
//! A proxy may be reached through another one, so this goes round: the last of the row is reached
//! through those before it, as it is the way to the origin itself.

use std::net::SocketAddr;
use std::time::Instant;

use crate::conn::{h1, socks, tunnel, Facts, Failure, SentHead, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Event, Made, Phase};
use crate::http::{Headers, Host, Method, Origin, StatusCode};
use crate::net::{Dialing, Registration, Step, Transport};
use crate::proto::h1::{Intent, PreparedHead, RequestHead, Target, Transfer};
use crate::proto::socks::{Error as SocksError, Version};
use crate::proto::ResponseHead;

use super::auth::{Message, Party, Role};
use super::config::Config;
use super::dial::Dial;
use super::explain::{blame, explain, not_over};
use super::protocol::Spoken;
use super::proxy::{Kind, Names, Server};
use super::request::invalid;

impl Dial<'_> {
    /// A connection to the proxy itself.
    pub(super) fn reach(&self, server: &Server, made: &mut Made) -> Result<Box<dyn Transport>> {
        self.tls(&server.origin).map_err(|error| named(error, server))?;
        let transport = match &server.before {
            Some(before) => self.through(before, &server.origin, made)?,
            None => {
                let connected = self.connect(&server.origin, made);
                connected.map_err(|error| named(error, server))?
            }
        };
        // What is asked of a proxy itself is HTTP/1.
        let secured = self.secure(&server.origin, transport, Spoken::default().offers());
        secured.map_err(|error| named(error, server))
    }

    /// A connection to `origin` that the proxy has made.
    pub(super) fn through(
        &self,
        server: &Server,
        origin: &Origin,
        made: &mut Made,
    ) -> Result<Box<dyn Transport>> {
        let transport = match server.kind {
            Kind::Http => self.tunnel(server, origin, made)?,
            Kind::Socks(version, Names::AtProxy) => {
                let there = (origin.host(), origin.port());
                self.socks(server, version, there, made)?
            }
            Kind::Socks(version, Names::Here) => {
                self.socks_by_address(server, version, origin, made)?
            }
        };
        made.tunnelled = Some(Instant::now());
        Ok(transport)
    }

    /// By CONNECT. A proxy that asks who is there is answered, on the same connection if it stands; any
    /// other refusal is final: there is no other way to the origin.
    fn tunnel(
        &self,
        server: &Server,
        origin: &Origin,
        made: &mut Made,
    ) -> Result<Box<dyn Transport>> {
        let party = Party::proxy(server);
        let mut kept = None;
        let mut answers = 0;
        loop {
            let Leg { mut connection, registration } = match kept.take() {
                Some(leg) => leg,
                None => self.leg(server, made)?,
            };
            let head = self.ask(&mut connection, party.as_ref(), origin)?;
            if head.status().is_success() {
                drop(registration);
                return tunnel::enter(connection).map_err(|failure| self.failed(failure));
            }
            let goes_on = party.as_ref().map(|party| party.challenged(&head, true, answers));
            if !goes_on.unwrap_or(Ok(false))? {
                return Err(refused(server, origin, head.status()));
            }
            answers += 1;
            if tunnel::survives(&mut connection, self.deadline) {
                kept = Some(Leg { connection, registration });
            }
            not_over(self.cancel, Phase::Tunnel, self.deadline, Instant::now())?;
        }
    }

    /// A connection to the proxy, to ask it on.
    fn leg(&self, server: &Server, made: &mut Made) -> Result<Leg> {
        let Config { limits, leniency, .. } = &self.maker.config;
        let transport = self.reach(server, made)?;
        let registered = self.interruptible(&*transport);
        let registration = registered.map_err(|error| self.failed(Failure::Send(error)))?;
        let facts = Facts::new(&*transport, 0, *made);
        let connection = h1::Connection::new(transport, *limits, *leniency, facts);
        Ok(Leg { connection, registration })
    }

    /// The head of the answer to a CONNECT.
    fn ask(
        &self,
        connection: &mut h1::Connection,
        party: Option<&Party<'_>>,
        origin: &Origin,
    ) -> Result<ResponseHead> {
        let target = Target::authority_form(origin);
        let headers = self.connect_headers(party, &target)?;
        let head = RequestHead {
            method: &Method::CONNECT,
            target: &target,
            version: self.maker.config.proxy.protocol.version(),
            headers: &headers,
            transfer: Transfer::Decoded,
        };
        let intent = Intent::of(head.method, head.version, &headers, head.transfer);
        let head = PreparedHead::with_intent(head, intent.map_err(invalid)?);
        self.observe(|| Event::Tunnelling { host: origin.host(), port: origin.port() });
        let answer = tunnel::ask(connection, &head, self.deadline, &mut Asking(self));
        let answer = answer.map_err(|failure| self.failed(failure))?;
        let status = answer.status();
        self.observe(|| Event::TunnelResponse { status, head: answer.as_bytes() });
        if let Some(party) = party {
            party.informed(&answer);
        }
        Ok(answer)
    }

    /// RFC 9110 §9.3.6, RFC 9112 §3.2: Host is the authority of the target. Nothing of the request that
    /// is to go through the tunnel is told to the proxy.
    fn connect_headers(&self, party: Option<&Party<'_>>, target: &Target<'_>) -> Result<Headers> {
        let Config { proxy, user_agent, .. } = &self.maker.config;
        let target = target.as_str();
        let message = Message { method: &Method::CONNECT, target, content: Some(b"") };
        let credentials = party.map(|party| party.answer(&message)).transpose()?.flatten();
        let agent = Some(user_agent.as_bytes()).filter(|agent| !agent.is_empty());
        let own = [
            ("Host", Some(target.as_bytes())),
            (Role::Proxy.field(), credentials.as_deref()),
            ("User-Agent", agent),
        ];
        let own = own.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
        let own = own.filter(|(name, _)| !proxy.headers.contains(name));
        let mut headers = Headers::new();
        for (name, value) in own.chain(proxy.headers.iter()) {
            headers.append(name, value).map_err(invalid)?;
        }
        Ok(headers)
    }

    fn failed(&self, failure: Failure) -> Error {
        explain(self.cancel, Phase::Tunnel, failure)
    }

    /// By SOCKS to an address of the host: to the next one, if the proxy cannot reach the first.
    fn socks_by_address(
        &self,
        server: &Server,
        version: Version,
        origin: &Origin,
        made: &mut Made,
    ) -> Result<Box<dyn Transport>> {
        let mut addresses = self.look_up(origin)?;
        if version == Version::V4 && addresses.iter().any(SocketAddr::is_ipv4) {
            addresses.retain(SocketAddr::is_ipv4);
        }
        let mut result = Err(Error::new(ErrorKind::Resolve).at(Phase::Tunnel));
        for address in addresses {
            let there = (&Host::from(address.ip()), address.port());
            result = self.socks(server, version, there, made);
            match &result {
                Err(error) if concerns_address(error) => {}
                _ => return result,
            }
        }
        result
    }

    fn look_up(&self, origin: &Origin) -> Result<Vec<SocketAddr>> {
        let Dial { deadline, cancel, .. } = *self;
        let progress = &mut |step: Step<'_>| self.observe_step(step);
        let dialing = Dialing { origin, deadline, cancel, progress };
        let found = self.maker.config.connector.resolve(dialing);
        found.map_err(|error| blame(cancel, Phase::Tunnel, ErrorKind::Resolve, error))
    }

    /// By SOCKS.
    fn socks(
        &self,
        server: &Server,
        version: Version,
        (host, port): (&Host, u16),
        made: &mut Made,
    ) -> Result<Box<dyn Transport>> {
        let failed = |failure| {
            let error = self.failed(failure);
            match error.kind() {
                ErrorKind::Proxy | ErrorKind::Send | ErrorKind::Receive => {
                    let text =
                        format!("{}, when {} was asked for {}:{}", error, server, host, port);
                    error.but(ErrorKind::Proxy).message(text)
                }
                _ => error,
            }
        };
        let mut transport = self.reach(server, made)?;
        let registered = self.interruptible(&*transport);
        let _registration = registered.map_err(|error| failed(Failure::Send(error)))?;
        self.observe(|| Event::Tunnelling { host, port });
        let opened =
            socks::open(&mut *transport, version, (host, port), server.login(), self.deadline);
        opened.map_err(failed)?;
        Ok(transport)
    }
}

/// A connection to a proxy, and what can cancel it.
struct Leg {
    connection: h1::Connection,
    registration: Option<Registration>,
}

/// Tells of a CONNECT.
struct Asking<'a, 'b>(&'a Dial<'b>);

impl Watch for Asking<'_, '_> {
    fn informational(&mut self, head: &ResponseHead) {
        let status = head.status();
        self.0.observe(|| Event::TunnelResponse { status, head: head.as_bytes() });
    }

    fn is_watching(&self) -> bool {
        self.0.observer.is_some()
    }

    fn sent_head(&mut self, head: SentHead<'_>) {
        if let Some(listener) = self.0.observer {
            let length = head.length;
            let bytes = &*listener.shown(head.bytes, &self.0.maker.config.proxy.sensitive);
            listener.tell(&Event::TunnelRequest { bytes, length });
        }
    }

    fn sent_content(&mut self, _: &[u8]) {}

    fn sent_end(&mut self) {}
}

fn refused(server: &Server, origin: &Origin, status: StatusCode) -> Error {
    let there = Target::authority_form(origin);
    let text = format!("the proxy {} answered CONNECT {} with {}", server, there.as_str(), status);
    Error::new(ErrorKind::Proxy).at(Phase::Tunnel).with_status(status).message(text)
}

/// The failure to reach a proxy says which.
fn named(error: Error, server: &Server) -> Error {
    match error.kind() {
        ErrorKind::Resolve | ErrorKind::Connect | ErrorKind::Tls | ErrorKind::UnsupportedScheme => {
            let text = format!("the proxy {} cannot be reached: {}", server, error);
            error.message(text)
        }
        _ => error,
    }
}

/// Has the proxy failed to reach an address, and might reach another?
fn concerns_address(error: &Error) -> bool {
    let source = std::error::Error::source(error);
    match source.and_then(|source| source.downcast_ref::<SocksError>()) {
        Some(SocksError::Refused(refusal)) => refusal.concerns_address(),
        _ => false,
    }
}
