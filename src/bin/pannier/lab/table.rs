//! The laboratory in words and figures: what is modelled, and what each strategy took.

use std::time::Duration;

use super::strategies::Strategy;
use super::{Measured, Options};
use crate::waterfall::time;

/// What is done here, what the origin pretends, and what it does not.
pub fn introduction(options: &Options) -> String {
    format!(
        "A page and its {} objects ({}), fetched from an origin inside this program.\n\
         It is on loopback and behaves as if it were {} away on a line of {}:\n\
         \x20 - a new connection costs a round trip before its first request;\n\
         \x20 - an answer begins to come a round trip after its request left;\n\
         \x20 - a connection takes 10 segments of 1460 bytes in its first round trip, and\n\
         \x20   up to twice as many in each further one in which it is used (slow start);\n\
         \x20 - all connections share the line, segment by segment.\n\
         Not modelled: loss, TLS, a server that thinks, windows that shrink when idle.\n\n",
        options.objects,
        kilobytes(options.content()),
        time(options.path.round_trip),
        bandwidth(options.path.bandwidth),
    )
}

/// A row for each strategy.
pub fn table(options: &Options, rows: &[(&Strategy, Measured)]) -> String {
    let serial = rows.first().map_or(Duration::ZERO, |(_, measured)| measured.time);
    let heads = [
        ["", "", "", "connections", "", "round", "", ""],
        ["strategy", "time", "ideal", "made", "at once", "trips", "bytes", "speed"],
    ];
    let mut table = heads.map(|head| head.map(str::to_owned)).to_vec();
    table.extend(rows.iter().map(|(strategy, measured)| row(options, serial, strategy, measured)));
    format!(
        "{}\n\
         ideal        the least that the model allows, by calculation\n\
         connections  as the origin counted them\n\
         round trips  the time, in round trips\n\
         bytes        all that crossed, in both directions\n\
         speed        how many times as fast as the first\n",
        aligned(&table)
    )
}

fn row(options: &Options, serial: Duration, strategy: &Strategy, measured: &Measured) -> Row {
    let round_trip = options.path.round_trip.as_secs_f64();
    let round_trips = match measured.time.as_secs_f64() / round_trip {
        many if many >= 9.95 => format!("{:.0}", many),
        few => format!("{:.1}", few),
    };
    let ratio = serial.as_secs_f64() / measured.time.as_secs_f64().max(f64::MIN_POSITIVE);
    [
        strategy.name.to_owned(),
        time(measured.time),
        time(measured.ideal),
        measured.connections.to_string(),
        measured.most_open.to_string(),
        if round_trip > 0.0 { round_trips } else { "-".to_owned() },
        kilobytes(measured.crossed),
        format!("{:.1} x", ratio),
    ]
}

type Row = [String; 8];

/// The first column to the left, the others to the right.
fn aligned(table: &[Row]) -> String {
    let mut widths = [0; 8];
    for row in &table[1..] {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in table {
        let mut line = format!("{:width$}", row[0], width = widths[0]);
        let mut end = widths[0];
        for (width, cell) in widths.iter().zip(row).skip(1) {
            // A head that is wider than its column reaches into the one behind it.
            end += 2 + width;
            let gap = end.saturating_sub(line.chars().count());
            line.push_str(&format!("{:>gap$}", cell));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn kilobytes(bytes: u64) -> String {
    format!("{:.0} kB", bytes as f64 / 1000.0)
}

fn bandwidth(bits: u64) -> String {
    let (value, unit) = match bits {
        0..=999_999 => (bits as f64 / 1e3, "kbit/s"),
        1_000_000..=999_999_999 => (bits as f64 / 1e6, "Mbit/s"),
        _ => (bits as f64 / 1e9, "Gbit/s"),
    };
    format!("{} {}", (value * 10.0).round() / 10.0, unit)
}

#[cfg(test)]
mod tests {
    use super::super::strategies::STRATEGIES;
    use super::*;
    use crate::journal::Clock;

    fn measured(millis: u64, connections: u64) -> Measured {
        Measured {
            time: Duration::from_millis(millis),
            ideal: Duration::from_millis(millis - 20),
            connections,
            most_open: 1,
            crossed: 621_204,
            exchanges: Vec::new(),
            clock: Clock::start(),
        }
    }

    #[test]
    fn ok_the_table_is_aligned() {
        let rows = [(&STRATEGIES[0], measured(2750, 25)), (&STRATEGIES[2], measured(375, 1))];
        let text = table(&Options::default(), &rows);
        assert!(text.starts_with(TABLE), "\n{}", text);
    }

    #[test]
    fn ok_everything_fits_80_columns() {
        let rows: Vec<_> =
            STRATEGIES.iter().map(|strategy| (strategy, measured(12_345, 1000))).collect();
        let text = introduction(&Options::default()) + &table(&Options::default(), &rows);
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{}", line);
        }
    }

    const TABLE: &str = "                          connections      round
strategy      time   ideal  made  at once  trips   bytes  speed
serial      2.75 s  2.73 s    25        1     69  621 kB  1.0 x
persistent  375 ms  355 ms     1        1    9.4  621 kB  7.3 x
";
}
