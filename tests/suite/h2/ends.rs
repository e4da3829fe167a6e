//! How connections and streams end before their time, and what becomes of the requests on them: sent again
//! where the server cannot have looked at them, and never else what must not happen twice.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use pannier::http::{Headers, Method};
use pannier::proto::h2::ErrorCode;
use pannier::{Body, CloseReason, ErrorKind, Phase, RetryPolicy};

use crate::support::h2_peer::{builder, client, play, End, More, H2};
use crate::support::peer::Peer;
use crate::support::{in_threads, read_all};

/// A peer with several connections, one after the other.
fn connections<const N: usize>(scripts: [fn(&mut H2); N]) -> Peer {
    Peer::play(move |stage| {
        for script in scripts {
            let mut peer = H2::accept(stage);
            script(&mut peer);
            peer.expect_end();
        }
        stage.expect_nobody();
    })
}

#[test]
fn ok_after_a_goaway_what_is_under_way_ends_and_the_next_takes_another_connection() {
    let peer = Peer::play(|stage| {
        let mut one = H2::accept(stage);
        let first = one.request("GET", "/1");
        one.head(first, 200, &[], More);
        one.goaway(first, ErrorCode::NO_ERROR);
        one.data(first, "be", More);
        let mut two = H2::accept(stage);
        serve_one_on(&mut two, "/2");
        one.data(first, "gun", End);
        one.expect_end();
        two.expect_end();
    });
    let client = client();
    let mut first = client.get(peer.url("/1")).send().unwrap();
    let mut begun = [0; 2];
    first.read_exact(&mut begun).unwrap();
    let second = client.get(peer.url("/2")).send().unwrap();
    assert_eq!(second.connection().id(), 2);
    assert_eq!(second.text().unwrap(), "/2");
    assert_eq!(read_all(&mut first).unwrap(), b"gun");
    let stats = client.pool_stats();
    assert_eq!((stats.closed(CloseReason::GoAway), stats.idle, stats.active), (1, 1, 0));
}

fn serve_one_on(peer: &mut H2, path: &str) {
    let stream = peer.request("GET", path);
    peer.answer(stream, path);
}

#[test]
fn ok_what_a_goaway_excludes_is_sent_again_whatever_its_method() {
    for method in [Method::GET, Method::POST, Method::PATCH] {
        for code in [ErrorCode::NO_ERROR, ErrorCode::ENHANCE_YOUR_CALM] {
            let expected = method.clone();
            let peer = Peer::play(move |stage| {
                let mut one = H2::accept(stage);
                let stream = one.request(expected.as_str(), "/");
                assert_eq!(one.content(stream), b"body");
                one.goaway(0, code);
                let mut two = H2::accept(stage);
                let stream = two.request(expected.as_str(), "/");
                assert_eq!(two.content(stream), b"body");
                two.answer(stream, "ok");
                one.expect_end();
                two.expect_end();
                stage.expect_nobody();
            });
            let client = client();
            let request = client.request(method.clone(), peer.url("/")).body("body");
            assert_eq!(request.send().unwrap().text().unwrap(), "ok");
            assert_eq!(client.pool_stats().retried, 1);
        }
    }
}

#[test]
fn ok_a_goaway_divides_those_under_way() {
    let peer = Peer::play(|stage| {
        let mut one = H2::accept(stage);
        let four = one.requests(4);
        one.goaway(four[1].stream, ErrorCode::NO_ERROR);
        let mut two = H2::accept(stage);
        for fields in two.requests(2) {
            assert!(four[2..].iter().any(|lost| lost.path() == fields.path()));
            two.answer(fields.stream, "two");
        }
        for fields in &four[..2] {
            one.answer(fields.stream, "one");
        }
        one.expect_end();
        two.expect_end();
    });
    let client = client();
    let texts = in_threads(0..4, |number| {
        let url = peer.url(&format!("/{}", number));
        client.post(url).send().unwrap().text().unwrap()
    });
    assert_eq!(texts.iter().filter(|text| **text == "one").count(), 2);
    assert_eq!(client.pool_stats().created, 2);
}

