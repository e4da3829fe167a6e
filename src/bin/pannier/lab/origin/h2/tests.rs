use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use pannier::proto::h2::hpack::Indexing;

use super::super::{Origin, Path};
use super::*;

/// An origin with next to no distance, and a connection to it that has sent `frames`.
fn visited(frames: &[u8]) -> (Origin, TcpStream) {
    let path = Path { round_trip: Duration::from_millis(1), bandwidth: 1_000_000_000 };
    let origin = Origin::start(path).expect("loopback has a free port");
    let mut stream = TcpStream::connect(origin.address).expect("the origin listens");
    stream.write_all(&[PREFACE, frames].concat()).expect("the origin reads");
    (origin, stream)
}

/// Requests for these paths, each on a stream of its own.
fn requests(paths: &[&str]) -> Vec<u8> {
    let (mut encoder, mut frames) = (Encoder::new(), Vec::new());
    for (index, path) in paths.iter().enumerate() {
        let mut block = Vec::new();
        encoder.field(b":method", b"GET", Indexing::Incremental, &mut block);
        encoder.field(b":path", path.as_bytes(), Indexing::Incremental, &mut block);
        Frame::headers(index as u32 * 2 + 1, &block, true).write_to(&mut frames);
    }
    frames
}

/// Everything up to the end, with what of it is on which stream: content, and whether it ended.
fn frames(stream: &mut TcpStream) -> (Vec<u8>, Vec<(u32, u64, bool)>) {
    let mut wire = Vec::new();
    stream.read_to_end(&mut wire).expect("the origin closes");
    let (mut data, mut rest) = (Vec::new(), &wire[..]);
    while let Some((frame, length)) = Frame::read(rest, MAX_FRAME_SIZE).expect("it is well formed")
    {
        if let Frame::Data { stream, data: content, end_stream, .. } = frame {
            data.push((stream, content.len() as u64, end_stream));
        }
        rest = &rest[length..];
    }
    assert!(rest.is_empty());
    (wire, data)
}

fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let mut frame = Vec::new();
    Settings::write(values, &mut frame);
    frame
}

#[test]
fn ok_streams_take_turns_and_the_end_is_told() {
    let wire = [settings(&[]), requests(&["/object/1", "/object/2"])].concat();
    let (origin, mut stream) = visited(&wire);
    stream.shutdown(Shutdown::Write).expect("it is open");
    let (wire, data) = frames(&mut stream);
    let order: Vec<u32> = data.iter().take(6).map(|(stream, ..)| *stream).collect();
    assert_eq!(order, [1, 3, 1, 3, 1, 3]);
    for (id, number) in [(1, 1), (3, 2)] {
        let own: Vec<_> = data.iter().filter(|(stream, ..)| *stream == id).collect();
        assert_eq!(own.iter().map(|(_, length, _)| length).sum::<u64>(), size(number));
        assert_eq!(own.iter().filter(|(.., end)| *end).count(), 1);
        assert!(own.last().is_some_and(|(.., end)| *end));
    }
    let mut goodbye = Vec::new();
    Frame::GoAway { last_stream: 3, code: ErrorCode::NO_ERROR, debug: b"" }.write_to(&mut goodbye);
    assert!(wire.ends_with(&goodbye));
    assert_eq!((origin.accepted(), origin.most_open()), (1, 1));
    let greeting = settings(&[(Settings::MAX_CONCURRENT_STREAMS, 100)]).len() + settings(&[]).len();
    let expected: u64 = sizes([size(1), size(2)].into_iter()).iter().sum();
    assert_eq!(wire.len() as u64, expected + (greeting + goodbye.len()) as u64);
}

#[test]
fn ok_windows_are_obeyed_and_opened() {
    let mut wire = settings(&[(Settings::INITIAL_WINDOW_SIZE, 100)]);
    wire.extend(requests(&["/object/1", "/object/1", "/object/1"]));
    Frame::WindowUpdate { stream: 3, increment: 50 }.write_to(&mut wire);
    Frame::RstStream { stream: 5, code: ErrorCode::CANCEL }.write_to(&mut wire);
    let (_origin, mut stream) = visited(&wire);
    stream.shutdown(Shutdown::Write).expect("it is open");
    let (_, data) = frames(&mut stream);
    let came =
        |id| data.iter().filter(|(stream, ..)| *stream == id).map(|(_, n, _)| n).sum::<u64>();
    assert_eq!((came(1), came(3), came(5)), (100, 150, 0));
    assert!(data.iter().all(|(.., end)| !end));
}

#[test]
fn ok_a_connection_has_a_window_too() {
    let requests = requests(&["/object/6", "/object/6"]);
    let many = settings(&[(Settings::INITIAL_WINDOW_SIZE, 1 << 20)]);
    let (_origin, mut stream) = visited(&[many, requests].concat());
    stream.shutdown(Shutdown::Write).expect("it is open");
    let (_, data) = frames(&mut stream);
    assert_eq!(data.iter().map(|(_, length, _)| length).sum::<u64>(), 65_535);
}

#[test]
fn ok_pings_are_answered_and_settings_acknowledged() {
    let mut wire = settings(&[]);
    Frame::Ping { ack: false, payload: *b"12345678" }.write_to(&mut wire);
    let (_origin, mut stream) = visited(&wire);
    stream.shutdown(Shutdown::Write).expect("it is open");
    let (wire, _) = frames(&mut stream);
    let mut expected = settings(&[(Settings::MAX_CONCURRENT_STREAMS, 100)]);
    Frame::Settings(Settings::ACK).write_to(&mut expected);
    Frame::Ping { ack: true, payload: *b"12345678" }.write_to(&mut expected);
    Frame::GoAway { last_stream: 0, code: ErrorCode::NO_ERROR, debug: b"" }.write_to(&mut expected);
    assert_eq!(wire, expected);
}

#[test]
fn err_broken_rules_are_named_and_end_the_connection() {
    let headers = |stream, fragment, end_headers| Frame::Headers {
        stream,
        priority: None,
        fragment,
        end_stream: true,
        end_headers,
    };
    let ping = Frame::Ping { ack: false, payload: [0; 8] };
    for (frames, code) in [
        (&[Frame::data(0, b"", true)][..], ErrorCode::PROTOCOL_ERROR),
        (&[headers(1, b"\x80", true)], ErrorCode::COMPRESSION_ERROR),
        (&[headers(1, b"\x82", false), ping], ErrorCode::PROTOCOL_ERROR),
        (
            &[Frame::Continuation { stream: 1, fragment: b"", end_headers: true }],
            ErrorCode::PROTOCOL_ERROR,
        ),
    ] {
        let mut wire = Vec::new();
        frames.iter().for_each(|frame| frame.write_to(&mut wire));
        let (_origin, mut stream) = visited(&wire);
        let (wire, _) = self::frames(&mut stream);
        let mut goodbye = Vec::new();
        Frame::GoAway { last_stream: 0, code, debug: b"" }.write_to(&mut goodbye);
        assert!(wire.ends_with(&goodbye), "{:?}", code);
    }
}
