//! The whole run: what the command line asks for, one transfer after the other or side by side.
//!
//! The exit code is the last transfer's; side by side, that of the last one that failed.

use std::env;
use std::io::Write;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use crate::args::{Args, Global};
use crate::config_file;
use crate::ending::Ended;
use crate::exit;
use crate::help;
use crate::job::Session;
use crate::jobs::Jobs;
use crate::lab;
use crate::log::Log;
use crate::output::Stdout;
use crate::parallel;
use crate::pipeline;
use crate::usage::Usage;

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
    Stdout::hold();
    let global = args.global;
    let jobs = Jobs::new(global, args.operations);
    let log = Log::open(global, args.trace.as_deref());
    let session = Arc::new(Session::new(global, log, args.reports.journal()));
    let code = match global.parallel {
        true => parallel::run(session.clone(), jobs, global),
        false => one_by_one(&session, jobs, global),
    };
    session.board.close();
    match session.leave(&args.reports) {
        Ok(()) => code,
        Err(failure) => failure.code,
    }
}

fn one_by_one(session: &Session, mut jobs: Jobs, global: Global) -> u8 {
    let mut code = 0;
    let mut begun: Option<Instant> = None;
    let mut next = || {
        let job = jobs.next();
        if let (Some(begun), true) = (begun, job.is_some()) {
            thread::sleep(global.rate.saturating_sub(begun.elapsed()));
        }
        begun = Some(Instant::now());
        job
    };
    let mut told = |ended: Ended| {
        code = ended.code;
        !(ended.stop || global.fail_early && code != 0)
    };
    pipeline::run(session, global.pipeline, &mut next, &mut told);
    code
}

fn refuse(usage: &Usage) -> u8 {
    usage.tell();
    usage.code
}

fn print(text: &str) -> u8 {
    match Stdout::new(false).write_all(text.as_bytes()) {
        Ok(()) => 0,
        Err(_) => exit::WRITE_ERROR,
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
