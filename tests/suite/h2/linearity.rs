//! What is dripped over HTTP/2 costs as much as its length, not the square of it, and small frames cost
//! little more than large ones. Counted as for HTTP/1.

use std::env;

use pannier::http::Method;
use pannier::proto::h2::{Config, Connection};
use pannier::proto::Limits;

use crate::h1_linearity::{twice_the_length_costs_twice_as_much, DRIP};
use crate::properties::h2_engine::*;

const HERE: &str = "h2::linearity::workload";

const WORKLOADS: [&str; 6] = ["value", "fields", "table", "data", "pieces", "pings"];

/// Frames of about `length` bytes of one kind, which come after a request.
fn frames_of(workload: &str, length: usize) -> Vec<u8> {
    let ok = headers(1, &[(":status", "200")], false);
    let fields = |block: Vec<u8>| {
        let mut wire = frame(1, 0, 1, b"\x88");
        let pieces = block.chunks(4_000);
        pieces.for_each(|piece| wire.extend_from_slice(&frame(9, 0, 1, piece)));
        wire.extend_from_slice(&frame(9, 4, 1, b""));
        wire
    };
    match workload {
        "value" => fields(block(&[("a", &"x".repeat(length))])),
        "fields" => fields(block(&[("name", "value")]).repeat(length / 12)),
        "table" => fields([&b"\x40\x01a\x01b"[..], &vec![0xbe; length]].concat()),
        "data" => [ok, data(1, &vec![b'x'; length.min(16_384)], false), ping(1)].concat(),
        "pieces" => [ok, data(1, b"x", false).repeat(length / 10)].concat(),
        "pings" => ping(1).repeat(length / 17),
        other => panic!("there is no workload {}", other),
    }
}

#[test]
#[ignore = "run by the test below, under valgrind"]
fn workload() {
    let setting = env::var(DRIP).unwrap_or_else(|_| "value 1000 8".to_owned());
    let words = setting.split(' ').collect::<Vec<_>>();
    let (length, piece): (usize, usize) = (words[1].parse().unwrap(), words[2].parse().unwrap());
    let wire = [settings(&[]), frames_of(words[0], length)].concat();
    let limits = Limits::default().head_bytes(1 << 24).head_lines(1 << 20);
    let mut connection = Connection::new(Config::default(), limits);
    request(&mut connection, &Method::GET, true);
    let (mut at, mut fed) = (0, 0);
    while fed < wire.len() {
        fed = wire.len().min(fed + piece);
        loop {
            let (used, event) = connection.recv(&wire[at..fed]).unwrap();
            at += used;
            if event.is_none() {
                break;
            }
        }
        connection.output().clear();
    }
}

#[test]
#[ignore = "needs valgrind"]
fn ok_frames_of_twice_the_length_cost_twice_as_much_to_drip() {
    twice_the_length_costs_twice_as_much(HERE, &WORKLOADS, 8_000);
}
