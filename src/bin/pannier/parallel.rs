//! `-Z`: jobs side by side, on threads that fetch the next job when they are done with one.
//!
//! A thread is started when there is a job for it, up to the width; the jobs are asked for one at a
//! time, so that no more of them exist than are being done. Whoever waits for the next line of a
//! list holds up nobody but those who want one too; a transfer that waits to be tried again keeps its
//! place. The exit code is that of the last job that failed, in the order in which they end.
//!
//! The library's `Batch` is not used: it is one of one client, and the transfers of a run may need
//! several; and a job is more than a request, from the making of its file to its retries.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::args::Global;
use crate::exit::{self, Failure};
use crate::job::{Ended, Session};
use crate::jobs::{Job, Jobs};
use crate::pipeline;

/// Does all jobs; the code to exit with.
pub fn run(session: Arc<Session>, jobs: Jobs, global: Global) -> u8 {
    let (sender, results) = mpsc::channel();
    let (jobs, books) = (Mutex::new(jobs), Mutex::default());
    let crew = Arc::new(Crew { session, jobs, books, global });
    crew.hire(&sender);
    drop(sender);
    let (mut code, mut ended) = (0, 0);
    for result in results {
        ended += 1;
        // What an end of all has ended is no failure of its own.
        if result.code != 0 && !crew.books().closed {
            code = result.code;
        }
        if result.stop || global.fail_early && result.code != 0 {
            crew.books().closed = true;
            crew.session.board.halt();
        }
        let books = crew.books();
        // One of them may wait for a line of standard input that never comes.
        if books.closed && ended == books.begun {
            break;
        }
    }
    code
}

/// Threads and what they share.
struct Crew {
    session: Arc<Session>,
    /// Guards whose turn it is; the books may be locked inside.
    jobs: Mutex<Jobs>,
    /// Nothing is locked inside.
    books: Mutex<Books>,
    global: Global,
}

#[derive(Default)]
struct Books {
    threads: usize,
    begun: u64,
    /// No job is begun any more.
    closed: bool,
}

impl Crew {
    /// One thread more, if there may be.
    fn hire(self: &Arc<Crew>, results: &Sender<Ended>) {
        {
            let mut books = self.books();
            if books.threads >= self.global.width() || books.closed {
                return;
            }
            books.threads += 1;
        }
        let (crew, sender) = (self.clone(), results.clone());
        let work = move || crew.work(&sender);
        // Where there are no more threads to be had, those that are there do it all.
        let thread = thread::Builder::new().name("transfer".to_owned()).stack_size(STACK);
        if thread.spawn(work).is_err() {
            self.books().threads -= 1;
        }
    }

    fn work(self: &Arc<Crew>, results: &Sender<Ended>) {
        let _alarm = Alarm(results);
        let mut next = || {
            let job = self.next()?;
            self.hire(results);
            Some(job)
        };
        let mut told = |ended| results.send(ended).is_ok();
        pipeline::run(&self.session, self.global.pipeline, &mut next, &mut told);
    }

    fn next(&self) -> Option<Result<Job, Failure>> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if self.books().closed {
            return None;
        }
        let job = jobs.next()?;
        let mut books = self.books();
        if books.closed {
            return None;
        }
        books.begun += 1;
        Some(job)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says so if its thread panics, lest a job that nobody has done counts as one that succeeded.
struct Alarm<'a>(&'a Sender<Ended>);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.0.send(Ended { code: exit::PANICKED, stop: true });
        }
    }
}

/// Of which only what is touched is memory; a transfer needs a tenth of it.
const STACK: usize = 512 << 10;
