//! Request bodies of every kind, and what happens when the response does not wait for their end.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pannier::http::{Headers, Method};
use pannier::net::Script;
#[cfg(unix)]
use pannier::net::UnixConnect;
use pannier::{Body, CloseReason, Error, ErrorKind, Multipart, Part, Phase, Timeouts};

use crate::support::peer::{Peer, Wire};
use crate::support::recorder::Recorder;
use crate::support::{builder, client, once, read_all, scripted, EMPTY, OK};

/// What a POST of this body puts on the wire behind its head.
fn content(body: Body) -> Result<Vec<u8>, Error> {
    let scripts = Script::connections([Script::new().reply(EMPTY)]);
    let client = builder().connector(scripts.clone()).build();
    client.post("http://a.test/").body(body).send()?;
    let written = scripts.written(0);
    let head = written.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    Ok(written[head + 4..].to_vec())
}

/// A file with this content, open at `position`, that is gone when it is closed.
fn file(content: &[u8], position: u64) -> File {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("pannier-{}-{}", std::process::id(), number);
    let path = std::env::temp_dir().join(name);
    let mut file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    file.write_all(content).unwrap();
    file.seek(SeekFrom::Start(position)).unwrap();
    file
}

#[test]
fn ok_every_kind_of_body_arrives_as_it_is() {
    let long = vec![b'x'; 300_000];
    let table: Vec<(Body, &[u8])> = vec![
        (Body::empty(), b""),
        (Body::from(""), b""),
        (Body::from("hello"), b"hello"),
        (Body::from(String::from("hello")), b"hello"),
        (Body::from(b"hello".to_vec()), b"hello"),
        (Body::from(&b"h\r\n\0"[..]), b"h\r\n\0"),
        (Body::from(b"h\r\n\0"), b"h\r\n\0"),
        (Body::from(long.clone()), &long),
        (Body::sized(Cursor::new("hello"), 5), b"hello"),
        (Body::sized(Cursor::new(long.clone()), 300_000), &long),
        // A reader that has more than was announced: the rest is not read.
        (Body::sized(io::repeat(b'x'), 5), b"xxxxx"),
        (Body::sized(io::empty(), 0), b""),
        (Body::file(file(b"hello", 0)).unwrap(), b"hello"),
        (Body::file(file(b"hello", 2)).unwrap(), b"llo"),
        (Body::file(file(b"hello", 5)).unwrap(), b""),
        (Body::file(file(b"hello", 9)).unwrap(), b""),
        (Body::file(file(&long, 100_000)).unwrap(), &long[100_000..]),
        (Body::reader(Cursor::new("")), b"0\r\n\r\n"),
        (Body::reader(Cursor::new("hello")), b"5\r\nhello\r\n0\r\n\r\n"),
        (Body::reader(Pieces(vec!["", "a", "bc"])), b"2\r\nbc\r\n1\r\na\r\n0\r\n\r\n"),
    ];
    for (body, expected) in table {
        let shown = format!("{:?}", body);
        assert!(content(body).unwrap() == expected, "{}", shown);
    }
}

/// Gives its pieces from the last on, each after an interruption.
struct Pieces(Vec<&'static str>);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.pop() {
            None => Ok(0),
            Some(piece) => {
                buffer[..piece.len()].copy_from_slice(piece.as_bytes());
                Ok(piece.len())
            }
        }
    }
}

/// Says that it read more than it was asked for.
struct Boasts;

impl Read for Boasts {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(buffer.len() + 1)
    }
}

/// Fails after some bytes.
struct Fails(usize);

impl Read for Fails {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::new(io::ErrorKind::Other, "disk on fire"));
        }
        let count = self.0.min(buffer.len());
        self.0 -= count;
        buffer[..count].fill(b'x');
        Ok(count)
    }
}

