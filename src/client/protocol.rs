//! Which version of HTTP a caller asks for, and what that means on each way.
//!
//! HTTP/2 is spoken only where a caller has named a [`Protocol`]. So what opens connections of it comes from
//! there alone, and a program that names none carries nothing of it.

#[cfg(feature = "http2")]
use crate::conn::h2::Open;
use crate::http::{Scheme, Version};

/// The protocol in which requests are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Protocol {
    /// HTTP/1.1. The default.
    #[default]
    Http11,
    /// HTTP/1.0: one exchange per connection unless a `Connection: keep-alive` is given and granted.
    Http10,
    /// HTTP/2 with servers that choose it in the TLS handshake (RFC 9113 §3.3), which needs a
    /// [`Tls`](crate::net::Tls) that negotiates, and for exchanges to share a connection one whose
    /// transports can be cloned; else HTTP/1.1.
    #[cfg(feature = "http2")]
    Http2,
    /// The same over TLS, and over cleartext HTTP/2 at once, without asking (RFC 9113 §3.4): the server is
    /// known to speak it. What a proxy forwards goes to it in HTTP/1.1.
    #[cfg(feature = "http2")]
    Http2PriorKnowledge,
}

impl Protocol {
    /// The version of a request that goes out on a connection of HTTP/1.
    pub(super) fn version(self) -> Version {
        match self {
            Protocol::Http10 => Version::Http10,
            _ => Version::Http11,
        }
    }
}

/// What is spoken, or may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    Http1(Version),
    /// HTTP/2 where it is chosen in the TLS handshake, else HTTP/1.1.
    #[cfg(feature = "http2")]
    Negotiated(Open),
    /// The same over TLS, and HTTP/2 over cleartext.
    #[cfg(feature = "http2")]
    Known(Open),
}

impl Spoken {
    /// What a caller has named.
    pub(super) fn named(protocol: Protocol) -> Spoken {
        match protocol {
            #[cfg(feature = "http2")]
            Protocol::Http2 => Spoken::Negotiated(Open::new()),
            #[cfg(feature = "http2")]
            Protocol::Http2PriorKnowledge => Spoken::Known(Open::new()),
            Protocol::Http10 | Protocol::Http11 => Spoken::Http1(protocol.version()),
        }
    }

    /// The version of a request that goes out on a connection of HTTP/1.
    pub(super) fn version(self) -> Version {
        match self {
            Spoken::Http1(version) => version,
            #[cfg(feature = "http2")]
            Spoken::Negotiated(_) | Spoken::Known(_) => Version::Http11,
        }
    }

    /// What that is on connections to an origin of this scheme. The versions of HTTP/1 share theirs.
    pub(super) fn to(self, scheme: Scheme) -> Spoken {
        match (self, scheme) {
            #[cfg(feature = "http2")]
            (Spoken::Negotiated(open) | Spoken::Known(open), Scheme::Https) => {
                Spoken::Negotiated(open)
            }
            #[cfg(feature = "http2")]
            (Spoken::Known(_), Scheme::Http) => self,
            _ => Spoken::default(),
        }
    }

    /// What is offered in a TLS handshake (RFC 7301), in order of preference.
    pub(super) fn offers(self) -> &'static [&'static [u8]] {
        match self {
            #[cfg(feature = "http2")]
            Spoken::Negotiated(_) => &[b"h2", b"http/1.1"],
            _ => &[b"http/1.1"],
        }
    }

    /// May one connection carry many exchanges at once?
    pub(super) fn may_be_http2(self) -> bool {
        !matches!(self, Spoken::Http1(_))
    }

    /// Is HTTP/2 spoken without asking?
    pub(super) fn is_http2_known(self) -> bool {
        match self {
            #[cfg(feature = "http2")]
            Spoken::Known(_) => true,
            _ => false,
        }
    }

    /// What opens connections of HTTP/2, if that is what a handshake has led to.
    #[cfg(feature = "http2")]
    pub(super) fn http2(self, chosen: Option<&[u8]>) -> Option<Open> {
        match self {
            Spoken::Known(open) => Some(open),
            Spoken::Negotiated(open) if chosen == Some(b"h2") => Some(open),
            _ => None,
        }
    }
}

impl Default for Spoken {
    fn default() -> Spoken {
        Spoken::Http1(Version::Http11)
    }
}
