//! `--trace`, `--stderr` and `-#`: what is told, and where.

use crate::support::program::{command, pannier, sized, Dir, Peer, Text};

#[test]
fn ok_a_trace_has_all_that_crosses_the_wire_but_credentials() {
    let peer = Peer::start(|_| "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhi\r\nho".into());
    let dir = Dir::new("trace");
    let (path, url) = (dir.path("trace"), peer.url("/x"));
    let words = ["-s", "-u", "u:secret", "-A", "", "-d", "a=b", "--trace-ascii", &path, &url];
    assert_eq!(pannier(&words).text(), ("hi\r\nho", "", 0));
    let trace = dir.read("trace");
    let host = format!("\n0011: Host: {}\n", peer.address);
    assert!(trace.starts_with("== Info:   Trying 127.0.0.1:"), "{}", trace);
    for part in [
        "=> Send header, ",
        "\n0000: POST /x HTTP/1.1\n",
        &host.replace("0011", "0012"),
        "Authorization: Basic (redacted)\n",
        "=> Send data, 3 bytes (0x3)\n0000: a=b\n",
        "<= Recv header, 17 bytes (0x11)\n0000: HTTP/1.1 200 OK\n<= Recv header, 19 bytes (0x13)\n",
        "<= Recv header, 2 bytes (0x2)\n0000: \n",
        "<= Recv data, 6 bytes (0x6)\n0000: hi\n0004: ho\n",
    ] {
        assert!(trace.contains(part), "{} is not in\n{}", part, trace);
    }
    let words = ["-s", "-o", "/dev/null", "--trace", "-", &url];
    let run = pannier(&words);
    let (stdout, _, code) = run.text();
    let row = "\n<= Recv data, 6 bytes (0x6)\n\
               0000: 68 69 0d 0a 68 6f                               hi..ho\n";
    assert!(code == 0 && stdout.contains(row), "{}", stdout);
}

#[test]
fn ok_of_a_bad_head_the_lines_before_what_is_bad_are_told() {
    for (shown, rest) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: -6\r\n\r\n", ""),
        ("HTTP/1.1 200 OK\r\nA: b\r\n", "no colon\r\n\r\n"),
        ("HTTP/1.1 200 OK\r\n", "Connection: close"),
    ] {
        let peer = Peer::start(move |_| [shown, rest].concat().as_str().into());
        let run = pannier(&["-v", &peer.url("/")]);
        let lines = run.text().1.split_inclusive('\n').filter_map(|line| line.strip_prefix("< "));
        assert_eq!(lines.collect::<String>(), shown);
    }
}

#[test]
fn ok_the_last_of_several_logs_counts() {
    let peer = Peer::start(|_| sized("hi"));
    let url = peer.url("/");
    let run = pannier(&["-v", "--trace-ascii", "%", "--trace-time", &url]);
    let (_, stderr, code) = run.text();
    let mut lines = stderr.lines();
    let warning = "Warning: --trace-ascii overrides an earlier trace/verbose option";
    assert_eq!((lines.next(), code), (Some(warning), 0));
    let stamped = lines.filter(|line| line.contains("== Info:") || line.contains("bytes (0x"));
    for line in stamped {
        let (stamp, rest) = line.split_at(16);
        let shape: String =
            stamp.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "00:00:00.000000 ", "{}", line);
        assert!(["== ", "=> ", "<= "].iter().any(|mark| rest.starts_with(mark)), "{}", line);
    }
    let run = pannier(&["-s", "--trace", "/no/such/file", "-v", &url]);
    let (_, stderr, _) = run.text();
    assert!(stderr.contains("\n> GET / HTTP/1.1\r\n"), "{}", stderr);
    let run = pannier(&["--no-progress-meter", "--trace", "/no/such/file", &url]);
    assert_eq!(run.text(), ("hi", "Warning: Failed to create/open output\n", 0));
}

#[test]
fn ok_standard_error_goes_elsewhere() {
    let peer = Peer::start(|_| sized("hi"));
    let dir = Dir::new("stderr");
    let path = dir.path("log");
    let run = pannier(&["-fv", "--stderr", &path, &peer.url("/")]);
    assert_eq!(run.text(), ("hi", "", 0));
    assert!(dir.read("log").contains("< HTTP/1.1 200 OK\r\n"), "{}", dir.read("log"));
    let run = pannier(&["--stderr", &path, "http://a.test:99999/"]);
    assert_eq!(run.text(), ("", "", 3));
    assert!(dir.read("log").starts_with("pannier: (3) URL rejected"), "{}", dir.read("log"));
    let run = pannier(&["--stderr", "-", "--foo"]);
    let (stdout, stderr, code) = run.text();
    assert!(stdout.starts_with("pannier: option --foo: is unknown\n"), "{}", stdout);
    assert_eq!((stderr, code), ("", 2));
    let run = pannier(&["--stderr", "/no/such/file", &peer.url("/")]);
    assert_eq!(run.text(), ("hi", "Warning: Failed to open /no/such/file\n", 0));
}

#[test]
fn ok_a_bar_ends_at_100_percent() {
    let peer = Peer::start(|_| sized("hello"));
    let dir = Dir::new("bar");
    let (path, url) = (dir.path("file"), peer.url("/"));
    let bar = command(&["-#", "-o", &path, &url]).env_remove("COLUMNS").output();
    let run = bar.expect("the program starts");
    let (_, stderr, code) = run.text();
    let bar = format!("\r{} 100.0%\n", "#".repeat(72));
    assert_eq!((stderr.ends_with(&bar), code), (true, 0), "{:?}", stderr);
    for quiet in ["-s", "--no-progress-meter"] {
        assert_eq!(pannier(&["-#", quiet, "-o", &path, &url]).text(), ("", "", 0));
    }
}

#[test]
fn err_what_failed_is_told_by_the_log_even_in_silence() {
    let why = "Could not resolve host: a.invalid\n";
    for (words, expected) in [
        (&["-sv"][..], format!("* {}", why)),
        (&["-sSv"], format!("* {}pannier: (6) {}", why, why)),
        (&["-s", "--trace-ascii", "-"], format!("== Info: {}", why)),
    ] {
        let run = pannier(&[words, &["--stderr", "-", "http://a.invalid/"]].concat());
        assert_eq!(run.text(), (&*expected, "", 6), "{:?}", words);
    }
}
