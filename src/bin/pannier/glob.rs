//! URL globbing: `{one,two}`, `[1-10:2]`, `[001-100]` and `[a-z]`, as curl has it.
//!
//! A pattern is not expanded but counted through, the last set fastest, so that a range of a
//! million costs nothing. `\` before a bracket or brace takes away its meaning; `[]` and `[::1]`
//! have none. Errors name the place, counted from 1.

use std::net::Ipv6Addr;

use pannier::http::token;

use crate::address::{masked, MAX_SHOWN};

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Fixed(Vec<u8>),
    Set(Vec<Vec<u8>>),
    Letters { first: u8, count: u64, step: u64 },
    Numbers { first: u64, count: u64, step: u64, width: usize },
}

/// What is wrong with a pattern, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlobError {
    pub what: &'static str,
    pub position: usize,
}

/// One of the texts that a pattern stands for, and what its sets were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    pub text: Vec<u8>,
    pub matches: Vec<Vec<u8>>,
}

type Parsed = Result<(Part, usize), GlobError>;

impl Glob {
    /// A text that stands for itself.
    pub fn literal(text: &[u8]) -> Glob {
        Glob(vec![Part::Fixed(text.to_vec())])
    }

    /// The pattern in `text`.
    pub fn parse(text: &[u8]) -> Result<Glob, GlobError> {
        let mut parts = Vec::new();
        let mut fixed = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let (part, end) = match text[at] {
                b'{' => set(text, at)?,
                b'[' => match literal_brackets(&text[at..]) {
                    Some(length) => (Part::Fixed(text[at..at + length].to_vec()), at + length),
                    None => range(text, at)?,
                },
                b'}' | b']' => return error("unmatched close brace/bracket", at),
                b'\\' if text.get(at + 1).is_some_and(|next| b"{}[]".contains(next)) => {
                    (Part::Fixed(vec![text[at + 1]]), at + 2)
                }
                byte => (Part::Fixed(vec![byte]), at + 1),
            };
            match part {
                Part::Fixed(bytes) => fixed.extend(bytes),
                part => {
                    parts.push(Part::Fixed(std::mem::take(&mut fixed)));
                    parts.push(part);
                }
            }
            if parts.len() > 2 * MAX_SETS {
                return error("too many {} sets", at);
            }
            at = end;
        }
        parts.push(Part::Fixed(fixed));
        Glob(parts).counted(text.len())
    }

    fn counted(self, end: usize) -> Result<Glob, GlobError> {
        let product =
            self.0.iter().try_fold(1u64, |product, part| product.checked_mul(part.count()));
        match product {
            Some(_) => Ok(self),
            None => error("range overflow", end),
        }
    }

    /// How many texts there are.
    pub fn count(&self) -> u64 {
        self.0.iter().map(Part::count).product()
    }

    /// The text of this index, below [`count`](Glob::count).
    pub fn nth(&self, mut index: u64) -> Expansion {
        let mut chosen = Vec::with_capacity(self.0.len());
        for part in self.0.iter().rev() {
            chosen.push(part.nth(index % part.count()));
            index /= part.count();
        }
        chosen.reverse();
        let sets = self.0.iter().zip(&chosen).filter(|(part, _)| !matches!(part, Part::Fixed(_)));
        Expansion { matches: sets.map(|(_, text)| text.clone()).collect(), text: chosen.concat() }
    }
}

impl Part {
    fn count(&self) -> u64 {
        match self {
            Part::Fixed(_) => 1,
            Part::Set(texts) => texts.len() as u64,
            Part::Letters { count, .. } | Part::Numbers { count, .. } => *count,
        }
    }

    fn nth(&self, index: u64) -> Vec<u8> {
        match self {
            Part::Fixed(text) => text.clone(),
            Part::Set(texts) => texts[index as usize].clone(),
            Part::Letters { first, step, .. } => vec![first + (index * step) as u8],
            Part::Numbers { first, step, width, .. } => {
                format!("{:0width$}", first + index * step, width = width).into_bytes()
            }
        }
    }
}

impl GlobError {
    /// The error as curl shows it, with a mark under the place.
    pub fn show(&self, url: &[u8]) -> String {
        let url = masked(&String::from_utf8_lossy(url));
        let indent = self.position.saturating_sub(1);
        if url.len() > MAX_SHOWN {
            return format!("{} in URL position {}", self.what, self.position);
        }
        format!(
            "{} in URL position {}:\n{}\n{:indent$}^",
            self.what,
            self.position,
            url,
            "",
            indent = indent
        )
    }
}