#[test]
fn err_a_body_that_cannot_be_read_or_is_too_short_ends_the_request_not_the_message() {
    let truncated = file(b"hello", 0);
    let shared = truncated.try_clone().unwrap();
    let shrinks = Body::file(truncated).unwrap();
    shared.set_len(3).unwrap();
    let table = [
        (Body::sized(Cursor::new("hell"), 5), "1 bytes shorter"),
        (Body::sized(io::empty(), 5), "5 bytes shorter"),
        (Body::sized(Fails(3), 5), "disk on fire"),
        (Body::reader(Fails(3)), "disk on fire"),
        (Body::reader(Fails(0)), "disk on fire"),
        (Body::reader(Boasts), "with room for"),
        (Body::sized(Boasts, 5), "6 bytes, with room for 5"),
        (Body::sized(Boasts, 100_000), "with room for"),
        (shrinks, "2 bytes shorter"),
    ];
    for (body, text) in table {
        let peer = Peer::play(|peer| {
            let mut wire = peer.accept();
            // Whatever came, it is not a complete request: no last chunk, no fifth byte.
            let rest = wire.rest();
            assert!(!rest.contains("0\r\n\r\n") && rest.matches('x').count() < 5, "{}", rest);
            let mut wire = peer.accept();
            wire.exchange("GET /next", EMPTY);
            wire.expect_end();
        });
        let client = client();
        let error = client.post(peer.url("/")).body(body).send().unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Body, Some(Phase::Send)));
        assert!(error.to_string().contains(text), "{}", error);
        client.get(peer.url("/next")).send().unwrap();
    }
}

#[test]
fn err_a_reader_is_sent_once() {
    let (client, scripts) = scripted([Script::new().reply(EMPTY), Script::new().reply(EMPTY)]);
    let body = Body::sized(Cursor::new("hello"), 5);
    let request = client.post("http://a.test/").body(body).build().unwrap();
    client.send(&request).unwrap();
    let error = client.send(&request).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body);
    assert_eq!(error.bytes_sent(), 0);
    assert_eq!(scripts.count(), 1, "no connection is made for it");
    assert_eq!(client.pool_stats().idle, 1, "and none is lost");
}

#[test]
fn ok_a_file_is_replayed_from_where_it_was() {
    let there =
        "HTTP/1.1 307 Moved\r\nLocation: /b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let (client, scripts) = scripted([once(there), Script::new().reply(EMPTY)]);
    let body = Body::file(file(b"hello", 2)).unwrap();
    assert!(body.is_replayable() && body.len() == Some(3));
    client.put("http://a.test/a").body(body).send().unwrap();
    assert!(scripts.written(0).ends_with(b"\r\n\r\nllo"));
    assert!(scripts.written(1).ends_with(b"\r\n\r\nllo"));
}

#[test]
#[cfg(target_os = "linux")]
fn err_a_file_that_cannot_be_opened_is_no_body_even_if_it_seems_empty() {
    // Which of them that is depends on who runs the tests. They all have the length 0.
    for path in ["/proc/1/environ", "/proc/1/maps", "/proc/self/environ"] {
        let opened = File::open(path).map(drop).map_err(|error| error.kind());
        let body = Body::path(path).map(drop).map_err(|error| error.kind());
        assert_eq!(body, opened, "{}", path);
    }
}

#[test]
#[cfg(unix)]
fn ok_what_is_no_regular_file_goes_out_chunked() {
    let body = Body::file(File::open("/dev/null").unwrap()).unwrap();
    assert!(body.len().is_none() && !body.is_replayable());
    assert_eq!(content(body).unwrap(), b"0\r\n\r\n");
}

const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

/// Asks for a word before the body, and would wait for it until the test has failed.
fn expecting(peer: &Peer, body: impl Into<Body>) -> pannier::RequestBuilder {
    let patient = Timeouts::default().total(Duration::from_secs(20));
    let patient = patient.expect_continue(Duration::from_secs(60));
    let request = client().post(peer.url("/")).header("expect", "100-Continue").body(body);
    request.timeouts(patient)
}

