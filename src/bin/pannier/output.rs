//! Where bytes go: standard output, files, the header dump.
//!
//! A file is made when its first byte comes, or at the end of a transfer that succeeded without
//! one, so that a refused transfer leaves none. Standard output is not buffered, unless transfers run
//! side by side: then what each of them has for it is gathered, so that it comes in whole pieces of 64
//! KiB and what is shorter comes whole.
//!
//! A standard output that the caller closed cannot be told from `/dev/null`: before `main` std
//! opens that in its place, for reading and writing, as callers do who want nothing. What is
//! written there is lost without an error, where curl exits with 23.

use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, IsTerminal, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use pannier::http::Url;

use crate::args::Global;
use crate::claims::Claim;
use crate::data;
use crate::disposition::{self, Naming};
use crate::exit::{self, Failure};
use crate::glob;
use crate::operation::{Clobber, Operation, Out};
use crate::progress::screen;
use crate::warn::warn;

/// The output of one transfer.
pub struct Output {
    sink: Sink,
}

enum Sink {
    Stdout { stdout: Stdout, gathered: Option<Vec<u8>>, start: Start },
    File(Target),
    Nowhere,
}

/// A file that is made when it is needed.
struct Target {
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

/// Where on standard output a try began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    /// Behind so much of what is still gathered.
    Gathered(usize),
    /// At this length of a regular file: what follows can be cut off again.
    Length(u64),
    /// What goes to `/dev/null` need not be.
    Void,
    /// Anywhere else bytes that are written are gone.
    Gone,
}

/// Standard output without the line buffer that std puts before it.
pub struct Stdout {
    file: StdoutFile,
    /// Bytes that would mess up a terminal are refused.
    guards_terminal: bool,
}

impl Output {
    /// The output of `out` for this URL; `matches` are what its globs stand for.
    pub fn new(
        op: &Operation,
        global: Global,
        out: Option<&Out>,
        url: &Url,
        matches: &[Vec<u8>],
    ) -> Result<Output, Failure> {
        let name = match out {
            None | Some(Out::Stdout) if global.jsonl => return Ok(Output { sink: Sink::Nowhere }),
            None | Some(Out::Stdout) => return Ok(Output::stdout(global, true)),
            Some(Out::File(name)) if name == b"-" => return Ok(Output::stdout(global, false)),
            Some(Out::File(name)) => glob::substitute(name, matches),
            Some(Out::Remote) => remote_name(global, url)?,
        };
        let path = match &op.output_dir {
            Some(dir) => data::path(dir).join(data::path(&name)),
            None => data::path(&name),
        };
        let (make_dirs, clobber) = (op.create_dirs, op.clobber);
        let asks = op.remote_header_name && out == Some(&Out::Remote);
        let name = if asks { Name::Asked } else { Name::Given };
        let (appends, start, file) = (false, 0, None);
        let target = Target { path, make_dirs, clobber, name, appends, start, file };
        Ok(Output { sink: Sink::File(target) })
    }

    fn stdout(global: Global, guards_terminal: bool) -> Output {
        let stdout = Stdout::new(guards_terminal && io::stdout().is_terminal());
        let gathered = global.parallel.then(Vec::new);
        Output { sink: Sink::Stdout { stdout, gathered, start: Start::Gone } }
    }

    /// A try begins: what is there now is not its own.
    pub fn mark(&mut self) {
        if let Sink::Stdout { stdout, gathered, start } = &mut self.sink {
            *start = match gathered {
                Some(gathered) => Start::Gathered(gathered.len()),
                None => place(&stdout.file),
            };
        }
    }

