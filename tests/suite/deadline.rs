//! The deadline holds, whatever the peer does: at most 50 ms late, never early.
//!
//! Each case runs several times at once, with different deadlines, and the median of how late the
//! calls came back is judged: a single one may have waited for the processor.

use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use pannier::http::Method;
use pannier::net::{Deadline, Resolve};
use pannier::{
    Body, CancelToken, Client, Error, Limits, Multipart, Part, Phase, RedirectPolicy, Timeouts,
};
use proptest::prelude::*;

use crate::support::lateness::{self, timed, DEADLINES};
use crate::support::peer::{Peer, Stage};
use crate::support::plain_tls::OneByteTls;
use crate::support::{builder, read_all, EMPTY, OK};

/// Runs a case whose timeouts are made of the deadline. All of it counts.
fn late<T>(
    phase: impl Into<Option<Phase>>,
    deadlines: [u64; 5],
    case: impl Fn(Timeouts) -> (Error, T) + Sync,
    timeouts: impl Fn(Duration) -> Timeouts + Sync,
) {
    lateness::late(phase, deadlines, |deadline| {
        let ((error, peer), elapsed) = timed(|| case(timeouts(deadline)));
        (error, elapsed, peer)
    });
}

fn total(deadline: Duration) -> Timeouts {
    Timeouts::default().total(deadline)
}

fn get(client: &Client, url: &str, timeouts: Timeouts) -> Error {
    let response = client.get(url).timeouts(timeouts).send();
    response.and_then(|mut response| read_all(&mut response)).unwrap_err()
}

