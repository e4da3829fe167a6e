//! Cookies from outside: what a client sends and stores at each hop, and the files of a jar.

use std::fs;
use std::time::{Duration, SystemTime};

use pannier::cookies::{Jar, PublicSuffixes, Reading, Refused, SameSite};
use pannier::http::{Method, Url};
use pannier::net::{Script, Scripts};
use pannier::{Client, RedirectPolicy, RetryPolicy};
use proptest::prelude::*;

use crate::properties::cookie;
use crate::support::plain_tls::PlainTls;
use crate::support::program::Dir;
use crate::support::{builder, once, COOKIE_FILE, EMPTY};

/// A client with this jar whose connections answer one request each.
fn client(jar: &Jar, answers: &[&str]) -> (Client, Scripts) {
    let scripts = Script::connections(answers.iter().map(once));
    let builder = builder().cookies(jar.clone()).connector(scripts.clone()).tls(PlainTls);
    (builder.user_agent("").build(), scripts)
}

/// The cookies that were sent on the connection of this number.
fn sent(scripts: &Scripts, connection: usize) -> Vec<String> {
    let text = String::from_utf8(scripts.written(connection)).expect("heads are text");
    let cookies = text.lines().filter_map(|line| line.strip_prefix("Cookie:"));
    cookies.map(|value| value.trim_start().to_owned()).collect()
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("it is one")
}

fn answer(status: &str, fields: &str) -> String {
    let fixed = "Connection: close\r\nContent-Length: 0\r\n\r\n";
    format!("HTTP/1.1 {}\r\n{}{}", status, fields, fixed)
}

fn saved(jar: &Jar) -> String {
    let mut file = Vec::new();
    jar.save(&mut file).expect("memory can be written");
    let file = String::from_utf8(file).expect("the tests write text");
    file.strip_prefix(COOKIE_FILE).expect("curl's first lines").to_owned()
}

fn loaded(file: &str) -> Jar {
    let jar = Jar::new();
    jar.load(file.as_bytes()).expect("memory can be read");
    jar
}

/// All of them, as `domain path name=value`.
fn names(jar: &Jar) -> Vec<String> {
    let line = |cookie: &pannier::cookies::Cookie| {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let dot = if cookie.is_host_only() { "" } else { "." };
        let (name, value) = (text(cookie.name()), text(cookie.value()));
        format!("{}{} {} {}={}", dot, cookie.domain(), cookie.path(), name, value)
    };
    jar.cookies().iter().map(line).collect()
}

#[test]
fn ok_each_hop_has_its_own_cookies() {
    let jar = Jar::new();
    jar.set(&url("http://b.test/"), "b=0; Path=/").unwrap();
    let first = answer(
        "302 Go",
        "Location: /x/y\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: x=1; Path=/x\r\n",
    );
    let second = answer("302 Go", "Location: http://b.test/z\r\nSet-Cookie: a=2; Path=/\r\n");
    let third = answer("302 Go", "Location: http://a.test/\r\nSet-Cookie: b=1; Path=/\r\n");
    let (client, scripts) = client(&jar, &[&first, &second, &third, EMPTY]);
    client.get("http://a.test/").send().unwrap();
    let expected: [&[&str]; 4] = [&[], &["x=1; a=1"], &["b=0"], &["a=2"]];
    for (hop, expected) in expected.iter().enumerate() {
        assert_eq!(sent(&scripts, hop), *expected, "{}", hop);
    }
    assert_eq!(names(&jar), ["b.test / b=1", "a.test / a=2", "a.test /x x=1"]);
}

