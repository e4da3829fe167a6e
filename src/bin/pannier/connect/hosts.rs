//! Names that `--resolve` knows, and all others as the system does.

use std::io;
use std::net::SocketAddr;

use pannier::net::{CancelToken, Deadline, Resolve, SystemResolver};

use super::entries::{known_addresses, KnownHost};

/// Names looked up in a table first.
#[derive(Debug)]
pub struct Hosts {
    known: Vec<KnownHost>,
    system: SystemResolver,
}

impl Hosts {
    pub fn new(known: Vec<KnownHost>) -> Hosts {
        Hosts { known, system: SystemResolver::new() }
    }
}

impl Resolve for Hosts {
    fn resolve(
        &self,
        host: &str,
        port: u16,
        deadline: Deadline,
        cancel: Option<&CancelToken>,
    ) -> io::Result<Vec<SocketAddr>> {
        match known_addresses(&self.known, host, port) {
            [] => self.system.resolve(host, port, deadline, cancel),
            found => Ok(found.iter().map(|&address| (address, port).into()).collect()),
        }
    }
}
