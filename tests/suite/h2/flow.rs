//! Windows (RFC 9113 §5.2, §6.9): who may send how much, and that one who is slow holds up nobody else.

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use pannier::proto::h2::frame::Settings;
use pannier::proto::h2::ErrorCode;
use pannier::{Client, ErrorKind, Http2Config, Phase};

use crate::support::h2_peer::{builder, client, play, play_with, End, Got, More, H2};
use crate::support::peer::Peer;
use crate::support::read_all;

const WINDOW: u32 = 20_000;

/// A client whose streams have this window and no other.
fn windowed() -> Client {
    let config = Http2Config::default().stream_window(WINDOW).max_stream_window(WINDOW);
    builder().http2(config).build()
}

/// Sends that much to the peer, behind a request after which the client has heard of its settings.
fn upload(peer: &Peer, length: usize) {
    let client = client();
    client.get(peer.url("/")).send().unwrap().text().unwrap();
    let response = client.post(peer.url("/")).body(vec![b'x'; length]).send().unwrap();
    assert_eq!(response.text().unwrap(), "ok");
}

#[test]
fn ok_the_window_of_a_stream_is_given_back_when_its_reader_takes() {
    let (taken, when_taken) = channel::<()>();
    let peer = play(move |peer| {
        let stream = peer.request("GET", "/");
        peer.expect_ack();
        peer.head(stream, 200, &[], More);
        peer.data(stream, vec![b'x'; WINDOW as usize], More);
        // A neighbour has the client read all that, and nobody has taken it.
        let beside = peer.request("GET", "/beside");
        peer.answer(beside, "ok");
        when_taken.recv().unwrap();
        let is_back = |got: &Got| matches!(got, Got::Window { stream: 1, .. });
        assert!(!peer.aside().any(is_back), "it was given back before it was taken");
        let mut given = 0;
        while given < WINDOW / 2 {
            given += peer.expect_window(stream);
        }
        assert!(given <= WINDOW);
        peer.data(stream, vec![b'y'; given as usize], End);
    });
    let client = windowed();
    let mut response = client.get(peer.url("/")).send().unwrap();
    assert_eq!(client.get(peer.url("/beside")).send().unwrap().text().unwrap(), "ok");
    taken.send(()).unwrap();
    let content = read_all(&mut response).unwrap();
    assert!(content.starts_with(&[b'x'; WINDOW as usize]) && content.ends_with(b"yyy"));
}

#[test]
fn ok_the_window_of_the_connection_is_given_back_though_nobody_takes() {
    let config = Http2Config::default().stream_window(60_000).connection_window(65_535);
    let peer = play(|peer| {
        let slow = peer.request("GET", "/slow");
        peer.head(slow, 200, &[], More);
        peer.data(slow, vec![b'x'; 60_000], More);
        let fast = peer.request("GET", "/fast");
        let mut room = 5_535;
        while room < 30_000 {
            room += peer.expect_window(0);
        }
        peer.head(fast, 200, &[], More);
        peer.data(fast, vec![b'y'; 30_000], End);
        peer.data(slow, "", End);
    });
    let client = builder().http2(config).build();
    let mut slow = client.get(peer.url("/slow")).send().unwrap();
    let fast = client.get(peer.url("/fast")).send().unwrap();
    assert_eq!(fast.bytes().unwrap().len(), 30_000);
    assert_eq!(read_all(&mut slow).unwrap().len(), 60_000);
}

#[test]
fn ok_a_slow_reader_stalls_nobody_else() {
    let peer = play(|peer| {
        let slow = peer.request("GET", "/slow");
        peer.head(slow, 200, &[], More);
        peer.data(slow, vec![b'x'; WINDOW as usize], More);
        for _ in 0..20 {
            let stream = peer.request("GET", "/fast");
            peer.head(stream, 200, &[], More);
            peer.data(stream, vec![b'y'; WINDOW as usize], End);
        }
        peer.data(slow, "", End);
    });
    let client = windowed();
    let mut slow = client.get(peer.url("/slow")).send().unwrap();
    for _ in 0..20 {
        let response = client.get(peer.url("/fast")).send().unwrap();
        assert_eq!(response.bytes().unwrap().len(), WINDOW as usize);
    }
    assert_eq!(read_all(&mut slow).unwrap().len(), WINDOW as usize);
}

