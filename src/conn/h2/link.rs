//! A connection that many threads use, each for its own exchanges.
//!
//! There is no thread for the connection itself: **who waits, works**. A thread that waits for something
//! of its own first writes what is to be written, then reads for all; while another one reads, it sleeps.
//! The reader hands out what it reads, wakes whom it concerns, and when it has what it waited for itself,
//! wakes one of the sleepers to read on. So a lone exchange is one write and one read on the caller's
//! thread, as it is in HTTP/1, and a crowd has one reader, which takes in one read what has come for all.
//!
//! ```text
//!            ┌──────────────── what one waits for is there: wake a sleeper, if nobody reads
//!            │
//!   wait ──► look ──► write, if something is to be written and nobody writes ──► look
//!                ├──► read, if nobody reads ───────────────────────────────────► look
//!                └──► sleep, until woken ──────────────────────────────────────► look
//! ```
//!
//! The books are locked to look, never to wait: whoever reads or writes takes that half of the transport
//! out and lets go of the lock. No wake-up is lost, since each thread that leaves, for whatever reason,
//! looks whether a half lies idle that a sleeper could take. What one writes for others it writes to the
//! end, and who begins to read while another one writes comes back soon to see whether that was so; as does
//! who reads while he waits for a stream, which another one may give up.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crate::net::{cancelled, CancelToken, Deadline, Interrupt, Readiness, Transport};
use crate::proto::h2::{self, Config, ErrorCode, StreamId};
use crate::proto::Limits;

use super::super::exchange::{Facts, Failure};
use super::super::pool::Tell;
use super::books::{Books, Opened};
use super::halves::Halves;
use super::IN_PASSING;

/// What the exchanges of one connection share.
#[derive(Debug)]
pub(super) struct Link {
    /// Guards the engine, what has come and was not taken, and the halves of the transport that nobody
    /// uses. Nothing else is locked inside it, and no system call made.
    books: Mutex<Books>,
    pub(super) facts: Facts,
    /// How many exchanges there may be at once; none, if no more can begin. It is asked for by the pool,
    /// under the lock of that.
    room: AtomicUsize,
    watcher: Watcher,
    /// How many there have been, by the streams that were opened.
    pub(super) exchanges: AtomicU64,
    /// Has someone taken it to be the first who uses it?
    pub(super) taken: AtomicBool,
}

/// Who is told when there may be more exchanges at once than before, outside of all other locks.
#[derive(Default)]
struct Watcher(Mutex<Option<Tell>>);

/// One who waits.
#[derive(Debug)]
pub(super) struct Waiter<'a> {
    /// For what has come on this stream; without one, for a stream to be had.
    pub(super) stream: Option<StreamId>,
    pub(super) signal: &'a Arc<Condvar>,
    pub(super) deadline: Deadline,
    pub(super) cancel: Option<&'a CancelToken>,
    /// What it means if the deadline comes.
    pub(super) blame: fn(io::Error) -> Failure,
    /// Where content of the stream may be put at once.
    pub(super) buffer: &'a mut [u8],
    pub(super) filled: usize,
}

/// How one turn of work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Something may have changed.
    Done,
    /// Nothing: it took too long.
    TimedOut,
    /// The peer does not take what is to be written.
    Stalled,
}

impl Link {
    pub(super) fn new(
        transport: Box<dyn Transport>,
        config: Config,
        limits: Limits,
        facts: Facts,
    ) -> Link {
        let halves = Halves::of(transport);
        let config = match halves.are_two() {
            true => config,
            // Nobody could write while another one reads.
            false => config.concurrent_streams(1),
        };
        let books = Books::new(h2::Connection::new(config, limits), halves);
        let room = AtomicUsize::new(books.engine.capacity());
        Link {
            books: Mutex::new(books),
            facts,
            room,
            watcher: Watcher::default(),
            exchanges: AtomicU64::new(0),
            taken: AtomicBool::new(false),
        }
    }

    pub(super) fn room(&self) -> usize {
        self.room.load(Ordering::Relaxed)
    }

    pub(super) fn expect_room(&self, room: usize) {
        let mut books = self.lock();
        books.expect_room(room);
        self.note_room(&books);
    }

    fn note_room(&self, books: &Books) {
        self.room.store(books.room(), Ordering::Relaxed);
    }

    pub(super) fn watch_room(&self, tell: Tell) {
        *self.watcher.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(tell);
    }

