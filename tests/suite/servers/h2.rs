//! What holds of every server that speaks HTTP/2, told to do so at once over cleartext (RFC 9113 §3.3).
//!
//! Each case is a function that takes the server, so that a server is put to all that it can do.

use std::io::{Cursor, Read};

use pannier::http::{Method, Version};
use pannier::{Body, Client, Http2Config, Protocol, Response, RetryPolicy};

use crate::support::daemon::Daemon;
use crate::support::{builder, client as http1};

pub fn client() -> Client {
    with(Http2Config::default())
}

fn with(config: Http2Config) -> Client {
    builder().protocol(Protocol::Http2PriorKnowledge).http2(config).build()
}

/// What there is at a path.
pub fn content(path: &str) -> Option<Vec<u8>> {
    match path {
        "/small" => Some(b"hello".to_vec()),
        "/large" => Some(pattern(LARGE)),
        _ => {
            let number: usize = path.strip_prefix("/n/")?.parse().ok()?;
            // Every tenth is longer than a frame.
            let length = if number % 10 == 9 { 50_000 } else { 0 };
            Some([number.to_string().into_bytes(), pattern(length)].concat())
        }
    }
}

/// Has the server offer that as files.
pub fn fill(server: &Daemon) {
    let numbered = (0..MANY).map(|number| format!("/n/{}", number));
    for path in ["/small", "/large"].map(String::from).into_iter().chain(numbered) {
        server.folder.serve(&path[1..], &content(&path).unwrap());
    }
}

/// Bytes that repeat with no power of two, so that a piece in the wrong place is seen.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

/// Everything that needs no more than what `fill` has put there, or who passes it on. `streams` is how
/// many the server allows at once.
pub fn serves(server: &Daemon, streams: usize) {
    an_answer_given_up_costs_no_connection(server);
    serves_what_is_read(server, streams);
}

/// The same but for answers that are given up.
pub fn serves_what_is_read(server: &Daemon, streams: usize) {
    answers_of_every_kind_share_one_connection(server);
    large_content_comes_as_it_is(server);
    one_who_does_not_read_holds_up_nobody(server);
    threads_share_connections(server, streams);
    pipelined_requests_share_connections(server, streams);
}

fn answers_of_every_kind_share_one_connection(server: &Daemon) {
    let client = client();
    let rows = [
        (Method::GET, "/small", 200, Some("hello")),
        (Method::HEAD, "/small", 200, Some("")),
        (Method::GET, "/n/7?query", 200, Some("7")),
        (Method::GET, "/missing", 404, None),
        (Method::GET, "/n/8", 200, Some("8")),
    ];
    for (number, (method, path, status, content)) in rows.into_iter().enumerate() {
        let response = client.request(method.clone(), server.url(path)).send().unwrap();
        assert_eq!(response.version(), Version::Http2);
        assert_eq!(response.status().as_u16(), status, "{} {}", method, path);
        assert_eq!(response.connection().stream(), Some(1 + 2 * number as u32));
        assert_eq!(response.connection().exchanges(), 1 + number as u64);
        let text = response.text().unwrap();
        if let Some(content) = content {
            assert_eq!(text, content, "{} {}", method, path);
        }
    }
    let stats = client.pool_stats();
    assert_eq!((stats.created, stats.retried, stats.idle), (1, 0, 1));
}

/// Through wide windows and narrow ones, in large pieces and small ones.
fn large_content_comes_as_it_is(server: &Daemon) {
    for (client, piece) in [(client(), LARGE), (client(), 10_007), (with(narrow()), 1_009)] {
        for _ in 0..2 {
            let response = get(&client, server, "/large");
            assert!(response.content_length().map_or(true, |length| length == LARGE as u64));
            read_pattern(response, piece);
        }
        assert_eq!(client.pool_stats().created, 1);
    }
}

/// Windows that are used up again and again.
fn narrow() -> Http2Config {
    Http2Config::default().stream_window(20_000).max_stream_window(20_000).connection_window(65_535)
}

#[track_caller]
fn read_pattern(mut response: Response, piece: usize) {
    let (mut all, mut buffer) = (Vec::new(), vec![0; piece]);
    loop {
        match response.read_body(&mut buffer).unwrap() {
            0 => break,
            count => all.extend_from_slice(&buffer[..count]),
        }
    }
    assert!(all == pattern(LARGE), "{} bytes came, or others than were sent", all.len());
}

