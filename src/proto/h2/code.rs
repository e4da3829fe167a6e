//! Error codes (RFC 9113 §7): why a stream is reset or a connection ended.
//!
//! A code that the RFC does not name is kept as it came: it means what INTERNAL_ERROR means, and no
//! fault is found with it.

use std::fmt;

/// The reason that RST_STREAM and GOAWAY give, 32 bits.
///
/// ```
/// use pannier::proto::h2::ErrorCode;
///
/// assert_eq!(ErrorCode::REFUSED_STREAM.to_string(), "REFUSED_STREAM");
/// assert_eq!(ErrorCode::new(7), ErrorCode::REFUSED_STREAM);
/// assert_eq!(ErrorCode::new(0xbad).to_string(), "error code 0xbad");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCode(u32);

impl ErrorCode {
    /// No error: a graceful end.
    pub const NO_ERROR: ErrorCode = ErrorCode(0x0);
    /// A rule of the protocol was broken, and no more specific code fits.
    pub const PROTOCOL_ERROR: ErrorCode = ErrorCode(0x1);
    /// A fault of the one who sends the code.
    pub const INTERNAL_ERROR: ErrorCode = ErrorCode(0x2);
    /// More was sent than the window allowed, or the window grew too large.
    pub const FLOW_CONTROL_ERROR: ErrorCode = ErrorCode(0x3);
    /// SETTINGS were not acknowledged in time.
    pub const SETTINGS_TIMEOUT: ErrorCode = ErrorCode(0x4);
    /// A frame came for a stream that was half closed already.
    pub const STREAM_CLOSED: ErrorCode = ErrorCode(0x5);
    /// A frame has a length that it must not have.
    pub const FRAME_SIZE_ERROR: ErrorCode = ErrorCode(0x6);
    /// The stream was refused before anything was done for it: the request may be sent again.
    pub const REFUSED_STREAM: ErrorCode = ErrorCode(0x7);
    /// The stream is not needed any longer.
    pub const CANCEL: ErrorCode = ErrorCode(0x8);
    /// The state of field compression cannot be kept for the connection.
    pub const COMPRESSION_ERROR: ErrorCode = ErrorCode(0x9);
    /// The connection that a CONNECT asked for was reset or closed abnormally.
    pub const CONNECT_ERROR: ErrorCode = ErrorCode(0xa);
    /// The peer behaves in a way that might burden us too much.
    pub const ENHANCE_YOUR_CALM: ErrorCode = ErrorCode(0xb);
    /// The transport is not as secure as it should be.
    pub const INADEQUATE_SECURITY: ErrorCode = ErrorCode(0xc);
    /// The request must be made over HTTP/1.1.
    pub const HTTP_1_1_REQUIRED: ErrorCode = ErrorCode(0xd);

    /// The code of this number, known or not.
    pub const fn new(value: u32) -> ErrorCode {
        ErrorCode(value)
    }

    /// The number.
    pub const fn value(self) -> u32 {
        self.0
    }

    /// The name in RFC 9113 §7, if it has one there.
    pub fn name(self) -> Option<&'static str> {
        NAMES.get(usize::try_from(self.0).ok()?).copied()
    }
}

impl From<u32> for ErrorCode {
    fn from(value: u32) -> ErrorCode {
        ErrorCode(value)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "error code {:#x}", self.0),
        }
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The names by number.
const NAMES: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn ok_every_number_has_the_name_of_the_rfc() {
        for (code, value, text) in [
            (ErrorCode::NO_ERROR, 0x0, "NO_ERROR"),
            (ErrorCode::PROTOCOL_ERROR, 0x1, "PROTOCOL_ERROR"),
            (ErrorCode::INTERNAL_ERROR, 0x2, "INTERNAL_ERROR"),
            (ErrorCode::FLOW_CONTROL_ERROR, 0x3, "FLOW_CONTROL_ERROR"),
            (ErrorCode::SETTINGS_TIMEOUT, 0x4, "SETTINGS_TIMEOUT"),
            (ErrorCode::STREAM_CLOSED, 0x5, "STREAM_CLOSED"),
            (ErrorCode::FRAME_SIZE_ERROR, 0x6, "FRAME_SIZE_ERROR"),
            (ErrorCode::REFUSED_STREAM, 0x7, "REFUSED_STREAM"),
            (ErrorCode::CANCEL, 0x8, "CANCEL"),
            (ErrorCode::COMPRESSION_ERROR, 0x9, "COMPRESSION_ERROR"),
            (ErrorCode::CONNECT_ERROR, 0xa, "CONNECT_ERROR"),
            (ErrorCode::ENHANCE_YOUR_CALM, 0xb, "ENHANCE_YOUR_CALM"),
            (ErrorCode::INADEQUATE_SECURITY, 0xc, "INADEQUATE_SECURITY"),
            (ErrorCode::HTTP_1_1_REQUIRED, 0xd, "HTTP_1_1_REQUIRED"),
            (ErrorCode::new(0xe), 0xe, "error code 0xe"),
            (ErrorCode::new(u32::MAX), u32::MAX, "error code 0xffffffff"),
        ] {
            assert_eq!((code.value(), code.to_string().as_str()), (value, text));
            assert_eq!(format!("{:?}", code), text);
        }
    }
}
