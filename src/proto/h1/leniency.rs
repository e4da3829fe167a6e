//! What is read although RFC 9112 would allow to refuse it: one named switch for each.

/// Which deviations in a peer's messages are read instead of refused.
///
/// Those that are on cannot make a response end elsewhere than for other readers on the same
/// connection, and refusing them would shut out servers that work everywhere else. The others are for
/// servers that one knows. Chunk framing and invalid lengths have no leniency.
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
}

impl Default for Leniency {
    fn default() -> Leniency {
        Leniency::strict().bare_lf(true).missing_reason(true).folding(true).identity_coding(true)
    }
}
