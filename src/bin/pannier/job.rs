//! One job from beginning to end: its output opened, tried as often as is asked for, and told of.
//!
//! A transfer that fails does not stop the next one. What cannot be set up at all stops everything,
//! and so does an output that nobody reads any more.

use std::io::{self, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use pannier::http::Url;
use pannier::{Client, RequestBuilder, Response};

use crate::address;
use crate::args::Global;
use crate::clients::Clients;
use crate::connect::Route;
use crate::data;
use crate::ending::{Done, Ended};
use crate::exit::{self, Failure};
use crate::jobs::Job;
use crate::journal::Journal;
use crate::log::Log;
use crate::output::{Dump, Output};
use crate::progress::{self, screen, Board, Departure};
use crate::record::Record;
use crate::reports::Reports;
use crate::request::{self, Payload};
use crate::resume::Start;
use crate::retry::{Again, Retries, Verdict};
use crate::transfer::{self, Asked, Progress, Transfer, SPENT};
use crate::verbose::Narrator;
use crate::warn::{self, warn};
use crate::watch::Watcher;

/// What all jobs of a run share.
pub struct Session {
    pub global: Global,
    clients: Clients,
    pub board: Arc<Board>,
    pub log: Option<Arc<Log>>,
    /// What happened, if somebody wants to know afterwards.
    journal: Option<Journal>,
    /// Whoever read standard output has gone, and nobody wants to hear what is given up for it.
    pub output_gone: AtomicBool,
}

/// A job under way.
pub struct Work {
    job: Job,
    url: Url,
    watcher: Arc<Watcher>,
    output: Output,
    dump: Option<Dump>,
    retries: Retries,
    progress: Progress,
    /// Where the try under way goes on.
    start: Start,
    /// Its number on the board.
    flight: u64,
}

/// How far the beginning of a job came.
pub enum Begun {
    /// Its first request can be sent.
    Ready(Box<Work>, Box<Attempt>),
    /// Its first request cannot be made.
    Unready(Box<Work>, Failure),
    /// There is a file already where its content would go.
    Skipped,
    /// It needs what it cannot have; `stop` if nothing that follows can be begun either.
    Refused { job: Job, failure: Failure, stop: bool },
    /// There is none any more, for this reason.
    Failed(Failure),
}

/// A request for one client.
pub struct Attempt {
    pub request: RequestBuilder,
    pub client: Client,
    /// Which client it is.
    pub number: usize,
    pub sent: Sent,
}

/// What is known of a request when it has been sent.
pub struct Sent {
    asked: Asked,
    route: Route,
}

/// What came of a request.
pub type Answer = (Sent, pannier::Result<Response>);

impl Session {
    pub fn new(global: Global, log: Option<Log>, journal: Option<Journal>) -> Session {
        let (board, log) = (Board::new(global), log.map(Arc::new));
        let output_gone = AtomicBool::new(false);
        Session { global, clients: Clients::new(global), board, log, journal, output_gone }
    }

    /// Opens what the job needs, and makes its first request.
    pub fn begin(&self, job: Result<Job, Failure>) -> Begun {
        let job = match job {
            Ok(job) => job,
            Err(failure) => return Begun::Failed(failure),
        };
        let url = match address::url(&job.op, &job.url.text, job.upload.as_deref()) {
            Ok(url) => url,
            Err(failure) => return Begun::Refused { job, failure, stop: false },
        };
        let output = job.output(self.global, &url);
        if output.as_ref().is_ok_and(|output| self.skips(&job, output)) {
            return Begun::Skipped;
        }
        let (output, dump) = match output.and_then(|output| Ok((output, job.dump()?))) {
            Ok(opened) => opened,
            // A line of a list is no reason not to go on with the next one.
            Err(failure) => {
                let stop = job.place.is_none();
                return Begun::Refused { job, failure, stop };
            }
        };
        self.clients.cookies.begin(&job.op.cookies, &url, self.global);
        let mut work = Box::new(self.work(job, url, output, dump));
        match self.prepare(&mut work) {
            Ok(attempt) => Begun::Ready(work, Box::new(attempt)),
            Err(failure) => Begun::Unready(work, failure),
        }
    }

    /// Does the rest of a job.
    pub fn go_on(&self, begun: Begun) -> Ended {
        match begun {
            Begun::Ready(work, attempt) => {
                self.finish(*work, Ok((attempt.sent, attempt.request.send())))
            }
            Begun::Unready(work, failure) => self.finish(*work, Err(failure)),
            Begun::Skipped => Ended { code: 0, stop: false },
            Begun::Refused { job, failure, stop } => self.refuse(&job, failure, stop),
            Begun::Failed(failure) => self.stop(&failure),
        }
    }

    /// Does the rest of a job whose first request was sent, or could not be made.
    pub fn finish(&self, mut work: Work, first: Result<Answer, Failure>) -> Ended {
        let result = self.tries(&mut work, first);
        let Work { job, url, watcher, mut output, retries, progress, flight, .. } = work;
        let result = match output.flush() {
            Err(failure) if result.is_ok() || failure.is_silent() => Err(failure),
            _ => result,
        };
        self.board.arrive(flight, result.is_err());
        let file = output.path().map(|path| path.to_string_lossy().into_owned());
        if result.is_err() && job.op.remove_on_error {
            self.remove(&mut output, file.as_deref());
        }
        let (record, retries) = (watcher.record(), retries.done());
        let done = Done { url: Some(url), file, record, progress, retries };
        self.end(&job, done, result)
    }

    fn refuse(&self, job: &Job, mut failure: Failure, stop: bool) -> Ended {
        if let Some(place) = &job.place {
            failure.message = format!("{}: {}", place, failure.message);
        }
        if stop {
            return self.stop(&failure);
        }
        let (record, progress) = (Record::new(Instant::now(), false), Progress::default());
        let done = Done { url: None, file: None, record, progress, retries: 0 };
        self.end(job, done, Err(failure))
    }

    /// The job as it goes on the board.
    fn work(&self, job: Job, url: Url, output: Output, dump: Option<Dump>) -> Work {
        let log = self.log.clone();
        let narrator = log.map(|log| Narrator::new(log, url.host_str().to_owned()));
        let keeps_heads = job.op.show_headers || dump.is_some() || job.op.remote_header_name;
        let start = Start::first(&job.op, &output, job.upload.is_some());
        let record = Record::new(Instant::now(), keeps_heads);
        let record = record.suppress_tunnels(job.op.proxy.suppress_heads);
        let watcher = Watcher::new(record, narrator);
        let flight = self.board.depart(Departure {
            name: name(&output, &url),
            watcher: watcher.clone(),
            shown: self.shows_progress(&job, &output),
            slowness: job.op.slowness(),
        });
        let retries = Retries::new(job.op.retry, Instant::now());
        let progress = Progress::default();
        Work { job, url, watcher, output, dump, retries, progress, start, flight }
    }

    /// Tries until it succeeds, or is not to be tried again.
    fn tries(&self, work: &mut Work, first: Result<Answer, Failure>) -> Result<(), Failure> {
        let mut answer = first;
        loop {
            let result = answer.and_then(|answer| self.receive(work, answer));
            self.enter(&work.watcher, result.as_ref().err());
            let again = match work.verdict(&result) {
                Verdict::Yes(again) => again,
                Verdict::No => return result,
                Verdict::TooLate => {
                    warn(self.global, TOO_LATE);
                    return result;
                }
            };
            if let Err(hindrance) = self.restart(work, &result) {
                warn(self.global, &hindrance);
                return result;
            }
            if let Err(failure) = &result {
                self.tell(failure);
            }
            self.wait(work, &again)?;
            let attempt = self.prepare(work);
            answer = attempt.map(|attempt| (attempt.sent, attempt.request.send()));
        }
    }

    /// Makes the output ready for another try: with what the last one has got, or without.
    fn restart(&self, work: &mut Work, result: &Result<(), Failure>) -> Result<(), String> {
        let is_output_sound = result.as_ref().err().map_or(true, |failure| !failure.is_local());
        let downloaded = work.progress.delivered;
        let next = work.start.next(&work.job.op, &work.watcher.record(), downloaded);
        match next.filter(|_| downloaded > 0 && is_output_sound) {
            Some(next) if work.output.keep() => {
                if self.global.is_verbose() {
                    warn::write(format!("Note: Keeping {} bytes\n", downloaded).as_bytes());
                }
                work.start = next;
                Ok(())
            }
            _ => work.restart(),
        }
    }

    fn wait(&self, work: &mut Work, again: &Again) -> Result<(), Failure> {
        warn(self.global, &again.warning);
        if !self.board.rest(again.wait) {
            return Err(Failure::new(exit::ABORTED, exit::ABORTED_WITH_ANOTHER));
        }
        work.retries.begin();
        work.watcher.restart(Instant::now());
        Ok(())
    }

    /// The next request of the job.
    fn prepare(&self, work: &mut Work) -> Result<Attempt, Failure> {
        work.progress = Progress::default();
        work.output.mark();
        let op = &work.job.op;
        let upload = work.job.upload.as_deref().map(Payload::open).transpose()?;
        if upload.is_none() && work.start.at > 0 {
            work.output.append();
        }
        let (client, number, route) = self.clients.get(op, &work.url)?;
        let to_proxy = route.forwards(&work.url);
        let plan = request::plan(op, work.url.clone(), upload, &work.start, to_proxy)?;
        work.watcher.sends(&plan.method, plan.payload.length());
        work.watcher.begins_at(work.start.at);
        work.watcher.goes_by(route.proxy()?, &work.url);
        if let Some(journal) = &self.journal {
            let post = plan.payload.in_memory();
            work.watcher.follow(journal.trace(number, &plan.method, &work.url, post));
        }
        let (watcher, spent) = (&work.watcher, &work.progress.spent);
        let (request, asked) = transfer::request(op, self.global, &client, watcher, plan, spent)?;
        Ok(Attempt { request, client, number, sent: Sent { asked, route } })
    }

    fn receive(&self, work: &mut Work, (sent, response): Answer) -> Result<(), Failure> {
        let mut transfer = Transfer {
            op: &work.job.op,
            global: self.global,
            route: &sent.route,
            watcher: &work.watcher,
            output: &mut work.output,
            dump: work.dump.as_mut(),
            retries: &mut work.retries,
            start: &mut work.start,
        };
        transfer.receive(&sent.asked, response, &mut work.progress)
    }

    /// Keeps what an attempt's exchanges were. A status that `-f` does not want is none of their
    /// failures.
    fn enter(&self, watcher: &Watcher, failure: Option<&Failure>) {
        let failure = failure.filter(|failure| failure.code != exit::HTTP_ERROR);
        if let Some(journal) = &self.journal {
            journal.enter(watcher.exchanges(failure.map(|failure| failure.message.as_str())));
        }
    }

    /// Writes what is wanted about the run as a whole, however it ended.
    pub fn leave(&self, reports: &Reports) -> Result<(), Failure> {
        self.clients.cookies.save(self.global);
        let Some(journal) = &self.journal else { return Ok(()) };
        let written = reports.write(journal);
        if let Err(failure) = &written {
            self.tell(failure);
        }
        written
    }

    /// `--skip-existing`.
    fn skips(&self, job: &Job, output: &Output) -> bool {
        let path = output.path().filter(|path| job.op.skip_existing && path.exists());
        if let (Some(path), true) = (path, self.global.is_verbose()) {
            let name = path.display();
            warn::write(format!("Note: skips transfer, \"{}\" exists locally\n", name).as_bytes());
        }
        path.is_some()
    }

    fn shows_progress(&self, job: &Job, output: &Output) -> bool {
        let heads = job.op.dump_header.as_deref() == Some(b"-") && io::stdout().is_terminal();
        let on_terminal = output.is_on_terminal() || heads;
        progress::is_wanted(self.global, screen::is_terminal(), on_terminal)
    }

    fn remove(&self, output: &mut Output, name: Option<&str>) {
        if output.remove() && self.global.is_verbose() {
            let name = name.unwrap_or_default();
            warn::write(format!("Note: Removed output file: {}\n", name).as_bytes());
        }
    }
}

impl Work {
    /// Whether an answer is due now, or to others first.
    pub fn wait_in_line(&self, others_first: bool) {
        self.watcher.wait_in_line(others_first);
    }

    /// Is it to be tried again? The status decides, and where none came, the failure.
    fn verdict(&mut self, result: &Result<(), Failure>) -> Verdict {
        match (&self.progress.verdict, result) {
            (_, Err(failure)) if failure.is_local() => Verdict::No,
            (Some(verdict), _) => verdict.clone(),
            (None, Err(failure)) => self.retries.after_failure(failure, Instant::now()),
            (None, Ok(())) => Verdict::No,
        }
    }

    /// Makes the output ready for another try, if there is something to send again. Heads stay, as
    /// those of redirects do, unless content has followed them.
    fn restart(&mut self) -> Result<(), String> {
        if self.progress.spent.load(Ordering::Relaxed) {
            return Err(SPENT.to_owned());
        }
        let cleared = match (self.progress.delivered, &self.progress.verdict) {
            (0, _) => true,
            // As curl does: a response that came whole has been shown.
            (_, Some(_)) => self.output.clear(),
            (_, None) => self.output.take_back(),
        };
        match cleared {
            true => Ok(()),
            false => Err(format!(
                "No retry: {} bytes of the output are written and cannot be taken back.",
                self.progress.delivered
            )),
        }
    }
}

impl Job {
    /// Where the content goes. A name that `-T` adds to the URL is none for `-O`, which would write
    /// over what is sent.
    fn output(&self, global: Global, url: &Url) -> Result<Output, Failure> {
        let given = match self.upload {
            Some(_) => Some(address::url(&self.op, &self.url.text, None)?),
            None => None,
        };
        let (out, url) = (self.output.as_ref(), given.as_ref().unwrap_or(url));
        Output::new(&self.op, global, out, url, &self.url.matches)
    }

    /// Where `-D` writes: begun anew by the operation's first transfer.
    fn dump(&self) -> Result<Option<Dump>, Failure> {
        let Some(name) = &self.op.dump_header else { return Ok(None) };
        self.op.make_dirs(&data::path(name)).map_err(|error| Failure::output(&error))?;
        let mut begun = self.op.dump_begun.lock().unwrap_or_else(PoisonError::into_inner);
        let dump = Dump::open(name, *begun)?;
        *begun = true;
        Ok(Some(dump))
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
