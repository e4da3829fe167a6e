//! Where the connections for a request lead: what the pool keeps them by.
//!
//! Whatever makes a connection different from another is a part of its route: the origin, the proxy,
//! what the proxy knows its user by, how the proxy itself is reached, and what is spoken. A request has its route from
//! the moment when it is built, and the one after a redirect has its own.

use std::sync::Arc;

use crate::http::Origin;

use super::protocol::Spoken;
use super::proxy::Server;

/// Where connections lead, and what is spoken on them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) way: Way,
    /// As far as it makes a difference.
    pub(super) spoken: Spoken,
}

/// Where connections lead.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "proxy"), allow(dead_code))] // Without proxies every way is direct.
pub(super) enum Way {
    /// To the origin.
    Direct(Origin),
    /// To the proxy, which is sent requests in absolute-form, for whatever origin (RFC 9112 §3.2.2).
    Forward(Arc<Server>),
    /// Through the proxy to the origin: by CONNECT or SOCKS.
    Tunnel(Arc<Server>, Origin),
}

impl Route {
    pub(super) fn new(way: Way, spoken: Spoken) -> Route {
        let spoken = match &way {
            Way::Direct(origin) | Way::Tunnel(_, origin) => spoken.to(origin.scheme()),
            // What is asked of a proxy itself is HTTP/1.
            Way::Forward(_) => Spoken::default(),
        };
        Route { way, spoken }
    }

    /// What is connected to by the system.
    pub(super) fn first_hop(&self) -> &Origin {
        match &self.way {
            Way::Direct(origin) => origin,
            Way::Forward(server) | Way::Tunnel(server, _) => server.first_hop(),
        }
    }

    /// The proxy that reads the requests themselves.
    pub(super) fn forwarder(&self) -> Option<&Arc<Server>> {
        match &self.way {
            Way::Forward(server) => Some(server),
            Way::Direct(_) | Way::Tunnel(..) => None,
        }
    }
}
