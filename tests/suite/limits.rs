//! What a peer may make the client hold or do: at the limit it works, one above it fails.

use pannier::{Client, Error, ErrorKind, Limits, RedirectPolicy, Response};

use crate::support::{builder, once, read_all, OK};

fn limited(limits: Limits, answer: &str) -> Client {
    builder().limits(limits).connector(once(answer).repeated()).build()
}

/// Sends, and reads to the end.
fn kind(client: &Client) -> Result<usize, ErrorKind> {
    let response = client.get("http://example.com/").send();
    let content = response.and_then(|mut response| read_all(&mut response));
    content.map(|content| content.len()).map_err(|error| error.kind())
}

#[test]
fn ok_each_limit_holds_exactly() {
    let limits = Limits::default();
    let chunked =
        |rest: &str| "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned() + rest;
    let early = "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n";
    let head = OK.len() - "ok".len();
    // A chunk-size line with its CRLF, and a trailer section with its empty line.
    let (line, trailers) = ("2;extension=1\r\n", "A: 1\r\nB: 2\r\n\r\n");
    let table: Vec<(Limits, Limits, String)> = vec![
        (limits.head_bytes(head), limits.head_bytes(head - 1), OK.into()),
        (limits.head_lines(1), limits.head_lines(0), OK.into()),
        (
            limits.interim_responses(3),
            limits.interim_responses(2),
            [early, early, early, OK].concat(),
        ),
        (limits.interim_responses(1), limits.interim_responses(0), [early, OK].concat()),
        (
            limits.chunk_line(line.len()),
            limits.chunk_line("2;exten".len()),
            chunked(&[line, "ok\r\n0\r\n\r\n"].concat()),
        ),
        (
            limits.trailer_bytes(trailers.len()),
            limits.trailer_bytes(trailers.len() - 1),
            chunked(&["2\r\nok\r\n0\r\n", trailers].concat()),
        ),
        (
            limits.head_lines(2),
            limits.head_lines(1),
            chunked(&["2\r\nok\r\n0\r\n", trailers].concat()),
        ),
    ];
    for (enough, too_little, answer) in table {
        assert_eq!(kind(&limited(enough, &answer)), Ok(2), "{:?} {:?}", enough, answer);
        let failed = kind(&limited(too_little, &answer));
        assert_eq!(failed, Err(ErrorKind::TooLarge), "{:?} {:?}", too_little, answer);
    }
}

#[test]
fn ok_where_no_trailers_may_come_none_are_missed() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n";
    for limit in [0, 1, 2] {
        let client =
            |rest| limited(Limits::default().trailer_bytes(limit), &[chunked, rest].concat());
        assert_eq!(kind(&client("\r\n")), Ok(2), "{}", limit);
        assert_eq!(kind(&client("A:\r\n\r\n")), Err(ErrorKind::TooLarge), "{}", limit);
    }
}

#[test]
fn err_the_defaults_end_what_has_no_end() {
    let fields = "X-Field: value\r\n".repeat(129);
    let table = [
        format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(65 << 10)),
        format!("HTTP/1.1 200 OK\r\n{}\r\n", fields),
        "HTTP/1.1 102 Processing\r\n\r\n".repeat(17),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;{}", "x".repeat(5 << 10)),
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}",
            format!("1;{}\r\nx\r\n", "x".repeat(2 << 10)).repeat(9)
        ),
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: {}",
            "x".repeat(17 << 10)
        ),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{}\r\n", fields),
    ];
    for answer in table {
        let found = kind(&limited(Limits::default(), &answer));
        assert_eq!(found, Err(ErrorKind::TooLarge), "{}", &answer[..60]);
    }
}

#[test]
fn ok_the_defaults_leave_room_for_what_real_servers_send() {
    let fields: String = (0..100).map(|n| format!("X-{}: {}\r\n", n, "x".repeat(500))).collect();
    let early = "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n".repeat(16);
    let answer = format!("{}HTTP/1.1 200 OK\r\n{}Content-Length: 2\r\n\r\nok", early, fields);
    assert_eq!(kind(&limited(Limits::default(), &answer)), Ok(2));
}

fn text_length(response: Response) -> Result<usize, Error> {
    Ok(response.text()?.len())
}

#[test]
fn ok_a_body_limit_is_for_what_is_held_in_memory() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    let until_close = "HTTP/1.1 200 OK\r\n\r\nok";
    for answer in [OK, chunked, until_close] {
        for take in [text_length, |response: Response| Ok(response.bytes()?.len())] {
            let get = |limit| {
                let client = limited(Limits::default().body(limit), answer);
                client.get("http://example.com/").send().unwrap()
            };
            assert_eq!(take(get(2)).unwrap(), 2);
            let error = take(get(1)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TooLarge);
            assert_eq!(error.status().map(|status| status.as_u16()), Some(200));
            assert!(error.bytes_received() > 20);
            // Whoever reads by pieces decides alone.
            assert_eq!(read_all(&mut get(1)).unwrap(), b"ok");
        }
    }
}

#[test]
fn ok_a_head_response_may_announce_what_a_body_limit_forbids() {
    let client = limited(
        Limits::default().body(1),
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
    );
    let response = client.head("http://example.com/").send().unwrap();
    assert_eq!(response.content_length(), Some(u64::MAX));
    assert_eq!(response.bytes().unwrap(), b"");
}

#[test]
fn err_a_length_of_which_nothing_comes_reserves_nothing_and_is_truncated() {
    let length = 1_u64 << 60;
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\nok", length);
    let client = limited(Limits::default().body(u64::MAX), &answer);
    let error = client.get("http://example.com/").send().unwrap().bytes().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
}

#[test]
fn ok_redirects_are_counted_in_a_row() {
    let answer = "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n";
    for (policy, requests) in [
        (RedirectPolicy::default(), 11),
        (RedirectPolicy::limited(1), 2),
        (RedirectPolicy::limited(0), 1),
    ] {
        let scripts = once(answer).repeated();
        let recorder = crate::support::recorder::Recorder::new();
        let client =
            builder().redirects(policy).connector(scripts).observer(recorder.clone()).build();
        let error =
            client.get("http://example.com/").header("Connection", "close").send().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooManyRedirects);
        assert_eq!(error.status().map(|status| status.as_u16()), Some(302));
        let told = recorder.take();
        let heads = told.iter().filter(|told| told.starts_with("request head")).count();
        assert_eq!(heads, requests, "{:?}", policy);
    }
}
