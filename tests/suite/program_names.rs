//! `-O` with `-J`, and `-R`: files that are named and dated as the server says.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::support::program::{pannier, sized, Dir, Peer, Text};

const NAMED: &str = "HTTP/1.1 200 OK\r\nContent-Disposition: attachment; filename=\"../given\"\r\n\
                     Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\nhi";

fn date(dir: &Dir, name: &str) -> Option<SystemTime> {
    fs::metadata(dir.path(name)).ok()?.modified().ok()
}

#[test]
fn ok_the_server_names_the_file() {
    let peer = Peer::start(|request| match request.split(' ').nth(1) {
        Some("/moved") => {
            "HTTP/1.1 302 Go\r\nLocation: /to/there?x\r\nContent-Length: 0\r\n\r\n".into()
        }
        Some("/named") => NAMED.into(),
        _ => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".into(),
    });
    for (words, path, name) in [
        (&["-OJ"][..], "/named", "given"),
        (&["-O"], "/named", "named"),
        (&["-JO"], "/plain", "plain"),
        (&["-OJL"], "/moved", "there"),
        (&["-OL"], "/moved", "moved"),
        (&["-J", "-o", "mine"], "/named", "mine"),
        (&["-J", "--remote-name-all"], "/named", "given"),
    ] {
        let dir = Dir::new("names");
        let (folder, url) = (dir.path(""), peer.url(path));
        let format = ["-sS", "--output-dir", &folder, "-w", "%{filename_effective}", &url];
        let run = pannier(&[words, &format].concat());
        let (stdout, stderr, code) = run.text();
        assert_eq!((stderr, code), ("", 0), "{:?} {}", words, path);
        assert_eq!((dir.read(name).as_str(), stdout), ("hi", &*dir.path(name)));
    }
}

#[test]
fn ok_the_name_of_what_is_sent_is_none_for_what_comes() {
    let peer = Peer::start(|_| "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi".into());
    let dir = Dir::new("names-upload");
    let (folder, path) = (dir.path(""), dir.path("sent"));
    fs::write(&path, "hello").expect("the folder is writable");
    for (url, name) in [("/to/", "to"), ("/", "curl_response"), ("/given", "given")] {
        let words = ["-sO", "-T", &path, "--output-dir", &folder, &peer.url(url)];
        assert_eq!(pannier(&words).text(), ("", "", 0), "{}", url);
        assert_eq!((dir.read("sent").as_str(), dir.read(name).as_str()), ("hello", "hi"));
    }
    assert!(peer.requests()[0].starts_with("PUT /to/sent HTTP/1.1\r\n"));
}

#[test]
fn ok_heads_are_shown_in_the_file_that_they_name() {
    let peer = Peer::start(|_| NAMED.into());
    let dir = Dir::new("names-heads");
    let run = pannier(&["-sSiOJ", "--output-dir", &dir.path(""), &peer.url("/a")]);
    assert_eq!((run.text(), dir.read("given").as_str()), (("", "", 0), NAMED));
}

#[test]
fn err_a_server_does_not_have_files_written_over() {
    let peer = Peer::start(|_| NAMED.into());
    let dir = Dir::new("names-clobber");
    let (folder, url) = (dir.path(""), peer.url("/a"));
    fs::write(dir.path("given"), "old").expect("the folder is writable");
    let run = pannier(&["-sSOJ", "--output-dir", &folder, &url]);
    let (_, stderr, code) = run.text();
    assert!(stderr.contains("given: File exists"), "{}", stderr);
    assert_eq!((code, dir.read("given").as_str()), (23, "old"));
    let run = pannier(&["-sSOJ", "--no-clobber", "--output-dir", &folder, &url]);
    assert_eq!((run.text(), dir.read("given.1").as_str()), (("", "", 0), "hi"));
    let run = pannier(&["-sSOJ", "--clobber", "--output-dir", &folder, &url]);
    assert_eq!((run.text(), dir.read("given").as_str()), (("", "", 0), "hi"));
}

#[test]
fn ok_what_is_there_need_not_come_again() {
    let peer = Peer::start(|request| sized(request.split(' ').nth(1).unwrap_or_default()));
    let dir = Dir::new("names-existing");
    fs::write(dir.path("2"), "old").expect("the folder is writable");
    let (folder, url) = (dir.path(""), peer.url("/[1-3]"));
    let run = pannier(&["-sSO", "--skip-existing", "--output-dir", &folder, &url]);
    assert_eq!(run.text(), ("", "", 0));
    assert_eq!(["1", "2", "3"].map(|name| dir.read(name)), ["/1", "old", "/3"]);
    let run = pannier(&["-sv", "--skip-existing", "-o", &dir.path("2"), &peer.url("/2")]);
    let note = format!("Note: skips transfer, \"{}\" exists locally\n", dir.path("2"));
    assert_eq!((run.text(), peer.requests().len()), (("", &*note, 0), 2));
}

#[test]
fn ok_content_may_go_nowhere() {
    let peer = Peer::start(|request| sized(request.split(' ').nth(1).unwrap_or_default()));
    let words = ["-sSi", "--out-null", "-w", "%{size_download}\\n", &peer.url("/1")];
    assert_eq!(pannier(&words).text(), ("2\n", "", 0));
    let words = ["-sS", "--out-null", "--no-out-null", &peer.url("/1"), &peer.url("/2")];
    assert_eq!(pannier(&words).text(), ("/2", "", 0));
}

#[test]
fn ok_a_file_has_the_time_of_its_content() {
    let peer = Peer::start(|_| NAMED.into());
    let dir = Dir::new("names-time");
    let (folder, url) = (dir.path(""), peer.url("/a"));
    assert_eq!(pannier(&["-sSROJ", "--output-dir", &folder, &url]).text(), ("", "", 0));
    let expected = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    assert_eq!(date(&dir, "given"), Some(expected));
    assert_eq!(pannier(&["-sSO", "--output-dir", &folder, &url]).text(), ("", "", 0));
    assert!(date(&dir, "a") > Some(expected));
    assert_eq!(pannier(&["-sSR", &url]).text(), ("hi", "", 0));
}
