//! Field sections on the wire (RFC 9112 §5): the lines of a head after its start line, and trailers.
//!
//! The parser is incremental and linear. It keeps the offsets of the lines it has finished; of an
//! unfinished line it keeps only how far the line end was searched for, and does not look at the
//! line again before a LF has come. So every byte is looked at no more than a few times, whatever
//! pieces it comes in. Lines of the common form are found by [`Classes`], 64 bytes at a time.

use std::mem;

use crate::http::token::{is_ows, is_token_byte};
use crate::http::{Field, Headers};

use super::classes::Classes;
use super::repeated::Repeated;
use super::{Error, Leniency};

/// The state of reading one field section.
#[derive(Debug)]
pub(super) struct FieldSection {
    fields: Vec<Field>,
    /// What is between the parts of folded values, to be replaced by spaces: ranges that do not
    /// overlap. Almost always empty.
    folds: Vec<(usize, usize)>,
    /// Where the first unfinished line begins.
    position: usize,
    /// How far a line end has been looked for in vain.
    searched: usize,
}

/// What the line at the parser's position is.
enum Line {
    Field(Field, usize),
    Fold { value_start: usize, value_end: usize, next: usize },
    Empty(usize),
    Unfinished,
}

impl FieldSection {
    /// A section that begins where its input does.
    pub(super) fn new() -> FieldSection {
        FieldSection { fields: Vec::new(), folds: Vec::new(), position: 0, searched: 0 }
    }

    /// Begins anew, at `position` of the input, after a section of so many fields.
    pub(super) fn begin(&mut self, position: usize, before: usize) {
        self.fields.clear();
        self.folds.clear();
        self.fields.reserve(before.max(USUAL_FIELDS));
        self.position = position;
        self.searched = position;
    }

    /// Reads on in `input`, which holds all bytes from the beginning of the message, with what is known
    /// of the one before. Returns the offset after the empty line, or `None` for more input.
    pub(super) fn parse(
        &mut self,
        input: &[u8],
        before: &Repeated,
        max_lines: usize,
        leniency: Leniency,
    ) -> Result<Option<usize>, Error> {
        if self.searched > self.position && !input[self.searched..].contains(&b'\n') {
            self.searched = input.len();
            return Ok(None);
        }
        loop {
            self.easy_lines(input, before, max_lines);
            if self.is_at_end(input) {
                return Ok(Some(self.position + 2));
            }
            match line(input, self.position, leniency)? {
                Line::Field(field, next) => self.push(field, next, max_lines)?,
                Line::Fold { value_start, value_end, next } => {
                    self.check_lines(max_lines)?;
                    self.fold(value_start, value_end, leniency)?;
                    self.position = next;
                }
                Line::Empty(next) => return Ok(Some(next)),
                Line::Unfinished => {
                    self.searched = input.len();
                    return Ok(None);
                }
            }
        }
    }

    /// Reads lines as long as they are like those of the message before, or of the common form.
    #[inline(always)]
    fn easy_lines(&mut self, input: &[u8], before: &Repeated, max_lines: usize) {
        let most = max_lines.saturating_sub(self.folds.len());
        loop {
            if self.fields.len() < before.len() {
                self.position = before.lines(&mut self.fields, most, input, self.position);
            }
            if self.is_at_end(input) {
                return;
            }
            // Behind a line that is new those of the message before may go on.
            let until = match self.fields.len() < before.len() {
                true => most.min(self.fields.len() + 1),
                false => most,
            };
            self.position = common_lines(&mut self.fields, until, input, self.position);
            if until == most || self.fields.len() < until {
                return;
            }
        }
    }

    /// Does the empty line stand at the position?
    #[inline]
    fn is_at_end(&self, input: &[u8]) -> bool {
        input[self.position..].starts_with(b"\r\n")
    }

    #[inline]
    fn push(&mut self, field: Field, next: usize, max_lines: usize) -> Result<(), Error> {
        self.check_lines(max_lines)?;
        self.fields.push(field);
        self.position = next;
        Ok(())
    }

    /// May there be one more line? A folded one is a line too.
    #[inline]
    fn check_lines(&self, max_lines: usize) -> Result<(), Error> {
        match self.fields.len() + self.folds.len() < max_lines {
            true => Ok(()),
            false => Err(Error::TooManyFields(max_lines)),
        }
    }

