//! Forms: what goes over the wire, byte by byte, and when they can be sent again.

use std::fs;
use std::io::{Cursor, Read};

use pannier::http::Headers;
use pannier::net::Script;
use pannier::{Body, ErrorKind, Multipart, Part};
use proptest::prelude::*;

use crate::properties::multipart;
use crate::support::program::Dir;
use crate::support::{builder, once, scripted, EMPTY};

/// What a form looks like on the wire, its boundaries replaced by `B` and those in parts by `C`; after
/// the framing field of the head.
fn sent(form: Multipart) -> String {
    let boundary = form.boundary().to_owned();
    let scripts = Script::connections([Script::new().reply(EMPTY)]);
    let client = builder().connector(scripts.clone()).build();
    client.post("http://a.test/").multipart(form).send().unwrap();
    let text = String::from_utf8(scripts.written(0)).unwrap();
    let (head, content) = text.split_once("\r\n\r\n").unwrap();
    let field = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(name));
        line.map(str::to_owned)
    };
    let type_ = field("Content-Type: ").unwrap();
    assert!(type_.ends_with(&format!("; boundary={}", boundary)), "{}", type_);
    let framing = match (field("Content-Length: "), field("Transfer-Encoding: ")) {
        (Some(length), None) => {
            assert_eq!(length, content.len().to_string());
            String::new()
        }
        (None, Some(coding)) => format!("{} ", coding),
        other => panic!("{:?}", other),
    };
    let inner = content.split("multipart/mixed; boundary=").nth(1);
    let inner = inner.and_then(|rest| rest.lines().next()).unwrap_or("no inner boundary");
    framing + &content.replace(inner, "C").replace(&boundary, "B")
}

#[test]
fn ok_every_part_has_the_lines_that_it_should_have() {
    let dir = Dir::new("multipart");
    fs::write(dir.path("a.txt"), "hello\n").unwrap();
    fs::write(dir.path("b.bin"), "").unwrap();
    let file = |name: &str| Part::path(dir.path(name)).unwrap();
    let table = [
        (Multipart::new(), "--B--\r\n"),
        (
            Multipart::new().text("a", "1").text("a", "").text("", "2"),
            "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
             --B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n\
             --B\r\nContent-Disposition: form-data; name=\"\"\r\n\r\n2\r\n--B--\r\n",
        ),
        (
            Multipart::new().file("f", dir.path("a.txt")).unwrap().part("g", file("b.bin")),
            "--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\
             Content-Type: text/plain\r\n\r\nhello\n\r\n\
             --B\r\nContent-Disposition: form-data; name=\"g\"; filename=\"b.bin\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n\r\n--B--\r\n",
        ),
        (
            Multipart::new()
                .part("f", file("a.txt").without_file_name())
                .part("g", file("b.bin").file_name("b.PDF"))
                .part("h", file("a.txt").content_type("text/x; charset=utf-8").file_name("é")),
            "--B\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nhello\n\r\n\
             --B\r\nContent-Disposition: form-data; name=\"g\"; filename=\"b.PDF\"\r\n\
             Content-Type: application/pdf\r\n\r\n\r\n\
             --B\r\nContent-Disposition: form-data; name=\"h\"; filename=\"é\"\r\n\
             Content-Type: text/x; charset=utf-8\r\n\r\nhello\n\r\n--B--\r\n",
        ),
        (
            Multipart::new()
                .part("a", Part::new("1").header("X-One", "1").header("Content-Type", "b/c"))
                .part("b", Part::new("2").header("content-disposition", "inline"))
                .unnamed(Part::new("3").header("X-Two", "2")),
            "--B\r\nContent-Disposition: form-data; name=\"a\"\r\nContent-Type: b/c\r\nX-One: 1\r\n\r\n1\r\n\
             --B\r\ncontent-disposition: inline\r\n\r\n2\r\n\
             --B\r\nContent-Disposition: form-data\r\nX-Two: 2\r\n\r\n3\r\n--B--\r\n",
        ),
        (
            Multipart::new().part(
                "f",
                Part::parts(
                    Multipart::of_type("multipart/mixed")
                        .unnamed(Part::new("1").file_name("a.gif"))
                        .unnamed(Part::new("2")),
                ),
            ),
            "--B\r\nContent-Disposition: form-data; name=\"f\"\r\n\
             Content-Type: multipart/mixed; boundary=C\r\n\r\n\
             --C\r\nContent-Disposition: attachment; filename=\"a.gif\"\r\n\
             Content-Type: image/gif\r\n\r\n1\r\n\
             --C\r\n\r\n2\r\n--C--\r\n\r\n--B--\r\n",
        ),
        (
            Multipart::new().part("r", Part::new(Body::reader(Cursor::new("xyz")))).text("a", "1"),
            "chunked 33\r\n--B\r\nContent-Disposition: form-data; name=\"r\"\r\n\r\nxyz\r\n",
        ),
    ];
    for (form, expected) in table {
        let shown = sent(form);
        match expected.strip_prefix("chunked 33\r\n") {
            None => assert_eq!(shown, expected),
            Some(first) => {
                // What was there when the reader had given what it had is a chunk of its own.
                let chunks = shown.strip_prefix("chunked ").unwrap();
                let (_, content) = chunks.split_once("\r\n").unwrap();
                assert!(content.starts_with(first), "{}", shown);
                assert!(content.ends_with("--B--\r\n\r\n0\r\n\r\n"), "{}", shown);
            }
        }
    }
}

