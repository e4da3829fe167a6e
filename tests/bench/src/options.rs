//! The command line: one command, then options in any order.

use crate::pin::Pin;
use crate::server::Reply;
use crate::Failure;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub const HELP: &str = "\
pannier-bench COMMAND [OPTION…]

  table                      many, times and counts: the tables of the README
  times                      wall time of every client over the raw loop's
  counts                     system calls, allocations and instructions a request
  many                       32 and 256 requests at once: time, memory, what a batch adds, cancel;
                             100 streams at once: time
  size                       CPU seconds, crates and bytes of a program that gets and prints
  one CLIENT WORKLOAD N      N requests of one client, for a profiler
  crowd CLIENT CONNECTIONS N N requests at once to --server; prints the peak of its memory in KiB
  server REPLY               the server alone: small, fields:60, close, sized:N, chunked:N:SIZE, sink,
                             coded:KIND, pipelined:MS, delay:MS, silence; over HTTP/2 h2, h2-delay:MS,
                             h2-sized:N

  --clients A,B  --workloads A,B   only these
  --rounds N                 turns of each client (7)
  --millis N                 length of a turn (50)
  --requests N               requests counted (400)
  --pin same|split|none      server and client on one core (default), on two, or anywhere
  --timeouts                 the peers get a deadline of 30 s too; pannier always has one
  --dir PATH                 where files are written (/dev/shm, else the temporary folder)
  --server ADDRESS           `one` uses this running server instead of starting its own
  --allocations              `one` prints how often it allocated
  --check                    fail if a count of pannier's is above its limit
  --json                     a JSON object a line instead of the tables
";

pub enum Command {
    Help,
    Table,
    Times,
    Counts,
    Many,
    Size,
    One { client: String, workload: String, requests: u32 },
    Crowd { client: String, connections: usize, requests: u32 },
    Server { reply: Reply },
}

pub struct Options {
    pub clients: Vec<String>,
    pub workloads: Vec<String>,
    pub rounds: u32,
    pub millis: u64,
    pub requests: u32,
    pub pin: Pin,
    pub deadline_for_peers: bool,
    pub dir: PathBuf,
    pub server: Option<SocketAddr>,
    pub allocations: bool,
    pub check: bool,
    pub json: bool,
}

impl Options {
    fn new() -> Options {
        let memory = Path::new("/dev/shm");
        Options {
            clients: Vec::new(),
            workloads: Vec::new(),
            rounds: 7,
            millis: 50,
            requests: 400,
            pin: Pin::Same,
            deadline_for_peers: false,
            dir: if memory.is_dir() { memory.into() } else { std::env::temp_dir() },
            server: None,
            allocations: false,
            check: false,
            json: false,
        }
    }

    /// Whether the command line leaves this client in.
    pub fn wants_client(&self, name: &str) -> bool {
        self.clients.is_empty() || self.clients.iter().any(|wanted| wanted == name)
    }

    /// Whether the command line leaves this workload in.
    pub fn wants_workload(&self, name: &str) -> bool {
        self.workloads.is_empty() || self.workloads.iter().any(|wanted| wanted == name)
    }

    fn set(
        &mut self,
        option: &str,
        arguments: &mut dyn Iterator<Item = String>,
    ) -> Result<(), Failure> {
        let mut value = || arguments.next().ok_or_else(|| format!("{option} needs a value"));
        match option {
            "--clients" => self.clients = value()?.split(',').map(str::to_owned).collect(),
            "--workloads" => self.workloads = value()?.split(',').map(str::to_owned).collect(),
            "--rounds" => self.rounds = value()?.parse()?,
            "--millis" => self.millis = value()?.parse()?,
            "--requests" => self.requests = value()?.parse()?,
            "--pin" => self.pin = value()?.parse()?,
            "--timeouts" => self.deadline_for_peers = true,
            "--dir" => self.dir = value()?.into(),
            "--server" => self.server = Some(value()?.parse()?),
            "--allocations" => self.allocations = true,
            "--check" => self.check = true,
            "--json" => self.json = true,
            _ => return Err(format!("{option} is not known; try `help`").into()),
        }
        Ok(())
    }
}

/// Splits the arguments into the command and its options.
pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<(Command, Options), Failure> {
    let name = arguments.next().unwrap_or_else(|| "help".to_owned());
    let mut options = Options::new();
    let mut words = Vec::new();
    while let Some(argument) = arguments.next() {
        if argument.starts_with("--") {
            options.set(&argument, &mut arguments)?;
        } else {
            words.push(argument);
        }
    }
    let command = match (name.as_str(), words.as_slice()) {
        ("help" | "--help" | "-h", []) => Command::Help,
        ("table", []) => Command::Table,
        ("times", []) => Command::Times,
        ("counts", []) => Command::Counts,
        ("many", []) => Command::Many,
        ("size", []) => Command::Size,
        ("one", [client, workload, requests]) => Command::One {
            client: client.clone(),
            workload: workload.clone(),
            requests: requests.parse()?,
        },
        ("crowd", [client, connections, requests]) => Command::Crowd {
            client: client.clone(),
            connections: connections.parse()?,
            requests: requests.parse()?,
        },
        ("server", [reply]) => Command::Server { reply: reply.parse()? },
        _ => {
            return Err(format!(
                "`{name}` with {} arguments is no command; try `help`",
                words.len()
            )
            .into())
        }
    };
    if options.rounds == 0 || options.requests == 0 {
        return Err("--rounds and --requests start at 1".into());
    }
    Ok((command, options))
}
