//! Content codings through the client: what is asked for, what is decoded, and what becomes of the
//! connection.

use std::io::{self, Read};

use pannier::http::{Headers, Method};
use pannier::net::Script;
use pannier::{CloseReason, Decoding, ErrorKind, Limits, RequestBuilder, Response};

use crate::support::deflate::{
    endless_letters, many_letters, stored_zlib, HELLO, HELLO_GZIP, HELLO_ZLIB,
};
use crate::support::{builder, client, once, read_all, scripted, OK};

/// A response whose content has this coding.
fn coded(coding: &str, content: &[u8]) -> Vec<u8> {
    let fields = format!("Content-Encoding: {}\r\nContent-Length: {}", coding, content.len());
    [format!("HTTP/1.1 200 OK\r\n{}\r\n\r\n", fields).as_bytes(), content].concat()
}

/// The same in chunks of this size.
fn chunked(field: &str, content: &[u8], size: usize) -> Vec<u8> {
    let mut wire = format!("HTTP/1.1 200 OK\r\n{}\r\n\r\n", field).into_bytes();
    for chunk in content.chunks(size) {
        wire.extend(format!("{:x}\r\n", chunk.len()).bytes());
        wire.extend([chunk, b"\r\n"].concat());
    }
    wire.extend(b"0\r\n\r\n");
    wire
}

fn get(answer: impl AsRef<[u8]>) -> Response {
    let (client, _) = scripted([once(answer)]);
    client.get("http://a.test/").send().unwrap()
}

#[test]
fn ok_codings_are_asked_for_unless_the_request_speaks_of_them() {
    let asked = |request: RequestBuilder| {
        let request = request.build().unwrap();
        request.headers().get("Accept-Encoding").map(str::to_owned)
    };
    let usual = Some("gzip, deflate".to_owned());
    let own = Some("br".to_owned());
    let client = client();
    let get = || client.get("http://a.test/");
    assert_eq!(asked(get()), usual);
    assert_eq!(asked(client.post("http://a.test/")), usual);
    assert_eq!(asked(get().header("accept-encoding", "br")), own);
    assert_eq!(asked(get().without_header("Accept-Encoding")), None);
    assert_eq!(asked(get().header("Range", "bytes=0-1")), None);
    assert_eq!(asked(client.head("http://a.test/")), None);
    assert_eq!(asked(get().decoding(Decoding::none())), None);
    let always = Decoding::always();
    assert_eq!(asked(get().decoding(always).header("Range", "bytes=0-1")), usual);
    assert_eq!(asked(get().decoding(always).header("Accept-Encoding", "br")), own);
    assert_eq!(asked(get().decoding(always).without_header("Accept-Encoding")), None);
    let mut headers = Headers::new();
    headers.append("Accept-Encoding", "br").unwrap();
    let client = builder().default_headers(headers).build();
    assert_eq!(asked(client.get("http://a.test/")), own);
    let client = builder().decoding(Decoding::none()).build();
    assert_eq!(asked(client.get("http://a.test/")), None);
}

#[test]
fn ok_each_coding_alone_and_around_another_in_one_line_or_several() {
    let nested = stored_zlib(HELLO_GZIP);
    let deep = (0..4).fold(HELLO_GZIP.to_vec(), |content, _| stored_zlib(&content));
    let table: [(&str, &[u8]); 11] = [
        ("gzip", HELLO_GZIP),
        ("x-gzip", HELLO_GZIP),
        ("GZip", HELLO_GZIP),
        ("deflate", HELLO_ZLIB),
        ("deflate", HELLO),
        ("identity", b"hello"),
        ("None", b"hello"),
        ("identity, gzip, , identity", HELLO_GZIP),
        ("gzip, deflate", &nested),
        ("gzip\r\nContent-Encoding: identity, deflate", &nested),
        ("gzip, deflate, deflate, deflate, deflate", &deep),
    ];
    for (coding, content) in table {
        for size in [1, 3, usize::MAX] {
            let wire = coded(coding, content);
            let script = Script::new().expect_until("\r\n\r\n").reply_in_pieces(&wire, size);
            let (client, _) = scripted([script]);
            let response = client.get("http://a.test/").send().unwrap();
            assert_eq!(response.bytes().unwrap(), b"hello", "{} by {}", coding, size);
            let field = format!("Content-Encoding: {}\r\nTransfer-Encoding: chunked", coding);
            let response = get(chunked(&field, content, size));
            assert_eq!(response.bytes().unwrap(), b"hello", "{} in chunks of {}", coding, size);
        }
    }
}

