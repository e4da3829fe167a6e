//! Response heads: status lines, fields, limits. Every row in every piece, see `replay`.

use pannier::http::{Method, Version};
use pannier::proto::h1::{Error, Fault, HeadParser};
use pannier::{Leniency, Limits};

use crate::properties::replay::{lines, Head, Request, Seen, Session, Transcript};

/// The first head that the default session reports.
fn head(wire: &[u8]) -> Head {
    let transcript = Session::get().everyway(wire);
    match transcript.seen.into_iter().next() {
        Some(Seen::Head(head)) => head,
        other => panic!("{:?}", other),
    }
}

/// Each row is a wire and what the transcript shows.
fn table(session: &Session, rows: &[(&[u8], &str)]) {
    for (wire, expected) in rows {
        let shown = session.everyway(wire).to_string();
        assert_eq!(shown, *expected, "{}", wire.escape_ascii());
    }
}

fn strict() -> Session {
    Session { leniency: Leniency::strict(), ..Session::get() }
}

fn error(session: &Session, wire: &[u8]) -> Option<Error> {
    session.everyway(wire).error
}

#[test]
fn ok_status_lines() {
    let rows: [(&[u8], Version, u16, &[u8]); 10] = [
        (b"HTTP/1.1 200 OK\r\n\r\n", Version::Http11, 200, b"OK"),
        (b"HTTP/1.0 404 Not Found\r\n\r\n", Version::Http10, 404, b"Not Found"),
        (b"HTTP/1.1 200 \r\n\r\n", Version::Http11, 200, b""),
        (b"HTTP/1.1 200\r\n\r\n", Version::Http11, 200, b""),
        (b"HTTP/1.1 999 \tx y\r\n\r\n", Version::Http11, 999, b"\tx y"),
        (b"HTTP/1.1 200  OK\r\n\r\n", Version::Http11, 200, b" OK"),
        (
            b"HTTP/1.1 500 Ori\xc3\xabntatie\xff\r\n\r\n",
            Version::Http11,
            500,
            b"Ori\xc3\xabntatie\xff",
        ),
        (b"HTTP/1.2 200 OK\r\n\r\n", Version::Http11, 200, b"OK"),
        (b"HTTP/1.9 600 OK\r\n\r\n", Version::Http11, 600, b"OK"),
        (b"HTTP/1.1 200 OK\n\n", Version::Http11, 200, b"OK"),
    ];
    for (wire, version, status, reason) in rows {
        let head = head(wire);
        assert_eq!((head.version, head.status, head.reason), (version, status, reason.to_vec()));
        assert_eq!(head.bytes, wire);
    }
}

