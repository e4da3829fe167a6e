//! `--write-out`: a template with `%{variable}`, as curl has it.
//!
//! All variables stand in one table, from which `%{json}` is made too. An unknown one is told on
//! standard error and is empty.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::time::Duration;

use pannier::http::Url;

use crate::address::masked;
use crate::data;
use crate::head::Fields;
use crate::output::Stdout;
use crate::record::Record;
use crate::warn;

/// What the variables are taken from.
#[derive(Clone, Debug)]
pub struct Report {
    pub record: Record,
    pub url: String,
    pub parsed: Option<Url>,
    pub effective: Option<Url>,
    pub redirect_url: Option<String>,
    pub file: Option<String>,
    pub exit: u8,
    pub error: String,
    pub downloaded: u64,
    /// What was made of that.
    pub delivered: u64,
    pub total: Duration,
    pub number: usize,
    pub transfer: u64,
    pub retries: u64,
}

/// Where a piece of the text goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Stdout,
    Stderr,
    File { name: Vec<u8>, append: bool },
}

/// A piece of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub target: Target,
    pub text: Vec<u8>,
}

/// Writes the text where it goes. A file that cannot be had is told of and no failure: as curl has it,
/// the text then goes where that before it went.
pub fn write(pieces: &[Piece]) -> io::Result<()> {
    let mut place = Place::Stdout;
    for piece in pieces {
        match piece.target.open() {
            Ok(opened) => place = opened,
            Err(error) => piece.target.complain(&error),
        }
        match (place.put(&piece.text), &place) {
            (Err(error), Place::File(_)) => piece.target.complain(&error),
            (written, _) => written?,
        }
    }
    Ok(())
}

impl Target {
    fn open(&self) -> io::Result<Place> {
        Ok(match self {
            Target::Stdout => Place::Stdout,
            Target::Stderr => Place::Stderr,
            Target::File { name, append } => {
                let mut options = OpenOptions::new();
                options.create(true).write(true).append(*append).truncate(!append);
                Place::File(options.open(data::path(name))?)
            }
        })
    }

    fn complain(&self, error: &io::Error) {
        if let Target::File { name, .. } = self {
            let name = String::from_utf8_lossy(name);
            warn::complain(&format!("--write-out cannot write to '{}': {}", name, error));
        }
    }
}

/// Where text goes now.
enum Place {
    Stdout,
    Stderr,
    File(File),
}

impl Place {
    fn put(&mut self, text: &[u8]) -> io::Result<()> {
        match self {
            _ if text.is_empty() => Ok(()),
            Place::Stdout => Stdout::new(false).write_whole(text),
            Place::Stderr => {
                warn::write(text);
                Ok(())
            }
            Place::File(file) => file.write_all(text),
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Nothing,
    Text(String),
    Number(u64),
    /// Three digits, as a status is.
    Code(u16),
    Seconds(Duration),
}

/// The text of `template`.
pub fn render(template: &[u8], report: &Report) -> Vec<Piece> {
    let mut writer = Writer { pieces: vec![Piece { target: Target::Stdout, text: Vec::new() }] };
    let mut rest = template;
    while let Some((&byte, after)) = rest.split_first() {
        rest = match (byte, after.first()) {
            (b'%', Some(b'%')) => writer.put(b"%", &after[1..]),
            (b'%', Some(b'{')) => match variable(&after[1..]) {
                Some((b"onerror", _)) if report.exit == 0 => break,
                Some((name, rest)) => writer.variable(name, rest, report),
                None => writer.put(b"%{", &after[1..]),
            },
            (b'%', _) if after.starts_with(b"header{") => match header(&after[7..]) {
                Some((asked, rest)) => writer.put(&fields(report, asked), rest),
                None => writer.put(b"%header{", &after[7..]),
            },
            (b'%', _) if after.starts_with(b"output{") => match variable(&after[7..]) {
                Some((name, rest)) => writer.output(name, rest),
                None => writer.put(b"%output{", &after[7..]),
            },
            _ => match escape(rest) {
                Some(escaped) => writer.put(&[escaped], &after[1..]),
                None => writer.put(&[byte], after),
            },
        };
    }
    writer.pieces
}

struct Writer {
    /// Never empty.
    pieces: Vec<Piece>,
}

impl Writer {
    /// Adds `text` and hands `rest` on.
    fn put<'a>(&mut self, text: &[u8], rest: &'a [u8]) -> &'a [u8] {
        if let Some(piece) = self.pieces.last_mut() {
            piece.text.extend(text);
        }
        rest
    }

