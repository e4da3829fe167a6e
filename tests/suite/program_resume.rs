//! `-C`: going on with downloads and uploads.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::program::{pannier, sized, Answer, Dir, Peer, Text};

fn part(range: &str, content: &str) -> String {
    format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Range: {}\r\nContent-Length: {}\r\n\r\n{}",
        range,
        content.len(),
        content
    )
}

/// What each try sends, without what all requests have.
fn sent(peer: &Peer) -> Vec<String> {
    let is_own =
        |line: &&str| ["Range:", "If-Range:", "Content-"].iter().any(|name| line.starts_with(name));
    let lines = |request: String| request.lines().filter(is_own).collect::<Vec<_>>().join("|");
    peer.requests().into_iter().map(lines).collect()
}

#[test]
fn ok_and_err_what_comes_goes_behind_what_is_there_or_nowhere() {
    let full = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world";
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let over = "HTTP/1.1 416 No\r\nContent-Range: bytes */5\r\nContent-Length: 3\r\n\r\nbad";
    for (offset, answer, file, code) in [
        ("-", part("bytes 5-10/11", " world"), "hello world", 0),
        ("5", part("bytes 5-10/11", " world"), "hello world", 0),
        ("5", part("bytes 5-", " world"), "hello world", 0),
        // Another offset than the file's length is the caller's business.
        ("3", part("bytes 3-4/5", "lo"), "hellolo", 0),
        ("-", part("bytes 4-10/11", "o world"), "hello", 33),
        ("-", part("bytes */11", "hello world"), "hello", 33),
        ("-", full.to_owned(), "hello", 33),
        ("-", short.to_owned(), "hello", 0),
        ("-", over.to_owned(), "hello", 0),
        ("-", "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno".to_owned(), "hello", 33),
        ("-", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_owned(), "hello", 0),
        ("0", full.to_owned(), "hello world", 0),
    ] {
        let peer = Peer::start({
            let answer = answer.clone();
            move |_| answer.as_str().into()
        });
        let dir = Dir::new("resume");
        let path = dir.path("file");
        fs::write(&path, "hello").expect("the folder is writable");
        let run = pannier(&["-sC", offset, "-o", &path, &peer.url("/")]);
        assert_eq!(run.text(), ("", "", code), "{}", answer);
        assert_eq!(dir.read("file"), file, "{}", answer);
        let range = match offset {
            "0" => String::new(),
            "-" => "Range: bytes=5-".to_owned(),
            offset => format!("Range: bytes={}-", offset),
        };
        assert_eq!(sent(&peer), [range]);
    }
}

#[test]
fn ok_a_complete_file_is_no_failure_with_f() {
    let peer = Peer::start(|_| "HTTP/1.1 416 No\r\nContent-Length: 3\r\n\r\nbad".into());
    let dir = Dir::new("resume-416");
    let path = dir.path("file");
    fs::write(&path, "hello").expect("the folder is writable");
    assert_eq!(pannier(&["-sfC", "-", "-o", &path, &peer.url("/")]).text(), ("", "", 0));
    assert_eq!(dir.read("file"), "hello");
    let run = pannier(&["-sf", "-r", "5-", "-o", &path, &peer.url("/")]);
    assert_eq!(run.text(), ("", "", 22), "only -C knows that it is complete");
}

#[test]
fn ok_a_file_that_is_not_there_begins_at_the_beginning() {
    let peer = Peer::start(|_| sized("hello"));
    let dir = Dir::new("resume-none");
    let path = dir.path("file");
    assert_eq!(pannier(&["-sSC", "-", "-o", &path, &peer.url("/")]).text(), ("", "", 0));
    assert_eq!((dir.read("file").as_str(), sent(&peer)), ("hello", vec![String::new()]));
    assert_eq!(pannier(&["-sSC", "-", &peer.url("/")]).text(), ("hello", "", 0));
}

#[test]
fn ok_and_err_the_rest_of_a_file_is_sent() {
    let peer = Peer::start(|_| sized(""));
    let dir = Dir::new("resume-upload");
    let path = dir.path("file");
    fs::write(&path, "hello").expect("the folder is writable");
    let url = peer.url("/x");
    assert_eq!(pannier(&["-sSC", "2", "-T", &path, &url]).text(), ("", "", 0));
    assert_eq!(pannier(&["-sSC", "-", "-T", &path, &url]).text(), ("", "", 0));
    let expected = [
        "Content-Range: bytes 2-4/5|Content-Length: 3",
        "Content-Range: bytes 0-4/5|Content-Length: 5",
    ];
    assert_eq!(sent(&peer), expected);
    assert!(peer.requests()[0].ends_with("\r\n\r\nllo"));
    for (offset, file, message, code) in [
        ("5", path.as_str(), "pannier: (18) File already completely uploaded\n", 18),
        ("1", "-", "pannier: (2) -C cannot go on with an upload whose length is not known\n", 2),
    ] {
        assert_eq!(pannier(&["-sSC", offset, "-T", file, &url]).text(), ("", message, code));
    }
    assert_eq!(peer.requests().len(), 2);
}

