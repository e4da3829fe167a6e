//! nghttp2's load generator, a program of its own, if it is installed: what a client can do that keeps nothing of an answer.
//!
//! It measures itself, without the time that the program takes to start.

use super::{Client, Prepared, Session, Task};
use crate::installed;
use crate::workloads::Work;
use crate::Failure;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

pub struct H2load;

impl Client for H2load {
    fn name(&self) -> &'static str {
        "h2load"
    }

    fn prepare(&self, task: &Task) -> Option<Prepared> {
        let program = installed::find(PLACES)?;
        match task.work {
            Work::Streams { depth, .. } => Some(Ok(Box::new(Streams {
                program,
                url: task.url(),
                depth: depth.to_string(),
                took: Duration::ZERO,
            }))),
            _ => None,
        }
    }
}

struct Streams {
    program: &'static Path,
    url: String,
    depth: String,
    took: Duration,
}

impl Session for Streams {
    fn run(&mut self, requests: u32) -> Result<(), Failure> {
        let requests = requests.to_string();
        let mut command = Command::new(self.program);
        command.args(["-n", &requests, "-c", "1", "-t", "1", "-m", &self.depth, &self.url]);
        let output = command.output()?;
        let report = String::from_utf8_lossy(&output.stdout);
        // It ends well whatever the answers were.
        if !report.contains(&format!(" {requests} succeeded, 0 failed")) {
            return Err(format!("h2load did not succeed: {report}").into());
        }
        self.took = took(&report).ok_or("h2load does not say how long it took")?;
        Ok(())
    }

    fn reported(&self) -> Option<Duration> {
        Some(self.took)
    }
}

/// From the line that begins `finished in 1.23ms,`.
fn took(report: &str) -> Option<Duration> {
    let (_, rest) = report.split_once("finished in ")?;
    let (figure, _) = rest.split_once(',')?;
    let unit = figure.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = figure.split_at(unit);
    let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Some(Duration::from_secs_f64(number.parse::<f64>().ok()? * seconds))
}

const UNITS: &[(&str, f64)] = &[("us", 1e-6), ("ms", 1e-3), ("s", 1.0)];

const PLACES: &[&str] = &["/usr/bin/h2load", "/usr/local/bin/h2load", "/opt/homebrew/bin/h2load"];

#[cfg(test)]
mod tests {
    use super::took;
    use std::time::Duration;

    #[test]
    fn ok_the_time_is_read_from_the_report() {
        let table = [
            ("progress: 100% done\n\nfinished in 850us, 1 req/s\n", Some(850)),
            ("finished in 52.11ms, 19190.17 req/s, 2.75MB/s\n", Some(52_110)),
            ("finished in 1.50s, 1 req/s\n", Some(1_500_000)),
            ("finished in a while, 1 req/s\n", None),
            ("finished", None),
        ];
        for (report, expected) in table {
            assert_eq!(took(report), expected.map(Duration::from_micros), "{report}");
        }
    }
}
