//! `--interface`: the address that connections must leave from.
//!
//! std cannot bind a socket before it connects, so the system chooses as it always does, and its choice is
//! compared: a connection that leaves from elsewhere is closed before a byte goes over it.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use pannier::net::Family;

use crate::exit::{self, Failure};

/// The addresses of one that was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    name: String,
    addresses: Vec<IpAddr>,
}

impl Local {
    /// What is named: an address or a host of this machine. An interface has no address that std would
    /// know.
    pub fn find(name: &str) -> Result<Local, Failure> {
        let host = name.strip_prefix("host!").unwrap_or(name);
        let found = match host.parse() {
            Ok(address) => Ok(vec![address]),
            Err(_) => (host, 0).to_socket_addrs().map(|found| found.map(|at| at.ip()).collect()),
        };
        match found {
            Ok(addresses) => Ok(Local { name: name.to_owned(), addresses }),
            Err(_) => Err(Failure::new(
                exit::INTERFACE_FAILED,
                format!("Couldn't bind to '{}': it is no address and no host's name", name),
            )),
        }
    }

    /// The family of its addresses, if it is one.
    pub fn family(&self) -> Option<Family> {
        let four = self.addresses.iter().filter(|address| address.is_ipv4()).count();
        match four {
            0 => Some(Family::V6),
            _ if four == self.addresses.len() => Some(Family::V4),
            _ => None,
        }
    }

    /// Does a connection with this end leave from there?
    pub fn check(&self, end: Option<SocketAddr>) -> io::Result<()> {
        match end {
            Some(end) if !self.addresses.contains(&end.ip()) => {
                let elsewhere = Elsewhere { name: self.name.clone(), end: end.ip() };
                Err(io::Error::new(io::ErrorKind::AddrNotAvailable, elsewhere))
            }
            _ => Ok(()),
        }
    }
}

/// A connection leaves from another address than was asked for.
#[derive(Debug)]
pub struct Elsewhere {
    name: String,
    end: IpAddr,
}

impl fmt::Display for Elsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Couldn't bind to '{}': the way there is from {}", self.name, self.end)
    }
}

impl Error for Elsewhere {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_and_err_ends_are_compared() {
        for (name, family, end, leaves) in [
            ("127.0.0.1", Some(Family::V4), "127.0.0.1:5", true),
            ("host!127.0.0.1", Some(Family::V4), "127.0.0.1:5", true),
            ("127.0.0.2", Some(Family::V4), "127.0.0.1:5", false),
            ("::1", Some(Family::V6), "[::1]:5", true),
            ("::1", Some(Family::V6), "127.0.0.1:5", false),
        ] {
            let local = Local::find(name).unwrap_or_else(|failure| panic!("{}", failure.message));
            assert_eq!(local.family(), family, "{}", name);
            let end = end.parse().expect("it is an address");
            assert_eq!(local.check(Some(end)).is_ok(), leaves, "{}", name);
        }
        for name in ["no-interface!", "if!lo", "a.invalid"] {
            let failure = Local::find(name).expect_err(name);
            assert_eq!(failure.code, exit::INTERFACE_FAILED);
        }
    }
}
