//! hyper's connection of HTTP/2, on a runtime of one thread: what reqwest is made of, without its pool and its policies.
//!
//! It hands the body out in its own buffers, so nothing is copied to the caller.

use super::raw::connect;
use super::{check, Client, Prepared, Session, Task};
use crate::workloads::Work;
use crate::Failure;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http2::{handshake, SendRequest};
use hyper::{Request, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::runtime::{self, Runtime};
use tokio::task::JoinSet;

pub struct Hyper;

impl Client for Hyper {
    fn name(&self) -> &'static str {
        "hyper"
    }

    fn prepare(&self, task: &Task) -> Option<Prepared> {
        match task.work {
            Work::Streams { body, depth } => Some(
                Streams::new(task, body, depth)
                    .map(|session| -> Box<dyn Session> { Box::new(session) }),
            ),
            _ => None,
        }
    }
}

struct Streams {
    runtime: Runtime,
    sender: Sender,
    uri: Uri,
    body: u64,
    depth: usize,
}

type Sender = SendRequest<Empty<Bytes>>;

impl Streams {
    fn new(task: &Task, body: u64, depth: usize) -> Result<Streams, Failure> {
        let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
        let sender = runtime.block_on(open(task.address))?;
        Ok(Streams { runtime, sender, uri: task.url().parse()?, body, depth })
    }
}

async fn open(address: SocketAddr) -> Result<Sender, Failure> {
    let stream = connect(address)?;
    stream.set_nonblocking(true)?;
    let stream = TokioIo::new(TcpStream::from_std(stream)?);
    let (sender, connection) = handshake(TokioExecutor::new(), stream).await?;
    tokio::spawn(connection);
    Ok(sender)
}

impl Session for Streams {
    /// By as many tasks as there are to be streams, each of which takes the next request.
    fn run(&mut self, requests: u32) -> Result<(), Failure> {
        let taken = Arc::new(AtomicU32::new(0));
        let tasks = (0..self.depth).map(|_| {
            let (mut sender, uri, body) = (self.sender.clone(), self.uri.clone(), self.body);
            let taken = taken.clone();
            async move {
                while taken.fetch_add(1, Ordering::Relaxed) < requests {
                    check(get(&mut sender, &uri).await?, body)?;
                }
                Ok(())
            }
        });
        self.runtime.block_on(async {
            let mut running: JoinSet<Result<(), Failure>> = tasks.collect();
            while let Some(outcome) = running.join_next().await {
                outcome??;
            }
            Ok(())
        })
    }
}

async fn get(sender: &mut Sender, uri: &Uri) -> Result<u64, Failure> {
    sender.ready().await?;
    let request = Request::get(uri.clone()).body(Empty::new())?;
    let mut response = sender.send_request(request).await?;
    let mut total = 0;
    while let Some(frame) = response.frame().await {
        total += frame?.data_ref().map_or(0, |data| data.len() as u64);
    }
    Ok(total)
}