#[test]
fn err_status_lines() {
    table(
        &Session::get(),
        &[
            (b"<html>hello</html>", "ERR StatusLine"),
            (b"\x15\x03\x01\x00\x02\x02\x28", "ERR StatusLine"),
            (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", "ERR StatusLine"),
            (b"RTSP/1.1 200 OK\r\n\r\n", "ERR StatusLine"),
            (b"http/1.1 200 OK\r\n\r\n", "ERR StatusLine"),
            (b"HTP/1.1 200 OK\r\n\r\n", "ERR StatusLine"),
            (b" HTTP/1.1 200 OK\r\n\r\n", "ERR StatusLine"),
            (b"\r\nHTTP/1.1 200 OK\r\n\r\n", "ERR StatusLine"),
            (b"\nHTTP/1.1 200 OK\r\n\r\n", "ERR StatusLine"),
            (b"HTTP/2.0 200 OK\r\n\r\n", "ERR Version"),
            (b"HTTP/2 200 OK\r\n\r\n", "ERR Version"),
            (b"HTTP/0.9 200 OK\r\n\r\n", "ERR Version"),
            (b"HTTP/11.1 200 OK\r\n\r\n", "ERR Version"),
            (b"HTTP/01.1 200 OK\r\n\r\n", "ERR Version"),
            (b"HTTP/1.x 200 OK\r\n\r\n", "ERR Version"),
            (b"HTTP/1. 200 OK\r\n\r\n", "ERR Version"),
            (b"HTTP/1.11 200 OK\r\n\r\n", "ERR StatusLine"),
            (b"HTTP/1.1\t200 OK\r\n\r\n", "ERR StatusLine"),
            (b"HTTP/1.1  200 OK\r\n\r\n", "ERR StatusLine"),
            (b"HTTP/1.1 200\tOK\r\n\r\n", "ERR StatusLine"),
            (b"HTTP/1.1 20 OK\r\n\r\n", "ERR StatusLine"),
            (b"HTTP/1.1 2000 OK\r\n\r\n", "ERR StatusLine"),
            (b"HTTP/1.1 +20 OK\r\n\r\n", "ERR StatusLine"),
            (b"HTTP/1.1 -20 OK\r\n\r\n", "ERR StatusLine"),
            (b"HTTP/1.1 2x0 OK\r\n\r\n", "ERR StatusLine"),
            (b"HTTP/1.1 099 OK\r\n\r\n", "ERR StatusLine"),
            (b"HTTP/1.1 000 OK\r\n\r\n", "ERR StatusLine"),
            (b"HTTP/1.1 \r\n\r\n", "ERR StatusLine"),
            (b"HTTP/1.1\r\n\r\n", "ERR StatusLine"),
            (b"HTTP/1.1 200OK\r\n\r\n", "ERR StatusLine"),
            (b"HTTP/1.1 200 O\0K\r\n\r\n", "ERR FieldValue"),
            (b"HTTP/1.1 200 O\x1bK\r\n\r\n", "ERR FieldValue"),
            (b"HTTP/1.1 200 O\x7fK\r\n\r\n", "ERR FieldValue"),
            (b"HTTP/1.1 200 O\rK\r\n\r\n", "ERR BareCr"),
            (b"HTTP/1.1 200 OK\r\r\n\r\n", "ERR BareCr"),
            (b"HTTP/1.1 200 OK\r\rContent-Length: 4\r\n\r\nEvil", "ERR BareCr"),
        ],
    );
}

#[test]
fn err_other_protocols_are_refused_at_their_first_wrong_byte() {
    for (wire, at) in [
        (&b"<html>"[..], 1),
        (b"SSH-2.0-x\r\n", 1),
        (b"HTTX", 4),
        (b"HTTP/2", 6),
        (b"HTTP/1.x", 8),
        (b"HTTP/1.1\t", 9),
        (b"HTTP/1.1 +", 10),
        (b"HTTP/1.1 2x", 11),
        (b"HTTP/1.1 2000", 13),
    ] {
        let mut parser = HeadParser::new(Limits::default(), Leniency::default());
        assert!(parser.parse(&wire[..at - 1]).unwrap().is_none(), "{}", wire.escape_ascii());
        assert!(parser.parse(&wire[..at]).is_err(), "{}", wire.escape_ascii());
    }
}

#[test]
fn ok_fields() {
    let rows: [(&[u8], &str); 12] = [
        (b"A: b\r\n", "{A: b}"),
        (b"A:b\r\n", "{A: b}"),
        (b"A: \t b \t\r\n", "{A: b}"),
        (b"A:\r\n", "{A: }"),
        (b"A: \t \r\n", "{A: }"),
        (b"A: b c\td\r\n", r"{A: b c\td}"),
        (b"A: b\r\nA: c\r\na: b\r\n", "{A: b, A: c, a: b}"),
        (b"DCLK_imp: v7;x~okv=;\r\n.et-Cookie: :\r\n", "{DCLK_imp: v7;x~okv=;, .et-Cookie: :}"),
        (b"!#$%&'*+-.^_`|~0aZ: x\r\n", "{!#$%&'*+-.^_`|~0aZ: x}"),
        (b"A: \xe9\xff\x80\r\n", r"{A: \xe9\xff\x80}"),
        (b"A: b\nC: d\n", "{A: b, C: d}"),
        (b"Pragma: \r\nLocation: x\r\n", "{Pragma: , Location: x}"),
    ];
    for (section, expected) in rows {
        let wire = [b"HTTP/1.1 200 OK\r\n", section, b"\r\n"].concat();
        let head = head(&wire);
        assert_eq!(lines(&head.fields), expected);
        assert_eq!(head.bytes, wire);
    }
}

#[test]
fn ok_folded_lines_are_joined_by_spaces() {
    let rows: [(&[u8], &str); 8] = [
        (b"A: b\r\n c\r\n", "{A: b   c}"),
        (b"A: b\r\n\tc\r\n", "{A: b   c}"),
        (b"A: b \r\n  c \r\n", "{A: b     c}"),
        (b"A: b\r\n c\r\n d\r\nE: f\r\n", "{A: b   c   d, E: f}"),
        (b"A: b\n c\n", "{A: b  c}"),
        (b"A: b\r\n \r\n\t\r\n", "{A: b}"),
        // What begins on the second line has no white space before it either.
        (b"A:\r\n b\r\n", "{A: b}"),
        (b"A: \t\r\n \t\r\n  b\r\nC: d\r\n", "{A: b, C: d}"),
    ];
    for (section, expected) in rows {
        let wire = [b"HTTP/1.1 200 OK\r\n", section, b"\r\n"].concat();
        let head = head(&wire);
        assert_eq!(lines(&head.fields), expected, "{}", section.escape_ascii());
        let session = Session { leniency: Leniency::strict().bare_lf(true), ..Session::get() };
        match session.everyway(&head.bytes).seen.first() {
            Some(Seen::Head(again)) => assert_eq!(again.fields, head.fields),
            other => panic!("the joined lines are not read again: {:?}", other),
        }
        assert!(error(&strict(), &wire).is_some());
    }
}

#[test]
fn ok_a_folded_length_is_no_longer_number() {
    let folded = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n 0\r\n\r\n0123456789";
    assert_eq!(error(&Session::get(), folded), Some(Error::ContentLength));
    let folded = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n  abc\r\n\r\n5\r\nWorld";
    assert_eq!(error(&Session::get(), folded), Some(Error::TransferCoding));
    let folded = b"HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\nab";
    assert_eq!(Session::get().everyway(folded).to_string(), "200 \"ab\" END persists");
}

#[test]
fn err_fields() {
    let rows: [(&[u8], &str); 20] = [
        (b"A : b\r\n", "ERR FieldName"),
        (b"A\t: b\r\n", "ERR FieldName"),
        (b"Content-Length : 5\r\n", "ERR FieldName"),
        (b"A b: c\r\n", "ERR FieldName"),
        (b": b\r\n", "ERR FieldName"),
        (b"A\r\n", "ERR FieldName"),
        (b"no colon here\r\n", "ERR FieldName"),
        (b"A\0: b\r\n", "ERR FieldName"),
        (b"A\x01: b\r\n", "ERR FieldName"),
        (b"\xc3\xa4: b\r\n", "ERR FieldName"),
        (b"A(: b\r\n", "ERR FieldName"),
        (b"A: b\0c\r\n", "ERR FieldValue"),
        (b"A: b\x01c\r\n", "ERR FieldValue"),
        (b"A: b\x0bc\r\n", "ERR FieldValue"),
        (b"A: b\x7f\r\n", "ERR FieldValue"),
        (b"A: b\rC: d\r\n", "ERR BareCr"),
        (b"A: b\r\r\n", "ERR BareCr"),
        (b"\rA: b\r\n", "ERR BareCr"),
        (b" A: b\r\n", "ERR Folding"),
        (b"\tA: b\r\nC: d\r\n", "ERR Folding"),
    ];
    for (section, expected) in rows {
        let wire = [b"HTTP/1.1 200 OK\r\n", section, b"\r\n"].concat();
        table(&Session::get(), &[(&wire, expected)]);
        table(&strict(), &[(&wire, expected)]);
    }
}

#[test]
fn ok_each_leniency_is_one_switch() {
    let strict = Leniency::strict();
    let rows: [(&[u8], Leniency, Error); 7] = [
        (b"HTTP/1.1 200 OK\nA: b\r\n\r\n", strict.bare_lf(true), Error::BareLf),
        (b"HTTP/1.1 200 OK\r\nA: b\n\r\n", strict.bare_lf(true), Error::BareLf),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n\n", strict.bare_lf(true), Error::BareLf),
        (b"HTTP/1.1 200\r\nA: b\r\n\r\n", strict.missing_reason(true), Error::StatusLine),
        (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", strict.folding(true), Error::Folding),
        (b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", strict.leading_empty_lines(true), Error::StatusLine),
        (b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", strict.space_before_colon(true), Error::FieldName),
    ];
    for (wire, leniency, refusal) in rows {
        let lenient = Session { leniency, ..Session::get() };
        assert_eq!(error(&lenient, wire), None, "{}", wire.escape_ascii());
        assert_eq!(error(&self::strict(), wire), Some(refusal), "{}", wire.escape_ascii());
    }
}

#[test]
fn ok_a_wrong_length_can_be_ignored() {
    let wire = b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3, x\r\n\r\nhello";
    let leniency = Leniency::default().ignore_content_length(true);
    let session = Session { leniency, ..Session::get() };
    assert_eq!(session.everyway(wire).to_string(), "200 \"hello\" END CloseDelimited");
}

#[test]
fn ok_a_length_beyond_all_numbers_can_be_ignored() {
    let leniency = Leniency::default().oversized_length(true);
    let session = Session { leniency, ..Session::get() };
    let wire = |length: &str| {
        let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ";
        format!("{}{}\r\n\r\nhello", head, length)
    };
    let seen = session.everyway(wire("36893488147419103232").as_bytes());
    assert_eq!(seen.to_string(), "200 \"hello\" END CloseDelimited");
    let persistent = wire("36893488147419103232").replace("close", "keep-alive");
    assert_eq!(session.everyway(persistent.as_bytes()).to_string(), "ERR ContentLength");
    for length in
        ["", "x", "-36893488147419103232", "36893488147419103232, 5", "5, 36893488147419103232"]
    {
        let seen = session.everyway(wire(length).as_bytes()).to_string();
        assert_eq!(seen, "ERR ContentLength", "{}", length);
    }
    let seen = Session::get().everyway(wire("36893488147419103232").as_bytes());
    assert_eq!(seen.to_string(), "ERR ContentLength");
}

#[test]
fn ok_and_err_content_without_a_head() {
    let leniency = Leniency::default().http09(true);
    let session = Session { leniency, ..Session::get() };
    for (wire, expected) in [
        (&b"o"[..], "200 \"o\" END CloseDelimited"),
        (b"hello\r\n\r\n", "200 \"hello\\r\\n\\r\\n\" END CloseDelimited"),
        (b"HTML/1.1 200 OK\r\n\r\n", "200 \"HTML/1.1 200 OK\\r\\n\\r\\n\" END CloseDelimited"),
        (b"HTTP/1.1 204 No\r\n\r\n", "204 END persists"),
        (b"HTTP/2 200\r\n\r\n", "ERR Version"),
        (b"HTTP/x", "ERR Version"),
        // Nobody can say what it was to become.
        (b"HTT", "ERR ClosedInHead"),
        (b"", "ERR ClosedBeforeResponse"),
        (b"HTTP/1.1 103 Hints\r\n\r\nhello", "103 ERR StatusLine"),
    ] {
        let seen = session.everyway(wire).to_string();
        assert_eq!(seen, expected, "{}", wire.escape_ascii());
    }
    let zeros = session.everyway(&[0; 200]);
    assert_eq!(zeros.error, None);
    for method in [Method::HEAD, Method::CONNECT] {
        let session = Session { requests: vec![Request::new(method)], ..session.clone() };
        assert_eq!(error(&session, b"hello"), Some(Error::StatusLine));
    }
    let requests = vec![Request::new(Method::GET), Request::new(Method::GET)];
    let pipelined = Session { requests, ..session.clone() };
    assert_eq!(error(&pipelined, b"hello"), Some(Error::StatusLine));
    let second = b"HTTP/1.1 204 No\r\n\r\nhello";
    assert_eq!(error(&pipelined, second), Some(Error::StatusLine));
}

#[test]
fn err_the_stream_ends_in_a_head_or_before_it() {
    let wire = b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(error(&Session::get(), b""), Some(Error::ClosedBeforeResponse));
    for end in 1..wire.len() {
        assert_eq!(error(&Session::get(), &wire[..end]), Some(Error::ClosedInHead), "{}", end);
    }
}

#[test]
fn err_the_stream_ends_after_an_interim_response() {
    // What began cannot be repeated as if nothing had come.
    let wire = b"HTTP/1.1 103 Early Hints\r\n\r\n";
    let transcript = Session::get().everyway(wire);
    assert_eq!(transcript.to_string(), "103 ERR ClosedAfterInterim");
}

fn limited(limits: Limits) -> Session {
    Session { limits, ..Session::get() }
}

#[test]
fn err_a_head_above_the_limit() {
    let of = |size: usize| {
        let (start, end) = (&b"HTTP/1.1 200 OK\r\nA: "[..], &b"\r\nContent-Length: 0\r\n\r\n"[..]);
        [start, &vec![b'x'; size - start.len() - end.len()], end].concat()
    };
    let session = limited(Limits::default().head_bytes(200));
    assert_eq!(error(&session, &of(200)), None);
    assert_eq!(error(&session, &of(201)), Some(Error::HeadTooLong(200)));
    let endless = [b"HTTP/1.1 200 OK\r\nA: ", &[b'x'; 400][..]].concat();
    assert_eq!(error(&session, &endless), Some(Error::HeadTooLong(200)));
    let endless = [b"HTTP/1.1 200 ", &[b'x'; 400][..]].concat();
    assert_eq!(error(&session, &endless), Some(Error::HeadTooLong(200)));
    let fields = [b"HTTP/1.1 200 OK\r\n", &b"A: b\r\n".repeat(60)[..]].concat();
    assert_eq!(error(&session, &fields), Some(Error::HeadTooLong(200)));
    let folds = [b"HTTP/1.1 200 OK\r\nA: b\r\n", &b" c\r\n".repeat(60)[..]].concat();
    assert_eq!(error(&session, &folds), Some(Error::HeadTooLong(200)));
    let empty = b"\r\n".repeat(150);
    let leniency = Leniency::default().leading_empty_lines(true);
    assert_eq!(error(&Session { leniency, ..session }, &empty), Some(Error::HeadTooLong(200)));
}

#[test]
fn err_what_stands_beyond_the_limit_is_not_looked_at() {
    let session = limited(Limits::default().head_bytes(40));
    let wire = b"HTTP/1.1 200 OK\r\nA: b\r\nC: 0123456789012345678901234567890\0\r\n\r\n";
    assert_eq!(error(&session, wire), Some(Error::HeadTooLong(40)));
}

#[test]
fn err_field_lines_above_the_limit() {
    let of =
        |lines: usize| [b"HTTP/1.1 204 x\r\n", &b"A: b\r\n".repeat(lines)[..], b"\r\n"].concat();
    let session = limited(Limits::default().head_lines(5));
    assert_eq!(error(&session, &of(5)), None);
    assert_eq!(error(&session, &of(6)), Some(Error::TooManyFields(5)));
    assert_eq!(error(&Session::get(), &of(128)), None);
    assert_eq!(error(&Session::get(), &of(129)), Some(Error::TooManyFields(128)));
}

#[test]
fn ok_a_head_of_the_default_limit() {
    let lines = [b"A: ", &[b'x'; 507][..], b"\r\n"].concat();
    let wire = [b"HTTP/1.1 204 x\r\n", &lines.repeat(127)[..], b"\r\n"].concat();
    assert!(wire.len() > 64_000 && wire.len() < 65_536);
    assert_eq!(error(&Session::get(), &wire), None);
}

#[test]
fn ok_interim_responses_leave_nothing_behind() {
    let wire = b"HTTP/1.1 100 Continue\r\nConnection: close\r\nContent-Length: 99\r\n\r\n\
        HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\nKeep-Alive: max=1\r\nLink: x\r\n\r\n\
        HTTP/1.1 102 Processing\r\n\r\n\
        HTTP/1.1 199 \r\n\r\n\
        HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 2\r\n\r\nok";
    let transcript = Session::get().everyway(wire);
    assert_eq!(transcript.to_string(), "100 103 102 199 200 \"ok\" END persists");
    assert_eq!(transcript.keep_alive.max, None);
    match &transcript.seen[4] {
        Seen::Head(head) => assert_eq!(lines(&head.fields), "{Server: x, Content-Length: 2}"),
        other => panic!("{:?}", other),
    }
}

#[test]
fn err_interim_responses_without_end() {
    let of = |count: usize| {
        let last = b"HTTP/1.1 204 x\r\n\r\n";
        [&b"HTTP/1.1 103 x\r\n\r\n".repeat(count)[..], last].concat()
    };
    assert_eq!(error(&Session::get(), &of(16)), None);
    assert_eq!(error(&Session::get(), &of(17)), Some(Error::TooManyInterim(16)));
    let none = limited(Limits::default().interim_responses(0));
    assert_eq!(error(&none, &of(1)), Some(Error::TooManyInterim(0)));
}

#[test]
fn ok_interim_responses_are_counted_for_each_final_one() {
    let one = b"HTTP/1.1 103 x\r\n\r\nHTTP/1.1 103 x\r\n\r\nHTTP/1.1 204 x\r\n\r\n";
    let mut session = limited(Limits::default().interim_responses(2));
    session.requests = vec![session.requests[0].clone(); 3];
    let transcript: Transcript = session.everyway(&one.repeat(3));
    assert_eq!(transcript.to_string(), "103 103 204 END ".repeat(3) + "persists");
}

#[test]
fn ok_a_head_is_read_though_more_follows() {
    let wire = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nHTTP/1.1 404 x\r\n\r\n";
    let mut parser = HeadParser::new(Limits::default(), Leniency::strict());
    assert!(parser.is_at_start());
    assert!(parser.parse(b"").unwrap().is_none() && parser.is_at_start());
    assert!(parser.parse(&wire[..1]).unwrap().is_none() && !parser.is_at_start());
    let (used, head) = parser.parse(wire).unwrap().unwrap();
    assert_eq!((used, head.status().as_u16()), (25, 200));
    assert!(parser.is_at_start());
    let (used, head) = parser.parse(&wire[used..]).unwrap().unwrap();
    assert_eq!((used, head.status().as_u16()), (18, 404));
}

#[test]
fn ok_a_head_outlives_changes_of_its_fields() {
    let wire = b"HTTP/1.1 200 Fine\r\nA: b\r\n\r\n";
    let mut parser = HeadParser::new(Limits::default(), Leniency::strict());
    let (_, mut head) = parser.parse(wire).unwrap().unwrap();
    head.headers_mut().append("C", "d").unwrap();
    head.headers_mut().remove("A");
    assert_eq!(head.as_bytes(), wire);
    assert_eq!(head.reason(), b"Fine");
    assert!(format!("{:?}", head).contains("Fine"));
    let taken = std::mem::take(head.headers_mut());
    assert_eq!(taken.get("c"), Some("d"));
    assert_eq!((head.reason(), head.as_bytes()), (&b""[..], &b""[..]));
}

#[test]
fn ok_errors_name_their_fault_and_section() {
    for (error, fault, text) in [
        (Error::StatusLine, Fault::Peer, "(RFC 9112 §4)"),
        (Error::HeadTooLong(7), Fault::Peer, "longer than 7 bytes (RFC 9110 §5.4)"),
        (Error::ContentTooShort(3), Fault::Local, "3 bytes shorter"),
        (Error::Truncated { received: 5, expected: Some(100) }, Fault::Peer, "5 of 100"),
        (Error::ContentTooLong, Fault::Local, "(RFC 9110 §8.6)"),
        (Error::Target, Fault::Local, "(RFC 9112 §3.2)"),
    ] {
        assert_eq!(error.fault(), fault);
        assert!(error.to_string().contains(text), "{}", error);
    }
}

/// They are lines, though not of a field.
#[test]
fn err_folded_lines_without_number() {
    let folds = |count: usize| {
        let lines = "\r\n ".repeat(count);
        format!("HTTP/1.1 200 OK\r\nA: b{}\r\nContent-Length: 0\r\n\r\n", lines).into_bytes()
    };
    assert_eq!(error(&Session::get(), &folds(126)), None);
    assert_eq!(error(&Session::get(), &folds(127)), Some(Error::TooManyFields(128)));
}
