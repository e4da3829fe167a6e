//! The house has storeys, and nothing points up: reads `src/` and fails on a `use` that leads where
//! its module may not look, on what only some modules may do, and on what none may.
//!
//! Comments, documentation, strings and what is compiled for tests only do not count.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::code::{code_only, is_within_word, mentions, tree, without_tests};

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
const VALUES_OF_PROTO: [&str; 20] = [
    "proto::buffer::Buffer",
    "proto::Limits",
    "proto::CloseReason",
    "proto::h1::Leniency",
    "proto::ResponseHead",
    "proto::h1::KeepAlive",
    "proto::h1::Transfer",
    "proto::h1::Target",
    "proto::h1::RequestHead",
    "proto::h1::PreparedHead",
    "proto::h1::Intent",
    "proto::h1::Error",
    "proto::h1::Fault",
    "proto::h2::Config",
    "proto::h2::Error",
    "proto::h2::ErrorCode",
    "proto::h2::Reset",
    "proto::socks::Version",
    "proto::socks::Login",
    "proto::socks::Error",
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
                |value: &&str| path == *value || path.starts_with(&format!("{}::", value));
            let known = VALUES_OF_PROTO.iter().any(is_value);
            return (!known).then(|| format!("client sees no engine: {}", path));
        }
        let allowed = target == layer || below.contains(&target);
        (!allowed).then(|| format!("{} may not use {}", layer, path))
    }

    /// The program stands outside: it names the crate as any other user. What it takes from `proto`
    /// are the names of rules, by which curl's exit codes differ.
    fn program_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for name in ["h1::Connection", "h1::HeadParser", "include!", "#[path", "extern crate"] {
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
            let is_test = |part: &std::ffi::OsStr| part == "tests.rs" || part == "tests";
            if !path.iter().any(is_test) {
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

/// What stands between backquotes and has a slash is a file or a folder, of `src` or of the crate.
#[test]
fn ok_the_places_that_the_architecture_names_are_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("src/guide/architecture.md")).unwrap();
    let is_place = |word: &&str| {
        word.contains('/')
            && word
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'/' | b'.'))
    };
    let places: Vec<&str> = text.split('`').skip(1).step_by(2).filter(is_place).collect();
    assert!(places.len() > 40, "{:?}", places);
    for place in places {
        let found =
            [root.join("src"), root.to_owned()].iter().any(|base| base.join(place).exists());
        assert!(found, "{} is not there", place);
    }
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
        (
            "client/run.rs",
            "use crate::proto::{h1::{Leniency, Error as Rule}, ResponseHead, CloseReason};",
        ),
        ("client/run.rs", "use crate::proto::h1::{self, Leniency}; fn f(x: h1::Error) {}"),
        ("client/run.rs", "use crate::{conn::{self, Pool}, Leniency, ErrorKind};"),
        ("bin/pannier/main.rs", "use pannier::Client; use crate::flags::Flag; mod flags;"),
        ("lib.rs", "pub use crate::client::Client;"),
    ] {
        assert_eq!(faults(path, text), Vec::<String>::new(), "{} in {}", text, path);
    }
}
