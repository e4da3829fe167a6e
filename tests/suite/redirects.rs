//! Redirects: which are followed, to where, and what the next request carries.

use std::io::Cursor;

use pannier::http::{Headers, Method};
use pannier::net::{Script, Scripts};
use pannier::{Body, Client, Error, ErrorKind, RedirectPolicy, Response};

use crate::support::plain_tls::PlainTls;
use crate::support::{builder, once, EMPTY, OK};

/// Follows by `policy` over one connection per request: a redirect for each of `hops`, a status and
/// the lines with its Location, and an end.
struct Chain {
    client: Client,
    scripts: Scripts,
}

impl Chain {
    fn new(policy: RedirectPolicy, hops: &[(u16, &str)]) -> Chain {
        let hops = hops.iter().map(|(status, fields)| {
            once(format!(
                "HTTP/1.1 {} Moved\r\n{}Connection: close\r\nContent-Length: 0\r\n\r\n",
                status, fields
            ))
        });
        let scripts = Script::connections(hops.chain([once(OK)]));
        let client = builder()
            .redirects(policy)
            .connector(scripts.clone())
            .tls(PlainTls)
            .user_agent("")
            .default_headers(Headers::new())
            .build();
        Chain { client, scripts }
    }

    /// A chain of plain redirects to these places.
    fn to(locations: &[&str]) -> Chain {
        let fields: Vec<_> = locations.iter().map(|to| format!("Location: {}\r\n", to)).collect();
        let hops: Vec<_> = fields.iter().map(|fields| (302, &**fields)).collect();
        Chain::new(RedirectPolicy::default(), &hops)
    }

    /// What was sent to the connection of this number.
    fn sent(&self, connection: usize) -> String {
        String::from_utf8(self.scripts.written(connection)).unwrap()
    }

    fn get(&self, url: &str) -> Result<Response, Error> {
        self.client.get(url).send()
    }
}

#[test]
fn ok_each_status_keeps_or_changes_the_method_as_it_should() {
    let policy = RedirectPolicy::default();
    let kept = policy.keep_post_301(true).keep_post_302(true).keep_post_303(true);
    let always = policy.keep_method(true);
    // By status: 301, 302, 303, 307, 308.
    let table = [
        (policy, Method::GET, ["GET", "GET", "GET", "GET", "GET"]),
        (policy, Method::HEAD, ["HEAD", "HEAD", "HEAD", "HEAD", "HEAD"]),
        (policy, Method::POST, ["GET", "GET", "GET", "POST", "POST"]),
        (policy, Method::PUT, ["PUT", "PUT", "GET", "PUT", "PUT"]),
        (policy, Method::DELETE, ["DELETE", "DELETE", "GET", "DELETE", "DELETE"]),
        (kept, Method::POST, ["POST", "POST", "POST", "POST", "POST"]),
        (kept, Method::PUT, ["PUT", "PUT", "GET", "PUT", "PUT"]),
        (policy.keep_post_301(true), Method::POST, ["POST", "GET", "GET", "POST", "POST"]),
        (policy.keep_post_302(true), Method::POST, ["GET", "POST", "GET", "POST", "POST"]),
        (policy.keep_post_303(true), Method::POST, ["GET", "GET", "POST", "POST", "POST"]),
        (always, Method::PUT, ["PUT", "PUT", "PUT", "PUT", "PUT"]),
        (always, Method::POST, ["POST", "POST", "POST", "POST", "POST"]),
    ];
    for (policy, method, expected) in table {
        for (status, expected) in [301, 302, 303, 307, 308].into_iter().zip(expected) {
            let chain = Chain::new(policy, &[(status, "Location: /b\r\n")]);
            let response = chain.client.request(method.clone(), "http://a.test/a").send().unwrap();
            let line = format!("{} /b HTTP/1.1\r\nHost: a.test\r\n", expected);
            assert!(chain.sent(1).starts_with(&line), "{} {} {}", status, method, chain.sent(1));
            assert_eq!(response.url().as_str(), "http://a.test/b");
        }
    }
}