    fn turn<'a>(&mut self, target: Target, rest: &'a [u8]) -> &'a [u8] {
        self.pieces.push(Piece { target, text: Vec::new() });
        rest
    }

    fn output<'a>(&mut self, name: &[u8], rest: &'a [u8]) -> &'a [u8] {
        let (name, append) = match name.strip_prefix(b">>") {
            Some(name) => (name, true),
            None => (name, false),
        };
        self.turn(Target::File { name: name.to_vec(), append }, rest)
    }

    fn variable<'a>(&mut self, name: &[u8], rest: &'a [u8], report: &Report) -> &'a [u8] {
        match name {
            b"stdout" => return self.turn(Target::Stdout, rest),
            b"stderr" => return self.turn(Target::Stderr, rest),
            b"onerror" => return rest,
            b"header_json" => return self.put(header_json(report).as_bytes(), rest),
            b"json" => return self.put(json(report).as_bytes(), rest),
            _ => {}
        }
        let found = VARIABLES.iter().find(|(known, _)| known.as_bytes() == name);
        match found {
            Some((_, value)) => self.put(value(report).plain().as_bytes(), rest),
            None => {
                let name = String::from_utf8_lossy(name);
                let text = format!("pannier: unknown --write-out variable: '{}'\n", name);
                warn::write(text.as_bytes());
                rest
            }
        }
    }
}

/// What stands before the closing brace, and what behind it.
fn variable(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|&byte| byte == b'}')?;
    Some((&text[..end], &text[end + 1..]))
}

/// What the first two bytes stand for, if they are an escape.
fn escape(text: &[u8]) -> Option<u8> {
    match text {
        [b'\\', b'n', ..] => Some(b'\n'),
        [b'\\', b'r', ..] => Some(b'\r'),
        [b'\\', b't', ..] => Some(b'\t'),
        _ => None,
    }
}

/// What stands before the closing brace, and what behind it; a backslash makes a brace another one.
fn header(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_end = |&at: &usize| text[at] == b'}' && !text[..at].ends_with(b"\\");
    let end = (0..text.len()).find(is_end)?;
    Some((&text[..end], &text[end + 1..]))
}

impl Value {
    fn text(text: Option<impl Into<String>>) -> Value {
        text.map_or(Value::Nothing, |text| Value::Text(text.into()))
    }

