//! The program's retries, and how fast it may and must be.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use pannier::http::date;

use crate::support::program::{
    abandoned, closed_address, command, fed, pannier, sized, Answer, Dir, Peer, Text, HOLD,
};
use crate::support::site::Site;

#[test]
fn ok_a_file_holds_the_answer_that_counts_and_standard_output_all() {
    let dir = Dir::new("retry");
    let file = dir.path("file");
    let retry = ["-iS", "--retry", "3", "--retry-delay", "0.01"];
    let warning = "Warning: Problem : HTTP error. Will retry in 0.010 seconds. 3 retries left.\n";
    let good = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";
    for (rest, kept) in
        [("Content-Length: 3\r\n\r\nbad", false), ("Content-Length: 0\r\n\r\n", true)]
    {
        let bad = format!("HTTP/1.1 503 Busy\r\n{}", rest);
        let peer = flaky(1, move || failing(rest));
        let run = pannier(&[&retry[..], &["-o", &file, &peer.url("/")]].concat());
        assert_eq!(run.text(), ("", warning, 0));
        // As those of redirects, heads without content stay.
        let before = if kept { &bad } else { "" };
        assert_eq!(dir.read("file"), format!("{}{}", before, good));
        assert_eq!(peer.requests().len(), 2);
        for options in [&[][..], &["-Z"]] {
            let peer = flaky(1, move || failing(rest));
            let run = pannier(&[&retry[..], options, &[&peer.url("/")]].concat());
            assert_eq!(run.text(), (&*format!("{}{}", bad, good), warning, 0));
        }
    }
}

#[test]
fn err_a_reader_that_has_gone_is_no_reason_to_try_again() {
    let content = "x".repeat(1 << 20);
    let peer = Peer::start(move |_| {
        failing(&format!("Content-Length: {}\r\n\r\n{}", content.len(), content))
    });
    let words =
        ["-S", "--retry", "3", "--retry-delay", "3600", "--retry-all-errors", &peer.url("/")];
    assert_eq!(abandoned(&words, 0).text(), ("", "", 23));
}

#[test]
fn ok_every_passing_status_is_tried_again_and_no_other() {
    for (status, requests) in [
        (408, 2),
        (429, 2),
        (500, 2),
        (502, 2),
        (503, 2),
        (504, 2),
        (522, 2),
        (524, 2),
        (404, 1),
        (501, 1),
        (505, 1),
    ] {
        let peer = flaky(1, move || {
            format!("HTTP/1.1 {} x\r\nContent-Length: 0\r\n\r\n", status).as_str().into()
        });
        pannier(&["-s", "--retry", "1", "--retry-delay", "0.01", &peer.url("/")]);
        assert_eq!(peer.requests().len(), requests, "{}", status);
    }
}

#[test]
fn err_retries_run_out() {
    let peer = Peer::start(|_| failing("Content-Length: 3\r\n\r\nbad"));
    let words =
        ["-sSf", "--retry", "2", "--retry-delay", "0.01", "-w", "%{num_retries}", &peer.url("/")];
    let error = "pannier: (22) The requested URL returned error: 503\n";
    assert_eq!(pannier(&words).text(), ("2", &*error.repeat(3), 22));
    assert_eq!(peer.requests().len(), 3);
    let words = ["-s", "--retry", "1", "--retry-delay", "0.01", &peer.url("/")];
    assert_eq!(pannier(&words).text(), ("badbad", "", 0), "all answers are shown");
}

#[test]
fn ok_the_server_says_when_to_come_again() {
    let soon = || date::format(SystemTime::now() + Duration::from_secs(2));
    let fields: [fn() -> String; 2] = [|| "1".to_owned(), soon];
    for field in fields {
        let peer = flaky(1, move || {
            failing(&format!("Retry-After: {}\r\nContent-Length: 0\r\n\r\n", field()))
        });
        let began = Instant::now();
        let run = pannier(&["-s", "--retry", "1", "--retry-delay", "0.01", &peer.url("/")]);
        assert_eq!(run.text(), ("good", "", 0));
        // A date has no fractions of a second.
        assert!(began.elapsed() >= Duration::from_millis(900), "{:?}", began.elapsed());
    }
}

#[test]
fn err_the_server_says_to_come_too_late() {
    let peer = Peer::start(|_| failing("Retry-After: 200\r\nContent-Length: 3\r\n\r\nbad"));
    let run = pannier(&["-S", "--retry", "2", "--retry-max-time", "10", &peer.url("/")]);
    let (stdout, stderr, code) = run.text();
    assert_eq!((stdout, code), ("bad", 0));
    assert!(stderr.starts_with("Warning: The Retry-After: time would make"), "{}", stderr);
    assert_eq!(peer.requests().len(), 1);
}

