//! What a client of HTTP/2 puts on the wire: its beginning, its requests field by field, and what it must
//! never send.

use pannier::http::Method;
use pannier::proto::h2::frame::Settings;
use pannier::proto::h2::ErrorCode;
use pannier::{Client, ErrorKind, Http2Config, Limits, RequestBuilder};

use crate::support::h2_peer::{builder, client, play, play_with, End, Fields, Got, H2};
use crate::support::peer::Peer;

/// The request as it comes.
fn sent(request: impl FnOnce(&Client, String) -> RequestBuilder) -> (Fields, String) {
    let (tell, told) = std::sync::mpsc::channel();
    let peer = play(move |peer| {
        let fields = peer.next_request();
        let stream = fields.stream;
        if !fields.end {
            peer.content(stream);
        }
        tell.send(fields).unwrap();
        peer.head(stream, 204, &[], End);
    });
    request(&client(), peer.url("/a?b=c#d")).send().unwrap();
    (told.recv().unwrap(), peer.address().to_string())
}

#[test]
fn ok_the_beginning_is_preface_settings_and_window_in_one_write_with_the_first_request() {
    let peer = Peer::play(|stage| {
        let mut peer = H2::meet(stage.accept());
        let config = Http2Config::default();
        let expected = [
            (Settings::ENABLE_PUSH, 0),
            (Settings::INITIAL_WINDOW_SIZE, config.get_stream_window()),
            (Settings::MAX_HEADER_LIST_SIZE, 64 << 10),
        ];
        assert_eq!(peer.next(), Some(Got::Settings(expected.to_vec())));
        let increment = config.get_connection_window() - 65_535;
        assert_eq!(peer.next(), Some(Got::Window { stream: 0, increment }));
        assert!(matches!(peer.next(), Some(Got::Fields(Fields { stream: 1, end: true, .. }))));
        // The client has not waited for this.
        peer.settings(&[]);
        peer.answer(1, "ok");
        peer.expect_ack();
        assert_eq!(peer.expect_goaway(), ErrorCode::NO_ERROR);
        peer.expect_end();
    });
    assert_eq!(client().get(peer.url("/")).send().unwrap().text().unwrap(), "ok");
}

#[test]
fn ok_the_settings_are_what_the_client_was_told() {
    let peer = Peer::play(|stage| {
        let mut peer = H2::meet(stage.accept());
        let settings = peer.expect_settings();
        let value = |id| settings.iter().find(|(found, _)| *found == id).map(|(_, value)| *value);
        assert_eq!(value(Settings::INITIAL_WINDOW_SIZE), Some(1000));
        assert_eq!(value(Settings::HEADER_TABLE_SIZE), Some(8192));
        assert_eq!(value(Settings::MAX_HEADER_LIST_SIZE), Some(5000));
        peer.settings(&[]);
        assert_eq!(peer.serve(), 1);
    });
    let config = Http2Config::default().stream_window(1000).header_table(8192);
    let client = builder().http2(config).limits(Limits::default().head_bytes(5000)).build();
    assert_eq!(client.get(peer.url("/a")).send().unwrap().text().unwrap(), "/a");
}

#[test]
fn ok_a_connection_that_may_bring_nothing_idle_begins_and_serves_nevertheless() {
    let peer = play(|peer| assert_eq!(peer.serve(), 2));
    let client = builder().http2(Http2Config::default().idle_frames(0)).build();
    for path in ["/a", "/b"] {
        assert_eq!(client.get(peer.url(path)).send().unwrap().text().unwrap(), path);
    }
}

#[test]
fn ok_what_a_client_shows_has_no_address_of_code_in_it() {
    let shown = format!("{:?}", client());
    assert!(shown.contains("Open") && !shown.contains("0x"), "{}", shown);
}

