//! Reading responses: whole or in pieces the same, complete or an error, never anything between.

use std::error::Error as _;
use std::io::{self, Read};

use pannier::http::{StatusCode, Version};
use pannier::net::Script;
use pannier::{CloseReason, Error, ErrorKind, Leniency, Phase};

use crate::support::peer::Peer;
use crate::support::{builder, client, once, read_all, scripted, EMPTY, OK};

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// The content, how it ended and what became of the connection.
type Outcome = (Vec<u8>, Result<(), ErrorKind>, Option<CloseReason>);

/// What comes of this answer in reads of this many bytes.
fn read(answer: &str, size: usize) -> Outcome {
    let script = Script::new().expect_until("\r\n\r\n").reply_in_pieces(answer, size).close();
    let (client, _) = scripted([script]);
    let mut response = match client.get("http://a.test/").send() {
        Ok(response) => response,
        Err(error) => return (Vec::new(), Err(error.kind()), None),
    };
    let mut content = Vec::new();
    let mut buffer = [0; 7];
    let ended = loop {
        match response.read_body(&mut buffer) {
            Ok(0) => break Ok(()),
            Ok(count) => content.extend_from_slice(&buffer[..count]),
            Err(error) => break Err(error.kind()),
        }
    };
    (content, ended, response.connection().close_reason())
}

#[test]
fn ok_how_a_response_is_cut_into_segments_changes_nothing() {
    let long = "x".repeat(1000);
    let table = [
        OK.to_owned(),
        EMPTY.to_owned(),
        format!("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}", long),
        format!("HTTP/1.1 200 OK\r\n\r\n{}", long),
        format!("{}2\r\nok\r\n3;x=y\r\n...\r\n0\r\nA: b\r\n\r\n", CHUNKED),
        format!("HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n{}", OK),
        // Faults of each kind, with something good before them.
        format!("{}2\r\nok\r\nno size\r\n", CHUNKED),
        format!("{}2\r\nok!\r\n0\r\n\r\n", CHUNKED),
        format!("{}2\r\nok\r\n0\r\nno colon\r\n\r\n", CHUNKED),
        format!("{}2\r\nok\r\n", CHUNKED),
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok".to_owned(),
        "HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n".to_owned(),
    ];
    for answer in table {
        let whole = read(&answer, usize::MAX);
        for size in [1, 2, 3, 16] {
            assert_eq!(read(&answer, size), whole, "{:?} by {}", answer, size);
        }
    }
}

#[test]
fn ok_what_came_before_a_fault_in_the_same_segment_is_delivered() {
    let (client, _) = scripted([once(format!("{}2\r\nok\r\nno size\r\n", CHUNKED))]);
    let mut response = client.get("http://a.test/").send().unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut buffer = [0; 100];
    assert_eq!(response.read_body(&mut buffer).unwrap(), 2);
    let error = response.read_body(&mut buffer).unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Framing, Some(Phase::Receive)));
    assert_eq!(error.status(), Some(StatusCode::OK));
}

