//! The deadline holds over HTTP/2 too, whatever the peer does and whatever the others on the connection
//! do: at most 50 ms late, never early. And the connection outlives it.
//!
//! As in `deadline`, each case runs with several deadlines at once, and the median is judged.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use pannier::proto::h2::frame::{Frame, Settings};
use pannier::proto::h2::ErrorCode;
use pannier::{Body, CancelToken, Client, Error, Http2Config, Limits, Phase, PoolConfig, Timeouts};

use crate::support::h2_peer::{builder, More, H2};
use crate::support::lateness::{self, timed, DEADLINES, LATE};
use crate::support::peer::{Peer, Stage};
use crate::support::{in_threads, read_all};

/// Runs a case whose total timeout is the deadline, and which says itself what counts.
fn late<T>(
    phase: impl Into<Option<Phase>>,
    case: impl Fn(Timeouts) -> (Error, Duration, T) + Sync,
) {
    lateness::late(phase, DEADLINES, |deadline| case(Timeouts::default().total(deadline)));
}

/// No limit ends what the deadline must.
fn unlimited() -> Client {
    let limits = Limits::default().head_bytes(1 << 30).head_lines(1 << 30);
    let limits = limits.interim_responses(usize::MAX).trailer_bytes(1 << 30);
    builder().limits(limits).http2(Http2Config::default().idle_frames(u32::MAX)).build()
}

/// Runs against a new peer each time.
fn against(
    phase: Phase,
    script: impl Fn(&mut Stage) + Copy + Send + Sync + 'static,
    call: impl Fn(&Client, &str, Timeouts) -> Error + Sync,
) {
    late(phase, |timeouts| {
        let peer = Peer::play(move |stage| script(stage));
        let client = unlimited();
        let (error, elapsed) = timed(|| call(&client, &peer.url("/"), timeouts));
        (error, elapsed, (client, peer))
    });
}

fn get(client: &Client, url: &str, timeouts: Timeouts) -> Error {
    let response = client.get(url).timeouts(timeouts).send();
    response.and_then(|mut response| read_all(&mut response)).unwrap_err()
}

/// Says the same until the client does not listen any more.
fn drip(peer: &mut H2, pause: Duration, say: &[u8]) {
    while peer.try_raw(say) {
        thread::sleep(pause);
    }
}

#[test]
fn ok_while_the_peer_is_silent() {
    // Before it has said a word of HTTP/2, and after.
    against(Phase::Wait, |stage| H2::meet(stage.accept()).hold(stage), get);
    against(
        Phase::Wait,
        |stage| {
            let mut peer = H2::accept(stage);
            peer.next_request();
            peer.hold(stage);
        },
        get,
    );
    // Nobody takes the connection.
    against(Phase::Wait, |_| {}, get);
}

#[test]
fn ok_while_the_peer_pings_or_sets_or_says_what_nobody_knows() {
    let frames: [&[u8]; 4] = [
        b"\0\0\x08\x06\0\0\0\0\0are you?",
        b"\0\0\0\x04\0\0\0\0\0",
        b"\0\0\x04\xee\0\0\0\0\0what",
        b"\0\0\x04\x08\0\0\0\0\0\0\0\0\x01",
    ];
    for frame in frames {
        against(
            Phase::Wait,
            move |stage| {
                let mut peer = H2::accept(stage);
                peer.next_request();
                drip(&mut peer, Duration::from_millis(3), frame);
            },
            get,
        );
    }
}

#[test]
fn ok_while_interim_responses_come() {
    against(
        Phase::Wait,
        |stage| {
            let mut peer = H2::accept(stage);
            let stream = peer.next_request().stream;
            while peer.try_head(stream, 102) {
                thread::sleep(Duration::from_millis(3));
            }
        },
        get,
    );
}