#[test]
fn ok_every_way_to_read_goes_through_the_decoder() {
    let wire = coded("gzip", HELLO_GZIP);
    assert_eq!(get(&wire).text().unwrap(), "hello");
    assert_eq!(get(&wire).bytes().unwrap(), b"hello");
    assert_eq!(read_all(&mut get(&wire)).unwrap(), b"hello");
    let mut bytes = Vec::new();
    get(&wire).into_reader().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes, b"hello");
    let mut response = get(&wire);
    let mut buffer = [0; 2];
    let mut pieces = Vec::new();
    loop {
        match response.read_body(&mut buffer).unwrap() {
            0 => break,
            count => pieces.push(buffer[..count].to_vec()),
        }
    }
    assert_eq!(pieces.concat(), b"hello");
    assert_eq!(response.read_body(&mut buffer).unwrap(), 0);

    let script = || once(&wire).repeated();
    let client = builder().connector(script()).build();
    let urls = ["http://a.test/1", "http://a.test/2"];
    let batch = client.batch(urls.map(|url| client.get(url)));
    for result in batch.collect() {
        assert_eq!(result.unwrap().text().unwrap(), "hello");
    }
    let batch = client.batch(urls.map(|url| client.get(url)));
    for result in batch.collect() {
        assert_eq!(read_all(&mut result.unwrap()).unwrap(), b"hello");
    }
    let client = builder().connector(script()).build();
    for response in client.pipeline(urls.map(|url| client.get(url))) {
        assert_eq!(response.unwrap().text().unwrap(), "hello");
    }
}

#[test]
fn ok_what_was_not_asked_for_comes_as_it_is() {
    let table: [fn(RequestBuilder) -> RequestBuilder; 4] = [
        |request| request.header("Accept-Encoding", "gzip"),
        |request| request.header("Range", "bytes=0-"),
        |request| request.decoding(Decoding::none()),
        |request| request.decoding(Decoding::none().max_ratio(1)),
    ];
    for change in table {
        let (client, _) = scripted([once(coded("gzip", HELLO_GZIP))]);
        let response = change(client.get("http://a.test/")).send().unwrap();
        assert_eq!(response.content_length(), Some(25));
        assert!(!response.is_decoded());
        assert_eq!(response.bytes().unwrap(), HELLO_GZIP);
    }
    let (client, _) = scripted([once(coded("gzip", HELLO_GZIP))]);
    let request = client.get("http://a.test/").header("Accept-Encoding", "gzip");
    let response = request.decoding(Decoding::always()).send().unwrap();
    assert_eq!(response.bytes().unwrap(), b"hello");
}

#[test]
fn ok_the_fields_stay_and_the_length_is_not_that_of_the_content() {
    let mut response = get(coded("gzip", HELLO_GZIP));
    assert!(response.is_decoded() && !response.is_ended());
    assert_eq!(response.content_length(), None);
    assert_eq!(response.headers().get("Content-Length"), Some("25"));
    assert_eq!(response.headers().get("Content-Encoding"), Some("gzip"));
    assert_eq!(response.content_received(), 0);
    response.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(response.content_received(), 25);
    assert!(response.is_ended());
    let response = get(coded("identity", b"hello"));
    assert_eq!((response.is_decoded(), response.content_length()), (false, Some(5)));
}

#[test]
fn ok_where_there_is_no_content_there_is_nothing_to_decode() {
    let heads = [
        (Method::HEAD, "200 OK\r\nContent-Length: 25"),
        (Method::GET, "204 No Content"),
        (Method::GET, "304 Not Modified\r\nContent-Length: 25"),
        (Method::GET, "200 OK\r\nContent-Length: 0"),
        (Method::GET, "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0"),
    ];
    for (method, head) in heads {
        for coding in ["gzip", "br"] {
            let head = head.replacen("\r\n", &format!("\r\nContent-Encoding: {}\r\n", coding), 1);
            let wire = match head.contains("\r\n") {
                true => format!("HTTP/1.1 {}\r\n\r\n", head),
                false => format!("HTTP/1.1 {}\r\nContent-Encoding: {}\r\n\r\n", head, coding),
            };
            if wire.contains("chunked") && coding == "br" {
                continue; // whether there is any is not known before it is read
            }
            let (client, _) = scripted([once(&wire)]);
            let request = client.request(method.clone(), "http://a.test/");
            let response = request.decoding(Decoding::always()).send().unwrap();
            assert_eq!(response.bytes().unwrap(), b"", "{}", wire);
        }
    }
}

#[test]
fn ok_the_connection_is_free_with_the_last_byte() {
    let field = "Content-Encoding: gzip\r\nTransfer-Encoding: chunked";
    for wire in [coded("gzip", HELLO_GZIP), chunked(field, HELLO_GZIP, 7)] {
        let script = Script::new().expect_until("\r\n\r\n").reply(&wire);
        let script = script.expect_until("\r\n\r\n").reply(OK);
        let (client, scripts) = scripted([script]);
        let mut response = client.get("http://a.test/").send().unwrap();
        let mut buffer = [0; 5];
        response.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, b"hello");
        assert!(response.is_ended());
        assert_eq!(client.pool_stats().idle, 1);
        assert_eq!(client.get("http://a.test/").send().unwrap().text().unwrap(), "ok");
        assert_eq!(scripts.count(), 1);
    }
}

