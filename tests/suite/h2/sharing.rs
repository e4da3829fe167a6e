//! Many exchanges at once: on how many connections, how many on each, and what neighbours have to do with
//! one another.

use std::collections::BTreeSet;
use std::sync::mpsc::channel;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use pannier::proto::h2::frame::Settings;
use pannier::proto::h2::ErrorCode;
use pannier::{Client, ErrorKind, Http2Config, IntoRequest, PoolConfig, Protocol, Timeouts};

use crate::support::h2_peer::{builder, client, play, play_with, End, More, H2};
use crate::support::peer::Peer;
use crate::support::{in_threads, read_all};

const THREADS: usize = 32;

/// All at once, each in a thread of its own.
fn at_once<R: Send>(count: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let barrier = Barrier::new(count);
    in_threads(0..count, |number| {
        barrier.wait();
        work(number)
    })
}

fn get(client: &Client, peer: &Peer, number: usize) -> (u64, String) {
    let path = format!("/{}", number);
    let response = client.get(peer.url(&path)).send().unwrap();
    let id = response.connection().id();
    let text = response.text().unwrap();
    assert_eq!(text, path);
    (id, text)
}

#[test]
fn ok_threads_that_begin_at_once_make_one_connection() {
    for _ in 0..10 {
        let peer = play(|peer| {
            // All are in flight before any is answered.
            let requests = peer.requests(THREADS);
            for fields in requests.iter().rev() {
                peer.answer(fields.stream, fields.path());
            }
        });
        let client = client();
        let ids = at_once(THREADS, |number| get(&client, &peer, number).0);
        assert!(ids.iter().all(|id| *id == 1), "{:?}", ids);
        let stats = client.pool_stats();
        assert_eq!((stats.created, stats.idle, stats.active, stats.waiting), (1, 1, 0, 0));
    }
}

#[test]
fn ok_responses_that_are_interleaved_come_to_those_who_asked() {
    let peer = play(|peer| {
        let requests = peer.requests(THREADS);
        for fields in &requests {
            peer.head(fields.stream, 200, &[], More);
        }
        for part in 0..50 {
            for fields in &requests {
                let piece = format!("{} {};", fields.path(), part);
                peer.data(fields.stream, piece, if part == 49 { End } else { More });
            }
        }
    });
    let client = client();
    at_once(THREADS, |number| {
        let path = format!("/{}", number);
        let text = client.get(peer.url(&path)).send().unwrap().text().unwrap();
        let expected: String = (0..50).map(|part| format!("{} {};", path, part)).collect();
        assert_eq!(text, expected);
    });
}

#[test]
fn ok_as_many_streams_as_the_peer_allows_and_the_others_wait_their_turn() {
    let pool = PoolConfig::default().max_per_origin(1);
    let peer = play_with(&[(Settings::MAX_CONCURRENT_STREAMS, 3)], |peer| {
        let first = peer.request("GET", "/first");
        peer.answer(first, "ok");
        let mut served = BTreeSet::new();
        for _ in 0..8 {
            let three = peer.requests(3);
            peer.expect_silence();
            for fields in three {
                served.insert(fields.path().to_owned());
                peer.answer(fields.stream, fields.path());
            }
        }
        assert_eq!(served.len(), 24);
    });
    let client = builder().pool(pool).build();
    client.get(peer.url("/first")).send().unwrap().text().unwrap();
    at_once(24, |number| get(&client, &peer, number));
    assert_eq!(client.pool_stats().created, 1);
}

#[test]
fn ok_there_is_a_second_connection_if_the_first_is_full_and_the_bound_allows() {
    let peer = Peer::play(|stage| {
        let settings = [(Settings::MAX_CONCURRENT_STREAMS, 2)];
        let mut one = H2::accept_with(stage, &settings);
        let first = one.request("GET", "/first");
        one.answer(first, "ok");
        let a = one.requests(2);
        let mut two = H2::accept_with(stage, &settings);
        let b = two.requests(2);
        for (peer, requests) in [(&mut one, a), (&mut two, b)] {
            for fields in requests {
                peer.answer(fields.stream, fields.path());
            }
        }
        one.expect_end();
        two.expect_end();
    });
    let client = builder().pool(PoolConfig::default().max_per_origin(2)).build();
    client.get(peer.url("/first")).send().unwrap().text().unwrap();
    let ids = at_once(4, |number| get(&client, &peer, number).0);
    assert_eq!(ids.iter().filter(|id| **id == 1).count(), 2, "{:?}", ids);
    assert_eq!(client.pool_stats().created, 2);
}

