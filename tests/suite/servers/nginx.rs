//! What a real server does: nginx on loopback, with a configuration for each subject.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use pannier::{Body, CloseReason, ErrorKind, Response};

use super::origin;
#[cfg(feature = "http2")]
use super::{h2, upstream};
use crate::support::client;
use crate::support::daemon::Daemon;

/// nginx in one process, with these directives in its only server.
fn start(directives: &str) -> Daemon {
    start_with("", directives)
}

/// With these parameters of the address besides.
fn start_with(parameters: &str, directives: &str) -> Daemon {
    Daemon::start("nginx", |folder, address| {
        folder.write(
            "nginx.conf",
            format!(
                "daemon off; master_process off; worker_processes 1; pid {folder}/pid;
                 events {{ worker_connections 64; }}
                 http {{
                     access_log off; default_type application/octet-stream;
                     client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
                     fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
                     scgi_temp_path {folder}/scgi;
                     server {{ listen {address} {parameters}; root {folder}/html; {directives} }}
                 }}",
                folder = folder.text(),
                address = address,
                parameters = parameters,
                directives = directives
            ),
        );
        ["-p", &folder.text(), "-c", "nginx.conf", "-e", "error.log"].map(String::from).to_vec()
    })
}

const LARGE: usize = 24 << 20;

/// Bytes that repeat with no power of two, so that a piece in the wrong place is seen.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

#[test]
#[ignore = "needs nginx"]
fn ok_a_small_and_a_large_file_arrive_as_they_are() {
    let nginx = start("");
    nginx.folder.serve("small", b"hello");
    nginx.folder.serve("large", &pattern(LARGE));
    let client = client();
    let small = client.get(nginx.url("/small")).send().unwrap();
    assert_eq!(small.content_length(), Some(5));
    assert_eq!(small.bytes().unwrap(), b"hello");

    let mut large = client.get(nginx.url("/large")).send().unwrap();
    assert_eq!(large.content_length(), Some(LARGE as u64));
    let mut copy = Vec::new();
    assert_eq!(large.copy_to(&mut copy).unwrap(), LARGE as u64);
    assert!(copy == pattern(LARGE), "the content differs");
    assert!(large.connection().is_reused());
    assert_eq!(client.pool_stats().idle, 1);
}

#[test]
#[ignore = "needs nginx"]
fn ok_a_thousand_requests_share_one_connection() {
    let nginx = start("keepalive_requests 5000;");
    nginx.folder.serve("small", b"hello");
    let client = client();
    for exchange in 1..=1000 {
        let response = client.get(nginx.url("/small")).send().unwrap();
        assert_eq!(response.connection().exchanges(), exchange);
        assert_eq!(response.text().unwrap(), "hello");
    }
    let stats = client.pool_stats();
    assert_eq!((stats.created, stats.reused, stats.retried, stats.idle), (1, 999, 0, 1));
}

#[test]
#[ignore = "needs nginx"]
fn ok_a_connection_with_its_last_request_is_replaced_without_a_retry() {
    let nginx = start("keepalive_requests 3;");
    nginx.folder.serve("small", b"hello");
    let client = client();
    for number in 0..10 {
        let mut response = client.get(nginx.url("/small")).send().unwrap();
        assert_eq!(response.connection().exchanges(), number % 3 + 1);
        response.copy_to(&mut Vec::new()).unwrap();
        let reason = (number % 3 == 2).then_some(CloseReason::RequestedByServer);
        assert_eq!(response.connection().close_reason(), reason);
    }
    let stats = client.pool_stats();
    assert_eq!((stats.created, stats.retried), (4, 0));
}

#[test]
#[ignore = "needs nginx"]
fn ok_a_connection_that_the_server_let_go_is_replaced() {
    let nginx = start("keepalive_timeout 100ms;");
    nginx.folder.serve("small", b"hello");
    let client = client();
    let first = client.get(nginx.url("/small")).send().unwrap();
    let port = first.local_addr().unwrap().port();
    assert_eq!(first.text().unwrap(), "hello");
    assert_eq!(client.pool_stats().idle, 1);

    nginx.wait_until_it_closed(port);
    let second = client.get(nginx.url("/small")).send().unwrap();
    assert_eq!(second.connection().id(), 2);
    assert_eq!(second.text().unwrap(), "hello");
    assert_eq!(client.pool_stats().created, 2);
}

#[test]
#[ignore = "needs nginx"]
fn ok_a_second_that_the_server_announced_is_too_short_for_reuse() {
    let nginx = start("keepalive_timeout 60s 1s;");
    nginx.folder.serve("small", b"hello");
    let client = client();
    for id in 1..=2 {
        let response = client.get(nginx.url("/small")).send().unwrap();
        assert_eq!(response.headers().get("Keep-Alive"), Some("timeout=1"));
        assert_eq!(response.connection().id(), id);
        assert_eq!(response.text().unwrap(), "hello");
    }
}