#[test]
fn ok_a_try_keeps_what_the_last_one_has_got() {
    let tries = AtomicUsize::new(0);
    let peer = Peer::start(move |_| {
        let first =
            "HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nETag: \"a\"\r\nContent-Length: 11\r\n\
                     Connection: close\r\n\r\nhello";
        let second = "HTTP/1.1 206 Part\r\nContent-Range: bytes 5-10/11\r\nETag: W/\"a\"\r\n\
                      Content-Length: 6\r\nConnection: close\r\n\r\n wo";
        let fourth = part("bytes 8-10/11", "rld");
        let answers = [first, second, "HTTP/1.1 503 No\r\nContent-Length: 1\r\n\r\nx", &fourth];
        answers[tries.fetch_add(1, Ordering::Relaxed)].into()
    });
    let dir = Dir::new("resume-retry");
    let words = ["-sC", "-", "--retry", "3", "--retry-delay", "0.01", "--retry-all-errors"];
    let path = dir.path("file");
    let run = pannier(&[&words[..], &["-o", &path, &peer.url("/")]].concat());
    assert_eq!(run.text(), ("", "", 0));
    assert_eq!(dir.read("file"), "hello world");
    let expected = ["", "Range: bytes=5-|If-Range: \"a\"", "Range: bytes=8-", "Range: bytes=8-"];
    assert_eq!(sent(&peer), expected);
}

#[test]
fn ok_what_has_changed_meanwhile_is_fetched_anew() {
    let tries = AtomicUsize::new(0);
    let peer = Peer::start(move |_| match tries.fetch_add(1, Ordering::Relaxed) {
        0 => "HTTP/1.1 200 OK\r\nAccept-Ranges: bytes\r\nETag: \"a\"\r\nContent-Length: 11\r\n\
              Connection: close\r\n\r\nhello"
            .into(),
        _ => Answer::from("HTTP/1.1 200 OK\r\nETag: \"b\"\r\nContent-Length: 3\r\n\r\nbye"),
    });
    let dir = Dir::new("resume-changed");
    let words = ["-sC", "-", "--retry", "1", "--retry-delay", "0.01", "--retry-all-errors"];
    let path = dir.path("file");
    let run = pannier(&[&words[..], &["-o", &path, &peer.url("/")]].concat());
    assert_eq!((run.text(), dir.read("file").as_str()), (("", "", 0), "bye"));
}

#[test]
fn ok_what_a_range_says_of_what_is_sent() {
    let peer = Peer::start(|_| sized("ok"));
    for (words, expected) in [
        (&["-r", "1-2", "-d", "abc"][..], Some("bytes 1-2/3")),
        (&["-r", "1-2", "-F", "a=b"], None),
        (&["-C", "0", "-d", "abc"], None),
        (&["-C", "0", "-F", "a=b"], None),
        (&["-C", "-", "-d", "abc"], None),
        (&["-C", "-", "-F", "a=b"], None),
    ] {
        assert_eq!(pannier(&[words, &["-sS", &peer.url("/")]].concat()).text(), ("ok", "", 0));
        let request = peer.requests().pop().unwrap_or_default();
        let said = request.lines().find_map(|line| line.strip_prefix("Content-Range: "));
        assert_eq!(said, expected, "{:?}", words);
    }
}

#[test]
fn err_what_is_sent_cannot_be_gone_on_with() {
    let dir = Dir::new("resume-sent");
    let path = dir.path("file");
    fs::write(&path, "hello").expect("the folder is writable");
    for (words, what) in [
        (&["-C", "1", "-d", "x"][..], "--data"),
        (&["-C", "1", "-F", "a=x"], "--form"),
        (&["-C", "-", "-d", "x", "-o", &path], "--data"),
        (&["-C", "-", "-F", "a=x", "-o", &path], "--form"),
    ] {
        let run = pannier(&[words, &["-sS", "http://127.0.0.1:1/"]].concat());
        let message = format!("pannier: (2) cannot mix --continue-at with {}\n", what);
        assert_eq!(run.text(), ("", &*message, 2));
    }
    assert_eq!(dir.read("file"), "hello");
}

#[test]
fn err_what_cannot_be_combined() {
    for (words, message) in [
        (&["-C", "1", "-r", "1-2"][..], "--continue-at is mutually exclusive with --range"),
        (&["--no-clobber", "-C", "-"], "--continue-at is mutually exclusive with --no-clobber"),
        (
            &["-C1", "--remove-on-error"],
            "--continue-at is mutually exclusive with --remove-on-error",
        ),
        (&["-C", "x"], "option -C: expected a proper numerical parameter"),
        (&["-C", "-5"], "option -C: expected a positive numerical parameter"),
    ] {
        let run = pannier(&[words, &["http://a.test/"]].concat());
        let (stdout, stderr, code) = run.text();
        assert_eq!(
            (stdout, stderr.lines().next(), code),
            ("", Some(&*format!("pannier: {}", message)), 2)
        );
    }
}
