//! What one exchange of HTTP/2 looks like, of each sort, and what of it is the same as in HTTP/1.

use std::io::{self, Cursor, Read, Write};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pannier::http::{Headers, Method, Version};
use pannier::net::Deadline;
use pannier::proto::h2::ErrorCode;
use pannier::{Body, CancelToken, ErrorKind, Phase, Response, Timeouts};

use crate::support::h2_peer::{client, play, play_with, End, More};
use crate::support::read_all;

/// Content that would not match if a piece were lost, doubled or moved.
fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at / 251 + at) as u8).collect()
}

fn headers(response: &Response) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    response.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

#[test]
fn ok_get() {
    let peer = play(|peer| {
        let stream = peer.request("GET", "/a?b=c");
        peer.head(stream, 200, &[("x-one", "1"), ("x-two", ""), ("x-one", "3")], More);
        peer.data(stream, "hel", More);
        peer.data(stream, "lo", End);
    });
    let mut response = client().get(peer.url("/a?b=c")).send().unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (200, Version::Http2));
    assert_eq!(response.reason(), b"");
    let pairs = [("x-one", "1"), ("x-two", ""), ("x-one", "3")];
    assert_eq!(headers(&response), pairs.map(|(name, value)| (name.into(), value.into())));
    assert_eq!(read_all(&mut response).unwrap(), b"hello");
    assert!(response.is_ended());
    assert_eq!(response.content_received(), 5);
}

#[test]
fn ok_many_exchanges_one_after_the_other_on_one_connection() {
    let peer = play(|peer| assert_eq!(peer.serve(), 50));
    let client = client();
    for number in 0..50 {
        let path = format!("/{}", number);
        let response = client.get(peer.url(&path)).send().unwrap();
        assert_eq!(response.connection().stream(), Some(1 + 2 * number));
        assert_eq!(response.connection().exchanges(), u64::from(number) + 1);
        assert_eq!(response.text().unwrap(), path);
    }
    let stats = client.pool_stats();
    assert_eq!((stats.created, stats.reused, stats.idle), (1, 49, 1));
}

#[test]
fn ok_content_of_every_length_around_a_frame_and_a_window() {
    for length in [0, 1, 16_383, 16_384, 16_385, 65_535, 65_536, 3_000_000] {
        let peer = play(move |peer| {
            let fields = peer.next_request();
            assert_eq!(fields.get("content-length"), Some(&*length.to_string()));
            let sent = if fields.end { Vec::new() } else { peer.content(fields.stream) };
            assert_eq!(fields.end, length == 0, "without content the head is the end");
            assert!(sent == content(length));
            let announced = length.to_string();
            peer.head(fields.stream, 200, &[("content-length", &announced)], More);
            // Within the windows of the client, which it has given back before.
            for piece in sent.chunks(500_000) {
                peer.data(fields.stream, piece, More);
                peer.ping();
            }
            peer.data(fields.stream, "", End);
        });
        let mut response = client().post(peer.url("/")).body(content(length)).send().unwrap();
        assert_eq!(response.content_length(), Some(length as u64));
        assert!(read_all(&mut response).unwrap() == content(length), "{}", length);
    }
}

#[test]
fn ok_content_from_a_reader_of_unknown_length() {
    for length in [0, 5, 200_000] {
        let peer = play(move |peer| {
            let fields = peer.next_request();
            assert_eq!((fields.get("content-length"), fields.end), (None, false));
            assert_eq!(fields.get("transfer-encoding"), None);
            assert!(peer.content(fields.stream) == content(length));
            peer.answer(fields.stream, "ok");
        });
        let body = Body::reader(Cursor::new(content(length)));
        let response = client().put(peer.url("/")).body(body).send().unwrap();
        assert_eq!(response.text().unwrap(), "ok");
    }
}

/// Gives some, and fails.
struct Fails(usize);

impl Read for Fails {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(1).ok_or(io::ErrorKind::Other)?;
        buffer[..5].copy_from_slice(b"hello");
        Ok(5)
    }
}

