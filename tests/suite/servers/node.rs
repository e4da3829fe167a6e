//! The server of Node.js, which sends what a script tells it to.

use pannier::http::Headers;
use pannier::{Body, ErrorKind};

use super::h2;
use crate::support::daemon::Daemon;

/// At most `exchanges` requests on a connection, and `streams` at once.
fn start(exchanges: usize, streams: usize) -> Daemon {
    let node = Daemon::start("node", |folder, address| {
        let script = folder.write("server.js", SCRIPT);
        let (host, port) = (address.ip().to_string(), address.port().to_string());
        let (exchanges, streams) = (exchanges.to_string(), streams.to_string());
        vec![script, host, port, folder.text() + "/html", exchanges, streams]
    });
    h2::fill(&node);
    node
}

const SCRIPT: &str = include_str!("node.js");

#[test]
#[ignore = "needs node"]
fn ok_it_serves_files_and_what_is_sent_comes_back() {
    h2::serves(&start(100_000, 4), 4);
    let node = start(100_000, 100);
    h2::serves(&node, 100);
    h2::heads_come_without_content(&node);
    h2::echoes(&node, "/");
}

#[test]
#[ignore = "needs node"]
fn ok_no_request_is_lost_where_it_ends_connections() {
    h2::loses_nothing(&start(10, 100));
}

#[test]
#[ignore = "needs node"]
fn ok_trailers_go_both_ways() {
    let node = start(100_000, 100);
    h2::sends_trailers(&node, &["/trailers/small", "/trailers/large"], ("x-end", "yes"));
    let fields = || {
        let mut fields = Headers::new();
        fields.append("X-Sum", "5").unwrap();
        fields
    };
    let body = Body::reader("hello".as_bytes()).with_trailers(["X-Sum"], fields);
    let response = h2::client().post(node.url("/")).body(body).send().unwrap();
    assert_eq!(response.headers().get("x-got"), Some("5"));
    assert_eq!(response.text().unwrap(), "hello");
}

#[test]
#[ignore = "needs node"]
fn ok_interim_responses_come_before_the_final_one() {
    use std::sync::{Arc, Mutex};
    let node = start(100_000, 100);
    let seen = Arc::<Mutex<Vec<_>>>::default();
    let noted = Arc::clone(&seen);
    let request = h2::client().get(node.url("/hints")).on_informational(move |status, headers| {
        noted.lock().unwrap().push((status.as_u16(), headers.get("link").map(String::from)));
    });
    assert_eq!(request.send().unwrap().text().unwrap(), "hello");
    assert_eq!(*seen.lock().unwrap(), [(103, Some("</a>; rel=preload".to_owned()))]);
}

#[test]
#[ignore = "needs node"]
fn ok_what_it_refuses_is_sent_again_and_costs_no_connection() {
    let node = start(100_000, 100);
    let client = h2::client();
    for number in 0..3 {
        let url = node.url(&format!("/refused/{}", number));
        let response = client.post(url).body("hello").send().unwrap();
        assert_eq!(response.text().unwrap(), "hello");
    }
    assert_eq!((client.pool_stats().created, client.pool_stats().retried), (1, 3));
}

#[test]
#[ignore = "needs node"]
fn err_what_it_breaks_off_is_no_end_and_costs_no_connection() {
    let node = start(100_000, 100);
    let client = h2::client();
    for path in ["/broken/length", "/broken/open"] {
        let error = client.get(node.url(path)).send().unwrap().bytes().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Reset);
        assert_eq!(client.get(node.url("/small")).send().unwrap().text().unwrap(), "hello");
    }
    assert_eq!(client.pool_stats().created, 1);
}
