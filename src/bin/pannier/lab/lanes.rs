//! A strategy at a glance: a line for each connection at a time, on the time axis of the first.
//!
//! Connections that follow each other share a line, so a strategy has as many lines as connections
//! at once, and what the line does not show, the table counts.

use std::time::Duration;

use pannier::Phase;

use super::strategies::Strategy;
use super::Measured;
use crate::journal::{Exchange, Span};
use crate::waterfall::terminal::{axis, bar, Look};
use crate::waterfall::{cells, terminal, time, Axis, Scale};

/// The last of these strategies: its name, its sentences and its lines. The first one has the longest
/// time, so its time is the scale of all, and its axis stands above.
pub fn block(rows: &[(&Strategy, Measured)], look: Look) -> String {
    let Some((strategy, measured)) = rows.last() else { return String::new() };
    let longest = rows.iter().map(|(_, row)| row.time).max().unwrap_or_default();
    let columns = look.width.min(WIDEST) - INDENT - TIME;
    let scale = Scale { length: longest, columns };
    let mut text = String::new();
    if rows.len() == 1 {
        let (labels, rule) = axis(&Axis::new(longest, columns / TICK), columns);
        let rule = look.paint("2", &rule);
        text.push_str(&format!("{:INDENT$}{}\n{:INDENT$}{}\n", "", labels, "", rule));
    }
    let name = look.paint("1", strategy.name);
    text.push_str(&format!("{}: {}\n", name, strategy.method));
    for sentence in strategy.sentences {
        text.push_str(&format!("{:INDENT$}{}\n", "", sentence));
    }
    for (index, spans) in lanes(&measured.exchanges).iter().enumerate() {
        let cells = cells(spans, scale);
        let mut line = bar(&cells, look);
        if index == 0 {
            line.push_str(&format!("{:>TIME$}", time(measured.time)));
        }
        text.push_str(format!("{:INDENT$}{}", "", line).trim_end());
        text.push('\n');
    }
    text.push('\n');
    text
}

/// What a line is and what its marks mean. Sending these requests takes no time that could be seen.
pub fn legend(look: Look) -> String {
    let marks = terminal::legend(&[Phase::Connect, Phase::Wait, Phase::Receive], look);
    format!("Each line is one connection at a time:  {}\n\n", marks)
}

/// The spans of connections, those that follow each other on the same line; from the first exchange.
fn lanes(exchanges: &[Exchange]) -> Vec<Vec<Span>> {
    let began = exchanges.iter().map(|exchange| exchange.began).min().unwrap_or_default();
    let mut connections: Vec<(u64, Vec<Span>)> = Vec::new();
    for exchange in exchanges {
        let id = exchange.carrier.map_or(0, |carrier| carrier.id);
        let spans = exchange.spans.iter().map(|span| Span {
            phase: span.phase,
            from: span.from.saturating_sub(began),
            to: span.to.saturating_sub(began),
        });
        match connections.iter_mut().find(|(known, _)| *known == id) {
            Some((_, known)) => known.extend(spans),
            None => connections.push((id, spans.collect())),
        }
    }
    let first = |spans: &[Span]| spans.iter().map(|span| span.from).min().unwrap_or_default();
    let last = |spans: &[Span]| spans.iter().map(|span| span.to).max().unwrap_or_default();
    connections.sort_by_key(|(_, spans)| first(spans));
    let mut lanes: Vec<Vec<Span>> = Vec::new();
    for (_, spans) in connections {
        // Who ends a connection may begin the next before it has written that down.
        let free = first(&spans) + SLACK;
        match lanes.iter_mut().find(|lane| last(lane) <= free) {
            Some(lane) => lane.extend(spans),
            None => lanes.push(spans),
        }
    }
    lanes
}

const SLACK: Duration = Duration::from_micros(500);
const INDENT: usize = 2;
/// A blank and a time such as `12.3 ms`.
const TIME: usize = 9;
/// Columns of a tick and its label.
const TICK: usize = 8;
/// Longer lines are no clearer.
const WIDEST: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Carrier;
    use pannier::http::Url;

    #[test]
    fn ok_connections_share_a_line_unless_they_are_open_at_once() {
        let url = Url::parse("http://a/").expect("it is one");
        let exchange = |id, from, to| {
            let (from, to) = (Duration::from_millis(from), Duration::from_millis(to));
            let mut exchange = Exchange::new("GET", &url, from);
            exchange.spans.push(Span { phase: Phase::Wait, from, to });
            let carrier = Carrier { client: 0, id, stream: None, reused: false, remote: None };
            exchange.carrier = Some(carrier);
            exchange
        };
        let all = [
            exchange(1, 100, 110),
            exchange(2, 110, 150),
            exchange(1, 120, 130),
            exchange(3, 130, 160),
        ];
        let lanes = lanes(&all);
        let starts: Vec<Vec<u128>> = lanes
            .iter()
            .map(|lane| lane.iter().map(|span| span.from.as_millis()).collect())
            .collect();
        assert_eq!(starts, [vec![0, 20, 30], vec![10]]);
    }
}
