//! The program over HTTP/2 with prior knowledge: what it shows, what it shares, and what it makes of
//! servers that break off or break rules.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use pannier::proto::h2::frame::{Frame, FrameHead, Settings};
use pannier::proto::h2::hpack::{Decoder, Encoder, Indexing};
use pannier::proto::h2::ErrorCode;

use crate::support::program::{closed_address, fed, pannier, sized, Dir, Peer, Text};

/// A server that answers requests in frames, and remembers what it was asked.
struct Server {
    address: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Clone, Default)]
struct Seen {
    connections: usize,
    asked: Vec<Asked>,
}

/// A request: its stream, its fields line by line, and its content.
#[derive(Clone, Debug, Default)]
struct Asked {
    stream: u32,
    fields: String,
    content: Vec<u8>,
}

impl Server {
    /// Answers requests when so many have come together, the last one first. An empty answer is none,
    /// and closes the connection for this direction.
    fn start(
        together: usize,
        answer: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound").to_string();
        let seen = Arc::<Mutex<Seen>>::default();
        let (answer, shared) = (Arc::new(answer), seen.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                shared.lock().expect("no test panics inside").connections += 1;
                let (answer, shared) = (answer.clone(), shared.clone());
                thread::spawn(move || serve(stream, together, &*answer, &shared));
            }
        });
        Server { address, seen }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{}", self.address, path)
    }

    fn seen(&self) -> Seen {
        self.seen.lock().expect("no test panics inside").clone()
    }
}

fn serve(
    mut stream: TcpStream,
    together: usize,
    answer: &dyn Fn(&Asked) -> Vec<u8>,
    seen: &Mutex<Seen>,
) -> Option<()> {
    let _ = stream.set_nodelay(true);
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).ok()?;
    assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    stream.write_all(&settings()).ok()?;
    let mut decoder = Decoder::new(4096);
    let (mut open, mut waiting) = (Vec::<Asked>::new(), Vec::new());
    loop {
        let mut head = [0; FrameHead::LENGTH];
        stream.read_exact(&mut head).ok()?;
        let head = FrameHead::parse(&head)?;
        let mut payload = vec![0; head.length as usize];
        stream.read_exact(&mut payload).ok()?;
        let ended = match Frame::parse(head, &payload).expect("the program writes frames") {
            Frame::Headers { stream, fragment, end_stream, end_headers, .. } => {
                assert!(end_headers, "no test has so many fields");
                let mut asked = Asked { stream, ..Asked::default() };
                let mut sink = |name: &[u8], value: &[u8]| {
                    let line = [name, b": ", value, b"\n"].concat();
                    asked.fields.push_str(std::str::from_utf8(&line).expect("it is text"));
                };
                decoder.decode(fragment, &mut sink).expect("the program packs fields");
                open.push(asked);
                end_stream.then_some(stream)
            }
            Frame::Data { stream, data, end_stream, .. } => {
                let asked = open.iter_mut().find(|asked| asked.stream == stream)?;
                asked.content.extend(data);
                end_stream.then_some(stream)
            }
            Frame::Settings(settings) if !settings.is_ack() => {
                stream.write_all(&frame(&Frame::Settings(Settings::ACK))).ok()?;
                None
            }
            _ => None,
        };
        let ended = ended.and_then(|id| open.iter().position(|asked| asked.stream == id));
        if let Some(index) = ended {
            let asked = open.remove(index);
            seen.lock().expect("no test panics inside").asked.push(asked.clone());
            waiting.push(asked);
        }
        if waiting.len() == together {
            let answers: Vec<_> = waiting.drain(..).rev().map(|asked| answer(&asked)).collect();
            let is_over = answers.iter().any(Vec::is_empty);
            stream.write_all(&answers.concat()).ok()?;
            if is_over {
                stream.shutdown(std::net::Shutdown::Write).ok()?;
            }
        }
    }
}

fn settings() -> Vec<u8> {
    let mut wire = Vec::new();
    Settings::write(&[], &mut wire);
    wire
}