#[test]
fn ok_the_callers_own_stand_behind_and_stay_at_home() {
    let jar = Jar::new();
    jar.set(&url("http://a.test/"), "a=1").unwrap();
    jar.set(&url("http://b.test/"), "b=1").unwrap();
    let first = answer("302 Go", "Location: /x\r\n");
    let second = answer("302 Go", "Location: http://b.test/\r\n");
    let third = answer("302 Go", "Location: http://a.test/\r\n");
    let (client, scripts) = client(&jar, &[&first, &second, &third, EMPTY]);
    let request = client.get("http://a.test/").header("Cookie", "own=1").header("Cookie", "too=2");
    request.header("X-Last", "1").send().unwrap();
    let expected = ["a=1; own=1; too=2", "a=1; own=1; too=2", "b=1", "a=1"];
    for (hop, expected) in expected.iter().enumerate() {
        assert_eq!(sent(&scripts, hop), [*expected], "{}", hop);
    }
    let head = String::from_utf8(scripts.written(0)).unwrap();
    assert!(head.contains("\r\nCookie: a=1; own=1; too=2\r\nX-Last: 1\r\n"), "{}", head);
}

#[test]
fn ok_an_empty_field_is_their_place_and_is_not_sent() {
    let jar = Jar::new();
    let empty = answer("200 OK", "");
    let (client, scripts) = client(&jar, &[&empty, &empty]);
    for _ in 0..2 {
        client.get("http://a.test/").header("Cookie", "").header("X", "1").send().unwrap();
        jar.set(&url("http://a.test/"), "a=1").unwrap();
    }
    let heads = [0, 1].map(|hop| String::from_utf8(scripts.written(hop)).unwrap());
    assert!(!heads[0].contains("Cookie"), "{}", heads[0]);
    assert!(heads[1].contains("\r\nCookie: a=1\r\nX: 1\r\n"), "{}", heads[1]);
}

#[test]
fn ok_every_final_response_counts() {
    for status in ["200 OK", "204 No", "304 No", "401 No", "404 No", "417 No", "500 No", "503 No"] {
        let jar = Jar::new();
        let head = format!("HTTP/1.1 {}\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n", status);
        let length = match status.starts_with(['2', '3']) && !status.starts_with("200") {
            true => "",
            false => "Content-Length: 0\r\n",
        };
        let text = format!("{}{}\r\n", head, length);
        let (client, _) = client(&jar, &[&text]);
        client.get("http://a.test/").send().unwrap();
        assert_eq!(names(&jar), ["a.test / a=1", "a.test / b=2"], "{}", status);
    }
}

#[test]
fn ok_another_try_has_the_cookies_of_the_first() {
    let jar = Jar::new();
    let busy = answer("503 Busy", "Set-Cookie: a=1\r\nRetry-After: 0\r\n");
    let (client, scripts) = client(&jar, &[&busy, EMPTY]);
    let policy = RetryPolicy::attempts(2).statuses([503]);
    client.get("http://a.test/").retries(policy).send().unwrap();
    assert_eq!([sent(&scripts, 0), sent(&scripts, 1)], [vec![], vec!["a=1".to_owned()]]);
}

#[test]
fn ok_the_host_field_names_the_host_of_cookies() {
    let jar = Jar::new();
    let set =
        answer("200 OK", "Set-Cookie: a=1; Domain=b.test\r\nSet-Cookie: c=1; Domain=a.test\r\n");
    let (client, scripts) = client(&jar, &[&set, EMPTY, EMPTY]);
    for host in ["www.b.test:81", "b.test", "a.test"] {
        client.get("http://a.test/").header("Host", host).send().unwrap();
    }
    assert_eq!(names(&jar), [".b.test / a=1"]);
    assert_eq!(sent(&scripts, 1), ["a=1"]);
    assert!(sent(&scripts, 2).is_empty());
}

#[test]
fn ok_secure_cookies_stay_on_secured_connections() {
    let jar = Jar::new();
    let set =
        answer("200 OK", "Set-Cookie: s=1; Secure\r\nSet-Cookie: __Host-h=1; Secure; Path=/\r\n");
    let overlay = answer("200 OK", "Set-Cookie: s=evil\r\nSet-Cookie: plain=1\r\n");
    let (client, scripts) = client(&jar, &[&set, &set, &overlay, EMPTY]);
    for url in ["http://a.test/", "https://a.test/", "http://a.test/", "https://a.test/"] {
        client.get(url).send().unwrap();
    }
    let expected: [&[&str]; 4] = [&[], &[], &[], &["s=1; __Host-h=1; plain=1"]];
    for (hop, expected) in expected.iter().enumerate() {
        assert_eq!(sent(&scripts, hop), *expected, "{}", hop);
    }
}

