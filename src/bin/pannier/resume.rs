//! `-C`: going on with a transfer that was begun before.
//!
//! A download asks for what is missing and puts it behind what is there, but only if the response says
//! that it begins just there (RFC 9110 §14.4); what else comes is no part of the file. A try that
//! fails may leave what it has got to the next one. Then `If-Range` (RFC 9110 §13.1.5) sees to it that
//! both are parts of the same thing. An upload leaves out what was sent before.

use std::io::{Seek, SeekFrom};

use pannier::Response;

use crate::exit::{self, Failure};
use crate::head::Fields;
use crate::operation::{Clobber, Operation};
use crate::output::Output;
use crate::record::Record;
use crate::request::Payload;
use crate::usage::Problem;
use crate::values;

/// Where `-C` has a transfer go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    At(u64),
    /// Behind what the output has already.
    Behind,
}

/// Where a try goes on; at 0 it begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    pub at: u64,
    /// The entity tag of what stands before.
    pub validator: Option<Vec<u8>>,
}

/// What is to be done with the content of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Taken,
    /// It comes in place of all that the transfer has got before.
    TakenAnew,
    Ignored,
}

impl Resume {
    /// The value of the option. Going on at 0 is beginning.
    pub fn parse(value: &[u8]) -> Result<Option<Resume>, Problem> {
        match value {
            b"-" => Ok(Some(Resume::Behind)),
            digits => Ok(Some(values::count(digits)?).filter(|&at| at > 0).map(Resume::At)),
        }
    }
}

impl Start {
    /// Where the first try goes on.
    pub fn first(op: &Operation, output: &Output, is_upload: bool) -> Start {
        let at = match op.resume {
            Some(Resume::At(at)) => at,
            // What the server has got of an upload, nobody knows.
            Some(Resume::Behind) if !is_upload => output.length().unwrap_or(0),
            Some(Resume::Behind) | None => 0,
        };
        Start { at, validator: None }
    }

    /// What `-d` or `-F` sends is sent from its beginning, so that it goes with a beginning only.
    pub fn check(&self, payload: &Payload) -> Result<(), Failure> {
        let message = match payload {
            Payload::Bytes(_) => "cannot mix --continue-at with --data",
            Payload::Form(..) => "cannot mix --continue-at with --form",
            _ => return Ok(()),
        };
        match self.at {
            0 => Ok(()),
            _ => Err(Failure::new(exit::USAGE, message)),
        }
    }

    /// Where the next try goes on if it keeps the content that the last one, of this record, has got;
    /// `None` if it may not. Only a plain download is gone on with, whose parts are known to be such.
    pub fn next(&self, op: &Operation, record: &Record, downloaded: u64) -> Option<Start> {
        let fields = Fields::of(&record.head);
        let is_part = match record.status {
            206 => self.at > 0,
            200 => fields.get("accept-ranges") == Some(b"bytes"),
            _ => false,
        };
        let is_plain = op.method.is_none() && op.data.is_none() && !op.head && !op.raw;
        let goes_on = op.resume == Some(Resume::Behind)
            && record.method == "GET"
            && fields.get("content-encoding").is_none();
        // Heads that are shown stand in the way of beginning anew.
        let validator = fields.get("etag").filter(|tag| tag.starts_with(b"\"") && !op.show_headers);
        (goes_on && is_plain && is_part)
            .then(|| Start { at: self.at + downloaded, validator: validator.map(<[u8]>::to_vec) })
    }

    /// What the content of a response is to a download that goes on here.
    pub fn fate(&self, response: &Response) -> Result<Fate, Failure> {
        if self.at == 0 {
            return Ok(Fate::Taken);
        }
        let status = response.status().as_u16();
        let mut ranges = response.headers().get_all("content-range");
        if status == 416 {
            // There is no more of it.
            Ok(Fate::Ignored)
        } else if ranges.any(|range| first(range) == Some(self.at)) {
            Ok(Fate::Taken)
        } else if self.validator.is_some() && status == 200 {
            Ok(Fate::TakenAnew)
        } else if response.content_length() == Some(self.at) {
            Ok(Fate::Ignored)
        } else {
            let message = "HTTP server doesn't seem to support byte ranges. Cannot resume.";
            Err(Failure::new(exit::RANGE_ERROR, message))
        }
    }
}

/// What is left of an upload that goes on at `at`.
pub fn rest_of(upload: Payload, at: u64) -> Result<Payload, Failure> {
    match upload {
        upload if at == 0 => Ok(upload),
        Payload::File(mut file, length) if at < length => {
            file.seek(SeekFrom::Start(at)).map_err(|error| {
                let message = format!("the upload cannot be read from {} on: {}", at, error);
                Failure::new(exit::READ_ERROR, message)
            })?;
            Ok(Payload::File(file, length - at))
        }
        Payload::File(..) => Err(Failure::new(exit::PARTIAL, "File already completely uploaded")),
        _ => {
            let message = "-C cannot go on with an upload whose length is not known";
            Err(Failure::new(exit::USAGE, message))
        }
    }
}

/// The first byte that a `Content-Range` speaks of. As curl does, this overlooks what old servers
/// leave out or add: `50-`, `bytes: 50-`, `bytes 50-`.
fn first(range: &[u8]) -> Option<u64> {
    let start = range.iter().position(|&byte| byte.is_ascii_digit() || byte == b'*')?;
    let digits = range[start..].split(|byte| !byte.is_ascii_digit()).next()?;
    pannier::http::token::decimal(digits)
}

/// `-C` beside options that would have the file begun anew.
pub fn conflict(op: &Operation) -> Option<&'static str> {
    let clashes = [
        (op.range.is_some(), "--continue-at is mutually exclusive with --range"),
        (op.remove_on_error, "--continue-at is mutually exclusive with --remove-on-error"),
        (op.clobber == Clobber::Never, "--continue-at is mutually exclusive with --no-clobber"),
        (
            op.remote_header_name && op.resume == Some(Resume::Behind),
            "--continue-at and --remote-header-name cannot be combined",
        ),
    ];
    let clash = clashes.iter().find(|(clashes, _)| *clashes);
    clash.filter(|_| op.resume.is_some()).map(|(_, message)| *message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_where_a_range_begins() {
        for (range, expected) in [
            ("bytes 50-99/100", Some(50)),
            ("bytes 50-", Some(50)),
            ("bytes: 50-", Some(50)),
            ("50-99", Some(50)),
            ("bytes */100", None),
            ("*/100", None),
            ("bytes", None),
            ("bytes 99999999999999999999-", None),
        ] {
            assert_eq!(first(range.as_bytes()), expected, "{}", range);
        }
    }
}