#[test]
fn err_a_truncated_response_is_an_error_in_every_framing() {
    use ErrorKind::{EmptyResponse, Protocol, Truncated};
    let table = [
        ("", EmptyResponse, "without a response"),
        ("H", Protocol, "inside a response head"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", Protocol, "inside a response head"),
        ("HTTP/1.1 100 Continue\r\n\r\n", EmptyResponse, "after an interim response"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Truncated, "0 of 5 body bytes"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", Truncated, "4 of 5 body bytes"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Truncated, "after 0 body"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5", Truncated, "after 0 body"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
            Truncated,
            "after 3 body",
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok", Truncated, "after 2 body"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", Truncated, "after 2"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n",
            Truncated,
            "2 body",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n",
            Truncated,
            "2",
        ),
    ];
    for (answer, kind, text) in table {
        for taken in ["bytes", "text", "copy", "read"] {
            let (client, _) = scripted([once(answer)]);
            let response = client.get("http://a.test/").send();
            let result = response.and_then(|mut response| match taken {
                "bytes" => response.bytes().map(drop),
                "text" => response.text().map(drop),
                "copy" => Ok(response.copy_to(&mut io::sink()).map(drop)?),
                _ => Ok(response.read_to_end(&mut Vec::new()).map(drop)?),
            });
            let error = result.unwrap_err();
            assert_eq!(error.kind(), kind, "{:?} {}", answer, taken);
            assert!(error.to_string().contains(text), "{}", error);
            assert_eq!(error.bytes_received(), answer.len() as u64, "{:?}", answer);
        }
    }
}

#[test]
fn err_a_reset_is_never_the_end_of_a_body() {
    let answers = [
        "HTTP/1.1 200 OK\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        "HTTP/1.0 200 OK\r\n\r\nok",
    ];
    for answer in answers {
        let peer = Peer::play(move |peer| {
            let mut wire = peer.accept();
            wire.expect_head();
            wire.send(answer);
            wire.reset();
        });
        // What had come before may be lost by the reset, the head too: that is TCP.
        let response = client().get(peer.url("/")).send();
        let error = response.and_then(|mut response| read_all(&mut response)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Receive, "{:?}: {}", answer, error);
        let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        assert_eq!(source.map(io::Error::kind), Some(io::ErrorKind::ConnectionReset));
    }
}

#[test]
fn ok_an_error_goes_through_io_and_back() {
    let (client, _) = scripted([once("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok")]);
    let mut response = client.get("http://a.test/x").send().unwrap();
    let through = response.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(through.kind(), io::ErrorKind::UnexpectedEof);
    let text = through.to_string();
    let error = Error::from(through);
    assert_eq!((error.kind(), error.to_string()), (ErrorKind::Truncated, text));
    assert_eq!(error.url().unwrap().as_str(), "http://a.test/x");
    let other = Error::from(io::Error::new(io::ErrorKind::Other, "else"));
    assert_eq!((other.kind(), other.to_string().as_str()), (ErrorKind::Receive, "else"));
}

#[test]
fn ok_to_who_knows_io_alone_an_error_is_what_the_system_has_reported() {
    let kind_after = |script: Script| {
        let client = builder().connector(script.repeated()).build();
        let error = client.get("http://a.test/").send().unwrap_err();
        io::Error::from(error).kind()
    };
    assert_eq!(kind_after(Script::refused()), io::ErrorKind::ConnectionRefused);
    let head = || Script::new().expect_until("\r\n\r\n");
    assert_eq!(kind_after(head().reset()), io::ErrorKind::ConnectionReset);
    assert_eq!(kind_after(head().reply("no")), io::ErrorKind::InvalidData);
}

#[test]
fn ok_every_way_to_read_gives_the_same() {
    let chunked = format!("{}3\r\nh\u{e9}\r\n2\r\n\r\n\r\n0\r\n\r\n", CHUNKED);
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nh\u{e9}\r\n";
    for answer in [&chunked, length, "HTTP/1.1 200 OK\r\n\r\nh\u{e9}\r\n"] {
        let get = || {
            let (client, _) = scripted([once(answer)]);
            client.get("http://a.test/").send().unwrap()
        };
        let expected = "h\u{e9}\r\n";
        assert_eq!(get().text().unwrap(), expected);
        assert_eq!(get().bytes().unwrap(), expected.as_bytes());
        assert_eq!(read_all(&mut get()).unwrap(), expected.as_bytes());
        let mut text = String::new();
        get().into_reader().read_to_string(&mut text).unwrap();
        assert_eq!(text, expected);
        let mut bytes = Vec::new();
        assert_eq!(io::copy(&mut get(), &mut bytes).unwrap(), 5);
        assert_eq!(get().read_body(&mut []).unwrap(), 0, "no room is no end");
    }
}

#[test]
fn ok_text_that_is_not_utf_8_is_replaced() {
    let (client, _) = scripted([once(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na\xffb")]);
    assert_eq!(client.get("http://a.test/").send().unwrap().text().unwrap(), "a\u{fffd}b");
}

#[test]
fn ok_a_head_is_told_as_it_came() {
    let head = "HTTP/1.1 299  Odd \u{e9} Phrase\r\nx-CASE:  a b \r\nX-Two: 1\r\nx-two: 2\r\n\
                Content-Length: 0\r\n\r\n";
    let (client, _) = scripted([once(head)]);
    let response = client.get("http://user:secret@a.test/?q#f").send().unwrap();
    assert_eq!(response.head_bytes(), head.as_bytes());
    assert_eq!((response.status().as_u16(), response.version()), (299, Version::Http11));
    assert_eq!(response.headers().get("X-case"), Some("a b"));
    let twice: Vec<_> = response.headers().get_all("X-TWO").collect();
    assert_eq!(twice, [b"1", b"2"]);
    let names: Vec<_> = response.headers().iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["x-CASE", "X-Two", "x-two", "Content-Length"]);
    assert_eq!(response.url().as_str(), "http://a.test/?q#f");
    assert!(response.reason().ends_with(b"Phrase"));
}

#[test]
fn ok_interim_responses_leave_no_trace_in_the_final_one() {
    let answer = "HTTP/1.1 103 Early Hints\r\nSet-Cookie: a\r\nContent-Length: 99\r\n\
                  Connection: close\r\n\r\n";
    let (client, _) = scripted([once([answer, OK].concat())]);
    let mut response = client.get("http://a.test/").send().unwrap();
    assert_eq!(response.headers().len(), 1);
    assert_eq!(read_all(&mut response).unwrap(), b"ok");
    assert_eq!(response.connection().close_reason(), None);
}

#[test]
fn ok_trailers_come_with_the_end_and_change_nothing() {
    let fields = "X-Sum: 1\r\nContent-Length: 99\r\nConnection: close\r\nx-sum: 2\r\n";
    let answer = format!("{}2\r\nok\r\n0\r\n{}\r\n", CHUNKED, fields);
    for size in [1, usize::MAX] {
        let script = Script::new().expect_until("\r\n\r\n").reply_in_pieces(&answer, size).close();
        let (client, _) = scripted([script]);
        let mut response = client.get("http://a.test/").send().unwrap();
        assert!(response.trailers().is_none());
        assert_eq!(read_all(&mut response).unwrap(), b"ok");
        let trailers = response.trailers().unwrap();
        assert_eq!(trailers.get_all("X-Sum").collect::<Vec<_>>(), [b"1", b"2"]);
        assert_eq!(response.headers().len(), 1);
        assert_eq!(response.connection().close_reason(), None);
    }
    let (client, _) = scripted([once(format!("{}0\r\n\r\n", CHUNKED))]);
    let response = client.get("http://a.test/").send().unwrap();
    assert!(response.is_ended() && response.trailers().is_none());
}

#[test]
fn ok_a_raw_transfer_is_handed_out_as_it_comes_and_ends_where_it_should() {
    let coded = "2;x=y\r\nok\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n";
    let peer = Peer::play(move |peer| {
        let mut wire = peer.accept();
        wire.exchange("GET /", [CHUNKED, coded].concat());
        wire.exchange("GET /next", OK);
        wire.expect_end();
    });
    let client = client();
    let mut response = client.get(peer.url("/")).raw_transfer(true).send().unwrap();
    assert_eq!(read_all(&mut response).unwrap(), coded.as_bytes());
    let next = client.get(peer.url("/next")).raw_transfer(true).send().unwrap();
    assert!(next.connection().is_reused());
    assert_eq!(next.text().unwrap(), "ok");
}

#[test]
fn ok_http_1_0_answers_are_read_to_their_length_or_to_the_close() {
    for answer in ["HTTP/1.0 200 OK\r\n\r\nok", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"] {
        let (client, _) = scripted([once(answer)]);
        let mut response = client.get("http://a.test/").send().unwrap();
        assert_eq!(response.version(), Version::Http10);
        assert_eq!(read_all(&mut response).unwrap(), b"ok");
        assert!(response.connection().close_reason().is_some());
    }
}

#[test]
fn ok_a_length_is_ignored_on_demand() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nok";
    let leniency = Leniency::default().ignore_content_length(true);
    let client = builder().leniency(leniency).connector(once(answer).repeated()).build();
    assert_eq!(client.get("http://a.test/").send().unwrap().text().unwrap(), "ok");
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nok";
    let client = builder().leniency(leniency).connector(once(answer).repeated()).build();
    assert_eq!(client.get("http://a.test/").send().unwrap().bytes().unwrap(), b"ok");
}

#[test]
fn err_an_error_names_the_url_without_userinfo() {
    let answers = ["", "junk\r\n\r\n", "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"];
    for answer in answers {
        let (client, _) = scripted([once(answer)]);
        let response = client.get("http://user:secret@a.test/p?q").send();
        let error = response.and_then(|response| response.error_for_status()).unwrap_err();
        assert!(error.to_string().ends_with(" (http://a.test/p?q)"), "{}", error);
        assert!(!format!("{} {:?}", error, error).contains("secret"));
        assert_eq!(error.url().unwrap().as_str(), "http://a.test/p?q");
    }
    let (client, _) = scripted([Script::refused()]);
    let error = client.get("http://user:secret@a.test/").send().unwrap_err();
    assert!(error.to_string().starts_with("no connection could be made: "), "{}", error);
    assert!(!format!("{} {:?}", error, error).contains("secret"));
}

#[test]
fn ok_a_status_is_an_error_only_if_asked() {
    let table = [(200, true), (204, true), (304, true), (400, false), (404, false), (503, false)];
    for (status, fine) in table {
        let (client, _) =
            scripted([once(format!("HTTP/1.1 {} X\r\nContent-Length: 0\r\n\r\n", status))]);
        let response = client.get("http://a.test/").send().unwrap();
        assert_eq!(response.status().as_u16(), status);
        match response.error_for_status() {
            Ok(_) => assert!(fine),
            Err(error) => {
                assert!(!fine && error.kind() == ErrorKind::Status);
                assert_eq!(error.status().unwrap().as_u16(), status);
            }
        }
    }
}

#[test]
fn ok_a_response_can_be_read_in_another_thread_after_its_client() {
    fn sendable<T: Send>(value: T) -> T {
        value
    }
    let peer = Peer::answers([OK]);
    let response = sendable(client().get(peer.url("/")).send().unwrap());
    let text = std::thread::spawn(move || response.text().unwrap()).join().unwrap();
    assert_eq!(text, "ok");
}

#[test]
fn ok_interim_responses_are_told_as_they_come_and_on_every_hop() {
    const HINTS: &str = "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n";
    let first = "HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n";
    let (told, telling) = std::sync::mpsc::channel();
    let peer = Peer::play(move |peer| {
        let mut wire = peer.accept();
        wire.expect_request("GET /");
        wire.send(HINTS);
        // The final response waits for whoever was told.
        telling.recv_timeout(std::time::Duration::from_secs(10)).unwrap();
        wire.send(first);
        wire.exchange("GET /b", ["HTTP/1.1 100 Continue\r\n\r\n", HINTS, EMPTY].concat());
        assert_eq!(telling.iter().take(2).collect::<Vec<_>>(), ["100 ", "103 <a>"]);
        wire.expect_end();
    });
    let request = client().get(peer.url("/")).on_informational(move |status, headers| {
        let link = headers.get("Link").unwrap_or("");
        told.send(format!("{} {}", status.as_u16(), link)).unwrap();
    });
    assert_eq!(request.send().unwrap().status().as_u16(), 200);
    peer.join();
}
