//! `-z`: content only if it is newer, or older, than a moment.
//!
//! The server is asked by `If-Modified-Since` or `If-Unmodified-Since` (RFC 9110 §13.1.3, §13.1.4). One
//! that sends the content all the same is taken at its `Last-Modified`: what does not fulfil the
//! condition is not taken, as if the answer had been 304.

use std::time::SystemTime;

use pannier::http::date;
use pannier::Response;

use crate::args::Global;
use crate::data;
use crate::dates;
use crate::warn::warn;

/// What the content must be for somebody to want it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    than: Than,
    moment: SystemTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Than {
    Newer,
    Older,
    /// Newer too, but asked for by `Last-Modified`, which some old server may understand.
    NewerByLastModified,
}

impl Condition {
    /// The value of the option: a date, or a file whose date it is, with `-` or `=` before it. Of what
    /// is neither a warning tells, and there is no condition.
    pub fn parse(global: Global, value: &[u8]) -> Option<Condition> {
        let (than, text) = match value {
            [b'-', text @ ..] => (Than::Older, text),
            [b'=', text @ ..] => (Than::NewerByLastModified, text),
            [b'+', text @ ..] | text => (Than::Newer, text),
        };
        let date = std::str::from_utf8(text).ok().and_then(dates::parse);
        let moment = date.or_else(|| data::path(text).metadata().ok()?.modified().ok());
        if moment.is_none() {
            warn(global, NO_DATE);
        }
        // As it is sent, to the second.
        let moment = date::parse(date::format(moment?), SystemTime::UNIX_EPOCH)?;
        Some(Condition { than, moment })
    }

    /// The field that asks for it.
    pub fn field(&self) -> (&'static str, String) {
        let name = match self.than {
            Than::Newer => "If-Modified-Since",
            Than::Older => "If-Unmodified-Since",
            Than::NewerByLastModified => "Last-Modified",
        };
        (name, date::format(self.moment))
    }

    /// Is this content what was asked for? Nobody knows of content without a date.
    pub fn holds(&self, response: &Response) -> bool {
        last_modified(response).map_or(true, |modified| match self.than {
            Than::Newer | Than::NewerByLastModified => modified > self.moment,
            Than::Older => modified < self.moment,
        })
    }
}

/// The date of the content, if the server gives one that can be read.
pub fn last_modified(response: &Response) -> Option<SystemTime> {
    dates::parse(response.headers().get("last-modified")?)
}

const NO_DATE: &str =
    "Illegal date format for -z, --time-cond (and not a file name). Disabling time \
                       condition. See curl_getdate(3) for valid date syntax.";