#[test]
fn ok_content_goes_along_or_stays_behind_with_its_fields() {
    let policy = RedirectPolicy::default();
    let table = [
        (policy, 302, false),
        (policy, 303, false),
        (policy, 307, true),
        (policy, 308, true),
        (policy.keep_post_302(true), 302, true),
        // The method stays, the content does not.
        (policy.keep_method(true), 303, false),
    ];
    for (policy, status, along) in table {
        let chain = Chain::new(policy, &[(status, "Location: /b\r\n")]);
        let request = chain.client.post("http://a.test/").header("Content-Type", "text/plain");
        let request = request.header("content-encoding", "x").header("Content-Language", "en");
        let request = request.header("Digest", "x").header("content-digest", "x");
        let request = request.header("Repr-Digest", "x").header("Last-Modified", "x");
        request.header("X-Other", "1").body("hello").send().unwrap();
        let sent = chain.sent(1);
        let content = ["Content-Type", "content-encoding", "Content-Language", "\r\n\r\nhello"];
        let content = content.iter().chain(&["\nDigest", "content-digest", "Repr-Digest"]);
        let content = content.chain(&["Last-Modified"]);
        for part in content {
            assert_eq!(sent.contains(*part), along, "{} {:?} {}", status, part, sent);
        }
        assert_eq!(sent.contains("Content-Length: 5"), along, "{}", sent);
        assert!(sent.contains("X-Other: 1"));
    }
}

#[test]
fn err_content_that_cannot_be_sent_twice_ends_the_chain() {
    for (status, follows) in [(307, false), (308, false), (302, true), (303, true)] {
        let chain = Chain::new(RedirectPolicy::default(), &[(status, "Location: /b\r\n")]);
        let body = Body::sized(Cursor::new("hello"), 5);
        match chain.client.post("http://a.test/a").body(body).send() {
            Ok(_) => assert!(follows),
            Err(error) => {
                assert!(!follows);
                assert_eq!(error.kind(), ErrorKind::Redirect);
                assert_eq!(error.status().map(|found| found.as_u16()), Some(status));
                assert_eq!(error.url().unwrap().as_str(), "http://a.test/a");
                assert!(!error.is_safe_to_retry());
                assert_eq!(chain.scripts.count(), 1);
            }
        }
    }
}

const SECRETS: [(&str, &str); 5] = [
    ("AUTHORIZATION", "Bearer t"),
    ("cookie", "a=b"),
    ("Cookie2", "c"),
    ("Proxy-Authorization", "Basic x"),
    ("X-Api-Key", "k"),
];

/// Which of the secrets this connection was told.
fn secrets(chain: &Chain, url: &str) -> Vec<bool> {
    let mut request = chain.client.get(url).sensitive("x-api-KEY").header("X-Open", "1");
    for (name, value) in SECRETS {
        request = request.header(name, value);
    }
    request.send().unwrap();
    (0..chain.scripts.count())
        .map(|connection| {
            let sent = chain.sent(connection);
            assert!(sent.contains("X-Open: 1"));
            let told = SECRETS.map(|(name, _)| sent.contains(name));
            assert!(told.iter().all(|&one| one == told[0]), "{}", sent);
            told[0]
        })
        .collect()
}

#[test]
fn ok_credentials_stay_with_their_origin_and_never_come_back() {
    let table: [(&str, &[&str], &[bool]); 9] = [
        ("http://a.test/", &["/b"], &[true, true]),
        ("http://a.test/", &["http://A.TEST:80/b"], &[true, true]),
        ("http://a.test/", &["http://b.test/"], &[true, false]),
        ("http://a.test/", &["http://a.test:81/"], &[true, false]),
        ("http://a.test/", &["https://a.test/"], &[true, false]),
        ("http://a.test/", &["http://www.a.test/"], &[true, false]),
        ("http://a.test/", &["//b.test/", "http://a.test/"], &[true, false, false]),
        ("http://a.test/", &["http://b.test/", "/again"], &[true, false, false]),
        ("http://a.test/", &["/b", "http://b.test/", "/c"], &[true, true, false, false]),
    ];
    for (url, locations, expected) in table {
        assert_eq!(secrets(&Chain::to(locations), url), expected, "{:?}", locations);
    }
}

#[test]
fn ok_a_trusted_chain_keeps_credentials() {
    let policy = RedirectPolicy::default().trusted(true);
    let hops = [(302, "Location: http://b.test/\r\n"), (302, "Location: http://c.test/\r\n")];
    let chain = Chain::new(policy, &hops);
    assert_eq!(secrets(&chain, "http://a.test/"), [true, true, true]);
}

