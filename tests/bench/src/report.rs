//! The tables in Markdown, or the same as a JSON object a line.

use crate::options::Options;
use crate::workloads::Workload;
use std::fmt::Write;
use std::fs;

/// How one client did at one workload.
pub struct Time {
    pub client: &'static str,
    requests: u32,
    nanoseconds: Vec<f64>,
    ratios: Vec<f64>,
    cpu_ratios: Vec<f64>,
}

impl Time {
    pub fn new(client: &'static str, requests: u32) -> Time {
        Time {
            client,
            requests,
            nanoseconds: Vec::new(),
            ratios: Vec::new(),
            cpu_ratios: Vec::new(),
        }
    }

    pub fn add(&mut self, nanoseconds: f64, ratio: f64, cpu_ratio: f64) {
        self.nanoseconds.push(nanoseconds);
        self.ratios.push(ratio);
        self.cpu_ratios.push(cpu_ratio);
    }
}

/// Says what machine this is and which versions are compared.
pub fn environment(options: &Options) {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = field(&processor, "model name").unwrap_or("unknown processor");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let versions: Vec<String> = PEERS
        .iter()
        .map(|name| format!("{name} {}", locked_version(name).unwrap_or("?")))
        .collect();
    if options.json {
        let mut line = Object::new("environment");
        line.text("processor", processor)
            .text("kernel", kernel.trim())
            .text("pin", options.pin.words());
        line.text("versions", &versions.join(", "));
        return line.print();
    }
    println!(
        "{processor}, Linux {}, {}; {}.",
        kernel.trim(),
        options.pin.words(),
        versions.join(", ")
    );
    println!(
        "A figure is the median of {} ratios; `(over)` is above what was aimed at.",
        options.rounds
    );
}

pub fn times_header(baseline: &str, names: &[&str], options: &Options) {
    if options.json {
        return;
    }
    let mut line = format!("\n| wall time over {baseline}'s | {baseline} | target");
    let mut rule = String::from("|---|---|---");
    for name in names {
        write!(line, " | {name}").expect("a String takes whatever is written");
        rule.push_str("|---");
    }
    println!("{line} |\n{rule}|");
}

pub fn times_row(workload: &Workload, names: &[&str], times: &[Time], options: &Options) {
    if options.json {
        times.iter().for_each(|time| time_object(workload, time, options).print());
        return;
    }
    let baseline = median(&times[0].nanoseconds);
    let mut line =
        format!("| {} | {} | {}", workload.title, duration(baseline), ratio(workload.target));
    for name in names {
        match times.iter().find(|time| time.client == *name) {
            Some(time) if *name == "pannier" && median(&time.ratios) > workload.target => {
                write!(line, " | {} (over)", ratio(median(&time.ratios)))
            }
            Some(time) => write!(line, " | {}", ratio(median(&time.ratios))),
            None => write!(line, " | –"),
        }
        .expect("a String takes whatever is written");
    }
    println!("{line} |");
}

fn time_object(workload: &Workload, time: &Time, options: &Options) -> Object {
    let mut line = Object::new("time");
    line.text("workload", workload.name)
        .text("client", time.client)
        .text("baseline", workload.baseline);
    line.number("ratio", median(&time.ratios)).number("target", workload.target);
    line.number("least", time.ratios.iter().copied().fold(f64::INFINITY, f64::min));
    line.number("most", time.ratios.iter().copied().fold(0.0, f64::max));
    line.number("cpu_ratio", median(&time.cpu_ratios))
        .number("nanoseconds", median(&time.nanoseconds));
    line.number("requests", f64::from(time.requests)).number("rounds", f64::from(options.rounds));
    line
}

/// The head of a table of [`Figures`].
pub fn figures_header(title: &str, names: &[&str], options: &Options) {
    if !options.json {
        println!("\n| {title} | target | {} |", names.join(" | "));
        println!("|---|---{}|", "|---".repeat(names.len()));
    }
}

/// One figure of each client. There is no target if that is NaN.
pub struct Figures<'a> {
    pub name: &'a str,
    pub title: String,
    pub target: f64,
    pub figures: Vec<(&'static str, f64)>,
}

impl Figures<'_> {
    pub fn print(&self, options: &Options) {
        if options.json {
            return self.figures.iter().for_each(|(client, figure)| {
                let mut line = Object::new("many");
                line.text("workload", self.name).text("figure", &self.title).text("client", client);
                line.number("value", *figure).number("target", self.target).print();
            });
        }
        let figures = self.figures.iter().map(|(client, figure)| match *client {
            "pannier" => judged(*figure, self.target, ""),
            _ => ratio(*figure),
        });
        let figures = figures.collect::<Vec<_>>().join(" | ");
        println!("| {} | {} | {figures} |", self.title, optional(self.target, ""));
    }
}

