//! What the program tells beside content is free of credentials.

use crate::support::program::{pannier, Dir, Peer, Text};

#[test]
fn ok_no_log_has_a_secret() {
    let peer = Peer::start(|request| match request.starts_with("GET /a ") {
        true => "HTTP/1.1 302 Go\r\nSet-Cookie: sid=secret; Path=/\r\nContent-Length: 0\r\n\
                 Location: http://u:secret@b.test/\r\n\r\n"
            .into(),
        false => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".into(),
    });
    let dir = Dir::new("secrets");
    let url = format!("http://user:secret@{}/a", peer.address);
    let har = dir.path("har");
    let run = pannier(&["-v", "-b", "a=secret", "--har", &har, &url]);
    let (_, stderr, code) = run.text();
    assert_eq!(code, 0, "{}", stderr);
    for line in [
        "> Authorization: Basic (redacted)\r\n",
        "> Cookie: a=(redacted)\r\n",
        "< Set-Cookie: sid=(redacted); Path=/\r\n",
        "< Location: http://(redacted)@b.test/\r\n",
    ] {
        assert!(stderr.contains(line), "{}", stderr);
    }
    let bare = &url["http://".len()..];
    let (slip, linked) = (format!("http:/{}", bare), format!("{}?http://b", bare));
    let lines = pannier(&["-s", "--jsonl", &url, bare, &slip, &linked]);
    let (lines, _, _) = lines.text();
    assert_eq!(lines.matches("\"url\":\"(redacted)@127.0.0.1").count(), 2, "{}", lines);
    assert_eq!(lines.matches("/(redacted)@127.0.0.1").count(), 2, "{}", lines);
    for log in [stderr, lines, &dir.read("har")] {
        assert!(!log.contains("secret") && !log.contains("dXNlcj"), "{}", log);
    }
}

#[test]
fn ok_what_is_asked_for_is_whole() {
    let peer =
        Peer::start(|_| "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n".into());
    let run = pannier(&["-si", "-w", "%header{set-cookie}", &peer.url("/")]);
    let expected = "HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\na=b";
    assert_eq!(run.text(), (expected, "", 0));
}

#[test]
fn err_no_error_has_a_secret() {
    for words in [
        &["-H", "X-Key: secret\r\n", "http://a/"][..],
        &["-u", "\u{201c}user:secret\u{201d}", "http://127.0.0.1:1/"],
        &["http://user:secret@a/{"],
        &["http://user:secret@a:99999/"],
        &["ftp://user:secret@a/"],
        &["http://user:secret@127.0.0.1:1/"],
    ] {
        let run = pannier(words);
        let (_, stderr, code) = run.text();
        assert_ne!(code, 0, "{:?}", words);
        assert!(!stderr.is_empty() && !stderr.contains("secret"), "{}", stderr);
    }
}