#[test]
fn ok_pseudo_fields_come_first_and_in_order() {
    let table = [
        (Method::GET, vec![":method", ":scheme", ":authority", ":path"]),
        (Method::new("PROPFIND").unwrap(), vec![":method", ":scheme", ":authority", ":path"]),
    ];
    for (method, expected) in table {
        let (fields, address) = sent(|client, url| client.request(method.clone(), url));
        let names = fields.names();
        let (pseudo, usual) = names.split_at(expected.len());
        let (mut found, mut wanted) = (pseudo.to_vec(), expected.clone());
        found.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(found, wanted);
        assert!(usual.iter().all(|name| !name.starts_with(':')), "{:?}", names);
        assert_eq!(fields.get(":method"), Some(method.as_str()));
        assert_eq!(fields.get(":scheme"), Some("http"));
        assert_eq!(fields.get(":authority"), Some(&*address));
        assert_eq!(fields.get(":path"), Some("/a?b=c"));
    }
}

#[test]
fn ok_a_host_of_the_callers_is_the_authority_and_no_field() {
    let (fields, _) = sent(|client, url| client.get(url).set_header("Host", "other.test:81"));
    assert_eq!(fields.get(":authority"), Some("other.test:81"));
    assert_eq!(fields.get("host"), None);
}

#[test]
fn ok_names_are_lower_case_and_values_and_their_order_as_they_were() {
    let (fields, _) = sent(|client, url| {
        let request = client.get(url).header("X-Mixed-Case", "Value").header("x-mixed-case", "two");
        request.header("X-Empty", "").header("UPPER", "a, B")
    });
    assert!(fields.names().iter().all(|name| name.to_lowercase() == **name), "{:?}", fields);
    let own = fields.fields.iter().filter(|(name, _)| name.starts_with("x-") || name == "upper");
    let own = own.map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>();
    let expected =
        [("x-mixed-case", "Value"), ("x-mixed-case", "two"), ("x-empty", ""), ("upper", "a, B")];
    assert_eq!(own, expected);
}

#[test]
fn ok_fields_of_a_connection_are_not_sent() {
    let (fields, _) = sent(|client, url| {
        let request =
            client.get(url).header("Connection", "X-Hop, keep-alive").header("X-Hop", "y");
        let request = request.header("Keep-Alive", "timeout=5").header("Proxy-Connection", "x");
        request.header("TE", "trailers, gzip").header("X-Stays", "y")
    });
    for name in ["connection", "x-hop", "keep-alive", "proxy-connection", "upgrade", "host"] {
        assert_eq!(fields.get(name), None, "{:?}", fields);
    }
    assert!(matches!(fields.get("te"), None | Some("trailers")), "{:?}", fields);
    assert_eq!(fields.get("x-stays"), Some("y"));
}

#[test]
fn ok_te_trailers_is_sent() {
    let (fields, _) = sent(|client, url| client.get(url).header("TE", "trailers"));
    assert_eq!(fields.get("te"), Some("trailers"));
}

#[test]
fn ok_content_length_is_sent_when_it_is_known() {
    type Make = fn(RequestBuilder) -> RequestBuilder;
    let table: [(Method, Make, Option<&str>, bool); 5] = [
        (Method::GET, |request| request, None, true),
        (Method::POST, |request| request, Some("0"), true),
        (Method::POST, |request| request.body("hello"), Some("5"), false),
        (Method::GET, |request| request.body("hello"), Some("5"), false),
        (Method::PUT, |request| request.body(pannier::Body::reader(&b"hello"[..])), None, false),
    ];
    for (method, make, length, end) in table {
        let (fields, _) = sent(|client, url| make(client.request(method.clone(), url)));
        assert_eq!((fields.get("content-length"), fields.end), (length, end), "{}", method);
        assert_eq!(fields.get("transfer-encoding"), None);
    }
}

/// RFC 7541 §6.2.3: how a field begins that is never indexed and whose name is in the static table.
fn never_indexed(index: u8) -> [u8; 2] {
    [0x1f, index - 15]
}

