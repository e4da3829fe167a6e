//! From options to what is to be sent: every field in curl's order, and the body.
//!
//! The order is: Host, Authorization, Range, User-Agent, Accept, TE, Accept-Encoding, Referer,
//! Proxy-Connection, Transfer-Encoding, Cookie, the condition of `-z`, then the `-H` lines in theirs,
//! then Content-Length, Content-Type and Expect. A `-H` of the same name takes the place of any of
//! them. CR, LF and NUL are refused here and once more by the library: nothing a caller hands in
//! becomes a second line.

use std::borrow::Cow;
use std::fs::File;
use std::io;

use pannier::http::Url;
use pannier::{Body, Credentials, Netrc, Protocol};

use crate::data;
use crate::exit::{self, Failure};
use crate::operation::Operation;
use crate::resume::{self, Start};

/// A request, ready to be handed to the library.
#[derive(Debug)]
pub struct Plan {
    pub method: String,
    pub url: Url,
    /// A field is made of them behind Host, when the request is sent.
    pub credentials: Option<Credentials>,
    pub netrc: Option<Netrc>,
    pub lines: Vec<Line>,
    /// Fields that the library would add, and shall not.
    pub without: Vec<String>,
    pub payload: Payload,
}

/// One field.
pub type Line = (String, Vec<u8>);

/// The body.
#[derive(Debug)]
pub enum Payload {
    None,
    Bytes(Cow<'static, [u8]>),
    /// With its media type.
    Form(Body, Vec<u8>),
    File(File, u64),
    /// Of unknown length.
    Stream(File),
    Stdin,
}

impl Payload {
    /// The file to upload; `-` and `.` are standard input.
    pub fn open(name: &[u8]) -> Result<Payload, Failure> {
        if matches!(name, b"-" | b".") {
            return Ok(Payload::Stdin);
        }
        let unreadable = |error: io::Error| {
            let name = String::from_utf8_lossy(name);
            Failure::new(exit::READ_ERROR, format!("Can't open '{}': {}", name, error))
        };
        let file = File::open(data::path(name)).map_err(unreadable)?;
        let meta = file.metadata().map_err(unreadable)?;
        if meta.is_dir() {
            return Err(unreadable(io::Error::new(io::ErrorKind::Other, "it is a directory")));
        }
        Ok(match meta.is_file() {
            true => Payload::File(file, meta.len()),
            false => Payload::Stream(file),
        })
    }

