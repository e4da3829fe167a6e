//! SETTINGS (RFC 9113 §6.5): what the sender asks of its peer, or that it has taken note of what the
//! peer asked. Values that no setting can have are refused; settings that are not known are not.

use super::error::{Error, Rule};
use super::{flag, kind, Frame, FrameHead};

/// A SETTINGS frame: its values in their order, or an acknowledgement.
///
/// ```
/// use pannier::proto::h2::frame::{Frame, Settings};
///
/// let mut wire = Vec::new();
/// Settings::write(&[(Settings::ENABLE_PUSH, 0), (Settings::MAX_FRAME_SIZE, 32_768)], &mut wire);
/// match Frame::read(&wire, 16_384)? {
///     Some((Frame::Settings(settings), 21)) => {
///         assert!(!settings.is_ack());
///         assert_eq!(settings.iter().last(), Some((Settings::MAX_FRAME_SIZE, 32_768)));
///     }
///     other => panic!("{:?}", other),
/// }
/// # Ok::<(), pannier::proto::h2::frame::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings<'a> {
    ack: bool,
    /// Six octets each; none in an acknowledgement.
    values: &'a [u8],
}

impl Settings<'static> {
    /// How large the table may be with which field blocks for the sender are encoded.
    pub const HEADER_TABLE_SIZE: u16 = 0x1;
    /// Whether the server may push: 0 or 1.
    pub const ENABLE_PUSH: u16 = 0x2;
    /// How many streams the peer may have open at once.
    pub const MAX_CONCURRENT_STREAMS: u16 = 0x3;
    /// The window that the peer has for a new stream, and by how much those of open streams change.
    pub const INITIAL_WINDOW_SIZE: u16 = 0x4;
    /// The longest payload that the sender takes.
    pub const MAX_FRAME_SIZE: u16 = 0x5;
    /// The largest header section that the sender takes; advice.
    pub const MAX_HEADER_LIST_SIZE: u16 = 0x6;

    /// The acknowledgement.
    pub const ACK: Settings<'static> = Settings { ack: true, values: &[] };

    /// Appends a frame with these settings.
    pub fn write(values: &[(u16, u32)], out: &mut Vec<u8>) {
        let at = FrameHead::reserve(out);
        for (id, value) in values {
            out.extend_from_slice(&id.to_be_bytes());
            out.extend_from_slice(&value.to_be_bytes());
        }
        HEAD.fill(out, at);
    }
}

impl<'a> Settings<'a> {
    /// Settings as they are on the wire: two octets of identifier and four of value each. What is left
    /// over is no setting.
    pub fn new(values: &'a [u8]) -> Settings<'a> {
        Settings { ack: false, values: &values[..values.len() - values.len() % SETTING] }
    }

    /// Is it the acknowledgement of settings?
    pub fn is_ack(&self) -> bool {
        self.ack
    }

    /// The identifiers and values, in the order in which they count. Identifiers may be unknown, and
    /// may come more than once.
    pub fn iter(&self) -> impl Iterator<Item = (u16, u32)> + 'a {
        self.values.chunks_exact(SETTING).map(|setting| {
            let id = u16::from_be_bytes([setting[0], setting[1]]);
            let value = [setting[2], setting[3], setting[4], setting[5]];
            (id, u32::from_be_bytes(value))
        })
    }

    /// Judges the values.
    ///
    /// # Errors
    /// The first value that its setting cannot have, whoever sends it. (That a server must not set
    /// ENABLE_PUSH to 1 is for its client to see.)
    pub fn check(&self) -> Result<(), Error> {
        for (id, value) in self.iter() {
            check_value(id, value).map_err(|rule| Error::connection(kind::SETTINGS, rule))?;
        }
        Ok(())
    }

    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        let (length, flags) = (self.values.len() as u32, if self.ack { flag::ACK } else { 0 });
        FrameHead { length, flags, ..HEAD }.write_to(out);
        out.extend_from_slice(self.values);
    }
}

fn check_value(id: u16, value: u32) -> Result<(), Rule> {
    match id {
        // RFC 9113 §6.5.2: "Any value other than 0 or 1 MUST be treated as a connection error (Section
        // 5.4.1) of type PROTOCOL_ERROR."
        Settings::ENABLE_PUSH if value > 1 => Err(Rule::EnablePush(value)),
        // RFC 9113 §6.5.2: "Values above the maximum flow-control window size of 2^31-1 MUST be treated
        // as a connection error (Section 5.4.1) of type FLOW_CONTROL_ERROR."
        Settings::INITIAL_WINDOW_SIZE if value >= 1 << 31 => Err(Rule::InitialWindowSize(value)),
        // RFC 9113 §6.5.2: "The value advertised by an endpoint MUST be between this initial value and
        // the maximum allowed frame size (2^24-1 or 16,777,215 octets), inclusive. Values outside this
        // range MUST be treated as a connection error (Section 5.4.1) of type PROTOCOL_ERROR."
        Settings::MAX_FRAME_SIZE if !(1 << 14..1 << 24).contains(&value) => {
            Err(Rule::MaxFrameSize(value))
        }
        // RFC 9113 §6.5.2: "An endpoint that receives a SETTINGS frame with any unknown or unsupported
        // identifier MUST ignore that setting."
        _ => Ok(()),
    }
}