/// `pattern` with `#1` replaced by the first match, and so on; other numbers stay.
pub fn substitute(pattern: &[u8], matches: &[Vec<u8>]) -> Vec<u8> {
    let mut text = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let number = token::decimal(&after[..digits]).filter(|_| byte == b'#');
        let found = number
            .and_then(|number| usize::try_from(number).ok()?.checked_sub(1))
            .and_then(|index| matches.get(index));
        match found {
            Some(found) => {
                text.extend(found);
                rest = &after[digits..];
            }
            None => {
                text.push(byte);
                rest = after;
            }
        }
    }
    text
}

/// `{a,b}` from the brace at `start`.
fn set(text: &[u8], start: usize) -> Parsed {
    let mut texts = Vec::new();
    let mut current = Vec::new();
    let mut at = start + 1;
    loop {
        match text.get(at) {
            None => return error("unmatched brace", start),
            Some(b'{' | b'[') => return error("nested brace", at),
            Some(b']') => return error("unexpected close bracket", at),
            Some(b'}') if at == start + 1 => return error("empty string within braces", at),
            Some(end @ (b',' | b'}')) => {
                texts.push(std::mem::take(&mut current));
                if *end == b'}' {
                    return Ok((Part::Set(texts), at + 1));
                }
            }
            Some(b'\\') if at + 1 < text.len() => {
                at += 1;
                current.push(text[at]);
            }
            Some(&byte) => current.push(byte),
        }
        at += 1;
    }
}

/// `[a-z]` or `[1-10:2]` from the bracket at `start`.
fn range(text: &[u8], start: usize) -> Parsed {
    let at = start + 1;
    match text.get(at) {
        Some(byte) if byte.is_ascii_alphabetic() => letters(text, at),
        Some(byte) if byte.is_ascii_digit() => numbers(text, at),
        _ => error("bad range specification", at),
    }
}

fn letters(text: &[u8], start: usize) -> Parsed {
    let last = match &text[start + 1..] {
        [b'-', last, b']' | b':', ..] if last.is_ascii_alphabetic() => *last,
        _ => return error("bad range", start),
    };
    let (step, end) = step(text, start + 3)?;
    let first = text[start];
    let count = count(u64::from(first), u64::from(last), step, end)?;
    // `[A-z]` would run through the punctuation between.
    if last - first > b'z' - b'a' {
        return error("bad range", end);
    }
    Ok((Part::Letters { first, count, step }, end))
}

fn numbers(text: &[u8], start: usize) -> Parsed {
    let digits = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let width = digits(start);
    let dash = start + width;
    let first = token::decimal(&text[start..dash]);
    if text.get(dash) != Some(&b'-') || dash + 1 >= text.len() {
        return error("bad range", dash);
    }
    let end = dash + 1 + digits(dash + 1);
    let (Some(first), Some(last)) = (first, token::decimal(&text[dash + 1..end])) else {
        return error("bad range", dash + 1);
    };
    let (step, end) = step(text, end)?;
    let count = count(first, last, step, end)?;
    let width = if text[start] == b'0' { width } else { 0 };
    Ok((Part::Numbers { first, count, step, width }, end))
}

