//! Frames (RFC 9113 §4 and §6), read and written.
//!
//! A frame is a [`FrameHead`] and a payload. What can be judged by the head is judged before the
//! payload has come ([`FrameHead::check`]), the rest when it is there ([`Frame::parse`]): lengths,
//! stream identifiers, padding, and values that a field cannot have. What needs the state of a stream
//! or of the connection is not known here. DATA need not be waited for: [`Layout`].
//!
//! Both directions are here, those of servers too. Reading a frame copies nothing and writing one
//! allocates nothing but room in the vector that it is appended to.

mod continuation;
mod data;
mod error;
mod field_block;
pub mod flag;
mod go_away;
mod head;
mod headers;
pub mod kind;
mod layout;
mod ping;
mod priority;
mod push_promise;
mod rst_stream;
mod settings;
mod window_update;

pub use self::error::{Error, Rule};
pub use self::field_block::write_field_block;
pub use self::head::FrameHead;
pub use self::layout::Layout;
pub use self::priority::Priority;
pub use self::settings::Settings;

use self::head::STREAM_BITS;
use super::ErrorCode;

/// A frame. Stream identifiers, increments and the like have 31 bits; a higher one is not written.
///
/// ```
/// use pannier::proto::h2::frame::Frame;
///
/// let mut wire = Vec::new();
/// Frame::data(1, b"hello", true).write_to(&mut wire);
/// assert_eq!(wire, b"\0\0\x05\0\x01\0\0\0\x01hello");
/// assert_eq!(Frame::read(&wire, 16_384)?, Some((Frame::data(1, b"hello", true), 14)));
/// assert_eq!(Frame::read(&wire[..13], 16_384)?, None);
/// # Ok::<(), pannier::proto::h2::frame::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Content of a message.
    Data {
        /// Of which stream.
        stream: u32,
        /// The content.
        data: &'a [u8],
        /// How much it takes of the windows: the content, and the padding with its length.
        flow_length: u32,
        /// Whether the stream has nothing more in this direction.
        end_stream: bool,
    },
    /// The beginning of a field block.
    Headers {
        /// Of which stream.
        stream: u32,
        /// What the sender would like, in the scheme that is deprecated.
        priority: Option<Priority>,
        /// The piece of the block.
        fragment: &'a [u8],
        /// Whether the stream has nothing more in this direction, behind this block.
        end_stream: bool,
        /// Whether the block ends here.
        end_headers: bool,
    },
    /// What the sender would like, in the scheme that is deprecated.
    Priority {
        /// Of which stream.
        stream: u32,
        /// What that is.
        priority: Priority,
    },
    /// The end of a stream before its time.
    RstStream {
        /// Which stream.
        stream: u32,
        /// Why.
        code: ErrorCode,
    },
    /// What the sender asks of its peer, or its acknowledgement.
    Settings(Settings<'a>),
    /// The announcement of a stream that the server opens.
    PushPromise {
        /// The stream whose request is the reason.
        stream: u32,
        /// The stream that is announced.
        promised: u32,
        /// The piece of the block.
        fragment: &'a [u8],
        /// Whether the block ends here.
        end_headers: bool,
    },
    /// A question whether the peer is there, or the answer.
    Ping {
        /// Whether it is the answer.
        ack: bool,
        /// What the answer repeats.
        payload: [u8; 8],
    },
    /// The end of the connection.
    GoAway {
        /// Streams of the receiver above this one have not been processed.
        last_stream: u32,
        /// Why.
        code: ErrorCode,
        /// Anything, for people to read.
        debug: &'a [u8],
    },
    /// Room for more content.
    WindowUpdate {
        /// On which stream; 0: on the connection.
        stream: u32,
        /// How much more.
        increment: u32,
    },
    /// The next piece of a field block.
    Continuation {
        /// Of which stream.
        stream: u32,
        /// The piece of the block.
        fragment: &'a [u8],
        /// Whether the block ends here.
        end_headers: bool,
    },
    /// A frame of a type that RFC 9113 does not know. It is to be ignored (RFC 9113 §4.1).
    Unknown {
        /// The type.
        kind: u8,
        /// The flags.
        flags: u8,
        /// The stream, which may be 0.
        stream: u32,
        /// The payload.
        payload: &'a [u8],
    },
}

