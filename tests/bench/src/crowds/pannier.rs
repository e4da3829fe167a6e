//! pannier's batch, with its defaults but for the number of threads.

use super::{Job, BODY};
use crate::buffer::drain;
use crate::clients::check;
use crate::Failure;
use pannier::net::CancelToken;
use pannier::{Client, ErrorKind, Event, Observer, PoolStats, Request};
use std::iter;
use std::net::SocketAddr;
use std::sync::mpsc::{channel, Sender};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Does the job by a batch and returns what its connections were.
pub fn batch(job: &Job) -> Result<PoolStats, Failure> {
    let client = Client::new();
    let batch = client.batch(requests(&client, job)?).concurrency(job.connections);
    let mut results = batch
        .map(|_, response| -> Result<u64, Failure> { Ok(drain(&mut response?, &mut [0; PIECE])?) });
    results.try_for_each(|(_, moved)| check(moved?, BODY))?;
    drop(results);
    Ok(client.pool_stats())
}

/// The same requests without a batch, on one connection.
pub fn one_by_one(job: &Job) -> Result<(), Failure> {
    let client = Client::new();
    for request in requests(&client, job)? {
        check(drain(&mut client.send(&request)?, &mut [0; PIECE])?, BODY)?;
    }
    Ok(())
}

/// How long it takes from a cancel to the end of a batch of so many requests to a silent server, all of
/// which are in flight.
pub fn cancel(address: SocketAddr, connections: usize) -> Result<Duration, Failure> {
    let (sender, sent) = channel();
    let client = Client::builder().observer(Arc::new(Sent(sender))).build();
    let job = Job { address, requests: connections as u32, connections };
    let token = CancelToken::new();
    let batch = client.batch(requests(&client, &job)?).concurrency(connections);
    let results = batch.cancel(token.clone()).run();
    sent.iter().take(connections).for_each(drop);
    let begun = Instant::now();
    token.cancel();
    let cancelled = results
        .filter(|(_, result)| matches!(result, Err(error) if error.kind() == ErrorKind::Cancelled));
    check(cancelled.count() as u64, connections as u64)?;
    Ok(begun.elapsed())
}

fn requests(client: &Client, job: &Job) -> Result<impl Iterator<Item = Request>, Failure> {
    let request = client.get(job.url()).build()?;
    Ok(iter::repeat_n(request, job.requests as usize))
}

/// Tells of each request that it was sent.
struct Sent(Sender<()>);

impl Observer for Sent {
    fn event(&self, _: Instant, event: &Event<'_>) {
        if matches!(event, Event::RequestEnd) {
            // Once all are in flight nobody listens any more.
            let _ = self.0.send(());
        }
    }
}

/// More than an answer, and so little that it costs nothing to speak of.
const PIECE: usize = 1024;
