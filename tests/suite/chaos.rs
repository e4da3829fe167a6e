//! Batches and pipelines against servers that close, reset, truncate and stall at random.
//!
//! Each request has exactly one result, which [`judge`] finds true; and when all is over, no descriptor
//! and no thread is left.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::env;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use pannier::http::Method;
use pannier::{Client, PoolConfig, RequestBuilder, Timeouts};

use crate::support::unruly::{alone, content, judge, Act, Random, Server, ACTS, SIZES};

/// Run by hand with `PANNIER_CHAOS=100000`.
const REQUESTS: u64 = 10_000;

#[test]
#[ignore = "long: run by .ci/run"]
fn ok_batches_against_servers_that_misbehave() {
    alone("chaos::ok_batches_against_servers_that_misbehave", || batch(1));
}

#[test]
#[ignore = "long: run by .ci/run"]
fn ok_pipelines_against_servers_that_misbehave() {
    alone("chaos::ok_pipelines_against_servers_that_misbehave", || batch(8));
}

fn batch(depth: usize) {
    let count = env::var("PANNIER_CHAOS").map_or(REQUESTS, |count| count.parse().unwrap());
    // A response that nobody asked for answers the next request, if that is in flight already: no client
    // can tell.
    let acts = ACTS.into_iter().filter(|(_, act)| depth == 1 || *act != Act::AnswerTwice);
    let server = Server::new(acts.chain([(1, Act::Stall)]), depth);
    // Who breaks pipelining twice is not pipelined to any more.
    let origins = server.listen(if depth == 1 { 4 } else { 40 });
    let total = if depth == 1 { 20 } else { 100 };
    let pool = PoolConfig::default().max_per_origin(6).max_total(total);
    let timeouts = Timeouts::default().total(Duration::from_millis(1500));
    let client = Client::builder().pool(pool).timeouts(timeouts).build();
    let began = Instant::now();
    let (maker, places) = (client.clone(), origins.clone());
    let mut random = Random::new(depth as u64);
    let requests = (0..count).map(move |id| make(&maker, &places, id, &mut random));
    let results = client.batch(requests).concurrency(24).pipeline_depth(depth).run();
    let mut tally = BTreeMap::new();
    let mut seen = vec![false; count as usize];
    for (index, result) in results {
        assert!(!std::mem::replace(&mut seen[index], true), "{} has two results", index);
        let result = result.and_then(|response| response.bytes()).map(Some);
        let what = result.as_ref().map_or_else(|e| format!("{:?}", e.kind()), |_| "ok".into());
        *tally.entry(what).or_insert(0) += 1;
        judge(
            index as u64,
            method(index as u64).is_idempotent(),
            &server.forget(index as u64),
            &result,
        );
    }
    println!("depth {}: {} requests in {:.1?}: {:?}", depth, count, began.elapsed(), tally);
    println!("{:?}", client.pool_stats());
    assert!(seen.iter().all(|&seen| seen), "a request has no result");
    assert_eq!((client.pool_stats().active, client.pool_stats().waiting), (0, 0));
    drop(client);
    server.stop(&origins);
}

fn method(id: u64) -> Method {
    match Random::new(id).below(10) {
        0 => Method::POST,
        1 => Method::PUT,
        _ => Method::GET,
    }
}

fn make(client: &Client, origins: &[SocketAddr], id: u64, random: &mut Random) -> RequestBuilder {
    let origin = origins[random.below(origins.len() as u64) as usize];
    let request = client.request(method(id), format!("http://{}/{}", origin, id));
    match method(id) {
        Method::GET => request,
        _ => request.body(content(id, random.pick(&SIZES))),
    }
}
