//! The whole run: operations, their URLs, one transfer after the other.
//!
//! A transfer that fails does not stop the next one; the exit code is the last transfer's. What
//! cannot be set up at all stops everything, and so does an output that nobody reads any more.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::Instant;

use pannier::http::Url;

use crate::address;
use crate::args::{Args, Global};
use crate::clients::Clients;
use crate::config_file;
use crate::exit::{self, Failure};
use crate::glob::{Expansion, Glob};
use crate::help;
use crate::journal::Journal;
use crate::lab;
use crate::operation::{Operation, Slot};
use crate::output::{Dump, Output, Stdout};
use crate::progress::{self, Meter};
use crate::record::Record;
use crate::reports::Reports;
use crate::request::{self, Payload};
use crate::transfer::{Progress, Transfer};
use crate::usage::Usage;
use crate::verbose::Narrator;
use crate::warn::{self, warn};
use crate::watch::Watcher;
use crate::write_out::{self, Report};

/// Does what the command line says; the code to exit with.
pub fn run() -> u8 {
    let words: Vec<Vec<u8>> = env::args_os().skip(1).map(bytes).collect();
    match Args::parse(&words, config_file::default_path()) {
        Ok(args) => obey(args),
        Err(usage) => refuse(&usage),
    }
}

fn obey(args: Args) -> u8 {
    if let Some(category) = &args.help {
        return match help::help(category) {
            Ok(text) => print(&text),
            Err(sentence) => refuse(&Usage { message: sentence, code: exit::USAGE }),
        };
    }
    if args.version {
        return print(&help::version());
    }
    if args.lab.run {
        return lab::run(&args.lab, &args.reports);
    }
    let mut run = Run {
        global: args.global,
        clients: Clients::default(),
        journal: args.reports.journal(),
        transfers: 0,
        code: 0,
    };
    for operation in args.operations {
        if let Err(Stop) = run.operation(operation) {
            break;
        }
    }
    run.report(&args.reports);
    run.code
}

fn refuse(usage: &Usage) -> u8 {
    warn::complain(&usage.message);
    warn::complain("try 'pannier --help' for more information");
    usage.code
}

fn print(text: &str) -> u8 {
    match Stdout::new(false).write_all(text.as_bytes()) {
        Ok(()) => 0,
        Err(_) => exit::WRITE_ERROR,
    }
}

/// No further transfer.
struct Stop;

struct Run {
    global: Global,
    clients: Clients,
    /// What happened, if somebody wants to know afterwards.
    journal: Option<Journal>,
    /// How many transfers there were.
    transfers: u64,
    /// How the last one ended.
    code: u8,
}

/// One transfer of an operation.
struct Job<'a> {
    op: &'a Operation,
    slot: &'a Slot,
    url: &'a Expansion,
    upload: Option<&'a [u8]>,
    /// Which of the operation's transfers it is.
    number: u64,
}

/// What is known of a transfer when it is over.
struct Done {
    url: Option<Url>,
    file: Option<String>,
    record: Record,
    progress: Progress,
}

impl Done {
    fn new(record: Record) -> Done {
        Done { url: None, file: None, record, progress: Progress::default() }
    }

    fn report(self, job: &Job<'_>, number: u64, failure: Option<Failure>) -> Report {
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
            transfer: number,
            record: self.record,
        }
    }
}

impl Run {
    fn operation(&mut self, mut op: Operation) -> Result<(), Stop> {
        let ready = consistent(&op, self.global).and_then(|()| request::complete_user(&mut op));
        if let Err(failure) = ready {
            return self.stop(failure);
        }
        let mut number = 0;
        for slot in &op.slots {
            if let Some(url) = &slot.url {
                self.slot(&op, slot, url, &mut number)?;
            }
        }
        if op.slots.iter().any(|slot| slot.url.is_none()) {
            warn(self.global, "Got more output options than URLs");
        }
        Ok(())
    }

    /// Every file to upload to every URL.
    fn slot(
        &mut self,
        op: &Operation,
        slot: &Slot,
        url: &[u8],
        number: &mut u64,
    ) -> Result<(), Stop> {
        let urls = match glob(op, url) {
            Ok(urls) => urls,
            Err(failure) => return self.stop(failure),
        };
        let uploads = match slot.upload.as_ref().map(|name| glob(op, name)).transpose() {
            Ok(uploads) => uploads,
            Err(failure) => return self.stop(failure),
        };
        for upload in 0..uploads.as_ref().map_or(1, Glob::count) {
            let upload = uploads.as_ref().map(|uploads| uploads.nth(upload).text);
            for index in 0..urls.count() {
                let url = &urls.nth(index);
                let upload = upload.as_deref();
                self.job(&Job { op, slot, url, upload, number: *number })?;
                *number += 1;
            }
        }
        Ok(())
    }

