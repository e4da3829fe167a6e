//! Built without proxies: no operation can ask for one, and the environment is not asked.

use pannier::http::{Origin, Url};
use pannier::ClientBuilder;

use crate::exit::Failure;
use crate::operation::Operation;

/// None.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies;

/// None either.
#[derive(Clone, Debug)]
pub struct Proxy;

impl Proxies {
    /// None, whatever the environment says.
    pub fn new(_: &Operation) -> Result<Proxies, Failure> {
        Ok(Proxies)
    }

    /// As the program has them.
    pub fn proxy(&self) -> Result<Proxy, Failure> {
        Ok(Proxy)
    }

    /// Nothing reads the request but the server.
    pub fn forwards(&self) -> bool {
        false
    }
}

impl Proxy {
    /// As there is no other.
    pub fn none() -> Proxy {
        Proxy
    }

    /// Every way is direct.
    pub fn first_hop(&self, _: &Url) -> Option<Origin> {
        None
    }
}

/// The builder as it is.
pub fn give(builder: ClientBuilder, _: Proxy) -> ClientBuilder {
    builder
}
