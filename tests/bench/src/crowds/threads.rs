//! Clients without a way of their own to do several things at once: a thread a connection, and a counter that
//! deals the requests out.

use super::{Job, BODY};
use crate::answer::Answer;
use crate::buffer::drain;
use crate::clients::check;
use crate::clients::raw::{connect, head, read_at_least};
use crate::server::Reply;
use crate::Failure;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// The floor: a socket a thread, and answers of a length that is known beforehand.
pub fn raw(job: &Job) -> Result<(), Failure> {
    let request = head("GET", job.address, "Accept: */*");
    let answer = Answer::new(Reply::Delayed(0)).into_bytes().len();
    by_threads(job, || {
        let mut stream = connect(job.address)?;
        let request = &request;
        Ok(move || {
            stream.write_all(request)?;
            let filled = read_at_least(&mut stream, &mut [0; PIECE], answer)?;
            Ok((filled + BODY as usize - answer) as u64)
        })
    })
}

pub fn ureq(job: &Job) -> Result<(), Failure> {
    let config = ureq::Agent::config_builder()
        .max_idle_connections(job.connections)
        .max_idle_connections_per_host(job.connections);
    let agent = ureq::Agent::new_with_config(config.build());
    let url = job.url();
    by_threads(job, || {
        Ok(|| {
            let mut response = agent.get(&url).call()?;
            Ok(drain(&mut response.body_mut().as_reader(), &mut [0; PIECE])?)
        })
    })
}

pub fn minreq(job: &Job) -> Result<(), Failure> {
    let url = job.url();
    by_threads(job, || Ok(|| Ok(drain(&mut minreq::get(&url).send_lazy()?, &mut [0; PIECE])?)))
}

pub fn attohttpc(job: &Job) -> Result<(), Failure> {
    let url = job.url();
    by_threads(job, || {
        Ok(|| {
            let (_, _, mut reader) = attohttpc::get(&url).send()?.split();
            Ok(drain(&mut reader, &mut [0; PIECE])?)
        })
    })
}

pub fn reqwest(job: &Job) -> Result<(), Failure> {
    let client = reqwest::blocking::Client::new();
    let url = job.url();
    by_threads(job, || Ok(|| Ok(drain(&mut client.get(&url).send()?, &mut [0; PIECE])?)))
}

/// Every thread makes its own `get`, which returns how many bytes of content came, and calls it as long as
/// there are requests left.
fn by_threads<G>(job: &Job, make: impl Fn() -> Result<G, Failure> + Sync) -> Result<(), Failure>
where
    G: FnMut() -> Result<u64, Failure>,
{
    deal(job.connections, job.requests, BODY, make)
}

/// The same with so many threads, requests, and bytes of content in each answer.
pub fn deal<G>(
    threads: usize,
    requests: u32,
    body: u64,
    make: impl Fn() -> Result<G, Failure> + Sync,
) -> Result<(), Failure>
where
    G: FnMut() -> Result<u64, Failure>,
{
    let taken = AtomicU32::new(0);
    let work = || {
        let mut get = make()?;
        while taken.fetch_add(1, Ordering::Relaxed) < requests {
            check(get()?, body)?;
        }
        Ok::<(), Failure>(())
    };
    thread::scope(|scope| {
        let start = || thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        let threads = (0..threads).map(|_| start()).collect::<Result<Vec<_>, _>>()?;
        threads.into_iter().try_for_each(|thread| thread.join().expect("no client panics"))
    })
}

/// More than an answer, and so little that it costs nothing to speak of.
pub const PIECE: usize = 1024;

/// As large as a batch of pannier gives its threads.
const STACK: usize = 256 * 1024;
