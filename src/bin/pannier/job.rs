//! One job from beginning to end: its output opened, tried as often as is asked for, and told of.
//!
//! A transfer that fails does not stop the next one. What cannot be set up at all stops everything,
//! and so does an output that nobody reads any more.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use pannier::http::Url;

use crate::address;
use crate::args::Global;
use crate::clients::Clients;
use crate::exit::{self, Failure};
use crate::jobs::Job;
use crate::jsonl;
use crate::output::{Dump, Output, Stdout};
use crate::progress::{self, Board, Departure};
use crate::record::Record;
use crate::request::{self, Payload};
use crate::retry::{Again, Retries, Verdict};
use crate::transfer::{Progress, Transfer, SPENT};
use crate::verbose::Narrator;
use crate::warn::{self, warn};
use crate::watch::Watcher;
use crate::write_out::{self, Report};

/// What all jobs of a run share.
pub struct Session {
    global: Global,
    clients: Clients,
    pub board: Arc<Board>,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// 0 if it succeeded.
    pub code: u8,
    /// No further job is to be begun.
    pub stop: bool,
}

/// A job under way.
struct Work<'a> {
    job: &'a Job,
    url: &'a Url,
    watcher: &'a Arc<Watcher>,
    output: &'a mut Output,
    dump: Option<&'a mut Dump>,
    retries: &'a mut Retries,
    progress: Progress,
}

/// What is known of a transfer when it is over.
struct Done {
    url: Option<Url>,
    file: Option<String>,
    record: Record,
    progress: Progress,
    retries: u64,
}

impl Session {
    pub fn new(global: Global) -> Session {
        let board = Board::new(global.parallel);
        Session { global, clients: Clients::new(global), board }
    }

    /// Does the job.
    pub fn perform(&self, job: &Job) -> Ended {
        let record = Record::new(Instant::now(), false);
        let mut done =
            Done { url: None, file: None, record, progress: Progress::default(), retries: 0 };
        let url = match address::url(&job.op, &job.url.text, job.upload.as_deref()) {
            Ok(url) => url,
            Err(failure) => return self.end(job, done, Err(job.placed(failure))),
        };
        let out = job.output.as_ref();
        let output = Output::new(&job.op, self.global, out, &url, &job.url.matches);
        let (mut output, mut dump) = match output.and_then(|output| Ok((output, job.dump()?))) {
            Ok(opened) => opened,
            // A line of a list is no reason not to go on with the next one.
            Err(failure) if job.place.is_some() => {
                return self.end(job, done, Err(job.placed(failure)))
            }
            Err(failure) => return self.stop(&failure),
        };
        let watcher = self.watcher(job, &url, dump.is_some());
        let flight = self.board.depart(Departure {
            name: name(&output, &url),
            watcher: watcher.clone(),
            shown: self.shows_progress(job, &output),
            slowness: job.op.slowness(),
        });
        let mut retries = Retries::new(job.op.retry, Instant::now());
        let mut work = Work {
            job,
            url: &url,
            watcher: &watcher,
            output: &mut output,
            dump: dump.as_mut(),
            retries: &mut retries,
            progress: Progress::default(),
        };
        let result = self.tries(&mut work);
        done.progress = work.progress;
        let result = match output.flush() {
            Err(failure) if result.is_ok() || failure.is_silent() => Err(failure),
            _ => result,
        };
        self.board.arrive(flight, result.is_err());
        done.file = output.path().map(|path| path.to_string_lossy().into_owned());
        if result.is_err() && job.op.remove_on_error {
            self.remove(&mut output, done.file.as_deref());
        }
        done.record = watcher.record();
        done.url = Some(url);
        done.retries = retries.done();
        self.end(job, done, result)
    }

    /// What cannot be set up: nothing follows.
    pub fn stop(&self, failure: &Failure) -> Ended {
        self.tell(failure);
        Ended { code: failure.code, stop: true }
    }

    fn watcher(&self, job: &Job, url: &Url, dumps: bool) -> Arc<Watcher> {
        let narrator = self.global.verbose.then(|| Narrator::new(url.host_str().to_owned()));
        let keeps_heads = job.op.show_headers || dumps;
        Watcher::new(Record::new(Instant::now(), keeps_heads), narrator)
    }

    /// Tries until it succeeds, or is not to be tried again.
    fn tries(&self, work: &mut Work<'_>) -> Result<(), Failure> {
        loop {
            let result = self.attempt(work);
            let again = match work.verdict(&result) {
                Verdict::Yes(again) => again,
                Verdict::No => return result,
                Verdict::TooLate => {
                    warn(self.global, TOO_LATE);
                    return result;
                }
            };
            if let Err(hindrance) = work.restart() {
                warn(self.global, &hindrance);
                return result;
            }
            if let Err(failure) = &result {
                self.tell(failure);
            }
            self.wait(work, &again)?;
        }
    }

    fn wait(&self, work: &mut Work<'_>, again: &Again) -> Result<(), Failure> {
        warn(self.global, &again.warning);
        if !self.board.rest(again.wait) {
            return Err(Failure::new(exit::ABORTED, exit::ABORTED_WITH_ANOTHER));
        }
        work.retries.begin();
        work.watcher.restart(Instant::now());
        Ok(())
    }