#[test]
fn err_codings_that_are_unknown_or_too_many() {
    let six = ["gzip"; 6].join(", ");
    let lines = ["gzip"; 6].join("\r\nContent-Encoding: ");
    for (coding, text) in [
        ("br", "\"br\""),
        ("gzip, zstd", "\"zstd\""),
        ("nothing", "\"nothing\""),
        ("gzip, \"deflate", "\"gzip, \\\"deflate\""),
        (&six, "more than 5"),
        (&lines, "more than 5"),
    ] {
        let script = Script::new().expect_until("\r\n\r\n").reply(coded(coding, HELLO_GZIP));
        let script = script.expect_until("\r\n\r\n").reply(OK);
        let (client, scripts) = scripted([script]);
        let mut response = client.get("http://a.test/").send().unwrap();
        assert_eq!(response.status().as_u16(), 200);
        let error = response.read_body(&mut [0; 9]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Coding);
        assert!(error.to_string().contains(text), "{}", error);
        assert_eq!(response.read_body(&mut [0; 9]).unwrap_err().kind(), ErrorKind::Coding);
        // The message was whole, so the connection is of use.
        assert_eq!(client.get("http://a.test/").send().unwrap().text().unwrap(), "ok");
        assert_eq!(scripts.count(), 1);
    }
}

#[test]
fn err_broken_content_after_what_came_before_it() {
    let mut wrong = HELLO_GZIP.to_vec();
    wrong[20] ^= 1;
    for (content, before, text) in [
        (&wrong[..], &b"hello"[..], "checksum"),
        (&[HELLO_GZIP, b"junk"].concat(), b"hello", "bytes follow"),
        (&[HELLO_GZIP, b"\0\0"].concat(), b"hello", "bytes follow"),
        (&HELLO_GZIP[..20], b"hello", "incomplete"),
        (&HELLO_GZIP[..1], b"", "incomplete"),
        (b"plain", b"", "not gzip"),
    ] {
        let script = Script::new().expect_until("\r\n\r\n").reply(coded("gzip", content));
        let script = script.expect_until("\r\n\r\n").reply(OK);
        let (client, scripts) = scripted([script]);
        let mut response = client.get("http://a.test/").send().unwrap();
        let mut bytes = Vec::new();
        let error = pannier::Error::from(response.read_to_end(&mut bytes).unwrap_err());
        assert_eq!((error.kind(), &bytes[..]), (ErrorKind::Coding, before));
        assert!(error.to_string().contains(text), "{}", error);
        assert_eq!(client.get("http://a.test/").send().unwrap().text().unwrap(), "ok");
        assert_eq!(scripts.count(), 1, "{}", text);
    }
}

#[test]
fn err_a_message_cut_short_is_no_matter_of_its_coding() {
    let wire = coded("gzip", HELLO_GZIP);
    let mut response = get(&wire[..wire.len() - 9]);
    let error = pannier::Error::from(response.read_to_end(&mut Vec::new()).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::Truncated);
}

#[test]
fn ok_content_that_is_dropped_is_read_away_and_not_decoded() {
    let script = Script::new().expect_until("\r\n\r\n").reply(coded("gzip", b"no gzip at all"));
    let script = script.expect_until("\r\n\r\n").reply(OK);
    let (client, scripts) = scripted([script]);
    drop(client.get("http://a.test/").send().unwrap());
    assert_eq!(client.get("http://a.test/").send().unwrap().text().unwrap(), "ok");
    assert_eq!(scripts.count(), 1);
}

#[test]
fn err_limits_count_decoded_bytes() {
    let content = many_letters(4);
    let (client, _) = scripted([once(coded("deflate", &content))]);
    let whole = client.get("http://a.test/").send().unwrap().bytes().unwrap();
    assert_eq!(whole.len(), 4 * 1017 * 258 + 1);
    let limits = Limits::default().body(100_000);
    let script = once(coded("deflate", &content));
    let client = builder().limits(limits).connector(script.repeated()).build();
    let response = client.get("http://a.test/").send().unwrap();
    assert_eq!(response.bytes().unwrap_err().kind(), ErrorKind::TooLarge);
    // It is about what is held in memory.
    let mut response = client.get("http://a.test/").send().unwrap();
    assert_eq!(response.copy_to(&mut io::sink()).unwrap(), whole.len() as u64);
}