#[test]
fn err_the_time_for_retries_is_over() {
    let peer = Peer::start(|_| failing("Content-Length: 0\r\n\r\n"));
    let words = "-s --retry 1000 --retry-delay 0.1 --retry-max-time 0.35";
    let mut words: Vec<&str> = words.split(' ').collect();
    let url = peer.url("/");
    words.push(&url);
    pannier(&words);
    let count = peer.requests().len();
    assert!((2..=5).contains(&count), "{} requests", count);
}

#[test]
fn err_a_refused_connection_passes_only_if_that_is_asked_for() {
    let closed = closed_address();
    for (options, tries) in [("--retry-connrefused", 2), ("--retry-all-errors", 2), ("-s", 1)] {
        let run = pannier(&["-sS", options, "--retry", "1", "--retry-delay", "0.01", &closed]);
        let (_, stderr, code) = run.text();
        assert_eq!(code, 7);
        assert_eq!(stderr.matches("(7) Failed to connect").count(), tries, "{}", options);
    }
}

#[test]
fn ok_what_came_of_a_broken_transfer_is_cut_off_before_the_next() {
    let broken =
        || Answer::from("HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nlonger?");
    let dir = Dir::new("cut");
    let (file, redirected) = (dir.path("file"), dir.path("redirected"));
    let retry = ["-sS", "--retry", "1", "--retry-delay", "0.01"];
    let peer = flaky(1, broken);
    let url = peer.url("/");
    let run = pannier(&[&retry[..], &["-o", &file, &url]].concat());
    assert_eq!((run.text().2, peer.requests().len()), (18, 1), "it does not pass by itself");

    let all = [&retry[..], &["--retry-all-errors"]].concat();
    let peer = flaky(1, broken);
    let run = pannier(&[&all[..], &["-o", &file, &peer.url("/")]].concat());
    let told = "pannier: (18) transfer closed with 2 bytes remaining to read\n";
    assert_eq!(run.text(), ("", told, 0));
    assert_eq!(dir.read("file"), "good");

    let peer = flaky(1, broken);
    let mut child = command(&all);
    let stdout = fs::File::create(&redirected).expect("the folder is there");
    let run = child.arg(peer.url("/")).stdout(stdout).output().expect("the program starts");
    assert_eq!(run.status.code(), Some(0));
    assert_eq!(dir.read("redirected"), "good", "standard output is a file as well");

    let peer = flaky(1, broken);
    let run = pannier(&[&all[..], &["-Z", &peer.url("/")]].concat());
    assert_eq!(run.text(), ("good", told, 0), "it was gathered and not yet written");
}

#[test]
fn err_what_went_into_a_pipe_is_not_doubled() {
    let peer = flaky(1, || {
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nlonger?".into()
    });
    let words =
        ["-S", "--retry", "1", "--retry-delay", "0.01", "--retry-all-errors", &peer.url("/")];
    let run = pannier(&words);
    let (stdout, stderr, code) = run.text();
    assert_eq!((stdout, code), ("longer?", 18));
    assert!(stderr.contains("No retry: 7 bytes of the output are written"), "{}", stderr);
    assert_eq!(peer.requests().len(), 1);
}

#[test]
fn err_a_body_from_a_pipe_is_sent_once() {
    let peer = Peer::start(|_| failing("Content-Length: 3\r\n\r\nbad"));
    let words = ["-S", "--retry", "3", "--retry-delay", "0.01", "-H", "Expect:", "-T", "-"];
    let run = fed(&[&words[..], &[&peer.url("/x")]].concat(), "hello");
    let (stdout, stderr, code) = run.text();
    assert_eq!((stdout, code), ("bad", 0));
    assert!(stderr.contains("Warning: No retry: what was sent came from a pipe"), "{}", stderr);
    assert_eq!(peer.requests().len(), 1);
}

#[test]
fn ok_a_post_is_sent_again_whole_if_that_is_asked_for() {
    let dir = Dir::new("post");
    fs::write(dir.path("body"), "hello").expect("the folder is there");
    let body = format!("@{}", dir.path("body"));
    for words in [["--data-binary", &body], ["-T", &dir.path("body")]] {
        let peer = flaky(1, || failing("Content-Length: 0\r\n\r\n"));
        let retry = ["-s", "--retry", "1", "--retry-delay", "0.01", &peer.url("/x")];
        assert_eq!(pannier(&[&retry[..], &words].concat()).text(), ("good", "", 0));
        let requests = peer.requests();
        assert_eq!(requests.len(), 2);
        assert!(
            requests.iter().all(|request| request.ends_with("\r\n\r\nhello")),
            "{:?}",
            requests
        );
    }
}