    fn attempt(&self, work: &mut Work<'_>) -> Result<(), Failure> {
        work.progress = Progress::default();
        let op = &work.job.op;
        let upload = work.job.upload.as_deref().map(Payload::open).transpose()?;
        let plan = request::plan(op, work.url.clone(), upload)?;
        work.watcher.sends(plan.payload.length());
        let (client, route) = &self.clients.get(op, &work.url.origin())?;
        let mut transfer = Transfer {
            op,
            global: self.global,
            client,
            route,
            watcher: work.watcher,
            output: work.output,
            dump: work.dump.as_deref_mut(),
            retries: work.retries,
        };
        transfer.run(plan, &mut work.progress)
    }

    fn shows_progress(&self, job: &Job, output: &Output) -> bool {
        let heads = job.op.dump_header.as_deref() == Some(b"-") && io::stdout().is_terminal();
        let on_terminal = output.is_on_terminal() || heads;
        progress::is_wanted(self.global, io::stderr().is_terminal(), on_terminal)
    }

    fn remove(&self, output: &mut Output, name: Option<&str>) {
        if output.remove() && self.global.verbose {
            let name = name.unwrap_or_default();
            warn::write(format!("Note: Removed output file: {}\n", name).as_bytes());
        }
    }

    /// Tells how the transfer ended, and writes what `-w` and `--jsonl` ask for.
    fn end(&self, job: &Job, done: Done, result: Result<(), Failure>) -> Ended {
        let failure = result.err();
        let code = failure.as_ref().map_or(0, |failure| failure.code);
        if let Some(failure) = &failure {
            self.tell(failure);
            if failure.is_silent() {
                return Ended { code, stop: true };
            }
        }
        if job.op.write_out.is_none() && !self.global.jsonl {
            return Ended { code, stop: false };
        }
        match self.report(job, &done.report(job, failure)) {
            Ok(()) => Ended { code, stop: false },
            Err(error) => self.stop(&Failure::output(&error)),
        }
    }

    fn report(&self, job: &Job, report: &Report) -> io::Result<()> {
        if let Some(template) = &job.op.write_out {
            write_out::render(template, report).iter().try_for_each(|piece| piece.write())?;
        }
        if self.global.jsonl {
            let mut stdout = Stdout::new(false);
            stdout.write_whole(jsonl::line(report).as_bytes())?;
            stdout.flush()?;
        }
        Ok(())
    }

    fn tell(&self, failure: &Failure) {
        if self.global.tells_errors() && !failure.is_silent() {
            warn::complain(&format!("({}) {}", failure.code, failure.message));
        }
    }
}

impl Work<'_> {
    /// Is it to be tried again? The status decides, and where none came, the failure.
    fn verdict(&mut self, result: &Result<(), Failure>) -> Verdict {
        match (self.progress.verdict.take(), result) {
            (Some(verdict), _) => verdict,
            (None, Err(failure)) => self.retries.after_failure(failure, Instant::now()),
            (None, Ok(())) => Verdict::No,
        }
    }

    /// Makes the output as if nothing had been tried, if there is something to send again.
    fn restart(&mut self) -> Result<(), String> {
        if self.progress.spent.load(Ordering::Relaxed) {
            return Err(SPENT.to_owned());
        }
        self.output.restart().map_err(|bytes| {
            format!("No retry: {} bytes of the output are written and cannot be taken back.", bytes)
        })
    }
}

impl Job {
    /// The failure with where the URL is from.
    fn placed(&self, mut failure: Failure) -> Failure {
        if let Some(place) = &self.place {
            failure.message = format!("{}: {}", place, failure.message);
        }
        failure
    }

    /// Where `-D` writes: begun anew by the operation's first transfer.
    fn dump(&self) -> Result<Option<Dump>, Failure> {
        let Some(name) = &self.op.dump_header else { return Ok(None) };
        let mut begun = self.op.dump_begun.lock().unwrap_or_else(PoisonError::into_inner);
        let dump = Dump::open(name, *begun)?;
        *begun = true;
        Ok(Some(dump))
    }
}

impl Done {
    fn report(self, job: &Job, failure: Option<Failure>) -> Report {
        let asked = self.url.as_ref().map(Url::without_credentials);
        Report {
            url: String::from_utf8_lossy(&job.url.text).into_owned(),
            effective: self.progress.effective.or_else(|| self.record.effective.clone()).or(asked),
            parsed: self.url,
            redirect_url: self.progress.redirect_url,
            file: self.file,
            exit: failure.as_ref().map_or(0, |failure| failure.code),
            error: failure.map(|failure| failure.message).unwrap_or_default(),
            downloaded: self.progress.downloaded,
            total: self.record.began.elapsed(),
            number: job.number,
            transfer: job.transfer,
            retries: self.retries,
            record: self.record,
        }
    }
}

/// What a row of the progress calls the transfer.
fn name(output: &Output, url: &Url) -> String {
    match output.path() {
        Some(path) => path.to_string_lossy().into_owned(),
        None => format!("{}{}", url.host_str(), url.path()),
    }
}

const TOO_LATE: &str = "The Retry-After: time would make this command line exceed the maximum \
                        allowed time for retries.";
