//! The jar of a run, from the files that are read to those that are written.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};

use pannier::cookies::{Jar, Reading};
use pannier::http::Url;
use pannier::ClientBuilder;

use super::Options;
use crate::args::Global;
use crate::data;
use crate::output::Stdout;
use crate::warn::{self, warn};

/// The cookies of a run.
pub struct Cookies {
    jar: Jar,
    /// The files to write, each once. Nothing is locked inside.
    files: Mutex<Vec<Vec<u8>>>,
}

impl Cookies {
    /// A client that takes part.
    pub fn give(&self, builder: ClientBuilder) -> ClientBuilder {
        builder.cookies(self.jar.clone())
    }

    /// Reads the files of an operation whose first transfer this is. Where a line of header fields
    /// does not say whose cookie it is, that is the host of the transfer.
    pub fn begin(&self, options: &Options, url: &Url, global: Global) {
        if !options.kept {
            return;
        }
        let mut read = options.read.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *read, true) {
            return;
        }
        let reading = Reading::new().assume_host(url);
        let reading = reading.without_session_cookies(options.junk_session);
        for name in &options.files {
            let loaded = open(name).and_then(|file| self.jar.load_with(file, &reading));
            if loaded.is_err() && global.is_verbose() {
                let name = String::from_utf8_lossy(name);
                let note = format!("* WARNING: failed to open cookie file \"{}\"\n", name);
                warn::write(note.as_bytes());
            }
        }
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let new = options.jar.as_ref().filter(|name| !files.contains(name));
        files.extend(new.cloned());
    }

    /// Writes the files. What cannot be written is no failure of a transfer.
    pub fn save(&self, global: Global) {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for name in files {
            let saved = match &*name {
                b"-" => self.jar.save(Stdout::new(false)),
                name => self.jar.save_file(data::path(name)),
            };
            if let Err(error) = saved {
                let name = String::from_utf8_lossy(&name);
                warn(global, &format!("failed to save cookies in {}: {}", name, error));
            }
        }
    }
}

/// A jar that does as curl does.
impl Default for Cookies {
    fn default() -> Cookies {
        Cookies { jar: Jar::new().like_curl(), files: Mutex::default() }
    }
}

fn open(name: &[u8]) -> io::Result<Box<dyn Read>> {
    Ok(match name {
        b"-" => Box::new(io::stdin()),
        name => Box::new(File::open(data::path(name))?),
    })
}
