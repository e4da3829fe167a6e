//! The basic URL parser of the WHATWG URL standard for the two schemes there are here.
//!
//! The standard describes a state machine that walks over the characters. For http and https its
//! outcome is decided by a few marks, so here the text is cut at those marks, front to back, and
//! each part is written into the new text with its own encode set. Nothing is looked at twice.

use std::borrow::Cow;
use std::fmt::Write;

use super::error::{Rule, UrlError};
use super::percent::{self, EncodeSet};
use super::{host, marks, Host, Scheme, Url, UrlLeniency};
use crate::http::token::decimal;

pub(super) fn parse(
    input: &str,
    base: Option<&Url>,
    leniency: UrlLeniency,
) -> Result<Url, UrlError> {
    resolve(&cleaned(input), base, leniency).map_err(|rule| UrlError::new(input, rule))
}

/// The input without white space and control characters around it, and without tabs and line ends
/// anywhere.
fn cleaned(input: &str) -> Cow<'_, str> {
    let input = input.trim_matches(|c| c <= ' ');
    if marks::find(input, b"\t\n\r") == input.len() {
        return input.into();
    }
    marks::split(input, b"\t\n\r").collect()
}

fn resolve(input: &str, base: Option<&Url>, leniency: UrlLeniency) -> Result<Url, Rule> {
    let (scheme, rest) = match (split_scheme(input), base) {
        (Some((name, rest)), _) => match Scheme::from_name(name) {
            Some(scheme) => (scheme, rest),
            None => return Err(Rule::Scheme(name.to_ascii_lowercase().into())),
        },
        (None, Some(base)) => return relative(base, input, leniency),
        (None, None) => return Err(Rule::Relative),
    };
    match base {
        // `http:path` is relative to a base of the same scheme, unless two slashes follow.
        Some(base) if base.scheme == scheme => relative(base, rest, leniency),
        _ => absolute(scheme, marks::trim_start(rest, leniency.slashes()), leniency),
    }
}

/// The name before the first colon, if it can be a scheme, and what follows the colon.
fn split_scheme(input: &str) -> Option<(&str, &str)> {
    let is_scheme_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let colon = input.bytes().position(|byte| !is_scheme_byte(byte))?;
    let (name, rest) = input.split_at(colon);
    let rest = rest.strip_prefix(':')?;
    let starts_with_letter = name.starts_with(|c: char| c.is_ascii_alphabetic());
    starts_with_letter.then_some((name, rest))
}

/// A URL from what follows `scheme:` and all of its slashes.
fn absolute(scheme: Scheme, rest: &str, leniency: UrlLeniency) -> Result<Url, Rule> {
    let (authority, tail) = rest.split_at(marks::find(rest, b"/\\?#"));
    if leniency.marks_as_is && tail.starts_with('\\') {
        // Whether a host ends here or goes on is what readers differ on.
        return Err(Rule::HostByte(b'\\'));
    }
    let (userinfo, host_port) = marks::rsplit_once(authority, b'@').unwrap_or(("", authority));
    let (host_text, port_text) = split_port(host_port);
    let host = host::parse(host_text, leniency)?;
    let port = parse_port(port_text)?.filter(|&port| port != scheme.default_port());

    let mut text = String::with_capacity(rest.len() + SLACK);
    text.push_str(scheme.as_str());
    text.push_str("://");
    let username_end = push_userinfo(&mut text, userinfo);
    let host_start = text.len();
    push_host(&mut text, &host);
    let host_end = text.len();
    if let Some(port) = port {
        push_formatted(&mut text, format_args!(":{}", port));
    }
    let path_start = text.len();
    let mut url = Url {
        text,
        scheme,
        host,
        port,
        username_end,
        host_start,
        host_end,
        path_start,
        path_end: path_start,
        query_end: path_start,
    };
    let parts = Parts::of(tail);
    // What ended the authority is a slash, or there is no path.
    push_segments(&mut url, parts.path.get(1..).unwrap_or(""), leniency);
    push_query_and_fragment(&mut url, &parts, leniency);
    Ok(url)
}

/// A URL from a reference that has no scheme, or the scheme of the base.
fn relative(base: &Url, reference: &str, leniency: UrlLeniency) -> Result<Url, Rule> {
    let after_slashes = marks::trim_start(reference, leniency.slashes());
    let slashes = reference.len() - after_slashes.len();
    if slashes >= 2 {
        return absolute(base.scheme, after_slashes, leniency);
    }
    let parts = Parts::of(reference);
    let kept = if slashes == 1 {
        base.path_start
    } else if !parts.path.is_empty() {
        base.path_start + marks::rfind(base.path(), b'/').unwrap_or(0)
    } else if parts.query.is_some() {
        base.path_end
    } else {
        base.query_end
    };
    let mut url = base.cut(kept, reference.len() + SLACK);
    if !parts.path.is_empty() {
        push_segments(&mut url, &parts.path[slashes..], leniency);
    }
    push_query_and_fragment(&mut url, &parts, leniency);
    Ok(url)
}

