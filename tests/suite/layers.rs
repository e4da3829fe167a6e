//! The house has storeys, and nothing points up: reads `src/` and fails on a `use` that leads where
//! its module may not look, on what only some modules may do, and on what none may.
//!
//! Comments, documentation, strings and what is compiled for tests only do not count.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Which module may use which others of the crate. A module may always use itself.
const ARROWS: [(&str, &[&str]); 9] = [
    ("http", &[]),
    ("coding", &[]),
    ("proto", &["http"]),
    ("net", &["http"]),
    // What an error and an event hold: values of the layers below, and each other.
    ("error", &["event", "http", "proto"]),
    ("event", &["error", "http", "proto"]),
    ("conn", &["proto", "net", "error", "event", "http"]),
    ("client", &["conn", "net", "proto", "coding", "error", "event", "http"]),
    ("guide", &["client", "conn", "net", "proto", "coding", "error", "event", "http"]),
];

/// Of `proto` the client sees values that its callers hand in or get out, never an engine.
const VALUES_OF_PROTO: [&str; 11] = [
    "proto::buffer::Buffer",
    "proto::Limits",
    "proto::CloseReason",
    "proto::h1::Leniency",
    "proto::h1::ResponseHead",
    "proto::h1::KeepAlive",
    "proto::h1::Transfer",
    "proto::h1::Target",
    "proto::h1::RequestHead",
    "proto::h1::Error",
    "proto::h1::Fault",
];

/// What must not be named in a module, beside the arrows.
const FORBIDDEN: [(&str, &[&str]); 6] = [
    ("", &["unsafe", ".unwrap()", "todo!", "unimplemented!", "dbg!"]),
    (
        "proto",
        &["std::net", "std::io", "std::thread", "std::sync", "std::fs", "Instant", "SystemTime"],
    ),
    (
        "coding",
        &["std::net", "std::io", "std::thread", "std::sync", "std::fs", "Instant", "SystemTime"],
    ),
    ("http", &["std::io", "std::thread", "std::fs", "Instant", "SystemTime::now"]),
    // Digits from the wire are parsed by `http::token`: these take signs, or strip too much.
    ("proto", LAX),
    ("http", LAX),
];

const LAX: &[&str] = &[
    ".parse()",
    ".parse::<",
    "str::parse",
    "from_str_radix",
    ".trim()",
    ".trim_start()",
    ".trim_end()",
];

/// What is forbidden and is nevertheless right at one place.
const EXCEPTIONS: [(&str, &str); 1] = [
    // An IPv6 address is read by std, which is as strict as RFC 4291 asks for.
    ("http/url/host.rs", ".parse()"),
];

/// One source file without what does not count.
struct Source {
    /// `proto/h1/chunked.rs`
    path: String,
    code: String,
    /// Names that `lib.rs` exports, and where they come from.
    exports: BTreeMap<String, String>,
}

impl Source {
    fn new(path: &str, text: &str, exports: &BTreeMap<String, String>) -> Source {
        let code = without_tests(&code_only(text));
        Source { path: path.to_owned(), code, exports: exports.clone() }
    }

    /// The module right below the root that the file belongs to.
    fn layer(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or("");
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// How many modules the file is below the root.
    fn depth(&self) -> usize {
        self.path.trim_end_matches("/mod.rs").split('/').count()
    }

    /// Every fault, in a sentence.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        match (self.layer(), ARROWS.iter().find(|(name, _)| *name == self.layer())) {
            ("lib", _) => {}
            ("bin", _) => faults.extend(self.program_faults()),
            (_, Some((layer, below))) => {
                let paths = self.paths();
                faults.extend(paths.iter().filter_map(|path| self.arrow_fault(layer, below, path)));
            }
            (layer, None) => faults.push(format!("the module {} has no place in the house", layer)),
        }
        for (layer, names) in FORBIDDEN {
            if layer.is_empty() || layer == self.layer() {
                let here = |name: &&&str| {
                    mentions(&self.code, name)
                        && !EXCEPTIONS.contains(&(self.path.as_str(), **name))
                };
                let found = names.iter().filter(here);
                faults.extend(found.map(|name| format!("{} is not for {}", name, self.layer())));
            }
        }
        faults.into_iter().map(|fault| format!("src/{}: {}", self.path, fault)).collect()
    }

    fn arrow_fault(&self, layer: &str, below: &[&str], path: &str) -> Option<String> {
        let first = path.split("::").next().unwrap_or("");
        let path = match self.exports.get(first) {
            Some(home) => home.clone(),
            None => path.to_owned(),
        };
        let target = path.split("::").next().unwrap_or("");
        if layer == "client" && target == "proto" {
            let is_value =
                |value: &&str| path == **value || path.starts_with(&format!("{}::", value));
            let known = VALUES_OF_PROTO.iter().any(|value| is_value(&value));
            return (!known).then(|| format!("client sees no engine: {}", path));
        }
        let allowed = target == layer || below.contains(&target);
        (!allowed).then(|| format!("{} may not use {}", layer, path))
    }

    /// The program stands outside: it names the crate as any other user, and only what is promised.
    fn program_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for name in ["pannier::proto", "include!", "#[path", "extern crate"] {
            if mentions(&self.code, name) {
                faults.push(format!("the program may not use {}", name));
            }
        }
        faults
    }

    /// The paths from the root of the crate that the file names, whether by `crate` or by `super`.
    fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for (start, _) in self.code.match_indices("crate::") {
            if !is_within_word(&self.code, start) {
                tree(&self.code[start + "crate::".len()..], "", &mut paths);
            }
        }
        // A module by itself says nothing yet: what is meant follows its name.
        if let Some(at) = paths.iter().position(|path| path == "proto::h1") {
            paths.remove(at);
            for (start, found) in self.code.match_indices("h1::") {
                if !is_within_word(&self.code, start) && !self.code[..start].ends_with("::") {
                    tree(&self.code[start + found.len()..], "proto::h1", &mut paths);
                }
            }
        }
        let climb = "super::".repeat(self.depth());
        for (start, _) in self.code.match_indices(&climb) {
            let before = &self.code[..start];
            let rest = &self.code[start + climb.len()..];
            if !before.ends_with("super::") && !rest.starts_with("super::") {
                tree(rest, "", &mut paths);
            }
        }
        paths
    }
}

