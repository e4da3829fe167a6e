//! `pannier URL…`: the library made visible, with curl's option names, meanings and exit codes.

#![forbid(unsafe_code)]
#![deny(clippy::all)]
// The manifest's version is the library's; the program may use what came until Rust 1.75.
#![allow(clippy::incompatible_msrv)]

mod address;
mod args;
mod claims;
mod clients;
mod condition;
mod config_file;
mod connect;
mod cookies;
mod data;
mod dates;
mod disposition;
mod ending;
mod etag;
mod exit;
mod explain;
mod flags;
mod form;
mod glob;
mod har;
mod head;
mod help;
mod job;
mod jobs;
mod journal;
mod jsonl;
mod lab;
mod list;
mod log;
mod login;
mod operation;
mod output;
mod pace;
mod parallel;
mod patient;
mod pipeline;
mod progress;
mod protocols;
mod proxy;
mod record;
mod refused;
mod replace;
mod reports;
mod request;
mod resume;
mod retry;
mod run;
mod transfer;
mod usage;
mod values;
mod verbose;
mod warn;
mod watch;
mod waterfall;
mod write_out;

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(run::run())
}
