//! Authentication: what is sent unasked, what is asked for, and how challenges are answered.
//!
//! Expected responses to Digest challenges are those of curl's own cases.

use std::io::Cursor;

use pannier::http::{Headers, Method, Url};
use pannier::net::{Script, Scripts};
use pannier::{Body, Client, ClientBuilder, Credentials, Error, ErrorKind, Netrc, RequestBuilder};
use pannier::{RedirectPolicy, Response};

use crate::support::recorder::Recorder;
use crate::support::{builder, EMPTY, OK};

/// A server that gives these answers, connection by connection, and what it was sent.
struct Site {
    client: Client,
    scripts: Scripts,
}

/// Where a request ends, and the answer to it.
type Turn = (&'static str, String);

impl Site {
    fn new(connections: &[&[Turn]]) -> Site {
        Site::with(connections, |builder| builder)
    }

    fn with(connections: &[&[Turn]], set: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Site {
        let script = |turns: &&[Turn]| {
            let play = |script: Script, turn: &Turn| script.expect_until(turn.0).reply(&turn.1);
            turns.iter().fold(Script::new(), play)
        };
        let scripts = Script::connections(connections.iter().map(script));
        let bare = builder().user_agent("").default_headers(Headers::new());
        Site { client: set(bare.connector(scripts.clone())).build(), scripts }
    }

    fn get(&self, url: &str) -> RequestBuilder {
        self.client.get(url)
    }

    /// Without what a client that can decode adds.
    fn sent(&self, connection: usize) -> String {
        let sent = String::from_utf8(self.scripts.written(connection)).unwrap();
        sent.replace("Accept-Encoding: gzip, deflate\r\n", "")
    }

    /// Of each request on this connection: the line, what its credentials begin with, and the nonce
    /// with its count.
    fn shown(&self, connection: usize) -> Vec<String> {
        let sent = self.sent(connection);
        let mut requests: Vec<String> = Vec::new();
        for line in sent.lines() {
            if let Some(line) = line.strip_suffix(" HTTP/1.1") {
                requests.push(line.rsplit("hello").next().unwrap().to_owned());
            }
            if let Some(value) = line.strip_prefix("Authorization: ") {
                let request = requests.last_mut().unwrap();
                let found = |name: &str| value.split(", ").find(|part| part.starts_with(name));
                match (found("nonce="), found("nc=")) {
                    (Some(nonce), count) => {
                        *request += &format!(" {} {}", nonce, count.unwrap_or("nc=none"));
                    }
                    _ => *request += &format!(" {}", value),
                }
            }
        }
        requests
    }
}

fn turn(answer: &str) -> Turn {
    ("\r\n\r\n", answer.to_owned())
}

fn ok() -> Turn {
    turn(OK)
}

fn answer(status: u16, fields: &str) -> String {
    format!("HTTP/1.1 {} What\r\n{}Content-Length: 2\r\n\r\nno", status, fields)
}

fn unauthorized(challenge: &str) -> Turn {
    turn(&answer(401, &format!("WWW-Authenticate: {}\r\n", challenge)))
}

fn status(result: Result<Response, Error>) -> u16 {
    result.unwrap().status().as_u16()
}

fn digest() -> Credentials {
    Credentials::digest("a", "b")
}

fn any() -> Credentials {
    Credentials::any("a", "b")
}

const QOP: &str = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";

#[test]
fn ok_a_challenge_is_answered_on_the_same_connection() {
    let challenge = "Digest realm=\"testrealm\", nonce=\"1053604199\"";
    let site = Site::new(&[&[unauthorized(challenge), ok()]]);
    let request = site.get("http://a.test/72").header("X", "y");
    let response = request.credentials(Credentials::digest("testuser", "testpass")).send().unwrap();
    assert_eq!(response.history().len(), 0);
    assert_eq!(response.text().unwrap(), "ok");
    assert_eq!(
        site.sent(0),
        "GET /72 HTTP/1.1\r\nHost: a.test\r\nX: y\r\n\r\n\
         GET /72 HTTP/1.1\r\nHost: a.test\r\nAuthorization: Digest username=\"testuser\", \
         realm=\"testrealm\", nonce=\"1053604199\", uri=\"/72\", \
         response=\"9fcd1330377365a09bbcb33b2cbb25bd\"\r\nX: y\r\n\r\n"
    );
}

#[test]
fn ok_a_challenge_is_answered_on_another_connection_if_its_own_ends() {
    let closing = answer(401, "Connection: close\r\nWWW-Authenticate: Digest realm=r, nonce=n\r\n");
    let site = Site::new(&[&[turn(&closing)], &[ok()]]);
    assert_eq!(status(site.get("http://a.test/").credentials(digest()).send()), 200);
    assert_eq!(site.shown(0), ["GET /"]);
    assert_eq!(site.shown(1), ["GET / nonce=\"n\" nc=none"]);
}

#[test]
fn ok_content_waits_for_the_challenge() {
    let challenge = "Digest realm=\"testrealm\", nonce=\"1053604144\"";
    let site = Site::new(&[&[unauthorized(challenge), ("junkelijunk", OK.to_owned())]]);
    let request = site.client.post("http://a.test/1284").header("Content-Length", "11");
    let request = request.header("Content-Type", "x/y");
    let request = request.credentials(Credentials::digest("auser", "apasswd")).body("junkelijunk");
    assert_eq!(status(request.send()), 200);
    assert_eq!(
        site.sent(0),
        "POST /1284 HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\nContent-Type: x/y\r\n\r\n\
         POST /1284 HTTP/1.1\r\nHost: a.test\r\nAuthorization: Digest username=\"auser\", \
         realm=\"testrealm\", nonce=\"1053604144\", uri=\"/1284\", \
         response=\"5763079608de439072861a59ac733515\"\r\n\
         Content-Length: 11\r\nContent-Type: x/y\r\n\r\njunkelijunk"
    );
}

#[test]
fn ok_content_that_can_be_sent_once_waits_whatever_is_known() {
    for (credentials, challenge) in [(digest(), QOP), (any(), QOP), (any(), "Basic realm=r")] {
        let site = Site::new(&[&[
            unauthorized(challenge),
            ("0\r\n\r\n", OK.to_owned()),
            if challenge == QOP { unauthorized(challenge) } else { ("0\r\n\r\n", OK.to_owned()) },
            ("0\r\n\r\n", OK.to_owned()),
        ]]);
        for _ in 0..2 {
            let request = site.client.put("http://a.test/").header("Trailer", "x");
            let request = request.credentials(credentials.clone());
            assert_eq!(status(request.body(Body::reader(Cursor::new("hello"))).send()), 200);
        }
        let sent = site.sent(0);
        let asks = "PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\nPUT";
        assert!(sent.starts_with(asks), "{}", sent);
        // What a server that takes a password as it is was shown once needs no asking.
        let asked = sent.matches("Content-Length: 0").count();
        assert_eq!(asked, if challenge == QOP { 2 } else { 1 }, "{}", sent);
        assert_eq!(sent.matches("\r\n\r\n5\r\nhello\r\n0\r\n\r\n").count(), 2, "{}", sent);
    }
}

#[test]
fn ok_content_that_can_be_sent_once_follows_a_redirect_that_it_was_not_sent_to() {
    let moved = turn("HTTP/1.1 307 Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
    let site = Site::new(&[&[moved, unauthorized(QOP), ("0\r\n\r\n", OK.to_owned())]]);
    let request = site.client.put("http://a.test/a").credentials(digest());
    assert_eq!(status(request.body(Body::reader(Cursor::new("hello"))).send()), 200);
    let sent = site.sent(0);
    assert!(sent.starts_with("PUT /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\nPUT /b"));
    assert_eq!(sent.matches("\r\n\r\n5\r\nhello\r\n0\r\n\r\n").count(), 1, "{}", sent);
}

#[test]
fn err_content_that_can_be_sent_once_is_not_asked_for_again() {
    let stale = answer(401, "WWW-Authenticate: Digest realm=r, nonce=m, qop=auth, stale=true\r\n");
    let moved = "HTTP/1.1 307 Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n".to_owned();
    for (refusal, expected) in [(stale, Ok(401)), (moved, Err(ErrorKind::Redirect))] {
        let site = Site::new(&[&[unauthorized(QOP), ("0\r\n\r\n", refusal)]]);
        let request = site.client.put("http://a.test/a").credentials(digest());
        let result = request.body(Body::reader(Cursor::new("hello"))).send();
        let found = result.map(|response| response.status().as_u16()).map_err(|e| e.kind());
        assert_eq!(found, expected);
    }
}

#[test]
fn ok_content_follows_if_the_server_asks_for_nothing() {
    let site = Site::new(&[&[turn(EMPTY), ("hello", OK.to_owned()), ok()]]);
    let request = site.client.post("http://a.test/").credentials(digest()).body("hello");
    assert_eq!(request.send().unwrap().text().unwrap(), "ok");
    let head = "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ";
    assert_eq!(site.sent(0), format!("{}0\r\n\r\n{}5\r\n\r\nhello", head, head));
}

#[test]
fn err_what_the_server_took_without_its_content_may_have_been_processed() {
    let site = Site::new(&[&[turn("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")]]);
    let request = site.client.post("http://a.test/").credentials(digest()).body("hello");
    let error = request.send().unwrap_err();
    assert_eq!((error.kind(), error.bytes_sent()), (ErrorKind::Connect, 0));
    assert!(!error.is_safe_to_retry());
}

#[test]
fn ok_what_is_known_is_answered_at_once_and_counted() {
    let site = Site::new(&[
        &[unauthorized(QOP), ok(), ok(), ("hello", OK.to_owned())],
        &[unauthorized("Digest realm=r, nonce=m"), ok()],
    ]);
    let credentials = digest();
    for url in ["http://a.test/1", "http://a.test/2?q"] {
        assert_eq!(status(site.get(url).credentials(credentials.clone()).send()), 200);
    }
    let post = site.client.post("http://a.test/3").body("hello");
    assert_eq!(status(post.credentials(credentials.clone()).send()), 200);
    assert_eq!(status(site.get("http://a.test:81/").credentials(credentials).send()), 200);
    let expected = [
        "GET /1",
        "GET /1 nonce=\"n\" nc=00000001",
        "GET /2?q nonce=\"n\" nc=00000002",
        "POST /3 nonce=\"n\" nc=00000003",
    ];
    assert_eq!(site.shown(0), expected);
    assert_eq!(site.shown(1), ["GET /", "GET / nonce=\"m\" nc=none"]);
}

#[test]
fn ok_a_nonce_that_is_too_old_is_replaced_without_asking_the_caller() {
    let stale = "Digest realm=\"r\", nonce=\"m\", qop=\"auth\", stale=true";
    let next = answer(200, "Authentication-Info: nextnonce=\"o\", qop=auth\r\n");
    let site = Site::new(&[&[
        unauthorized(QOP),
        ok(),
        unauthorized(stale),
        turn(&next),
        ok(),
        unauthorized("Digest realm=\"r\", nonce=\"p\", qop=\"auth\""),
        ok(),
    ]]);
    let credentials = digest();
    for _ in 0..4 {
        assert_eq!(status(site.get("http://a.test/").credentials(credentials.clone()).send()), 200);
    }
    let expected = [
        "GET /",
        "GET / nonce=\"n\" nc=00000001",
        "GET / nonce=\"n\" nc=00000002",
        "GET / nonce=\"m\" nc=00000001",
        "GET / nonce=\"o\" nc=00000001",
        // What was sent unasked may be refused once: the server may have forgotten its nonce.
        "GET / nonce=\"o\" nc=00000002",
        "GET / nonce=\"p\" nc=00000001",
    ];
    assert_eq!(site.shown(0), expected);
}

#[test]
fn err_an_answer_that_is_refused_is_the_last() {
    let refused = || unauthorized(QOP);
    let site = Site::new(&[&[refused(), refused(), refused(), refused()]]);
    let credentials = digest();
    for _ in 0..2 {
        let response = site.get("http://a.test/").credentials(credentials.clone()).send().unwrap();
        assert_eq!(response.status().as_u16(), 401);
        assert_eq!(response.text().unwrap(), "no");
    }
    // The second call asks again.
    let expected = ["GET /", "GET / nonce=\"n\" nc=00000001"].repeat(2);
    assert_eq!(site.shown(0), expected);

    let stale = || unauthorized("Digest realm=r, nonce=n, stale=true");
    let site = Site::new(&[&[stale(), stale(), stale(), stale()]]);
    assert_eq!(status(site.get("http://a.test/").credentials(digest()).send()), 401);
    assert_eq!(site.shown(0).len(), 4);
}

#[test]
fn err_what_cannot_be_answered_is_the_callers() {
    for challenge in [
        "Negotiate",
        "Basic realm=x",
        "Digest realm=x, nonce=n, algorithm=SHA-512-256",
        "Digest realm=x, nonce=n, qop=auth-conf",
        "Digest realm=x, nonce=\"n",
        "Digest",
        "",
    ] {
        let site = Site::new(&[&[unauthorized(challenge)]]);
        let request = site.get("http://a.test/").credentials(digest());
        assert_eq!(request.send().unwrap().text().unwrap(), "no", "{}", challenge);
    }
    let site = Site::new(&[&[unauthorized("Basic realm=x")]]);
    assert_eq!(status(site.get("http://a.test/").send()), 401);
    // 407 is a proxy's.
    let site = Site::new(&[&[turn(&answer(407, "Proxy-Authenticate: Basic\r\n"))]]);
    assert_eq!(status(site.get("http://a.test/").credentials(any()).send()), 407);
}

#[test]
fn ok_a_server_of_http_1_0_is_answered_in_that_and_sent_no_chunks() {
    let head = "HTTP/1.0 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
    let site = Site::new(&[&[("hello", head.to_owned())], &[("hello", OK.to_owned())]]);
    let put = site.client.put("http://a.test/").credentials(any()).body("hello");
    assert_eq!(status(put.send()), 200);
    assert!(site.sent(1).starts_with("PUT / HTTP/1.0\r\n"), "{}", site.sent(1));

    let site = Site::new(&[&[turn(head)]]);
    let put = site.client.put("http://a.test/").credentials(any());
    let error = put.body(Body::reader(Cursor::new("hello"))).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.to_string().contains("HTTP/1.0") && error.to_string().contains("a.test"));
}

#[test]
fn ok_any_asks_first_by_the_whole_request_and_picks() {
    let both = "Negotiate, Basic realm=x\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\"";
    let site = Site::new(&[&[("hello", unauthorized(both).1), ("hello", OK.to_owned()), ok()]]);
    let credentials = any();
    let post = site.client.post("http://a.test/").body("hello");
    assert_eq!(status(post.credentials(credentials.clone()).send()), 200);
    assert_eq!(status(site.get("http://a.test/").credentials(credentials).send()), 200);
    let expected = ["POST /", "POST / nonce=\"n\" nc=none", "GET / nonce=\"n\" nc=none"];
    assert_eq!(site.shown(0), expected);

    let basic = || unauthorized("Basic realm=x");
    let site = Site::new(&[&[basic(), ok(), ok(), basic()]]);
    let credentials = any();
    for expected in [200, 200, 401] {
        let request = site.get("http://a.test/").credentials(credentials.clone());
        assert_eq!(status(request.send()), expected);
    }
    let expected = ["GET /", "GET / Basic YTpi", "GET / Basic YTpi", "GET / Basic YTpi"];
    assert_eq!(site.shown(0), expected);
}

#[test]
fn ok_basic_and_bearer_are_sent_unasked_and_refused_once() {
    for (credentials, expected) in [
        (Credentials::basic("a", "b"), "GET / Basic YTpi"),
        (Credentials::basic("", ""), "GET / Basic Og=="),
        (Credentials::bearer("mF_9.B5f-4.1JqM"), "GET / Bearer mF_9.B5f-4.1JqM"),
    ] {
        let site = Site::new(&[&[unauthorized("Basic realm=x, Digest realm=r, nonce=n")]]);
        assert_eq!(status(site.get("http://a.test/").credentials(credentials).send()), 401);
        assert_eq!(site.shown(0), [expected]);
    }
    let site = Site::new(&[]);
    for credentials in [Credentials::basic("a:b", "secret"), Credentials::bearer("secret\r\nX: y")]
    {
        let error = site.get("http://a.test/").credentials(credentials).send().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(!format!("{} {:?}", error, error).contains("secret"));
    }
}

#[test]
fn err_a_name_that_no_field_can_hold_fails_when_it_is_asked_for() {
    let site = Site::new(&[&[unauthorized(QOP)]]);
    let request = site.get("http://a.test/").credentials(Credentials::digest("a\r\nb", "secret"));
    let error = request.send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(error.to_string().contains("control character"), "{}", error);
}

#[test]
fn ok_a_redirect_within_the_origin_answers_and_another_origin_is_shown_nothing() {
    let moved = |to: &str| turn(&answer(307, &format!("Location: {}\r\n", to)));
    let content = |answer: Turn| ("hello", answer.1);
    for (credentials, unasked) in
        [(digest(), "nonce=\"n\" nc=0000000"), (Credentials::basic("a", "b"), "Basic YTpi")]
    {
        let asks = !unasked.starts_with("Basic");
        let first = if asks { vec![unauthorized(QOP)] } else { vec![] };
        let here = [first, vec![content(moved("/2")), content(moved("http://b.test/"))]].concat();
        let there = [content(moved("http://a.test/4"))];
        let site = Site::new(&[&here, &there, &[("hello", OK.to_owned())]]);
        let post = site.client.post("http://a.test/1").credentials(credentials).body("hello");
        let response = post.send().unwrap();
        assert_eq!(response.history().len(), 3);
        let shown = site.shown(0);
        assert!(shown[shown.len() - 1].starts_with(&format!("POST /2 {}", unasked)), "{:?}", shown);
        assert_eq!(shown.len(), if asks { 3 } else { 2 });
        assert_eq!(site.shown(1), ["POST /"]);
        assert_eq!(site.sent(0).matches("POST /4 HTTP/1.1\r\nHost: a.test\r\n").count(), 0);
        // What was dropped stays dropped.
        assert_eq!(site.shown(2), ["POST /4"]);
    }
}

#[test]
fn ok_another_origin_is_shown_what_it_asks_for_if_it_is_trusted() {
    let moved = turn(&answer(302, "Location: http://b.test/\r\n"));
    let site =
        Site::new(&[&[unauthorized(QOP), moved], &[unauthorized("Digest realm=r, nonce=m"), ok()]]);
    let request = site.get("http://a.test/").credentials(digest());
    let request = request.redirects(RedirectPolicy::default().trusted(true));
    assert_eq!(status(request.send()), 200);
    assert_eq!(site.shown(1), ["GET /", "GET / nonce=\"m\" nc=none"]);

    // What the first one wanted by Basic, the other is shown at once.
    let moved = turn(&answer(302, "Location: http://b.test/\r\n"));
    let site = Site::new(&[&[unauthorized("Basic realm=r"), moved], &[ok()]]);
    let request = site.get("http://a.test/").credentials(Credentials::any("a", "b"));
    let request = request.redirects(RedirectPolicy::default().trusted(true));
    assert_eq!(status(request.send()), 200);
    assert_eq!(site.shown(1), ["GET / Basic YTpi"]);
}

#[test]
fn ok_userinfo_is_shown_to_the_place_that_it_names() {
    let moved = |to: &str| turn(&answer(302, &format!("Location: {}\r\n", to)));
    let site = Site::new(&[
        &[moved("/2"), moved("http://x:y@a.test/3"), moved("http://u@b.test/")],
        &[ok()],
    ]);
    let response = site.get("http://a%40:b@a.test/1").send().unwrap();
    assert_eq!(response.url().as_str(), "http://b.test/");
    let expected = ["GET /1 Basic YUA6Yg==", "GET /2 Basic YUA6Yg==", "GET /3 Basic eDp5"];
    assert_eq!(site.shown(0), expected);
    assert_eq!(site.shown(1), ["GET / Basic dTo="]);
}

#[test]
fn ok_what_comes_first_is_shown() {
    let origin = Url::parse("http://a.test/").unwrap().origin();
    let mut defaults = Headers::new();
    defaults.append("authorization", "Default").unwrap();
    let netrc = Netrc::parse("machine a.test login n password p\nmachine c.test login n").unwrap();
    let basic = |user: &str| Credentials::basic(user, "b");
    type Set = fn(RequestBuilder) -> RequestBuilder;
    let table: &[(&str, Set, Option<&str>)] = &[
        ("http://a.test/", |r| r, Some("Basic bzpi")),
        ("http://u:w@a.test/", |r| r, Some("Basic dTp3")),
        ("http://u@a.test/", |r| r, Some("Basic bzpi")),
        ("http://c.test/", |r| r, Some("Basic bjo=")),
        ("http://c.test:81/", |r| r, Some("Basic bjo=")),
        ("http://d.test/", |r| r, Some("Default")),
        ("http://u@d.test/", |r| r, Some("Basic dTo=")),
        ("http://d.test/", |r| r.without_header("Authorization"), None),
        ("http://u:w@a.test/", |r| r.without_header("Authorization"), None),
        ("http://u:w@a.test/", |r| r.header("Authorization", "Own"), Some("Own")),
        ("http://u:w@a.test/", |r| r.basic_auth("a", Some("b")), Some("Basic YTpi")),
        ("http://u:w@a.test/", |r| r.bearer_auth("t"), Some("Bearer t")),
        ("http://a.test/", |r| r.bearer_auth("t").header("Authorization", "Own"), Some("Own")),
        (
            "http://a.test/",
            |r| r.header("Authorization", "Own").basic_auth("a", None),
            Some("Basic YTo="),
        ),
        (
            "http://c.test/",
            |r| r.netrc(Netrc::parse("default login m password q").unwrap()),
            Some("Basic bTpx"),
        ),
    ];
    let client = Client::builder().credentials(origin.clone(), basic("never"));
    let client = client.credentials(origin, basic("o")).netrc(netrc).default_headers(defaults);
    let client = client.build();
    for (url, set, expected) in table {
        let request = set(client.get(*url)).build().unwrap();
        assert_eq!(request.headers().get("Authorization"), *expected, "{}", url);
        assert!(request.headers().get_all("Authorization").count() < 2);
        assert!(!request.url().as_str().contains('@'));
    }
}

#[test]
fn ok_what_the_client_has_for_an_origin_is_shown_there_and_nowhere_else() {
    let moved = |to: &str| turn(&answer(302, &format!("Location: {}\r\n", to)));
    let origin = |url: &str| Url::parse(url).unwrap().origin();
    let netrc = Netrc::parse("machine c.test login n password p").unwrap();
    let site = Site::with(
        &[
            &[moved("http://b.test/"), moved("http://a.test:81/")],
            &[unauthorized(QOP), moved("http://c.test/")],
            &[moved("http://a.test/2")],
            &[ok()],
        ],
        |builder| {
            let builder = builder.credentials(origin("http://a.test/"), Credentials::bearer("t"));
            builder.credentials(origin("http://b.test/"), digest()).netrc(netrc)
        },
    );
    assert_eq!(status(site.get("http://a.test/1").send()), 200);
    assert_eq!(site.shown(0), ["GET /1 Bearer t", "GET /2 Bearer t"]);
    assert_eq!(site.shown(1), ["GET /", "GET / nonce=\"n\" nc=00000001"]);
    assert_eq!(site.shown(2), ["GET / Basic bjpw"]);
    assert_eq!(site.shown(3), ["GET /"]);
}

#[test]
fn ok_a_netrc_file_answers_challenges_too() {
    let site = Site::with(&[&[unauthorized(QOP), ok(), ok()]], |builder| {
        let netrc = Netrc::parse("machine a.test login a password b").unwrap();
        builder.netrc(netrc.by(Credentials::digest))
    });
    for _ in 0..2 {
        assert_eq!(status(site.get("http://a.test/").send()), 200);
    }
    let expected = ["GET /", "GET / nonce=\"n\" nc=00000001", "GET / nonce=\"n\" nc=00000002"];
    assert_eq!(site.shown(0), expected);
}

#[test]
fn ok_content_is_protected_if_the_server_insists_and_it_is_in_memory() {
    let int = "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"";
    let site = Site::new(&[&[unauthorized(int), ("hello", OK.to_owned())]]);
    let put = site.client.put("http://a.test/").credentials(digest()).body("hello");
    assert_eq!(status(put.send()), 200);
    assert!(site.sent(0).contains(", qop=auth-int, "));

    let site = Site::new(&[&[unauthorized(int)]]);
    let body = Body::sized(Cursor::new("hello"), 5);
    let put = site.client.put("http://a.test/").credentials(digest()).body(body);
    assert_eq!(status(put.send()), 401);
}

#[test]
fn ok_by_hand_and_in_a_pipeline() {
    let site = Site::new(&[&[unauthorized(QOP), ok()]]);
    let request = site.get("http://a.test/").credentials(digest()).build().unwrap();
    let mut connection = site.client.connect("http://a.test/").unwrap();
    for expected in [401, 200] {
        connection.send(&request).unwrap();
        let response = connection.receive().unwrap();
        assert_eq!(response.status().as_u16(), expected);
        response.bytes().unwrap();
    }
    assert_eq!(site.shown(0), ["GET /", "GET / nonce=\"n\" nc=00000001"]);

    let site = Site::new(&[&[ok(), unauthorized(QOP), ok(), ok(), ok()]]);
    let credentials = digest();
    let requests = ["/1", "/2", "/3", "/4"].map(|path| {
        let request = site.get(&format!("http://a.test{}", path));
        if path == "/1" {
            request
        } else {
            request.credentials(credentials.clone())
        }
    });
    for response in site.client.pipeline(requests) {
        assert_eq!(response.unwrap().text().unwrap(), "ok");
    }
    assert_eq!(site.shown(0).len(), 5);
    assert!(site.shown(0)[4].ends_with("nc=00000003"));
}

#[cfg(feature = "proxy")]
#[test]
fn ok_a_pipeline_lets_its_only_connection_go_for_the_answer_to_a_proxy() {
    let challenge = "Proxy-Authenticate: Digest realm=r, nonce=n, qop=auth\r\n";
    let site = Site::with(&[&[turn(&answer(407, challenge)), ok(), ok()]], |builder| {
        let proxy = pannier::Proxy::new("http://proxy.test:1").unwrap();
        let one = pannier::PoolConfig::default().max_per_origin(1);
        builder.proxy(proxy.credentials(digest())).pool(one)
    });
    let requests = ["/1", "/2"].map(|path| site.get(&format!("http://a.test{}", path)));
    for response in site.client.pipeline(requests) {
        assert_eq!(response.unwrap().text().unwrap(), "ok");
    }
    assert_eq!(site.client.pool_stats().created, 1);
}

#[test]
fn ok_an_observer_is_told_and_no_secret_is_shown() {
    let recorder = Recorder::new();
    let site = Site::new(&[&[unauthorized(QOP), ok()]]);
    let request = site.get("http://a.test/").observer(recorder.clone()).credentials(digest());
    let shown = format!("{:?}", request);
    assert_eq!(status(request.send()), 200);
    let told = recorder.take().join("\n");
    assert!(told.contains("authenticating 401 http://a.test/"), "{}", told);
    assert!(!told.contains("username") && !shown.contains("Credentials"), "{}", told);
    let client = Client::builder().credentials(Url::parse("http://a/").unwrap().origin(), digest());
    let shown = format!("{:?}", client);
    assert!(shown.contains("Credentials(digest)"), "{}", shown);
}

#[test]
fn ok_methods_of_all_kinds_are_named_in_the_answer() {
    for (method, response) in [
        (Method::GET, "59ffe59bd842d75b4045e8612518c942"),
        (Method::HEAD, "849777e9a32ada1b3baf630ea1471af1"),
        (Method::new("PURGE").unwrap(), "f9839ac9ddd7c0ed6348f2285cb41f82"),
    ] {
        let head = "HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm=r, nonce=n\r\nContent-Length: 0\r\n\r\n";
        let site = Site::new(&[&[turn(head), turn(EMPTY)]]);
        let request = site.client.request(method.clone(), "http://a.test/x?y=z");
        assert_eq!(status(request.credentials(digest()).send()), 200);
        let found = format!("uri=\"/x?y=z\", response=\"{}\"", response);
        assert!(site.sent(0).contains(&found), "{} {}", method, site.sent(0));
    }
}
