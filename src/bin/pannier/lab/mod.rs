//! `--lab`: what connections cost, shown with an origin in this very program.
//!
//! The origin is on loopback and pretends to be a round trip away. A page and its objects are
//! fetched by each strategy through the library's public API, and a table tells the difference.

mod origin;
mod strategies;

use std::io::Write;
use std::time::Duration;

use self::origin::Origin;
use self::strategies::{Strategy, STRATEGIES};
use crate::exit;
use crate::output::Stdout;
use crate::warn;

/// What the laboratory is set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    pub run: bool,
    pub objects: u64,
    pub round_trip: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options { run: false, objects: 24, round_trip: Duration::from_millis(40) }
    }
}

/// What a strategy took.
#[derive(Clone, Copy, Debug)]
pub struct Measured {
    pub time: Duration,
    pub connections: u64,
    pub bytes: u64,
}

/// Fetches the page by every strategy and prints the table; the code to exit with.
pub fn run(options: &Options) -> u8 {
    let mut rows = Vec::new();
    for strategy in STRATEGIES {
        match measure(strategy, options) {
            Ok(measured) => rows.push((strategy, measured)),
            Err(sentence) => {
                warn::complain(&format!("--lab {}: {}", strategy.name, sentence));
                return exit::LAB_FAILED;
            }
        }
    }
    let text = report(options, &rows);
    match Stdout::new(false).write_all(text.as_bytes()) {
        Ok(()) => 0,
        Err(_) => exit::WRITE_ERROR,
    }
}

fn measure(strategy: &Strategy, options: &Options) -> Result<Measured, String> {
    let origin =
        Origin::start(options.round_trip).map_err(|error| format!("no origin: {}", error))?;
    let before = std::time::Instant::now();
    let bytes =
        (strategy.fetch)(&origin.url(), options.objects).map_err(|error| error.to_string())?;
    Ok(Measured { time: before.elapsed(), connections: origin.connections(), bytes })
}

fn report(options: &Options, rows: &[(&Strategy, Measured)]) -> String {
    let mut text = format!(
        "A page and its {} objects, from an origin inside this program, on loopback.\n\
         It answers as if it were {} away: each response leaves one round trip after its request\n\
         came, and the first on a connection one round trip later still, for the handshake.\n\n",
        options.objects,
        milliseconds(options.round_trip)
    );
    let head = ["strategy", "time", "connections", "round trips", "bytes", "speed"];
    let mut table = vec![head.map(str::to_owned)];
    let serial = rows.first().map_or(Duration::ZERO, |(_, measured)| measured.time);
    table.extend(rows.iter().map(|(strategy, measured)| row(options, serial, strategy, measured)));
    text.push_str(&aligned(&table));
    text.push('\n');
    let width = rows.iter().map(|(strategy, _)| strategy.name.len()).max().unwrap_or(0);
    for (strategy, _) in rows {
        text.push_str(&format!("{:width$}  {}\n", strategy.name, strategy.sentence, width = width));
    }
    text
}

fn row(
    options: &Options,
    serial: Duration,
    strategy: &Strategy,
    measured: &Measured,
) -> [String; 6] {
    let round_trips = match options.round_trip.is_zero() {
        true => "-".to_owned(),
        false => format!("{:.0}", measured.time.as_secs_f64() / options.round_trip.as_secs_f64()),
    };
    let ratio = serial.as_secs_f64() / measured.time.as_secs_f64().max(f64::EPSILON);
    [
        strategy.name.to_owned(),
        milliseconds(measured.time),
        measured.connections.to_string(),
        round_trips,
        measured.bytes.to_string(),
        format!("{:.1} x", ratio),
    ]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.0} ms", time.as_secs_f64() * 1000.0)
}

/// The first column to the left, the others to the right.
fn aligned(table: &[[String; 6]]) -> String {
    let mut widths = [0; 6];
    for row in table {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.len());
        }
    }
    let mut text = String::new();
    for row in table {
        for (index, (width, cell)) in widths.iter().zip(row).enumerate() {
            match index {
                0 => text.push_str(&format!("{:width$}", cell, width = *width)),
                _ => text.push_str(&format!("  {:>width$}", cell, width = *width)),
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_every_strategy_fetches_the_same_page() {
        let options = Options { run: true, objects: 5, round_trip: Duration::ZERO };
        let measured = STRATEGIES.iter().map(|strategy| measure(strategy, &options));
        let measured: Vec<Measured> =
            measured.map(|row| row.unwrap_or_else(|e| panic!("{}", e))).collect();
        assert!(measured.iter().all(|row| row.bytes == measured[0].bytes && row.bytes > 0));
        let connections: Vec<u64> = measured.iter().map(|row| row.connections).collect();
        assert_eq!(connections, [6, 1]);
    }

    #[test]
    fn ok_the_table_is_aligned() {
        let options = Options::default();
        let measured = |millis, connections| Measured {
            time: Duration::from_millis(millis),
            connections,
            bytes: 106_496,
        };
        let rows = [(&STRATEGIES[0], measured(2000, 25)), (&STRATEGIES[1], measured(1040, 1))];
        let text = report(&options, &rows);
        let table: Vec<&str> = text.lines().skip(4).take(3).collect();
        let expected = [
            "strategy       time  connections  round trips   bytes  speed",
            "serial      2000 ms           25           50  106496  1.0 x",
            "persistent  1040 ms            1           26  106496  1.9 x",
        ];
        assert_eq!(table, expected);
    }
}