#[test]
fn ok_a_goaway_in_two_steps_loses_nothing() {
    let peer = Peer::play(|stage| {
        let mut one = H2::accept(stage);
        let first = one.request("GET", "/1");
        one.goaway((1 << 31) - 1, ErrorCode::NO_ERROR);
        one.ping();
        one.goaway(first, ErrorCode::NO_ERROR);
        one.answer(first, "/1");
        one.close();
        let mut two = H2::accept(stage);
        serve_one_on(&mut two, "/2");
        two.expect_end();
    });
    let client = client();
    for path in ["/1", "/2"] {
        assert_eq!(client.get(peer.url(path)).send().unwrap().text().unwrap(), path);
    }
    assert_eq!(client.pool_stats().retried, 0);
}

#[test]
fn ok_an_idle_connection_that_was_closed_or_gone_from_is_noticed_before_a_post() {
    let ends: [fn(H2); 3] = [
        |mut one| {
            one.goaway(1, ErrorCode::NO_ERROR);
            // The client takes its leave before it goes.
            assert_eq!(one.expect_goaway(), ErrorCode::NO_ERROR);
            one.expect_end();
        },
        |mut one| {
            one.goaway(1, ErrorCode::NO_ERROR);
            one.close();
        },
        |mut one| one.close(),
    ];
    for end in ends {
        let (ended, when_ended) = channel();
        let peer = Peer::play(move |stage| {
            let mut one = H2::accept(stage);
            serve_one_on(&mut one, "/1");
            ended.send(()).unwrap();
            end(one);
            let mut two = H2::accept(stage);
            let stream = two.request("POST", "/2");
            assert_eq!(two.content(stream), b"body");
            two.answer(stream, "ok");
            two.expect_end();
        });
        let client = client();
        client.get(peer.url("/1")).send().unwrap().text().unwrap();
        when_ended.recv().unwrap();
        // The end is on its way over loopback.
        thread::sleep(Duration::from_millis(20));
        let response = client.post(peer.url("/2")).body("body").send().unwrap();
        assert_eq!(response.connection().id(), 2);
        assert_eq!(response.text().unwrap(), "ok");
        assert_eq!(client.pool_stats().retried, 0);
    }
}

#[test]
fn ok_a_shared_connection_that_was_closed_is_noticed_before_a_post() {
    let (ended, when_ended) = channel();
    let peer = Peer::play(move |stage| {
        let mut one = H2::accept(stage);
        let stream = one.request("GET", "/1");
        one.head(stream, 200, &[], More);
        one.shut();
        ended.send(()).unwrap();
        let mut two = H2::accept(stage);
        let stream = two.request("POST", "/2");
        assert_eq!(two.content(stream), b"body");
        two.answer(stream, "ok");
        one.forget_rest();
        two.expect_end();
    });
    let client = client();
    // It keeps its share of the connection, and waits for nothing.
    let mut unread = client.get(peer.url("/1")).send().unwrap();
    when_ended.recv().unwrap();
    // The end is on its way over loopback.
    thread::sleep(Duration::from_millis(20));
    let posted = client.post(peer.url("/2")).body("body").send().unwrap();
    assert_eq!(posted.text().unwrap(), "ok");
    assert_eq!(client.pool_stats().retried, 0);
    assert!(read_all(&mut unread).is_err());
}

#[test]
fn ok_a_refused_stream_is_sent_again_whatever_its_method_on_the_same_connection() {
    for method in [Method::GET, Method::POST, Method::PATCH] {
        let expected = method.clone();
        let peer = play(move |peer| {
            for _ in 0..3 {
                let stream = peer.request(expected.as_str(), "/");
                assert_eq!(peer.content(stream), b"body");
                peer.reset(stream, ErrorCode::REFUSED_STREAM);
            }
            let stream = peer.request(expected.as_str(), "/");
            assert_eq!(peer.content(stream), b"body");
            peer.answer(stream, "ok");
        });
        let client = client();
        let request = client.request(method.clone(), peer.url("/")).body("body");
        assert_eq!(request.send().unwrap().text().unwrap(), "ok");
        assert_eq!((client.pool_stats().created, client.pool_stats().retried), (1, 3));
    }
}

/// How often a request comes that is refused each time.
fn refusals(retries: RetryPolicy, body: impl Fn() -> Body) -> usize {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let peer = Peer::play(move |stage| {
        let mut peer = H2::accept(stage);
        while let Some(got) = peer.next() {
            if let crate::support::h2_peer::Got::Fields(fields) = got {
                counted.fetch_add(1, Ordering::Relaxed);
                peer.reset(fields.stream, ErrorCode::REFUSED_STREAM);
            }
        }
    });
    let client = builder().retries(retries).build();
    let error = client.post(peer.url("/")).body(body()).send().unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Reset, Some(Phase::Wait)), "{:?}", error);
    assert!(error.is_safe_to_retry(), "{:?}", error);
    assert!(error.to_string().contains("refused the stream"), "{}", error);
    drop(client);
    peer.join();
    count.load(Ordering::Relaxed)
}