    fn plain(&self) -> String {
        match self {
            Value::Nothing => String::new(),
            Value::Text(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Code(code) => format!("{:03}", code),
            Value::Seconds(time) => format!("{}.{:06}", time.as_secs(), time.subsec_micros()),
        }
    }

    fn json(&self) -> String {
        match self {
            Value::Nothing => "null".to_owned(),
            Value::Text(text) => quoted(text),
            Value::Code(code) => code.to_string(),
            other => other.plain(),
        }
    }
}

type Variable = fn(&Report) -> Value;

/// Every variable, by name.
const VARIABLES: &[(&str, Variable)] = &[
    ("certs", |_| Value::Text(String::new())),
    ("conn_id", |r| r.record.connection.map_or(Value::Nothing, Value::Number)),
    ("content_type", |r| Value::text(content_type(r))),
    ("errormsg", |r| Value::text(Some(r.error.as_str()).filter(|text| !text.is_empty()))),
    ("exitcode", |r| Value::Number(r.exit.into())),
    ("filename_effective", |r| Value::text(r.file.as_deref())),
    ("ftp_entry_path", |_| Value::Nothing),
    ("http_code", |r| Value::Code(r.record.status)),
    ("http_connect", |r| Value::Code(r.record.tunnel_status)),
    ("http_version", |r| Value::Text(version(&r.record.head))),
    ("local_ip", |r| Value::text(r.record.local.map(|a| a.ip().to_string()))),
    ("local_port", |r| r.record.local.map_or(Value::Number(0), |a| Value::Number(a.port().into()))),
    ("method", |r| Value::text(Some(r.record.method.as_str()).filter(|name| !name.is_empty()))),
    ("num_certs", |_| Value::Number(0)),
    ("num_connects", |r| Value::Number(r.record.connects)),
    ("num_headers", |r| Value::Number(Fields::of(&r.record.head).len() as u64)),
    ("num_redirects", |r| Value::Number(r.record.redirects)),
    ("num_retries", |r| Value::Number(r.retries)),
    ("proxy_ssl_verify_result", |_| Value::Number(0)),
    ("proxy_used", |r| Value::Number(r.record.proxied.into())),
    ("redirect_url", |r| Value::text(r.redirect_url.as_deref())),
    ("referer", |r| Value::text(r.record.referer.as_deref())),
    ("remote_ip", |r| Value::text(r.record.remote.map(|a| a.ip().to_string()))),
    ("remote_port", |r| {
        r.record.remote.map_or(Value::Number(0), |a| Value::Number(a.port().into()))
    }),
    ("response_code", |r| Value::Code(r.record.status)),
    ("scheme", |r| Value::text(r.effective.as_ref().map(|url| url.scheme().as_str()))),
    ("size_delivered", |r| Value::Number(r.delivered)),
    ("size_download", |r| Value::Number(r.downloaded)),
    ("size_header", |r| Value::Number(r.record.head_bytes_received)),
    ("size_request", |r| Value::Number(r.record.head_bytes_sent)),
    ("size_upload", |r| Value::Number(r.record.uploaded)),
    ("speed_download", |r| speed(r.downloaded, r.total)),
    ("speed_upload", |r| speed(r.record.uploaded, r.total)),
    ("ssl_verify_result", |_| Value::Number(0)),
    ("time_appconnect", |_| Value::Seconds(Duration::ZERO)),
    ("time_connect", |r| Value::Seconds(r.record.connect)),
    ("time_namelookup", |r| Value::Seconds(r.record.lookup)),
    ("time_posttransfer", |r| Value::Seconds(r.record.posttransfer)),
    ("time_pretransfer", |r| Value::Seconds(r.record.pretransfer)),
    ("time_redirect", |r| Value::Seconds(r.record.redirect)),
    ("time_starttransfer", |r| Value::Seconds(r.record.starttransfer)),
    ("time_total", |r| Value::Seconds(r.total)),
    ("tls_earlydata", |_| Value::Number(0)),
    ("url", |r| Value::Text(r.url.clone())),
    ("url.fragment", |r| Value::text(r.parsed.as_ref().and_then(Url::fragment))),
    ("url.host", |r| Value::text(r.parsed.as_ref().map(Url::host_str))),
    ("url.options", |_| Value::Nothing),
    ("url.password", |r| Value::text(r.parsed.as_ref().and_then(Url::password))),
    ("url.path", |r| Value::text(r.parsed.as_ref().map(Url::path))),
    ("url.port", |r| Value::text(r.parsed.as_ref().map(|url| url.port().to_string()))),
    ("url.query", |r| Value::text(r.parsed.as_ref().and_then(Url::query))),
    ("url.scheme", |r| Value::text(r.parsed.as_ref().map(|url| url.scheme().as_str()))),
    ("url.user", |r| user(r.parsed.as_ref())),
    ("url.zoneid", |_| Value::Nothing),
    ("url_effective", |r| match &r.effective {
        Some(url) => Value::Text(url.to_string()),
        // It is none that could be asked for.
        None => Value::Text(masked(&r.url)),
    }),
    ("urle.fragment", |r| Value::text(r.effective.as_ref().and_then(Url::fragment))),
    ("urle.host", |r| Value::text(r.effective.as_ref().map(Url::host_str))),
    ("urle.options", |_| Value::Nothing),
    ("urle.password", |r| Value::text(r.effective.as_ref().and_then(Url::password))),
    ("urle.path", |r| Value::text(r.effective.as_ref().map(Url::path))),
    ("urle.port", |r| Value::text(r.effective.as_ref().map(|url| url.port().to_string()))),
    ("urle.query", |r| Value::text(r.effective.as_ref().and_then(Url::query))),
    ("urle.scheme", |r| Value::text(r.effective.as_ref().map(|url| url.scheme().as_str()))),
    ("urle.user", |r| user(r.effective.as_ref())),
    ("urle.zoneid", |_| Value::Nothing),
    ("urlnum", |r| Value::Number(r.number as u64)),
    ("xfer_id", |r| Value::Number(r.transfer)),
];

fn user(url: Option<&Url>) -> Value {
    Value::text(url.map(Url::username).filter(|name| !name.is_empty()))
}

fn speed(bytes: u64, time: Duration) -> Value {
    let micros = time.as_micros().max(1);
    let speed = u128::from(bytes) * 1_000_000 / micros;
    Value::Number(u64::try_from(speed).unwrap_or(u64::MAX))
}

/// `1.1` of `HTTP/1.1 200 OK`, `2` of `HTTP/2 200`; `0` if nothing came.
pub fn version(head: &[u8]) -> String {
    let version =
        head.strip_prefix(b"HTTP/").and_then(|rest| rest.split(|&byte| byte == b' ').next());
    String::from_utf8_lossy(version.unwrap_or(b"0")).into_owned()
}

/// The values of a field of the last head, in the order of its lines.
fn values(report: &Report, name: &[u8]) -> Vec<Vec<u8>> {
    let name = String::from_utf8_lossy(name);
    Fields::of(&report.record.head).all(&name).map(<[u8]>::to_vec).collect()
}

/// What `%header{}` shows: the first line's value, as curl does.
fn first(report: &Report, name: &[u8]) -> Vec<u8> {
    values(report, name).into_iter().next().unwrap_or_default()
}

/// The first value of a field; or all of all responses, for a name that `:all:` follows and what is to
/// stand between them.
fn fields(report: &Report, asked: &[u8]) -> Vec<u8> {
    let end = asked.iter().position(|&byte| byte == b':').unwrap_or(asked.len());
    let (name, rest) = asked.split_at(end);
    let Some(between) = rest.strip_prefix(b":all:") else { return first(report, asked) };
    let name = String::from_utf8_lossy(name);
    let mut values = Vec::new();
    for head in &report.record.finals {
        values.extend(Fields::of(head).all(&name).map(<[u8]>::to_vec));
    }
    values.join(&*unescaped(between))
}

fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let (byte, left) = match (escape(rest), rest.strip_prefix(b"\\}")) {
            (Some(escaped), _) => (escaped, &rest[2..]),
            (None, Some(left)) => (b'}', left),
            (None, None) => (byte, after),
        };
        plain.push(byte);
        rest = left;
    }
    plain
}

