//! The cost of a dripped message grows with its length, not with the square of it.
//!
//! Counted, not timed: valgrind counts the instructions of this very test program, run on messages
//! of one length and of twice that. The workloads are ignored tests, so that they can be run alone.

use std::env;
use std::fs;
use std::process::Command;

use pannier::http::{Headers, Method, Version};
use pannier::proto::h1::{Connection, Event, RequestHead, Target, Transfer};
use pannier::{Leniency, Limits};

/// Workload, length of the message, length of the pieces.
pub const DRIP: &str = "PANNIER_DRIP";

const HERE: &str = "h1_linearity::workload";

const WORKLOADS: [&str; 6] = ["field", "fields", "folds", "reason", "trailers", "chunks"];

/// A response of about `length` bytes of one kind.
fn response(workload: &str, length: usize) -> Vec<u8> {
    let chunked: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let fill = |unit: &[u8]| unit.repeat(length / unit.len());
    match workload {
        "field" => [b"HTTP/1.1 204 x\r\nA: ", &fill(b"x")[..], b"\r\n\r\n"].concat(),
        "fields" => [b"HTTP/1.1 204 x\r\n", &fill(b"Name: value\r\n")[..], b"\r\n"].concat(),
        "folds" => [b"HTTP/1.1 204 x\r\nA: b\r\n", &fill(b" c\r\n")[..], b"\r\n"].concat(),
        "reason" => [b"HTTP/1.1 204 ", &fill(b"x")[..], b"\r\n\r\n"].concat(),
        "trailers" => [chunked, b"0\r\n", &fill(b"Name: value\r\n")[..], b"\r\n"].concat(),
        "chunks" => [chunked, &fill(b"1;a=b\r\nx\r\n")[..], b"0\r\n\r\n"].concat(),
        other => panic!("there is no workload {}", other),
    }
}

#[test]
#[ignore = "run by the tests below, under valgrind"]
fn workload() {
    let setting = env::var(DRIP).unwrap_or_else(|_| "field 1000 8".to_owned());
    let words = setting.split(' ').collect::<Vec<_>>();
    let (length, piece) = (words[1].parse().unwrap(), words[2].parse().unwrap());
    drip(&response(words[0], length), piece);
}

/// Nothing but the engine, so that its cost is what is counted.
fn drip(wire: &[u8], piece: usize) {
    let limits = Limits::default()
        .head_bytes(1 << 20)
        .head_lines(1 << 20)
        .trailer_bytes(1 << 20)
        .chunk_line(1 << 20);
    let mut connection = Connection::new(limits, Leniency::default());
    let head = RequestHead {
        method: &Method::GET,
        target: &Target::asterisk_form(),
        version: Version::Http11,
        headers: &Headers::new(),
        transfer: Transfer::Decoded,
    };
    connection.send_head(&head, &mut Vec::new()).unwrap();
    let (mut at, mut fed) = (0, 0);
    let mut output = [0; 64];
    loop {
        let (used, event) = connection.recv(&wire[at..fed], &mut output).unwrap();
        at += used;
        match event {
            Some(Event::End) => return,
            Some(_) => {}
            None => {
                assert!(fed < wire.len(), "the response ends");
                fed = wire.len().min(fed + piece);
            }
        }
    }
}

#[test]
#[ignore = "needs valgrind"]
fn ok_a_message_of_twice_the_length_costs_twice_as_much_to_drip() {
    twice_the_length_costs_twice_as_much(HERE, &WORKLOADS, 20_000);
}

#[test]
#[ignore = "needs valgrind"]
fn ok_a_message_in_many_segments_costs_little_more_than_in_one() {
    for name in WORKLOADS {
        let base = instructions(HERE, name, 0, 8);
        let whole = instructions(HERE, name, 60_000, 60_000) - base;
        let pieces = instructions(HERE, name, 60_000, 64) - base;
        let ratio = pieces as f64 / whole as f64;
        println!("{}: {} and {} instructions, {:.3}", name, whole, pieces, ratio);
        assert!(ratio < 3.0, "{}: {:.3}", name, ratio);
    }
}

/// Drips each workload of this test in pieces of 8 bytes, at this length and at twice that.
pub fn twice_the_length_costs_twice_as_much(test: &str, workloads: &[&str], length: usize) {
    for name in workloads {
        let base = instructions(test, name, 0, 8);
        let single = instructions(test, name, length, 8) - base;
        let double = instructions(test, name, 2 * length, 8) - base;
        let ratio = double as f64 / single as f64;
        println!("{}: {} and {} instructions, {:.3}", name, single, double, ratio);
        assert!(ratio < 2.2, "{}: {:.3}; the square would be 4", name, ratio);
    }
}

/// How many instructions the workload takes, starting and ending of the program included. It is this
/// ignored test.
fn instructions(test: &str, workload: &str, length: usize, piece: usize) -> u64 {
    let drip = format!("{} {} {}", workload, length, piece);
    // Another test may be counting the same.
    let thread = std::thread::current().id();
    let name = format!("pannier-{}-{:?}-{}", std::process::id(), thread, workload);
    let out = env::temp_dir().join(name);
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--quiet"])
        .env(DRIP, &drip)
        .output()
        .expect("valgrind is installed");
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    let report = fs::read_to_string(&out).unwrap();
    fs::remove_file(&out).unwrap();
    let total = report.lines().find_map(|line| line.strip_prefix("totals: "));
    total.expect("callgrind writes totals").trim().parse().unwrap()
}