/// `]` or `:step]`, and where it ends.
fn step(text: &[u8], at: usize) -> Result<(u64, usize), GlobError> {
    match text.get(at) {
        Some(b']') => Ok((1, at + 1)),
        Some(b':') => {
            let length = text[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            let end = at + 1 + length;
            match (token::decimal(&text[at + 1..end]), text.get(end)) {
                (Some(step), Some(b']')) => Ok((step, end + 1)),
                _ => error("bad range", end),
            }
        }
        _ => error("bad range", at),
    }
}

/// How many there are from `first` to `last`, in steps of `step`.
fn count(first: u64, last: u64, step: u64, end: usize) -> Result<u64, GlobError> {
    let count = match last.checked_sub(first) {
        Some(0) if step == 1 => Some(1),
        Some(distance) if step > 0 && step <= distance => (distance / step).checked_add(1),
        _ => None,
    };
    count.map_or_else(|| error("bad range", end), Ok)
}

/// The length of `[]` or of an IPv6 address in brackets at the start of `text`.
fn literal_brackets(text: &[u8]) -> Option<usize> {
    let end = text.iter().position(|&byte| byte == b']')?;
    let inside = std::str::from_utf8(&text[1..end]).ok()?;
    let address = inside.split('%').next().unwrap_or(inside);
    (inside.is_empty() || address.parse::<Ipv6Addr>().is_ok()).then_some(end + 1)
}

fn error<T>(what: &'static str, index: usize) -> Result<T, GlobError> {
    Err(GlobError { what, position: index + 1 })
}

/// More sets than this are a mistake.
const MAX_SETS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pattern: &str) -> Vec<String> {
        let glob =
            Glob::parse(pattern.as_bytes()).unwrap_or_else(|e| panic!("{}: {:?}", pattern, e));
        let texts = (0..glob.count()).map(|index| glob.nth(index).text);
        texts.map(|text| String::from_utf8(text).expect("the patterns are ASCII")).collect()
    }

    #[test]
    fn ok_patterns_and_what_they_stand_for() {
        for (pattern, expected) in [
            ("a", "a"),
            ("", ""),
            ("{a,b}{1,2}", "a1 a2 b1 b2"),
            ("{a,}x{b}", "axb xb"),
            ("[1-3]", "1 2 3"),
            ("[1-10:3]", "1 4 7 10"),
            ("[08-11]", "08 09 10 11"),
            ("[001-3]", "001 002 003"),
            ("[a-e:2]", "a c e"),
            ("[5-5]", "5"),
            ("0[0-1]/x", "00/x 01/x"),
            ("\\{a\\}\\[", "{a}["),
            ("{a\\,b,c}", "a,b c"),
            ("http://[::1]:80/[]", "http://[::1]:80/[]"),
            ("http://[fe80::1%25eth0]/", "http://[fe80::1%25eth0]/"),
        ] {
            assert_eq!(all(pattern).join(" "), expected, "{}", pattern);
        }
    }

    #[test]
    fn err_a_place_is_named() {
        for (pattern, what, position) in [
            ("http://127.0.0.1:1/{a", "unmatched brace", 20),
            ("http://127.0.0.1:1/[9-1]", "bad range", 25),
            ("http://127.0.0.1:1/[a-", "bad range", 21),
            ("http://127.0.0.1:1/a}", "unmatched close brace/bracket", 21),
            ("http://127.0.0.1:1/{}", "empty string within braces", 21),
            ("http://127.0.0.1:1/{a{b}}", "nested brace", 22),
            ("http://127.0.0.1:1/[1-5:0]", "bad range", 27),
            ("http://127.0.0.1:1/[1-5:", "bad range", 25),
            ("http://127.0.0.1:1/[a-F]", "bad range", 25),
            ("http://127.0.0.1:1/[1-99999999999999999999]", "bad range", 23),
            ("[0-18446744073709551615]", "bad range", 25),
            ("{a]", "unexpected close bracket", 3),
            ("[!-3]", "bad range specification", 2),
            ("[1-4611686018427387904][1-4611686018427387904]", "range overflow", 47),
        ] {
            let error = Glob::parse(pattern.as_bytes()).expect_err(pattern);
            assert_eq!((error.what, error.position), (what, position), "{}", pattern);
        }
        let many = "{a}".repeat(MAX_SETS + 1);
        assert!(Glob::parse(many.as_bytes()).is_err());
        assert!(Glob::parse(&many.as_bytes()[3..]).is_ok());
    }

    #[test]
    fn ok_the_mark_stands_under_the_place() {
        let error = Glob::parse(b"ab{").expect_err("the brace is open");
        assert_eq!(error.show(b"ab{"), "unmatched brace in URL position 3:\nab{\n  ^");
        let shown = "unmatched brace in URL position 3:\nhttp://***@h/{\n  ^";
        assert_eq!(error.show(b"http://u:p@h/{"), shown);
    }

    #[test]
    fn ok_huge_ranges_are_counted_not_made() {
        let glob = Glob::parse(b"[1-9999999999]").expect("a range");
        assert_eq!(glob.count(), 9_999_999_999);
        assert_eq!(glob.nth(9_999_999_998).text, b"9999999999");
    }

    #[test]
    fn ok_matches_go_into_output_names() {
        let matches = [b"x".to_vec(), b"yy".to_vec()];
        for (pattern, expected) in [
            ("a#1.#2", "ax.yy"),
            ("#3#0#", "#3#0#"),
            ("##1", "#x"),
            ("#11", "#11"),
            ("#99999999999999999999", "#99999999999999999999"),
        ] {
            assert_eq!(
                substitute(pattern.as_bytes(), &matches),
                expected.as_bytes(),
                "{}",
                pattern
            );
        }
    }
}