/// HEADERS with these fields.
fn head(stream: u32, fields: &[(&str, &str)], end: bool) -> Vec<u8> {
    let (mut block, mut wire) = (Vec::new(), Vec::new());
    let mut encoder = Encoder::new();
    for (name, value) in fields {
        encoder.field(name.as_bytes(), value.as_bytes(), Indexing::Without, &mut block);
    }
    Frame::headers(stream, &block, end).write_to(&mut wire);
    wire
}

fn data(stream: u32, content: &str, end: bool) -> Vec<u8> {
    let mut wire = Vec::new();
    Frame::data(stream, content.as_bytes(), end).write_to(&mut wire);
    wire
}

/// A response of this content.
fn answer(asked: &Asked, content: &str) -> Vec<u8> {
    let fields = [(":status", "200"), ("x", "y")];
    let is_head = asked.fields.contains(":method: HEAD\n");
    let content = if is_head { Vec::new() } else { data(asked.stream, content, true) };
    [head(asked.stream, &fields, is_head), content].concat()
}

fn frame(frame: &Frame<'_>) -> Vec<u8> {
    let mut wire = Vec::new();
    frame.write_to(&mut wire);
    wire
}

const KNOWN: &str = "--http2-prior-knowledge";

#[test]
fn ok_heads_and_variables_are_those_of_http2() {
    let server = Server::start(1, |asked| answer(asked, "hi"));
    let (dir, url) = (Dir::new("http2"), server.url("/a?b"));
    let dumped = dir.path("head");
    let shown = "HTTP/2 200 \r\nx: y\r\n\r\n";
    for (words, stdout) in [
        (&["-i"][..], format!("{}hi", shown)),
        (&["-I"], shown.to_owned()),
        (&["-w", "|%{http_code} %{http_version} %{num_connects}"], "hi|200 2 1".to_owned()),
        (&["-D", &dumped], "hi".to_owned()),
    ] {
        let run = pannier(&[&["-sS", KNOWN, &url], words].concat());
        assert_eq!(run.text(), (&*stdout, "", 0), "{:?}", words);
    }
    assert_eq!(dir.read("head"), shown);
    let json = pannier(&["-s", KNOWN, "-o", &dir.path("out"), "-w", "%{json}", &url]);
    assert!(json.text().0.contains("\"http_version\":\"2\""), "{}", json.text().0);
    let line = pannier(&["-s", KNOWN, "--jsonl", &url]);
    let expected = "\"connection\":1,\"stream\":1,\"reused\":false";
    assert!(line.text().0.contains(expected), "{}", line.text().0);
    let fields = &server.seen().asked[0].fields;
    let authority = format!(":authority: {}\n", server.address);
    for line in [":method: GET\n", ":scheme: http\n", ":path: /a?b\n", "accept: */*\n", &*authority]
    {
        assert!(fields.contains(line), "no {:?} in {}", line, fields);
    }
}

#[test]
fn ok_verbose_shows_heads_as_curl_does() {
    let server = Server::start(1, |asked| answer(asked, "hi"));
    let run = pannier(&["-sv", KNOWN, &server.url("/1"), &server.url("/2")]);
    let (stdout, stderr, code) = run.text();
    assert_eq!((stdout, code), ("hihi", 0));
    let mut rest = stderr;
    for line in [
        "* using HTTP/2, stream 1\n",
        "> GET /1 HTTP/2\r\n> Host: 127.0.0.1:",
        "< HTTP/2 200 \r\n< x: y\r\n< \r\n",
        "* Connection #1 to host 127.0.0.1 left intact\n",
        "* Re-using existing connection #1 ",
        "* using HTTP/2, stream 3\n",
        "> GET /2 HTTP/2\r\n",
    ] {
        let (_, behind) =
            rest.split_once(line).unwrap_or_else(|| panic!("no {:?} in {}", line, stderr));
        rest = behind;
    }
}