#[test]
fn err_a_reader_that_fails_or_is_too_short_resets_its_stream_and_no_other() {
    let bodies = [
        || Body::sized(Cursor::new("hello"), 6),
        || Body::sized(Fails(1), 10),
        || Body::reader(Fails(1)),
    ];
    for body in bodies {
        let peer = play(|peer| {
            let first = peer.next_request().stream;
            assert_eq!(peer.piece(first), (b"hello".to_vec(), More));
            peer.expect_reset(first, ErrorCode::CANCEL);
            let second = peer.request("GET", "/next");
            peer.answer(second, "ok");
        });
        let client = client();
        let error = client.post(peer.url("/")).body(body()).send().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Body, "{:?}", error);
        let next = client.get(peer.url("/next")).send().unwrap();
        assert!(next.connection().is_reused());
        assert_eq!(next.text().unwrap(), "ok");
    }
}

#[test]
fn ok_content_waits_for_100_continue() {
    let peer = play(|peer| {
        let fields = peer.next_request();
        assert_eq!((fields.get("expect"), fields.end), (Some("100-continue"), false));
        peer.expect_silence();
        peer.head(fields.stream, 100, &[], More);
        assert_eq!(peer.content(fields.stream), b"body");
        peer.answer(fields.stream, "ok");
    });
    let response = client().post(peer.url("/")).expect_continue().body("body").send().unwrap();
    assert_eq!(response.text().unwrap(), "ok");
}

#[test]
fn ok_content_does_not_wait_for_100_continue_for_ever_nor_take_others_for_it() {
    let peer = play(|peer| {
        let stream = peer.request("POST", "/");
        peer.head(stream, 103, &[], More);
        assert_eq!(peer.content(stream), b"body");
        // It comes late, and changes nothing.
        peer.head(stream, 100, &[], More);
        peer.answer(stream, "ok");
    });
    let timeouts = Timeouts::default().expect_continue(Duration::from_millis(30));
    let request = client().post(peer.url("/")).expect_continue().body("body").timeouts(timeouts);
    assert_eq!(request.send().unwrap().text().unwrap(), "ok");
}

#[test]
fn ok_content_that_is_not_wanted_is_not_sent_and_its_stream_is_reset() {
    let peer = play(|peer| {
        let stream = peer.request("POST", "/");
        peer.head(stream, 413, &[], More);
        peer.data(stream, "too large", End);
        peer.expect_reset(stream, ErrorCode::NO_ERROR);
        let next = peer.request("GET", "/next");
        peer.answer(next, "ok");
    });
    let client = client();
    let response = client.post(peer.url("/")).expect_continue().body("body").send().unwrap();
    assert_eq!(response.status().as_u16(), 413);
    assert_eq!(response.text().unwrap(), "too large");
    assert_eq!(client.get(peer.url("/next")).send().unwrap().text().unwrap(), "ok");
}

#[test]
fn ok_after_a_417_the_request_is_repeated_without_the_expectation() {
    let peer = play(|peer| {
        let stream = peer.request("POST", "/");
        peer.head(stream, 417, &[], End);
        peer.expect_reset(stream, ErrorCode::NO_ERROR);
        let again = peer.next_request();
        assert_eq!(again.get("expect"), None);
        assert_eq!(peer.content(again.stream), b"body");
        peer.answer(again.stream, "ok");
    });
    let response = client().post(peer.url("/")).expect_continue().body("body").send().unwrap();
    assert_eq!(response.text().unwrap(), "ok");
}

#[test]
fn ok_responses_without_content() {
    type Pairs = &'static [(&'static str, &'static str)];
    let table: [(Method, u16, Pairs); 5] = [
        (Method::HEAD, 200, &[("content-length", "1000")]),
        (Method::GET, 204, &[]),
        (Method::GET, 304, &[("content-length", "1000"), ("etag", "\"x\"")]),
        (Method::GET, 200, &[("content-length", "0")]),
        (Method::POST, 201, &[]),
    ];
    for (method, status, fields) in table {
        for then in [End, More] {
            let peer = play(move |peer| {
                let stream = peer.next_request().stream;
                peer.head(stream, status, fields, then);
                if then == More {
                    peer.data(stream, "", End);
                }
                assert_eq!(peer.serve(), 1);
            });
            let client = client();
            let mut response = client.request(method.clone(), peer.url("/")).send().unwrap();
            assert_eq!(response.status().as_u16(), status);
            assert_eq!(read_all(&mut response).unwrap(), b"", "{} {}", method, status);
            let next = client.get(peer.url("/next")).send().unwrap();
            assert!(next.connection().is_reused());
            assert_eq!(next.text().unwrap(), "/next");
        }
    }
}