/// Its window is full; that of the connection is not.
fn one_who_does_not_read_holds_up_nobody(server: &Daemon) {
    let client = client();
    let mut slow = get(&client, server, "/large");
    let mut first = [0; 1_000];
    slow.read_exact(&mut first).unwrap();
    for _ in 0..2 {
        read_pattern(get(&client, server, "/large"), 100_000);
        assert_eq!(get(&client, server, "/small").text().unwrap(), "hello");
    }
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).unwrap();
    assert!([&first[..], &rest].concat() == pattern(LARGE));
    assert_eq!(client.pool_stats().created, 1);
}

fn an_answer_given_up_costs_no_connection(server: &Daemon) {
    let client = client();
    for _ in 0..5 {
        let mut large = get(&client, server, "/large");
        large.read_exact(&mut [0; 1_000]).unwrap();
        assert!(!large.is_ended());
        drop(large);
        // Not even looked at.
        drop(get(&client, server, "/large"));
        let small = get(&client, server, "/small");
        assert_eq!(small.connection().id(), 1);
        assert_eq!(small.text().unwrap(), "hello");
    }
    read_pattern(get(&client, server, "/large"), 100_000);
    assert_eq!(client.pool_stats().created, 1);
}

/// At worst it costs the connection.
pub fn an_answer_given_up_costs_no_request(server: &Daemon) {
    let client = client();
    for _ in 0..5 {
        let mut large = get(&client, server, "/large");
        large.read_exact(&mut [0; 1_000]).unwrap();
        drop(large);
        assert_eq!(get(&client, server, "/small").text().unwrap(), "hello");
    }
}

/// There is none where there would be a page that says so.
pub fn heads_come_without_content(server: &Daemon) {
    let client = client();
    for (path, status) in [("/missing", 404), ("/large", 200), ("/missing", 404)] {
        let response = client.head(server.url(path)).send().unwrap();
        assert_eq!(response.status().as_u16(), status);
        assert!(response.is_ended());
    }
    assert_eq!(client.pool_stats().created, 1);
}

fn threads_share_connections(server: &Daemon, streams: usize) {
    let client = client();
    expect_all(&client, server, client.batch(numbered(&client, server)).concurrency(THREADS).run());
    let (stats, enough) = (client.pool_stats(), THREADS.div_euclid(streams.min(THREADS)) as u64);
    assert!(stats.created <= enough, "{} connections, {} are enough", stats.created, enough);
    // What is sent before the server has said how many it allows, it may refuse.
    assert_eq!(stats.created + stats.reused, MANY as u64 + stats.retried);
}

fn pipelined_requests_share_connections(server: &Daemon, streams: usize) {
    let client = client();
    let responses = client.pipeline(numbered(&client, server)).depth(THREADS);
    expect_all(&client, server, responses.enumerate());
    assert!(client.pool_stats().created == 1 || streams < THREADS);
}

/// A server that ends connections while there are requests for them loses none: what it has not looked at
/// is sent again.
pub fn loses_nothing(server: &Daemon) {
    let client = client();
    expect_all(&client, server, client.batch(numbered(&client, server)).concurrency(THREADS).run());
    expect_several(&client);
    let client = self::client();
    let responses = client.pipeline(numbered(&client, server)).depth(THREADS);
    expect_all(&client, server, responses.enumerate());
    expect_several(&client);
    // One after the other, and none for a second time.
    let client = self::client();
    for number in 0..MANY {
        let path = format!("/n/{}", number);
        let request = client.get(server.url(&path)).retries(RetryPolicy::none());
        assert!(request.send().unwrap().bytes().unwrap() == content(&path).unwrap());
    }
    expect_several(&client);
}

#[track_caller]
fn expect_several(client: &Client) {
    assert!(client.pool_stats().created > 1);
}

fn numbered(client: &Client, server: &Daemon) -> Vec<pannier::RequestBuilder> {
    (0..MANY).map(|number| client.get(server.url(&format!("/n/{}", number)))).collect()
}

#[track_caller]
fn expect_all(
    client: &Client,
    server: &Daemon,
    results: impl Iterator<Item = (usize, pannier::Result<Response>)>,
) {
    let mut count = 0;
    for (number, result) in results {
        let (path, response) = (format!("/n/{}", number), result.unwrap());
        assert_eq!(response.status().as_u16(), 200, "{}", path);
        assert!(response.bytes().unwrap() == content(&path).unwrap(), "{}", path);
        count += 1;
    }
    assert_eq!(count, MANY);
    let stats = client.pool_stats();
    assert_eq!((stats.active, stats.waiting), (0, 0), "{}", server.address);
}

