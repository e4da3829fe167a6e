//! `--lab`: what connections cost, shown with an origin in this very program.
//!
//! The origin is on loopback and seems to be far away. A page and its objects are fetched by each
//! strategy through the library's public API; a line for each connection shows what it did when, and
//! a table tells the difference. The origin counts connections, the client times, and a calculation
//! of its own says what would be possible.

mod ideal;
mod lanes;
mod origin;
mod path;
mod strategies;
mod table;

use std::io::{self, Write};
use std::time::Duration;

use pannier::http::Url;

use self::ideal::Task;
use self::origin::Origin;
use self::path::Path;
use self::strategies::{Strategy, Visit, STRATEGIES};
use crate::exit::{self, Failure};
use crate::journal::{Clock, Exchange};
use crate::output::Stdout;
use crate::reports::Reports;
use crate::usage::Problem;
use crate::warn;
use crate::waterfall::terminal::Look;

/// What the laboratory is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    pub run: bool,
    objects: u64,
    path: Path,
}

impl Default for Options {
    /// A page like many, an origin on the same continent, a line like many homes'.
    fn default() -> Options {
        let path = Path { round_trip: Duration::from_millis(40), bandwidth: 50_000_000 };
        Options { run: false, objects: 24, path }
    }
}

impl Options {
    /// `--lab-objects`.
    pub fn set_objects(&mut self, objects: u64) -> Result<(), Problem> {
        self.objects = objects;
        within(objects <= MOST_OBJECTS, "is at most 1000")
    }

    /// `--lab-rtt`.
    pub fn set_round_trip(&mut self, round_trip: Duration) -> Result<(), Problem> {
        self.path.round_trip = round_trip;
        within(round_trip <= LONGEST_ROUND_TRIP, "is at most 10s")
    }

    /// `--lab-bandwidth`.
    pub fn set_bandwidth(&mut self, bandwidth: u64) -> Result<(), Problem> {
        self.path.bandwidth = bandwidth;
        within(bandwidth >= LEAST_BANDWIDTH, "is at least 10k")
    }

    /// Bytes of content of the page and its objects.
    fn content(&self) -> u64 {
        (0..=self.objects).map(origin::size).sum()
    }

    fn task(&self) -> Task {
        Task { path: self.path, objects: self.objects }
    }
}

fn within(is_within: bool, bound: &str) -> Result<(), Problem> {
    match is_within {
        true => Ok(()),
        false => Err(Problem::Wrong(bound.to_owned())),
    }
}

/// What a strategy took.
#[derive(Debug)]
pub struct Measured {
    pub time: Duration,
    /// What the model allows at least.
    pub ideal: Duration,
    /// Connections that the origin accepted, and how many were open at once.
    pub connections: u64,
    pub most_open: u64,
    /// Bytes that crossed, in both directions.
    pub crossed: u64,
    pub exchanges: Vec<Exchange>,
    clock: Clock,
}

/// Fetches the page by every strategy, shows each as it is done, and prints the table; the code to
/// exit with.
pub fn run(options: &Options, reports: &Reports) -> u8 {
    match compare(options, reports) {
        Ok(()) => 0,
        Err(failure) => {
            if !failure.is_silent() {
                warn::complain(&failure.message);
            }
            failure.code
        }
    }
}

fn compare(options: &Options, reports: &Reports) -> Result<(), Failure> {
    let mut stdout = Stdout::new(false);
    let look = Look::of_stdout();
    print(&mut stdout, &table::introduction(options))?;
    print(&mut stdout, &lanes::legend(look))?;
    let mut rows = Vec::new();
    for strategy in STRATEGIES {
        let measured = measure(strategy, options)?;
        rows.push((strategy, measured));
        print(&mut stdout, &lanes::block(&rows, look))?;
    }
    print(&mut stdout, &table::table(options, &rows))?;
    let parts = rows.into_iter().map(|(strategy, row)| (strategy.name, row.clock, row.exchanges));
    reports.write_parts(parts.collect())
}

fn print(stdout: &mut Stdout, text: &str) -> Result<(), Failure> {
    stdout.write_all(text.as_bytes()).map_err(|error| Failure::output(&error))
}

fn measure(strategy: &Strategy, options: &Options) -> Result<Measured, Failure> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::new(exit::LAB_FAILED, format!("--lab {}: {}", strategy.name, why))
    };
    let origin = Origin::start(options.path).map_err(|error: io::Error| failed(&error))?;
    let page = Url::parse(&origin.url()).map_err(|error| failed(&error))?;
    let visit = Visit::new(page, options.path, options.objects);
    let before = std::time::Instant::now();
    (strategy.fetch)(&visit).map_err(|error| failed(&error))?;
    let time = before.elapsed();
    let (clock, seen) = visit.into_seen();
    if seen.bytes != options.content() {
        return Err(failed(&format_args!("{} bytes came", seen.bytes)));
    }
    Ok(Measured {
        time,
        ideal: (strategy.ideal)(&options.task()),
        connections: origin.accepted(),
        most_open: origin.most_open(),
        crossed: origin.crossed(),
        exchanges: seen.exchanges,
        clock,
    })
}

/// More would take long and show nothing new.
const MOST_OBJECTS: u64 = 1000;
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(10);
const LEAST_BANDWIDTH: u64 = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_every_strategy_fetches_the_same_page() {
        let path = Path { round_trip: Duration::ZERO, bandwidth: 1_000_000_000 };
        let options = Options { objects: 5, path, ..Options::default() };
        for strategy in STRATEGIES {
            let measured =
                measure(strategy, &options).unwrap_or_else(|failure| panic!("{}", failure.message));
            assert_eq!(measured.exchanges.len(), 6, "{}", strategy.name);
            assert!(measured.exchanges.iter().all(|exchange| exchange.complete));
            let content = options.content();
            let crossed = content..content + 6 * 400;
            assert!(crossed.contains(&measured.crossed), "{}: {:?}", strategy.name, measured);
            assert!(measured.most_open <= measured.connections);
            let (least, most) = match strategy.name {
                "serial" => ((6, 1), (6, 1)),
                "parallel" => ((6, 1), (6, 6)),
                "parallel + persistent" => ((1, 1), (6, 6)),
                _ => ((1, 1), (1, 1)),
            };
            let found = (measured.connections, measured.most_open);
            assert!(found >= least && found <= most, "{}: {:?}", strategy.name, found);
        }
    }

    #[test]
    fn err_settings_that_would_never_end() {
        let mut options = Options::default();
        assert!(options.set_objects(1001).is_err());
        assert!(options.set_round_trip(Duration::from_secs(11)).is_err());
        assert!(options.set_bandwidth(0).is_err());
    }
}
