//! JSON values (RFC 8259) as far as a HAR file has them, and their text.

use std::fmt;
use std::time::Duration;

use crate::write_out::quoted;

/// A value to be written.
pub enum Json {
    Bool(bool),
    Number(i64),
    /// Milliseconds, exact to the microsecond.
    Time(Duration),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

impl Json {
    /// A count; -1 if it is not known.
    pub fn count(count: Option<u64>) -> Json {
        Json::Number(count.map_or(-1, |count| i64::try_from(count).unwrap_or(i64::MAX)))
    }

    /// A time; -1 if there was none.
    pub fn time(time: Option<Duration>) -> Json {
        time.map_or(Json::Number(-1), Json::Time)
    }

    /// Text that may not be UTF-8.
    pub fn lossy(bytes: &[u8]) -> Json {
        Json::Text(String::from_utf8_lossy(bytes).into_owned())
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        match self {
            Json::Bool(value) => write!(f, "{}", value),
            Json::Number(value) => write!(f, "{}", value),
            Json::Time(time) => {
                write!(f, "{}.{:03}", time.as_millis(), time.subsec_micros() % 1000)
            }
            Json::Text(text) => f.write_str(&quoted(text)),
            Json::List(items) => {
                let items = items.iter().map(|item| ("", item));
                sequence(f, depth, ['[', ']'], items)
            }
            Json::Object(members) => {
                let members = members.iter().map(|(name, value)| (*name, value));
                sequence(f, depth, ['{', '}'], members)
            }
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::Text(text.to_owned())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

/// One item a line, indented; members have names.
fn sequence<'a>(
    f: &mut fmt::Formatter<'_>,
    depth: usize,
    brackets: [char; 2],
    items: impl Iterator<Item = (&'static str, &'a Json)>,
) -> fmt::Result {
    let mut separator = "\n";
    write!(f, "{}", brackets[0])?;
    for (name, value) in items {
        write!(f, "{}{:width$}", separator, "", width = (depth + 1) * 2)?;
        if !name.is_empty() {
            write!(f, "\"{}\": ", name)?;
        }
        value.write(f, depth + 1)?;
        separator = ",\n";
    }
    if separator != "\n" {
        write!(f, "\n{:width$}", "", width = depth * 2)?;
    }
    write!(f, "{}", brackets[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_values_are_written_one_a_line() {
        let value = Json::Object(vec![
            ("a", Json::List(vec![Json::Number(-1), Json::Bool(true), Json::List(Vec::new())])),
            ("b", Json::Time(Duration::from_micros(12_034))),
            ("c", "x\"".into()),
        ]);
        let expected = "{\n  \"a\": [\n    -1,\n    true,\n    []\n  ],\n  \"b\": 12.034,\n  \
                        \"c\": \"x\\\"\"\n}";
        assert_eq!(value.to_string(), expected);
    }
}