    /// The file written to, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match &self.sink {
            Sink::File(target) => Some(&target.path),
            Sink::Stdout { .. } | Sink::Nowhere => None,
        }
    }

    /// Takes the name that a head gives, if it is asked for and the file is not made yet.
    pub fn take_name(&mut self, head: &[u8]) {
        let Sink::File(target) = &mut self.sink else { return };
        if target.file.is_some() || matches!(target.name, Name::Given | Name::Final) {
            return;
        }
        let (source, name) = match disposition::naming(head) {
            Some(Naming::Meanwhile(name)) => (Name::Meanwhile, name),
            Some(Naming::Final(name)) => (Name::Final, name),
            None => return,
        };
        target.path.set_file_name(data::path(&name));
        target.name = source;
    }

    /// Gives the file this time, if it is one.
    pub fn set_time(&mut self, time: SystemTime) -> io::Result<()> {
        let Sink::File(target) = &self.sink else { return Ok(()) };
        let times = FileTimes::new().set_accessed(time).set_modified(time);
        let set = match &target.file {
            Some((_, file)) => file.set_times(times),
            // Nothing came, since it was there already.
            None => OpenOptions::new().append(true).open(&target.path)?.set_times(times),
        };
        set.map_err(|error| named(&target.path, error))
    }

    /// How long the file is now, if it is one.
    pub fn length(&self) -> Option<u64> {
        let meta = fs::metadata(self.path()?).ok()?;
        meta.is_file().then_some(meta.len())
    }

    /// What comes goes behind what the file has.
    pub fn append(&mut self) {
        if let Sink::File(target) = &mut self.sink {
            target.appends = true;
        }
    }

    /// What was written until now is not taken back any more. False if it is no regular file.
    pub fn keep(&mut self) -> bool {
        let Sink::File(Target { file: Some((_, file)), start, .. }) = &mut self.sink else {
            return false;
        };
        match file.metadata() {
            Ok(meta) if meta.is_file() => {
                *start = meta.len();
                true
            }
            _ => false,
        }
    }

    /// Nothing of what was written is kept, not even that.
    pub fn begin_anew(&mut self) -> bool {
        if let Sink::File(target) = &mut self.sink {
            target.start = 0;
        }
        self.clear()
    }

    /// Does it go to a terminal?
    pub fn is_on_terminal(&self) -> bool {
        matches!(self.sink, Sink::Stdout { .. }) && io::stdout().is_terminal()
    }

    /// Writes all of `bytes`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        match &mut self.sink {
            Sink::Stdout { gathered: Some(gathered), .. } => {
                gathered.extend(bytes);
                match gathered.len() < GATHERED {
                    true => Ok(()),
                    false => self.flush(),
                }
            }
            Sink::Stdout { stdout, .. } => stdout.put(bytes),
            Sink::File(target) => target.put(bytes).map_err(|error| Failure::output(&error)),
            Sink::Nowhere => Ok(()),
        }
    }

    /// The transfer succeeded: a file without a byte is made now.
    pub fn finish(&mut self) -> Result<(), Failure> {
        match &mut self.sink {
            Sink::File(target) => target.opened().map(|_| ()).map_err(|e| Failure::output(&e)),
            Sink::Stdout { .. } | Sink::Nowhere => Ok(()),
        }
    }

    /// Nothing more comes: what was gathered is written.
    pub fn flush(&mut self) -> Result<(), Failure> {
        if let Sink::Stdout { stdout, gathered: Some(gathered), start } = &mut self.sink {
            let bytes = std::mem::take(gathered);
            if let (Start::Gathered(_), false) = (*start, bytes.is_empty()) {
                // Others may have written before and behind it.
                *start = if place(&stdout.file) == Start::Void { Start::Void } else { Start::Gone };
            }
            stdout.put(&bytes)?;
        }
        Ok(())
    }

    /// Takes back what a try that failed has written, for the next one to write it again. False if
    /// that is not possible; then nothing was changed.
    pub fn take_back(&mut self) -> bool {
        match &mut self.sink {
            Sink::Stdout { stdout, gathered, start } => match (*start, gathered) {
                (Start::Gathered(length), Some(gathered)) => {
                    gathered.truncate(length);
                    true
                }
                (Start::Length(length), _) => cut(&stdout.file, length),
                (Start::Void, _) => true,
                (Start::Gathered(_) | Start::Gone, _) => false,
            },
            Sink::File(target) => target.emptied(),
            Sink::Nowhere => true,
        }
    }

    /// Takes back what a response has written that is no success; but on standard output it stays.
    pub fn clear(&mut self) -> bool {
        match &mut self.sink {
            Sink::File(target) => target.emptied(),
            Sink::Stdout { .. } | Sink::Nowhere => true,
        }
    }

    /// Removes the file, if one was made and it is a regular one. Says whether it did.
    pub fn remove(&mut self) -> bool {
        let Sink::File(Target { path, file, .. }) = &mut self.sink else { return false };
        let Some((claim, file)) = file.take() else { return false };
        let is_regular = file.metadata().is_ok_and(|meta| meta.is_file());
        is_regular && claim.map_or_else(|| fs::remove_file(path).is_ok(), |claim| claim.remove())
    }
}