#[test]
fn err_a_timeout_passes_and_a_missing_file_does_not() {
    let peer = Peer::start(|_| Answer(vec![HOLD.to_vec()]));
    let retry = ["-s", "--retry", "1", "--retry-delay", "0.01"];
    let run = pannier(&[&retry[..], &["-m", "0.2", &peer.url("/")]].concat());
    assert_eq!((run.text().2, peer.requests().len()), (28, 2));
    let missing = ["-S", "--retry-all-errors", "-T", "/no/such/file", &closed_address()];
    let run = pannier(&[&retry[1..], &missing].concat());
    let (_, stderr, code) = run.text();
    assert_eq!((code, stderr.lines().count()), (26, 1), "{}", stderr);
}

#[test]
fn ok_a_download_is_no_faster_than_it_may_be() {
    let peer = Peer::start(|_| sized(&"x".repeat(30_000)));
    let began = Instant::now();
    let run = pannier(&[
        "-sS",
        "--limit-rate",
        "20k",
        "-w",
        "%{size_download}",
        "-o",
        "/dev/null",
        &peer.url("/"),
    ]);
    assert_eq!(run.text(), ("30000", "", 0));
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
}

#[test]
fn ok_an_upload_is_no_faster_than_it_may_be() {
    let site = Site::serve(|mut wire| {
        wire.expect_head();
        // Far less than all comes within the first half of a second.
        let early = Instant::now() + Duration::from_millis(500);
        let mut count = 0;
        while Instant::now() < early {
            count += wire.expect_bytes(1).len();
        }
        assert!(count < 20_000, "{} bytes in half a second", count);
        wire.expect_bytes(30_000 - count);
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    });
    let dir = Dir::new("rate");
    fs::write(dir.path("body"), "x".repeat(30_000)).expect("the folder is there");
    let began = Instant::now();
    let words = ["-sS", "--limit-rate", "20k", "-T", &dir.path("body"), &site.url("/x")];
    assert_eq!(pannier(&words).text(), ("ok", "", 0));
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
}

#[test]
fn err_what_is_too_slow_is_ended() {
    let peer = Peer::start(|request| match request.starts_with("GET /slow ") {
        true => {
            Answer(vec![b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi".to_vec(), HOLD.to_vec()])
        }
        false => sized("quick"),
    });
    let words = ["-sS", "-Y", "10", "-y", "1", "-m", "15", &peer.url("/slow"), &peer.url("/")];
    let run = pannier(&words);
    let message =
        "pannier: (28) Operation too slow. Less than 10 bytes/sec transferred the last 1 seconds\n";
    assert_eq!(run.text(), ("hiquick", message, 0));
}

#[test]
fn ok_what_was_too_slow_is_tried_again() {
    let peer = flaky(1, || Answer(vec![HOLD.to_vec()]));
    let words = ["-sS", "-Y", "10", "-y", "1", "-m", "15", "--retry", "1", "--retry-delay", "0.01"];
    let run = pannier(&[&words[..], &[&peer.url("/")]].concat());
    let (stdout, stderr, code) = run.text();
    assert_eq!((stdout, code, peer.requests().len()), ("good", 0, 2), "{}", stderr);
}

#[test]
fn ok_transfers_begin_no_more_often_than_they_may() {
    let peer = Peer::start(|_| sized("x"));
    let began = Instant::now();
    let run = pannier(&["-sS", "--rate", "5/s", &peer.url("/[1-4]")]);
    assert_eq!(run.text(), ("xxxx", "", 0));
    assert!(began.elapsed() >= Duration::from_millis(600), "{:?}", began.elapsed());
}

/// Answers so many requests by `first`, and then well.
fn flaky(times: usize, first: impl Fn() -> Answer + Send + Sync + 'static) -> Peer {
    let count = AtomicUsize::new(0);
    Peer::start(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        number if number < times => first(),
        _ => sized("good"),
    })
}

/// A response of 503 with this behind its first line.
fn failing(rest: &str) -> Answer {
    format!("HTTP/1.1 503 Busy\r\n{}", rest).as_str().into()
}