/// Reads a path, or a tree of them in braces, at the beginning of `code`; says how long it is.
fn tree(code: &str, prefix: &str, paths: &mut Vec<String>) -> usize {
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
fn mentions(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(start, found)| {
        let after = code[start + found.len()..].chars().next();
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let ends_in_word = name.ends_with(is_word);
        !(is_within_word(code, start) || ends_in_word && after.map_or(false, is_word))
    })
}

fn is_within_word(code: &str, start: usize) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let first = code[start..].chars().next().map_or(false, word);
    first && code[..start].chars().next_back().map_or(false, word)
}

/// The text with comments, strings and characters made blank.
fn code_only(text: &str) -> String {
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
fn without_tests(code: &str) -> String {
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

/// What `lib.rs` exports by name, and the path it has inside.
fn exports(lib: &str) -> BTreeMap<String, String> {
    let mut paths = Vec::new();
    let code = without_tests(&code_only(lib));
    for (start, found) in code.match_indices("use crate::") {
        tree(&code[start + found.len()..], "", &mut paths);
    }
    let name = |path: &String| path.rsplit("::").next().unwrap_or("").to_owned();
    paths.iter().map(|path| (name(path), path.clone())).collect()
}

fn visit(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            visit(&path, found);
        } else if path.extension().map_or(false, |extension| extension == "rs") {
            // `mod tests;` stands behind `#[cfg(test)]`.
            if path.file_name().map_or(false, |name| name != "tests.rs") {
                found.push(path);
            }
        }
    }
}