#[test]
fn err_nothing_is_stored_from_elsewhere() {
    // Interim responses, trailers, and whoever answers to CONNECT, who gets none either.
    let jar = Jar::new();
    jar.set(&url("http://a.test/"), "a=1").unwrap();
    let interim = "HTTP/1.1 103 Early\r\nSet-Cookie: evil=1\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let trailer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nSet-Cookie: evil=1\r\n\r\n";
    let refused = answer("407 No", "Set-Cookie: evil=1\r\n");
    let (client, scripts) = client(&jar, &[interim, trailer, &refused]);
    client.get("http://a.test/").send().unwrap();
    client.get("http://a.test/").send().unwrap().bytes().unwrap();
    client.request(Method::CONNECT, "http://a.test/").send().unwrap();
    assert_eq!(names(&jar), ["a.test / a=1"]);
    assert!(sent(&scripts, 2).is_empty());
}

#[cfg(feature = "proxy")]
#[test]
fn ok_a_proxy_passes_cookies_on_and_has_none_itself() {
    let jar = Jar::new();
    jar.set(&url("http://a.test/"), "a=1").unwrap();
    let peer = crate::support::peer::Peer::play(|peer| {
        let mut forwarded = peer.accept();
        let head = forwarded.expect_head();
        assert!(
            head.starts_with("GET http://a.test/ ") && head.contains("Cookie: a=1"),
            "{}",
            head
        );
        forwarded.send("HTTP/1.1 200 OK\r\nSet-Cookie: b=1\r\nContent-Length: 0\r\n\r\n");
        let mut tunnel = peer.accept();
        let head = tunnel.expect_head();
        assert!(head.starts_with("CONNECT a.test:80 ") && !head.contains("Cookie"), "{}", head);
        tunnel.send("HTTP/1.1 200 OK\r\nSet-Cookie: evil=1\r\n\r\n");
        let head = tunnel.expect_head();
        assert!(head.starts_with("GET / ") && head.contains("Cookie: a=1; b=1"), "{}", head);
        tunnel.send(EMPTY);
        let mut refused = peer.accept();
        let head = refused.expect_head();
        assert!(head.starts_with("CONNECT ") && !head.contains("Cookie"), "{}", head);
        refused.send("HTTP/1.1 403 No\r\nSet-Cookie: evil=1\r\nContent-Length: 0\r\n\r\n");
    });
    let proxy = pannier::Proxy::new(&format!("http://{}", peer.address())).unwrap();
    for (tunnels, is_granted) in [(false, true), (true, true), (true, false)] {
        let proxy = proxy.clone().tunnel_http(tunnels);
        let client = builder().cookies(jar.clone()).proxy(proxy).build();
        let sent = client.get("http://a.test/").send();
        assert_eq!(sent.is_ok(), is_granted, "{:?}", sent);
    }
    assert_eq!(names(&jar), ["a.test / a=1", "a.test / b=1"]);
}

#[test]
fn ok_a_request_without_cookies_takes_no_part() {
    let jar = Jar::new();
    jar.set(&url("http://a.test/"), "a=1").unwrap();
    let set = answer("302 Go", "Location: /b\r\nSet-Cookie: b=1\r\n");
    let (client, scripts) = client(&jar, &[&set, &set]);
    let request = client.get("http://a.test/").without_header("Cookie");
    let policy = RedirectPolicy::limited(1);
    assert!(request.redirects(policy).send().is_err(), "one redirect too many");
    assert!(sent(&scripts, 0).is_empty() && sent(&scripts, 1).is_empty());
    assert_eq!(names(&jar), ["a.test / a=1"]);
}