#[test]
fn ok_interim_responses_are_told_of_in_order() {
    let peer = play(|peer| {
        let stream = peer.request("GET", "/");
        peer.head(stream, 103, &[("link", "</a>; rel=preload")], More);
        peer.head(stream, 102, &[], More);
        peer.answer(stream, "ok");
    });
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let request = client().get(peer.url("/")).on_informational(move |status, headers| {
        let link = headers.get("Link").map(str::to_owned);
        tell.lock().unwrap().push((status.as_u16(), link));
    });
    assert_eq!(request.send().unwrap().text().unwrap(), "ok");
    let link = Some("</a>; rel=preload".to_owned());
    assert_eq!(*told.lock().unwrap(), [(103, link), (102, None)]);
}

#[test]
fn ok_trailers_of_the_response() {
    for content in ["", "hello"] {
        let peer = play(move |peer| {
            let stream = peer.request("GET", "/");
            peer.head(stream, 200, &[("trailer", "x-sum")], More);
            if !content.is_empty() {
                peer.data(stream, content, More);
            }
            peer.trailers(stream, &[("x-sum", "5"), ("x-more", "y")]);
        });
        let mut response = client().get(peer.url("/")).send().unwrap();
        assert_eq!(read_all(&mut response).unwrap(), content.as_bytes());
        let trailers = response.trailers().expect("there are some");
        assert_eq!((trailers.get("X-Sum"), trailers.get("X-More")), (Some("5"), Some("y")));
    }
}

#[test]
fn ok_trailers_of_the_request() {
    for content in ["", "hello"] {
        let peer = play(move |peer| {
            let fields = peer.next_request();
            assert_eq!(fields.get("trailer").map(str::to_lowercase).as_deref(), Some("x-sum"));
            if !content.is_empty() {
                assert_eq!(peer.piece(fields.stream), (content.as_bytes().to_vec(), More));
            }
            let trailers = peer.expect_trailers(fields.stream);
            assert_eq!(trailers.fields, [("x-sum".to_owned(), content.len().to_string())]);
            assert!(trailers.end);
            peer.answer(fields.stream, "ok");
        });
        let body = Body::from(content).with_trailers(["X-Sum"], move || {
            let mut fields = Headers::new();
            fields.append("X-Sum", content.len().to_string()).unwrap();
            fields
        });
        let response = client().put(peer.url("/")).body(body).send().unwrap();
        assert_eq!(response.text().unwrap(), "ok");
    }
}

#[test]
fn ok_a_connect_opens_a_tunnel_in_both_directions_beside_other_exchanges() {
    let peer = play(|peer| {
        let connect = peer.next_request();
        assert_eq!(connect.names()[..2], [":method", ":authority"]);
        assert_eq!((connect.get(":method"), connect.end), (Some("CONNECT"), false));
        assert_eq!((connect.get(":scheme"), connect.get(":path")), (None, None));
        let stream = connect.stream;
        peer.head(stream, 200, &[], More);
        peer.data(stream, "early ", More);
        let beside = peer.request("GET", "/beside");
        peer.answer(beside, "ok");
        assert_eq!(peer.content_of(stream, 4), b"ping");
        peer.data(stream, "pong", More);
        peer.data(stream, "", End);
        // Who has the end of one direction and goes away has not ended the other one.
        let (reset, _) = peer.any_reset();
        assert_eq!(reset, stream);
    });
    let client = client();
    let response = client.request(Method::CONNECT, peer.url("/")).send().unwrap();
    assert_eq!(response.status().as_u16(), 200);
    let mut stream = response.into_stream().unwrap();
    let beside = client.get(peer.url("/beside")).send().unwrap();
    assert_eq!(beside.connection().stream(), Some(3));
    assert_eq!(beside.text().unwrap(), "ok");
    stream.write_all(b"ping").unwrap();
    let mut all = String::new();
    stream.read_to_string(&mut all).unwrap();
    assert_eq!(all, "early pong");
}

