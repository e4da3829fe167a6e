//! Frames: what is refused is what a table of lengths, streams and values refuses, with a code that it
//! allows; what is read is written and read to the same again; and nothing depends on more than the
//! frame itself.

use pannier::proto::h2::frame::{flag, kind, write_field_block, Error, Frame, FrameHead, Layout};

use super::Dice;

/// The longest frame that is taken: what RFC 9113 §4.2 begins with.
const MOST: u32 = 1 << 14;

/// The data is frames, one after the other, and also the payload of any frame.
pub fn check(data: &[u8]) {
    let mut rest = data;
    while let Some(length) = frame(rest) {
        rest = &rest[length..];
    }
    any_head(data);
    field_block(data);
}

/// Checks the frame at the beginning, and says how long it is if it is there.
fn frame(wire: &[u8]) -> Option<usize> {
    let found = Frame::read(wire, MOST);
    let length = match wire.get(..9) {
        Some(head) => 9 + (number(&head[..3]) as usize),
        None => {
            assert_eq!(found, Ok(None));
            return None;
        }
    };
    let by_head = broken_by_head(&wire[..9]);
    let whole = wire.get(..length);
    match found {
        Ok(Some((frame, read))) => {
            assert_eq!((read, by_head.as_slice()), (length, &[][..]), "{:?}", frame);
            assert_eq!(broken_by_payload(&wire[..length]), [0; 0], "{:?}", frame);
            round_trip(&frame);
            alone(&wire[..length]);
        }
        Ok(None) => {
            assert!(by_head.is_empty() && whole.is_none(), "{:?} of {:?}", by_head, &wire[..9]);
        }
        Err(error) if by_head.is_empty() => {
            let whole = whole.expect("an error that the head does not show needs the payload");
            allowed(error, whole, &broken_by_payload(whole));
            alone(whole);
        }
        Err(error) => allowed(error, &wire[..9], &by_head),
    }
    whole.map(<[u8]>::len)
}

/// A frame is read to itself after it has been written, behind anything.
pub fn round_trip(frame: &Frame<'_>) {
    let mut out = b"before".to_vec();
    frame.write_to(&mut out);
    let wire = &out[6..];
    assert_eq!(Frame::read(wire, u32::MAX), Ok(Some((*frame, wire.len()))));
    assert_eq!(wire[5] & 0x80, 0, "the reserved bit");
    let head = FrameHead::parse(wire).expect("a frame has a head");
    assert_eq!(head.check(u32::MAX), Ok(()));
    assert_eq!(Frame::parse(head, &wire[9..]), Ok(*frame));
}

/// The outcome is the same with more behind the frame, and none comes before it is known.
fn alone(wire: &[u8]) {
    let whole = Frame::read(wire, MOST);
    let more = [wire, &wire[..wire.len().min(11)]].concat();
    assert_eq!(Frame::read(&more, MOST), whole);
    let head = FrameHead::parse(wire).expect("the head is there");
    let by_head = head.check(MOST).is_err();
    let mut dice = Dice::new(wire);
    let mut end = 0;
    while end < wire.len() {
        let cut = &wire[..end];
        assert_eq!(FrameHead::parse(cut), Some(head).filter(|_| end >= 9));
        if end < 9 || !by_head {
            assert_eq!(Frame::read(cut, MOST), Ok(None), "{} of {}", end, wire.len());
        }
        // Small steps where something can change.
        end += if end < 32 { 1 } else { dice.roll(wire.len()) };
    }
    if let Ok(Some((Frame::Data { data, flow_length, .. }, _))) = whole {
        let layout = Layout::begin(&head, &wire[9..wire.len().min(10)]);
        let layout = layout.expect("it was read").expect("one octet is enough");
        assert_eq!(layout.content, data.len());
        assert_eq!(layout.before + layout.content + layout.padding, flow_length as usize);
        assert_eq!(&wire[9 + layout.before..][..layout.content], data);
    }
}

/// A head of any type before this payload, whatever length the head tells of.
fn any_head(payload: &[u8]) {
    let mut dice = Dice::new(payload);
    for kind in 0..=10 {
        let flags = (dice.roll(256) - 1) as u8;
        let stream = [0, 1, 2, dice.roll(1 << 31) as u32][dice.roll(4) - 1];
        let head = FrameHead { length: dice.roll(1 << 24) as u32, kind, flags, stream };
        if let Ok(frame) = Frame::parse(head, payload) {
            round_trip(&frame);
        }
        let _ = Layout::begin(&head, payload);
    }
}

/// However a block is split, its pieces are the block.
fn field_block(block: &[u8]) {
    let most = Dice::new(block).roll(block.len() + 2) as u32;
    let mut out = Vec::new();
    write_field_block(5, block, true, most, &mut out);
    let (mut joined, mut rest, mut ended) = (Vec::new(), &out[..], false);
    while let Some((frame, length)) = Frame::read(rest, most).expect("no piece is too long") {
        let (first, fragment, end) = match frame {
            Frame::Headers { stream: 5, fragment, end_stream: true, end_headers, .. } => {
                (true, fragment, end_headers)
            }
            Frame::Continuation { stream: 5, fragment, end_headers } => {
                (false, fragment, end_headers)
            }
            other => panic!("{:?}", other),
        };
        assert!(!ended && first == (rest.len() == out.len()));
        joined.extend_from_slice(fragment);
        (rest, ended) = (&rest[length..], end);
    }
    assert!(ended && rest.is_empty() && joined == block);
}

