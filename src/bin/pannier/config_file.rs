//! curl's config files: an option per line, with its value behind white space, `=` or `:`.
//!
//! `#` begins a comment at the start of a line. A value in double quotes may hold white space and
//! the escapes `\t \n \r \v \" \\`; another backslash is dropped. Without quotes a value ends at
//! white space.

use std::env;
use std::path::PathBuf;

/// One option of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Counted from 1.
    pub number: usize,
    /// With its dashes, if it has any.
    pub option: Vec<u8>,
    pub value: Option<Vec<u8>>,
    /// Something other than a comment followed a value without quotes.
    pub unquoted_rest: bool,
}

/// The options in `text`.
pub fn lines(text: &[u8]) -> impl Iterator<Item = Line> + '_ {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    text.split(|&byte| byte == b'\n')
        .enumerate()
        .filter_map(|(index, line)| option_line(index + 1, line))
}

/// The file that is read unless `-q` comes first: where curl has it.
pub fn default_path() -> Option<PathBuf> {
    let places: [(&str, &str); 6] = [
        ("CURL_HOME", ".curlrc"),
        ("XDG_CONFIG_HOME", "curlrc"),
        ("HOME", ".curlrc"),
        ("USERPROFILE", ".curlrc"),
        ("CURL_HOME", ".config/curlrc"),
        ("HOME", ".config/curlrc"),
    ];
    places
        .iter()
        .filter_map(|(variable, name)| Some(folder(variable)?.join(name)))
        .find(|path| path.is_file())
}

/// The folder that an environment variable names. An empty name is none: what lies where the program
/// happens to run is not the user's.
pub fn folder(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).filter(|name| !name.is_empty()).map(PathBuf::from)
}

fn option_line(number: usize, line: &[u8]) -> Option<Line> {
    let line = skip_space(line);
    if line.is_empty() || line.starts_with(b"#") {
        return None;
    }
    // Behind dashes only white space ends a name, so that `-:` is one.
    let dashed = line.starts_with(b"-");
    let ends = |byte: &u8| byte.is_ascii_whitespace() || (!dashed && b"=:".contains(byte));
    let end = line.iter().position(ends).unwrap_or(line.len());
    let (option, rest) = line.split_at(end);
    let start = rest.iter().position(|byte| !ends(byte)).unwrap_or(rest.len());
    let (value, unquoted_rest) = match &rest[start..] {
        [] => (None, false),
        [b'"', quoted @ ..] => (Some(unquoted(quoted)), false),
        rest => {
            let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
            let after = skip_space(&rest[end..]);
            let odd = !after.is_empty() && !after.starts_with(b"#");
            (Some(rest[..end].to_vec()), odd)
        }
    };
    Some(Line { number, option: option.to_vec(), value, unquoted_rest })
}

fn skip_space(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !byte.is_ascii_whitespace());
    &text[start.unwrap_or(text.len())..]
}

/// The text up to the closing quote; the end of the line closes too.
fn unquoted(text: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => match bytes.next() {
                Some(b't') => value.push(b'\t'),
                Some(b'n') => value.push(b'\n'),
                Some(b'r') => value.push(b'\r'),
                Some(b'v') => value.push(0x0b),
                Some(&other) => value.push(other),
                None => {}
            },
            byte => value.push(byte),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ok_the_ways_to_write_an_option() {
        let file = b"# comment\r\n\nurl = \"http://a/ b\"\n--max-time 180\nuser-agent: x # why\n\
            -A \"a\\t\\\"b\\\\\\n\\q\"\n  silent\noutput=file\nurl=http://h:80/\nurl http://a/ b\n-:\nurl=\"\"";
        let found: Vec<(usize, String, Option<String>, bool)> = lines(file)
            .map(|line| {
                let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it is ASCII");
                (line.number, text(line.option), line.value.map(text), line.unquoted_rest)
            })
            .collect();
        let expected = [
            (3, "url", Some("http://a/ b"), false),
            (4, "--max-time", Some("180"), false),
            (5, "user-agent", Some("x"), false),
            (6, "-A", Some("a\t\"b\\\nq"), false),
            (7, "silent", None, false),
            (8, "output", Some("file"), false),
            (9, "url", Some("http://h:80/"), false),
            (10, "url", Some("http://a/"), true),
            (11, "-:", None, false),
            (12, "url", Some(""), false),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(n, option, value, rest)| {
                (*n, option.to_string(), value.map(str::to_owned), *rest)
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn ok_a_last_line_without_line_end() {
        assert_eq!(lines(b"url = a").count(), 1);
        assert_eq!(lines(b"").count(), 0);
    }
}
