//! libcurl's multi interface with several streams of HTTP/2 on one connection: a handle a stream, used again and again.

use super::{Session, Task};
use crate::crowds::curl::{perform, Received};
use crate::Failure;
use curl::easy::{Easy2, HttpVersion};
use curl::multi::Multi;

pub struct Streams {
    multi: Multi,
    idle: Vec<Easy2<Received>>,
    body: u64,
}

impl Streams {
    pub fn new(task: &Task, body: u64, depth: usize) -> Result<Streams, Failure> {
        let mut multi = Multi::new();
        multi.pipelining(false, true)?;
        multi.set_max_host_connections(1)?;
        let idle = (0..depth).map(|_| handle(task)).collect::<Result<_, _>>()?;
        Ok(Streams { multi, idle, body })
    }
}

fn handle(task: &Task) -> Result<Easy2<Received>, curl::Error> {
    let mut easy = Easy2::new(Received(0));
    easy.url(&task.url())?;
    easy.http_version(HttpVersion::V2PriorKnowledge)?;
    // For a stream of the first connection rather than for a connection of its own.
    easy.pipewait(true)?;
    if let Some(deadline) = task.deadline {
        easy.timeout(deadline)?;
    }
    Ok(easy)
}

impl Session for Streams {
    fn run(&mut self, requests: u32) -> Result<(), Failure> {
        perform(&self.multi, &mut self.idle, requests, self.body)
    }
}
