//! Frames of HTTP/2: the public vectors, and frames that proptest makes up.

use std::path::PathBuf;

use pannier::proto::h2::frame::{flag, Frame, FrameHead, Priority, Settings};
use pannier::proto::h2::ErrorCode;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::properties::frames::{check, round_trip};
use crate::support::json::Json;

/// One file: what is on the wire, the codes with which it may be refused, and what it is otherwise.
#[derive(Debug)]
struct Vector {
    name: String,
    wire: Vec<u8>,
    codes: Vec<u64>,
    frame: Json,
}

#[test]
#[ignore = "needs PANNIER_VECTORS"]
fn ok_frames_of_the_public_vectors_are_read_and_written() {
    let vectors = vectors();
    let good = vectors.iter().filter(|vector| vector.codes.is_empty());
    assert!(good.clone().count() >= 7);
    for Vector { name, wire, frame, .. } in good {
        let (length, frame) = (wire.len(), expected(frame));
        let expected = Ok(Some((frame, length)));
        assert_eq!(Frame::read(wire, DEFAULT), expected, "{}", name);
        let more = [wire, &b"\0\0more"[..]].concat();
        assert_eq!(Frame::read(&more, DEFAULT), expected, "{}", name);
        for end in 0..length {
            assert_eq!(FrameHead::parse(&wire[..end]).is_some(), end >= 9, "{}", name);
            assert_eq!(Frame::read(&wire[..end], DEFAULT), Ok(None), "{}", name);
        }
        let mut out = Vec::new();
        frame.write_to(&mut out);
        assert_eq!(out, without_padding(wire), "{}", name);
    }
}

#[test]
#[ignore = "needs PANNIER_VECTORS"]
fn err_frames_of_the_public_vectors_are_refused_with_a_code_that_they_allow() {
    let vectors = vectors();
    let bad = vectors.iter().filter(|vector| !vector.codes.is_empty());
    assert!(bad.clone().count() >= 8);
    for Vector { name, wire, codes, .. } in bad {
        let more = [wire, &b"\0\0more"[..]].concat();
        for input in [&wire[..], &more] {
            let error = Frame::read(input, DEFAULT).expect_err(name);
            assert!(codes.contains(&error.code().value().into()), "{}: {}", name, error);
        }
        // All of them show it by their heads.
        for end in 0..wire.len() {
            let found = Frame::read(&wire[..end], DEFAULT);
            assert_eq!(found.is_err(), end >= 9, "{}: {} octets", name, end);
        }
    }
}

#[test]
#[ignore = "needs PANNIER_VECTORS"]
fn ok_the_public_vectors_have_the_properties_of_all_frames() {
    for vector in vectors() {
        check(&vector.wire);
    }
}

/// The SETTINGS_MAX_FRAME_SIZE before any has been sent.
const DEFAULT: u32 = 16_384;

fn vectors() -> Vec<Vector> {
    let folder = std::env::var_os("PANNIER_VECTORS").expect("PANNIER_VECTORS names the folder");
    let folder = PathBuf::from(folder).join("h2-frames");
    let mut vectors = Vec::new();
    for file in std::fs::read_dir(&folder).expect("the vectors are there") {
        let path = file.unwrap().path();
        let json = Json::parse(&std::fs::read_to_string(&path).unwrap());
        vectors.push(Vector {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            wire: hex(json.get("wire").and_then(Json::as_str).expect("a wire")),
            codes: json.get("error").unwrap().elements().iter().map(number).collect(),
            frame: json.get("frame").expect("a frame").clone(),
        });
    }
    vectors
}

/// The frame that a vector describes.
fn expected(json: &Json) -> Frame<'_> {
    let payload = json.get("frame_payload").expect("a payload");
    let text = |name| payload.get(name).and_then(Json::as_str).unwrap_or("").as_bytes();
    let count = |name| number(payload.get(name).expect("a number")) as u32;
    let head = |name| number(json.get(name).expect("a number")) as u32;
    let (stream, has) = (head("stream_identifier"), |flag| head("flags") & u32::from(flag) != 0);
    let (fragment, end_headers) = (text("header_block_fragment"), has(flag::END_HEADERS));
    match head("type") {
        1 => Frame::Headers {
            stream,
            priority: has(flag::PRIORITY).then(|| Priority {
                exclusive: payload.get("exclusive") == Some(&Json::Bool(true)),
                dependency: count("stream_dependency"),
                // The vectors have the weight as it is meant, one more than what is on the wire.
                weight: (count("weight") - 1) as u8,
            }),
            fragment,
            end_stream: has(flag::END_STREAM),
            end_headers,
        },
        3 => Frame::RstStream { stream, code: ErrorCode::new(count("error_code")) },
        5 => {
            let promised = count("promised_stream_id");
            Frame::PushPromise { stream, promised, fragment, end_headers }
        }
        7 => Frame::GoAway {
            last_stream: count("last_stream_id"),
            code: ErrorCode::new(count("error_code")),
            debug: text("additional_debug_data"),
        },
        8 => Frame::WindowUpdate { stream, increment: count("window_size_increment") },
        9 => Frame::Continuation { stream, fragment, end_headers },
        other => panic!("a type that this test does not know: {}", other),
    }
}

fn number(json: &Json) -> u64 {
    json.as_u64().expect("a number")
}

