//! The settings of both sides (RFC 9113 §6.5): what the peer has said so far, and what we say.

use crate::proto::Limits;

use super::flow::{Window, INITIAL_WINDOW};
use super::frame::Settings;
use super::{Config, Error};

/// What the peer allows us to send. It holds from the frame that says so, which is acknowledged at
/// once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PeerSettings {
    /// `None`: it has not said, and RFC 9113 §6.5.2 sets no limit.
    pub(super) max_concurrent_streams: Option<u32>,
    pub(super) initial_window_size: u32,
    pub(super) max_frame_size: u32,
    pub(super) max_header_list_size: Option<u32>,
}

impl PeerSettings {
    /// RFC 9113 §6.5.2: what holds before the peer has said anything.
    pub(super) const INITIAL: PeerSettings = PeerSettings {
        max_concurrent_streams: None,
        initial_window_size: INITIAL_WINDOW,
        max_frame_size: MAX_FRAME_SIZE,
        max_header_list_size: None,
    };

    /// Takes one setting on, whose value has been found to be one that it can have. HEADER_TABLE_SIZE
    /// is for the encoder of requests.
    pub(super) fn set(&mut self, id: u16, value: u32) -> Result<(), Error> {
        match id {
            // RFC 9113 §6.5.2: "A client MUST treat receipt of a SETTINGS frame with
            // SETTINGS_ENABLE_PUSH set to 1 as a connection error".
            Settings::ENABLE_PUSH if value != 0 => return Err(Error::PushEnabled),
            Settings::MAX_CONCURRENT_STREAMS => self.max_concurrent_streams = Some(value),
            Settings::INITIAL_WINDOW_SIZE => self.initial_window_size = value.min(Window::MAX),
            Settings::MAX_FRAME_SIZE => self.max_frame_size = value.max(MAX_FRAME_SIZE),
            Settings::MAX_HEADER_LIST_SIZE => self.max_header_list_size = Some(value),
            // RFC 9113 §6.5.2: unknown settings are ignored.
            _ => {}
        }
        Ok(())
    }
}

/// Appends what we announce. What is as it would be anyway is not said.
pub(super) fn announce(config: &Config, limits: &Limits, out: &mut Vec<u8>) {
    let list = u32::try_from(limits.get_head_bytes()).unwrap_or(u32::MAX);
    let all = [
        (Settings::HEADER_TABLE_SIZE, config.header_table as u32, 4_096),
        (Settings::ENABLE_PUSH, 0, 1),
        (Settings::INITIAL_WINDOW_SIZE, config.stream_window, INITIAL_WINDOW),
        (Settings::MAX_HEADER_LIST_SIZE, list, u32::MAX),
    ];
    let said = all.iter().filter(|(_, value, initial)| value != initial);
    let said: Vec<_> = said.map(|&(id, value, _)| (id, value)).collect();
    Settings::write(&said, out);
}

/// The largest frame before anyone has said otherwise (RFC 9113 §4.2). We do not: larger ones would
/// only keep the streams waiting for each other.
pub(super) const MAX_FRAME_SIZE: u32 = 1 << 14;
