//! What goes over the wire and in how many pieces: exact heads, hop-by-hop fields, counted calls.

use std::io::Cursor;
use std::time::Duration;

use pannier::http::Headers;
use pannier::net::Script;
use pannier::{Body, Timeouts};

use crate::support::counted::Counted;
use crate::support::peer::Peer;
use crate::support::{builder, once, read_all, scripted, EMPTY, OK};

#[test]
fn ok_a_request_is_its_line_host_fields_and_nothing_of_its_own_besides() {
    let codings = match cfg!(feature = "gzip") {
        true => "Accept-Encoding: gzip, deflate\r\n",
        false => "",
    };
    let agent = concat!("pannier/", env!("CARGO_PKG_VERSION"));
    let head = format!(
        "GET /a?b HTTP/1.1\r\nHost: example.com:81\r\nX-A: 1\r\nUser-Agent: {}\r\nAccept: */*\r\n{}\r\n",
        agent, codings
    );
    let (client, scripts) = scripted([Script::new().expect(&head).reply(EMPTY)]);
    client.get("http://example.com:81/a?b#c").header("X-A", "1").send().unwrap();
    assert_eq!(scripts.written(0), head.as_bytes());
}

#[test]
fn ok_hop_by_hop_fields_of_a_response_are_removed_in_one_call() {
    let answer = "HTTP/1.1 200 OK\r\nConnection: X-Hop, x-other\r\nX-HOP: 1\r\nx-other: 2\r\n\
                  Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\n\
                  Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\nUpgrade: h2c\r\n\
                  Connection: close\r\nX-End: 3\r\nContent-Type: text/plain\r\n\r\n0\r\n\r\n";
    let (client, _) = scripted([once(answer)]);
    let response = client.get("http://example.com/").send().unwrap();
    let mut headers = response.headers().clone();
    headers.remove_hop_by_hop();
    let left: Vec<_> = headers.iter().map(|(name, _)| name).collect();
    assert_eq!(left, ["X-End", "Content-Type"]);
    assert_eq!(response.headers().len(), 12, "the response keeps its own");
}

/// The lengths of the writes that a POST of this body takes.
fn writes(body: Body) -> (Vec<usize>, usize) {
    let scripts = Script::connections([Script::new().reply(OK)]);
    let counted = Counted::over(scripts.clone());
    let client = builder().connector(counted.clone()).build();
    client.post("http://example.com/").body(body).send().unwrap();
    (counted.writes(), scripts.written(0).len())
}

#[test]
fn ok_head_and_small_body_leave_in_one_write() {
    let one: [Body; 4] = [
        Body::from("hello"),
        Body::from(vec![b'x'; 16 << 10]),
        Body::sized(Cursor::new("hello"), 5),
        Body::sized(Cursor::new(vec![b'x'; 15_000]), 15_000),
    ];
    for body in one {
        let shown = format!("{:?}", body);
        let (writes, total) = writes(body);
        assert_eq!(writes, [total], "{}", shown);
    }
    // The end of a reader of unknown length is known only when it has been read.
    let (two, total) = writes(Body::reader(Cursor::new("hello")));
    assert_eq!(two, [total - "0\r\n\r\n".len(), "0\r\n\r\n".len()]);
}

#[test]
fn ok_a_head_that_leaves_in_pieces_arrives_whole() {
    let script = Script::new().expect_until("hello").reply(OK).take_in_pieces(3);
    let (client, scripts) = scripted([script]);
    client.post("http://example.com/").body("hello").send().unwrap();
    assert!(scripts.written(0).ends_with(b"Content-Length: 5\r\n\r\nhello"));
}

#[test]
fn ok_head_and_body_arrive_at_the_peer_in_one_segment() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect("POST");
        // One look at the socket has found it all.
        assert!(wire.has("\r\n\r\nhello"));
        wire.expect_until("hello");
        wire.send(EMPTY);
        wire.expect_end();
    });
    builder().build().post(peer.url("/")).body("hello").send().unwrap();
}

/// Exact, not timed: a kept connection costs a request one write and one read, with a deadline in
/// force or not.
#[test]
fn ok_a_steady_exchange_is_one_write_and_one_read() {
    const TIMES: usize = 100;
    for timeouts in [Timeouts::default(), Timeouts::default().total(Duration::from_secs(15))] {
        let peer = Peer::play(|peer| {
            let mut wire = peer.accept();
            for _ in 0..TIMES {
                wire.exchange("GET /", OK);
            }
            wire.expect_end();
        });
        let counted = Counted::default();
        let client = builder().connector(counted.clone()).timeouts(timeouts).build();
        for _ in 0..TIMES {
            let mut response = client.get(peer.url("/")).send().unwrap();
            assert_eq!(read_all(&mut response).unwrap(), b"ok");
        }
        let [connects, writes, reads, glances] = counted.calls();
        assert_eq!([connects, writes, reads], [1, TIMES, TIMES]);
        // On a busy machine some requests come late enough for a look at the connection.
        assert!(glances < TIMES / 2, "{}", glances);
    }
}

#[test]
fn ok_content_behind_the_head_is_read_without_a_call_for_its_end() {
    // Head and content in one read; then the content in the caller's pieces without any.
    let scripts = Script::connections([once(OK)]);
    let counted = Counted::over(scripts);
    let client = builder().connector(counted.clone()).default_headers(Headers::new()).build();
    let mut response = client.get("http://example.com/").send().unwrap();
    assert_eq!(response.read_body(&mut [0; 1]).unwrap(), 1);
    assert_eq!(response.read_body(&mut [0; 1]).unwrap(), 1);
    assert_eq!(response.read_body(&mut [0; 1]).unwrap(), 0);
    assert_eq!(counted.calls(), [1, 1, 1, 0]);
}

#[test]
fn ok_a_reader_with_a_small_buffer_costs_no_system_call_a_byte() {
    let body = "x".repeat(100_000);
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.len(), body);
    let counted = Counted::over(Script::connections([once(answer)]));
    let client = builder().connector(counted.clone()).build();
    let mut response = client.get("http://example.com/").send().unwrap();
    let mut count = 0;
    while response.read_body(&mut [0; 1]).unwrap() == 1 {
        count += 1;
    }
    assert_eq!(count, body.len());
    assert!(counted.calls()[2] < 50, "{:?}", counted.calls());
}
