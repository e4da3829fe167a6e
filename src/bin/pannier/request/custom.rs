//! The lines of `-H` and `--proxy-header`.

use crate::exit::{self, Failure};

/// A `-H` line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Custom {
    Set(String, Vec<u8>),
    Remove(String),
}

impl Custom {
    /// The name of the field.
    pub fn name(&self) -> &str {
        match self {
            Custom::Set(name, _) | Custom::Remove(name) => name,
        }
    }
}

/// Lines of `-H` or `--proxy-header`.
pub fn custom_lines(given: &[Vec<u8>]) -> Result<Vec<Custom>, Failure> {
    let mut lines: Vec<Custom> = Vec::new();
    for line in given {
        if ends_a_line(line) {
            // Its value may be a secret.
            let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
            let name = String::from_utf8_lossy(name);
            let message =
                format!("the header '{}' must not hold CR, LF or NUL", name.escape_debug());
            return Err(Failure::new(exit::BAD_ARGUMENT, message));
        }
        lines.extend(custom_line(line));
    }
    Ok(lines)
}

/// `Name: value`, `Name:` or `Name;`; anything else means nothing.
fn custom_line(line: &[u8]) -> Option<Custom> {
    let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    if let Some(colon) = line.iter().position(|&byte| byte == b':') {
        let (name, value) = (text(&line[..colon]), &line[colon + 1..]);
        let start = value.iter().position(|byte| !byte.is_ascii_whitespace());
        return Some(match start {
            Some(start) => Custom::Set(name, value[start..].to_vec()),
            None => Custom::Remove(name),
        });
    }
    match line.iter().position(|&byte| byte == b';') {
        Some(end) if end + 1 == line.len() => Some(Custom::Set(text(&line[..end]), Vec::new())),
        _ => None,
    }
}

/// Would a second line begin in it, or a C string end?
pub fn ends_a_line(bytes: &[u8]) -> bool {
    bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}