/// A connection that was let go while it was idle is replaced, also for what could not be repeated.
pub fn lets_idle_connections_go(server: &Daemon) {
    let client = client();
    for (id, method) in [(1, Method::GET), (2, Method::GET), (3, Method::POST)] {
        let response = client.request(method, server.url("/small")).send().unwrap();
        assert_eq!(response.connection().id(), id);
        let port = response.local_addr().unwrap().port();
        response.bytes().unwrap();
        server.wait_until_it_closed(port);
    }
    assert_eq!(client.pool_stats().retried, 0);
}

/// What is sent to this path comes back, however it is sent and however much it is.
pub fn echoes(server: &Daemon, path: &str) {
    echoes_what_has_a_length(server, path);
    let unknown: ToBody = |bytes| Body::reader(Cursor::new(bytes));
    echoes_in_turn(server, path, &[(5, unknown), (UPLOAD, unknown), (0, unknown)]);
}

pub fn echoes_what_has_a_length(server: &Daemon, path: &str) {
    let whole: ToBody = Body::from;
    let sized: ToBody = |bytes| {
        let length = bytes.len() as u64;
        Body::sized(Cursor::new(bytes), length)
    };
    let uploads = [(0, whole), (5, whole), (5, sized), (UPLOAD, whole), (UPLOAD, sized)];
    echoes_in_turn(server, path, &uploads);
    echoes_many_at_once(server, path);
}

fn echoes_in_turn(server: &Daemon, path: &str, uploads: &[(usize, ToBody)]) {
    let client = client();
    for (number, &(length, body)) in uploads.iter().enumerate() {
        let response = client.post(server.url(path)).body(body(pattern(length))).send().unwrap();
        assert_eq!(response.status().as_u16(), 200, "upload {}", number);
        assert!(response.bytes().unwrap() == pattern(length), "upload {}", number);
    }
    assert_eq!(client.pool_stats().created, 1);
}

fn echoes_many_at_once(server: &Daemon, path: &str) {
    let client = client();
    let length = |number: usize| number * 30_011;
    let upload = |number| client.post(server.url(path)).body(pattern(length(number)));
    let uploads: Vec<_> = (0..16).map(upload).collect();
    for (number, result) in client.batch(uploads).concurrency(8).run() {
        assert!(result.unwrap().bytes().unwrap() == pattern(length(number)), "upload {}", number);
    }
    assert_eq!(client.pool_stats().created, 1);
}

/// An upload that is refused before its end gets its answer, and others use the connection still.
pub fn refuses_uploads(server: &Daemon, path: &str, status: u16) {
    let stats = answers_uploads(server, path, status).pool_stats();
    assert_eq!((stats.created, stats.retried), (1, 0));
}

/// The same, if on whichever connection.
pub fn answers_uploads(server: &Daemon, path: &str, status: u16) -> Client {
    let client = client();
    for _ in 0..3 {
        let upload = client.post(server.url(path)).body(pattern(UPLOAD));
        let response = upload.send().unwrap();
        assert_eq!(response.status().as_u16(), status);
        response.bytes().unwrap();
        assert_eq!(get(&client, server, "/small").text().unwrap(), "hello");
    }
    client
}

/// Trailers come with this field, after content and without.
pub fn sends_trailers(server: &Daemon, paths: &[&str], field: (&str, &str)) {
    let client = client();
    for path in paths {
        let mut response = get(&client, server, path);
        response.copy_to(&mut std::io::sink()).unwrap();
        let trailers = response.trailers().expect("there are trailers");
        assert_eq!(trailers.get(field.0), Some(field.1), "{}", path);
    }
    assert_eq!(client.pool_stats().created, 1);
}

/// Who is not told that the server knows HTTP/2 speaks HTTP/1.1 to it.
pub fn speaks_http1_to_the_others(server: &Daemon) {
    let protocols = [http1(), builder().protocol(Protocol::Http2).build()];
    for client in protocols {
        let response = get(&client, server, "/small");
        assert_eq!(response.version(), Version::Http11);
        assert_eq!(response.text().unwrap(), "hello");
    }
}

fn get(client: &Client, server: &Daemon, path: &str) -> Response {
    client.get(server.url(path)).send().unwrap()
}

/// How content is handed over.
type ToBody = fn(Vec<u8>) -> Body;

const THREADS: usize = 32;
const MANY: usize = 200;
/// More than the window of a stream at first.
const LARGE: usize = 4 << 20;
/// More than any of these servers takes unasked.
const UPLOAD: usize = 2 << 20;
