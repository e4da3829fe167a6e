//! The body of a request: what `-d`, `-F` and `-T` give.

use std::borrow::Cow;
use std::fs::File;
use std::io;

use pannier::Body;

use crate::data;
use crate::exit::{self, Failure};

/// The body.
#[derive(Debug)]
pub enum Payload {
    None,
    Bytes(Cow<'static, [u8]>),
    /// With its media type.
    Form(Body, Vec<u8>),
    File(File, u64),
    /// Of unknown length.
    Stream(File),
    Stdin,
}

impl Payload {
    /// The file to upload; `-` and `.` are standard input.
    pub fn open(name: &[u8]) -> Result<Payload, Failure> {
        if matches!(name, b"-" | b".") {
            return Ok(Payload::Stdin);
        }
        let unreadable = |error: io::Error| {
            let name = String::from_utf8_lossy(name);
            Failure::new(exit::READ_ERROR, format!("Can't open '{}': {}", name, error))
        };
        let file = File::open(data::path(name)).map_err(unreadable)?;
        let meta = file.metadata().map_err(unreadable)?;
        if meta.is_dir() {
            return Err(unreadable(io::Error::new(io::ErrorKind::Other, "it is a directory")));
        }
        Ok(match meta.is_file() {
            true => Payload::File(file, meta.len()),
            false => Payload::Stream(file),
        })
    }

    /// The bytes, if they need not be read from anywhere.
    pub fn in_memory(&self) -> Option<&[u8]> {
        match self {
            Payload::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// How many bytes it has, if that is known.
    pub fn length(&self) -> Option<u64> {
        match self {
            Payload::None => Some(0),
            Payload::Bytes(bytes) => Some(bytes.len() as u64),
            Payload::Form(body, _) => body.len(),
            Payload::File(_, length) => Some(*length),
            Payload::Stream(_) | Payload::Stdin => None,
        }
    }
}