#[test]
fn ok_userinfo_is_for_its_own_origin_only() {
    let sent = |locations: &[&str]| {
        let chain = Chain::to(locations);
        let response = chain.get("http://user:secret@a.test/").unwrap();
        assert_eq!(response.url().username(), "");
        for hop in response.history() {
            assert_eq!((hop.url().username(), hop.location().username()), ("", ""));
        }
        let count = chain.scripts.count();
        let find = |sent: String| {
            let line = sent.lines().find(|line| line.starts_with("Authorization"));
            line.map(|line| line["Authorization: Basic ".len()..].to_owned())
        };
        (1..count).map(|connection| find(chain.sent(connection))).collect::<Vec<_>>()
    };
    let [user, other] = ["dXNlcjpzZWNyZXQ=", "eDp5"].map(|text| Some(text.to_owned()));
    assert_eq!(sent(&["/b"]), [user]);
    assert_eq!(sent(&["http://b.test/"]), [None]);
    assert_eq!(sent(&["http://x:y@b.test/", "http://a.test/"]), [other, None]);
}

#[test]
fn ok_the_host_given_by_the_caller_is_for_the_first_origin() {
    let hosts = |locations: &[&str]| {
        let chain = Chain::to(locations);
        chain.client.get("http://a.test/").header("Host", "own").send().unwrap();
        let host = |sent: String| {
            let mut lines = sent.lines().filter(|line| line.starts_with("Host: "));
            let host = lines.next().unwrap()["Host: ".len()..].to_owned();
            assert_eq!(lines.next(), None);
            host
        };
        (0..chain.scripts.count()).map(|number| host(chain.sent(number))).collect::<Vec<_>>()
    };
    assert_eq!(hosts(&["/b"]), ["own", "own"]);
    assert_eq!(hosts(&["http://b.test:81/", "/c"]), ["own", "b.test:81", "b.test:81"]);
    assert_eq!(hosts(&["http://b.test/", "http://a.test/"]), ["own", "b.test", "a.test"]);
}

#[test]
fn ok_a_location_is_resolved_by_the_book() {
    let table = [
        ("http://a.test/x/y?q", "z", "http://a.test/x/z"),
        ("http://a.test/x/y?q", "?r", "http://a.test/x/y?r"),
        ("http://a.test/x/y?q", "/z", "http://a.test/z"),
        ("http://a.test/x/y?q", "../z", "http://a.test/z"),
        ("http://a.test/x/y?q", "./", "http://a.test/x/"),
        ("http://a.test/x/y?q", "//b.test/z", "http://b.test/z"),
        ("https://a.test/x", "//b.test:444/z", "https://b.test:444/z"),
        ("http://a.test/x", "HTTP://B.Test", "http://b.test/"),
        ("http://a.test/x", "http://[::1]:81/", "http://[::1]:81/"),
        ("http://a.test/x", "/sp ace", "http://a.test/sp%20ace"),
        ("http://a.test/x", "/caf\u{e9}?\u{e9}", "http://a.test/caf%C3%A9?%C3%A9"),
        ("http://a.test/x", "/a%0d%0aX:%20y", "http://a.test/a%0d%0aX:%20y"),
        // RFC 9110 §10.2.2: a fragment is inherited unless the Location has one of its own.
        ("http://a.test/x#top", "/z", "http://a.test/z#top"),
        ("http://a.test/x#top", "/z#end", "http://a.test/z#end"),
        ("http://a.test/x#top", "/z#", "http://a.test/z#"),
        ("http://a.test/x", "/z#end", "http://a.test/z#end"),
        ("http://a.test/x#top", "http://b.test/", "http://b.test/#top"),
    ];
    for (url, location, expected) in table {
        let chain = Chain::to(&[location]);
        let response = chain.get(url).unwrap();
        assert_eq!(response.url().as_str(), expected, "{} {}", url, location);
        let target = expected.split('#').next().unwrap().splitn(4, '/').last().unwrap();
        assert!(chain.sent(1).starts_with(&format!("GET /{} HTTP/1.1\r\n", target)));
        let hop = &response.history()[0];
        assert_eq!((hop.status().as_u16(), hop.url().as_str()), (302, url));
        assert_eq!(hop.location().as_str(), expected);
        assert!(hop.head_bytes().starts_with(b"HTTP/1.1 302 Moved\r\nLocation: "));
        assert!(hop.headers().contains("location"));
    }
}

