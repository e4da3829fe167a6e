//! The waterfall: one row per exchange, its phases along a time axis, rows of one connection together.
//!
//! [`Chart`] says what stands where; [`terminal`] and [`svg`] show it. Of a URL only what tells it
//! from its neighbours is shown, and nothing that a terminal or a viewer would obey.

mod axis;
mod cells;
mod label;
mod mark;
pub mod svg;
pub mod terminal;

use std::time::Duration;

use pannier::http::Url;
use pannier::Phase;

pub use self::axis::{time, Axis};
pub use self::cells::{cells, Scale};
pub use self::mark::mark;
use crate::journal::{Exchange, Span};

/// What is to be drawn. Times are counted from the beginning of the first exchange.
#[derive(Debug)]
pub struct Chart {
    /// When the last exchange ended.
    pub length: Duration,
    pub sections: Vec<Section>,
}

/// An origin.
#[derive(Debug)]
pub struct Section {
    pub origin: String,
    pub groups: Vec<Group>,
}

/// The exchanges of a connection, or one that never had any.
#[derive(Debug)]
pub struct Group {
    pub connection: Option<u64>,
    pub rows: Vec<Row>,
}

/// An exchange.
#[derive(Debug)]
pub struct Row {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub status: Option<u16>,
    pub reused: bool,
    /// Which stream of the connection it had, in HTTP/2.
    pub stream: Option<u32>,
    pub error: Option<String>,
    pub began: Duration,
    pub spans: Vec<Span>,
}

impl Chart {
    /// The chart of these exchanges, which are in the order in which they began.
    pub fn new(exchanges: &[Exchange]) -> Chart {
        let began = exchanges.iter().map(|exchange| exchange.began).min().unwrap_or_default();
        let ended = exchanges.iter().map(Exchange::ended).max().unwrap_or_default();
        let mut sections: Vec<Section> = Vec::new();
        for exchange in exchanges {
            let origin = origin(&exchange.url);
            let index = sections.iter().position(|s| s.origin == origin).unwrap_or_else(|| {
                sections.push(Section { origin, groups: Vec::new() });
                sections.len() - 1
            });
            sections[index].add(exchange.carrier.map(|c| c.id), Row::new(exchange, began));
        }
        Chart { length: ended.saturating_sub(began), sections }
    }

    /// All rows, from the top.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.groups().flat_map(|group| &group.rows)
    }

    /// All groups, from the top.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.sections.iter().flat_map(|section| &section.groups)
    }

    /// The phases that occur, in their order.
    pub fn phases(&self) -> Vec<Phase> {
        let spans = self.rows().flat_map(|row| &row.spans);
        let mut phases: Vec<Phase> = spans.map(|span| span.phase).collect();
        phases.sort_unstable();
        phases.dedup();
        phases
    }

    /// How much there was of what, in words.
    pub fn summary(&self) -> String {
        let exchanges = self.rows().count();
        let connections = self.groups().filter(|group| group.connection.is_some()).count();
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        format!(
            "{} exchange{} on {} connection{} in {}",
            exchanges,
            plural(exchanges),
            connections,
            plural(connections),
            time(self.length)
        )
    }
}

impl Group {
    /// What stands before a row of this group: `#1` before the first of a connection, and `#1.3` before
    /// each that shares it as a stream.
    pub fn id(&self, index: usize) -> String {
        match (self.connection, self.rows[index].stream, index) {
            (Some(id), Some(stream), _) => format!("#{}.{}", id, stream),
            (Some(id), None, 0) => format!("#{}", id),
            _ => String::new(),
        }
    }
}

impl Section {
    fn add(&mut self, connection: Option<u64>, row: Row) {
        let known = self.groups.iter_mut().find(|group| group.connection == connection);
        match known.filter(|_| connection.is_some()) {
            Some(group) => group.rows.push(row),
            None => self.groups.push(Group { connection, rows: vec![row] }),
        }
    }
}

impl Row {
    fn new(exchange: &Exchange, began: Duration) -> Row {
        let shifted = |span: &Span| Span {
            from: span.from.saturating_sub(began),
            to: span.to.saturating_sub(began),
            ..*span
        };
        Row {
            method: label::clean(&exchange.method),
            target: label::clean(exchange.url.target()),
            status: exchange.status,
            reused: exchange.carrier.is_some_and(|carrier| carrier.reused),
            stream: exchange.carrier.and_then(|carrier| carrier.stream),
            error: exchange.error.as_deref().map(label::clean),
            began: exchange.began.saturating_sub(began),
            spans: exchange.spans.iter().map(shifted).collect(),
        }
    }

    /// Method and target in at most so many columns.
    pub fn label(&self, width: usize) -> String {
        let room = width.saturating_sub(self.method.chars().count() + 1);
        let text = format!("{} {}", self.method, label::shorten(&self.target, room));
        label::cut(&text, width)
    }

    /// When its last phase ended.
    pub fn ended(&self) -> Duration {
        self.spans.last().map_or(self.began, |span| span.to)
    }

    /// How long it lasted.
    pub fn time(&self) -> Duration {
        self.ended().saturating_sub(self.began)
    }
}

fn origin(url: &Url) -> String {
    label::clean(&url.origin().to_string())
}

#[cfg(test)]
mod tests;