#[test]
fn ok_the_body_is_held_back_until_100_continue() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect_request("POST /");
        wire.send("HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n");
        assert!(wire.is_quiet_for(Duration::from_millis(50)));
        wire.send(CONTINUE);
        wire.expect("hello");
        wire.send(OK);
        wire.expect_end();
    });
    let response = expecting(&peer, "hello").send().unwrap();
    assert_eq!(response.text().unwrap(), "ok");
}

#[test]
fn ok_without_an_answer_the_body_goes_out_after_a_second_or_what_is_set() {
    for (timeouts, least, most) in [
        (Timeouts::default(), 900, 3000),
        (Timeouts::default().expect_continue(Duration::from_millis(50)), 40, 900),
        (Timeouts::default().expect_continue(Duration::ZERO), 0, 900),
    ] {
        let peer = Peer::play(move |peer| {
            let mut wire = peer.accept();
            wire.expect_request("POST /");
            let began = Instant::now();
            wire.expect("hello");
            let elapsed = began.elapsed().as_millis();
            assert!(elapsed >= least && elapsed < most, "{}", elapsed);
            // It comes too late, and does no harm.
            wire.send([CONTINUE, OK].concat());
            wire.expect_end();
        });
        let request = client().post(peer.url("/")).expect_continue().body("hello");
        let response = request.timeouts(timeouts).send().unwrap();
        assert_eq!(response.connection().exchanges(), 1);
        assert_eq!(response.text().unwrap(), "ok");
    }
}

#[test]
fn ok_an_expectation_is_never_sent_unasked() {
    let (client, scripts) = scripted([Script::new().reply(EMPTY)]);
    client.post("http://a.test/").body(vec![0; 4 << 20]).send().unwrap();
    assert!(!String::from_utf8_lossy(&scripts.written(0)).contains("Expect"));
}

#[test]
fn err_a_peer_that_goes_away_in_place_of_100_continue() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect_request("POST /");
        wire.close();
    });
    let error = expecting(&peer, "hello").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::EmptyResponse);
}

#[test]
fn ok_a_final_response_in_place_of_100_continue_keeps_the_body_back() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect_request("POST /");
        wire.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno");
        wire.expect_end();
    });
    let recorder = Recorder::new();
    let request = expecting(&peer, "hello").observer(recorder.clone());
    let mut response = request.send().unwrap();
    assert_eq!(response.status().as_u16(), 401);
    assert_eq!(read_all(&mut response).unwrap(), b"no");
    assert_eq!(response.connection().close_reason(), Some(CloseReason::UnfinishedRequest));
    let told = recorder.take();
    assert!(
        !told.iter().any(|told| told == "request end" || told.starts_with("request body")),
        "{:?}",
        told
    );
}

#[test]
fn ok_a_response_that_has_begun_behind_100_continue_wants_the_body() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect_request("POST /");
        wire.send([CONTINUE, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"].concat());
        wire.expect("hello");
        wire.send("ok");
        wire.expect_end();
    });
    assert_eq!(expecting(&peer, "hello").send().unwrap().text().unwrap(), "ok");
}

#[test]
fn ok_after_417_the_request_is_repeated_once_without_the_expectation() {
    const FAILED: &str = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n";
    for last in [OK, FAILED] {
        let peer = Peer::play(move |peer| {
            let mut wire = peer.accept();
            assert!(wire.expect_request("POST /").contains("100-Continue"));
            wire.send(FAILED);
            wire.expect_end();
            let mut wire = peer.accept();
            assert!(!wire.expect_request("POST /").contains("100-Continue"));
            wire.expect("hello");
            wire.send(last);
            wire.expect_end();
            peer.expect_nobody();
        });
        let response = expecting(&peer, "hello").send().unwrap();
        assert_eq!(response.status().as_u16(), if last == OK { 200 } else { 417 });
        drop(response);
        peer.join();
    }
}

#[test]
fn ok_after_417_to_a_reader_the_answer_is_the_response() {
    let peer = Peer::answers(["HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"]);
    let response = expecting(&peer, Body::reader(Cursor::new("x"))).send().unwrap();
    assert_eq!(response.status().as_u16(), 417);
}

