//! What is read although RFC 9112 would allow to refuse it: one named switch for each.

/// Which deviations in a peer's messages are read instead of refused.
///
/// Those that are on cannot make a response end elsewhere than for other readers on the same
/// connection, and refusing them would shut out servers that work everywhere else. The others are for
/// servers that one knows. Chunk framing and lengths that are no numbers have no leniency.
///
/// ```
/// use pannier::Leniency;
/// assert_ne!(Leniency::default(), Leniency::strict());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leniency {
    pub(crate) bare_lf: bool,
    pub(crate) missing_reason: bool,
    pub(crate) folding: bool,
    pub(crate) leading_empty_lines: bool,
    pub(crate) space_before_colon: bool,
    pub(crate) identity_coding: bool,
    pub(crate) ignore_content_length: bool,
    pub(crate) oversized_length: bool,
    pub(crate) http09: bool,
}

impl Leniency {
    /// Everything that may be refused is refused.
    pub const fn strict() -> Leniency {
        Leniency {
            bare_lf: false,
            missing_reason: false,
            folding: false,
            leading_empty_lines: false,
            space_before_colon: false,
            identity_coding: false,
            ignore_content_length: false,
            oversized_length: false,
            http09: false,
        }
    }

    /// A LF ends a line of a head or trailer section (RFC 9112 §2.2). On: scripts print it, and
    /// every browser reads it.
    #[must_use]
    pub const fn bare_lf(mut self, on: bool) -> Leniency {
        self.bare_lf = on;
        self
    }

    /// The space after the status code may be missing when the reason phrase is (RFC 9112 §4). On:
    /// common, and the phrase means nothing.
    #[must_use]
    pub const fn missing_reason(mut self, on: bool) -> Leniency {
        self.missing_reason = on;
        self
    }

    /// A line that begins with white space continues the one before, as spaces (RFC 9112 §5.2 asks a
    /// user agent to read it so). On.
    #[must_use]
    pub const fn folding(mut self, on: bool) -> Leniency {
        self.folding = on;
        self
    }

    /// Empty lines before the status line are skipped. Off: they are surplus bytes of the response
    /// before.
    #[must_use]
    pub const fn leading_empty_lines(mut self, on: bool) -> Leniency {
        self.leading_empty_lines = on;
        self
    }

    /// White space between a field name and the colon is skipped. Off: RFC 9112 §5.1 forbids it, and
    /// readers that treat such a field differently can be played off against each other.
    #[must_use]
    pub const fn space_before_colon(mut self, on: bool) -> Leniency {
        self.space_before_colon = on;
        self
    }

    /// The transfer coding `identity`, which RFC 2616 had for no coding at all, is passed over, alone
    /// or before `chunked`, and the connection closed afterwards. On: some servers still say it, and
    /// nothing follows that could be misread.
    #[must_use]
    pub const fn identity_coding(mut self, on: bool) -> Leniency {
        self.identity_coding = on;
        self
    }

    /// `Content-Length` in responses is ignored, so that the content runs until the close. Off: only
    /// for servers that are known to announce a wrong length.
    #[must_use]
    pub const fn ignore_content_length(mut self, on: bool) -> Leniency {
        self.ignore_content_length = on;
        self
    }

    /// A `Content-Length` that no number of 64 bits can hold is ignored, as above, in a response that
    /// ends its connection by `close`. Off: nobody has so much to send.
    #[must_use]
    pub const fn oversized_length(mut self, on: bool) -> Leniency {
        self.oversized_length = on;
        self
    }

    /// What does not begin with `HTTP/` is the content, up to the close: the response of a server of
    /// HTTP/0.9 (RFC 1945 §6, Simple-Response), to a request that is not HEAD and the first and only one
    /// on its connection. It has an empty head, and the status 200 for want of another. Off: no server
    /// means it any more, and whatever listens at the port would be taken for one.
    #[must_use]
    pub const fn http09(mut self, on: bool) -> Leniency {
        self.http09 = on;
        self
    }
}

impl Default for Leniency {
    fn default() -> Leniency {
        Leniency::strict().bare_lf(true).missing_reason(true).folding(true).identity_coding(true)
    }
}
