//! `-z`, `--etag-save` and `--etag-compare`: only what is new.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::support::program::{pannier, Answer, Dir, Peer, Text};

fn answer(fields: &str) -> Answer {
    format!("HTTP/1.1 200 OK\r\n{}Content-Length: 5\r\n\r\nhello", fields).as_str().into()
}

fn field(request: &str, name: &str) -> Option<String> {
    request.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned)
}

#[test]
fn ok_what_is_not_of_the_age_asked_for_is_not_taken() {
    let noon = "dec 12 12:00:00 1999 GMT";
    for (condition, modified, taken) in [
        (noon, "Last-Modified: Sun, 12 Dec 1999 12:00:01 GMT\r\n", true),
        (noon, "Last-Modified: Sun, 12 Dec 1999 12:00:00 GMT\r\n", false),
        (noon, "last-modified: 12 Dec 1998 12:00\r\n", false),
        (noon, "Last-Modified: whenever\r\n", true),
        (noon, "", true),
        ("-1999-12-12T12:00Z", "Last-Modified: Sun, 12 Dec 1999 11:59:59 GMT\r\n", true),
        ("-1999-12-12T12:00Z", "Last-Modified: Sun, 12 Dec 1999 12:00:00 GMT\r\n", false),
        ("=1999-12-12T12:00Z", "Last-Modified: Sun, 12 Dec 1999 12:00:00 GMT\r\n", false),
    ] {
        let peer = Peer::start(move |_| answer(modified));
        let dir = Dir::new("condition");
        let path = dir.path("file");
        fs::write(&path, "old").expect("the folder is writable");
        let words = ["-sS", "-z", condition, "-w", "%{http_code}", "-o", &path, &peer.url("/")];
        let code = if taken { "200" } else { "304" };
        assert_eq!(pannier(&words).text(), (code, "", 0), "{} {}", condition, modified);
        assert_eq!(dir.read("file"), if taken { "hello" } else { "old" });
        let request = &peer.requests()[0];
        let name = match condition.as_bytes()[0] {
            b'-' => "If-Unmodified-Since: ",
            b'=' => "Last-Modified: ",
            _ => "If-Modified-Since: ",
        };
        let date = field(request, name);
        assert_eq!(date.as_deref(), Some("Sun, 12 Dec 1999 12:00:00 GMT"));
    }
}

#[test]
fn ok_a_file_gives_its_date() {
    let peer = Peer::start(|_| "HTTP/1.1 304 Not Modified\r\n\r\n".into());
    let dir = Dir::new("condition-file");
    let (date, path) = (dir.path("date"), dir.path("none"));
    let file = fs::File::create(&date).expect("the folder is writable");
    let moment = SystemTime::UNIX_EPOCH + Duration::from_millis(784_111_777_500);
    file.set_modified(moment).expect("the file is ours");
    let run = pannier(&["-sS", "-z", &date, "-o", &path, &peer.url("/")]);
    assert_eq!(run.text(), ("", "", 0));
    let sent = field(&peer.requests()[0], "If-Modified-Since: ");
    assert_eq!(sent.as_deref(), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    assert!(!Path::new(&path).exists(), "nothing came that could be written");
}

#[test]
fn ok_what_is_no_date_is_no_condition() {
    let peer = Peer::start(|_| answer(""));
    let run = pannier(&["-z", "rubbish", "--no-progress-meter", &peer.url("/")]);
    let expected = "Warning: Illegal date format for -z, --time-cond (and not a file name). \n\
                    Warning: Disabling time condition. See curl_getdate(3) for valid date syntax.\n";
    assert_eq!(run.text(), ("hello", expected, 0));
    assert!(!peer.requests()[0].contains("Since"));
}

#[test]
fn ok_a_tag_is_kept_and_sent_the_next_time() {
    for (old, asked, head, kept) in [
        (None, "\"\"", "ETag: W/\"a\"\r\n", "W/\"a\"\n"),
        (Some(""), "\"\"", "ETag: \"a\"\r\n", "\"a\"\n"),
        (Some("\"x\"\r\n\"y\"\n"), "\"x\"", "etag:   \"b\"  \r\n", "\"b\"\n"),
        (Some("W/\"x\""), "W/\"x\"", "", "W/\"x\""),
        (Some("\"x\"\n"), "\"x\"", "ETag:\r\n", "\"x\"\n"),
    ] {
        let peer = Peer::start(move |_| answer(head));
        let dir = Dir::new("etag");
        let path = dir.path("made/tag");
        if let Some(old) = old {
            fs::create_dir(dir.path("made")).expect("the folder is writable");
            fs::write(&path, old).expect("the folder is writable");
        }
        let words = ["-s", "--create-dirs", "--etag-compare", &path, "--etag-save", &path];
        let run = pannier(&[&words[..], &[&peer.url("/")]].concat());
        assert_eq!(run.text(), ("hello", "", 0));
        let sent = field(&peer.requests()[0], "If-None-Match: ");
        assert_eq!((sent.as_deref(), dir.read("made/tag").as_str()), (Some(asked), kept));
    }
}

#[test]
fn ok_no_tag_is_kept_of_what_did_not_come_whole() {
    for head in ["404 No\r\nContent-Length: 0", "200 OK\r\nConnection: close\r\nContent-Length: 9"]
    {
        let peer = Peer::start(move |_| {
            format!("HTTP/1.1 {}\r\nETag: \"a\"\r\n\r\n", head).as_str().into()
        });
        let dir = Dir::new("etag-none");
        let path = dir.path("tag");
        pannier(&["-s", "--etag-save", &path, &peer.url("/")]);
        assert_eq!((peer.requests().len(), dir.read("tag").as_str()), (1, ""));
    }
}

#[test]
fn ok_a_tag_that_cannot_be_kept_is_no_reason_to_stop() {
    let peer = Peer::start(|_| answer("ETag: \"a\"\r\n"));
    let dir = Dir::new("etag-skip");
    let (path, url) = (dir.path("no/tag"), peer.url("/"));
    let run =
        pannier(&["-s", "--etag-save", &path, &url, "--next", "-s", "--etag-save", "-", &url]);
    assert_eq!(run.text(), ("hello\"a\"\n", "", 0));
    assert_eq!(peer.requests().len(), 1);
    let run = pannier(&["--no-progress-meter", "--etag-save", &path, &url]);
    let (_, stderr, code) = run.text();
    let stderr = stderr.replace("\nWarning: ", "");
    assert!(stderr.contains("Failed creating file for saving etags"), "{}", stderr);
    assert!(stderr.ends_with("pannier: (26) no transfer performed\n"), "{}", stderr);
    assert_eq!((code, peer.requests().len()), (26, 1));
}

#[test]
fn err_one_file_for_the_tags_of_several_urls() {
    let run = pannier(&["--etag-save", "x", "http://a.test/", "http://b.test/"]);
    let (_, stderr, code) = run.text();
    let expected = Some("pannier: The etag options only work on a single URL");
    assert_eq!((stderr.lines().next(), code), (expected, 2));
}
