//! More requests at once than a server takes on one connection of HTTP/2.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;

use pannier::{Client, ErrorKind, Protocol};

use crate::support::builder;

/// What a server does with what comes after the last request that it takes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Then {
    /// It has said GOAWAY with the last one.
    GoAway,
    /// It closes the connection without a word.
    Close,
    /// There is no last one, but it takes two at once only, and refuses what is sent before it is known.
    Limit,
}

#[test]
fn ok_a_crowd_is_served_by_a_server_that_takes_little_on_one_connection() {
    let (address, client) = (start(Then::GoAway), client());
    let url = format!("http://{}/", address);
    let requests: Vec<_> = (0..200).map(|_| client.get(&*url)).collect();
    for (number, result) in client.batch(requests).concurrency(16).run() {
        let response = result.unwrap_or_else(|error| panic!("{}: {}", number, error));
        assert_eq!(response.status().as_u16(), 200);
    }
    assert!(client.pool_stats().created >= u64::from(200 / TAKEN));
}

/// RFC 9110 §9.2.2: "A client SHOULD NOT automatically retry a failed automatic retry."
#[test]
fn err_what_is_lost_twice_without_a_word_of_the_server_is_not_sent_a_third_time() {
    let (address, client) = (start(Then::Close), client());
    let url = format!("http://{}/", address);
    let requests: Vec<_> = (0..200).map(|_| client.get(&*url)).collect();
    for (number, result) in client.batch(requests).concurrency(16).run() {
        match result {
            Ok(response) => assert_eq!(response.status().as_u16(), 200),
            Err(error) => {
                let lost = [ErrorKind::EmptyResponse, ErrorKind::Send, ErrorKind::Receive];
                assert!(lost.contains(&error.kind()), "{}: {:?}", number, error);
                assert!(error.is_safe_to_retry(), "{}: {:?}", number, error);
            }
        }
    }
    assert!(client.pool_stats().retried <= 400, "{:?}", client.pool_stats());
}

#[test]
fn ok_a_pipeline_is_served_by_a_server_that_takes_little_on_one_connection() {
    let (address, client) = (start(Then::GoAway), client());
    let url = format!("http://{}/", address);
    let requests: Vec<_> = (0..200).map(|_| client.get(&*url)).collect();
    for (number, result) in client.pipeline(requests).depth(16).enumerate() {
        let response = result.unwrap_or_else(|error| panic!("{}: {}", number, error));
        assert_eq!(response.status().as_u16(), 200);
    }
}

#[test]
fn ok_every_exchange_has_made_its_connection_or_used_it_again() {
    let (address, client) = (start(Then::GoAway), client());
    let url = format!("http://{}/", address);
    let requests: Vec<_> = (0..TAKEN).map(|_| client.get(&*url)).collect();
    for (_, result) in client.batch(requests).concurrency(TAKEN as usize).run() {
        result.unwrap();
    }
    let stats = client.pool_stats();
    assert_eq!((stats.created + stats.reused, stats.retried), (u64::from(TAKEN), 0));
}

#[test]
fn ok_a_crowd_is_served_where_few_streams_are_allowed_at_once() {
    let peers = (0..3).map(|_| start(Then::Limit));
    for address in peers {
        let client = client();
        let url = format!("http://{}/", address);
        let requests: Vec<_> = (0..400).map(|_| client.get(&*url)).collect();
        for (number, result) in client.batch(requests).concurrency(32).run() {
            let response = result.unwrap_or_else(|error| panic!("{}: {}", number, error));
            assert_eq!(response.status().as_u16(), 200);
        }
        assert!(client.pool_stats().created <= u64::from(32 / LIMIT), "{:?}", client.pool_stats());
    }
}

fn client() -> Client {
    builder().protocol(Protocol::Http2PriorKnowledge).build()
}

/// A server that runs until the tests end.
fn start(then: Then) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // How the client leaves does not matter.
            thread::spawn(move || drop(serve(stream, then)));
        }
    });
    address
}

fn serve(mut stream: TcpStream, then: Then) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.read_exact(&mut [0; PREFACE])?;
    let settings = [&MAX_CONCURRENT_STREAMS.to_be_bytes()[..], &LIMIT.to_be_bytes()].concat();
    let settings = if then == Then::Limit { &settings[..] } else { &[] };
    write_frame(&mut stream, SETTINGS, 0, 0, settings)?;
    let (mut taken, mut is_known) = (0, false);
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        stream.read_exact(&mut vec![0; length])?;
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        match (head[3], then) {
            (SETTINGS, _) => is_known |= head[4] == ACK,
            (HEADERS, Then::Limit) if !is_known && taken >= LIMIT => {
                write_frame(&mut stream, RST_STREAM, 0, id, &REFUSED_STREAM.to_be_bytes())?;
            }
            (HEADERS, _) if taken < TAKEN || then == Then::Limit => {
                taken += 1;
                if taken == TAKEN && then == Then::GoAway {
                    write_frame(&mut stream, GOAWAY, 0, 0, &[id.to_be_bytes(), [0; 4]].concat())?;
                }
                // RFC 7541 Appendix A: 8 is `:status: 200`. The flags end headers and stream.
                write_frame(&mut stream, HEADERS, 0x5, id, &[0x88])?;
            }
            (HEADERS, Then::GoAway) => {}
            (HEADERS, Then::Close) => {
                // What was not read must not undo what was sent.
                stream.shutdown(Shutdown::Write)?;
                return io::copy(&mut stream, &mut io::sink()).map(drop);
            }
            _ => {}
        }
    }
}

fn write_frame(
    stream: &mut TcpStream,
    kind: u8,
    flags: u8,
    id: u32,
    payload: &[u8],
) -> io::Result<()> {
    let head = [0, 0, payload.len() as u8, kind, flags];
    stream.write_all(&[&head[..], &id.to_be_bytes(), payload].concat())
}

/// How many requests it takes on one connection.
const TAKEN: u32 = 4;
/// How many it takes at once.
const LIMIT: u32 = 2;

const PREFACE: usize = 24;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const MAX_CONCURRENT_STREAMS: u16 = 3;
const REFUSED_STREAM: u32 = 7;