#[test]
fn ok_no_arrow_points_up() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let exports = exports(&fs::read_to_string(src.join("lib.rs")).unwrap());
    let mut files = Vec::new();
    visit(&src, &mut files);
    assert!(files.len() > 20, "{} files", files.len());
    let mut faults = Vec::new();
    for file in &files {
        let path = file.strip_prefix(&src).unwrap().to_string_lossy().replace('\\', "/");
        faults.extend(Source::new(&path, &fs::read_to_string(file).unwrap(), &exports).faults());
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn ok_unsafe_code_is_forbidden_and_documentation_is_not_optional() {
    let lib = code_only(
        &fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap(),
    );
    assert!(lib.contains("#![forbid(unsafe_code)]"));
    assert!(lib.contains("missing_docs") && lib.contains("missing_debug_implementations"));
}

fn faults(path: &str, text: &str) -> Vec<String> {
    let exports =
        exports("pub use crate::error::{Error, ErrorKind};\npub use crate::proto::h1::Leniency;");
    Source::new(path, text, &exports).faults()
}

#[test]
fn err_the_scanner_sees_what_is_wrong() {
    for (path, text) in [
        ("http/url.rs", "use crate::proto::Limits;"),
        ("http/url.rs", "use crate::{http::Host, net::Deadline};"),
        ("http/url.rs", "use crate::{\n    http::{Host, list},\n    error::Error,\n};"),
        ("http/url.rs", "fn f() { crate::client::run() }"),
        ("http/url.rs", "use crate::Error;"),
        ("http/url.rs", "use super::super::net::Deadline;"),
        ("http/mod.rs", "use super::coding::Gzip;"),
        ("http/url/mod.rs", "use super::super::{http, proto};"),
        ("coding/gzip.rs", "use crate::http::Headers;"),
        ("proto/buffer.rs", "use crate::conn;"),
        ("proto/h1/x.rs", "use super::super::super::net::Deadline;"),
        ("proto/h1/x.rs", "macro_rules! m { () => { $crate::client::Client } }"),
        ("proto/buffer.rs", "use std::net::TcpStream;"),
        ("proto/buffer.rs", "use std::io::{Read, Write};"),
        ("proto/buffer.rs", "use std::io;"),
        ("proto/buffer.rs", "fn f() { std::thread::sleep(x) }"),
        ("proto/buffer.rs", "let now = Instant::now();"),
        ("proto/buffer.rs", "use std::sync::Arc;"),
        ("proto/h1/x.rs", "let n = text.parse::<u64>();"),
        ("proto/h1/x.rs", "let n: u64 = text.parse().ok();"),
        ("proto/h1/x.rs", "u64::from_str_radix(text, 16)"),
        ("proto/h1/x.rs", "let t = text.trim();"),
        ("net/tcp.rs", "use crate::conn::H1;"),
        ("net/tcp.rs", "use crate::ErrorKind;"),
        ("conn/pool.rs", "use crate::client::Client;"),
        ("client/run.rs", "use crate::proto::h1::Connection;"),
        ("client/run.rs", "use crate::proto::h1; fn f() { h1::Connection::new() }"),
        ("client/run.rs", "use crate::proto::h1::{self, Error}; fn f(x: &h1::HeadParser) {}"),
        ("client/run.rs", "use crate::proto;"),
        ("client/run.rs", "use crate::proto::{CloseReason, h1::{Leniency, HeadParser}};"),
        ("client/run.rs", "fn f() { unsafe { g() } }"),
        ("client/run.rs", "let x = y.unwrap();"),
        ("client/run.rs", "let x = '\\''; let s = \"\\\"\"; y.unwrap();"),
        ("client/run.rs", "let s = r#\"\"\"#; y.unwrap();"),
        ("client/run.rs", "fn f<'a>(x: &'a str) { x.y().unwrap() }"),
        ("client/run.rs", "#[cfg(test)]\nmod tests { fn f() { {} } }\nfn g() { x.unwrap() }"),
        ("bin/pannier/main.rs", "use pannier::proto::h1::Connection;"),
        ("bin/pannier/main.rs", "#[path = \"../../http/url.rs\"] mod url;"),
        ("misc.rs", ""),
    ] {
        assert_eq!(faults(path, text).len(), 1, "{} in {}", text, path);
    }
}

#[test]
fn ok_the_scanner_sees_nothing_where_nothing_is() {
    for (path, text) in [
        ("http/url.rs", "use crate::http::token; use super::list; use std::net::Ipv4Addr;"),
        ("http/mod.rs", "mod list; pub use self::list::elements;"),
        (
            "http/url.rs",
            "// crate::client\n/// [`x`]: crate::proto::Limits\n/* crate::net /* */ unsafe */",
        ),
        (
            "http/url.rs",
            "let s = \"crate::client .unwrap()\"; let r = r#\"unsafe \" \"#; let c = '\"';",
        ),
        ("http/url.rs", "let unsafely = not_unsafe; let b = b\"crate::net\";"),
        ("http/url.rs", "#[cfg(test)]\nmod tests { use crate::net; fn f() { x.unwrap(); } }"),
        ("http/url.rs", "#[cfg(test)]\nuse crate::net;"),
        (
            "proto/h1/x.rs",
            "use super::super::buffer::Buffer; use super::Error; use crate::http::Headers;",
        ),
        (
            "proto/h1/x.rs",
            "let head = parser.parse(input)?; x.unwrap_or(0); x.unwrap_or_default();",
        ),
        ("net/tcp.rs", "use std::io::{Read, Write}; use crate::http::{Host, Origin};"),
        ("conn/h1.rs", "use crate::proto::h1::Connection; use crate::{net::Deadline, Error};"),
        ("client/run.rs", "use crate::proto::{h1::{Leniency, ResponseHead as Head}, CloseReason};"),
        ("client/run.rs", "use crate::proto::h1::{self, Leniency}; fn f(x: h1::Error) {}"),
        ("client/run.rs", "use crate::{conn::{self, Pool}, Leniency, ErrorKind};"),
        ("bin/pannier/main.rs", "use pannier::Client; use crate::flags::Flag; mod flags;"),
        ("lib.rs", "pub use crate::client::Client;"),
    ] {
        assert_eq!(faults(path, text), Vec::<String>::new(), "{} in {}", text, path);
    }
}