#[test]
fn err_a_stream_that_is_refused_again_and_again_is_not_sent_for_ever() {
    let count = refusals(RetryPolicy::default(), || Body::from(""));
    assert!((2..=5).contains(&count), "{}", count);
    assert_eq!(refusals(RetryPolicy::none(), || Body::from("")), 1);
    // What is spent cannot be sent again, though it might be.
    let once = || Body::reader(std::io::empty());
    assert_eq!(refusals(RetryPolicy::default(), once), 1);
}

#[test]
fn err_a_post_that_may_have_been_processed_is_never_sent_twice() {
    let ends: [fn(&mut H2, u32); 6] = [
        |peer, stream| peer.reset(stream, ErrorCode::INTERNAL_ERROR),
        |peer, stream| peer.reset(stream, ErrorCode::NO_ERROR),
        |peer, stream| {
            peer.goaway(stream, ErrorCode::INTERNAL_ERROR);
            peer.close();
        },
        |peer, _| peer.close(),
        |peer, stream| {
            peer.head(stream, 103, &[], More);
            peer.reset(stream, ErrorCode::CANCEL);
        },
        |peer, stream| peer.block(stream, &[(":status", "abc")], End),
    ];
    for (number, end) in ends.into_iter().enumerate() {
        // On a connection that was used before, where one would most like to.
        let peer = Peer::play(move |stage| {
            let mut peer = H2::accept(stage);
            serve_one_on(&mut peer, "/before");
            let stream = peer.request("POST", "/");
            assert_eq!(peer.content(stream), b"body");
            end(&mut peer, stream);
            // A malformed response is answered by a reset.
            while peer.next().is_some() {}
            stage.expect_nobody();
        });
        let client = client();
        client.get(peer.url("/before")).send().unwrap().text().unwrap();
        let error = client.post(peer.url("/")).body("body").send().unwrap_err();
        assert!(!error.is_safe_to_retry(), "{}: {:?}", number, error);
        assert_eq!(error.phase(), Some(Phase::Wait), "{}: {:?}", number, error);
        assert_eq!(client.pool_stats().retried, 0, "{}", number);
        drop(client);
    }
}

#[test]
fn ok_a_get_on_a_connection_that_turns_out_to_be_dead_is_sent_again_once() {
    let peer = connections([
        |peer| {
            serve_one_on(peer, "/1");
            peer.request("GET", "/2");
            peer.close();
        },
        |peer| serve_one_on(peer, "/2"),
    ]);
    let client = client();
    for path in ["/1", "/2"] {
        assert_eq!(client.get(peer.url(path)).send().unwrap().text().unwrap(), path);
    }
    assert_eq!(client.pool_stats().retried, 1);
}

#[test]
fn err_a_get_whose_response_has_begun_with_an_interim_one_is_not_sent_again() {
    let peer = connections([|peer| {
        serve_one_on(peer, "/before");
        let stream = peer.request("GET", "/");
        peer.head(stream, 103, &[], More);
        peer.close();
    }]);
    let client = client();
    client.get(peer.url("/before")).send().unwrap().text().unwrap();
    let error = client.get(peer.url("/")).send().unwrap_err();
    assert!(error.connection_was_reused() && error.bytes_received() > 0, "{:?}", error);
    assert_eq!(client.pool_stats().retried, 0);
}

#[test]
fn err_a_get_on_a_fresh_connection_is_not_sent_again() {
    let peer = connections([|peer| {
        peer.request("GET", "/");
        peer.close();
    }]);
    let error = client().get(peer.url("/")).send().unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::EmptyResponse, Some(Phase::Wait)));
    assert!(error.is_safe_to_retry());
}

