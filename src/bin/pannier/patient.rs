//! What is sent from a pipe or a terminal, which may give nothing for as long as it likes.
//!
//! No transfer waits for it beyond its time, nor misses an answer meanwhile: a thread does the waiting,
//! and whoever asks in vain for a while is told so. What was read for a transfer that no longer wants
//! it is there for the next one.

use std::io::{self, ErrorKind, Read};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

/// A reader that says [`WouldBlock`](ErrorKind::WouldBlock) now and then, while there is nothing. Clones
/// read on where the others stopped.
#[derive(Clone)]
pub struct Patient(Arc<Mutex<Flow>>);

/// What the thread has read and nobody has taken.
struct Flow {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: io::Cursor<Vec<u8>>,
}

impl Patient {
    pub fn new(reader: impl Read + Send + 'static) -> io::Result<Patient> {
        let (sender, pieces) = mpsc::sync_channel(1);
        thread::Builder::new().spawn(move || pass_on(reader, &sender))?;
        Ok(Patient(Arc::new(Mutex::new(Flow { pieces, piece: io::Cursor::default() }))))
    }

    /// Standard input, of which there is one.
    pub fn stdin() -> io::Result<Patient> {
        static STDIN: OnceLock<Mutex<Option<Patient>>> = OnceLock::new();
        let stdin = STDIN.get_or_init(Mutex::default);
        let mut stdin = stdin.lock().unwrap_or_else(PoisonError::into_inner);
        match &*stdin {
            Some(patient) => Ok(patient.clone()),
            None => Ok(stdin.insert(Patient::new(io::stdin())?).clone()),
        }
    }
}

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut flow = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match flow.piece.read(buffer)? {
            0 if !buffer.is_empty() => {}
            count => return Ok(count),
        }
        flow.piece = io::Cursor::new(match flow.pieces.recv_timeout(PATIENCE) {
            Ok(piece) => piece?,
            Err(RecvTimeoutError::Timeout) => return Err(ErrorKind::WouldBlock.into()),
            Err(RecvTimeoutError::Disconnected) => return Ok(0),
        });
        flow.piece.read(buffer)
    }
}

/// Reads until there is nothing more, an error, or nobody who wants it.
fn pass_on(mut reader: impl Read, sender: &SyncSender<io::Result<Vec<u8>>>) {
    let mut buffer = vec![0; PIECE];
    loop {
        let piece = match reader.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => Ok(buffer[..count].to_vec()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => Err(error),
        };
        let is_last = piece.is_err();
        if sender.send(piece).is_err() || is_last {
            return;
        }
    }
}

/// How long an answer to what was sent may have to wait for being seen.
const PATIENCE: Duration = Duration::from_millis(50);

/// What a pipe of Linux holds.
const PIECE: usize = 64 << 10;
