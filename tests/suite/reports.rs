//! `--har` and `--waterfall`: what the program leaves behind of a run, whether it went well or not.

use crate::program::{closed_address, pannier, Dir, Text};
use crate::support::json::Json;
use crate::support::peer::Peer;

/// A redirect, its goal and a response that is cut short, all on one connection.
fn peer() -> Peer {
    Peer::play(|peer| {
        let mut wire = peer.accept();
        let go = "HTTP/1.1 302 Go\r\nLocation: /b?x=1&y=%C3%A9#z\r\nContent-Length: 4\r\n\r\ngone";
        wire.expect_request("POST /a?q=a+b");
        wire.expect("a=b");
        wire.send(go);
        wire.exchange(
            "GET /b?x=1&y=%C3%A9",
            "HTTP/1.1 200 Very well\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\
             Set-Cookie: sid=topsecret; Path=/; HttpOnly\r\n\r\nhello",
        );
        wire.expect_request("POST /short");
        wire.expect("a=b");
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell");
        wire.close();
    })
}

/// A run in which some things go well and some do not.
fn run(peer: &Peer, options: &[&str]) -> std::process::Output {
    let (a, short, closed) = (peer.url("/a?q=a+b"), peer.url("/short"), closed_address());
    let mut words = vec!["-s", "-L", "-u", "u:topsecret", "-b", "c=topsecret", "-d", "a=b"];
    words.extend_from_slice(options);
    words.extend_from_slice(&["-o", "/dev/null", "-o", "/dev/null", &a, &short, &closed]);
    pannier(&words)
}

#[test]
fn ok_a_har_file_has_every_exchange() {
    let (peer, dir) = (peer(), Dir::new("har"));
    let file = dir.path("run.har");
    assert_eq!(run(&peer, &["--har", &file]).text(), ("", "", 7));
    let text = dir.read("run.har");
    assert!(!text.contains("topsecret") && !text.contains("dTp0b3BzZWNyZXQ"), "{}", text);
    let har = Json::parse(&text);
    check::har(&har);
    let entries = at(&har, "log.entries").elements();
    let told: Vec<String> = entries.iter().map(summary).collect();
    let expected = [
        format!("POST {} 302 1", peer.url("/a?q=a+b")),
        format!("GET {} 200 1", peer.url("/b?x=1&y=%C3%A9")),
        format!("POST {} 200 1", peer.url("/short")),
    ];
    assert_eq!(told[..3], expected);
    assert!(told[3].ends_with(" 0 -"), "{}", told[3]);
    let errors: Vec<bool> = entries.iter().map(|entry| entry.get("_error").is_some()).collect();
    assert_eq!(errors, [false, false, true, true]);
}