impl Target {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
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
    fn emptied(&mut self) -> bool {
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

impl Stdout {
    /// Standard output, once more.
    pub fn new(guards_terminal: bool) -> Stdout {
        Stdout { file: stdout_file(), guards_terminal }
    }

    /// It is there from now on, however many descriptors the transfers take.
    pub fn hold() {
        Stdout::new(false);
    }

    /// Writes all of `bytes`; nothing that another transfer writes comes between them.
    pub fn write_whole(&mut self, bytes: &[u8]) -> io::Result<()> {
        // Guards the order of what is written, and nothing else.
        static WHOLE: Mutex<()> = Mutex::new(());
        let _whole = WHOLE.lock().unwrap_or_else(PoisonError::into_inner);
        if screen::is_drawn() && io::stdout().is_terminal() {
            screen::erase();
        }
        self.file.write_all(bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if self.guards_terminal && bytes.iter().take(BINARY_LOOK).any(|&byte| byte == 0) {
            return Err(Failure::new(exit::WRITE_ERROR, BINARY));
        }
        self.write_whole(bytes).map_err(|error| Failure::output(&error))
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

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

/// The last segment of the path that is not empty, as it stands in the URL; or what curl takes.
fn remote_name(global: Global, url: &Url) -> Result<Vec<u8>, Failure> {
    let name = url.path().rsplit('/').find(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| {
        warn(global, &format!("No remote file name, uses \"{}\"", NAMELESS));
        NAMELESS
    });
    // A segment of the URL has no slash, and these two are folders everywhere.
    if name == "." || name == ".." {
        return Err(Failure::new(exit::WRITE_ERROR, "Remote file name is that of a folder"));
    }
    Ok(name.as_bytes().to_vec())
}

fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {}", path.display(), error))
}

#[cfg(unix)]
type StdoutFile = &'static File;

/// Made once: later there may be no descriptor left for another.
#[cfg(unix)]
fn stdout_file() -> &'static File {
    use std::os::fd::AsFd;
    static FILE: OnceLock<File> = OnceLock::new();
    FILE.get_or_init(|| {
        let copy = io::stdout().as_fd().try_clone_to_owned();
        // A process without standard output writes into a file that takes nothing.
        copy.map(File::from)
            .or_else(|_| File::open("/dev/null"))
            .expect("standard output or /dev/null can be opened")
    })
}

/// Only where the end of the file is, and nobody else writes there, can it be cut off.
#[cfg(unix)]
fn place(file: &StdoutFile) -> Start {
    let mut file = *file;
    match (file.metadata(), file.stream_position()) {
        (Ok(meta), Ok(at)) if meta.is_file() && meta.len() == at => Start::Length(at),
        (Ok(meta), _) if is_device(&meta) && !file.is_terminal() => Start::Void,
        _ => Start::Gone,
    }
}

#[cfg(unix)]
fn cut(file: &StdoutFile, length: u64) -> bool {
    let mut file = *file;
    file.set_len(length).and_then(|()| file.seek(SeekFrom::Start(length))).is_ok()
}

#[cfg(unix)]
fn is_device(meta: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt;
    meta.file_type().is_char_device()
}

#[cfg(not(unix))]
type StdoutFile = io::Stdout;

#[cfg(not(unix))]
fn stdout_file() -> io::Stdout {
    io::stdout()
}

#[cfg(not(unix))]
fn place(_: &StdoutFile) -> Start {
    Start::Gone
}

#[cfg(not(unix))]
fn cut(_: &StdoutFile, _: u64) -> bool {
    false
}

#[cfg(not(unix))]
fn is_device(meta: &fs::Metadata) -> bool {
    !meta.is_file() && !meta.is_dir()
}

/// The file of a URL whose path names none.
const NAMELESS: &str = "curl_response";
/// A piece of standard output with `-Z`.
const GATHERED: usize = 64 * 1024;
/// `file.99` is the last that curl tries, too.
const MOST_COPIES: u32 = 100;
/// How far curl looks, too.
const BINARY_LOOK: usize = 2000;
const BINARY: &str = "Binary output can mess up your terminal. Use \"--output -\" to write it to \
    your terminal anyway, or \"--output <FILE>\" to save to a file.";

#[cfg(test)]
mod tests {
    use pannier::http::UrlLeniency;

    use super::*;

    #[test]
    fn ok_remote_names_are_the_last_segment() {
        let quiet = Global { silent: true, ..Global::default() };
        for (url, name) in [
            ("http://a/b/c", Some("c")),
            ("http://a/b/c%20d?x/y#z/q", Some("c%20d")),
            ("http://a/", Some("curl_response")),
            ("http://a/b/c//", Some("c")),
            ("http://a/b/..", None),
        ] {
            let as_is = UrlLeniency::default().path_as_is(true);
            let url = Url::parse_with(url, as_is).expect("it is one");
            let found = remote_name(quiet, &url).ok();
            assert_eq!(found, name.map(|name| name.into()), "{}", url);
        }
    }

    #[test]
    fn ok_a_file_appears_with_its_first_byte_or_at_a_good_end() {
        let dir = std::env::temp_dir().join(format!("pannier-output-{}", std::process::id()));
        let mut op = Operation::new();
        op.create_dirs = true;
        op.output_dir = Some(dir.to_string_lossy().into_owned().into_bytes());
        let url = Url::parse("http://a/b").expect("it is one");
        let out = Out::File(b"x#1".to_vec());
        let matches = [b"7".to_vec()];
        let mut output =
            Output::new(&op, Global::default(), Some(&out), &url, &matches).expect("it has a name");
        assert!(!dir.exists());
        output.write(b"hello").expect("it can be written");
        assert_eq!(fs::read(dir.join("x7")).ok(), Some(b"hello".to_vec()));
        let mut output = Output::new(&op, Global::default(), Some(&Out::Remote), &url, &[])
            .expect("it has a name");
        assert!(!dir.join("b").exists());
        output.finish().expect("it can be made");
        assert_eq!(fs::read(dir.join("b")).ok(), Some(Vec::new()));
        fs::remove_dir_all(&dir).expect("it was just made");
    }
}
