//! Building requests: what goes on the wire, in which order, and what is refused.

use pannier::http::{Headers, Method};
use pannier::net::Script;
use pannier::{Body, Client, ErrorKind, Protocol, RequestBuilder};

use crate::support::{builder, once, EMPTY};

/// A client that adds nothing by itself but what must be.
fn bare() -> Client {
    let nothing = builder().connector(once(EMPTY).repeated());
    nothing.user_agent("").default_headers(Headers::new()).build()
}

/// The lines of a request's head, after its first, without the codings that are asked for.
fn lines(request: RequestBuilder) -> Vec<String> {
    let request = request.without_header("Accept-Encoding").build().unwrap();
    let line =
        |(name, value): (&str, &[u8])| format!("{}: {}", name, String::from_utf8_lossy(value));
    request.headers().iter().map(line).collect()
}

#[test]
fn ok_fields_go_out_in_their_order_and_spelling_with_host_before_and_the_rest_behind() {
    let mut defaults = Headers::new();
    defaults.append("X-Default", "d").unwrap();
    defaults.append("x-both", "default").unwrap();
    let client = Client::builder().default_headers(defaults).user_agent("agent").build();
    let request = client.post("http://a.test/").header("x-SPELLED", "1").header("X-Both", "own");
    let request = request.header("X-Spelled", "2").body("hello");
    let expected = [
        "Host: a.test",
        "x-SPELLED: 1",
        "X-Both: own",
        "X-Spelled: 2",
        "User-Agent: agent",
        "X-Default: d",
        "Content-Length: 5",
    ];
    assert_eq!(lines(request), expected);
}

#[test]
fn ok_a_field_given_takes_the_place_of_one_computed() {
    let client = Client::builder().user_agent("agent").build();
    let request = client.post("http://a.test/").header("X-A", "1").header("content-length", "5");
    let request =
        request.header("HOST", "b.test").header("user-agent", "own").header("Accept", "x");
    let expected = ["X-A: 1", "content-length: 5", "HOST: b.test", "user-agent: own", "Accept: x"];
    assert_eq!(lines(request.body("hello")), expected);
}

#[test]
fn ok_a_field_refused_is_not_computed() {
    let request = Client::new().get("http://a.test/").header("X-A", "1");
    let request = request.without_header("host").without_header("User-agent");
    assert_eq!(lines(request.without_header("ACCEPT").without_header("x-a")), [""; 0]);
    let request = bare().post("http://a.test/").without_header("Content-Length");
    assert_eq!(lines(request), ["Host: a.test"]);
}

#[test]
fn ok_host_names_the_port_unless_it_is_the_default() {
    let table = [
        ("http://a.test/", "Host: a.test"),
        ("http://a.test:80/", "Host: a.test"),
        ("http://a.test:443/", "Host: a.test:443"),
        ("https://a.test:443/", "Host: a.test"),
        ("http://u:p@A.Test:81/", "Host: a.test:81"),
        ("http://[::1]:8080/", "Host: [::1]:8080"),
    ];
    for (url, expected) in table {
        assert_eq!(lines(bare().get(url))[0], expected);
    }
}

#[test]
fn ok_host_and_user_agent_among_the_default_fields_are_not_doubled() {
    let mut defaults = Headers::new();
    defaults.append("Host", "own").unwrap();
    defaults.append("user-agent", "own").unwrap();
    let client = Client::builder().default_headers(defaults).build();
    assert_eq!(lines(client.get("http://a.test/")), ["Host: own", "user-agent: own"]);
}

#[test]
fn ok_setters_replace_append_and_add() {
    let mut more = Headers::new();
    more.append("X-A", "3").unwrap();
    more.append("X-B", "4").unwrap();
    let request = bare().get("http://a.test/").header("X-A", "1").header("x-a", "2");
    assert_eq!(lines(request.headers(&more))[1..], ["X-A: 1", "x-a: 2", "X-A: 3", "X-B: 4"]);
    let request = bare().get("http://a.test/").header("X-A", "1").header("x-a", "2");
    assert_eq!(lines(request.set_header("X-A", "5"))[1..], ["X-A: 5"]);
}