#[test]
fn ok_credentials_are_never_indexed_however_often_they_are_sent() {
    let peer = play(|peer| {
        for _ in 0..3 {
            let fields = peer.next_request();
            assert_eq!(fields.get("authorization"), Some("Bearer secret"));
            assert_eq!(fields.get("cookie"), Some("a=1"));
            assert_eq!(fields.get("x-key"), Some("secret too"));
            for (name, start) in
                [("authorization", never_indexed(23)), ("cookie", never_indexed(32))]
            {
                let found = fields.block.windows(2).any(|window| window == start);
                assert!(found, "{} in {:x?}", name, fields.block);
            }
            assert!(fields.block.contains(&0x10), "x-key in {:x?}", fields.block);
            peer.head(fields.stream, 204, &[], End);
        }
    });
    let client = client();
    for _ in 0..3 {
        let request = client.get(peer.url("/")).bearer_auth("secret").header("Cookie", "a=1");
        request.header("X-Key", "secret too").sensitive("x-key").send().unwrap();
    }
}

#[test]
fn ok_what_was_sent_before_is_short_the_second_time() {
    let peer = play(|peer| {
        let lengths = [0; 3].map(|_| {
            let fields = peer.next_request();
            peer.head(fields.stream, 204, &[], End);
            fields.block.len()
        });
        assert!(lengths[0] > 100, "{:?}", lengths);
        assert!(lengths[1] < 15 && lengths[2] < 15, "{:?}", lengths);
    });
    let client = client();
    for _ in 0..3 {
        client.get(peer.url("/")).header("X-Long", "of no use ".repeat(15).trim()).send().unwrap();
    }
}

#[test]
fn ok_the_table_is_as_large_as_the_peer_has_it_from_the_next_request_on() {
    // 0: nothing is remembered; then 100: one short field is.
    let peer = play_with(&[(1, 0)], |peer| {
        let first = peer.next_request();
        peer.answer(first.stream, "ok");
        let second = peer.next_request();
        assert_eq!(second.block[0], 0x20, "the table has been emptied: {:x?}", second.block);
        peer.settings(&[(1, 100)]);
        peer.answer(second.stream, "ok");
        let third = peer.next_request();
        assert_eq!(third.block[..2], [0x3f, 100 - 31], "{:x?}", third.block);
        peer.answer(third.stream, "ok");
    });
    let client = client();
    for number in 0..3 {
        let request = client.get(peer.url("/")).header("X", format!("value {}", number));
        assert_eq!(request.send().unwrap().text().unwrap(), "ok");
    }
}

#[test]
fn ok_a_head_that_is_larger_than_a_frame_goes_out_in_several() {
    let value = "a~Z".repeat(15_000);
    let expected = value.clone();
    let peer = play(move |peer| {
        let fields = peer.next_request();
        assert_eq!(fields.get("x-large"), Some(&*expected));
        peer.answer(fields.stream, "ok");
    });
    let request = client().get(peer.url("/")).header("X-Large", value);
    assert_eq!(request.send().unwrap().text().unwrap(), "ok");
}

#[test]
fn err_a_head_that_is_larger_than_the_peer_takes_is_not_sent() {
    let peer = play_with(&[(6, 500)], |peer| {
        assert_eq!(peer.serve(), 2);
    });
    let client = client();
    client.get(peer.url("/a")).send().unwrap().text().unwrap();
    let request = client.get(peer.url("/b")).header("X-Large", "y".repeat(500));
    let error = request.send().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidRequest | ErrorKind::TooLarge), "{:?}", error);
    assert!(error.to_string().contains("the peer takes 500"), "{}", error);
    assert_eq!(error.bytes_sent(), 0);
    let next = client.get(peer.url("/c")).send().unwrap();
    assert_eq!((next.connection().id(), next.connection().stream()), (1, Some(3)));
    assert_eq!(next.text().unwrap(), "/c");
}

#[test]
fn ok_small_content_leaves_with_its_head() {
    let peer = play(|peer| {
        for number in 0..2 {
            let stream = peer.request("POST", "/");
            // Whatever comes in one write can be read at once.
            assert_eq!(peer.piece(stream).0, b"small");
            if number == 0 {
                peer.ping();
            }
            peer.answer(stream, "ok");
        }
    });
    let client = client();
    for _ in 0..2 {
        client.post(peer.url("/")).body("small").send().unwrap().text().unwrap();
    }
}