#[test]
fn ok_a_reader_of_known_length_leaves_the_length_known() {
    let form = Multipart::new().part("r", Part::new(Body::sized(Cursor::new("xyz"), 3)));
    assert_eq!(
        sent(form),
        "--B\r\nContent-Disposition: form-data; name=\"r\"\r\n\r\nxyz\r\n--B--\r\n"
    );
}

#[test]
fn ok_no_name_ends_its_line() {
    let name = "a\"b\\c\r\nd\0;é";
    let line = |form: Multipart| sent(form).lines().nth(1).unwrap().to_owned();
    let with = |form: Multipart| form.part(name, Part::new("").file_name(name));
    assert_eq!(
        line(with(Multipart::new())),
        "Content-Disposition: form-data; name=\"a%22b\\c%0D%0Ad%00;é\"; \
         filename=\"a%22b\\c%0D%0Ad%00;é\""
    );
    assert_eq!(
        line(with(Multipart::new().escape_with_backslashes())),
        "Content-Disposition: form-data; name=\"a\\\"b\\\\c%0D%0Ad%00;é\"; \
         filename=\"a\\\"b\\\\c%0D%0Ad%00;é\""
    );
}

#[test]
fn err_what_no_line_can_hold() {
    let part = || Part::new("x");
    let trailed = Body::from("x").with_trailers(["X"], Headers::new);
    let table = [
        (Multipart::new().part("a", part().content_type("a\r\nB: c")), "field"),
        (Multipart::new().part("a", part().header("X", "a\nB: c").header("Y", "z")), "field"),
        (Multipart::new().part("a", part().header("X Y", "a")), "field"),
        (Multipart::new().part("a", part().header("X", "a\0")), "field"),
        (Multipart::of_type("multipart/mixed\r\nX: y"), "field"),
        (Multipart::of_type("text/plain"), "is not multipart"),
        (Multipart::new().part("a", Part::new(trailed)), "cannot have trailers"),
        (Multipart::of_type("multipart/mixed; Boundary=x"), "has a boundary of its own"),
        (
            Multipart::new().part("a", Part::parts(Multipart::new()).content_type("text/plain")),
            "is not multipart",
        ),
    ];
    for (form, text) in table {
        let (client, scripts) = scripted([]);
        let error = client.post("http://a.test/").multipart(form).send().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{}", error);
        assert!(text == "field" || error.to_string().contains(text), "{}", error);
        assert_eq!(scripts.count(), 0);
    }
}