#[test]
fn ok_credentials_are_encoded() {
    let get = |url: &str| bare().get(url);
    let table = [
        (
            get("http://a.test/").basic_auth("Aladdin", Some("open sesame")),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        ),
        (get("http://a.test/").basic_auth("user", None), "Basic dXNlcjo="),
        (get("http://a.test/").basic_auth("", Some("p:q")), "Basic OnA6cQ=="),
        (get("http://a.test/").bearer_auth("t0ken"), "Bearer t0ken"),
        (get("http://user:p%40ss@a.test/"), "Basic dXNlcjpwQHNz"),
        (get("http://user@a.test/"), "Basic dXNlcjo="),
        (get("http://x:y@a.test/").bearer_auth("t0ken"), "Bearer t0ken"),
    ];
    for (request, expected) in table {
        assert_eq!(lines(request), ["Host: a.test", &*format!("Authorization: {}", expected)]);
    }
    let request = get("http://user:secret@a.test/").build().unwrap();
    assert_eq!(request.url().as_str(), "http://a.test/");
}

#[test]
fn ok_queries_and_forms_are_encoded() {
    let request = bare().get("http://a.test/?a#f").query([("b c", "d&e"), ("\u{e9}", "")]);
    let request = request.build().unwrap();
    assert_eq!(request.url().as_str(), "http://a.test/?a&b+c=d%26e&%C3%A9=#f");
    let request = bare().post("http://a.test/").form([("b c", "d&e"), ("x", "1")]);
    let expected =
        ["Host: a.test", "Content-Type: application/x-www-form-urlencoded", "Content-Length: 13"];
    assert_eq!(lines(request), expected);
}

#[test]
fn ok_each_body_has_the_framing_that_suits_it() {
    let (length, chunked) = ("Content-Length: 5", "Transfer-Encoding: chunked");
    let reader = || Body::reader(&b"hello"[..]);
    let sized = || Body::sized(&b"hello"[..], 5);
    let post = || bare().post("http://a.test/");
    let table: [(RequestBuilder, Option<&str>); 18] = [
        (post().body("hello"), Some(length)),
        (post().body(String::from("hello")), Some(length)),
        (post().body(b"hello".to_vec()), Some(length)),
        (post().body(&b"hello"[..]), Some(length)),
        (post().body(sized()), Some(length)),
        (post().body(reader()), Some(chunked)),
        (post(), Some("Content-Length: 0")),
        (post().body(""), Some("Content-Length: 0")),
        (bare().put("http://a.test/"), Some("Content-Length: 0")),
        (bare().patch("http://a.test/"), Some("Content-Length: 0")),
        (bare().get("http://a.test/"), None),
        (bare().delete("http://a.test/"), None),
        (bare().head("http://a.test/"), None),
        (bare().get("http://a.test/").body("hello"), Some(length)),
        (post().header("Transfer-Encoding", "chunked").body("hello"), Some(chunked)),
        (
            post().header("Transfer-Encoding", "Chunked").body(""),
            Some("Transfer-Encoding: Chunked"),
        ),
        (post().header("Content-Length", "5").body(reader()), Some(length)),
        (post().header("Content-Length", "5").body("hello"), Some(length)),
    ];
    for (request, expected) in table {
        let shown = format!("{:?}", request);
        let expected: Vec<_> = ["Host: a.test"].into_iter().chain(expected).collect();
        assert_eq!(lines(request), expected, "{}", shown);
    }
}

/// RFC 9110 §10.1.1: "A client MUST NOT generate a 100-continue expectation in a request that does not
/// include content."
#[test]
fn ok_without_content_nothing_is_asked() {
    let client = bare();
    for (body, asked) in [(Body::empty(), false), (Body::from(""), false), (Body::from("a"), true)]
    {
        let request = client.post("http://a.test/").expect_continue().body(body).build().unwrap();
        assert_eq!(request.headers().contains("Expect"), asked);
    }
    let request = client.get("http://a.test/").expect_continue().build().unwrap();
    assert!(!request.headers().contains("Expect"));
    let request = client.put("http://a.test/").expect_continue().body(Body::reader(&b""[..]));
    assert!(request.build().unwrap().headers().contains("Expect"));
}