    /// The number of the exchange for which a stream was opened, or should have been.
    pub(super) fn count(&self, opened: &Result<Opened, Failure>) -> u64 {
        let number = match opened {
            // RFC 9113 §5.1.1: a client's streams are 1, 3, 5 and so on.
            Ok(opened) => u64::from(opened.stream / 2) + 1,
            Err(_) => self.lock().opened + 1,
        };
        self.exchanges.fetch_max(number, Ordering::Relaxed);
        number
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works and sleeps until `pick` has an answer.
    ///
    /// # Errors
    /// That of `pick`; what ended the connection, if it has none then; the deadline, or a cancel.
    pub(super) fn wait<R>(
        &self,
        waiter: &mut Waiter<'_>,
        mut pick: impl FnMut(&mut Books, &mut Waiter<'_>) -> Option<Result<R, Failure>>,
    ) -> Result<R, Failure> {
        let mut books = self.lock();
        let mut turn = Turn::Done;
        let result = loop {
            if let Some(result) = pick(&mut books, waiter) {
                break result;
            }
            if let Some(end) = &books.end {
                break Err(end.failure(waiter.blame));
            }
            if let Err(error) = waiter.goes_on(turn) {
                break Err((waiter.blame)(error));
            }
            (books, turn) = self.work(books, waiter, turn);
            self.note_room(&books);
        };
        books.pass_on();
        result
    }

    /// Ends a stream that nobody wants the rest of.
    pub(super) fn leave(&self, stream: StreamId) {
        drop(self.lock().close(stream));
        self.flush(Deadline::NEVER.within(Some(IN_PASSING)));
    }

    /// Writes out what is to be written, unless another one does; no longer than until `deadline`.
    pub(super) fn flush(&self, deadline: Deadline) {
        let mut books = self.lock();
        if books.has_unsent() {
            let (mut books, _) = self.write(books, deadline);
            self.note_room(&books);
            books.pass_on();
        }
    }

    fn work<'a>(
        &'a self,
        mut books: MutexGuard<'a, Books>,
        waiter: &mut Waiter<'_>,
        turn: Turn,
    ) -> (MutexGuard<'a, Books>, Turn) {
        let until = waiter.until();
        // A peer that does not take what it is given may wait until what it gives is taken. While another
        // one does that, the best is to go on trying, and to look often for what has come meanwhile.
        let is_read = !books.halves.can_read();
        if (is_read || turn != Turn::Stalled) && books.has_unsent() && books.halves.can_write() {
            let patience = if is_read { SHORT_GLANCE } else { GLANCE };
            return self.write(books, until.within(Some(patience)));
        }
        if books.halves.can_read() {
            // The peer does not say what others have written, nor that they gave a stream up.
            let looks_up =
                books.halves.is_writing() || books.halves.are_refused() || waiter.stream.is_none();
            let patience = match (turn, looks_up) {
                (Turn::Stalled, _) => Some(PEEK),
                (_, true) => Some(GLANCE),
                (_, false) => None,
            };
            let (books, read) = self.read(books, waiter, until.within(patience));
            // Where the peer waits to be read from, it is read from until nothing more comes.
            let goes_on = turn == Turn::Stalled && read == Turn::Done;
            return (books, if goes_on { Turn::Stalled } else { read });
        }
        // A cancel wakes who sleeps.
        self.sleep(books, waiter, waiter.deadline)
    }

    /// Writes until nothing is left to be written.
    fn write<'a>(
        &'a self,
        mut books: MutexGuard<'a, Books>,
        until: Deadline,
    ) -> (MutexGuard<'a, Books>, Turn) {
        let mut half = match books.halves.take_to_write() {
            Some(half) => half,
            None => return (books, Turn::Done),
        };
        let mut turn = Turn::Done;
        while turn == Turn::Done && books.collect_unsent() {
            let mut outbox = std::mem::take(&mut books.outbox);
            books.writing = outbox.unsent().len();
            drop(books);
            let written = half.transport().write(outbox.unsent(), until);
            books = self.lock();
            books.writing = 0;
            match written {
                Ok(count) => outbox.sent(count),
                Err(error) if is_timeout(&error) => turn = Turn::Stalled,
                Err(error) => {
                    books.refuse_output(error);
                    break;
                }
            }
            books.outbox = outbox;
        }
        books.halves.put_back(half);
        books.slots.wake_senders();
        (books, turn)
    }