/// The error has one of these codes, and is one of the stream only where RFC 9113 lets a stream alone
/// suffer from it.
fn allowed(error: Error, wire: &[u8], codes: &[u32]) {
    assert!(codes.contains(&error.code().value()), "{}, not one of {:?}", error, codes);
    assert!(error.to_string().contains("RFC 9113 §"));
    if let Some(stream) = error.stream() {
        assert_eq!((stream, stream != 0), (number(&wire[5..9]) & 0x7fff_ffff, true));
        match wire[3] {
            kind::DATA | kind::PRIORITY | 10.. => assert_eq!(error.code().value(), SIZE),
            kind => assert_eq!((kind, codes), (kind::WINDOW_UPDATE, &[PROTOCOL][..])),
        }
    }
}

const PROTOCOL: u32 = 1;
const FLOW: u32 = 3;
const SIZE: u32 = 6;

/// Where frames of a type belong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Stream,
    Connection,
    Either,
}

/// RFC 9113 §6 as a table: where the frames of a type belong, how many octets they have at least, and
/// whether there may be more of them.
const TYPES: [(Place, u32, bool); 10] = [
    (Place::Stream, 0, true),      // DATA
    (Place::Stream, 0, true),      // HEADERS
    (Place::Stream, 5, false),     // PRIORITY
    (Place::Stream, 4, false),     // RST_STREAM
    (Place::Connection, 0, true),  // SETTINGS
    (Place::Stream, 4, true),      // PUSH_PROMISE
    (Place::Connection, 8, false), // PING
    (Place::Connection, 8, true),  // GOAWAY
    (Place::Either, 4, false),     // WINDOW_UPDATE
    (Place::Stream, 0, true),      // CONTINUATION
];

/// How many octets must be there by type and flags, and how many more that is than the table has for
/// the padding.
fn mandatory(kind: u8, flags: u8) -> (u32, u32) {
    let least = TYPES[usize::from(kind)].1;
    match kind {
        kind::HEADERS => (least + if flags & 0x20 != 0 { 5 } else { 0 }, u32::from(flags >> 3 & 1)),
        kind::DATA | kind::PUSH_PROMISE => (least, u32::from(flags >> 3 & 1)),
        _ => (least, 0),
    }
}

/// The codes of the rules that a head of nine octets breaks.
pub fn broken_by_head(head: &[u8]) -> Vec<u32> {
    let (length, kind, flags) = (number(&head[..3]), head[3], head[4]);
    let on_stream = number(&head[5..9]) & 0x7fff_ffff != 0;
    let mut codes = Vec::new();
    if length > MOST {
        codes.push(SIZE);
    }
    if let Some(&(place, _, more)) = TYPES.get(usize::from(kind)) {
        let (least, padded) = mandatory(kind, flags);
        let settings = kind == kind::SETTINGS;
        let wrong = length < least + padded
            || !more && length != least
            || settings && (length % 6 != 0 || flags & flag::ACK != 0 && length != 0);
        if wrong {
            codes.push(SIZE);
        }
        let elsewhere = if on_stream { Place::Connection } else { Place::Stream };
        if place == elsewhere {
            codes.push(PROTOCOL);
        }
    }
    codes
}

/// The codes of the rules that the payload of a frame breaks whose head breaks none.
pub fn broken_by_payload(wire: &[u8]) -> Vec<u32> {
    let (kind, flags, payload) = (wire[3], wire[4], &wire[9..]);
    let mut codes = Vec::new();
    if usize::from(kind) < TYPES.len() {
        let (least, padded) = mandatory(kind, flags);
        let padding = if padded == 1 { u32::from(payload[0]) } else { 0 };
        if padded + least + padding > payload.len() as u32 {
            codes.push(PROTOCOL);
        }
        if kind == kind::PUSH_PROMISE {
            let promised = number(&payload[padded as usize..][..4]) & 0x7fff_ffff;
            if promised == 0 || promised % 2 == 1 {
                codes.push(PROTOCOL);
            }
        }
    }
    match kind {
        kind::SETTINGS => codes.extend(payload.chunks(6).filter_map(broken_by_setting)),
        kind::WINDOW_UPDATE if number(payload) & 0x7fff_ffff == 0 => codes.push(PROTOCOL),
        _ => {}
    }
    codes
}

fn broken_by_setting(setting: &[u8]) -> Option<u32> {
    match (number(&setting[..2]), number(&setting[2..])) {
        (2, 2..) => Some(PROTOCOL),
        (4, 0x8000_0000..) => Some(FLOW),
        (5, 0..=0x3fff | 0x100_0000..) => Some(PROTOCOL),
        _ => None,
    }
}

fn number(octets: &[u8]) -> u32 {
    octets.iter().fold(0, |number, &octet| number << 8 | u32::from(octet))
}