    /// The bytes, if they need not be read from anywhere.
    pub fn in_memory(&self) -> Option<&[u8]> {
        match self {
            Payload::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// How many bytes it has, if that is known.
    pub fn length(&self) -> Option<u64> {
        match self {
            Payload::None => Some(0),
            Payload::Bytes(bytes) => Some(bytes.len() as u64),
            Payload::Form(body, _) => body.len(),
            Payload::File(_, length) => Some(*length),
            Payload::Stream(_) | Payload::Stdin => None,
        }
    }
}

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

/// What `op` sends to this URL from `start` on, or to a proxy that is to read it; `upload` is what `-T`
/// of this transfer opened.
pub fn plan(
    op: &Operation,
    url: Url,
    upload: Option<Payload>,
    start: &Start,
    to_proxy: bool,
) -> Result<Plan, Failure> {
    let mut fields =
        Fields { custom: with_json(op, custom_lines(&op.headers)?), lines: Vec::new() };
    let payload = match (upload, &op.data) {
        (Some(upload), _) => resume::rest_of(upload, start.at)?,
        (None, Some(data)) if !op.get && !op.head => Payload::Bytes(data.clone()),
        _ if !op.form.is_empty() => fields.form(op)?,
        _ => Payload::None,
    };
    fields.host();
    fields.range(op, &payload, start);
    fields.usual(op, &payload, to_proxy)?;
    fields.condition(op);
    fields.given();
    fields.describe(op, &payload);
    fields.connection();
    Ok(Plan {
        method: method(op, &payload),
        without: fields.without(&payload),
        credentials: fields.credentials(op, &url),
        netrc: op.login.known().cloned(),
        lines: fields.checked()?,
        url: url.without_credentials(),
        payload,
    })
}

fn method(op: &Operation, payload: &Payload) -> String {
    let usual = match payload {
        Payload::Bytes(_) | Payload::Form(..) => "POST",
        Payload::None if op.head => "HEAD",
        Payload::None => "GET",
        _ => "PUT",
    };
    op.method.clone().unwrap_or_else(|| usual.to_owned())
}

/// Lines of `-H` or `--proxy-header`.
pub fn custom_lines(given: &[Vec<u8>]) -> Result<Vec<Custom>, Failure> {
    let mut lines: Vec<Custom> = Vec::new();
    for line in given {
        if line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
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

/// The lines with those that `--json` stands for.
fn with_json(op: &Operation, mut lines: Vec<Custom>) -> Vec<Custom> {
    if op.json {
        for (name, value) in [("Content-Type", "application/json"), ("Accept", "application/json")]
        {
            if !lines.iter().any(|line| line.name().eq_ignore_ascii_case(name)) {
                lines.push(Custom::Set(name.to_owned(), value.into()));
            }
        }
    }
    lines
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

/// The fields of a request as they come together.
struct Fields {
    custom: Vec<Custom>,
    lines: Vec<Line>,
}

impl Fields {
    fn is_custom(&self, name: &str) -> bool {
        self.custom.iter().any(|line| line.name().eq_ignore_ascii_case(name))
    }

    fn custom_value(&self, wanted: &str) -> Option<&[u8]> {
        self.custom.iter().find_map(|line| match line {
            Custom::Set(name, value) if name.eq_ignore_ascii_case(wanted) => Some(value.as_slice()),
            _ => None,
        })
    }

    /// Adds a field that curl sends by itself, unless a `-H` speaks of it.
    fn own(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        if !self.is_custom(name) {
            self.lines.push((name.to_owned(), value.into()));
        }
    }

    /// A Host of the caller's comes first, wherever it was given.
    fn host(&mut self) {
        if let Some(host) = self.custom_value("Host").map(<[u8]>::to_vec) {
            self.lines.push(("Host".to_owned(), host));
        }
    }

    fn credentials(&self, op: &Operation, url: &Url) -> Option<Credentials> {
        match self.is_custom("Authorization") {
            true => None,
            false => op.login.credentials(url),
        }
    }

    fn range(&mut self, op: &Operation, payload: &Payload, start: &Start) {
        if op.resume.is_some() {
            return self.resume(payload, start);
        }
        let Some(range) = &op.range else { return };
        match (payload, payload.length()) {
            (Payload::None, _) => self.own("Range", format!("bytes={}", range)),
            // What is sent is then that part of the resource.
            (_, Some(length)) => self.own("Content-Range", format!("bytes {}/{}", range, length)),
            (_, None) => self.own("Content-Range", format!("bytes {}/*", range)),
        }
    }

    fn resume(&mut self, payload: &Payload, start: &Start) {
        match (payload, payload.length()) {
            (Payload::None, _) if start.at > 0 => {
                self.own("Range", format!("bytes={}-", start.at));
                if let Some(validator) = &start.validator {
                    self.own("If-Range", validator.clone());
                }
            }
            (Payload::None, _) | (_, None | Some(0)) => {}
            (_, Some(rest)) => {
                let length = start.at + rest;
                let range = format!("bytes {}-{}/{}", start.at, length - 1, length);
                self.own("Content-Range", range);
            }
        }
    }

    fn usual(&mut self, op: &Operation, payload: &Payload, to_proxy: bool) -> Result<(), Failure> {
        match &op.user_agent {
            None => self.own("User-Agent", USER_AGENT),
            Some(agent) if agent.is_empty() => {}
            Some(agent) => self.own("User-Agent", agent.clone()),
        }
        self.own("Accept", "*/*");
        if op.tr_encoding {
            self.own("TE", "gzip");
        }
        if op.compressed {
            self.own("Accept-Encoding", "deflate, gzip");
        }
        if let Some(referer) = &op.referer {
            self.own("Referer", referer.clone());
        }
        if to_proxy {
            self.own("Proxy-Connection", "Keep-Alive");
        }
        if payload.length().is_none() && !self.is_custom("Content-Length") {
            if op.version == Protocol::Http10 {
                let message = "Chunky upload is not supported by HTTP 1.0";
                return Err(Failure::new(exit::UPLOAD_FAILED, message));
            }
            self.own("Transfer-Encoding", "chunked");
        }
        match &op.cookies.text {
            Some(text) => self.own("Cookie", text.clone()),
            // The place for those of the jar.
            None if op.cookies.kept => self.own("Cookie", ""),
            None => {}
        }
        Ok(())
    }

    fn condition(&mut self, op: &Operation) {
        if let Some(condition) = &op.condition {
            let (name, value) = condition.field();
            self.own(name, value);
        }
    }

    /// The form. A media type of the caller's is given the boundary, and its place behind the length.
    fn form(&mut self, op: &Operation) -> Result<Payload, Failure> {
        let media_type = self.custom_value("Content-Type").map(<[u8]>::to_vec);
        if media_type.is_some() {
            self.custom.retain(|line| !line.name().eq_ignore_ascii_case("Content-Type"));
        }
        let form = op.form.build(media_type.as_deref())?;
        let media_type = form.content_type();
        let bad = |error: pannier::Error| Failure::new(exit::BAD_ARGUMENT, error.to_string());
        Ok(Payload::Form(form.into_body().map_err(bad)?, media_type))
    }

    fn given(&mut self) {
        let takes = self.takes_codings();
        for line in &self.custom {
            match line {
                Custom::Set(name, _) if name.eq_ignore_ascii_case("Host") => {}
                Custom::Set(name, _) if takes && name.eq_ignore_ascii_case("Connection") => {}
                Custom::Set(name, value) => self.lines.push((name.clone(), value.clone())),
                Custom::Remove(_) => {}
            }
        }
    }

    /// Are transfer codings asked for by the option?
    fn takes_codings(&self) -> bool {
        !self.is_custom("TE") && self.lines.iter().any(|(name, _)| name == "TE")
    }

    /// RFC 9110 §10.1.4: `TE` is for the next hop only. What else is given for `Connection` comes first.
    fn connection(&mut self) {
        if self.takes_codings() {
            let given = self.custom_value("Connection").filter(|given| !given.is_empty());
            let options = given.map(|given| [given, b", TE"].concat());
            let options = options.unwrap_or_else(|| b"TE".to_vec());
            self.lines.push(("Connection".to_owned(), options));
        }
    }

    /// The fields that describe the body.
    fn describe(&mut self, op: &Operation, payload: &Payload) {
        if matches!(payload, Payload::None) {
            return;
        }
        let length = payload.length();
        match length {
            Some(length) if !self.is_custom("Transfer-Encoding") => {
                self.own("Content-Length", length.to_string());
            }
            _ => {}
        }
        match payload {
            Payload::Bytes(_) => self.own("Content-Type", "application/x-www-form-urlencoded"),
            Payload::Form(_, media_type) => self.own("Content-Type", media_type.clone()),
            _ => {}
        }
        let large = length.map_or(true, |length| length > EXPECT_ABOVE);
        if large && op.version == Protocol::Http11 {
            self.own("Expect", "100-continue");
        }
    }

    fn without(&self, payload: &Payload) -> Vec<String> {
        let removed = self.custom.iter().filter_map(|line| match line {
            Custom::Remove(name) => Some(name.clone()),
            Custom::Set(..) => None,
        });
        let mut without: Vec<String> = removed.collect();
        // curl's -X POST without data announces no length, and neither does this.
        if matches!(payload, Payload::None) {
            without.push("Content-Length".to_owned());
        }
        without
    }

    fn checked(self) -> Result<Vec<Line>, Failure> {
        for (name, value) in &self.lines {
            if value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
                let message = format!("the value of {} must not hold CR, LF or NUL", name);
                return Err(Failure::new(exit::BAD_ARGUMENT, message));
            }
        }
        Ok(self.lines)
    }
}

/// 1 MiB: above it a server is asked first whether it wants the body.
const EXPECT_ABOVE: u64 = 1 << 20;

/// What is sent unless `-A` says otherwise.
pub const USER_AGENT: &str = concat!("pannier/", env!("CARGO_PKG_VERSION"));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Args;
    use crate::operation::Place;

    fn op(words: &str) -> Operation {
        let words: Vec<Vec<u8>> = words.split('|').map(|word| word.into()).collect();
        let mut args =
            Args::parse(&words, None).unwrap_or_else(|usage| panic!("{}", usage.message));
        args.operations.remove(0)
    }

    fn sent(words: &str) -> String {
        let op = op(words);
        let Some(Place::Url(text)) = op.slots[0].url.clone() else { panic!("no URL is given") };
        let url = crate::address::url(&op, &text, None).unwrap_or_else(|f| panic!("{}", f.message));
        let plan = plan(&op, url, None, &Start::default(), false)
            .unwrap_or_else(|f| panic!("{}", f.message));
        let mut text = format!("{} {}", plan.method, plan.url.target());
        if let Some(credentials) = plan.credentials {
            text.push_str(&format!("|{:?}", credentials));
        }
        for (name, value) in plan.lines {
            text.push_str(&format!("|{}: {}", name, String::from_utf8_lossy(&value)));
        }
        text.replace(concat!("|User-Agent: pannier/", env!("CARGO_PKG_VERSION")), "|UA")
    }

    #[test]
    fn ok_fields_stand_in_curls_order() {
        for (words, expected) in [
            ("http://a/", "GET /|UA|Accept: */*"),
            ("a/b?c#d", "GET /b?c|UA|Accept: */*"),
            (
                "-u|u:p|-r|1-2|-e|ref|-b|c=d|-H|X: y|http://a/x",
                "GET /x|Credentials(basic)|Range: bytes=1-2|UA|Accept: */*|Referer: ref|Cookie: c=d|X: y",
            ),
            (
                "-z|dec 12 12:00:00 1999 GMT|-b|c=d|-H|X: y|http://a/",
                "GET /|UA|Accept: */*|Cookie: c=d|If-Modified-Since: Sun, 12 Dec 1999 12:00:00 GMT|X: y",
            ),
            ("-z|-1999-12-12|http://a/", "GET /|UA|Accept: */*|If-Unmodified-Since: Sun, 12 Dec 1999 00:00:00 GMT"),
            ("-z|=1999-12-12|http://a/", "GET /|UA|Accept: */*|Last-Modified: Sun, 12 Dec 1999 00:00:00 GMT"),
            ("-z|1999-12-12|-H|if-modified-since: x|http://a/", "GET /|UA|Accept: */*|if-modified-since: x"),
            (
                "-d|foo|-H|X: y|http://a/",
                "POST /|UA|Accept: */*|X: y|Content-Length: 3|Content-Type: application/x-www-form-urlencoded",
            ),
            ("-d||http://a/", "POST /|UA|Accept: */*|Content-Length: 0|Content-Type: application/x-www-form-urlencoded"),
            ("-H|Host: h|-H|accept: q|http://a/", "GET /|Host: h|UA|accept: q"),
            ("-H|Accept:|-A||http://a/", "GET /"),
            ("-H|X-C;|-H|X-T:|-H|X-U;  |-H|X-V;z|-H|nothing|http://a/", "GET /|UA|Accept: */*|X-C: "),
            ("-H|X: foo; |http://a/", "GET /|UA|Accept: */*|X: foo; "),
            ("-I|http://a/", "HEAD /|UA|Accept: */*"),
            ("-G|-d|q=1|-d|r=2|http://a/?p", "GET /?p&q=1&r=2|UA|Accept: */*"),
            ("-I|-G|-d|q|http://a/", "HEAD /?q|UA|Accept: */*"),
            ("-X|PURGE|http://a/", "PURGE /|UA|Accept: */*"),
            (
                "--json|{}|http://a/",
                "POST /|UA|Content-Type: application/json|Accept: application/json|Content-Length: 2",
            ),
            ("http://u%40:p%3A@a/", "GET /|Credentials(basic)|UA|Accept: */*"),
            ("-u|x:y|http://u:p@a/", "GET /|Credentials(basic)|UA|Accept: */*"),
            ("-u|x:y|-H|authorization: z|http://a/", "GET /|UA|Accept: */*|authorization: z"),
            ("--oauth2-bearer|t|http://a/", "GET /|Credentials(bearer)|UA|Accept: */*"),
            ("--url-query|a=b c|--url-query|+d|http://a/", "GET /?a=b+c&d|UA|Accept: */*"),
        ] {
            assert_eq!(sent(words), expected, "{}", words);
        }
    }

    #[test]
    fn err_line_ends_in_what_the_caller_hands_in() {
        for words in [
            "-H|X: a\r\nB: c|http://a/",
            "-A|a\nb|http://a/",
            "-e|a\rb|http://a/",
            "-b|a=b\n|http://a/",
        ] {
            let op = op(words);
            let url = Url::parse("http://a/").expect("it is one");
            let failure = plan(&op, url, None, &Start::default(), false).expect_err(words);
            assert_eq!(failure.code, exit::BAD_ARGUMENT, "{}", words);
        }
    }
}
