//! Why a SOCKS proxy made no connection.

use std::{error, fmt};

/// What was refused, or which rule was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The host's name has more than 255 bytes.
    NameTooLong,
    /// The user's name has more than 255 bytes.
    UserTooLong,
    /// The password has more than 255 bytes.
    PasswordTooLong,
    /// The user's name has a zero byte, which ends it in SOCKS4.
    UserHasNul,
    /// SOCKS4 knows no IPv6 addresses.
    Ipv6,
    /// A message of the proxy begins with this in place of its version.
    Version(u8),
    /// The proxy takes none of the authentication methods that were offered.
    NoMethod,
    /// The proxy chose a method that was not offered.
    Method(u8),
    /// The proxy refuses user and password.
    LoginRefused,
    /// The proxy refuses, or could not connect.
    Refused(Refusal),
    /// The proxy's reply holds an address of a kind that there is none of.
    AddressType(u8),
    /// The proxy closed the connection before its reply was complete.
    Closed,
    /// Bytes came behind the reply, though nothing had been sent to the host yet.
    SurplusBytes,
}

/// The code of a reply that is not the good one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Of SOCKS4.
    V4(u8),
    /// Of SOCKS5 (RFC 1928 §6).
    V5(u8),
}

impl Refusal {
    /// What the code means, as a clause that completes "the SOCKS proxy refused: …".
    pub const fn explain(self) -> &'static str {
        match self {
            Refusal::V4(91) => "rejected or failed",
            Refusal::V4(92) => "it cannot reach the identd of this host",
            Refusal::V4(93) => "the identd of this host names another user",
            Refusal::V5(1) => "general failure",
            Refusal::V5(2) => "not allowed by its rules",
            Refusal::V5(3) => "the network is unreachable",
            Refusal::V5(4) => "the host is unreachable",
            Refusal::V5(5) => "the connection was refused",
            Refusal::V5(6) => "the time to live has expired",
            Refusal::V5(7) => "it does not know the command",
            Refusal::V5(8) => "it does not know this type of address",
            Refusal::V4(_) | Refusal::V5(_) => "with a code that has no meaning",
        }
    }

    /// The code itself.
    pub const fn code(self) -> u8 {
        match self {
            Refusal::V4(code) | Refusal::V5(code) => code,
        }
    }

    /// Might the proxy reach another address of the same host?
    pub(crate) const fn concerns_address(self) -> bool {
        matches!(self, Refusal::V4(91) | Refusal::V5(1 | 3 | 4 | 5 | 6 | 8))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NameTooLong => {
                f.write_str("the host's name is longer than the 255 bytes that SOCKS can say")
            }
            Error::UserTooLong => {
                f.write_str("the user's name is longer than the 255 bytes that SOCKS can say")
            }
            Error::PasswordTooLong => {
                f.write_str("the password is longer than the 255 bytes that SOCKS can say")
            }
            Error::UserHasNul => f.write_str("the user's name has a zero byte"),
            Error::Ipv6 => f.write_str("SOCKS4 knows no IPv6 addresses"),
            Error::Version(byte) => {
                write!(f, "the SOCKS proxy answered with version {}, or does not speak SOCKS", byte)
            }
            Error::NoMethod => {
                f.write_str("the SOCKS proxy takes none of the authentication methods offered")
            }
            Error::Method(method) => {
                write!(f, "the SOCKS proxy asks for method {}, which was not offered", method)
            }
            Error::LoginRefused => f.write_str("the SOCKS proxy refused user and password"),
            Error::Refused(refusal) => write!(
                f,
                "the SOCKS proxy refused: {} (code {})",
                refusal.explain(),
                refusal.code()
            ),
            Error::AddressType(kind) => {
                write!(f, "the SOCKS proxy's reply has an address of the unknown type {}", kind)
            }
            Error::Closed => {
                f.write_str("the SOCKS proxy closed the connection inside the handshake")
            }
            Error::SurplusBytes => {
                f.write_str("the SOCKS proxy sent bytes behind its reply, before any request")
            }
        }
    }
}

impl error::Error for Error {}
