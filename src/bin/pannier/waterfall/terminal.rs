//! The chart in a terminal: lines of text, with colours if they are wanted.

use std::io::IsTerminal;

use pannier::Phase;

use super::label::cut;
use super::{cells, mark, time, Axis, Chart, Group, Row, Scale};
use crate::progress::screen;

/// How wide lines may be, and whether they are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub width: usize,
    pub colour: bool,
}

impl Look {
    /// What suits standard error.
    pub fn of_stderr() -> Look {
        Look::of(screen::is_terminal())
    }

    /// What suits standard output.
    pub fn of_stdout() -> Look {
        Look::of(std::io::stdout().is_terminal())
    }

    /// Lines are as wide as `COLUMNS` says. There are colours on a terminal that has them, unless
    /// `NO_COLOR` is set.
    fn of(is_terminal: bool) -> Look {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").map_or(true, |name| name == "dumb");
        let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
        Look {
            width: columns.unwrap_or(WIDTH).clamp(NARROWEST, WIDEST),
            colour: is_terminal && !is_dumb && !is_set("NO_COLOR"),
        }
    }

    /// The text in the colour of these parameters.
    pub fn paint(&self, sgr: &str, text: &str) -> String {
        match self.colour && !text.trim().is_empty() {
            true => format!("\u{1b}[{}m{}\u{1b}[0m", sgr, text),
            false => text.to_owned(),
        }
    }
}

/// The chart as lines; its name, if it has one, stands above.
pub fn draw(name: &str, chart: &Chart, look: Look) -> String {
    if chart.rows().next().is_none() {
        return "no exchanges\n".to_owned();
    }
    let columns = Columns::new(chart, look.width);
    let name = if name.is_empty() { String::new() } else { format!("{}: ", look.paint("1", name)) };
    let mut text = format!("{}{}\n", name, chart.summary());
    for (index, section) in chart.sections.iter().enumerate() {
        text.push_str(&heading(chart, &section.origin, index == 0, &columns, look));
        for group in &section.groups {
            for index in 0..group.rows.len() {
                text.push_str(&line(chart, group, index, &columns, look));
            }
        }
    }
    text.push_str(&format!("\n{}\n", legend(&chart.phases(), look)));
    if chart.groups().any(|group| group.rows.len() > 1) {
        let marks = [("┌", "new connection"), ("│", "used again")];
        let marks = marks.map(|(mark, text)| format!("{} {}", look.paint(DIM, mark), text));
        text.push_str(&format!("{}\n", marks.join("  ")));
    }
    text
}

/// The origin of the rows that follow, and the axis if these are the first.
fn heading(chart: &Chart, origin: &str, is_first: bool, columns: &Columns, look: Look) -> String {
    let origin = cut(origin, columns.before() - 1);
    let painted = look.paint("1", &origin);
    if !is_first {
        return format!("\n{}\n", painted);
    }
    let (labels, rule) = axis(&Axis::new(chart.length, columns.bar / TICK), columns.bar);
    let gap = " ".repeat(columns.before() - origin.chars().count());
    let rule = format!("{:width$}{}", "", rule, width = columns.before());
    format!("\n{}{}{}\n{}\n", painted, gap, labels, look.paint(DIM, &rule))
}

/// What the marks of these phases mean, on one line.
pub fn legend(phases: &[Phase], look: Look) -> String {
    let parts = phases.iter().map(|&phase| {
        let mark = mark(phase);
        format!("{} {}", look.paint(mark.sgr, &mark.glyph.to_string()), mark.name)
    });
    parts.collect::<Vec<_>>().join("  ")
}

/// A line of cells.
pub fn bar(cells: &[Option<Phase>], look: Look) -> String {
    let mut text = String::new();
    for run in runs(cells) {
        match run[0] {
            Some(phase) => {
                let mark = mark(phase);
                let glyphs = mark.glyph.to_string().repeat(run.len());
                text.push_str(&look.paint(mark.sgr, &glyphs));
            }
            None => text.push_str(&" ".repeat(run.len())),
        }
    }
    text
}

/// The labels of the ticks, each above its own, and the rule below them.
pub fn axis(axis: &Axis, columns: usize) -> (String, String) {
    let scale = Scale { length: axis.length(), columns };
    let (mut labels, mut rule) = (String::new(), vec!['─'; columns]);
    for (index, (at, text)) in axis.ticks().iter().enumerate() {
        let place = scale.place(*at).round() as usize;
        if let Some(cell) = rule.get_mut(place) {
            *cell = if index == 0 { '├' } else { '┬' };
        }
        let used = labels.chars().count();
        if index == 0 || place > used {
            labels.push_str(&" ".repeat(place - used));
            labels.push_str(text);
        }
    }
    (labels, rule.into_iter().collect())
}