#[test]
#[ignore = "needs nginx"]
fn ok_it_serves_files() {
    let nginx = start("");
    origin::serves_files(&nginx);
    let client = client();
    let beyond = client.get(nginx.url("/small")).header("Range", "bytes=9-").send().unwrap();
    assert_eq!(beyond.status().as_u16(), 416);
    let range = beyond.content_range().map(|range| (range.first(), range.complete_length()));
    assert_eq!(range, Some((None, Some(5))));
    drop(beyond);
    let post = client.post(nginx.url("/small")).send().unwrap();
    assert_eq!(post.status().as_u16(), 405);
    assert!(post.connection().is_reused());
}

#[test]
#[ignore = "needs nginx"]
fn ok_a_redirect_to_the_folder_is_followed() {
    let nginx = start("");
    nginx.folder.serve("dir/index.html", b"index");
    let response = get(&client(), &nginx, "/dir");
    assert_eq!(response.url().to_string(), nginx.url("/dir/"));
    let history = response.history();
    assert_eq!(history.len(), 1);
    assert_eq!(history[0].status().as_u16(), 301);
    assert_eq!(response.text().unwrap(), "index");
}

#[test]
#[ignore = "needs nginx"]
fn ok_pieces_of_a_slow_upstream_come_one_by_one() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let location = format!(
        "location /slow {{ proxy_pass http://{}; proxy_buffering off; }}",
        upstream.local_addr().unwrap()
    );
    let nginx = start(&location);
    let (go_on, seen) = mpsc::channel();
    let server = thread::spawn(move || {
        let (mut stream, _) = upstream.accept().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n").unwrap();
        for piece in ["one", "two", "three"] {
            stream.write_all(piece.as_bytes()).unwrap();
            // The next leaves when this one has come to the client.
            seen.recv().unwrap();
        }
    });

    let client = client();
    let mut response = get(&client, &nginx, "/slow");
    assert_eq!(response.headers().get("Transfer-Encoding"), Some("chunked"));
    for piece in ["one", "two", "three"] {
        let mut buffer = vec![0; piece.len()];
        response.read_exact(&mut buffer).unwrap();
        assert_eq!(buffer, piece.as_bytes());
        go_on.send(()).unwrap();
    }
    assert_eq!(response.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(client.pool_stats().idle, 1);
    server.join().unwrap();
}