#[test]
fn ok_a_har_entry_says_what_was_sent_and_what_came() {
    let (peer, dir) = (peer(), Dir::new("har-entry"));
    run(&peer, &["--har", &dir.path("run.har")]);
    let har = Json::parse(&dir.read("run.har"));
    let [first, second, short, refused] = at(&har, "log.entries").elements() else {
        panic!("four exchanges")
    };
    for (entry, path, expected) in [
        (first, "request.postData.text", "a=b"),
        (first, "request.postData.mimeType", "application/x-www-form-urlencoded"),
        (first, "request.httpVersion", "HTTP/1.1"),
        (first, "response.redirectURL", &*peer.url("/b?x=1&y=%C3%A9#z")),
        (first, "serverIPAddress", "127.0.0.1"),
        (second, "response.statusText", "Very well"),
        (second, "response.content.text", "hello"),
        (second, "response.content.mimeType", "text/plain"),
        (second, "response.redirectURL", ""),
        (refused, "response.httpVersion", ""),
    ] {
        assert_eq!(at(entry, path).as_str(), Some(expected), "{}", path);
    }
    for (entry, path, expected) in [
        (first, "request.bodySize", "3"),
        (first, "response.bodySize", "4"),
        (second, "request.bodySize", "0"),
        (second, "response.content.size", "5"),
        (second, "timings.connect", "-1"),
        (short, "response.bodySize", "4"),
        (refused, "response.bodySize", "-1"),
        (refused, "request.headersSize", "-1"),
        (refused, "timings.blocked", "-1"),
    ] {
        assert_eq!(at(entry, path), &Json::Number(expected.to_owned()), "{}", path);
    }
    let pairs = |path| -> Vec<(String, String)> {
        let text = |pair: &Json, name| at(pair, name).as_str().unwrap_or_default().to_owned();
        let pairs = at(second, path).elements();
        pairs.iter().map(|pair| (text(pair, "name"), text(pair, "value"))).collect()
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(pairs("request.queryString"), [pair("x", "1"), pair("y", "é")]);
    assert_eq!(pairs("response.cookies"), [pair("sid", "(redacted)")]);
    assert!(pairs("request.headers").contains(&pair("Cookie", "c=(redacted)")));
    assert!(pairs("request.headers").contains(&pair("Authorization", "Basic (redacted)")));
}

#[test]
fn ok_a_har_goes_to_standard_output_and_is_there_without_any_exchange() {
    let peer = Peer::answers(["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"]);
    let run = pannier(&["-s", "-o", "/dev/null", "--har", "-", &peer.url("/")]);
    let (stdout, stderr, code) = run.text();
    assert_eq!((stderr, code), ("", 0));
    check::har(&Json::parse(stdout));
    let run = pannier(&["-s", "--har", "-", "ftp://a/"]);
    let (stdout, _, code) = run.text();
    assert_eq!(code, 1);
    check::har(&Json::parse(stdout));
}

#[test]
fn err_a_report_that_cannot_be_written_is_told() {
    for option in [&["--har", "/no/such/file"][..], &["--waterfall", "/no/such/file.svg"]] {
        let peer = Peer::answers(["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"]);
        let run = pannier(&[option, &["-sS", &peer.url("/")]].concat());
        let (stdout, stderr, code) = run.text();
        assert_eq!((stdout, code), ("ok", 23));
        assert!(stderr.contains("/no/such/file"), "{}", stderr);
    }
}

#[test]
fn ok_the_waterfall_is_on_standard_error() {
    let peer = peer();
    let run = run(&peer, &["--waterfall"]);
    let (stdout, chart, code) = run.text();
    assert_eq!((stdout, code), ("", 7));
    let lines: Vec<&str> = chart.lines().collect();
    assert!(lines[1].starts_with("4 exchanges on 1 connection in "), "{}", chart);
    for (start, end) in [
        ("#1 ┌ POST /a?q=a+b ", 's'),
        ("   │ GET /b?x=1&y=%C3%A9 ", 's'),
        ("   └ POST /short ", 's'),
        ("     POST / ", 's'),
    ] {
        let row = lines.iter().find(|line| line.starts_with(start));
        let row = row.unwrap_or_else(|| panic!("no {:?} in\n{}", start, chart));
        assert!(row.ends_with(end) && row.chars().count() <= 80, "{}", row);
    }
    assert_eq!(chart.matches('×').count(), 2, "{}", chart);
    assert!(!chart.contains('\u{1b}'), "no colours where there is no terminal: {:?}", chart);
}

#[test]
fn ok_the_waterfall_is_drawn_to_a_file() {
    let (peer, dir) = (peer(), Dir::new("waterfall"));
    let file = dir.path("run.svg");
    assert_eq!(run(&peer, &["--waterfall", &file]).text(), ("", "", 7));
    let text = dir.read("run.svg");
    assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n"), "{}", text);
    assert_eq!(text.matches("<g><title>").count(), 4);
    assert!(text.contains("GET /b?x=1&amp;y=%C3%A9, 200, send "), "{}", text);
    assert!(!text.contains("<script") && !text.contains("href"), "{}", text);
}

#[test]
fn ok_a_url_behind_waterfall_is_a_url() {
    let peer = Peer::answers(["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"]);
    let run = pannier(&["-s", "--waterfall", &peer.url("/picture.svg")]);
    let (stdout, stderr, code) = run.text();
    assert_eq!((stdout, code), ("ok", 0));
    assert!(stderr.contains(" GET /picture.svg "), "{}", stderr);
}

/// The member at the end of this path.
fn at<'a>(json: &'a Json, path: &str) -> &'a Json {
    path.split('.').fold(json, |json, name| {
        json.get(name).unwrap_or_else(|| panic!("no {} of {} in {:?}", name, path, json))
    })
}