#[test]
fn ok_an_expectation_without_content_is_not_waited_for() {
    let peer = Peer::answers([OK]);
    assert_eq!(expecting(&peer, "").send().unwrap().status().as_u16(), 200);
}

const TOO_LARGE: &str = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig";

/// A body of 64 MiB in each form: more than any socket buffer holds.
fn large() -> [Body; 3] {
    const LENGTH: u64 = 64 << 20;
    [
        Body::from(vec![0; LENGTH as usize]),
        Body::sized(io::repeat(0).take(LENGTH), LENGTH),
        Body::reader(io::repeat(0).take(LENGTH)),
    ]
}

#[test]
fn ok_a_refusal_is_heard_though_the_peer_has_stopped_reading() {
    for body in large() {
        let peer = Peer::play(|peer| {
            let mut wire = peer.accept();
            wire.expect_request("POST /");
            wire.send(TOO_LARGE);
            // Neither reads nor closes.
            peer.stall(wire);
        });
        let recorder = Recorder::new();
        let client = builder().observer(recorder.clone()).build();
        let mut response = client.post(peer.url("/")).body(body).send().unwrap();
        assert_eq!(response.status().as_u16(), 413);
        assert_eq!(read_all(&mut response).unwrap(), b"big");
        assert_eq!(response.connection().close_reason(), Some(CloseReason::UnfinishedRequest));
        assert_eq!(client.pool_stats().idle, 0);
        assert!(!recorder.take().contains(&"request end".to_owned()));
    }
}

/// Long enough that reading it byte by byte, one at a time between two writes, would show.
#[cfg(unix)]
#[test]
fn ok_a_refusal_over_a_unix_socket_is_heard_at_once() {
    use std::os::unix::net::UnixStream;

    let (near, mut far) = UnixStream::pair().unwrap();
    let connector = UnixConnect::with("a pair", move || near.try_clone());
    let peer = thread::spawn(move || {
        far.read_exact(&mut [0]).unwrap();
        far.write_all(TOO_LARGE.as_bytes()).unwrap();
        // Neither reads nor closes.
        far
    });
    let client = builder().connector(connector).build();
    let body = large().into_iter().next().unwrap();
    let began = Instant::now();
    let mut response = client.post("http://a.test/").body(body).send().unwrap();
    assert_eq!(response.status().as_u16(), 413);
    assert_eq!(read_all(&mut response).unwrap(), b"big");
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    drop(peer.join().unwrap());
}

#[test]
fn ok_a_refusal_of_a_head_is_heard_though_the_peer_has_stopped_reading() {
    let long = "x".repeat(20_000_000);
    for (body, expectation) in [("", None), ("content", None), ("content", Some("100-continue"))] {
        let peer = Peer::play(|peer| {
            let mut wire = peer.accept();
            wire.expect("POST / HTTP/1.1\r\n");
            wire.send("HTTP/1.1 431 Too much\r\nContent-Length: 3\r\n\r\nbig");
            // Neither reads nor closes.
            peer.stall(wire);
        });
        let client = client();
        let mut request = client.post(peer.url("/")).header("X-Long", &long).body(body);
        if let Some(expectation) = expectation {
            request = request.header("Expect", expectation);
        }
        let mut response = request.send().unwrap();
        assert_eq!(response.status().as_u16(), 431);
        assert_eq!(read_all(&mut response).unwrap(), b"big");
        assert_eq!(response.connection().close_reason(), Some(CloseReason::UnfinishedRequest));
        assert_eq!(client.pool_stats().idle, 0, "nothing goes behind half a head");
    }
}

#[test]
fn ok_a_refusal_is_heard_though_the_peer_has_reset_behind_it() {
    for body in large() {
        let peer = Peer::play(|peer| {
            let mut wire = peer.accept();
            wire.expect_request("POST /");
            wire.send(TOO_LARGE);
            wire.reset();
        });
        let client = client();
        let mut response = client.post(peer.url("/")).body(body).send().unwrap();
        assert_eq!(response.status().as_u16(), 413);
        assert_eq!(read_all(&mut response).unwrap(), b"big");
        assert_eq!(client.pool_stats().idle, 0);
    }
}

