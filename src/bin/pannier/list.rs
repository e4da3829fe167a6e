//! `--from`: a list of URLs, one per line, read as it is worked off.
//!
//! Blank lines and lines that begin with `#` are skipped, and a CR before the line end goes. What is
//! left of a line is the URL, blanks at its ends removed; globs are not expanded, since lists are made by
//! programs and a `[` in them means itself. No more than one line is in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

use crate::data;
use crate::exit::{self, Failure};

/// A list that is being read.
pub struct List {
    /// What errors call it.
    name: String,
    input: Box<dyn BufRead + Send>,
    /// Lines read.
    line: u64,
}

/// A URL of a list.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    pub text: Vec<u8>,
    /// `urls.txt:7`
    pub place: String,
}

impl List {
    /// The list in the file of this name; `-` is standard input.
    pub fn open(name: &[u8]) -> Result<List, Failure> {
        let shown = String::from_utf8_lossy(name).into_owned();
        if name == b"-" {
            return Ok(List::new(shown, BufReader::new(io::stdin())));
        }
        match File::open(data::path(name)) {
            Ok(file) => Ok(List::new(shown, BufReader::new(file))),
            Err(error) => Err(unreadable(&shown, &error)),
        }
    }

    fn new(name: String, input: impl BufRead + Send + 'static) -> List {
        List { name, input: Box::new(input), line: 0 }
    }

    fn line(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut text = Vec::new();
        let read = (&mut self.input).take(MAX_LINE).read_until(b'\n', &mut text);
        read.map_err(|error| unreadable(&self.place(), &error))?;
        self.line += 1;
        if text.len() as u64 == MAX_LINE {
            let message = format!("{}: the line is too long for a URL", self.place());
            return Err(Failure::new(exit::BAD_URL, message));
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    fn place(&self) -> String {
        format!("{}:{}", self.name, self.line)
    }
}

impl Iterator for List {
    type Item = Result<Entry, Failure>;

    fn next(&mut self) -> Option<Result<Entry, Failure>> {
        loop {
            let text = match self.line() {
                Ok(text) => text?,
                Err(failure) => return Some(Err(failure)),
            };
            let text = match self.line {
                1 => text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text),
                _ => &text,
            };
            let text = trimmed(text);
            if !text.is_empty() && !text.starts_with(b"#") {
                return Some(Ok(Entry { text: text.to_vec(), place: self.place() }));
            }
        }
    }
}

fn unreadable(place: &str, error: &io::Error) -> Failure {
    Failure::new(exit::READ_ERROR, format!("cannot read the list {}: {}", place, error))
}

/// Without white space at both ends. std has this since Rust 1.80.
fn trimmed(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !byte.is_ascii_whitespace());
    let end = text.iter().rposition(|byte| !byte.is_ascii_whitespace());
    match (start, end) {
        (Some(start), Some(end)) => &text[start..=end],
        _ => &[],
    }
}

/// Servers take far less; without a bound, a file that is no list would be read into memory whole.
const MAX_LINE: u64 = 1 << 20;
/// What some editors put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &'static [u8]) -> Vec<(String, String)> {
        let list = List::new("l".to_owned(), text);
        let entries = list.map(|entry| entry.unwrap_or_else(|f| panic!("{}", f.message)));
        entries.map(|e| (String::from_utf8_lossy(&e.text).into_owned(), e.place)).collect()
    }

    #[test]
    fn ok_what_is_no_url_is_skipped_and_counted() {
        let text = b"\xef\xbb\xbfa\r\n\n# c\n  # d\n b?[1-2] \r\n\r\nc";
        let expected = [("a", "l:1"), ("b?[1-2]", "l:5"), ("c", "l:7")];
        let expected = expected.map(|(text, place)| (text.to_owned(), place.to_owned()));
        assert_eq!(entries(text), expected);
        assert_eq!(entries(b"").len(), 0);
        assert_eq!(entries(b"\n#").len(), 0);
    }

    #[test]
    fn err_a_line_without_end() {
        let mut list = List::new("l".to_owned(), BufReader::new(io::repeat(b'a')));
        let failure = list.next().expect("it never ends").expect_err("it is too long");
        assert_eq!(failure.code, exit::BAD_URL);
        assert!(failure.message.starts_with("l:1: "), "{}", failure.message);
    }
}
