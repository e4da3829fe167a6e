//! Where a URL may be read in another way than the WHATWG URL standard has it.

use super::percent::{self, EncodeSet};

/// Deviations from the URL standard, each off by default.
///
/// ```
/// use pannier::http::{Url, UrlLeniency};
///
/// let lenient = UrlLeniency::default().path_as_is(true).numeric_names(true).marks_as_is(true);
/// let url = Url::parse_with("http://host.42/../a/./{b}", lenient)?;
/// assert_eq!((url.host_str(), url.path()), ("host.42", "/../a/./{b}"));
/// assert!(Url::parse("http://host.42/").is_err());
/// # Ok::<(), pannier::http::UrlError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UrlLeniency {
    pub(super) path_as_is: bool,
    pub(super) numeric_names: bool,
    pub(super) marks_as_is: bool,
}

impl UrlLeniency {
    /// `.` and `..` stay in the path, as with curl's `--path-as-is`.
    #[must_use]
    pub const fn path_as_is(mut self, on: bool) -> UrlLeniency {
        self.path_as_is = on;
        self
    }

    /// A host that ends in a number but is no IPv4 address is a name, such as a proxy may know. The
    /// standard refuses it, lest two readers take it for two addresses.
    #[must_use]
    pub const fn numeric_names(mut self, on: bool) -> UrlLeniency {
        self.numeric_names = on;
        self
    }

    /// Every visible ASCII character of path and query stays as it is, as with curl: the standard writes
    /// ``"<>^`{}`` and the `'` of a query as `%XX`, and takes a backslash for a slash. Before the path a
    /// backslash is refused.
    #[must_use]
    pub const fn marks_as_is(mut self, on: bool) -> UrlLeniency {
        self.marks_as_is = on;
        self
    }

    /// What separates the segments of a path.
    pub(super) const fn slashes(self) -> &'static [u8] {
        match self.marks_as_is {
            true => b"/",
            // For http and https the standard takes a backslash for a slash.
            false => b"/\\",
        }
    }

    /// What is written as `%XX` in a path.
    pub(super) const fn path_set(self) -> &'static EncodeSet {
        match self.marks_as_is {
            true => INVISIBLE,
            false => percent::PATH,
        }
    }

    /// What is written as `%XX` in a query.
    pub(super) const fn query_set(self) -> &'static EncodeSet {
        match self.marks_as_is {
            true => INVISIBLE,
            false => percent::SPECIAL_QUERY,
        }
    }
}

const INVISIBLE: &EncodeSet = &EncodeSet::with(percent::CONTROL, b" ");