/// The last line's value, unless it is empty, as curl does.
fn content_type(report: &Report) -> Option<String> {
    let mut values = values(report, b"content-type");
    values.retain(|value| !value.is_empty());
    values.last().map(|value| String::from_utf8_lossy(value).into_owned())
}

/// The fields of the last head by lower-case name, in the order of their first lines.
fn header_json(report: &Report) -> String {
    let mut grouped: Vec<(String, Vec<String>)> = Vec::new();
    for (name, value) in Fields::of(&report.record.head).iter() {
        let (name, value) = (name.to_ascii_lowercase(), quoted(&String::from_utf8_lossy(value)));
        match grouped.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => grouped.push((name, vec![value])),
        }
    }
    let lines =
        grouped.iter().map(|(name, values)| format!("{}:[{}]", quoted(name), values.join(",")));
    format!("{{{}\n}}", lines.collect::<Vec<_>>().join(",\n"))
}

fn json(report: &Report) -> String {
    let pairs =
        VARIABLES.iter().map(|(name, value)| format!("\"{}\":{}", name, value(report).json()));
    let version = concat!("pannier/", env!("CARGO_PKG_VERSION"));
    format!("{{{},\"curl_version\":\"{}\"}}", pairs.collect::<Vec<_>>().join(","), version)
}

