//! The clients of a run: one for all transfers that may share connections.
//!
//! Transfers that differ in where connections go, or in what is read on them, have clients of their
//! own, since those are settings of a client.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pannier::http::{Headers, Url};
#[cfg(feature = "http2")]
use pannier::Http2Config;
use pannier::{Client, Leniency, Limits, PoolConfig, Protocol};

use crate::args::Global;
use crate::connect::Route;
use crate::cookies::Cookies;
use crate::exit::Failure;
use crate::operation::Operation;
use crate::proxy::{self, Proxy};

/// Clients by what they were set to.
pub struct Clients {
    /// Guards the list; nothing else is locked inside, and nothing waited for.
    known: Mutex<Vec<(Setting, Client)>>,
    pool: PoolConfig,
    /// Those of the run, for all clients that keep any.
    pub cookies: Cookies,
}

#[derive(Clone, Debug, PartialEq)]
struct Setting {
    route: Route,
    ignore_content_length: bool,
    http09: bool,
    protocol: Protocol,
    cookies: bool,
    limit_rate: Option<u64>,
}

impl Clients {
    pub fn new(global: Global) -> Clients {
        Clients { known: Mutex::default(), pool: pool(global), cookies: Cookies::default() }
    }

    /// The client for a transfer from `url`, its number, and its route.
    pub fn get(&self, op: &Operation, url: &Url) -> Result<(Client, usize, Route), Failure> {
        let route = Route::new(op)?;
        let proxy = route.proxy()?;
        let setting = Setting {
            // A redirect may lead to where the rules do have an effect.
            route: if op.location { route } else { route.simplified(&url.origin()) },
            ignore_content_length: op.ignore_content_length,
            http09: op.http09,
            protocol: spoken(op.version),
            cookies: op.cookies.kept,
            limit_rate: op.limit_rate,
        };
        let route = setting.route.clone();
        let mut clients = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let number = clients.iter().position(|(known, _)| *known == setting).unwrap_or_else(|| {
            let client = self.build(&setting, proxy);
            clients.push((setting, client));
            clients.len() - 1
        });
        Ok((clients[number].1.clone(), number, route))
    }

    fn build(&self, setting: &Setting, proxy: Proxy) -> Client {
        let leniency = Leniency::default()
            .ignore_content_length(setting.ignore_content_length)
            .oversized_length(true)
            .http09(setting.http09);
        let builder = proxy::give(Client::builder(), proxy)
            .pool(self.pool)
            .connector(setting.route.connector(setting.limit_rate))
            .leniency(leniency)
            .protocol(setting.protocol)
            .limits(Limits::default().head_bytes(LONGEST_HEAD).head_lines(MOST_LINES))
            // Every field comes from the options, in their order.
            .user_agent("")
            .default_headers(Headers::new());
        // What is limited is a connection, and what is to be limited is a transfer.
        #[cfg(feature = "http2")]
        let builder = match setting.limit_rate {
            Some(_) => builder.http2(Http2Config::default().concurrent_streams(1)),
            None => builder,
        };
        match setting.cookies {
            true => self.cookies.give(builder).build(),
            false => builder.build(),
        }
    }
}

/// What connections begin with. Versions of HTTP/1 may share them.
fn spoken(version: Protocol) -> Protocol {
    match version {
        Protocol::Http10 => Protocol::default(),
        version => version,
    }
}

/// What curl takes of a head, and how many fields.
const LONGEST_HEAD: usize = 300 << 10;
const MOST_LINES: usize = 5000;

/// Side by side, as many connections may rest at once as were busy. None is used again unseen: a few
/// system calls are nothing beside the start of a program.
fn pool(global: Global) -> PoolConfig {
    let pool = PoolConfig::default().look_after(Duration::ZERO);
    if !global.parallel {
        return pool;
    }
    let width = global.width();
    let pool = pool.max_idle_per_origin(width).max_idle(width.max(100));
    global.parallel_max_host.map_or(pool, |most| pool.max_per_origin(most))
}
