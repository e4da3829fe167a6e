//! How the end of a job is told: its failure, what `-w` asks for, and its line of JSON.

use std::io::{self, Write};
use std::sync::atomic::Ordering;

use pannier::http::Url;

use crate::address;
use crate::exit::{self, Failure};
use crate::head::Fields;
use crate::job::Session;
use crate::jobs::Job;
use crate::jsonl;
use crate::log::Part;
use crate::output::Stdout;
use crate::record::Record;
use crate::transfer::Progress;
use crate::warn;
use crate::write_out::{self, Report};

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// 0 if it succeeded.
    pub code: u8,
    /// No further job is to be begun.
    pub stop: bool,
}

/// What is known of a transfer when it is over.
pub struct Done {
    pub url: Option<Url>,
    pub file: Option<String>,
    pub record: Record,
    pub progress: Progress,
    pub retries: u64,
}

impl Session {
    /// What cannot be set up: nothing follows.
    pub fn stop(&self, failure: &Failure) -> Ended {
        self.tell(failure);
        Ended { code: failure.code, stop: true }
    }

    /// Tells how the transfer ended, and writes what `-w` and `--jsonl` ask for.
    pub fn end(&self, job: &Job, done: Done, result: Result<(), Failure>) -> Ended {
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
            write_out::write(&write_out::render(template, report))?;
        }
        if self.global.jsonl {
            let mut stdout = Stdout::new(false);
            stdout.write_whole(jsonl::line(report).as_bytes())?;
            stdout.flush()?;
        }
        Ok(())
    }

    pub fn tell(&self, failure: &Failure) {
        if failure.is_silent() {
            self.output_gone.store(true, Ordering::Relaxed);
        }
        let given_up = failure.code == exit::ABORTED && self.output_gone.load(Ordering::Relaxed);
        if failure.is_silent() || given_up {
            return;
        }
        if let Some(log) = &self.log {
            log.show(Part::Info(&failure.message));
        }
        if self.global.tells_errors() {
            warn::complain(&format!("({}) {}", failure.code, failure.message));
        }
    }
}

impl Done {
    fn report(self, job: &Job, failure: Option<Failure>) -> Report {
        let asked = self.url.as_ref().map(Url::without_credentials);
        let code = failure.as_ref().map_or(0, |failure| failure.code);
        let effective = self.progress.effective.or_else(|| self.record.effective.clone()).or(asked);
        let stays = !job.op.location || code == exit::TOO_MANY_REDIRECTS;
        let from = effective.as_ref().filter(|_| stays);
        Report {
            url: match &self.url {
                Some(url) if job.completes_url() => url.to_string(),
                _ => String::from_utf8_lossy(&job.url.text).into_owned(),
            },
            redirect_url: from.and_then(|from| redirect_url(&self.record, from)),
            effective,
            parsed: self.url,
            file: self.file,
            exit: code,
            error: failure.map(|failure| failure.message).unwrap_or_default(),
            downloaded: self.progress.downloaded,
            delivered: self.progress.delivered,
            total: self.record.began.elapsed(),
            number: job.number,
            transfer: job.transfer,
            retries: self.retries,
            record: self.record,
        }
    }
}

/// Where the last answer points from this URL: resolved, or as it stands if the program goes to no such
/// URLs.
fn redirect_url(record: &Record, from: &Url) -> Option<String> {
    let fields = Fields::of(&record.head);
    let is_redirect = (300..400).contains(&record.status);
    let location = fields.get("location").filter(|text| is_redirect && !text.is_empty())?;
    let text = address::text(location);
    Some(from.join_with(&text, address::leniency()).map_or(text, |url| url.to_string()))
}