#[test]
fn ok_pipelined_and_batched_requests_have_them_too() {
    let jar = Jar::new();
    jar.set(&url("http://a.test/"), "a=1").unwrap();
    let script = Script::new()
        .expect_until("Cookie: a=1\r\n\r\n")
        .reply("HTTP/1.1 200 OK\r\nSet-Cookie: b=1\r\nContent-Length: 0\r\n\r\n")
        .expect_until("Cookie: a=1; b=1\r\n\r\n")
        .reply(EMPTY);
    let client = builder().cookies(jar.clone()).connector(script.repeated()).build();
    let requests = ["http://a.test/1", "http://a.test/2"].map(|url| client.get(url));
    // Nothing is pipelined before the peer has shown that it keeps connections.
    for response in client.pipeline(requests).depth(1) {
        response.unwrap();
    }
    let empty = answer("200 OK", "");
    let (client, scripts) = self::client(&jar, &[&empty, &empty]);
    let requests = ["http://a.test/1", "http://a.test/2"].map(|url| client.get(url));
    for (_, response) in client.batch(requests).concurrency(1).run() {
        response.unwrap();
    }
    assert_eq!([sent(&scripts, 0), sent(&scripts, 1)], [["a=1; b=1"], ["a=1; b=1"]]);
}

#[test]
fn ok_no_more_than_fifty_of_one_response() {
    let fields: String = (0..60).map(|n| format!("Set-Cookie: n{}=1\r\n", n)).collect();
    let jar = Jar::new();
    let (client, _) = client(&jar, &[&answer("200 OK", &fields)]);
    client.get("http://a.test/").send().unwrap();
    assert_eq!(jar.cookies().len(), 50);
}

#[test]
fn ok_cookies_by_hand() {
    let jar = Jar::new();
    let here = url("https://www.a.test/p/q");
    let text = "id=7; Domain=a.test; Path=/p; Secure; HttpOnly; SameSite=Lax; Max-Age=60";
    let before = SystemTime::now();
    jar.set(&here, text).unwrap();
    let cookie = &jar.cookies()[0];
    assert_eq!((cookie.name(), cookie.value()), (&b"id"[..], &b"7"[..]));
    assert_eq!((cookie.domain(), cookie.path()), ("a.test", "/p"));
    assert!(cookie.is_secure() && cookie.is_http_only() && !cookie.is_host_only());
    assert_eq!(cookie.same_site(), SameSite::Lax);
    let end = cookie.expires().unwrap();
    assert!(end > before + Duration::from_secs(58) && !cookie.is_expired(before));
    assert!(cookie.is_expired(end + Duration::from_secs(1)));
    assert!(!format!("{:?} {:?}", cookie, jar).contains("\"7\""), "values are secrets");

    for (text, expected) in [
        ("a", Refused::Nameless),
        ("a=b; Domain=b.test", Refused::Domain),
        ("a=b; Domain=test", Refused::PublicSuffix),
        ("__Host-a=b", Refused::Prefix),
    ] {
        assert_eq!(jar.set(&here, text), Err(expected), "{}", text);
        assert!(!expected.to_string().is_empty());
    }
    jar.set(&here, "session=1").unwrap();
    assert!(!jar.remove("a.test", "/", "id") && !jar.remove("www.a.test", "/p", "id"));
    jar.end_session();
    assert_eq!(names(&jar), [".a.test /p id=7"]);
    assert!(jar.remove("A.test", "/p", "id") && jar.cookies().is_empty());
    jar.set(&here, "a=b").unwrap();
    jar.clear();
    assert_eq!(jar.field(&here), b"");
}

