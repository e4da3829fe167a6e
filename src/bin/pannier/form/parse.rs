//! The little language of `--form`: `NAME=TEXT`, `NAME=@FILE,FILE`, `NAME=<FILE`, each with
//! `;type=`, `;filename=`, `;headers=` and `;encoder=` behind it, and groups between `NAME=(` and `=)`.
//!
//! Words end at `;`, and files also at `,`, unless they are in double quotes, where `\` keeps a quote or
//! itself. What is not understood is warned of and skipped, as curl does.

use std::io::{self, Read};
use std::mem;

use crate::args::Global;
use crate::data;
use crate::usage::Problem;
use crate::warn::warn;

use super::{As, Content, Field, Form, Input};

impl Form {
    /// `--form`: one field, or the beginning or the end of a group.
    pub fn add(&mut self, global: Global, option: &[u8]) -> Result<(), Problem> {
        let (name, value) = parted(global, option)?;
        let field = match value {
            b")" if name.is_none() => {
                if self.close() {
                    return Ok(());
                }
                warn(global, "no multipart to terminate");
                return Err(Problem::BadlyUsed);
            }
            [b'(', ..] => {
                let mut words = Words { global, text: value, files: false };
                let described = words.described(&[Attribute::Type, Attribute::Headers])?;
                self.open.push(Field {
                    name,
                    content: Content::Group(Vec::new()),
                    ..described.field
                });
                return Ok(());
            }
            [b'@', files @ ..] => Field { name, ..file_list(global, files)? },
            [b'<', file @ ..] => {
                let mut words = Words { global, text: file, files: false };
                let allowed = [Attribute::Type, Attribute::Headers, Attribute::Encoder];
                let described = words.described(&allowed)?;
                let content = content_of(described.word, As::Value)?;
                Field { name, content, ..described.field }
            }
            text => {
                let mut words = Words { global, text, files: false };
                let described = words.described(&ALL)?;
                Field { name, content: Content::Text(described.word), ..described.field }
            }
        };
        self.push(field);
        Ok(())
    }

    /// `--form-string`: the value is taken as it is.
    pub fn add_string(&mut self, global: Global, option: &[u8]) -> Result<(), Problem> {
        let (name, value) = parted(global, option)?;
        let content = Content::Text(value.to_vec());
        self.push(Field { name, content, ..Field::default() });
        Ok(())
    }
}

/// Name and value. An empty name is none.
fn parted(global: Global, option: &[u8]) -> Result<(Option<Vec<u8>>, &[u8]), Problem> {
    match option.iter().position(|&byte| byte == b'=') {
        Some(at) => Ok((Some(option[..at].to_vec()).filter(|_| at > 0), &option[at + 1..])),
        None => {
            warn(global, "Illegally formatted input field");
            Err(Problem::BadlyUsed)
        }
    }
}

/// One file, or several as a group.
fn file_list(global: Global, text: &[u8]) -> Result<Field, Problem> {
    let mut words = Words { global, text, files: true };
    let mut fields = Vec::new();
    loop {
        let Described { word, mut field, more } = words.described(&ALL)?;
        let is_input = word == b"-";
        field.content = content_of(word, As::File)?;
        if is_input && field.file_name.is_none() {
            field.file_name = Some(b"-".to_vec());
        }
        if !more && fields.is_empty() {
            return Ok(field);
        }
        fields.push(field);
        if !more {
            return Ok(Field { content: Content::Group(fields), ..Field::default() });
        }
    }
}

fn content_of(name: Vec<u8>, role: As) -> Result<Content, Problem> {
    match &name[..] {
        b"-" => standard_input().map(Content::Input).map_err(data::unreadable),
        _ => Ok(Content::File(name, role)),
    }
}

fn standard_input() -> io::Result<Input> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        let file = std::fs::File::from(io::stdin().as_fd().try_clone_to_owned()?);
        if file.metadata()?.is_file() {
            return Ok(Input::File(file));
        }
    }
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    Ok(Input::Bytes(bytes))
}