#[test]
fn err_framing_fields_that_do_not_agree_with_the_body_or_each_other() {
    let post = || bare().post("http://a.test/");
    let old = || builder().protocol(Protocol::Http10).build().post("http://a.test/");
    let reader = || Body::reader(&b"hello"[..]);
    let table = [
        post().header("Content-Length", "4").body("hello"),
        post().header("Content-Length", "6").body("hello"),
        post().header("Content-Length", "5"),
        post().header("Content-Length", "+5").body("hello"),
        post().header("Content-Length", "5, 5").body("hello"),
        post().header("Content-Length", "").body("hello"),
        post().header("Content-Length", "99999999999999999999").body(reader()),
        post().header("Content-Length", "5").header("Content-Length", "5").body("hello"),
        post().header("Content-Length", "5").header("Content-Length", "6").body("hello"),
        post().header("Content-Length", "5").header("Transfer-Encoding", "chunked").body("hello"),
        post().header("Transfer-Encoding", "gzip").body("hello"),
        post().header("Transfer-Encoding", "gzip, chunked").body("hello"),
        post().header("Transfer-Encoding", "chunked, gzip").body("hello"),
        post().header("Transfer-Encoding", "chunked, chunked").body("hello"),
        post().header("Transfer-Encoding", "").body("hello"),
        post()
            .header("Transfer-Encoding", "chunked")
            .header("Transfer-Encoding", "chunked")
            .body("x"),
        post().without_header("Content-Length").without_header("Transfer-Encoding").body("hello"),
        old().body(reader()),
        old().header("Transfer-Encoding", "chunked").body("hello"),
        // Which of the two would a server believe?
        post().header("Host", "a.test").header("Host", "b.test"),
    ];
    for request in table {
        let shown = format!("{:?}", request);
        match request.build() {
            Ok(request) => panic!("{:?} of {}", request.headers(), shown),
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{}", error),
        }
    }
}

#[test]
fn err_nothing_that_could_end_a_line_gets_into_a_head() {
    for bad in ["a\r\nX-Evil: 1", "a\nX", "a\rX", "a\0b", "\r\n\r\n", "a\u{7f}"] {
        let get = || bare().get("http://a.test/");
        let agent = Client::builder().user_agent(bad).build();
        let table = [
            get().header(bad, "v"),
            get().header("X-A", bad),
            get().set_header(bad, "v"),
            get().set_header("X-A", bad),
            get().header("Host", bad),
            get().target(bad),
            get().bearer_auth(bad),
            agent.get("http://a.test/"),
        ];
        for (number, request) in table.into_iter().enumerate() {
            let error = request.send().expect_err(&format!("{} {:?}", number, bad));
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{} {:?}", number, bad);
            assert!(error.is_safe_to_retry() && !error.to_string().contains(['\r', '\n', '\0']));
        }
        assert!(Method::new(bad).is_err());
        assert!(Headers::new().append("X-A", bad).is_err());
    }
    for name in ["", "a b", "a:", "\u{e9}", "a\t"] {
        assert!(bare().get("http://a.test/").header(name, "v").build().is_err(), "{:?}", name);
        assert!(Method::new(name).is_err(), "{:?}", name);
    }
    for target in ["", "/a b", "/\u{e9}"] {
        assert!(bare().get("http://a.test/").target(target).build().is_err(), "{:?}", target);
    }
}

#[test]
fn ok_what_is_encoded_by_its_place_cannot_end_a_line_either() {
    let bad = "a\r\nX-Evil: 1 \0";
    let scripts = once(EMPTY).repeated();
    let client = builder().connector(scripts.clone()).build();
    let request = client.post("http://a.test/").query([(bad, bad)]).form([(bad, bad)]);
    request.basic_auth("user", Some(bad)).send().unwrap();
    client.get(format!("http://a.test/{}?{}#{}", bad, bad, bad)).send().unwrap();
    for number in 0..scripts.count() {
        let sent = String::from_utf8(scripts.written(number)).unwrap();
        assert!(!sent.to_lowercase().contains("\nx-evil"), "{}", sent);
    }
}