#[test]
fn ok_a_list_of_public_suffixes() {
    let list = PublicSuffixes::read("test\nhost.test\n".as_bytes()).unwrap();
    let jar = Jar::new().public_suffixes(list);
    let here = url("http://user.host.test/");
    assert_eq!(jar.set(&here, "a=b; Domain=host.test"), Err(Refused::PublicSuffix));
    assert_eq!(jar.set(&here, "a=b; Domain=user.host.test"), Ok(()));
    assert_eq!(jar.set(&url("http://host.test/"), "a=b; Domain=host.test"), Ok(()));
    jar.load(".host.test\tTRUE\t/\tFALSE\t0\tevil\t1\n".as_bytes()).unwrap();
    assert_eq!(names(&jar), [".user.host.test / a=b", "host.test / a=b"]);
}

#[test]
fn ok_files_are_written_as_curl_writes_them() {
    let jar = Jar::new().like_curl();
    for (from, text) in [
        ("http://www.a.test/x/y", "host=1"),
        ("http://www.a.test/x/y", "domain=2; Domain=.A.test; Path=/p/"),
        ("http://www.a.test/x/y", "http=3; HttpOnly; Path=/"),
        ("https://www.a.test/x/y", "empty=; Secure"),
        ("http://[::1]:8080/", "six= s p a c e "),
        ("http://10.0.0.1/", "ip=1; Domain=10.0.0.1"),
        ("http://localhost/", "here=1; Domain=localhost"),
        ("http://www.a.test/", "gone=1; Max-Age=0"),
    ] {
        jar.set(&url(from), text).unwrap();
    }
    assert_eq!(
        saved(&jar),
        ".localhost\tTRUE\t/\tFALSE\t0\there\t1\n\
         10.0.0.1\tFALSE\t/\tFALSE\t0\tip\t1\n\
         ::1\tFALSE\t/\tFALSE\t0\tsix\ts p a c e\n\
         www.a.test\tFALSE\t/x\tTRUE\t0\tempty\t\n\
         #HttpOnly_www.a.test\tFALSE\t/\tFALSE\t0\thttp\t3\n\
         .A.test\tTRUE\t/p\tFALSE\t0\tdomain\t2\n\
         www.a.test\tFALSE\t/x\tFALSE\t0\thost\t1\n"
    );
    let copy = Jar::new().like_curl();
    let mut file = Vec::new();
    jar.save(&mut file).unwrap();
    copy.load(&*file).unwrap();
    let mut expected = jar.cookies();
    expected.reverse();
    assert_eq!(copy.cookies(), expected, "curl takes the first of a file for the oldest");
    let copy = Jar::new();
    copy.load(&*file).unwrap();
    assert_eq!(saved(&copy), saved(&jar).replace(".A.test", ".a.test"), "as if it had never been");
}