/// How a line is divided.
struct Columns {
    id: usize,
    label: usize,
    bar: usize,
}

impl Columns {
    fn new(chart: &Chart, width: usize) -> Columns {
        let ids = chart.groups().flat_map(|group| (0..group.rows.len()).map(|row| group.id(row)));
        let id = ids.map(|id| id.len()).max().unwrap_or(0).max(ID);
        let longest = chart.rows().map(|row| row.label(usize::MAX).chars().count()).max();
        let free = width - id - BRACKET - STATUS - TIME;
        // The origin stands above, before the axis.
        let origins = chart.sections.iter().map(|section| section.origin.chars().count());
        let above = (origins.max().unwrap_or(0) + 1).saturating_sub(id + BRACKET + STATUS);
        let label = longest.unwrap_or(0).max(above).clamp(LABEL, free * 2 / 5);
        Columns { id, label, bar: free - label }
    }

    fn before(&self) -> usize {
        self.id + BRACKET + self.label + STATUS
    }
}

fn line(chart: &Chart, group: &Group, index: usize, columns: &Columns, look: Look) -> String {
    let row = &group.rows[index];
    let left =
        format!("{:>width$} {} ", group.id(index), bracket(group, index), width = columns.id);
    let label = row.label(columns.label);
    let gap = columns.label - label.chars().count();
    let status = row.status.map_or("  —".to_owned(), |status| format!("{:>3}", status));
    let is_bad = row.error.is_some() || row.status.map_or(true, |status| status >= 400);
    format!(
        "{}{}{:gap$} {} {}\n",
        look.paint(DIM, &left),
        label,
        "",
        look.paint(if is_bad { ERROR } else { DIM }, &status),
        right(chart, row, columns, look),
    )
}

/// What ties the rows of a connection together.
fn bracket(group: &Group, index: usize) -> char {
    match (group.rows.len(), index) {
        (1, _) if group.connection.is_none() => ' ',
        (1, _) => '─',
        (_, 0) => '┌',
        (count, index) if index + 1 == count => '└',
        _ => '│',
    }
}

/// The bar of a row and its time.
fn right(chart: &Chart, row: &Row, columns: &Columns, look: Look) -> String {
    let mut cells = cells(&row.spans, Scale { length: chart.length, columns: columns.bar });
    let received = row.spans.iter().any(|span| span.phase == Phase::Receive);
    let drawn = cells.iter().filter(|cell| cell.is_some()).count();
    // That the response came is to be seen, however short that took.
    if let Some(last) = cells.iter_mut().rev().find(|cell| cell.is_some()) {
        if received && drawn >= 3 {
            *last = Some(Phase::Receive);
        }
    }
    let end = cells.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    // The end of what failed is marked in its last cell.
    let failed = row.error.is_some();
    let (end, end_mark) = match failed {
        true => (end.saturating_sub(1), look.paint(ERROR, "×")),
        false => (end, String::new()),
    };
    let gap = (columns.bar + TIME).saturating_sub(end + usize::from(failed));
    format!("{}{}{:>gap$}", bar(&cells[..end], look), end_mark, time(row.time()), gap = gap)
}

/// Neighbours that are alike, together.
fn runs(cells: &[Option<Phase>]) -> Vec<&[Option<Phase>]> {
    let (mut runs, mut rest) = (Vec::new(), cells);
    while let Some(first) = rest.first() {
        let length = rest.iter().position(|cell| cell != first).unwrap_or(rest.len());
        let (run, others) = rest.split_at(length);
        runs.push(run);
        rest = others;
    }
    runs
}

/// The shortest name of a connection.
const ID: usize = 2;
/// A blank, the bracket and a blank.
const BRACKET: usize = 3;
/// A blank, three digits and a blank.
const STATUS: usize = 5;
/// A blank and a time such as `12.3 ms`.
const TIME: usize = 9;
/// The narrowest label.
const LABEL: usize = 8;
/// Columns of a tick and its label.
const TICK: usize = 7;
const DIM: &str = "2";
const ERROR: &str = "31";
/// What a terminal has unless something else is known.
const WIDTH: usize = 80;
const NARROWEST: usize = 64;
const WIDEST: usize = 400;
