//! `--etag-save` and `--etag-compare`: content only if it is not what was fetched before (RFC 9110
//! §13.1.2).
//!
//! The tag of a response is kept as it is, weak ones too, and only when all of the response has come:
//! one of content that was cut off would keep the rest away for ever.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;

use pannier::Response;

use crate::args::Global;
use crate::data;
use crate::exit::Failure;
use crate::operation::{Operation, Place};
use crate::output::Stdout;
use crate::replace::replace;
use crate::warn::warn;

/// Has the operation ask for what differs from the tag of its file, which is the first line; one that
/// is missing or empty differs from everything.
pub fn compare(op: &mut Operation, global: Global) {
    let Some(name) = &op.etag_compare else { return };
    let content = data::read_file(name).unwrap_or_else(|error| {
        warn(global, &format!("Failed to open {}", error));
        Vec::new()
    });
    let line = content.split(|byte| b"\r\n".contains(byte)).next().unwrap_or_default();
    let tag = if line.is_empty() { b"\"\"" } else { line };
    op.headers.push([b"If-None-Match: ", tag].concat());
}

/// Can the tag be kept? If not, there is no use in the transfer, and a warning tells so.
pub fn can_be_saved(op: &Operation, global: Global) -> bool {
    let Some(name) = op.etag_save.as_deref().filter(|name| *name != b"-") else { return true };
    let made = make(op, &data::path(name));
    if made.is_err() {
        let name = String::from_utf8_lossy(name);
        let text =
            format!("Failed creating file for saving etags: \"{}\". Skip this transfer", name);
        warn(global, &text);
    }
    made.is_ok()
}

fn make(op: &Operation, path: &Path) -> io::Result<()> {
    op.make_dirs(path)?;
    OpenOptions::new().create(true).append(true).open(path).map(|_| ())
}

/// Keeps the tag of a response that came whole. One without a tag leaves the file as it is.
pub fn save(op: &Operation, response: &Response) -> Result<(), Failure> {
    let Some(name) = &op.etag_save else { return Ok(()) };
    let tag = response.headers().get_bytes("etag").unwrap_or_default();
    if tag.is_empty() || !matches!(response.status().as_u16(), 200..=399) {
        return Ok(());
    }
    let line = [tag, b"\n"].concat();
    let written = match name.as_slice() {
        b"-" => Stdout::new(false).write_whole(&line),
        name => replace(&data::path(name), &line),
    };
    written.map_err(|error| Failure::output(&error))
}

/// One file cannot have the tags of several URLs.
pub fn conflict(op: &Operation) -> Option<&'static str> {
    let asked = op.etag_save.is_some() || op.etag_compare.is_some();
    let mut places = op.slots.iter().filter_map(|slot| slot.url.as_ref());
    let is_single = !places.any(|place| matches!(place, Place::List(_)))
        && op.slots.iter().filter(|slot| slot.url.is_some()).count() < 2;
    (asked && !is_single).then_some("The etag options only work on a single URL")
}
