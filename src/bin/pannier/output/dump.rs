//! The files that heads and logs are written to.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use crate::data;
use crate::exit::Failure;

use super::target::named;
use super::Stdout;

/// Where `-D` writes the heads, made at once as curl does.
pub enum Dump {
    Stdout(Stdout),
    File(PathBuf, File),
}

impl Dump {
    /// The dump of this name; `-` is standard output. A file is begun anew unless `append`.
    pub fn open(name: &[u8], append: bool) -> Result<Dump, Failure> {
        if name == b"-" {
            return Ok(Dump::Stdout(Stdout::new(false)));
        }
        let path = data::path(name);
        // Transfers side by side write into it, each behind what is there.
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        let begun = opened.and_then(|file| match !append && file.metadata()?.is_file() {
            true => file.set_len(0).map(|()| file),
            false => Ok(file),
        });
        match begun {
            Ok(file) => Ok(Dump::File(path, file)),
            Err(error) => Err(Failure::output(&named(&path, error))),
        }
    }

    /// Writes all of `bytes`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let done = match self {
            Dump::Stdout(stdout) => stdout.write_whole(bytes),
            Dump::File(path, file) => file.write_all(bytes).map_err(|error| named(path, error)),
        };
        done.map_err(|error| Failure::output(&error))
    }
}