impl<'a> Frame<'a> {
    /// DATA without padding.
    pub fn data(stream: u32, data: &'a [u8], end_stream: bool) -> Frame<'a> {
        Frame::Data { stream, data, flow_length: data.len() as u32, end_stream }
    }

    /// HEADERS with a whole field block; one that may be too long for a frame is for
    /// [`write_field_block`].
    pub fn headers(stream: u32, block: &'a [u8], end_stream: bool) -> Frame<'a> {
        Frame::Headers { stream, priority: None, fragment: block, end_stream, end_headers: true }
    }

    /// Reads the frame at the beginning of `input`, and says how long it is; `None` if it is not all
    /// there.
    ///
    /// # Errors
    /// What [`check`](FrameHead::check) finds as soon as the head is there, and what
    /// [`parse`](Frame::parse) finds.
    pub fn read(input: &'a [u8], max_frame_size: u32) -> Result<Option<(Frame<'a>, usize)>, Error> {
        let head = match FrameHead::parse(input) {
            Some(head) => head,
            None => return Ok(None),
        };
        head.check(max_frame_size)?;
        let end = FrameHead::LENGTH + head.length as usize;
        match input.get(FrameHead::LENGTH..end) {
            Some(payload) => Ok(Some((Frame::parse(head, payload)?, end))),
            None => Ok(None),
        }
    }

    /// Reads a frame whose payload is there as a whole. The length is that of `payload`.
    ///
    /// # Errors
    /// The first rule that the frame breaks, those of [`FrameHead::check`] included: a caller that has
    /// checked the head need not wonder which rule is whose.
    pub fn parse(head: FrameHead, payload: &'a [u8]) -> Result<Frame<'a>, Error> {
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let head = FrameHead { length, ..head };
        head.check(MOST)?;
        Frame::parse_checked(head, payload)
    }

    /// The same if the head has been checked, and the payload is as long as that says.
    pub(super) fn parse_checked(head: FrameHead, payload: &'a [u8]) -> Result<Frame<'a>, Error> {
        match head.kind {
            kind::DATA => data::parse(head, payload),
            kind::HEADERS => headers::parse(head, payload),
            kind::PRIORITY => priority::parse(head, payload),
            kind::RST_STREAM => rst_stream::parse(head, payload),
            kind::SETTINGS => settings::parse(head, payload),
            kind::PUSH_PROMISE => push_promise::parse(head, payload),
            kind::PING => ping::parse(head, payload),
            kind::GOAWAY => go_away::parse(head, payload),
            kind::WINDOW_UPDATE => window_update::parse(head, payload),
            kind::CONTINUATION => Ok(continuation::parse(head, payload)),
            kind => {
                let FrameHead { flags, stream, .. } = head;
                Ok(Frame::Unknown { kind, flags, stream, payload })
            }
        }
    }

    /// Appends the frame. Nothing is checked, so that a test can write what a peer must refuse; only a
    /// payload of 16 MiB or more has no form on the wire.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        match *self {
            Frame::Data { stream, data, flow_length, end_stream } => {
                data::write(stream, data, flow_length, end_stream, out)
            }
            Frame::Headers { stream, ref priority, fragment, end_stream, end_headers } => {
                headers::write(stream, priority.as_ref(), fragment, (end_stream, end_headers), out)
            }
            Frame::Priority { stream, ref priority } => priority::write(stream, priority, out),
            Frame::RstStream { stream, code } => rst_stream::write(stream, code, out),
            Frame::Settings(ref settings) => settings.write_to(out),
            Frame::PushPromise { stream, promised, fragment, end_headers } => {
                push_promise::write(stream, promised, fragment, end_headers, out)
            }
            Frame::Ping { ack, ref payload } => ping::write(ack, payload, out),
            Frame::GoAway { last_stream, code, debug } => {
                go_away::write(last_stream, code, debug, out)
            }
            Frame::WindowUpdate { stream, increment } => {
                window_update::write(stream, increment, out)
            }
            Frame::Continuation { stream, fragment, end_headers } => {
                continuation::write(stream, fragment, end_headers, out)
            }
            Frame::Unknown { kind, flags, stream, payload } => {
                FrameHead { length: payload.len() as u32, kind, flags, stream }.write_to(out);
                out.extend_from_slice(payload);
            }
        }
    }
}

/// The number in the first four octets, and what follows them.
fn split_u32(octets: &[u8]) -> Option<(u32, &[u8])> {
    match octets {
        [a, b, c, d, rest @ ..] => Some((u32::from_be_bytes([*a, *b, *c, *d]), rest)),
        _ => None,
    }
}

/// The longest payload that a head can tell of (RFC 9113 §4.2).
const MOST: u32 = (1 << 24) - 1;

#[cfg(test)]
mod tests {
    use super::{Error, Frame, FrameHead, Rule, MOST};

    /// The one frame that `wire` is: read whole, byte by byte, and with more behind it.
    pub(super) fn read(wire: &[u8]) -> Result<Frame<'_>, Error> {
        let head = FrameHead::parse(wire).expect("the head is there");
        assert_eq!(head.length as usize + FrameHead::LENGTH, wire.len());
        let parsed = Frame::parse(head, &wire[FrameHead::LENGTH..]);
        let mut early = None;
        for end in 0..wire.len() {
            match Frame::read(&wire[..end], MOST) {
                Ok(None) => assert_eq!(early, None),
                Err(error) => early = Some(error),
                other => panic!("{} of {} octets are {:?}", end, wire.len(), other),
            }
        }
        for more in [&b""[..], b"\0", b"\0\0\0\0\0\0\0\0\0", b"\xff\xff\xff\xff\xff\xff"] {
            let input = [wire, more].concat();
            match (Frame::read(&input, MOST), parsed) {
                (Ok(Some((frame, length))), _) => {
                    assert_eq!((Ok(frame), length), (parsed, wire.len()))
                }
                (Err(error), Err(same)) => {
                    assert_eq!(error, same);
                    assert!(early.map_or(true, |early| early == error));
                }
                other => panic!("{:?}", other),
            }
        }
        parsed
    }

    /// The frame is what is read, and what is read is written as it was.
    pub(super) fn same(wire: &[u8], frame: Frame<'_>) {
        assert_eq!(read(wire), Ok(frame));
        let mut out = b"before".to_vec();
        frame.write_to(&mut out);
        assert_eq!(out, [b"before", wire].concat());
    }

    pub(super) fn refused(wire: &[u8], stream: Option<u32>, rule: Rule) {
        let kind = wire[3];
        let error = match stream {
            Some(stream) => Error::stream_error(kind, stream, rule),
            None => Error::connection(kind, rule),
        };
        assert_eq!(read(wire), Err(error), "{:?}", wire);
    }

    #[test]
    fn ok_types_that_are_not_known_are_kept_as_they_are() {
        for (wire, kind, flags, stream, payload) in [
            (&b"\0\0\0\x0a\0\0\0\0\0"[..], 0xa, 0, 0, &b""[..]),
            (b"\0\0\x04\xff\xff\0\0\0\x07\xff123", 0xff, 0xff, 7, b"\xff123"),
        ] {
            same(wire, Frame::Unknown { kind, flags, stream, payload });
        }
    }

    #[test]
    fn ok_flags_that_a_type_does_not_have_are_ignored() {
        for wire in [
            &b"\0\0\0\0\xf6\0\0\0\x01"[..],
            b"\0\0\x05\x02\xff\0\0\0\x01\0\0\0\0\0",
            b"\0\0\x04\x03\xff\0\0\0\x01\0\0\0\x08",
            b"\0\0\0\x04\xfe\0\0\0\0",
            b"\0\0\x08\x06\xfe\0\0\0\x0012345678",
            b"\0\0\x08\x07\xff\0\0\0\0\0\0\0\0\0\0\0\0",
            b"\0\0\x04\x08\xff\0\0\0\x01\0\0\0\x08",
        ] {
            let plain = [&wire[..4], b"\0", &wire[5..]].concat();
            assert_eq!(read(wire), read(&plain));
            assert!(read(wire).is_ok(), "{:?}", wire);
        }
    }

    #[test]
    fn err_a_frame_that_is_too_long_is_refused_by_its_head() {
        let wire = b"\0\x40\x01\0\0\0\0\0\x01";
        assert_eq!(Frame::read(&wire[..8], 16_384), Ok(None));
        let error = Error::stream_error(0, 1, Rule::TooLong(16_384));
        assert_eq!(Frame::read(wire, 16_384), Err(error));
        assert_eq!(Frame::read(wire, 16_385), Ok(None));
    }
}
