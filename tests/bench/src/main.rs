//! Measures pannier beside its peers and beside a raw loop over `TcpStream`, in one run.
//!
//! Every client does the same work against a server that answers each request with fixed bytes; its time
//! is divided by that of the raw loop run directly before and after it. Only such ratios are shown, since
//! absolute times wander with the machine. It never asserts a time: counts (system calls, allocations,
//! instructions) are exact, and are what a test may rely on.

mod alloc;
mod answer;
mod buffer;
mod chunks;
mod clients;
mod content;
mod counts;
mod crowds;
mod frames;
mod heads;
mod installed;
mod many;
mod measure;
mod options;
mod pin;
mod pipelined;
mod report;
mod server;
mod size;
mod streams;
mod workloads;

use crate::options::{Command, Options};

/// Whatever ended a measurement: shown to a person and never matched on.
type Failure = Box<dyn std::error::Error + Send + Sync>;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

fn main() {
    let outcome = options::parse(std::env::args().skip(1)).and_then(run);
    if let Err(failure) = outcome {
        eprintln!("pannier-bench: {failure}");
        std::process::exit(1);
    }
}

fn run((command, options): (Command, Options)) -> Result<(), Failure> {
    match command {
        Command::Help => {
            print!("{}", options::HELP);
            Ok(())
        }
        Command::Table => {
            report::environment(&options);
            // The first, since the others keep this process on one core.
            many::table(&options)?;
            measure::table(&options)?;
            counts::table(&options)
        }
        Command::Times => measure::table(&options),
        Command::Counts => counts::table(&options),
        Command::Many => many::table(&options),
        Command::Size => size::table(&options),
        Command::One { client, workload, requests } => {
            measure::one(&client, &workload, requests, &options)
        }
        Command::Crowd { client, connections, requests } => {
            many::crowd(&client, connections, requests, &options)
        }
        Command::Server { reply } => server::serve(reply),
    }
}