#[test]
#[ignore = "needs nginx"]
fn err_an_upstream_that_breaks_off_is_no_end() {
    let upstream = TcpListener::bind("127.0.0.1:0").unwrap();
    let location = format!(
        "location / {{ proxy_pass http://{}; proxy_buffering off; }}",
        upstream.local_addr().unwrap()
    );
    let nginx = start(&location);
    let server = thread::spawn(move || {
        let (mut stream, _) = upstream.accept().unwrap();
        let mut buffer = [0; 4096];
        assert!(stream.read(&mut buffer).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello").unwrap();
    });
    let client = client();
    let error = get(&client, &nginx, "/").bytes().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    assert_eq!(client.pool_stats().idle, 0);
    server.join().unwrap();
}

#[test]
#[ignore = "needs nginx"]
fn ok_uploads_of_known_and_unknown_length_are_stored() {
    let nginx = start("client_max_body_size 0; dav_methods PUT DELETE;");
    let client = client();
    let content = pattern(4 << 20);
    let bodies = [
        ("bytes", Body::from(content.clone()), None),
        ("sized", Body::sized(std::io::Cursor::new(content.clone()), 4 << 20), None),
        ("chunked", Body::reader(std::io::Cursor::new(content.clone())), None),
        ("expected", Body::from(content.clone()), Some("100-continue")),
    ];
    for (name, body, expect) in bodies {
        let url = nginx.url(&format!("/{}", name));
        let mut request = client.put(&*url).body(body);
        if let Some(expect) = expect {
            request = request.header("Expect", expect);
        }
        let response = request.send().unwrap();
        assert_eq!(response.status().as_u16(), 201, "{}", name);
        assert_eq!(response.text().unwrap(), "");
        assert!(nginx.folder.served(name) == content, "{}", name);
        assert_eq!(client.delete(&*url).send().unwrap().status().as_u16(), 204);
    }
    assert_eq!(client.pool_stats().created, 1);
}

#[test]
#[ignore = "needs nginx"]
fn ok_an_upload_that_is_refused_early_gets_its_answer() {
    let nginx = start("client_max_body_size 1k; dav_methods PUT;");
    let client = client();
    let mut response = client.put(nginx.url("/a")).body(pattern(1 << 20)).send().unwrap();
    assert_eq!(response.status().as_u16(), 413);
    let mut text = String::new();
    response.read_to_string(&mut text).unwrap();
    assert!(text.contains("413 Request Entity Too Large"), "{}", text);
    assert!(response.connection().close_reason().is_some());
    assert_eq!(client.pool_stats().idle, 0);
}

#[test]
#[ignore = "needs nginx"]
fn ok_a_content_coding_that_was_asked_for_is_left_as_it_is() {
    let nginx = start("gzip on; gzip_types *; gzip_min_length 1;");
    nginx.folder.serve("text", &b"pannier ".repeat(10_000));
    let request = client().get(nginx.url("/text")).header("Accept-Encoding", "gzip");
    let response = request.send().unwrap();
    assert_eq!(response.headers().get("Content-Encoding"), Some("gzip"));
    let bytes = response.bytes().unwrap();
    assert_eq!(&bytes[..2], [0x1f, 0x8b]);
    assert!(bytes.len() < 2000, "{} bytes", bytes.len());
}

#[cfg(feature = "gzip")]
#[test]
#[ignore = "needs nginx"]
fn ok_a_content_coding_is_decoded_and_the_connection_kept() {
    let nginx = start("gzip on; gzip_types *; gzip_min_length 1;");
    let text = b"pannier ".repeat(10_000);
    nginx.folder.serve("text", &text);
    let client = client();
    for exchange in 1..=3 {
        let response = get(&client, &nginx, "/text");
        assert!(response.is_decoded());
        assert_eq!(response.connection().exchanges(), exchange);
        assert_eq!(response.bytes().unwrap(), text);
    }
}

#[test]
#[ignore = "needs nginx"]
fn ok_threads_of_one_client_take_no_more_connections_than_there_are_threads() {
    let nginx = start("keepalive_requests 5000;");
    nginx.folder.serve("small", b"hello");
    let client = client();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (client, url) = (client.clone(), nginx.url("/small"));
            thread::spawn(move || {
                let fetch = |_| {
                    let response = client.get(&*url).send().unwrap();
                    let id = response.connection().id();
                    assert_eq!(response.text().unwrap(), "hello");
                    id
                };
                (0..200).map(fetch).collect::<BTreeSet<_>>()
            })
        })
        .collect();
    let ids: BTreeSet<u64> = threads.into_iter().flat_map(|ids| ids.join().unwrap()).collect();
    assert!(ids.len() <= 4, "{:?}", ids);
    let stats = client.pool_stats();
    assert_eq!((stats.created + stats.reused, stats.retried), (800, 0));
    assert_eq!(stats.created, ids.len() as u64);
}

fn get(client: &pannier::Client, nginx: &Daemon, path: &str) -> Response {
    client.get(nginx.url(path)).send().unwrap()
}

#[cfg(feature = "http2")]
fn start_h2(directives: &str) -> Daemon {
    let nginx = start_with("http2", directives);
    h2::fill(&nginx);
    nginx
}

#[cfg(feature = "http2")]
#[test]
#[ignore = "needs nginx"]
fn ok_h2_it_serves_files_and_passes_on() {
    let upstream = upstream::start();
    let passed_on = format!("location /up/ {{ proxy_pass {}; }}", upstream.url("/"));
    let more = "client_max_body_size 0; keepalive_requests 5000;";
    let nginx = start_h2(&format!("{} {}", passed_on, more));
    h2::serves(&nginx, 128);
    h2::serves(&start_h2("http2_max_concurrent_streams 4;"), 4);
    h2::heads_come_without_content(&nginx);
    h2::echoes(&nginx, "/up/echo");
}

#[cfg(feature = "http2")]
#[test]
#[ignore = "needs nginx"]
fn ok_h2_no_request_is_lost_where_it_ends_connections() {
    h2::loses_nothing(&start_h2("keepalive_requests 10;"));
}

#[cfg(feature = "http2")]
#[test]
#[ignore = "needs nginx"]
fn ok_h2_a_connection_that_the_server_let_go_is_replaced() {
    h2::lets_idle_connections_go(&start_h2("keepalive_timeout 100ms;"));
}

#[cfg(feature = "http2")]
#[test]
#[ignore = "needs nginx"]
fn ok_h2_an_upload_that_is_refused_early_gets_its_answer() {
    let nginx = start_h2("client_max_body_size 1k;");
    h2::refuses_uploads(&nginx, "/small", 413);
    h2::refuses_uploads(&start_h2("client_max_body_size 0;"), "/small", 405);
}

#[cfg(feature = "http2")]
#[test]
#[ignore = "needs nginx"]
fn ok_h2_trailers_come_after_the_content() {
    let nginx = start_h2("add_trailer X-End yes;");
    h2::sends_trailers(&nginx, &["/small", "/large", "/n/9"], ("x-end", "yes"));
}
