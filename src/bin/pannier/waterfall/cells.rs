//! Time in columns: which phase fills which cell of a line.

use std::time::Duration;

use pannier::Phase;

use crate::journal::Span;

/// A stretch of time on so many columns.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    pub length: Duration,
    pub columns: usize,
}

impl Scale {
    /// The time as columns from the left.
    pub fn place(&self, time: Duration) -> f64 {
        let length = self.length.as_secs_f64().max(f64::MIN_POSITIVE);
        time.as_secs_f64() / length * self.columns as f64
    }
}

/// What each column shows of these spans: the phase that has most of it, or nothing if nothing has
/// half of it. Where spans overlap, receiving is what counts. Something is shown in any case, if there
/// is any span.
pub fn cells(spans: &[Span], scale: Scale) -> Vec<Option<Phase>> {
    let mut shares = vec![Shares::default(); scale.columns];
    for span in spans {
        let (from, to) = (scale.place(span.from), scale.place(span.to));
        for (column, shares) in shares.iter_mut().enumerate().skip(from as usize) {
            let start = column as f64;
            if start > to {
                break;
            }
            shares.add(span.phase, (to.min(start + 1.0) - from.max(start)).max(0.0));
        }
    }
    let shown: Vec<_> = shares.iter().map(|shares| shares.winner(0.5)).collect();
    if shown.iter().any(Option::is_some) || spans.is_empty() || shares.is_empty() {
        return shown;
    }
    let place = spans.first().map_or(0.0, |span| scale.place(span.from));
    let column = (place as usize).min(scale.columns - 1);
    let longest = spans.iter().max_by_key(|span| span.time()).map(|span| span.phase);
    (0..scale.columns).map(|other| longest.filter(|_| other == column)).collect()
}

/// How much of a column each phase has.
#[derive(Clone, Debug, Default)]
struct Shares(Vec<(Phase, f64)>);

impl Shares {
    fn add(&mut self, phase: Phase, share: f64) {
        match self.0.iter_mut().find(|(known, _)| *known == phase) {
            Some((_, sum)) => *sum += share,
            None => self.0.push((phase, share)),
        }
    }

    fn winner(&self, least: f64) -> Option<Phase> {
        let receiving = self.0.iter().find(|(phase, _)| *phase == Phase::Receive);
        if let Some((phase, _)) = receiving.filter(|(_, share)| *share >= least) {
            return Some(*phase);
        }
        let total: f64 = self.0.iter().map(|(_, share)| share).sum();
        let most = self.0.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        // Sums of what should be a half may miss it by a hair.
        most.filter(|_| total > least - 1e-6).map(|(phase, _)| *phase)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A digit per column: the number of its phase, or a point.
    fn line(spans: &[(Phase, u64, u64)], length: u64, columns: usize) -> String {
        let millis = Duration::from_millis;
        let span = |&(phase, from, to): &_| Span { phase, from: millis(from), to: millis(to) };
        let spans: Vec<Span> = spans.iter().map(span).collect();
        let cells = cells(&spans, Scale { length: millis(length), columns });
        let text = cells.iter().map(|cell| match cell {
            Some(phase) => phase.explain().chars().next().unwrap_or('?'),
            None => '.',
        });
        text.collect()
    }

    use Phase::{Connect, Receive, Send, Wait};

    #[test]
    fn ok_each_column_shows_the_phase_that_has_most_of_it() {
        let exchange = [(Connect, 0, 40), (Send, 40, 41), (Wait, 41, 80), (Receive, 80, 96)];
        assert_eq!(line(&exchange, 100, 10), "ccccwwwwrr");
        assert_eq!(line(&exchange, 200, 10), "ccwwr.....");
        assert_eq!(line(&[(Wait, 20, 94)], 100, 10), "..wwwwwww.");
    }

    #[test]
    fn ok_what_is_shorter_than_a_column_is_shown_all_the_same() {
        assert_eq!(line(&[(Wait, 31, 32), (Receive, 32, 33)], 100, 10), "...r......");
        assert_eq!(line(&[(Wait, 100, 100)], 100, 10), ".........w");
        assert_eq!(line(&[], 100, 3), "...");
        assert_eq!(line(&[(Wait, 0, 0)], 0, 3), "w..");
    }

    #[test]
    fn ok_receiving_shows_through_waits_that_overlap() {
        let waits = [(Wait, 0, 100), (Wait, 0, 100), (Receive, 50, 100)];
        assert_eq!(line(&waits, 100, 4), "wwrr");
    }
}