    /// Reads once, for all.
    fn read<'a>(
        &'a self,
        mut books: MutexGuard<'a, Books>,
        waiter: &mut Waiter<'_>,
        until: Deadline,
    ) -> (MutexGuard<'a, Books>, Turn) {
        let mut half = match books.halves.take_to_read() {
            Some(half) => half,
            None => return (books, Turn::Done),
        };
        drop(books);
        let read = half.fill(until);
        books = self.lock();
        let turn = match read {
            Ok(0) => {
                books.recv_eof();
                Turn::Done
            }
            Ok(_) => {
                books.digest(half.input(), waiter);
                let room = books.room();
                if room > self.room.swap(room, Ordering::Relaxed) {
                    drop(books);
                    self.watcher.tell();
                    books = self.lock();
                }
                Turn::Done
            }
            Err(error) if is_timeout(&error) => {
                books.note_silence();
                Turn::TimedOut
            }
            Err(error) => {
                books.lose(error);
                Turn::Done
            }
        };
        books.halves.put_back(half);
        (books, turn)
    }

    fn sleep<'a>(
        &'a self,
        mut books: MutexGuard<'a, Books>,
        waiter: &Waiter<'_>,
        until: Deadline,
    ) -> (MutexGuard<'a, Books>, Turn) {
        let left = match until.left() {
            Ok(left) => left.unwrap_or(LONGEST),
            Err(_) => return (books, Turn::TimedOut),
        };
        books.goes_to_sleep(waiter);
        let woken = waiter.signal.wait_timeout(books, left);
        let (mut books, result) = woken.unwrap_or_else(PoisonError::into_inner);
        books.is_awake(waiter);
        match result.timed_out() {
            true => (books, Turn::TimedOut),
            false => (books, Turn::Done),
        }
    }

    /// Takes in what has come while nobody waited, and says whether more exchanges can begin. Does not
    /// wait.
    pub(super) fn is_alive(&self) -> bool {
        let mut books = self.lock();
        for _ in 0..MOST_GLANCES {
            if books.room() == 0 {
                break;
            }
            let (mut reader, writer) = match books.halves.take_both() {
                Some(both) => both,
                // While another one reads or writes there is nothing to look for, and no way to look.
                None => break,
            };
            drop(books);
            let found = reader.transport().readiness();
            books = self.lock();
            books.halves.put_back(reader);
            if let Some(writer) = writer {
                books.halves.put_back(writer);
            }
            match found {
                Ok(Readiness::Quiet) => break,
                Ok(Readiness::Data) => {
                    let until = Deadline::NEVER.within(Some(PEEK));
                    // It is read for others only.
                    let nobody = Arc::default();
                    (books, _) = self.read(books, &mut Waiter::new(None, &nobody), until);
                }
                Ok(Readiness::Closed) => books.recv_eof(),
                Err(error) => books.lose(error),
            }
        }
        self.note_room(&books);
        // Another one may have come meanwhile, and found nothing to read from.
        books.pass_on();
        books.room() > 0
    }

    /// What wakes one who sleeps here.
    pub(super) fn waker(self: &Arc<Self>, signal: &Arc<Condvar>) -> Arc<dyn Interrupt> {
        Arc::new(Waker { link: Arc::downgrade(self), signal: Arc::clone(signal) })
    }
}

impl Watcher {
    fn tell(&self) {
        if let Some(tell) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            tell();
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher")
    }
}

impl Drop for Link {
    /// RFC 9113 §5.4.1, §6.8: the peer is told that this is the end, if it takes that at once.
    fn drop(&mut self) {
        let books = self.books.get_mut().unwrap_or_else(PoisonError::into_inner);
        if books.end.is_none() {
            books.engine.go_away(ErrorCode::NO_ERROR);
        }
        self.flush(Deadline::NEVER.within(Some(FAREWELL)));
    }
}

impl<'a> Waiter<'a> {
    /// One who waits without end, and wants no content.
    pub(super) fn new(stream: Option<StreamId>, signal: &'a Arc<Condvar>) -> Waiter<'a> {
        Waiter {
            stream,
            signal,
            deadline: Deadline::NEVER,
            cancel: None,
            blame: Failure::Receive,
            buffer: &mut [],
            filled: 0,
        }
    }

    /// Puts content where it is wanted. Returns how much of it fits.
    pub(super) fn put(&mut self, data: &[u8]) -> usize {
        let room = &mut self.buffer[self.filled..];
        let count = data.len().min(room.len());
        room[..count].copy_from_slice(&data[..count]);
        self.filled += count;
        count
    }

    /// Until when one turn of work may last: who can be cancelled looks up now and then, since nothing
    /// else wakes who reads without ending the connection.
    fn until(&self) -> Deadline {
        self.deadline.within(self.cancel.map(|_| CANCEL_PATIENCE))
    }

    fn goes_on(&self, turn: Turn) -> io::Result<()> {
        if self.cancel.map_or(false, CancelToken::is_cancelled) {
            return Err(cancelled());
        }
        match turn {
            Turn::Done => Ok(()),
            Turn::TimedOut | Turn::Stalled => self.deadline.left().map(drop),
        }
    }
}

/// Wakes a thread that sleeps in the books.
struct Waker {
    link: Weak<Link>,
    signal: Arc<Condvar>,
}

impl Interrupt for Waker {
    fn interrupt(&self) {
        if let Some(link) = self.link.upgrade() {
            // Nobody is between asking the token and falling asleep while this is locked.
            let books = link.lock();
            self.signal.notify_all();
            drop(books);
        }
    }
}

pub(super) fn is_timeout(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none()
}

/// How long a write may wait before it is seen whether the peer waits to be read from, and a read
/// before it is seen whether a write that was under way has come to its end, or a stream is to be had.
const GLANCE: Duration = Duration::from_millis(250);

/// The same for a write beside which another one reads: for as long, the one who writes does not see what
/// that has read for him.
const SHORT_GLANCE: Duration = Duration::from_millis(20);

/// A read that hardly waits.
const PEEK: Duration = Duration::from_millis(1);

/// How late a cancel may come into effect for the one who reads.
const CANCEL_PATIENCE: Duration = Duration::from_millis(20);

/// A last word that is not taken at once is not worth waiting for.
const FAREWELL: Duration = Duration::from_millis(5);

/// Who waits without a deadline looks up once an hour.
const LONGEST: Duration = Duration::from_secs(3600);

/// A peer that talks without end to a connection that is idle is heard out by who uses it.
const MOST_GLANCES: usize = 16;