#[test]
fn ok_a_tunnel_has_deadlines_and_windows_and_can_be_cancelled() {
    let token = CancelToken::new();
    let cancel = token.clone();
    let (timed, when_timed) = channel();
    let peer = play(move |peer| {
        let stream = peer.next_request().stream;
        peer.head(stream, 200, &[], More);
        assert_eq!(peer.content_of(stream, 65_535).len(), 65_535);
        peer.expect_silence();
        peer.window(0, 10);
        peer.window(stream, 10);
        assert_eq!(peer.content_of(stream, 10).len(), 10);
        peer.data(stream, "word", More);
        when_timed.recv().unwrap();
        peer.ping();
        cancel.cancel();
        peer.expect_reset(stream, ErrorCode::CANCEL);
        assert_eq!(peer.serve(), 1);
    });
    let client = client();
    let request = client.request(Method::CONNECT, peer.url("/")).cancel(token);
    let mut stream = request.send().unwrap().into_stream().unwrap();
    stream.write_all(&[b'x'; 65_535]).unwrap();
    stream.write_all(&[b'y'; 10]).unwrap();
    let mut word = [0; 4];
    stream.read_exact(&mut word).unwrap();
    assert_eq!(&word, b"word");
    stream.set_deadline(Deadline::after(Instant::now(), Duration::from_millis(30)));
    assert_eq!(stream.read(&mut word).unwrap_err().kind(), io::ErrorKind::TimedOut);
    assert_eq!(stream.write(&[0]).unwrap_err().kind(), io::ErrorKind::TimedOut);
    stream.set_deadline(Deadline::NEVER);
    timed.send(()).unwrap();
    let error = stream.read(&mut word).unwrap_err();
    assert_ne!(error.kind(), io::ErrorKind::TimedOut, "{:?}", error);
    drop(stream);
    assert_eq!(client.get(peer.url("/next")).send().unwrap().text().unwrap(), "/next");
}

#[test]
fn err_a_tunnel_that_is_reset_is_no_end() {
    let peer = play(|peer| {
        let stream = peer.next_request().stream;
        peer.head(stream, 200, &[], More);
        peer.data(stream, "word", More);
        peer.reset(stream, ErrorCode::CONNECT_ERROR);
        assert_eq!(peer.serve(), 1);
    });
    let client = client();
    let request = client.request(Method::CONNECT, peer.url("/"));
    let mut stream = request.send().unwrap().into_stream().unwrap();
    let mut all = Vec::new();
    let error = stream.read_to_end(&mut all).unwrap_err();
    assert_eq!((all.as_slice(), error.kind()), (&b"word"[..], io::ErrorKind::ConnectionReset));
    assert_eq!(client.get(peer.url("/next")).send().unwrap().text().unwrap(), "/next");
}

#[test]
fn ok_a_connect_that_is_refused_is_a_response() {
    let peer = play(|peer| {
        let stream = peer.next_request().stream;
        peer.head(stream, 403, &[], More);
        peer.data(stream, "no", End);
        // The other direction was still open.
        assert_eq!(peer.any_reset().0, stream);
        assert_eq!(peer.serve(), 1);
    });
    let client = client();
    let response = client.request(Method::CONNECT, peer.url("/")).send().unwrap();
    let response = *response.into_stream().unwrap_err();
    assert_eq!(response.text().unwrap(), "no");
    assert_eq!(client.get(peer.url("/next")).send().unwrap().text().unwrap(), "/next");
}

#[test]
fn ok_a_redirect_is_followed_on_the_same_connection() {
    let peer = play(|peer| {
        let first = peer.request("POST", "/a");
        assert_eq!(peer.content(first), b"body");
        peer.at_once(|peer| {
            peer.head(first, 307, &[("location", "/b")], More);
            peer.data(first, "elsewhere", End);
        });
        let second = peer.request("POST", "/b");
        assert_eq!(peer.content(second), b"body");
        peer.head(second, 303, &[("location", "/c")], End);
        let third = peer.request("GET", "/c");
        peer.answer(third, "ok");
    });
    let response = client().post(peer.url("/a")).body("body").send().unwrap();
    assert_eq!(response.history().len(), 2);
    assert_eq!(response.connection().stream(), Some(5));
    assert_eq!(response.text().unwrap(), "ok");
}

#[test]
fn ok_a_redirect_whose_content_does_not_end_costs_a_stream_and_no_connection() {
    let peer = play(|peer| {
        let first = peer.request("GET", "/a");
        peer.head(first, 302, &[("location", "/b")], More);
        peer.data(first, "and so on", More);
        peer.expect_reset(first, ErrorCode::CANCEL);
        let second = peer.request("GET", "/b");
        peer.answer(second, "ok");
    });
    let response = client().get(peer.url("/a")).send().unwrap();
    assert_eq!((response.connection().id(), response.connection().stream()), (1, Some(3)));
    assert_eq!(response.text().unwrap(), "ok");
}