/// The head of a table of [`Fact`]s.
pub fn facts_header(title: &str, options: &Options) {
    if !options.json {
        println!("\n| {title} | limit | measured |\n|---|---|---|");
    }
}

/// A figure of pannier's alone, and what it is to keep to; NaN is nothing.
pub struct Fact {
    pub value: f64,
    pub limit: f64,
}

impl Fact {
    /// Whether it is above the limit, which what was not measured is not.
    pub fn is_exceeded(&self) -> bool {
        self.value > self.limit
    }

    pub fn print(&self, name: &str, title: &str, unit: &str, options: &Options) {
        if options.json {
            let mut line = Object::new("many");
            line.text("workload", name).text("figure", title).text("client", "pannier");
            return line.number("value", self.value).number("target", self.limit).print();
        }
        let (limit, value) = (optional(self.limit, unit), judged(self.value, self.limit, unit));
        println!("| {title} | {limit} | {value} |");
    }
}

fn judged(value: f64, limit: f64, unit: &str) -> String {
    let over = if value > limit { " (over)" } else { "" };
    format!("{}{unit}{over}", ratio(value))
}

fn optional(value: f64, unit: &str) -> String {
    match value.is_nan() {
        true => "–".to_owned(),
        false => format!("{}{unit}", ratio(value)),
    }
}

/// One JSON object on one line.
pub struct Object(String);

impl Object {
    pub fn new(kind: &str) -> Object {
        let mut object = Object(String::from("{"));
        object.text("kind", kind);
        object
    }

    pub fn text(&mut self, name: &str, value: &str) -> &mut Object {
        let value: String =
            value.chars().filter(|c| !c.is_control() && !matches!(c, '"' | '\\')).collect();
        self.raw(name, &format!("\"{value}\""))
    }

    /// A number; null for one that does not exist.
    pub fn number(&mut self, name: &str, value: f64) -> &mut Object {
        let text = if value.is_finite() { format!("{value:.4}") } else { "null".to_owned() };
        self.raw(name, &text)
    }

    pub fn print(&self) {
        println!("{}}}", self.0);
    }

    fn raw(&mut self, name: &str, value: &str) -> &mut Object {
        let comma = if self.0.len() > 1 { "," } else { "" };
        write!(self.0, "{comma}\"{name}\":{value}").expect("a String takes whatever is written");
        self
    }
}

/// The middle value, or the mean of the middle two.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[length / 2],
        length => (sorted[length / 2 - 1] + sorted[length / 2]) / 2.0,
    }
}

fn ratio(value: f64) -> String {
    match value {
        little if little.abs() < 0.1 => format!("{little:.3}"),
        some if some < 10.0 => format!("{some:.2}"),
        much => format!("{much:.0}"),
    }
}

fn duration(nanoseconds: f64) -> String {
    match nanoseconds {
        few if few < 1e4 => format!("{few:.0} ns"),
        some if some < 1e6 => format!("{:.1} µs", some / 1e3),
        many => format!("{:.1} ms", many / 1e6),
    }
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim())
}

/// The version of a package in this package's lock file.
fn locked_version(name: &str) -> Option<&'static str> {
    let (_, rest) = LOCK.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    rest.split('"').next()
}

pub const LOCK: &str = include_str!("../Cargo.lock");

const PEERS: &[&str] =
    &["ureq", "minreq", "attohttpc", "bitreq", "reqwest", "hyper", "h2", "curl-sys", "httparse"];

#[cfg(test)]
mod tests {
    use super::{duration, locked_version, median, ratio, Object, PEERS};

    #[test]
    fn ok_the_median_is_the_middle_value() {
        let table: &[(&[f64], f64)] =
            &[(&[3.0], 3.0), (&[3.0, 1.0, 2.0], 2.0), (&[4.0, 1.0, 2.0, 3.0], 2.5)];
        for (values, expected) in table {
            assert_eq!(median(values), *expected, "{values:?}");
        }
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn ok_figures_have_three_digits_or_so() {
        assert_eq!([ratio(0.0333), ratio(1.104), ratio(85.2)], ["0.033", "1.10", "85"]);
        assert_eq!(
            [duration(227.4), duration(22_100.0), duration(2.04e7)],
            ["227 ns", "22.1 µs", "20.4 ms"]
        );
    }

    #[test]
    fn ok_an_object_is_json() {
        let mut object = Object::new("time");
        object.text("client", "a\"b").number("ratio", 1.5).number("none", f64::NAN);
        assert_eq!(object.0, r#"{"kind":"time","client":"ab","ratio":1.5000,"none":null"#);
    }

    #[test]
    fn ok_every_peer_is_in_the_lock_file() {
        for name in PEERS {
            assert!(locked_version(name).is_some(), "{name}");
        }
    }
}