#[test]
fn err_an_end_amid_a_response_is_told_to_all_who_wait_on_the_connection() {
    for reset in [false, true] {
        let (read, when_read) = channel();
        let peer = Peer::play(move |stage| {
            let mut peer = H2::accept(stage);
            let four = peer.requests(4);
            for fields in &four[..2] {
                peer.head(fields.stream, 200, &[], More);
                peer.data(fields.stream, "begun", More);
            }
            (0..2).for_each(|_| when_read.recv().unwrap());
            match reset {
                true => peer.abort(),
                false => peer.close(),
            }
        });
        let client = client();
        let begin = |number| {
            let mut response = client.post(peer.url(&format!("/{}", number))).send()?;
            response.read_body(&mut [0; 5])?;
            read.send(()).unwrap();
            read_all(&mut response)
        };
        let errors = in_threads(0..4, |number| begin(number).unwrap_err());
        let of =
            |phase| errors.iter().filter(|error| error.phase() == Some(phase)).collect::<Vec<_>>();
        let (waited, received) = (of(Phase::Wait), of(Phase::Receive));
        assert_eq!((waited.len(), received.len()), (2, 2), "{:?}", errors);
        let (waiting, receiving) = match reset {
            true => (ErrorKind::Receive, ErrorKind::Receive),
            false => (ErrorKind::EmptyResponse, ErrorKind::Truncated),
        };
        assert!(waited.iter().all(|error| error.kind() == waiting), "{:?}", waited);
        assert!(received.iter().all(|error| error.kind() == receiving), "{:?}", received);
        assert!(errors.iter().all(|error| !error.is_safe_to_retry()));
        let stats = client.pool_stats();
        assert_eq!((stats.idle, stats.active, stats.retried), (0, 0, 0));
    }
}

#[test]
fn err_a_connection_that_ends_inside_a_frame_is_truncated() {
    for cut in 1..14 {
        let peer = play(move |peer| {
            let stream = peer.request("GET", "/");
            peer.head(stream, 200, &[], More);
            let frame = b"\0\0\x05\0\x01\0\0\0\x01hello";
            peer.raw(&frame[..cut]);
            peer.close();
        });
        let mut response = client().get(peer.url("/")).send().unwrap();
        let mut bytes = Vec::new();
        let error = pannier::Error::from(response.read_to_end(&mut bytes).unwrap_err());
        assert!(b"hello".starts_with(&bytes));
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Truncated, Some(Phase::Receive)));
    }
}

#[test]
fn err_a_reset_amid_the_content_whatever_its_code() {
    for code in [ErrorCode::NO_ERROR, ErrorCode::CANCEL, ErrorCode::REFUSED_STREAM] {
        let peer = play(move |peer| {
            let stream = peer.request("GET", "/");
            peer.head(stream, 200, &[], More);
            peer.data(stream, "begun", More);
            peer.reset(stream, code);
            assert_eq!(peer.serve(), 1);
        });
        let client = client();
        let mut response = client.get(peer.url("/")).send().unwrap();
        let mut bytes = Vec::new();
        let error = pannier::Error::from(response.read_to_end(&mut bytes).unwrap_err());
        assert_eq!(bytes, b"begun", "what came before is handed out");
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Reset, Some(Phase::Receive)));
        assert!(error.to_string().contains(code.name().unwrap()), "{}", error);
        let next = client.get(peer.url("/next")).send().unwrap();
        assert_eq!((next.connection().id(), next.connection().stream()), (1, Some(3)));
        assert_eq!(next.text().unwrap(), "/next");
    }
}

#[test]
fn ok_a_response_that_is_complete_before_the_upload_is_delivered() {
    for status in [200, 413] {
        let peer = play(move |peer| {
            let stream = peer.request("POST", "/");
            peer.content_of(stream, 65_535);
            peer.at_once(|peer| {
                peer.head(stream, status, &[], More);
                peer.data(stream, "enough", End);
                peer.reset(stream, ErrorCode::NO_ERROR);
            });
            assert_eq!(peer.serve(), 1);
        });
        let client = client();
        let response = client.post(peer.url("/")).body(vec![b'x'; 1_000_000]).send().unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.text().unwrap(), "enough");
        let next = client.get(peer.url("/next")).send().unwrap();
        assert_eq!((next.connection().id(), next.connection().stream()), (1, Some(3)));
        assert_eq!(next.text().unwrap(), "/next");
    }
}

#[test]
fn ok_a_response_that_is_complete_before_the_upload_is_delivered_without_a_reset_too() {
    let peer = play(|peer| {
        let stream = peer.request("POST", "/");
        peer.content_of(stream, 65_535);
        peer.answer(stream, "enough");
        peer.expect_reset(stream, ErrorCode::NO_ERROR);
        assert_eq!(peer.serve(), 1);
    });
    let client = client();
    let body = Body::reader(std::io::repeat(b'x'));
    let response = client.post(peer.url("/")).body(body).send().unwrap();
    assert_eq!(response.text().unwrap(), "enough");
    assert_eq!(client.get(peer.url("/next")).send().unwrap().text().unwrap(), "/next");
}

