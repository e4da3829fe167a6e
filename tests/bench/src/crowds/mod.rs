//! Many GETs at once, by each client in the way it has for that: threads by hand, a multi handle, a batch.
//!
//! A job begins with nothing, neither threads nor connections, and leaves nothing behind.

pub mod curl;
pub mod pannier;
pub mod threads;

use crate::workloads::PATH;
use crate::Failure;
use std::net::SocketAddr;

/// So many small GETs over so many connections.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    pub address: SocketAddr,
    pub requests: u32,
    pub connections: usize,
}

impl Job {
    fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }
}

/// A client, and how it does a job and checks that every byte came.
pub struct Crowd {
    pub name: &'static str,
    pub run: fn(&Job) -> Result<(), Failure>,
}

pub const CROWDS: &[Crowd] = &[
    // The baseline.
    Crowd { name: "raw", run: threads::raw },
    Crowd { name: "pannier", run: |job| pannier::batch(job).map(drop) },
    Crowd { name: "ureq", run: threads::ureq },
    Crowd { name: "minreq", run: threads::minreq },
    Crowd { name: "attohttpc", run: threads::attohttpc },
    Crowd { name: "reqwest", run: threads::reqwest },
    Crowd { name: "curl", run: curl::multi },
];

/// The crowd of this name; `pannier-loop` is one request after the other.
pub fn find(name: &str) -> Option<&'static Crowd> {
    const LOOP: &Crowd = &Crowd { name: "pannier-loop", run: pannier::one_by_one };
    CROWDS.iter().chain([LOOP]).find(|crowd| crowd.name == name)
}

/// The bytes of content in each answer.
const BODY: u64 = 100;