#[test]
fn ok_fields_that_are_not_sent_are_not_shown() {
    let server = Server::start(1, |asked| answer(asked, "hi"));
    let words = ["-sv", KNOWN, "-T", "-", "-H", "Connection: a", "-H", "a: b", "-H", "c: d"];
    let run = fed(&[&words[..], &[&server.url("/")]].concat(), "x");
    let (stdout, stderr, code) = run.text();
    assert_eq!((stdout, code), ("hi", 0));
    let fields = &server.seen().asked[0].fields;
    assert!(stderr.contains("\n> c: d\r\n") && fields.contains("c: d\n"), "{}", stderr);
    for name in ["connection", "transfer-encoding", "a"] {
        let line = format!("\n{}: ", name);
        assert!(!fields.contains(&line), "{}", fields);
        assert!(!stderr.to_ascii_lowercase().contains(&line.replace('\n', "\n> ")), "{}", stderr);
    }
}

#[test]
fn ok_content_is_sent() {
    let server = Server::start(1, |asked| answer(asked, &asked.content.len().to_string()));
    let dir = Dir::new("http2-upload");
    let file = dir.path("file");
    std::fs::write(&file, [b'x'; 40_000]).expect("the folder is writable");
    let run = pannier(&["-sS", KNOWN, "-d", "a=b", &server.url("/")]);
    assert_eq!(run.text(), ("3", "", 0));
    let format = "|%{size_upload} %{method}";
    let run = pannier(&["-sS", KNOWN, "-T", &file, "-w", format, &server.url("/x")]);
    assert_eq!(run.text(), ("40000|40000 PUT", "", 0));
    let seen = server.seen();
    assert_eq!(seen.asked[0].content, b"a=b");
    assert!(seen.asked[1].fields.contains("content-length: 40000\n"), "{:?}", seen.asked[1].fields);
}

#[test]
fn ok_transfers_side_by_side_share_a_connection() {
    let server = Server::start(5, |asked| answer(asked, "hi"));
    let url = server.url("/[1-5]");
    let run = pannier(&["-sSZ", KNOWN, "-w", "|%{num_connects} %{conn_id}\n", &url]);
    let (stdout, stderr, code) = run.text();
    assert_eq!((stderr, code), ("", 0));
    let count = |text| stdout.matches(text).count();
    assert_eq!((count("hi"), count("|1 1\n"), count("|0 1\n")), (5, 1, 4), "{}", stdout);
    let seen = server.seen();
    let mut streams: Vec<_> = seen.asked.iter().map(|asked| asked.stream).collect();
    streams.sort_unstable();
    assert_eq!((seen.connections, streams), (1, vec![1, 3, 5, 7, 9]));
}

#[test]
fn ok_parallel_max_bounds_the_streams() {
    // More than two at once would be answered too, but leave one over in the end.
    let server = Server::start(2, |asked| answer(asked, "hi"));
    let run = pannier(&["-sSZ", KNOWN, "--parallel-max", "2", &server.url("/[1-6]")]);
    assert_eq!(run.text(), ("hihihihihihi", "", 0));
    assert_eq!(server.seen().connections, 1);
}

#[test]
fn ok_reports_tell_streams_apart() {
    let server = Server::start(1, |asked| answer(asked, "hi"));
    let dir = Dir::new("http2-reports");
    let (har, drawing) = (dir.path("har"), dir.path("a.svg"));
    let url = server.url("/[1-2]");
    let words = ["-s", KNOWN, "--har", &har, "--waterfall", "--waterfall", &drawing, &url];
    let run = pannier(&words);
    let (_, stderr, code) = run.text();
    assert_eq!(code, 0, "{}", stderr);
    assert!(stderr.contains("#1.1 ┌ GET /1  "), "{}", stderr);
    assert!(stderr.contains("#1.3 └ GET /2  "), "{}", stderr);
    let har = dir.read("har");
    for (text, times) in [
        ("\"httpVersion\": \"HTTP/2\"", 4),
        ("\"connection\": \"1\"", 2),
        ("\"_streamId\": 1", 1),
        ("\"_streamId\": 3", 1),
    ] {
        assert_eq!(har.matches(text).count(), times, "{} in {}", text, har);
    }
    let drawing = dir.read("a.svg");
    assert!(drawing.contains(">#1.1</text>") && drawing.contains(">#1.3</text>"), "{}", drawing);
}

