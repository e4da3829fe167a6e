//! `--proto` and its like, and options that are known and refused.

use crate::support::program::{pannier, sized, Answer, Peer, Text, HOLD};

#[test]
fn ok_and_err_protocols_of_urls() {
    let peer = Peer::start(|request| match request.starts_with("GET /to-https ") {
        true => "HTTP/1.1 302 Go\r\nLocation: https://a.test/\r\nContent-Length: 0\r\n\r\n".into(),
        false => match request.starts_with("GET /to-user ") {
            true => {
                "HTTP/1.1 302 Go\r\nLocation: //u:p@a.test/\r\nContent-Length: 0\r\n\r\n".into()
            }
            false => sized("hi"),
        },
    });
    let with_user = format!("http://u:p@{}/", peer.address);
    let no_https = "pannier: (1) Protocol \"https\" disabled in redirect\n";
    for (words, url, stderr, code) in [
        (&["--proto", "=http"][..], peer.url("/"), "", 0),
        (&["--proto", "-http"], peer.url("/"), "pannier: (1) Protocol \"http\" disabled\n", 1),
        (&["--proto", "=https"], peer.url("/"), "pannier: (1) Protocol \"http\" disabled\n", 1),
        (&["-L", "--proto", "=http"], peer.url("/to-https"), no_https, 1),
        (&["-L", "--proto-redir", "-https"], peer.url("/to-https"), no_https, 1),
        (&["--proto-redir", "=https"], peer.url("/"), "", 0),
        (&["--proto-default", "HTTP"], peer.address.clone(), "", 0),
        (&["--disallow-username-in-url"], peer.url("/"), "", 0),
        (
            &["--disallow-username-in-url"],
            with_user,
            "pannier: (67) Login denied: the URL has a user name\n",
            67,
        ),
        (
            &["-L", "--disallow-username-in-url"],
            peer.url("/to-user"),
            "pannier: (67) Login denied: the URL has a user name\n",
            67,
        ),
    ] {
        let run = pannier(&[words, &["-sS", &url]].concat());
        let stdout = if code == 0 { "hi" } else { "" };
        assert_eq!(run.text(), (stdout, stderr, code), "{:?} {}", words, url);
    }
    let run = pannier(&["--no-progress-meter", "--proto", "gopher,http", &peer.url("/")]);
    assert_eq!(run.text(), ("hi", "Warning: unrecognized protocol 'gopher'\n", 0));
}

#[test]
fn ok_and_err_a_response_without_a_head() {
    // The peer closes where this is said.
    let peer = Peer::start(|_| "no head\r\nConnection: close".into());
    let url = peer.url("/");
    for (words, content, stderr, code) in [
        (&["--http0.9", "-i"][..], "no head\r\nConnection: close|000 0 26", "", 0),
        (&["--http0.9", "-I"], "|000 0 0", "pannier: (8) Weird server reply\n", 8),
    ] {
        let format = ["-sS", "-w", "|%{http_code} %{http_version} %{size_download}", &url];
        let run = pannier(&[words, &format].concat());
        assert_eq!(run.text(), (content, stderr, code), "{:?}", words);
    }
    let run = pannier(&["-sS", "-i", &url]);
    let (stdout, stderr, code) = run.text();
    assert!(stderr.starts_with("pannier: (1) Unsupported HTTP response"), "{}", stderr);
    assert_eq!((stdout, code), ("", 1));
}

#[test]
fn ok_after_an_upgrade_all_that_follows_is_written() {
    let peer = Peer::start(|request| {
        // The peer takes it for a sign to close.
        let ends = !request.starts_with("GET /held ");
        let ends = if ends { "X-Connection: close\r\n" } else { "" };
        let fields = "Connection: upgrade\r\nUpgrade: x\r\n";
        let head = format!("HTTP/1.1 101 Well\r\n{}{}\r\nearly ", fields, ends);
        let mut pieces = vec![head.into_bytes(), b"late".to_vec()];
        pieces.extend(ends.is_empty().then(|| HOLD.to_vec()));
        Answer(pieces)
    });
    let words = ["-sS", "-H", "Connection: upgrade", "-H", "Upgrade: x"];
    let with = |more: &[&str]| pannier(&[&words[..], more].concat());
    let (all, held) = (peer.url("/"), peer.url("/held"));
    assert_eq!(with(&[&all, "-w", "|%{size_download}"]).text(), ("early late|10", "", 0));
    let too_large = "pannier: (63) Maximum file size exceeded\n";
    assert_eq!(with(&[&all, "--max-filesize", "7"]).text(), ("early l", too_large, 63));
    let run = with(&[&held, "-m", "0.5"]);
    let (content, message, code) = run.text();
    assert_eq!((content, code), ("early late", 28));
    assert!(message.ends_with("milliseconds with 10 bytes received\n"), "{}", message);
}

#[test]
fn ok_and_err_a_connection_leaves_from_where_it_was_asked_to() {
    let peer = Peer::start(|_| sized("ok"));
    let url = peer.url("/");
    for (name, code) in
        [("127.0.0.1", 0), ("localhost", 0), ("127.0.0.2", 45), ("::1", 7), ("a.invalid", 45)]
    {
        let output = pannier(&["-sS", "--interface", name, &url]);
        assert_eq!(output.status.code(), Some(code), "{}", name);
    }
    assert_eq!(peer.requests().len(), 2);
    let run = pannier(&["-sS", "--interface", "127.0.0.2", &url]);
    let message = "pannier: (45) Couldn't bind to '127.0.0.2': the way there is from 127.0.0.1\n";
    assert_eq!(run.text(), ("", message, 45));
}

#[test]
fn err_what_cannot_be_done() {
    for (words, message, code) in [
        (&["--local-port", "80"][..], "std has no way to choose this end of a connection", 45),
        (&["--keepalive-time", "5"], "std has no way to set this of a connection", 2),
        (&["-k"], "needs TLS, which is not built in", 2),
        (&["--ftp-port", "x"], "is for a protocol that is not built in", 2),
        (&["--proto-default", "ftp"], "a specified protocol is unsupported", 1),
    ] {
        let run = pannier(&[words, &["http://a.test/"]].concat());
        let (stdout, stderr, exit) = run.text();
        let expected = format!("pannier: option {}: {}", words[0], message);
        assert_eq!((stdout, stderr.lines().next(), exit), ("", Some(expected.as_str()), code));
    }
}