#[test]
fn ok_the_window_grows_for_one_who_keeps_up() {
    let config = Http2Config::default().stream_window(WINDOW).max_stream_window(16 * WINDOW);
    let peer = play(|peer| {
        let stream = peer.request("GET", "/");
        peer.head(stream, 200, &[], More);
        let (mut room, mut most) = (u64::from(WINDOW), 0);
        for _ in 0..100 {
            most = most.max(room);
            let count = room.min(16_384);
            peer.data(stream, vec![b'x'; count as usize], More);
            room -= count;
            peer.ping();
            while let Some(increment) = window_aside(peer, stream) {
                room += increment;
            }
            if room == 0 {
                room += u64::from(peer.expect_window(stream));
            }
        }
        assert!(most > 2 * u64::from(WINDOW), "no more than {}", most);
        assert!(most <= 16 * u64::from(WINDOW), "as much as {}", most);
        peer.data(stream, "", End);
    });
    let mut response = builder().http2(config).build().get(peer.url("/")).send().unwrap();
    std::io::copy(&mut response, &mut std::io::sink()).unwrap();
}

fn window_aside(peer: &mut H2, stream: u32) -> Option<u64> {
    let is_window = |got: &Got| matches!(got, Got::Window { stream: same, .. } if *same == stream);
    let any = peer.aside().any(is_window);
    any.then(|| u64::from(peer.expect_window(stream)))
}

#[test]
fn err_more_than_the_window_allows_ends_the_stream_alone() {
    let peer = play(|peer| {
        let stream = peer.request("GET", "/");
        peer.expect_ack();
        peer.head(stream, 200, &[], More);
        // A neighbour has the client read, while nobody takes anything.
        let beside = peer.request("GET", "/beside");
        peer.data(stream, vec![b'x'; WINDOW as usize + 1], More);
        peer.expect_reset(stream, ErrorCode::FLOW_CONTROL_ERROR);
        peer.answer(beside, "ok");
    });
    let client = windowed();
    let mut response = client.get(peer.url("/")).send().unwrap();
    assert_eq!(client.get(peer.url("/beside")).send().unwrap().text().unwrap(), "ok");
    let error = read_all(&mut response).unwrap_err();
    assert_eq!(error.phase(), Some(Phase::Receive));
    assert!(matches!(error.kind(), ErrorKind::Framing | ErrorKind::Protocol), "{:?}", error);
    assert!(error.to_string().contains("flow-control window"), "{}", error);
}

#[test]
fn ok_an_upload_stops_at_the_window_of_its_stream_and_goes_on() {
    let peer = play_with(&[(Settings::INITIAL_WINDOW_SIZE, 1000)], |peer| {
        // The first request is sent before the client has heard of that.
        let first = peer.request("GET", "/");
        peer.answer(first, "ok");
        let stream = peer.request("POST", "/");
        assert_eq!(peer.content_of(stream, 1000), [b'x'; 1000]);
        peer.expect_silence();
        peer.window(stream, 1);
        assert_eq!(peer.content_of(stream, 1), b"x");
        peer.window(stream, 500);
        assert_eq!(peer.content_of(stream, 500).len(), 500);
        peer.expect_silence();
        peer.window(stream, 1_000_000);
        assert_eq!(peer.piece(stream), (vec![b'x'; 499], End));
        peer.answer(stream, "ok");
    });
    upload(&peer, 2000);
}

#[test]
fn ok_an_upload_stops_at_the_window_of_the_connection_and_goes_on() {
    let peer = play_with(&[(Settings::INITIAL_WINDOW_SIZE, 1_000_000)], |peer| {
        let first = peer.request("GET", "/");
        peer.answer(first, "ok");
        let stream = peer.request("POST", "/");
        assert_eq!(peer.content_of(stream, 65_535).len(), 65_535);
        peer.expect_silence();
        // Other exchanges need no window.
        peer.window(0, 1);
        assert_eq!(peer.content_of(stream, 1).len(), 1);
        peer.window(0, 1_000_000);
        let mut rest = 0;
        loop {
            let (data, then) = peer.piece(stream);
            rest += data.len();
            if then == End {
                break;
            }
        }
        assert_eq!(rest, 100_000 - 65_536);
        peer.answer(stream, "ok");
    });
    upload(&peer, 100_000);
}

#[test]
fn ok_an_upload_without_a_window_stalls_nobody_else() {
    let (began, when_begun) = channel();
    let peer = play_with(&[(Settings::INITIAL_WINDOW_SIZE, 0)], move |peer| {
        let first = peer.request("GET", "/first");
        peer.answer(first, "ok");
        let upload = peer.request("POST", "/upload");
        began.send(()).unwrap();
        for _ in 0..20 {
            let stream = peer.request("GET", "/beside");
            peer.answer(stream, "ok");
        }
        peer.window(upload, 5);
        assert_eq!(peer.piece(upload), (b"hello".to_vec(), End));
        peer.answer(upload, "ok");
    });
    let client = client();
    client.get(peer.url("/first")).send().unwrap().text().unwrap();
    thread::scope(|scope| {
        let upload = scope.spawn(|| client.post(peer.url("/upload")).body("hello").send());
        when_begun.recv().unwrap();
        for _ in 0..20 {
            let response = client.get(peer.url("/beside")).send().unwrap();
            assert_eq!(response.text().unwrap(), "ok");
        }
        assert_eq!(upload.join().unwrap().unwrap().text().unwrap(), "ok");
    });
    assert_eq!(client.pool_stats().created, 1);
}