    /// The finished section over its own copy of the input, which ends with it.
    pub(super) fn take(&mut self, input: &[u8]) -> Headers {
        let mut bytes = input.to_vec();
        // RFC 9112 §5.2: a user agent replaces each obs-fold with one or more SP octets.
        for &(start, end) in &self.folds {
            bytes[start..end].fill(b' ');
        }
        Headers::from_parts(bytes, mem::take(&mut self.fields))
    }

    /// Where the lines end, if each of the fields is one.
    pub(super) fn unfolded_end(&self) -> Option<usize> {
        match self.folds.is_empty() {
            true => Some(self.position),
            false => None,
        }
    }

    /// The line at the position continues the last one with what is between `start` and `end`.
    fn fold(&mut self, start: usize, end: usize, leniency: Leniency) -> Result<(), Error> {
        match self.fields.last_mut() {
            Some(last) if leniency.folding => {
                let before = self.folds.last().map_or(0, |&(_, end)| end);
                self.folds.push((before.max(last.value_end as usize), start));
                if last.value_start == last.value_end {
                    last.value_start = start as u32;
                    last.value_end = start as u32;
                }
                if start < end {
                    last.value_end = end as u32;
                }
                Ok(())
            }
            _ => Err(Error::Folding),
        }
    }
}

/// Reads lines of the common form at `position` until there are `most`, and returns where the next begins.
#[inline(never)]
fn common_lines(fields: &mut Vec<Field>, most: usize, input: &[u8], mut position: usize) -> usize {
    let mut classes = Classes::new(input, position);
    while fields.len() < most {
        match common_line(input, position, &mut classes) {
            Some((field, next)) => {
                fields.push(field);
                position = next;
            }
            None => break,
        }
    }
    position
}

/// Reads the line at `start` if it has the form of nearly all lines: a name of letters, digits and
/// hyphens, a colon, one space, a value of visible ASCII characters and spaces, CRLF. For every other
/// line, and for an unfinished one, [`line()`] decides.
#[inline(always)]
fn common_line(input: &[u8], start: usize, classes: &mut Classes<'_>) -> Option<(Field, usize)> {
    let (name_end, value_end) = classes.line(start)?;
    let next = value_end + 2;
    let rest = input.get(name_end..next)?;
    if name_end == start || rest.len() < ": x\r\n".len() {
        return None;
    }
    if !rest.starts_with(b": ") || !rest.ends_with(b"\r\n") {
        return None;
    }
    // White space around a common value is spaces: a tab would end it.
    if rest[2] == b' ' || rest[rest.len() - 3] == b' ' {
        return None;
    }
    let field = Field {
        start: start as u32,
        name_end: name_end as u32,
        value_start: name_end as u32 + 2,
        value_end: value_end as u32,
    };
    Some((field, next))
}

/// Reads the line at `start`.
#[inline(never)]
fn line(input: &[u8], start: usize, leniency: Leniency) -> Result<Line, Error> {
    match input.get(start) {
        None => return Ok(Line::Unfinished),
        Some(b'\r' | b'\n') => {
            return Ok(match line_end(input, start, leniency)? {
                Some(next) => Line::Empty(next),
                None => Line::Unfinished,
            })
        }
        Some(b' ' | b'\t') => return fold(input, start, leniency),
        Some(_) => {}
    }
    let name_end = name_end(input, start);
    let colon = match input.get(name_end) {
        Some(b' ' | b'\t') if leniency.space_before_colon => skip_ows(input, name_end),
        _ => name_end,
    };
    match input.get(colon) {
        None => return Ok(Line::Unfinished),
        // RFC 9112 §5.1: no white space is allowed between the name and the colon.
        Some(b':') if name_end > start => {}
        Some(_) => return Err(Error::FieldName),
    }
    let (value_start, value_end, next) = match value(input, colon + 1, leniency)? {
        Some(found) => found,
        None => return Ok(Line::Unfinished),
    };
    let field = Field {
        start: start as u32,
        name_end: name_end as u32,
        value_start: value_start as u32,
        value_end: value_end as u32,
    };
    Ok(Line::Field(field, next))
}

fn fold(input: &[u8], start: usize, leniency: Leniency) -> Result<Line, Error> {
    Ok(match value(input, start, leniency)? {
        Some((value_start, value_end, next)) => Line::Fold { value_start, value_end, next },
        None => Line::Unfinished,
    })
}

/// The value between `from` and the line end, without white space around it: start, end, next line.
#[inline]
fn value(
    input: &[u8],
    from: usize,
    leniency: Leniency,
) -> Result<Option<(usize, usize, usize)>, Error> {
    let start = skip_ows(input, from);
    let stop = field_bytes_end(input, start);
    let next = match line_end(input, stop, leniency)? {
        Some(next) => next,
        None => return Ok(None),
    };
    let mut end = stop;
    while end > start && is_ows(input[end - 1]) {
        end -= 1;
    }
    Ok(Some((start, end, next)))
}

