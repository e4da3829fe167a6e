//! Where the connections for a request lead: what the pool keeps them by.
//!
//! Whatever makes a connection different from another is a part of its route: the origin, the proxy,
//! what the proxy knows its user by, and how the proxy itself is reached. A request has its route from
//! the moment when it is built, and the one after a redirect has its own.

use std::sync::Arc;

use crate::http::{Origin, Scheme};

use super::config::Protocol;
use super::proxy::Server;

/// Where connections lead.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// To the origin.
    Direct(Origin),
    /// To the proxy, which is sent requests in absolute-form, for whatever origin (RFC 9112 §3.2.2).
    Forward(Arc<Server>),
    /// Through the proxy to the origin: by CONNECT or SOCKS.
    Tunnel(Arc<Server>, Origin),
}

impl Route {
    /// What is connected to by the system.
    pub(super) fn first_hop(&self) -> &Origin {
        match self {
            Route::Direct(origin) => origin,
            Route::Forward(server) | Route::Tunnel(server, _) => server.first_hop(),
        }
    }

    /// Is HTTP/2 spoken to who reads the requests, without asking? Not to a proxy that forwards them.
    pub(super) fn is_http2_known(&self, protocol: Protocol) -> bool {
        protocol.is_http2_known()
            && match self {
                Route::Direct(origin) | Route::Tunnel(_, origin) => origin.scheme() == Scheme::Http,
                Route::Forward(_) => false,
            }
    }

    /// The proxy that reads the requests themselves.
    pub(super) fn forwarder(&self) -> Option<&Arc<Server>> {
        match self {
            Route::Forward(server) => Some(server),
            Route::Direct(_) | Route::Tunnel(..) => None,
        }
    }
}
