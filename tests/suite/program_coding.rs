//! Compressed content by the program: what is asked for, what is counted, and how it ends.

#[cfg(target_os = "linux")]
use std::{
    fs,
    io::{self, Read},
    process::Stdio,
};

use std::sync::Arc;

#[cfg(target_os = "linux")]
use crate::support::deflate::stored_in_blocks;
use crate::support::deflate::{many_letters, HELLO_GZIP};
#[cfg(target_os = "linux")]
use crate::support::program::{command, HOLD};
use crate::support::program::{pannier, Answer, Dir, Peer};

fn coded(coding: &str, content: &[u8]) -> Answer {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: {}\r\nContent-Length: {}\r\n\r\n",
        coding,
        content.len()
    );
    Answer(vec![[head.as_bytes(), content].concat()])
}

fn fields(request: &str) -> Vec<&str> {
    let mut lines: Vec<_> = request.trim_end().lines().skip(2).collect();
    lines.retain(|line| !line.starts_with("User-Agent"));
    lines
}

#[test]
fn ok_the_fields_are_curls() {
    let peer = Peer::start(|_| coded("identity", b"hello"));
    for (words, expected) in [
        (&[][..], &["Accept: */*"][..]),
        (&["--compressed"], &["Accept: */*", "Accept-Encoding: deflate, gzip"]),
        (&["--compressed", "--no-compressed"], &["Accept: */*"]),
        (&["--compressed", "-H", "Accept-Encoding: x"], &["Accept: */*", "Accept-Encoding: x"]),
        (&["--tr-encoding"], &["Accept: */*", "TE: gzip", "Connection: TE"]),
        (
            &["--tr-encoding", "-H", "Connection: close", "-H", "A: b"],
            &["Accept: */*", "TE: gzip", "A: b", "Connection: close, TE"],
        ),
        (&["--tr-encoding", "-H", "Connection:"], &["Accept: */*", "TE: gzip", "Connection: TE"]),
        (&["--tr-encoding", "-H", "TE: x"], &["Accept: */*", "TE: x"]),
    ] {
        let url = peer.url("/");
        let output = pannier(&[words, &["-s", &url]].concat());
        assert_eq!(output.stdout, b"hello");
        let requests = peer.requests();
        assert_eq!(fields(requests.last().unwrap()), expected);
    }
}

#[test]
fn ok_content_is_decoded_where_it_is_asked_for_and_counted_as_it_was_sent() {
    let peer = Peer::start(|_| coded("gzip", HELLO_GZIP));
    let url = peer.url("/");
    let format = "|%{size_download} %{size_delivered}";
    let output = pannier(&["-s", "--compressed", "-w", format, &url]);
    assert_eq!(output.stdout, b"hello|25 5");
    for words in [&[][..], &["--compressed", "--raw"]] {
        let output = pannier(&[words, &["-s", "-w", format, &url]].concat());
        assert_eq!(output.stdout, [HELLO_GZIP, b"|25 25"].concat());
    }
}

#[test]
fn ok_a_har_tells_both_sizes() {
    let peer = Peer::start(|_| coded("gzip", HELLO_GZIP));
    let dir = Dir::new("coded-har");
    let har = dir.path("run.har");
    pannier(&["-s", "--compressed", "--har", &har, &peer.url("/")]);
    let har = dir.read("run.har");
    for member in ["\"bodySize\": 25", "\"size\": 5", "\"compression\": -20"] {
        assert!(har.contains(member), "{} in {}", member, har);
    }
}

#[test]
fn err_what_cannot_be_decoded_is_61() {
    for (coding, content) in [("br", &b"x"[..]), ("gzip", b"x"), ("gzip", &HELLO_GZIP[..20])] {
        let content = content.to_vec();
        let peer = Peer::start(move |_| coded(coding, &content));
        let output = pannier(&["-s", "-S", "--compressed", &peer.url("/")]);
        assert_eq!(output.status.code(), Some(61));
        assert!(String::from_utf8_lossy(&output.stderr).contains("(61)"));
    }
}

#[test]
fn err_the_largest_size_counts_decoded_bytes() {
    let letters: Arc<[u8]> = many_letters(1).into();
    let peer = Peer::start(move |_| coded("deflate", &letters));
    let url = peer.url("/");
    let output = pannier(&["-s", "--compressed", "--max-filesize", "100000", &url]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(63), 100_000));
}

/// The most memory that the program had until it had written all but the last of this content, which
/// is then still to come.
#[cfg(target_os = "linux")]
fn peak(field: &str, content: &[u8], length: usize) -> usize {
    let head = format!("HTTP/1.1 200 OK\r\n{}Content-Length: {}\r\n\r\n", field, content.len() + 1);
    let wire = [head.as_bytes(), content].concat();
    let peer = Peer::start(move |_| Answer(vec![wire.clone(), HOLD.to_vec()]));
    let words = ["-s", "-S", "--compressed", "--max-time", "60", &peer.url("/")];
    let mut program = command(&words).stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut output = program.stdout.take().expect("it is piped");
    let read = io::copy(&mut (&mut output).take(length as u64), &mut io::sink()).unwrap();
    assert_eq!(read, length as u64);
    let status = fs::read_to_string(format!("/proc/{}/status", program.id())).unwrap();
    let line =
        status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux tells the peak");
    let peak = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok());
    program.kill().unwrap();
    program.wait().unwrap();
    peak.expect("it is a number of KiB")
}

#[test]
#[cfg(target_os = "linux")]
fn ok_memory_is_bounded_however_much_is_decoded() {
    let letters = many_letters(64);
    let length = 64 * 1017 * 258;
    let twice = stored_in_blocks(&letters);
    let plain = peak("", &[b'a'; 100_000], 90_000);
    for (field, content) in [
        ("Content-Encoding: deflate\r\n", &letters),
        ("Content-Encoding: deflate, deflate\r\n", &twice),
    ] {
        let decoded = peak(field, content, length - 65_536);
        assert!(decoded < plain + 1024, "{} KiB, without decoding {} KiB", decoded, plain);
    }
}