#[test]
fn ok_while_content_drips_or_floods() {
    for (count, pause) in [(1, 7_000), (0, 3_000), (16_000, 200)] {
        against(
            Phase::Receive,
            move |stage| {
                let mut peer = H2::accept(stage);
                let stream = peer.next_request().stream;
                peer.head(stream, 200, &[], More);
                let mut frame = Vec::new();
                Frame::data(stream, &vec![b'x'; count], false).write_to(&mut frame);
                drip(&mut peer, Duration::from_micros(pause), &frame);
            },
            |client, url, timeouts| {
                let mut response = client.get(url).timeouts(timeouts).send().unwrap();
                Error::from(io::copy(&mut response, &mut io::sink()).unwrap_err())
            },
        );
    }
}

#[test]
fn ok_while_a_field_block_does_not_end() {
    against(
        Phase::Wait,
        |stage| {
            let mut peer = H2::accept(stage);
            peer.next_request();
            peer.raw(b"\0\0\x01\x01\0\0\0\0\x01\x88");
            peer.hold(stage);
        },
        get,
    );
}

#[test]
fn ok_while_an_upload_has_no_window() {
    against(
        Phase::Send,
        |stage| {
            let mut peer = H2::accept(stage);
            let stream = peer.next_request().stream;
            peer.content_of(stream, 65_535);
            // The rest is waited for in vain.
            while peer.next().is_some() {}
        },
        |client, url, timeouts| {
            client.post(url).body(vec![0; 1 << 20]).timeouts(timeouts).send().unwrap_err()
        },
    );
}

#[test]
fn ok_while_the_peer_has_windows_and_does_not_read() {
    against(
        Phase::Send,
        |stage| {
            let mut peer =
                H2::accept_with(stage, &[(Settings::INITIAL_WINDOW_SIZE, (1 << 31) - 1)]);
            peer.next_request();
            peer.window(0, 1 << 30);
            peer.hold(stage);
        },
        |client, url, timeouts| {
            let body = Body::reader(io::repeat(0));
            client.post(url).body(body).timeouts(timeouts).send().unwrap_err()
        },
    );
}

#[test]
fn ok_while_the_peer_reads_slowly() {
    against(
        Phase::Send,
        |stage| {
            let mut peer = H2::accept_with(stage, &[(Settings::INITIAL_WINDOW_SIZE, 1 << 30)]);
            peer.window(0, 1 << 30);
            while peer.next().is_some() {
                thread::sleep(Duration::from_millis(5));
            }
        },
        |client, url, timeouts| {
            let body = Body::reader(io::repeat(0));
            client.post(url).body(body).timeouts(timeouts).send().unwrap_err()
        },
    );
}

#[test]
fn ok_while_continue_does_not_come() {
    against(
        Phase::Send,
        |stage| {
            let mut peer = H2::accept(stage);
            peer.next_request();
            peer.hold(stage);
        },
        |client, url, timeouts| {
            let timeouts = timeouts.expect_continue(Duration::from_secs(3600));
            let request = client.post(url).expect_continue().body("body");
            request.timeouts(timeouts).send().unwrap_err()
        },
    );
}

/// A peer that allows one stream and never ends it.
fn full(stage: &mut Stage) {
    let mut peer = H2::accept_with(stage, &[(Settings::MAX_CONCURRENT_STREAMS, 1)]);
    let first = peer.next_request().stream;
    peer.head(first, 200, &[], More);
    while peer.next().is_some() {}
}

#[test]
fn ok_while_as_many_streams_are_open_as_may_be() {
    late(Phase::Queue, |timeouts| {
        let peer = Peer::play(full);
        let client = builder().pool(PoolConfig::default().max_per_origin(1)).build();
        let busy = client.get(peer.url("/")).send().unwrap();
        let (error, elapsed) = timed(|| get(&client, &peer.url("/"), timeouts));
        (error, elapsed, (busy, client, peer))
    });
    // On a connection of the caller's own there is no queue before it.
    late(Phase::Send, |timeouts| {
        let peer = Peer::play(full);
        let client = builder().build();
        let mut connection = client.connect(peer.url("/")).unwrap();
        connection.send(&client.get(peer.url("/")).build().unwrap()).unwrap();
        let busy = connection.receive().unwrap();
        let request = client.get(peer.url("/")).timeouts(timeouts).build().unwrap();
        let (result, elapsed) = timed(|| connection.send(&request));
        (result.unwrap_err(), elapsed, (busy, client, peer))
    });
}