#[test]
fn err_too_much_of_too_little() {
    let (single, nested) = (many_letters(8), endless_letters(2000));
    let table = [
        ("deflate", &single, Decoding::automatic(), Ok(8 * 1017 * 258 + 1)),
        ("deflate", &single, Decoding::automatic().max_ratio(100), Err(ErrorKind::TooLarge)),
        ("deflate, deflate", &nested, Decoding::automatic(), Err(ErrorKind::TooLarge)),
        // The data has no end, which is the next to be wrong.
        (
            "deflate, deflate",
            &nested,
            Decoding::automatic().max_ratio(u32::MAX),
            Err(ErrorKind::Coding),
        ),
    ];
    for (coding, content, decoding, expected) in table {
        let client = builder().connector(once(coded(coding, content)).repeated());
        let client = client.decoding(decoding).build();
        let mut response = client.get("http://a.test/").send().unwrap();
        let copied = response.copy_to(&mut io::sink());
        assert_eq!(copied.map_err(|error| pannier::Error::from(error).kind()), expected);
    }
}

#[test]
fn err_much_of_which_nothing_comes() {
    let gzip = |flags: u8| [b"\x1f\x8b\x08", &[flags, 0, 0, 0, 0, 0, 3][..]].concat();
    let member = [&gzip(0)[..], b"\x03\0", &[0; 8]].concat();
    let (gzip_end, deflate_end) = (&HELLO_GZIP[10..], &HELLO_ZLIB[2..]);
    for (coding, begin, nothing, end) in [
        ("gzip", gzip(1 << 3), &b"n"[..], [b"\0", gzip_end].concat()),
        ("gzip", gzip(1 << 4), b"c", [b"\0", gzip_end].concat()),
        ("gzip", Vec::new(), &member, HELLO_GZIP.to_vec()),
        ("gzip", gzip(0), b"\0\0\0\xff\xff", gzip_end.to_vec()),
        ("deflate", HELLO_ZLIB[..2].to_vec(), b"\0\0\0\xff\xff", deflate_end.to_vec()),
    ] {
        for (length, expected) in [(2 << 20, Err(ErrorKind::TooLarge)), (512 << 10, Ok(5))] {
            let content = [begin.clone(), nothing.repeat(length / nothing.len()), end.clone()];
            let mut response = get(coded(coding, &content.concat()));
            let copied = response.copy_to(&mut io::sink());
            let copied = copied.map_err(|error| pannier::Error::from(error).kind());
            assert_eq!(copied, expected, "{} bytes of {:?}", length, &nothing[..1]);
        }
    }
}

#[test]
fn ok_transfer_codings_that_were_asked_for() {
    let both = stored_zlib(HELLO_GZIP);
    let table: [(&str, &[u8], bool); 5] = [
        ("Transfer-Encoding: gzip, chunked", HELLO_GZIP, true),
        ("Transfer-Encoding: deflate\r\nTransfer-Encoding: chunked", HELLO_ZLIB, true),
        ("Content-Encoding: gzip\r\nTransfer-Encoding: deflate, chunked", &both, true),
        ("Transfer-Encoding: gzip", HELLO_GZIP, false),
        ("Transfer-Encoding: gzip\r\nContent-Length: 3", HELLO_GZIP, false),
    ];
    for (field, content, chunks) in table {
        let wire = match chunks {
            true => chunked(field, content, 6),
            false => [format!("HTTP/1.1 200 OK\r\n{}\r\n\r\n", field).as_bytes(), content].concat(),
        };
        let (client, _) = scripted([once(&wire)]);
        let request = client.get("http://a.test/").header("TE", "gzip").header("Connection", "TE");
        assert_eq!(request.send().unwrap().bytes().unwrap(), b"hello", "{}", field);
        let (client, _) = scripted([once(&wire)]);
        let error = client.get("http://a.test/").header("TE", "trailers").send().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Framing, "{}", field);
    }
}

#[test]
fn err_transfer_codings_that_nobody_knows() {
    let (client, _) = scripted([once(chunked("Transfer-Encoding: br, chunked", b"x", 1))]);
    let mut response = client.get("http://a.test/").header("TE", "gzip").send().unwrap();
    let error = response.read_body(&mut [0; 9]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Coding);
    let (client, _) = scripted([once(chunked("Transfer-Encoding: chunked, gzip", b"x", 1))]);
    let error = client.get("http://a.test/").header("TE", "gzip").send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Framing);
}

#[test]
fn ok_raw_content_is_framed_without_codings_that_are_none() {
    let wire = "HTTP/1.1 200 OK\r\nTransfer-Encoding: odd\r\nContent-Length: 2\r\n\r\nok";
    let (client, _) = scripted([once(wire)]);
    let mut response = client.get("http://a.test/").raw_transfer(true).send().unwrap();
    assert_eq!(read_all(&mut response).unwrap(), b"ok");
    assert_eq!(response.connection().close_reason(), Some(CloseReason::AmbiguousFraming));
}
