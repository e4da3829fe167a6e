//! Reads Rust source as far as it takes to see which paths it names.

/// Reads a path, or a tree of them in braces, at the beginning of `code`; says how long it is.
pub fn tree(code: &str, prefix: &str, paths: &mut Vec<String>) -> usize {
    let mut at = code.len() - code.trim_start().len();
    if code[at..].starts_with('{') {
        at += 1;
        loop {
            at += tree(&code[at..], prefix, paths);
            let rest = code[at..].trim_start();
            at = code.len() - rest.len();
            match rest.chars().next() {
                Some(',') => at += 1,
                Some('}') => return at + 1,
                _ => return at,
            }
            let rest = code[at..].trim_start();
            if rest.starts_with('}') {
                return code.len() - rest.len() + 1;
            }
        }
    }
    let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '*' || c == '#';
    let name = code[at..].split(|c| !is_name(c)).next().unwrap_or("");
    at += name.len();
    let path = match (prefix, name) {
        (prefix, "self") => prefix.to_owned(),
        ("", name) => name.to_owned(),
        (prefix, name) => format!("{}::{}", prefix, name),
    };
    if let Some(rest) = code[at..].strip_prefix("::") {
        let start = rest.trim_start();
        if start.starts_with('{') || start.starts_with(is_name) {
            return at + 2 + tree(rest, &path, paths);
        }
    }
    if !name.is_empty() {
        paths.push(path);
    }
    // `as other` belongs to the element.
    let rest = &code[at..];
    match rest.trim_start().strip_prefix("as ") {
        Some(renamed) => {
            let other = renamed.split(|c| !is_name(c)).next().unwrap_or("");
            at + rest.len() - renamed.len() + other.len()
        }
        None => at,
    }
}

/// Is the name in the code, not as a part of a longer one?
pub fn mentions(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(start, found)| {
        let after = code[start + found.len()..].chars().next();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let ends_in_word = name.ends_with(is_word);
        !(is_within_word(code, start) || ends_in_word && after.map_or(false, is_word))
    })
}

pub fn is_within_word(code: &str, start: usize) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let first = code[start..].chars().next().map_or(false, word);
    first && code[..start].chars().next_back().map_or(false, word)
}

/// The text with comments, strings and characters made blank.
pub fn code_only(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = literal(rest, code.chars().next_back());
        let taken = if length == 0 { c.len_utf8() } else { length };
        match length {
            0 => code.push(c),
            _ => code.extend(rest[..taken].chars().map(|c| if c == '\n' { c } else { ' ' })),
        }
        rest = &rest[taken..];
    }
    code
}

/// How long the comment, string or character at the beginning is; 0 if there is none.
fn literal(text: &str, before: Option<char>) -> usize {
    let is_prefix = |c: char| c.is_alphanumeric() || c == '_';
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return block_comment(text);
    }
    if text.starts_with('"') {
        return quoted(text, '"');
    }
    if text.starts_with('\'') {
        let mut chars = text.chars().skip(1);
        return match (chars.next(), chars.next()) {
            (Some('\\'), _) => quoted(text, '\''),
            (Some(c), Some('\'')) => 2 + c.len_utf8(),
            _ => 0, // a lifetime
        };
    }
    let raw = text.strip_prefix('b').unwrap_or(text);
    match raw.strip_prefix('r') {
        Some(raw) if !before.map_or(false, is_prefix) => {
            let hashes = raw.len() - raw.trim_start_matches('#').len();
            let end = format!("\"{}", "#".repeat(hashes));
            match raw[hashes..].strip_prefix('"').and_then(|inner| inner.find(&end)) {
                Some(length) => text.len() - raw.len() + hashes + 1 + length + end.len(),
                None => 0,
            }
        }
        _ => 0,
    }
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return index + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// The code without what `#[cfg(test)]` stands before: a block, or a statement.
pub fn without_tests(code: &str) -> String {
    let mut kept = String::new();
    let mut rest = code;
    while let Some(start) = rest.find("#[cfg(test)]") {
        kept.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(&['{', ';'][..]).unwrap_or(rest.len());
        let mut depth = 0;
        let mut length = rest.len();
        for (index, c) in rest.char_indices().skip(end) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                length = index + 1;
                break;
            }
        }
        rest = &rest[length..];
    }
    kept + rest
}