#[test]
fn ok_of_a_long_chain_the_last_redirects_are_kept() {
    let places = (1..=105).map(|number| format!("/{}", number)).collect::<Vec<_>>();
    let fields = places.iter().map(|to| format!("Location: {}\r\n", to)).collect::<Vec<_>>();
    let hops = fields.iter().map(|fields| (302, &**fields)).collect::<Vec<_>>();
    let chain = Chain::new(RedirectPolicy::unlimited(), &hops);
    let response = chain.get("http://a.test/0").unwrap();
    assert_eq!(response.url().path(), "/105");
    let kept = response.history().iter().map(|hop| hop.location().path()).collect::<Vec<_>>();
    assert_eq!(kept, places[5..]);
    // The limit counts all of them.
    let chain = Chain::new(RedirectPolicy::limited(104), &hops);
    let error = chain.get("http://a.test/0").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyRedirects);
    assert_eq!(chain.scripts.count(), 105);
}

#[test]
fn ok_without_a_place_to_go_a_redirect_is_a_response() {
    let none = RedirectPolicy::none();
    let limited = RedirectPolicy::default();
    let table = [
        (none, 302, "Location: /b\r\n", Some("http://a.test/b")),
        (none, 302, "Location: ftp://b.test/\r\n", None),
        (limited, 302, "", None),
        (limited, 300, "Location: /b\r\n", None),
        (limited, 304, "Location: /b\r\n", None),
        (limited, 305, "Location: /b\r\n", None),
        (limited, 201, "Location: /b\r\n", None),
    ];
    for (policy, status, fields, expected) in table {
        let chain = Chain::new(policy, &[(status, fields)]);
        let response = chain.get("http://a.test/").unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.redirect_url().map(|url| url.to_string()).as_deref(), expected);
        assert!(response.history().is_empty());
        assert_eq!(chain.scripts.count(), 1);
    }
}

#[test]
fn ok_like_curl_a_space_in_the_query_is_a_plus_and_four_slashes_are_none() {
    for (location, by_the_book, like_curl) in [
        ("/a b?c d#e f", Some("/a%20b?c%20d"), Some("/a%20b?c+d")),
        ("/a+b?c+d", Some("/a+b?c+d"), Some("/a+b?c+d")),
        ("http:////a.test/x", Some("/x"), None),
        ("http:///a.test/x", Some("/x"), Some("/x")),
        ("////a.test/x", Some("/x"), Some("/x")),
    ] {
        for (on, expected) in [(false, by_the_book), (true, like_curl)] {
            let policy = RedirectPolicy::default().like_curl(on);
            let chain = Chain::new(policy, &[(302, &format!("Location: {}\r\n", location))]);
            let response = chain.get("http://a.test/");
            match expected {
                Some(target) => {
                    response.unwrap();
                    assert!(chain.sent(1).starts_with(&format!("GET {} ", target)), "{}", location);
                }
                None => assert_eq!(response.unwrap_err().kind(), ErrorKind::Redirect),
            }
        }
    }
}

#[test]
fn ok_like_curl_300_is_followed_and_what_is_read_as_one() {
    for (status, by_the_book, like_curl) in
        [(300, 0, 1), (302, 1, 1), (304, 0, 0), (305, 0, 0), (306, 0, 0), (399, 0, 1), (400, 0, 0)]
    {
        for (on, followed) in [(false, by_the_book), (true, like_curl)] {
            let policy = RedirectPolicy::default().like_curl(on);
            let chain = Chain::new(policy, &[(status, "Location: /b\r\n")]);
            let response = chain.get("http://a.test/").unwrap();
            assert_eq!(response.history().len(), followed, "{}", status);
        }
    }
}

