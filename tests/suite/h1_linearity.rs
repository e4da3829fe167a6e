//! The cost of a dripped message grows with its length, not with the square of it.
//!
//! Counted, not timed: valgrind counts the instructions of this very test program, run on messages
//! of one length and of twice that. The workloads are ignored tests, so that they can be run alone.

use std::env;
use std::fs;
use std::process::Command;

use crate::properties::replay::{Feed, Pieces, Session};

/// Workload, length of the message, length of the pieces.
const DRIP: &str = "PANNIER_DRIP";

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
    let drip = env::var(DRIP).unwrap_or_else(|_| "field 1000 8".to_owned());
    let words = drip.split(' ').collect::<Vec<_>>();
    let (length, piece) = (words[1].parse().unwrap(), words[2].parse().unwrap());
    let mut session = Session::get();
    session.limits = session
        .limits
        .head_bytes(1 << 20)
        .head_lines(1 << 20)
        .trailer_bytes(1 << 20)
        .chunk_line(1 << 20);
    let feed = Feed { pieces: Pieces::Of(piece), room: 64, direct: false };
    let transcript = session.replay(&response(words[0], length), feed);
    assert_eq!(transcript.error, None);
}

#[test]
#[ignore = "needs valgrind"]
fn ok_a_message_of_twice_the_length_costs_twice_as_much_to_drip() {
    for name in WORKLOADS {
        let base = instructions(name, 0, 8);
        let single = instructions(name, 20_000, 8) - base;
        let double = instructions(name, 40_000, 8) - base;
        let ratio = double as f64 / single as f64;
        println!("{}: {} and {} instructions, {:.3}", name, single, double, ratio);
        assert!(ratio < 2.2, "{}: {:.3}; the square would be 4", name, ratio);
    }
}

#[test]
#[ignore = "needs valgrind"]
fn ok_a_message_in_many_segments_costs_little_more_than_in_one() {
    for name in WORKLOADS {
        let base = instructions(name, 0, 8);
        let whole = instructions(name, 60_000, 60_000) - base;
        let pieces = instructions(name, 60_000, 512) - base;
        let ratio = pieces as f64 / whole as f64;
        println!("{}: {} and {} instructions, {:.3}", name, whole, pieces, ratio);
        assert!(ratio < 3.0, "{}: {:.3}", name, ratio);
    }
}

/// How many instructions the workload takes, starting and ending of the program included.
fn instructions(workload: &str, length: usize, piece: usize) -> u64 {
    let out = env::temp_dir().join(format!("pannier-drip-{}-{}", std::process::id(), workload));
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(env::current_exe().unwrap())
        .args(["--exact", "h1_linearity::workload", "--ignored", "--quiet"])
        .env(DRIP, format!("{} {} {}", workload, length, piece))
        .output()
        .expect("valgrind is installed");
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    let report = fs::read_to_string(&out).unwrap();
    fs::remove_file(&out).unwrap();
    let total = report.lines().find_map(|line| line.strip_prefix("totals: "));
    total.expect("callgrind writes totals").trim().parse().unwrap()
}