#[test]
fn ok_a_refusal_is_heard_though_interim_responses_come_before_it() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect_request("POST /");
        wire.send([CONTINUE, CONTINUE, TOO_LARGE].concat());
        peer.stall(wire);
    });
    let body = large().into_iter().next().unwrap();
    let response = client().post(peer.url("/")).body(body).send().unwrap();
    assert_eq!(response.status().as_u16(), 413);
}

#[test]
fn ok_a_refusal_is_heard_though_the_callers_reader_is_slow_and_the_peer_reads_on() {
    // Each piece is written at once, so that no write ever waits.
    struct Ticks(usize);
    impl Read for Ticks {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            thread::sleep(Duration::from_millis(20));
            self.0 += 1;
            assert!(self.0 < 400, "the answer was there all the time");
            buffer[0] = b'x';
            Ok(1)
        }
    }
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect_request("POST /");
        wire.send(TOO_LARGE);
        assert!(!wire.rest().contains("0\r\n\r\n"));
    });
    let client = client();
    let mut response = client.post(peer.url("/")).body(Body::reader(Ticks(0))).send().unwrap();
    assert_eq!(response.status().as_u16(), 413);
    assert_eq!(read_all(&mut response).unwrap(), b"big");
    assert_eq!(response.connection().close_reason(), Some(CloseReason::UnfinishedRequest));
}

#[test]
fn ok_a_refusal_is_heard_though_only_the_last_chunk_is_left_to_send() {
    let content = [vec![b'x'; 100_000], b"END".to_vec()].concat();
    let bodies = [
        Body::reader(Cursor::new(content.clone())),
        Body::from(content.clone()).with_trailers(["X"], Headers::new),
    ];
    for body in bodies {
        // Takes all but the end, and then nothing more.
        let script = Script::new().expect_until("END\r\n").reply(TOO_LARGE).stall();
        let client = builder().connector(script.repeated()).build();
        let began = Instant::now();
        let response = client.post("http://a.test/").body(body).send().unwrap();
        assert_eq!(response.status().as_u16(), 413);
        assert_eq!(response.text().unwrap(), "big");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        assert_eq!(client.pool_stats().idle, 0);
    }
}

#[test]
fn err_a_peer_that_has_ended_its_stream_and_stopped_reading_is_not_waited_for() {
    let bodies = large();
    for body in bodies {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let peer = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_exact(&mut [0]).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            // Neither reads nor closes.
            stream
        });
        let began = Instant::now();
        let error = client().post(format!("http://{}/", address)).body(body).send().unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::EmptyResponse, Some(Phase::Send)));
        assert!(!error.is_safe_to_retry());
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        drop(peer.join().unwrap());
    }
}

#[test]
fn err_a_peer_that_goes_away_in_an_upload_without_a_word() {
    for body in large() {
        let peer = Peer::play(|peer| {
            let mut wire = peer.accept();
            wire.expect_request("POST /");
            wire.reset();
        });
        let error = client().post(peer.url("/")).body(body).send().unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Send, Some(Phase::Send)));
        assert!(error.bytes_sent() > 0 && !error.is_safe_to_retry());
        assert_eq!(error.bytes_received(), 0);
    }
}

#[test]
fn ok_an_answer_to_an_upload_that_is_still_read_waits_for_its_end() {
    // The peer answers first and reads the rest: the exchange is complete, the connection is kept.
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect_request("POST /");
        wire.send(OK);
        wire.expect_bytes(5);
        wire.exchange("GET /next", EMPTY);
        wire.expect_end();
    });
    let client = client();
    let response = client.post(peer.url("/")).body("hello").send().unwrap();
    assert_eq!(response.text().unwrap(), "ok");
    assert!(client.get(peer.url("/next")).send().unwrap().connection().is_reused());
}