#[test]
fn err_basic_credentials_whose_user_has_a_colon() {
    let error = bare().get("http://a.test/").basic_auth("a:b", None).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(!error.to_string().contains("a:b"));
}

#[test]
fn err_a_bad_url_is_told_by_its_kind_without_its_password() {
    let table = [
        ("", ErrorKind::InvalidUrl),
        ("/path", ErrorKind::InvalidUrl),
        ("example.com", ErrorKind::InvalidUrl),
        ("http://", ErrorKind::InvalidUrl),
        ("http://user:secret@a.test:99999/", ErrorKind::InvalidUrl),
        ("http://user:secret@a b/", ErrorKind::InvalidUrl),
        ("http://u:secret@[::/", ErrorKind::InvalidUrl),
        ("ftp://user:secret@a.test/", ErrorKind::UnsupportedScheme),
        ("ws://a.test/", ErrorKind::UnsupportedScheme),
    ];
    for (url, kind) in table {
        let error = bare().get(url).header("X", "\n").send().unwrap_err();
        assert_eq!(error.kind(), kind, "{}", url);
        assert!(!format!("{} {:?}", error, error).contains("secret"), "{:?}", error);
        assert!(error.phase().is_none() && error.is_safe_to_retry());
    }
}

#[test]
fn err_the_first_bad_input_is_the_one_reported() {
    let request = bare().get("http://a.test/").header("bad name", "v").target("");
    let text = request.build().unwrap_err().to_string();
    assert!(text.contains("name"), "{}", text);
}

#[test]
fn err_secrets_show_in_no_debug_text() {
    let client = builder().build();
    let request = client.get("http://user:secret@a.test/").bearer_auth("secret");
    let request = request.header("Cookie", "secret");
    assert!(!format!("{:?}", request).contains("secret"), "{:?}", request);
    let request = request.build().unwrap();
    assert!(!format!("{:?}", request).contains("secret"), "{:?}", request);
}

#[test]
fn ok_targets_of_each_form() {
    let sent = |request: RequestBuilder| request.build().unwrap();
    let options = Method::OPTIONS;
    let scripts = once(EMPTY).repeated();
    let client = builder().connector(scripts.clone()).build();
    let table = [
        (client.get("http://a.test/a?b"), "GET /a?b HTTP/1.1"),
        (client.get("http://a.test?b"), "GET /?b HTTP/1.1"),
        (client.request(options, "http://a.test/").target("*"), "OPTIONS * HTTP/1.1"),
        (client.get("http://a.test/").target("http://b.test/x"), "GET http://b.test/x HTTP/1.1"),
        (client.request(Method::CONNECT, "http://a.test/x"), "CONNECT a.test:80 HTTP/1.1"),
        (client.request(Method::CONNECT, "http://a.test:81/"), "CONNECT a.test:81 HTTP/1.1"),
        (client.request(Method::new("m-search").unwrap(), "http://a.test/"), "m-search / HTTP/1.1"),
    ];
    for (request, line) in table {
        let before = scripts.count();
        let request = sent(request.header("Connection", "close"));
        client.send(&request).unwrap();
        let written = String::from_utf8(scripts.written(before)).unwrap();
        assert_eq!(written.lines().next(), Some(line));
    }
}

#[test]
fn ok_a_request_can_be_sent_many_times() {
    let scripts = Script::connections([(); 3].map(|()| once(EMPTY)));
    let client = builder().connector(scripts.clone()).build();
    let request = client.post("http://a.test/").header("Connection", "close").body("hello");
    let request = request.build().unwrap();
    for _ in 0..2 {
        client.send(&request).unwrap();
    }
    client.clone().send(&request.clone()).unwrap();
    assert_eq!(scripts.written(0), scripts.written(2));
    assert!(scripts.written(2).ends_with(b"hello"));
    assert_eq!(scripts.written(0), scripts.written(1));
}
