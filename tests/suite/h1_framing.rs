//! Message framing: one test for each rule of RFC 9112 §6.3, then every combination of fields
//! against a slow reference.

use pannier::http::{Method, Version};
use pannier::proto::h1::Error;

use crate::properties::framing::{Body, Exchange};
use crate::properties::replay::{Request, Session};

fn shown(session: &Session, wire: &[u8]) -> String {
    session.everyway(wire).to_string()
}

fn response(fields: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{}\r\n{}", fields, body).into_bytes()
}

fn table(rows: &[(&str, &str, &str)]) {
    for (fields, body, expected) in rows {
        let shown = shown(&Session::get(), &response(fields, body));
        assert_eq!(shown, *expected, "{:?} {:?}", fields, body);
    }
}

#[test]
fn ok_rule_1_head_204_and_304_end_with_their_head() {
    let head = Session::request(Request::new(Method::HEAD));
    for fields in [
        "Content-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: x\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "",
    ] {
        let wire = response(fields, "");
        assert_eq!(shown(&head, &wire), "200 END persists", "{:?}", fields);
        for status in ["204", "304"] {
            let wire = format!("HTTP/1.1 {} x\r\n{}\r\n", status, fields).into_bytes();
            let expected = format!("{} END persists", status);
            assert_eq!(shown(&Session::get(), &wire), expected, "{:?}", fields);
            let with_body = [&wire[..], b"hello"].concat();
            let expected = format!("{} END SurplusBytes", status);
            assert_eq!(shown(&Session::get(), &with_body), expected, "{:?}", fields);
        }
    }
}

#[test]
fn ok_rule_1_a_205_has_the_content_it_announces() {
    let wire = b"HTTP/1.1 205 Reset\r\nContent-Length: 2\r\n\r\nok";
    assert_eq!(shown(&Session::get(), wire), "205 \"ok\" END persists");
}

#[test]
fn ok_rule_2_success_makes_a_tunnel_of_connect() {
    let connect = Session::request(Request::new(Method::CONNECT));
    for fields in [
        "",
        "Content-Length: 5\r\n",
        "Content-Length: x\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip\r\nConnection: close\r\n",
    ] {
        for status in [200, 201, 204, 299] {
            let wire = format!("HTTP/1.1 {} x\r\n{}\r\n5\r\nhello", status, fields);
            let transcript = connect.everyway(wire.as_bytes());
            assert_eq!(transcript.to_string(), format!("{} SWITCHED Upgraded", status));
        }
    }
    let wire = b"HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\n\x16\x03\x01";
    assert_eq!(connect.replay(wire, crate::properties::replay::Feed::WHOLE).left, 3);
}

#[test]
fn ok_rule_2_refusal_of_connect_is_a_usual_response() {
    let connect = Session::request(Request::new(Method::CONNECT));
    let wire = b"HTTP/1.1 407 x\r\nContent-Length: 2\r\n\r\nno";
    assert_eq!(shown(&connect, wire), "407 \"no\" END persists");
    let wire = b"HTTP/1.1 302 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(shown(&connect, wire), "302 END persists");
}

#[test]
fn ok_rule_3_transfer_encoding_overrides_content_length_and_then_it_closes() {
    let (chunks, expected) = ("2\r\nok\r\n0\r\n\r\n", "200 \"ok\" END AmbiguousFraming");
    table(&[
        ("Transfer-Encoding: chunked\r\nContent-Length: 9\r\n", chunks, expected),
        ("Content-Length: 9\r\nTransfer-Encoding: chunked\r\n", chunks, expected),
        ("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", chunks, expected),
        ("Content-Length: 1, 2\r\nTransfer-Encoding: chunked\r\n", chunks, expected),
        ("Content-Length: x\r\nTransfer-Encoding: chunked\r\n", chunks, expected),
        ("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n", "hello", "ERR TransferCoding"),
        // Other fields of a similar name are other fields.
        (
            "Content-Length-X: 0\r\nTransfer-Encoding: chunked\r\n",
            chunks,
            "200 \"ok\" END persists",
        ),
        ("Transfer-Encoding-X: gzip\r\nContent-Length: 1\r\n", "x", "200 \"x\" END persists"),
    ]);
}

#[test]
fn ok_rule_3_transfer_encoding_in_http_1_0_closes() {
    let wire = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n\
        2\r\nok\r\n0\r\n\r\n";
    assert_eq!(shown(&Session::get(), wire), "200 \"ok\" END AmbiguousFraming");
}

#[test]
fn ok_rule_4_chunked_is_the_final_coding() {
    let (chunks, expected) = ("2\r\nok\r\n0\r\n\r\n", "200 \"ok\" END persists");
    table(&[
        ("Transfer-Encoding: chunked\r\n", chunks, expected),
        ("transfer-ENCODING:Chunked \r\n", chunks, expected),
        ("Transfer-Encoding: , chunked ,\r\n", chunks, expected),
    ]);
}