#[test]
fn ok_an_answer_that_has_only_begun_lets_the_upload_go_on() {
    let framings = [
        ("Content-Length: 10\r\n\r\nhello", "world"),
        ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "5\r\nworld\r\n0\r\n\r\n"),
    ];
    for (begin, end) in framings {
        for (body, chunks) in large().into_iter().zip([false, false, true]) {
            let peer = Peer::play(move |peer| {
                let mut wire = peer.accept();
                wire.expect_request("POST /");
                wire.send(format!("HTTP/1.1 200 OK\r\n{}", begin));
                // For longer than it takes the client to look.
                thread::sleep(Duration::from_millis(400));
                wire.expect_bytes(64 << 20);
                if chunks {
                    wire.expect_until("\r\n0\r\n\r\n");
                }
                wire.send(end);
                wire.exchange("GET /next", EMPTY);
                wire.expect_end();
            });
            let client = client();
            let response = client.post(peer.url("/")).body(body).send().unwrap();
            assert_eq!(response.text().unwrap(), "helloworld");
            assert!(client.get(peer.url("/next")).send().unwrap().connection().is_reused());
        }
    }
}

#[test]
fn ok_an_answer_that_has_come_to_its_end_ends_the_upload_whatever_it_says() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let close = "HTTP/1.1 200 OK\r\n\r\nok";
    for (answer, in_two) in
        [(OK, false), (OK, true), (chunked, false), (chunked, true), (close, true)]
    {
        for body in large() {
            let peer = Peer::play(move |peer| {
                let mut wire = peer.accept();
                wire.expect_request("POST /");
                let (begin, end) = answer.split_at(answer.len() - if in_two { 2 } else { 0 });
                wire.send(begin);
                if in_two {
                    // For longer than it takes the client to look.
                    thread::sleep(Duration::from_millis(400));
                    wire.send(end);
                }
                if answer == close {
                    wire.shut();
                }
                peer.stall(wire);
            });
            let client = client();
            let began = Instant::now();
            let mut response = client.post(peer.url("/")).body(body).send().unwrap();
            assert_eq!(response.status().as_u16(), 200);
            assert_eq!(read_all(&mut response).unwrap(), b"ok", "{:?}", answer);
            assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
            assert_eq!(client.pool_stats().idle, 0);
        }
    }
}

#[test]
fn err_a_reset_is_no_end_of_an_answer_that_has_begun() {
    for body in large() {
        let peer = Peer::play(|peer| {
            let mut wire = peer.accept();
            wire.expect_request("POST /");
            wire.send("HTTP/1.1 200 OK\r\n\r\nhel");
            // For longer than it takes the client to look.
            thread::sleep(Duration::from_millis(400));
            wire.reset();
        });
        let sent = client().post(peer.url("/")).body(body).send();
        sent.and_then(|response| response.text()).unwrap_err();
    }
}

#[test]
fn ok_a_peer_that_has_begun_its_answer_and_stops_reading_is_written_to_for_a_while() {
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect_request("POST /");
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        wire.send("x".repeat(99_999));
        thread::sleep(Duration::from_secs(6));
        wire.send("x");
        peer.stall(wire);
    });
    let body = large().into_iter().next().unwrap();
    let response = client().post(peer.url("/")).body(body).send().unwrap();
    assert_eq!(response.text().unwrap().len(), 100_000);
}

#[test]
fn ok_a_large_upload_arrives_whole_at_a_peer_that_takes_its_time() {
    let peer = Peer::play(|peer| {
        let mut wire: Wire = peer.accept();
        wire.expect_request("PUT /");
        thread::sleep(Duration::from_millis(30));
        wire.expect_bytes(8 << 20);
        wire.send(OK);
        wire.expect_end();
    });
    let told = Recorder::new();
    let request = client().put(peer.url("/")).body(vec![0; 8 << 20]).observer(told.clone());
    assert_eq!(request.send().unwrap().text().unwrap(), "ok");
    let sent: u64 = told
        .take()
        .iter()
        .filter_map(|told| told.strip_prefix("request body ")?.parse::<u64>().ok())
        .sum();
    assert_eq!(sent, 8 << 20);
}

