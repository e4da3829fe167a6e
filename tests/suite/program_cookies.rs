//! `-b`, `-c` and `-j` from outside. In curl's order newer cookies stand before older ones.

use std::fs;

use crate::support::program::{closed_address, fed, pannier, Answer, Dir, Peer, Text};
use crate::support::COOKIE_FILE;

/// A server that sets these.
fn setting(fields: &'static str) -> Peer {
    Peer::start(move |_| {
        let head = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 2\r\n\r\nok", fields);
        Answer(vec![head.into_bytes()])
    })
}

/// The cookies of each request; "-" where there were none.
fn cookies(peer: &Peer) -> Vec<String> {
    let cookies = |request: &String| {
        let lines: Vec<&str> =
            request.lines().filter_map(|line| line.strip_prefix("Cookie: ")).collect();
        assert!(lines.len() < 2 && !request.contains("Cookie:\r\n"), "{}", request);
        lines.first().map_or("-", |line| line).to_owned()
    };
    peer.requests().iter().map(cookies).collect()
}

fn line(text: &str) -> String {
    format!("127.0.0.1\tFALSE\t/\tFALSE\t{}\n", text.replace(' ', "\t"))
}

#[test]
fn ok_a_jar_is_kept_from_run_to_run() {
    let peer = setting("Set-Cookie: a=1\r\nSet-Cookie: b=2; Max-Age=60; HttpOnly\r\n");
    let dir = Dir::new("jar");
    let (jar, url) = (dir.path("jar"), peer.url("/"));
    for _ in 0..2 {
        assert_eq!(pannier(&["-sS", "-b", &jar, "-c", &jar, &url]).text(), ("ok", "", 0));
    }
    assert_eq!(cookies(&peer), ["-", "a=1; b=2"]);
    let text = dir.read("jar");
    assert!(text.starts_with(COOKIE_FILE) && text.contains(&line("0 a 1")), "{}", text);
    let http_only = text.lines().filter(|line| line.starts_with("#HttpOnly_127.0.0.1\tFALSE\t/\t"));
    assert_eq!(http_only.filter(|line| line.ends_with("\tb\t2")).count(), 1, "{}", text);
}

#[test]
fn ok_text_stands_behind_the_jar() {
    let peer = setting("Set-Cookie: set=1; Path=/\r\n");
    let dir = Dir::new("jar-text");
    fs::write(dir.path("one"), line("0 one 1")).expect("the folder is writable");
    fs::write(dir.path("two"), line("99999999999 two 2")).expect("the folder is writable");
    let (one, two, url) = (dir.path("one"), dir.path("two"), peer.url("/x"));
    let words =
        ["-sS", "-b", &one, "-b", "t=1;u=2", "-b", &two, "-b", "v=3", "-H", "X: y", &url, &url];
    assert_eq!(pannier(&words).text(), ("okok", "", 0));
    let text = "; t=1;u=2; v=3";
    assert_eq!(
        cookies(&peer),
        [format!("two=2; one=1{}", text), format!("set=1; two=2; one=1{}", text)]
    );
    let place = format!("Accept: */*\r\nCookie: two=2; one=1{}\r\nX: y\r\n", text);
    assert!(peer.requests()[0].contains(&place), "{}", peer.requests()[0]);
}

#[test]
fn ok_an_engine_without_a_file_and_none_at_all() {
    let peer = setting("Set-Cookie: a=1\r\n");
    let url = peer.url("/");
    for words in [["-b", ""], ["-b", "no such file"], ["-b", "/"]] {
        let run = pannier(&["-sS", words[0], words[1], "-d", "x", &url, &url]);
        assert_eq!(run.text(), ("okok", "", 0), "{:?}", words);
    }
    assert_eq!(pannier(&["-sS", "-b", "x=y", &url, &url]).text(), ("okok", "", 0));
    assert_eq!(cookies(&peer), ["-", "a=1", "-", "a=1", "-", "a=1", "x=y", "x=y"]);
    let request = &peer.requests()[1];
    assert!(request.contains("Accept: */*\r\nCookie: a=1\r\nContent-Length: 1\r\n"), "{}", request);
    let run = pannier(&["-v", "-b", "no such file", &url]);
    let note = "* WARNING: failed to open cookie file \"no such file\"\n";
    assert!(run.text().1.contains(note), "{}", run.text().1);
}