/// What may stand behind a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attribute {
    Type,
    FileName,
    Headers,
    Encoder,
}

const ALL: [Attribute; 4] =
    [Attribute::Type, Attribute::FileName, Attribute::Headers, Attribute::Encoder];

impl Attribute {
    fn prefix(self) -> &'static str {
        match self {
            Attribute::Type => "type=",
            Attribute::FileName => "filename=",
            Attribute::Headers => "headers=",
            Attribute::Encoder => "encoder=",
        }
    }

    /// As curl's warnings call it.
    fn shown(self) -> &'static str {
        match self {
            Attribute::Type => "content type",
            Attribute::FileName => "file name",
            Attribute::Headers => "headers",
            Attribute::Encoder => "encoder",
        }
    }
}

/// A word, and a field of what stood behind it.
struct Described {
    word: Vec<u8>,
    field: Field,
    /// Did a comma end it?
    more: bool,
}

/// What is still to be read.
struct Words<'a> {
    global: Global,
    text: &'a [u8],
    /// Does a comma end a word?
    files: bool,
}

impl<'a> Words<'a> {
    /// The next word with what is behind it.
    fn described(&mut self, allowed: &[Attribute]) -> Result<Described, Problem> {
        let mut field = Field::default();
        self.skip_space();
        let word = self.word();
        // A content type goes on over what is no attribute: parameters. From its beginning on the text
        // is taken as it stands.
        let mut media_type: Option<&'a [u8]> = None;
        while self.take(b';') {
            self.skip_space();
            let attribute = ALL.into_iter().find(|attribute| self.is_next(attribute.prefix()));
            match (attribute, media_type) {
                (Some(Attribute::Type), None) => {
                    self.skip(Attribute::Type);
                    media_type = Some(self.text);
                    self.media_type()?;
                    field.media_type = media_type.map(|from| self.since(from));
                }
                (None | Some(Attribute::Type), Some(from)) => {
                    self.until_separator();
                    field.media_type = Some(self.since(from));
                }
                (None, None) => {
                    let unknown = self.word();
                    if !unknown.is_empty() {
                        self.warn(format!("skip unknown form field: {}", shown(&unknown)));
                    }
                }
                (Some(attribute), _) => {
                    self.skip(attribute);
                    self.set(&mut field, attribute)?;
                    media_type = None;
                }
            }
        }
        self.refuse(&mut field, allowed);
        Ok(Described { word, field, more: self.take(b',') })
    }

    /// Reads the value of an attribute other than the type.
    fn set(&mut self, field: &mut Field, attribute: Attribute) -> Result<(), Problem> {
        let from_file =
            attribute == Attribute::Headers && matches!(self.text.first(), Some(b'@' | b'<'));
        if from_file {
            self.text = &self.text[1..];
            self.skip_space();
        }
        let value = self.word();
        match attribute {
            Attribute::FileName => field.file_name = Some(value),
            Attribute::Encoder => field.encoder = Some(value),
            Attribute::Headers if !from_file => field.headers.push(value),
            Attribute::Headers => match data::read_file(&value) {
                Ok(text) => field.headers.extend(header_lines(&text)),
                Err(error) => self.warn(format!("Cannot read from {}", error)),
            },
            Attribute::Type => {}
        }
        Ok(())
    }

    /// Warns of what means nothing here, and drops it.
    fn refuse(&self, field: &mut Field, allowed: &[Attribute]) {
        for attribute in ALL.into_iter().filter(|attribute| !allowed.contains(attribute)) {
            let value = match attribute {
                Attribute::Type => mem::take(&mut field.media_type),
                Attribute::FileName => mem::take(&mut field.file_name),
                Attribute::Encoder => mem::take(&mut field.encoder),
                Attribute::Headers => mem::take(&mut field.headers).into_iter().next(),
            };
            if let Some(value) = value {
                let (what, value) = (attribute.shown(), shown(&value));
                self.warn(format!("Field {} not allowed here: {}", what, value));
            }
        }
    }