pub(super) fn parse(head: FrameHead, payload: &[u8]) -> Result<Frame<'_>, Error> {
    // RFC 9113 §6.5: "Receipt of a SETTINGS frame with the ACK flag set and a length field value other
    // than 0 MUST be treated as a connection error (Section 5.4.1) of type FRAME_SIZE_ERROR", and so
    // must "a length other than a multiple of 6 octets".
    let length = if head.has(flag::ACK) { payload.len() } else { payload.len() % SETTING };
    if length != 0 {
        return Err(Error::connection(head.kind, Rule::Length(head.length)));
    }
    let settings = Settings { ack: head.has(flag::ACK), values: payload };
    settings.check()?;
    Ok(Frame::Settings(settings))
}

/// Every one has this head, but for its length and ACK.
const HEAD: FrameHead = FrameHead { length: 0, kind: kind::SETTINGS, flags: 0, stream: 0 };

/// How many octets a setting has.
const SETTING: usize = 6;

#[cfg(test)]
mod tests {
    use super::super::tests::{refused, same};
    use super::*;

    fn wire(id: u16, value: u32) -> Vec<u8> {
        let mut wire = Vec::new();
        Settings::write(&[(0xabcd, 7), (id, value)], &mut wire);
        wire
    }

    #[test]
    fn ok_settings_are_read_in_their_order() {
        same(b"\0\0\0\x04\0\0\0\0\0", Frame::Settings(Settings::new(b"")));
        same(b"\0\0\0\x04\x01\0\0\0\0", Frame::Settings(Settings::ACK));
        let values = b"\0\x03\0\0\0\x64\xff\xff\x01\x02\x03\x04\0\x03\0\0\0\0";
        let wire = [b"\0\0\x12\x04\0\0\0\0\0", &values[..]].concat();
        same(&wire, Frame::Settings(Settings::new(values)));
        let values: Vec<_> = Settings::new(values).iter().collect();
        assert_eq!(values, [(3, 100), (0xffff, 0x0102_0304), (3, 0)]);
        assert_eq!(Settings::new(b"\0\x03\0\0\0\x64\0\x03").iter().count(), 1);
    }

    #[test]
    fn ok_values_at_their_bounds() {
        for (id, value) in [
            (Settings::HEADER_TABLE_SIZE, u32::MAX),
            (Settings::ENABLE_PUSH, 0),
            (Settings::ENABLE_PUSH, 1),
            (Settings::MAX_CONCURRENT_STREAMS, 0),
            (Settings::MAX_CONCURRENT_STREAMS, u32::MAX),
            (Settings::INITIAL_WINDOW_SIZE, 0),
            (Settings::INITIAL_WINDOW_SIZE, (1 << 31) - 1),
            (Settings::MAX_FRAME_SIZE, 1 << 14),
            (Settings::MAX_FRAME_SIZE, (1 << 24) - 1),
            (Settings::MAX_HEADER_LIST_SIZE, u32::MAX),
            (0, u32::MAX),
            (0x100 + Settings::ENABLE_PUSH, 2),
        ] {
            let wire = wire(id, value);
            same(&wire, Frame::Settings(Settings::new(&wire[9..])));
        }
    }

    #[test]
    fn err_values_beyond_them() {
        for (id, value, rule) in [
            (Settings::ENABLE_PUSH, 2, Rule::EnablePush(2)),
            (Settings::ENABLE_PUSH, u32::MAX, Rule::EnablePush(u32::MAX)),
            (Settings::INITIAL_WINDOW_SIZE, 1 << 31, Rule::InitialWindowSize(1 << 31)),
            (Settings::INITIAL_WINDOW_SIZE, u32::MAX, Rule::InitialWindowSize(u32::MAX)),
            (Settings::MAX_FRAME_SIZE, 0, Rule::MaxFrameSize(0)),
            (Settings::MAX_FRAME_SIZE, (1 << 14) - 1, Rule::MaxFrameSize((1 << 14) - 1)),
            (Settings::MAX_FRAME_SIZE, 1 << 24, Rule::MaxFrameSize(1 << 24)),
        ] {
            refused(&wire(id, value), None, rule);
        }
    }

    #[test]
    fn err_lengths_and_streams() {
        refused(b"\0\0\x05\x04\0\0\0\0\0\0\0\0\0\0", None, Rule::Length(5));
        refused(b"\0\0\x07\x04\0\0\0\0\0\0\0\0\0\0\0\0", None, Rule::Length(7));
        refused(b"\0\0\x06\x04\x01\0\0\0\0\0\0\0\0\0\0", None, Rule::Length(6));
        refused(b"\0\0\0\x04\x01\0\0\0\x01", None, Rule::OnStream);
    }
}