fn summary(entry: &Json) -> String {
    let text = |path| at(entry, path).as_str().unwrap_or_default();
    let connection = entry.get("connection").and_then(Json::as_str).unwrap_or("-");
    let status = at(entry, "response.status").as_u64().unwrap_or(u64::MAX);
    format!("{} {} {} {}", text("request.method"), text("request.url"), status, connection)
}

/// What the published schema of HAR 1.2 asks for: members, their types, the forms of dates; and what
/// its text asks for: times that add up.
mod check {
    use super::{at, Json};

    pub fn har(har: &Json) {
        let log = at(har, "log");
        assert_eq!(at(log, "version").as_str(), Some("1.2"));
        for name in ["creator", "browser"] {
            strings(at(log, name), &["name", "version"]);
        }
        let pages = at(log, "pages").elements();
        for page in pages {
            strings(page, &["startedDateTime", "id", "title"]);
            date(at(page, "startedDateTime"));
            numbers(at(page, "pageTimings"), &["onContentLoad", "onLoad"], -1.0);
        }
        for entry in at(log, "entries").elements() {
            self::entry(entry);
            let page = at(entry, "pageref");
            assert!(pages.iter().any(|other| at(other, "id") == page));
        }
    }

    fn entry(entry: &Json) {
        date(at(entry, "startedDateTime"));
        numbers(entry, &["time"], 0.0);
        request(at(entry, "request"));
        response(at(entry, "response"));
        assert_eq!(at(entry, "cache"), &Json::Object(Vec::new()));
        let timings = at(entry, "timings");
        numbers(timings, &["blocked", "dns", "connect", "ssl"], -1.0);
        numbers(timings, &["send", "wait", "receive"], 0.0);
        let micros = |name| (number(at(timings, name)) * 1000.0).round().max(0.0);
        // The handshake is part of connecting.
        let parts = ["blocked", "dns", "connect", "send", "wait", "receive"];
        let sum: f64 = parts.into_iter().map(micros).sum();
        assert_eq!(sum, (number(at(entry, "time")) * 1000.0).round(), "{:?}", entry);
        assert!(micros("ssl") <= micros("connect"));
        for name in ["serverIPAddress", "connection", "_error"] {
            assert!(entry.get(name).map_or(true, |value| value.as_str().is_some()));
        }
    }

    fn request(request: &Json) {
        strings(request, &["method", "url", "httpVersion"]);
        assert!(!at(request, "url").as_str().unwrap_or_default().contains('#'));
        numbers(request, &["headersSize", "bodySize"], -1.0);
        pairs(request, &["cookies", "headers", "queryString"]);
        if let Some(post) = request.get("postData") {
            strings(post, &["mimeType", "text"]);
        }
    }

    fn response(response: &Json) {
        numbers(response, &["status"], 0.0);
        strings(response, &["statusText", "httpVersion", "redirectURL"]);
        numbers(response, &["headersSize", "bodySize"], -1.0);
        pairs(response, &["cookies", "headers"]);
        let content = at(response, "content");
        numbers(content, &["size"], 0.0);
        strings(content, &["mimeType"]);
        assert!(content.get("text").map_or(true, |text| text.as_str().is_some()));
    }

    fn strings(json: &Json, names: &[&str]) {
        for name in names {
            assert!(at(json, name).as_str().is_some(), "{} in {:?}", name, json);
        }
    }

    fn numbers(json: &Json, names: &[&str], least: f64) {
        for name in names {
            assert!(number(at(json, name)) >= least, "{} in {:?}", name, json);
        }
    }

    fn pairs(json: &Json, names: &[&str]) {
        for name in names {
            assert!(matches!(at(json, name), Json::Array(_)), "{} in {:?}", name, json);
            for pair in at(json, name).elements() {
                strings(pair, &["name", "value"]);
            }
        }
    }

    fn number(json: &Json) -> f64 {
        match json {
            Json::Number(text) => text.parse().unwrap_or_else(|_| panic!("{} is no number", text)),
            other => panic!("{:?} is no number", other),
        }
    }

    /// RFC 3339, in UTC.
    fn date(json: &Json) {
        let text = json.as_str().unwrap_or_default();
        let shape: String =
            text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000Z", "{}", text);
    }
}
