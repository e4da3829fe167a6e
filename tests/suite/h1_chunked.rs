//! Chunked responses in the engine: framing, limits, trailers, raw transfer. Every row in every
//! piece, see `replay`.

use pannier::http::Method;
use pannier::proto::h1::{ChunkedDecoder, Error, Transfer};
use pannier::{Leniency, Limits};

use crate::properties::replay::{Request, Seen, Session};

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

fn table(session: &Session, rows: &[(&[u8], &str)]) {
    for (body, expected) in rows {
        let wire = [HEAD, body].concat();
        let shown = session.everyway(&wire).to_string();
        assert_eq!(shown, format!("200 {}", expected), "{}", body.escape_ascii());
    }
}

fn error(session: &Session, body: &[u8]) -> Option<Error> {
    session.everyway(&[HEAD, body].concat()).error
}

fn raw() -> Session {
    Session::request(Request { transfer: Transfer::Raw, ..Request::new(Method::GET) })
}

#[test]
fn ok_chunks_are_joined() {
    table(
        &Session::get(),
        &[
            (b"0\r\n\r\n", "END persists"),
            (b"5\r\nhello\r\n0\r\n\r\n", "\"hello\" END persists"),
            (b"1\r\nh\r\n4\r\nello\r\n000\r\n\r\n", "\"hello\" END persists"),
            (b"0005\r\nhello\r\n0\r\n\r\n", "\"hello\" END persists"),
            (b"0000000000000005\r\nhello\r\n0\r\n\r\n", "\"hello\" END persists"),
            (
                b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n",
                "\"01234567890123456789\" END persists",
            ),
            (
                b"5;ilovew3;much=these\r\nhello\r\n6;blah;blah\r\n world\r\n0\r\n\r\n",
                "\"hello world\" END persists",
            ),
            (b"2;a=\"x;\\\"y\"\r\nok\r\n0;last\r\n\r\n", "\"ok\" END persists"),
            (b"2 ;a\r\nok\r\n0\t;b\r\n\r\n", "\"ok\" END persists"),
            (b"4\r\n\r\n\r\n\r\n0\r\n\r\n", r#""\r\n\r\n" END persists"#),
            (b"3\r\n0\r\n\r\n0\r\n\r\n", r#""0\r\n" END persists"#),
        ],
    );
}

#[test]
fn err_chunk_faults_after_the_data_before_them() {
    table(
        &Session::get(),
        &[
            (b"\r\n", "ERR ChunkSize"),
            (b";a\r\n", "ERR ChunkSize"),
            (b"g\r\n", "ERR ChunkSize"),
            (b"+5\r\nhello\r\n", "ERR ChunkSize"),
            (b"-5\r\nhello\r\n", "ERR ChunkSize"),
            (b"0x5\r\nhello\r\n", "ERR ChunkSize"),
            (b"0X5\r\nhello\r\n", "ERR ChunkSize"),
            (b"5_0\r\nhello\r\n", "ERR ChunkSize"),
            (b" 5\r\nhello\r\n", "ERR ChunkSize"),
            (b"\t5\r\nhello\r\n", "ERR ChunkSize"),
            (b"5 \r\nhello\r\n", "ERR ChunkSize"),
            (b"5\x0b\r\nhello\r\n", "ERR ChunkSize"),
            (b"5 5\r\nhello\r\n", "ERR ChunkSize"),
            (b"5,\r\nhello\r\n", "ERR ChunkSize"),
            (b"2 erfrferferf\r\naa\r\n0 rrrr\r\n\r\n", "ERR ChunkSize"),
            (b"5\nhello\r\n", "ERR ChunkSize"),
            (b"5\r\rhello\r\n", "ERR ChunkSize"),
            (b"5;a\nhello\r\n", "ERR ChunkSize"),
            (b"5;a\r\rhello\r\n", "ERR ChunkSize"),
            (b"5;\"a\r\nhello\r\n", "ERR ChunkSize"),
            (b"5;a\0\r\nhello\r\n", "ERR ChunkSize"),
            (b"10000000000000000\r\n", "ERR ChunkTooLarge"),
            (b"00000000000000000\r\n", "ERR ChunkTooLarge"),
            (b"5\r\nhelloX", "\"hello\" ERR ChunkEnd"),
            (b"5\r\nhello\n0\r\n\r\n", "\"hello\" ERR ChunkEnd"),
            (b"5\r\nhello\r0\r\n\r\n", "\"hello\" ERR ChunkEnd"),
            (b"5\r\nhello\r\r\n", "\"hello\" ERR ChunkEnd"),
            (b"5\r\nhello world\r\n", "\"hello\" ERR ChunkEnd"),
            (b"5\r\nhell\r\n0\r\n\r\n", r#""hell\r" ERR ChunkEnd"#),
            (b"5\r\nhello\r\n\r\n", "\"hello\" ERR ChunkSize"),
            (b"5\r\nhello\r\n5\r\nhello\r\nxx", "\"hellohello\" ERR ChunkSize"),
        ],
    );
}

#[test]
fn err_the_largest_sizes_do_not_wrap() {
    for size in ["ffffffffffffffff", "fffffffffffffffe", "8000000000000000", "7fffffffffffffff"] {
        let body = format!("{}\r\nabc", size);
        let expected = Error::Truncated { received: 3, expected: None };
        assert_eq!(error(&Session::get(), body.as_bytes()), Some(expected), "{}", size);
    }
}

#[test]
fn err_the_stream_ends_in_a_chunk_or_before_the_last() {
    let body = b"5;a\r\nhello\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n";
    for end in 0..body.len() {
        let transcript = Session::get().everyway(&[HEAD, &body[..end]].concat());
        let received = transcript.data().len() as u64;
        let expected = Error::Truncated { received, expected: None };
        assert_eq!(transcript.error, Some(expected), "{}", end);
    }
}

#[test]
fn err_extensions_above_the_limit() {
    let session = Session { limits: Limits::default().chunk_line(10), ..Session::get() };
    let of = |size: usize, count: usize| {
        let chunk = [b"1", &b";".repeat(size)[..], b"\r\nx\r\n"].concat();
        [&chunk.repeat(count)[..], b"0\r\n\r\n"].concat()
    };
    assert_eq!(error(&session, &of(10, 1)), None);
    assert_eq!(error(&session, &of(11, 1)), Some(Error::ChunkLineTooLong(10)));
    assert_eq!(error(&session, &of(10, 4)), None);
    assert_eq!(error(&session, &of(10, 5)), Some(Error::ChunkLineTooLong(10)));
    assert_eq!(error(&session, &of(0, 100)), None);
    let blank = [b"1", &b" ".repeat(11)[..], b";\r\nx\r\n0\r\n\r\n"].concat();
    assert_eq!(error(&session, &blank), Some(Error::ChunkLineTooLong(10)));
    // The first blank of each line counts in the sum, too, and the data of each chunk is taken off: four
    // times nine bytes, and five more.
    let blanks = [&b"1 ;34567890\r\nx\r\n".repeat(4)[..], b"1 ;345\r\nx\r\n0\r\n\r\n"].concat();
    assert_eq!(error(&session, &blanks), Some(Error::ChunkLineTooLong(10)));
    // Where there is more data than that, there is no end to it.
    let large = [&b"9;34567890\r\n123456789\r\n".repeat(1000)[..], b"0\r\n\r\n"].concat();
    assert_eq!(error(&session, &large), None);
    let small = [&b"8;34567890\r\n12345678\r\n".repeat(40)[..], b"0\r\n\r\n"].concat();
    assert_eq!(error(&session, &small), Some(Error::ChunkLineTooLong(10)));
}

#[test]
fn ok_trailers_follow_the_data() {
    let rows: [(&[u8], &str); 5] = [
        (b"X: y\r\n\r\n", "\"ok\" {X: y} END persists"),
        (b"X:y\r\nZ: 1\r\nX: 2\r\n\r\n", "\"ok\" {X: y, Z: 1, X: 2} END persists"),
        // RFC 9110 §6.5.1: no field of a trailer section has a say in framing or persistence.
        (
            b"Content-Length: 9\r\nTransfer-Encoding: gzip\r\nConnection: close\r\n\r\n",
            "\"ok\" {Content-Length: 9, Transfer-Encoding: gzip, Connection: close} END persists",
        ),
        (b"X: y\n\n", "\"ok\" {X: y} END persists"),
        (b"X: y\r\n z\r\n\r\n", "\"ok\" {X: y   z} END persists"),
    ];
    for (trailer, expected) in rows {
        table(&Session::get(), &[(&[b"2\r\nok\r\n0\r\n", trailer].concat(), expected)]);
    }
}

#[test]
fn err_trailers_are_checked_as_headers_are() {
    for (trailer, expected) in [
        (&b"no colon\r\n\r\n"[..], "\"ok\" ERR FieldName"),
        (b"X : y\r\n\r\n", "\"ok\" ERR FieldName"),
        (b"X: a\0b\r\n\r\n", "\"ok\" ERR FieldValue"),
        (b"X: a\rb\r\n\r\n", "\"ok\" ERR BareCr"),
        (b" X: y\r\n\r\n", "\"ok\" ERR Folding"),
        (b"\rX\r\n\r\n", "\"ok\" ERR BareCr"),
    ] {
        table(&Session::get(), &[(&[b"2\r\nok\r\n0\r\n", trailer].concat(), expected)]);
    }
    let strict = Session { leniency: Leniency::strict(), ..Session::get() };
    table(&strict, &[(b"2\r\nok\r\n0\r\nX: y\n\r\n", "\"ok\" ERR BareLf")]);
}

#[test]
fn err_trailers_above_the_limit() {
    let limits = Limits::default().trailer_bytes(20).head_lines(3);
    let session = Session { limits, ..Session::get() };
    let of = |trailer: &[u8]| [b"0\r\n", trailer].concat();
    assert_eq!(error(&session, &of(b"X: 0123456789012\r\n\r\n")), None);
    assert_eq!(error(&session, &of(b"X: 01234567890123\r\n\r\n")), Some(Error::TrailerTooLong(20)));
    assert_eq!(error(&session, &of(&[b'x'; 100])), Some(Error::TrailerTooLong(20)));
    assert_eq!(error(&session, &of(&b"X: y\r\n".repeat(100))), Some(Error::TrailerTooLong(20)));
    assert_eq!(error(&session, &of(&b"X:\r\n".repeat(4))), Some(Error::TooManyFields(3)));
}

#[test]
fn ok_raw_transfer_hands_on_every_byte() {
    for body in [
        &b"0\r\n\r\n"[..],
        b"5;a=b\r\nhello\r\n0;c\r\n\r\n",
        b"005\r\nhello\r\n3\r\nabc\r\n00\r\nX: y\r\nZ:\r\n\r\n",
    ] {
        let transcript = raw().everyway(&[HEAD, body].concat());
        assert_eq!(transcript.data(), body);
        assert_eq!((transcript.error, transcript.persistence), (None, Ok(())));
        assert_eq!(transcript.seen.len(), 3, "head, data, end and no trailers: {}", transcript);
        assert!(matches!(transcript.seen[2], Seen::End));
    }
}

#[test]
fn err_raw_transfer_still_follows_the_chunks() {
    table(
        &raw(),
        &[
            (b"5\r\nhelloX", r#""5\r\nhello" ERR ChunkEnd"#),
            (b"5\r\nhello\r\nx", r#""5\r\nhello\r\n" ERR ChunkSize"#),
            (b"5\r\nhel", r#""5\r\nhel" ERR Truncated { received: 6, expected: None }"#),
            (b"0\r\nX", r#""0\r\n" ERR Truncated { received: 3, expected: None }"#),
            (b"0\r\nX y\r\n\r\n", r#""0\r\n" ERR FieldName"#),
        ],
    );
}

#[test]
fn ok_raw_transfer_changes_nothing_without_chunks() {
    let wire = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    assert_eq!(raw().everyway(wire).to_string(), "200 \"hello\" END persists");
}

#[test]
fn ok_many_small_chunks() {
    let body = [&b"1\r\nx\r\n".repeat(5000)[..], b"0\r\n\r\n"].concat();
    let transcript = Session::get().everyway(&[HEAD, &body].concat());
    assert_eq!((transcript.data(), transcript.error), (vec![b'x'; 5000], None));
}

#[test]
fn ok_data_of_a_chunk_may_be_skipped() {
    let mut decoder = ChunkedDecoder::new(64);
    assert_eq!((decoder.data_left(), decoder.read(b"a\r\n01", &mut [0; 9])), (0, Ok((5, 2))));
    assert_eq!(decoder.data_left(), 8);
    decoder.skip(3);
    assert_eq!(decoder.data_left(), 5);
    decoder.skip(5);
    assert_eq!(decoder.data_left(), 0);
    assert_eq!(decoder.read(b"\r\n0\r\nrest", &mut []), Ok((5, 0)));
    assert!(decoder.is_done());
}
