//! What holds of every server that serves files.

use pannier::http::Method;
use pannier::RetryPolicy;

use crate::support::client;
use crate::support::daemon::Daemon;

/// Answers of every kind come over one connection, alone and pipelined.
pub fn serves_files(server: &Daemon) {
    server.folder.serve("small", b"hello");
    server.folder.serve("dir/index.html", b"index");
    answers_of_every_kind_share_one_connection(server);
    pipelined_answers_come_in_order(server);
}

fn answers_of_every_kind_share_one_connection(server: &Daemon) {
    let client = client();
    let small = client.get(server.url("/small")).send().unwrap();
    let field = |name| small.headers().get(name).unwrap().to_owned();
    let (date, etag) = (field("Last-Modified"), field("ETag"));
    drop(small);
    let rows = [
        (Method::GET, "/small", None, 200, "hello"),
        (Method::HEAD, "/small", None, 200, ""),
        (Method::GET, "/small", Some(("Range", "bytes=1-3")), 206, "ell"),
        (Method::GET, "/small", Some(("If-Modified-Since", &*date)), 304, ""),
        (Method::GET, "/small", Some(("If-None-Match", &*etag)), 304, ""),
        (Method::GET, "/dir/", None, 200, "index"),
        (Method::HEAD, "/missing", None, 404, ""),
        (Method::GET, "/missing", None, 404, "404"),
        (Method::GET, "/dir", None, 200, "index"),
    ];
    for (method, path, field, status, content) in rows {
        let mut request = client.request(method.clone(), server.url(path));
        if let Some((name, value)) = field {
            request = request.header(name, value);
        }
        let response = request.send().unwrap();
        assert_eq!(response.status().as_u16(), status, "{} {}", method, path);
        let text = response.text().unwrap();
        assert!(text.contains(content), "{} {}: {}", method, path, text);
        assert!(!text.is_empty() || content.is_empty(), "{} {}", method, path);
    }
    assert_eq!(client.pool_stats().created, 1);
}

/// A server may end a connection after so many requests: no request is lost by that.
fn pipelined_answers_come_in_order(server: &Daemon) {
    for number in 0..300 {
        server.folder.serve(&format!("n/{}", number), format!("number {}", number).as_bytes());
    }
    let client = client();
    let requests = (0..300)
        .map(|number| client.get(server.url(&format!("/n/{}", number))))
        .collect::<Vec<_>>();
    for (number, response) in client.pipeline(requests).depth(16).enumerate() {
        assert_eq!(response.unwrap().text().unwrap(), format!("number {}", number));
    }
    // An answer to each, and none was asked for behind one that must not be repeated.
    let alone = client.get(server.url("/n/1")).retries(RetryPolicy::none()).send().unwrap();
    assert_eq!(alone.text().unwrap(), "number 1");
}