#[test]
fn ok_lines_of_files() {
    for (line, expected) in [
        ("a.test\tFALSE\t/\tFALSE\t0\tn\tv", Some("a.test / n=v")),
        ("a.test\tFALSE\t/\tFALSE\t0\tn\tv\r", Some("a.test / n=v")),
        (".a.test\tTRUE\t/\tFALSE\t0\tn\tv", Some(".a.test / n=v")),
        ("a.test\ttrue\t/\tfalse\t0\tn\tv", Some(".a.test / n=v")),
        (".a.test\tFALSE\t/\tFALSE\t0\tn\tv", Some("a.test / n=v")),
        ("#HttpOnly_a.test\tFALSE\t/\tFALSE\t0\tn\tv", Some("a.test / n=v")),
        ("A.Test\tFALSE\t/\tFALSE\t0\tn\tv", Some("a.test / n=v")),
        ("127.0.0.1\tTRUE\t/\tFALSE\t0\tn\tv", Some("127.0.0.1 / n=v")),
        ("a.test\tFALSE\t/p/\tFALSE\t99999999999\tn\tv w", Some("a.test /p/ n=v w")),
        ("a.test\tFALSE\t/\tFALSE\t99999999999.5\tn\tv", Some("a.test / n=v")),
        ("a.test\tFALSE\t/\tFALSE\t0\tn\t", Some("a.test / n=")),
        ("a.test\tFALSE\t/\tFALSE\t0\tn", Some("a.test / n=")),
        ("a.test\tFALSE\tFALSE\t0\tn\tv", Some("a.test / n=v")),
        ("a.test\tFALSE\tp\tFALSE\t0\tn\tv", Some("a.test / n=v")),
        ("a.test\tFALSE\t/\tTRUE\t0\t__Host-n\tv", Some("a.test / __Host-n=v")),
        ("Set-Cookie: n=v; Domain=a.test; Path=/p", Some(".a.test /p n=v")),
        ("set-cookie:n=v;domain=.a.test;secure", Some(".a.test / n=v")),
        ("Set-Cookie: n=v; Domain=127.0.0.1", Some("127.0.0.1 / n=v")),
        ("Set-Cookie: n=v; Domain=Test", Some("test / n=v")),
        // What is passed over.
        ("", None),
        ("# a.test\tFALSE\t/\tFALSE\t0\tn\tv", None),
        ("#HttpOnly_#a.test\tFALSE\t/\tFALSE\t0\tn\tv", None),
        ("HTTP/1.1 200 OK", None),
        ("a.test\tFALSE\t/\tFALSE\t0", None),
        ("a.test\tFALSE\t/\tFALSE\t0\t\tv", None),
        ("a.test\tFALSE\t/\tFALSE\t0\tn\tv\tw", None),
        ("a.test\tFALSE\t/\tFALSE\tsoon\tn\tv", None),
        ("a.test\tFALSE\t/\tFALSE\t-1\tn\tv", None),
        ("a.test\tFALSE\t/\tFALSE\t9223372036854775808\tn\tv", None),
        ("a.test\tFALSE\t/\tFALSE\t1\tn\tv", None),
        ("a.test\tFALSE\t/\tFALSE\t0\tn\tv;w", None),
        ("a.test\tFALSE\t/\tFALSE\t0\tn=m\tv", None),
        ("a.test\tFALSE\t/\tFALSE\t0\tn\tv\x01", None),
        ("a.test\tFALSE\t/\tFALSE\t0\tn\rx\tv", None),
        ("a.test\tFALSE\t/\u{e9}\tFALSE\t0\tn\tv", None),
        ("\tFALSE\t/\tFALSE\t0\tn\tv", None),
        ("a test\tFALSE\t/\tFALSE\t0\tn\tv", None),
        ("127.1\tFALSE\t/\tFALSE\t0\tn\tv", None),
        (".test\tTRUE\t/\tFALSE\t0\tn\tv", None),
        (".co.uk\tTRUE\t/\tFALSE\t0\tn\tv", None),
        ("a.test\tFALSE\t/\tFALSE\t0\t__Secure-n\tv", None),
        ("a.test\tTRUE\t/\tTRUE\t0\t__Host-n\tv", None),
        ("Set-Cookie: n=v", None),
        ("Set-Cookie: n=v; Domain=.0.0.1", None),
        ("Set-Cookie: n=v; Domain=a.test; SameSite=None", None),
    ] {
        // Nothing that is wrong with one line is wrong with the next.
        let jar = loaded(&format!("{}\nz.test\tFALSE\t/\tFALSE\t0\tlast\t1\n", line));
        let mut found = names(&jar);
        assert!(found.contains(&"z.test / last=1".to_owned()), "{:?}", line);
        found.retain(|name| !name.starts_with("z.test"));
        assert_eq!(found.first().map(String::as_str), expected, "{:?}", line);
    }
    let long = format!("a.test\tFALSE\t/\tFALSE\t0\tn\t{}", "v".repeat(4096));
    assert!(loaded(&long).cookies().is_empty());
    assert_eq!(loaded(&long[..long.len() - 1]).cookies().len(), 1);
}

