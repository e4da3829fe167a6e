//! HAProxy, as an origin of its own and before another server.

#[cfg(feature = "http2")]
use super::{h2, upstream};
use crate::support::client;
use crate::support::daemon::Daemon;
use crate::support::site::Site;

fn start(directives: &str) -> Daemon {
    Daemon::start("haproxy", |folder, address| {
        let configuration = folder.write(
            "haproxy.cfg",
            format!(
                "defaults
                     mode http
                     timeout connect 5s
                     timeout client 10s
                     timeout server 10s
                 frontend all
                     bind {address}
                     {directives}\n",
                address = address,
                directives = directives
            ),
        );
        vec!["-db".into(), "-f".into(), configuration]
    })
}

#[test]
#[ignore = "needs haproxy"]
fn ok_answers_and_redirects_of_its_own_share_one_connection() {
    let haproxy = start(
        "http-request return status 200 content-type text/plain string hello if { path /small }
         http-request redirect code 308 location /small if { path /moved }
         http-request deny deny_status 429 if { path /busy }
         http-request return status 404 content-type text/plain string none",
    );
    let client = client();
    for (path, status, text) in
        [("/small", 200, "hello"), ("/moved", 200, "hello"), ("/other", 404, "none")]
    {
        let response = client.get(haproxy.url(path)).send().unwrap();
        assert_eq!(response.status().as_u16(), status, "{}", path);
        assert_eq!(response.text().unwrap(), text);
    }
    assert_eq!(client.pool_stats().created, 1);
    assert_eq!(client.get(haproxy.url("/busy")).send().unwrap().status().as_u16(), 429);
}

#[test]
#[ignore = "needs haproxy"]
fn ok_requests_through_it_arrive_alone_and_pipelined() {
    let upstream = Site::echoing();
    let server = format!("use_backend one\nbackend one\nserver one {}", upstream.address());
    let haproxy = start(&server);
    let client = client();
    let target = |number: usize| format!("/n/{}", number);
    let requests: Vec<_> =
        (0..200).map(|number| client.get(haproxy.url(&target(number)))).collect();
    for (number, response) in client.pipeline(requests).depth(32).enumerate() {
        assert_eq!(response.unwrap().text().unwrap(), target(number));
    }
}

#[cfg(feature = "http2")]
fn before(upstream: &Site, directives: &str) -> Daemon {
    let server = format!("use_backend one\nbackend one\nserver one {}", upstream.address());
    start(&format!("{}\n{}", directives, server))
}

#[cfg(feature = "http2")]
#[test]
#[ignore = "needs haproxy"]
fn ok_h2_requests_through_it_arrive() {
    let upstream = upstream::start();
    let haproxy = before(&upstream, "");
    h2::serves(&haproxy, 100);
    h2::heads_come_without_content(&haproxy);
    h2::echoes(&haproxy, "/echo");
    h2::speaks_http1_to_the_others(&haproxy);
}

#[cfg(feature = "http2")]
#[test]
#[ignore = "needs haproxy"]
fn ok_h2_a_connection_that_it_let_go_is_replaced() {
    let upstream = upstream::start();
    h2::lets_idle_connections_go(&before(&upstream, "timeout http-keep-alive 100ms"));
}

#[cfg(feature = "http2")]
#[test]
#[ignore = "needs haproxy"]
fn ok_h2_an_upload_that_is_refused_early_gets_its_answer() {
    let upstream = upstream::start();
    let denial = "http-request deny deny_status 413 if { path /echo }";
    h2::refuses_uploads(&before(&upstream, denial), "/echo", 413);
}