/// What follows the authority, or all of a relative reference.
struct Parts<'a> {
    path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

impl Parts<'_> {
    fn of(text: &str) -> Parts<'_> {
        let (text, fragment) = split_mark(text, b"#");
        let (path, query) = split_mark(text, b"?");
        Parts { path, query, fragment }
    }
}

fn split_mark<'a>(text: &'a str, mark: &[u8]) -> (&'a str, Option<&'a str>) {
    match marks::split_once(text, mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// Writes `username:password@` as far as there is any, and says where the username ends.
fn push_userinfo(text: &mut String, userinfo: &str) -> usize {
    let start = text.len();
    let (username, password) = marks::split_once(userinfo, b":").unwrap_or((userinfo, ""));
    percent::push(text, username, percent::USERINFO);
    let username_end = text.len();
    if !password.is_empty() {
        text.push(':');
        percent::push(text, password, percent::USERINFO);
    }
    if text.len() > start {
        text.push('@');
    }
    username_end
}

/// The host, and what follows the first colon that is not in brackets.
fn split_port(host_port: &str) -> (&str, &str) {
    let mut in_brackets = false;
    let colon = host_port.bytes().position(|byte| {
        match byte {
            b'[' => in_brackets = true,
            b']' => in_brackets = false,
            _ => {}
        }
        byte == b':' && !in_brackets
    });
    let parts = colon.and_then(|colon| marks::around(host_port, colon));
    parts.unwrap_or((host_port, ""))
}

fn parse_port(text: &str) -> Result<Option<u16>, Rule> {
    if text.is_empty() {
        return Ok(None);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Rule::PortNotDigits);
    }
    let port = decimal(text.as_bytes()).and_then(|port| u16::try_from(port).ok());
    port.map(Some).ok_or(Rule::PortTooBig)
}

/// Adds the segments of a path, each with a slash before it, to a text that ends in the path so far.
fn push_segments(url: &mut Url, path: &str, leniency: UrlLeniency) {
    let Url { text, path_start, .. } = url;
    let mut segments = marks::split(path, leniency.slashes()).peekable();
    while let Some(segment) = segments.next() {
        let dot_segment = match leniency.path_as_is {
            false => dot_count(segment),
            true => 0,
        };
        if dot_segment == 2 {
            let parent = marks::rfind(&text[*path_start..], b'/').unwrap_or(0);
            text.truncate(*path_start + parent);
        }
        // A dot segment is gone, but the slash before it stays if it was the last.
        if dot_segment == 0 || segments.peek().is_none() {
            text.push('/');
        }
        if dot_segment == 0 {
            percent::push(text, segment, leniency.path_set());
        }
    }
    url.path_end = url.text.len();
    url.query_end = url.text.len();
}

/// How many dots the segment is, if it is one or two and nothing else, some perhaps as `%2e`.
fn dot_count(segment: &str) -> usize {
    let mut rest = segment.as_bytes();
    let mut dots = 0;
    while dots < 3 {
        rest = match rest {
            [] => return dots,
            [b'.', rest @ ..] | [b'%', b'2', b'e' | b'E', rest @ ..] => rest,
            _ => return 0,
        };
        dots += 1;
    }
    0
}

fn push_query_and_fragment(url: &mut Url, parts: &Parts<'_>, leniency: UrlLeniency) {
    push_marked(&mut url.text, '?', parts.query, leniency.query_set());
    url.query_end = url.text.len();
    push_marked(&mut url.text, '#', parts.fragment, percent::FRAGMENT);
}

fn push_marked(text: &mut String, mark: char, part: Option<&str>, set: &EncodeSet) {
    if let Some(part) = part {
        text.push(mark);
        percent::push(text, part, set);
    }
}

fn push_host(text: &mut String, host: &Host) {
    match host {
        Host::Domain(name) => text.push_str(name),
        address => push_formatted(text, format_args!("{}", address)),
    }
}

fn push_formatted(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a `String` cannot fail.
    let _ = text.write_fmt(arguments);
}

/// Room for `https://`, for the slash of an empty path and for a few characters to be encoded.
const SLACK: usize = 16;