#[test]
fn err_a_location_that_cannot_be_followed() {
    use ErrorKind::{Redirect, UnsupportedScheme};
    let table = [
        ("http://a.test/", "Location: ftp://b.test/\r\n", UnsupportedScheme),
        ("http://a.test/", "Location: file:///etc/passwd\r\n", UnsupportedScheme),
        ("http://a.test/", "Location: javascript:alert(1)\r\n", UnsupportedScheme),
        ("http://a.test/", "Location: http://b.test:65536/\r\n", Redirect),
        ("http://a.test/", "Location: http://b.test:99999999999/\r\n", Redirect),
        ("http://a.test/", "Location: http://\r\n", Redirect),
        ("http://a.test/", "Location: http://b.test:x/\r\n", Redirect),
        ("http://a.test/", "Location: //b c/\r\n", Redirect),
        ("http://a.test/", "Location: /b\r\nLocation: /c\r\n", Redirect),
        ("https://a.test/", "Location: http://a.test/\r\n", Redirect),
        ("https://a.test/", "Location: http://user:secret@b.test/\r\n", Redirect),
        ("http://a.test/", "Location: ftp://user:secret@b.test/\r\n", UnsupportedScheme),
        ("http://a.test/", "Location: http:////user:secret@b.test/\r\n", Redirect),
    ];
    for (url, fields, kind) in table {
        let policy = RedirectPolicy::default().like_curl(fields.contains("////"));
        let chain = Chain::new(policy, &[(302, fields)]);
        let error = chain.get(url).unwrap_err();
        assert_eq!(error.kind(), kind, "{:?}: {}", fields, error);
        assert_eq!(error.status().map(|status| status.as_u16()), Some(302));
        assert_eq!(error.url().unwrap().as_str(), url);
        assert!(!error.to_string().contains("secret"), "{}", error);
        assert!(!format!("{:?}", error).contains("secret"), "{:?}", error);
        assert_eq!(chain.scripts.count(), 1);
    }
}

#[test]
fn ok_equal_locations_are_one() {
    let fields = "Location: /b\r\nLocation: /b\r\n";
    let chain = Chain::new(RedirectPolicy::default(), &[(302, fields)]);
    assert_eq!(chain.get("http://a.test/").unwrap().url().path(), "/b");
}

#[test]
fn ok_a_downgrade_is_followed_if_allowed_and_leaks_no_referer() {
    let policy = RedirectPolicy::default().allow_downgrade(true).auto_referer(true);
    let hops = [
        (302, "Location: https://a.test/b\r\n"),
        (302, "Location: http://a.test/c\r\n"),
        (302, "Location: http://a.test/d\r\n"),
    ];
    let chain = Chain::new(policy, &hops);
    let request = chain.client.get("https://u:p@a.test/?q#f").header("Authorization", "x");
    request.send().unwrap();
    let referer = |number: usize| {
        let sent = chain.sent(number);
        let line = sent.lines().find(|line| line.starts_with("Referer: "));
        line.map(|line| line["Referer: ".len()..].to_owned())
    };
    // RFC 9110 §10.1.3: no Referer to http from https.
    let referers: Vec<_> = (0..4).map(referer).collect();
    let there = |url: &str| Some(url.to_owned());
    assert_eq!(referers, [None, there("https://a.test/?q"), None, there("http://a.test/c")]);
    assert!(!chain.sent(2).contains("Authorization"));
}

#[test]
fn err_https_without_tls_is_never_sent_in_the_clear() {
    let redirect =
        once("HTTP/1.1 302 Found\r\nLocation: https://a.test/\r\nContent-Length: 0\r\n\r\n");
    let scripts = Script::connections([redirect, once(EMPTY)]);
    let client = builder().connector(scripts.clone()).build();
    let error = client.get("http://a.test/").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnsupportedScheme);
    assert_eq!(error.url().unwrap().as_str(), "https://a.test/");
    assert_eq!(scripts.count(), 1, "not even connected");
}

#[test]
fn ok_a_given_target_is_for_the_first_request() {
    let chain = Chain::to(&["/b"]);
    chain.client.get("http://a.test/x").target("/own?target").send().unwrap();
    assert!(chain.sent(0).starts_with("GET /own?target HTTP/1.1\r\n"));
    assert!(chain.sent(1).starts_with("GET /b HTTP/1.1\r\n"));
}

#[test]
fn err_a_loop_ends_at_the_limit() {
    let there = "Location: http://b.test/\r\n";
    let back = "Location: http://a.test/\r\n";
    let chain = Chain::new(
        RedirectPolicy::limited(3),
        &[(302, there), (302, back), (302, there), (302, back)],
    );
    let error = chain.get("http://a.test/").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyRedirects);
    assert_eq!(error.url().unwrap().as_str(), "http://b.test/");
    assert_eq!(chain.scripts.count(), 4);
}
