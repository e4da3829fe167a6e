//! Where bytes go: standard output, files, the header dump.
//!
//! A file is made when its first byte comes, or at the end of a transfer that succeeded without
//! one, so that a refused transfer leaves none. Standard output is not buffered.
//!
//! A standard output that the caller closed cannot be told from `/dev/null`: before `main` std
//! opens that in its place, for reading and writing, as callers do who want nothing. What is
//! written there is lost without an error, where curl exits with 23.

use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use pannier::http::Url;

use crate::data;
use crate::exit::{self, Failure};
use crate::glob;
use crate::operation::{Operation, Out};

/// The output of one transfer.
pub struct Output {
    sink: Sink,
    /// Bytes written, heads included.
    written: u64,
}

enum Sink {
    Stdout(Stdout),
    File { path: PathBuf, make_dirs: bool, file: Option<File> },
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
        out: Option<&Out>,
        url: &Url,
        matches: &[Vec<u8>],
    ) -> Result<Output, Failure> {
        let name = match out {
            None | Some(Out::Stdout) => return Ok(Output::stdout(true)),
            Some(Out::File(name)) if name == b"-" => return Ok(Output::stdout(false)),
            Some(Out::File(name)) => glob::substitute(name, matches),
            Some(Out::Remote) => remote_name(url)?,
        };
        let path = match &op.output_dir {
            Some(dir) => data::path(dir).join(data::path(&name)),
            None => data::path(&name),
        };
        let sink = Sink::File { path, make_dirs: op.create_dirs, file: None };
        Ok(Output { sink, written: 0 })
    }

    fn stdout(guards_terminal: bool) -> Output {
        let sink = Sink::Stdout(Stdout::new(guards_terminal && io::stdout().is_terminal()));
        Output { sink, written: 0 }
    }

    /// The file written to; `None` for standard output.
    pub fn path(&self) -> Option<&Path> {
        match &self.sink {
            Sink::Stdout(_) => None,
            Sink::File { path, .. } => Some(path),
        }
    }

    /// Writes all of `bytes`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let done = match &mut self.sink {
            Sink::Stdout(stdout) => {
                if stdout.guards_terminal && bytes.iter().take(BINARY_LOOK).any(|&byte| byte == 0) {
                    return Err(Failure::new(exit::WRITE_ERROR, BINARY));
                }
                stdout.file.write_all(bytes)
            }
            Sink::File { path, make_dirs, file } => opened(path, *make_dirs, file)
                .and_then(|file| file.write_all(bytes))
                .map_err(|error| named(path, error)),
        };
        done.map_err(|error| Failure::output(&error))?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// The transfer succeeded: a file without a byte is made now.
    pub fn finish(&mut self) -> Result<(), Failure> {
        match &mut self.sink {
            Sink::File { path, make_dirs, file } if file.is_none() => {
                opened(path, *make_dirs, file)
                    .map(|_| ())
                    .map_err(|error| Failure::output(&named(path, error)))
            }
            _ => Ok(()),
        }
    }
}

impl Stdout {
    /// Standard output, once more.
    pub fn new(guards_terminal: bool) -> Stdout {
        Stdout { file: stdout_file(), guards_terminal }
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
        let mut options = OpenOptions::new();
        options.create(true).write(true).append(append).truncate(!append);
        match options.open(&path) {
            Ok(file) => Ok(Dump::File(path, file)),
            Err(error) => Err(Failure::output(&named(&path, error))),
        }
    }

    /// Writes all of `bytes`.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let done = match self {
            Dump::Stdout(stdout) => stdout.write_all(bytes),
            Dump::File(path, file) => file.write_all(bytes).map_err(|error| named(path, error)),
        };
        done.map_err(|error| Failure::output(&error))
    }
}

/// The last segment of the path, as it stands in the URL.
fn remote_name(url: &Url) -> Result<Vec<u8>, Failure> {
    let name = url.path().rsplit('/').next().unwrap_or_default();
    // A segment of the URL has no slash, and these two are folders everywhere.
    if name.is_empty() || name == "." || name == ".." {
        return Err(Failure::new(exit::WRITE_ERROR, "Remote file name has no length"));
    }
    Ok(name.as_bytes().to_vec())
}

fn opened<'a>(
    path: &Path,
    make_dirs: bool,
    file: &'a mut Option<File>,
) -> io::Result<&'a mut File> {
    let made = match file.take() {
        Some(made) => made,
        None => {
            if let (true, Some(dir)) = (make_dirs, path.parent()) {
                fs::create_dir_all(dir)?;
            }
            File::create(path)?
        }
    };
    Ok(file.insert(made))
}

fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {}", path.display(), error))
}

#[cfg(unix)]
type StdoutFile = File;

#[cfg(unix)]
fn stdout_file() -> File {
    use std::os::fd::AsFd;
    let copy = io::stdout().as_fd().try_clone_to_owned();
    // A process without standard output writes into a file that takes nothing.
    copy.map(File::from)
        .or_else(|_| File::open("/dev/null"))
        .expect("standard output or /dev/null can be opened")
}

#[cfg(not(unix))]
type StdoutFile = io::Stdout;

#[cfg(not(unix))]
fn stdout_file() -> io::Stdout {
    io::stdout()
}

/// How far curl looks, too.
const BINARY_LOOK: usize = 2000;
const BINARY: &str = "Binary output can mess up your terminal. Use \"--output -\" to write it to \
    your terminal anyway, or \"--output <FILE>\" to save to a file.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_remote_names_are_the_last_segment() {
        for (url, name) in [
            ("http://a/b/c", Some("c")),
            ("http://a/b/c%20d?x/y#z/q", Some("c%20d")),
            ("http://a/", None),
            ("http://a/b/", None),
        ] {
            let url = Url::parse(url).expect("it is one");
            assert_eq!(remote_name(&url).ok(), name.map(|name| name.into()), "{}", url);
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
        let mut output = Output::new(&op, Some(&out), &url, &matches).expect("it has a name");
        assert!(!dir.exists());
        output.write(b"hello").expect("it can be written");
        assert_eq!(fs::read(dir.join("x7")).ok(), Some(b"hello".to_vec()));
        let mut output = Output::new(&op, Some(&Out::Remote), &url, &[]).expect("it has a name");
        assert!(!dir.join("b").exists());
        output.finish().expect("it can be made");
        assert_eq!(fs::read(dir.join("b")).ok(), Some(Vec::new()));
        fs::remove_dir_all(&dir).expect("it was just made");
    }
}