#[test]
fn ok_a_challenge_is_answered_on_the_same_connection() {
    let peer = play(|peer| {
        let first = peer.next_request();
        assert_eq!(first.get("authorization"), None);
        peer.head(first.stream, 401, &[("www-authenticate", "Basic realm=\"x\"")], End);
        let second = peer.next_request();
        assert_eq!(second.get("authorization"), Some("Basic dTpw"));
        peer.answer(second.stream, "ok");
    });
    let request = client().get(peer.url("/"));
    let request = request.credentials(pannier::Credentials::any("u", "p"));
    assert_eq!(request.send().unwrap().text().unwrap(), "ok");
}

#[cfg(feature = "cookies")]
#[test]
fn ok_cookies_are_kept_and_sent() {
    let peer = play(|peer| {
        let first = peer.request("GET", "/");
        let fields = [("set-cookie", "a=1"), ("set-cookie", "b=2; Path=/")];
        peer.head(first, 200, &fields, End);
        let second = peer.next_request();
        let cookies = second.fields.iter().filter(|(name, _)| name == "cookie");
        let cookies = cookies.map(|(_, value)| value.as_str()).collect::<Vec<_>>();
        assert_eq!(cookies.join("; "), "a=1; b=2");
        peer.answer(second.stream, "ok");
    });
    let jar = pannier::cookies::Jar::new();
    let client = crate::support::h2_peer::builder().cookies(jar).build();
    client.get(peer.url("/")).send().unwrap();
    assert_eq!(client.get(peer.url("/")).send().unwrap().text().unwrap(), "ok");
}

#[cfg(feature = "gzip")]
#[test]
fn ok_coded_content_is_decoded() {
    use crate::support::deflate::stored_zlib;
    let peer = play(|peer| {
        let fields = peer.next_request();
        assert!(fields.get("accept-encoding").map_or(false, |value| value.contains("gzip")));
        let coded = stored_zlib(&content(50_000));
        let length = coded.len().to_string();
        let fields_of = [("content-encoding", "deflate"), ("content-length", &*length)];
        peer.head(fields.stream, 200, &fields_of, More);
        for piece in coded.chunks(1000) {
            peer.data(fields.stream, piece, More);
        }
        peer.data(fields.stream, "", End);
    });
    let mut response = client().get(peer.url("/")).send().unwrap();
    assert!(response.is_decoded());
    assert!(read_all(&mut response).unwrap() == content(50_000));
}

#[test]
fn ok_settings_may_come_in_the_middle_and_padding_is_no_content() {
    let settings: &[_] = &[(1, 0), (5, 1 << 20), (6, 10_000), (0xabcd, 1)];
    let peer = play_with(settings, |peer| {
        let stream = peer.request("GET", "/");
        peer.settings(&[(1, 4096), (4, 100_000)]);
        peer.head(stream, 200, &[("content-length", "5")], More);
        // Three octets, and the length of the padding before them.
        peer.raw(b"\0\0\x09\0\x08\0\0\0\x01\x05hel\0\0\0\0\0");
        peer.raw(b"\0\0\x04\xee\xff\0\0\0\x01abcd");
        peer.data(stream, "lo", End);
        assert_eq!(peer.serve(), 1);
        peer.expect_ack();
        peer.expect_ack();
    });
    let client = client();
    assert_eq!(client.get(peer.url("/")).send().unwrap().text().unwrap(), "hello");
    assert_eq!(client.get(peer.url("/next")).send().unwrap().text().unwrap(), "/next");
}

#[test]
fn err_content_that_is_longer_or_shorter_than_announced_ends_its_stream_alone() {
    for (sent, then) in [("hell", End), ("hello!", More)] {
        let peer = play(move |peer| {
            let stream = peer.request("GET", "/");
            peer.head(stream, 200, &[("content-length", "5")], More);
            peer.data(stream, sent, then);
            peer.expect_reset(stream, ErrorCode::PROTOCOL_ERROR);
            assert_eq!(peer.serve(), 1);
        });
        let client = client();
        let mut response = client.get(peer.url("/")).send().unwrap();
        let error = read_all(&mut response).unwrap_err();
        assert_eq!(error.phase(), Some(Phase::Receive));
        assert!(error.to_string().contains("of 5 body bytes"), "{}", error);
        let next = client.get(peer.url("/next")).send().unwrap();
        assert_eq!((next.connection().id(), next.connection().stream()), (1, Some(3)));
    }
}
