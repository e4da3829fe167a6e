//! Standard output: without the line buffer of std, whole pieces at a time, and cut back where that can be.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
#[cfg(unix)]
use std::{
    fs::File,
    io::{Seek, SeekFrom},
    sync::OnceLock,
};

use crate::exit::{self, Failure};
use crate::progress::screen;

#[cfg(unix)]
use super::target::is_device;

/// Standard output without the line buffer that std puts before it.
pub struct Stdout {
    file: StdoutFile,
    /// Bytes that would mess up a terminal are refused.
    guards_terminal: bool,
}

/// Where on standard output a try began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Behind so much of what is still gathered.
    Gathered(usize),
    /// At this length of a regular file: what follows can be cut off again.
    Length(u64),
    /// What goes to `/dev/null` need not be.
    Void,
    /// Anywhere else bytes that are written are gone.
    Gone,
}

impl Stdout {
    /// Standard output, once more.
    pub fn new(guards_terminal: bool) -> Stdout {
        Stdout { file: stdout_file(), guards_terminal }
    }

    /// Where it is now.
    pub fn place(&self) -> Mark {
        place(&self.file)
    }

    /// Cuts off what stands behind this length, if that can be.
    pub fn cut(&self, length: u64) -> bool {
        cut(&self.file, length)
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

    /// Writes all of `bytes`, unless they would mess up a terminal.
    pub fn put(&mut self, bytes: &[u8]) -> Result<(), Failure> {
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
fn place(file: &StdoutFile) -> Mark {
    let mut file = *file;
    match (file.metadata(), file.stream_position()) {
        (Ok(meta), Ok(at)) if meta.is_file() && meta.len() == at => Mark::Length(at),
        (Ok(meta), _) if is_device(&meta) && !file.is_terminal() => Mark::Void,
        _ => Mark::Gone,
    }
}

#[cfg(unix)]
fn cut(file: &StdoutFile, length: u64) -> bool {
    let mut file = *file;
    file.set_len(length).and_then(|()| file.seek(SeekFrom::Start(length))).is_ok()
}

#[cfg(not(unix))]
type StdoutFile = io::Stdout;

#[cfg(not(unix))]
fn stdout_file() -> io::Stdout {
    io::stdout()
}

#[cfg(not(unix))]
fn place(_: &StdoutFile) -> Mark {
    Mark::Gone
}

#[cfg(not(unix))]
fn cut(_: &StdoutFile, _: u64) -> bool {
    false
}

/// How far curl looks, too.
const BINARY_LOOK: usize = 2000;
const BINARY: &str = "Binary output can mess up your terminal. Use \"--output -\" to write it to \
    your terminal anyway, or \"--output <FILE>\" to save to a file.";