#[test]
fn err_rule_4_any_other_coding() {
    for coding in [
        "xchunked",
        "chunkedx",
        "\"chunked\"",
        "chunked;q=1",
        "chunked foo",
        "gzip",
        "gzip, chunked",
        "chunked, gzip",
        "chunked, identity",
        "chunked, chunked",
        "chunked\r\nTransfer-Encoding: chunked",
        "gzip\r\nTransfer-Encoding: chunked",
        "chunked\r\nTransfer-Encoding: gzip",
        "chunked\r\nTransfer-Encoding:",
        "\r\nTransfer-Encoding: chunked",
        "",
        ",",
        "\u{a0}chunked",
    ] {
        table(&[(&format!("Transfer-Encoding: {}\r\n", coding), "", "ERR TransferCoding")]);
    }
    table(&[("Transfer-Encoding: \x0bchunked\r\n", "", "ERR FieldValue")]);
}

#[test]
fn err_rule_5_an_invalid_length() {
    for length in [
        "+5",
        "-5",
        "0x5",
        "5abc",
        "5.0",
        "1 0",
        "",
        "5,",
        ",5",
        "5,,5",
        "5;",
        "five",
        "5 5",
        "\"5\"",
        "1e3",
        "\u{a0}5",
        "18446744073709551616",
        "99999999999999999999999999",
    ] {
        table(&[(&format!("Content-Length: {}\r\n", length), "hello", "ERR ContentLength")]);
    }
    table(&[("Content-Length: 5\x0b\r\n", "hello", "ERR FieldValue")]);
}

#[test]
fn err_rule_5_lengths_that_differ() {
    for lengths in [
        "5, 6",
        "5\r\nContent-Length: 6",
        "5, 5, 6",
        "5\r\nServer: x\r\ncontent-length: 7",
        "0, 5",
        "5\r\nContent-Length: 0",
    ] {
        let fields = format!("Content-Length: {}\r\n", lengths);
        table(&[(&fields, "hello", "ERR ContentLengthsDiffer")]);
    }
}

#[test]
fn ok_rule_5_lengths_that_agree() {
    for lengths in ["5, 5", "5,5 ,\t5", "5\r\nContent-Length: 5", "005, 5", "0000000000000000005"] {
        let fields = format!("Content-Length: {}\r\n", lengths);
        table(&[(&fields, "hello", "200 \"hello\" END persists")]);
    }
}

#[test]
fn ok_rule_6_a_length_is_the_length() {
    table(&[
        ("Content-Length: 5\r\n", "hello", "200 \"hello\" END persists"),
        ("Content-Length: \t5 \r\n", "hello", "200 \"hello\" END persists"),
        ("Content-Length: 0\r\n", "", "200 END persists"),
        ("Content-Length: 5\r\n", "hello world", "200 \"hello\" END SurplusBytes"),
        ("Content-Length: 0\r\n", "\r\n", "200 END SurplusBytes"),
        (
            "Content-Length: 5\r\nUpgrade: h2c\r\nConnection: upgrade\r\n",
            "hello",
            "200 \"hello\" END persists",
        ),
    ]);
}

#[test]
fn err_rule_6_the_stream_ends_before_the_length() {
    for (length, body) in [("1", ""), ("5", "hell"), ("18446744073709551615", "hello")] {
        let wire = response(&format!("Content-Length: {}\r\n", length), body);
        let transcript = Session::get().everyway(&wire);
        let received = body.len() as u64;
        let error = Error::Truncated { received, expected: length.parse().ok() };
        assert_eq!(transcript.error, Some(error));
        assert_eq!(transcript.data(), body.as_bytes());
    }
}

#[test]
fn ok_rule_8_the_rest_until_the_close() {
    table(&[
        ("", "", "200 END CloseDelimited"),
        ("", "hello", "200 \"hello\" END CloseDelimited"),
        ("Connection: keep-alive\r\n", "hello", "200 \"hello\" END CloseDelimited"),
        ("Upgrade: h2c\r\nConnection: upgrade\r\n", "body", "200 \"body\" END CloseDelimited"),
    ]);
}

#[test]
fn ok_every_pair_of_fields_is_framed_as_the_text_says() {
    let names = ["Content-Length", "Transfer-Encoding", "Connection"];
    let values: [&[&str]; 3] = [
        &["", "0", "5", "05", "5, 5", "5, 6", "+5", "x", "18446744073709551616"],
        &["", "chunked", "CHUNKED", "gzip", "chunked, chunked", "gzip, chunked", ",chunked"],
        &["", "close", "x, Close", "keep-alive", "keep-alive, close", "closed"],
    ];
    let mut fields = vec![None];
    for (name, values) in names.iter().zip(values) {
        fields.extend(values.iter().map(|value| Some((*name, value.as_bytes().to_vec()))));
    }
    let mut refused = 0;
    for method in ["GET", "HEAD", "CONNECT", "POST"] {
        for version in [Version::Http11, Version::Http10] {
            for status in [200, 204, 206, 304, 404, 407] {
                for (a, b) in fields.iter().flat_map(|a| fields.iter().map(move |b| (a, b))) {
                    let fields = a.iter().chain(b).cloned().collect();
                    let exchange = Exchange { method, version, status, fields };
                    exchange.check();
                    refused += usize::from(exchange.engine().0 == Body::Refused);
                }
            }
        }
    }
    assert!(refused > 1000, "{}", refused);
}