#[test]
fn ok_beside_others_that_wait_longer_or_shorter_on_the_same_connection() {
    // One connection, on which all of them wait; whoever reads for all leaves when his time has come.
    let peer = Peer::play(|stage| {
        let mut peer = H2::accept(stage);
        let requests = peer.requests(20);
        for _ in &requests {
            assert_eq!(peer.any_reset().1, ErrorCode::CANCEL);
        }
        assert_eq!(peer.serve(), 1);
    });
    let client = builder().build();
    let barrier = Barrier::new(20);
    let mut runs = in_threads(0..20, |number| {
        barrier.wait();
        let deadline = Duration::from_millis(100 + 17 * number);
        let (error, elapsed) =
            timed(|| get(&client, &peer.url("/"), Timeouts::default().total(deadline)));
        assert!(error.is_timeout() && elapsed >= deadline, "{:?}", error);
        elapsed - deadline
    });
    runs.sort();
    assert!(runs[10] <= LATE, "late: {:?}", runs);
    let next = client.get(peer.url("/next")).send().unwrap();
    assert_eq!((next.connection().id(), next.connection().stream()), (1, Some(41)));
    assert_eq!(next.text().unwrap(), "/next");
}

/// Gives zeros, and counts how many.
struct Counted(Arc<AtomicU64>);

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        io::repeat(0).read(buffer)
    }
}

#[test]
fn ok_beside_an_upload_that_the_peer_does_not_read() {
    // Whether the request itself goes out, or waits behind the upload, nobody knows.
    late(None, |timeouts| {
        let peer = Peer::play(|stage| {
            let mut peer = H2::accept_with(stage, &[(Settings::INITIAL_WINDOW_SIZE, 1 << 30)]);
            peer.window(0, 1 << 30);
            peer.request_to("/upload");
            peer.hold(stage);
        });
        let client = builder().build();
        let (token, count) = (CancelToken::new(), Arc::new(AtomicU64::new(0)));
        let body = Body::reader(Counted(Arc::clone(&count)));
        let request = client.post(peer.url("/upload")).body(body).cancel(token.clone());
        let upload = thread::spawn(move || drop(request.send().unwrap_err()));
        let mut before = 0;
        while before == 0 || before < count.load(Ordering::Relaxed) {
            // Until nothing goes out any more.
            before = count.load(Ordering::Relaxed);
            thread::sleep(Duration::from_millis(30));
        }
        let (error, elapsed) = timed(|| get(&client, &peer.url("/waits"), timeouts));
        token.cancel();
        upload.join().unwrap();
        (error, elapsed, (client, peer))
    });
}

#[test]
fn ok_an_exchange_that_has_timed_out_costs_its_stream_and_nothing_else() {
    type Say = fn(&mut H2, u32);
    let before: [Say; 3] = [
        |_, _| {},
        |peer, stream| peer.head(stream, 102, &[], More),
        |peer, stream| {
            peer.head(stream, 200, &[], More);
            peer.data(stream, "begun", More);
        },
    ];
    for say in before {
        let peer = crate::support::h2_peer::play(move |peer| {
            let stream = peer.next_request().stream;
            say(peer, stream);
            peer.expect_reset(stream, ErrorCode::CANCEL);
            // It comes too late.
            peer.try_frame(Frame::data(stream, b"late", true));
            assert_eq!(peer.serve(), 1);
        });
        let client = builder().build();
        let error =
            get(&client, &peer.url("/"), Timeouts::default().total(Duration::from_millis(80)));
        assert!(error.is_timeout());
        let next = client.get(peer.url("/next")).send().unwrap();
        assert_eq!((next.connection().id(), next.connection().stream()), (1, Some(3)));
        assert_eq!(next.text().unwrap(), "/next");
    }
}
