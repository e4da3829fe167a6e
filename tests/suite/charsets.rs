//! The text of responses: by mark, by label, or else UTF-8.

use pannier::ErrorKind;

use crate::support::{once, scripted};

/// The text of content of this type.
fn text(kind: &str, content: &[u8]) -> Result<String, pannier::Error> {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{}Content-Length: {}\r\n\r\n",
        match kind {
            "" => String::new(),
            kind => format!("Content-Type: {}\r\n", kind),
        },
        content.len()
    );
    let (client, _) = scripted([once([head.as_bytes(), content].concat())]);
    client.get("http://a.test/").send()?.text()
}

#[test]
fn ok_a_mark_counts_more_than_a_label_and_utf_8_is_what_is_left() {
    let table: [(&str, &[u8], &str); 16] = [
        ("", b"caf\xc3\xa9", "caf\u{e9}"),
        ("", b"caf\xe9", "caf\u{fffd}"),
        ("", b"\xef\xbb\xbfhi", "hi"),
        ("text/html", b"\xff\xfeh\0i\0", "hi"),
        ("text/html; charset=utf-8", b"caf\xc3\xa9", "caf\u{e9}"),
        ("text/html; charset=\"UTF-8\"", b"caf\xc3\xa9", "caf\u{e9}"),
        ("text/html;charset=ISO-8859-1", b"caf\xe9 \x80", "caf\u{e9} \u{20ac}"),
        ("text/html; x=y; Charset=latin1", b"\xe9", "\u{e9}"),
        ("text/plain; charset=us-ascii", b"hi", "hi"),
        ("text/plain; charset=utf-16le", b"h\0i\0", "hi"),
        ("text/plain; charset=utf-16", b"\xfe\xff\0h\0i", "hi"),
        ("text/plain; charset=utf-16be", b"\0h\0i", "hi"),
        ("text/plain; charset=iso-8859-1", b"\xef\xbb\xbf\xc3\xa9", "\u{e9}"),
        ("text/plain; charset=koi8-r", b"\xef\xbb\xbfhi", "hi"),
        // No label at all, or nothing that could be read as one.
        ("text/plain; charset=", b"hi", "hi"),
        ("text/plain; charset=\"\"", b"hi", "hi"),
    ];
    for (kind, content, expected) in table {
        assert_eq!(text(kind, content).unwrap(), expected, "{} {:?}", kind, content);
    }
}

#[test]
fn err_another_charset_is_named_with_a_way_out() {
    for label in ["koi8-r", "Shift_JIS", "x-unknown"] {
        let error = text(&format!("text/plain; charset={}", label), b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Charset);
        assert!(error.to_string().contains(label), "{}", error);
        assert!(error.to_string().contains("bytes()"), "{}", error);
        assert!(error.status().is_some() && error.url().is_some());
    }
}