/// What a peer sends again and again, instead of an end.
#[derive(Clone, Debug)]
struct Drip {
    before: &'static str,
    piece: &'static str,
    phase: Phase,
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

fn drips() -> impl Strategy<Value = Drip> {
    let drip = |before, piece, phase| Just(Drip { before, piece, phase });
    prop_oneof![
        drip("", "", Phase::Wait),
        drip("HTTP/1.1 200 ", "x", Phase::Wait),
        drip("HTTP/1.1 200 OK\r\n", "X: y\r\n", Phase::Wait),
        drip("", "HTTP/1.1 102 Processing\r\n\r\n", Phase::Wait),
        drip("HTTP/1.1 200 OK\r\n\r\n", "x", Phase::Receive),
        drip("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", "x", Phase::Receive),
        drip("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", "", Phase::Receive),
        drip(CHUNKED, "1\r\nx\r\n", Phase::Receive),
        drip("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;", "x", Phase::Receive),
        drip(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            "X: y\r\n",
            Phase::Receive
        ),
    ]
}

/// No limit ends what the deadline must.
fn unlimited() -> Client {
    let limits = Limits::default()
        .head_bytes(usize::MAX)
        .head_lines(usize::MAX)
        .interim_responses(usize::MAX)
        .trailer_bytes(usize::MAX)
        .chunk_line(usize::MAX);
    Client::builder().limits(limits).build()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ok_against_a_peer_that_drips(
        drip in drips(),
        pause in prop_oneof![Just(1_u64), Just(7), Just(30)],
        shortest in 100_u64..200,
    ) {
        let deadlines = [0, 20, 40, 60, 80].map(|more| shortest + more);
        late(drip.phase, deadlines, |timeouts| {
            let (before, piece) = (drip.before, drip.piece);
            let peer = Peer::play(move |peer| {
                let mut wire = peer.accept();
                wire.expect_head();
                wire.send(before);
                match piece {
                    "" => wire.expect_end(),
                    piece => wire.drip(piece.as_bytes(), Duration::from_millis(pause)),
                }
            });
            (get(&unlimited(), &peer.url(""), timeouts), peer)
        }, total);
    }
}

/// Runs against a new peer each time, which the client leaves stalled.
fn against(
    phase: Phase,
    script: impl Fn(&mut Stage) + Copy + Send + Sync + 'static,
    call: impl Fn(&Client, &str, Timeouts) -> Error + Sync,
) {
    late(
        phase,
        DEADLINES,
        |timeouts| {
            let peer = Peer::play(move |peer| script(peer));
            (call(&Client::new(), &peer.url("/"), timeouts), peer)
        },
        total,
    );
}

#[test]
fn ok_against_a_flood() {
    for piece in ["HTTP/1.1 102 Processing\r\n\r\n", "X-Field: value\r\n"] {
        late(
            Phase::Wait,
            DEADLINES,
            |timeouts| {
                let peer = Peer::play(move |peer| {
                    let mut wire = peer.accept();
                    wire.expect_head();
                    if piece.starts_with('X') {
                        wire.send("HTTP/1.1 200 OK\r\n");
                    }
                    wire.drip(piece.repeat(100).as_bytes(), Duration::from_micros(500));
                });
                (get(&unlimited(), &peer.url("/"), timeouts), peer)
            },
            total,
        );
    }
}

#[test]
fn ok_against_a_body_without_end_that_comes_as_fast_as_it_is_read() {
    against(
        Phase::Receive,
        |peer| {
            let mut wire = peer.accept();
            wire.expect_head();
            wire.send("HTTP/1.1 200 OK\r\n\r\n");
            wire.drip(&[b'x'; 8 << 10], Duration::from_micros(200));
        },
        |client, url, timeouts| {
            let mut response = client.get(url).timeouts(timeouts).send().unwrap();
            Error::from(io::copy(&mut response, &mut io::sink()).unwrap_err())
        },
    );
}

#[test]
fn ok_against_a_peer_that_stops_reading_an_upload() {
    against(
        Phase::Send,
        |peer| {
            let mut wire = peer.accept();
            wire.expect_head();
            peer.stall(wire);
        },
        |client, url, timeouts| {
            client.post(url).body(vec![0; 32 << 20]).timeouts(timeouts).send().unwrap_err()
        },
    );
}

#[test]
fn ok_against_a_peer_that_reads_an_upload_slowly() {
    against(
        Phase::Send,
        |peer| {
            let mut wire = peer.accept();
            wire.expect_head();
            while wire.try_bytes(16 << 10) {
                thread::sleep(Duration::from_millis(5));
            }
        },
        |client, url, timeouts| {
            let zeros = Body::reader(io::repeat(0));
            client.post(url).body(zeros).timeouts(timeouts).send().unwrap_err()
        },
    );
}

#[test]
fn ok_against_a_peer_that_accepts_and_is_silent() {
    against(
        Phase::Wait,
        |peer| {
            let wire = peer.accept();
            peer.stall(wire);
        },
        get,
    );
}

#[test]
fn ok_against_a_listener_that_never_accepts() {
    // The system makes the connection; nobody takes it.
    against(Phase::Wait, |_| {}, get);
}

#[test]
fn ok_against_a_peer_that_never_says_continue_nor_reads() {
    against(
        Phase::Send,
        |peer| {
            let mut wire = peer.accept();
            wire.expect_head();
            peer.stall(wire);
        },
        |client, url, timeouts| {
            let request = client.post(url).header("Expect", "100-continue").body("body");
            request.timeouts(timeouts).send().unwrap_err()
        },
    );
}

#[test]
fn ok_against_a_peer_that_says_everything_but_continue() {
    for piece in ["", "HTTP/1.1 102 Processing\r\n\r\n"] {
        late(
            Phase::Send,
            DEADLINES,
            |timeouts| {
                let peer = Peer::play(move |peer| {
                    let mut wire = peer.accept();
                    wire.expect_head();
                    match piece {
                        "" => peer.stall(wire),
                        piece => wire.drip(piece.as_bytes(), Duration::from_millis(7)),
                    }
                });
                let patience = timeouts.expect_continue(Duration::from_secs(3600));
                let request = unlimited().post(peer.url("/")).expect_continue().body("body");
                (request.timeouts(patience).send().unwrap_err(), peer)
            },
            total,
        );
    }
}

#[test]
fn ok_against_an_event_stream_of_comments() {
    against(
        Phase::Receive,
        |peer| {
            let mut wire = peer.accept();
            wire.expect_head();
            wire.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
            wire.drip(b": still here\n\n", Duration::from_millis(7));
        },
        |client, url, timeouts| {
            let response = client.get(url).timeouts(timeouts).send().unwrap();
            response.events().unwrap().next().unwrap().unwrap_err()
        },
    );
}

#[test]
fn ok_against_a_peer_that_stops_reading_a_form() {
    against(
        Phase::Send,
        |peer| {
            let mut wire = peer.accept();
            wire.expect_head();
            peer.stall(wire);
        },
        |client, url, timeouts| {
            let zeros = Body::from_fn(None, || Ok(io::repeat(0)));
            let form = Multipart::new().text("a", "b").part("zeros", Part::new(zeros));
            client.post(url).multipart(form).timeouts(timeouts).send().unwrap_err()
        },
    );
}

/// Never finds anything.
#[derive(Debug)]
struct Silent;

impl Resolve for Silent {
    fn resolve(
        &self,
        _: &str,
        _: u16,
        deadline: Deadline,
        _: Option<&CancelToken>,
    ) -> io::Result<Vec<SocketAddr>> {
        let left = deadline.remaining(Instant::now())?.expect("there is a deadline");
        thread::sleep(left);
        Err(io::ErrorKind::TimedOut.into())
    }
}

#[test]
fn ok_against_a_lookup_that_stalls() {
    for timeouts in [total, |deadline| Timeouts::default().connect(deadline)] {
        late(
            Phase::Resolve,
            DEADLINES,
            |timeouts| {
                let client = builder().resolver(Silent).build();
                (get(&client, "http://example.com/", timeouts), ())
            },
            timeouts,
        );
    }
}

#[test]
fn ok_against_a_tls_handshake_that_stalls() {
    for timeouts in [total, |deadline| Timeouts::default().connect(deadline)] {
        late(
            Phase::Tls,
            DEADLINES,
            |timeouts| {
                let peer = Peer::play(|peer| {
                    let wire = peer.accept();
                    peer.stall(wire);
                });
                let client = Client::builder().tls(OneByteTls).build();
                (get(&client, &peer.url("/").replace("http:", "https:"), timeouts), peer)
            },
            timeouts,
        );
    }
}

/// A client whose only proxy is this peer, whose answers no limit ends.
#[cfg(feature = "proxy")]
fn proxied(scheme: &str, peer: &Peer) -> Client {
    let proxy = pannier::Proxy::new(&format!("{}://{}", scheme, peer.address())).unwrap();
    let proxy = proxy.credentials(pannier::Credentials::digest("user", "secret"));
    let limits = Limits::default().head_lines(usize::MAX).interim_responses(usize::MAX);
    Client::builder().limits(limits).proxy(proxy.tunnel_http(true)).build()
}

#[cfg(feature = "proxy")]
#[test]
fn ok_at_each_step_of_socks() {
    for (scheme, said) in [
        ("socks5h", vec![&b""[..]]),
        ("socks5h", vec![b"\x05"]),
        ("socks5h", vec![b"\x05\x02"]),
        ("socks5h", vec![b"\x05\x02", b"\x01"]),
        ("socks5h", vec![b"\x05\x02", b"\x01\x00"]),
        ("socks5h", vec![b"\x05\x02", b"\x01\x00", b"\x05\x00\x00\x03\xff"]),
        ("socks5", vec![b"\x05\x00", b"\x05\x00\x00\x01\0\0\0\0\0"]),
        ("socks4a", vec![b"\x00\x5a\0\0\0"]),
    ] {
        let said = &said;
        let case = |timeouts| {
            let said = said.clone();
            let peer = Peer::play(move |peer| {
                let mut wire = peer.accept();
                for answer in said {
                    wire.expect_bytes(4);
                    wire.send(answer);
                }
                peer.stall(wire);
            });
            (get(&proxied(scheme, &peer), "http://127.0.0.1/", timeouts), peer)
        };
        late(Phase::Tunnel, DEADLINES, case, total);
    }
    let case = |timeouts| {
        let peer = Peer::play(|peer| {
            let wire = peer.accept();
            peer.stall(wire);
        });
        (get(&proxied("socks5h", &peer), "http://a.test/", timeouts), peer)
    };
    late(Phase::Tunnel, DEADLINES, case, |timeout| Timeouts::default().connect(timeout));
}

#[cfg(feature = "proxy")]
#[test]
fn ok_at_each_step_of_connect() {
    const CHALLENGE: &str =
        "HTTP/1.1 407 Who\r\nProxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n";
    for (said, piece) in [
        ("".to_owned(), ""),
        ("HTTP/1.1 200 OK\r\nX: y\r\n".to_owned(), ""),
        ("HTTP/1.1 200 OK\r\n".to_owned(), "X: y\r\n"),
        ("".to_owned(), "HTTP/1.1 102 Processing\r\n\r\n"),
        (format!("{}Content-Length: 5\r\n\r\nwho", CHALLENGE), ""),
        (format!("{}Content-Length: 60000\r\n\r\n", CHALLENGE), "x"),
        (format!("{}Transfer-Encoding: chunked\r\n\r\n", CHALLENGE), "1\r\nx\r\n"),
        (format!("{}Content-Length: 0\r\n\r\n", CHALLENGE), ""),
    ] {
        let said = &said;
        let case = |timeouts| {
            let said = said.clone();
            let peer = Peer::play(move |peer| {
                let mut wire = peer.accept();
                wire.expect_head();
                wire.send(said);
                match piece {
                    "" => peer.stall(wire),
                    piece => wire.drip(piece.as_bytes(), Duration::from_millis(7)),
                }
            });
            (get(&proxied("http", &peer), "http://a.test/", timeouts), peer)
        };
        late(Phase::Tunnel, DEADLINES, case, total);
    }
}

/// Each hop is well inside the deadline; all of them together are not. Where the end meets them is a
/// matter of chance.
#[test]
fn ok_over_a_chain_of_slow_redirects() {
    const HOP: &str = "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n";
    for connection in ["close", "keep-alive"] {
        late(
            None,
            DEADLINES,
            |timeouts| {
                let peer = Peer::play(move |peer| {
                    let mut wire = peer.accept();
                    while wire.next_head().is_some() {
                        thread::sleep(Duration::from_millis(30));
                        if !wire.try_send(HOP) {
                            return;
                        }
                        if connection == "close" {
                            wire = peer.accept();
                        }
                    }
                });
                let client = Client::builder().redirects(RedirectPolicy::unlimited()).build();
                let request = client.get(peer.url("/")).header("Connection", connection);
                let error = request.timeouts(timeouts).send().unwrap_err();
                // Wakes a peer that waits for one more.
                let _ = std::net::TcpStream::connect(peer.address());
                (error, peer)
            },
            total,
        );
    }
}

#[test]
fn ok_over_a_redirect_whose_body_drips() {
    against(
        Phase::Wait,
        |peer| {
            let mut wire = peer.accept();
            wire.expect_head();
            wire.send("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 1000\r\n\r\n");
            let wire2 = peer.accept();
            peer.stall(wire2);
            wire.drip(b"x", Duration::from_millis(5));
        },
        get,
    );
}

#[test]
fn ok_over_a_retry() {
    against(
        Phase::Wait,
        |peer| {
            let mut wire = peer.accept();
            wire.exchange("GET /", EMPTY);
            wire.expect_head();
            thread::sleep(Duration::from_millis(40));
            wire.close();
            let wire = peer.accept();
            peer.stall(wire);
        },
        |client, url, timeouts| {
            client.get(url).send().unwrap();
            get(client, url, timeouts)
        },
    );
}

#[test]
fn ok_over_the_body_that_is_read_long_after_the_head() {
    against(
        Phase::Receive,
        |peer| {
            let mut wire = peer.accept();
            wire.exchange("GET /", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok");
            wire.expect_end();
        },
        |client, url, timeouts| {
            let mut response = client.get(url).timeouts(timeouts).send().unwrap();
            response.read_exact(&mut [0; 2]).unwrap();
            thread::sleep(Duration::from_millis(60));
            response.read_body(&mut [0; 9]).unwrap_err()
        },
    );
}

#[test]
fn err_nothing_left_is_a_timeout_now() {
    let peer = Peer::answers([OK]);
    let client = Client::new();
    for timeouts in [total(Duration::ZERO), Timeouts::default().connect(Duration::ZERO)] {
        let began = Instant::now();
        let error = client.get(peer.url("/")).timeouts(timeouts).send().unwrap_err();
        assert!(error.is_timeout() && error.is_safe_to_retry(), "{:?}", error);
        assert!(began.elapsed() < Duration::from_millis(500));
    }
    // A connection that is there already needs no connecting.
    client.get(peer.url("/")).send().unwrap();
}

#[test]
fn ok_a_deadline_that_is_far_away_changes_nothing() {
    let peer = Peer::answers([OK]);
    let client = Client::builder().timeouts(total(Duration::MAX)).build();
    assert_eq!(client.get(peer.url("/")).send().unwrap().text().unwrap(), "ok");
}

#[test]
fn ok_each_phase_has_its_own_timeout() {
    type Case = (fn(Timeouts, Duration) -> Timeouts, Phase, fn(&mut Stage), usize);
    let stalled = |peer: &mut Stage| {
        let mut wire = peer.accept();
        wire.expect_head();
        peer.stall(wire);
    };
    let half = |peer: &mut Stage| {
        let mut wire = peer.accept();
        wire.exchange("POST /", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok");
        peer.stall(wire);
    };
    let table: [Case; 3] = [
        (Timeouts::send, Phase::Send, stalled, 32 << 20),
        (Timeouts::response, Phase::Wait, stalled, 0),
        (Timeouts::read, Phase::Receive, half, 0),
    ];
    for (set, phase, script, length) in table {
        late(
            phase,
            [60, 70, 80, 90, 100],
            |timeouts| {
                let peer = Peer::play(script);
                let client = Client::new();
                let request = client.request(Method::POST, peer.url("/")).body(vec![0; length]);
                let response = request.timeouts(timeouts).send();
                let content = response.and_then(|mut response| read_all(&mut response));
                (content.unwrap_err(), peer)
            },
            |deadline| set(Timeouts::default(), deadline),
        );
    }
}

#[test]
fn ok_a_read_timeout_is_for_each_read_and_a_response_timeout_ends_with_the_head() {
    let (next, more) = channel::<()>();
    let peer = Peer::play(move |peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
        for byte in ["h", "e", "l", "l", "o"] {
            more.recv().unwrap();
            wire.send(byte);
        }
        wire.expect_end();
    });
    let timeouts = Timeouts::default()
        .send(Duration::from_millis(500))
        .response(Duration::from_millis(500))
        .read(Duration::from_millis(500));
    let client = Client::builder().timeouts(timeouts).build();
    let mut response = client.get(peer.url("/")).send().unwrap();
    for _ in 0..5 {
        thread::sleep(Duration::from_millis(120));
        next.send(()).unwrap();
        assert_eq!(response.read_body(&mut [0; 9]).unwrap(), 1);
    }
    assert!(response.is_ended());
}