#[test]
fn ok_a_slow_reader_of_the_caller_is_not_the_peers_fault() {
    struct Slow(usize);
    impl Read for Slow {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            thread::sleep(Duration::from_millis(20));
            self.0 = self.0.saturating_sub(1);
            buffer[0] = b'x';
            Ok(self.0.min(1))
        }
    }
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        wire.expect_request("POST /");
        wire.expect_until("0\r\n\r\n");
        wire.send(OK);
        wire.expect_end();
    });
    let timeouts =
        Timeouts::default().response(Duration::from_secs(5)).total(Duration::from_secs(15));
    let request = client().request(Method::POST, peer.url("/")).timeouts(timeouts);
    assert_eq!(request.body(Body::reader(Slow(5))).send().unwrap().text().unwrap(), "ok");
}

/// Has nothing to give until it is told to, and says so.
struct Idle<'a> {
    told: &'static AtomicUsize,
    content: &'a [u8],
}

impl Read for Idle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.told.load(Ordering::Acquire) == 0 {
            thread::sleep(Duration::from_millis(5));
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.content.read(buffer)
    }
}

#[test]
fn ok_a_refusal_is_heard_though_the_callers_reader_has_nothing_to_give() {
    static NEVER: AtomicUsize = AtomicUsize::new(0);
    let parts = || {
        let reader = Body::reader(Idle { told: &NEVER, content: b"" });
        Multipart::new().text("a", "b").part("c", Part::new(reader)).into_body().unwrap()
    };
    for body in [Body::reader(Idle { told: &NEVER, content: b"" }), parts()] {
        let peer = Peer::play(|peer| {
            let mut wire = peer.accept();
            wire.expect_request("POST /");
            wire.send(TOO_LARGE);
            assert!(!wire.rest().contains("0\r\n\r\n"));
        });
        let response = client().post(peer.url("/")).body(body).send().unwrap();
        assert_eq!(response.status().as_u16(), 413);
        assert_eq!(response.text().unwrap(), "big");
    }
}

#[test]
fn err_a_reader_that_has_nothing_to_give_is_not_waited_for_beyond_the_deadline() {
    static NEVER: AtomicUsize = AtomicUsize::new(0);
    let (client, _) = scripted([Script::new().stall()]);
    let timeouts = Timeouts::default().total(Duration::from_millis(200));
    let body = Body::reader(Idle { told: &NEVER, content: b"" });
    let began = Instant::now();
    let error = client.post("http://a.test/").timeouts(timeouts).body(body).send().unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Timeout, Some(Phase::Send)));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn ok_what_a_reader_gives_late_arrives_whole() {
    static TOLD: AtomicUsize = AtomicUsize::new(0);
    let peer = Peer::play(|peer| {
        let mut wire = peer.accept();
        // The head, and what comes before the idle part, do not wait for it.
        wire.expect_until("\r\n\r\n");
        wire.expect_until("before");
        TOLD.store(1, Ordering::Release);
        wire.expect_until("late");
        wire.expect_until("after");
        wire.expect_until("0\r\n\r\n");
        wire.send(OK);
        wire.expect_end();
    });
    let late = Body::reader(Idle { told: &TOLD, content: b"late" });
    let form = Multipart::new().text("a", "before").part("b", Part::new(late)).text("c", "after");
    let body = form.into_body().unwrap();
    assert_eq!(client().post(peer.url("/")).body(body).send().unwrap().text().unwrap(), "ok");
}

/// Fields for a trailer section.
fn fields(lines: &[(&str, &str)]) -> Headers {
    let mut fields = Headers::new();
    lines.iter().for_each(|(name, value)| fields.append(name, value).unwrap());
    fields
}

