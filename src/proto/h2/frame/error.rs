//! Which rule a frame breaks, with which code that is answered, and how far the harm goes.

use std::{error, fmt};

use super::super::ErrorCode;
use super::kind;

/// A rule that a frame breaks, by itself: whatever the state of its stream and of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// A frame is no longer than SETTINGS_MAX_FRAME_SIZE, which is this (RFC 9113 §4.2).
    TooLong(u32),
    /// The length is one that the type of the frame has, or allows with its flags.
    Length(u32),
    /// Frames of this type belong to a stream.
    NoStream,
    /// Frames of this type belong to the connection.
    OnStream,
    /// Padding is shorter than the payload that it ends.
    Padding,
    /// A promised stream has an even number that is not 0 (RFC 9113 §5.1.1).
    PromisedStream,
    /// A window grows by more than nothing.
    Increment,
    /// SETTINGS_ENABLE_PUSH is 0 or 1 (RFC 9113 §6.5.2).
    EnablePush(u32),
    /// SETTINGS_INITIAL_WINDOW_SIZE is at most 2^31-1 (RFC 9113 §6.5.2).
    InitialWindowSize(u32),
    /// SETTINGS_MAX_FRAME_SIZE is from 2^14 to 2^24-1 (RFC 9113 §6.5.2).
    MaxFrameSize(u32),
}

/// A frame that breaks a rule.
///
/// Whoever receives it may end the connection in any case: RFC 9113 §5.4.1 allows an endpoint to
/// treat an error of a stream as one of the connection, but not the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    rule: Rule,
    kind: u8,
    /// The stream that the harm is confined to.
    stream: Option<u32>,
}

impl Error {
    /// An error of the connection, in a frame of this type.
    pub(super) const fn connection(kind: u8, rule: Rule) -> Error {
        Error { rule, kind, stream: None }
    }

    /// An error of a stream; of the connection if the stream is 0.
    pub(super) const fn stream_error(kind: u8, stream: u32, rule: Rule) -> Error {
        let stream = if stream == 0 { None } else { Some(stream) };
        Error { rule, kind, stream }
    }

    /// The code to answer with.
    pub const fn code(&self) -> ErrorCode {
        match self.rule {
            Rule::TooLong(_) | Rule::Length(_) => ErrorCode::FRAME_SIZE_ERROR,
            Rule::InitialWindowSize(_) => ErrorCode::FLOW_CONTROL_ERROR,
            _ => ErrorCode::PROTOCOL_ERROR,
        }
    }

    /// The stream that has to be reset, if that is enough; `None`: the connection has to end.
    pub const fn stream(&self) -> Option<u32> {
        self.stream
    }

    /// The rule.
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// The type of the frame, as a number.
    pub const fn kind(&self) -> u8 {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match kind::name(self.kind) {
            "unknown" => write!(f, "a frame of type {:#x} ", self.kind)?,
            name => write!(f, "a {} frame ", name)?,
        }
        match self.rule {
            Rule::TooLong(most) => return write!(f, "is longer than {} (RFC 9113 §4.2)", most),
            Rule::Length(length) => write!(f, "has a wrong length of {}", length)?,
            Rule::NoStream => f.write_str("has no stream")?,
            Rule::OnStream => f.write_str("has a stream")?,
            Rule::Padding => f.write_str("has no room for its padding")?,
            Rule::PromisedStream => f.write_str("promises a stream that no server opens")?,
            Rule::Increment => f.write_str("adds nothing to the window")?,
            Rule::EnablePush(value) => write!(f, "sets ENABLE_PUSH to {}", value)?,
            Rule::InitialWindowSize(value) => write!(f, "sets INITIAL_WINDOW_SIZE to {}", value)?,
            Rule::MaxFrameSize(value) => write!(f, "sets MAX_FRAME_SIZE to {}", value)?,
        }
        // The sections are in the order of the types.
        write!(f, " (RFC 9113 §6.{})", u32::from(self.kind) + 1)
    }
}

impl error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::{kind, Error, ErrorCode, Rule};

    #[test]
    fn ok_an_error_has_the_code_of_its_rule_and_names_it() {
        let connection = |kind, rule| Error::connection(kind, rule);
        for (error, code, text) in [
            (
                connection(kind::SETTINGS, Rule::TooLong(16384)),
                ErrorCode::FRAME_SIZE_ERROR,
                "a SETTINGS frame is longer than 16384 (RFC 9113 §4.2)",
            ),
            (
                connection(0xfe, Rule::TooLong(16384)),
                ErrorCode::FRAME_SIZE_ERROR,
                "a frame of type 0xfe is longer than 16384 (RFC 9113 §4.2)",
            ),
            (
                connection(kind::PING, Rule::Length(7)),
                ErrorCode::FRAME_SIZE_ERROR,
                "a PING frame has a wrong length of 7 (RFC 9113 §6.7)",
            ),
            (
                connection(kind::DATA, Rule::NoStream),
                ErrorCode::PROTOCOL_ERROR,
                "a DATA frame has no stream (RFC 9113 §6.1)",
            ),
            (
                connection(kind::SETTINGS, Rule::InitialWindowSize(1 << 31)),
                ErrorCode::FLOW_CONTROL_ERROR,
                "a SETTINGS frame sets INITIAL_WINDOW_SIZE to 2147483648 (RFC 9113 §6.5)",
            ),
        ] {
            assert_eq!((error.code(), error.to_string().as_str()), (code, text));
            assert_eq!(error.stream(), None);
        }
    }

    #[test]
    fn ok_an_error_of_stream_0_is_one_of_the_connection() {
        let error = |stream| Error::stream_error(kind::WINDOW_UPDATE, stream, Rule::Increment);
        assert_eq!((error(0).stream(), error(7).stream()), (None, Some(7)));
    }
}