/// A JSON string.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        let written = match c {
            '"' => quoted.write_str("\\\""),
            '\\' => quoted.write_str("\\\\"),
            '\n' => quoted.write_str("\\n"),
            '\r' => quoted.write_str("\\r"),
            '\t' => quoted.write_str("\\t"),
            '\u{8}' => quoted.write_str("\\b"),
            '\u{c}' => quoted.write_str("\\f"),
            c if c < ' ' => write!(quoted, "\\u{:04x}", u32::from(c)),
            c => quoted.write_char(c),
        };
        debug_assert!(written.is_ok(), "a String takes everything");
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use pannier::http::StatusCode;
    use pannier::Event;
    use std::time::Instant;

    fn report() -> Report {
        let now = Instant::now();
        let mut record = Record::new(now, false);
        let head = b"HTTP/1.1 404 No\r\nContent-Type: text/x\r\nA: 1\r\na: \"2\"\r\nE:\r\n\r\n";
        let bytes = b"GET / HTTP/1.1\r\n\r\n";
        record.note(now, &Event::RequestHead { connection: 0, stream: None, bytes, length: 18 });
        record.note(now, &Event::ResponseHead { status: StatusCode::NOT_FOUND, head });
        let url = Url::parse("http://u@h:81/p?q#f").expect("it is one");
        Report {
            record,
            url: "h:81".to_owned(),
            parsed: Some(url.clone()),
            effective: Some(url),
            redirect_url: None,
            file: None,
            exit: 0,
            error: String::new(),
            downloaded: 10,
            delivered: 10,
            total: Duration::from_micros(2_000_005),
            number: 1,
            transfer: 3,
            retries: 2,
        }
    }

    fn text(template: &str) -> String {
        let pieces = render(template.as_bytes(), &report());
        let texts = pieces.into_iter().map(|piece| piece.text).collect::<Vec<_>>();
        String::from_utf8(texts.concat()).expect("the templates are text")
    }

    #[test]
    fn ok_the_version_of_a_head() {
        for (head, expected) in [
            ("HTTP/1.1 200 OK\r\n\r\n", "1.1"),
            ("HTTP/1.0 200\r\n\r\n", "1.0"),
            ("HTTP/2 200 \r\nserver: x\r\n\r\n", "2"),
            ("", "0"),
        ] {
            assert_eq!(version(head.as_bytes()), expected);
        }
    }

    #[test]
    fn ok_variables_and_escapes() {
        for (template, expected) in [
            ("%{http_code} %{response_code}\\n\\t\\r\\q", "404 404\n\t\r\\q"),
            ("100%% %{ %x %", "100% %{ %x %"),
            ("%{content_type}|%{exitcode}|%{errormsg}|", "text/x|0||"),
            ("%{time_total} %{speed_download}", "2.000005 4"),
            ("%header{A}%header{nope}%header{e}.", "1."),
            ("%header{a:all:, }.%header{a:all:}.%header{a:all:\\n{\\}}.%header{b:all:x}.", "1, \"2\".1\"2\".1\n{}\"2\".."),
            ("%header{a:any:x}%header{a\\", "%header{a\\"),
            ("%{url} %{url.host} %{url.port} %{url.path} %{url.query} %{url.fragment} %{url.user}", "h:81 h 81 /p q f u"),
            ("%{scheme} %{method} %{http_version} %{urlnum} %{xfer_id}", "http GET 1.1 1 3"),
            ("a%{onerror}b", "a"),
            ("%{num_headers}", "4"),
            ("%{http_connect}", "000"),
        ] {
            assert_eq!(text(template), expected, "{}", template);
        }
    }

    #[test]
    fn ok_of_repeated_fields_the_first_but_the_last_content_type() {
        for (head, expected) in [
            ("A: 1\r\nContent-Type: x\r\na: 2\r\ncontent-type: y\r\n", "1|y"),
            ("A:\r\nContent-Type: x\r\na: 2\r\nContent-Type:\r\n", "|x"),
            ("Content-Type:\r\n", "|"),
        ] {
            let mut report = report();
            report.record.head = format!("HTTP/1.1 200 OK\r\n{}\r\n", head).into_bytes();
            let pieces = render(b"%header{a}|%{content_type}", &report);
            assert_eq!(String::from_utf8_lossy(&pieces[0].text), expected, "{}", head);
        }
    }

    #[test]
    fn ok_text_goes_where_it_is_sent() {
        let pieces = render(b"a%{stderr}b%{stdout}c%output{f}d%output{>>g}e", &report());
        let file = |name: &str, append| Target::File { name: name.into(), append };
        let expected = [
            (Target::Stdout, "a"),
            (Target::Stderr, "b"),
            (Target::Stdout, "c"),
            (file("f", false), "d"),
            (file("g", true), "e"),
        ];
        let expected = expected.map(|(target, text)| Piece { target, text: text.into() });
        assert_eq!(pieces, expected);
    }

    #[test]
    fn ok_headers_as_json() {
        let expected =
            "{\"content-type\":[\"text/x\"],\n\"a\":[\"1\",\"\\\"2\\\"\"],\n\"e\":[\"\"]\n}";
        assert_eq!(text("%{header_json}"), expected);
    }

    #[test]
    fn ok_json_has_every_variable_by_name() {
        let json = text("%{json}");
        assert!(
            json.starts_with("{\"certs\":\"\",\"conn_id\":0,\"content_type\":\"text/x\","),
            "{}",
            json
        );
        assert!(json.contains("\"http_code\":404,") && json.contains("\"url.port\":\"81\","));
        assert!(VARIABLES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn ok_quoting() {
        assert_eq!(quoted("a\"\\\u{1}é\n"), "\"a\\\"\\\\\\u0001é\\n\"");
    }
}
