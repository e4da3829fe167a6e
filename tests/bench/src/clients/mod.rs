//! The clients, one a file, behind one small trait.

mod attohttpc;
mod bitreq;
mod curl;
mod curl_streams;
mod h2load;
mod httparse;
mod hyper;
mod miniz_oxide;
mod minreq;
mod pannier;
mod pannier_threads;
pub mod raw;
mod raw_pipelined;
mod raw_streams;
mod reqwest;
mod ureq;
mod zlib_rs;

use crate::crowds::threads::deal;
use crate::workloads::{Work, PATH};
use crate::Failure;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A client library, or one way to set it up.
pub trait Client: Sync {
    fn name(&self) -> &'static str;

    /// Makes ready for the task; None if this client cannot do such work.
    fn prepare(&self, task: &Task) -> Option<Prepared>;
}

/// A client that is ready to begin, or why it is not.
pub type Prepared = Result<Box<dyn Session>, Failure>;

/// A client at work. What can be kept between requests (connections, buffers, parsed URLs) is kept.
pub trait Session {
    /// Does the work so many times, and checks that every byte was moved.
    fn run(&mut self, requests: u32) -> Result<(), Failure>;

    /// How long the last run took, if the client is a program that measures this itself.
    fn reported(&self) -> Option<Duration> {
        None
    }
}

/// What a client is told.
#[derive(Clone, Debug)]
pub struct Task {
    pub address: SocketAddr,
    pub work: Work,
    /// Where a download goes to, or an upload comes from.
    pub file: PathBuf,
    /// The deadline of a request, for clients that are to have one.
    pub deadline: Option<Duration>,
}

impl Task {
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }
}

/// The deadline of those that have one.
pub const DEADLINE: Duration = Duration::from_secs(30);

pub const CLIENTS: &[&dyn Client] = &[
    &raw::Raw,
    &raw_pipelined::RawPipelined,
    &pannier::Pannier,
    &pannier_threads::PannierThreads,
    &ureq::Ureq { name: "ureq", buffer: None },
    &ureq::Ureq { name: "ureq-64k", buffer: Some(64 * 1024) },
    &minreq::Minreq,
    &attohttpc::Attohttpc,
    &bitreq::Bitreq,
    &hyper::Hyper,
    &reqwest::Reqwest,
    &curl::Curl { name: "curl", buffer: None },
    &curl::Curl { name: "curl-512k", buffer: Some(512 * 1024) },
    &h2load::H2load,
    &httparse::Httparse,
    &zlib_rs::ZlibRs,
    &miniz_oxide::MinizOxide,
];

pub fn find(name: &str) -> Option<&'static dyn Client> {
    CLIENTS.iter().copied().find(|client| client.name() == name)
}

/// A session made of a function that does the work once and says how many bytes it moved.
struct Repeated<F> {
    once: F,
    expected: u64,
}

impl<F: FnMut() -> Result<u64, Failure>> Session for Repeated<F> {
    fn run(&mut self, requests: u32) -> Result<(), Failure> {
        for _ in 0..requests {
            check((self.once)()?, self.expected)?;
        }
        Ok(())
    }
}

/// Fails unless every byte was moved, and no other.
pub fn check(moved: u64, expected: u64) -> Result<(), Failure> {
    match moved == expected {
        true => Ok(()),
        false => Err(format!("{moved} bytes moved where {expected} were expected").into()),
    }
}

/// Boxes a function as a session.
fn repeat<F>(expected: u64, once: F) -> Prepared
where
    F: FnMut() -> Result<u64, Failure> + 'static,
{
    Ok(Box::new(Repeated { once, expected }))
}

/// A session of threads that share a client; each does the work as long as there is some left.
struct Shared<F> {
    threads: usize,
    once: F,
    expected: u64,
}

impl<F: Fn() -> Result<u64, Failure> + Sync> Session for Shared<F> {
    fn run(&mut self, requests: u32) -> Result<(), Failure> {
        deal(self.threads, requests, self.expected, || Ok(&self.once))
    }
}

/// Boxes a function as a session of so many threads.
fn shared<F>(threads: usize, expected: u64, once: F) -> Prepared
where
    F: Fn() -> Result<u64, Failure> + Sync + 'static,
{
    Ok(Box::new(Shared { threads, once, expected }))
}

/// The two bytes with which the server confirms an upload.
const CONFIRMED: u64 = 2;