/// The same frame as it is without padding.
fn without_padding(wire: &[u8]) -> Vec<u8> {
    let is_padded = matches!(wire[3], 0 | 1 | 5) && wire[4] & flag::PADDED != 0;
    let content = match (is_padded, &wire[9..]) {
        (true, [padding, rest @ ..]) => &rest[..rest.len() - usize::from(*padding)],
        (_, payload) => payload,
    };
    let mut head = wire[..9].to_vec();
    head[..3].copy_from_slice(&(content.len() as u32).to_be_bytes()[1..]);
    if is_padded {
        head[4] &= !flag::PADDED;
    }
    [&head, content].concat()
}

fn hex(text: &str) -> Vec<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).expect("a hex digit") as u8;
    text.as_bytes().chunks(2).map(|pair| digit(&pair[0]) << 4 | digit(&pair[1])).collect()
}

/// Frames of every type, of these parts.
fn frames(
    stream: u32,
    number: u32,
    bytes: &[u8],
    first: bool,
    second: bool,
    padding: u32,
) -> Vec<Frame<'_>> {
    let number_31 = number & 0x7fff_ffff;
    let priority =
        Priority { exclusive: first, dependency: number_31, weight: (number >> 24) as u8 };
    let mut frames = vec![
        Frame::Data {
            stream,
            data: bytes,
            flow_length: bytes.len() as u32 + padding,
            end_stream: first,
        },
        Frame::Priority { stream, priority },
        Frame::RstStream { stream, code: ErrorCode::new(number) },
        Frame::Settings(Settings::ACK),
        Frame::PushPromise {
            stream,
            promised: 2 * (number_31 / 2).max(1),
            fragment: bytes,
            end_headers: first,
        },
        Frame::Ping { ack: first, payload: (u64::from(number) << 13).to_be_bytes() },
        Frame::GoAway { last_stream: number_31, code: ErrorCode::new(stream), debug: bytes },
        Frame::WindowUpdate { stream, increment: number_31.max(1) },
        Frame::WindowUpdate { stream: 0, increment: number_31.max(1) },
        Frame::Continuation { stream, fragment: bytes, end_headers: first },
        Frame::Unknown { kind: 10, flags: number as u8, stream, payload: bytes },
        Frame::Unknown { kind: 255, flags: number as u8, stream: 0, payload: bytes },
    ];
    for priority in [None, Some(priority)] {
        frames.push(Frame::Headers {
            stream,
            priority,
            fragment: bytes,
            end_stream: first,
            end_headers: second,
        });
    }
    frames
}

proptest! {
    #[test]
    fn ok_every_frame_is_read_as_it_was_written(
        stream in 1..1u32 << 31,
        number in any::<u32>(),
        bytes in vec(any::<u8>(), 0..300),
        (first, second) in any::<(bool, bool)>(),
        padding in 0..257u32,
    ) {
        let mut wire = Vec::new();
        for frame in frames(stream, number, &bytes, first, second, padding) {
            round_trip(&frame);
            frame.write_to(&mut wire);
        }
        check(&wire);
    }

    #[test]
    fn ok_settings_are_read_as_they_were_written(values in vec((7..u16::MAX, any::<u32>()), 0..9)) {
        let mut wire = Vec::new();
        Settings::write(&values, &mut wire);
        let read = Settings::new(&wire[9..]);
        prop_assert_eq!(read.iter().collect::<Vec<_>>(), values);
        let frame = Frame::Settings(read);
        prop_assert_eq!(Frame::read(&wire, DEFAULT), Ok(Some((frame, wire.len()))));
        round_trip(&frame);
    }

    #[test]
    fn ok_known_settings_are_taken_by_their_values(
        values in vec((0..8u16, prop_oneof![
            0..4u32,
            16_382..16_386u32,
            16_777_213..16_777_218u32,
            0x7fff_fffe..0x8000_0002u32,
            any::<u32>(),
        ]), 0..4),
    ) {
        let mut wire = Vec::new();
        Settings::write(&values, &mut wire);
        check(&wire);
    }

    #[test]
    fn ok_any_bytes_are_frames_or_refused(data in vec(any::<u8>(), 0..200)) {
        check(&data);
    }

    #[test]
    fn ok_frames_that_are_nearly_right_are_taken_or_refused_by_the_table(
        heads in vec((0..12u8, any::<u8>(), 0..3u32, vec(any::<u8>(), 0..14)), 1..6),
        surplus in 0..3u8,
    ) {
        let mut wire = Vec::new();
        for (kind, flags, stream, payload) in heads {
            let at = FrameHead::reserve(&mut wire);
            wire.extend_from_slice(&payload);
            FrameHead { length: 0, kind, flags, stream }.fill(&mut wire, at);
        }
        wire[2] += surplus;
        check(&wire);
    }

    #[test]
    fn ok_a_head_is_judged_by_the_table(
        length in prop_oneof![0..20u32, 16_380..16_390u32, 0..1u32 << 24],
        kind in 0..12u8,
        flags in any::<u8>(),
        stream in prop_oneof![Just(0), any::<u32>()],
    ) {
        let mut wire = Vec::new();
        FrameHead { length, kind, flags, stream }.write_to(&mut wire);
        check(&wire);
    }
}
