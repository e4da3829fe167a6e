//! What a client announces and bears on a connection of HTTP/2: sizes of windows, and how much a peer
//! may ask for without giving anything. Values for the engine, as [`Limits`](crate::proto::Limits) are.

use super::budget::WORTH;
use super::flow::{Window, INITIAL_WINDOW};

/// How a connection of HTTP/2 is kept.
///
/// ```
/// use pannier::{Client, Http2Config, Protocol};
///
/// let http2 = Http2Config::default().stream_window(256 << 10).concurrent_streams(8);
/// assert_eq!(http2.get_stream_window(), 256 << 10);
/// let client = Client::builder().protocol(Protocol::Http2PriorKnowledge).http2(http2).build();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    pub(super) stream_window: u32,
    pub(super) max_stream_window: u32,
    pub(super) connection_window: u32,
    pub(super) header_table: usize,
    pub(super) concurrent_streams: usize,
    pub(super) continuation_frames: usize,
    pub(super) idle_frames: u32,
}

setters! {
    Config;
    /// Bytes of content that the peer may send on a stream ahead of its reader, at first. Default
    /// 1 MiB; at least 1 byte, and at most the 2^31-1 that any window may be.
    stream_window get_stream_window u32
    /// To how much that grows while the reader keeps up: it doubles when a whole window has been read
    /// since it last did, and no more than a quarter is waiting for the reader. Default 16 MiB.
    max_stream_window get_max_stream_window u32
    /// Bytes of content that may be under way on all streams together. Default 16 MiB; never less than
    /// the 65,535 that every connection begins with.
    connection_window get_connection_window u32
    /// Bytes of the table that the peer's field blocks may refer to (RFC 7541 §4.2). Default 4,096, and
    /// never less, since a peer may have filled that much before it hears of another size.
    header_table get_header_table usize
    /// Streams at once, whatever the peer allows. Default 1,000; at least 1.
    concurrent_streams get_concurrent_streams usize
    /// CONTINUATION frames of one field block. Default 64.
    continuation_frames get_continuation_frames usize
    /// Frames that bring nothing, as PING, SETTINGS or empty DATA, that are borne in a row. Default
    /// 10,000, and never less than 16, since every connection begins with some; what does bring something
    /// makes up for some.
    idle_frames get_idle_frames u32
}

impl Default for Config {
    fn default() -> Config {
        Config {
            stream_window: 1 << 20,
            max_stream_window: 16 << 20,
            connection_window: 16 << 20,
            header_table: DEFAULT_TABLE,
            concurrent_streams: 1_000,
            continuation_frames: 64,
            idle_frames: 10_000,
        }
    }
}

impl Config {
    /// The same within what the protocol allows.
    pub(super) fn within_protocol(self) -> Config {
        // Without any room or stream a client would only wait.
        let stream_window = self.stream_window.clamp(1, Window::MAX);
        Config {
            stream_window,
            max_stream_window: self.max_stream_window.clamp(stream_window, Window::MAX),
            connection_window: self.connection_window.clamp(INITIAL_WINDOW, Window::MAX),
            concurrent_streams: self.concurrent_streams.max(1),
            header_table: self.header_table.max(DEFAULT_TABLE).min(u32::MAX as usize),
            // SETTINGS and their acknowledgement bring nothing either.
            idle_frames: self.idle_frames.max(WORTH),
            ..self
        }
    }
}

/// RFC 9113 §6.5.2: the initial value of SETTINGS_HEADER_TABLE_SIZE.
const DEFAULT_TABLE: usize = 4_096;
