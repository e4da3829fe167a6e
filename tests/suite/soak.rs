//! Very many requests over many threads against servers that close, reset and truncate at random.
//!
//! What must hold for each of them is in [`judge`], by what the server has written down of it; and when
//! all is over, no descriptor and no thread is left.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::env;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use pannier::http::Method;
use pannier::{Client, PoolConfig, Timeouts};

use crate::support::in_threads;
use crate::support::unruly::{alone, content, judge, receive, Random, Server, ACTS, SIZES};

/// Run by hand with `PANNIER_SOAK=1000000`.
const REQUESTS: u64 = 20_000;

const THREADS: u64 = 16;

/// Origins on addresses of their own, so that no port is wanted twice while it rests.
const ORIGINS: u8 = 4;

#[test]
#[ignore = "long: run by .ci/run"]
fn ok_many_requests_against_servers_that_misbehave() {
    let requests = env::var("PANNIER_SOAK").map_or(REQUESTS, |count| count.parse().unwrap());
    alone("soak::ok_many_requests_against_servers_that_misbehave", || soak(requests));
}

fn soak(requests: u64) {
    let server = Server::new(ACTS, 1);
    let origins = server.listen(ORIGINS);
    let pool = PoolConfig::default().max_idle_per_origin(4);
    let timeouts = Timeouts::default().total(Duration::from_secs(120));
    let client = Client::builder().pool(pool).timeouts(timeouts).build();
    let began = Instant::now();
    let count = requests / THREADS;
    let tallies = in_threads(0..THREADS, |worker| work(&client, &server, &origins, worker, count));
    let elapsed = began.elapsed();
    let mut tally = BTreeMap::new();
    tallies
        .into_iter()
        .flatten()
        .for_each(|(what, count)| *tally.entry(what).or_insert(0) += count);
    println!("{} requests in {:.1?}: {:?}", requests, elapsed, tally);
    println!("{:?}", client.pool_stats());
    assert!(client.pool_stats().retried > 0, "nothing was put to the test");
    drop(client);
    server.stop(&origins);
}

/// Makes `count` requests one after the other and judges each.
fn work(
    client: &Client,
    server: &Server,
    origins: &[SocketAddr],
    worker: u64,
    count: u64,
) -> BTreeMap<String, u64> {
    let mut random = Random::new(worker);
    let mut tally = BTreeMap::new();
    for number in 0..count {
        let id = worker << 40 | number;
        let method = random.pick(&[(60, Method::GET), (20, Method::POST), (20, Method::PUT)]);
        let url = format!("http://{}/{}", origins[random.below(origins.len() as u64) as usize], id);
        let mut request = client.request(method.clone(), url);
        if method != Method::GET {
            request = request.body(content(id, random.pick(&SIZES)));
        }
        let whole = random.below(20) > 0;
        let result = receive(request, whole);
        let arrivals = server.forget(id);
        judge(id, method.is_idempotent(), &arrivals, &result);
        let what = result.map_or_else(|error| format!("{:?}", error.kind()), |_| "ok".into());
        *tally.entry(what).or_insert(0) += 1;
        *tally.entry("arrivals".into()).or_insert(0) += arrivals.len() as u64;
    }
    tally
}
