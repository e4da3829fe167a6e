//! The flags that frames have (RFC 9113 §6); which of them count depends on the type. Others, and
//! those of another type, are ignored when they come and are not sent.

/// SETTINGS, PING: this is the answer.
pub const ACK: u8 = 0x1;
/// DATA, HEADERS: the stream has nothing more in this direction.
pub const END_STREAM: u8 = 0x1;
/// HEADERS, PUSH_PROMISE, CONTINUATION: the field block ends here.
pub const END_HEADERS: u8 = 0x4;
/// DATA, HEADERS, PUSH_PROMISE: the payload begins with the length of the padding at its end.
pub const PADDED: u8 = 0x8;
/// HEADERS: what PRIORITY says stands before the field block.
pub const PRIORITY: u8 = 0x20;
