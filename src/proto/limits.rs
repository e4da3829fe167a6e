//! How much a peer may make us hold or do. Values for the engines, never constants inside them.

/// Bounds on what is accepted from a peer.
///
/// ```
/// use pannier::Limits;
/// let limits = Limits::default().head_bytes(16 << 10).interim_responses(4);
/// assert_eq!(limits.get_head_bytes(), 16 << 10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub(crate) head_bytes: usize,
    pub(crate) head_lines: usize,
    pub(crate) chunk_line: usize,
    pub(crate) trailer_bytes: usize,
    pub(crate) interim_responses: usize,
    pub(crate) body: u64,
}

setters! {
    Limits;
    /// Bytes of one response head, status line and empty line included. Default 64 KiB; no head may
    /// be longer than 1 GiB.
    head_bytes get_head_bytes usize
    /// Field lines of one response head, and of one trailer section. Default 128.
    head_lines get_head_lines usize
    /// Bytes of one chunk-size line with its extensions, and, four times that, by which all the
    /// extensions of a body may be more than its data. Default 4 KiB.
    chunk_line get_chunk_line usize
    /// Bytes of a trailer section, in HTTP/1 with its empty line. Default 16 KiB; with 0 there may be none.
    trailer_bytes get_trailer_bytes usize
    /// Interim responses (1xx) before a final one. Default 16.
    interim_responses get_interim_responses usize
    /// Bytes of content that `text()` and `bytes()` hold in memory. Default 16 MiB.
    body get_body u64
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head_bytes: 64 << 10,
            head_lines: 128,
            chunk_line: 4 << 10,
            trailer_bytes: 16 << 10,
            interim_responses: 16,
            body: 16 << 20,
        }
    }
}