    fn job(&mut self, job: &Job<'_>) -> Result<(), Stop> {
        let op = job.op;
        let mut done = Done::new(Record::new(Instant::now(), false));
        let url = match address::url(op, &job.url.text, job.upload) {
            Ok(url) => url,
            Err(failure) => return self.end(job, done, Err(failure)),
        };
        let output = Output::new(op, job.slot.output.as_ref(), &url, &job.url.matches);
        let dump = op.dump_header.as_ref().map(|name| Dump::open(name, job.number > 0)).transpose();
        let (mut output, mut dump) = match output.and_then(|output| Ok((output, dump?))) {
            Ok(opened) => opened,
            Err(failure) => return self.stop(failure),
        };
        let keeps_heads = op.show_headers || dump.is_some();
        let narrator = self.global.verbose.then(|| Narrator::new(url.host_str().to_owned()));
        let watcher = Watcher::new(Record::new(done.record.began, keeps_heads), narrator);
        let result =
            self.transfer(job, &url, &watcher, &mut output, dump.as_mut(), &mut done.progress);
        watcher.end();
        self.enter(&watcher, result.as_ref().err());
        done.record = watcher.record();
        done.url = Some(url);
        done.file = output.path().map(|path| path.to_string_lossy().into_owned());
        self.end(job, done, result)
    }

    fn transfer(
        &mut self,
        job: &Job<'_>,
        url: &Url,
        watcher: &Arc<Watcher>,
        output: &mut Output,
        dump: Option<&mut Dump>,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let upload = job.upload.map(Payload::open).transpose()?;
        let plan = request::plan(job.op, url.clone(), upload)?;
        if self.shows_progress(job.op, output) {
            watcher.measure(Meter::new(watcher.record().began, plan.payload.length()));
        }
        let (client, number, route) = &self.clients.get(job.op, &url.origin())?;
        if let Some(journal) = &self.journal {
            let post = plan.payload.in_memory();
            watcher.follow(journal.trace(*number, &plan.method, url, post));
        }
        Transfer { op: job.op, client, route, watcher, output, dump }.run(plan, progress)
    }

    /// Keeps what the transfer's exchanges were. A status that `-f` does not want is none of theirs.
    fn enter(&self, watcher: &Watcher, failure: Option<&Failure>) {
        let failure = failure.filter(|failure| failure.code != exit::HTTP_ERROR);
        if let Some(journal) = &self.journal {
            journal.enter(watcher.exchanges(failure.map(|failure| failure.message.as_str())));
        }
    }

    /// Writes what is wanted about the run as a whole, however it ended.
    fn report(&mut self, reports: &Reports) {
        let Some(journal) = self.journal.take() else { return };
        if let Err(failure) = reports.write(journal) {
            let _ = self.stop(failure);
        }
    }

    fn shows_progress(&self, op: &Operation, output: &Output) -> bool {
        let to_stdout = output.path().is_none() || op.dump_header.as_deref() == Some(b"-");
        let on_terminal = to_stdout && io::stdout().is_terminal();
        progress::is_wanted(self.global, io::stderr().is_terminal(), on_terminal)
    }

    /// Tells how the transfer ended, and writes what `-w` asks for.
    fn end(&mut self, job: &Job<'_>, done: Done, result: Result<(), Failure>) -> Result<(), Stop> {
        let number = self.transfers;
        self.transfers += 1;
        let failure = result.err();
        self.code = failure.as_ref().map_or(0, |failure| failure.code);
        if let Some(failure) = &failure {
            self.tell(failure);
            if failure.is_silent() {
                return Err(Stop);
            }
        }
        let Some(template) = &job.op.write_out else { return Ok(()) };
        let report = done.report(job, number, failure);
        for piece in write_out::render(template, &report) {
            if let Err(error) = piece.write() {
                return self.stop(Failure::output(&error));
            }
        }
        Ok(())
    }

    fn stop(&mut self, failure: Failure) -> Result<(), Stop> {
        self.tell(&failure);
        self.code = failure.code;
        Err(Stop)
    }

    fn tell(&self, failure: &Failure) {
        if self.global.tells_errors() && !failure.is_silent() {
            warn::complain(&format!("({}) {}", failure.code, failure.message));
        }
    }
}

/// Options that exclude each other, or nothing to do.
fn consistent(op: &Operation, global: Global) -> Result<(), Failure> {
    if op.slots.iter().all(|slot| slot.url.is_none()) {
        let message = "no URL specified; try 'pannier --help' for more information";
        return Err(Failure::new(exit::USAGE, message));
    }
    let asked = [
        (op.slots.iter().any(|slot| slot.upload.is_some()), "PUT (-T, --upload-file)"),
        (op.data.is_some() && !op.get, "POST (-d, --data)"),
        (op.head, "HEAD (-I, --head)"),
    ];
    let asked: Vec<&str> =
        asked.iter().filter(|(asked, _)| *asked).map(|(_, name)| *name).collect();
    if let [first, second, ..] = asked[..] {
        let text = format!(
            "You can only select one HTTP request method! You asked for both {} and {}.",
            first, second
        );
        warn(global, &text);
        return Err(Failure::new(exit::USAGE, ""));
    }
    Ok(())
}

fn glob(op: &Operation, text: &[u8]) -> Result<Glob, Failure> {
    match op.globoff {
        true => Ok(Glob::literal(text)),
        false => Glob::parse(text).map_err(|error| Failure::new(exit::BAD_URL, error.show(text))),
    }
}

#[cfg(unix)]
fn bytes(word: std::ffi::OsString) -> Vec<u8> {
    use std::os::unix::ffi::OsStringExt;
    word.into_vec()
}

#[cfg(not(unix))]
fn bytes(word: std::ffi::OsString) -> Vec<u8> {
    word.to_string_lossy().into_owned().into_bytes()
}