#[test]
fn ok_trailers_follow_the_content_whatever_it_is() {
    let long = vec![b'x'; 300_000];
    let table = [
        (Body::empty(), String::new()),
        (Body::from("hello"), "5\r\nhello\r\n".into()),
        (Body::from(long.clone()), format!("{:x}\r\n{}\r\n", 300_000, "x".repeat(300_000))),
        (Body::sized(Cursor::new("hello"), 5), "5\r\nhello\r\n".into()),
        (Body::reader(Cursor::new("hello")), "5\r\nhello\r\n".into()),
        (Body::file(file(b"hello", 2)).unwrap(), "3\r\nllo\r\n".into()),
    ];
    for (body, expected) in table {
        let body = body.with_trailers(["X-One", "x-two"], || {
            fields(&[("x-one", "1"), ("X-Two", "2"), ("X-One", "3")])
        });
        let (client, scripts) = scripted([Script::new().reply(EMPTY)]);
        client.put("http://a.test/").body(body).send().unwrap();
        let written = String::from_utf8(scripts.written(0)).unwrap();
        let (head, content) = written.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with("Transfer-Encoding: chunked\r\nTrailer: X-One, x-two"), "{}", head);
        assert!(!head.contains("Content-Length"), "{}", head);
        assert!(content == expected + "0\r\nx-one: 1\r\nX-Two: 2\r\nX-One: 3\r\n\r\n");
    }
}

#[test]
fn ok_trailers_are_computed_anew_each_time_and_when_the_content_has_ended() {
    let there =
        "HTTP/1.1 308 Moved\r\nLocation: /b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let (client, scripts) = scripted([once(there), Script::new().reply(EMPTY)]);
    let count = std::sync::Arc::new(AtomicUsize::new(0));
    let body = Body::from("hello").with_trailers(["X-Count"], move || {
        fields(&[("X-Count", &count.fetch_add(1, Ordering::Relaxed).to_string())])
    });
    client.put("http://a.test/a").body(body).send().unwrap();
    for number in 0..2 {
        let written = String::from_utf8(scripts.written(number)).unwrap();
        let end = format!("5\r\nhello\r\n0\r\nX-Count: {}\r\n\r\n", number);
        assert!(written.ends_with(&end), "{}", written);
    }
    // After a 303 there is neither content nor trailer.
    let other = there.replace("308 Moved", "303 See");
    let (client, scripts) = scripted([once(other), Script::new().reply(EMPTY)]);
    let body = Body::from("hello").with_trailers(["X"], Headers::new);
    client.put("http://a.test/a").body(body).send().unwrap();
    assert!(scripts.written(0).ends_with(b"0\r\n\r\n"), "none of them need be given");
    let written = String::from_utf8(scripts.written(1)).unwrap();
    assert!(!written.contains("Trailer") && !written.contains("chunked"), "{}", written);
}

#[test]
fn err_trailers_that_must_not_or_cannot_be_sent() {
    let refused =
        ["content-length", "Host", "If-Match", "Authorization", "Trailer", "X Y", "", "a\r\nB"];
    for name in refused {
        let body = Body::from("x").with_trailers([name], Headers::new);
        let error = client().post("http://a.test/").body(body).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        assert!(error.to_string().contains("trailer field"), "{}", error);
    }
    let body = || Body::from("x").with_trailers(["X"], Headers::new);
    let post = || client().post("http://a.test/").body(body());
    for request in [
        post().header("Content-Length", "1"),
        post().protocol(pannier::Protocol::Http10),
        post().without_header("Transfer-Encoding"),
    ] {
        assert_eq!(request.build().unwrap_err().kind(), ErrorKind::InvalidRequest);
    }
    // One that was not announced ends the request, not the message.
    let body = Body::from("x").with_trailers(["X"], || fields(&[("X", "1"), ("Y", "2")]));
    let (client, scripts) = scripted([Script::new().reply(EMPTY)]);
    let error = client.post("http://a.test/").body(body).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Body);
    assert!(error.to_string().contains("trailer field Y was not announced"), "{}", error);
    assert!(!String::from_utf8_lossy(&scripts.written(0)).contains("0\r\n\r\n"));
}
