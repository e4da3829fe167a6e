//! `--form`: what the options say, as the form that is sent.
//!
//! Files are opened when they are sent. Standard input is taken when the option is read, as curl does:
//! a pipe whole, so that its length is known and it can be sent again; a file where it stands.

mod encode;
mod parse;

use std::fs::File;
use std::io::{self, Cursor};

use pannier::{Body, Multipart, Part};

use crate::data;
use crate::exit::{self, Failure};

use self::encode::Encoder;

/// The fields of one operation.
#[derive(Default)]
pub struct Form {
    fields: Vec<Field>,
    /// Groups that were begun and not ended, the innermost last. Their fields are in here.
    open: Vec<Field>,
    /// `--form-escape`.
    pub backslashes: bool,
}

/// One field, or one part of a group.
#[derive(Debug, Default)]
struct Field {
    name: Option<Vec<u8>>,
    content: Content,
    file_name: Option<Vec<u8>>,
    media_type: Option<Vec<u8>>,
    encoder: Option<Vec<u8>>,
    headers: Vec<Vec<u8>>,
}

#[derive(Debug)]
enum Content {
    Text(Vec<u8>),
    /// A file, and whether it is one to the server.
    File(Vec<u8>, As),
    Input(Input),
    Group(Vec<Field>),
}

impl Default for Content {
    fn default() -> Content {
        Content::Text(Vec::new())
    }
}

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum As {
    /// `@`: it goes with its name.
    File,
    /// `<`: it is the value of a field.
    Value,
}

/// Standard input.
#[derive(Debug)]
enum Input {
    File(File),
    Bytes(Vec<u8>),
}

impl Form {
    /// Is there no field?
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.open.is_empty()
    }

    fn push(&mut self, field: Field) {
        match self.open.last_mut().map(|group| &mut group.content) {
            Some(Content::Group(fields)) => fields.push(field),
            _ => self.fields.push(field),
        }
    }

    /// Ends the innermost group; false if there is none.
    fn close(&mut self) -> bool {
        match self.open.pop() {
            Some(group) => {
                self.push(group);
                true
            }
            None => false,
        }
    }

    /// No option of the form follows: what is open ends here.
    pub fn end(&mut self) {
        while self.close() {}
    }

    /// The form, to be sent once or again. Its media type is `multipart/form-data` unless another is
    /// given.
    pub fn build(&self, media_type: Option<&[u8]>) -> Result<Multipart, Failure> {
        let form = media_type.map_or_else(Multipart::new, Multipart::of_type);
        let form = self.fields.iter().try_fold(form, add)?;
        Ok(match self.backslashes {
            true => form.escape_with_backslashes(),
            false => form,
        })
    }
}

fn add(form: Multipart, field: &Field) -> Result<Multipart, Failure> {
    let part = field.part()?;
    Ok(match &field.name {
        Some(name) => form.part(name, part),
        None => form.unnamed(part),
    })
}

impl Field {
    fn part(&self) -> Result<Part, Failure> {
        let encoder = self.encoder.as_deref().map(Encoder::named).transpose()?;
        let mut part = match &self.content {
            Content::Text(text) => Part::new(in_memory(text, encoder)),
            Content::Input(Input::Bytes(bytes)) => Part::new(in_memory(bytes, encoder)),
            Content::Input(Input::File(file)) => {
                Part::new(standard_input(file, encoder).map_err(unreadable)?)
            }
            Content::File(name, _) => file(name, encoder).map_err(unreadable)?,
            Content::Group(fields) => {
                let parts = Multipart::of_type("multipart/mixed");
                Part::parts(fields.iter().try_fold(parts, add)?)
            }
        };
        if let Content::File(_, As::Value) = &self.content {
            part = part.without_file_name();
        }
        if let Some(name) = &self.file_name {
            part = part.file_name(name);
        }
        if let Some(media_type) = &self.media_type {
            part = part.content_type(media_type);
        }
        if let Some(encoder) = encoder {
            part = part.header("Content-Transfer-Encoding", encoder.name());
        }
        self.headers.iter().try_fold(part, |part, line| header(part, line))
    }
}

/// A line of `headers=`.
fn header(part: Part, line: &[u8]) -> Result<Part, Failure> {
    let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
    let (name, value) = (&line[..colon], line.get(colon + 1..).unwrap_or_default());
    let name = std::str::from_utf8(name).map_err(|_| {
        let shown = line.escape_ascii();
        Failure::new(exit::BAD_ARGUMENT, format!("a header of a form field is invalid: {}", shown))
    })?;
    Ok(part.header(name, value))
}

fn in_memory(bytes: &[u8], encoder: Option<Encoder>) -> Body {
    let bytes = bytes.to_vec();
    match encoder {
        None => Body::from(bytes),
        Some(encoder) => {
            let length = encoder.length(bytes.len() as u64);
            Body::from_fn(length, move || Ok(encoder.encode(Cursor::new(bytes.clone()))))
        }
    }
}

fn file(name: &[u8], encoder: Option<Encoder>) -> io::Result<Part> {
    let path = data::path(name);
    let part = Part::path(&path)?;
    Ok(match (encoder, part.content_length()) {
        (None, _) => part,
        (Some(encoder), Some(length)) => {
            let open = move || Ok(encoder.encode(File::open(&path)?));
            part.with_body(Body::from_fn(encoder.length(length), open))
        }
        // What has no length can be read once.
        (Some(encoder), None) => part.with_body(Body::reader(encoder.encode(File::open(path)?))),
    })
}

fn standard_input(file: &File, encoder: Option<Encoder>) -> io::Result<Body> {
    let file = file.try_clone()?;
    match encoder {
        None => Body::file(file),
        Some(encoder) => Ok(Body::reader(encoder.encode(file))),
    }
}

fn unreadable(error: io::Error) -> Failure {
    let message = format!("Failed to open/read local data from file/application: {}", error);
    Failure::new(exit::READ_ERROR, message)
}