#[test]
fn ok_without_prior_knowledge_cleartext_is_http11() {
    let peer = Peer::start(|_| sized("hi"));
    let run = pannier(&["-sS", "--http2", "-w", "|%{http_version}", &peer.url("/")]);
    assert_eq!(run.text(), ("hi|1.1", "", 0));
    let request = &peer.requests()[0];
    assert!(request.starts_with("GET / HTTP/1.1\r\n"), "{}", request);
    assert!(!request.contains("Upgrade") && !request.contains("HTTP2-Settings"), "{}", request);
}

#[test]
fn err_exit_codes_are_curls() {
    const LENGTH: &[(&str, &str)] = &[(":status", "200"), ("content-length", "60")];
    let reset = |asked: &Asked, code| frame(&Frame::RstStream { stream: asked.stream, code });
    let server = Server::start(1, move |asked| {
        let path = asked.fields.lines().find_map(|line| line.strip_prefix(":path: /"));
        let begun =
            [head(asked.stream, LENGTH, false), data(asked.stream, "hello!", false)].concat();
        match path.expect("every request has one") {
            "silence" => frame(&Frame::Ping { ack: false, payload: [0; 8] }),
            "close" => Vec::new(),
            "reset" => reset(asked, ErrorCode::INTERNAL_ERROR),
            "reset-late" => [begun, reset(asked, ErrorCode::NO_ERROR)].concat(),
            "short" => [begun, data(asked.stream, "", true)].concat(),
            "upper" => head(asked.stream, &[(":status", "200"), ("X", "y")], true),
            "status" => head(asked.stream, &[("x", "y")], true),
            "frame" => b"\0\0\x03\x06\0\0\0\0\x00123".to_vec(),
            "packing" => frame(&Frame::headers(asked.stream, b"\x80", true)),
            "push" => frame(&Frame::PushPromise {
                stream: asked.stream,
                promised: 2,
                fragment: b"",
                end_headers: true,
            }),
            other => panic!("no such path: {}", other),
        }
    });
    let (stream, connection) =
        ("(92) HTTP/2 stream was not closed cleanly: ", "(16) Error in the HTTP2 framing layer: ");
    for (path, content, message, code) in [
        ("silence", "", "(28) Operation timed out after ", 28),
        ("close", "", "(52) Empty reply from server\n", 52),
        ("reset", "", stream, 92),
        ("reset-late", "hello!", stream, 92),
        ("short", "hello!", stream, 92),
        ("upper", "", stream, 92),
        ("status", "", stream, 92),
        ("frame", "", connection, 16),
        ("packing", "", connection, 16),
        ("push", "", connection, 16),
    ] {
        let patience = if path == "silence" { "0.2" } else { "15" };
        let url = server.url(&format!("/{}", path));
        let run = pannier(&["-sS", "-m", patience, KNOWN, &url]);
        let (stdout, stderr, found) = run.text();
        assert_eq!((stdout, found), (content, code), "{}: {}", path, stderr);
        assert!(stderr.starts_with(&format!("pannier: {}", message)), "{}: {}", path, stderr);
    }
    let run = pannier(&["-sS", KNOWN, &format!("http://{}/", closed_address())]);
    assert_eq!(run.text().2, 7);
    let peer = Peer::start(|_| "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n".into());
    let run = pannier(&["-sS", KNOWN, &peer.url("/")]);
    let (_, stderr, code) = run.text();
    assert!(code == 16 && stderr.starts_with(&format!("pannier: {}", connection)), "{}", stderr);
}

#[test]
fn ok_one_stream_that_fails_leaves_the_others_alone() {
    let server = Server::start(3, |asked| match asked.fields.contains(":path: /2\n") {
        true => frame(&Frame::RstStream { stream: asked.stream, code: ErrorCode::CANCEL }),
        false => answer(asked, "hi"),
    });
    let run = pannier(&["-sSZ", KNOWN, "-w", "|%{exitcode}\n", &server.url("/[1-3]")]);
    let (stdout, _, code) = run.text();
    let count = |text| stdout.matches(text).count();
    assert_eq!((count("hi"), count("|0\n"), count("|92\n"), code), (2, 2, 1, 92), "{}", stdout);
    assert_eq!(server.seen().connections, 1);
}