/// The offset after the line end that must stand at `at`; `None` if it is not all there.
#[inline]
pub(super) fn line_end(
    input: &[u8],
    at: usize,
    leniency: Leniency,
) -> Result<Option<usize>, Error> {
    match (input.get(at), input.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => Ok(Some(at + 2)),
        (None, _) | (Some(b'\r'), None) => Ok(None),
        (Some(b'\r'), Some(_)) => Err(Error::BareCr),
        (Some(b'\n'), _) if leniency.bare_lf => Ok(Some(at + 1)),
        (Some(b'\n'), _) => Err(Error::BareLf),
        (Some(_), _) => Err(Error::FieldValue),
    }
}

#[inline]
fn skip_ows(input: &[u8], mut at: usize) -> usize {
    while input.get(at).map_or(false, |&byte| is_ows(byte)) {
        at += 1;
    }
    at
}

#[inline]
fn name_end(input: &[u8], start: usize) -> usize {
    match input[start..].iter().position(|&byte| !is_token_byte(byte)) {
        Some(length) => start + length,
        None => input.len(),
    }
}

/// The offset of the first byte at or after `at` that no field value may have.
#[inline]
fn field_bytes_end(input: &[u8], mut at: usize) -> usize {
    loop {
        at = control_byte(input, at);
        // The tab is the one control character that may stand in a value, and a rare one.
        match input.get(at) {
            Some(b'\t') => at += 1,
            _ => return at,
        }
    }
}

/// The offset of the first byte at or after `at` that is below 0x20 or equal to 0x7f.
#[inline(always)]
pub(super) fn control_byte(input: &[u8], mut at: usize) -> usize {
    while let Some(word) = word(input, at) {
        // Subtracting 0x20 borrows from the high bit of a lane below it. A borrow reaches only lanes
        // above the first hit, which is the one that counts.
        let low = word.wrapping_sub(ONES * 0x20);
        let delete = (word ^ (ONES * 0x7f)).wrapping_sub(ONES);
        let hits = (low | delete) & !word & HIGH;
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = input.get(at..).unwrap_or(&[]);
    let found = rest.iter().position(|&byte| byte < 0x20 || byte == 0x7f);
    found.map_or(input.len(), |offset| at + offset)
}

#[inline(always)]
fn word(input: &[u8], at: usize) -> Option<u64> {
    let bytes = input.get(at..)?.get(..8)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}

/// How many fields the first head of a connection is expected to have.
const USUAL_FIELDS: usize = 16;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_control_bytes_are_found_at_every_offset() {
        for byte in 0..=255u8 {
            for offset in 0..20 {
                let mut input = [b'a'; 20];
                input[offset] = byte;
                let found = if byte < 0x20 || byte == 0x7f { offset } else { 20 };
                assert_eq!(control_byte(&input, 0), found, "{:#x} at {}", byte, offset);
            }
        }
    }

    #[test]
    fn ok_a_common_line_is_what_the_rules_make_of_it() {
        let head = b"Server: x\r\nX-Id-0: 12 34\r\nA: b\r\n\r\n".repeat(4);
        let parts = |field: Field, next| {
            (field.start, field.name_end, field.value_start, field.value_end, next)
        };
        let mut common = 0;
        for byte in 0..=255u8 {
            for offset in 0..head.len() {
                let mut input = head.clone();
                input[offset] = byte;
                for start in [0, 11, 26, 32, 34, 45, 60, 66, 68] {
                    let mut classes = Classes::new(&input, start);
                    if let Some((field, next)) = common_line(&input, start, &mut classes) {
                        common += 1;
                        match line(&input, start, Leniency::default()) {
                            Ok(Line::Field(by_rules, then)) => {
                                assert_eq!(parts(field, next), parts(by_rules, then));
                            }
                            _ => panic!("{:#x} at {} is no line at {}", byte, offset, start),
                        }
                    }
                }
            }
        }
        assert!(common > 256 * head.len() * 6, "{} lines were common", common);
    }

    #[test]
    fn ok_the_first_of_several_control_bytes_is_found() {
        let input = b"abc\x80\xff\x1f\x01\x00\x7f0123456789";
        assert_eq!(control_byte(input, 0), 5);
        assert_eq!(control_byte(input, 6), 6);
        assert_eq!(control_byte(input, 9), input.len());
    }
}
