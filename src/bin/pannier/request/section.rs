//! The fields of a request: each that curl sends by itself has its function, and a `-H` of the same name
//! takes its place.

use pannier::http::Url;
use pannier::{Credentials, Protocol};

use crate::exit::{self, Failure};
use crate::operation::Operation;
use crate::resume::Start;

use super::custom::ends_a_line;
use super::payload::Payload;
use super::USER_AGENT;
use super::{custom_lines, Custom};

/// One field.
pub type Line = (String, Vec<u8>);

/// The fields of a request as they come together.
pub struct Section {
    custom: Vec<Custom>,
    lines: Vec<Line>,
}

impl Section {
    /// None yet but those that the caller has.
    pub fn new(op: &Operation) -> Result<Section, Failure> {
        let custom = with_json(op, custom_lines(&op.headers)?);
        Ok(Section { custom, lines: Vec::new() })
    }

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
    pub fn host(&mut self) {
        if let Some(host) = self.custom_value("Host").map(<[u8]>::to_vec) {
            self.lines.push(("Host".to_owned(), host));
        }
    }

    pub fn credentials(&self, op: &Operation, url: &Url) -> Option<Credentials> {
        match self.is_custom("Authorization") {
            true => None,
            false => op.login.credentials(url),
        }
    }

    pub fn range(&mut self, op: &Operation, payload: &Payload, start: &Start) {
        if op.resume.is_some() {
            return self.resume(payload, start);
        }
        let Some(range) = &op.range else { return };
        match (payload, payload.length()) {
            (Payload::None, _) => self.own("Range", format!("bytes={}", range)),
            (Payload::Form(..), _) => {}
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
            (Payload::None | Payload::Bytes(_) | Payload::Form(..), _) | (_, None | Some(0)) => {}
            (_, Some(rest)) => {
                let length = start.at + rest;
                let range = format!("bytes {}-{}/{}", start.at, length - 1, length);
                self.own("Content-Range", range);
            }
        }
    }

    pub fn usual(
        &mut self,
        op: &Operation,
        payload: &Payload,
        to_proxy: bool,
    ) -> Result<(), Failure> {
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

    pub fn condition(&mut self, op: &Operation) {
        if let Some(condition) = &op.condition {
            let (name, value) = condition.field();
            self.own(name, value);
        }
    }

    /// The form. A media type of the caller's is given the boundary, and its place behind the length.
    pub fn form(&mut self, op: &Operation) -> Result<Payload, Failure> {
        let media_type = self.custom_value("Content-Type").map(<[u8]>::to_vec);
        if media_type.is_some() {
            self.custom.retain(|line| !line.name().eq_ignore_ascii_case("Content-Type"));
        }
        // The boundary is put behind any type, though only `multipart` has a meaning for it.
        let foreign = media_type.as_deref().filter(|given| !is_multipart(given));
        let form = op.form.build(foreign.map_or(media_type.as_deref(), |_| Some(MIXED)))?;
        let media_type = match foreign {
            Some(given) => [given, b"; boundary=", form.boundary().as_bytes()].concat(),
            None => form.content_type(),
        };
        let bad = |error: pannier::Error| Failure::new(exit::BAD_ARGUMENT, error.to_string());
        Ok(Payload::Form(form.into_body().map_err(bad)?, media_type))
    }

    pub fn given(&mut self) {
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
    pub fn connection(&mut self) {
        if self.takes_codings() {
            let given = self.custom_value("Connection").filter(|given| !given.is_empty());
            let options = given.map(|given| [given, b", TE"].concat());
            let options = options.unwrap_or_else(|| b"TE".to_vec());
            self.lines.push(("Connection".to_owned(), options));
        }
    }

    /// The fields that describe the body.
    pub fn describe(&mut self, op: &Operation, payload: &Payload) {
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
        if large && asks_first(op.version) {
            self.own("Expect", "100-continue");
        }
    }

    pub fn without(&self, payload: &Payload) -> Vec<String> {
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

    pub fn checked(self) -> Result<Vec<Line>, Failure> {
        for (name, value) in &self.lines {
            if ends_a_line(value) {
                let message = format!("the value of {} must not hold CR, LF or NUL", name);
                return Err(Failure::new(exit::BAD_ARGUMENT, message));
            }
        }
        Ok(self.lines)
    }
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

fn is_multipart(media_type: &[u8]) -> bool {
    media_type.to_ascii_lowercase().starts_with(b"multipart/")
}

/// Does a request with much content ask beforehand? As curl's, in HTTP/1.1 only.
fn asks_first(version: Protocol) -> bool {
    match version {
        Protocol::Http11 => true,
        // Without TLS that is HTTP/1.1.
        #[cfg(feature = "http2")]
        Protocol::Http2 => true,
        _ => false,
    }
}

/// What parts are that are no form.
const MIXED: &[u8] = b"multipart/mixed";

/// 1 MiB: above it a server is asked first whether it wants the body.
const EXPECT_ABOVE: u64 = 1 << 20;