#[test]
fn err_an_upload_that_is_reset_without_an_answer() {
    for code in [ErrorCode::CANCEL, ErrorCode::NO_ERROR] {
        let peer = play(move |peer| {
            let stream = peer.request("POST", "/");
            peer.content_of(stream, 65_535);
            peer.reset(stream, code);
            assert_eq!(peer.serve(), 1);
        });
        let client = client();
        let error = client.post(peer.url("/")).body(vec![b'x'; 1_000_000]).send().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Reset, "{:?}", error);
        assert!(!error.is_safe_to_retry());
        assert_eq!(client.get(peer.url("/next")).send().unwrap().text().unwrap(), "/next");
    }
}

#[test]
fn err_a_stream_that_is_refused_before_the_trailers_of_the_request() {
    let (begun, when_begun) = channel();
    let peer = play(move |peer| {
        let reader = peer.request("GET", "/reader");
        begun.send(()).unwrap();
        let upload = peer.request("PUT", "/upload");
        assert_eq!(peer.content_of(upload, 5), b"hello");
        peer.reset(upload, ErrorCode::REFUSED_STREAM);
        peer.answer(reader, "ok");
    });
    let client = client();
    let heard = Arc::new(Barrier::new(2));
    let body = Body::reader(&b"hello"[..]).with_trailers(["X-Sum"], {
        let heard = Arc::clone(&heard);
        move || {
            heard.wait();
            Headers::new()
        }
    });
    thread::scope(|scope| {
        scope.spawn(|| {
            let response = client.get(peer.url("/reader")).send().unwrap();
            assert_eq!(response.text().unwrap(), "ok");
            heard.wait();
        });
        when_begun.recv().unwrap();
        let error = client.put(peer.url("/upload")).body(body).send().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Reset, "{:?}", error);
        assert!(error.is_safe_to_retry());
    });
}

#[test]
fn ok_the_drop_of_an_unread_response_resets_its_stream_and_leaves_the_connection() {
    let peer = play(|peer| {
        for number in 0..3 {
            let stream = peer.next_request().stream;
            peer.head(stream, 200, &[], More);
            if number > 0 {
                peer.data(stream, vec![b'x'; 40_000], More);
            }
            peer.expect_reset(stream, ErrorCode::CANCEL);
            // What was under way when it was reset counts for the connection, and harms nobody.
            peer.data(stream, vec![b'x'; 10_000], End);
        }
        assert_eq!(peer.serve(), 1);
    });
    let client = client();
    for number in 0..3 {
        let mut response = client.get(peer.url("/")).send().unwrap();
        if number == 2 {
            response.read_body(&mut [0; 10]).unwrap();
        }
        drop(response);
        assert_eq!(client.pool_stats().idle, 1);
    }
    let next = client.get(peer.url("/next")).send().unwrap();
    assert_eq!((next.connection().id(), next.connection().stream()), (1, Some(7)));
    assert_eq!(next.text().unwrap(), "/next");
}

#[test]
fn ok_the_drop_of_a_response_that_has_come_whole_costs_nothing() {
    let peer = play(|peer| {
        let unread = peer.request("GET", "/unread");
        peer.head(unread, 200, &[], More);
        let beside = peer.request("GET", "/beside");
        peer.data(unread, "all of it", End);
        peer.answer(beside, "ok");
        assert_eq!(peer.serve(), 1);
    });
    let client = client();
    let unread = client.get(peer.url("/unread")).send().unwrap();
    assert_eq!(client.get(peer.url("/beside")).send().unwrap().text().unwrap(), "ok");
    drop(unread);
    let next = client.get(peer.url("/next")).send().unwrap();
    assert_eq!((next.connection().id(), next.text().unwrap()), (1, "/next".into()));
}