#[test]
fn ok_operations_share_what_they_ask_for() {
    let peer = setting("Set-Cookie: a=1\r\n");
    let url = peer.url("/");
    let words = ["-sS", "-b", "", &url, "--next", "-sS", &url, "--next", "-sS", "-b", "", &url];
    assert_eq!(pannier(&words).text(), ("okokok", "", 0));
    assert_eq!(cookies(&peer), ["-", "-", "a=1"]);
}

#[test]
fn ok_session_cookies_of_files_may_be_left_out() {
    let peer = setting("Set-Cookie: live=1\r\n");
    let dir = Dir::new("jar-junk");
    let file = [line("0 session 1"), line("99999999999 kept 2")].concat();
    fs::write(dir.path("jar"), file).expect("the folder is writable");
    let (jar, url) = (dir.path("jar"), peer.url("/"));
    let words = ["-sS", "-b", "", &url, "--next", "-sS", "-j", "-b", &jar, &url];
    assert_eq!(pannier(&words).text(), ("okok", "", 0));
    assert_eq!(cookies(&peer), ["-", "kept=2; live=1"]);
}

#[test]
fn ok_header_sections_and_standard_input_are_files_too() {
    let peer = setting("");
    let url = peer.url("/w");
    let heads = "HTTP/1.1 200 OK\r\nSet-Cookie: path=1; path=/w\r\nset-cookie: none=1; path=/x\r\n\
                 Set-Cookie: named=1; domain=127.0.0.1\r\nSet-Cookie: other=1; domain=a.test\r\n\
                 Set-Cookie: assumed=1\r\nSet-Cookie: bad=\x01\r\n\r\n";
    assert_eq!(fed(&["-sS", "-b", "-", &url], heads).text(), ("ok", "", 0));
    assert_eq!(cookies(&peer), ["path=1; named=1; assumed=1"]);
}

#[test]
fn ok_the_jar_is_written_whatever_happens() {
    let peer = setting("Set-Cookie: a=1\r\n");
    let dir = Dir::new("jar-end");
    let (jar, url) = (dir.path("jar"), peer.url("/"));
    let gone = format!("http://{}/", closed_address());
    let run = pannier(&["-s", "-c", &jar, &url, &gone]);
    assert_eq!(run.text(), ("ok", "", 7));
    assert_eq!(dir.read("jar"), format!("{}{}", COOKIE_FILE, line("0 a 1")));

    let run = pannier(&["-sS", "-c", "-", &url]);
    assert_eq!(run.text(), (&*format!("ok{}{}", COOKIE_FILE, line("0 a 1")), "", 0));

    // Where nothing begins, nothing was read that could be written.
    assert_eq!(pannier(&["-s", "-c", &jar, "http://[bad/"]).text(), ("", "", 3));
    assert_eq!(dir.read("jar"), format!("{}{}", COOKIE_FILE, line("0 a 1")));

    let nowhere = dir.path("none/jar");
    let run = pannier(&["-c", &nowhere, "--no-progress-meter", &url]);
    let (out, err, code) = run.text();
    assert_eq!((out, code), ("ok", 0));
    assert!(
        err.replace("\nWarning: ", "").starts_with("Warning: failed to save cookies in "),
        "{}",
        err
    );
    assert_eq!(pannier(&["-s", "-c", &nowhere, &url]).text(), ("ok", "", 0));
    assert_eq!(pannier(&["-c", "", &url]).text().2, 2);
}

#[test]
fn ok_side_by_side_all_share_one_jar() {
    let peer = Peer::start(|request| {
        let number = request.split(['/', ' ']).nth(2).unwrap_or_default();
        let head =
            format!("HTTP/1.1 200 OK\r\nSet-Cookie: n{}=1\r\nContent-Length: 0\r\n\r\n", number);
        Answer(vec![head.into_bytes()])
    });
    let dir = Dir::new("jar-parallel");
    let (jar, url) = (dir.path("jar"), peer.url("/[1-40]"));
    assert_eq!(pannier(&["-sS", "-Z", "-c", &jar, &url]).text(), ("", "", 0));
    let text = dir.read("jar");
    for number in 1..=40 {
        assert!(text.contains(&line(&format!("0 n{} 1", number))), "{}", text);
    }
}
