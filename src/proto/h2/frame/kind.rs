//! The types of frames (RFC 9113 §6). Others may come and are ignored (RFC 9113 §5.5), which is
//! why these are numbers with names and not an enumeration.

/// Content of a message.
pub const DATA: u8 = 0x0;
/// The beginning of a field block that opens a stream or ends it.
pub const HEADERS: u8 = 0x1;
/// Advice that is deprecated (RFC 9113 §5.3.2).
pub const PRIORITY: u8 = 0x2;
/// The end of a stream before its time.
pub const RST_STREAM: u8 = 0x3;
/// What the sender asks of its peer.
pub const SETTINGS: u8 = 0x4;
/// The announcement of a stream that the server opens.
pub const PUSH_PROMISE: u8 = 0x5;
/// A question whether the peer is there, or the answer.
pub const PING: u8 = 0x6;
/// The end of a connection, at once or step by step.
pub const GOAWAY: u8 = 0x7;
/// Room for more content.
pub const WINDOW_UPDATE: u8 = 0x8;
/// The next piece of a field block.
pub const CONTINUATION: u8 = 0x9;
/// The lowest type that RFC 9113 does not know.
pub const FIRST_UNKNOWN: u8 = CONTINUATION + 1;

/// The name of a type in RFC 9113, or `unknown`.
pub const fn name(kind: u8) -> &'static str {
    match kind {
        DATA => "DATA",
        HEADERS => "HEADERS",
        PRIORITY => "PRIORITY",
        RST_STREAM => "RST_STREAM",
        SETTINGS => "SETTINGS",
        PUSH_PROMISE => "PUSH_PROMISE",
        PING => "PING",
        GOAWAY => "GOAWAY",
        WINDOW_UPDATE => "WINDOW_UPDATE",
        CONTINUATION => "CONTINUATION",
        _ => "unknown",
    }
}