#[test]
fn ok_a_limit_that_is_lowered_holds_for_the_next_and_zero_for_as_long_as_it_stands() {
    let pool = PoolConfig::default().max_per_origin(1);
    let peer = play(|peer| {
        let three = peer.requests(3);
        peer.settings(&[(Settings::MAX_CONCURRENT_STREAMS, 0)]);
        peer.ping();
        for fields in &three[..2] {
            peer.answer(fields.stream, fields.path());
        }
        peer.expect_silence();
        peer.settings(&[(Settings::MAX_CONCURRENT_STREAMS, 2)]);
        let fourth = peer.next_request();
        peer.expect_silence();
        peer.answer(three[2].stream, three[2].path());
        let fifth = peer.next_request();
        peer.answer(fourth.stream, fourth.path());
        peer.answer(fifth.stream, fifth.path());
    });
    let client = builder().pool(pool).http2(Http2Config::default().concurrent_streams(3)).build();
    at_once(5, |number| get(&client, &peer, number));
}

#[test]
fn ok_the_bound_of_the_client_itself_holds_too() {
    let peer = play(|peer| {
        for _ in 0..3 {
            let two = peer.requests(2);
            peer.expect_silence();
            for fields in two {
                peer.answer(fields.stream, fields.path());
            }
        }
    });
    let pool = PoolConfig::default().max_per_origin(1);
    let client = builder().pool(pool).http2(Http2Config::default().concurrent_streams(2)).build();
    at_once(6, |number| get(&client, &peer, number));
}

