//! The chart as a drawing: SVG 1.1 that needs nothing else, no script, no font of its own.
//!
//! Every row has a title with its figures, which viewers show on pointing at it and read aloud.

use std::fmt::Write;
use std::time::Duration;

use super::{mark, time, Axis, Chart, Group, Row};

/// The drawing of these charts, each below its title, all on one time axis.
pub fn draw(charts: &[(&str, Chart)]) -> String {
    let length = charts.iter().map(|(_, chart)| chart.length).max().unwrap_or_default();
    let mut drawing = Drawing {
        body: String::new(),
        y: MARGIN,
        axis: Axis::new(length, (BARS / TICK) as usize),
        grids: String::new(),
    };
    for (title, chart) in charts {
        drawing.chart(title, chart);
    }
    drawing.legend(charts);
    drawing.finish(charts)
}

/// A drawing that grows downwards.
struct Drawing {
    body: String,
    y: f64,
    axis: Axis,
    /// What lies behind the rows.
    grids: String,
}

impl Drawing {
    fn chart(&mut self, title: &str, chart: &Chart) {
        if !title.is_empty() {
            self.y += 14.0;
            self.text(MARGIN, self.y, "title", title);
            self.y += 8.0;
        }
        self.y += 12.0;
        self.text(MARGIN, self.y, "note", &chart.summary());
        self.y += 10.0;
        for section in &chart.sections {
            self.y += 16.0;
            self.text(MARGIN, self.y, "origin", &section.origin);
            self.labels();
            self.y += 8.0;
            let top = self.y;
            for group in &section.groups {
                self.group(group);
            }
            self.grid(top);
            self.y += 6.0;
        }
        self.y += 10.0;
    }

    fn group(&mut self, group: &Group) {
        let (top, middle) = (self.y, ROW / 2.0);
        for (index, row) in group.rows.iter().enumerate() {
            let id = group.id(index);
            if !id.is_empty() {
                let x = if row.stream.is_some() { MARGIN / 2.0 } else { MARGIN };
                self.text(x, self.y + middle + 4.0, "note", &id);
            }
            self.row(row);
        }
        let (from, to) = (top + middle, self.y - middle);
        if group.rows.len() > 1 {
            let _ = writeln!(
                self.body,
                r#"<path class="bracket" d="M{x2} {from}H{x}V{to}H{x2}"/>"#,
                x = BRACKET,
                x2 = BRACKET + 6.0,
                from = from,
                to = to
            );
        }
        self.y += 4.0;
    }

    fn row(&mut self, row: &Row) {
        let base = self.y + ROW / 2.0 + 4.0;
        let _ = writeln!(self.body, "<g><title>{}</title>", escaped(&figures(row)));
        self.text(LABEL, base, "label", &row.label(LABEL_LENGTH));
        let (class, status) = match row.status {
            Some(status) if status < 400 && row.error.is_none() => ("status", status.to_string()),
            Some(status) => ("status bad", status.to_string()),
            None => ("status bad", "—".to_owned()),
        };
        self.text(STATUS, base, class, &status);
        for span in &row.spans {
            let mark = mark(span.phase);
            let height = BAR * f64::from(mark.thickness) / 12.0;
            let (from, to) = (self.x(span.from), self.x(span.to));
            let _ = writeln!(
                self.body,
                r#"<rect x="{:.2}" y="{:.2}" width="{:.2}" height="{:.2}" fill="{}"/>"#,
                from,
                self.y + (ROW - height) / 2.0,
                (to - from).max(HAIR),
                height,
                mark.colour
            );
        }
        let end = self.x(row.ended());
        let (class, text) = match row.error.is_some() {
            true => ("time bad", format!("✕ {}", time(row.time()))),
            false => ("time", time(row.time())),
        };
        self.text(end + 6.0, base, class, &text);
        self.body.push_str("</g>\n");
        self.y += ROW;
    }

    /// The numbers of the axis.
    fn labels(&mut self) {
        for (at, text) in self.axis.ticks() {
            self.text(self.x(at), self.y, "tick", &text);
        }
    }

    /// A line down from each of them, beside the rows below `top`.
    fn grid(&mut self, top: f64) {
        for (at, _) in self.axis.ticks() {
            let x = self.x(at);
            let _ = writeln!(
                self.grids,
                r#"<path class="grid" d="M{:.2} {:.2}V{:.2}"/>"#,
                x,
                top - 4.0,
                self.y
            );
        }
    }

