//! A file that is written to: made when it is needed, under its own name or the server's, and emptied for
//! another try.

use std::fs::{self, File, FileTimes, Metadata, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::claims::Claim;
use crate::data;
use crate::disposition::{self, Naming};
use crate::operation::{Clobber, Operation};

/// A file that is made when it is needed.
pub struct Target {
    path: PathBuf,
    make_dirs: bool,
    clobber: Clobber,
    name: Name,
    /// Is it written behind what is there?
    appends: bool,
    /// Where what it is written for begins.
    start: u64,
    file: Option<(Option<Claim>, File)>,
}

/// Where the name of a file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    /// From the command line, or the URL in it.
    Given,
    /// The same, unless the server gives another.
    Asked,
    /// A redirect has given one, which another may take the place of.
    Meanwhile,
    /// From the server.
    Final,
}

impl Target {
    /// The file at this path; `asks` whether the server may name it.
    pub fn new(path: PathBuf, op: &Operation, asks: bool) -> Target {
        Target {
            path,
            make_dirs: op.create_dirs,
            clobber: op.clobber,
            name: if asks { Name::Asked } else { Name::Given },
            appends: false,
            start: 0,
            file: None,
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes the name that a head gives, if it is asked for and the file is not made yet.
    pub fn take_name(&mut self, head: &[u8]) {
        if self.file.is_some() || matches!(self.name, Name::Given | Name::Final) {
            return;
        }
        let (source, name) = match disposition::naming(head) {
            Some(Naming::Meanwhile(name)) => (Name::Meanwhile, name),
            Some(Naming::Final(name)) => (Name::Final, name),
            None => return,
        };
        self.path.set_file_name(data::path(&name));
        self.name = source;
    }

    pub fn set_time(&self, time: SystemTime) -> io::Result<()> {
        let times = FileTimes::new().set_accessed(time).set_modified(time);
        let set = match &self.file {
            Some((_, file)) => file.set_times(times),
            // Nothing came, since it was there already.
            None => OpenOptions::new().append(true).open(&self.path)?.set_times(times),
        };
        set.map_err(|error| named(&self.path, error))
    }

    /// What comes goes behind what is there.
    pub fn append(&mut self) {
        self.appends = true;
    }

    /// What was written until now is not taken back any more. False if this is no regular file.
    pub fn keep(&mut self) -> bool {
        let Some((_, file)) = &self.file else { return false };
        match file.metadata() {
            Ok(meta) if meta.is_file() => {
                self.start = meta.len();
                true
            }
            _ => false,
        }
    }

    /// Nothing of what was written is kept.
    pub fn begin_anew(&mut self) {
        self.start = 0;
    }

    /// Makes the file, if nothing has done so yet.
    pub fn finish(&mut self) -> io::Result<()> {
        self.opened().map(|_| ())
    }

    /// Removes the file, if one was made and it is a regular one. Says whether it did.
    pub fn remove(&mut self) -> bool {
        let Some((claim, file)) = self.file.take() else { return false };
        let is_regular = file.metadata().is_ok_and(|meta| meta.is_file());
        let path = &self.path;
        is_regular && claim.map_or_else(|| fs::remove_file(path).is_ok(), |claim| claim.remove())
    }

    /// Writes all of `bytes`.
    pub fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let done = self.opened()?.write_all(bytes);
        done.map_err(|error| named(&self.path, error))
    }

    fn opened(&mut self) -> io::Result<&mut File> {
        let made = match self.file.take() {
            Some(made) => made,
            None => self.make().map_err(|error| named(&self.path, error))?,
        };
        Ok(&mut self.file.insert(made).1)
    }

    /// Is the file as it was again? What goes to a device need not be taken back.
    pub fn emptied(&mut self) -> bool {
        let Some((_, file)) = &mut self.file else { return true };
        match file.metadata() {
            Ok(meta) if meta.is_file() => {
                let cut = file.set_len(self.start);
                cut.and_then(|()| file.seek(SeekFrom::Start(self.start))).is_ok()
            }
            Ok(meta) => is_device(&meta),
            Err(_) => false,
        }
    }

    fn make(&mut self) -> io::Result<(Option<Claim>, File)> {
        if let (true, Some(dir)) = (self.make_dirs, self.path.parent()) {
            fs::create_dir_all(dir)?;
        }
        let (claim, file) = match self.clobber {
            _ if self.appends => {
                let (claim, file) = Claim::append(&self.path)?;
                self.start = file.metadata()?.len();
                (claim, file)
            }
            Clobber::Never => return self.make_new().map(|file| (None, file)),
            Clobber::Usual if matches!(self.name, Name::Meanwhile | Name::Final) => {
                let made = OpenOptions::new().write(true).create_new(true).open(&self.path);
                return made.map(|file| (None, file));
            }
            Clobber::Usual | Clobber::Always => Claim::create(&self.path)?,
        };
        Ok((Some(claim), file))
    }

    /// The first of `name`, `name.1`, … that does not exist.
    fn make_new(&mut self) -> io::Result<File> {
        let mut next = self.path.clone();
        for number in 1..=MOST_COPIES {
            match OpenOptions::new().write(true).create_new(true).open(&next) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => {
                    self.path = next;
                    return made;
                }
            }
            let mut name = self.path.clone().into_os_string();
            name.push(format!(".{}", number));
            next = name.into();
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }
}

/// The error with the file that it is about.
pub fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {}", path.display(), error))
}

/// What goes there need not be taken back.
#[cfg(unix)]
pub fn is_device(meta: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    meta.file_type().is_char_device()
}

/// The same, as far as it can be told.
#[cfg(not(unix))]
pub fn is_device(meta: &Metadata) -> bool {
    !meta.is_file() && !meta.is_dir()
}

/// `file.99` is the last that curl tries, too.
const MOST_COPIES: u32 = 100;
