//! The time axis: round numbers, few enough to be read.

use std::time::Duration;

/// Ticks at multiples of a round time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Axis {
    length: Duration,
    step: Duration,
}

impl Axis {
    /// An axis of this length with at most `most` steps, which are 1, 2 or 5 times a power of ten.
    pub fn new(length: Duration, most: usize) -> Axis {
        let length = length.max(Duration::from_micros(1));
        let fits = |step: &Duration| length.as_micros() / step.as_micros().max(1) <= most as u128;
        let powers = (0..15).map(|power| 10u64.pow(power));
        let steps = powers.flat_map(|power| [power, 2 * power, 5 * power]);
        let step = steps.map(Duration::from_micros).find(fits).unwrap_or(length);
        Axis { length, step }
    }

    /// The length.
    pub fn length(&self) -> Duration {
        self.length
    }

    /// Where the ticks are, and what stands at them; the unit stands at the last.
    pub fn ticks(&self) -> Vec<(Duration, String)> {
        let count = self.length.as_micros() / self.step.as_micros().max(1);
        let unit = Unit::of(self.length);
        let place = |index| self.step * index as u32;
        let mut ticks: Vec<_> =
            (0..=count).map(|index| (place(index), unit.number(place(index)))).collect();
        if let Some((_, text)) = ticks.last_mut() {
            text.push(' ');
            text.push_str(unit.name);
        }
        ticks
    }
}

/// A time in three digits or so, such as `41 ms`.
pub fn time(time: Duration) -> String {
    let unit = Unit::of(time);
    let value = time.as_secs_f64() * 1e6 / unit.micros as f64;
    match unit.name {
        "s" if value < 10.0 => format!("{:.2} s", value),
        "s" => format!("{:.1} s", value),
        name if value < 10.0 && unit.micros > 1 => format!("{:.1} {}", value, name),
        name => format!("{:.0} {}", value, name),
    }
}

#[derive(Clone, Copy)]
struct Unit {
    name: &'static str,
    micros: u64,
}

impl Unit {
    /// The largest unit of which this is at least one, as it is rounded.
    fn of(time: Duration) -> Unit {
        match time.as_nanos() {
            0..=999_499 => Unit { name: "µs", micros: 1 },
            999_500..=999_499_999 => Unit { name: "ms", micros: 1000 },
            _ => Unit { name: "s", micros: 1_000_000 },
        }
    }

    /// The exact value without needless zeros.
    fn number(self, time: Duration) -> String {
        let (whole, part) = (
            time.as_micros() / u128::from(self.micros),
            time.as_micros() % u128::from(self.micros),
        );
        let digits = self.micros.ilog10() as usize;
        let text = format!("{}.{:0width$}", whole, part, width = digits.max(1));
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_ticks_are_round_and_few() {
        for (micros, most, expected) in [
            (412_000, 5, "0 100 200 300 400 ms"),
            (3_120_000, 8, "0 0.5 1 1.5 2 2.5 3 s"),
            (999_000, 4, "0 200 400 600 800 ms"),
            (999_000, 3, "0 500 ms"),
            (7, 10, "0 1 2 3 4 5 6 7 µs"),
            (1_500, 4, "0 0.5 1 1.5 ms"),
            (0, 4, "0 1 µs"),
            (86_400_000_000, 5, "0 20000 40000 60000 80000 s"),
        ] {
            let ticks = Axis::new(Duration::from_micros(micros), most).ticks();
            let text: Vec<String> = ticks.into_iter().map(|(_, text)| text).collect();
            assert_eq!(text.join(" "), expected);
        }
    }

    #[test]
    fn ok_times_have_about_three_digits() {
        for (micros, expected) in [
            (0, "0 µs"),
            (730, "730 µs"),
            (4_120, "4.1 ms"),
            (41_300, "41 ms"),
            (999_600, "1.00 s"),
            (1_250_000, "1.25 s"),
            (61_260_000, "61.3 s"),
        ] {
            assert_eq!(time(Duration::from_micros(micros)), expected);
        }
    }
}