#[test]
fn err_what_is_no_http2_is_said_to_be_none() {
    let table: [(&[u8], &str); 4] = [
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "HTTP/1"),
        (b"SSH-2.0-OpenSSH_9.2p1\r\nand more that is long enough", ""),
        (b"\0\0\x08\x06\0\0\0\0\0ping of 8", "SETTINGS"),
        (b"", ""),
    ];
    for (bytes, expected) in table {
        let peer = Peer::play(move |stage| {
            let mut peer = H2::meet(stage.accept());
            peer.next_request();
            peer.raw(bytes);
            peer.close();
        });
        let error = client().get(peer.url("/")).send().unwrap_err();
        let kind = match bytes {
            b"" => ErrorKind::EmptyResponse,
            _ => ErrorKind::Protocol,
        };
        assert_eq!((error.kind(), error.phase()), (kind, Some(Phase::Wait)), "{:?}", error);
        assert!(error.to_string().contains(expected), "{}", error);
    }
}

#[test]
fn err_a_broken_rule_of_the_connection_is_told_to_the_peer_and_ends_it() {
    type Say = fn(&mut H2, u32);
    let table: [(Say, ErrorCode); 5] = [
        (|peer, _| peer.data(77, "x", More), ErrorCode::PROTOCOL_ERROR),
        (|peer, _| peer.data(2, "x", More), ErrorCode::PROTOCOL_ERROR),
        (|peer, _| peer.raw(b"\0\0\x01\x01\x04\0\0\0\x01\x80"), ErrorCode::COMPRESSION_ERROR),
        (|peer, _| peer.raw(b"\xff\xff\xff\0\0\0\0\0\x01"), ErrorCode::FRAME_SIZE_ERROR),
        (|peer, _| peer.settings(&[(2, 1)]), ErrorCode::PROTOCOL_ERROR),
    ];
    for (number, (say, code)) in table.into_iter().enumerate() {
        let peer = Peer::play(move |stage| {
            let mut peer = H2::accept(stage);
            let stream = peer.next_request().stream;
            say(&mut peer, stream);
            assert_eq!(peer.expect_goaway(), code, "{}", number);
            peer.expect_end();
            let mut next = H2::accept(stage);
            assert_eq!(next.serve(), 1);
        });
        let client = client();
        let error = client.get(peer.url("/")).send().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{:?}", error);
        assert!(!error.is_timeout() && error.to_string().contains("(RFC"), "{}", error);
        let next = client.get(peer.url("/next")).send().unwrap();
        assert_eq!(next.connection().id(), 2);
        assert_eq!(next.text().unwrap(), "/next");
    }
}

#[test]
fn err_a_peer_that_goes_away_during_an_upload_ends_it_and_its_neighbours_at_once() {
    // The neighbour is the one who reads; without it nobody does.
    for neighbours in [0, 1] {
        let peer = Peer::play(move |stage| {
            let mut peer = H2::accept_with(stage, &[(4, WIDEST)]);
            peer.window(0, WIDEST - 65_535);
            for _ in 0..neighbours {
                peer.request_to("/waits");
            }
            let uploads = peer.request_to("/");
            peer.content_of(uploads, 1 << 20);
            peer.abort();
        });
        let client = client();
        let waits = |_| {
            let waits = client.get(peer.url("/waits")).retries(RetryPolicy::none());
            thread::spawn(move || waits.send().unwrap_err())
        };
        let waiting: Vec<_> = (0..neighbours).map(waits).collect();
        while neighbours > 0 && client.pool_stats().created == 0 {
            thread::yield_now();
        }
        let began = Instant::now();
        let error = client.post(peer.url("/")).body(vec![b'x'; 64 << 20]).send().unwrap_err();
        assert!(!error.is_safe_to_retry() && error.bytes_sent() > 0, "{:?}", error);
        assert!(waiting.into_iter().all(|thread| !thread.join().unwrap().is_timeout()));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}

#[test]
fn ok_an_answer_is_heard_although_the_peer_takes_no_more_of_the_request() {
    let peer = Peer::play(|stage| {
        let mut peer = H2::accept_with(stage, &[(4, WIDEST)]);
        peer.window(0, WIDEST - 65_535);
        let stream = peer.request("POST", "/");
        peer.content_of(stream, 1 << 20);
        peer.at_once(|peer| {
            peer.head(stream, 413, &[("content-length", "5")], More);
            peer.data(stream, "large", End);
            peer.reset(stream, ErrorCode::NO_ERROR);
        });
        peer.forget_rest();
    });
    let response = client().post(peer.url("/")).body(vec![b'x'; 64 << 20]).send().unwrap();
    assert_eq!(response.status().as_u16(), 413);
    assert_eq!(response.text().unwrap(), "large");
}

/// The widest that a window may be.
const WIDEST: u32 = (1 << 31) - 1;