    /// Up to a separator, or what stands in quotes.
    fn word(&mut self) -> Vec<u8> {
        if let Some(quoted) = self.quoted() {
            let trailing = self.until_separator();
            if trailing.iter().any(|byte| !is_space(*byte)) {
                self.warn("Trailing data after quoted form parameter".to_owned());
            }
            return quoted;
        }
        let word = self.until_separator();
        word[..trimmed(word)].to_vec()
    }

    /// What stands in quotes, if they are closed.
    fn quoted(&mut self) -> Option<Vec<u8>> {
        let mut rest = self.text.strip_prefix(b"\"")?;
        let mut word = Vec::new();
        loop {
            match rest {
                [b'\\', byte @ (b'\\' | b'"'), after @ ..] => {
                    word.push(*byte);
                    rest = after;
                }
                [b'"', after @ ..] => {
                    self.text = after;
                    return Some(word);
                }
                [byte, after @ ..] => {
                    word.push(*byte);
                    rest = after;
                }
                [] => return None,
            }
        }
    }

    /// Skips `major/minor` and what follows it up to a separator.
    fn media_type(&mut self) -> Result<(), Problem> {
        let slash = self.text.iter().position(|byte| matches!(byte, b'/' | b' '));
        let major = slash.filter(|&at| at > 0 && self.text[at] == b'/');
        let minor = major.map_or(&b""[..], |at| &self.text[at + 1..]);
        let length = minor.iter().take_while(|byte| !b";, \n".contains(byte)).count();
        let Some(major) = major.filter(|_| length > 0) else {
            self.warn("Illegally formatted content-type field".to_owned());
            return Err(Problem::BadlyUsed);
        };
        self.text = &self.text[major + 1 + length..];
        self.until_separator();
        Ok(())
    }

    /// What was read since the text was this, without space at the end.
    fn since(&self, from: &[u8]) -> Vec<u8> {
        let read = &from[..from.len() - self.text.len()];
        read[..trimmed(read)].to_vec()
    }

    fn until_separator(&mut self) -> &'a [u8] {
        let ends = |byte: &u8| *byte == b';' || (self.files && *byte == b',');
        let end = self.text.iter().position(ends).unwrap_or(self.text.len());
        let (now, rest) = self.text.split_at(end);
        self.text = rest;
        now
    }

    fn is_next(&self, prefix: &str) -> bool {
        let start = self.text.get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
    }

    fn skip(&mut self, attribute: Attribute) {
        self.text = &self.text[attribute.prefix().len()..];
        self.skip_space();
    }

    fn skip_space(&mut self) {
        let count = self.text.iter().take_while(|byte| is_space(**byte)).count();
        self.text = &self.text[count..];
    }

    fn take(&mut self, separator: u8) -> bool {
        let found = self.text.first() == Some(&separator);
        self.text = &self.text[usize::from(found)..];
        found
    }

    fn warn(&self, text: String) {
        warn(self.global, &text);
    }
}

/// The lines of a file of header lines: comments left out, folded lines joined.
fn header_lines(text: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in text.split(|&byte| byte == b'\n') {
        let line: Vec<u8> = line.iter().copied().filter(|byte| *byte != b'\r').collect();
        match (line.first(), lines.last_mut()) {
            (None | Some(b'#'), _) => {}
            (Some(byte), Some(folded)) if is_space(*byte) => folded.extend(line),
            _ => lines.push(line),
        }
    }
    lines.iter_mut().for_each(|line| line.truncate(trimmed(line)));
    lines.retain(|line| !line.is_empty());
    lines
}

/// How long it is without space at the end.
fn trimmed(text: &[u8]) -> usize {
    text.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1)
}

/// C's white space.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