    fn legend(&mut self, charts: &[(&str, Chart)]) {
        let mut phases: Vec<_> = charts.iter().flat_map(|(_, chart)| chart.phases()).collect();
        phases.sort_unstable();
        phases.dedup();
        self.y += 10.0;
        let _ = writeln!(
            self.body,
            r#"<path class="bracket" d="M{x2} {from}H{x}V{to}H{x2}"/>"#,
            x = BRACKET,
            x2 = BRACKET + 6.0,
            from = self.y - 11.0,
            to = self.y + 3.0
        );
        self.text(LABEL, self.y, "note", "one connection, used again and again");
        let mut x = BARS_FROM;
        for phase in phases {
            let mark = mark(phase);
            let height = BAR * f64::from(mark.thickness) / 12.0;
            let _ = writeln!(
                self.body,
                r#"<rect x="{}" y="{:.2}" width="18" height="{:.2}" fill="{}"/>"#,
                x,
                self.y - 4.0 - height / 2.0,
                height,
                mark.colour
            );
            self.text(x + 24.0, self.y, "note", mark.name);
            x += 40.0 + 6.5 * mark.name.len() as f64;
        }
        self.y += 8.0;
    }

    fn x(&self, at: Duration) -> f64 {
        BARS_FROM + BARS * at.as_secs_f64() / self.axis.length().as_secs_f64()
    }

    fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let _ = writeln!(
            self.body,
            r#"<text x="{:.2}" y="{:.2}" class="{}">{}</text>"#,
            x,
            y,
            class,
            escaped(text)
        );
    }

    fn finish(self, charts: &[(&str, Chart)]) -> String {
        let height = (self.y + MARGIN).ceil();
        let summaries = charts.iter().map(|(title, chart)| match *title {
            "" => chart.summary(),
            title => format!("{}: {}", title, chart.summary()),
        });
        let summary = summaries.collect::<Vec<_>>().join("; ");
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
             viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-labelledby=\"title desc\">\n\
             <title id=\"title\">Waterfall of HTTP exchanges</title>\n\
             <desc id=\"desc\">One row per exchange, rows of one connection together, phases along \
             a time axis. {}</desc>\n<style>{STYLE}</style>\n\
             <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n{}{}</svg>\n",
            escaped(&summary),
            self.grids,
            self.body
        )
    }
}

/// All that is known of a row, in a sentence.
fn figures(row: &Row) -> String {
    let mut text = format!("{} {}", row.method, row.target);
    if let Some(status) = row.status {
        let _ = write!(text, ", {}", status);
    }
    for span in &row.spans {
        let _ = write!(text, ", {} {}", mark(span.phase).name, time(span.time()));
    }
    if row.reused {
        text.push_str(", on a connection used before");
    }
    if let Some(error) = &row.error {
        let _ = write!(text, ": {}", error);
    }
    text
}

/// The text with what has a meaning in XML written otherwise, and without what XML cannot hold.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            c if c.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            c => escaped.push(c),
        }
    }
    escaped
}

const STYLE: &str = "text{font:12px system-ui,sans-serif;fill:#1f2328}\
    .label{font:11px ui-monospace,monospace}.title{font-size:15px;font-weight:600}\
    .origin{font-weight:600}.note,.time,.tick,.status{fill:#59636e;font-size:11px}\
    .tick{text-anchor:middle}.status{text-anchor:end}.bad{fill:#c0392b}\
    .grid{stroke:#e6e9ec;fill:none}.bracket{stroke:#9aa0a6;fill:none}";

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 24.0;
const BRACKET: f64 = 54.0;
const LABEL: f64 = 66.0;
const STATUS: f64 = 336.0;
const BARS_FROM: f64 = 352.0;
/// The time of the longest row stands behind it.
const BARS: f64 = 520.0;
const ROW: f64 = 20.0;
const BAR: f64 = 12.0;
/// Room for a tick and its label.
const TICK: f64 = 64.0;
/// The least width of what happened at all.
const HAIR: f64 = 0.75;
/// Characters of the label's font between its place and the status.
const LABEL_LENGTH: usize = 36;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_nothing_in_a_text_is_markup() {
        assert_eq!(
            escaped("<a b='c'>&\"\u{1}\u{ffff}é"),
            "&lt;a b=&#39;c&#39;&gt;&amp;&quot;\u{fffd}\u{fffd}é"
        );
    }
}
