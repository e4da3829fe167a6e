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

mod dump;
mod stdout;
mod target;

use std::fs;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::SystemTime;

use pannier::http::Url;

use crate::args::Global;
use crate::data;
use crate::exit::{self, Failure};
use crate::glob;
use crate::operation::{Operation, Out};
use crate::warn::warn;

pub use self::dump::Dump;
use self::stdout::Mark;
pub use self::stdout::Stdout;
use self::target::Target;

/// The output of one transfer.
pub struct Output {
    sink: Sink,
}

enum Sink {
    Stdout { stdout: Stdout, gathered: Option<Vec<u8>>, start: Mark },
    File(Target),
    Nowhere,
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
            Some(Out::Nowhere) => return Ok(Output { sink: Sink::Nowhere }),
            Some(Out::File(name)) if name == b"-" => return Ok(Output::stdout(global, false)),
            Some(Out::File(name)) => glob::substitute(name, matches),
            Some(Out::Remote) => remote_name(global, url)?,
        };
        let path = match &op.output_dir {
            Some(dir) => data::path(dir).join(data::path(without_root(&name))),
            None => data::path(&name),
        };
        let asks = op.remote_header_name && out == Some(&Out::Remote);
        Ok(Output { sink: Sink::File(Target::new(path, op, asks)) })
    }

    fn stdout(global: Global, guards_terminal: bool) -> Output {
        let stdout = Stdout::new(guards_terminal && io::stdout().is_terminal());
        let gathered = global.parallel.then(Vec::new);
        Output { sink: Sink::Stdout { stdout, gathered, start: Mark::Gone } }
    }

    /// A try begins: what is there now is not its own.
    pub fn mark(&mut self) {
        if let Sink::Stdout { stdout, gathered, start } = &mut self.sink {
            *start = match gathered {
                Some(gathered) => Mark::Gathered(gathered.len()),
                None => stdout.place(),
            };
        }
    }

    /// The file written to, if it is one.
    pub fn path(&self) -> Option<&Path> {
        match &self.sink {
            Sink::File(target) => Some(target.path()),
            Sink::Stdout { .. } | Sink::Nowhere => None,
        }
    }

    /// Takes the name that a head gives, if it is asked for and the file is not made yet.
    pub fn take_name(&mut self, head: &[u8]) {
        if let Sink::File(target) = &mut self.sink {
            target.take_name(head);
        }
    }

    /// Gives the file this time, if it is one.
    pub fn set_time(&mut self, time: SystemTime) -> io::Result<()> {
        match &self.sink {
            Sink::File(target) => target.set_time(time),
            Sink::Stdout { .. } | Sink::Nowhere => Ok(()),
        }
    }

    /// How long the file is now, if it is one.
    pub fn length(&self) -> Option<u64> {
        let meta = fs::metadata(self.path()?).ok()?;
        meta.is_file().then_some(meta.len())
    }

    /// What comes goes behind what the file has.
    pub fn append(&mut self) {
        if let Sink::File(target) = &mut self.sink {
            target.append();
        }
    }

    /// What was written until now is not taken back any more. False if it is no regular file.
    pub fn keep(&mut self) -> bool {
        match &mut self.sink {
            Sink::File(target) => target.keep(),
            Sink::Stdout { .. } | Sink::Nowhere => false,
        }
    }

    /// Nothing of what was written is kept, not even that.
    pub fn begin_anew(&mut self) -> bool {
        if let Sink::File(target) = &mut self.sink {
            target.begin_anew();
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
            Sink::File(target) => target.finish().map_err(|error| Failure::output(&error)),
            Sink::Stdout { .. } | Sink::Nowhere => Ok(()),
        }
    }

    /// Nothing more comes: what was gathered is written.
    pub fn flush(&mut self) -> Result<(), Failure> {
        if let Sink::Stdout { stdout, gathered: Some(gathered), start } = &mut self.sink {
            let bytes = std::mem::take(gathered);
            if let (Mark::Gathered(_), false) = (*start, bytes.is_empty()) {
                // Others may have written before and behind it.
                *start = if stdout.place() == Mark::Void { Mark::Void } else { Mark::Gone };
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
                (Mark::Gathered(length), Some(gathered)) => {
                    gathered.truncate(length);
                    true
                }
                (Mark::Length(length), _) => stdout.cut(length),
                (Mark::Void, _) => true,
                (Mark::Gathered(_) | Mark::Gone, _) => false,
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
        match &mut self.sink {
            Sink::File(target) => target.remove(),
            Sink::Stdout { .. } | Sink::Nowhere => false,
        }
    }
}

/// The name without what would lead out of the folder that it is to be in: curl joins the two as text.
fn without_root(name: &[u8]) -> &[u8] {
    let slashes = name.iter().take_while(|&&byte| byte == b'/').count();
    &name[slashes..]
}

/// The last segment of the path that is not empty, as it stands in the URL; or what curl takes.
fn remote_name(global: Global, url: &Url) -> Result<Vec<u8>, Failure> {
    let name = url.path().rsplit(std::path::is_separator).find(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| {
        warn(global, &format!("No remote file name, uses \"{}\"", NAMELESS));
        NAMELESS
    });
    // There is no separator in it, and these two are folders everywhere.
    if name == "." || name == ".." {
        return Err(Failure::new(exit::WRITE_ERROR, "Remote file name is that of a folder"));
    }
    Ok(name.as_bytes().to_vec())
}

/// The file of a URL whose path names none.
const NAMELESS: &str = "curl_response";
/// A piece of standard output with `-Z`.
const GATHERED: usize = 64 * 1024;

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
