//! `-#`: one transfer as a bar that grows, as curl draws it: in place, by a return to the beginning of
//! the line, so that it needs no terminal.

use std::env;

use crate::watch::Pulse;

/// The bar of a transfer.
#[derive(Debug, Default)]
pub struct Bar {
    /// What was drawn last.
    shown: Option<(u64, Option<u64>)>,
    /// How often it was drawn while nobody knew how much there is.
    steps: usize,
}

impl Bar {
    /// What is to be drawn now, if anything has changed.
    pub fn next(&mut self, pulse: &Pulse, width: usize) -> Option<String> {
        let now = (pulse.reached(), pulse.whole());
        if self.shown.replace(now) == Some(now) && now.1.is_some() {
            return None;
        }
        Some(match now.1 {
            Some(total) => grown(now.0, total, width),
            None => {
                self.steps += 1;
                flying(self.steps - 1, width)
            }
        })
    }

    /// What is to be drawn when the transfer is over.
    pub fn last(&mut self, pulse: &Pulse, width: usize) -> Option<String> {
        let known = pulse.whole().and_then(|_| self.next(pulse, width));
        self.shown.map(|_| known.unwrap_or_default() + "\n")
    }
}

/// How wide it is: a line of the terminal, as far as anybody knows.
pub fn width() -> usize {
    let columns = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.unwrap_or(79).clamp(20, 400)
}

fn grown(done: u64, total: u64, width: usize) -> String {
    let width = width - NUMBER;
    let share = done as f64 / total.max(done).max(1) as f64;
    let bar = "#".repeat((width as f64 * share) as usize);
    format!("\r{:width$} {:5.1}%", bar, share * 100.0, width = width)
}

/// Something that goes to and fro.
fn flying(step: usize, width: usize) -> String {
    let room = width - FLYER.len();
    let place = step % (2 * room);
    let place = place.min(2 * room - place);
    format!("\r{:place$}{:rest$}", "", FLYER, place = place, rest = width - place)
}

/// What stands behind the bar.
const NUMBER: usize = 7;
const FLYER: &str = "-=O=-";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::Way;

    fn pulse(received: u64, whole: Option<u64>) -> Pulse {
        let (way, is_moving) = (Way::Received, true);
        Pulse { way, done: received, total: whole, sent: 0, received, before: 0, whole, is_moving }
    }

    #[test]
    fn ok_a_bar_grows_and_ends_with_its_line() {
        let mut bar = Bar::default();
        let expected = format!("\r{:13}   0.0%", "");
        assert_eq!(bar.next(&pulse(0, Some(60)), 20), Some(expected));
        let expected = format!("\r{:13}  50.0%", "######");
        assert_eq!(bar.next(&pulse(30, Some(60)), 20), Some(expected));
        assert_eq!(bar.next(&pulse(30, Some(60)), 20), None);
        let full = format!("\r{} 100.0%\n", "#".repeat(13));
        assert_eq!(bar.last(&pulse(60, Some(60)), 20).as_deref(), Some(full.as_str()));
        assert_eq!(bar.last(&pulse(60, Some(60)), 20).as_deref(), Some("\n"));
        let mut bar = Bar::default();
        assert_eq!(bar.last(&pulse(90, Some(60)), 20), Some(full));
        let part = Pulse { before: 30, ..pulse(15, Some(60)) };
        let expected = format!("\r{:13}  75.0%", "#########");
        assert_eq!(Bar::default().next(&part, 20), Some(expected));
    }

    #[test]
    fn ok_a_bar_of_unknown_length_moves() {
        let mut bar = Bar::default();
        assert_eq!(bar.last(&pulse(5, None), 20), None, "what was never drawn has no end");
        for place in [0, 1, 2] {
            let expected = format!("\r{:place$}-=O=-{:rest$}", "", "", rest = 15 - place);
            assert_eq!(bar.next(&pulse(5, None), 20), Some(expected));
        }
        for _ in 0..100 {
            assert_eq!(bar.next(&pulse(5, None), 20).map(|text| text.len()), Some(21));
        }
        assert_eq!(bar.last(&pulse(5, None), 20).as_deref(), Some("\n"));
    }
}