#[test]
fn ok_a_form_is_replayed_if_its_parts_can_be() {
    let there = "HTTP/1.1 307 Go\r\nLocation: /b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let dir = Dir::new("replayed");
    fs::write(dir.path("a.txt"), vec![b'x'; 100_000]).unwrap();
    let (client, scripts) = scripted([once(there), Script::new().reply(EMPTY)]);
    let made = Body::from_fn(None, || Ok(Cursor::new("made")));
    let form = Multipart::new()
        .file("f", dir.path("a.txt"))
        .unwrap()
        .part("m", Part::new(made))
        .text("t", "text");
    client.post("http://a.test/a").multipart(form).send().unwrap();
    let content = |number: usize| {
        let bytes = scripts.written(number);
        let at = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
        bytes[at..].to_vec()
    };
    assert!(content(0).len() > 100_000);
    assert_eq!(content(0), content(1));

    let (client, _) = scripted([once(there)]);
    let form = Multipart::new().part("r", Part::new(Body::reader(Cursor::new("x"))));
    let error = client.post("http://a.test/a").multipart(form).send().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirect);
    assert!(error.to_string().contains("cannot be sent twice"), "{}", error);
}

#[test]
fn err_a_part_that_is_shorter_than_announced_or_gone_ends_the_request_not_the_message() {
    let dir = Dir::new("shrunk");
    for (after, text) in [(Some("hel"), "2 bytes shorter"), (None, "a.txt: ")] {
        for length_is_known in [true, false] {
            fs::write(dir.path("a.txt"), "hello").unwrap();
            let mut form = Multipart::new().file("f", dir.path("a.txt")).unwrap();
            if !length_is_known {
                form = form.part("r", Part::new(Body::reader(Cursor::new("x"))));
            }
            match after {
                Some(content) => fs::write(dir.path("a.txt"), content).unwrap(),
                None => fs::remove_file(dir.path("a.txt")).unwrap(),
            }
            let (client, scripts) = scripted([Script::new().reply(EMPTY)]);
            let error = client.post("http://a.test/").multipart(form).send().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Body);
            assert!(error.to_string().contains(text), "{}", error);
            let written = String::from_utf8(scripts.written(0)).unwrap();
            assert!(!written.contains("--\r\n") && !written.contains("0\r\n\r\n"), "{}", written);
        }
    }
    assert!(Part::path(dir.path("a.txt")).is_err());
    assert!(Part::path(dir.path("")).unwrap_err().to_string().contains("directory"));
}

#[test]
fn err_a_form_with_a_reader_is_sent_once() {
    let (client, scripts) = scripted([Script::new().reply(EMPTY)]);
    let form = Multipart::new().part("r", Part::new(Body::sized(Cursor::new("x"), 1)));
    let request = client.post("http://a.test/").multipart(form).build().unwrap();
    assert!(!request.body().is_replayable());
    client.send(&request).unwrap();
    assert_eq!(client.send(&request).unwrap_err().kind(), ErrorKind::Body);
    assert_eq!(scripts.count(), 1);
}

#[test]
fn ok_what_a_slow_reader_gave_is_not_held_back_and_interruptions_lose_nothing() {
    struct Stutters(usize);
    impl Read for Stutters {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 += 1;
            match self.0 {
                1 | 3 | 6 => Err(std::io::ErrorKind::Interrupted.into()),
                2 | 4 => {
                    buffer[0] = b'x';
                    Ok(1)
                }
                _ => Ok(0),
            }
        }
    }
    let form = Multipart::new().part("r", Part::new(Body::reader(Stutters(0)))).text("a", "1");
    let boundary = form.boundary().to_owned();
    let (client, scripts) = scripted([Script::new().reply(EMPTY)]);
    client.post("http://a.test/").multipart(form).send().unwrap();
    let written = String::from_utf8(scripts.written(0)).unwrap();
    let chunks = written.split_once("\r\n\r\n").unwrap().1.replace(&boundary, "B");
    assert_eq!(
        chunks,
        "5f\r\n--B\r\nContent-Disposition: form-data; name=\"r\"\r\n\r\nx\r\n1\r\nx\r\n\
         97\r\n\r\n--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B--\r\n\r\n0\r\n\r\n"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ok_what_is_written_parses_back(data in proptest::collection::vec(any::<u8>(), 0..300)) {
        multipart::check(&data);
    }
}