#[test]
fn ok_a_window_that_settings_make_negative_is_to_be_filled_up_first() {
    let peer = play_with(&[(Settings::INITIAL_WINDOW_SIZE, 1000)], |peer| {
        let first = peer.request("GET", "/");
        peer.answer(first, "ok");
        let stream = peer.request("POST", "/");
        peer.content_of(stream, 1000);
        // From 0 to 400 below.
        peer.settings(&[(Settings::INITIAL_WINDOW_SIZE, 600)]);
        peer.window(stream, 400);
        peer.ping();
        peer.expect_silence();
        peer.window(stream, 1);
        assert_eq!(peer.content_of(stream, 1).len(), 1);
        peer.expect_silence();
        // And now everyone has more.
        peer.settings(&[(Settings::INITIAL_WINDOW_SIZE, 100_000)]);
        assert_eq!(peer.piece(stream), (vec![b'x'; 999], End));
        peer.answer(stream, "ok");
    });
    upload(&peer, 2000);
}

#[test]
fn err_a_window_that_becomes_too_large_ends_its_stream_or_the_connection() {
    type Say = fn(&mut H2, u32);
    let table: [(Say, bool); 3] = [
        (|peer, stream| peer.window(stream, (1 << 31) - 1), true),
        (|peer, _| peer.window(0, (1 << 31) - 1), false),
        (
            |peer, stream| {
                peer.window(stream, 1_000_000);
                peer.settings(&[(Settings::INITIAL_WINDOW_SIZE, (1 << 31) - 1)]);
            },
            false,
        ),
    ];
    for (say, alone) in table {
        let peer = play(move |peer| {
            let stream = peer.next_request().stream;
            say(peer, stream);
            match alone {
                true => peer.expect_reset(stream, ErrorCode::FLOW_CONTROL_ERROR),
                false => assert_eq!(peer.expect_goaway(), ErrorCode::FLOW_CONTROL_ERROR),
            }
        });
        let error = client().get(peer.url("/")).send().unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Protocol, Some(Phase::Wait)));
        assert!(error.to_string().contains("window"), "{}", error);
    }
}

#[test]
fn ok_frames_are_as_long_as_the_peer_takes_them() {
    // The size that a script can read is the least, so this only sees that no frame is longer.
    let peer = play_with(&[(Settings::MAX_FRAME_SIZE, 16_384)], |peer| {
        let stream = peer.next_request().stream;
        assert_eq!(peer.content(stream).len(), 300_000);
        peer.answer(stream, "ok");
    });
    let response = client().post(peer.url("/")).body(vec![b'x'; 300_000]).send().unwrap();
    assert_eq!(response.text().unwrap(), "ok");
}

#[test]
fn ok_an_upload_goes_on_when_the_peer_reads_again_though_another_one_waits() {
    const LENGTH: usize = 24 << 20;
    let peer = play_with(&[(Settings::INITIAL_WINDOW_SIZE, 1 << 30)], |peer| {
        peer.window(0, 1 << 30);
        let waits = peer.request("GET", "/waits");
        let upload = peer.request("POST", "/upload");
        // Longer than anyone tries to write in vain.
        thread::sleep(Duration::from_millis(600));
        let mut left = LENGTH;
        loop {
            let (data, then) = peer.piece(upload);
            left -= data.len();
            if then == End {
                break;
            }
        }
        assert_eq!(left, 0);
        peer.answer(upload, "ok");
        peer.answer(waits, "at last");
    });
    let client = client();
    thread::scope(|scope| {
        let (client, peer) = (&client, &peer);
        let waits = scope.spawn(move || client.get(peer.url("/waits")).send().unwrap().text());
        while client.pool_stats().created == 0 {
            thread::yield_now();
        }
        let began = Instant::now();
        let response = client.post(peer.url("/upload")).body(vec![b'x'; LENGTH]).send().unwrap();
        assert_eq!(response.text().unwrap(), "ok");
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        assert_eq!(waits.join().unwrap().unwrap(), "at last");
    });
}