#[test]
fn ok_a_pipeline_has_as_many_streams_open_at_once_as_it_is_deep() {
    let peer = play(|peer| {
        let first = peer.requests(4);
        peer.expect_silence();
        // In any order.
        for fields in first.iter().rev() {
            peer.answer(fields.stream, fields.path());
        }
        for _ in 4..10 {
            let fields = peer.next_request();
            peer.answer(fields.stream, fields.path());
        }
    });
    let client = client();
    let requests = (0..10).map(|number| client.get(peer.url(&format!("/{}", number))));
    let texts =
        client.pipeline(requests).depth(4).map(|response| response.unwrap().text().unwrap());
    let expected = (0..10).map(|number| format!("/{}", number));
    assert_eq!(texts.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    assert_eq!(client.pool_stats().created, 1);
}

#[test]
fn ok_a_pipeline_may_keep_a_response_and_go_on() {
    let peer = play(|peer| {
        let first = peer.request("GET", "/0");
        peer.head(first, 200, &[], More);
        for number in 1..6 {
            let stream = peer.request_to(&format!("/{}", number));
            peer.answer(stream, number.to_string());
        }
        peer.data(first, "0", End);
    });
    let client = client();
    let requests = (0..6).map(|number| client.get(peer.url(&format!("/{}", number))));
    let mut pipeline = client.pipeline(requests).depth(2);
    let mut kept = pipeline.next().unwrap().unwrap();
    let texts: Vec<_> = pipeline.map(|response| response.unwrap().text().unwrap()).collect();
    assert_eq!(texts, ["1", "2", "3", "4", "5"]);
    assert_eq!(read_all(&mut kept).unwrap(), b"0");
    assert_eq!(client.pool_stats().created, 1);
}

#[test]
fn ok_a_pipeline_goes_on_when_one_of_its_streams_is_reset() {
    let peer = play(|peer| {
        let four = peer.requests(4);
        peer.answer(four[0].stream, "0");
        peer.reset(four[1].stream, ErrorCode::INTERNAL_ERROR);
        peer.reset(four[2].stream, ErrorCode::REFUSED_STREAM);
        peer.answer(four[3].stream, "3");
        let again = peer.request("GET", "/2");
        peer.answer(again, "2");
    });
    let client = client();
    let requests = (0..4).map(|number| client.get(peer.url(&format!("/{}", number))));
    let results: Vec<_> = client.pipeline(requests).depth(4).collect();
    let texts = results.into_iter().map(|result| match result {
        Ok(response) => response.text().unwrap(),
        Err(error) => format!("{:?}", error.kind()),
    });
    assert_eq!(texts.collect::<Vec<_>>(), ["0", "Reset", "2", "3"]);
}

#[test]
fn ok_a_pipeline_that_is_dropped_resets_what_it_has_in_flight() {
    let (dropped, when_dropped) = channel();
    let peer = play(move |peer| {
        let four = peer.requests(4);
        peer.answer(four[0].stream, "0");
        when_dropped.recv().unwrap();
        for fields in &four[1..] {
            peer.expect_reset(fields.stream, ErrorCode::CANCEL);
        }
        assert_eq!(peer.serve(), 1);
    });
    let client = client();
    let requests = (0..4).map(|number| client.get(peer.url(&format!("/{}", number))));
    let mut pipeline = client.pipeline(requests).depth(4);
    assert_eq!(pipeline.next().unwrap().unwrap().text().unwrap(), "0");
    drop(pipeline);
    dropped.send(()).unwrap();
    assert_eq!(get(&client, &peer, 9).0, 1);
}

#[test]
fn ok_the_workers_of_a_batch_share_a_connection() {
    let peer = play(|peer| {
        let eight = peer.requests(8);
        for fields in eight {
            peer.answer(fields.stream, fields.path());
        }
        assert_eq!(peer.serve(), 92);
    });
    let client = client();
    let requests =
        (0..100).map(|number| client.get(peer.url(&format!("/{}", number))).into_request());
    let results = client.batch(requests.collect::<Vec<_>>()).concurrency(8).collect();
    for (number, result) in results.into_iter().enumerate() {
        assert_eq!(result.unwrap().text().unwrap(), format!("/{}", number));
    }
    assert_eq!(client.pool_stats().created, 1);
}

#[test]
fn ok_neighbours_of_streams_that_are_stalled_or_reset_go_on() {
    let peer = play(|peer| {
        let stalled = peer.request("GET", "/stalled");
        let begun = peer.request("GET", "/begun");
        peer.head(begun, 200, &[("content-length", "10")], More);
        peer.data(begun, "half", More);
        for number in 0..20 {
            let fields = peer.next_request();
            match number % 2 {
                0 => peer.reset(fields.stream, ErrorCode::INTERNAL_ERROR),
                _ => peer.answer(fields.stream, fields.path()),
            }
        }
        peer.data(begun, " whole", End);
        peer.answer(stalled, "at last");
    });
    let client = client();
    thread::scope(|scope| {
        let stalled = scope.spawn(|| client.get(peer.url("/stalled")).send().unwrap().text());
        while client.pool_stats().created == 0 {
            thread::yield_now();
        }
        let mut begun = client.get(peer.url("/begun")).send().unwrap();
        for number in 0..20 {
            let path = format!("/{}", number);
            match client.get(peer.url(&path)).send() {
                Ok(response) => assert_eq!(response.text().unwrap(), path),
                Err(error) => assert_eq!((number % 2, error.kind()), (0, ErrorKind::Reset)),
            }
        }
        assert_eq!(read_all(&mut begun).unwrap(), b"half whole");
        assert_eq!(stalled.join().unwrap().unwrap(), "at last");
    });
    assert_eq!(client.pool_stats().created, 1);
}

#[test]
fn ok_who_reads_for_all_and_leaves_hands_reading_on() {
    // Each is answered only when the one before has left. Whoever reads gets his answer first or last.
    for order in [[0, 1, 2, 3, 4, 5, 6, 7], [7, 6, 5, 4, 3, 2, 1, 0], [3, 7, 0, 5, 1, 6, 2, 4]] {
        let (left, when_left) = channel();
        let peer = play(move |peer| {
            let streams: Vec<_> =
                (0..8).map(|number| peer.request_to(&format!("/{}", number))).collect();
            for number in order {
                peer.answer(streams[number], format!("/{}", number));
                assert_eq!(when_left.recv(), Ok(number));
            }
        });
        let client = client();
        at_once(8, |number| {
            get(&client, &peer, number);
            left.clone().send(number).unwrap();
        });
    }
}

#[test]
fn ok_who_times_out_while_reading_for_all_hands_reading_on() {
    let peer = play(|peer| {
        let hasty = peer.request("GET", "/hasty");
        let patient = peer.requests(4);
        peer.expect_reset(hasty, ErrorCode::CANCEL);
        for fields in patient {
            peer.answer(fields.stream, fields.path());
        }
    });
    let client = client();
    thread::scope(|scope| {
        let timeouts = Timeouts::default().total(Duration::from_millis(150));
        let hasty = client.get(peer.url("/hasty")).timeouts(timeouts);
        let hasty = scope.spawn(|| hasty.send().unwrap_err());
        while client.pool_stats().created == 0 {
            thread::yield_now();
        }
        at_once(4, |number| get(&client, &peer, number));
        assert!(hasty.join().unwrap().is_timeout());
    });
}

#[test]
fn ok_on_a_connection_of_the_callers_own_each_request_has_a_stream() {
    let peer = play(|peer| {
        let four = peer.requests(4);
        peer.answer(four[3].stream, "3");
        peer.reset(four[1].stream, ErrorCode::INTERNAL_ERROR);
        peer.at_once(|peer| {
            peer.head(four[0].stream, 200, &[], More);
            peer.data(four[0].stream, "begun", More);
        });
        peer.expect_reset(four[2].stream, ErrorCode::CANCEL);
        peer.expect_reset(four[0].stream, ErrorCode::CANCEL);
    });
    let client = client();
    let mut connection = client.connect(peer.url("/")).unwrap();
    for number in 0..4 {
        let request = client.get(peer.url(&format!("/{}", number))).build().unwrap();
        connection.send(&request).unwrap();
    }
    assert_eq!(connection.in_flight(), 4);
    let first = connection.receive().unwrap();
    assert_eq!(first.connection().id(), connection.id());
    assert_eq!(connection.receive().unwrap_err().kind(), ErrorKind::Reset);
    assert!(connection.is_open());
    // The third is never answered.
    assert_eq!(connection.in_flight(), 2);
    drop(connection);
    drop(first);
}

#[test]
fn ok_on_a_connection_of_the_callers_own_answers_come_to_their_requests_in_whatever_order() {
    let peer = play(|peer| {
        let two = peer.requests(2);
        peer.answer(two[1].stream, "b");
        peer.answer(two[0].stream, "a");
        assert_eq!(peer.serve(), 1);
    });
    let client = client();
    let mut connection = client.connect(peer.url("/")).unwrap();
    for path in ["/a", "/b"] {
        connection.send(&client.get(peer.url(path)).build().unwrap()).unwrap();
    }
    let (a, b) = (connection.receive().unwrap(), connection.receive().unwrap());
    assert_eq!((b.text().unwrap(), a.text().unwrap()), ("b".into(), "a".into()));
    connection.send(&client.get(peer.url("/c")).build().unwrap()).unwrap();
    let third = connection.receive().unwrap();
    assert_eq!((third.connection().id(), third.connection().stream()), (1, Some(5)));
    assert_eq!(third.text().unwrap(), "/c");
}

#[test]
fn ok_each_request_may_have_its_own_protocol_and_none_takes_the_connection_of_another() {
    let peer = Peer::play(|stage| {
        let mut first = stage.accept();
        first.expect_until("\r\n\r\n");
        first.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
        let mut second = H2::accept(stage);
        let stream = second.request("GET", "/");
        second.answer(stream, "2");
        first.expect_until("\r\n\r\n");
        first.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3");
        let stream = second.request("GET", "/");
        second.answer(stream, "4");
        second.expect_end();
    });
    let client = crate::support::client();
    let protocols = [Protocol::Http11, Protocol::Http2PriorKnowledge];
    for (protocol, answer) in protocols.iter().cycle().zip(["1", "2", "3", "4"]) {
        let response = client.get(peer.url("/")).protocol(*protocol).send().unwrap();
        assert_eq!(response.text().unwrap(), answer);
    }
    assert_eq!(client.pool_stats().created, 2);
    client.close_idle();
}