#[test]
fn ok_ways_to_read_a_file() {
    let file = "Set-Cookie: n=v\nSet-Cookie: l=1; Max-Age=9\na.test\tFALSE\t/\tFALSE\t0\tc\t1\n";
    let jar = Jar::new();
    let reading = Reading::new().assume_host(&url("http://b.test:81/x/y"));
    jar.load_with(file.as_bytes(), &reading).unwrap();
    assert_eq!(names(&jar), ["a.test / c=1", "b.test / l=1", "b.test / n=v"]);
    jar.clear();
    jar.load_with(file.as_bytes(), &reading.without_session_cookies(true)).unwrap();
    assert_eq!(names(&jar), ["b.test / l=1"]);
}

#[test]
fn ok_a_file_is_replaced_as_a_whole() {
    let dir = Dir::new("cookies");
    let jar = Jar::new();
    jar.set(&url("http://a.test/"), "a=1").unwrap();
    let path = dir.path("jar");
    jar.save_file(&path).unwrap();
    jar.set(&url("http://a.test/"), "a=2").unwrap();
    jar.save_file(&path).unwrap();
    assert_eq!(dir.read("jar"), format!("{}a.test\tFALSE\t/\tFALSE\t0\ta\t2\n", COOKIE_FILE));
    assert_eq!(fs::read_dir(dir.path("")).unwrap().count(), 1, "nothing is left beside it");
    let error = jar.save_file(dir.path("none/jar")).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{symlink, PermissionsExt};
        let mode = |name: &str| fs::metadata(dir.path(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode("jar"), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&path, dir.path("link")).unwrap();
        jar.clear();
        jar.save_file(dir.path("link")).unwrap();
        assert_eq!((dir.read("jar").as_str(), mode("jar")), (COOKIE_FILE, 0o640));
        assert!(fs::symlink_metadata(dir.path("link")).unwrap().file_type().is_symlink());
        jar.save_file("/dev/null").unwrap();
    }
}

#[test]
fn err_a_file_that_cannot_be_read_changes_nothing() {
    struct Broken(bool);
    impl std::io::Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                return Err(std::io::ErrorKind::BrokenPipe.into());
            }
            let line = b"a.test\tFALSE\t/\tFALSE\t0\tn\tv\n";
            buffer[..line.len()].copy_from_slice(line);
            Ok(line.len())
        }
    }
    let jar = Jar::new();
    assert!(jar.load(Broken(false)).is_err());
    assert!(jar.cookies().is_empty());
}

/// What `Set-Cookie` values are made of, the places where they go wrong included.
const PIECES: [&str; 40] = [
    "a",
    "b",
    "=",
    ";",
    "; ",
    " ",
    "\t",
    "\"",
    "\u{e9}",
    "\x01",
    "Domain=",
    "domain=.",
    "a.test",
    "b.a.test",
    ".",
    "test",
    "co.uk",
    "a.co.uk",
    "127.0.0.1",
    "0.0.1",
    "localhost",
    "Path=",
    "/",
    "/x",
    "/x/",
    "/x/y",
    "Secure",
    "HttpOnly",
    "SameSite=None",
    "SameSite=Lax",
    "__Host-",
    "__secure-",
    "Max-Age=",
    "0",
    "-1",
    "99999999999999999999",
    "Expires=",
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "01 Jan 1970 00:00:00",
    "\n",
];

const HOSTS: [&str; 9] = [
    "a.test",
    "b.a.test",
    "test",
    "a.co.uk",
    "co.uk",
    "127.0.0.1",
    "[::1]",
    "localhost",
    "a.test.",
];

fn address() -> impl Strategy<Value = String> {
    let parts = (
        prop::bool::ANY,
        prop::sample::select(&HOSTS[..]),
        prop::sample::select(&["", "x", "x/y", "xy"][..]),
    );
    parts.prop_map(|(secure, host, path)| {
        format!("http{}://{}/{}\n", if secure { "s" } else { "" }, host, path)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ok_whatever_is_set_goes_where_it_may(
        from in address(),
        to in address(),
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..40),
    ) {
        cookie::check((from + &to + &pieces.concat()).as_bytes());
    }
}
